//! One line that is no header: a call, or a request that no policy decides.

use super::context::{Context, MOST_REPETITIONS, Previous, Setting};
use super::expect;
use super::fields::{Fields, Nullable, article};
use super::guarded;
use crate::trace::call::{Grant, Origin, RecordedArguments, RecordedCall, RecordedRequest, Server};
use crate::trace::item::Item;
use crate::trace::message;
use crate::trace::response::{Observed, Response};
use mcppolicy_engine::document::borrowed::{Node, NodeKind};
use mcppolicy_engine::document::parse::quoted;
use mcppolicy_engine::time::{Time, TimeDelta};

/// The members of a line.
pub(in crate::trace) const MEMBERS: [&str; 18] = [
    "tool",
    "arguments",
    "request",
    "ts",
    "at",
    "repeat",
    "every",
    "grant",
    "server",
    "response",
    "response_ts",
    "observed",
    "expect",
    "arguments_unknown",
    "origin",
    "id",
    "note",
    "used",
];

/// What other formats call these members.
const SYNONYMS: [(&str, &str); 12] = [
    ("args", "arguments"),
    ("comment", "note"),
    ("description", "note"),
    ("expected", "expect"),
    ("input", "arguments"),
    ("message", "request"),
    ("name", "tool"),
    ("params", "arguments"),
    ("result", "response"),
    ("session", "grant"),
    ("time", "ts"),
    ("timestamp", "ts"),
];

/// What the request of a line is.
enum LineRequest {
    Call(RecordedRequest),
    Other(String),
}

/// What the parser says of a line beside its value.
pub(super) struct LineInfo {
    /// Its number, from 1.
    pub number: usize,
    /// Whether a member of the call's arguments is repeated.
    pub repeats_an_argument: bool,
}

/// Whether the recording has a call's arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Recording {
    WithArguments,
    /// The line says `arguments_unknown`.
    WithoutArguments,
}

/// Reads a call, and moves the file's clock on; `None` when something in the
/// line is wrong.
pub(super) fn read(fields: &mut Fields<'_>, context: &mut Context, line: LineInfo) -> Option<Item> {
    fields.only("A call", &MEMBERS, &SYNONYMS);
    let request = request(fields);
    let repeat = fields.whole_number("repeat", 1, MOST_REPETITIONS);
    count_repetitions(fields, context, repeat);
    let every = every(fields);
    let time = time(fields, context, repeat.unwrap_or(1), every);
    let grant = fields.string_or_null("grant");
    let server = fields.string_or_null("server");
    let response = response(fields);
    let response_time = instant_or_null(fields, "response_ts");
    let observed = observed(fields, response.as_ref());
    let expect = expect::read(fields, repeat);
    let origin = origin(fields);
    let id = fields.string("id").map(str::to_owned);
    let note = fields.string("note").map(str::to_owned);
    let tool = fields.root.get("tool").and_then(Node::as_str);
    let used = guarded::used(fields, tool);
    let request = match request? {
        LineRequest::Call(request) => request,
        LineRequest::Other(method) => {
            let message = format!(
                "`expect` has nothing to assert: no policy decides {}",
                quoted(&method)
            );
            fields.at_member("expect", message, None);
            return fields
                .complaints
                .is_empty()
                .then_some(Item::OtherMethod(method));
        }
    };
    if !fields.complaints.is_empty() {
        return None;
    }
    let call = RecordedCall {
        nth: 0,
        line: line.number,
        server: match server {
            Nullable::Absent => context.defaults.server.clone(),
            Nullable::Null => Server::Unknown,
            Nullable::String(name) => Server::Named(name.to_owned()),
        },
        grant: match grant {
            Nullable::Absent => context.defaults.grant.clone(),
            Nullable::Null => Grant::Unknown,
            Nullable::String(name) => Grant::Named(name.to_owned()),
        },
        time,
        request,
        repeats_an_argument: line.repeats_an_argument,
        used,
        response,
        response_time,
        observed,
        expect,
        repeat: repeat.unwrap_or(1),
        every,
        id,
        note,
        origin,
    };
    context.previous = Previous::At(call.time_of(call.repeat - 1));
    Some(Item::Call(Box::new(call)))
}

