//! Collects what the readers of logs find: calls that wait for their responses,
//! lines that are skipped, and what was taken for granted.

mod names;

use std::collections::{BTreeSet, VecDeque};
use std::rc::Rc;

use super::askers::Askers;
use super::call::{Grant, RecordedCall, Server};
use super::direction::Directions;
use super::fast_path::{MessageKind, ParsedBlock, ParsedMessage, SimpleCall};
use super::item::Item;
use super::message::Identity;
use super::options::{Assumed, Format, GrantFrom};
use super::pairing::{Legs, PendingRequest, PendingRequests};
use super::reader::Ready;
use super::records::Records;
use super::response::{Observed, Response};
use super::rounds::Rounds;
use super::view::CallView;
use super::{reason, timestamp};
use mcppolicy_engine::document::borrowed::Node;
use mcppolicy_engine::time::Time;

/// Collects what a format finds in its file.
#[derive(Default)]
pub(super) struct Collector {
    /// What waits for no response.
    ready: VecDeque<Item>,
    requests: PendingRequests,
    /// What goes on after its first answer.
    pub rounds: Rounds,
    /// What its directions say.
    pub directions: Directions,
    /// On which sides of a gateway there are requests.
    pub askers: Askers,
    grant_from: Option<GrantFrom>,
    assumed: BTreeSet<Assumed>,
    split_names: usize,
    /// How many calls there were, and whether anyone refused one.
    calls: u64,
    /// Whether a call named its session.
    has_session: bool,
    shows_refusal: bool,
    /// What else the log looks like.
    or: Vec<Format>,
    /// A buffer for keys.
    key: String,
}

/// The most characters of a client's words that are kept in a note.
const MOST_WORDS: usize = 120;

impl Collector {
    pub fn new(grant_from: Option<GrantFrom>) -> Collector {
        Collector {
            grant_from,
            ..Collector::default()
        }
    }

    /// What else the log looks like than what it is read as.
    pub fn looks_like(&mut self, or: Vec<Format>) {
        self.or = or;
    }

    /// The next item, once it is ready.
    pub fn next(&mut self) -> Option<Ready> {
        if let Some(item) = self.ready.pop_front() {
            return Some(Ready::Item(item));
        }
        match self.requests.next()? {
            PendingRequest::Other => None,
            PendingRequest::Call(call) => Some(Ready::Item(Item::Call(call))),
            PendingRequest::Simple(call) => Some(Ready::Simple(call)),
        }
    }

    /// A message that was read in place, entry `at` of its block; of a call,
    /// `index` is its number among those of its block.
    pub fn message(
        &mut self,
        block: &Rc<ParsedBlock>,
        (at, message): (usize, &ParsedMessage),
        index: usize,
    ) {
        let text = block.str();
        if let MessageKind::Call { .. } = message.kind {
            self.calls += 1;
            let identity = Identity {
                grant: message.grant,
                session: message.session,
                user: message.user,
            };
            let grant = self.grant(identity, message.server.unwrap_or(Server::Default));
            let call = SimpleCall::message(block, (at, index), grant);
            let bytes = block.line(message.line).0.len();
            let id = message.id.map(|id| id.of(text));
            return self.requests.hold(PendingRequest::Simple(call), id, bytes);
        }
        let mut key = std::mem::take(&mut self.key);
        key.clear();
        message.write_key(text, &mut key);
        match message.kind {
            MessageKind::Call { .. } => {}
            MessageKind::Other { method } => {
                self.other(method.of(text));
                if message.id.is_some() {
                    self.request(&key);
                }
            }
            MessageKind::Result => {
                // The result of a task is that of its call.
                if let Some(asked) = self.rounds.asked(&key).filter(|asked| asked.for_result) {
                    self.answer(&asked.task, Some(Response::Result), message.time);
                }
                if !self.answer(&key, Some(Response::Result), message.time) {
                    let line = block.line_number(message.line);
                    self.skip(line, reason::NO_REQUEST);
                }
            }
        }
        self.key = key;
    }

    /// A call. With a `key` it waits for its response; `bytes` is how much text
    /// is held until then.
    pub fn call(
        &mut self,
        call: RecordedCall,
        identity: Identity,
        key: Option<&str>,
        bytes: usize,
    ) {
        let call = self.counted(call, identity);
        self.requests.hold(PendingRequest::Call(call), key, bytes);
    }

