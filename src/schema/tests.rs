use super::*;
use mcppolicy_engine::document::parse::parse;
use mcppolicy_engine::source::SourceMap;

#[test]
fn the_embedded_schema_compiles_and_is_valid() {
    assert!(VALIDATOR.is_some());
    let schema: serde_json::Value = serde_json::from_str(POLICY_SCHEMA).unwrap();
    assert!(jsonschema::meta::validate(&schema).is_ok());
    assert_eq!(schema["$id"], "urn:mcppolicy:policy:1");
}

/// Every schema that an editor may show: the root, the definitions, members,
/// items and the branches that depend on the operator.
fn shown<'a>(
    schema: &'a serde_json::Value,
    at: &str,
    out: &mut Vec<(String, &'a serde_json::Value)>,
) {
    for holder in ["properties", "$defs"] {
        for (name, inner) in schema[holder].as_object().into_iter().flatten() {
            out.push((format!("{at}/{holder}/{name}"), inner));
            shown(inner, &format!("{at}/{holder}/{name}"), out);
        }
    }
    for holder in ["items", "additionalProperties", "propertyNames"] {
        if schema[holder].is_object() {
            out.push((format!("{at}/{holder}"), &schema[holder]));
            shown(&schema[holder], &format!("{at}/{holder}"), out);
        }
    }
    for branch in schema["allOf"].as_array().into_iter().flatten() {
        shown(&branch["then"], &format!("{at}/then"), out);
    }
}

#[test]
fn every_member_has_a_title_and_a_description() {
    let schema: serde_json::Value = serde_json::from_str(POLICY_SCHEMA).unwrap();
    let mut all = vec![(String::new(), &schema)];
    shown(&schema, "", &mut all);
    assert!(all.len() > 40, "only {}", all.len());
    for (at, part) in all {
        // A bare reference shows what it refers to, which is in `$defs`.
        let is_reference = part["$ref"].is_string() && part.as_object().unwrap().len() == 1;
        assert!(
            is_reference || (part["title"].is_string() && part["description"].is_string()),
            "{at} has no title or description"
        );
        if part["properties"].is_object() {
            assert_eq!(part["additionalProperties"], false, "{at} is open");
        }
    }
}

#[test]
fn the_examples_of_the_schema_are_valid() {
    let schema: serde_json::Value = serde_json::from_str(POLICY_SCHEMA).unwrap();
    let mut all = vec![(String::new(), &schema)];
    shown(&schema, "", &mut all);
    for (at, part) in all {
        for example in part["examples"].as_array().into_iter().flatten() {
            let mut alone = part.clone();
            alone["$defs"] = schema["$defs"].clone();
            assert!(jsonschema::is_valid(&alone, example), "{at}: {example}");
        }
    }
}

fn document(text: &str) -> Document {
    let (_, document, _) = parse(&mut SourceMap::new(), "policy.json", text.as_bytes());
    document.unwrap()
}

const GOOD: &str = r#"{"version":"1","default":"deny","hide":["a"]}"#;
const BAD: &str = r#"{"version":"1","default":"deny","hide":"a","x":1,"tools":{"":{}}}"#;

#[test]
fn violations_are_found_at_values_and_at_keys() {
    assert_eq!(violations(&document(GOOD)), []);
    let mut found = violations(&document(BAD));
    found.sort();
    let found: Vec<(&str, &str)> = found
        .iter()
        .map(|violation| (violation.pointer.as_str(), violation.keyword.as_str()))
        .collect();
    assert_eq!(
        found,
        [
            ("/hide", "type"),
            ("/tools/", "propertyNames"),
            ("/x", "additionalProperties"),
        ]
    );
}

#[test]
fn the_validator_is_not_blamed_for_what_a_schema_cannot_say() {
    for text in [
        GOOD,
        r#"{"version":"1","default":"deny","tools":{"a":{"deny_if":[{"conditions":[{"path":"args.a","op":"regex","value":"("}]}]}}}"#,
        r#"{"version":"1","default":"deny","all_tools":{"limits":[{"counter":"c","window":"day","max":1e1,"scope":"grant"}]}}"#,
        r#"{"version":"1","default":"deny","all_tools":{"limits":[{"counter":"c","window":"day","max":1,"scope":"grant"},{"counter":"c","window":"day","max":1,"scope":"grant"}]}}"#,
        r#"{"version":"1","default":"deny","default":"deny"}"#,
    ] {
        let document = document(text);
        assert_eq!(
            Structure::of(&document, text),
            Structure::Accepted,
            "{text}"
        );
        assert_eq!(disagreement(&document, Structure::Accepted), None, "{text}");
    }
    assert_eq!(Structure::of(&document(BAD), BAD), Structure::Refused);
    assert_eq!(disagreement(&document(BAD), Structure::Refused), None);
}

#[test]
fn a_disagreement_is_an_error_of_the_rule_schema() {
    let too_lax = disagreement(&document(BAD), Structure::Accepted).unwrap();
    let too_strict = disagreement(&document(GOOD), Structure::Refused).unwrap();
    for finding in [&too_lax, &too_strict] {
        assert_eq!(
            (finding.rule, finding.severity),
            (RuleId::Schema, Severity::Error)
        );
        assert!(finding.message.contains("a bug of mcppolicy"));
        assert!(finding.help.as_ref().unwrap().contains("report it"));
    }
    assert_ne!(too_lax.pointer, "");
    assert_eq!(too_strict.pointer, "");
}
