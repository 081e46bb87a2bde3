//! What the linter claims of random policies, held against the comparison of
//! policies and against random calls.

use std::collections::BTreeMap;

use mcppolicy_analysis::compare::{self, Verdict};
use mcppolicy_analysis::finding::Finding;
use mcppolicy_analysis::lint::{self, Input, Settings};
use mcppolicy_analysis::region::Budget;
use mcppolicy_engine::engine::{Call, Counters, Engine};
use mcppolicy_engine::policy::Policy;
use mcppolicy_engine::source::SourceMap;
use mcppolicy_engine::time::Time;
use mcppolicy_engine::value::Value;
use serde_json::{Value as Json, json};

use crate::random::Random;

const PATHS: [&str; 4] = ["args.a", "args.b", "args.a.x", "args.amount"];

fn scalar(random: &mut Random) -> Json {
    random
        .pick(&[
            json!(0),
            json!(1),
            json!(2),
            json!("1"),
            json!("ab"),
            json!("b"),
            json!(true),
            json!(null),
            json!({"x": 1}),
            json!([1]),
        ])
        .clone()
}

fn condition(random: &mut Random) -> Json {
    let path = random.text(&PATHS);
    let number = random.below(4);
    let (op, value) = match random.below(9) {
        0 => ("exists", json!(random.chance(60))),
        1 => ("eq", scalar(random)),
        2 => ("neq", scalar(random)),
        3 => ("in", json!([scalar(random), scalar(random)])),
        4 => ("not_in", json!([scalar(random), scalar(random)])),
        5 => (random.text(&["lt", "lte"]), json!(number)),
        6 => (random.text(&["gt", "gte"]), json!(number)),
        7 => (
            "regex",
            json!(random.text(&["^a", "b$", "^[ab]+$", "^[0-9]+$", "^$", "^(ab|b)$"])),
        ),
        _ => (
            "contains",
            random.pick(&[json!("a"), json!(1), json!("b")]).clone(),
        ),
    };
    json!({"path": path, "op": op, "value": value})
}

fn rules(random: &mut Random, most: usize, fewest: usize) -> Json {
    let rule = |random: &mut Random| {
        let count = fewest + random.below(3);
        let conditions: Vec<Json> = (0..count).map(|_| condition(random)).collect();
        json!({"conditions": conditions})
    };
    let count = random.below(most + 1);
    Json::Array((0..count).map(|_| rule(random)).collect())
}

fn limits(random: &mut Random) -> Json {
    let count = random.below(3);
    let limit = |at: usize, random: &mut Random| {
        let max = random.pick(&[1, 2, 5, 60, 300]);
        let window = random.text(&["minute", "hour", "day"]);
        let mut limit =
            json!({"counter": format!("c{at}"), "window": window, "max": max, "scope": "grant"});
        if random.chance(40) {
            limit["increment_from"] = json!("args.amount");
        }
        limit
    };
    Json::Array((0..count).map(|at| limit(at, random)).collect())
}

fn random_policy(random: &mut Random) -> Json {
    let fewest = usize::from(!random.chance(5));
    json!({"version": "1", "default": "deny", "tools": {
        "other": {},
        "t": {
            "require": rules(random, 2, fewest),
            "deny_if": rules(random, 3, 1),
            "limits": limits(random),
        },
    }})
}

fn load(json: &Json) -> Policy {
    let mut map = SourceMap::new();
    Policy::load(&mut map, "policy.json", json.to_string().as_bytes())
        .unwrap_or_else(|error| panic!("{json}: {error}"))
}

/// The policy without the value at `pointer`, an element of an array.
fn without(json: &Json, pointer: &str) -> Json {
    let mut json = json.clone();
    let (list, at) = pointer.rsplit_once('/').unwrap();
    let list = json.pointer_mut(list).unwrap().as_array_mut().unwrap();
    list.remove(at.parse().unwrap());
    json
}

fn changes_nothing(json: &Json, finding: &Finding) {
    let (old, new) = (load(json), load(&without(json, &finding.pointer)));
    let comparison = compare::policies(&old, &new, &Budget::default());
    assert_eq!(
        comparison.verdict,
        Verdict::Equivalent,
        "{json}: {finding:?}"
    );
}

fn random_arguments(random: &mut Random) -> Value {
    let mut arguments = json!({});
    for name in ["a", "b", "amount"] {
        if random.chance(80) {
            arguments[name] = match random.below(4) {
                0 => json!(random.between(-1, 4)),
                1 => json!({"x": scalar(random)}),
                _ => scalar(random),
            };
        }
    }
    value(&arguments)
}

fn value(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(bool) => Value::Bool(*bool),
        Json::Number(number) => Value::Number(number.as_f64().unwrap()),
        Json::String(text) => Value::from(text.as_str()),
        Json::Array(items) => Value::Array(items.iter().map(value).collect()),
        Json::Object(members) => Value::Object(
            members
                .iter()
                .map(|(name, member)| (name.clone(), value(member)))
                .collect(),
        ),
    }
}

fn passes(engine: &Engine, arguments: &Value) -> bool {
    let call = Call::new("g", "t", arguments, Time::new(0, 0));
    engine.peek(&call, &Counters::default()).is_allow()
}

fn refuses_everything(json: &Json, engine: &Engine, random: &mut Random) {
    for _ in 0..200 {
        let arguments = random_arguments(random);
        assert!(!passes(engine, &arguments), "{json}: {arguments}");
    }
}

fn check(json: &Json, random: &mut Random, seen: &mut BTreeMap<&'static str, usize>) {
    let policy = load(json);
    let engine = Engine::new(&policy);
    for finding in lint::lint(&Input::new(&policy, &engine, &Settings::new())) {
        let is_require = finding.pointer.contains("/require/");
        match finding.rule.name() {
            "redundant-condition"
            | "unreachable-rule"
            | "vacuous-require"
            | "limit-never-binds" => {
                changes_nothing(json, &finding);
            }
            "never-allowed-tool" => refuses_everything(json, &engine, random),
            "contradictory-conditions" if is_require => {
                refuses_everything(json, &engine, random);
            }
            "contradictory-conditions" => {
                let (rule, _) = finding.pointer.split_once("/conditions/").unwrap();
                let finding = Finding {
                    pointer: rule.to_owned(),
                    ..finding.clone()
                };
                changes_nothing(json, &finding);
            }
            "fail-open-deny" => {
                assert!(!finding.witness.is_empty(), "{json}");
                for call in &finding.witness {
                    assert!(passes(&engine, &call.arguments), "{json}: {call:?}");
                }
            }
            _ => {}
        }
        *seen.entry(finding.rule.name()).or_default() += 1;
    }
}

#[test]
fn what_is_claimed_of_random_policies_holds() {
    let mut random = Random::new(7);
    let mut seen = BTreeMap::new();
    for _ in 0..3_000 {
        let json = random_policy(&mut random);
        check(&json, &mut random, &mut seen);
    }
    println!("{seen:?}");
    for rule in [
        "redundant-condition",
        "unreachable-rule",
        "vacuous-require",
        "never-allowed-tool",
        "contradictory-conditions",
        "fail-open-deny",
        "limit-never-binds",
    ] {
        assert!(
            seen.get(rule).is_some_and(|count| *count >= 20),
            "{rule}: {seen:?}"
        );
    }
}
