//! Reading inventories: the shapes, the places, and everything that is wrong.

use super::schema::{JsonType, Presence, Required};
use super::*;
use crate::finding::Finding;
use crate::finding::Severity;
use crate::inventory::drift::{Change, Side, drift};
use mcppolicy_engine::source::{FileId, SourceMap, Span};
use mcppolicy_engine::value::Value;

struct Read {
    map: SourceMap,
    file: FileId,
    inventory: Option<Inventory>,
    findings: Vec<Finding>,
}

impl Read {
    fn names(&self) -> Vec<&str> {
        let tools = self.inventory.iter().flat_map(|all| &all.tools);
        tools.map(|tool| tool.name.as_str()).collect()
    }

    fn spelling(&self, span: Span) -> &str {
        self.map.get(self.file).slice(span)
    }

    /// Each finding as its severity, its pointer and the text that it marks.
    fn marks(&self) -> Vec<(Severity, &str, &str)> {
        self.findings
            .iter()
            .map(|f| {
                (
                    f.severity,
                    f.pointer.as_str(),
                    self.spelling(f.location.span),
                )
            })
            .collect()
    }
}

fn read(text: &str) -> Read {
    let mut map = SourceMap::new();
    let (file, inventory, findings) = Inventory::read(&mut map, "tools.json", text.as_bytes());
    Read {
        map,
        file,
        inventory,
        findings,
    }
}

fn inventory(text: &str) -> Inventory {
    let read = read(text);
    assert_eq!(read.findings, []);
    read.inventory.unwrap()
}

/// The inventory of one tool with this schema.
fn with_schema(schema: &str) -> Inventory {
    inventory(&format!(r#"[{{"name":"t","inputSchema":{schema}}}]"#))
}

#[test]
fn every_shape_gives_the_same_tools() {
    for text in [
        r#"{"tools":[{"name":"a"},{"name":"b"}]}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"a"},{"name":"b"}]}}"#,
        r#"[{"name":"a"},{"name":"b"}]"#,
        r#"[{"tools":[{"name":"a"}],"nextCursor":"2"},{"tools":[{"name":"b"}]}]"#,
        r#"[{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-06-18"}},
            {"jsonrpc":"2.0","id":2,"result":{"tools":[{"name":"a"}],"nextCursor":"2"}},
            {"jsonrpc":"2.0","id":3,"result":{"tools":[{"name":"b"}],"nextCursor":null}}]"#,
        "{\"tools\":[{\"name\":\"a\"}],\"nextCursor\":\"2\"}\n\n{\"tools\":[{\"name\":\"b\"}]}\n",
    ] {
        let read = read(text);
        assert_eq!(read.findings, [], "{text}");
        assert_eq!(read.names(), ["a", "b"], "{text}");
    }
}

#[test]
fn places_are_right_on_the_second_line() {
    let read =
        read("{\"tools\":[]}\n{\"result\":{\"tools\":[{\"name\":\"b\",\"description\":\"d\"}]}}");
    let inventory = read.inventory.as_ref().unwrap();
    let tool = inventory.get("b").unwrap();
    assert_eq!(tool.pointer, "/1/result/tools/0");
    assert_eq!(read.spelling(tool.name_span), "\"b\"");
    assert_eq!(
        read.spelling(tool.description.as_ref().unwrap().span),
        "\"d\""
    );
}

#[test]
fn what_real_servers_write_is_no_problem() {
    let read = read(
        r#"{"_meta":{},"tools":[{"name":"a","description":null,"title":null,"annotations":null,
        "icons":[],"execution":{"taskSupport":"forbidden"},"category":"files","outputSchema":null,
        "inputSchema":{"type":"object","properties":{"n":{"maximum":9223372036854775807}}}},
        {"name":"b"},{"name":"b"}],"nextCursor":""}"#,
    );
    assert_eq!(read.findings, []);
    assert_eq!(read.names(), ["a", "b"]);
}

#[test]
fn all_problems_are_reported_where_they_are() {
    let read = read(
        r#"{"tools":[{"title":1},{"name":""},{"name":7},"x",
        {"name":"a","inputSchema":[],"annotations":{"readOnlyHint":"yes"}},
        {"name":"a","inputSchema":{}}]}"#,
    );
    let error = Severity::Error;
    assert_eq!(
        read.marks(),
        [
            (error, "/tools/0/title", "1"),
            (error, "/tools/0", r#"{"title":1}"#),
            (error, "/tools/1/name", "\"\""),
            (error, "/tools/2/name", "7"),
            (error, "/tools/3", "\"x\""),
            (error, "/tools/4/annotations/readOnlyHint", "\"yes\""),
            (error, "/tools/4/inputSchema", "[]"),
            (error, "/tools/5/name", "\"a\""),
        ]
    );
    assert_eq!(read.names(), ["a"]);
}

