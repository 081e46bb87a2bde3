//! Access and visibility: every combination of default, `hide` and a tool that
//! is absent, free, or blocked, on both sides.

use super::{compare, policy};
use mcppolicy_analysis::compare::{Aspect, Scope, Verdict};
use mcppolicy_engine::engine::{Call, Counters, Engine};
use mcppolicy_engine::policy::Policy;
use mcppolicy_engine::time::Time;
use mcppolicy_engine::value::Value;
use serde_json::{Value as Json, json};

fn every_policy() -> Vec<Policy> {
    let mut policies = Vec::new();
    for default in ["allow", "deny"] {
        for hide in [json!([]), json!(["t"]), json!(["*"]), json!(["t", "*"])] {
            let blocked = json!({"t": {"deny_if": [{"conditions": []}]}});
            for tools in [json!({}), json!({"t": {}}), blocked] {
                let all: Json =
                    json!({"version": "1", "default": default, "hide": hide, "tools": tools});
                policies.push(policy(&all));
            }
        }
    }
    policies
}

fn passes(policy: &Policy, tool: &str) -> bool {
    let engine = Engine::new(policy);
    let arguments = Value::empty_object();
    let call = Call::new("g", tool, &arguments, Time::new(0, 0));
    engine.peek(&call, &Counters::default()).is_allow()
}

fn verdict(old: bool, new: bool) -> Verdict {
    match (old, new) {
        (false, true) => Verdict::Loosened,
        (true, false) => Verdict::Tightened,
        _ => Verdict::Equivalent,
    }
}

#[test]
fn access_and_visibility_are_what_the_engine_does_for_every_pair() {
    let policies = every_policy();
    for old in &policies {
        for new in &policies {
            let comparison = compare(old, new);
            let found = |scope: &Scope, aspect: Aspect| {
                let mut changes = comparison.changes.iter();
                let change =
                    changes.find(|change| change.scope == *scope && change.aspect == aspect);
                change.map_or(Verdict::Equivalent, |change| change.verdict)
            };
            let named = Scope::Tool("t".to_owned());
            for (scope, tool) in [(&named, "t"), (&Scope::Unlisted, "elsewhere")] {
                let names_it = |policy: &Policy| {
                    policy.tool("t").is_some() || policy.hide.iter().any(|entry| entry.value == "t")
                };
                if tool == "t" && !names_it(old) && !names_it(new) {
                    continue;
                }
                let access = verdict(passes(old, tool), passes(new, tool));
                assert_eq!(
                    found(scope, Aspect::Access),
                    access,
                    "{tool} {comparison:#?}"
                );
                let shows = |policy: &Policy| !Engine::new(policy).hides(tool);
                let visibility = verdict(shows(old), shows(new));
                assert_eq!(found(scope, Aspect::Visibility), visibility, "{tool}");
            }
        }
    }
}
