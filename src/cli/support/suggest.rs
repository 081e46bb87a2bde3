//! What a mistyped name was probably meant to be.

use mcppolicy_analysis::finding::RuleId;
use mcppolicy_engine::nearest::nearest;

/// Help for a name that no lint rule has.
pub(crate) fn rule(name: &str) -> String {
    match nearest(name, RuleId::lint_rules().map(RuleId::name)) {
        Some(near) => format!("did you mean {near}?"),
        None => "`mcppolicy explain` lists the rules".to_owned(),
    }
}

/// Help for a setting that its table, which has those of `known`, does not
/// have.
pub(crate) fn setting(name: &str, known: &[&str]) -> String {
    match nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("the settings are {}", known.join(", ")),
    }
}
