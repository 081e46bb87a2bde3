//! Comparing policies: the comparison, its judgement by approvals, changes of
//! the approvals, and witnesses written as traces.

use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap};
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

use super::approvals::Store;
use super::evidence::Evidence;
use super::files::{self, Role};
use super::input;
use super::invalid_base;
use super::inventories;
use super::inventory_drift::InventoryBase;
use super::lint_settings;
use super::problems::Problems;
use super::repetitions;
use super::sides::{Content, Pair};
use super::traces;
use super::workspace::{self, PolicyFile, Workspace};
use mcppolicy_analysis::compare::{self, Allowance, Compiled, Known};
use mcppolicy_analysis::diff::approval::Approved;
use mcppolicy_analysis::diff::gate::{self, Judgement};
use mcppolicy_analysis::diff::regression::{self, Regression};
use mcppolicy_analysis::diff::traffic::Traffic;
use mcppolicy_analysis::diff::{Gate, PolicyDiff, PolicyStatus};
use mcppolicy_analysis::finding::Finding;
use mcppolicy_analysis::inventory::Inventory;
use mcppolicy_analysis::inventory::category::Categories;
use mcppolicy_analysis::region::Budget;
use mcppolicy_analysis::report::{ApprovalShown, Failure};
use mcppolicy_analysis::words;
use mcppolicy_engine::engine::{DEFAULT_MAX_LATENESS, Engine};
use mcppolicy_engine::policy::Policy;
use mcppolicy_engine::source::SourceMap;
use mcppolicy_trace::trace::Records;

/// How to compare.
pub(crate) struct Settings<'a> {
    pub budget: Budget,
    /// Recordings to replay through both sides.
    pub traces: &'a [PathBuf],
    /// The policy's server in them.
    pub server: Option<&'a str>,
    /// The revision that inventories are compared with.
    pub inventories: Option<InventoryBase>,
}

/// Where a policy is, and its name in approvals.
pub(crate) struct Key {
    pub file: PathBuf,
    pub name: String,
}

/// A policy compared.
struct Compared {
    key: Key,
    diff: PolicyDiff,
    old: Option<Policy>,
    new: Option<Policy>,
    /// The new policy's file, when that is what was read.
    trace_policy: Option<PathBuf>,
}

/// All policies compared so far.
pub(crate) struct Comparing<'a> {
    settings: Settings<'a>,
    allowance: Allowance,
    store: Store,
    policies: Vec<Compared>,
    evidence: Evidence,
    /// Why inventories could not be compared. Policies may have one in common,
    /// and its failure is reported once.
    unread: Vec<Failure>,
    /// What is said of policies that are invalid at the base, by their files.
    notes: BTreeMap<PathBuf, Finding>,
    /// The categories of tools, by the configuration.
    categories: OnceCell<Categories>,
    /// What is known of the tools in an inventory, by its path.
    listed: HashMap<PathBuf, Rc<Listed>>,
}

/// A server's tools, and what they do.
struct Listed {
    inventory: Option<Inventory>,
    categories: Categories,
}

