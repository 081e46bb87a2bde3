//! `import --assert policy`: the imported calls as a test, with what the policy
//! decides today as their expectations.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::cli::support::files::spelled_out;
use crate::cli::support::listing::fill;
use crate::cli::support::output::complain;
use crate::cli::support::problems::Problems;
use crate::cli::support::traces::fallback_policy;
use crate::cli::support::workspace::{PolicyFile, Workspace};
use mcppolicy_analysis::finding::Finding;
use mcppolicy_analysis::replay::{Options, update};
use mcppolicy_engine::engine::{Decision, Engine};
use mcppolicy_engine::source::SourceMap;
use mcppolicy_trace::timeline::{Scope, scope};
use mcppolicy_trace::trace::native::NativeReader;
use mcppolicy_trace::trace::{DecisionName, Expectation, Item, Reader, RecordedCall};

/// The most lines that are named.
const MOST_LINES: usize = 10;

/// The policy whose decisions are asserted.
pub(super) struct Asserting {
    pub file: PolicyFile,
    pub engine: Engine,
    /// The policy's server; calls to another are left out.
    pub server: Option<String>,
    /// What the header says of the policy: its path from the trace, where the
    /// command line names it.
    pub header: Option<String>,
}

impl Asserting {
    /// The policy `named` on the command line, else the one that the
    /// configuration tests with the traces of `output`'s directory, else its only
    /// one or `policy.json` here.
    ///
    /// # Errors
    /// A policy that cannot be read, is invalid, or is not the only one.
    pub fn open(
        named: Option<&Path>,
        server: Option<&str>,
        output: Option<&Path>,
        sources: &mut SourceMap,
    ) -> Result<Asserting, Problems> {
        let (workspace, mut problems) = Workspace::open(Path::new("."), sources);
        if !problems.findings.is_empty() || !problems.failures.is_empty() {
            return Err(problems);
        }
        let (files, found) = workspace.policies(&[], sources);
        let file = match named {
            Some(path) => PolicyFile::read(path, None, sources)?,
            None => {
                let path = output.and_then(|output| tested_with(&workspace, &files, output));
                let path = path.or_else(|| fallback_policy(&workspace, &files));
                let file = path.and_then(|path| files.into_iter().find(|file| file.path == path));
                let Some(file) = file else {
                    problems.extend(found);
                    if problems.failures.is_empty() && problems.findings.is_empty() {
                        complain("the configuration has several policies; --policy names one");
                    }
                    return Err(problems);
                };
                file
            }
        };
        let Some(policy) = &file.policy else {
            return Err(Problems::from(file.problems));
        };
        let header = named.zip(output);
        Ok(Asserting {
            engine: Engine::new(policy),
            server: server
                .map(str::to_owned)
                .or_else(|| workspace.server_of(&file)),
            header: header.and_then(|(policy, output)| {
                path_from(output, policy, &spelled(&workspace.root()))
            }),
            file,
        })
    }

    /// The server that a call went to, when that is not the policy's.
    pub fn other_server<'c>(&self, call: &'c RecordedCall) -> Option<&'c str> {
        match scope(call.server.as_deref(), self.server.as_deref()) {
            Scope::Out(server) => Some(server),
            _ => None,
        }
    }

    /// The native trace with the decisions of the policy as expectations.
    ///
    /// # Errors
    /// What is wrong with the trace.
    pub fn assert(&self, native: &[u8], map: &mut SourceMap) -> Result<String, Vec<Finding>> {
        let options = Options {
            server: self.server.clone(),
            ..Options::default()
        };
        let original = update::Original {
            name: "<import>",
            bytes: native,
        };
        let updated = update::update(&self.engine, &options, &[original], map)?;
        Ok(updated.into_iter().map(|updated| updated.text).collect())
    }

    /// Says what a person has to read in the trace before it becomes a test.
    pub fn say_what_to_read(&self, name: &str, text: &str, redacted: bool) {
        let summary = Summary::of(text);
        let counts: Vec<String> = [
            DecisionName::Allow,
            DecisionName::Deny,
            DecisionName::Undetermined,
        ]
        .iter()
        .map(|decision| {
            let count = summary.decisions.get(decision.name()).unwrap_or(&0);
            format!("{} {count}", decision.name())
        })
        .collect();
        let policy = &self.file.name;
        complain(&format!(
            "{name}: calls {}, with what {policy} decides today: {}",
            summary.calls,
            counts.join(", ")
        ));
        let read = |what: &str| complain(&format!("{name}: read before you commit it: {what}"));
        for (decision, lines) in &summary.lines {
            let listed: Vec<String> = lines
                .iter()
                .take(MOST_LINES)
                .map(usize::to_string)
                .collect();
            let more = match lines.len().saturating_sub(MOST_LINES) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            read(&format!(
                "whether each {decision} is meant to be one: lines {}{more}",
                listed.join(", ")
            ));
        }
        if redacted {
            let kept = summary.kept(&self.engine);
            read(&match kept.as_slice() {
                [] => "no argument value is in it".to_owned(),
                kept => format!(
                    "of the argument values, only these are in it: {}",
                    kept.join(", ")
                ),
            });
        } else {
            read("every argument value is in it");
        }
        read(&format!(
            "the names of its tools and grants ({}), its times, and where each call was found",
            summary.grants.len()
        ));
    }
}

