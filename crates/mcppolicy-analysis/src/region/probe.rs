//! The questions of a region about one value, and the values that those
//! questions name. What is true of a value, the engine alone says.

use std::fmt;

use mcppolicy_engine::engine::ValueRef;
use mcppolicy_engine::policy::Test;
use mcppolicy_engine::value::Value;

/// What kind of value is at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Nothing.
    Missing,
    /// `null`.
    Null,
    /// `true` or `false`.
    Boolean,
    /// A number.
    Number,
    /// A string.
    String,
    /// An array.
    Array,
    /// An object.
    Object,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 7] = [
        Kind::Missing,
        Kind::Null,
        Kind::Boolean,
        Kind::Number,
        Kind::String,
        Kind::Array,
        Kind::Object,
    ];

    /// The kind of a value.
    pub fn of(value: ValueRef<'_>) -> Kind {
        match value {
            ValueRef::Missing => Kind::Missing,
            ValueRef::Null => Kind::Null,
            ValueRef::Bool(_) => Kind::Boolean,
            ValueRef::Number(_) => Kind::Number,
            ValueRef::String(_) => Kind::String,
            ValueRef::Array(_) => Kind::Array,
            ValueRef::Object(_) => Kind::Object,
        }
    }

    /// The kind in JSON's own words, and `missing`.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Missing => "missing",
            Kind::Null => "null",
            Kind::Boolean => "boolean",
            Kind::Number => "number",
            Kind::String => "string",
            Kind::Array => "array",
            Kind::Object => "object",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One question about the value at a path.
#[derive(Debug, Clone)]
pub(super) enum Probe {
    /// A condition's operator and operand.
    Test(Test),
    /// Whether it is of this kind.
    Kind(Kind),
}

impl Probe {
    pub(super) fn holds(&self, slot: ValueRef<'_>) -> bool {
        match self {
            Probe::Test(test) => test.holds(slot),
            Probe::Kind(kind) => Kind::of(slot) == *kind,
        }
    }

    /// What it costs to recognise the question, in conditions looked at.
    pub(super) fn weight(&self) -> u64 {
        let operands = match self {
            Probe::Test(Test::In(values) | Test::NotIn(values)) => values.len(),
            Probe::Test(_) | Probe::Kind(_) => 0,
        };
        1 + operands as u64
    }

    /// Equal keys mean equal questions.
    pub(super) fn key(&self) -> (&'static str, String) {
        match self {
            Probe::Test(test) => (test.operator(), test.operand().to_string()),
            Probe::Kind(kind) => ("kind", kind.name().to_owned()),
        }
    }

    /// The values that a value is compared with as a whole.
    pub(super) fn compared(&self) -> &[Value] {
        match self {
            Probe::Test(Test::Eq(value) | Test::Neq(value)) => std::slice::from_ref(value),
            Probe::Test(Test::In(values) | Test::NotIn(values)) => values,
            _ => &[],
        }
    }

    /// The value that an element of an array, or a part of a string, is
    /// compared with.
    pub(super) fn part(&self) -> Option<&Value> {
        match self {
            Probe::Test(Test::Contains(value)) => Some(value),
            _ => None,
        }
    }

    /// The bound of an ordering.
    pub(super) fn bound(&self) -> Option<f64> {
        match self {
            Probe::Test(Test::Compare(_, bound)) => Some(*bound),
            _ => None,
        }
    }
}
