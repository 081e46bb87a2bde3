//! What a report may show of a recorded call: the argument values that the
//! decision looked at. The rest may be anyone's secret.
//! A log of a guard holds no more.

use std::collections::BTreeMap;

use mcppolicy_engine::policy::Path;
use mcppolicy_engine::value::Value;

/// What replaces a value that is withheld.
pub const WITHHELD: &str = "…";

/// `arguments` with every value that none of `paths` leads to, or into,
/// replaced by [`WITHHELD`]. Names of members are kept, except below a value
/// that is withheld whole.
pub fn redact(arguments: &Value, paths: &[Path]) -> Value {
    let paths: Vec<&[String]> = paths.iter().map(Path::segments).collect();
    keep(arguments, &paths)
}

fn keep(value: &Value, paths: &[&[String]]) -> Value {
    let Value::Object(members) = value else {
        // The arguments themselves, or a scalar on the way of a path: the
        // decision saw that it has no members, not what it is.
        return Value::from(WITHHELD);
    };
    let kept: BTreeMap<String, Value> = members
        .iter()
        .map(|(name, member)| (name.clone(), keep_member(name, member, paths)))
        .collect();
    Value::Object(kept)
}

fn keep_member(name: &str, member: &Value, paths: &[&[String]]) -> Value {
    let further: Vec<&[String]> = paths
        .iter()
        .filter_map(|path| match path.split_first() {
            Some((first, rest)) if first == name => Some(rest),
            _ => None,
        })
        .collect();
    if further.iter().any(|rest| rest.is_empty()) {
        return member.clone();
    }
    if further.is_empty() {
        return Value::from(WITHHELD);
    }
    keep(member, &further)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn redacted(arguments: serde_json::Value, paths: &[&str]) -> serde_json::Value {
        let paths: Vec<Path> = paths.iter().map(|p| Path::parse(p).unwrap()).collect();
        redact(&arguments.into(), &paths).to_json()
    }

    #[test]
    fn only_what_a_path_leads_to_is_shown() {
        let arguments = json!({
            "amount": 5, "token": "s3cret",
            "to": {"iban": "DE00", "name": {"first": "A"}}, "list": ["s3cret"]
        });
        assert_eq!(
            redacted(arguments, &["args.amount", "args.to.name", "args.missing"]),
            json!({
                "amount": 5, "token": "…",
                "to": {"iban": "…", "name": {"first": "A"}}, "list": "…"
            })
        );
    }

    #[test]
    fn a_scalar_on_the_way_of_a_path_is_withheld() {
        assert_eq!(
            redacted(
                json!({"to": "s3cret", "list": [1]}),
                &["args.to.name", "args.list.0"]
            ),
            json!({"to": "…", "list": "…"})
        );
    }

    #[test]
    fn without_a_path_no_value_is_shown() {
        assert_eq!(redacted(json!({"a": {"b": 1}}), &[]), json!({"a": "…"}));
    }
}
