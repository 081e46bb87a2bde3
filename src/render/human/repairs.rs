//! What was repaired, what could not be, and what still could.

use std::fmt::Write;

use super::terminal;
use crate::render::refused_line;
use mcppolicy_analysis::finding::{Finding, RuleId};
use mcppolicy_analysis::report::Findings;
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
            let place = match repair.pointer.as_str() {
                "" => "/",
                pointer => pointer,
            };
            let place = terminal(place);
            let _ = writeln!(
                out,
                "fixed: {policy}: {} at {place} ({proved})",
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
