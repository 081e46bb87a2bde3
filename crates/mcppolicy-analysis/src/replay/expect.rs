//! What passing means: one expectation compared with one decision.

use mcppolicy_engine::engine::{Decision, Denial, Kind};
use mcppolicy_trace::trace::{DecisionName, Expectation, Expected};

/// What became of a call in scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Everything that was expected holds.
    Pass,
    /// Something that was expected does not hold.
    Fail,
    /// The recording does not say enough.
    Undetermined,
    /// Nothing was expected, and the decision is certain.
    Unasserted,
}

impl Verdict {
    /// The word in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Verdict::Pass => "pass",
            Verdict::Fail => "fail",
            Verdict::Undetermined => "undetermined",
            Verdict::Unasserted => "unasserted",
        }
    }
}

/// A verdict and what it rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// What was expected and does not hold, or is uncertain.
    pub mismatches: Vec<Mismatch>,
}

/// One thing that was expected, beside what is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// The member of `expect`.
    pub member: &'static str,
    /// What it says.
    pub expected: String,
    /// What is; `None` when the decision has no such thing, or when it is
    /// uncertain which one.
    pub actual: Option<String>,
}

impl Judgement {
    const fn clean(verdict: Verdict) -> Judgement {
        Judgement {
            verdict,
            mismatches: Vec::new(),
        }
    }
}

/// The name of a decision.
pub fn name_of(decision: &Decision<'_>) -> DecisionName {
    match decision {
        Decision::Allow => DecisionName::Allow,
        Decision::Deny(_) => DecisionName::Deny,
        Decision::Undetermined(_) => DecisionName::Undetermined,
    }
}

/// Compares what was expected of a call, if anything, with its decision.
pub fn judge(expected: Option<&Expected>, decision: &Decision<'_>) -> Judgement {
    let undetermined = matches!(decision, Decision::Undetermined(_));
    let Some(expected) = expected else {
        return Judgement::clean(if undetermined {
            Verdict::Undetermined
        } else {
            Verdict::Unasserted
        });
    };
    let actual = name_of(decision);
    if expected.decision != actual {
        return Judgement {
            verdict: if undetermined {
                Verdict::Undetermined
            } else {
                Verdict::Fail
            },
            mismatches: vec![Mismatch {
                member: "decision",
                expected: expected.decision.name().to_owned(),
                actual: Some(actual.name().to_owned()),
            }],
        };
    }
    let mut verdict = Verdict::Pass;
    let mut mismatches = Vec::new();
    for (member, value) in named(expected) {
        let (found, holds) = match look_up(member, decision) {
            Part::Is(found) => {
                let holds = if member == "message_contains" {
                    found.contains(value)
                } else {
                    found == value
                };
                (Some(found.to_owned()), Some(holds))
            }
            Part::Absent => (None, Some(false)),
            Part::Uncertain => (None, None),
        };
        match holds {
            Some(true) => continue,
            Some(false) => verdict = Verdict::Fail,
            None if verdict == Verdict::Pass => verdict = Verdict::Undetermined,
            None => {}
        }
        mismatches.push(Mismatch {
            member,
            expected: value.to_owned(),
            actual: found,
        });
    }
    Judgement {
        verdict,
        mismatches,
    }
}

/// What an expectation names beside the decision.
fn named(expected: &Expected) -> impl Iterator<Item = (&'static str, &str)> {
    [
        ("rule", &expected.rule),
        ("kind", &expected.kind),
        ("reason", &expected.reason),
        ("message", &expected.message),
        ("message_contains", &expected.message_contains),
    ]
    .into_iter()
    .filter_map(|(member, value)| Some((member, value.as_deref()?)))
}

/// A part of a decision that an expectation can name.
enum Part<'d> {
    Is(&'d str),
    /// The decision has none.
    Absent,
    /// A denial is certain, but not which one (policy language §5).
    Uncertain,
}

fn look_up<'d>(member: &str, decision: &'d Decision<'_>) -> Part<'d> {
    match (member, decision) {
        ("kind", Decision::Allow) => Part::Is(Kind::Allow.name()),
        ("kind", Decision::Deny(denial)) => {
            denial.kind.map_or(Part::Uncertain, |k| Part::Is(k.name()))
        }
        ("rule", Decision::Deny(denial)) => match denial.rule {
            Some(rule) => Part::Is(rule),
            None if names_no_rule(denial) => Part::Absent,
            None => Part::Uncertain,
        },
        ("message" | "message_contains", Decision::Deny(denial)) => {
            let message = denial.message.as_deref();
            message.map_or(Part::Uncertain, Part::Is)
        }
        ("reason", Decision::Undetermined(reason)) => Part::Is(reason.name()),
        _ => Part::Absent,
    }
}

/// Whether the denial is one of those that come from no rule, rather than one
/// of which the rule is uncertain.
fn names_no_rule(denial: &Denial<'_>) -> bool {
    matches!(
        denial.kind,
        Some(Kind::Batch | Kind::Malformed | Kind::NoPolicy)
    )
}

/// What would have to be expected for `decision` to pass: as much of it as
/// `expected` named, where that is certain.
pub fn restated(expected: Option<&Expected>, decision: &Decision<'_>) -> Expected {
    if let Some(expected) = expected
        && judge(Some(expected), decision).verdict == Verdict::Pass
    {
        return expected.clone();
    }
    let mut out = Expected::decision(name_of(decision));
    let Some(expected) = expected else {
        return out;
    };
    for (member, _) in named(expected) {
        let Part::Is(found) = look_up(member, decision) else {
            continue;
        };
        let found = Some(found.to_owned());
        match member {
            "rule" => out.rule = found,
            "kind" => out.kind = found,
            "reason" => out.reason = found,
            "message" => out.message = found,
            _ => out.message_contains = found,
        }
    }
    out
}

/// Walks an expectation along the repetitions of its call, in order.
#[derive(Debug, Clone, Default)]
pub struct Cursor {
    run: usize,
    within: u64,
}

impl Cursor {
    /// What is expected of the next repetition.
    pub fn next<'x>(&mut self, expectation: &'x Expectation) -> Option<&'x Expected> {
        let runs = match expectation {
            Expectation::Each(expected) => return Some(expected),
            Expectation::Runs(runs) => runs,
        };
        while let Some((expected, times)) = runs.get(self.run) {
            if self.within < *times {
                self.within += 1;
                return Some(expected);
            }
            self.run += 1;
            self.within = 0;
        }
        None
    }
}
