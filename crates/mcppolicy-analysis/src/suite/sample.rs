//! Random policies and suites for tests: small enough that a finite domain has a
//! call of every kind that they can tell apart.

use super::Suite;
use crate::inventory::Inventory;
use mcppolicy_engine::engine::{Call, Counters, Engine, Lookup, ValueRef};
use mcppolicy_engine::policy::{Path, Policy, Test};
use mcppolicy_engine::source::SourceMap;
use mcppolicy_engine::time::{Time, TimeDelta};
use mcppolicy_engine::value::Value;
use mcppolicy_trace::trace::{
    DecisionName, Expectation, Expected, Grant, RecordedArguments, RecordedCall, RecordedRequest,
    Response,
};
use serde_json::{Value as Json, json};

/// Choices that are the same in every run: splitmix64.
pub(crate) struct Random(pub u64);

impl Random {
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, end: usize) -> usize {
        (self.number() % end as u64) as usize
    }

    pub fn chance(&mut self, percent: u64) -> bool {
        self.number() % 100 < percent
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

/// How many random policies a test looks at: what `MCPPOLICY_ROUNDS` says where the
/// tests are built, else the usual number.
pub(crate) fn rounds(usual: usize) -> usize {
    option_env!("MCPPOLICY_ROUNDS").map_or(usual, |asked| asked.parse().unwrap())
}

fn condition(random: &mut Random) -> Json {
    let on_a = random.chance(60);
    let tests: Vec<(&str, Json)> = if on_a {
        vec![
            ("exists", json!(true)),
            ("exists", json!(false)),
            ("eq", json!("x")),
            ("neq", json!("y")),
            ("in", json!(["x", "y"])),
            ("not_in", json!(["x", 1])),
            ("regex", json!("^x")),
            ("regex", json!("^[xy]$")),
            ("regex", json!("x|y$")),
            ("regex", json!("^x{1,2}$")),
            ("contains", json!("x")),
        ]
    } else {
        vec![
            ("exists", json!(true)),
            ("lt", json!(2)),
            ("lte", json!(2)),
            ("gt", json!(1)),
            ("gte", json!(0.5)),
            ("in", json!([1, 2])),
            ("eq", json!(1)),
        ]
    };
    let (op, value) = random.pick(&tests).clone();
    json!({"path": if on_a { "args.a" } else { "args.b" }, "op": op, "value": value})
}

fn rules(random: &mut Random, most: usize) -> Json {
    let rules = (0..random.below(most + 1)).map(|_| {
        let few = if random.chance(8) {
            0
        } else {
            1 + random.below(3)
        };
        let conditions: Vec<Json> = (0..few).map(|_| condition(random)).collect();
        json!({ "conditions": conditions })
    });
    rules.collect()
}

fn limits(random: &mut Random, amounts: bool) -> Json {
    let count = random.below(3);
    let limits = (0..count).map(|at| {
        let window = *random.pick(&["minute", "hour", "day"]);
        let max = 1 + random.below(4);
        let mut limit = json!({"counter": format!("c{at}"), "window": window, "max": max,
            "scope": "grant"});
        if amounts && random.chance(40) {
            limit["increment_from"] = json!("args.b");
        }
        limit
    });
    limits.collect()
}

/// A policy of the tools `t` and `u`; with limits where they are asked for.
pub(crate) fn policy(random: &mut Random, with_limits: bool) -> Policy {
    let mut tools = serde_json::Map::new();
    for name in ["t", "u"] {
        if !random.chance(90) {
            continue;
        }
        let mut tool = json!({"require": rules(random, 2), "deny_if": rules(random, 2)});
        if with_limits {
            tool["limits"] = limits(random, true);
        }
        tools.insert(name.to_owned(), tool);
    }
    let hide = match random.below(12) {
        0 => json!(["t"]),
        1 => json!(["v", "u"]),
        2 => json!(["*"]),
        _ => json!([]),
    };
    let mut text = json!({
        "version": "1",
        "default": if random.chance(60) { "deny" } else { "allow" },
        "hide": hide,
        "tools": tools,
    });
    if with_limits && random.chance(30) {
        text["all_tools"] = json!({"limits": limits(random, false)});
    }
    load(&text)
}

/// What the server of `t` and `u` says of its arguments: `b` is a number, and `c` is
/// there as well.
pub(crate) fn inventory() -> Inventory {
    let schema = json!({"type": "object", "properties": {
        "a": {"type": ["string", "boolean"]}, "b": {"type": "number"}, "c": {"type": "string"}}});
    let tools = ["t", "u"].map(|name| json!({"name": name, "inputSchema": schema}));
    read_inventory(&json!({ "tools": tools }))
}

pub(crate) fn read_inventory(tools: &Json) -> Inventory {
    let mut map = SourceMap::new();
    let text = tools.to_string();
    let (_, inventory, problems) = Inventory::read(&mut map, "tools.json", text.as_bytes());
    assert!(problems.is_empty(), "{problems:?}");
    inventory.unwrap()
}

pub(crate) fn load(text: &Json) -> Policy {
    Policy::from_json(text.to_string().as_bytes()).unwrap()
}

/// A value of each kind for `a` and `b`; `None` leaves the argument out.
fn values_of(path: &str) -> Vec<Option<Json>> {
    let mut values = vec![None, Some(json!(null)), Some(json!(true)), Some(json!({}))];
    for array in [json!([]), json!(["x"]), json!(["y"]), json!([1])] {
        values.push(Some(array));
    }
    for number in [-1.0, -0.5, 0.0, 0.25, 0.4, 0.45, 0.5, 0.55, 0.6, 0.7] {
        values.push(Some(json!(number)));
    }
    for number in [
        0.5_f64.next_down(),
        0.9,
        1.0,
        1.5,
        2.0,
        2.5,
        3.0,
        3.5,
        4.0,
        5.0,
    ] {
        values.push(Some(json!(number)));
    }
    values.extend(["other", "y2", "1", "2", "3"].map(|text| Some(json!(text))));
    if path == "a" {
        let mut words = vec![String::new()];
        for _ in 0..3 {
            let longer: Vec<String> = words
                .iter()
                .flat_map(|word| ["x", "y", "X", "Y", "/", "z"].map(|c| format!("{word}{c}")))
                .collect();
            words.extend(longer);
            words.sort();
            words.dedup();
        }
        words.extend(["xxxx".to_owned(), "xxxxx".to_owned()]);
        values.extend(words.into_iter().map(|word| Some(json!(word))));
    }
    values
}

/// Argument objects of every kind that the policies tell apart.
pub(crate) fn domain(policies: &[&Policy]) -> Vec<Value> {
    domain_by(policies, |_| Vec::new())
}

/// The same, of which `also` tells values apart, too.
pub(crate) fn domain_by(
    policies: &[&Policy],
    also: impl Fn(ValueRef<'_>) -> Vec<bool>,
) -> Vec<Value> {
    let mut tests: Vec<(&Path, &Test)> = Vec::new();
    for policy in policies {
        for rules in &policy.tools {
            for rule in rules.require.iter().chain(&rules.deny_if) {
                let conditions = rule.conditions.iter();
                tests.extend(conditions.map(|c| (&c.path.value, &c.test)));
            }
        }
    }
    let mut known: Vec<String> = Vec::new();
    tests.retain(|(path, test)| {
        let key = format!("{path} {} {}", test.operator(), test.operand());
        let is_new = !known.contains(&key);
        known.push(key);
        is_new
    });
    let each = |name: &str| {
        let mut seen = std::collections::BTreeMap::new();
        for value in values_of(name) {
            let arguments = match &value {
                None => Value::empty_object(),
                Some(value) => Value::from(json!({ name: value })),
            };
            let own = tests.iter().filter(|(path, _)| path.segments() == [name]);
            let mut says: Vec<bool> = own
                .map(|(path, test)| test.holds(arguments.at(path)))
                .collect();
            says.extend(also(
                arguments.at(&Path::parse(&format!("args.{name}")).unwrap()),
            ));
            seen.entry(says).or_insert(value);
        }
        seen.into_values().collect::<Vec<_>>()
    };
    let mut domain = Vec::new();
    for a in each("a") {
        for b in each("b") {
            let mut arguments = serde_json::Map::new();
            arguments.extend(a.clone().map(|a| ("a".to_owned(), a)));
            arguments.extend(b.map(|b| ("b".to_owned(), b)));
            domain.push(Value::from(Json::Object(arguments)));
        }
    }
    domain
}

/// Some arguments.
pub(crate) fn arguments(random: &mut Random) -> Value {
    let mut arguments = serde_json::Map::new();
    for name in ["a", "b"] {
        let values = match name {
            "a" => [
                json!("x"),
                json!("y"),
                json!("xx"),
                json!("other"),
                json!(1),
                json!(null),
            ],
            _ => [
                json!(1),
                json!(2),
                json!(0.5),
                json!(3),
                json!("x"),
                json!(0),
            ],
        };
        if random.chance(85) {
            arguments.insert(name.to_owned(), random.pick(&values).clone());
        }
    }
    Value::from(Json::Object(arguments))
}

/// A call at about that second.
pub(crate) fn call(random: &mut Random, second: i64, is_odd: bool) -> RecordedCall {
    let tool = *random.pick(&["t", "t", "t", "u", "v"]);
    let known = RecordedArguments::Known(arguments(random).into());
    let unknown = is_odd && random.chance(10);
    let request = RecordedRequest::Tool {
        name: Some(tool.to_owned()),
        arguments: if unknown {
            RecordedArguments::Unknown
        } else {
            known
        },
    };
    let mut call = RecordedCall::new(request);
    let backwards = if is_odd && random.chance(10) {
        100_000
    } else {
        0
    };
    call.time = Some(Time::new(1_767_261_600 + second - backwards, 0));
    call.grant = match random.below(if is_odd { 30 } else { 28 }) {
        0..12 => Grant::Named("alice".to_owned()),
        12..20 => Grant::Named("bob".to_owned()),
        20..28 => Grant::Implicit,
        28 => Grant::Unknown,
        _ => {
            call.time = None;
            Grant::Implicit
        }
    };
    if random.chance(10) {
        call.repeat = 1 + random.below(4) as u64;
        call.every = TimeDelta::seconds(1 + random.below(40) as i64);
    } else if random.chance(10) {
        call.response = Some(Response::Error(Box::new(Value::Null)));
        call.response_time = call.time.map(|time| time.plus(TimeDelta::seconds(20)));
    }
    call
}

/// A suite of a few traces, whose calls expect, some of them, what `policy`
/// decides.
pub(crate) fn suite(random: &mut Random, policy: &Policy, is_odd: bool) -> Suite {
    let engine = Engine::new(policy);
    let mut suite = Suite::new(None);
    for trace in 0..1 + random.below(2) {
        suite.traces.push(format!("{trace}.jsonl"));
        let mut second = 0;
        for _ in 0..random.below(9) {
            second += random.below(50) as i64;
            suite.add(trace, call(random, second, is_odd));
        }
    }
    suite.finish();
    expect_today(&mut suite, &engine, |_| random.chance(60));
    suite
}

/// Gives calls the expectation of what an engine decides of them.
pub(crate) fn expect_today(
    suite: &mut Suite,
    engine: &Engine,
    mut is_asserted: impl FnMut(usize) -> bool,
) {
    let expectations: Vec<Option<Expectation>> = {
        let baseline = super::Baseline::new(suite, engine);
        (0..suite.calls.len())
            .map(|at| {
                is_asserted(at).then(|| {
                    let runs = baseline.decisions(at).iter();
                    Expectation::Runs(runs.map(|(d, n)| (expected(d), *n)).collect())
                })
            })
            .collect()
    };
    for (call, expect) in suite.calls.iter_mut().zip(expectations) {
        call.call.expect = expect;
    }
}

fn expected(decision: &mcppolicy_engine::engine::Decision<'_>) -> Expected {
    let mut expected = Expected::decision(match decision.name() {
        "allow" => DecisionName::Allow,
        "deny" => DecisionName::Deny,
        _ => DecisionName::Undetermined,
    });
    expected.rule = decision.rule().map(str::to_owned);
    expected
}

/// What an engine decides of a first call.
pub(crate) fn passes(engine: &Engine, tool: &str, arguments: &Value) -> bool {
    let call = Call::new("g", tool, arguments, Time::new(1_767_261_600, 0));
    engine
        .decide(&call, &mut Counters::default())
        .decision
        .is_allow()
}
