//! The sides of a condition: the values on which a decision can turn.

use crate::compare::arguments::Arguments;
use crate::inventory;
use crate::inventory::schema::JsonType;
use crate::region::{Kind as ValueKind, Literal};
use mcppolicy_engine::engine::ValueRef;
use mcppolicy_engine::policy::{Comparison, Condition, Test};
use mcppolicy_engine::value::Value;

/// Which side of a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Boundary {
    /// The bound itself.
    At,
    /// The next number on the other side of it.
    Beside,
    /// A member of the list.
    Member,
    /// A value like those of the list, and none of them.
    Stranger,
    /// A string that the pattern matches.
    Match,
    /// A string that it does not match.
    NearMiss,
    /// No argument.
    Missing,
    /// `null`.
    Null,
    /// A value of another type.
    OtherType,
}

impl Boundary {
    /// The name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Boundary::At => "at",
            Boundary::Beside => "beside",
            Boundary::Member => "member",
            Boundary::Stranger => "stranger",
            Boundary::Match => "match",
            Boundary::NearMiss => "near-miss",
            Boundary::Missing => "missing",
            Boundary::Null => "null",
            Boundary::OtherType => "other-type",
        }
    }
}

/// The sides of a condition.
pub(super) fn boundaries(condition: &Condition) -> Vec<Boundary> {
    let own: &[Boundary] = match &condition.test {
        Test::Compare(..) => &[Boundary::At, Boundary::Beside],
        Test::Eq(_) | Test::Neq(_) | Test::In(_) | Test::NotIn(_) => {
            &[Boundary::Member, Boundary::Stranger]
        }
        Test::Regex(_) | Test::Contains(_) => &[Boundary::Match, Boundary::NearMiss],
        Test::Exists(_) => &[],
    };
    let of_path: &[Boundary] = match &condition.test {
        Test::Exists(_) => &[Boundary::Missing, Boundary::Null],
        _ => &[Boundary::Missing, Boundary::Null, Boundary::OtherType],
    };
    own.iter().chain(of_path).copied().collect()
}

/// Whether only whole numbers are counted at a bound: what the schema says, else
/// whether the bound is whole.
pub(super) fn is_whole(condition: &Condition, listed: Option<&inventory::Tool>) -> bool {
    let Test::Compare(_, bound) = condition.test else {
        return false;
    };
    let of_schema = listed.map(|tool| {
        let argument = tool.arguments().argument(condition.path.value.segments());
        argument.shape.types
    });
    bound.fract() == 0.0
        && bound.abs() < 9_007_199_254_740_991.0
        && of_schema.is_none_or(|types| {
            types.has(JsonType::Integer) && !types.has(JsonType::Fraction) || !types.has_number()
        })
}

/// The next number on the other side of a bound.
pub(super) fn beside(comparison: Comparison, bound: f64, is_whole: bool) -> f64 {
    match (comparison, is_whole) {
        (Comparison::Lte | Comparison::Gt, true) => bound + 1.0,
        (Comparison::Lte | Comparison::Gt, false) => bound.next_up(),
        (Comparison::Lt | Comparison::Gte, true) => bound - 1.0,
        (Comparison::Lt | Comparison::Gte, false) => bound.next_down(),
    }
}

pub(super) fn words(condition: &Condition, boundary: Boundary, is_whole: bool) -> String {
    let path = &condition.path.value;
    let value = match (&condition.test, boundary) {
        (Test::Compare(_, bound), Boundary::At) => format!("{path} is {bound}"),
        (Test::Compare(comparison, bound), Boundary::Beside) => {
            format!("{path} is {}", beside(*comparison, *bound, is_whole))
        }
        (_, Boundary::Member) => format!("{path} is a listed value"),
        (_, Boundary::Stranger) => format!("{path} is a value that is not listed"),
        (_, Boundary::Match) => format!("{path} matches"),
        (_, Boundary::NearMiss) => format!("{path} does not match"),
        (_, Boundary::Missing) => format!("{path} is missing"),
        (_, Boundary::Null) => format!("{path} is null"),
        (_, Boundary::OtherType) => format!("{path} has another type"),
        (_, Boundary::At | Boundary::Beside) => format!("{path} is at its bound"),
    };
    format!("that is decided because {value}")
}

