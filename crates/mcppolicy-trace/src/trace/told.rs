//! A call as a client's own log tells it: what the readers of such logs have in
//! common.

use super::call::{RecordedCall, RecordedRequest, Server};
use super::collector::Collector;
use super::message::{Identity, result_of};
use super::pointer::Pointer;
use super::reason;
use super::refusal::{Client, Fate};
use super::tolerant_json::{Json, written_arguments};
use mcppolicy_engine::document::borrowed::Node;
use mcppolicy_engine::time::Time;

/// A call in a client's log.
pub(super) struct Told<'a> {
    pub json: &'a Json<'a>,
    /// Where in it the call is.
    pub pointer: Pointer<'a>,
    pub line: usize,
    pub time: Option<Time>,
    /// The server and the tool; `None` when the log names no tool.
    pub tool: Option<(Server, String)>,
    pub arguments: Option<Node<'a>>,
    /// The client's id of the call.
    pub id: Option<&'a str>,
    pub session: Option<String>,
    pub bytes: usize,
}

impl Told<'_> {
    /// The call, which waits for its result under `key`.
    pub fn call(self, key: Option<&str>, collector: &mut Collector) {
        let read = self.json.flaws(self.pointer).and_then(|repeats| {
            let (arguments, inside) = written_arguments(self.arguments)?;
            Ok((arguments, repeats || inside))
        });
        let (arguments, repeats_an_argument) = match read {
            Ok(read) => read,
            Err(reason) => {
                collector.skip(self.line, reason);
                return key.into_iter().for_each(|key| collector.request(key));
            }
        };
        let Some((server, tool)) = self.tool else {
            return collector.skip(self.line, reason::NO_NAME);
        };
        let call = RecordedCall {
            line: self.line,
            server,
            time: self.time,
            repeats_an_argument,
            id: self.id.map(str::to_owned),
            ..RecordedCall::new(RecordedRequest::Tool {
                name: Some(tool),
                arguments,
            })
        };
        let identity = Identity {
            session: self.session,
            ..Identity::default()
        };
        collector.call(call, identity, key, self.bytes);
    }
}

/// What the log says in the place of a result.
pub(super) struct Outcome<'a> {
    pub text: Option<&'a str>,
    /// Whether the client has marked it as failed.
    pub failed: bool,
    /// Whether the client says in a member of its own that it refused the call.
    pub refused: bool,
    pub time: Option<Time>,
}

impl Outcome<'_> {
    /// Gives it to the call that waits under `key`, of a tool that the client
    /// calls `tool`; whether there was one.
    pub fn answer(
        &self,
        key: &str,
        (client, tool): (&Client, &str),
        collector: &mut Collector,
    ) -> bool {
        let text = self.text.unwrap_or_default();
        let fate = match client.fate(text, tool) {
            _ if self.refused => Fate::NotSent,
            fate if self.failed => fate,
            _ => Fate::Sent,
        };
        match fate {
            Fate::NotSent => collector.cancel(key),
            Fate::Unknown => collector.unknown_outcome(key, text),
            Fate::Sent => collector.answer(key, Some(result_of(self.text)), self.time),
        }
    }
}
