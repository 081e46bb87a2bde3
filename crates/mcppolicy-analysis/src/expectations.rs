//! What the traces of a change no longer expect of recorded calls.
//!
//! Traces are compared as bags of calls: a call is its tool, its arguments and
//! its grant, and what counts is how often it is expected to be decided in which
//! way. So a line that moves, within its file or to another, loses nothing. A
//! call to another server than the policy's is none of its calls.

use std::collections::HashMap;

use crate::finding::{Finding, RuleId, Severity};
use crate::replay::redact::redact;
use mcppolicy_engine::policy::{Path, Policy};
use mcppolicy_engine::source::{Location, SourceMap, Span};
use mcppolicy_trace::timeline::{Scope, scope};
use mcppolicy_trace::trace::native::{write_call, write_expectation};
use mcppolicy_trace::trace::{
    Expectation, Expected, RecordedArguments, RecordedCall, RecordedRequest, Server,
};

/// The calls of one side that are kept.
const MOST_CALLS: usize = 1_000_000;

/// What the traces of one side expect.
#[derive(Debug, Default)]
pub struct Expectations {
    calls: HashMap<String, OfCall>,
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

#[derive(Debug, Clone)]
struct Place {
    file: String,
    line: usize,
    call: RecordedCall,
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
            file: file.to_owned(),
            line: call.line,
            call,
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
        let mut all: Vec<(&Place, &str, u64, Now)> = Vec::new();
        for (key, of_call) in &self.calls {
            let none = OfCall::default();
            let now = new.calls.get(key).unwrap_or(&none);
            all.extend(of_call.lost(now));
        }
        all.sort_by(|a, b| {
            let order = |(place, decision, ..): &(&Place, &str, u64, Now)| {
                (place.file.clone(), place.line, (*decision).to_owned())
            };
            order(a).cmp(&order(b))
        });
        let each = all.into_iter();
        each.map(|(place, decision, times, now)| found(place, decision, times, &now, policy, map))
            .collect()
    }
}

/// What equal calls have in common.
fn key(call: &RecordedCall) -> String {
    let mut bare = RecordedCall::new(call.request.clone());
    bare.grant = call.grant.clone();
    write_call(&bare)
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
    fn lost<'a>(&'a self, new: &OfCall) -> Vec<(&'a Place, &'a str, u64, Now)> {
        let more = |of: &&Counted| of.times > self.times(&of.decision);
        let mut lost = Vec::new();
        for of in &self.expected {
            let now = new.times(&of.decision);
            if of.times <= now {
                continue;
            }
            let became = match (new.expected.iter().find(more), &new.elsewhere) {
                (Some(other), _) => Now::Expects(other.decision.clone(), other.first.clone()),
                (None, _) if new.unasserted > self.unasserted => Now::Unasserted,
                (None, Some(server)) => Now::Elsewhere(server.clone()),
                (None, None) => Now::Gone,
            };
            lost.push((&of.first, of.decision.as_str(), of.times - now, became));
        }
        lost
    }
}

