//! What was repaired, what could not be, and what still could.

use std::fmt::Write;

use crate::render::escape::terminal;
use mcppolicy_analysis::finding::{Finding, RuleId};
use mcppolicy_analysis::fix::{Refused, Why};
use mcppolicy_analysis::report::Findings;
use mcppolicy_analysis::shorten;
use mcppolicy_engine::problem::Applicability;

/// Renders the repairs of a run, and how to have more of them.
pub(super) fn render(out: &mut String, findings: &Findings) {
    for repairs in &findings.repairs {
        let policy = terminal(&repairs.policy);
        for repair in &repairs.applied {
            let proved = match repair.proved {
                Some(verdict) => verdict.name(),
                None => "nothing could be proved, the file was not valid",
            };
            let pointer = terminal(&shorten::name(pointer(&repair.pointer)));
            let _ = writeln!(
                out,
                "fixed: {policy}: {} at {pointer} ({proved})",
                repair.rule
            );
        }
        for refused in &repairs.refused {
            let _ = writeln!(out, "{policy}: {}", refused_line(refused));
        }
    }
    let refused = findings.repairs.iter().flat_map(|of| &of.refused);
    let refused: Vec<(RuleId, &str)> = refused
        .map(|refused| (refused.rule, refused.pointer.as_str()))
        .collect();
    let left = |kind: Applicability| {
        let is_left = |finding: &&Finding| {
            let offered = finding.fix.as_ref();
            offered.is_some_and(|fix| fix.applicability == kind)
                && !refused.contains(&(finding.rule, finding.pointer.as_str()))
        };
        findings.list.iter().filter(is_left).count()
    };
    match (left(Applicability::Safe), left(Applicability::Unsafe)) {
        (0, 0) => {}
        (0, with) => {
            let _ = writeln!(out, "{with} fixable with --fix --unsafe");
        }
        (safe, 0) => {
            let _ = writeln!(out, "{safe} fixable with --fix");
        }
        (safe, with) => {
            let _ = writeln!(
                out,
                "{safe} fixable with --fix, {with} more with --fix --unsafe"
            );
        }
    }
}

/// A line about a fix that was not applied.
pub fn refused_line(refused: &Refused) -> String {
    let why = match refused.why {
        Why::NoRepair => "the file would not be valid".to_owned(),
        Why::Verdict(verdict) => format!("the policy would be {}", verdict.name()),
    };
    let pointer = shorten::name(pointer(&refused.pointer));
    terminal(&format!("not fixed: {} at {pointer}: {why}", refused.rule))
}

/// A JSON Pointer as a person reads it: the whole document has an empty one.
fn pointer(pointer: &str) -> &str {
    if pointer.is_empty() { "/" } else { pointer }
}