/// Counts what a line repeats; all lines of a trace together may repeat as much
/// as one.
fn count_repetitions(fields: &mut Fields<'_>, context: &mut Context, repeat: Option<u64>) {
    let Some(repeat) = repeat else { return };
    context.repeated = context.repeated.saturating_add(repeat - 1);
    if context.repeated > MOST_REPETITIONS {
        let message = format!(
            "The lines of this trace repeat more than {MOST_REPETITIONS} calls together, \
             this one included"
        );
        let help = "split the trace, or repeat less".to_owned();
        fields.at_value("repeat", message, Some(help));
    }
}

fn request(fields: &mut Fields<'_>) -> Option<LineRequest> {
    let recording = recording(fields);
    if fields.not_both(
        "request",
        "tool",
        "`tool` and `request` are two ways to write the same call",
    ) || fields.not_both(
        "request",
        "arguments",
        "The arguments of a `request` stand inside it",
    ) {
        return None;
    }
    if let Some(message) = fields.root.get("request") {
        return raw_request(fields, message, recording);
    }
    if fields.root.get("tool").is_none() {
        let root = fields.root;
        fields.at_node(
            root,
            "",
            "The line names no call: it has neither `tool` nor `request`".to_owned(),
            None,
        );
        return None;
    }
    let name = fields.string("tool").map(str::to_owned);
    let arguments = match fields.root.get("arguments") {
        _ if recording == Recording::WithoutArguments => {
            fields.not_both(
                "arguments_unknown",
                "arguments",
                "`arguments_unknown` stands beside the arguments themselves",
            );
            RecordedArguments::Unknown
        }
        None => RecordedArguments::from(None),
        Some(node) => match RecordedArguments::from(Some(node.to_value())) {
            RecordedArguments::NotAnObject(_) => {
                let message = format!(
                    "`arguments` must be an object or null, not {}",
                    article(node)
                );
                let help = "a call that a client really sent so is written as `request`";
                fields.at_value("arguments", message, Some(help.to_owned()));
                return None;
            }
            arguments => arguments,
        },
    };
    Some(LineRequest::Call(RecordedRequest::Tool {
        name: Some(name?),
        arguments,
    }))
}

fn recording(fields: &mut Fields<'_>) -> Recording {
    match fields.root.get("arguments_unknown").map(|node| node.kind()) {
        Some(NodeKind::Bool(true)) => Recording::WithoutArguments,
        Some(NodeKind::Bool(false)) | None => Recording::WithArguments,
        Some(_) => {
            fields.wrong_type("arguments_unknown", "true or false");
            Recording::WithArguments
        }
    }
}

/// A raw JSON-RPC message. What makes the call in it malformed is not wrong
/// with the line: the engine says what a gateway does with it.
fn raw_request(
    fields: &mut Fields<'_>,
    message: Node<'_>,
    recording: Recording,
) -> Option<LineRequest> {
    match message.kind() {
        NodeKind::Array(_) => {
            return Some(LineRequest::Call(RecordedRequest::Batch(
                message.to_value(),
            )));
        }
        NodeKind::Object(_) => {}
        _ => {
            fields.wrong_type(
                "request",
                "a JSON-RPC message: an object, or an array for a batch",
            );
            return None;
        }
    }
    let Some(method) = message.get("method").and_then(Node::as_str) else {
        let (at, pointer) = match message.get("method") {
            Some(method) => (method, "/request/method"),
            None => (message, "/request"),
        };
        let complaint = "`request` must name its `method`, a string".to_owned();
        fields.at_node(at, pointer, complaint, None);
        return None;
    };
    if method != "tools/call" {
        return Some(LineRequest::Other(method.to_owned()));
    }
    let params = message.get("params");
    let arguments = params.and_then(|params| params.get("arguments"));
    if recording == Recording::WithoutArguments && arguments.is_some() {
        fields.at_member(
            "arguments_unknown",
            "`arguments_unknown` stands beside the arguments themselves".to_owned(),
            Some("remove one of the two".to_owned()),
        );
    }
    Some(LineRequest::Call(RecordedRequest::Tool {
        name: params
            .and_then(|params| params.get("name"))
            .and_then(Node::as_str)
            .map(str::to_owned),
        arguments: match recording {
            Recording::WithArguments => arguments.map(Node::to_value).into(),
            Recording::WithoutArguments => RecordedArguments::Unknown,
        },
    }))
}

