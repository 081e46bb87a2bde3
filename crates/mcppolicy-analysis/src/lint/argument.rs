//! What an argument is for, by its name: text that a server runs, opens
//! or fetches, or an amount of money.

use super::context::Tool;
use crate::inventory::category::words;
use crate::inventory::schema::{InputSchema, Presence};
use mcppolicy_engine::nearest::nearest;
use mcppolicy_engine::policy::Path;

/// Text of the caller's choice that makes a server do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freeform {
    /// Code or a shell command.
    Code,
    /// A query in a language that can do more than look.
    Query,
    /// An address to fetch.
    Url,
    /// A path of the file system.
    Path,
}

impl Freeform {
    /// What the argument called `name` takes, where it is one of these.
    pub fn of(name: &str) -> Option<Freeform> {
        let words = words::split(name);
        if words::is_code(&words) {
            return Some(Freeform::Code);
        }
        match words.last()?.as_str() {
            "query" | "queries" | "statement" | "graphql" => Some(Freeform::Query),
            "url" | "urls" | "uri" | "href" | "endpoint" => Some(Freeform::Url),
            "path" | "paths" | "filepath" | "filename" | "directory" | "dir" | "cwd" => {
                Some(Freeform::Path)
            }
            _ => None,
        }
    }

    /// What each element of the array called `name` is, where it is one of these.
    pub fn of_elements(name: &str) -> Option<Freeform> {
        Freeform::of(name).or_else(|| match words::split(name).last()?.as_str() {
            "files" | "filenames" | "filepaths" | "directories" | "dirs" | "folders" => {
                Some(Freeform::Path)
            }
            "uris" | "hrefs" | "endpoints" | "links" | "domains" | "hosts" => Some(Freeform::Url),
            "commands" | "cmds" | "scripts" | "args" | "argv" => Some(Freeform::Code),
            "statements" => Some(Freeform::Query),
            _ => None,
        })
    }

    /// The words for it in a message.
    pub const fn name(self) -> &'static str {
        match self {
            Freeform::Code => "code or a command",
            Freeform::Query => "a query",
            Freeform::Url => "a URL",
            Freeform::Path => "a path",
        }
    }

    /// The words for several of it.
    pub const fn plural(self) -> &'static str {
        match self {
            Freeform::Code => "code or parts of a command",
            Freeform::Query => "queries",
            Freeform::Url => "URLs",
            Freeform::Path => "paths",
        }
    }

    /// A value that no reviewer would allow.
    pub const fn telling(self) -> &'static str {
        match self {
            Freeform::Code => "rm -rf /",
            Freeform::Query => "DROP TABLE users",
            Freeform::Url => "http://169.254.169.254/",
            Freeform::Path => "../../etc/passwd",
        }
    }
}

/// A name without the `s` that makes it a plural, in lower case and without what
/// joins its words: `filePaths` and `file_path` are one.
pub fn singular(name: &str) -> String {
    let joined = words::split(name).concat();
    let of = |end: &str, then: &str| Some(format!("{}{then}", joined.strip_suffix(end)?));
    let ending = if joined.ends_with("ss") || joined.len() < 4 {
        None
    } else {
        of("ies", "y").or_else(|| of("s", ""))
    };
    ending.unwrap_or(joined)
}

/// Whether the argument called `name` is an amount, of money where its tool
/// moves money.
pub fn is_amount(name: &str) -> bool {
    words::split(name)
        .iter()
        .any(|word| words::is_amount(word) || matches!(word.as_str(), "price" | "total"))
}

/// Whether `path` certainly leads to nothing that the server reads: its schema
/// admits no such argument, or does not describe it and describes one whose
/// name is near.
pub fn is_mistaken(tool: &Tool<'_>, path: &Path) -> bool {
    let (Some(listed), Some(argument)) = (tool.listed, tool.argument(path)) else {
        return false;
    };
    match argument.presence {
        Presence::Declared | Presence::Unsaid => false,
        Presence::Refused => true,
        Presence::Undeclared => {
            let schema = listed.arguments();
            let (known, name) = described(&schema, path);
            dotted(&schema, path).is_some() || meant(name, &schema.names_under(known)).is_some()
        }
    }
}

/// How many names a server may know of which one is offered. Comparing a name with
/// each takes long, and a file may have many names that are unknown.
const MOST_KNOWN: usize = 512;

/// The one of `known` that is probably meant by `name`.
pub fn meant<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    if known.len() > MOST_KNOWN {
        return None;
    }
    nearest(name, known.iter().copied())
}

/// The argument with a dot in its name that `path` spells, and that no path
/// reaches (policy language §2): the name as the
/// schema has it.
pub fn dotted(schema: &InputSchema<'_>, path: &Path) -> Option<String> {
    let segments = path.segments();
    // An argument with the name's first part may well be there beside it.
    let reached = described(schema, path).0.len();
    (0..=reached).rev().find_map(|before| {
        let (known, rest) = segments.split_at_checked(before)?;
        (2..=rest.len()).rev().find_map(|length| {
            let spelt = rest.get(..length)?.join(".");
            let mut whole: Vec<&str> = known.iter().map(String::as_str).collect();
            whole.push(&spelt);
            let is_there = schema.argument(&whole).presence == Presence::Declared;
            is_there.then_some(spelt)
        })
    })
}

/// The part of `path` that a schema describes, and the name behind it.
pub fn described<'p>(schema: &InputSchema<'_>, path: &'p Path) -> (&'p [String], &'p str) {
    let segments = path.segments();
    let has = |length: &usize| {
        let known = segments.get(..*length).unwrap_or_default();
        schema.argument(known).presence == Presence::Declared
    };
    let length = (1..segments.len()).take_while(has).count();
    let known = segments.get(..length).unwrap_or_default();
    (known, segments.get(length).map_or("", String::as_str))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_word_of_a_name_says_what_an_argument_takes() {
        for (name, kind) in [
            ("command", Some(Freeform::Code)),
            ("sqlQuery", Some(Freeform::Code)),
            ("query", Some(Freeform::Query)),
            ("image_url", Some(Freeform::Url)),
            ("filePath", Some(Freeform::Path)),
            ("pathology", None),
            ("url_count", None),
            ("", None),
        ] {
            assert_eq!(Freeform::of(name), kind, "{name}");
        }
    }

    #[test]
    fn plurals_and_spellings_of_a_name_are_one() {
        for (name, of) in [
            ("paths", "path"),
            ("filePaths", "filepath"),
            ("file_path", "filepath"),
            ("queries", "query"),
            ("address", "address"),
            ("ids", "ids"),
        ] {
            assert_eq!(singular(name), of, "{name}");
        }
        assert_eq!(Freeform::of_elements("files"), Some(Freeform::Path));
        assert_eq!(Freeform::of_elements("labels"), None);
    }

    #[test]
    fn amounts_are_told_from_counts() {
        assert!(is_amount("amount") && is_amount("amount_cents") && is_amount("totalPrice"));
        assert!(!is_amount("count") && !is_amount("page") && !is_amount("summary"));
    }
}
