//! What the traces of a change no longer expect of recorded calls.
//!
//! Traces are compared as bags of calls: a call is its tool, its arguments and
//! its grant, and what counts is how often it is expected to be decided in which
//! way. So a line that moves, within its file or to another, loses nothing. A
//! call to another server than the policy's is none of its calls.

use std::collections::HashMap;
use std::io::Cursor;
use std::sync::Arc;

use crate::finding::{Finding, RuleId, Severity};
use crate::replay::redact::redact;
use mcppolicy_engine::policy::{Path, Policy};
use mcppolicy_engine::source::{Location, SourceMap, Span};
use mcppolicy_trace::timeline::{Scope, scope};
use mcppolicy_trace::trace::native::{write_call, write_expectation};
use mcppolicy_trace::trace::options::Settings;
use mcppolicy_trace::trace::recognise::reader;
use mcppolicy_trace::trace::{
    Expectation, Expected, Item, RecordedArguments, RecordedCall, RecordedRequest, Server, Trace,
};

/// The calls of one side that are kept.
const MOST_CALLS: usize = 1_000_000;

/// The lost expectations that have a finding each. Those that are more have one
/// together.
const MOST_FINDINGS: usize = 200;

/// What the traces of one side expect.
#[derive(Debug, Default)]
pub struct Expectations {
    /// By the call as a line of a native trace.
    calls: HashMap<String, OfCall>,
    /// The file of the call that was added last.
    file: Option<Arc<str>>,
    /// How many lines with a call were looked at.
    lines: usize,
}

/// What is expected of equal calls.
#[derive(Debug, Default)]
struct OfCall {
    expected: Vec<Counted>,
    /// Calls of which nothing is expected.
    unasserted: u64,
    /// Another server that such a call goes to.
    elsewhere: Option<String>,
}

/// One decision that is expected so many times.
#[derive(Debug)]
struct Counted {
    /// As traces write it.
    decision: String,
    times: u64,
    /// Where it is expected first.
    first: Place,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    file: Arc<str>,
    line: usize,
}

/// An expectation that is lost.
#[derive(Debug)]
pub struct Lost {
    /// The finding, with the severity that the rule has by itself.
    pub finding: Finding,
    /// All that it rests on, for an approval.
    pub rests_on: String,
}

impl Expectations {
    /// What nothing is known of yet.
    pub fn new() -> Expectations {
        Expectations::default()
    }

    /// Adds a call of the trace `file`, where `server` is the policy's.
    pub fn add(&mut self, file: &str, call: RecordedCall, server: Option<&str>) {
        let asserts = call.expect.is_some();
        self.count(file, call, server, |own, key| {
            asserts || own.calls.contains_key(key)
        });
    }

    /// The same, where only calls matter of which `old` expects something.
    pub fn add_beside(
        &mut self,
        old: &Expectations,
        file: &str,
        call: RecordedCall,
        server: Option<&str>,
    ) {
        self.count(file, call, server, |_, key| old.calls.contains_key(key));
    }

    fn count(
        &mut self,
        file: &str,
        mut call: RecordedCall,
        server: Option<&str>,
        matters: impl Fn(&Expectations, &str) -> bool,
    ) {
        if self.is_full() {
            return;
        }
        self.lines += 1;
        let destination = call.server.as_deref();
        let elsewhere = match scope(destination, server) {
            Scope::Out(name) => Some(name.to_owned()),
            Scope::In | Scope::Unknown | Scope::Unnamed(_) => None,
        };
        let expect = call.expect.take();
        let key = key(&call);
        if !matters(self, &key) {
            return;
        }
        let times = call.repeat;
        let place = Place {
            file: self.named(file),
            line: call.line,
        };
        let of_call = self.calls.entry(key).or_default();
        match (elsewhere, expect) {
            (Some(server), _) => of_call.elsewhere = Some(server),
            (None, None) => of_call.unasserted += times,
            (None, Some(Expectation::Each(expected))) => of_call.add(&expected, times, &place),
            (None, Some(Expectation::Runs(runs))) => {
                for (expected, times) in runs {
                    of_call.add(&expected, times, &place);
                }
            }
        }
    }

