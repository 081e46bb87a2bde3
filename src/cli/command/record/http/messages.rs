//! What is written of the messages that pass over HTTP: each with its time, its
//! direction and to which session or exchange it belongs. Nothing else of a
//! request is: headers by an allow-list, and credentials never.

use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use hmac::{Hmac, Mac};
use hyper::HeaderMap;
use hyper::header;
use serde::Deserialize;
use serde::de::IgnoredAny;
use sha2::Sha256;

use crate::cli::command::record::recorder::{Recorder, now};
use crate::cli::support::http::headers::credentials;
use crate::cli::support::http::sse::Event;
use crate::cli::support::output::complain;
use mcppolicy_trace::trace::tap::{Direction, Passed};

/// The headers that are recorded, with the members that have them.
const RECORDED: [(&str, &str); 3] = [
    ("mcp-protocol-version", "protocol_version"),
    ("mcp-method", "mcp_method"),
    ("mcp-name", "mcp_name"),
];
/// The most credentials that are remembered.
const MOST_CREDENTIALS: usize = 1_000;
/// The most events that are remembered.
const MOST_EVENTS: usize = 100_000;
/// How many hexadecimal digits a digest has: 128 bits.
const DIGITS: usize = 32;

/// One request and what answers it.
#[derive(Debug, Clone, Default)]
pub(super) struct Exchange {
    around: Vec<(&'static str, String)>,
    /// Whether it goes on with a stream that has broken off.
    resumes: bool,
}

/// The messages of all exchanges, on their way into the recording.
pub(super) struct Messages {
    inner: Mutex<Inner>,
    /// Known to this process alone, so that a digest says nothing to others.
    key: [u8; 32],
}

struct Inner {
    recorder: Recorder,
    exchanges: u64,
    credentials: Known,
    /// The events that have passed, by session and id: a stream that is resumed
    /// brings some again.
    events: Known,
    /// Whether something has passed that could not be read.
    is_unread: bool,
}

/// Texts that are remembered, the newest of them.
struct Known {
    most: usize,
    texts: HashSet<String>,
    order: VecDeque<String>,
}

impl Known {
    fn new(most: usize) -> Known {
        Known {
            most,
            texts: HashSet::new(),
            order: VecDeque::new(),
        }
    }

    /// Adds a text; whether it is new.
    fn insert(&mut self, text: String) -> bool {
        let is_new = self.texts.insert(text.clone());
        if is_new {
            self.order.push_back(text);
        }
        if self.order.len() > self.most
            && let Some(oldest) = self.order.pop_front()
        {
            self.texts.remove(&oldest);
        }
        is_new
    }
}

impl Messages {
    /// Messages that go into `recorder`.
    pub fn new(recorder: Recorder) -> Messages {
        let mut key = [0; 32];
        // Where there is no randomness, digests can be guessed at, so that there
        // are none.
        let key = getrandom::fill(&mut key).map(|()| key).unwrap_or_default();
        Messages {
            inner: Mutex::new(Inner {
                recorder,
                exchanges: 0,
                credentials: Known::new(MOST_CREDENTIALS),
                events: Known::new(MOST_EVENTS),
                is_unread: false,
            }),
            key,
        }
    }

    /// Each call leaves it consistent, so a panic elsewhere does not matter.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins an exchange. `headers` are those of its request, `own` those that
    /// the tap adds.
    pub fn begin(&self, headers: &HeaderMap, own: &HeaderMap) -> Exchange {
        let mut inner = self.lock();
        for credential in credentials(headers).into_iter().chain(credentials(own)) {
            inner.credentials.insert(credential);
        }
        inner.exchanges += 1;
        let mut exchange = Exchange {
            resumes: headers.contains_key("last-event-id"),
            ..Exchange::default()
        };
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        match text("mcp-session-id") {
            Some(session) => exchange.add("session", self.digest(session)),
            // Ids count for one connection, and each exchange may be one.
            None => exchange.add("exchange", Some(inner.exchanges.to_string())),
        }
        let user = headers.get(header::AUTHORIZATION);
        let user = user.and_then(|value| value.to_str().ok());
        exchange.add("user", user.and_then(|user| self.digest(user)));
        for (name, member) in RECORDED {
            exchange.add(member, text(name).map(str::to_owned));
        }
        exchange
    }

    /// Records the body of a request or of an answer, if it is a message.
    /// Whether it is one.
    pub fn body(&self, exchange: &Exchange, direction: Direction, bytes: &[u8]) -> bool {
        let is_message = is_message(bytes);
        if is_message {
            self.write(exchange, direction, |passed, out| {
                Passed { bytes, ..passed }.write(out);
            });
        }
        is_message
    }

