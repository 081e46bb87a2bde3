//! One case: a call, what was expected of it and how it was decided.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use super::inconsistent::{Inconsistent, optional};
use crate::shown::{self, Shown};
use mcppolicy_analysis::replay::expect::{self, Verdict};
use mcppolicy_analysis::replay::results;
use mcppolicy_analysis::report::TestRun;
use mcppolicy_engine::engine::{Kind, Reason};
use mcppolicy_engine::time::Time;
use mcppolicy_engine::value::Value;
use mcppolicy_trace::trace::native::write_expectation;
use mcppolicy_trace::trace::{DecisionName, Expectation, Expected, Grant, RecordedArguments};

/// An entry of the report's `cases`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Case<'a> {
    policy: Cow<'a, str>,
    file: Cow<'a, str>,
    line: usize,
    tool: Option<Cow<'a, str>>,
    grant: Option<Cow<'a, str>>,
    expected: Option<serde_json::Value>,
    actual: Actual<'a>,
    verdict: Cow<'a, str>,
    mismatches: Vec<Mismatch<'a>>,
    ts: Option<String>,
    #[serde(deserialize_with = "nested")]
    arguments: Option<serde_json::Value>,
    repetitions: Option<Repetitions>,
    id: Option<Cow<'a, str>>,
    note: Option<Cow<'a, str>>,
    /// Only in the report of a share.
    #[serde(skip_serializing_if = "Option::is_none")]
    share: Option<Position>,
}

/// Reads a value with a nesting limit of its own: arguments may be nested as
/// deep as a report.
fn nested<'de, D: Deserializer<'de>>(from: D) -> Result<Option<serde_json::Value>, D::Error> {
    let raw: Option<Box<RawValue>> = Option::deserialize(from)?;
    let read = |raw: Box<RawValue>| serde_json::from_str(raw.get());
    raw.map(read).transpose().map_err(serde::de::Error::custom)
}

/// The position of a case in the run, and what a `grant` of null means.
#[derive(Debug, Serialize, Deserialize)]
struct Position {
    trace: usize,
    nth: usize,
    caller: Cow<'static, str>,
}

/// A member of the expectation that the decision does not have.
#[derive(Debug, Serialize, Deserialize)]
struct Mismatch<'a> {
    member: Cow<'a, str>,
    expected: Cow<'a, str>,
    actual: Option<Cow<'a, str>>,
}

/// Which repetitions of a call a case is about.
#[derive(Debug, Serialize, Deserialize)]
struct Repetitions {
    of: u64,
    first: u64,
    last: u64,
    count: u64,
}

/// A decision.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Actual<'a> {
    decision: Cow<'a, str>,
    kind: Option<Cow<'a, str>>,
    rule: Option<Cow<'a, str>>,
    label: Option<Cow<'a, str>>,
    message: Option<Cow<'a, str>>,
    reason: Option<Cow<'a, str>>,
}

impl<'a> Case<'a> {
    /// A case of `run`, with as many of its arguments as are shown.
    pub fn new(case: &'a results::Case, run: &'a TestRun, shown: Shown) -> Case<'a> {
        let mismatches = case.mismatches.iter().map(|mismatch| Mismatch {
            member: mismatch.member.into(),
            expected: Cow::Borrowed(&mismatch.expected),
            actual: borrowed(&mismatch.actual),
        });
        Case {
            policy: Cow::Borrowed(&run.name),
            file: Cow::Borrowed(&case.file),
            line: case.line,
            tool: borrowed(&case.tool),
            grant: match &case.grant {
                Grant::Named(name) => Some(Cow::Borrowed(name)),
                Grant::Implicit | Grant::Unknown => None,
            },
            expected: case.expected.as_ref().map(write_expected),
            actual: Actual::new(&case.actual),
            verdict: case.verdict.name().into(),
            mismatches: mismatches.collect(),
            ts: case.time.map(|time| time.to_string()),
            arguments: shown::arguments(case, shown).map(|value| value.to_json()),
            repetitions: Repetitions::new(&case.repetitions),
            id: borrowed(&case.id),
            note: borrowed(&case.note),
            share: run.results.shared.is_some().then(|| Position::new(case)),
        }
    }

    /// The case of a share.
    pub fn read(self) -> Result<results::Case, Inconsistent> {
        let verdicts = [
            Verdict::Pass,
            Verdict::Fail,
            Verdict::Undetermined,
            Verdict::Unasserted,
        ];
        let verdict = verdicts.into_iter().find(|v| v.name() == self.verdict);
        let share = self.share.ok_or(Inconsistent)?;
        let mismatches = self.mismatches.into_iter().map(Mismatch::read);
        let grant = match (&*share.caller, self.grant) {
            ("named", Some(name)) => Grant::Named(name.into_owned()),
            ("implicit", None) => Grant::Implicit,
            ("unknown", None) => Grant::Unknown,
            _ => return Err(Inconsistent),
        };
        let known = |value| RecordedArguments::Known(Value::from(value).into());
        Ok(results::Case {
            trace: share.trace,
            file: self.file.into_owned(),
            line: self.line,
            nth: share.nth,
            tool: self.tool.map(Cow::into_owned),
            grant,
            time: optional(self.ts.as_deref(), |text| Time::parse(text).ok())?,
            // They are those that may be shown: nothing more is withheld, so
            // `reads` is not needed.
            arguments: self.arguments.map(known),
            reads: Vec::new(),
            expected: self.expected.as_ref().map(read_expected).transpose()?,
            actual: self.actual.read()?,
            verdict: verdict.ok_or(Inconsistent)?,
            mismatches: mismatches.collect::<Result<_, _>>()?,
            repetitions: Repetitions::read(self.repetitions),
            id: self.id.map(Cow::into_owned),
            note: self.note.map(Cow::into_owned),
            origin: None,
        })
    }
}

