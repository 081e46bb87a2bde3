//! Witnesses as native traces that assert what the new policy decides: ready
//! to be committed as regression tests of the change.

use super::policy::PolicyDiff;
use crate::compare::Scope;
use crate::compare::emit::{self, Asserted};
use mcppolicy_engine::engine::Engine;

pub use crate::compare::emit::{TraceFile as Regression, slug};

/// The grant that makes the calls.
const GRANT: &str = "witness";

/// A trace for each witness of a change, each with counters of its own. The
/// header names `policy`, a path relative to the traces, where there is one.
pub fn regressions(diff: &PolicyDiff, new: &Engine, policy: Option<&str>) -> Vec<Regression> {
    let mut traces = Vec::new();
    for change in diff.changes() {
        let each = [
            ("loosened", &change.loosened),
            ("tightened", &change.tightened),
        ];
        for (what, witnesses) in each {
            for witness in witnesses.iter().filter(|w| emit::fits(w.calls.iter())) {
                let scope = scope_name(&change.scope);
                let aspect = change.aspect.name();
                let number = traces.len() + 1;
                let about = format!("{scope}, {aspect}: {what}");
                let calls = witness.calls.iter().map(|call| (GRANT, call));
                let calls = emit::recorded(new, calls, Asserted::Decision);
                traces.push(Regression {
                    file: format!("{number:03}-{}-{aspect}-{what}.jsonl", slug(scope)),
                    text: emit::text(&calls, policy, &about),
                });
            }
        }
    }
    traces
}

fn scope_name(scope: &Scope) -> &str {
    match scope {
        Scope::Tool(tool) => tool,
        Scope::Unlisted => "unlisted tools",
        Scope::AllTools => "all tools",
    }
}
