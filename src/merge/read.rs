//! One share's report, read back into what it was written from.

mod results;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use super::{Input, wire};
use mcppolicy_analysis::finding::{Finding, Severity};
use mcppolicy_analysis::replay::Options;
use mcppolicy_analysis::replay::results::Results;
use mcppolicy_analysis::replay::share::{By, Share};
use mcppolicy_analysis::report::{Failure, SharedRun};
use mcppolicy_engine::policy::Policy;
use mcppolicy_engine::source::{FileId, Location, SourceMap, Span};
use mcppolicy_engine::time;
use mcppolicy_trace::timeline::Order;
use mcppolicy_trace::trace::account::{Format, GrantFrom, Settings};

use results::results;

/// The version whose reports can be merged: what stands in `partition` is for
/// one version alone.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// One share of a run.
#[derive(Debug)]
pub(super) struct Part {
    pub name: String,
    pub share: Share,
    pub asked: SharedRun,
    options: wire::Options,
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
    pub places: Policy,
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
    fn add(&mut self, source: &wire::Source) -> FileId {
        let key = (source.name.clone(), source.offset);
        let same = |file: &&FileId| {
            let known = self.map.get(**file);
            known.text() == source.text && known.first_line() == source.line
        };
        let known = self.known.get(&key);
        if let Some(file) = known.and_then(|files| files.iter().find(same)) {
            return *file;
        }
        let (name, text) = (source.name.as_str(), source.text.as_str());
        let line = source.line.clamp(1, usize::MAX >> 1);
        let offset = source.offset.min(usize::MAX >> 1);
        let file = self.map.add_chunk(name, text, line, offset);
        self.known.entry(key).or_default().push(file);
        file
    }
}

