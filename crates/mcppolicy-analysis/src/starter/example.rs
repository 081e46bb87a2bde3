//! Arguments that a tool's schema admits: the required ones, filled in with values
//! that mean nothing. Where a schema asks for more than is read here, they are a
//! beginning to be edited.

use regex_syntax::hir::{Class, Hir, HirKind};

use crate::inventory::Tool;
use mcppolicy_engine::document::{Node, NodeKind};
use mcppolicy_engine::pattern::Pattern;
use mcppolicy_engine::value::Value;
use std::collections::BTreeMap;

/// How deep objects, arrays and references are followed.
const MOST_NESTED: u32 = 12;
/// How many values one call may hold.
const MOST_VALUES: u32 = 500;
/// The longest text that is made to reach a least length.
const LONGEST: usize = 4_000;

/// Arguments for a call of `tool`.
pub(super) fn arguments(tool: &Tool) -> Value {
    let Some(root) = &tool.input_schema else {
        return Value::empty_object();
    };
    let mut filling = Filling {
        root,
        left: MOST_VALUES,
    };
    match filling.value(root, 0) {
        Value::Object(members) => Value::Object(members),
        _ => Value::empty_object(),
    }
}

struct Filling<'a> {
    root: &'a Node,
    left: u32,
}

impl<'a> Filling<'a> {
    fn value(&mut self, schema: &'a Node, depth: u32) -> Value {
        if self.left == 0 {
            return Value::Null;
        }
        self.left -= 1;
        if let Some(chosen) = given(schema).or_else(|| scalar(schema)) {
            return chosen;
        }
        if depth > MOST_NESTED {
            return Value::Null;
        }
        let referred = schema.get("$ref").and_then(Node::as_str);
        if let Some(to) = referred.and_then(|to| self.root.at(to.strip_prefix('#')?)) {
            return self.value(to, depth + 1);
        }
        for key in ["oneOf", "anyOf"] {
            let branches = schema.get(key).map(Node::items).unwrap_or_default();
            let Some(branch) = branches.iter().find(|branch| !is_null(branch)) else {
                continue;
            };
            let chosen = self.value(branch, depth + 1);
            return match chosen {
                // The branch says what is required besides.
                Value::Object(more) => self.object(schema, depth, more),
                other => other,
            };
        }
        match type_of(schema) {
            Some("array") => self.array(schema, depth),
            Some("object") => self.object(schema, depth, BTreeMap::new()),
            _ if schema.get("properties").is_some() || schema.get("allOf").is_some() => {
                self.object(schema, depth, BTreeMap::new())
            }
            _ if schema.get("items").is_some() => self.array(schema, depth),
            _ => Value::from("example"),
        }
    }

    fn object(
        &mut self,
        schema: &'a Node,
        depth: u32,
        mut members: BTreeMap<String, Value>,
    ) -> Value {
        for part in schema.get("allOf").map(Node::items).unwrap_or_default() {
            match self.value(part, depth + 1) {
                Value::Object(more) => members.extend(more),
                // Of several parts of a text or a number, the first decides.
                other if type_of(schema) != Some("object") && members.is_empty() => return other,
                _ => {}
            }
        }
        let required = schema.get("required").map(Node::items).unwrap_or_default();
        let required = required.iter().filter_map(Node::as_str);
        let properties = schema.get("properties").map(Node::members);
        // Draft 3's flag is still used in schemas written by hand.
        let flagged = properties.unwrap_or_default().iter().filter(|member| {
            let flag = member.value.get("required");
            flag.is_some_and(|flag| matches!(flag.kind, NodeKind::Bool(true)))
        });
        let flagged = flagged.map(|member| member.key.as_str());
        for name in required.chain(flagged).collect::<Vec<_>>() {
            if members.contains_key(name) {
                continue;
            }
            let property = schema.get("properties").and_then(|all| all.get(name));
            let value = match property {
                Some(property) => self.value(property, depth + 1),
                None => Value::from("example"),
            };
            members.insert(name.to_owned(), value);
        }
        Value::Object(members)
    }

    fn array(&mut self, schema: &'a Node, depth: u32) -> Value {
        let bound = |key: &str| schema.get(key).and_then(Node::as_number);
        let most = bound("maxItems").unwrap_or(f64::INFINITY);
        let least = bound("minItems").unwrap_or(0.0).max(1.0).min(most);
        let first = schema.get("prefixItems").map(Node::items);
        let tuple = first.filter(|items| !items.is_empty());
        if let Some(items) = tuple
            .or(schema.get("items").map(Node::items))
            .filter(|i| !i.is_empty())
        {
            return Value::Array(
                items
                    .iter()
                    .map(|item| self.value(item, depth + 1))
                    .collect(),
            );
        }
        let items = schema.get("items");
        let mut values: Vec<Value> = Vec::new();
        // A list of the elements that there are keeps them apart.
        let choices = items.and_then(|items| items.get("enum")).map(Node::items);
        while (values.len() as f64) < least && self.left > 0 {
            let choice = choices.and_then(|choices| choices.get(values.len()));
            let value = match (choice, items) {
                (Some(choice), _) => choice.to_value(),
                (None, Some(items)) => numbered(self.value(items, depth + 1), values.len()),
                (None, None) => numbered(Value::from("example"), values.len()),
            };
            values.push(value);
        }
        Value::Array(values)
    }
}

