//! What a person reads about a wrong value, and what to write instead.

use super::context::NodeContext;
use super::edit::{rewrite, unproved};
use super::members;
use super::part::Part;
use super::rate;
use super::types::wrong_type;
use super::violation::Violation;
use super::vocabulary::{SCOPE_HELP, asks_a_person, named_counter, the_words};
use crate::document::parse::quoted;
use crate::nearest::nearest;
use crate::policy::model::Limit;
use crate::problem::Problem;
use crate::source::Span;

/// Reports one violation of a node: one finding about its value, or one for
/// each of its keys and gaps.
pub(super) fn report(
    violation: &Violation<'_>,
    context: &NodeContext<'_>,
    findings: &mut Vec<Problem>,
) {
    let finding = match violation {
        Violation::Type(expected) => wrong_type(*expected, context),
        Violation::NotOneOf(words) => wrong_word(words, context),
        Violation::Blank => blank(context),
        Violation::NotAPath => wrong_path(context),
        Violation::TooSmall => too_small(context),
        Violation::TooLarge => too_large(context),
        Violation::Repeated { first } => repeated(*first, context),
        Violation::Members { unknown, missing } => {
            return members::report(unknown, missing, context, findings);
        }
        Violation::BlankToolNames(members) => {
            return members::blank_names(members, context, findings);
        }
    };
    findings.push(finding);
}

/// A string that is none of the words that are allowed here.
fn wrong_word(known: &[&str], context: &NodeContext<'_>) -> Problem {
    let found = context.node.as_str().unwrap_or_default();
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
    if let [only] = known {
        let noun = noun.split(' ').next_back().unwrap_or_default();
        return finding.help(format!("the only {noun} is {}", quoted(only)));
    }
    let all = the_words(nouns, known);
    let meant = synonym(context.part, found).or_else(|| nearest(found, known.iter().copied()));
    finding.help(match meant {
        Some(meant) => format!("did you mean {}? {all}", quoted(meant)),
        None if context.part == Part::Default && asks_a_person(found) => {
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

/// A text with nothing to read in it.
fn blank(context: &NodeContext<'_>) -> Problem {
    match context.part {
        Part::HiddenTool => context
            .error(r#"A tool name in "hide" is blank"#)
            .help(r#"name the tool as the server lists it, or write "*" to hide every tool"#),
        Part::OnDeny => context
            .error(r#""on_deny" is blank"#)
            .help(r#"write what the agent should read, or leave "on_deny" out"#),
        _ => context
            .error(r#""counter" is blank"#)
            .help(format!("name it: {}", named_counter(&context.counter()))),
    }
}

fn wrong_path(context: &NodeContext<'_>) -> Problem {
    let text = context.node.as_str().unwrap_or_default();
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

/// An entry of `hide` that is there already.
fn repeated(first: Span, context: &NodeContext<'_>) -> Problem {
    let name = context.node.as_str().unwrap_or_default();
    context
        .error(format!("{} is already in \"hide\"", quoted(name)))
        .related(context.location(first), "first here")
        .help("remove one of the two")
}
