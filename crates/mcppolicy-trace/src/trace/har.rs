//! HTTP archives, HAR 1.2 (<http://www.softwareishard.com/blog/har-12-spec/>), as
//! browsers, proxies and HTTP clients export them: each entry is one exchange of
//! the Streamable HTTP transport, whose request has a message in its body and
//! whose response has one in its body or several in a stream of events
//! (<https://modelcontextprotocol.io/specification/2025-11-25/basic/transports>).
//! An entry may also be a line of its own. What is kept of one: [`super::exchange`].
//!
//! ```json
//! {"log":{"version":"1.2","entries":[{"startedDateTime":"2026-11-20T10:00:00.000Z","time":12.5,"request":{"method":"POST","url":"https://gw.example.com/mcp","headers":[{"name":"Mcp-Session-Id","value":"s-1"}],"postData":{"mimeType":"application/json","text":"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",…}"}},"response":{"status":200,"headers":[],"content":{"mimeType":"application/json","text":"{…}"}}}]}}
//! ```

use super::chunk::{Chunk, LineFinder};
use super::collector::Collector;
use super::exchange::{Exchange, Headers, Messages, NO_MCP, messages};
use super::log::LogFormat;
use super::options::Format;
use super::outline::Outline;
use super::records::Records;
use mcppolicy_engine::document::borrowed::Node;

/// HTTP archives.
#[derive(Default)]
pub(super) struct Har {
    records: Records,
    /// How many entries were read.
    entries: usize,
}

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
        let json = match chunk.read() {
            Ok(json) => json,
            Err(reason) => return collector.skip(chunk.line, reason),
        };
        let entries = json.root().get(WITHIN).and_then(|log| log.get("entries"));
        let mut lines = LineFinder::new(chunk);
        let mut bytes = chunk.text.len();
        let read = |entry| {
            let line = lines.line(entry);
            self.entry(entry, line, std::mem::take(&mut bytes), collector);
        };
        match entries {
            Some(entries) => entries.items().for_each(read),
            None => Some(json.root()).into_iter().for_each(read),
        }
    }
}

impl Har {
    /// Reads one exchange.
    fn entry(&mut self, entry: Node<'_>, line: usize, bytes: usize, collector: &mut Collector) {
        let (Some(request), Some(response)) = (entry.get("request"), entry.get("response")) else {
            return collector.skip(line, NO_MCP);
        };
        self.entries += 1;
        let [asks, answers] = [request, response].map(|of| Headers(of.get("headers")));
        let exchange = Exchange {
            line,
            number: self.entries,
            bytes,
            begun: entry.get("startedDateTime"),
            millis: entry.get("time"),
            url: request.get("url"),
            status: response.get("status"),
            session: asks.session().or_else(|| answers.session()),
            credential: asks.credential(),
            sent: body(request.get("postData")),
            received: body(response.get("content")),
            cut: false,
        };
        exchange.read(&self.records, collector);
    }
}

/// The messages in a body, which may be written in base64.
fn body(holder: Option<Node<'_>>) -> Messages<'_> {
    let text = |key: &str| holder.and_then(|holder| holder.get(key)?.as_str());
    match (text("text"), text("encoding")) {
        (None, _) => Messages::new(),
        (Some(raw), Some("base64")) => {
            let bytes = base64(raw).unwrap_or_default();
            let text = String::from_utf8_lossy(&bytes);
            let messages = messages(&text).into_iter();
            messages
                .map(|read| read.map(|json| json.detached()))
                .collect()
        }
        (Some(raw), _) => messages(raw),
    }
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
