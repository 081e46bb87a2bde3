//! Decisions over [`Counters`], for replays: three values, calls in any order.

use super::call::Call;
use super::compile::{Engine, Limit};
use super::counters::{Counters, GrantId, Reservation};
use super::interval::Interval;
use super::limit_key::LimitKey;
use super::quota::{Amount, Balance};
use super::rules::{RuleOutcome, RuleVerdict};
use crate::decision::{Decision, Reason};
use crate::time::Time;

/// A decision and the quota that it reserved.
#[must_use]
#[derive(Debug)]
pub struct Outcome<'e> {
    /// The decision.
    pub decision: Decision<'e>,
    /// What to give back if the server answers with a JSON-RPC error.
    pub reservation: Reservation,
}

impl Engine {
    /// Whether `tool` is left out of `tools/list`.
    pub fn hides(&self, tool: &str) -> bool {
        self.everything_hidden.is_some() || self.hidden.contains_key(tool)
    }

    /// Whether some tool is left out of `tools/list`.
    pub fn hides_anything(&self) -> bool {
        self.everything_hidden.is_some() || !self.hidden.is_empty()
    }

    /// Decides one call of a recording and reserves its quota (policy language
    /// §3, §5). A gateway uses [`enforce`](Engine::enforce).
    pub fn decide<'e>(&'e self, call: &Call<'_>, counters: &mut Counters) -> Outcome<'e> {
        self.evaluate_rules(call.request)
            .apply_limits(call.grant, call.time, counters)
    }

    /// Decides one call as [`decide`](Engine::decide) would, and reserves
    /// nothing.
    pub fn peek<'e>(&'e self, call: &Call<'_>, counters: &Counters) -> Decision<'e> {
        let grant = counters.find(call.grant);
        self.evaluate_rules(call.request)
            .decision(grant, call.time, counters, &[])
            .0
    }
}

