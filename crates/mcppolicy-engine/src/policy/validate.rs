//! The structure of a policy (policy language §1): what is wrong with a
//! document, in words for a person.
//!
//! Modules, each of which uses only those before it:
//!
//! - `text`, `part`, `violation`: blank texts, the parts of the format, what can
//!   be wrong with a node
//! - `context`: a node and the way to it
//! - `structure`: the walk that finds the violations
//! - `edit`, `snippet`, `vocabulary`, `rate`, `object`: what messages and repairs
//!   are made of
//! - `foreign`: keys of other formats
//! - `members`, `types`, `wording`: the message for each violation
//!
//! Patterns, digits only in `max` and repeated counters are checked by
//! lowering, which reports nothing that was reported here.

mod context;
mod edit;
mod foreign;
mod members;
mod object;
mod part;
mod rate;
mod snippet;
mod structure;
#[cfg(test)]
mod tests;
mod text;
mod types;
mod violation;
mod vocabulary;
mod wording;

use crate::document::Document;
use crate::problem::Problem;
use context::NodeContext;

/// Checks the structure of a document against the format (policy language §1).
///
/// The problems are in the order of the file: a wrong value is found at the
/// value, an unknown key or a bad tool name at the key, something missing at the
/// object that lacks it, a repeated entry at the repetition. A node is reported
/// once for one mistake. Of repeated keys, which the parser reports, the last
/// one is checked.
///
/// The result is empty exactly when `schema/policy.schema.json` accepts the
/// document.
pub(super) fn validate(document: &Document) -> Vec<Problem> {
    let mut problems = Vec::new();
    structure::check(&NodeContext::root(document), &mut |context, violation| {
        wording::report(&violation, context, &mut problems);
    });
    problems.sort_by_key(|problem| problem.location.span);
    problems
}
