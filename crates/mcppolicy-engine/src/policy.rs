//! The typed form of a version "1" policy, with the source span of every part
//! that a finding may refer to (policy language §1, §2).
//!
//! [`Policy::load`] parses, validates and lowers the bytes of a policy file.
//! The engine defines how a policy is evaluated.

mod invalid;
mod long_names;
mod lower;
mod model;
mod operands;
mod path;
mod validate;

use std::collections::{BTreeSet, HashSet};

use crate::document::{self, Document, Node, NodeKind, shadow};
use crate::problem::Problem;
use crate::source::{SourceMap, Span};

pub use invalid::InvalidPolicy;
pub use model::{
    Comparison, Condition, DefaultDecision, Limit, MemberSpan, Policy, Rule, Spanned, Test,
    ToolRules, Window,
};
pub use operands::Operands;
pub use path::Path;

impl Policy {
    /// Reads a policy from `bytes`. The text is added to `map` as the file
    /// `name`, so that problems can be shown with their source lines.
    ///
    /// # Errors
    /// The problems of policy language §1 that the file has, in its order: all of
    /// them, but for those beyond the first ten thousand, whose number the last one
    /// says. A tool's name of more than 4,096 bytes is a problem, too, and so are
    /// patterns that have more than 5,000,000 states together when they are compiled.
    pub fn load(map: &mut SourceMap, name: &str, bytes: &[u8]) -> Result<Policy, InvalidPolicy> {
        let (file, document, mut problems) = document::parse::parse(map, name, bytes);
        let Some(document) = document else {
            return Err(InvalidPolicy::new(map, file, problems, false));
        };
        let text = map.get(file).text();
        // A number that does not fit an `f64` is reported by the parser only.
        let reported: HashSet<Span> = problems
            .iter()
            .map(|problem| problem.location.span)
            .collect();
        let (policy, found) = check(&document, text);
        problems.extend(
            found
                .into_iter()
                .filter(|problem| !reported.contains(&problem.location.span)),
        );
        let hidden = hidden_values(&document, text, &problems);
        problems.extend(hidden);
        problems.sort_by_key(|problem| (problem.location.span, problem.pointer.clone()));
        if problems.is_empty() {
            Ok(policy)
        } else {
            limit(&mut problems);
            Err(InvalidPolicy::new(map, file, problems, true))
        }
    }

    /// Reads a policy that is inside another document, whose `text` is the
    /// whole file.
    ///
    /// # Errors
    /// Every problem of policy language §1; their pointers begin at the policy.
    pub fn from_document(document: &Document, text: &str) -> Result<Policy, Vec<Problem>> {
        let (policy, problems) = check(document, text);
        if problems.is_empty() {
            Ok(policy)
        } else {
            Err(problems)
        }
    }

    /// Reads a policy from its text alone.
    ///
    /// # Errors
    /// Every problem of policy language §1, with line and column.
    pub fn from_json(bytes: &[u8]) -> Result<Policy, InvalidPolicy> {
        Policy::load(&mut SourceMap::new(), "policy.json", bytes)
    }
}

/// Takes out the problems beyond the number that is listed, and says how many.
fn limit(problems: &mut Vec<Problem>) {
    let more = problems.len().saturating_sub(MOST_PROBLEMS);
    let Some(first) = problems.get(MOST_PROBLEMS) else {
        return;
    };
    let message = format!("There are {more} more problems from here on, which are not listed");
    let last = Problem::new(first.kind, first.location, "", message);
    problems.truncate(MOST_PROBLEMS);
    problems.push(last);
}

/// How many problems of one file are listed.
const MOST_PROBLEMS: usize = 10_000;

/// The policy, and the problems that the schema or lowering has with it. Where
/// names of tools are too long, only those are problems.
fn check(document: &Document, text: &str) -> (Policy, Vec<Problem>) {
    let long = long_names::find(document);
    if !long.is_empty() {
        let nothing = Document {
            file: document.file,
            root: Node {
                span: document.root.span,
                kind: NodeKind::Object(Vec::new()),
            },
        };
        return (lower::lower(&nothing, text).0, long);
    }
    let mut findings = validate::validate(document);
    let (policy, problems) = lower::lower(document, text);
    findings.extend(problems);
    (policy, findings)
}

/// Maximum number of overridden duplicate members whose values are checked; each
/// costs a full check of the document.
const MOST_HIDDEN: usize = 16;

/// What tells one problem of a file from another.
fn said(problem: &Problem) -> (Span, &str) {
    (problem.location.span, &problem.message)
}

/// The problems in values that a later member with the same key overrides.
fn hidden_values(document: &Document, text: &str, found: &[Problem]) -> Vec<Problem> {
    let repeated = found
        .iter()
        .flat_map(|finding| &finding.related)
        .map(|related| related.location.span);
    let keys: BTreeSet<Span> = repeated.collect();
    let known: HashSet<(Span, &str)> = found.iter().map(said).collect();
    let mut hidden = Vec::new();
    for key in keys.into_iter().take(MOST_HIDDEN) {
        let Some((uncovered, value)) = shadow::uncovered(document, key) else {
            continue;
        };
        let inside = |finding: &Problem| {
            let span = finding.location.span;
            value.start <= span.start && span.end <= value.end && !known.contains(&said(finding))
        };
        hidden.extend(check(&uncovered, text).1.into_iter().filter(inside));
    }
    hidden
}
