//! The rules, one file each: metadata, examples, check. Everything a rule
//! needs comes through its context; no rule knows another.

pub mod approval_promised;
pub mod burst_only_limit;
pub mod counter_name_shared;
pub mod exposed_destructive_tool;
pub mod fail_open_deny;
pub mod hidden_and_listed;
pub mod limit_never_binds;
pub mod limit_on_blocked_tool;
pub mod missing_default_deny;
pub mod nothing_callable;
pub mod unanchored_allowlist;
pub mod unlimited_execute_tool;
pub mod unresolvable_path;
pub mod wildcard_in_tool_name;

use crate::lint::context::Context;
use crate::lint::fixes;
use crate::lint::reporter::Reporter;
use crate::lint::{Bad, Good, Group, Proof, Rule};

/// `text` as a JSON string, for snippets.
fn quoted(text: &str) -> String {
    crate::value::Value::from(text).to_string()
}

/// A number with its thousands apart: `14 400`.
fn spaced(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push('\u{a0}');
        }
        out.push(digit);
    }
    out
}
