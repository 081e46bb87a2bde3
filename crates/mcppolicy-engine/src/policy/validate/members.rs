//! What a person reads about an object's members: unknown keys, gaps, and
//! keys that are no tool names.

use super::context::NodeContext;
use super::edit::{unproved, wrap};
use super::foreign;
use super::object::Object;
use super::part::{Owner, Part, home_of};
use super::snippet;
use crate::document::parse::quoted;
use crate::document::{Member, Node};
use crate::nearest::nearest;
use crate::problem::Problem;

/// Reports the unknown keys and the gaps of an object.
pub(super) fn report(
    unknown: &[&Member],
    missing: &[&str],
    context: &NodeContext<'_>,
    findings: &mut Vec<Problem>,
) {
    let mut object = Object::new(*context);
    let of_a_condition = |key: &str| Part::Condition.members().contains(&key);
    let is_bare_condition = is_bare_condition(context);
    for member in unknown {
        if !(is_bare_condition && of_a_condition(&member.key)) {
            findings.push(unknown_key(member, &mut object));
        }
    }
    let missing: Vec<&str> = missing
        .iter()
        .copied()
        .filter(|name| !object.supplied.contains(name))
        .collect();
    if !missing.is_empty() {
        findings.push(lacking(&missing, context));
    }
}

/// Reports the keys that are no tool names.
pub(super) fn blank_names(
    members: &[&Member],
    context: &NodeContext<'_>,
    findings: &mut Vec<Problem>,
) {
    findings.extend(members.iter().map(|member| {
        context
            .error_at_key(member, "A tool name is blank")
            .help("name the tool as the server lists it")
    }));
}

/// A condition where a rule with a list of conditions is expected: one mistake,
/// not a gap and three unknown keys.
fn is_bare_condition(context: &NodeContext<'_>) -> bool {
    let has = |key| context.node.member(key).is_some();
    matches!(context.part, Part::Rule(_)) && has("path") && has("op") && !has("conditions")
}

fn wrapped(finding: Problem, context: &NodeContext<'_>) -> Problem {
    const BEFORE: &str = r#"{"conditions": ["#;
    const AFTER: &str = "]}";
    /// The help is one line for a person.
    const LONGEST_SHOWN: usize = 200;
    let is_all = context
        .node
        .members()
        .iter()
        .all(|member| Part::Condition.members().contains(&member.key.as_str()));
    let own = Some(snippet::value(context.node)).filter(|own| is_all && own.len() <= LONGEST_SHOWN);
    let shown = own
        .as_deref()
        .unwrap_or(r#"{"path": "args.amount", "op": "gt", "value": 100}"#);
    let finding = finding.help(format!(
        "put the condition into a list: {BEFORE}{shown}{AFTER}"
    ));
    if !is_all {
        return finding;
    }
    finding.fix(unproved(wrap(context.node, BEFORE, AFTER)))
}

fn unknown_key(member: &Member, object: &mut Object<'_>) -> Problem {
    let context = object.context;
    if let Some(advice) = foreign::advise(member, object) {
        object.supplied.extend(advice.supplies);
        let finding = context
            .error_at_key(member, advice.message)
            .help(advice.help);
        return match advice.edits {
            Some(edits) => finding.fix(unproved(edits)),
            None => finding,
        };
    }
    let finding = context.error_at_key(
        member,
        format!(
            "{} has no member {}",
            context.part.noun(),
            quoted(&member.key)
        ),
    );
    let members = context.part.members();
    let all = match members {
        [only] => format!("its only member is {}", quoted(only)),
        _ => format!("its members are {}", snippet::list(members.iter().copied())),
    };
    if context.part == Part::Limit(Owner::AllTools) && member.key == "increment_from" {
        return finding.help(
            "a limit for all tools counts calls; only a limit of a tool can count an amount",
        );
    }
    if let Some(home) = home_of(&member.key) {
        return finding.help(format!("{} belongs in {home}; {all}", quoted(&member.key)));
    }
    if context.part == Part::Policy && looks_like_rules(&member.value) {
        return finding.help(format!(
            r#"the rules of a tool stand under "tools": "tools": {{{}: {{…}}}}"#,
            quoted(&member.key)
        ));
    }
    match nearest(&member.key, members.iter().copied()) {
        Some(near) if object.has(near) => {
            finding.help(format!("{} is there already; {all}", quoted(near)))
        }
        Some(near) => {
            object
                .supplied
                .extend(members.iter().find(|name| **name == near));
            finding.help(format!("did you mean {}?", quoted(near)))
        }
        None => finding.help(all),
    }
}

fn looks_like_rules(node: &Node) -> bool {
    Part::ToolRules
        .members()
        .iter()
        .any(|name| node.member(name).is_some())
}

fn lacking(missing: &[&str], context: &NodeContext<'_>) -> Problem {
    let finding = context.error(format!(
        "{} lacks {}",
        context.part.noun(),
        snippet::list(missing.iter().copied())
    ));
    if is_bare_condition(context) {
        return wrapped(finding, context);
    }
    let examples: Vec<String> = missing.iter().map(|name| example(name, context)).collect();
    let help = format!("add {}", examples.join(", "));
    finding.help(match missing {
        ["default"] => {
            format!("{help} to refuse the tools that are not listed, or \"default\": \"allow\" to let them pass")
        }
        _ => help,
    })
}

fn example(name: &str, context: &NodeContext<'_>) -> String {
    let text = match name {
        "version" => r#""version": "1""#,
        "default" => r#""default": "deny""#,
        "conditions" => r#""conditions": [{"path": "args.amount", "op": "gt", "value": 100}]"#,
        "path" => r#""path": "args.amount""#,
        "op" => r#""op": "eq""#,
        "value" => example_operand(context.node),
        "window" => r#""window": "minute""#,
        "max" => r#""max": 10"#,
        "scope" => r#""scope": "grant""#,
        "counter" => return format!(r#""counter": {}"#, snippet::string(&context.counter())),
        other => return quoted(other),
    };
    text.to_owned()
}

fn example_operand(condition: &Node) -> &'static str {
    match condition.get("op").and_then(Node::as_str) {
        Some("exists") => r#""value": true"#,
        Some("in" | "not_in") => r#""value": ["main", "develop"]"#,
        Some("lt" | "lte" | "gt" | "gte") => r#""value": 100"#,
        Some("regex") => r#""value": "^[a-z0-9-]+$""#,
        _ => r#""value": "main""#,
    }
}
