//! Writing native lines: for witnesses and for imported logs.

use crate::trace::call::{Grant, RecordedArguments, RecordedCall, RecordedRequest, Server};
use crate::trace::expectation::{DecisionName, Expectation, Expected};
use crate::trace::native_line::context::VERSION;
use crate::trace::response::{Observed, Response};
use mcppolicy_engine::engine::LimitKey;
use mcppolicy_engine::time::{Time, TimeDelta};
use mcppolicy_engine::value::Value;

/// The first line of a native trace, without the line ending: which policy it
/// is for, relative to the trace, and what it is about.
pub fn write_header(policy: Option<&str>, description: Option<&str>) -> String {
    let mut line = Object::default();
    line.text("mcppolicy", VERSION);
    if let Some(policy) = policy {
        line.text("policy", policy);
    }
    if let Some(description) = description {
        line.text("description", description);
    }
    line.finish()
}

/// One call as a line of a native trace, without the line ending; members that
/// say nothing are left out.
///
/// A call without a time is written without one, which under a header with
/// `start` and `step` would give it one. Of a response only what replay needs
/// is kept: the error, or what the response shows of the decision.
pub fn write_call(call: &RecordedCall) -> String {
    let mut line = Object::default();
    if let Some(time) = call.time {
        line.text("ts", &time.to_string());
    }
    match &call.grant {
        Grant::Named(name) => line.text("grant", name),
        Grant::Implicit => {}
        Grant::Unknown => line.raw("grant", "null"),
    }
    match &call.server {
        Server::Named(name) => line.text("server", name),
        Server::Default => {}
        Server::Unknown => line.raw("server", "null"),
    }
    if call.repeat != 1 {
        line.raw("repeat", &call.repeat.to_string());
    }
    if call.repeat != 1 && call.every != TimeDelta::default() {
        line.text("every", &duration(call.every));
    }
    request(&mut line, &call.request);
    match &call.response {
        Some(Response::Error(error)) => {
            line.raw("response", &format!("{{\"error\":{error}}}"));
            if let Some(time) = call.response_time {
                line.text("response_ts", &time.to_string());
            }
        }
        _ => match call.observed_decision() {
            Some(Observed::Allow) => line.text("observed", "allow"),
            Some(Observed::Deny) => line.text("observed", "deny"),
            None => {}
        },
    }
    if !call.used.is_empty() {
        line.raw("used", &used(&call.used));
    }
    if let Some(expect) = &call.expect {
        line.raw("expect", &write_expectation(expect, ":", ","));
    }
    if let Some(origin) = &call.origin {
        let mut inner = Object::default();
        inner.text("file", &origin.file);
        inner.raw("line", &origin.line.to_string());
        line.raw("origin", &inner.finish());
    }
    if let Some(id) = &call.id {
        line.text("id", id);
    }
    if let Some(note) = &call.note {
        line.text("note", note);
    }
    line.finish()
}

/// What limits had counted before a call.
fn used(used: &[(LimitKey, u64)]) -> String {
    let limit = |(key, count): &(LimitKey, u64)| {
        let mut limit = Object::default();
        let place = key.tool().map_or("all_tools", |_| "tool");
        limit.text("place", place);
        limit.text("counter", key.counter());
        limit.text("window", key.window().name());
        if let Some(path) = key.increment_from() {
            limit.text("increment_from", &path.to_string());
        }
        limit.raw("used", &count.to_string());
        limit.finish()
    };
    let limits: Vec<String> = used.iter().map(limit).collect();
    format!("[{}]", limits.join(","))
}

/// The first line of a guard's log, without the line ending: `policy_sha256` is
/// the digest of the policy that decides the calls.
pub fn write_guarded_header(policy_sha256: &str) -> String {
    let mut line = Object::default();
    line.text("mcppolicy", VERSION);
    line.text("policy_sha256", policy_sha256);
    line.finish()
}

/// A line that says how the call `id` was answered at `time`: with an error,
/// with a result, or not at all.
pub fn write_answer(id: &str, outcome: Option<&Response>, time: Time) -> String {
    let mut line = Object::default();
    line.text("answers", id);
    line.text(
        "outcome",
        match outcome {
            Some(Response::Error(_)) => "error",
            Some(Response::Denied | Response::Result) => "result",
            None => "unknown",
        },
    );
    line.text("ts", &time.to_string());
    line.finish()
}

