//! OpenAI-style transcripts, as datasets and evaluations keep them: messages
//! whose `tool_calls` hold the arguments as JSON in a string. A chunk is a whole
//! conversation, an array of messages, or one message. What Anthropic's messages
//! and OpenAI's responses have instead, [`blocks`] reads.

mod blocks;

use super::call::{RecordedCall, RecordedRequest, Server};
use super::chunk::{Chunk, LineFinder};
use super::collector::Collector;
use super::log::LogFormat;
use super::message::{Identity, first_text, result_of};
use super::options::Format;
use super::outline::Outline;
use super::pointer::Pointer;
use super::reason;
use super::spelling::{Spelled, is_result_role};
use super::tolerant_json::{Json, name_in, written_arguments};
use mcppolicy_engine::document::borrowed::Node;

/// Whether the object at `at` of an outline is a conversation or a message.
pub(super) fn is_record(outline: &Outline, at: &str) -> bool {
    let has = |name: &str| outline.has(&format!("{at}{name}"));
    let mut messages = Spelled::Messages.names().iter();
    messages.any(|key| outline.has_inside(&format!("{at}{key}")))
        || has("tool_calls")
        || has("role")
        || outline.has_inside(&format!("{at}simulations.0.messages"))
        || blocks::is_record(outline, at)
}

/// OpenAI-style transcripts.
#[derive(Default)]
pub(super) struct OpenAi {
    /// Whether a conversation without a name of its own is a session.
    pub conversation_is_session: bool,
}

impl LogFormat for OpenAi {
    fn format(&self) -> Format {
        Format::OpenAi
    }

    fn read_chunk(&mut self, chunk: Chunk<'_>, collector: &mut Collector) {
        let json = match chunk.read() {
            Ok(json) => json,
            Err(reason) => return collector.skip(chunk.line, reason),
        };
        let mut reading = Reading {
            json: &json,
            lines: LineFinder::new(chunk),
            session: None,
            conversation_is_session: self.conversation_is_session,
            found: false,
            bytes: chunk.text.len(),
        };
        reading.part(json.root(), Pointer::Root, collector);
        if !reading.found {
            collector.skip(chunk.line, reason::NO_CALL);
        }
    }
}

/// A chunk while it is read.
struct Reading<'a> {
    json: &'a Json<'a>,
    lines: LineFinder<'a>,
    session: Option<String>,
    conversation_is_session: bool,
    /// Whether there was a call or a result.
    found: bool,
    bytes: usize,
}

impl Reading<'_> {
    /// A conversation, a message, or an array of either.
    fn part(&mut self, node: Node<'_>, pointer: Pointer<'_>, collector: &mut Collector) {
        for key in Spelled::Messages.names() {
            if let Some(messages) = node
                .get(key)
                .filter(|messages| !messages.items().is_empty())
            {
                self.conversation(node, messages, pointer.member(key), collector);
                return;
            }
        }
        // Runs of tau2 (<https://github.com/sierra-research/tau2-bench>).
        let runs = node.get("simulations").map(Node::items).unwrap_or_default();
        let all = pointer.member("simulations");
        for (index, run) in runs.enumerate() {
            self.part(run, all.item(index), collector);
        }
        if name_in(node, &["role"]).is_some() {
            self.message(node, pointer, collector);
        } else if self.response(node, pointer, collector) {
            return;
        }
        let are_messages = node.items().any(|item| item.get("role").is_some());
        if are_messages && pointer.is_root() {
            return self.conversation(node, node, pointer, collector);
        }
        for (index, item) in node.items().enumerate() {
            // Deeper arrays hold parts of messages.
            if pointer.is_root() {
                self.part(item, pointer.item(index), collector);
            }
        }
    }

    fn conversation(
        &mut self,
        node: Node<'_>,
        messages: Node<'_>,
        pointer: Pointer<'_>,
        collector: &mut Collector,
    ) {
        let named = Spelled::Session.text(node);
        let unnamed = self
            .conversation_is_session
            .then(|| format!("conversation at line {}", self.lines.line(node)));
        self.session = named.map(str::to_owned).or(unnamed);
        for (index, message) in messages.items().enumerate() {
            self.message(message, pointer.item(index), collector);
        }
        // Ids begin anew in each conversation.
        collector.close_all();
    }

    fn message(&mut self, message: Node<'_>, pointer: Pointer<'_>, collector: &mut Collector) {
        let calls = message
            .get("tool_calls")
            .map(Node::items)
            .unwrap_or_default();
        let all = pointer.member("tool_calls");
        for (index, call) in calls.enumerate() {
            let function = call.get("function").unwrap_or(call);
            self.call(function, name_in(call, &["id"]), all.item(index), collector);
        }
        if let Some(function) = message.get("function_call").filter(|call| !call.is_null()) {
            let pointer = pointer.member("function_call");
            // The older form has no ids: a result names the function.
            let key = name_in(function, &["name"]).map(older_key);
            self.call(function, key.as_deref(), pointer, collector);
        }
        self.blocks(message, pointer, collector);
        if is_result_role(name_in(message, &["role"])) {
            let older = || name_in(message, &["name"]).map(older_key);
            let own = || name_in(message, &["id"]).map(str::to_owned);
            let id = Spelled::CallId.text(message).map(str::to_owned);
            let Some(id) = id.or_else(older).or_else(own) else {
                return;
            };
            self.found = true;
            let response = result_of(first_text(message.get("content")));
            if !collector.answer(&id, Some(response), None) {
                let line = self.lines.line(message);
                collector.skip(line, reason::NO_REQUEST);
            }
        }
    }

    fn call(
        &mut self,
        function: Node<'_>,
        id: Option<&str>,
        pointer: Pointer<'_>,
        collector: &mut Collector,
    ) {
        self.found = true;
        let line = self.lines.line(function);
        let key = id.map(str::to_owned);
        let read = self.json.flaws(pointer).and_then(|repeats| {
            let (arguments, inside) = written_arguments(Spelled::Arguments.of(function))?;
            Ok((arguments, repeats || inside))
        });
        let (arguments, repeats_an_argument) = match read {
            Ok(read) => read,
            Err(reason) => {
                collector.skip(line, reason);
                return key.iter().for_each(|key| collector.request(key));
            }
        };
        let Some(name) = name_in(function, &["name"]) else {
            return collector.skip(line, reason::NO_NAME);
        };
        let (server, tool) = if name.starts_with("mcp__") {
            collector.split_name(name)
        } else {
            (Server::Default, name.to_owned())
        };
        let call = RecordedCall {
            line,
            server,
            repeats_an_argument,
            id: key.clone().filter(|key| !key.starts_with(OLDER)),
            ..RecordedCall::new(RecordedRequest::Tool {
                name: Some(tool),
                arguments,
            })
        };
        let identity = Identity {
            session: self.session.clone(),
            ..Identity::default()
        };
        collector.call(
            call,
            identity,
            key.as_deref(),
            std::mem::take(&mut self.bytes),
        );
    }
}

/// What no id begins with: the mark of a call's key in the older form.
const OLDER: char = '\0';

/// The key of a call without an id.
fn older_key(name: &str) -> String {
    format!("{OLDER}{name}")
}
