//! A file that was given as a policy and is something else: one finding that says
//! what, instead of one for each thing that it lacks.

use mcppolicy_analysis::finding::{Finding, RuleId, Severity};
use mcppolicy_engine::document::{Node, NodeKind, parse};
use mcppolicy_engine::source::{FileId, Location, Span};

/// The finding about the text of `file`, which is no valid policy; none where it may be
/// meant as one.
pub(super) fn of(file: FileId, text: &str) -> Option<Finding> {
    let tree = parse::parse_text(text).ok().map(|(root, _)| root);
    let (rule, (what, help)) = match &tree {
        Some(root) => (RuleId::Schema, json(root)?),
        None => (RuleId::Syntax, other(text)?),
    };
    let first = text.lines().next().unwrap_or_default();
    let location = Location {
        file,
        span: Span::new(0, first.len()),
    };
    let message = format!("This is {what}, and no policy");
    Some(Finding::new(rule, Severity::Error, location, "", message).help(help))
}

/// What some JSON is, and what to do with it.
fn json(root: &Node) -> Option<(&'static str, &'static str)> {
    let has = |name: &str| root.get(name).is_some();
    let is_array = |name: &str| {
        let member = root.get(name).map(|member| &member.kind);
        matches!(member, Some(NodeKind::Array(_)))
    };
    let lists_tools = |node: &Node| {
        let first = node.items().first();
        first.is_some_and(|tool| tool.get("inputSchema").is_some() || tool.get("name").is_some())
    };
    if has("default") || has("hide") || has("all_tools") {
        return None;
    }
    let result = root.get("result").and_then(|result| result.get("tools"));
    if is_array("tools") || result.is_some() || lists_tools(root) {
        return Some((
            "an inventory of tools",
            "give it with --inventory, or as `inventory` of a [[policy]] in mcppolicy.toml",
        ));
    }
    if has("mcppolicy") || has("jsonrpc") || (has("tool") && has("arguments")) {
        return Some(("a trace", "replay it: mcppolicy test FILE --policy POLICY"));
    }
    if has("mcpServers") || has("servers") {
        return Some((
            "a client's list of servers",
            "a policy is for one server: mcppolicy inventory -o tools.json -- SERVER lists its tools, \
             and mcppolicy init --inventory tools.json writes a first policy",
        ));
    }
    let schema = root
        .get("schema")
        .and_then(Node::as_str)
        .unwrap_or_default();
    if schema.starts_with("mcppolicy.report/") {
        return Some(("a report of mcppolicy", "name the policy that it is about"));
    }
    if has("Statement") {
        return Some((
            "a policy of a cloud's access management",
            "this tool reads policies of MCP gateways",
        ));
    }
    None
}

/// What a text is that is not JSON, and what to do with it.
fn other(text: &str) -> Option<(&'static str, &'static str)> {
    let mut lines = text.lines().map(str::trim_end);
    let first = lines.find(|line| !line.trim().is_empty() && !line.starts_with('#'))?;
    if first.starts_with("{\"") {
        // The second line of a trace is what ends its JSON.
        let (root, _) = parse::parse_text(first).ok()?;
        return json(&root).filter(|(what, _)| *what == "a trace");
    }
    if first.starts_with("package ") {
        return Some((
            "Rego",
            "this tool reads policies of MCP gateways, which are JSON",
        ));
    }
    if ["permit", "forbid", "@id("]
        .iter()
        .any(|word| first.starts_with(word))
    {
        return Some((
            "Cedar",
            "this tool reads policies of MCP gateways, which are JSON",
        ));
    }
    if first.starts_with('[') && first.ends_with(']') {
        return Some((
            "TOML",
            "a configuration is found by itself: name the policy, or nothing",
        ));
    }
    is_yaml(first).then_some((
        "YAML",
        "a policy is JSON: convert it, for example with yq -o json",
    ))
}

/// Whether a line is one with which YAML begins: a mark, a list or a key.
fn is_yaml(line: &str) -> bool {
    let key = line.trim_start_matches("- ").split_once(':');
    let is_key = |(key, rest): (&str, &str)| {
        let is_part = |c: char| c.is_ascii_alphanumeric() || "_-./\"'$".contains(c);
        !key.is_empty() && key.chars().all(is_part) && (rest.is_empty() || rest.starts_with(' '))
    };
    line == "---" || line.starts_with("%YAML") || key.is_some_and(is_key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mcppolicy_engine::source::SourceMap;

    #[test]
    fn files_of_other_kinds_are_named() {
        let mut map = SourceMap::new();
        for (text, what) in [
            ("version: \"1\"\ndefault: deny\n", "YAML"),
            ("# ours\n---\na: 1", "YAML"),
            ("package mcp\n\ndefault allow = false", "Rego"),
            ("permit(principal, action, resource);", "Cedar"),
            ("[[policy]]\npath = \"policy.json\"", "TOML"),
            (r#"{"tools":[{"name":"x"}]}"#, "an inventory of tools"),
            (
                r#"[{"name":"x","inputSchema":{}}]"#,
                "an inventory of tools",
            ),
            (
                r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[]}}"#,
                "an inventory of tools",
            ),
            (r#"{"mcppolicy":"trace/1"}"#, "a trace"),
            (
                "{\"tool\":\"x\",\"arguments\":{}}\n{\"tool\":\"y\",\"arguments\":{}}\n",
                "a trace",
            ),
            (
                r#"{"mcpServers":{"x":{"command":"npx"}}}"#,
                "a client's list of servers",
            ),
            (
                r#"{"Version":"2012-10-17","Statement":[]}"#,
                "a policy of a cloud's access management",
            ),
            (
                r#"{"schema":"mcppolicy.report/1"}"#,
                "a report of mcppolicy",
            ),
        ] {
            let file = map.add("p", text);
            let finding = of(file, text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(finding.message, format!("This is {what}, and no policy"));
            assert!(finding.help.is_some());
        }
    }

    #[test]
    fn what_may_be_meant_as_a_policy_is_checked_as_one() {
        let mut map = SourceMap::new();
        for text in [
            "{",
            "",
            "{}",
            r#"{"version":"1"}"#,
            r#"{"version":"1","default":"deny","tools":[]}"#,
            r#"{"version":"1","tools":{"x":{}}}"#,
            "nonsense",
            "{\"version\": \"1\",}\n",
        ] {
            let file = map.add("p", text);
            assert_eq!(of(file, text), None, "{text}");
        }
    }
}