fn found(
    place: &Place,
    decision: &str,
    times: u64,
    now: &Now,
    policy: &Policy,
    map: &mut SourceMap,
) -> Lost {
    let tool = place.call.tool().map(|tool| format!(" of `{tool}`"));
    let tool = tool.unwrap_or_default();
    let was = match times {
        1 => format!("A call{tool} was expected to be {decision}"),
        times => format!("{times} calls{tool} were expected to be {decision}"),
    };
    let (message, at, expects) = match now {
        Now::Expects(other, at) => (format!("{was}, now {other}"), at, other.as_str()),
        Now::Unasserted => (
            format!("{was}, and nothing is expected now"),
            place,
            decision,
        ),
        Now::Elsewhere(server) => (
            format!("{was}, now by another server, `{server}`"),
            place,
            decision,
        ),
        Now::Gone => (format!("{was}, and no trace has that now"), place, decision),
    };
    let call = write_call(&withheld(&at.call, policy));
    let text = match call.strip_suffix('}') {
        Some(members) => format!("{members},\"expect\":{expects}}}"),
        None => call,
    };
    let location = |map: &mut SourceMap, place: &Place, text: &str| Location {
        file: map.add_chunk(place.file.as_str(), text, place.line, 0),
        span: Span::new(0, text.len()),
    };
    let rests_on = format!("{message}\n{}", key(&place.call));
    let main = location(map, at, &text);
    let mut finding = Finding::new(
        RuleId::LostExpectation,
        RuleId::LostExpectation.severity(),
        main,
        "",
        message,
    )
    .help("keep the expectation, or say in the change why it no longer holds");
    if matches!(now, Now::Expects(..)) {
        let was = location(map, place, "");
        finding = finding.related(was, "it was expected here");
    }
    Lost { finding, rests_on }
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
            arguments: RecordedArguments::Known(redact(value, &reads)),
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
mod tests {
    use super::*;
    use mcppolicy_trace::trace::options::Settings;
    use mcppolicy_trace::trace::{Item, Trace, recognise};

    fn read(text: &str, server: Option<&str>) -> Expectations {
        let input = std::io::Cursor::new(text.as_bytes().to_vec());
        let reader = recognise::reader(input, Settings::default()).unwrap();
        let mut trace = Trace::open("a.jsonl", reader).unwrap();
        let mut expectations = Expectations::new();
        while let Some(item) = trace.next_item().unwrap() {
            let Item::Call(call) = item else { continue };
            expectations.add("a.jsonl", *call, server);
        }
        expectations
    }

    fn lost(old: &str, new: &str) -> Vec<String> {
        let policy = br#"{"version":"1","default":"deny","tools":{"pay":{"require":[{"conditions":[{"path":"args.n","op":"lte","value":1}]}]}}}"#;
        let policy = Policy::from_json(policy).unwrap();
        let [old, new] = [old, new].map(|text| read(text, Some("mine")));
        let mut map = SourceMap::new();
        let lost = old.lost(&new, &policy, &mut map);
        lost.iter().map(|of| of.finding.message.clone()).collect()
    }

    const TWO: &str = r#"{"tool":"pay","arguments":{"n":1},"expect":"allow"}
{"tool":"pay","arguments":{"n":9},"expect":"deny"}
"#;

    #[test]
    fn moved_lines_and_equal_spellings_lose_nothing() {
        let moved = r#"{"expect":"deny","arguments":{"n":9.0},"tool":"pay"}
{"tool":"pay","arguments":{"n":1},"expect":"allow"}
{"tool":"pay","arguments":{"n":7},"expect":"deny"}
"#;
        assert_eq!(lost(TWO, moved), [""; 0]);
        let apart = r#"{"tool":"pay","arguments":{"n":9},"expect":"deny"}
{"tool":"pay","arguments":{"n":9},"expect":"deny"}
"#;
        let together = r#"{"tool":"pay","arguments":{"n":9},"repeat":2,"expect":"deny"}"#;
        assert_eq!(lost(apart, together), [""; 0]);
    }

    #[test]
    fn what_became_of_a_call_is_said() {
        let new = |line: &str| format!("{}\n{line}\n", TWO.lines().next().unwrap());
        let of = |line: &str| lost(TWO, &new(line));
        let begin = "A call of `pay` was expected to be \"deny\",";
        assert_eq!(of(""), [format!("{begin} and no trace has that now")]);
        assert_eq!(
            of(r#"{"tool":"pay","arguments":{"n":9},"expect":"allow"}"#),
            [format!("{begin} now \"allow\"")]
        );
        assert_eq!(
            of(r#"{"tool":"pay","arguments":{"n":9}}"#),
            [format!("{begin} and nothing is expected now")]
        );
        assert_eq!(
            of(r#"{"tool":"pay","server":"other","arguments":{"n":9},"expect":"deny"}"#),
            [format!("{begin} now by another server, `other`")]
        );
    }

    #[test]
    fn of_repeated_calls_those_that_are_missing_are_counted() {
        let old = r#"{"tool":"pay","arguments":{"n":9},"repeat":5,"expect":"deny"}"#;
        let new = r#"{"tool":"pay","arguments":{"n":9},"repeat":2,"expect":"deny"}"#;
        let expected = ["3 calls of `pay` were expected to be \"deny\", and no trace has that now"];
        assert_eq!(lost(old, new), expected);
    }

    #[test]
    fn values_that_no_rule_reads_are_withheld() {
        let policy = Policy::from_json(br#"{"version":"1","default":"deny"}"#).unwrap();
        let old = read(
            r#"{"tool":"pay","arguments":{"iban":"DE00"},"expect":"deny"}"#,
            None,
        );
        let mut map = SourceMap::new();
        let lost = old.lost(&Expectations::new(), &policy, &mut map);
        let text = map.get(lost[0].finding.location.file).text().to_owned();
        assert!(text.contains("iban") && !text.contains("DE00"), "{text}");
        assert!(lost[0].rests_on.contains("DE00"));
    }
}