impl Part {
    /// What another share was asked otherwise.
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
        if self.asked.assigned != other.asked.assigned || self.runs.len() != other.runs.len() {
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

impl wire::Options {
    /// The first option that is not the same.
    fn difference(&self, other: &wire::Options) -> Option<&'static str> {
        let same = [
            ("--server", self.server == other.server),
            ("--expect", self.expect_observed == other.expect_observed),
            (
                "--allow-undetermined",
                self.allow_undetermined == other.allow_undetermined,
            ),
            (
                "--allow-unasserted",
                self.allow_unasserted == other.allow_unasserted,
            ),
            ("--all-cases", self.all_cases == other.all_cases),
            ("--verbose", self.verbose == other.verbose),
            ("--at-origin", self.at_origin == other.at_origin),
            ("--timeline", self.merged_timeline == other.merged_timeline),
            ("--max-lateness", self.max_lateness == other.max_lateness),
            ("--from", self.from == other.from),
            ("--grant-from", self.grant_from == other.grant_from),
            (
                "--show-arguments",
                self.show_arguments == other.show_arguments,
            ),
            (
                "--merge-as",
                (self.junit, self.html) == (other.junit, other.html),
            ),
        ];
        let differs = same.into_iter().find(|(_, same)| !same);
        differs.map(|(option, _)| option)
    }
}

/// Reads one report; the error is what is wrong with it.
pub(super) fn part(input: &Input, sources: &mut Sources) -> Result<Part, String> {
    let broken = |error: serde_json::Error| match error.is_eof() {
        true => "is cut off: the JSON ends too early".to_owned(),
        false => format!("is no report: {error}"),
    };
    let head: wire::Head = serde_json::from_slice(&input.bytes).map_err(broken)?;
    if head.schema != "mcppolicy.report/1" || head.command != "test" {
        return Err("is no report of `test`".to_owned());
    }
    match head.partition {
        None => return Err("is the report of a whole run, not of a share".to_owned()),
        Some(which) if which.version != VERSION => {
            return Err(format!(
                "was written by version {}, and this is {VERSION}",
                which.version
            ));
        }
        Some(_) => {}
    }
    let document: wire::Document = serde_json::from_slice(&input.bytes).map_err(broken)?;
    restore(&input.name, document, sources).ok_or_else(|| "does not fit together".to_owned())
}

/// The report's parts, where they fit together.
fn restore(name: &str, document: wire::Document, sources: &mut Sources) -> Option<Part> {
    let partition = document.partition;
    let files: Vec<FileId> = partition.sources.iter().map(|s| sources.add(s)).collect();
    let by = [By::Hash, By::Given];
    let by = by.into_iter().find(|by| by.name() == partition.by)?;
    let share = Share::new(by, partition.index, partition.of).ok()?;
    let options = partition.options;
    let mut rest = Rest {
        tools: document.tools.into_iter(),
        traces: document.traces.into_iter(),
        cases: document.cases.into_iter(),
        findings: document.findings.into_iter(),
    };
    let problems: usize = partition.runs.iter().map(|run| run.problems).sum();
    let own = rest.findings.len().checked_sub(problems)?;
    let places = Places {
        files: &files,
        map: &sources.map,
    };
    let findings = places.findings(rest.findings.by_ref().take(own))?;
    let mut runs = Vec::new();
    for run in partition.runs {
        let file = *files.get(run.source)?;
        let text = sources.map.get(file).text().to_owned();
        let problems = rest.findings.by_ref().take(run.problems);
        let problems = Places {
            files: &files,
            map: &sources.map,
        }
        .findings(problems)?;
        let places = policy(sources, file)?;
        runs.push(PartRun {
            name: run.policy.clone(),
            server: run.server.clone(),
            places,
            text,
            results: results(run, &mut rest, problems)?,
        });
    }
    let failures = document.failures.into_iter().map(|failure| Failure {
        input: failure.input,
        message: failure.message,
    });
    Some(Part {
        name: name.to_owned(),
        share,
        asked: SharedRun {
            options: replay_options(&options, share)?,
            reading: Settings {
                format: optional(options.from.as_deref(), Format::named)?,
                grant_from: optional(options.grant_from.as_deref(), GrantFrom::named)?,
                ..Settings::default()
            },
            assigned: partition.assigned,
        },
        shows_arguments: options.show_arguments,
        options,
        runs,
        findings,
        failures: failures.collect(),
    })
}

/// What has not been handed out to a run yet.
struct Rest {
    tools: std::vec::IntoIter<wire::Tool>,
    traces: std::vec::IntoIter<wire::Trace>,
    cases: std::vec::IntoIter<wire::Case>,
    findings: std::vec::IntoIter<wire::Finding>,
}

/// The policy of a file, whose places are those of the file that is known.
fn policy(sources: &mut Sources, file: FileId) -> Option<Policy> {
    let mut apart = SourceMap::new();
    let (name, text) = {
        let source = sources.map.get(file);
        (source.name().to_owned(), source.text().to_owned())
    };
    let policy = Policy::load(&mut apart, &name, text.as_bytes()).ok()?;
    Some(Policy { file, ..policy })
}

fn replay_options(options: &wire::Options, share: Share) -> Option<Options> {
    Some(Options {
        server: options.server.clone(),
        expect_observed: options.expect_observed,
        allow_undetermined: options.allow_undetermined,
        allow_unasserted: options.allow_unasserted,
        all_cases: options.all_cases,
        list_passed_over: options.verbose,
        order: match options.merged_timeline {
            true => Order::Merged,
            false => Order::PerFile,
        },
        max_lateness: time::Span::nanos(options.max_lateness.parse().ok()?),
        list_passed: options.junit,
        usage: options.html,
        threads: NonZeroUsize::MIN,
        share: Some(share),
        at_origin: options.at_origin,
    })
}

/// What a name stands for, when there is one.
fn optional<T>(name: Option<&str>, named: impl Fn(&str) -> Option<T>) -> Option<Option<T>> {
    match name {
        None => Some(None),
        Some(name) => named(name).map(Some),
    }
}

/// Where findings stand.
struct Places<'a> {
    files: &'a [FileId],
    map: &'a SourceMap,
}

impl Places<'_> {
    fn findings(&self, list: impl Iterator<Item = wire::Finding>) -> Option<Vec<Finding>> {
        list.map(|finding| self.finding(finding)).collect()
    }

    fn finding(&self, finding: wire::Finding) -> Option<Finding> {
        const RULES: [&str; 6] = [
            "syntax",
            "schema",
            "trace",
            "config",
            "inventory",
            "approvals",
        ];
        let severities = [Severity::Error, Severity::Warning, Severity::Note];
        let severity = severities
            .into_iter()
            .find(|s| s.name() == finding.severity)?;
        let rule = RULES.into_iter().find(|rule| *rule == finding.rule)?;
        let location = self.location(&finding.file, &finding.span)?;
        let mut restored = Finding::new(rule, severity, location, finding.pointer, finding.message);
        restored.help = finding.help;
        for related in finding.related {
            let location = self.location(&related.file, &related.span)?;
            restored = restored.related(location, related.message);
        }
        Some(restored)
    }

    fn location(&self, name: &str, span: &wire::Span) -> Option<Location> {
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
