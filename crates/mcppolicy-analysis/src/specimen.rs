//! Calls that a person would commit: arguments that the server's schema admits,
//! with what it requires filled in.

use std::collections::BTreeMap;

use crate::inventory::Tool;
use crate::inventory::schema::{JsonType, Required, Shape};
use crate::region::{Kind, Literal, Space};
use mcppolicy_engine::document::{Node, NodeKind};
use mcppolicy_engine::engine::Lookup;
use mcppolicy_engine::policy::{Comparison, Path, Test, ToolRules};
use mcppolicy_engine::value::Value;

/// What a person is asked to do with a written trace.
pub(crate) const NOTE: &str = "pins what the policy does today; read it before you commit it";

/// The paths that a tool's rules and limits look at, each once.
pub(crate) fn paths(rules: &ToolRules) -> Vec<Path> {
    let conditions = rules.require.iter().chain(&rules.deny_if);
    let conditions = conditions.flat_map(|rule| &rule.conditions);
    let amounts = rules.limits.iter();
    let amounts = amounts.filter_map(|limit| limit.increment_from.as_ref());
    let all = conditions.map(|condition| &condition.path.value);
    let mut paths: Vec<Path> = all
        .chain(amounts.map(|path| &path.value))
        .cloned()
        .collect();
    paths.sort();
    paths.dedup();
    paths
}

/// What the schema of `tool` says of the values at `paths`, as far as conditions
/// can say it.
pub(crate) fn admitted(tool: &Tool, paths: &[Path], space: &mut Space) -> Vec<Literal> {
    let schema = tool.arguments();
    let mut literals = Vec::new();
    for path in paths {
        let argument = schema.argument(path.segments());
        let shape = &argument.shape;
        let is_required = argument.required == Required::Always;
        for (kind, is_admitted) in kinds(shape, is_required) {
            if !is_admitted {
                literals.push(!space.kind(path, kind));
            }
        }
        if let Some(values) = &shape.values
            && is_required
        {
            literals.push(space.test(path, &Test::In(values.clone().into())));
        }
        let is_number_only = is_required && kinds(shape, true).iter().filter(|k| k.1).count() == 1;
        if is_number_only && shape.types.has_number() {
            for (bound, inclusive, strict) in [
                (shape.least, Comparison::Gte, Comparison::Gt),
                (shape.greatest, Comparison::Lte, Comparison::Lt),
            ] {
                if let Some(bound) = bound {
                    let comparison = if bound.inclusive { inclusive } else { strict };
                    literals.push(space.test(path, &Test::Compare(comparison, bound.value)));
                }
            }
        }
    }
    literals
}

fn kinds(shape: &Shape, is_required: bool) -> [(Kind, bool); 7] {
    let types = shape.types;
    [
        (Kind::Missing, !is_required),
        (Kind::Null, types.has(JsonType::Null)),
        (Kind::Boolean, types.has(JsonType::Boolean)),
        (Kind::Number, types.has_number()),
        (Kind::String, types.has(JsonType::String)),
        (Kind::Array, types.has(JsonType::Array)),
        (Kind::Object, types.has(JsonType::Object)),
    ]
}

/// Whether the schema may admit the values at `paths`; *no* is certain.
pub(crate) fn may_admit(tool: &Tool, paths: &[Path], arguments: &Value) -> bool {
    let schema = tool.arguments();
    paths.iter().all(|path| {
        let argument = schema.argument(path.segments());
        match arguments.at(path).to_value() {
            Some(value) => argument.shape.may_be(&value),
            None => argument.required != Required::Always,
        }
    })
}

/// The arguments with what the schema requires beside them. Nothing that is
/// there changes, and nothing is put at one of `paths`, which decide.
pub(crate) fn completed(arguments: Value, tool: &Tool, paths: &[Path]) -> Value {
    let Some(schema) = &tool.input_schema else {
        return arguments;
    };
    let decided: Vec<&[String]> = paths.iter().map(Path::segments).collect();
    match arguments {
        Value::Object(members) => Value::Object(filled(members, schema, &decided, 0)),
        other => other,
    }
}

