//! A policy in force between clients and their server.

mod answers;

use std::borrow::Cow;

use mcppolicy_engine::decision::Kind;
use mcppolicy_engine::document::{Node, NodeKind};
use mcppolicy_engine::engine::{Arguments, Call, Enforced, Request, Seen, Store};
use mcppolicy_engine::time::Time;
use mcppolicy_engine::value::Value;
use mcppolicy_trace::trace::native::{write_guarded_header, write_refused};

use super::action::FromClient;
use super::arguments::{cut_repeated, has_twin};
use super::edits::Edits;
use super::headers::Headers;
use super::journal::Journal;
use super::message::{self, CALL, Framing};
use super::pending::{Id, InFlight};
use super::record::{self, Entry};
use super::refusal::Refusal;
use super::reply;
use super::session::{Attached, Mode, Session, Settings};

/// A policy in force: decides, counts and logs.
#[derive(Debug)]
pub struct Guard<S, J> {
    policy: Attached,
    store: S,
    journal: J,
    settings: Settings,
    /// How many calls have been logged.
    calls: u64,
    /// The newest time of a call in the log.
    newest: Option<Time>,
}

/// What a message asks for, once it is known who waits for an answer.
struct Asked<'m> {
    id: Id,
    /// The id as it is written.
    written: &'m str,
    text: &'m str,
    /// The line as it came.
    line: &'m [u8],
}

impl<S: Store + Clone, J: Journal> Guard<S, J> {
    /// Puts a policy in force, and begins its log.
    ///
    /// # Errors
    /// When the log cannot be begun.
    pub fn new(
        policy: Attached,
        store: S,
        mut journal: J,
        settings: Settings,
    ) -> Result<Guard<S, J>, J::Error> {
        begin(&mut journal, &policy)?;
        Ok(Guard {
            policy,
            store,
            journal,
            settings,
            calls: 0,
            newest: None,
        })
    }

    /// Puts another policy in force, and begins its log. Counters of limits that
    /// both have go on.
    ///
    /// # Errors
    /// When the log cannot be begun. The former policy then stays in force.
    pub fn replace_policy(&mut self, policy: Attached) -> Result<(), J::Error> {
        begin(&mut self.journal, &policy)?;
        self.policy = policy;
        Ok(())
    }

    /// The digest of the policy in force.
    pub fn policy_sha256(&self) -> &str {
        &self.policy.sha256
    }

    /// Where decisions are written.
    pub fn journal(&self) -> &J {
        &self.journal
    }

    /// The same, to be told what a guard does not tell it.
    pub fn journal_mut(&mut self) -> &mut J {
        &mut self.journal
    }