    fn named(&mut self, file: &str) -> Arc<str> {
        match &self.file {
            Some(known) if **known == *file => Arc::clone(known),
            _ => Arc::clone(self.file.insert(file.into())),
        }
    }

    /// Whether nothing is expected of any call.
    pub fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// Whether so many calls are kept that no other is looked at.
    pub fn is_full(&self) -> bool {
        self.lines >= MOST_CALLS
    }

    /// What is expected here and no longer in `new`, in the order of files and
    /// lines. The values that the rules of `policy` read are shown, the others
    /// withheld, as in every report of recorded calls.
    pub fn lost(&self, new: &Expectations, policy: &Policy, map: &mut SourceMap) -> Vec<Lost> {
        let mut all = Vec::new();
        for (key, of_call) in &self.calls {
            let none = OfCall::default();
            let now = new.calls.get(key).unwrap_or(&none);
            all.extend(of_call.lost(key, now));
        }
        all.sort_by(|a, b| (a.place, a.decision).cmp(&(b.place, b.decision)));
        let (first, more) = all.split_at(all.len().min(MOST_FINDINGS));
        let first = first.iter().map(|lost| found(lost, policy, map));
        let mut found: Vec<Lost> = first.collect();
        found.extend(together(more, map));
        found
    }
}

/// What equal calls have in common.
fn key(call: &RecordedCall) -> String {
    let mut bare = RecordedCall::new(call.request.clone());
    bare.grant = call.grant.clone();
    write_call(&bare)
}

/// The call that a key is of.
fn call_of(key: &str) -> Option<RecordedCall> {
    let line = Cursor::new(format!("{key}\n").into_bytes());
    let mut trace = Trace::open("", reader(line, Settings::default()).ok()?).ok()?;
    match trace.next_item() {
        Ok(Some(Item::Call(call))) => Some(*call),
        _ => None,
    }
}

/// An expectation that is lost, as it is found.
struct Loss<'a> {
    key: &'a str,
    place: &'a Place,
    decision: &'a str,
    times: u64,
    now: Now,
}

/// What became of a call whose expectation is lost.
enum Now {
    /// Another decision is expected, in this place.
    Expects(String, Place),
    /// It is there, and nothing is expected.
    Unasserted,
    /// It goes to another server.
    Elsewhere(String),
    Gone,
}

impl OfCall {
    fn add(&mut self, expected: &Expected, times: u64, place: &Place) {
        let each = Expectation::Each(expected.clone());
        let decision = write_expectation(&each, ": ", ", ");
        match self.expected.iter_mut().find(|of| of.decision == decision) {
            Some(known) => known.times += times,
            None => self.expected.push(Counted {
                decision,
                times,
                first: place.clone(),
            }),
        }
    }

    fn times(&self, decision: &str) -> u64 {
        let of = self.expected.iter().find(|of| of.decision == decision);
        of.map_or(0, |of| of.times)
    }

    /// Each decision that is expected less often in `new`.
    fn lost<'a>(&'a self, key: &'a str, new: &OfCall) -> Vec<Loss<'a>> {
        let more = |of: &&Counted| of.times > self.times(&of.decision);
        let mut lost = Vec::new();
        for of in &self.expected {
            let times = of.times.saturating_sub(new.times(&of.decision));
            if times == 0 {
                continue;
            }
            let now = match (new.expected.iter().find(more), &new.elsewhere) {
                (Some(other), _) => Now::Expects(other.decision.clone(), other.first.clone()),
                (None, _) if new.unasserted > self.unasserted => Now::Unasserted,
                (None, Some(server)) => Now::Elsewhere(server.clone()),
                (None, None) => Now::Gone,
            };
            lost.push(Loss {
                key,
                place: &of.first,
                decision: &of.decision,
                times,
                now,
            });
        }
        lost
    }
}