/// The value of which a schema says that it will do.
fn given(schema: &Node) -> Option<Value> {
    if let Some(only) = schema.get("const") {
        return Some(only.to_value());
    }
    if let Some(choices) = schema.get("enum").map(Node::items) {
        let mut choices = choices.iter();
        let first = choices.clone().next();
        return choices
            .find(|choice| !choice.is_null())
            .or(first)
            .map(Node::to_value);
    }
    let examples = schema.get("examples").map(Node::items);
    let example = examples.and_then(<[Node]>::first);
    let default = schema.get("default").filter(|default| !default.is_null());
    let chosen = default.or(example)?.to_value();
    let fits = match type_of(schema) {
        Some("integer") => matches!(chosen, Value::Number(n) if n.fract() == 0.0),
        Some("array") => matches!(&chosen, Value::Array(items) if !items.is_empty()),
        // An object's default need not have what is required.
        Some("object") | None => false,
        Some(kind) => chosen.type_name() == kind,
    };
    fits.then_some(chosen)
}

/// A value of a type that holds no others.
fn scalar(schema: &Node) -> Option<Value> {
    let is_split = ["$ref", "oneOf", "anyOf"]
        .iter()
        .any(|key| schema.get(key).is_some());
    match type_of(schema).filter(|_| !is_split)? {
        "string" => Some(Value::String(text(schema))),
        "integer" => Some(Value::Number(number(schema, true))),
        "number" => Some(Value::Number(number(schema, false))),
        "boolean" => Some(Value::Bool(false)),
        "null" => Some(Value::Null),
        _ => None,
    }
}

/// The first type of a schema that is not null.
fn type_of(schema: &Node) -> Option<&str> {
    let types = schema.get("type")?;
    if let Some(only) = types.as_str() {
        return Some(only);
    }
    let mut names = types.items().iter().filter_map(Node::as_str);
    names.clone().find(|name| *name != "null").or(names.next())
}

fn is_null(schema: &Node) -> bool {
    type_of(schema) == Some("null")
}

/// Equal elements told apart, as far as that is easy.
fn numbered(value: Value, at: usize) -> Value {
    match value {
        Value::String(text) if at > 0 && text == "example" => {
            Value::String(format!("{text}-{}", at + 1))
        }
        Value::Number(number) => Value::Number(number + at as f64),
        other => other,
    }
}

fn number(schema: &Node, whole: bool) -> f64 {
    let bound = |key: &str| schema.get(key).and_then(Node::as_number);
    let step = if whole { 1.0 } else { 0.5 };
    // Draft 4 has flags where later drafts have numbers.
    let least = bound("minimum").max_of(bound("exclusiveMinimum").map(|n| n + step));
    let most = bound("maximum").min_of(bound("exclusiveMaximum").map(|n| n - step));
    let mut value = 1.0_f64;
    if let Some(least) = least {
        value = value.max(if whole { least.ceil() } else { least });
    }
    if let Some(most) = most {
        value = value.min(if whole { most.floor() } else { most });
    }
    match bound("multipleOf").filter(|of| *of > 0.0) {
        Some(of) if whole || (value / of).fract() != 0.0 => (value / of).ceil() * of,
        _ => value,
    }
}

trait Ends {
    fn max_of(self, other: Option<f64>) -> Option<f64>;
    fn min_of(self, other: Option<f64>) -> Option<f64>;
}

impl Ends for Option<f64> {
    fn max_of(self, other: Option<f64>) -> Option<f64> {
        match (self, other) {
            (Some(a), Some(b)) => Some(a.max(b)),
            (a, b) => a.or(b),
        }
    }

    fn min_of(self, other: Option<f64>) -> Option<f64> {
        match (self, other) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }
}

fn text(schema: &Node) -> String {
    let bound = |key: &str| {
        let length = schema.get(key).and_then(Node::as_number)?;
        Some(length.clamp(0.0, LONGEST as f64) as usize)
    };
    let pattern = schema.get("pattern").and_then(Node::as_str);
    let pattern = pattern.and_then(|pattern| Pattern::parse(pattern).ok());
    let least = bound("minLength").unwrap_or(0);
    if let Some(pattern) = pattern {
        let mut sample = String::new();
        shortest(pattern.hir(), least, &mut sample);
        if pattern.is_match(&sample) {
            return sample;
        }
    }
    let of_format = match schema
        .get("format")
        .and_then(Node::as_str)
        .unwrap_or_default()
    {
        "date" => "2026-01-05",
        "date-time" => "2026-01-05T09:00:00Z",
        "time" => "09:00:00Z",
        "duration" => "PT1H",
        "email" | "idn-email" => "someone@example.com",
        "hostname" | "idn-hostname" => "example.com",
        "ipv4" => "192.0.2.1",
        "ipv6" => "2001:db8::1",
        "uri" | "iri" | "url" => "https://example.com/",
        "uri-reference" | "iri-reference" => "/example",
        "uuid" => "00000000-0000-4000-8000-000000000000",
        "json-pointer" => "/example",
        _ => "example",
    };
    let mut text = of_format.to_owned();
    let length = text.chars().count();
    if length < least {
        text.extend(std::iter::repeat_n('x', least - length));
    }
    match bound("maxLength") {
        Some(most) => text.chars().take(most).collect(),
        None => text,
    }
}

