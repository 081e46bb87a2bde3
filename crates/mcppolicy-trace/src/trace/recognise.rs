//! Which format a file is in, by its first lines and not by its name.
//!
//! Each format says itself which objects are its records ([`SHAPES`]), so that
//! what its reader reads is what is recognised.

mod stranger;

use std::io::{self, BufRead, Cursor, Read};

use super::block::{Blocks, Content};
use super::cassette::{self, Cassette};
use super::claude_code::{self, ClaudeCode};
use super::claude_desktop::{self, ClaudeDesktop};
use super::codex::{self, Codex};
use super::copilot::{self, Copilot};
use super::gateway::{self, Gateway};
use super::gemini::{self, Gemini};
use super::har::{self, Har};
use super::hooks::{self, Hooks};
use super::inspector::{self, Inspector};
use super::jsonrpc::{self, JsonRpc};
use super::log::{DocumentReader, LogFormat, LogReader};
use super::native::NativeReader;
use super::native_line::MEMBERS;
use super::openai::{self, OpenAi};
use super::opencode::{self, OpenCode};
use super::options::{Format, GrantFrom, Settings};
use super::otlp::{self, Otlp};
use super::outline::Outline;
use super::reader::Reader;
use super::toolhive::{self, ToolHive};
use super::vscode::{self, VsCode};
use stranger::Stranger;

/// How much of a file is looked at, in bytes.
const PREFIX: u64 = 64 * 1024;

/// How many of its lines.
const MOST_LINES: usize = 200;

/// Whether the object at a place of an outline, such as `0.`, is a record of a
/// format.
type IsRecord = fn(&Outline, &str) -> bool;

/// The records of every format whose records are JSON. The first that an object
/// fits counts.
const SHAPES: [(Format, IsRecord); 15] = [
    (Format::Native, is_native),
    (Format::Har, har::is_record),
    (Format::Cassette, cassette::is_record),
    (Format::Otlp, otlp::is_record),
    (Format::Gateway, gateway::is_record),
    (Format::Hooks, hooks::is_record),
    (Format::ToolHive, toolhive::is_record),
    (Format::Inspector, inspector::is_record),
    (Format::JsonRpc, jsonrpc::is_record),
    (Format::Codex, codex::is_record),
    (Format::Copilot, copilot::is_record),
    (Format::Gemini, gemini::is_record),
    (Format::OpenCode, opencode::is_record),
    (Format::ClaudeCode, claude_code::is_record),
    (Format::OpenAi, openai::is_record),
];

/// The formats whose records are also found in arrays.
const IN_ARRAYS: [Format; 5] = [
    Format::Inspector,
    Format::JsonRpc,
    Format::Otlp,
    Format::ClaudeCode,
    Format::OpenAi,
];

/// What the beginning of a file says.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Recognised {
    /// The format; `None` when no line is of any.
    format: Option<Format>,
    /// Every format that a line of it looks like.
    all: Vec<Format>,
    /// Whether it is one JSON document and not lines.
    is_document: bool,
    /// Whether it begins with a line that opens an array and nothing else.
    is_list: bool,
    /// What it is, when it is of no format.
    stranger: Option<Stranger>,
}

/// A reader for `input`, which begins at its first byte. What is of no known
/// format has one problem, which says so.
///
/// # Errors
/// What the input reports.
pub fn reader(
    mut input: impl BufRead + 'static,
    settings: Settings,
) -> io::Result<Box<dyn Reader>> {
    let mut prefix = Vec::new();
    input.by_ref().take(PREFIX).read_to_end(&mut prefix)?;
    let recognised = recognise(&prefix);
    // What a cassette says of all its messages is before them.
    let cassette = match settings.format.or(recognised.format) {
        Some(Format::Cassette) => Cassette::of(&String::from_utf8_lossy(&prefix)),
        _ => Cassette::default(),
    };
    let input = Cursor::new(prefix).chain(input);
    if let (None, Some(stranger)) = (settings.format, recognised.stranger) {
        return Ok(Box::new(stranger));
    }
    let format = settings.format.or(recognised.format);
    let format = format.unwrap_or(Format::Native);
    let all = recognised.all.into_iter();
    let opening = Opening {
        input,
        settings,
        or: all.filter(|other| *other != format).collect(),
        is_document: recognised.is_document,
        is_list: recognised.is_list,
    };
    let by_session = settings.grant_from == Some(GrantFrom::Session);
    Ok(match format {
        Format::Native => {
            let content = if settings.build_every_line {
                Content::Other
            } else {
                Content::Native
            };
            let blocks = Blocks::new(opening.input);
            Box::new(NativeReader::of_blocks(blocks, content))
        }
        // The first line of a log may be the end of a batch, or its beginning.
        Format::JsonRpc if opening.is_list => opening.either(JsonRpc),
        Format::JsonRpc => opening.lines(JsonRpc),
        Format::ClaudeDesktop => opening.lines(ClaudeDesktop),
        Format::Gateway => opening.lines(Gateway {
            instance_is_session: by_session,
        }),
        Format::Codex => opening.lines(Codex::default()),
        Format::VsCode => opening.lines(VsCode),
        Format::Hooks => opening.lines(Hooks),
        Format::ToolHive => opening.lines(ToolHive::default()),
        Format::Copilot => opening.lines(Copilot::default()),
        Format::Har => opening.either(Har::default()),
        Format::Cassette => opening.either(cassette),
        Format::Inspector => opening.either(Inspector::default()),
        Format::Gemini => opening.either(Gemini::default()),
        Format::OpenCode => opening.either(OpenCode::default()),
        Format::ClaudeCode => opening.either(ClaudeCode::default()),
        Format::Otlp => opening.either(Otlp::new(settings.include_tools)),
        Format::OpenAi => opening.either(OpenAi {
            conversation_is_session: by_session,
        }),
    })
}