    /// A call with who made it, which counts from here on.
    fn counted(&mut self, mut call: RecordedCall, identity: Identity) -> Box<RecordedCall> {
        self.calls += 1;
        self.shows_refusal |= call.observed_decision() == Some(Observed::Deny);
        call.grant = self.grant(identity, call.server.clone());
        Box::new(call)
    }

    /// A call that a gateway sent to a server. Where the log has the client's side of
    /// the gateway, too, it is no call of its own.
    pub fn call_to_server(
        &mut self,
        call: RecordedCall,
        identity: Identity,
        key: Option<&str>,
        bytes: usize,
    ) {
        let call = self.counted(call, identity);
        self.requests.hold_to_server(call, key, bytes);
    }

    /// Whether a call that a gateway sent to a server is one that came from a client in
    /// this log. It is passed over then, and its response waited for.
    pub fn is_passed_on(&mut self, line: usize, key: Option<&str>) -> bool {
        let is_passed_on = self.requests.legs() == Legs::Client;
        if is_passed_on {
            self.pass_over(line);
            if let Some(key) = key {
                self.request(key);
            }
        }
        is_passed_on
    }

    /// The log has a call on the client's side of a gateway.
    pub fn show_client(&mut self) {
        if self.requests.legs() == Legs::Server {
            self.assume(Assumed::LateClient);
        }
        for line in self.requests.show_client() {
            self.calls -= 1;
            self.pass_over(line);
        }
    }

    fn pass_over(&mut self, line: usize) {
        self.assume(Assumed::PassedOn);
        self.skip(line, reason::PASSED_ON);
    }

    /// A request that no policy decides, which still has a response.
    pub fn request(&mut self, key: &str) {
        self.requests.hold(PendingRequest::Other, Some(key), 0);
    }

    /// A request of another method than `tools/call`.
    pub fn other(&mut self, method: &str) {
        self.ready.push_back(Item::OtherMethod(method.to_owned()));
    }

    /// A line without a call.
    pub fn skip(&mut self, line: usize, reason: &'static str) {
        self.ready.push_back(Item::Skipped { line, reason });
    }

    /// The response to the nearest open request of this id; whether there was
    /// one.
    pub fn answer(&mut self, key: &str, response: Option<Response>, time: Option<Time>) -> bool {
        self.shows_refusal |= response == Some(Response::Denied);
        self.requests
            .close(key, |request| request.answer(response, time))
    }

    /// The nearest open call of this id never reached a server.
    pub fn cancel(&mut self, key: &str) -> bool {
        let mut line = None;
        let found = self.requests.close(key, |request| {
            line = match std::mem::replace(request, PendingRequest::Other) {
                PendingRequest::Other => None,
                PendingRequest::Call(call) => Some(call.line),
                PendingRequest::Simple(call) => Some(call.line()),
            };
        });
        if let Some(line) = line {
            self.skip(line, reason::NOT_SENT);
            self.shows_refusal = true;
        }
        found
    }

    /// What came of the nearest open call of this id is unknown, also whether
    /// it was sent: the client ended it in words that are in no table. It counts
    /// as sent.
    pub fn unknown_outcome(&mut self, key: &str, text: &str) -> bool {
        self.assume(Assumed::UnknownOutcome);
        let words = text.lines().next().unwrap_or_default();
        let words: String = words.chars().take(MOST_WORDS).collect();
        self.requests.close(key, |request| {
            if let PendingRequest::Call(call) = request {
                call.note = Some(format!("unknown outcome: {words}"));
            }
        })
    }

    /// The response to the nearest open request of this id, which stays open
    /// for what a later line may say of it, until [`Collector::settle`].
    pub fn answer_for_now(
        &mut self,
        key: &str,
        response: Option<Response>,
        time: Option<Time>,
    ) -> bool {
        self.requests
            .amend(key, |request| request.answer(response, time))
    }

    /// No later line says more of the nearest open request of this id.
    pub fn settle(&mut self, key: &str) {
        self.requests.close(key, |_| {});
    }

    /// The response to the nearest open call of this id comes under the key
    /// `later`; whether there was one.
    pub fn answer_later(&mut self, key: &str, later: &str) -> bool {
        self.requests.rename(key, later)
    }

