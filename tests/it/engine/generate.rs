//! Random policies and the calls that meet them. Every policy is valid; values
//! and operands come from the same small pools, so that they often meet.

mod pattern;
mod value;

use serde_json::{Map, Value, json};

use crate::naive::OPERATORS;
use crate::random::Random;
use value::{amount, any, number, of_type, value_for};

pub use pattern::{haystack, pattern};

/// A policy and calls in the order of their recording.
#[derive(Debug, Clone)]
pub struct Case {
    /// `None` when no policy is attached.
    pub policy: Option<Value>,
    pub sequences: Vec<Sequence>,
}

/// Calls that share one set of counters.
#[derive(Debug, Clone)]
pub struct Sequence {
    pub order: Order,
    pub calls: Vec<GeneratedCall>,
}

/// What is promised about the calls' times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// None is before an earlier one, as in a gateway.
    Ascending,
    /// All within one day.
    WithinADay,
    /// Nothing.
    Any,
}

/// One call.
#[derive(Debug, Clone)]
pub struct GeneratedCall {
    pub grant: &'static str,
    /// Nanoseconds since the epoch.
    pub at: i128,
    pub params: Value,
    /// When its JSON-RPC error arrived.
    pub failed: Option<i128>,
}

const TOOLS: [&str; 8] = [
    "read",
    "write",
    "a/b",
    "m~n",
    "say \"hi\"",
    "d\u{e9}j\u{e0}",
    "*",
    "~1/",
];
const PATHS: [&str; 9] = [
    "args.a",
    "args.b",
    "args.amount",
    "args.a.b",
    "args.o.x",
    "args.o.y.z",
    "args.x/y",
    "args.~",
    "args.\u{e9}",
];
const COUNTERS: [&str; 4] = ["calls", "spend", "x/y", "m~"];
const GRANTS: [&str; 3] = ["alice", "bob", ""];
const TEXTS: [&str; 4] = ["No.", "say \"no\"", "~/", "not today\n"];

pub fn case(random: &mut Random) -> Case {
    let policy = (!random.chance(4)).then(|| policy(random));
    let count = if policy.is_some() { 2 } else { 1 };
    let sequences = (0..count)
        .map(|_| sequence(random, policy.as_ref()))
        .collect();
    Case { policy, sequences }
}

/// A valid policy.
pub fn policy(random: &mut Random) -> Value {
    let mut policy = Map::new();
    policy.insert("version".into(), json!("1"));
    let default = random.text(&["allow", "deny"]);
    policy.insert("default".into(), json!(default));
    if random.chance(25) {
        let mut hide: Vec<&str> = Vec::new();
        for _ in 0..random.below(3) {
            let name = random.text(&TOOLS[..6]);
            if !hide.contains(&name) {
                hide.push(name);
            }
        }
        if random.chance(12) {
            hide.insert(random.below(hide.len() + 1), "*");
        }
        policy.insert("hide".into(), json!(hide));
    }
    if random.chance(35) {
        let limits = limits(random, false);
        policy.insert("all_tools".into(), json!({ "limits": limits }));
    }
    let mut tools = Map::new();
    for _ in 0..random.weighted(&[4, 30, 40, 26]) {
        tools.insert(random.text(&TOOLS).into(), tool(random));
    }
    if !tools.is_empty() || random.chance(50) {
        policy.insert("tools".into(), Value::Object(tools));
    }
    Value::Object(policy)
}

fn tool(random: &mut Random) -> Value {
    let mut rules = Map::new();
    for (kind, weights) in [("require", [60, 33, 7]), ("deny_if", [40, 45, 15])] {
        let count = random.weighted(&weights);
        if count > 0 || random.chance(10) {
            let list: Vec<Value> = (0..count).map(|_| rule(random, kind)).collect();
            rules.insert(kind.into(), list.into());
        }
    }
    if random.chance(60) {
        rules.insert("limits".into(), limits(random, true).into());
    }
    Value::Object(rules)
}