/// A line about a message that was refused before it was decided, and why.
pub fn write_refused(reason: &str, grant: &str, time: Time) -> String {
    let mut line = Object::default();
    line.text("refused", reason);
    line.text("ts", &time.to_string());
    line.text("grant", grant);
    line.finish()
}

fn request(line: &mut Object, request: &RecordedRequest) {
    let (name, arguments) = match request {
        RecordedRequest::Batch(messages) => {
            line.raw("request", &messages.to_string());
            return;
        }
        RecordedRequest::Tool { name, arguments } => (name, arguments),
    };
    if let (Some(name), RecordedArguments::Known(arguments)) = (name, arguments) {
        line.text("tool", name);
        line.raw("arguments", &arguments.value().to_string());
        return;
    }
    if let (Some(name), RecordedArguments::Unknown) = (name, arguments) {
        line.text("tool", name);
        line.raw("arguments_unknown", "true");
        return;
    }
    // A malformed call can only be written as the message that it was.
    let mut params = Object::default();
    if let Some(name) = name {
        params.text("name", name);
    }
    if let Some(value) = arguments.value() {
        params.raw("arguments", &value.to_string());
    }
    let mut message = Object::default();
    message.text("jsonrpc", "2.0");
    message.text("method", "tools/call");
    message.raw("params", &params.finish());
    line.raw("request", &message.finish());
    if *arguments == RecordedArguments::Unknown {
        line.raw("arguments_unknown", "true");
    }
}

/// A duration with the largest unit that leaves it whole.
fn duration(span: TimeDelta) -> String {
    const UNITS: [(i128, &str); 4] = [
        (86_400_000, "d"),
        (3_600_000, "h"),
        (60_000, "m"),
        (1_000, "s"),
    ];
    let millis = span.as_nanos() / 1_000_000;
    for (length, unit) in UNITS {
        if millis != 0 && millis % length == 0 {
            return format!("{}{unit}", millis / length);
        }
    }
    format!("{millis}ms")
}

/// The value of `expect`, with `colon` and `comma` between its parts.
pub fn write_expectation(expect: &Expectation, colon: &str, comma: &str) -> String {
    match expect {
        Expectation::Each(expected) => write_expected(expected, colon, comma),
        Expectation::Runs(runs) => {
            let items: Vec<String> = runs
                .iter()
                .map(|(expected, times)| {
                    let expected = write_expected(expected, colon, comma);
                    format!("{expected}{comma}{times}")
                })
                .collect();
            format!("[{}]", items.join(comma))
        }
    }
}

fn write_expected(expected: &Expected, colon: &str, comma: &str) -> String {
    if *expected == Expected::decision(expected.decision) {
        return quote(expected.decision.name());
    }
    let mut object = Object::with(colon, comma);
    object.text("decision", DecisionName::name(expected.decision));
    let optional = [
        ("rule", &expected.rule),
        ("kind", &expected.kind),
        ("reason", &expected.reason),
        ("message", &expected.message),
        ("message_contains", &expected.message_contains),
    ];
    for (key, value) in optional {
        if let Some(value) = value {
            object.text(key, value);
        }
    }
    object.finish()
}

fn quote(text: &str) -> String {
    Value::from(text).to_string()
}

/// A JSON object being written, in the order in which members are added.
struct Object {
    text: String,
    colon: String,
    comma: String,
}

impl Default for Object {
    fn default() -> Object {
        Object::with(":", ",")
    }
}

impl Object {
    fn with(colon: &str, comma: &str) -> Object {
        Object {
            text: String::new(),
            colon: colon.to_owned(),
            comma: comma.to_owned(),
        }
    }

    fn raw(&mut self, key: &str, value: &str) {
        if !self.text.is_empty() {
            self.text.push_str(&self.comma);
        }
        self.text.push_str(&quote(key));
        self.text.push_str(&self.colon);
        self.text.push_str(value);
    }

    fn text(&mut self, key: &str, value: &str) {
        self.raw(key, &quote(value));
    }

    fn finish(self) -> String {
        format!("{{{}}}", self.text)
    }
}
