//! A policy in force between clients and their server.

use std::borrow::Cow;

use mcppolicy_engine::decision::Kind;
use mcppolicy_engine::document::{Node, NodeKind};
use mcppolicy_engine::engine::{Arguments, Call, Enforced, Engine, Request, Seen, Store};
use mcppolicy_engine::time::Time;
use mcppolicy_engine::value::Value;
use mcppolicy_trace::trace::Response;
use mcppolicy_trace::trace::native::{write_answer, write_guarded_header, write_refused};

use super::action::{FromClient, FromServer};
use super::arguments::{cut_repeated, has_twin};
use super::edits::Edits;
use super::journal::Journal;
use super::list;
use super::message::{self, CALL};
use super::pending::{Id, InFlight, Pending};
use super::record::{self, Entry, LogArguments};
use super::refusal::Refusal;
use super::reply;

/// A policy as a guard has it.
#[derive(Debug, Clone)]
pub struct Attached {
    engine: Engine,
    sha256: String,
}

impl Attached {
    /// A policy, compiled, and the SHA-256 of its file's bytes as 64 lower-case
    /// hexadecimal digits, by which a log names it.
    pub fn new(engine: Engine, sha256: String) -> Attached {
        Attached { engine, sha256 }
    }
}

/// Whether decisions take effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// What is denied is not forwarded, and hidden tools are not listed.
    #[default]
    Enforce,
    /// Decisions are logged, and calls pass. What could not be decided is
    /// refused all the same.
    Observe,
    /// Decides beside another guard, which alone says what passes.
    Beside,
}

/// How a guard works.
#[derive(Debug, Clone, Copy, Default)]
pub struct Settings {
    /// Whether decisions take effect.
    pub mode: Mode,
    /// Which argument values are logged.
    pub arguments: LogArguments,
}

/// One client's connection: who it is, and what it waits for.
#[derive(Debug)]
pub struct Session<S> {
    grant: String,
    pending: Pending<S>,
}

impl<S> Session<S> {
    /// A connection of `grant` on which nothing has been sent.
    pub fn new(grant: impl Into<String>) -> Session<S> {
        Session {
            grant: grant.into(),
            pending: Pending::default(),
        }
    }
}

/// A policy in force: decides, counts and logs.
#[derive(Debug)]
pub struct Guard<S, J> {
    policy: Attached,
    store: S,
    journal: J,
    settings: Settings,
    /// How many calls have been logged.
    calls: u64,
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
        let read = message::content(line).and_then(|text| Ok((text, message::read(text)?)));
        let (text, root) = match read {
            Ok(read) => read,
            Err(refusal) => return self.refuse(session, None, refusal, now),
        };
        if let NodeKind::Array(messages) = &root.kind {
            return self.batch(session, messages, text, line, now);
        }
        let id = message::id(&root, text);
        let written = id.as_ref().map(|(_, written)| *written);
        if let Err(refusal) = check(&root) {
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

    /// Says what becomes of one line of the server, with its ending, at `now`.
    pub fn server_line<'m>(
        &mut self,
        session: &mut Session<S>,
        line: &'m [u8],
        now: Time,
    ) -> FromServer<'m> {
        let Ok(text) = message::content(line) else {
            return FromServer::NoMessage;
        };
        let Ok((root, _)) = mcppolicy_engine::document::parse::parse_text(text) else {
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
        let read = message::content(answer).ok().and_then(|text| {
            let (root, _) = mcppolicy_engine::document::parse::parse_text(text).ok()?;
            Some(root)
        });
        let Some(root) = read else { return };
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
            let answer = reply::refused(Some(asked.written), Refusal::Log);
            return FromClient::Answer(ended(answer));
        }
        let in_flight = match (permit, denial) {
            (Some(permit), _) => InFlight::Call { permit, name },
            (None, Some(denial)) if self.settings.mode == Mode::Enforce => {
                let era = message::era(root);
                let answer = reply::denial(asked.written, &denial.to_agent(), era);
                return FromClient::Answer(ended(answer));
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
            true if messages.is_empty() => {
                FromClient::Answer(ended(reply::error(None, -32600, &said)))
            }
            true => FromClient::Drop,
            false => FromClient::Answer(ended(format!("[{}]", answers.join(",")))),
        }
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
            true => Response::Error(Value::empty_object()),
            false => Response::Result,
        };
        // A log that cannot be written fails at the next call.
        let _ = self
            .journal
            .append(&write_answer(&name, Some(&outcome), now));
    }

    fn refuse(
        &mut self,
        session: &Session<S>,
        id: Option<&str>,
        refusal: Refusal,
        now: Time,
    ) -> FromClient<'static> {
        self.log_refusal(session, refusal, now);
        FromClient::Answer(ended(reply::refused(id, refusal)))
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
fn check(root: &Node) -> Result<(), Refusal> {
    if !matches!(root.kind, NodeKind::Object(_)) {
        return Err(Refusal::NotAMessage);
    }
    message::check_members(root)?;
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
