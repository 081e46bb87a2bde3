//! Which arguments a decision read: what a report of a recorded call may show
//! (the rest may be secret).

use super::compile::{Engine, Limit, Rule};
use crate::decision::{Decision, Kind};
use crate::policy::Path;

impl Engine {
    /// The paths that decided a call of `tool`: of a denial, those of the
    /// deciding rule or limit; otherwise, and where several rules may have
    /// decided, those of every rule and limit that the call met. In the order
    /// of the policy, each once.
    pub fn reads(&self, tool: &str, decision: &Decision<'_>) -> Vec<&Path> {
        let refused_unread = decision.is_deny()
            && matches!(
                decision.kind(),
                Some(
                    Kind::Batch
                        | Kind::Malformed
                        | Kind::NoPolicy
                        | Kind::Hidden
                        | Kind::DefaultDeny
                )
            );
        if refused_unread {
            return Vec::new();
        }
        let tool = self.index.get(tool).copied();
        let decided = |rule: &str| decision.rule().is_none_or(|deciding| deciding == rule);
        let rules = self
            .tool(tool)
            .into_iter()
            .flat_map(|tool| tool.require.iter().chain(&tool.deny_if))
            .filter(|rule| decided(&rule.prepared.rule))
            .flat_map(Rule::paths);
        let limits = self
            .limits_of(tool)
            .filter(|limit| decided(&limit.prepared.rule))
            .filter_map(Limit::path);
        let mut paths: Vec<&Path> = Vec::new();
        for path in rules.chain(limits) {
            if !paths.contains(&path) {
                paths.push(path);
            }
        }
        paths
    }
}

impl Rule {
    fn paths(&self) -> impl Iterator<Item = &Path> {
        self.conditions.iter().map(|condition| &condition.path)
    }
}

impl Limit {
    fn path(&self) -> Option<&Path> {
        self.key.increment_from.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Call, Counters};
    use crate::policy::Policy;
    use crate::time::Time;
    use crate::value::Value;

    fn reads(arguments: serde_json::Value) -> Vec<String> {
        let policy = br#"{"version":"1","default":"deny","tools":{"pay":{
            "require":[{"conditions":[{"path":"args.to","op":"exists","value":true}]}],
            "deny_if":[{"conditions":[{"path":"args.sum","op":"gt","value":9},
                                      {"path":"args.to","op":"eq","value":"x"}]}],
            "limits":[{"counter":"c","window":"day","max":9,"scope":"grant",
                       "increment_from":"args.fee"}]}}}"#;
        let engine = Engine::new(&Policy::from_json(policy).unwrap());
        let arguments = Value::from(arguments);
        let call = Call::new("g", "pay", &arguments, Time::new(0, 0));
        let decision = engine.decide(&call, &mut Counters::default()).decision;
        engine
            .reads("pay", &decision)
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn a_denial_reads_what_its_rule_reads_and_an_allowed_call_reads_all() {
        use serde_json::json;
        assert_eq!(reads(json!({})), ["args.to"]);
        assert_eq!(
            reads(json!({"to": "x", "sum": 10})),
            ["args.sum", "args.to"]
        );
        assert_eq!(reads(json!({"to": "y", "fee": 10})), ["args.fee"]);
        assert_eq!(
            reads(json!({"to": "y", "fee": 1})),
            ["args.to", "args.sum", "args.fee"]
        );
    }

    #[test]
    fn the_ends_of_time_do_not_overflow() {
        let policy = br#"{"version":"1","default":"deny","tools":{"t":{"limits":[
            {"counter":"c","window":"day","max":9,"scope":"grant"}]}}}"#;
        let engine = Engine::new(&Policy::from_json(policy).unwrap());
        let mut counters = Counters::default();
        let arguments = Value::empty_object();
        for seconds in [i64::MIN, i64::MAX] {
            let call = Call::new("g", "t", &arguments, Time::new(seconds, 999_999_999));
            let outcome = engine.decide(&call, &mut counters);
            assert!(!outcome.decision.is_deny());
            counters.release(outcome.reservation, Time::new(seconds, 0));
        }
    }
}
