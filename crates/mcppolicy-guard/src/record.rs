//! The lines of a log: a native trace that replays to the same decisions.

use mcppolicy_engine::decision::{Decision, Denial};
use mcppolicy_engine::engine::{Engine, Seen};
use mcppolicy_engine::policy::Path;
use mcppolicy_engine::time::Time;
use mcppolicy_engine::value::Value;
use mcppolicy_trace::redact::{WITHHELD, redact};
use mcppolicy_trace::trace::native::write_call;
use mcppolicy_trace::trace::{
    DecisionName, Expectation, Expected, Grant, Observed, RecordedArguments, RecordedCall,
    RecordedRequest,
};

/// Which argument values a log holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogArguments {
    /// Those that some rule of the tool reads: the log replays, and other values
    /// are withheld.
    #[default]
    Read,
    /// All.
    All,
    /// None: calls of tools with conditions are then undetermined in a replay.
    None,
}

/// A call as the log has it.
pub(crate) struct Entry<'a> {
    pub grant: &'a str,
    pub time: Time,
    pub request: RecordedRequest,
    pub seen: Seen,
    /// `None` is an allowed call.
    pub denial: Option<&'a Denial<'a>>,
    /// Whether the call passed all the same, because nothing is enforced.
    pub is_observed: bool,
    /// The name by which a later line answers it.
    pub name: String,
}

impl Entry<'_> {
    pub fn line(self) -> String {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        let expected = match self.denial {
            None => Expected::decision(DecisionName::Allow),
            Some(denial) => Expected {
                rule: owned(denial.rule),
                kind: denial.kind.map(|kind| kind.name().to_owned()),
                message: owned(denial.message.as_deref()),
                ..Expected::decision(DecisionName::Deny)
            },
        };
        let passed_all_the_same = self.denial.is_some() && self.is_observed;
        write_call(&RecordedCall {
            grant: Grant::Named(self.grant.to_owned()),
            time: Some(self.seen.time.unwrap_or(self.time)),
            used: self.seen.used,
            observed: passed_all_the_same.then_some(Observed::Allow),
            expect: Some(Expectation::Each(expected)),
            id: Some(self.name),
            ..RecordedCall::new(self.request)
        })
    }
}

/// The request of a call as the log has it.
pub(crate) fn request(
    engine: &Engine,
    tool: Option<&str>,
    arguments: Option<&Value>,
    detail: LogArguments,
) -> RecordedRequest {
    let arguments = match (arguments, detail) {
        (None | Some(Value::Null), _) => RecordedArguments::from(None),
        (Some(Value::Object(_)), LogArguments::None) => RecordedArguments::Unknown,
        (Some(arguments @ Value::Object(_)), LogArguments::Read) => {
            let paths = read_paths(engine, tool);
            let paths: Vec<Path> = paths.into_iter().cloned().collect();
            RecordedArguments::Known(redact(arguments, &paths).into())
        }
        (Some(arguments @ Value::Object(_)), LogArguments::All) => {
            RecordedArguments::Known(arguments.clone().into())
        }
        // That it is no object is what the decision reads of it.
        (Some(_), LogArguments::Read | LogArguments::None) => {
            RecordedArguments::NotAnObject(Value::from(WITHHELD))
        }
        (Some(other), LogArguments::All) => RecordedArguments::NotAnObject(other.clone()),
    };
    RecordedRequest::Tool {
        name: tool.map(str::to_owned),
        arguments,
    }
}

/// A batch as the log has it: how many messages it had.
pub(crate) fn batch(messages: usize) -> RecordedRequest {
    RecordedRequest::Batch(Value::Array(vec![Value::from(WITHHELD); messages]))
}

/// The paths that some rule or limit of a tool reads.
pub(crate) fn read_paths<'e>(engine: &'e Engine, tool: Option<&str>) -> Vec<&'e Path> {
    tool.map(|tool| engine.reads(tool, &Decision::Allow))
        .unwrap_or_default()
}
