//! The rules, in the order of the catalogue. A new rule is one line here and
//! one file under `rules`.

use super::Rule;
use super::rules;

/// Every rule.
pub static RULES: &[&Rule] = &[
    // Correctness
    &rules::nothing_callable::RULE,
    &rules::never_allowed_tool::RULE,
    &rules::unreachable_rule::RULE,
    &rules::redundant_condition::RULE,
    &rules::vacuous_require::RULE,
    &rules::contradictory_conditions::RULE,
    &rules::hidden_and_listed::RULE,
    &rules::wildcard_in_tool_name::RULE,
    &rules::unresolvable_path::RULE,
    &rules::useless_operand::RULE,
    &rules::limit_never_binds::RULE,
    &rules::limit_on_blocked_tool::RULE,
    &rules::counter_name_shared::RULE,
    &rules::invisible_character::RULE,
    // Security
    &rules::missing_default_deny::RULE,
    &rules::unlimited_execute_tool::RULE,
    &rules::unlimited_financial_tool::RULE,
    &rules::unlimited_write_tool::RULE,
    &rules::exposed_destructive_tool::RULE,
    &rules::fail_open_deny::RULE,
    &rules::unanchored_allowlist::RULE,
    &rules::allowlist_admits_traversal::RULE,
    &rules::allowlist_admits_shell::RULE,
    &rules::allowlist_admits_foreign_host::RULE,
    &rules::denylist_only::RULE,
    &rules::unconstrained_freeform_argument::RULE,
    &rules::unbounded_amount::RULE,
    &rules::uncountable_increment::RULE,
    &rules::free_amount::RULE,
    &rules::inexact_number::RULE,
    &rules::case_folding_allowlist::RULE,
    &rules::burst_only_limit::RULE,
    &rules::forgotten_limit::RULE,
    &rules::loose_limit::RULE,
    &rules::approval_promised::RULE,
    // Inventory
    &rules::unknown_tool::RULE,
    &rules::undecided_tool::RULE,
    &rules::unknown_argument::RULE,
    &rules::argument_type_mismatch::RULE,
    &rules::category_conflict::RULE,
    &rules::changed_tool::RULE,
    &rules::new_tool::RULE,
    &rules::missing_tool::RULE,
    // Style
    &rules::missing_on_deny::RULE,
    &rules::unsorted_names::RULE,
    &rules::counter_naming::RULE,
    &rules::empty_list::RULE,
    // Suppressions
    &rules::unused_suppression::RULE,
    &rules::expired_suppression::RULE,
    &rules::moved_suppression::RULE,
];

/// The rule of this name, or the one that had it before.
pub fn find(name: &str) -> Option<&'static Rule> {
    RULES
        .iter()
        .copied()
        .find(|rule| rule.name == name || rule.aliases.contains(&name))
}

/// The names of all rules, in the order of the catalogue.
pub fn names() -> impl Iterator<Item = &'static str> {
    RULES.iter().map(|rule| rule.name)
}
