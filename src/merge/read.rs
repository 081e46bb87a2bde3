//! One share's report, read back into what it was written from.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::share::case::Case;
use crate::share::count::{Rule, Tool, Trace};
use crate::share::options::Options;
use crate::share::results::Entries;
use crate::share::{self, Document, Head, Inconsistent, SCHEMA, VERSION, finding};
use mcppolicy_analysis::finding::{Class, Finding, RuleId, Severity};
use mcppolicy_analysis::replay::results::Results;
use mcppolicy_analysis::replay::share::{By, Share};
use mcppolicy_analysis::report::{Failure, SharedRun};
use mcppolicy_engine::policy::Policy;
use mcppolicy_engine::source::{FileId, Location, SourceMap, Span};

/// One report to merge.
#[derive(Debug, Clone)]
pub struct Input {
    /// The name of it in refusals.
    pub name: String,
    /// Its text.
    pub bytes: Vec<u8>,
}

/// One share of a run.
#[derive(Debug)]
pub(super) struct Part {
    pub name: String,
    pub share: Share,
    pub shared: SharedRun,
    options: Options<'static>,
    pub shows_arguments: bool,
    pub runs: Vec<PartRun>,
    pub findings: Vec<Finding>,
    pub failures: Vec<Failure>,
}

/// One policy of a share.
#[derive(Debug)]
pub(super) struct PartRun {
    pub name: String,
    pub server: Option<String>,
    pub policy: Policy,
    text: String,
    pub results: Results,
}

/// The files of all shares, each once.
#[derive(Debug, Default)]
pub(super) struct Sources {
    pub map: SourceMap,
    known: BTreeMap<(String, usize), Vec<FileId>>,
}

impl Sources {
    fn add(&mut self, source: &share::Source<'_>) -> FileId {
        let key = (source.name.clone().into_owned(), source.offset);
        let same = |file: &&FileId| {
            let known = self.map.get(**file);
            known.text() == source.text && known.first_line() == source.line
        };
        let known = self.known.get(&key);
        if let Some(file) = known.and_then(|files| files.iter().find(same)) {
            return *file;
        }
        let line = source.line.clamp(1, usize::MAX >> 1);
        let offset = source.offset.min(usize::MAX >> 1);
        let file = self
            .map
            .add_chunk(&*source.name, &*source.text, line, offset);
        self.known.entry(key).or_default().push(file);
        file
    }
}

impl Part {
    /// In which respect another share is not of the same run.
    pub fn difference(&self, other: &Part) -> Option<String> {
        if (self.share.of, self.share.by) != (other.share.of, other.share.by) {
            return Some(format!(
                "it is share {}, not of {}",
                other.share, self.share
            ));
        }
        if let Some(option) = self.options.difference(&other.options) {
            return Some(format!("{option} is not the same"));
        }
        if self.shared.assigned != other.shared.assigned || self.runs.len() != other.runs.len() {
            return Some("it has other policies".to_owned());
        }
        let mut both = self.runs.iter().zip(&other.runs);
        both.find_map(|(own, other)| {
            if (&own.name, &own.server) != (&other.name, &other.server) {
                return Some(format!("it has the policy {} there", other.name));
            }
            let same = own.text == other.text;
            (!same).then(|| format!("its {} is not the same", own.name))
        })
    }
}

/// Reads one report; the error is what is wrong with it.
pub(super) fn part(input: &Input, sources: &mut Sources) -> Result<Part, String> {
    let broken = |error: serde_json::Error| {
        if error.is_eof() {
            "is cut off: the JSON ends too early".to_owned()
        } else {
            format!("is no report: {error}")
        }
    };
    let head: Head = serde_json::from_slice(&input.bytes).map_err(broken)?;
    if head.schema != SCHEMA || head.command != "test" {
        return Err("is no report of `test`".to_owned());
    }
    match head.partition {
        None => return Err("is the report of a whole run, not of a share".to_owned()),
        Some(written_by) if written_by.version != VERSION => {
            return Err(format!(
                "was written by version {}, and this is {VERSION}",
                written_by.version
            ));
        }
        Some(_) => {}
    }
    let document: Document = serde_json::from_slice(&input.bytes).map_err(broken)?;
    restore(&input.name, document, sources)
        .map_err(|Inconsistent| "does not fit together".to_owned())
}

