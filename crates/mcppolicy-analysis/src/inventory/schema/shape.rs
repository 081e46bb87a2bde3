//! Sets of JSON values as a schema bounds them: by type, by listing, by range.
//! A shape may be larger than what the schema admits, never smaller.

use mcppolicy_engine::document::{Node, NodeKind};
use mcppolicy_engine::value::Value;

/// The types of JSON as schemas name them; whole numbers are their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JsonType {
    /// `null`
    Null = 1,
    /// `true` or `false`
    Boolean = 2,
    /// A number without a fraction.
    Integer = 4,
    /// A number with one.
    Fraction = 8,
    /// A string.
    String = 16,
    /// An array.
    Array = 32,
    /// An object.
    Object = 64,
}

/// A set of types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Types(u8);

impl Types {
    /// Every type.
    pub const ANY: Types = Types(127);
    /// No type at all.
    pub const NONE: Types = Types(0);

    /// Whether `wanted` is among them.
    pub const fn has(self, wanted: JsonType) -> bool {
        self.0 & wanted as u8 != 0
    }

    /// Whether a number of some kind is.
    pub const fn has_number(self) -> bool {
        self.has(JsonType::Integer) || self.has(JsonType::Fraction)
    }

    /// Whether the value can be nothing but an object.
    pub(super) fn is_only_object(self) -> bool {
        self == Types(JsonType::Object as u8)
    }

    /// The types' names in a schema's words, for a message: `string`, `null`.
    pub fn names(self) -> Vec<&'static str> {
        let number = match (self.has(JsonType::Integer), self.has(JsonType::Fraction)) {
            (_, true) => Some("number"),
            (true, false) => Some("integer"),
            (false, false) => None,
        };
        let named = |kind, name| self.has(kind).then_some(name);
        [
            named(JsonType::String, "string"),
            number,
            named(JsonType::Boolean, "boolean"),
            named(JsonType::Array, "array"),
            named(JsonType::Object, "object"),
            named(JsonType::Null, "null"),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn of_name(name: &str) -> Types {
        let bits = match name {
            "null" => JsonType::Null as u8,
            "boolean" => JsonType::Boolean as u8,
            "integer" => JsonType::Integer as u8,
            "number" => JsonType::Integer as u8 | JsonType::Fraction as u8,
            "string" => JsonType::String as u8,
            "array" => JsonType::Array as u8,
            "object" => JsonType::Object as u8,
            // A type that JSON does not have forbids nothing that is known.
            _ => Types::ANY.0,
        };
        Types(bits)
    }

    fn of(value: &Value) -> JsonType {
        match value {
            Value::Null => JsonType::Null,
            Value::Bool(_) => JsonType::Boolean,
            Value::Number(n) if n.fract() == 0.0 => JsonType::Integer,
            Value::Number(_) => JsonType::Fraction,
            Value::String(_) => JsonType::String,
            Value::Array(_) => JsonType::Array,
            Value::Object(_) => JsonType::Object,
        }
    }
}

/// An end of a range.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bound {
    /// The number there.
    pub value: f64,
    /// Whether the number itself is within.
    pub inclusive: bool,
}

/// The values that an argument may have.
#[derive(Debug, Clone, PartialEq)]
pub struct Shape {
    /// Their types.
    pub types: Types,
    /// The values themselves, when a schema lists them (`enum`, `const`).
    pub values: Option<Vec<Value>>,
    /// What its numbers are not below.
    pub least: Option<Bound>,
    /// What its numbers are not above.
    pub greatest: Option<Bound>,
    /// The fewest characters of its strings.
    pub shortest: Option<u64>,
    /// The most characters of its strings.
    pub longest: Option<u64>,
}

impl Shape {
    /// Every value.
    pub const fn any() -> Shape {
        Shape {
            types: Types::ANY,
            values: None,
            least: None,
            greatest: None,
            shortest: None,
            longest: None,
        }
    }

    /// No value.
    pub fn none() -> Shape {
        Shape {
            types: Types::NONE,
            ..Shape::any()
        }
    }

    /// Whether `value` may be among them. *No* is certain, *yes* is not.
    pub fn may_be(&self, value: &Value) -> bool {
        let listed = |values: &Vec<Value>| values.contains(value);
        if !self.types.has(Types::of(value)) || !self.values.as_ref().is_none_or(listed) {
            return false;
        }
        match value {
            Value::Number(n) => self.may_be_number(*n),
            Value::String(text) => {
                let length = text.chars().count() as u64;
                self.shortest.is_none_or(|least| length >= least)
                    && self.longest.is_none_or(|most| length <= most)
            }
            _ => true,
        }
    }

    fn may_be_number(&self, n: f64) -> bool {
        let above = |bound: Bound| n > bound.value || (bound.inclusive && n == bound.value);
        let below = |bound: Bound| n < bound.value || (bound.inclusive && n == bound.value);
        self.least.is_none_or(above) && self.greatest.is_none_or(below)
    }

