//! One share's report, read back into what it was written from.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::{Input, wire};
use crate::diagnostic::{Finding, Severity};
use crate::engine::{Kind, Reason};
use crate::policy::{Policy, Window};
use crate::replay::Options;
use crate::replay::expect::{Mismatch, Verdict};
use crate::replay::results::{
    Actual, Case, Counts, PassedOver, Repetitions, Results, ToolCounts, TraceSummary,
};
use crate::replay::share::{By, SetAside, Share, Shared};
use crate::replay::usage::{Buckets, Calls, LimitUsage, Usage, Used};
use crate::report::{Failure, SharedRun};
use crate::source::{FileId, Location, SourceMap, Span};
use crate::time::{self, Time};
use crate::timeline::{Assumption, Order};
use crate::trace::account::{Assumed, Format, GrantFrom, Settings};
use crate::trace::native::NativeReader;
use crate::trace::{DecisionName, Expected, Grant, Item, Reader, RecordedArguments, RecordedCall};
use crate::value::Value;

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
        let file = self.map.add_piece(name, text, line, offset);
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
    match Policy::load(&mut apart, &name, text.as_bytes()) {
        (_, Some(policy), findings) if findings.is_empty() => Some(Policy { file, ..policy }),
        _ => None,
    }
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

fn results(run: wire::Run, rest: &mut Rest, problems: Vec<Finding>) -> Option<Results> {
    let tools = rest.tools.by_ref().take(run.tools);
    let tools: BTreeMap<Option<String>, ToolCounts> = tools.map(tool).collect();
    let mut traces = Vec::new();
    for counts in &run.traces {
        traces.push(trace(rest.traces.next()?, counts)?);
    }
    let cases: Option<Vec<Case>> = rest.cases.by_ref().take(run.cases).map(case).collect();
    let passed: Option<Vec<Case>> = run.passed.into_iter().map(case).collect();
    let (cases, passed) = (cases?, passed?);
    let known = |case: &Case| {
        let trace = traces.get(case.trace);
        trace.is_some_and(|trace| trace.name == case.file)
    };
    if !cases.iter().chain(&passed).all(known) {
        return None;
    }
    let calls: Option<Vec<SetAside>> = run.calls.into_iter().map(set_aside).collect();
    let calls = calls?;
    if calls.iter().any(|call| call.trace >= traces.len()) {
        return None;
    }
    let reasons: Option<BTreeMap<Reason, u64>> = run
        .reasons
        .iter()
        .map(|(name, count)| Some((reason(name)?, count.0)))
        .collect();
    let decisions: Option<Vec<(Actual, u64)>> = run
        .decisions
        .into_iter()
        .map(|(decision, times)| Some((actual(decision)?, times.0)))
        .collect();
    let assumptions: Option<Vec<Assumption>> = run
        .assumptions
        .iter()
        .map(|parts| assumption(parts))
        .collect();
    let sums = |sums: Vec<(String, wire::Count)>| -> BTreeMap<String, u64> {
        sums.into_iter()
            .map(|(name, count)| (name, count.0))
            .collect()
    };
    let passed_over = sums(run.passed_over).into_iter();
    Some(Results {
        traces,
        tools,
        reasons: reasons?,
        out_of_scope: sums(run.out_of_scope),
        other_methods: sums(run.other_methods),
        passed_over: passed_over.map(|(r, n)| (Cow::Owned(r), n)).collect(),
        cases,
        passed,
        usage: match run.usage {
            Some(used) => Some(usage(used)?),
            None => None,
        },
        shared: Some(Shared {
            read: run.read.0,
            unknown_grant: run.unknown_grant.0,
            calls,
            decisions: decisions?,
            stray: None,
        }),
        assumptions: assumptions?,
        problems,
        invalid_lines: run.invalid_lines.0,
        unlisted_lines: run.unlisted_lines.0,
    })
}

