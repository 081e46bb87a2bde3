//! What rules let through, in words: one spelling for every command and format.
//!
//! The words are complete. Whoever reads them knows of each call whether it passes,
//! without the policy: what is said of a missing argument, of null and of values of
//! another type is what the engine decides. Equal policies have equal words; policies
//! that let the same through may be worded differently, rule by rule.
//!
//! Names stand between backquotes, values are JSON, and nothing is cut or escaped for a
//! terminal or a page: that is for whoever shows the words.

mod condition;
mod limit;
mod policy;
mod spell;
mod tool;

#[cfg(test)]
mod tests;

pub use condition::{Phrase, condition, conditions, phrase};
pub use limit::{limit, limits};
pub use policy::{PolicyWords, policy};
pub use spell::{argument, name, number, value};
pub use tool::{Access, ToolWords, listed, tool, unlisted};
