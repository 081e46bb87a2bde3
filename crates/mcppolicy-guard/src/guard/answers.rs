//! What comes back from the server, and what does not.

use mcppolicy_engine::document::parse::parse_text;
use mcppolicy_engine::document::{Node, NodeKind};
use mcppolicy_engine::engine::Store;
use mcppolicy_engine::time::{Time, TimeDelta};
use mcppolicy_engine::value::Value;
use mcppolicy_trace::trace::Response;
use mcppolicy_trace::trace::native::write_answer;

use super::{Guard, edited, ended};
use crate::action::FromServer;
use crate::edits::Edits;
use crate::journal::Journal;
use crate::list;
use crate::message::{self, Framing};
use crate::pending::{Id, InFlight};
use crate::reply;
use crate::session::{Mode, Session};

impl<S: Store + Clone, J: Journal> Guard<S, J> {
    /// Says what becomes of one line of the server, with its ending, at `now`.
    pub fn server_line<'m>(
        &mut self,
        session: &mut Session<S>,
        line: &'m [u8],
        now: Time,
    ) -> FromServer<'m> {
        self.server(session, (line, Framing::Line), now)
    }

    /// Says what becomes of what a server sends over HTTP: the body of an answer, or
    /// the data of an event.
    pub fn server_body<'m>(
        &mut self,
        session: &mut Session<S>,
        body: &'m [u8],
        now: Time,
    ) -> FromServer<'m> {
        self.server(session, (body, Framing::Body), now)
    }

    fn server<'m>(
        &mut self,
        session: &mut Session<S>,
        (line, framing): (&'m [u8], Framing),
        now: Time,
    ) -> FromServer<'m> {
        let Ok(text) = message::content(line, framing) else {
            return FromServer::NoMessage;
        };
        let Ok((root, _)) = parse_text(text) else {
            return FromServer::NoMessage;
        };
        let messages = match &root.kind {
            NodeKind::Object(_) => std::slice::from_ref(&root),
            NodeKind::Array(messages) => messages,
            _ => return FromServer::NoMessage,
        };
        let mut edits = Edits::default();
        for message in messages {
            self.settle(session, message, now);
            if self.settings.mode == Mode::Enforce {
                list::filter(message, text, &self.policy.engine, &mut edits);
            }
        }
        FromServer::Forward(edited(edits, text, line))
    }

    /// Takes note of a message that another guard has answered: what the server
    /// would have answered is not known.
    pub fn answered_elsewhere(&mut self, session: &mut Session<S>, answer: &[u8], now: Time) {
        let text = message::content(answer, Framing::Line).unwrap_or_default();
        let Ok((root, _)) = parse_text(text) else {
            return;
        };
        let messages = match &root.kind {
            NodeKind::Array(messages) => messages.as_slice(),
            _ => std::slice::from_ref(&root),
        };
        for id in messages.iter().filter_map(|message| message.get("id")) {
            let request = Id::of(id).and_then(|id| session.pending.close(&id));
            if let Some(name) = request.and_then(InFlight::into_name) {
                let _ = self.journal.append(&write_answer(&name, None, now));
            }
        }
    }

    /// Ends a connection: what it waits for will not be answered.
    pub fn end(&mut self, session: &mut Session<S>, now: Time) {
        let mut names: Vec<String> = session
            .pending
            .drain()
            .filter_map(InFlight::into_name)
            .collect();
        names.sort_by_key(|name| name.parse::<u64>().unwrap_or_default());
        for name in names {
            let _ = self.journal.append(&write_answer(&name, None, now));
        }
    }

    /// Takes note that the server has not answered what was forwarded of the body
    /// `request`, and will not. The answer that the client gets in its place; `None`
    /// where it waits for none.
    pub fn not_answered(
        &mut self,
        session: &mut Session<S>,
        request: &[u8],
        now: Time,
    ) -> Option<Vec<u8>> {
        let text = message::content(request, Framing::Body).ok()?;
        let (root, _) = parse_text(text).ok()?;
        let (id, written) = message::id(&root, text)?;
        let request = session.pending.close(&id)?;
        if let Some(name) = request.into_name() {
            let _ = self.journal.append(&write_answer(&name, None, now));
        }
        let answer = reply::error(Some(written), -32603, "The server has not answered");
        Some(ended(answer))
    }

    /// Notes the response that a server's message is, if it answers a request.
    fn settle(&mut self, session: &mut Session<S>, message: &Node, now: Time) {
        if message.get("method").is_some() {
            return;
        }
        let Some(id) = message.get("id").and_then(Id::of) else {
            return;
        };
        let is_error = message::is_error(message);
        // After each call that was decided before it: at the same instant, a replay
        // that counts for itself gives quota back first.
        let after = self.newest.map(|newest| newest.plus(TimeDelta::nanos(1)));
        let now = after.map_or(now, |after| after.max(now));
        let name = match session.pending.close(&id) {
            Some(InFlight::Call { permit, name }) => {
                if is_error {
                    // Where the store does not answer, the quota stays used.
                    let _ = permit.release(now);
                }
                name
            }
            Some(InFlight::Observed { name }) => name,
            Some(InFlight::Other) | None => return,
        };
        let outcome = match is_error {
            true => Response::Error(Box::new(Value::empty_object())),
            false => Response::Result,
        };
        // A log that cannot be written fails at the next call.
        let _ = self
            .journal
            .append(&write_answer(&name, Some(&outcome), now));
    }
}