fn tool(tool: wire::Tool) -> (Option<String>, ToolCounts) {
    let counts = ToolCounts {
        calls: tool.calls.0,
        allow: tool.allow.0,
        deny: tool.deny.0,
        undetermined: tool.undetermined.0,
    };
    (tool.tool, counts)
}

fn trace(trace: wire::Trace, counts: &wire::Counts) -> Option<TraceSummary> {
    let passed_over = trace.passed_over.into_iter().map(|passed| {
        let over = PassedOver {
            lines: passed.count.0,
            listed: passed.lines,
        };
        (Cow::Owned(passed.reason), over)
    });
    let counts = Counts {
        calls: trace.calls.0,
        passed: counts.passed.0,
        failed: counts.failed.0,
        undetermined: counts.undetermined.0,
        unasserted: counts.unasserted.0,
        out_of_scope: trace.out_of_scope.0,
        allow: counts.allow.0,
        deny: counts.deny.0,
    };
    (counts.out_of_scope <= counts.calls).then_some(TraceSummary {
        name: trace.file,
        format: Format::named(&trace.format)?,
        counts,
        passed_over: passed_over.collect(),
    })
}

fn case(case: wire::Case) -> Option<Case> {
    const MEMBERS: [&str; 6] = [
        "decision",
        "rule",
        "kind",
        "reason",
        "message",
        "message_contains",
    ];
    let verdicts = [
        Verdict::Pass,
        Verdict::Fail,
        Verdict::Undetermined,
        Verdict::Unasserted,
    ];
    let verdict = verdicts.into_iter().find(|v| v.name() == case.verdict)?;
    let mismatches = case.mismatches.into_iter().map(|mismatch| {
        let member = MEMBERS.into_iter().find(|name| *name == mismatch.member)?;
        Some(Mismatch {
            member,
            expected: mismatch.expected,
            actual: mismatch.actual,
        })
    });
    let arguments = match case.arguments {
        // It shows what may be shown: nothing is to be withheld any more.
        Some(raw) => {
            let json: serde_json::Value = serde_json::from_str(raw.get()).ok()?;
            Some(RecordedArguments::Known(Value::from(json)))
        }
        None => None,
    };
    let grant = match (case.share.caller.as_str(), case.grant) {
        ("named", Some(name)) => Grant::Named(name),
        ("implicit", None) => Grant::Implicit,
        ("unknown", None) => Grant::Unknown,
        _ => return None,
    };
    let expected = match case.expected {
        None | Some(serde_json::Value::Null) => None,
        Some(json) => Some(expected(&json)?),
    };
    Some(Case {
        trace: case.share.trace,
        file: case.file,
        line: case.line,
        nth: case.share.nth,
        tool: case.tool,
        grant,
        time: optional(case.ts.as_deref(), |text| Time::parse(text).ok())?,
        arguments,
        reads: Vec::new(),
        expected,
        actual: actual(case.actual)?,
        verdict,
        mismatches: mismatches.collect::<Option<_>>()?,
        repetitions: repetitions(case.repetitions),
        id: case.id,
        note: case.note,
        origin: None,
    })
}

fn repetitions(repetitions: Option<wire::Repetitions>) -> Repetitions {
    match repetitions {
        None => Repetitions {
            of: 1,
            first: 1,
            last: 1,
            count: 1,
        },
        Some(some) => Repetitions {
            of: some.of,
            first: some.first.min(some.last),
            last: some.last.min(u64::MAX - 1),
            count: some.count,
        },
    }
}

fn expected(json: &serde_json::Value) -> Option<Expected> {
    let named = |text: &str| DecisionName::ALL.into_iter().find(|d| d.name() == text);
    if let Some(text) = json.as_str() {
        return named(text).map(Expected::decision);
    }
    let member = |name: &str| json.get(name).and_then(|value| value.as_str());
    let owned = |name: &str| member(name).map(str::to_owned);
    Some(Expected {
        decision: named(member("decision")?)?,
        rule: owned("rule"),
        kind: owned("kind"),
        reason: owned("reason"),
        message: owned("message"),
        message_contains: owned("message_contains"),
    })
}

