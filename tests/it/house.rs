//! The house: which room may know which. Reads the `crate::` paths of every
//! source file and holds the direction of imports.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The rooms, from left to right: a room uses only what stands to its left.
/// Rooms of one row do not know each other.
const ROWS: [&[&str]; 16] = [
    &["source", "value", "time", "nearest"],
    &["diagnostic"],
    &["document"],
    &["pattern", "schema", "inventory"],
    &["policy", "trace"],
    &["engine"],
    &["region", "timeline"],
    &["compare"],
    &["lint", "replay", "diff"],
    &["fix", "starter"],
    &["report"],
    &["shown"],
    &["share"],
    &["merge"],
    &["render"],
    &["cli"],
];

/// A word that only some rooms may name, and why.
struct Reserved {
    words: &'static [&'static str],
    /// Files or folders below `src`.
    rooms: &'static [&'static str],
    why: &'static str,
}

const RESERVED: [Reserved; 6] = [
    Reserved {
        words: &["miette"],
        rooms: &["render/human.rs", "render/human/"],
        why: "other formats must not depend on how findings are drawn",
    },
    Reserved {
        words: &["jsonschema"],
        rooms: &["schema.rs", "schema/"],
        why: "its errors are put on spans in one place",
    },
    Reserved {
        words: &[
            "println!",
            "print!",
            "eprintln!",
            "eprint!",
            "stdout()",
            "stderr()",
        ],
        rooms: &["cli.rs", "cli/", "render.rs", "render/", "main.rs"],
        why: "what a library prints nobody can catch",
    },
    Reserved {
        words: &["std::fs", "std::process", "std::env", "File::open"],
        rooms: &["cli.rs", "cli/", "main.rs"],
        why: "only the command line touches the world outside",
    },
    Reserved {
        words: &["rmcp", "tokio", "rustix", "signal_hook"],
        rooms: &["cli/inventory/", "cli/record/"],
        why: "what starts servers must stay easy to leave out",
    },
    Reserved {
        words: &["SystemTime", "Instant::now", "Timestamp::now", "Zoned::now"],
        rooms: &["cli.rs", "cli/"],
        why: "time is an input",
    },
];

