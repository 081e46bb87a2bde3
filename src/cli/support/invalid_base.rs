//! A policy that is not valid at the base of a change.
//!
//! What a gateway does with such a policy is not known. A repair is compared with a
//! policy that refuses every call: it passes with an approval of all that it lets
//! through, and without one where it lets nothing through. So nobody gains by a base
//! that is broken, and it can be repaired.

use mcppolicy_analysis::finding::{Finding, Severity};
use mcppolicy_engine::policy::Policy;
use mcppolicy_engine::source::SourceMap;

/// A policy that refuses every call.
const REFUSING: &[u8] = br#"{"version": "1", "default": "deny"}"#;

/// What stands for a policy that is invalid at the base, and the note that says so;
/// none where nothing is known to be wrong with it. `problems` are what makes it
/// invalid.
pub(crate) fn in_place_of(
    problems: &[Finding],
    sources: &mut SourceMap,
) -> Option<(Policy, Finding)> {
    let first = problems.iter().find(|problem| problem.is_invalid_input())?;
    let name = sources.get(first.location.file).name();
    let name = format!("{name} (invalid, so that it counts as refusing every call)");
    let policy = Policy::load(sources, &name, REFUSING).ok()?;
    let message = format!(
        "This policy is not valid at the base, so the change is compared with one that refuses \
         every call: {}",
        first.message
    );
    let note = Finding::new(
        first.rule,
        Severity::Note,
        first.location,
        first.pointer.clone(),
        message,
    );
    let note =
        note.help("approve what the repaired policy lets through, with --approve \"reason\"");
    Some((policy, note))
}