fn actual(actual: wire::Actual) -> Option<Actual> {
    let decisions = DecisionName::ALL.into_iter();
    let kind = |name: &str| Kind::ALL.into_iter().find(|kind| kind.name() == name);
    Some(Actual {
        decision: decisions
            .into_iter()
            .find(|decision| decision.name() == actual.decision)?,
        kind: optional(actual.kind.as_deref(), kind)?,
        rule: actual.rule,
        label: actual.label,
        message: actual.message,
        reason: optional(actual.reason.as_deref(), reason)?,
    })
}

fn reason(name: &str) -> Option<Reason> {
    Reason::ALL.into_iter().find(|reason| reason.name() == name)
}

fn assumption(parts: &[String]) -> Option<Assumption> {
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let log = |file: &str, assumed: Assumed| Assumption::Log {
        file: file.to_owned(),
        assumed,
    };
    Some(match parts.as_slice() {
        ["counters-start-at-zero"] => Assumption::CountersStartAtZero,
        ["implicit-grant", file] => Assumption::ImplicitGrant {
            file: (*file).to_owned(),
        },
        ["unknown-server"] => Assumption::UnknownServer,
        ["unnamed-server", server] => Assumption::UnnamedServer {
            server: (*server).to_owned(),
        },
        ["released-at-once"] => Assumption::ReleasedAtOnce,
        ["last-argument-counts"] => Assumption::LastArgumentCounts,
        ["log", file, "is-grant", from] => log(file, Assumed::IsGrant(GrantFrom::named(from)?)),
        ["log", file, "split-name", name, server, tool] => log(
            file,
            Assumed::SplitName {
                name: (*name).to_owned(),
                server: (*server).to_owned(),
                tool: (*tool).to_owned(),
            },
        ),
        ["log", file, "more-split-names"] => log(file, Assumed::MoreSplitNames),
        ["log", file, "unreadable-time"] => log(file, Assumed::UnreadableTime),
        ["log", file, "error-text"] => log(file, Assumed::ErrorText),
        _ => return None,
    })
}

/// A call that was set aside, from the line that it was written as.
fn set_aside(set_aside: wire::SetAside) -> Option<SetAside> {
    let mut reader = NativeReader::new(std::io::Cursor::new(set_aside.call));
    let Ok(Some(Item::Call(call))) = reader.next() else {
        return None;
    };
    Some(SetAside {
        trace: set_aside.trace,
        call: RecordedCall {
            line: set_aside.line,
            nth: set_aside.nth,
            ..*call
        },
    })
}

fn usage(usage: wire::Usage) -> Option<Usage> {
    let mut limits = BTreeMap::new();
    for limit in usage.limits {
        let window = Window::ALL.into_iter().map(Window::name);
        let over_time = limit.over_time.list.into_iter();
        let over_time = over_time.map(|(at, peak, denied)| {
            let denied = denied.0;
            (at, Used { peak, denied })
        });
        let restored = LimitUsage {
            counter: limit.counter,
            window: window.into_iter().find(|name| *name == limit.window)?,
            max: limit.max,
            peak: limit.peak,
            denied: limit.denied.0,
            over_time: Buckets::restored(limit.over_time.width, over_time.collect())?,
        };
        limits.insert(limit.rule, restored);
    }
    let calls = usage
        .calls
        .list
        .into_iter()
        .map(|(at, allow, deny, undetermined)| {
            let calls = Calls {
                allow: allow.0,
                deny: deny.0,
                undetermined: undetermined.0,
            };
            (at, calls)
        });
    Some(Usage {
        limits,
        calls: Buckets::restored(usage.calls.width, calls.collect())?,
        without_time: usage.without_time.0,
        further_limits: usage.further_limits,
    })
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
