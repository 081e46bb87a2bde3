//! What a person reads about a wrong value, and what to write instead.

use std::collections::HashMap;

use super::Violation;
use super::context::NodeContext;
use super::members;
use super::part::Part;
use super::rate;
use super::snippet::{self, is_blank};
use super::types::{rewrite, wrong_type};
use crate::document::parse::quoted;
use crate::nearest::nearest;
use crate::policy::model::Limit;
use crate::problem::{Applicability, Edit, Fix, Problem};
use crate::source::Span;

/// Reports the violations of one node: one finding about its value, or else
/// one for each of its keys, entries and gaps.
pub(super) fn report(
    violations: &[Violation],
    context: &NodeContext<'_>,
    findings: &mut Vec<Problem>,
) {
    let Some(first) = violations.iter().min_by_key(|violation| rank(violation)) else {
        return;
    };
    match first {
        Violation::Type(expected) => findings.push(wrong_type(expected, context)),
        Violation::NotOneOf(words) => findings.push(wrong_word(words, context)),
        Violation::Pattern => findings.push(wrong_text(context)),
        Violation::TooSmall => findings.push(too_small(context)),
        Violation::TooLarge => findings.push(too_large(context)),
        Violation::Other => findings.push(context.error("This is not what the format wants here")),
        Violation::Repeated => repeated(context, findings),
        Violation::Missing(_) | Violation::Unknown(_) | Violation::ToolName(_) => {
            members::report(violations, context, findings);
        }
    }
}

/// Of several violations of one value the first explains the others; those of
/// an object's members and an array's entries stand beside each other.
fn rank(violation: &Violation) -> usize {
    match violation {
        Violation::Type(_) => 0,
        Violation::NotOneOf(_) => 1,
        Violation::Pattern | Violation::TooSmall | Violation::TooLarge => 2,
        Violation::Other => 3,
        _ => 4,
    }
}

/// A repair that nobody can prove right: the policy meant nothing before.
pub(super) fn unproved(edits: Vec<Edit>) -> Fix {
    Fix {
        applicability: Applicability::Unsafe,
        edits,
    }
}

pub(super) const WINDOWS: &[&str] = &["minute", "hour", "day"];

pub(super) const SCOPE_HELP: &str = r#"the only scope is "grant": write "scope": "grant"; calls made with one grant count together, in whatever session"#;

pub(super) fn the_words(nouns: &str, words: &[&str]) -> String {
    format!("the {nouns} are {}", snippet::list(words.iter().copied()))
}

pub(super) fn operators() -> String {
    the_words(
        "operators",
        &[
            "exists", "eq", "neq", "in", "not_in", "lt", "lte", "gt", "gte", "regex", "contains",
        ],
    )
}

