//! Rules, conditions and limits as literals of a region.

use crate::region::{Literal, Region, Space};
use mcppolicy_engine::policy::{Comparison, Condition, Limit, Path, Test, ToolRules};

pub(super) fn literal(space: &mut Space, condition: &Condition) -> Literal {
    space.test(&condition.path.value, &condition.test)
}

pub(super) fn literals(space: &mut Space, conditions: &[Condition]) -> Vec<Literal> {
    let literal = |condition| literal(space, condition);
    conditions.iter().map(literal).collect()
}

pub(super) fn hold(space: &mut Space, conditions: &[Condition], region: &mut Region) {
    for literal in literals(space, conditions) {
        region.and(literal);
    }
}

/// Narrows `region` to what a first call passes with.
pub(super) fn accept(space: &mut Space, rules: Option<&ToolRules>, region: &mut Region) {
    let Some(rules) = rules else { return };
    for rule in &rules.require {
        hold(space, &rule.conditions, region);
    }
    for rule in &rules.deny_if {
        let literals = literals(space, &rule.conditions);
        region.outside(&literals);
    }
    for literal in countable(space, &rules.limits) {
        region.and(literal);
    }
}

/// That every amount can be counted, and alone exceeds no limit. Amounts are
/// rounded up and limits are whole, so the amount itself can be compared.
pub(super) fn countable(space: &mut Space, limits: &[Limit]) -> Vec<Literal> {
    let mut literals = Vec::new();
    for limit in limits {
        if let Some(path) = &limit.increment_from {
            literals.push(space.test(&path.value, &Test::Compare(Comparison::Gte, 0.0)));
            literals.push(at_most(space, &path.value, limit.max.value));
        }
    }
    literals
}

/// That an amount, rounded up, is at most `bound`, which a double holds.
pub(super) fn at_most(space: &mut Space, path: &Path, bound: u64) -> Literal {
    space.test(path, &Test::Compare(Comparison::Lte, bound as f64))
}

/// The boxes of arguments that a tool's rules refuse.
pub(super) fn refusals(space: &mut Space, rules: Option<&ToolRules>) -> Vec<Vec<Literal>> {
    let Some(rules) = rules else {
        return Vec::new();
    };
    let required = rules.require.iter().flat_map(|rule| &rule.conditions);
    let mut boxes: Vec<Vec<Literal>> = required
        .map(|condition| vec![!literal(space, condition)])
        .collect();
    for rule in &rules.deny_if {
        boxes.push(literals(space, &rule.conditions));
    }
    boxes
}