fn every(fields: &mut Fields<'_>) -> TimeDelta {
    let every = fields.parsed("every", TimeDelta::parse);
    if fields.root.get("repeat").is_none() {
        fields.at_member(
            "every",
            "`every` needs `repeat`: one call has no spacing".to_owned(),
            None,
        );
    }
    every.unwrap_or_default()
}

/// The call's time: `ts`, or `at`, or a step after the call before.
fn time(fields: &mut Fields<'_>, context: &Context, repeat: u64, every: TimeDelta) -> Option<Time> {
    if fields.not_both("at", "ts", "`ts` and `at` both give the call's time") {
        return None;
    }
    let (key, time) = if fields.root.get("ts").is_some() {
        ("ts", instant_or_null(fields, "ts"))
    } else if fields.root.get("at").is_some() {
        ("at", offset(fields, context))
    } else {
        ("", stepped(context))
    };
    let time = time?;
    let last = time.plus(every.times(repeat.saturating_sub(1)));
    match time.in_calendar().and_then(|_| last.in_calendar()) {
        Ok(_) => Some(time),
        Err(error) if key == "ts" || fields.root.get("every").is_some() => {
            let key = if time.in_calendar().is_err() {
                key
            } else {
                "every"
            };
            fields.at_value(key, error.to_string(), None);
            None
        }
        Err(error) if key == "at" => {
            fields.at_value(key, error.to_string(), None);
            None
        }
        Err(error) => {
            let root = fields.root;
            fields.at_node(root, "", error.to_string(), None);
            None
        }
    }
}

fn offset(fields: &mut Fields<'_>, context: &Context) -> Option<Time> {
    let offset = fields.parsed("at", TimeDelta::parse_offset);
    match context.start {
        Setting::Given(start) => Some(start.plus(offset?)),
        Setting::Invalid => None,
        Setting::Absent => {
            fields.at_member(
                "at",
                "`at` needs `start` in the header: there is no time to count from".to_owned(),
                Some("write the time itself as `ts`".to_owned()),
            );
            None
        }
    }
}

fn stepped(context: &Context) -> Option<Time> {
    let (Setting::Given(start), Setting::Given(step)) = (context.start, context.step) else {
        return None;
    };
    match context.previous {
        Previous::None => Some(start),
        Previous::At(time) => time.map(|time| time.plus(step)),
    }
}

fn instant_or_null(fields: &mut Fields<'_>, key: &str) -> Option<Time> {
    let text = fields.string_or_null(key).as_str()?;
    match Time::parse(text) {
        Ok(time) => Some(time),
        Err(error) => {
            fields.at_value(key, error.to_string(), None);
            None
        }
    }
}

fn response(fields: &mut Fields<'_>) -> Option<Response> {
    let node = fields.root.get("response")?;
    fields.not_both(
        "response",
        "repeat",
        "A `response` belongs to one call, not to a repeated one",
    );
    if !node.is_object() {
        fields.wrong_type("response", "a JSON-RPC response, an object");
        return None;
    }
    let found = message::response(node);
    if found.is_none() {
        fields.at_value(
            "response",
            "`response` has neither `result` nor `error`".to_owned(),
            None,
        );
    }
    Some(found.unwrap_or(Response::Result))
}

fn observed(fields: &mut Fields<'_>, response: Option<&Response>) -> Option<Observed> {
    let observed = match fields.word("observed", &["allow", "deny"])? {
        "allow" => Observed::Allow,
        _ => Observed::Deny,
    };
    // A gateway that only watches lets through what it would have refused, but no
    // gateway refuses what it would have let through.
    if observed == Observed::Allow && response == Some(&Response::Denied) {
        fields.at_value(
            "observed",
            "`observed` contradicts what `response` shows".to_owned(),
            Some("write \"deny\", or leave `observed` out".to_owned()),
        );
    }
    Some(observed)
}

fn origin(fields: &mut Fields<'_>) -> Option<Origin> {
    let node = fields.root.get("origin")?;
    if !node.is_object() {
        fields.wrong_type("origin", "an object with `file` and `line`");
        return None;
    }
    fields.within(node, "/origin".to_owned(), |fields| {
        fields.only("An origin", &["file", "line"], &[]);
        for key in ["file", "line"] {
            if node.get(key).is_none() {
                fields.at_node(node, "/origin", format!("`origin` lacks `{key}`"), None);
            }
        }
        Some(Origin {
            file: fields.string("file")?.to_owned(),
            line: fields.whole_number("line", 1, u64::MAX)?,
        })
    })
}
