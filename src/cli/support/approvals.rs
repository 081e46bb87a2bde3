//! The file of approvals: where it is, which of its entries count, and writing
//! new ones.
//!
//! Of a change since a base only what the change itself adds counts. An entry
//! that the base has already is a record of an earlier change: it approves
//! nothing, whatever has become of the policy since.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use super::approval_notes as notes;
use super::approver::{Approver, is_of};
use super::base::Base;
use super::evidence;
use super::files::{self, Refusal, Role};
use super::git::Revision;
use super::input;
use super::output;
use super::problems::Problems;
use super::workspace::Workspace;
use mcppolicy_analysis::compare::Scope;
use mcppolicy_analysis::diff::approval::{self, Allowed, Approval, Approved, ApprovedFinding};
use mcppolicy_analysis::finding::{Finding, FindingStatus, RuleId, Severity};
use mcppolicy_analysis::report::{ApprovalShown, ApprovalStatus, Failure};
use mcppolicy_engine::source::SourceMap;
use mcppolicy_trace::trace::WitnessCall;

/// The JSON Schema of the file, as `mcppolicy schema approvals` prints it.
pub(crate) const APPROVALS_SCHEMA: &str = include_str!("../../../schema/approvals.schema.json");

/// The approvals of a run.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    /// The file, which need not be there.
    file: PathBuf,
    entries: Vec<Entry>,
    /// Entries that this run drops.
    dropped: Vec<Approval>,
    /// Whether only what a change adds counts.
    is_held: bool,
    /// The words of new approvals, and the severity from which findings fail.
    approving: Option<(Approver, Option<Severity>)>,
    /// Policies that could not be judged.
    unjudged: Vec<String>,
}

/// One approval, and what is known of it.
#[derive(Debug, Clone)]
struct Entry {
    approval: Approval,
    /// Whether the base has it already.
    is_record: bool,
    is_stale: bool,
    is_used: bool,
    is_written: bool,
    surplus: Vec<WitnessCall>,
    /// The edits of the change that it approves.
    edits: Vec<Allowed>,
}

impl Entry {
    /// What it allows: the edits, then what its rules let through.
    fn allows(&self) -> Vec<Allowed> {
        let mut allows = self.edits.clone();
        allows.extend(self.approval.approved.allows());
        allows
    }

    fn new(approval: Approval) -> Entry {
        Entry {
            approval,
            is_record: false,
            is_stale: false,
            is_used: false,
            is_written: false,
            surplus: Vec::new(),
            edits: Vec::new(),
        }
    }

    fn status(&self) -> ApprovalStatus {
        match self {
            Entry {
                is_record: true, ..
            } => ApprovalStatus::Record,
            Entry { is_used: true, .. } => ApprovalStatus::Used,
            Entry { is_stale: true, .. } => ApprovalStatus::Stale,
            _ => ApprovalStatus::Unused,
        }
    }
}