impl Position {
    fn new(case: &results::Case) -> Position {
        let caller = match &case.grant {
            Grant::Named(_) => "named",
            Grant::Implicit => "implicit",
            Grant::Unknown => "unknown",
        };
        Position {
            trace: case.trace,
            nth: case.nth,
            caller: caller.into(),
        }
    }
}

impl Mismatch<'_> {
    fn read(self) -> Result<expect::Mismatch, Inconsistent> {
        const MEMBERS: [&str; 6] = [
            "decision",
            "rule",
            "kind",
            "reason",
            "message",
            "message_contains",
        ];
        let member = MEMBERS.into_iter().find(|name| *name == self.member);
        Ok(expect::Mismatch {
            member: member.ok_or(Inconsistent)?,
            expected: self.expected.into_owned(),
            actual: self.actual.map(Cow::into_owned),
        })
    }
}

impl Repetitions {
    /// Nothing where the call is not repeated.
    fn new(repetitions: &results::Repetitions) -> Option<Repetitions> {
        (repetitions.of > 1).then_some(Repetitions {
            of: repetitions.of,
            first: repetitions.first,
            last: repetitions.last,
            count: repetitions.count,
        })
    }

    fn read(repetitions: Option<Repetitions>) -> results::Repetitions {
        match repetitions {
            None => results::Repetitions {
                of: 1,
                first: 1,
                last: 1,
                count: 1,
            },
            Some(some) => results::Repetitions {
                of: some.of,
                first: some.first.min(some.last),
                last: some.last.min(u64::MAX - 1),
                count: some.count,
            },
        }
    }
}

impl<'a> Actual<'a> {
    pub fn new(actual: &'a results::Actual) -> Actual<'a> {
        Actual {
            decision: actual.decision.name().into(),
            kind: actual.kind.map(|kind| kind.name().into()),
            rule: borrowed(&actual.rule),
            label: borrowed(&actual.label),
            message: borrowed(&actual.message),
            reason: actual.reason.map(|reason| reason.name().into()),
        }
    }

    pub fn read(self) -> Result<results::Actual, Inconsistent> {
        let kind = |name: &str| Kind::ALL.into_iter().find(|kind| kind.name() == name);
        Ok(results::Actual {
            decision: read_decision(&self.decision).ok_or(Inconsistent)?,
            kind: optional(self.kind.as_deref(), kind)?,
            rule: self.rule.map(Cow::into_owned),
            label: self.label.map(Cow::into_owned),
            message: self.message.map(Cow::into_owned),
            reason: optional(self.reason.as_deref(), read_reason)?,
        })
    }
}

fn borrowed(text: &Option<String>) -> Option<Cow<'_, str>> {
    text.as_deref().map(Cow::Borrowed)
}

fn read_decision(name: &str) -> Option<DecisionName> {
    let mut all = DecisionName::ALL.into_iter();
    all.find(|decision| decision.name() == name)
}

/// The reason of a name.
pub(super) fn read_reason(name: &str) -> Option<Reason> {
    Reason::ALL.into_iter().find(|reason| reason.name() == name)
}

/// An expectation as the native trace format has it.
fn write_expected(expected: &Expected) -> serde_json::Value {
    let text = write_expectation(&Expectation::Each(expected.clone()), ":", ",");
    serde_json::from_str(&text).unwrap_or_default()
}

fn read_expected(json: &serde_json::Value) -> Result<Expected, Inconsistent> {
    let decision = |name| read_decision(name).ok_or(Inconsistent);
    if let Some(text) = json.as_str() {
        return decision(text).map(Expected::decision);
    }
    let member = |name: &str| json.get(name).and_then(|value| value.as_str());
    let owned = |name: &str| member(name).map(str::to_owned);
    Ok(Expected {
        decision: decision(member("decision").unwrap_or_default())?,
        rule: owned("rule"),
        kind: owned("kind"),
        reason: owned("reason"),
        message: owned("message"),
        message_contains: owned("message_contains"),
    })
}
