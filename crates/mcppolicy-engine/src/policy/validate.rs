//! The format's own rules (policy language §1), held by a JSON Schema: the one
//! that editors complete and explain policies with is the one that decides.
//!
//! This is the only room that names `jsonschema`. Its errors are taken apart
//! into violations and hung on the tree of the document; what a person reads
//! about them is written in `wording`, `types`, `members` and `foreign`. What a
//! schema cannot say (the regex dialect, digits only in `max`, the same counter
//! twice) is left to lowering, which is silent on what was reported here.

mod context;
mod foreign;
mod members;
mod part;
mod rate;
mod snippet;
#[cfg(test)]
mod tests;
mod types;
mod wording;

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{PatternOptions, ValidationError, Validator};

use crate::document::{Document, Node, NodeKind, escape_pointer};
use crate::problem::Problem;
use context::NodeContext;

/// The schema of a policy, draft 2020-12, as `mcppolicy schema` prints it.
const POLICY_SCHEMA: &str = include_str!("../../../../schema/policy.schema.json");

/// Checks a document against the schema of the format (policy language §1).
///
/// Every finding has the rule `schema`, and they come in the order of the
/// file: a wrong value is found at the value, an unknown key or a bad tool name
/// at the key, something missing at the object that lacks it, a repeated entry
/// at the repetition. A node is reported once for one mistake. Of repeated
/// keys, which the parser reports, the last one is checked.
///
/// No findings means that the schema accepts the document.
pub(super) fn check_policy(document: &Document) -> Vec<Problem> {
    let context = NodeContext::root(document);
    let Some(validator) = VALIDATOR.as_ref() else {
        return vec![context.error("The embedded schema is broken, so the policy was not checked")];
    };
    let instance = json(&document.root);
    let mut mistakes = Mistakes::default();
    for error in validator.iter_errors(&instance) {
        mistakes.add(error.instance_path().as_str(), Violation::from(&error));
    }
    let mut findings = Vec::new();
    if !mistakes.is_empty() {
        report(&mistakes, &context, &mut findings);
    }
    findings.sort_by_key(|finding| finding.location.span);
    findings
}

/// The value as `jsonschema` wants it, of repeated members the last one.
fn json(node: &Node) -> serde_json::Value {
    match &node.kind {
        NodeKind::Array(items) => items.iter().map(json).collect(),
        NodeKind::Object(members) => members
            .iter()
            .map(|member| (member.key.clone(), json(&member.value)))
            .collect(),
        _ => node.to_value().to_json(),
    }
}

/// Compiled once. The schema is part of the program, so this is never `None`;
/// a test holds it.
static VALIDATOR: LazyLock<Option<Validator>> = LazyLock::new(|| {
    let schema = serde_json::from_str(POLICY_SCHEMA).ok()?;
    jsonschema::draft202012::options()
        .with_pattern_options(PatternOptions::regex())
        .build(&schema)
        .ok()
});

/// What is wrong with one node, freed of `jsonschema`.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Violation {
    /// Another type was expected, named in JSON Schema's words.
    Type(&'static str),
    /// None of these words.
    NotOneOf(Vec<String>),
    /// A blank text or a path that is none.
    Pattern,
    /// A number below its bound.
    TooSmall,
    /// A number above its bound.
    TooLarge,
    /// Members that the object should have.
    Missing(String),
    /// Keys that the object should not have.
    Unknown(Vec<String>),
    /// A key that is no tool name.
    ToolName(String),
    /// Entries that stand there twice.
    Repeated,
    /// What the schema does not use today.
    Other,
}

impl From<&ValidationError<'_>> for Violation {
    fn from(error: &ValidationError<'_>) -> Violation {
        match error.kind() {
            ValidationErrorKind::Type {
                kind: TypeKind::Single(expected),
            } => Violation::Type(expected.as_str()),
            ValidationErrorKind::Enum { options } => {
                Violation::NotOneOf(words(options.as_array().map_or(&[], Vec::as_slice)))
            }
            ValidationErrorKind::Constant { expected_value } => {
                Violation::NotOneOf(words(std::slice::from_ref(expected_value.as_ref())))
            }
            ValidationErrorKind::Pattern { .. } => Violation::Pattern,
            ValidationErrorKind::Minimum { .. } => Violation::TooSmall,
            ValidationErrorKind::Maximum { .. } => Violation::TooLarge,
            ValidationErrorKind::Required { property } => {
                Violation::Missing(property.as_str().unwrap_or_default().to_owned())
            }
            ValidationErrorKind::AdditionalProperties { unexpected } => {
                Violation::Unknown(unexpected.clone())
            }
            ValidationErrorKind::PropertyNames { error } => {
                Violation::ToolName(error.instance().as_str().unwrap_or_default().to_owned())
            }
            ValidationErrorKind::UniqueItems => Violation::Repeated,
            _ => Violation::Other,
        }
    }
}

fn words(options: &[serde_json::Value]) -> Vec<String> {
    options
        .iter()
        .filter_map(|option| option.as_str().map(str::to_owned))
        .collect()
}

/// The violations of a document, hung on the way to their nodes, so that they
/// meet the tree of the document in one walk instead of one search each.
#[derive(Debug, Default)]
struct Mistakes {
    here: Vec<Violation>,
    /// By key or index, escaped as in a JSON Pointer.
    below: HashMap<String, Mistakes>,
}

impl Mistakes {
    fn is_empty(&self) -> bool {
        self.here.is_empty() && self.below.is_empty()
    }

    fn add(&mut self, pointer: &str, violation: Violation) {
        let mut at = self;
        for token in pointer.split('/').skip(1) {
            at = at.below.entry(token.to_owned()).or_default();
        }
        at.here.push(violation);
    }
}

/// Reports what is wrong with a node, then with what it holds. As deep as the
/// document, which its parser bounds.
fn report(mistakes: &Mistakes, context: &NodeContext<'_>, findings: &mut Vec<Problem>) {
    wording::report(&mistakes.here, context, findings);
    if mistakes.below.is_empty() {
        return;
    }
    let mut visited = HashSet::new();
    match &context.node.kind {
        NodeKind::Object(members) => {
            // From the end, because of repeated keys the last one counts.
            for member in members.iter().rev() {
                let token = escape_pointer(&member.key);
                let Some(inside) = mistakes.below.get(&token) else {
                    continue;
                };
                if visited.insert(token) {
                    let pointer = context.pointer_to(&member.key);
                    report(inside, &context.member(member, &pointer), findings);
                }
            }
        }
        NodeKind::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                let token = index.to_string();
                if let Some(inside) = mistakes.below.get(&token) {
                    let pointer = context.pointer_to(&token);
                    report(inside, &context.item(item, &pointer), findings);
                    visited.insert(token);
                }
            }
        }
        _ => {}
    }
    if visited.len() < mistakes.below.len() {
        // The tree and what was validated are one document, so this is dead;
        // should it live one day, a rejected policy must not pass for a good one.
        findings.push(context.error("Something inside is not what the format wants"));
    }
}