pub(super) fn named_counter(text: &str) -> String {
    format!(r#""counter": {}"#, quoted(text))
}

/// A string that is none of the words that may stand here.
fn wrong_word(words: &[String], context: &NodeContext<'_>) -> Problem {
    let found = context.node.as_str().unwrap_or_default();
    let known: Vec<&str> = words.iter().map(String::as_str).collect();
    let (noun, nouns) = match context.part {
        Part::Version => ("a version", "versions"),
        Part::Default => ("a default", "defaults"),
        Part::Window => ("a window", "windows"),
        Part::Scope => ("a scope", "scopes"),
        _ => ("an operator", "operators"),
    };
    let finding = context.error(format!("{} is not {noun}", quoted(found)));
    if let Part::Scope = context.part {
        let fix = unproved(rewrite(context.node, r#""grant""#));
        return finding.help(SCOPE_HELP).fix(fix);
    }
    if let [only] = known.as_slice() {
        let noun = noun.split(' ').next_back().unwrap_or_default();
        return finding.help(format!("the only {noun} is {}", quoted(only)));
    }
    let all = the_words(nouns, &known);
    let meant = synonym(context.part, found).or_else(|| nearest(found, known.iter().copied()));
    finding.help(match meant {
        Some(meant) => format!("did you mean {}? {all}", quoted(meant)),
        None if context.part == Part::Default && super::foreign::asks_a_person(found) => {
            format!("nothing in the format asks for approval; {all}")
        }
        None => all,
    })
}

/// What other formats call the same thing.
fn synonym(part: Part, word: &str) -> Option<&'static str> {
    match (part, word) {
        (Part::Window, _) => rate::window_of_text(word),
        (Part::Default, "block" | "refuse" | "reject" | "closed") => Some("deny"),
        (Part::Default, "permit" | "pass" | "open") => Some("allow"),
        (Part::Op, "=" | "==" | "===" | "is" | "equals" | "equal") => Some("eq"),
        (Part::Op, "!=" | "<>" | "!==" | "ne" | "not_eq" | "not_equals" | "not") => Some("neq"),
        (Part::Op, "<" | "less_than" | "below") => Some("lt"),
        (Part::Op, "<=" | "le" | "max") => Some("lte"),
        (Part::Op, ">" | "greater_than" | "above") => Some("gt"),
        (Part::Op, ">=" | "ge" | "min") => Some("gte"),
        (Part::Op, "one_of" | "any_of") => Some("in"),
        (Part::Op, "nin" | "none_of" | "!in") => Some("not_in"),
        (Part::Op, "matches" | "match" | "pattern" | "regexp" | "~" | "=~" | "like") => {
            Some("regex")
        }
        (Part::Op, "includes" | "has") => Some("contains"),
        (Part::Op, "present" | "defined") => Some("exists"),
        _ => None,
    }
}

/// A blank text, or one that is no path.
fn wrong_text(context: &NodeContext<'_>) -> Problem {
    let text = context.node.as_str().unwrap_or_default();
    match context.part {
        Part::HiddenTool => context
            .error(r#"A tool name in "hide" is blank"#)
            .help(r#"name the tool as the server lists it, or write "*" to hide every tool"#),
        Part::Path | Part::IncrementFrom => wrong_path(text, context),
        Part::OnDeny => context
            .error(r#""on_deny" is blank"#)
            .help(r#"write what the agent should read, or leave "on_deny" out"#),
        part => context
            .error(format!(r#""{}" is blank"#, part.name()))
            .help(format!("name it: {}", named_counter(&context.counter()))),
    }
}

fn wrong_path(text: &str, context: &NodeContext<'_>) -> Problem {
    let rest = text.strip_prefix("args.");
    let message = match rest {
        Some("") | None => format!("{} is not a path into the arguments", quoted(text)),
        Some(_) => format!("The path {} has an empty segment", quoted(text)),
    };
    // What the arguments are called elsewhere.
    let below = ["args", "arguments", "params", "input", "$", "."]
        .iter()
        .find_map(|root| text.strip_prefix(root)?.strip_prefix('.'))
        .unwrap_or(text);
    let names: Vec<&str> = below
        .split('.')
        .filter(|name| !name.is_empty() && *name != "args")
        .collect();
    let path = match names.as_slice() {
        [] => "args.amount".to_owned(),
        names => format!("args.{}", names.join(".")),
    };
    context.error(message).help(format!(
        r#"a path is "args." and the names of members, joined by single dots: {}"#,
        quoted(&path)
    ))
}

fn too_small(context: &NodeContext<'_>) -> Problem {
    let number = context.node.to_value();
    let whose = match context.tool {
        Some(tool) => format!(
            r#"to block the tool outright, write "deny_if": [{{"conditions": []}}] in its rules, or hide it: "hide": [{}]"#,
            quoted(tool)
        ),
        None => r#"to block every tool outright, write "hide": ["*"]"#.to_owned(),
    };
    context
        .error(format!("{number} is below 1, the smallest \"max\""))
        .help(whose)
}

fn too_large(context: &NodeContext<'_>) -> Problem {
    let number = context.node.to_value();
    context
        .error(format!(
            "{number} is above {}, the largest \"max\"",
            Limit::LARGEST_MAX
        ))
        .help("write what may really pass in one window, or leave the limit out")
}

/// The entries of `hide` that stand there already.
fn repeated(context: &NodeContext<'_>, findings: &mut Vec<Problem>) {
    let mut seen: HashMap<&str, Span> = HashMap::new();
    for (index, item) in context.node.items().iter().enumerate() {
        // Blank names and what is no name are found on their own.
        let Some(name) = item.as_str().filter(|name| !is_blank(name)) else {
            continue;
        };
        let Some(first) = seen.get(name) else {
            seen.insert(name, item.span);
            continue;
        };
        let pointer = context.pointer_to(&index.to_string());
        let finding = context
            .item(item, &pointer)
            .error(format!(
                "{} is already in \"{}\"",
                quoted(name),
                context.part.name()
            ))
            .related(context.location(*first), "first here")
            .help("remove one of the two");
        findings.push(finding);
    }
}
