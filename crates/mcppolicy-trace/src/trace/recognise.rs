//! Which format a file is in, by its first lines and not by its name.

use std::io::{self, BufRead, Cursor, Read};

use super::block::{Blocks, Content};
use super::claude_code::ClaudeCode;
use super::claude_desktop::{self, ClaudeDesktop};
use super::codex::Codex;
use super::gateway::Gateway;
use super::jsonrpc::JsonRpc;
use super::log::{DocumentReader, LogFormat, LogReader};
use super::native::NativeReader;
use super::openai::OpenAi;
use super::options::{Format, GrantFrom, Settings};
use super::otlp::Otlp;
use super::outline::Outline;
use super::reader::Reader;
use super::tap;

/// How much of a file is looked at, in bytes.
const PREFIX: u64 = 64 * 1024;

/// How many of its lines.
const MOST_LINES: usize = 200;

/// What the beginning of a file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Recognised {
    /// The format; `None` when no line is of any.
    format: Option<Format>,
    /// Whether it is one JSON document and not lines.
    is_document: bool,
}

/// A reader for `input`, which begins at its first byte. What is of no known
/// format is read as a native trace, whose complaints say where it fails.
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
    let input = Cursor::new(prefix).chain(input);
    let format = settings
        .format
        .or(recognised.format)
        .unwrap_or(Format::Native);
    let from = settings.grant_from;
    let native = if settings.build_every_line {
        Content::Other
    } else {
        Content::Native
    };
    let by_session = from == Some(GrantFrom::Session);
    let document = recognised.is_document;
    Ok(match format {
        Format::Native => Box::new(NativeReader::of_blocks(Blocks::new(input), native)),
        Format::JsonRpc => log(input, JsonRpc, settings),
        Format::ClaudeCode => log(input, ClaudeCode, settings),
        Format::Codex => log(input, Codex::default(), settings),
        Format::ClaudeDesktop => log(input, ClaudeDesktop, settings),
        Format::Gateway => {
            let gateway = Gateway {
                instance_is_session: by_session,
            };
            log(input, gateway, settings)
        }
        Format::Otlp if document => Box::new(DocumentReader::new(input, Otlp::default(), from)),
        Format::Otlp => log(input, Otlp::default(), settings),
        Format::OpenAi => {
            let transcripts = OpenAi {
                conversation_is_session: by_session,
            };
            if document {
                Box::new(DocumentReader::new(input, transcripts, from))
            } else {
                log(input, transcripts, settings)
            }
        }
    })
}

fn log<F: LogFormat + 'static>(
    input: impl BufRead + 'static,
    format: F,
    settings: Settings,
) -> Box<dyn Reader> {
    Box::new(LogReader::new(input, format, settings))
}

fn recognise(prefix: &[u8]) -> Recognised {
    let prefix = prefix.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(prefix);
    let text = String::from_utf8_lossy(prefix);
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .take(MOST_LINES)
        .collect();
    let is_document = is_document(&lines);
    let by_line = || lines.iter().find_map(|line| classify(line));
    let format = if is_document {
        classify(&text).or_else(by_line)
    } else {
        by_line()
    };
    Recognised {
        format,
        is_document,
    }
}

/// Whether the first line begins a JSON value that goes on in the next, other
/// than by having been cut off.
fn is_document(lines: &[&str]) -> bool {
    let (Some(first), next) = (lines.first(), lines.get(1)) else {
        return false;
    };
    let first = first.trim();
    if !first.starts_with(['{', '[']) || Outline::scan(first).end.is_some() {
        return false;
    }
    let Some(next) = next.map(|line| line.trim()) else {
        // One long line: an array is a document, an object may be the first of
        // many lines, unless it holds all spans.
        return first.starts_with('[') || Outline::scan(first).has("resourceSpans");
    };
    let whole = |line: &str| Outline::scan(line).end == Some(line.len());
    first.starts_with('[') || !(next.starts_with(['{', '[']) && whole(next))
}

/// The format of one line, or of the beginning of one.
fn classify(line: &str) -> Option<Format> {
    let line = line.trim();
    if !line.starts_with(['{', '[']) {
        return claude_desktop::is_entry(line).then_some(Format::ClaudeDesktop);
    }
    let outline = Outline::scan(line);
    if line.starts_with('[') {
        return if is_message(&outline, "0.") {
            Some(Format::JsonRpc)
        } else if outline.has("0.resourceSpans") || outline.has("0.resource_spans") {
            Some(Format::Otlp)
        } else if outline.has("0.role") || outline.has_inside("0.messages") {
            Some(Format::OpenAi)
        } else {
            None
        };
    }
    object(&outline)
}

fn object(outline: &Outline) -> Option<Format> {
    let kind = outline.text("type").unwrap_or_default();
    let has = |name| outline.has(name);
    if has("mcppolicy") || (outline.text("tool").is_some() && kind.is_empty()) {
        return Some(Format::Native);
    }
    if has("resourceSpans") || has("resource_spans") {
        return Some(Format::Otlp);
    }
    if has("instance") && has("ts") && !kind.is_empty() {
        return Some(Format::Gateway);
    }
    if outline.has_inside("request") && is_message(outline, "request.") && only_native(outline) {
        return Some(Format::Native);
    }
    let wrapped = ["msg.", "message.", "payload.", "request."];
    let in_text = ["msg", "message", "payload"].iter().any(|key| {
        outline
            .text(key)
            .is_some_and(|text| is_message(&Outline::scan(text), ""))
    });
    // Whatever a tap of ours has kept, message or noise.
    let is_tapped = outline.text("dir").is_some_and(tap::is_direction);
    if is_tapped
        || is_message(outline, "")
        || wrapped.iter().any(|at| is_message(outline, at))
        || in_text
    {
        return Some(Format::JsonRpc);
    }
    if [
        "session_meta",
        "response_item",
        "event_msg",
        "turn_context",
        "compacted",
    ]
    .contains(&kind)
        && outline.has_inside("payload")
    {
        return Some(Format::Codex);
    }
    if has("sessionId") || has("leafUuid") || (has("uuid") && has("message.role")) {
        return Some(Format::ClaudeCode);
    }
    // Messages of a chat have no type, those of a rollout do.
    let in_rollout = ["function_call", "function_call_output"].contains(&kind) && has("call_id");
    if in_rollout || has("record_type") || (kind == "message" && has("role")) {
        return Some(Format::Codex);
    }
    let messages = ["messages", "traj", "conversation", "conversations"];
    if messages.iter().any(|key| outline.has_inside(key)) || has("tool_calls") || has("role") {
        return Some(Format::OpenAi);
    }
    None
}

/// Whether there is a JSON-RPC message at `at`.
fn is_message(outline: &Outline, at: &str) -> bool {
    let has = |name: &str| outline.has(&format!("{at}{name}"));
    has("jsonrpc")
        || (has("method") && (has("id") || has("params")))
        || (has("id") && has("result"))
        || (has("id") && has("error"))
}

/// Whether a line has no member that only a tap's wrapper has.
fn only_native(outline: &Outline) -> bool {
    let known = [
        "request",
        "ts",
        "at",
        "repeat",
        "every",
        "grant",
        "server",
        "response",
        "response_ts",
        "observed",
        "expect",
        "arguments_unknown",
        "origin",
        "id",
        "note",
    ];
    outline.names().all(|name| known.contains(&name))
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