fn rule(random: &mut Random, kind: &str) -> Value {
    // An empty `deny_if` blocks the tool: seldom, or nothing else is seen.
    let weights = if kind == "deny_if" {
        [4, 56, 28, 12]
    } else {
        [8, 68, 19, 5]
    };
    let conditions: Vec<Value> = (0..random.weighted(&weights))
        .map(|_| condition(random))
        .collect();
    let mut rule = json!({ "conditions": conditions });
    if random.chance(20) {
        rule["on_deny"] = json!(random.text(&TEXTS));
    }
    rule
}

fn condition(random: &mut Random) -> Value {
    let op = random.text(&OPERATORS);
    let operand = match op {
        "exists" => json!(random.chance(50)),
        "in" | "not_in" => (0..random.below(4)).map(|_| any(random, true)).collect(),
        "lt" | "lte" | "gt" | "gte" => number(random, true),
        "regex" => json!(pattern(random)),
        _ => any(random, true),
    };
    json!({ "path": random.text(&PATHS), "op": op, "value": operand })
}

fn limits(random: &mut Random, of_a_tool: bool) -> Vec<Value> {
    let first = random.below(COUNTERS.len());
    let count = random.weighted(&[3, 67, 30]);
    let names = COUNTERS.iter().cycle().skip(first).take(count);
    names
        .map(|counter| {
            let max = match random.below(20) {
                0 => (1 << 53) - 1,
                1 => 10,
                _ => random.between(1, 4),
            };
            let mut limit = json!({
                "counter": counter,
                "window": random.text(&["minute", "hour", "day"]),
                "max": max,
                "scope": "grant",
            });
            if of_a_tool && random.chance(40) {
                limit["increment_from"] = json!(random.text(&PATHS[2..5]));
            }
            if random.chance(20) {
                limit["on_deny"] = json!(random.text(&TEXTS));
            }
            limit
        })
        .collect()
}

fn sequence(random: &mut Random, policy: Option<&Value>) -> Sequence {
    let order = *random.pick(&[Order::Ascending, Order::WithinADay, Order::Any]);
    let listed: Vec<String> = policy
        .and_then(|policy| policy.get("tools"))
        .and_then(Value::as_object)
        .map(|tools| tools.keys().cloned().collect())
        .unwrap_or_default();
    let favourite = if listed.is_empty() || random.chance(15) {
        random.text(&TOOLS).to_owned()
    } else {
        random.pick(&listed).clone()
    };
    let start = start(random);
    let mut at = start;
    let storm = policy.is_some() && random.chance(2);
    let count = match policy {
        None => 3,
        Some(_) if storm => 40 + random.below(40),
        Some(_) => 3 + random.below(9),
    };
    let calls = (0..count)
        .map(|_| {
            let step = if storm {
                short_step(random)
            } else {
                step(random)
            };
            at = match order {
                Order::Ascending => at + step.abs(),
                Order::WithinADay if (at + step - start).abs() > 11 * HOUR => at,
                Order::WithinADay | Order::Any => at + step,
            };
            let tool = if random.chance(75) {
                favourite.clone()
            } else if !listed.is_empty() && random.chance(60) {
                random.pick(&listed).clone()
            } else {
                random.text(&TOOLS).to_owned()
            };
            GeneratedCall {
                grant: GRANTS[random.weighted(&[70, 25, 5])],
                at,
                params: params(random, policy, &tool),
                failed: if storm {
                    random.chance(85).then(|| at + short_step(random).abs())
                } else {
                    random.chance(20).then(|| at + response_delay(random))
                },
            }
        })
        .collect();
    Sequence { order, calls }
}

const SECOND: i128 = 1_000_000_000;
const HOUR: i128 = 3_600 * SECOND;

/// A moment around which something of the calendar turns.
fn start(random: &mut Random) -> i128 {
    let turn = *random.pick(&[
        0,
        60,
        3_600,
        86_400,
        1_795_219_200, // 2026-11-21T00:00:00Z
        1_795_179_600, // 2026-11-20T13:00:00Z
        1_709_164_800, // 2024-02-29T00:00:00Z
        -86_400,
        -1,
        -2_208_988_800, // 1900-01-01T00:00:00Z
        4_102_444_800,  // 2100-01-01T00:00:00Z
    ]);
    turn * SECOND + i128::from(random.between(-70, 70)) * SECOND / 2
}