    /// The values in both.
    pub(super) fn and(self, other: Shape) -> Shape {
        let values = match (self.values, other.values) {
            (Some(mut mine), Some(theirs)) => {
                mine.retain(|value| theirs.contains(value));
                Some(mine)
            }
            (mine, theirs) => mine.or(theirs),
        };
        Shape {
            types: Types(self.types.0 & other.types.0),
            values,
            least: tighter(self.least, other.least, |a, b| a.value > b.value),
            greatest: tighter(self.greatest, other.greatest, |a, b| a.value < b.value),
            shortest: self.shortest.max(other.shortest),
            longest: match (self.longest, other.longest) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            },
        }
    }

    /// The values in either, and perhaps more.
    pub(super) fn or(self, other: Shape) -> Shape {
        // A side without numbers (or strings) bounds none of the other's.
        let (numbers, others_numbers) = (self.types.has_number(), other.types.has_number());
        let (strings, others_strings) = (
            self.types.has(JsonType::String),
            other.types.has(JsonType::String),
        );
        let values = match (self.values, other.values) {
            (Some(mut mine), Some(theirs)) => {
                let new: Vec<Value> = theirs.into_iter().filter(|v| !mine.contains(v)).collect();
                mine.extend(new);
                Some(mine)
            }
            (Some(mine), None) if other.types == Types::NONE => Some(mine),
            (None, Some(theirs)) if self.types == Types::NONE => Some(theirs),
            _ => None,
        };
        Shape {
            types: Types(self.types.0 | other.types.0),
            values,
            least: looser(self.least, other.least, numbers, others_numbers, |a, b| {
                a.value < b.value || (a.value == b.value && a.inclusive)
            }),
            greatest: looser(
                self.greatest,
                other.greatest,
                numbers,
                others_numbers,
                |a, b| a.value > b.value || (a.value == b.value && a.inclusive),
            ),
            shortest: looser(
                self.shortest,
                other.shortest,
                strings,
                others_strings,
                |a, b| a < b,
            ),
            longest: looser(
                self.longest,
                other.longest,
                strings,
                others_strings,
                |a, b| a > b,
            ),
        }
    }
}

/// The bound of an intersection.
fn tighter(a: Option<Bound>, b: Option<Bound>, beyond: fn(Bound, Bound) -> bool) -> Option<Bound> {
    match (a, b) {
        (Some(a), Some(b)) if beyond(a, b) || (a.value == b.value && !a.inclusive) => Some(a),
        (Some(_), Some(b)) => Some(b),
        (a, b) => a.or(b),
    }
}

/// The bound of a union of two sides, which have values to bound or not.
fn looser<T: Copy>(
    a: Option<T>,
    b: Option<T>,
    a_matters: bool,
    b_matters: bool,
    first_is_looser: fn(T, T) -> bool,
) -> Option<T> {
    match (a_matters, b_matters) {
        (true, false) => a,
        (false, true) => b,
        _ => match (a, b) {
            (Some(a), Some(b)) if first_is_looser(a, b) => Some(a),
            (Some(_), Some(b)) => Some(b),
            _ => None,
        },
    }
}

/// What a schema's own keywords say of the value itself.
pub(super) fn own(schema: &Node) -> Shape {
    let mut shape = Shape {
        types: types(schema),
        values: values(schema),
        least: bound(schema, "minimum", "exclusiveMinimum"),
        greatest: bound(schema, "maximum", "exclusiveMaximum"),
        shortest: count(schema, "minLength"),
        longest: count(schema, "maxLength"),
    };
    if let Some(values) = &shape.values {
        let of_values = values
            .iter()
            .fold(0, |bits, value| bits | Types::of(value) as u8);
        shape.types = Types(shape.types.0 & of_values);
    }
    shape
}

fn types(schema: &Node) -> Types {
    let named = match schema.get("type") {
        Some(Node {
            kind: NodeKind::String(name),
            ..
        }) => Types::of_name(name),
        Some(list) if !list.items().is_empty() => list
            .items()
            .iter()
            .map(|name| name.as_str().map_or(Types::ANY, Types::of_name))
            .fold(Types::NONE, |all, one| Types(all.0 | one.0)),
        _ => Types::ANY,
    };
    // OpenAPI's way to say it, which generators leave in.
    let nullable = schema
        .get("nullable")
        .is_some_and(|flag| matches!(flag.kind, NodeKind::Bool(true)));
    if nullable {
        Types(named.0 | JsonType::Null as u8)
    } else {
        named
    }
}

fn values(schema: &Node) -> Option<Vec<Value>> {
    if let Some(value) = schema.get("const") {
        return Some(vec![value.to_value()]);
    }
    match &schema.get("enum")?.kind {
        NodeKind::Array(items) => Some(items.iter().map(Node::to_value).collect()),
        _ => None,
    }
}

fn number(schema: &Node, key: &str) -> Option<f64> {
    match schema.get(key)?.kind {
        NodeKind::Number(n) => Some(n),
        _ => None,
    }
}

/// One end of a number's range. Draft 4 writes `exclusiveMinimum: true` beside
/// `minimum`.
fn bound(schema: &Node, inclusive: &str, exclusive: &str) -> Option<Bound> {
    let flagged = schema
        .get(exclusive)
        .is_some_and(|flag| matches!(flag.kind, NodeKind::Bool(true)));
    let with = number(schema, inclusive).map(|value| Bound {
        value,
        inclusive: !flagged,
    });
    let without = number(schema, exclusive).map(|value| Bound {
        value,
        inclusive: false,
    });
    let is_least = inclusive == "minimum";
    if is_least {
        tighter(with, without, |a, b| a.value > b.value)
    } else {
        tighter(with, without, |a, b| a.value < b.value)
    }
}

fn count(schema: &Node, key: &str) -> Option<u64> {
    let n = number(schema, key)?;
    (n >= 0.0 && n.fract() == 0.0 && n < 1e15).then_some(n as u64)
}
