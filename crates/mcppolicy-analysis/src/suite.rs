//! The recorded calls of a policy's tests, read once, to be decided many times:
//! by the policy itself, and by every small change of it.
//!
//! Calls are grouped by what their decisions depend on. The counters of one
//! grant in one trace say nothing of another's, and where calls come in the
//! order of time, one tool's calls say nothing of another tool's unless a limit
//! counts all tools and may refuse some of them. So a change of one tool mostly
//! needs only that tool's calls.

mod baseline;
mod groups;
#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::io;

use mcppolicy_engine::engine::{DEFAULT_MAX_LATENESS, Engine, RuleVerdict};
use mcppolicy_engine::time::TimeDelta;
use mcppolicy_engine::value::Value;
use mcppolicy_trace::timeline::{Scope, scope};
use mcppolicy_trace::trace::{
    CallView, Expectation, Item, RecordedArguments, RecordedCall, RecordedRequest, Trace,
};

pub use baseline::{Baseline, Noticed};
pub use groups::Group;

/// The calls of all traces that went to the policy's server.
#[derive(Debug, Default)]
pub struct Suite {
    /// The traces' names in the order given.
    pub traces: Vec<String>,
    /// The calls by trace and line.
    pub calls: Vec<SuiteCall>,
    /// The different requests, each as the first call that makes it.
    requests: Vec<usize>,
    known: HashMap<(Option<String>, String), usize>,
    groups: Vec<Group>,
    of_tool: HashMap<String, OfTool>,
    max_lateness: Option<TimeDelta>,
}

/// The calls of one tool.
#[derive(Debug, Default)]
pub(crate) struct OfTool {
    /// Its different requests.
    pub(crate) requests: Vec<usize>,
    /// The groups that it is called in, with its calls in each.
    pub(crate) groups: Vec<(usize, Vec<usize>)>,
}

/// A call of a suite.
#[derive(Debug)]
pub struct SuiteCall {
    /// The trace's number, from 0.
    pub trace: usize,
    /// The call as recorded.
    pub call: RecordedCall,
    /// Which of the different requests it makes.
    pub(crate) request: usize,
}

impl Suite {
    /// A suite without calls; `max_lateness` as in a replay.
    pub fn new(max_lateness: Option<TimeDelta>) -> Suite {
        Suite {
            max_lateness,
            ..Suite::default()
        }
    }

    /// A suite of these calls, by trace.
    pub fn of(traces: &[Vec<RecordedCall>]) -> Suite {
        let mut suite = Suite::new(None);
        for (at, calls) in traces.iter().enumerate() {
            suite.traces.push(String::new());
            for call in calls {
                suite.add(at, call.clone());
            }
        }
        suite.finish();
        suite
    }

    /// Reads one trace to its end. Calls to another server than `server` are
    /// left out, and so are lines that are no calls: the replay of the same
    /// trace reports them.
    ///
    /// # Errors
    /// What the underlying input reports.
    pub fn read(&mut self, trace: &mut Trace, server: Option<&str>) -> io::Result<()> {
        let number = self.traces.len();
        self.traces.push(trace.name.clone());
        while let Some(item) = trace.next_item()? {
            let Item::Call(call) = item else { continue };
            if !matches!(scope(call.server.as_deref(), server), Scope::Out(_)) {
                self.add(number, *call);
            }
        }
        Ok(())
    }

    /// Adds a call of trace number `trace`.
    pub fn add(&mut self, trace: usize, call: RecordedCall) {
        let at = self.calls.len();
        let key = key_of(&call.request);
        let next = self.requests.len();
        let request = *self.known.entry(key).or_insert(next);
        if request == next {
            self.requests.push(at);
        }
        self.calls.push(SuiteCall {
            trace,
            call,
            request,
        });
    }

    /// Sorts the calls into groups, once all have been added.
    pub fn finish(&mut self) {
        self.known.clear();
        self.groups = groups::of(&self.calls);
        for (number, group) in self.groups.iter().enumerate() {
            for at in &group.calls {
                let Some(call) = self.calls.get(*at) else {
                    continue;
                };
                let Some(tool) = call.call.tool() else {
                    continue;
                };
                if !self.of_tool.contains_key(tool) {
                    self.of_tool.insert(tool.to_owned(), OfTool::default());
                }
                let Some(of_tool) = self.of_tool.get_mut(tool) else {
                    continue;
                };
                match of_tool.groups.last_mut() {
                    Some((last, calls)) if *last == number => calls.push(*at),
                    _ => of_tool.groups.push((number, vec![*at])),
                }
                of_tool.requests.push(call.request);
            }
        }
        for of_tool in self.of_tool.values_mut() {
            of_tool.requests.sort_unstable();
            of_tool.requests.dedup();
        }
    }

    /// How many calls have an expectation, each repetition counted.
    pub fn asserted(&self) -> u64 {
        let asserted = self.calls.iter().map(|call| match &call.call.expect {
            None => 0,
            Some(Expectation::Each(_)) => call.call.repeat,
            Some(Expectation::Runs(runs)) => runs.iter().map(|(_, times)| *times).sum(),
        });
        asserted.sum()
    }

    /// All calls, each repetition counted.
    pub fn size(&self) -> u64 {
        let each = self.calls.iter().map(|call| call.call.repeat);
        each.fold(0, u64::saturating_add)
    }

    pub(crate) fn groups(&self) -> &[Group] {
        &self.groups
    }

    pub(crate) fn of_tool(&self, tool: &str) -> Option<&OfTool> {
        self.of_tool.get(tool)
    }

    pub(crate) fn lateness(&self) -> TimeDelta {
        self.max_lateness.unwrap_or(DEFAULT_MAX_LATENESS)
    }

    /// How many different requests there are.
    pub(crate) fn requests(&self) -> usize {
        self.requests.len()
    }

    /// The arguments of a request, where they are known.
    pub(crate) fn arguments(&self, request: usize) -> Option<&Value> {
        let call = self.calls.get(*self.requests.get(request)?)?;
        match &call.call.request {
            RecordedRequest::Tool {
                arguments: RecordedArguments::Known(known),
                ..
            } => Some(known.value()),
            _ => None,
        }
    }

    /// What the rules of `engine` say of a request.
    pub(crate) fn rule<'e>(&self, engine: &'e Engine, request: usize) -> Option<RuleVerdict<'e>> {
        let call = self.calls.get(*self.requests.get(request)?)?;
        Some(
            call.call
                .with_request(|request| engine.evaluate_rules(request)),
        )
    }
}

/// Equal requests have equal keys, and no others have.
fn key_of(request: &RecordedRequest) -> (Option<String>, String) {
    match request {
        RecordedRequest::Batch(_) => (None, "batch".to_owned()),
        RecordedRequest::Tool { name, arguments } => {
            let arguments = match arguments {
                RecordedArguments::Known(known) => known.value().to_string(),
                RecordedArguments::NotAnObject(_) => "not an object".to_owned(),
                RecordedArguments::Unknown => "unknown".to_owned(),
            };
            (Some(name.clone().unwrap_or_default()), arguments)
        }
    }
}
