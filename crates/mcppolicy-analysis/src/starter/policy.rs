//! The text of a first policy.

use std::fmt::Write as _;

use super::{Decided, Treatment, rates};
use mcppolicy_engine::value::Value;

const MONEY: &str = "This tool moves money and is blocked by policy";
const CODE: &str = "This tool runs code of the caller's and is blocked by policy";

pub(super) fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// The policy for tools that are sorted by name.
pub(super) fn text(tools: &[Decided]) -> String {
    let mut out = String::from("{\n  \"version\": \"1\",\n  \"default\": \"deny\"");
    let is_hidden = |tool: &&Decided| tool.treatment == Treatment::Hidden;
    let hidden = tools.iter().filter(is_hidden);
    let hidden: Vec<String> = hidden
        .map(|tool| format!("    {}", quoted(&tool.name)))
        .collect();
    if !hidden.is_empty() {
        let _ = write!(out, ",\n  \"hide\": [\n{}\n  ]", hidden.join(",\n"));
    }
    let listed = tools.iter().filter(|tool| !is_hidden(tool));
    let listed: Vec<String> = listed
        .map(|tool| format!("    {}: {}", quoted(&tool.name), rules(tool)))
        .collect();
    if !listed.is_empty() {
        let _ = write!(out, ",\n  \"tools\": {{\n{}\n  }}", listed.join(",\n"));
    }
    out.push_str("\n}\n");
    out
}

fn rules(tool: &Decided) -> String {
    match tool.treatment {
        Treatment::BlockedMoney => blocked(MONEY),
        Treatment::BlockedCode => blocked(CODE),
        Treatment::Allowed | Treatment::Hidden => limited(tool),
    }
}

fn blocked(message: &str) -> String {
    format!(
        "{{\n      \"deny_if\": [\n        {{ \"conditions\": [], \"on_deny\": {} }}\n      ]\n    }}",
        quoted(message)
    )
}

fn limited(tool: &Decided) -> String {
    let limits: Vec<String> = rates(tool.category)
        .iter()
        .map(|(suffix, window, max)| {
            let counter = quoted(&format!("{}_{suffix}", tool.name));
            let on_deny = quoted(&format!("At most {max} calls per {window}, try again later"));
            format!(
                "        {{\n          \"counter\": {counter},\n          \"window\": \"{window}\",\n          \"max\": {max},\n          \"scope\": \"grant\",\n          \"on_deny\": {on_deny}\n        }}"
            )
        })
        .collect();
    format!(
        "{{\n      \"limits\": [\n{}\n      ]\n    }}",
        limits.join(",\n")
    )
}