/// How deep required members are filled in.
const DEEPEST: usize = 4;

fn filled(
    mut members: BTreeMap<String, Value>,
    schema: &Node,
    decided: &[&[String]],
    depth: usize,
) -> BTreeMap<String, Value> {
    let required = schema.get("required").map(Node::items).unwrap_or_default();
    for name in required.iter().filter_map(Node::as_str) {
        let below: Vec<&[String]> = decided
            .iter()
            .filter(|path| path.first().is_some_and(|first| first == name))
            .filter_map(|path| path.get(1..))
            .collect();
        let own = schema.get("properties").and_then(|all| all.get(name));
        match members.get(name) {
            Some(Value::Object(inner)) if depth < DEEPEST => {
                if let Some(own) = own {
                    let inner = filled(inner.clone(), own, &below, depth + 1);
                    members.insert(name.to_owned(), Value::Object(inner));
                }
            }
            Some(_) => {}
            None if below.is_empty() => {
                let value = own.map_or(Value::from("example"), |own| example(own, depth));
                members.insert(name.to_owned(), value);
            }
            None => {}
        }
    }
    members
}

/// A value that a schema admits, as far as its own keywords say.
fn example(schema: &Node, depth: usize) -> Value {
    let given = schema.get("examples").and_then(|all| all.items().first());
    if let Some(value) = given.or_else(|| schema.get("const")) {
        return value.to_value();
    }
    let listed = schema.get("enum").and_then(|all| all.items().first());
    if let Some(value) = listed.or_else(|| schema.get("default")) {
        return value.to_value();
    }
    for key in ["anyOf", "oneOf", "allOf"] {
        if let Some(first) = schema.get(key).and_then(|all| all.items().first()) {
            return example(first, depth + 1);
        }
    }
    let kind = schema.get("type");
    let kind = kind.and_then(|kind| {
        let listed = kind.items().iter().filter_map(Node::as_str);
        kind.as_str()
            .or_else(|| listed.into_iter().find(|kind| *kind != "null"))
    });
    let number = |key: &str| match schema.get(key).map(|node| &node.kind) {
        Some(NodeKind::Number(number)) => Some(*number),
        _ => None,
    };
    match kind {
        Some("integer" | "number") => {
            let least = number("minimum").or(number("exclusiveMinimum").map(|least| least + 1.0));
            let most = number("maximum").unwrap_or(f64::MAX);
            Value::Number(least.unwrap_or(1.0_f64.min(most)))
        }
        Some("boolean") => Value::Bool(false),
        Some("null") => Value::Null,
        Some("array") => {
            let least = number("minItems").unwrap_or(0.0).clamp(0.0, 8.0) as usize;
            let item = schema.get("items");
            let item = item.map_or(Value::from("example"), |item| example(item, depth + 1));
            Value::Array(vec![item; least])
        }
        Some("object") if depth < DEEPEST => {
            Value::Object(filled(BTreeMap::new(), schema, &[], depth + 1))
        }
        Some("object") => Value::empty_object(),
        _ => Value::String(text(schema)),
    }
}

/// A string of the length and the format that a schema names.
fn text(schema: &Node) -> String {
    let format = schema.get("format").and_then(Node::as_str);
    let text = match format {
        Some("date-time") => "2026-01-01T10:00:00Z",
        Some("date") => "2026-01-01",
        Some("uri" | "url") => "https://example.com/",
        Some("email") => "someone@example.com",
        Some("uuid") => "00000000-0000-4000-8000-000000000000",
        _ => "example",
    };
    let count = |key: &str| match schema.get(key).map(|node| &node.kind) {
        Some(NodeKind::Number(number)) if *number >= 0.0 => Some(*number as usize),
        _ => None,
    };
    let mut text = text.to_owned();
    while text.chars().count() < count("minLength").unwrap_or(0).min(1_000) {
        text.push('x');
    }
    match count("maxLength") {
        Some(most) => text.chars().take(most).collect(),
        None => text,
    }
}
