//! The structure that the format demands of a document: one walk over the
//! tree, which allocates nothing for a valid node.
//!
//! `schema/policy.schema.json` says the same in JSON Schema; a test compares
//! the two on many documents.

use std::collections::HashSet;

use foldhash::{HashMap, HashMapExt};

use super::context::NodeContext;
use super::part::{Part, Shape};
use super::text::is_blank;
use super::violation::{JsonType, Violation};
use crate::document::{Member, Node, NodeKind};
use crate::policy::model::Limit;
use crate::policy::path::Path;

/// Calls `report` for everything that is wrong with the node and with what it
/// holds. As deep as the format, which is less deep than documents may be.
pub(super) fn check<'a>(
    context: &NodeContext<'a>,
    report: &mut dyn FnMut(&NodeContext<'_>, Violation<'_>),
) {
    let found = match context.part.shape() {
        Shape::Object => return object(context, report),
        Shape::ToolMap => return tool_map(context, report),
        Shape::List => return list(context, report),
        Shape::Any => None,
        Shape::Text => string(context.node, |text| {
            is_blank(text).then_some(Violation::Blank)
        }),
        Shape::Path => string(context.node, |text| {
            (!Path::is_valid(text)).then_some(Violation::NotAPath)
        }),
        Shape::OneOf(words) => string(context.node, |text| {
            (!words.contains(&text)).then_some(Violation::NotOneOf(words))
        }),
        Shape::Max => max(context.node),
        Shape::Operand => operand_type(context)
            .filter(|expected| !expected.includes(context.node))
            .map(Violation::Type),
    };
    if let Some(violation) = found {
        report(context, violation);
    }
}

fn string(
    node: &Node,
    check: impl FnOnce(&str) -> Option<Violation<'static>>,
) -> Option<Violation<'static>> {
    match node.as_str() {
        Some(text) => check(text),
        None => Some(Violation::Type(JsonType::String)),
    }
}

fn max(node: &Node) -> Option<Violation<'static>> {
    match node.as_number().filter(|number| number.fract() == 0.0) {
        None => Some(Violation::Type(JsonType::Integer)),
        Some(number) if number < 1.0 => Some(Violation::TooSmall),
        Some(number) if number > Limit::LARGEST_MAX as f64 => Some(Violation::TooLarge),
        Some(_) => None,
    }
}

/// The type that the operator of the condition demands of its operand; `None`
/// when it takes any, or is not an operator.
fn operand_type(operand: &NodeContext<'_>) -> Option<JsonType> {
    let operator = operand.parent_node()?.get("op")?.as_str()?;
    match operator {
        "exists" => Some(JsonType::Boolean),
        "in" | "not_in" => Some(JsonType::Array),
        "lt" | "lte" | "gt" | "gte" => Some(JsonType::Number),
        "regex" => Some(JsonType::String),
        _ => None,
    }
}

/// An object with the members of the format.
fn object(context: &NodeContext<'_>, report: &mut dyn FnMut(&NodeContext<'_>, Violation<'_>)) {
    let NodeKind::Object(members) = &context.node.kind else {
        return report(context, Violation::Type(JsonType::Object));
    };
    let known = context.part.members();
    // One bit for each known member.
    let mut present = 0_u32;
    let mut unknown: Vec<&Member> = Vec::new();
    // From the end, because of repeated keys the last one counts.
    for member in members.iter().rev() {
        let Some(index) = known.iter().position(|name| *name == member.key) else {
            unknown.push(member);
            continue;
        };
        let bit = 1 << index;
        if present & bit == 0 {
            present |= bit;
            check(&context.member(member), report);
        }
    }
    let is_missing = |index: usize| present & (1 << index) == 0;
    let required = known.iter().take(context.part.required()).enumerate();
    let missing: Vec<&str> = required
        .filter(|(index, _)| is_missing(*index))
        .map(|(_, name)| *name)
        .collect();
    if !unknown.is_empty() || !missing.is_empty() {
        let mut visited = HashSet::new();
        unknown.retain(|member| visited.insert(member.key.as_str()));
        unknown.reverse();
        report(context, Violation::Members { unknown, missing });
    }
}

/// The object `tools`, whose keys are names.
fn tool_map(context: &NodeContext<'_>, report: &mut dyn FnMut(&NodeContext<'_>, Violation<'_>)) {
    let NodeKind::Object(members) = &context.node.kind else {
        return report(context, Violation::Type(JsonType::Object));
    };
    let mut visited: foldhash::HashSet<&str> =
        foldhash::HashSet::with_capacity_and_hasher(members.len(), Default::default());
    let mut blank: Vec<&Member> = Vec::new();
    for member in members.iter().rev() {
        if !visited.insert(&member.key) {
            continue;
        }
        if is_blank(&member.key) {
            blank.push(member);
        }
        check(&context.member(member), report);
    }
    if !blank.is_empty() {
        blank.reverse();
        report(context, Violation::BlankToolNames(blank));
    }
}

fn list(context: &NodeContext<'_>, report: &mut dyn FnMut(&NodeContext<'_>, Violation<'_>)) {
    let NodeKind::Array(items) = &context.node.kind else {
        return report(context, Violation::Type(JsonType::Array));
    };
    for (index, item) in items.iter().enumerate() {
        check(&context.item(index, item), report);
    }
    if context.part == Part::Hide && items.len() > 1 {
        repeated(context, items, report);
    }
}

/// The names that are in the list already. Blank names and what is not a name
/// are violations of their own.
fn repeated(
    context: &NodeContext<'_>,
    items: &[Node],
    report: &mut dyn FnMut(&NodeContext<'_>, Violation<'_>),
) {
    let mut seen = HashMap::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let Some(name) = item.as_str().filter(|name| !is_blank(name)) else {
            continue;
        };
        let first = *seen.entry(name).or_insert(item.span);
        if first != item.span {
            report(&context.item(index, item), Violation::Repeated { first });
        }
    }
}