/// A log that is being opened.
struct Opening<R> {
    input: R,
    settings: Settings,
    /// What else it looks like.
    or: Vec<Format>,
    is_document: bool,
    is_list: bool,
}

impl<R: BufRead + 'static> Opening<R> {
    /// A reader of its lines.
    fn lines<F: LogFormat + 'static>(self, format: F) -> Box<dyn Reader> {
        Box::new(LogReader::new(self.input, format, self.settings).or(self.or))
    }

    /// A reader of its lines, or of its elements when it is a document.
    fn either<F: LogFormat + 'static>(self, format: F) -> Box<dyn Reader> {
        if self.is_document {
            let from = self.settings.grant_from;
            Box::new(DocumentReader::new(self.input, format, from).or(self.or))
        } else {
            self.lines(format)
        }
    }
}

fn recognise(prefix: &[u8]) -> Recognised {
    let prefix = prefix.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(prefix);
    let text = String::from_utf8_lossy(prefix);
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !is_blank(line))
        .take(MOST_LINES)
        .collect();
    let is_document = is_document(&lines);
    let whole = is_document.then_some(&*text);
    let mut all: Vec<Format> = Vec::new();
    for part in whole.into_iter().chain(lines.iter().copied()) {
        let format = classify(part);
        all.extend(format.filter(|format| !all.contains(format)));
    }
    let format = all.first().copied();
    let stranger = match format {
        None => Stranger::find(&text, &lines),
        Some(_) => None,
    };
    Recognised {
        format,
        all,
        is_document,
        is_list: lines.first().is_some_and(|line| line.trim() == "["),
        stranger,
    }
}

/// Whether nothing is in a line.
fn is_blank(line: &str) -> bool {
    line.trim_matches([' ', '\t', '\r']).is_empty()
}

/// Whether the first line begins a JSON value that goes on in the next, other
/// than by having been cut off.
fn is_document(lines: &[&str]) -> bool {
    let (Some(first), next) = (lines.first(), lines.get(1)) else {
        return false;
    };
    let first = first.trim();
    if !first.starts_with(['{', '[']) || Outline::end_of(first).is_some() {
        return false;
    }
    let Some(next) = next.map(|line| line.trim()) else {
        // One long line: an array is a document, an object may be the first of
        // many lines, unless it holds all spans or an archive.
        let outline = Outline::scan_for_signs(first);
        let is_archive = har::is_record(&outline, "") && outline.has(har::WITHIN);
        return first.starts_with('[') || is_archive || otlp::is_record(&outline, "");
    };
    let whole = |line: &str| Outline::end_of(line) == Some(line.len());
    first.starts_with('[') || !(next.starts_with(['{', '[']) && whole(next))
}

/// The format of one line, or of the beginning of one.
fn classify(line: &str) -> Option<Format> {
    let line = line.trim();
    let line = jsonrpc::unframed(line);
    if !line.starts_with(['{', '[']) {
        let texts = [
            (Format::ClaudeDesktop, claude_desktop::is_entry(line)),
            (Format::VsCode, vscode::is_entry(line)),
        ];
        let found = texts.into_iter().find(|(_, is_entry)| *is_entry);
        return found.map(|(format, _)| format);
    }
    let outline = Outline::scan_for_signs(line);
    let in_array = line.starts_with('[');
    let at = if in_array { "0." } else { "" };
    let shapes = SHAPES.iter();
    let mut shapes = shapes.filter(|(format, _)| !in_array || IN_ARRAYS.contains(format));
    let found = shapes.find(|(_, is_record)| is_record(&outline, at));
    found.map(|(format, _)| *format)
}

/// Whether an object is a line of the native format, also one that is wrong.
fn is_native(outline: &Outline, at: &str) -> bool {
    let kind = outline.text("type").unwrap_or_default();
    let has = |name: &str| outline.has(&format!("{at}{name}"));
    if has("mcppolicy") || (has("tool") && kind.is_empty() && !has("role")) {
        return true;
    }
    // A request that is no message is a mistake of the line, not of its format.
    let says = outline.has_inside("request") || has("arguments") || has("expect");
    says && only_native(outline)
}

