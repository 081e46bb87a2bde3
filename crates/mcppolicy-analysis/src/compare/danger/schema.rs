//! What a tool's own schema says of its arguments, where an inventory is known.

use std::collections::BTreeMap;

use crate::compare::compiled::Pair;
use crate::inventory::schema::{InputSchema, JsonType, Presence, Required, Shape};
use crate::region::{Kind, Literal, Region, Space};
use mcppolicy_engine::policy::{Comparison, Path, Test};
use mcppolicy_engine::value::Value;

/// The values of one list that are tried.
const LISTED: usize = 8;

/// The arguments that a schema says something of, at most.
const NAMES: usize = 64;

/// The schema of a tool's arguments.
pub(super) struct Schema<'i> {
    schema: InputSchema<'i>,
    /// The arguments that it names, each with what it says of it.
    named: Vec<(Path, Required, Shape)>,
}

impl<'i> Schema<'i> {
    /// None where no inventory names the tool, or it has no schema.
    pub(super) fn of(pair: &Pair<'i, '_>, tool: &str) -> Option<Schema<'i>> {
        let tool = pair.known.inventory?.get(tool)?;
        tool.input_schema.as_ref()?;
        let schema = tool.arguments();
        let names = schema.names().into_iter().take(NAMES);
        let named = names
            .filter_map(|name| {
                // A member whose name has a dot is out of reach of conditions.
                let path = Path::parse(&format!("args.{name}")).ok()?;
                let argument = (path.segments().len() == 1).then(|| schema.argument(&[name]))?;
                Some((path, argument.required, argument.shape))
            })
            .collect();
        Some(Schema { schema, named })
    }

    /// The values that the schema lists for an argument.
    pub(super) fn values(&self, path: &Path) -> Vec<Value> {
        let shape = self.schema.argument(path.segments()).shape;
        let values = shape.values.unwrap_or_default();
        values.into_iter().take(LISTED).collect()
    }

    /// The part of a region that the schema admits, as far as types, lists and
    /// bounds of its arguments tell.
    pub(super) fn within(&self, space: &mut Space, region: &Region) -> Region {
        let mut within = region.clone();
        for (path, required, shape) in &self.named {
            let mut boxes: Vec<Vec<Literal>> = Vec::new();
            if *required != Required::Always {
                boxes.push(vec![space.kind(path, Kind::Missing)]);
            }
            if let Some(values) = &shape.values {
                let listed = Test::In(values.iter().cloned().collect());
                boxes.push(vec![space.test(path, &listed)]);
            } else {
                for (json, kind) in KINDS {
                    if !shape.types.has(json) {
                        continue;
                    }
                    let mut one = vec![space.kind(path, kind)];
                    if kind == Kind::Number {
                        one.extend(bounds(space, path, shape));
                    }
                    boxes.push(one);
                }
            }
            boxes.dedup();
            within.within_one(boxes);
        }
        within
    }

    /// The required arguments that are missing, each with a value that fits.
    pub(super) fn missing(&self, arguments: &Value) -> Vec<(Path, Value)> {
        let missing = self.named.iter().filter(|(path, required, _)| {
            let name = path.segments().first().map(String::as_str);
            *required == Required::Always && name.is_some_and(|name| arguments.get(name).is_none())
        });
        missing
            .filter_map(|(path, _, shape)| Some((path.clone(), sample(shape)?)))
            .collect()
    }

    /// Whether nothing in the schema speaks against the arguments.
    pub(super) fn admits(&self, arguments: &Value) -> bool {
        let Value::Object(members) = arguments else {
            return false;
        };
        let fits = |(name, value): (&String, &Value)| {
            let argument = self.schema.argument(&[name.as_str()]);
            argument.presence != Presence::Refused && argument.shape.may_be(value)
        };
        members.iter().all(fits) && self.missing(arguments).is_empty()
    }
}

const KINDS: [(JsonType, Kind); 7] = [
    (JsonType::String, Kind::String),
    (JsonType::Integer, Kind::Number),
    (JsonType::Fraction, Kind::Number),
    (JsonType::Boolean, Kind::Boolean),
    (JsonType::Array, Kind::Array),
    (JsonType::Object, Kind::Object),
    (JsonType::Null, Kind::Null),
];

fn bounds(space: &mut Space, path: &Path, shape: &Shape) -> Vec<Literal> {
    let least = shape.least.map(|bound| {
        let comparison = if bound.inclusive {
            Comparison::Gte
        } else {
            Comparison::Gt
        };
        Test::Compare(comparison, bound.value)
    });
    let greatest = shape.greatest.map(|bound| {
        let comparison = if bound.inclusive {
            Comparison::Lte
        } else {
            Comparison::Lt
        };
        Test::Compare(comparison, bound.value)
    });
    let tests = [least, greatest].into_iter().flatten();
    tests.map(|test| space.test(path, &test)).collect()
}

/// A value of a shape; none where the simple ones do not fit.
fn sample(shape: &Shape) -> Option<Value> {
    if let Some(values) = &shape.values {
        return values.first().cloned();
    }
    let least = shape.least.map(|bound| bound.value);
    let length = usize::try_from(shape.shortest.unwrap_or(0)).unwrap_or(0);
    let text = match length {
        0..=7 => "example".to_owned(),
        length => "x".repeat(length.min(1_000)),
    };
    let greatest = shape.greatest.map(|bound| bound.value);
    let numbers = [Some(1.0), least, least.map(|least| least + 1.0), greatest];
    let numbers = numbers.into_iter().flatten().map(Value::Number);
    let shorter = text
        .chars()
        .take(usize::try_from(shape.longest.unwrap_or(u64::MAX)).unwrap_or(usize::MAX));
    let candidates = std::iter::once(Value::String(shorter.collect()))
        .chain(numbers)
        .chain([
            Value::Bool(true),
            Value::Array(Vec::new()),
            Value::Object(BTreeMap::new()),
            Value::Null,
        ]);
    candidates.into_iter().find(|value| shape.may_be(value))
}