impl<'a> Comparing<'a> {
    pub fn new(settings: Settings<'a>, store: Store) -> Comparing<'a> {
        Comparing {
            allowance: Allowance::new(&settings.budget),
            settings,
            store,
            policies: Vec::new(),
            evidence: Evidence::default(),
            unread: Vec::new(),
            notes: BTreeMap::new(),
            categories: OnceCell::new(),
            listed: HashMap::new(),
        }
    }

    /// Compares one policy. The problems are what makes it invalid, and files
    /// that could not be read.
    pub fn compare(
        &mut self,
        workspace: &Workspace,
        pair: Pair,
        sources: &mut SourceMap,
    ) -> Problems {
        let trace_policy = match &pair.new {
            Some(Content::File(path)) if path != Path::new(input::STDIN) => Some(path.clone()),
            Some(Content::Read { path, .. }) => Some(path.clone()),
            _ => None,
        };
        // Both sides are read, so that all problems are reported.
        let mut problems = Problems::default();
        let (mut old, of_old) = load(pair.old, sources);
        let new = problems.keep(load(pair.new, sources));
        if let (Side::Invalid, Side::Valid(_), Some(_)) = (&old, &new, &self.settings.inventories)
            && let Some((refusing, note)) = invalid_base::in_place_of(&of_old.findings, sources)
        {
            old = Side::Valid(Some(refusing));
            self.notes.insert(pair.file.clone(), note);
        } else {
            problems.extend(of_old);
        }
        let name = self.store.key(&pair.file);
        let (Side::Valid(old), Side::Valid(new)) = (old, new) else {
            self.store.not_judged(&name);
            return problems;
        };
        let listed = self.listed(workspace, &pair.file, sources);
        let known = Known {
            inventory: listed.inventory.as_ref(),
            categories: Some(&listed.categories),
        };
        let budget = &self.settings.budget;
        let mut opened = Vec::new();
        let (status, traffic) = match (&old, &new) {
            (None, new) => {
                let new = new.as_ref().map(Compiled::new);
                opened.extend(new.map(|new| compare::opened(&new, budget, &self.allowance, known)));
                (PolicyStatus::Added, None)
            }
            (_, None) => (PolicyStatus::Removed, None),
            (Some(old), Some(new)) => {
                let both = [&Compiled::new(old), &Compiled::new(new)];
                let [old, new] = both;
                let comparison = compare::compiled(old, new, budget, &self.allowance, known);
                let traffic = (!self.settings.traces.is_empty())
                    .then(|| problems.keep(replay(workspace, both, &self.settings, sources)));
                (PolicyStatus::Compared(comparison), traffic)
            }
        };
        let drift = self
            .settings
            .inventories
            .as_ref()
            .map(|inventories| inventories.drift(workspace, &pair.file, new.as_ref(), sources));
        let drift = match drift.unwrap_or(Ok(Vec::new())) {
            Ok(drift) => drift,
            Err(unread) => {
                for failure in unread.failures {
                    if !self.unread.contains(&failure) {
                        self.unread.push(failure.clone());
                        problems.failures.push(failure);
                    }
                }
                problems.findings.extend(unread.findings);
                Vec::new()
            }
        };
        let settled = drift.into_iter().map(|finding| {
            let rests_on = self.evidence.of(&finding, sources);
            self.store.settle(&name, finding, &rests_on)
        });
        let drift = settled.collect();
        let file = |policy: &Option<Policy>| policy.as_ref().map(|policy| policy.file);
        let told = new.as_ref().filter(|_| old.is_none());
        let diff = PolicyDiff {
            name: input::display_name(&pair.file),
            old: file(&old),
            new: file(&new),
            status,
            opened: opened.into_iter().flatten().collect(),
            judgement: Judgement::default(),
            traffic,
            drift,
            told: told.map(|new| words::policy(new, &listed.categories)),
        };
        self.policies.push(Compared {
            key: Key {
                file: pair.file,
                name,
            },
            diff,
            old,
            new,
            trace_policy,
        });
        problems
    }

    /// The tools of the server of the policy in `file`, each inventory read once.
    fn listed(
        &mut self,
        workspace: &Workspace,
        file: &Path,
        sources: &mut SourceMap,
    ) -> Rc<Listed> {
        let path = workspace.inventory_of(file).unwrap_or_default();
        if let Some(known) = self.listed.get(&path) {
            return Rc::clone(known);
        }
        let inventory = inventory(workspace, &path, sources);
        let categories = self.categories(workspace, inventory.as_ref());
        let listed = Rc::new(Listed {
            inventory,
            categories,
        });
        self.listed.insert(path, Rc::clone(&listed));
        listed
    }

    /// What the tools do, as far as the configuration or the inventory says.
    fn categories(&self, workspace: &Workspace, inventory: Option<&Inventory>) -> Categories {
        let configured = self.categories.get_or_init(|| {
            let (settings, _) = lint_settings::configured(workspace.config.as_ref());
            settings.categories
        });
        let mut categories = configured.clone();
        if let Some(inventory) = inventory {
            categories.learn(inventory);
        }
        categories
    }

    /// Judges every policy by the approvals as they are now.
    pub fn judge(&mut self) {
        let budget = self.settings.budget;
        let allowance = Allowance::new(&budget);
        for compared in &mut self.policies {
            let policy = &compared.key.name;
            let judgement = gate::judge(
                compared.old.as_ref(),
                compared.new.as_ref(),
                compared.diff.changes(),
                &self.store.of(policy),
                (&budget, &allowance),
            );
            let used: Vec<usize> = judgement.used().collect();
            self.store.judged(policy, &used, &judgement.stale);
            for surplus in &judgement.surplus {
                self.store.has_surplus(surplus.approval, &surplus.calls);
            }
            self.store.explain(policy, &compared.diff.opening_edits());
            compared.diff.judgement = judgement;
        }
    }

    /// Approves everything that the gate `loosened` refuses: for each scope
    /// that is not covered, its rules in the new policy. An approval that
    /// lies within a new one gives way to it. [`Store::write_new`] writes them.
    ///
    /// # Errors
    /// When a policy has no name to approve it by.
    fn approve(&mut self) -> Result<(), Failure> {
        let budget = &self.settings.budget;
        let limits = (budget, &Allowance::new(budget));
        let refused = self.policies.iter();
        let refused = refused.filter(|compared| Gate::Loosened.refuses(&compared.diff));
        for compared in refused {
            if compared.key.file == Path::new(input::STDIN) {
                return Err(Failure {
                    input: "<stdin>".to_owned(),
                    message: "has no name to approve it by; name its file".to_owned(),
                });
            }
            let name = &compared.key.name;
            let Some(new) = &compared.new else {
                self.store.add(name, Approved::Removal);
                continue;
            };
            let scopes = compared.diff.judgement.outside().map(|(scope, _)| scope);
            for approved in Approved::states(scopes, new) {
                if !self.store.approves(&approved) {
                    continue;
                }
                self.store.replace(|known| {
                    known.policy == *name && gate::covers(&approved, &known.approved, new, limits)
                });
                self.store.add(name, approved);
            }
        }
        self.judge();
        Ok(())
    }

    /// The same, where the run is to approve something.
    ///
    /// # Errors
    /// As of [`approve`](Self::approve).
    pub fn approve_if_asked(&mut self) -> Result<(), Failure> {
        if self.store.is_approving() {
            self.approve()
        } else {
            Ok(())
        }
    }

    /// Says and writes what the run approves.
    ///
    /// # Errors
    /// See [`Store::write_new`].
    pub fn write_approvals(&self) -> Result<(), Failure> {
        self.store.write_new()
    }

    /// Drops the approvals that no longer matter.
    ///
    /// # Errors
    /// See [`Store::prune`].
    pub fn prune(&mut self) -> Result<(), Failure> {
        self.store.prune()?;
        self.judge();
        Ok(())
    }

    /// All approvals with the status of each; see [`Store::shown`].
    pub fn approvals(&self) -> Vec<ApprovalShown> {
        self.store.shown(None)
    }

    /// What is said of policies that are invalid at the base, by their files.
    pub fn take_notes(&mut self) -> BTreeMap<PathBuf, Finding> {
        std::mem::take(&mut self.notes)
    }

    /// Findings about approvals that are not needed.
    pub fn unneeded(&self) -> Vec<Finding> {
        self.store.unneeded()
    }

    /// Writes each witness as a trace into `dir`.
    pub fn emit(&self, dir: &Path) -> Result<(), Failure> {
        let failure = |path: &Path| {
            let input = input::display_name(path);
            move |error: std::io::Error| Failure {
                input,
                message: input::plain(&error),
            }
        };
        files::make_directory(dir).map_err(failure(dir))?;
        for compared in &self.policies {
            let Some(new) = &compared.new else { continue };
            let policy = compared.trace_policy.as_deref();
            let policy = policy.and_then(|policy| relative(policy, dir));
            let engine = Engine::new(new);
            for trace in regression::regressions(&compared.diff, &engine, policy.as_deref()) {
                let file = dir.join(self.trace_name(compared, &trace));
                let written = files::replace(&file, trace.text.as_bytes());
                written.map_err(failure(&file))?;
            }
        }
        Ok(())
    }

    /// With several policies, each one's traces begin with its name.
    fn trace_name(&self, compared: &Compared, trace: &Regression) -> String {
        if self.policies.len() == 1 {
            return trace.file.clone();
        }
        let at = |other: &Compared| std::ptr::eq(other, compared);
        let number = self.policies.iter().position(at).unwrap_or(0) + 1;
        let policy = regression::slug(&compared.key.name);
        format!("{number:03}-{policy}-{}", trace.file)
    }

    /// The policies in the order in which they were compared, and the approvals.
    pub fn finish(self) -> (Vec<(Key, PolicyDiff)>, Store) {
        let each = self.policies.into_iter();
        let each = each.map(|compared| (compared.key, compared.diff));
        (each.collect(), self.store)
    }
}

/// A server's tools, where the configuration names a valid inventory; an empty path
/// where it names none.
fn inventory(workspace: &Workspace, path: &Path, sources: &mut SourceMap) -> Option<Inventory> {
    if path.as_os_str().is_empty() {
        return None;
    }
    let bytes = workspace.file(path, None).read(Role::Inventory).ok()?;
    inventories::valid(&input::display_name(path), &bytes, sources).0
}

/// One side of a comparison.
enum Side {
    /// Its policy; `None` where the policy is new or removed.
    Valid(Option<Policy>),
    /// It cannot be read, or is invalid.
    Invalid,
}

fn load(content: Option<Content>, sources: &mut SourceMap) -> (Side, Problems) {
    let (policy, findings) = match content {
        None => return (Side::Valid(None), Problems::default()),
        Some(Content::Stored { name, bytes }) => workspace::parse(&name, &bytes, sources),
        Some(Content::Read { path, bytes }) => {
            workspace::parse(&input::display_name(&path), &bytes, sources)
        }
        Some(Content::File(path)) => match PolicyFile::read(&path, None, sources) {
            Ok(file) => (file.policy, file.problems),
            Err(failure) => return (Side::Invalid, Problems::from(failure)),
        },
    };
    let side = policy.map_or(Side::Invalid, |policy| Side::Valid(Some(policy)));
    (side, Problems::from(findings))
}

fn replay(
    workspace: &Workspace,
    both: [&Compiled<'_>; 2],
    settings: &Settings<'_>,
    sources: &mut SourceMap,
) -> (Traffic, Problems) {
    let mut traffic = Traffic::default();
    let records = Records::default();
    let (paths, mut problems) = traces::expand(settings.traces);
    for file in paths {
        let before = traffic.repeated;
        let opened = repetitions::open(&file, workspace.reading, sources);
        if let Some(mut trace) = problems.keep_problems(opened) {
            let (server, lateness) = (settings.server, DEFAULT_MAX_LATENESS);
            trace.share(&records);
            let read = traffic.read(both, &mut trace, server, lateness, sources);
            problems.keep_failure(read.map_err(|error| traces::failure(file.path(), &error)));
        }
        repetitions::add(traffic.repeated - before);
    }
    (traffic, problems)
}

/// A path without links, whether or not its last directories are there yet.
fn canonical(path: &Path) -> Option<PathBuf> {
    let absolute = std::path::absolute(path).ok()?;
    let there = absolute.ancestors().find_map(|above| {
        let canonical = above.canonicalize().ok()?;
        Some((canonical, absolute.strip_prefix(above).ok()?))
    });
    let (canonical, rest) = there?;
    Some(canonical.join(rest))
}

/// The way from a directory to a file, with `/`; none where there is no such
/// way, as between two drives.
pub(crate) fn relative(file: &Path, dir: &Path) -> Option<String> {
    let [file, dir] = [file, dir].map(canonical);
    let (file, dir) = (file?, dir?);
    let shared = file
        .components()
        .zip(dir.components())
        .take_while(|(a, b)| a == b)
        .count();
    if shared == 0 {
        return None;
    }
    let up = dir.components().skip(shared).map(|_| "..".to_owned());
    let down = file.components().skip(shared).map(|part| match part {
        Component::Normal(name) => name.to_str().map(str::to_owned),
        _ => None,
    });
    let parts: Option<Vec<String>> = up.map(Some).chain(down).collect();
    Some(parts?.join("/"))
}