/// Whether a value is on that side of a condition.
pub(super) fn has(condition: &Condition, boundary: Boundary, value: ValueRef<'_>) -> bool {
    let holds = || condition.test.holds(value);
    let is_equal = || match &condition.test {
        Test::Eq(_) | Test::In(_) => holds(),
        _ => value != ValueRef::Missing && !holds(),
    };
    let is_same_type = || is_of_type(&condition.test, value);
    match boundary {
        Boundary::At => {
            matches!((&condition.test, value), (Test::Compare(_, bound), ValueRef::Number(n)) if n == *bound)
        }
        Boundary::Beside => match (&condition.test, value) {
            (Test::Compare(comparison, bound), ValueRef::Number(number)) => {
                // Without a schema either neighbour counts.
                [false, true].into_iter().any(|is_whole| {
                    let is_allowed = !is_whole || bound.fract() == 0.0;
                    is_allowed && number == beside(*comparison, *bound, is_whole)
                })
            }
            _ => false,
        },
        Boundary::Member => is_equal(),
        Boundary::Stranger => is_same_type() && !is_equal(),
        Boundary::Match => holds(),
        Boundary::NearMiss => is_same_type() && !holds(),
        Boundary::Missing => value == ValueRef::Missing,
        Boundary::Null => value == ValueRef::Null,
        Boundary::OtherType => {
            !matches!(value, ValueRef::Missing | ValueRef::Null) && !is_same_type()
        }
    }
}

/// The kinds of values that a test compares with.
pub(super) fn kinds_of(test: &Test) -> Vec<ValueKind> {
    use ValueKind as K;
    match test {
        Test::Compare(..) => vec![K::Number],
        Test::Regex(_) => vec![K::String],
        Test::Contains(Value::String(_)) => vec![K::String, K::Array],
        Test::Contains(_) => vec![K::Array],
        Test::Exists(_) => K::ALL.to_vec(),
        Test::Eq(value) | Test::Neq(value) => vec![K::of(ValueRef::from(value))],
        Test::In(values) | Test::NotIn(values) => {
            let mut kinds: Vec<K> = values.iter().map(|v| K::of(ValueRef::from(v))).collect();
            kinds.sort();
            kinds.dedup();
            kinds
        }
    }
}

fn is_of_type(test: &Test, value: ValueRef<'_>) -> bool {
    kinds_of(test).contains(&ValueKind::of(value))
}

/// That a value is on a side of a condition, as literals that all hold.
pub(super) fn side(
    condition: &Condition,
    boundary: Boundary,
    is_whole: bool,
    arguments: &mut Arguments<'_>,
) -> Vec<Literal> {
    let path = &condition.path.value;
    let own = arguments.condition(condition);
    let space = arguments.space();
    let kinds = kinds_of(&condition.test);
    let equal = |value: f64| {
        let exactly = Test::Compare(Comparison::Gte, value);
        [exactly, Test::Compare(Comparison::Lte, value)]
    };
    let is_positive = matches!(
        condition.test,
        Test::Eq(_) | Test::In(_) | Test::Regex(_) | Test::Contains(_)
    );
    match (boundary, &condition.test) {
        (Boundary::At, Test::Compare(_, bound)) => equal(*bound)
            .iter()
            .map(|test| space.test(path, test))
            .collect(),
        (Boundary::Beside, Test::Compare(comparison, bound)) => {
            let value = beside(*comparison, *bound, is_whole);
            equal(value)
                .iter()
                .map(|test| space.test(path, test))
                .collect()
        }
        (Boundary::Member | Boundary::Match, _) if is_positive => vec![own],
        (Boundary::Member, _) => vec![!own, !space.kind(path, ValueKind::Missing)],
        (Boundary::Stranger | Boundary::NearMiss, _) => {
            let mut literals: Vec<Literal> = ValueKind::ALL
                .into_iter()
                .filter(|kind| !kinds.contains(kind))
                .map(|kind| !space.kind(path, kind))
                .collect();
            literals.push(if is_positive { !own } else { own });
            literals
        }
        (Boundary::Missing, _) => vec![space.kind(path, ValueKind::Missing)],
        (Boundary::Null, _) => vec![space.kind(path, ValueKind::Null)],
        (Boundary::OtherType, _) => kinds
            .into_iter()
            .chain([ValueKind::Missing, ValueKind::Null])
            .map(|kind| !space.kind(path, kind))
            .collect(),
        (Boundary::At | Boundary::Beside | Boundary::Match, _) => vec![own],
    }
}