    /// The server has asked for input to the nearest open call of this id, and
    /// the next round comes with `state`.
    pub fn begin_round(&mut self, key: &str, connection: &str, state: &str) {
        if let Some(call) = self.requests.built(key) {
            self.rounds.begin(connection, state, call);
        }
    }

    /// The nearest open call of this id, for what a later line adds to it.
    pub fn open_call(&mut self, key: &str) -> Option<&mut RecordedCall> {
        self.requests.peek(key)
    }

    /// No response comes any more.
    pub fn close_all(&mut self) {
        self.requests.close_all();
    }

    /// There are no more lines of the log, which was read as `format`.
    pub fn end(&mut self, format: Format) {
        self.close_all();
        if self.calls == 0 {
            let or = std::mem::take(&mut self.or);
            let taken_for = format;
            self.assume(Assumed::NoCall { taken_for, or });
            return;
        }
        if self.grant_from == Some(GrantFrom::Session) && !self.has_session {
            self.assume(Assumed::NoSession);
        }
        if !self.shows_refusal {
            self.assume(Assumed::ShowsNoRefusal);
        }
    }

    /// Whether the record of this id is not among `records` yet, to which it is
    /// added; a record without an id never is.
    pub fn is_new(&mut self, id: Option<&str>, records: &Records) -> bool {
        let is_new = id.is_none_or(|id| records.insert(id));
        if records.forgets() {
            self.assume(Assumed::ForgottenRecords);
        }
        is_new
    }

    /// What was taken for granted, sorted.
    pub fn assumed(&self) -> Vec<Assumed> {
        self.assumed.iter().cloned().collect()
    }

    /// Something that is taken for granted.
    pub fn assume(&mut self, assumed: Assumed) {
        self.assumed.insert(assumed);
    }

    /// Who called, as the options say.
    fn grant<N>(&mut self, identity: Identity<N>, server: Server<N>) -> Grant<N> {
        let Identity {
            grant,
            session,
            user,
        } = identity;
        self.has_session |= session.is_some();
        let from = match (self.grant_from, grant) {
            (None, Some(grant)) => return grant,
            (None, None) if session.is_none() => GrantFrom::File,
            (None, None) => GrantFrom::Session,
            (Some(from), _) => from,
        };
        let grant = match from {
            GrantFrom::File => return Grant::Implicit,
            GrantFrom::Session => session.map_or(Grant::Unknown, Grant::Named),
            GrantFrom::User => user.map_or(Grant::Unknown, Grant::Named),
            GrantFrom::Server => match server {
                Server::Named(name) => Grant::Named(name),
                // One server, so one grant.
                Server::Default => Grant::Implicit,
                Server::Unknown => Grant::Unknown,
            },
        };
        self.assume(Assumed::IsGrant(from));
        grant
    }

    /// A time in RFC 3339, or in seconds, milli-, micro- or nanoseconds since
    /// the epoch.
    pub fn time(&mut self, node: Option<Node<'_>>) -> Option<Time> {
        let node = node.filter(|node| !node.is_null())?;
        let time = match node.as_str() {
            Some(text) => timestamp::in_text(text),
            None => node.as_number().and_then(timestamp::since_epoch),
        };
        if time.is_none() {
            self.assume(Assumed::UnreadableTime);
        }
        time
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::tolerant_json::Json;

    #[test]
    fn a_time_may_be_rfc_3339_or_any_count_since_the_epoch() {
        let mut collector = Collector::default();
        let mut read = |text: &str| {
            let json = Json::parse(text).unwrap_or_else(|_| panic!("{text}"));
            collector
                .time(Some(json.root()))
                .map(|time| time.to_string())
        };
        let expected = Some("2026-11-20T10:00:07.250Z".to_owned());
        for text in [
            "\"2026-11-20T10:00:07.25Z\"",
            "\"2026-11-20T12:00:07.250+02:00\"",
            "1795168807.25",
            "1795168807250",
            "\"1795168807250\"",
            "1795168807250000",
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
        for text in [
            "null",
            "\"yesterday\"",
            "true",
            "1e300",
            "\"2026-11-20T10:00:07\"",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        assert!(collector.assumed.contains(&Assumed::UnreadableTime));
    }
}
