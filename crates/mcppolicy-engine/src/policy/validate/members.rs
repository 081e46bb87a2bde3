//! What a person reads about an object's members: unknown keys, gaps, and
//! keys that are no tool names.

use std::collections::{HashMap, HashSet};

use super::Violation;
use super::context::NodeContext;
use super::foreign;
use super::part::{Owner, Part, home_of};
use super::snippet;
use super::wording::unproved;
use crate::document::parse::quoted;
use crate::document::{Member, Node};
use crate::nearest::nearest;
use crate::problem::{Edit, Problem};
use crate::source::Span;

/// An object whose members are at fault.
pub(super) struct Object<'a> {
    pub(super) context: NodeContext<'a>,
    /// The members of the format that it has.
    present: HashSet<&'static str>,
    /// The members of the format that it gets by what was advised so far, so
    /// that no two repairs write the same one and no repair is asked for twice.
    pub(super) supplied: HashSet<&'static str>,
}

impl<'a> Object<'a> {
    fn new(context: NodeContext<'a>) -> Object<'a> {
        let known: HashMap<&str, &'static str> = context
            .part
            .members()
            .iter()
            .map(|name| (*name, *name))
            .collect();
        let members = context.node.members().iter();
        Object {
            context,
            present: members
                .filter_map(|member| known.get(member.key.as_str()).copied())
                .collect(),
            supplied: HashSet::new(),
        }
    }

    /// Whether the object has this member of the format.
    pub(super) fn has(&self, name: &str) -> bool {
        self.present.contains(name)
    }

    /// Whether a repair may write this member.
    pub(super) fn is_free(&self, name: &str) -> bool {
        !self.present.contains(name) && !self.supplied.contains(name)
    }
}

/// Reports the unknown keys, the bad tool names and the gaps of an object.
pub(super) fn report(
    violations: &[Violation],
    context: &NodeContext<'_>,
    findings: &mut Vec<Problem>,
) {
    let mut object = Object::new(*context);
    let mut unknown: HashSet<&str> = HashSet::new();
    let mut misnamed: HashSet<&str> = HashSet::new();
    let mut missing: Vec<&str> = Vec::new();
    for violation in violations {
        match violation {
            Violation::Unknown(keys) => unknown.extend(keys.iter().map(String::as_str)),
            Violation::ToolName(key) => {
                misnamed.insert(key);
            }
            Violation::Missing(name) => missing.push(name),
            _ => {}
        }
    }
    if is_bare_condition(context) {
        for key in ["path", "op", "value"] {
            unknown.remove(key);
        }
    }
    for member in last_of_each(context.node, &unknown) {
        findings.push(unknown_key(member, &mut object));
    }
    for member in last_of_each(context.node, &misnamed) {
        findings.push(
            context
                .error_at_key(member, "A tool name is blank")
                .help("name the tool as the server lists it"),
        );
    }
    missing.retain(|name| !object.supplied.contains(name));
    if !missing.is_empty() {
        findings.push(lacking(&missing, context));
    }
}

/// The members with these keys in the order of the file, of repeated ones the
/// last.
fn last_of_each<'a>(object: &'a Node, keys: &HashSet<&str>) -> Vec<&'a Member> {
    let mut visited = HashSet::new();
    let mut members: Vec<&Member> = object
        .members()
        .iter()
        .rev()
        .filter(|member| keys.contains(member.key.as_str()) && visited.insert(member.key.as_str()))
        .collect();
    members.reverse();
    members
}

/// A condition where a rule with a list of conditions is wanted: one mistake,
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
    let insert = |at: usize, text: &str| Edit {
        span: Span::new(at, at),
        text: text.to_owned(),
    };
    let span = context.node.span;
    finding.fix(unproved(vec![
        insert(span.start, BEFORE),
        insert(span.end, AFTER),
    ]))
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
