//! Names of tools that are longer than any that a server has.
//!
//! The place of each rule and of each problem repeats the name of its tool. With
//! names as long as a file may be, a policy would need many times its own size.

use crate::document::{Document, Node};
use crate::problem::{Problem, ProblemKind};
use crate::source::Location;

/// How many bytes a name may have. The protocol gives it 128 characters.
const LONGEST: usize = 4_096;

/// The problems about names that are too long.
pub(super) fn find(document: &Document) -> Vec<Problem> {
    let tools = document.root.get("tools");
    let members = tools.map(Node::members).unwrap_or_default().iter();
    let long = members.filter(|member| member.key.len() > LONGEST);
    long.map(|member| {
        let location = Location {
            file: document.file,
            span: member.key_span,
        };
        let length = member.key.len();
        let message = format!("This name has {length} bytes, more than the {LONGEST} of a tool");
        Problem::new(ProblemKind::Content, location, "/tools", message)
            .help("name the tool as the server lists it")
    })
    .collect()
}