/// A short text that a pattern matches. What repeats is repeated towards `least`
/// characters.
fn shortest(pattern: &Hir, least: usize, out: &mut String) {
    match pattern.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => out.push_str(&String::from_utf8_lossy(&literal.0)),
        HirKind::Class(Class::Unicode(class)) => {
            let letters = class
                .ranges()
                .iter()
                .find(|range| range.end().is_ascii_alphanumeric());
            out.extend(letters.or(class.ranges().first()).map(|range| {
                if range.end().is_ascii_alphanumeric() {
                    range.end()
                } else {
                    range.start()
                }
            }));
        }
        HirKind::Class(Class::Bytes(class)) => {
            out.extend(
                class
                    .ranges()
                    .first()
                    .map(|range| char::from(range.start())),
            );
        }
        HirKind::Repetition(repeated) => {
            let most = repeated.max.map_or(LONGEST, |max| max as usize);
            let mut times = 0;
            while times < repeated.min as usize || (out.chars().count() < least && times < most) {
                let before = out.len();
                shortest(&repeated.sub, 0, out);
                times += 1;
                if out.len() == before || out.len() > LONGEST {
                    break;
                }
            }
        }
        HirKind::Capture(capture) => shortest(&capture.sub, least, out),
        HirKind::Concat(parts) => parts.iter().for_each(|part| shortest(part, least, out)),
        HirKind::Alternation(parts) => {
            if let Some(first) = parts.first() {
                shortest(first, least, out);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::Inventory;
    use mcppolicy_engine::source::SourceMap;

    #[track_caller]
    fn filled(properties: &str, required: &str, expected: &str) {
        let text = format!(
            r#"[{{"name":"t","inputSchema":{{"type":"object","properties":{{{properties}}},"required":[{required}]}}}}]"#
        );
        let mut map = SourceMap::new();
        let (_, inventory, _) = Inventory::read(&mut map, "tools.json", text.as_bytes());
        let inventory = inventory.unwrap();
        assert_eq!(arguments(&inventory.tools[0]).to_string(), expected);
    }

    #[test]
    fn required_arguments_get_values_of_their_types() {
        filled(
            r#""a":{"type":"string"},"b":{}"#,
            r#""a""#,
            r#"{"a":"example"}"#,
        );
        filled(
            r#""n":{"type":"integer","minimum":5}"#,
            r#""n""#,
            r#"{"n":5}"#,
        );
        filled(
            r#""n":{"type":"number","exclusiveMaximum":1}"#,
            r#""n""#,
            r#"{"n":0.5}"#,
        );
        filled(r#""e":{"enum":["x","y"]}"#, r#""e""#, r#"{"e":"x"}"#);
        filled(
            r#""l":{"type":"array","items":{"type":"string"},"minItems":2}"#,
            r#""l""#,
            r#"{"l":["example","example-2"]}"#,
        );
        filled(
            r#""o":{"type":"object","properties":{"in":{"type":"boolean"}},"required":["in"]}"#,
            r#""o""#,
            r#"{"o":{"in":false}}"#,
        );
        filled(
            r#""x":{"anyOf":[{"type":"null"},{"type":"string","format":"date"}]}"#,
            r#""x""#,
            r#"{"x":"2026-01-05"}"#,
        );
    }

    #[test]
    fn patterns_and_lengths_are_met() {
        filled(
            r#""p":{"type":"string","pattern":"^[A-Z]{3}-[0-9]+$"}"#,
            r#""p""#,
            r#"{"p":"ZZZ-9"}"#,
        );
        filled(
            r#""p":{"type":"string","minLength":9,"pattern":"^[a-z]+$"}"#,
            r#""p""#,
            r#"{"p":"zzzzzzzzz"}"#,
        );
        filled(
            r#""p":{"type":"string","minLength":9}"#,
            r#""p""#,
            r#"{"p":"examplexx"}"#,
        );
        filled(
            r#""p":{"type":"string","maxLength":2}"#,
            r#""p""#,
            r#"{"p":"ex"}"#,
        );
    }

    #[test]
    fn a_schema_in_a_circle_ends() {
        filled(
            r##""p":{"$ref":"#"},"q":{"type":"string"}"##,
            r#""q","p""#,
            &{
                let mut inner = "null".to_owned();
                for _ in 0..7 {
                    inner = format!(r#"{{"p":{inner},"q":"example"}}"#);
                }
                inner
            },
        );
    }
}