#[test]
fn a_missing_page_and_a_mistyped_category_are_warnings() {
    let read = read(r#"{"tools":[{"name":"a","category":"Exceute"}],"nextCursor":"2"}"#);
    let warning = Severity::Warning;
    assert_eq!(
        read.marks(),
        [
            (warning, "/tools/0/category", "\"Exceute\""),
            (warning, "", "\"2\""),
        ]
    );
}

#[test]
fn repeated_keys_are_warned_of_and_the_last_one_counts() {
    let read = read("{\"tools\":[]}\n{\"tools\":[{\"name\":\"a\",\"name\":\"b\"}]}");
    assert_eq!(read.names(), ["b"]);
    assert_eq!(
        read.marks(),
        [(Severity::Warning, "/1/tools/0/name", "\"name\"")]
    );
}

#[test]
fn what_is_no_inventory_is_said_to_be_none() {
    for text in [
        "7",
        "\"tools\"",
        "{}",
        r#"{"result":{}}"#,
        r#"{"tools":{}}"#,
    ] {
        let read = read(text);
        assert_eq!(read.findings.len(), 1, "{text}");
        assert_eq!(read.findings[0].severity, Severity::Error, "{text}");
    }
    let refused = read(r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no tools"}}"#);
    assert!(refused.findings[0].message.contains("no tools"));
    let broken = read("{\"tools\":[");
    assert!(broken.inventory.is_none());
    assert_eq!(broken.findings[0].rule.name(), "syntax");
}

#[test]
fn a_schema_answers_what_it_has_and_what_it_admits() {
    use Presence::{Declared, Refused, Undeclared, Unsaid};
    let closed =
        r#"{"type":"object","properties":{"a":{"type":"string"}},"additionalProperties":false}"#;
    let open = r#"{"type":"object","properties":{"a":{"type":"object"},"m":{"additionalProperties":{"type":"integer"}}}}"#;
    let either = r#"{"anyOf":[{"properties":{"a":{}}},{"properties":{"b":{}}}]}"#;
    let referring = r##"{"$ref":"#/$defs/x","$defs":{"x":{"properties":{"a":{"$ref":"#/definitions/y"}},"additionalProperties":false}},"definitions":{"y":{"properties":{"b":{"const":1}}}}}"##;
    let nowhere = r##"{"properties":{"a":{"$ref":"https://example.com/x"}}}"##;
    for (schema, path, presence) in [
        (closed, "a", Declared),
        (closed, "b", Refused),
        (closed, "a.x", Refused),
        (open, "b", Undeclared),
        (open, "a.x", Unsaid),
        (open, "m.x", Unsaid),
        (open, "m.x.y", Refused),
        (either, "a", Declared),
        (either, "c", Undeclared),
        (referring, "a.b", Declared),
        (referring, "b", Refused),
        (nowhere, "a.x", Unsaid),
        ("{}", "a", Unsaid),
        (r#"{"type":"object","properties":{}}"#, "a", Undeclared),
    ] {
        let all = with_schema(schema);
        let path: Vec<&str> = path.split('.').collect();
        let found = all.tools[0].arguments().argument(&path);
        assert_eq!(found.presence, presence, "{schema} {path:?}");
    }
    let none = inventory(r#"[{"name":"t"}]"#);
    let found = none.tools[0].arguments().argument(&["a"]);
    assert_eq!((found.presence, found.required), (Unsaid, Required::Unsaid));
}

#[test]
fn required_counts_only_where_every_object_on_the_way_is() {
    let all = with_schema(
        r#"{"type":"object","required":["a","f"],"properties":{"a":{"required":["x"],"type":"object"},
        "b":{"required":["x"]},"f":{"required":["x"]}},"allOf":[{"required":["c"]}],
        "anyOf":[{"required":["d","e"]},{"required":["e"]}]}"#,
    );
    let required = |path: &[&str]| all.tools[0].arguments().argument(path).required;
    assert_eq!(required(&["a"]), Required::Always);
    assert_eq!(required(&["a", "x"]), Required::Always);
    assert_eq!(required(&["b", "x"]), Required::Optional);
    assert_eq!(required(&["f", "x"]), Required::Optional);
    assert_eq!(required(&["c"]), Required::Always);
    assert_eq!(required(&["d"]), Required::Optional);
    assert_eq!(required(&["e"]), Required::Always);
}

#[test]
fn the_values_of_an_argument_are_bounded_by_what_the_schema_says() {
    let all = with_schema(
        r#"{"properties":{
        "n":{"anyOf":[{"type":"integer","minimum":1,"exclusiveMaximum":9},{"type":"null"}]},
        "s":{"enum":["a","b"]},
        "l":{"type":"string","maxLength":3},
        "both":{"allOf":[{"minimum":1},{"minimum":5}],"type":"number"},
        "any":{"description":"free"}}}"#,
    );
    let may_be = |name: &str, value: serde_json::Value| {
        let argument = all.tools[0].arguments().argument(&[name]);
        argument.shape.may_be(&Value::from(value))
    };
    assert!(may_be("n", 1.into()) && may_be("n", serde_json::Value::Null));
    assert!(!may_be("n", 9.into()) && !may_be("n", 1.5.into()) && !may_be("n", "1".into()));
    assert!(may_be("s", "a".into()) && !may_be("s", "c".into()) && !may_be("s", 1.into()));
    assert!(may_be("l", "äöü".into()) && !may_be("l", "abcd".into()));
    assert!(may_be("both", 5.into()) && !may_be("both", 4.into()));
    assert!(may_be("any", 5.into()) && may_be("any", "x".into()));
    let types = all.tools[0].arguments().argument(&["n"]).shape.types;
    assert_eq!(types.names(), ["integer", "null"]);
    assert!(!types.has(JsonType::String));
}