/// Whether a line has no member that only a tap's wrapper has.
fn only_native(outline: &Outline) -> bool {
    let is_known = |name: &str| MEMBERS.contains(&name);
    outline.names().all(is_known)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(text: &str) -> Option<Format> {
        recognise(text.as_bytes()).format
    }

    #[test]
    fn each_format_is_recognised_by_a_line_of_it() {
        let lines = [
            (r#"{"mcppolicy":"trace/1"}"#, Format::Native),
            (r#"{"tool":"a","arguments":{}}"#, Format::Native),
            (
                r#"{"ts":"x","request":{"jsonrpc":"2.0","id":1,"method":"tools/call"}}"#,
                Format::Native,
            ),
            (
                r#"{"timestamp":1,"request":{"jsonrpc":"2.0","id":1,"method":"ping"}}"#,
                Format::JsonRpc,
            ),
            (r#"{"jsonrpc":"2.0","id":1,"result":{}}"#, Format::JsonRpc),
            (
                r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#,
                Format::JsonRpc,
            ),
            (
                r#"{"dir":"in","msg":{"id":1,"result":{}}}"#,
                Format::JsonRpc,
            ),
            (
                r#"{"message":"{\"jsonrpc\":\"2.0\",\"method\":\"x\"}"}"#,
                Format::JsonRpc,
            ),
            (
                r#"{"ts":"x","dir":"server->client","because":"not JSON","noise":"hello"}"#,
                Format::JsonRpc,
            ),
            (
                r#"{"ts":"x","dir":"client->server","message":{"n":1}}"#,
                Format::JsonRpc,
            ),
            (
                r#"{"type":"user","sessionId":"s","message":{"role":"user"}}"#,
                Format::ClaudeCode,
            ),
            (
                r#"{"type":"summary","summary":"x","leafUuid":"y"}"#,
                Format::ClaudeCode,
            ),
            (
                r#"{"timestamp":"x","type":"session_meta","payload":{"id":"s"}}"#,
                Format::Codex,
            ),
            (
                r#"2025-12-16T16:06:55.750Z [info] [x] Message from client: {}"#,
                Format::ClaudeDesktop,
            ),
            (
                r#"{"type":"message","role":"user","content":[]}"#,
                Format::Codex,
            ),
            (r#"{"resourceSpans":[]}"#, Format::Otlp),
            (r#"{"log":{"version":"1.2","entries":[]}}"#, Format::Har),
            (
                r#"{"format_version":2,"recorded_at":"2026-11-20T10:00:00Z","messages":[]}"#,
                Format::Cassette,
            ),
            (
                r#"{"seq":0,"t_offset_ms":1,"sender":"client","payload":{}}"#,
                Format::Cassette,
            ),
            (
                r#"{"id":"m","timestamp":"x","direction":"response","message":{"jsonrpc":"2.0"}}"#,
                Format::Inspector,
            ),
            (
                r#"[{"id":"f","timestamp":"x","url":"y","requestHeaders":{},"category":"auth"}]"#,
                Format::Inspector,
            ),
            // Another recorder with the same words.
            (
                r#"{"timestamp":"x","direction":"request","message":{"jsonrpc":"2.0","id":1}}"#,
                Format::JsonRpc,
            ),
            (
                r#"{"task_id":0,"messages":[{"role":"user"}]}"#,
                Format::OpenAi,
            ),
            (r#"[{"role":"user","content":"x"}]"#, Format::OpenAi),
            (
                r#"{"ts":"x","type":"startup","instance":"a"}"#,
                Format::Gateway,
            ),
        ];
        for (line, expected) in lines {
            assert_eq!(format(line), Some(expected), "{line}");
            let after_noise = format!("\u{feff}noise\n{{\"cut\n{line}\n");
            assert_eq!(format(&after_noise), Some(expected), "after noise: {line}");
        }
        for line in ["", "hello", "{\"a\":1}", "[1,2]", "{\"type\":\"x\"}"] {
            assert_eq!(format(line), None, "{line}");
        }
    }

    #[test]
    fn words_inside_a_message_do_not_decide() {
        let text = r#"{"type":"user","sessionId":"s","message":{"role":"user","content":"{\"jsonrpc\":\"2.0\"} resourceSpans"}}"#;
        assert_eq!(format(text), Some(Format::ClaudeCode));
    }

    #[test]
    fn a_document_is_distinguished_from_lines() {
        let document = |text: &str| recognise(text.as_bytes()).is_document;
        assert!(document(
            "[\n {\"role\":\"user\"},\n {\"role\":\"assistant\"}\n]"
        ));
        assert!(document("{\n  \"resourceSpans\": [\n"));
        assert!(!document("{\"role\":\"user\"}\n{\"role\":\"user\"}"));
        assert!(!document("{\"role\":\"us\n{\"role\":\"user\"}\n"));
        assert!(document(&format!(
            "{{\"resourceSpans\":[{{\"x\":\"{}",
            "y".repeat(70_000)
        )));
        assert!(!document(&format!(
            "{{\"messages\":[{{\"x\":\"{}",
            "y".repeat(70_000)
        )));
    }
}