/// The report's parts, where they fit together.
fn restore(name: &str, document: Document, sources: &mut Sources) -> Result<Part, Inconsistent> {
    let partition = document.partition;
    let files: Vec<FileId> = partition.sources.iter().map(|s| sources.add(s)).collect();
    let by = [By::Hash, By::Given];
    let by = by.into_iter().find(|by| by.name() == partition.by);
    let by = by.ok_or(Inconsistent)?;
    let share = Share::new(by, partition.index, partition.of).map_err(|_| Inconsistent)?;
    let mut rest = Rest {
        tools: document.tools.into_iter(),
        rules: document.rules.into_iter(),
        traces: document.traces.into_iter(),
        cases: document.cases.into_iter(),
        findings: document.findings.into_iter(),
    };
    let problems: usize = partition.runs.iter().map(|run| run.problems).sum();
    let own = rest.findings.len().checked_sub(problems);
    let findings = rest.findings.by_ref().take(own.ok_or(Inconsistent)?);
    let findings = Files {
        files: &files,
        map: &sources.map,
    }
    .findings(findings)?;
    let mut runs = Vec::new();
    for run in partition.runs {
        let file = *files.get(run.source).ok_or(Inconsistent)?;
        let entries = Entries {
            tools: rest.tools.by_ref().take(run.tools).collect(),
            rules: rest.rules.by_ref().take(run.rules).collect(),
            traces: rest.traces.by_ref().take(run.traces()).collect(),
            cases: rest.cases.by_ref().take(run.cases).collect(),
            problems: Files {
                files: &files,
                map: &sources.map,
            }
            .findings(rest.findings.by_ref().take(run.problems))?,
        };
        runs.push(PartRun {
            name: run.policy.clone().into_owned(),
            server: run.server.as_deref().map(str::to_owned),
            policy: policy(sources, file)?,
            text: sources.map.get(file).text().to_owned(),
            results: run.read(entries)?,
        });
    }
    let failures = document.failures.into_iter().map(|failure| Failure {
        input: failure.input.into_owned(),
        message: failure.message.into_owned(),
    });
    Ok(Part {
        name: name.to_owned(),
        share,
        shared: SharedRun {
            options: partition.options.replay(share)?,
            reading: partition.options.reading()?,
            assigned: partition.assigned,
        },
        shows_arguments: partition.options.show_arguments,
        options: partition.options,
        runs,
        findings,
        failures: failures.collect(),
    })
}

/// The entries that have not been assigned to a run yet.
struct Rest {
    tools: std::vec::IntoIter<Tool<'static>>,
    rules: std::vec::IntoIter<Rule<'static>>,
    traces: std::vec::IntoIter<Trace<'static>>,
    cases: std::vec::IntoIter<Case<'static>>,
    findings: std::vec::IntoIter<finding::Finding<'static>>,
}

/// The policy of a file, with locations in that file.
fn policy(sources: &mut Sources, file: FileId) -> Result<Policy, Inconsistent> {
    let mut apart = SourceMap::new();
    let (name, text) = {
        let source = sources.map.get(file);
        (source.name().to_owned(), source.text().to_owned())
    };
    let policy = Policy::load(&mut apart, &name, text.as_bytes()).map_err(|_| Inconsistent)?;
    Ok(Policy { file, ..policy })
}

/// The files that findings are in.
struct Files<'a> {
    files: &'a [FileId],
    map: &'a SourceMap,
}

impl Files<'_> {
    fn findings<'f>(
        &self,
        list: impl Iterator<Item = finding::Finding<'f>>,
    ) -> Result<Vec<Finding>, Inconsistent> {
        list.map(|finding| self.finding(finding)).collect()
    }

    fn finding(&self, finding: finding::Finding<'_>) -> Result<Finding, Inconsistent> {
        let severity = Severity::ALL
            .into_iter()
            .find(|s| s.name() == finding.severity)
            .ok_or(Inconsistent)?;
        // `test` reports nothing about inputs but what is not valid in them.
        let rule = RuleId::parse(&finding.rule)
            .filter(|id| id.class() == Class::InvalidInput)
            .ok_or(Inconsistent)?;
        let location = self.location(&finding.file, &finding.span);
        let location = location.ok_or(Inconsistent)?;
        let mut restored = Finding::new(
            rule,
            severity,
            location,
            &*finding.pointer,
            &*finding.message,
        );
        restored.help = finding.help.map(Cow::into_owned);
        for related in finding.related {
            let location = self.location(&related.file, &related.span);
            let location = location.ok_or(Inconsistent)?;
            restored = restored.related(location, &*related.message);
        }
        Ok(restored)
    }

    fn location(&self, name: &str, span: &finding::Span) -> Option<Location> {
        let (start, end) = (span.start.offset, span.end.offset);
        self.files.iter().find_map(|file| {
            let source = self.map.get(*file);
            let first = source.position(0).offset;
            let within = start.checked_sub(first)?..=end.checked_sub(first)?;
            let fits = source.name() == name && *within.end() <= source.text().len();
            fits.then_some(Location {
                file: *file,
                span: Span::new(*within.start(), *within.end()),
            })
        })
    }
}