    /// Says what becomes of one line of the client, with its ending, at `now`.
    pub fn client_line<'m>(
        &mut self,
        session: &mut Session<S>,
        line: &'m [u8],
        now: Time,
    ) -> FromClient<'m> {
        self.client(session, (line, Framing::Line), None, now)
    }

    /// Says what becomes of the body of a client's request over HTTP, whose headers
    /// say `headers` about it, at `now`. Line endings in what is forwarded are
    /// spaces: a server behind a server may read lines.
    pub fn client_body<'m>(
        &mut self,
        session: &mut Session<S>,
        headers: &Headers<'_>,
        body: &'m [u8],
        now: Time,
    ) -> FromClient<'m> {
        match self.client(session, (body, Framing::Body), Some(headers), now) {
            FromClient::Forward(bytes) => FromClient::Forward(on_one_line(bytes)),
            other => other,
        }
    }

    fn client<'m>(
        &mut self,
        session: &mut Session<S>,
        (line, framing): (&'m [u8], Framing),
        headers: Option<&Headers<'_>>,
        now: Time,
    ) -> FromClient<'m> {
        let text = message::content(line, framing);
        let read = text.and_then(|text| Ok((text, message::read(text)?)));
        let (text, root) = match read {
            Ok(read) => read,
            Err(refusal) => return self.refuse(session, None, refusal, now),
        };
        if let NodeKind::Array(messages) = &root.kind {
            return self.batch(session, messages, text, line, now);
        }
        let id = message::id(&root, text);
        let written = id.as_ref().map(|(_, written)| *written);
        if let Err(refusal) = check(&root, headers) {
            return self.refuse(session, written, refusal, now);
        }
        let Some(method) = root.get("method").and_then(Node::as_str) else {
            // An answer to a request of the server.
            return FromClient::Forward(Cow::Borrowed(line));
        };
        let Some((id, written)) = id else {
            if method == CALL {
                self.log_refusal(session, Refusal::NoId, now);
                return FromClient::Drop;
            }
            return FromClient::Forward(Cow::Borrowed(line));
        };
        if let Err(refusal) = session.pending.admits(&id) {
            return self.refuse(session, Some(written), refusal, now);
        }
        if method != CALL {
            session.pending.open(id, InFlight::Other);
            return FromClient::Forward(Cow::Borrowed(line));
        }
        let asked = Asked {
            id,
            written,
            text,
            line,
        };
        self.call(session, &root, asked, now)
    }

    /// Says what becomes of a line of the client that is too long to be kept.
    pub fn too_long(&mut self, session: &mut Session<S>, now: Time) -> FromClient<'static> {
        self.refuse(session, None, Refusal::TooLong, now)
    }

    /// Decides a call.
    fn call<'m>(
        &mut self,
        session: &mut Session<S>,
        root: &Node,
        asked: Asked<'m>,
        now: Time,
    ) -> FromClient<'m> {
        let params = root.get("params");
        let tool = params
            .and_then(|params| params.get("name"))
            .and_then(Node::as_str);
        let arguments = params.and_then(|params| params.get("arguments"));
        let paths = record::read_paths(&self.policy.engine, tool);
        if arguments.is_some_and(|arguments| has_twin(arguments, &paths)) {
            let refusal = Refusal::ArgumentTwin;
            return self.refuse(session, Some(asked.written), refusal, now);
        }
        let value = arguments.map(Node::to_value);
        let engine = &self.policy.engine;
        let call = Call {
            grant: Some(&session.grant),
            request: Request::Tool {
                name: tool,
                arguments: Arguments::from(value.as_ref().unwrap_or(&Value::Null)),
            },
            time: Some(now),
        };
        let Ok((enforced, seen)) = engine.enforce_and_show(&call, self.store.clone()) else {
            return self.refuse(session, Some(asked.written), Refusal::Store, now);
        };
        let request = record::request(engine, tool, value.as_ref(), self.settings.arguments);
        let (permit, denial) = match enforced {
            Enforced::Allowed(permit) => (Some(permit), None),
            // Nothing is unknown here but what the store has not shown.
            Enforced::Denied(denial) if denial.kind == Some(Kind::Undetermined) => {
                return self.refuse(session, Some(asked.written), Refusal::Store, now);
            }
            Enforced::Denied(denial) => (None, Some(denial)),
        };
        self.newest = self.newest.max(Some(seen.time.unwrap_or(now)));
        let entry = |name: String| Entry {
            grant: &session.grant,
            time: now,
            request,
            seen,
            denial: denial.as_ref(),
            is_observed: self.settings.mode == Mode::Observe,
            name,
        };
        self.calls += 1;
        let name = self.calls.to_string();
        let logged = self.journal.append(&entry(name.clone()).line());
        if logged.is_err() {
            if let Some(permit) = permit {
                let _ = permit.release(now);
            }
            return refused(Some(asked.written), Refusal::Log);
        }
        let in_flight = match (permit, denial) {
            (Some(permit), _) => InFlight::Call { permit, name },
            (None, Some(denial)) if self.settings.mode == Mode::Enforce => {
                let era = message::era(root);
                let answer = reply::denial(asked.written, &denial.to_agent(), era);
                return answered(answer);
            }
            (None, _) => InFlight::Observed { name },
        };
        session.pending.open(asked.id, in_flight);
        let mut edits = Edits::default();
        if let Some(arguments) = arguments {
            cut_repeated(arguments, &mut edits);
        }
        FromClient::Forward(edited(edits, asked.text, asked.line))
    }

    /// Denies a batch (policy language §3, step 0); each request in it gets an
    /// answer.
    fn batch<'m>(
        &mut self,
        session: &mut Session<S>,
        messages: &[Node],
        text: &str,
        line: &'m [u8],
        now: Time,
    ) -> FromClient<'m> {
        let call = Call {
            grant: Some(&session.grant),
            request: Request::Batch,
            time: Some(now),
        };
        let enforced = self.policy.engine.enforce(&call, self.store.clone());
        let Ok(Enforced::Denied(denial)) = enforced else {
            return self.refuse(session, None, Refusal::NotAMessage, now);
        };
        self.calls += 1;
        let entry = Entry {
            grant: &session.grant,
            time: now,
            request: record::batch(messages.len()),
            seen: Seen::default(),
            denial: Some(&denial),
            is_observed: self.settings.mode == Mode::Observe,
            name: self.calls.to_string(),
        };
        let logged = self.journal.append(&entry.line()).is_ok();
        if logged && self.settings.mode != Mode::Enforce {
            return FromClient::Forward(Cow::Borrowed(line));
        }
        let said = denial.to_agent();
        let answers = messages.iter().filter_map(|message| {
            let method = message.get("method").and_then(Node::as_str)?;
            let (_, written) = message::id(message, text)?;
            Some(match method {
                CALL => reply::denial(written, &said, message::era(message)),
                _ => reply::error(Some(written), -32600, &said),
            })
        });
        let answers: Vec<String> = answers.collect();
        match answers.is_empty() {
            true if messages.is_empty() => FromClient::Answer {
                line: ended(reply::error(None, -32600, &said)),
                code: Some(-32600),
            },
            true => FromClient::Drop,
            false => answered(format!("[{}]", answers.join(","))),
        }
    }

    fn refuse(
        &mut self,
        session: &Session<S>,
        id: Option<&str>,
        refusal: Refusal,
        now: Time,
    ) -> FromClient<'static> {
        self.log_refusal(session, refusal, now);
        refused(id, refusal)
    }

    /// The message does not pass, whether this is written or not.
    fn log_refusal(&mut self, session: &Session<S>, refusal: Refusal, now: Time) {
        let line = write_refused(&refusal.name(), &session.grant, now);
        let _ = self.journal.append(&line);
    }
}

