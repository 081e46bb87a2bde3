//! HTTP archives, HAR 1.2 (<http://www.softwareishard.com/blog/har-12-spec/>), as
//! browsers, proxies and HTTP clients export them: each entry is one exchange of
//! the Streamable HTTP transport, whose request has a message in its body and
//! whose response has one in its body or several in a stream of events
//! (<https://modelcontextprotocol.io/specification/2025-11-25/basic/transports>).
//! An entry may also be a line of its own.
//!
//! ```json
//! {"log":{"version":"1.2","entries":[{"startedDateTime":"2026-11-20T10:00:00.000Z","time":12.5,"request":{"method":"POST","url":"https://gw.example.com/mcp","headers":[{"name":"Mcp-Session-Id","value":"s-1"}],"postData":{"mimeType":"application/json","text":"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",…}"}},"response":{"status":200,"headers":[],"content":{"mimeType":"application/json","text":"{…}"}}}]}}
//! ```
//!
//! Of the headers only the session is kept. A credential tells callers apart and
//! becomes a number ([`Records::caller`]) before anything is kept; nothing of a URL
//! is kept that may hold one.

use super::call::Server;
use super::chunk::{Chunk, LineFinder};
use super::collector::Collector;
use super::jsonrpc::{message, unframed};
use super::log::LogFormat;
use super::message::{Envelope, Identity, Side};
use super::options::Format;
use super::outline::Outline;
use super::records::Records;
use super::tolerant_json::Json;
use mcppolicy_engine::document::Node;
use mcppolicy_engine::time::{Time, TimeDelta};

/// HTTP archives.
#[derive(Default)]
pub(super) struct Har {
    records: Records,
}

const NO_MCP: &str = "an exchange without an MCP message";

/// The member of the outermost object that holds the entries.
pub(super) const WITHIN: &str = "log";

/// Whether the object at `at` of an outline is an archive or an entry of one.
pub(super) fn is_record(outline: &Outline, at: &str) -> bool {
    let has = |name: &str| outline.has(&format!("{at}{name}"));
    let inside = |name: &str| outline.has_inside(&format!("{at}{name}"));
    let is_archive = has("log.entries") || (has("log.version") && inside("log.creator"));
    let is_entry = has("startedDateTime") && inside("request") && inside("response");
    is_archive || is_entry
}

impl LogFormat for Har {
    fn format(&self) -> Format {
        Format::Har
    }

    fn within(&self) -> &'static str {
        WITHIN
    }

    fn share(&mut self, records: &Records) {
        self.records = records.clone();
    }

    fn read_chunk(&mut self, chunk: Chunk<'_>, collector: &mut Collector) {
        let json = match Json::parse(chunk.text) {
            Ok(json) => json,
            Err(reason) => return collector.skip(chunk.line, reason),
        };
        let entries = json.root.get(WITHIN).and_then(|log| log.get("entries"));
        let mut lines = LineFinder::new(chunk);
        let mut bytes = chunk.text.len();
        let entries = match entries {
            Some(entries) => entries.items(),
            None => std::slice::from_ref(&json.root),
        };
        for entry in entries {
            let line = lines.line(entry);
            self.entry(entry, line, std::mem::take(&mut bytes), collector);
        }
    }
}

impl Har {
    /// Reads one exchange.
    fn entry(&self, entry: &Node, line: usize, bytes: usize, collector: &mut Collector) {
        let (Some(request), Some(response)) = (entry.get("request"), entry.get("response")) else {
            return collector.skip(line, NO_MCP);
        };
        let sent = body(request.get("postData"));
        let received = body(response.get("content"));
        if sent.is_empty() && received.is_empty() {
            return collector.skip(line, NO_MCP);
        }
        let url = request.get("url").and_then(Node::as_str);
        let time = collector.time(entry.get("startedDateTime"));
        let session = header(request, SESSION).or_else(|| header(response, SESSION));
        let credential = header(request, CREDENTIAL);
        let mut envelope = Envelope {
            line,
            time,
            sender: Some(Side::Client),
            identity: Identity {
                grant: None,
                session: session.map(str::to_owned),
                user: credential.and_then(|credential| self.records.caller(credential)),
            },
            // Where there is no session, what answers a request is in the same entry.
            exchange: Some(format!("{line}:{}", entry.span.start)),
            server: url.map_or(Server::Unknown, |url| Server::Named(server(url))),
            would_block: None,
            cut: false,
            bytes,
        };
        for json in &sent {
            pass(json, &envelope, collector);
        }
        envelope.sender = Some(Side::Server);
        envelope.time = time.and_then(|time| {
            let millis = entry.get("time").and_then(Node::as_number)?;
            Some(time.plus(TimeDelta::nanos((millis * 1e6) as i128)))
        });
        envelope.time = envelope.time.map(|end| end.max(time.unwrap_or(end)));
        envelope.time = envelope.time.and_then(|time: Time| time.in_calendar().ok());
        envelope.bytes = 0;
        for json in &received {
            pass(json, &envelope, collector);
        }
    }
}

