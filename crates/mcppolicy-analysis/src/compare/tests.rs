//! Each kind of change alone: its edits, its parts, and the calls that make the
//! point; all of them together; and random pairs.

mod combined;
mod deciding_limits;
mod kinds;
mod random;

use super::{Allowance, Comparison, Compiled, Known, Part, Witness};
use crate::inventory::Inventory;
use crate::region::Budget;
use mcppolicy_engine::policy::Policy;
use serde_json::{Value as Json, json};

fn policy(json: &Json) -> Policy {
    Policy::from_json(json.to_string().as_bytes()).unwrap_or_else(|error| panic!("{error}: {json}"))
}

fn compared(old: &Policy, new: &Policy, inventory: Option<&Inventory>) -> Comparison {
    let [old, new] = [old, new].map(Compiled::new);
    let known = Known {
        inventory,
        categories: None,
    };
    let budget = Budget::default();
    super::compiled(&old, &new, &budget, &Allowance::new(&budget), known)
}

/// Changes as lines: each edit, and each part with its call.
fn lines(comparison: &Comparison) -> Vec<String> {
    let mut lines = Vec::new();
    for change in &comparison.changes {
        let verdict = if change.reworded {
            "reworded"
        } else {
            change.verdict.name()
        };
        lines.push(format!(
            "{:?} {} {verdict}",
            change.scope,
            change.aspect.name()
        ));
        for edit in &change.edits {
            let why = edit.effect.why().map(|why| format!(" ({why})"));
            lines.push(format!(
                "  {}: {}{}",
                edit.kind.name(),
                edit.summary,
                why.unwrap_or_default()
            ));
        }
        lines.extend(change.parts.iter().map(part));
    }
    lines
}

fn part(part: &Part) -> String {
    let by = part.by.rule.as_deref().unwrap_or_default();
    let alone = if part.alone { "" } else { " together" };
    let calls = part.witness.as_ref().map(calls);
    let valid = part.schema_valid.map(|valid| format!(" schema {valid}"));
    format!(
        "  {} {by} by {:?}{alone}: {}{}",
        part.direction.name(),
        part.edits,
        calls.unwrap_or_default(),
        valid.unwrap_or_default(),
    )
}

fn calls(witness: &Witness) -> String {
    let calls = witness.calls.iter().map(|call| match call.repeat {
        1 => call.arguments.to_string(),
        repeat => format!("{repeat} × {}", call.arguments),
    });
    calls.collect::<Vec<_>>().join(", ")
}

/// A policy with one tool `t` under `default: "deny"`.
fn tool(rules: Json) -> Json {
    json!({"version": "1", "default": "deny", "tools": {"t": rules}})
}

fn condition(path: &str, op: &str, value: impl Into<Json>) -> Json {
    json!({"path": format!("args.{path}"), "op": op, "value": value.into()})
}

fn rule(conditions: &[Json]) -> Json {
    json!({"conditions": conditions})
}

fn limit(counter: &str, window: &str, max: u64) -> Json {
    json!({"counter": counter, "window": window, "max": max, "scope": "grant"})
}

fn sum(counter: &str, window: &str, max: u64, path: &str) -> Json {
    let mut limit = limit(counter, window, max);
    limit["increment_from"] = format!("args.{path}").into();
    limit
}

#[track_caller]
fn says(old: &Json, new: &Json, expected: &[&str]) {
    let found = lines(&compared(&policy(old), &policy(new), None));
    assert_eq!(found, expected, "\n{}", found.join("\n"));
}
