//! The JSON Schema of the policy format, used by editors for completion and
//! hover text, and the check that schema and validator agree on a document.

#[cfg(test)]
mod tests;
#[cfg(test)]
mod trace_tests;

use std::sync::LazyLock;

use jsonschema::error::ValidationErrorKind;
use jsonschema::{PatternOptions, ValidationError, Validator};
use mcppolicy_analysis::finding::{Finding, RuleId, Severity};
use mcppolicy_engine::document::{Document, Node, NodeKind, push_pointer};
use mcppolicy_engine::policy::Policy;
use mcppolicy_engine::problem::ProblemKind;

/// The schema of a policy, draft 2020-12, as `mcppolicy schema` prints it.
pub const POLICY_SCHEMA: &str = include_str!("../schema/policy.schema.json");

/// The schema of one line of a native trace, draft 2020-12.
pub const TRACE_SCHEMA: &str = include_str!("../schema/trace.schema.json");

/// One thing that the schema refuses.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SchemaViolation {
    /// JSON Pointer to the wrong value, to the unknown or blank key, to the
    /// object that lacks something, or to the array with a repeated item.
    pub pointer: String,
    /// The keyword of JSON Schema that refuses it, such as `required`.
    pub keyword: String,
}

/// All schema violations in a document; empty when the schema accepts it. Of
/// duplicate members only the last is checked.
pub fn violations(document: &Document) -> Vec<SchemaViolation> {
    violations_in(&json(&document.root))
}

/// Everything that the schema refuses in a JSON value; empty when it accepts
/// the value.
pub fn violations_in(instance: &serde_json::Value) -> Vec<SchemaViolation> {
    let Some(validator) = VALIDATOR.as_ref() else {
        return vec![SchemaViolation {
            pointer: String::new(),
            keyword: "$schema".to_owned(),
        }];
    };
    validator.iter_errors(instance).flat_map(places).collect()
}

/// Compiled once. The schema is part of the program, so this is never `None`;
/// a test checks it.
static VALIDATOR: LazyLock<Option<Validator>> = LazyLock::new(|| {
    let schema = serde_json::from_str(POLICY_SCHEMA).ok()?;
    jsonschema::draft202012::options()
        .with_pattern_options(PatternOptions::regex())
        .build(&schema)
        .ok()
});

/// The violations of one error: one for each unknown key.
fn places(error: ValidationError<'_>) -> Vec<SchemaViolation> {
    let at = error.instance_path().as_str();
    let pointers = match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            unexpected.iter().map(|key| push_pointer(at, key)).collect()
        }
        ValidationErrorKind::PropertyNames { error } => {
            vec![push_pointer(
                at,
                error.instance().as_str().unwrap_or_default(),
            )]
        }
        _ => vec![at.to_owned()],
    };
    let keyword = error.kind().keyword();
    let violation = |pointer| SchemaViolation {
        pointer,
        keyword: keyword.to_owned(),
    };
    pointers.into_iter().map(violation).collect()
}

/// Converts a node for `jsonschema`; of duplicate members the last one is kept.
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

/// What the validator says about the structure of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Structure {
    /// It is that of a policy.
    Accepted,
    /// It is not.
    Refused,
}

impl Structure {
    /// The validator's result for a document; `text` is the whole file. Problems that
    /// JSON Schema cannot express, such as unsupported regex syntax, are ignored.
    pub fn of(document: &Document, text: &str) -> Structure {
        let problems = match Policy::from_document(document, text) {
            Ok(_) => return Structure::Accepted,
            Err(problems) => problems,
        };
        if problems
            .iter()
            .any(|problem| problem.kind == ProblemKind::Schema)
        {
            Structure::Refused
        } else {
            Structure::Accepted
        }
    }
}

/// The finding that the schema and the validator disagree about a document:
/// one accepts it and the other refuses it. `None` when they agree.
pub fn disagreement(document: &Document, structure: Structure) -> Option<Finding> {
    let violations = violations(document);
    let (pointer, message) = match (structure, violations.first()) {
        (Structure::Accepted, Some(first)) => (
            first.pointer.as_str(),
            format!(
                "The validator accepts this policy and its schema refuses it ({}): this is a bug of mcppolicy",
                first.keyword
            ),
        ),
        (Structure::Refused, None) => (
            "",
            "The validator refuses this policy and its schema accepts it: this is a bug of mcppolicy"
                .to_owned(),
        ),
        _ => return None,
    };
    let node = document.root.at(pointer).unwrap_or(&document.root);
    let location = node.location(document.file);
    let finding = Finding::new(RuleId::Schema, Severity::Error, location, pointer, message);
    Some(finding.help("please report it, with the policy"))
}