impl<'e> RuleVerdict<'e> {
    /// Applies the limits of the call's tool (policy language §3, steps 6 and
    /// 7) and reserves quota for a call that passes or may pass. `grant` and
    /// `time` are `None` where the recording does not say.
    pub fn apply_limits(
        &self,
        grant: Option<&str>,
        time: Option<Time>,
        counters: &mut Counters,
    ) -> Outcome<'e> {
        self.apply_limits_from(grant, time, &[], counters)
    }

    /// The same, where the recording says what some limits had counted before
    /// the call: these are decided by that and not by `counters`, which count
    /// the call all the same.
    pub fn apply_limits_from(
        &self,
        grant: Option<&str>,
        time: Option<Time>,
        used: &[(LimitKey, u64)],
        counters: &mut Counters,
    ) -> Outcome<'e> {
        counters.bind(&self.engine.limit_keys);
        let id = counters.enter(grant, time);
        let (decision, late) = self.decision(Some(id), time, counters, used);
        let reservation = self.reserve(id, time, &decision, late, counters);
        Outcome {
            decision,
            reservation,
        }
    }

    /// Reserves as many of `most` calls at one instant as certainly pass, and
    /// says how many: what applying the limits to one after the other comes
    /// to, at the cost of one.
    pub fn reserve_run(&self, grant: &str, time: Time, most: u64, counters: &mut Counters) -> u64 {
        let RuleOutcome::Passed(passed) = &self.outcome else {
            return 0;
        };
        counters.bind(&self.engine.limit_keys);
        let id = counters.enter(Some(grant), Some(time));
        let room = |(limit, amount): (&Limit, Amount)| {
            let keys = &self.engine.limit_keys;
            let balance = counters.balance(keys, limit, Some(id), Some(time));
            limit.room(amount, balance)
        };
        if !passed.possible.clone().otherwise_allow().is_allow() {
            return 0;
        }
        let times = self.engine.counted(passed).map(room).fold(most, u64::min);
        if times == 0 {
            return 0;
        }
        let mut reservation = counters.reservation(id, Some(time));
        for (limit, amount) in self.engine.counted(passed) {
            counters.reserve(&mut reservation, limit, amount.interval().times(times));
        }
        times
    }

    /// The decision, and whether a limit's window was closed before the call.
    fn decision(
        &self,
        grant: Option<GrantId>,
        time: Option<Time>,
        counters: &Counters,
        used: &[(LimitKey, u64)],
    ) -> (Decision<'e>, bool) {
        let recorded = |limit: &Limit| used.iter().find(|(key, _)| *key == limit.key);
        match &self.outcome {
            RuleOutcome::Refused(denial) => (Decision::Deny(denial.clone()), false),
            RuleOutcome::Passed(passed) => {
                self.engine
                    .check_limits(passed, |limit| match recorded(limit) {
                        Some((_, used)) => Balance {
                            used: Interval::exactly(*used),
                            is_closed: false,
                            doubt: Reason::UnknownHistory,
                        },
                        None => counters.balance(&self.engine.limit_keys, limit, grant, time),
                    })
            }
        }
    }

    fn reserve(
        &self,
        grant: GrantId,
        time: Option<Time>,
        decision: &Decision<'_>,
        late: bool,
        counters: &mut Counters,
    ) -> Reservation {
        let RuleOutcome::Passed(passed) = &self.outcome else {
            return Reservation::default();
        };
        // A late call consumes nothing, unless its grant is unknown too: then
        // its grant may not find it late.
        let anywhere = late && grant == GrantId::UNKNOWN;
        if decision.is_deny() || (late && !anywhere) {
            return Reservation::default();
        }
        let certain = decision.is_allow();
        let time = if anywhere { None } else { time };
        let mut reservation = counters.reservation(grant, time);
        for (limit, amount) in self.engine.counted(passed) {
            let mut amount = amount.interval();
            if !certain {
                amount.low = 0;
            }
            counters.reserve(&mut reservation, limit, amount);
        }
        reservation
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Arguments, Request};
    use crate::policy::Policy;
    use crate::value::Value;

    fn engine(policy: &str) -> Engine {
        Engine::new(&Policy::from_json(policy.as_bytes()).unwrap())
    }

    #[test]
    fn a_tool_is_hidden_by_its_name_or_with_all_others() {
        let hides = |list: &str| {
            let engine = engine(&format!(
                r#"{{"version":"1","default":"allow","hide":{list}}}"#
            ));
            (
                engine.hides("a"),
                engine.hides("b"),
                engine.hides_anything(),
            )
        };
        assert_eq!(hides("[]"), (false, false, false));
        assert_eq!(hides(r#"["a"]"#), (true, false, true));
        assert_eq!(hides(r#"["*"]"#), (true, true, true));
    }

    /// A run of calls is what applying the limits to one after the other comes to.
    #[test]
    fn a_run_reserves_as_many_calls_as_pass_one_by_one() {
        let engine = engine(
            r#"{"version":"1","default":"deny","tools":{
            "count":{"limits":[{"counter":"c","window":"minute","max":5,"scope":"grant"}]},
            "sum":{"limits":[{"counter":"s","window":"day","max":9,"scope":"grant",
                "increment_from":"args.n"}]},
            "both":{"limits":[{"counter":"c","window":"minute","max":5,"scope":"grant"},
                {"counter":"s","window":"day","max":9,"scope":"grant","increment_from":"args.n"}]},
            "ruled":{"require":[{"conditions":[{"path":"args.n","op":"gt","value":0}]}]}}}"#,
        );
        for tool in ["count", "sum", "both", "ruled"] {
            for n in [0, 1, 2, 4, 20] {
                for (before, most) in [(0, 3), (0, 50), (2, 50), (20, 50)] {
                    let arguments = Value::from(serde_json::json!({ "n": n }));
                    let call = Call::new("g", tool, &arguments, Time::new(0, 0));
                    let verdict = engine.evaluate_rules(call.request);
                    let [mut at_once, mut each] = [0, 1].map(|_| Counters::default());
                    for counters in [&mut at_once, &mut each] {
                        for _ in 0..before {
                            let _ = engine.decide(&call, counters);
                        }
                    }
                    let times = verdict.reserve_run("g", Time::new(0, 0), most, &mut at_once);
                    let mut passed = 0;
                    while passed < most && engine.decide(&call, &mut each).decision.is_allow() {
                        passed += 1;
                    }
                    let what = format!("{tool} {n} {before} {most}");
                    assert_eq!(times, passed, "{what}");
                    assert_eq!(
                        engine.usage(&call, &at_once),
                        engine.usage(&call, &each),
                        "{what}"
                    );
                }
            }
        }
    }

    /// What becomes of a call of `t` after one at second 200 000; nothing where it is
    /// refused.
    fn decided(limit: &str, arguments: Arguments<'_>, second: i64) -> Option<Decision<'static>> {
        let engine = engine(&format!(
            r#"{{"version":"1","default":"deny","tools":{{"t":{{"limits":[
            {{"counter":"c","window":"minute","max":5,"scope":"grant"{limit}}}]}}}}}}"#
        ));
        let mut counters = Counters::default();
        let first = Value::from(serde_json::json!({"n": 1}));
        let call = Call::new("g", "t", &first, Time::new(200_000, 0));
        assert!(engine.decide(&call, &mut counters).decision.is_allow());
        let request = Request::Tool {
            name: Some("t"),
            arguments,
        };
        let call = Call {
            request,
            time: Some(Time::new(second, 0)),
            ..call
        };
        match engine.peek(&call, &counters) {
            Decision::Allow => Some(Decision::Allow),
            Decision::Undetermined(reason) => Some(Decision::Undetermined(reason)),
            Decision::Deny(_) => None,
        }
    }

    #[test]
    fn an_amount_is_doubted_by_what_is_unknown_of_it() {
        let sum = r#","increment_from":"args.n""#;
        let value = |n| Value::from(serde_json::json!({ "n": n }));
        let [negative, fits, large] = [-1, 4, 6].map(value);
        let known = |value| Arguments::Known(value);
        let unknown = |reason| Some(Decision::Undetermined(reason));
        assert_eq!(decided(sum, known(&fits), 200_000), Some(Decision::Allow));
        assert_eq!(decided(sum, known(&negative), 200_000), None);
        let arguments = unknown(Reason::UnknownArguments);
        assert_eq!(decided(sum, Arguments::Unknown, 200_000), arguments);
        let count = decided("", Arguments::Unknown, 200_000);
        assert_eq!(count, Some(Decision::Allow));
        // The window is closed, and what is larger than the limit fits in none.
        assert_eq!(decided(sum, known(&fits), 0), unknown(Reason::Late));
        assert_eq!(decided(sum, known(&large), 0), None);
    }

    #[test]
    fn a_denial_says_only_what_every_possible_one_says() {
        // An unknown amount may be too large, in the words of the second limit, or
        // none that can be counted.
        let engine = engine(
            r#"{"version":"1","default":"deny","tools":{"t":{"limits":[
            {"counter":"c","window":"minute","max":5,"scope":"grant","increment_from":"args.n"},
            {"counter":"d","window":"minute","max":1,"scope":"grant",
                "on_deny":"Limit of 5 per minute reached for c"}]}}}"#,
        );
        let mut counters = Counters::default();
        let first = Value::from(serde_json::json!({"n": 1}));
        let call = Call::new("g", "t", &first, Time::new(0, 0));
        assert!(engine.decide(&call, &mut counters).decision.is_allow());
        let request = Request::Tool {
            name: Some("t"),
            arguments: Arguments::Unknown,
        };
        let decision = engine.peek(&Call { request, ..call }, &counters);
        let denial = decision.denial().unwrap();
        assert_eq!(denial.kind, Some(crate::decision::Kind::Limit));
        assert_eq!((denial.rule, &denial.message), (None, &None));
    }

    #[test]
    fn a_rule_without_conditions_decides_whatever_the_arguments_are() {
        let decided = |list: &str| {
            let engine = engine(&format!(
                r#"{{"version":"1","default":"deny","tools":{{"t":{{"{list}":[
                {{"conditions":[]}}]}}}}}}"#
            ));
            let request = Request::Tool {
                name: Some("t"),
                arguments: Arguments::Unknown,
            };
            let verdict = engine.evaluate_rules(request);
            let outcome = verdict.apply_limits(None, None, &mut Counters::default());
            outcome.decision.name()
        };
        assert_eq!(decided("require"), "allow");
        assert_eq!(decided("deny_if"), "deny");
    }

    #[test]
    fn nothing_is_reserved_at_once_of_what_does_not_certainly_pass() {
        let engine = engine(
            r#"{"version":"1","default":"deny","tools":{"t":{
            "require":[{"conditions":[{"path":"args.n","op":"gt","value":0}]}],
            "limits":[{"counter":"c","window":"minute","max":5,"scope":"grant"}]}}}"#,
        );
        let now = Time::new(0, 0);
        let request = |arguments| Request::Tool {
            name: Some("t"),
            arguments,
        };
        let mut counters = Counters::default();
        let unknown = engine.evaluate_rules(request(Arguments::Unknown));
        assert_eq!(unknown.reserve_run("g", now, 5, &mut counters), 0);
        let arguments = Value::from(serde_json::json!({"n": 1}));
        let known = engine.evaluate_rules(request(Arguments::Known(&arguments)));
        let newer = Time::new(200_000, 0);
        assert_eq!(known.reserve_run("g", newer, 2, &mut counters), 2);
        // The window of an earlier day is closed.
        assert_eq!(known.reserve_run("g", now, 5, &mut counters), 0);
        assert_eq!(known.reserve_run("g", newer, 5, &mut counters), 3);
    }
}