#[test]
fn circles_and_multiplying_alternatives_end_in_no_answer() {
    let circle = with_schema(
        r##"{"properties":{"a":{"$ref":"#/properties/b"},"b":{"$ref":"#/properties/a"}}}"##,
    );
    let arguments = circle.tools[0].arguments();
    assert!(arguments.argument(&["a"]).shape.types.has(JsonType::String));
    assert_eq!(arguments.names(), ["a", "b"]);
    let mut defs = String::new();
    for at in 0..50 {
        let next = at + 1;
        defs += &format!(
            r##""d{at}":{{"anyOf":[{{"$ref":"#/$defs/d{next}"}},{{"$ref":"#/$defs/d{next}"}}]}},"##
        );
    }
    let bomb = with_schema(&format!(
        r##"{{"$ref":"#/$defs/d0","$defs":{{{defs}"d50":{{"type":"string"}}}}}}"##
    ));
    let found = bomb.tools[0].arguments().argument(&["x"]);
    assert_eq!(found.presence, Presence::Unsaid);
}

#[test]
fn drift_names_what_was_added_removed_and_changed() {
    let old = inventory(
        r#"[{"name":"gone"},{"name":"same","inputSchema":{"required":["a","b"]}},
        {"name":"t","description":"Reads a file from disk.","annotations":{"readOnlyHint":true},
        "inputSchema":{"properties":{"p":{"type":"string","description":"a path"}}}}]"#,
    );
    let new = inventory(
        r#"[{"name":"t","description":"Reads a file from anywhere.",
        "inputSchema":{"properties":{"p":{"description":"any path","type":"string"},"q":{}}}},
        {"name":"same","inputSchema":{"required":["b","a"]}},{"name":"new"}]"#,
    );
    let found = drift(&old, &new);
    assert_eq!(found.added, ["new"]);
    assert_eq!(found.removed, ["gone"]);
    assert_eq!(found.changed.len(), 1);
    let changes = &found.changed[0].changes;
    let Change::Description(words) = &changes[0] else {
        panic!("{changes:?}");
    };
    let side = |side| -> String {
        let of = words.iter().filter(|run| run.side == side);
        of.map(|run| run.text.as_str()).collect()
    };
    assert_eq!(
        (side(Side::Old), side(Side::New)),
        ("disk.".into(), "anywhere.".into())
    );
    assert_eq!(
        changes[1],
        Change::Annotation {
            name: "readOnlyHint",
            old: Some(true),
            new: None
        }
    );
    let pointers: Vec<&str> = changes
        .iter()
        .filter_map(|change| match change {
            Change::Schema(place) => Some(place.pointer.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(
        pointers,
        [
            "/inputSchema/properties/p/description",
            "/inputSchema/properties/q"
        ]
    );
    assert!(drift(&old, &old).is_empty());
}
