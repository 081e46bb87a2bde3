//! What `lint --fix` did, by policy.

use serde::Serialize;

use mcppolicy_analysis::compare::Verdict;
use mcppolicy_analysis::fix::Why;
use mcppolicy_analysis::report::{Findings, Repairs};

/// The repairs of one policy.
#[derive(Serialize)]
pub(super) struct JsonRepairs<'a> {
    policy: &'a str,
    applied: Vec<JsonApplied<'a>>,
    refused: Vec<JsonRefused<'a>>,
}

#[derive(Serialize)]
struct JsonApplied<'a> {
    rule: &'a str,
    pointer: &'a str,
    message: &'a str,
    /// The verdict; null where nothing could be proved.
    proved: Option<&'a str>,
}

#[derive(Serialize)]
struct JsonRefused<'a> {
    rule: &'a str,
    pointer: &'a str,
    message: &'a str,
    /// The verdict, or `invalid`.
    why: &'a str,
}

pub(super) fn list(findings: &Findings) -> Vec<JsonRepairs<'_>> {
    findings.repairs.iter().map(of_policy).collect()
}

fn of_policy(repairs: &Repairs) -> JsonRepairs<'_> {
    let applied = repairs.applied.iter().map(|repair| JsonApplied {
        rule: repair.rule.name(),
        pointer: &repair.pointer,
        message: &repair.message,
        proved: repair.proved.map(Verdict::name),
    });
    let refused = repairs.refused.iter().map(|refused| JsonRefused {
        rule: refused.rule.name(),
        pointer: &refused.pointer,
        message: &refused.message,
        why: match refused.why {
            Why::NoRepair => "invalid",
            Why::Verdict(verdict) => verdict.name(),
        },
    });
    JsonRepairs {
        policy: &repairs.policy,
        applied: applied.collect(),
        refused: refused.collect(),
    }
}
