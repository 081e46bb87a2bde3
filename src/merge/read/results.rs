//! One policy's results in one share's report.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::{Rest, optional, wire};
use mcppolicy_analysis::finding::Finding;
use mcppolicy_analysis::replay::expect::{Mismatch, Verdict};
use mcppolicy_analysis::replay::results::{
    Actual, Case, Counts, Repetitions, Results, SetAside, Shared, SkippedLines, ToolCounts,
    TraceSummary,
};
use mcppolicy_analysis::replay::usage::{Buckets, Calls, LimitUsage, Usage, Used};
use mcppolicy_engine::engine::{Kind, Reason};
use mcppolicy_engine::policy::Window;
use mcppolicy_engine::time::Time;
use mcppolicy_engine::value::Value;
use mcppolicy_trace::timeline::Assumption;
use mcppolicy_trace::trace::native::NativeReader;
use mcppolicy_trace::trace::options::{Assumed, Format, GrantFrom};
use mcppolicy_trace::trace::{
    DecisionName, Expected, Grant, Item, Reader, RecordedArguments, RecordedCall,
};

/// The results of one policy; nothing where they do not fit together.
pub(super) fn results(run: wire::Run, rest: &mut Rest, problems: Vec<Finding>) -> Option<Results> {
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
        skipped: passed_over.map(|(r, n)| (Cow::Owned(r), n)).collect(),
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
        let over = SkippedLines {
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
        skipped: passed_over.collect(),
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
            counted: limit.counted.0,
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