#[test]
fn a_room_uses_only_what_stands_to_its_left() {
    let mut wrong = Vec::new();
    for file in sources() {
        let Some(own) = file.room() else { continue };
        let Some(own_row) = row(own) else {
            wrong.push(unknown(own));
            continue;
        };
        for used in file.rooms_used() {
            if used == own {
                continue;
            }
            match row(&used) {
                None => wrong.push(unknown(&used)),
                Some(used_row) if used_row >= own_row => wrong.push(format!(
                    "src/{} uses `{used}`, which does not stand to the left of `{own}`: \
                     move what both need further left",
                    file.path
                )),
                Some(_) => {}
            }
        }
    }
    wrong.sort();
    wrong.dedup();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_belongs_to_one_room_is_named_in_no_other() {
    let mut wrong = Vec::new();
    for file in sources() {
        for reserved in &RESERVED {
            let allowed = reserved.rooms.iter().any(|room| {
                file.path == *room || (room.ends_with('/') && file.path.starts_with(room))
            });
            let named = reserved.words.iter().find(|word| names(&file.code, word));
            if let (false, Some(word)) = (allowed, named) {
                wrong.push(format!(
                    "src/{} names `{word}`, which only {} may: {}",
                    file.path,
                    reserved.rooms.join(", "),
                    reserved.why
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_reader_of_imports_sees_every_form() {
    let file = File::new(
        "lint/rules.rs",
        "use crate::{self, document::Node, engine::{Engine, decision::Kind}, value::*};\n\
         // use crate::commented;\n\
         use crate::policy::Policy as P; /* crate::also */\n\
         fn f(x: &crate::region::Region) { let s = \"crate::text // \"; g(crate::compare::h) }\n\
         use crate::{\n    source,\n    diagnostic::Finding,\n};",
    );
    let used: Vec<String> = file.rooms_used().into_iter().collect();
    let expected = [
        "compare",
        "diagnostic",
        "document",
        "engine",
        "policy",
        "region",
        "source",
        "value",
    ];
    assert_eq!(used, expected);
    assert_eq!(file.room(), Some("lint"));
    assert!(names("let x = miette::Report", "miette") && !names("dismiettes", "miette"));
}

fn row(room: &str) -> Option<usize> {
    ROWS.iter().position(|row| row.contains(&room))
}

fn unknown(room: &str) -> String {
    format!(
        "no row of tests/it/house.rs has the room `{room}`: put it to the right of everything \
         that it uses and to the left of everything that uses it"
    )
}

/// One source file without its comments and the contents of its strings.
struct File {
    /// Below `src`, with `/`.
    path: String,
    code: String,
}

fn sources() -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    collect(&root, &mut paths);
    assert!(paths.len() > 10, "the sources are not where they were");
    let read = |path: &PathBuf| {
        let relative = path.strip_prefix(&root).unwrap();
        let relative = relative.to_str().unwrap().replace('\\', "/");
        File::new(&relative, &fs::read_to_string(path).unwrap())
    };
    paths.iter().map(read).collect()
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    entries.sort();
    for entry in entries {
        if entry.is_dir() {
            collect(&entry, paths);
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            paths.push(entry);
        }
    }
}

impl File {
    fn new(path: &str, text: &str) -> File {
        File {
            path: path.to_owned(),
            code: without_comments_and_strings(text),
        }
    }

    /// The room that the file belongs to; the crate's front page and `main`
    /// are doors, not rooms.
    fn room(&self) -> Option<&str> {
        let first = self.path.split('/').next().unwrap();
        match first.trim_end_matches(".rs") {
            "lib" | "main" => None,
            room => Some(room),
        }
    }

    /// The first segment behind every `crate::`.
    fn rooms_used(&self) -> BTreeSet<String> {
        let mut used = BTreeSet::new();
        for (at, found) in self.code.match_indices("crate::") {
            if self.code[..at].ends_with(is_part_of_a_name) {
                continue;
            }
            let behind = self.code[at + found.len()..].trim_start();
            match behind.strip_prefix('{') {
                Some(group) => used.extend(first_segments(group)),
                None => used.extend(identifier(behind)),
            }
        }
        used.remove("self");
        used
    }
}

/// The first segment of every path in a group, behind its `{`.
fn first_segments(group: &str) -> Vec<String> {
    let mut segments = Vec::new();
    let mut depth = 0;
    let mut at_start = true;
    for (at, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => at_start = true,
            _ if character.is_whitespace() => {}
            _ => {
                if at_start {
                    segments.extend(identifier(&group[at..]));
                }
                at_start = false;
            }
        }
    }
    segments
}

fn identifier(text: &str) -> Option<String> {
    let length = text
        .find(|character| !is_part_of_a_name(character))
        .unwrap_or(text.len());
    (length > 0).then(|| text[..length].to_owned())
}

fn is_part_of_a_name(character: char) -> bool {
    character == '_' || character.is_ascii_alphanumeric()
}

/// Whether `word` stands in the code as a word of its own.
fn names(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = code[at + word.len()..].chars().next();
        !before.is_some_and(is_part_of_a_name) && !after.is_some_and(is_part_of_a_name)
    })
}

/// The code with comments and the contents of strings left out.
fn without_comments_and_strings(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(length) = raw_string(rest, out.chars().next_back()) {
            length
        } else if first == '"' {
            plain_string(rest)
        } else if first == '\'' {
            character_literal(rest)
        } else {
            0
        };
        if skipped == 0 {
            out.push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            out.push(' ');
            rest = &rest[skipped..];
        }
    }
    out
}

/// The length of `r"…"` or `r#"…"#` at the start of `text`.
fn raw_string(text: &str, before: Option<char>) -> Option<usize> {
    if before.is_some_and(is_part_of_a_name) {
        return None;
    }
    let prefix = text.strip_prefix("br").or_else(|| text.strip_prefix('r'))?;
    let hashes = prefix.len() - prefix.trim_start_matches('#').len();
    let body = prefix[hashes..].strip_prefix('"')?;
    let close = format!("\"{}", "#".repeat(hashes));
    let end = body.find(&close)?;
    Some(text.len() - body.len() + end + close.len())
}

fn plain_string(text: &str) -> usize {
    let mut escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of a character literal, or nothing for a lifetime.
fn character_literal(text: &str) -> usize {
    let mut characters = text.char_indices().skip(1);
    match characters.next() {
        Some((_, '\\')) => text[2..]
            .char_indices()
            .skip(1)
            .find(|(_, character)| *character == '\'')
            .map_or(0, |(at, _)| at + 3),
        Some(_) => match characters.next() {
            Some((at, '\'')) => at + 1,
            _ => 0,
        },
        None => 0,
    }
}
