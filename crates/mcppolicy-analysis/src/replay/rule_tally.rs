//! What each rule of a policy has refused, and how many calls came to it.

use std::collections::HashMap;

use super::results::RuleCounts;
use super::tally::ToolTally;
use mcppolicy_engine::engine::Engine;

/// Counts decided calls by what they came to. A call that is undetermined, or
/// refused by it is unknown which rule, is counted nowhere.
#[derive(Debug, Default)]
pub(super) struct RuleTally<'e> {
    /// The calls that each rule has refused, by its pointer.
    refused: foldhash::HashMap<&'e str, u64>,
}

/// Where the limits of all tools stand.
const ALL_TOOLS: &str = "/all_tools/";

impl<'e> RuleTally<'e> {
    /// Adds calls that rules have refused; how many of them nothing but a limit of
    /// all tools has.
    pub fn add(&mut self, refused: &[(&'e str, u64)]) -> u64 {
        let mut by_all_tools = 0;
        for (rule, times) in refused {
            *self.refused.entry(rule).or_default() += times;
            if rule.starts_with(ALL_TOOLS) {
                by_all_tools += times;
            }
        }
        by_all_tools
    }

    /// The counts of every rule of the policy, in the order of the steps of a
    /// decision.
    pub fn counts(&self, engine: &Engine, tools: &ToolTally) -> Vec<RuleCounts> {
        let refusers = engine.refusers();
        let all = tools.all_passed();
        let refused = |rule: &&str| self.refused.get(rule).copied().unwrap_or_default();
        let of_all_tools: u64 = refusers.all_tools.iter().map(refused).sum();
        let every: u64 = self.refused.values().sum::<u64>() - of_all_tools + all;

        let mut counts = Vec::new();
        self.in_sequence(&refusers.hide, every, &mut counts);
        if let Some(default) = refusers.default {
            // Nothing comes after it.
            self.in_sequence(&[default], refused(&default), &mut counts);
        }
        for (tool, rules) in &refusers.tools {
            let own: u64 = rules.iter().map(refused).sum();
            self.in_sequence(rules, own + tools.passed(tool), &mut counts);
        }
        self.in_sequence(&refusers.all_tools, all, &mut counts);
        counts
    }

    /// The counts of rules to which `calls` come one after the other.
    fn in_sequence(&self, rules: &[&str], calls: u64, counts: &mut Vec<RuleCounts>) {
        let mut reached = calls;
        for rule in rules {
            let decided = self.refused.get(rule).copied().unwrap_or_default();
            counts.push(RuleCounts {
                pointer: (*rule).to_owned(),
                reached,
                decided,
            });
            reached = reached.saturating_sub(decided);
        }
    }
}

/// Adds the counts of other calls under the same policy.
pub(super) fn add(sums: &mut Vec<RuleCounts>, more: &[RuleCounts]) {
    let known = sums.iter().enumerate();
    let known: HashMap<String, usize> = known
        .map(|(at, counts)| (counts.pointer.clone(), at))
        .collect();
    for counts in more {
        match known.get(&counts.pointer).and_then(|at| sums.get_mut(*at)) {
            Some(sum) => {
                sum.reached += counts.reached;
                sum.decided += counts.decided;
            }
            None => sums.push(counts.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::results::Results;
    use super::super::{Options, Replay};
    use super::*;
    use mcppolicy_engine::engine::{Call, Counters, Kind, StepOutcome};
    use mcppolicy_engine::policy::Policy;
    use mcppolicy_engine::source::SourceMap;
    use mcppolicy_engine::time::Time;
    use mcppolicy_engine::value::Value;
    use mcppolicy_trace::trace::Trace;
    use mcppolicy_trace::trace::native::NativeReader;
    use serde_json::json;

    const POLICY: &str = r#"{"version":"1","default":"deny","hide":["drop","wipe"],
        "all_tools":{"limits":[
            {"counter":"all","window":"day","max":12,"scope":"grant"},
            {"counter":"b","window":"hour","max":11,"scope":"grant"}]},
        "tools":{"read":{},"drop":{},"pay":{
            "require":[{"conditions":[{"path":"args.to","op":"exists","value":true}]},
                       {"conditions":[{"path":"args.sum","op":"gte","value":0}]}],
            "deny_if":[{"conditions":[{"path":"args.sum","op":"gt","value":9}]},
                       {"conditions":[{"path":"args.sum","op":"gt","value":8}]}],
            "limits":[{"counter":"c","window":"day","max":4,"scope":"grant"}]}}}"#;

    fn replayed(engine: &Engine, text: &str) -> Results {
        let mut replay = Replay::new(engine, Options::default());
        let reader = Box::new(NativeReader::new(std::io::Cursor::new(text.to_owned())));
        let mut trace = Trace::open("t.jsonl".to_owned(), reader).unwrap();
        replay.read(&mut trace, &mut SourceMap::new()).unwrap();
        replay.finish()
    }

    /// Calls of every kind, in an order that fills the limits.
    fn calls() -> Vec<(&'static str, serde_json::Value)> {
        let tools = ["read", "pay", "wipe", "drop", "other", "pay", "read"];
        let passed = [
            json!({"to": "a", "sum": 1}),
            json!({"sum": 1}),
            json!({"to": "a", "sum": -1}),
            json!({"to": "a", "sum": 10}),
            json!({"to": "a", "sum": 8.5}),
        ];
        let tool = |at: usize| tools[at % tools.len()];
        let arguments = |at: usize| passed[(at * 3 + at / 7) % passed.len()].clone();
        (0..60).map(|at| (tool(at), arguments(at))).collect()
    }

    #[test]
    fn the_counts_are_those_of_every_call_explained() {
        let engine = Engine::new(&Policy::from_json(POLICY.as_bytes()).unwrap());
        let mut expected: BTreeMap<String, (u64, u64)> = BTreeMap::new();
        let mut counters = Counters::default();
        let mut text = String::new();
        for (at, (tool, arguments)) in calls().into_iter().enumerate() {
            let time = format!("2026-11-20T10:00:{at:02}Z");
            let line = json!({"ts": time, "grant": "g", "tool": tool, "arguments": arguments});
            text.push_str(&format!("{line}\n"));
            let arguments = Value::from(arguments);
            let call = Call::new("g", tool, &arguments, Time::parse(&time).unwrap());
            for step in engine.explain(&call, &counters) {
                // Steps before the rules are not reached where they do not apply.
                let applies = step.kind > Kind::DefaultDeny || step.outcome == StepOutcome::Denied;
                if let Some(rule) = step.rule.filter(|_| applies) {
                    let counts = expected.entry(rule).or_default();
                    counts.0 += u64::from(step.outcome != StepOutcome::NotReached);
                    counts.1 += u64::from(step.outcome == StepOutcome::Denied);
                }
            }
            let _ = engine.decide(&call, &mut counters);
        }
        let results = replayed(&engine, &text);
        assert_eq!(results.rules.len(), 2 + 1 + 5 + 2);
        for counts in &results.rules {
            if counts.pointer.starts_with("/hide") {
                continue;
            }
            let found = (counts.reached, counts.decided);
            assert_eq!(found, expected[&counts.pointer], "{}", counts.pointer);
        }
        let deciding = results.rules.iter().filter(|counts| counts.decided > 0);
        assert!(deciding.count() > 7, "{:?}", results.rules);
        // Every call comes to the first hidden name, and what that refuses to no
        // other one.
        let hidden = |at: usize| (results.rules[at].reached, results.rules[at].decided);
        let named = |name: &str| calls().iter().filter(|(tool, _)| *tool == name).count() as u64;
        assert_eq!(hidden(0), (60, named("drop")));
        assert_eq!(hidden(1), (60 - named("drop"), named("wipe")));
        let refused: u64 = results.rules.iter().map(|counts| counts.decided).sum();
        assert_eq!(refused, results.summary().deny);
    }

    #[test]
    fn what_is_not_certain_is_counted_nowhere() {
        let engine = Engine::new(&Policy::from_json(POLICY.as_bytes()).unwrap());
        let unknown = "{\"ts\":\"2026-11-20T10:00:00Z\",\"grant\":\"g\",\"tool\":\"pay\",\"arguments_unknown\":true}\n";
        let batch = "{\"request\":[{\"method\":\"tools/call\"}]}\n";
        let results = replayed(&engine, &format!("{unknown}{batch}"));
        assert_eq!(results.summary().calls, 2);
        assert!(
            results.rules.iter().all(|counts| counts.reached == 0),
            "{:?}",
            results.rules
        );
        let repeated = "{\"ts\":\"2026-11-20T10:00:00Z\",\"grant\":\"g\",\"tool\":\"pay\",\"arguments\":{\"to\":1,\"sum\":1},\"repeat\":9}\n";
        let results = replayed(&engine, repeated);
        let limit = results
            .rules
            .iter()
            .find(|counts| counts.pointer == "/tools/pay/limits/0");
        let limit = limit.unwrap();
        assert_eq!((limit.reached, limit.decided), (9, 5));
    }
}
