//! The rules of the linter by their identity, in the order of the catalogue.

use super::rule::Rule;
use super::rules;
use crate::finding::{RuleId, with_lint_rules};

macro_rules! registry {
    ($($id:ident $module:ident $name:literal $group:ident $level:ident $summary:literal;)*) => {
        /// Every rule of the linter.
        pub static RULES: &[&Rule] = &[$(&rules::$module::RULE,)*];

        /// The rule of the linter with this identity; `None` for what is reported
        /// by something else.
        pub const fn rule(id: RuleId) -> Option<&'static Rule> {
            match id {
                $(RuleId::$id => Some(&rules::$module::RULE),)*
                _ => None,
            }
        }
    };
}

with_lint_rules!(registry);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Class;
    use crate::lint::rule::Check;

    #[test]
    fn each_entry_of_the_table_leads_to_the_rule_of_its_own_file() {
        let ids: Vec<RuleId> = RULES.iter().map(|rule| rule.id).collect();
        assert_eq!(ids, RuleId::lint_rules().collect::<Vec<_>>());
        for id in RuleId::ALL {
            assert_eq!(
                rule(*id).map(|rule| rule.id),
                id.is_lint_rule().then_some(*id)
            );
        }
    }

    #[test]
    fn a_rule_is_checked_by_what_its_class_says() {
        for rule in RULES {
            let class = match rule.check {
                Check::Policy(_) => Class::Lint,
                Check::Suppressions => Class::Suppression,
                Check::Drift => Class::Drift,
            };
            assert_eq!(class, rule.id.class(), "{}", rule.id);
        }
    }
}
