//! Calls of any log as calls of a native trace, so that `test` decides the
//! import as it decides the log.

use super::redact::{WITHHELD, redact};
use mcppolicy_engine::engine::{Decision, Engine};
use mcppolicy_engine::value::Value;
use mcppolicy_trace::trace::{
    Expectation, Grant, Origin, RecordedArguments, RecordedCall, RecordedRequest, Response,
};

/// How to import.
#[derive(Debug, Clone, Copy, Default)]
pub struct Import<'e> {
    /// Expect what the recording itself shows, where it shows it.
    pub expect_observed: bool,
    /// Keep only the argument values that this policy reads.
    pub redact: Option<&'e Engine>,
    /// Several logs go into one trace, so the one grant of a log that names
    /// none gets the log's name.
    pub name_files: bool,
    /// The policy that the trace is for, as its header has it.
    pub policy: Option<&'e str>,
}

impl Import<'_> {
    /// The header of the trace: what its readers have to know. `redacted_by` is
    /// the policy that says which argument values are kept.
    pub fn header(&self, redacted_by: Option<&str>) -> String {
        let mut members = vec![(
            "mcppolicy",
            mcppolicy_trace::trace::native::VERSION.to_owned(),
        )];
        members.extend(self.policy.map(|policy| ("policy", policy.to_owned())));
        if let Some(policy) = redacted_by {
            members.push((
                "description",
                format!(
                    "holds only the argument values that {policy} reads: another policy may decide otherwise than on what was really called"
                ),
            ));
        }
        let members: Vec<String> = members
            .into_iter()
            .map(|(key, text)| format!("\"{key}\":{}", Value::from(text.as_str())))
            .collect();
        format!("{{{}}}", members.join(","))
    }

    /// A call of the log `file` as a native one. Nothing that a decision
    /// depends on is lost; with `redact`, nothing that a decision of that
    /// policy depends on.
    pub fn native(&self, mut call: RecordedCall, file: &str) -> RecordedCall {
        if call.origin.is_none() {
            call.origin = Some(Origin {
                file: file.to_owned(),
                line: call.line as u64,
            });
        }
        if self.name_files && call.grant == Grant::Implicit {
            call.grant = Grant::Named(format!("file:{file}"));
        }
        let observed = call.observed_decision().filter(|_| self.expect_observed);
        if let Some(observed) = observed {
            call.expect = Some(Expectation::Each(observed.into()));
        }
        if let Some(engine) = self.redact {
            withhold(&mut call, engine);
        }
        call
    }
}

/// Takes out of a call what the policy does not read. An argument keeps its
/// name, so that it is still there, and a value on the way of a path keeps
/// being an object or none.
fn withhold(call: &mut RecordedCall, engine: &Engine) {
    match &mut call.request {
        // A batch is refused whatever is in it.
        RecordedRequest::Batch(messages) => *messages = methods(messages),
        RecordedRequest::Tool { name, arguments } => match arguments {
            RecordedArguments::Known(known) => {
                // What decides nothing reads nothing: a call that is allowed has
                // passed every rule of its tool.
                let paths = engine.reads(name.as_deref().unwrap_or_default(), &Decision::Allow);
                let paths: Vec<_> = paths.into_iter().cloned().collect();
                *known = redact(known.value(), &paths).into();
            }
            RecordedArguments::NotAnObject(value) => *value = Value::from(WITHHELD),
            RecordedArguments::Unknown => {}
        },
    }
    if let Some(Response::Error(error)) = &mut call.response {
        let code = error.get("code").cloned().unwrap_or(Value::Null);
        **error = Value::Object([("code".to_owned(), code)].into());
    }
}

/// The messages of a batch with nothing but their methods.
fn methods(messages: &Value) -> Value {
    let Value::Array(messages) = messages else {
        return Value::Array(Vec::new());
    };
    let method = |message: &Value| {
        let method = message.get("method").cloned().unwrap_or(Value::Null);
        Value::Object([("method".to_owned(), method)].into())
    };
    Value::Array(messages.iter().map(method).collect())
}