fn step(random: &mut Random) -> i128 {
    match random.below(20) {
        0..=4 => 0,
        5..=9 => i128::from(random.between(1, 20)) * SECOND,
        10 => 1,
        11 => -1,
        12 => SECOND / 2,
        13 => -i128::from(random.between(1, 90)) * SECOND,
        14 => 60 * SECOND,
        15 => i128::from(random.between(-70, 70)) * 60 * SECOND,
        16 => HOUR,
        17 => 12 * HOUR,
        18 => -24 * HOUR,
        _ => i128::from(random.between(0, 30)) * SECOND,
    }
}

/// Between the calls of a storm, nearly all of which end in errors: so many
/// releases in one window that the engine tidies them up.
fn short_step(random: &mut Random) -> i128 {
    let seconds = match random.below(12) {
        0 => random.between(-25, -1),
        1 => 0,
        _ => random.between(1, 4),
    };
    i128::from(seconds) * SECOND
}

/// How long after its call, or before, a response arrives.
fn response_delay(random: &mut Random) -> i128 {
    match random.below(6) {
        0 => 0,
        1 => -5 * SECOND,
        2 => i128::from(random.between(1, 40)) * SECOND,
        3 => 60 * SECOND,
        4 => HOUR,
        _ => step(random),
    }
}

fn params(random: &mut Random, policy: Option<&Value>, tool: &str) -> Value {
    match random.below(100) {
        0 | 1 => return json!([{"method": "tools/call", "params": {"name": tool}}]),
        2 => {
            let nameless = [
                json!({}),
                json!({"arguments": {}}),
                json!({"name": ""}),
                json!({"name": null, "arguments": []}),
                json!({"name": 7, "arguments": {"a": 1}}),
            ];
            return random.pick(&nameless).clone();
        }
        3 => {
            let kind = 1 + random.below(4);
            return json!({"name": tool, "arguments": of_type(random, kind, false)});
        }
        4 => return json!({"name": tool}),
        5 => return json!({"name": tool, "arguments": null}),
        _ => {}
    }
    let mut arguments = json!({});
    let rules = policy.and_then(|policy| policy.get("tools")?.get(tool));
    for kind in ["require", "deny_if"] {
        for rule in list(rules, kind) {
            for condition in list(Some(rule), "conditions") {
                let value = value_for(random, condition);
                put(&mut arguments, &condition["path"], value);
            }
        }
    }
    for limit in list(rules, "limits") {
        if let Some(path) = limit.get("increment_from") {
            let value = amount(random);
            put(&mut arguments, path, value);
        }
    }
    if random.chance(20) {
        let value = any(random, false);
        put(&mut arguments, &json!(random.text(&PATHS)), Some(value));
    }
    json!({"name": tool, "arguments": arguments})
}

fn list<'v>(of: Option<&'v Value>, name: &str) -> &'v [Value] {
    of.and_then(|of| of.get(name)?.as_array())
        .map(Vec::as_slice)
        .unwrap_or_default()
}

/// Puts the value where the path leads, over whatever is in the way.
fn put(arguments: &mut Value, path: &Value, value: Option<Value>) {
    let path = path.as_str().unwrap().strip_prefix("args.").unwrap();
    let mut segments: Vec<&str> = path.split('.').collect();
    let last = segments.pop().unwrap();
    let mut at = arguments;
    for segment in segments {
        if !at[segment].is_object() {
            if value.is_none() {
                return;
            }
            at[segment] = json!({});
        }
        at = &mut at[segment];
    }
    let members = at.as_object_mut().unwrap();
    match value {
        Some(value) => {
            members.insert(last.to_owned(), value);
        }
        None => {
            members.remove(last);
        }
    }
}
