//! What `lint --fix` did, by policy.

use serde::Serialize;

use crate::fix::Why;
use crate::report::Findings;

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
    let of_policy = |repairs| {
        let crate::report::Repairs {
            policy,
            applied,
            refused,
        } = repairs;
        JsonRepairs {
            policy,
            applied: applied
                .iter()
                .map(|repair| JsonApplied {
                    rule: repair.rule,
                    pointer: &repair.pointer,
                    message: &repair.message,
                    proved: repair.proved.map(|verdict| verdict.name()),
                })
                .collect(),
            refused: refused
                .iter()
                .map(|refused| JsonRefused {
                    rule: refused.rule,
                    pointer: &refused.pointer,
                    message: &refused.message,
                    why: match refused.why {
                        Why::NoRepair => "invalid",
                        Why::Verdict(verdict) => verdict.name(),
                    },
                })
                .collect(),
        }
    };
    findings.repairs.iter().map(of_policy).collect()
}
