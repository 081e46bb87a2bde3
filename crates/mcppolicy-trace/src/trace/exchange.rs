//! Exchanges of the Streamable HTTP transport in an archive of them: the request
//! has a message in its body, the response has one in its body or several in a
//! stream of events
//! (<https://modelcontextprotocol.io/specification/2025-11-25/basic/transports>).
//! How an archive writes bodies and headers is for its reader to know.
//!
//! Of the headers only the session is kept. A credential tells callers apart and
//! becomes a number ([`Records::caller`]) before anything is kept; nothing of a URL
//! is kept that may hold one.

use super::call::Server;
use super::collector::Collector;
use super::jsonrpc::{message, unframed};
use super::message::{Envelope, Identity, Side};
use super::pointer::Pointer;
use super::records::Records;
use super::timestamp;
use super::tolerant_json::{Json, is_mask};
use mcppolicy_engine::document::borrowed::{Node, NodeKind};

pub(super) const NO_MCP: &str = "an exchange without an MCP message";
const NO_CREDENTIAL: &str = "a request that was sent back for want of a credential (401)";

/// The status of a response to a request without a valid credential, which was
/// not applied (RFC 9110, 15.5.2).
const UNAUTHORIZED: f64 = 401.0;

/// The messages in a body, or why one is not read.
pub(super) type Messages<'t> = Vec<Result<Json<'t>, &'static str>>;

/// One exchange.
pub(super) struct Exchange<'n> {
    /// The line on which it begins.
    pub line: usize,
    /// Its number among those of the log.
    pub number: usize,
    /// How much text it has, in bytes.
    pub bytes: usize,
    /// When the request was sent.
    pub begun: Option<Node<'n>>,
    /// How long it took, in milliseconds.
    pub millis: Option<Node<'n>>,
    pub url: Option<Node<'n>>,
    pub status: Option<Node<'n>>,
    pub session: Option<&'n str>,
    pub credential: Option<&'n str>,
    pub sent: Messages<'n>,
    pub received: Messages<'n>,
    /// Whether something was taken out of what was sent.
    pub cut: bool,
}

impl Exchange<'_> {
    /// Reads the messages of the exchange.
    pub fn read(self, records: &Records, collector: &mut Collector) {
        let status = self.status.and_then(Node::as_number);
        if self.sent.is_empty() && self.received.is_empty() {
            return collector.skip(self.line, NO_MCP);
        }
        if status == Some(UNAUTHORIZED) && self.received.is_empty() {
            return collector.skip(self.line, NO_CREDENTIAL);
        }
        let time = collector.time(self.begun);
        let url = self.url.and_then(Node::as_str);
        let mut envelope = Envelope {
            line: self.line,
            time,
            sender: Some(Side::Client),
            leg: None,
            identity: Identity {
                grant: None,
                session: self.session.map(str::to_owned),
                user: self
                    .credential
                    .and_then(|credential| records.caller(credential)),
            },
            // Where there is no session, what answers a request is in the same exchange.
            exchange: Some(self.number.to_string()),
            server: url.map_or(Server::Unknown, |url| Server::Named(server(url))),
            would_block: None,
            cut: self.cut,
            bytes: self.bytes,
        };
        for json in &self.sent {
            pass(json, &envelope, collector);
        }
        envelope.sender = Some(Side::Server);
        envelope.time = timestamp::after(time, self.millis);
        envelope.bytes = 0;
        for json in &self.received {
            pass(json, &envelope, collector);
        }
    }
}

fn pass(json: &Result<Json<'_>, &'static str>, envelope: &Envelope, collector: &mut Collector) {
    match json {
        Ok(json) => message(json, json.root(), Pointer::Root, envelope, collector),
        Err(reason) => collector.skip(envelope.line, reason),
    }
}

/// The headers of a request or of a response: a list of names and values, or an
/// object.
#[derive(Clone, Copy)]
pub(super) struct Headers<'n>(pub Option<Node<'n>>);

impl<'n> Headers<'n> {
    /// The session that they name.
    pub fn session(self) -> Option<&'n str> {
        self.get("mcp-session-id")
    }

    /// The credential that they hold, unless something stands in its place.
    pub fn credential(self) -> Option<&'n str> {
        let credential = self.get("authorization")?;
        let is_masked = credential.split_whitespace().any(is_mask) || is_mask(credential);
        (!is_masked).then_some(credential)
    }

    /// The value of a header, which has something in it.
    fn get(self, name: &str) -> Option<&'n str> {
        let headers = self.0?;
        let is_it = |own: &str| own.eq_ignore_ascii_case(name);
        let text = |node: Node<'n>| node.as_str().filter(|text| !text.is_empty());
        if let NodeKind::Object(members) = headers.kind() {
            let mut own = members.filter(|member| is_it(member.key));
            return own.find_map(|member| text(member.value));
        }
        let mut own = headers.items().filter(|header| {
            let own = header.get("name").and_then(Node::as_str);
            own.is_some_and(is_it)
        });
        own.find_map(|header| header.get("value").and_then(text))
    }
}

/// The messages in a body: one, or those of a stream of events. What is no JSON
/// in either, such as a page or a form, is no message.
pub(super) fn messages(body: &str) -> Messages<'_> {
    let body = body.trim_start();
    if body.starts_with(['{', '[']) {
        let json = Json::parse(body);
        let is_other = json.as_ref().is_ok_and(|json| !is_message(json.root()));
        return if is_other { Vec::new() } else { vec![json] };
    }
    events(body)
}

/// The messages of a stream of events: the data of each, which may be on several
/// lines.
fn events(body: &str) -> Messages<'static> {
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
                messages.push(Json::parse(text).map(|json| json.detached()));
            }
        }
    }
    messages
}

/// Whether a body is JSON-RPC and no other JSON.
fn is_message(root: Node<'_>) -> bool {
    let is_one = |node: Node<'_>| node.get("jsonrpc").is_some();
    is_one(root) || root.items().any(is_one)
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
    fn headers_are_read_as_a_list_and_as_an_object() {
        for (headers, credential) in [
            (
                r#"[{"name":"AUTHORIZATION","value":"Bearer a"}]"#,
                Some("Bearer a"),
            ),
            (r#"{"Authorization":"Bearer a"}"#, Some("Bearer a")),
            (r#"{"authorization":"","Authorization":"b"}"#, Some("b")),
            // What stands in the place of a credential is none.
            (r#"{"authorization":"[REDACTED]"}"#, None),
            (r#"{"authorization":"Bearer ***"}"#, None),
            (r#"{"authorization":["Bearer a"]}"#, None),
            (r#"[{"name":1,"value":2},7,{"value":"x"}]"#, None),
            ("null", None),
        ] {
            let json = Json::parse(headers).unwrap_or_else(|reason| panic!("{reason}"));
            assert_eq!(
                Headers(Some(json.root())).credential(),
                credential,
                "{headers}"
            );
        }
    }
}
