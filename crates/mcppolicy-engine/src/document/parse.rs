//! A strict RFC 8259 parser that keeps the span of everything.
//!
//! It accepts what `serde_json` accepts, to the same depth (a property test
//! checks this). A syntax error ends it, because the rest needs a tree; repeated
//! keys, lone surrogates and numbers that no double holds are collected.

mod defect;
mod parser;
mod plain;

use super::borrowed::Tree;
use super::{Document, Node};
use crate::problem::{Problem, ProblemKind};
use crate::source::{FileId, Location, SourceMap, Span};
use defect::shortened;
use parser::Parser;

pub use defect::{Defect, SyntaxError, Trouble, quoted};
pub use plain::end_of_plain;

/// Parses one JSON text.
///
/// # Errors
/// The first syntax error.
pub fn parse_text(text: &str) -> Result<(Node, Vec<Defect>), SyntaxError> {
    let (tree, defects) = parse_borrowed(text)?;
    Ok((tree.root().to_owned(), defects))
}

/// The same with a tree that borrows the text.
///
/// # Errors
/// The first syntax error.
pub fn parse_borrowed(text: &str) -> Result<(Tree<'_>, Vec<Defect>), SyntaxError> {
    let (places, defects) = Parser::new(text).document().map_err(|error| *error)?;
    Ok((Tree::new(text, places), defects))
}

/// The first value of a text behind which there may be anything, and where that begins.
///
/// # Errors
/// The first syntax error.
pub fn parse_first(text: &str) -> Result<(Tree<'_>, Vec<Defect>, usize), SyntaxError> {
    let read = Parser::new(text).first().map_err(|error| *error)?;
    let (places, defects, end) = read;
    Ok((Tree::new(text, places), defects, end))
}

/// Reads a file's bytes into `map` and parses them as a document, strictly: a
/// byte-order mark, other encodings, and everything in [`Trouble`] are findings
/// (rule `syntax`).
///
/// The file is in the map in any case, so that findings can be shown in it.
pub fn parse(
    map: &mut SourceMap,
    name: &str,
    bytes: &[u8],
) -> (FileId, Option<Document>, Vec<Problem>) {
    let text = match decode(bytes) {
        Ok(text) => text,
        Err(bad) => {
            let file = map.add(name, String::from_utf8_lossy(bytes));
            return (file, None, vec![syntax_problem(file, bad)]);
        }
    };
    let file = map.add(name, text);
    match parse_text(text) {
        Ok((root, problems)) => {
            let findings = problems
                .iter()
                .map(|problem| defect_problem(file, text, problem))
                .collect();
            (file, Some(Document { file, root }), findings)
        }
        Err(bad) => (file, None, vec![syntax_problem(file, bad)]),
    }
}

/// The text of a file's bytes, or why they are not UTF-8 without a mark.
///
/// # Errors
/// The byte-order mark or the first byte that is not UTF-8.
pub fn decode(bytes: &[u8]) -> Result<&str, SyntaxError> {
    let error = |message: &str, help: &str, at: usize| SyntaxError {
        message: message.to_owned(),
        help: Some(help.to_owned()),
        span: Span::new(at, at),
    };
    match bytes {
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => Err(error(
            "The file is UTF-16; JSON is UTF-8",
            "save it as \"UTF-8\" (in Windows Notepad: Save As, Encoding; in PowerShell: Set-Content -Encoding utf8NoBOM)",
            0,
        )),
        [0, b'{' | b'[', ..] | [b'{' | b'[', 0, ..] => Err(error(
            "The file is UTF-16 without a mark; JSON is UTF-8",
            "save it as \"UTF-8\"",
            0,
        )),
        [0xEF, 0xBB, 0xBF, ..] => Err(error(
            "The file begins with a byte-order mark, which JSON does not allow",
            "save it as \"UTF-8\" without BOM",
            0,
        )),
        _ => std::str::from_utf8(bytes).map_err(|bad| {
            error(
                &format!(
                    "Byte 0x{:02X} is not UTF-8",
                    bytes.get(bad.valid_up_to()).copied().unwrap_or_default()
                ),
                "save the file as \"UTF-8\"; it may be Latin-1 or Windows-1252 now",
                bad.valid_up_to(),
            )
        }),
    }
}

fn syntax_problem(file: FileId, bad: SyntaxError) -> Problem {
    let finding = Problem::new(
        ProblemKind::Syntax,
        Location {
            file,
            span: bad.span,
        },
        "",
        bad.message,
    );
    Problem {
        help: bad.help,
        ..finding
    }
}

fn defect_problem(file: FileId, text: &str, problem: &Defect) -> Problem {
    let location = Location {
        file,
        span: problem.span,
    };
    let (message, help) = describe(text, problem);
    let finding = Problem::new(
        ProblemKind::Syntax,
        location,
        problem.pointer.clone(),
        message,
    )
    .help(help);
    match problem.trouble {
        Trouble::DuplicateKey { first, .. } => {
            finding.related(Location { file, span: first }, "first here")
        }
        _ => finding,
    }
}

/// The message and the help for a defect of `text`.
pub fn describe(text: &str, problem: &Defect) -> (String, String) {
    let written = text
        .get(problem.span.start..problem.span.end)
        .unwrap_or_default();
    match &problem.trouble {
        Trouble::DuplicateKey { key, .. } => (
            format!("The key {} is already in this object", quoted(key)),
            "gateways keep one of the two without saying which; remove or merge one".to_owned(),
        ),
        Trouble::LoneSurrogate => (
            format!("{written} is half of a surrogate pair, which is no character"),
            "write both halves, or the character itself in UTF-8".to_owned(),
        ),
        Trouble::InexactNumber => {
            let nearest: f64 = written.parse().unwrap_or_default();
            (
                format!(
                    "{} is not a number that an IEEE double holds",
                    shortened(written)
                ),
                format!(
                    "gateways would read {nearest}; write that, or use a string for an identifier"
                ),
            )
        }
        Trouble::NumberOverflow => (
            format!("{} is beyond the largest IEEE double", shortened(written)),
            "the largest is about 1.8e308".to_owned(),
        ),
    }
}
