//! A share's report in JSON: its structs, each written and read here.
//!
//! `test --share` writes one report for each share of a run (`render::json`),
//! and `merge` reads them. The report has the members that every report of
//! `test` has, and `partition`, which holds what else the merged report is made
//! of. `partition` is for `merge` of the same version alone.
//!
//! A struct's `new` makes it from what is reported, and its `read` restores
//! that, or fails where the members contradict each other.

mod assumption;
pub(crate) mod case;
pub(crate) mod count;
pub(crate) mod finding;
mod inconsistent;
pub(crate) mod options;
pub(crate) mod results;
mod usage;

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::shown::Shown;
use case::Case;
use count::{Rule, Tool, Trace};
use finding::Finding;
pub(crate) use inconsistent::Inconsistent;
use mcppolicy_analysis::report::{TestRun, Tested};
use mcppolicy_engine::source::{self, FileId, Location, SourceMap, Span};
use options::Options;
use results::Run;

/// The report's `schema`: its name and version.
pub(crate) const SCHEMA: &str = "mcppolicy.report/1";

/// The version whose shares' reports can be merged.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The members that say whether the rest can be read.
#[derive(Debug, Deserialize)]
pub(crate) struct Head {
    pub schema: String,
    pub command: String,
    pub partition: Option<WrittenBy>,
}

/// The version that wrote a share's report.
#[derive(Debug, Deserialize)]
pub(crate) struct WrittenBy {
    pub version: String,
}

/// The members of a share's report that `merge` reads.
#[derive(Debug, Deserialize)]
pub(crate) struct Document {
    pub tools: Vec<Tool<'static>>,
    pub rules: Vec<Rule<'static>>,
    pub traces: Vec<Trace<'static>>,
    pub cases: Vec<Case<'static>>,
    pub findings: Vec<Finding<'static>>,
    pub failures: Vec<Failure<'static>>,
    pub partition: Partition<'static>,
}

/// An entry of the report's `failures`: an input that could not be read.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Failure<'a> {
    pub input: Cow<'a, str>,
    pub message: Cow<'a, str>,
}

/// The member `partition`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Partition<'a> {
    pub by: Cow<'a, str>,
    pub index: u32,
    pub of: u32,
    pub version: Cow<'a, str>,
    /// Whether the run has a policy with traces.
    pub assigned: bool,
    pub options: Options<'a>,
    pub runs: Vec<Run<'a>>,
    pub sources: Vec<Source<'a>>,
}

/// A file that a policy or a finding is in.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Source<'a> {
    pub name: Cow<'a, str>,
    pub text: Cow<'a, str>,
    /// The number of its first line, and the offset of its first byte: a trace
    /// is kept by line.
    pub line: usize,
    pub offset: usize,
}

impl<'a> Partition<'a> {
    /// The member, of a share's report.
    pub fn new(tested: &'a Tested, sources: &'a SourceMap, shown: Shown) -> Option<Partition<'a>> {
        let run = tested.shared.as_ref()?;
        let share = run.options.share?;
        let files = files(tested);
        let policy = |run: &TestRun| {
            let mut files = files.iter();
            files.position(|file| *file == run.policy.file)
        };
        let runs = tested.runs.iter();
        Some(Partition {
            by: share.by.name().into(),
            index: share.index,
            of: share.of,
            version: VERSION.into(),
            assigned: run.assigned,
            options: Options::new(run, shown),
            runs: runs
                .map(|run| Run::new(run, policy(run).unwrap_or_default(), shown))
                .collect(),
            sources: files
                .iter()
                .map(|file| Source::new(*file, sources))
                .collect(),
        })
    }
}

/// The files that the policies and the findings are in.
fn files(tested: &Tested) -> Vec<FileId> {
    let problems = tested.runs.iter().flat_map(|run| &run.results.problems);
    let found = tested.findings.iter().chain(problems).flat_map(|finding| {
        let related = finding.related.iter().map(|related| related.location.file);
        std::iter::once(finding.location.file).chain(related)
    });
    let policies = tested.runs.iter().map(|run| run.policy.file);
    let files: BTreeSet<FileId> = policies.chain(found).collect();
    files.into_iter().collect()
}

impl<'a> Source<'a> {
    fn new(file: FileId, sources: &'a SourceMap) -> Source<'a> {
        let source: &source::Source = sources.get(file);
        let span = Span::new(0, 0);
        Source {
            name: source.name().into(),
            text: source.text().into(),
            line: source.first_line(),
            offset: sources.start(Location { file, span }).offset,
        }
    }
}