fn pass(json: &Result<Json, &'static str>, envelope: &Envelope, collector: &mut Collector) {
    match json {
        Ok(json) => message(json, &json.root, "", envelope, collector),
        Err(reason) => collector.skip(envelope.line, reason),
    }
}

/// The header that names a session.
const SESSION: &str = "mcp-session-id";

/// The header that holds a credential.
const CREDENTIAL: &str = "authorization";

/// The value of a header, which has something in it.
fn header<'n>(of: &'n Node, name: &str) -> Option<&'n str> {
    let headers = of.get("headers").map(Node::items).unwrap_or_default();
    let text = |header: &'n Node, key: &str| header.get(key).and_then(Node::as_str);
    headers
        .iter()
        .filter(|header| text(header, "name").is_some_and(|own| own.eq_ignore_ascii_case(name)))
        .find_map(|header| text(header, "value").filter(|value| !value.is_empty()))
}

/// The messages in a body: one, or those of a stream of events. What is no JSON
/// in either, such as a page or a form, is no message.
fn body(holder: Option<&Node>) -> Vec<Result<Json, &'static str>> {
    let text = |key: &str| holder.and_then(|holder| holder.get(key)?.as_str());
    let Some(raw) = text("text") else {
        return Vec::new();
    };
    let decoded;
    let body = match text("encoding") {
        Some("base64") => {
            let Some(bytes) = base64(raw) else {
                return Vec::new();
            };
            decoded = String::from_utf8_lossy(&bytes).into_owned();
            decoded.as_str()
        }
        _ => raw,
    };
    let body = body.trim_start();
    if body.starts_with(['{', '[']) {
        let json = Json::parse(body);
        let is_other = json.as_ref().is_ok_and(|json| !is_message(&json.root));
        return if is_other { Vec::new() } else { vec![json] };
    }
    events(body)
}

/// The messages of a stream of events: the data of each, which may be on several
/// lines.
fn events(body: &str) -> Vec<Result<Json, &'static str>> {
    let mut messages = Vec::new();
    let mut data = String::new();
    for line in body.lines().chain([""]) {
        if let Some(part) = line.strip_prefix("data:") {
            if !data.is_empty() {
                data.push('\n');
            }
            data.push_str(part.strip_prefix(' ').unwrap_or(part));
        } else if line.is_empty() {
            let whole = std::mem::take(&mut data);
            let text = unframed(whole.trim_start());
            if text.starts_with(['{', '[']) {
                messages.push(Json::parse(text));
            }
        }
    }
    messages
}

/// Whether a body is JSON-RPC and no other JSON.
fn is_message(root: &Node) -> bool {
    let is_one = |node: &Node| node.get("jsonrpc").is_some();
    is_one(root) || root.items().iter().any(is_one)
}

/// The server that a URL names: its host and path. Whoever is named before the
/// host, and the query, may be a credential.
fn server(url: &str) -> String {
    let (_, rest) = url.split_once("://").unwrap_or(("", url));
    let end = rest.find(['?', '#']).unwrap_or(rest.len());
    let rest = rest.get(..end).unwrap_or_default();
    let (authority, path) = match rest.find('/') {
        Some(at) => rest.split_at_checked(at).unwrap_or((rest, "")),
        None => (rest, ""),
    };
    let host = authority.rsplit('@').next().unwrap_or_default();
    format!("{host}{path}").trim_end_matches('/').to_owned()
}

/// The bytes that a text in base64 stands for.
fn base64(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut held) = (0_u32, 0);
    let digits = text.bytes().filter(|byte| !byte.is_ascii_whitespace());
    for byte in digits.take_while(|byte| *byte != b'=') {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(digit);
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push((bits >> held & 0xFF) as u8);
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_url_no_credential_is_kept() {
        for (url, kept) in [
            ("https://gw.example.com/mcp", "gw.example.com/mcp"),
            (
                "https://ann:secret@gw.example.com:8443/mcp/?key=secret#x",
                "gw.example.com:8443/mcp",
            ),
            ("http://localhost?token=secret", "localhost"),
            ("gw.example.com/mcp", "gw.example.com/mcp"),
            ("", ""),
        ] {
            assert_eq!(server(url), kept, "{url}");
        }
    }

    #[test]
    fn base64_is_read_with_or_without_padding() {
        for (text, bytes) in [
            ("", Some("")),
            ("eyJhIjoxfQ==", Some("{\"a\":1}")),
            ("eyJhIjoxfQ", Some("{\"a\":1}")),
            ("eyJh\r\nIjoxfQ==", Some("{\"a\":1}")),
            ("{\"a\":1}", None),
        ] {
            assert_eq!(base64(text).as_deref(), bytes.map(str::as_bytes), "{text}");
        }
    }
}
