//! OpenAI-style transcripts, as datasets and evaluations keep them: messages
//! whose `tool_calls` hold the arguments as JSON in a string. A piece is a whole
//! conversation, an array of messages, or one message.

use super::account::Format;
use super::lenient::{Json, Places, arguments, arguments_in_text, first_text, name_in, result_of};
use super::log::{LogFormat, Piece};
use super::sink::{Sink, Who, reason};
use super::{RecordedArguments, RecordedCall, RecordedRequest, Server};
use mcppolicy_engine::document::{Node, push_pointer};

/// The members that hold a conversation's messages.
const MESSAGES: [&str; 4] = ["messages", "traj", "conversation", "conversations"];

/// OpenAI-style transcripts.
#[derive(Default)]
pub(super) struct OpenAi {
    /// Whether a conversation without a name of its own stands for a session.
    pub conversation_is_session: bool,
}

impl LogFormat for OpenAi {
    fn format(&self) -> Format {
        Format::OpenAi
    }

    fn piece(&mut self, piece: Piece<'_>, sink: &mut Sink) {
        let json = match Json::parse(piece.text) {
            Ok(json) => json,
            Err(reason) => return sink.pass_over(piece.line, reason),
        };
        let mut reading = Reading {
            json: &json,
            places: Places::new(piece),
            session: None,
            conversation_is_session: self.conversation_is_session,
            found: false,
            bytes: piece.text.len(),
        };
        reading.part(&json.root, "", sink);
        if !reading.found {
            sink.pass_over(piece.line, reason::NO_CALL);
        }
    }
}

/// A piece while it is read.
struct Reading<'a> {
    json: &'a Json,
    places: Places<'a>,
    session: Option<String>,
    conversation_is_session: bool,
    /// Whether there was a call or a result.
    found: bool,
    bytes: usize,
}

impl Reading<'_> {
    /// A conversation, a message, or an array of either.
    fn part(&mut self, node: &Node, pointer: &str, sink: &mut Sink) {
        for key in MESSAGES {
            if let Some(messages) = node
                .get(key)
                .filter(|messages| !messages.items().is_empty())
            {
                self.conversation(node, messages, &push_pointer(pointer, key), sink);
                return;
            }
        }
        if name_in(node, &["role"]).is_some() {
            self.message(node, pointer, sink);
        }
        let are_messages = node.items().iter().any(|item| item.get("role").is_some());
        if are_messages && pointer.is_empty() {
            return self.conversation(node, node, pointer, sink);
        }
        for (index, item) in node.items().iter().enumerate() {
            // Deeper arrays hold parts of messages.
            if pointer.is_empty() {
                self.part(item, &push_pointer(pointer, &index.to_string()), sink);
            }
        }
    }

    fn conversation(&mut self, node: &Node, messages: &Node, pointer: &str, sink: &mut Sink) {
        let named = name_in(
            node,
            &["session_id", "conversation_id", "session", "thread_id"],
        );
        let unnamed = self
            .conversation_is_session
            .then(|| format!("conversation at line {}", self.places.line(node)));
        self.session = named.map(str::to_owned).or(unnamed);
        for (index, message) in messages.items().iter().enumerate() {
            self.message(message, &push_pointer(pointer, &index.to_string()), sink);
        }
        // Ids begin anew in each conversation.
        sink.close_all();
    }

    fn message(&mut self, message: &Node, pointer: &str, sink: &mut Sink) {
        let calls = message
            .get("tool_calls")
            .map(Node::items)
            .unwrap_or_default();
        for (index, call) in calls.iter().enumerate() {
            let pointer = format!("{pointer}/tool_calls/{index}");
            let function = call.get("function").unwrap_or(call);
            self.call(function, name_in(call, &["id"]), &pointer, sink);
        }
        if let Some(function) = message.get("function_call").filter(|call| !call.is_null()) {
            let pointer = push_pointer(pointer, "function_call");
            self.call(function, None, &pointer, sink);
        }
        let role = name_in(message, &["role"]);
        if let (Some("tool"), Some(id)) = (role, name_in(message, &["tool_call_id"])) {
            self.found = true;
            let response = result_of(first_text(message.get("content")));
            if !sink.answer(id, Some(response), None) {
                let line = self.places.line(message);
                sink.pass_over(line, reason::NO_REQUEST);
            }
        }
    }

    fn call(&mut self, function: &Node, id: Option<&str>, pointer: &str, sink: &mut Sink) {
        self.found = true;
        let line = self.places.line(function);
        let key = id.map(str::to_owned);
        let read = self.json.flaws(pointer).and_then(|repeats| {
            let (arguments, inside) = called_with(function)?;
            Ok((arguments, repeats || inside))
        });
        let (arguments, repeats_an_argument) = match read {
            Ok(read) => read,
            Err(reason) => {
                sink.pass_over(line, reason);
                return key.iter().for_each(|key| sink.request(key));
            }
        };
        let Some(name) = name_in(function, &["name"]) else {
            return sink.pass_over(line, reason::NO_NAME);
        };
        let (server, tool) = match name.starts_with("mcp__") {
            true => sink.split_name(name),
            false => (Server::Default, name.to_owned()),
        };
        let call = RecordedCall {
            line,
            server,
            repeats_an_argument,
            id: key.clone(),
            ..RecordedCall::new(RecordedRequest::Tool {
                name: Some(tool),
                arguments,
            })
        };
        let who = Who {
            session: self.session.clone(),
            ..Who::default()
        };
        sink.call(call, who, key.as_deref(), std::mem::take(&mut self.bytes));
    }
}

fn called_with(function: &Node) -> Result<(RecordedArguments, bool), &'static str> {
    match function.get("arguments") {
        Some(node) => match node.as_str() {
            Some(text) => arguments_in_text(text),
            None => Ok((arguments(Some(node)), false)),
        },
        None => Ok((RecordedArguments::Unknown, false)),
    }
}