    /// Records an event of a stream, if it is a message. One that has passed before
    /// does so again on a stream that is resumed.
    pub fn event(&self, exchange: &Exchange, event: &Event) {
        if event.cut {
            self.unread("an event longer than 16 MiB");
        }
        if event.cut || !is_message(&event.data) {
            return;
        }
        let id = event.id.as_ref().filter(|id| !id.is_empty());
        let is_known = id.is_some_and(|id| {
            let id = format!("{}\0{}", exchange.scope(), String::from_utf8_lossy(id));
            !self.lock().events.insert(id)
        });
        // Without a session, each stream of a server may number its events anew.
        let is_again = is_known && exchange.resumes;
        self.write(exchange, Direction::ToClient, |passed, out| {
            if is_again {
                passed.write_unkept("an event that has passed before", out);
            } else {
                Passed {
                    bytes: &event.data,
                    ..passed
                }
                .write(out);
            }
        });
    }

    /// Records that there was an answer without a message in it.
    pub fn status(&self, exchange: &Exchange, what: &str) {
        self.write(exchange, Direction::ToClient, |passed, out| {
            passed.write_unkept(what, out);
        });
    }

    /// Says, once, that something passes that cannot be read.
    pub fn unread(&self, what: &str) {
        let mut inner = self.lock();
        if !std::mem::replace(&mut inner.is_unread, true) {
            complain(&format!("{what} passes and is not recorded"));
        }
    }

    /// Ends the recording; whether all that has passed is in it.
    pub fn finish(&self) -> bool {
        let mut inner = self.lock();
        if inner.recorder.is_empty() {
            inner.recorder.discard();
        }
        inner.recorder.finish() && !inner.is_unread
    }

    fn write(
        &self,
        exchange: &Exchange,
        direction: Direction,
        put: impl FnOnce(Passed<'_>, &mut Vec<u8>),
    ) {
        let around: Vec<(&'static str, &str)> = exchange
            .around
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let passed = Passed {
            direction,
            time: now(),
            around: &around,
            bytes: b"",
        };
        let mut record = Vec::new();
        put(passed, &mut record);
        let mut inner = self.lock();
        let record = without(record, &inner.credentials);
        inner.recorder.write_records(&record);
    }

    /// A name for what must not be written: 128 bits of a keyed digest.
    fn digest(&self, text: &str) -> Option<String> {
        if self.key == [0; 32] {
            return None;
        }
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).ok()?;
        mac.update(text.as_bytes());
        let bytes = mac.finalize().into_bytes();
        let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        digits.get(..DIGITS).map(str::to_owned)
    }
}

impl Exchange {
    fn add(&mut self, member: &'static str, value: Option<String>) {
        self.around.extend(value.map(|value| (member, value)));
    }

    /// The session that event ids count for; empty where there is none.
    fn scope(&self) -> &str {
        let session = self.around.iter().find(|(name, _)| *name == "session");
        session.map(|(_, value)| value.as_str()).unwrap_or_default()
    }
}

/// A record without the credentials that a message may repeat.
fn without(record: Vec<u8>, credentials: &Known) -> Vec<u8> {
    let Ok(text) = String::from_utf8(record) else {
        return Vec::new();
    };
    let mut text = text;
    for credential in &credentials.order {
        if text.contains(credential.as_str()) {
            text = text.replace(credential.as_str(), "\u{2026}");
        }
    }
    text.into_bytes()
}

/// Whether a body is a JSON-RPC message or a batch of them: what a server says
/// beside those, when a client registers with it, is not to be kept.
fn is_message(bytes: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Message {
        jsonrpc: Option<String>,
        method: Option<IgnoredAny>,
        result: Option<IgnoredAny>,
        error: Option<IgnoredAny>,
        id: Option<IgnoredAny>,
    }
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Body {
        One(Message),
        Batch(Vec<Message>),
    }
    let is_one = |message: &Message| {
        let answers = (message.result.is_some() || message.error.is_some()) && message.id.is_some();
        message.jsonrpc.is_some()
            && (message.method.is_some() || answers || message.error.is_some())
    };
    match serde_json::from_slice(bytes) {
        Ok(Body::One(message)) => is_one(&message),
        Ok(Body::Batch(messages)) => messages.iter().any(is_one),
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_messages_are_kept() {
        for text in [
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#,
            r#"{"jsonrpc":"2.0","method":"notifications/x"}"#,
            r#"{"jsonrpc":"2.0","id":1,"result":{}}"#,
            r#"{"jsonrpc":"2.0","id":null,"error":{"code":1}}"#,
            r#"[{"jsonrpc":"2.0","id":1,"result":{}}]"#,
        ] {
            assert!(is_message(text.as_bytes()), "{text}");
        }
        for text in [
            r#"{"client_id":"a","client_secret":"b"}"#,
            r#"{"error":"invalid_token"}"#,
            r#"{"jsonrpc":"2.0","token":"b"}"#,
            "[]",
            "{",
            "",
        ] {
            assert!(!is_message(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn a_credential_that_a_message_repeats_is_taken_out() {
        let mut known = Known::new(MOST_CREDENTIALS);
        known.insert("abcdefgh".to_owned());
        let record = without(b"{\"text\":\"Bearer abcdefgh!\"}".to_vec(), &known);
        assert_eq!(
            String::from_utf8(record).unwrap(),
            "{\"text\":\"Bearer \u{2026}!\"}"
        );
    }
}
