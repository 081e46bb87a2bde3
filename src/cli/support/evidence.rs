//! What an approval of a finding is bound to: the message and the value or text
//! at its place, as SHA-256.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

use mcppolicy_analysis::finding::Finding;
use mcppolicy_engine::document::parse::parse_text;
use mcppolicy_engine::document::{Node, escape_pointer};
use mcppolicy_engine::source::{FileId, SourceMap};

/// The files that findings point into, each parsed once.
#[derive(Debug, Default)]
pub(crate) struct Evidence {
    parsed: HashMap<FileId, Option<Node>>,
    members: Members,
}

/// The members of the object that was looked into last, by their names: an object
/// of many members has a finding for each.
#[derive(Debug, Default)]
struct Members {
    file: Option<FileId>,
    object: String,
    by_name: HashMap<String, usize>,
}

impl Members {
    /// The value at a pointer into the document of a file.
    fn at<'n>(&mut self, file: FileId, root: &'n Node, pointer: &str) -> Option<&'n Node> {
        let Some((object, name)) = pointer.rsplit_once('/') else {
            return root.at(pointer);
        };
        let parent = root.at(object)?;
        let members = parent.members();
        if members.is_empty() {
            return root.at(pointer);
        }
        if self.file != Some(file) || self.object != object {
            self.file = Some(file);
            object.clone_into(&mut self.object);
            let named = members.iter().enumerate();
            self.by_name = named
                .map(|(at, member)| (escape_pointer(&member.key), at))
                .collect();
        }
        let at = self.by_name.get(name)?;
        members.get(*at).map(|member| &member.value)
    }
}

impl Evidence {
    /// The message of a finding and the value at its place: the value at its
    /// pointer as compact JSON where the file is JSON that has it, else the text
    /// of its span.
    pub fn of(&mut self, finding: &Finding, sources: &SourceMap) -> String {
        let file = finding.location.file;
        let text = sources.get(file).text();
        let parsed = self.parsed.entry(file);
        let root = parsed.or_insert_with(|| parse_text(text).ok().map(|(root, _)| root));
        let node = root
            .as_ref()
            .and_then(|root| self.members.at(file, root, &finding.pointer));
        let value = node.map(|node| node.to_value().to_string());
        let span = finding.location.span;
        let there = value.or_else(|| text.get(span.start..span.end).map(str::to_owned));
        format!("{}\n{}", finding.message, there.unwrap_or_default())
    }
}

/// The SHA-256 of a text in lower-case hexadecimal digits.
pub(crate) fn sha256(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use mcppolicy_analysis::finding::{RuleId, Severity};
    use mcppolicy_engine::source::{Location, Span};

    #[test]
    fn the_hash_is_the_one_of_the_standard() {
        let of_abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256("abc"), of_abc);
    }

    #[test]
    fn spelling_and_other_places_do_not_matter_and_the_value_does() {
        let of = |text: &str| {
            let mut sources = SourceMap::new();
            let location = Location {
                file: sources.add("f", text),
                span: Span::default(),
            };
            let finding = Finding::new(
                RuleId::ChangedTool,
                Severity::Warning,
                location,
                "/a",
                "It changed",
            );
            Evidence::default().of(&finding, &sources)
        };
        assert_eq!(of(r#"{"a": 1.0, "b": 2}"#), of(r#"{"b":3,"a":1}"#));
        assert_ne!(of(r#"{"a": 1}"#), of(r#"{"a": 2}"#));
        // Of repeated members the last one counts.
        assert_eq!(of(r#"{"a": 1, "a": 2}"#), of(r#"{"a": 2}"#));
    }
}