/// What is in the finished trace.
#[derive(Default)]
struct Summary {
    calls: u64,
    decisions: BTreeMap<&'static str, u64>,
    /// The lines with another expectation than to allow, from 1.
    lines: BTreeMap<&'static str, Vec<usize>>,
    tools: BTreeSet<String>,
    grants: BTreeSet<String>,
}

impl Summary {
    fn of(text: &str) -> Summary {
        let mut summary = Summary::default();
        let mut reader = NativeReader::new(text.as_bytes());
        // Reading from memory reports no error.
        while let Ok(Some(item)) = reader.next() {
            if let Item::Call(call) = item {
                summary.add(&call);
            }
        }
        summary
    }

    fn add(&mut self, call: &RecordedCall) {
        self.calls += call.repeat;
        self.tools.extend(call.tool().map(str::to_owned));
        self.grants.extend(call.grant.name().map(str::to_owned));
        let decided: Vec<(DecisionName, u64)> = match &call.expect {
            Some(Expectation::Each(expected)) => vec![(expected.decision, call.repeat)],
            Some(Expectation::Runs(runs)) => runs
                .iter()
                .map(|(expected, times)| (expected.decision, *times))
                .collect(),
            None => Vec::new(),
        };
        for (decision, times) in decided {
            *self.decisions.entry(decision.name()).or_default() += times;
            if decision != DecisionName::Allow {
                let lines = self.lines.entry(decision.name()).or_default();
                if lines.last() != Some(&call.line) {
                    lines.push(call.line);
                }
            }
        }
    }

    /// The argument values that the policy reads, of the tools that were called.
    fn kept(&self, engine: &Engine) -> Vec<String> {
        let mut kept = Vec::new();
        for tool in &self.tools {
            let paths: BTreeSet<String> = engine
                .reads(tool, &Decision::Allow)
                .into_iter()
                .map(ToString::to_string)
                .collect();
            kept.extend(paths.into_iter().map(|path| format!("{path} of {tool}")));
        }
        kept
    }
}

fn spelled(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    spelled_out(&absolute)
}

/// The configuration's policy that has traces in the directory of `output`, or
/// names it.
fn tested_with(workspace: &Workspace, files: &[PolicyFile], output: &Path) -> Option<PathBuf> {
    let output = spelled(output);
    let root = workspace.root();
    let has = |file: &&PolicyFile| {
        let entry = workspace.entry(file.entry);
        entry.is_some_and(|entry| {
            let mut templates = entry.traces.iter();
            templates.any(|template| {
                let traces = spelled(&fill(&template.text, &root, &file.path));
                output.starts_with(traces)
            })
        })
    };
    files.iter().find(has).map(|file| file.path.clone())
}

/// The path that leads from the trace `output` to `policy`, as a header has it;
/// `None` where one of them lies outside of `root`, or the trace is no file.
fn path_from(output: &Path, policy: &Path, root: &Path) -> Option<String> {
    let (output, policy) = (spelled(output), spelled(policy));
    let from = output.parent()?.strip_prefix(root).ok()?;
    let to = policy.strip_prefix(root).ok()?;
    let mut from = from.components().peekable();
    let mut to = to.components().peekable();
    while from.peek().is_some() && from.peek() == to.peek() {
        from.next();
        to.next();
    }
    let up = from.map(|_| "..".to_owned());
    let down = to.map(|part| part.as_os_str().to_str().map(str::to_owned));
    let parts: Option<Vec<String>> = up.map(Some).chain(down).collect();
    Some(parts?.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_has_the_way_from_the_trace_to_the_policy() {
        let root = Path::new("/r");
        let from =
            |output: &str, policy: &str| path_from(Path::new(output), Path::new(policy), root);
        assert_eq!(
            from("/r/traces/a.jsonl", "/r/policy.json").unwrap(),
            "../policy.json"
        );
        assert_eq!(
            from("/r/p/t/a.jsonl", "/r/p/q/x.json").unwrap(),
            "../q/x.json"
        );
        assert_eq!(from("/r/a.jsonl", "/r/policy.json").unwrap(), "policy.json");
        assert_eq!(from("/tmp/a.jsonl", "/r/policy.json"), None);
        assert_eq!(from("/r/a.jsonl", "/etc/policy.json"), None);
    }
}