impl Store {
    /// Reads the file beside the configuration, or where the run began. Of an
    /// invalid file, no approval counts.
    pub fn open(workspace: &Workspace, sources: &mut SourceMap) -> (Store, Problems) {
        let mut store = Store {
            file: workspace.home().join(approval::FILE),
            entries: Vec::new(),
            dropped: Vec::new(),
            is_held: false,
            approving: None,
            unjudged: Vec::new(),
        };
        let bytes = match store.bytes(workspace, sources) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return (store, Problems::default()),
            Err(problems) => return (store, problems),
        };
        let name = input::display_name(&store.file);
        let (list, findings) = approval::parse(sources, &name, &bytes);
        if findings.is_empty() {
            store.entries = list.into_iter().map(Entry::new).collect();
        }
        (store, Problems::from(findings))
    }

    /// The file's bytes; `None` where there is no file.
    fn bytes(
        &self,
        workspace: &Workspace,
        sources: &mut SourceMap,
    ) -> Result<Option<Vec<u8>>, Problems> {
        let file = workspace.file(&self.file, None);
        match file.read(Role::Approvals) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(Refusal::Absent) => Ok(None),
            Err(refusal) => Err(file.problem(&refusal, RuleId::Approvals, sources)),
        }
    }

    /// Has only what a change adds count: what neither the merge base nor the
    /// base itself has. Findings about what it adds are returned.
    ///
    /// # Errors
    /// When git cannot read the file of the base.
    pub fn enforce(
        &mut self,
        base: &Base,
        sources: &mut SourceMap,
    ) -> Result<Vec<Finding>, Failure> {
        let mut revisions: Vec<Revision> = base.each().into_iter().map(|of| of.before).collect();
        revisions.push(base.tip.clone());
        for revision in &revisions {
            let then = base.file(revision, &self.file)?;
            self.hold_to(then, sources);
        }
        let added = self.entries.iter().filter(|entry| !entry.is_record);
        Ok(added
            .filter_map(|entry| notes::announced(&entry.approval))
            .collect())
    }

    /// Takes over which approvals another comparison of the same change needs.
    pub fn also(&mut self, other: &Store) {
        for (entry, other) in self.entries.iter_mut().zip(&other.entries) {
            entry.is_used |= other.is_used;
            entry.is_stale &= other.is_stale;
        }
        self.unjudged.extend(other.unjudged.iter().cloned());
    }

    /// Has entries that the file had then, under the name that is shown for it,
    /// be records.
    fn hold_to(&mut self, then: Option<(String, Vec<u8>)>, sources: &mut SourceMap) {
        self.is_held = true;
        let Some((name, bytes)) = then else { return };
        // What is wrong with the file was wrong before. Its valid entries are
        // records all the same.
        let (records, _) = approval::parse(sources, &name, &bytes);
        let records: HashSet<String> = records.iter().map(Approval::text).collect();
        for entry in &mut self.entries {
            entry.is_record |= records.contains(&entry.approval.text());
        }
    }

    /// Has the run write approvals of what it refuses, where findings from
    /// `fail_on` upward fail it.
    pub fn approve_with(&mut self, approver: Option<Approver>, fail_on: Option<Severity>) {
        self.approving = approver.map(|approver| (approver, fail_on));
    }

    /// Whether the run writes approvals.
    pub fn is_approving(&self) -> bool {
        self.approving.is_some()
    }

    /// The approvals of a policy that count, each with its index.
    pub fn of(&self, policy: &str) -> Vec<(usize, &Approval)> {
        let all = self.entries.iter().enumerate();
        let mine = all.filter(|(_, entry)| !entry.is_record && entry.approval.policy == policy);
        mine.map(|(at, entry)| (at, &entry.approval)).collect()
    }

    /// Keeps what the judgement of a policy says of its approvals.
    pub fn judged(&mut self, policy: &str, used: &[usize], stale: &[usize]) {
        for (at, entry) in self.entries.iter_mut().enumerate() {
            let is_of_scope = !matches!(entry.approval.approved, Approved::Finding(_));
            if entry.approval.policy == policy && is_of_scope {
                entry.is_used = used.contains(&at);
                entry.is_stale = stale.contains(&at);
                entry.surplus.clear();
            }
        }
    }

    /// Keeps the calls that an approval lets through beyond what is needed.
    pub fn has_surplus(&mut self, at: usize, calls: &[WitnessCall]) {
        if let Some(entry) = self.entries.get_mut(at) {
            entry.surplus = calls.to_vec();
        }
    }

    /// That a policy could not be judged, so that its approvals may be needed.
    pub fn not_judged(&mut self, policy: &str) {
        self.unjudged.push(policy.to_owned());
    }

    /// The finding about a policy as it counts: approved where an approval of
    /// the change says exactly that, or where the run approves it. `rests_on` is
    /// all that an approval of it is bound to.
    pub fn settle(&mut self, policy: &str, finding: Finding, rests_on: &str) -> Finding {
        let approved = ApprovedFinding {
            rule: finding.rule,
            pointer: finding.pointer.clone(),
            sha256: evidence::sha256(rests_on),
        };
        let is_it = |entry: &&mut Entry| {
            !entry.is_record
                && entry.approval.policy == policy
                && matches!(&entry.approval.approved, Approved::Finding(of) if *of == approved)
        };
        if let Some(entry) = self.entries.iter_mut().find(is_it) {
            entry.is_used = true;
            return finding.approved();
        }
        let Some((_, fail_on)) = &self.approving else {
            return finding;
        };
        let fails = fail_on.is_some_and(|least| finding.severity >= least);
        if !fails && finding.status != FindingStatus::Hidden {
            return finding;
        }
        self.add(policy, Approved::Finding(approved));
        finding.approved()
    }

    /// Adds an approval with the words of this run.
    pub fn add(&mut self, policy: &str, approved: Approved) {
        let Some((approver, _)) = &self.approving else {
            return;
        };
        if !approver.approves(&approved) {
            return;
        }
        let approval = Approval {
            policy: policy.to_owned(),
            approved,
            reason: approver.reason.clone(),
            by: approver.by.clone(),
            date: approver.date.clone(),
            location: None,
        };
        self.entries.push(Entry {
            is_used: true,
            is_written: true,
            ..Entry::new(approval)
        });
    }

    /// Whether the run is to approve that.
    pub fn approves(&self, approved: &Approved) -> bool {
        let approving = self.approving.as_ref();
        approving.is_some_and(|(approver, _)| approver.approves(approved))
    }

    /// Notes the edits that the approvals of a policy approve, by scope.
    pub fn explain(&mut self, policy: &str, edits: &BTreeMap<&Scope, Vec<Allowed>>) {
        for entry in &mut self.entries {
            let approval = &entry.approval;
            let scope = approval.approved.scope();
            if approval.policy == policy
                && let Some(edits) = scope.and_then(|scope| edits.get(scope))
            {
                entry.edits.clone_from(edits);
            }
        }
    }

    /// Drops approvals that count and that `within` says are part of a new one.
    pub fn replace(&mut self, within: impl Fn(&Approval) -> bool) {
        self.entries
            .retain(|entry| entry.is_record || !within(&entry.approval));
    }

    /// Drops the records and what the old policies let through already.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn prune(&mut self) -> Result<(), Failure> {
        let (dropped, kept) = std::mem::take(&mut self.entries)
            .into_iter()
            .partition(|entry: &Entry| entry.is_record || entry.is_stale);
        self.entries = kept;
        if dropped.is_empty() {
            return Ok(());
        }
        let dropped = dropped.into_iter().map(|entry: Entry| entry.approval);
        self.dropped.extend(dropped);
        self.save()
    }

    /// Says what this run approves, and writes it.
    ///
    /// # Errors
    /// When the base has an entry that says the same, so that this one would be
    /// taken for a record; when the file cannot be written.
    pub fn write_new(&self) -> Result<(), Failure> {
        let new = || self.entries.iter().filter(|entry| entry.is_written);
        let only = self
            .approving
            .iter()
            .flat_map(|(approver, _)| &approver.only);
        for tool in only {
            if !new().any(|entry| is_of(&entry.approval.approved, tool)) {
                let message = format!("--only {tool}: nothing of this tool is refused");
                return Err(self.failure(message));
            }
        }
        if new().next().is_none() {
            return Ok(());
        }
        let records = self.entries.iter().filter(|entry| entry.is_record);
        let records: HashSet<String> = records.map(|entry| entry.approval.text()).collect();
        if new().any(|entry| records.contains(&entry.approval.text())) {
            let message = "the base has an approval that says the same; give another reason";
            return Err(self.failure(message.to_owned()));
        }
        let file = input::display_name(&self.file);
        for entry in new() {
            let approval = &entry.approval;
            let (policy, part) = (&approval.policy, notes::part(&approval.approved));
            output::inform(&format!("{file} approves {part} of {policy}:"));
            for allowed in entry.allows() {
                output::inform(&format!("  {}", allowed.text));
            }
        }
        self.save()
    }

    /// Findings about approvals that the change adds and does not need.
    pub fn unneeded(&self) -> Vec<Finding> {
        if !self.is_held {
            return Vec::new();
        }
        let idle = self.entries.iter().filter(|entry| {
            let is_idle = !(entry.is_record || entry.is_used || entry.is_written);
            is_idle && !self.unjudged.contains(&entry.approval.policy)
        });
        idle.filter_map(|entry| notes::unneeded(&entry.approval))
            .collect()
    }

    /// The approvals of a policy, or all of them, with the status of each; those
    /// that were dropped come last.
    pub fn shown(&self, policy: Option<&str>) -> Vec<ApprovalShown> {
        let is_its = |approval: &Approval| policy.is_none_or(|policy| approval.policy == policy);
        let entries = self.entries.iter();
        let entries = entries.filter(|entry| is_its(&entry.approval));
        let entries = entries.map(|entry| ApprovalShown {
            approval: entry.approval.clone(),
            status: entry.status(),
            written: entry.is_written,
            allows: entry.allows(),
            surplus: entry.surplus.clone(),
        });
        let dropped = self.dropped.iter().filter(|approval| is_its(approval));
        let dropped = dropped.map(|approval| ApprovalShown {
            approval: approval.clone(),
            status: ApprovalStatus::Pruned,
            written: false,
            allows: approval.approved.allows(),
            surplus: Vec::new(),
        });
        entries.chain(dropped).collect()
    }

    /// The name of a policy in approvals: its path from the approvals' own
    /// directory, with `/` on every system.
    pub fn key(&self, policy: &Path) -> String {
        let absolute = |path: &Path| std::path::absolute(path).unwrap_or(path.to_path_buf());
        let root = absolute(self.file.parent().unwrap_or(Path::new("")));
        match absolute(policy).strip_prefix(&root) {
            Ok(inside) => {
                let parts = inside.components();
                let parts: Vec<_> = parts
                    .map(|part| part.as_os_str().to_string_lossy())
                    .collect();
                parts.join("/")
            }
            Err(_) => input::display_name(policy),
        }
    }

    /// Writes the approvals back; without any, the file goes.
    fn save(&self) -> Result<(), Failure> {
        let list = self.entries.iter().map(|entry| entry.approval.clone());
        let list: Vec<Approval> = list.collect();
        let saved = if list.is_empty() {
            match files::remove(&self.file) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
                other => other,
            }
        } else {
            files::replace(&self.file, approval::write(&list).as_bytes())
        };
        saved.map_err(|error| self.failure(input::plain(&error)))
    }

    fn failure(&self, message: String) -> Failure {
        Failure {
            input: input::display_name(&self.file),
            message,
        }
    }
}
