//! The file of approvals: where it is, reading and writing it, and the day of
//! a new approval.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::base::Base;
use super::files::{self, Refusal, Role};
use super::git::Revision;
use super::input;
use super::problems::Problems;
use super::settings_changes;
use super::workspace::Workspace;
use mcppolicy_analysis::compare::Scope;
use mcppolicy_analysis::diff::approval::{self, Approval, Approved};
use mcppolicy_analysis::finding::{Finding, RuleId};
use mcppolicy_analysis::report::Failure;
use mcppolicy_engine::source::SourceMap;
use mcppolicy_engine::time::Time;

/// The approvals in force.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    /// The file, which need not be there.
    file: PathBuf,
    /// Its approvals.
    pub list: Vec<Approval>,
}

impl Store {
    /// Reads the file beside the configuration, or where the run began. Of an
    /// invalid file, no approval counts.
    pub fn open(workspace: &Workspace, sources: &mut SourceMap) -> (Store, Problems) {
        let mut store = Store {
            list: Vec::new(),
            file: workspace.home().join(approval::FILE),
        };
        let bytes = match store.bytes(workspace, sources) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return (store, Problems::default()),
            Err(problems) => return (store, problems),
        };
        let name = input::display_name(&store.file);
        let (list, findings) = approval::parse(sources, &name, &bytes);
        if findings.is_empty() {
            store.list = list;
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

    /// Puts the approvals of the base in force, and those that the change adds;
    /// findings about what it adds and drops are returned. An invalid file of
    /// the base approves nothing.
    ///
    /// # Errors
    /// When git cannot read the file of the base.
    pub fn enforce(
        &mut self,
        base: &Base,
        sources: &mut SourceMap,
    ) -> Result<Vec<Finding>, Failure> {
        let mut at = |revision: &Revision| -> Result<Vec<Approval>, Failure> {
            let Some((name, bytes)) = base.file(revision, &self.file)? else {
                return Ok(Vec::new());
            };
            let (list, findings) = approval::parse(sources, &name, &bytes);
            Ok(if findings.is_empty() {
                list
            } else {
                Vec::new()
            })
        };
        let (before, tip) = (at(&base.before)?, at(&base.tip)?);
        let among = |list: &[Approval], approval: &Approval| {
            list.iter().any(|known| known.says_the_same(approval))
        };
        let own = std::mem::take(&mut self.list);
        let mut findings = Vec::new();
        for approval in own.iter().filter(|approval| !among(&before, approval)) {
            let help = "it is in force for this run; it goes into the base with the change";
            findings.extend(shown("approves", approval, help));
        }
        for approval in before.iter().filter(|approval| !among(&own, approval)) {
            let help = "it is in force until the change is merged";
            findings.extend(shown("drops the approval of", approval, help));
        }
        let lost = tip.iter().filter(|approval| !among(&own, approval));
        let lost: Vec<Approval> = lost.cloned().collect();
        let kept = own
            .into_iter()
            .filter(|approval| among(&tip, approval) || !among(&before, approval));
        self.list = kept.chain(lost).collect();
        Ok(findings)
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
    pub fn save(&self) -> Result<(), Failure> {
        let saved = if self.list.is_empty() {
            match files::remove(&self.file) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
                other => other,
            }
        } else {
            files::replace(&self.file, approval::write(&self.list).as_bytes())
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

/// A finding about what a change does to an approval.
fn shown(what: &str, approval: &Approval, help: &str) -> Option<Finding> {
    let part = match &approval.approved {
        Approved::Removal => "its removal".to_owned(),
        Approved::State { scope, .. } => match scope {
            Scope::Tool(tool) => format!("`{tool}`"),
            Scope::Unlisted => "unlisted tools".to_owned(),
            Scope::AllTools => "all tools".to_owned(),
        },
    };
    let by = approval.by.as_ref().map(|by| format!("{by}, "));
    let message = format!(
        "This change {what} {part} of `{}`: {} ({}{})",
        approval.policy,
        approval.reason,
        by.unwrap_or_default(),
        approval.date
    );
    let finding = settings_changes::note(approval.location?, message, help);
    Some(finding.quoting(&approval.reason))
}

/// The day it is in UTC, as `2026-11-20`.
pub(crate) fn today() -> String {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let seconds = since.map_or(0, |since| since.as_secs());
    let now = Time::new(i64::try_from(seconds).unwrap_or(0), 0).to_string();
    now.chars().take(10).collect()
}

/// Reads `--date`.
pub(crate) fn parse_date(text: &str) -> Result<String, String> {
    if approval::is_date(text) {
        Ok(text.to_owned())
    } else {
        Err("write a day such as 2026-11-20".to_owned())
    }
}

/// Reads `--approve` and `--approved-by`.
pub(crate) fn parse_words(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        Err("it must not be blank".to_owned())
    } else {
        Ok(text.to_owned())
    }
}