fn begin<J: Journal>(journal: &mut J, policy: &Attached) -> Result<(), J::Error> {
    journal.begin(&write_guarded_header(&policy.sha256), &policy.sha256)
}

/// What every single message of a client must be.
fn check(root: &Node, headers: Option<&Headers<'_>>) -> Result<(), Refusal> {
    if !matches!(root.kind, NodeKind::Object(_)) {
        return Err(Refusal::NotAMessage);
    }
    message::check_members(root)?;
    if let Some(headers) = headers {
        headers.check(root)?;
    }
    let Some(method) = root.get("method") else {
        return Ok(());
    };
    let method = method.as_str().ok_or(Refusal::NoMethod)?;
    if root.get("id").is_some_and(|id| Id::of(id).is_none()) {
        return Err(Refusal::InvalidId);
    }
    match root.get("params") {
        Some(params) if method == CALL => message::check_parameters(params),
        _ => Ok(()),
    }
}

/// The answer to a message that is refused undecided.
fn refused(id: Option<&str>, refusal: Refusal) -> FromClient<'static> {
    FromClient::Answer {
        line: ended(reply::refused(id, refusal)),
        code: Some(refusal.code()),
    }
}

/// An answer that is the policy's.
fn answered(answer: String) -> FromClient<'static> {
    FromClient::Answer {
        line: ended(answer),
        code: None,
    }
}

/// A message without line endings. Strict JSON has them between its values only,
/// where a space is the same.
fn on_one_line(bytes: Cow<'_, [u8]>) -> Cow<'_, [u8]> {
    let ends = |byte: &u8| matches!(byte, b'\r' | b'\n');
    if !bytes.iter().any(ends) {
        return bytes;
    }
    let mut bytes = bytes.into_owned();
    for byte in bytes.iter_mut().filter(|byte| ends(byte)) {
        *byte = b' ';
    }
    Cow::Owned(bytes)
}

/// The line with the changes made, byte for byte where there are none.
fn edited<'m>(edits: Edits, text: &str, line: &'m [u8]) -> Cow<'m, [u8]> {
    if edits.is_empty() {
        return Cow::Borrowed(line);
    }
    let ending = line.get(text.len()..).unwrap_or_default();
    let mut out = edits.apply(text).into_bytes();
    out.extend_from_slice(ending);
    Cow::Owned(out)
}

fn ended(mut line: String) -> Vec<u8> {
    line.push('\n');
    line.into_bytes()
}
