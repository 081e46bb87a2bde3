//! Conditions in words: the values of an argument for which one holds.

use super::spell::{alternatives, argument, argument_at, coerced, name, value};
use mcppolicy_engine::policy::{Comparison, Condition, Path, Test};
use mcppolicy_engine::value::Value;

/// A condition as it stands in a policy or as a decision saw it.
#[derive(Debug, Clone, Copy)]
pub struct Phrase<'a> {
    /// The path, such as `args.amount`.
    pub path: &'a str,
    /// The operator's name in the file.
    pub operator: &'a str,
    /// The operand.
    pub operand: &'a Value,
}

/// When a condition holds: `` `amount` is a number up to 100 ``.
pub fn condition(condition: &Condition) -> String {
    let path = condition.path.value.to_string();
    let operand = condition.test.operand();
    phrase(Phrase {
        path: &path,
        operator: condition.test.operator(),
        operand: &operand,
    })
}

/// When a condition holds that is known by its parts.
pub fn phrase(of: Phrase<'_>) -> String {
    let is = predicate(of.operator, of.operand);
    format!("{} {is}", argument_at(of.path))
}

/// When all conditions of a rule hold; `None` for a rule without any, which always does.
///
/// Two bounds of one argument become one range.
pub fn conditions(list: &[Condition]) -> Option<String> {
    let ranges: Vec<Range<'_>> = ranges(list);
    let mut parts = Vec::new();
    for (at, of) in list.iter().enumerate() {
        let range = ranges.iter().find(|range| range.has(at));
        match range {
            Some(range) if range.is_first(at) => parts.push(range.words()),
            Some(_) => {}
            None => parts.push(condition(of)),
        }
    }
    (!parts.is_empty()).then(|| parts.join(" and "))
}

/// What a value is for which an operator holds.
fn predicate(operator: &str, operand: &Value) -> String {
    let one = std::slice::from_ref(operand);
    let list = match operand {
        Value::Array(items) => items.as_slice(),
        _ => &[],
    };
    match (operator, list) {
        ("exists", _) if *operand == Value::Bool(true) => "is present and not null".to_owned(),
        ("exists", _) => "is missing or null".to_owned(),
        ("eq", _) => format!("is {}{}", value(operand), coerced(one, "also")),
        ("in", []) => "is one of no values".to_owned(),
        ("in", values) => format!("is {}{}", alternatives(values), coerced(values, "also")),
        ("neq", _) => format!(
            "is present and not {}{}",
            value(operand),
            coerced(one, "nor")
        ),
        ("not_in", []) => "is present".to_owned(),
        ("not_in", [only]) => format!("is present and not {}{}", value(only), coerced(list, "nor")),
        ("not_in", values) => format!(
            "is present and none of {}{}",
            alternatives(values),
            coerced(values, "nor")
        ),
        ("lt", _) => format!("is a number below {}", value(operand)),
        ("lte", _) => format!("is a number up to {}", value(operand)),
        ("gt", _) => format!("is a number above {}", value(operand)),
        ("gte", _) => format!("is a number of at least {}", value(operand)),
        ("regex", _) => format!("is text in which {} matches", pattern(operand)),
        ("contains", _) => contains(operand),
        // The language has no other operator.
        (other, _) => format!("{other} {}", value(operand)),
    }
}

fn pattern(operand: &Value) -> String {
    match operand {
        Value::String(text) => name(text),
        other => value(other),
    }
}

fn contains(operand: &Value) -> String {
    let (element, coerced) = (
        value(operand),
        coerced(std::slice::from_ref(operand), "also"),
    );
    match operand {
        Value::String(_) => {
            format!("is text that contains {element} or a list with an element {element}{coerced}")
        }
        _ => format!("is a list with an element {element}{coerced}"),
    }
}

/// Two bounds of one argument in one rule.
struct Range<'c> {
    path: &'c Path,
    low: (usize, bool, f64),
    high: (usize, bool, f64),
}

/// The arguments of which exactly one condition is a lower bound and one an upper
/// bound.
fn ranges(list: &[Condition]) -> Vec<Range<'_>> {
    use Comparison::{Gt, Gte, Lt, Lte};
    let bound = |(at, of): (usize, &'_ Condition)| match of.test {
        Test::Compare(comparison, bound) => Some((at, comparison, bound)),
        _ => None,
    };
    let of_path = |path: &Path| {
        let same = list.iter().enumerate();
        let bounds = same.filter(|(_, of)| of.path.value == *path);
        bounds.filter_map(bound).collect::<Vec<_>>()
    };
    let mut found: Vec<Range<'_>> = Vec::new();
    // A rule of very many conditions is listed condition by condition.
    if list.len() > MOST_RANGED {
        return found;
    }
    for of in list {
        let path = &of.path.value;
        if found.iter().any(|range| range.path == path) {
            continue;
        }
        let range = match of_path(path).as_slice() {
            [low @ (_, Gt | Gte, _), high @ (_, Lt | Lte, _)]
            | [high @ (_, Lt | Lte, _), low @ (_, Gt | Gte, _)] => Range {
                path,
                low: (low.0, low.1 == Gte, low.2),
                high: (high.0, high.1 == Lte, high.2),
            },
            _ => continue,
        };
        found.push(range);
    }
    found
}

/// The most conditions of a rule in which bounds are paired.
const MOST_RANGED: usize = 100;

impl Range<'_> {
    fn has(&self, at: usize) -> bool {
        self.low.0 == at || self.high.0 == at
    }

    fn is_first(&self, at: usize) -> bool {
        self.low.0.min(self.high.0) == at
    }

    fn words(&self) -> String {
        let number = |number| value(&Value::Number(number));
        let (low, high) = (number(self.low.2), number(self.high.2));
        let range = match (self.low.1, self.high.1) {
            (true, true) => format!("from {low} to {high}"),
            (true, false) => format!("of at least {low} and below {high}"),
            (false, true) => format!("above {low} and up to {high}"),
            (false, false) => format!("above {low} and below {high}"),
        };
        let path = argument(self.path);
        format!("{path} is a number {range}")
    }
}
