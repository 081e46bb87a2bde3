//! The rules, one file each: metadata, examples, check. Everything a rule
//! needs comes through its context; no rule uses another.

mod allowlist;
pub mod allowlist_admits_foreign_host;
pub mod allowlist_admits_other_elements;
pub mod allowlist_admits_shell;
pub mod allowlist_admits_traversal;
pub mod approval_promised;
pub mod argument_type_mismatch;
pub mod burst_only_limit;
pub mod case_folding_allowlist;
pub mod category_conflict;
pub mod changed_tool;
pub mod contradicting_message;
pub mod contradictory_conditions;
pub mod counter_name_shared;
pub mod counter_naming;
pub mod denylist_only;
pub mod empty_list;
pub mod expired_suppression;
pub mod exposed_destructive_tool;
pub mod fail_open_deny;
pub mod forgotten_limit;
pub mod free_amount;
pub mod hidden_and_listed;
pub mod inconsistent_guard;
pub mod inexact_number;
pub mod invisible_character;
pub mod limit_never_binds;
pub mod limit_on_blocked_tool;
pub mod loose_limit;
pub mod lost_expectation;
pub mod mismatched_tool_name;
pub mod missing_default_deny;
pub mod missing_on_deny;
pub mod missing_tool;
pub mod moved_suppression;
pub mod never_allowed_tool;
pub mod new_tool;
pub mod nothing_callable;
mod path_syntax;
pub mod redundant_condition;
pub mod unanchored_allowlist;
pub mod unbounded_amount;
pub mod unconstrained_freeform_argument;
pub mod uncountable_increment;
pub mod undecided_tool;
pub mod unguarded_array;
pub mod unknown_argument;
pub mod unknown_tool;
pub mod unlimited_execute_tool;
pub mod unlimited_financial_tool;
pub mod unlimited_write_tool;
pub mod unreachable_rule;
pub mod unresolvable_path;
pub mod unsorted_names;
pub mod unused_suppression;
pub mod useless_operand;
pub mod vacuous_require;
pub mod wildcard_in_operand;
pub mod wildcard_in_tool_name;
pub mod window_doubling;
pub mod workaround_in_message;

use super::context::Context;
use super::fixes;
use super::reporter::Reporter;
use super::rule::{Bad, Check, Good, Proof, Rule};
use crate::finding::RuleId;

/// `text` as a JSON string, for snippets.
fn quoted(text: &str) -> String {
    mcppolicy_engine::value::Value::from(text).to_string()
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