fn found(lost: &Loss<'_>, policy: &Policy, map: &mut SourceMap) -> Lost {
    let call = call_of(lost.key);
    let tool = call.as_ref().and_then(RecordedCall::tool);
    let tool = tool.map(|tool| format!(" of `{tool}`")).unwrap_or_default();
    let decision = lost.decision;
    let was = match lost.times {
        1 => format!("A call{tool} was expected to be {decision}"),
        times => format!("{times} calls{tool} were expected to be {decision}"),
    };
    let (message, at, expects) = match &lost.now {
        Now::Expects(other, at) => (format!("{was}, now {other}"), at, other.as_str()),
        Now::Unasserted => {
            let message = format!("{was}, and nothing is expected now");
            (message, lost.place, decision)
        }
        Now::Elsewhere(server) => {
            let message = format!("{was}, now by another server, `{server}`");
            (message, lost.place, decision)
        }
        Now::Gone => {
            let message = format!("{was}, and no trace has that now");
            (message, lost.place, decision)
        }
    };
    let rests_on = format!("{message}\n{}", lost.key);
    let line = call.map(|call| write_call(&withheld(&call, policy)));
    let text = match line.as_deref().and_then(|line| line.strip_suffix('}')) {
        Some(members) => format!("{members},\"expect\":{expects}}}"),
        None => String::new(),
    };
    let location = |map: &mut SourceMap, place: &Place, text: &str| Location {
        file: map.add_chunk(place.file.as_ref(), text, place.line, 0),
        span: Span::new(0, text.len()),
    };
    let rule = RuleId::LostExpectation;
    let main = location(map, at, &text);
    let mut finding = Finding::new(rule, rule.severity(), main, "", message)
        .help("keep the expectation, or say in the change why it no longer holds");
    if matches!(lost.now, Now::Expects(..)) {
        let was = location(map, lost.place, "");
        finding = finding.related(was, "it was expected here");
    }
    Lost { finding, rests_on }
}

/// One finding about all of `more`.
fn together(more: &[Loss<'_>], map: &mut SourceMap) -> Option<Lost> {
    let first = more.first()?;
    let times = more
        .iter()
        .fold(0_u64, |sum, lost| sum.saturating_add(lost.times));
    let location = Location {
        file: map.add_chunk(first.place.file.as_ref(), "", first.place.line, 0),
        span: Span::default(),
    };
    let rule = RuleId::LostExpectation;
    let message = format!("{times} more calls have lost what was expected of them, from here on");
    let mut rests_on = message.clone();
    for lost in more {
        let (decision, times, key) = (lost.decision, lost.times, lost.key);
        rests_on.push_str(&format!("\n{decision} {times} {key}"));
        if let Now::Expects(other, _) = &lost.now {
            rests_on.push_str(other);
        }
    }
    Some(Lost {
        finding: Finding::new(rule, rule.severity(), location, "", message),
        rests_on,
    })
}

/// The call with the values that no rule of the policy reads withheld.
fn withheld(call: &RecordedCall, policy: &Policy) -> RecordedCall {
    let reads: Vec<Path> = call
        .tool()
        .and_then(|tool| policy.tool(tool))
        .map(|rules| {
            let rules = rules.require.iter().chain(&rules.deny_if);
            let conditions = rules.flat_map(|rule| &rule.conditions);
            conditions.map(|of| of.path.value.clone()).collect()
        })
        .unwrap_or_default();
    let request = match &call.request {
        RecordedRequest::Tool {
            name,
            arguments: RecordedArguments::Known(value),
        } => RecordedRequest::Tool {
            name: name.clone(),
            arguments: RecordedArguments::Known(redact(value.value(), &reads).into()),
        },
        RecordedRequest::Tool { name, .. } => RecordedRequest::Tool {
            name: name.clone(),
            arguments: RecordedArguments::Unknown,
        },
        RecordedRequest::Batch(_) => RecordedRequest::Tool {
            name: None,
            arguments: RecordedArguments::Unknown,
        },
    };
    RecordedCall {
        server: Server::Default,
        grant: call.grant.clone(),
        time: call.time,
        ..RecordedCall::new(request)
    }
}

/// Gives the findings the severity that the rule has; none where it is off.
pub fn at_level(lost: Vec<Lost>, severity: Option<Severity>) -> Vec<Lost> {
    let Some(severity) = severity else {
        return Vec::new();
    };
    let each = lost.into_iter();
    each.map(|mut lost| {
        lost.finding.severity = severity;
        lost
    })
    .collect()
}

#[cfg(test)]
mod tests;
