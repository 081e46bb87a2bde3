//! Random pairs over unbounded domains: long patterns, Unicode, many paths.
//! There is no domain to exhaust; witnesses are decided by the engine, and what
//! is called equivalent is attacked with calls near the policies' constants.

use std::collections::BTreeMap;

use super::{Random, compare, with_tool};
use mcppolicy_analysis::compare::Verdict;
use mcppolicy_engine::engine::{Call, Counters, Engine};
use mcppolicy_engine::policy::Policy;
use mcppolicy_engine::time::Time;
use mcppolicy_engine::value::Value;
use serde_json::{Map, Value as Json, json};

const PATHS: [&str; 9] = [
    "path",
    "branch",
    "amount",
    "to",
    "options.mode",
    "options.depth",
    "tags",
    "note",
    "options.filter.name",
];

const PATTERNS: [&str; 26] = [
    "^/srv/data/[a-z0-9_/.-]+$",
    "^/srv/[^.]*$",
    r"\.\.",
    "^(feat|fix|chore)/[a-z0-9-]{1,40}$",
    "^feat/",
    "^[^/\\n]+$",
    "^[^/]+$",
    r"(?i)^select\b",
    r"(?i)\bdrop\b",
    r"^[\w.+-]+@example\.com$",
    r"@example\.com$",
    r"[;&|`$<>\n]",
    "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
    "^[0-9]+$",
    "^é+ü*$",
    "日本",
    r"^[^\x00-\x7f]+$",
    r"^(?:25[0-5]|2[0-4][0-9]|1?[0-9]{1,2})(?:\.[0-9]{1,3}){3}$",
    "^https://",
    r"^https://([a-z]+\.)*example\.org(/|$)",
    r"^.{1,120}$",
    r"(?s)^.{0,64}$",
    r"^[A-Za-z0-9+/]{8,}={0,2}$",
    r"(?m)^#",
    r"^-{0,2}[a-z]+(=[^ ]*)?$",
    r"^(?:a|ab|abc)*$",
];

const WORDS: [&str; 14] = [
    "main",
    "feat/x",
    "/srv/data/a",
    "../etc",
    "true",
    "5",
    "0.1",
    "é",
    "日本",
    "",
    "a@example.com",
    "https://example.org/",
    "2026-01-01",
    "-1",
];

const NUMBERS: [f64; 9] = [
    0.0,
    5.0,
    100.0,
    0.1,
    -1.0,
    2.5,
    50000.0,
    9007199254740992.0,
    1e-7,
];

fn operand(random: &mut Random) -> Json {
    match random.below(9) {
        0 => json!(null),
        1 => json!(random.chance(2)),
        2..4 => json!(random.pick(&NUMBERS)),
        4..7 => json!(*random.pick(&WORDS)),
        7 => json!([*random.pick(&WORDS), *random.pick(&NUMBERS)]),
        _ => json!({"mode": *random.pick(&WORDS), "depth": *random.pick(&NUMBERS)}),
    }
}

fn condition(random: &mut Random) -> Json {
    let path = format!("args.{}", random.pick(&PATHS));
    let list = |random: &mut Random| -> Json {
        (0..1 + random.below(4)).map(|_| operand(random)).collect()
    };
    let (op, value) = match random.below(14) {
        0 => ("exists", json!(random.chance(2))),
        1 => ("eq", operand(random)),
        2 => ("neq", operand(random)),
        3 => ("in", list(random)),
        4 => ("not_in", list(random)),
        5..8 => (
            *random.pick(&["lt", "lte", "gt", "gte"]),
            json!(random.pick(&NUMBERS)),
        ),
        8..12 => ("regex", json!(random.pick(&PATTERNS))),
        _ => ("contains", operand(random)),
    };
    json!({"path": path, "op": op, "value": value})
}

fn rule(random: &mut Random) -> Json {
    let conditions: Vec<Json> = (0..1 + random.below(3))
        .map(|_| condition(random))
        .collect();
    json!({ "conditions": conditions })
}

fn rules(random: &mut Random) -> Json {
    let mut list =
        |most: usize| -> Json { (0..random.below(most)).map(|_| rule(random)).collect() };
    json!({"require": list(2), "deny_if": list(5)})
}

/// A small change of the kind that is reviewed every day; some change nothing.
fn edited(random: &mut Random, rules: &Json) -> Json {
    let mut rules = rules.clone();
    let key = *random.pick(&["require", "deny_if"]);
    let other = condition(random);
    let mut added = rule(random);
    let Some(list) = rules[key].as_array_mut() else {
        return rules;
    };
    match random.below(6) {
        0 => list.push(added),
        1 if !list.is_empty() => {
            list.remove(random.below(list.len()));
        }
        // A refusal that an earlier one contains.
        2 if key == "deny_if" && !list.is_empty() => {
            added = list[random.below(list.len())].clone();
            added["conditions"].as_array_mut().unwrap().push(other);
            list.push(added);
        }
        3 => list.reverse(),
        4 if !list.is_empty() => {
            let at = random.below(list.len());
            let conditions = list[at]["conditions"].as_array_mut().unwrap();
            conditions.reverse();
            let repeated = conditions[0].clone();
            conditions.push(repeated);
        }
        _ if !list.is_empty() => {
            let at = random.below(list.len());
            list[at]["conditions"].as_array_mut().unwrap().push(other);
        }
        _ => list.push(added),
    }
    rules
}

/// A value near a constant: the constant, a twin of another type, a neighbour,
/// a string with something before, behind or missing.
fn near(random: &mut Random) -> Json {
    let text = |random: &mut Random| -> String {
        let mut text = String::from(*random.pick::<&str>(&WORDS));
        match random.below(6) {
            0 => text.insert_str(
                0,
                random.pick::<&str>(&["x", "\n", "feat/", "日", "/srv/data/"]),
            ),
            1 => text.push_str(random.pick::<&str>(&["x", "\n", "/..", "é", "0", ";"])),
            2 => {
                text.pop();
            }
            3 => text.push_str(random.pick::<&str>(&WORDS)),
            _ => {}
        }
        text
    };
    match random.below(10) {
        0 => json!(null),
        1 => json!(random.chance(2)),
        2 => json!(random.pick(&NUMBERS)),
        3 => {
            let number = *random.pick(&NUMBERS);
            json!(if random.chance(2) {
                number.next_up()
            } else {
                number.next_down()
            })
        }
        4 => json!(random.pick(&NUMBERS).to_string()),
        5 => (0..random.below(3)).map(|_| operand(random)).collect(),
        6 => operand(random),
        _ => json!(text(random)),
    }
}

fn call(random: &mut Random) -> Json {
    let mut arguments = Map::new();
    for name in ["path", "branch", "amount", "to", "tags", "note", "options"] {
        if random.chance(3) {
            continue;
        }
        let value = if name == "options" && !random.chance(4) {
            let mut options = Map::new();
            for member in ["mode", "depth"] {
                if !random.chance(3) {
                    options.insert(member.to_owned(), near(random));
                }
            }
            if random.chance(2) {
                options.insert("filter".to_owned(), json!({"name": near(random)}));
            }
            Json::Object(options)
        } else {
            near(random)
        };
        arguments.insert(name.to_owned(), value);
    }
    Json::Object(arguments)
}

fn attack(random: &mut Random, old: &Policy, new: &Policy, calls: &[Value]) {
    let (old, new) = (Engine::new(old), Engine::new(new));
    let counters = Counters::default();
    for _ in 0..1_000 {
        let arguments = random.pick(calls);
        let call = Call::new("g", "t", arguments, Time::new(0, 0));
        let (before, after) = (old.peek(&call, &counters), new.peek(&call, &counters));
        assert_eq!(before.is_allow(), after.is_allow(), "{arguments}");
    }
}

fn pairs(seed: u64, count: usize) {
    let mut random = Random::new(seed);
    let calls: Vec<Value> = (0..20_000)
        .map(|_| Value::from(call(&mut random)))
        .collect();
    let mut seen: BTreeMap<Verdict, usize> = BTreeMap::new();
    let mut attacked = 0;
    for _ in 0..count {
        let before = rules(&mut random);
        let after = match random.below(4) {
            0 => rules(&mut random),
            _ => edited(&mut random, &before),
        };
        let (old, new) = (with_tool(&before), with_tool(&after));
        let comparison = compare(&old, &new);
        let verdict = if comparison.undetermined {
            Verdict::Undetermined
        } else {
            comparison.verdict
        };
        *seen.entry(verdict).or_insert(0) += 1;
        if verdict == Verdict::Equivalent {
            attack(&mut random, &old, &new, &calls);
            attacked += 1;
        }
    }
    println!("{seen:?}, {attacked} attacked");
    let of = |verdict| seen.get(&verdict).copied().unwrap_or(0);
    assert!(of(Verdict::Undetermined) * 100 <= count, "{seen:?}");
    for verdict in [
        Verdict::Equivalent,
        Verdict::Loosened,
        Verdict::Tightened,
        Verdict::Mixed,
    ] {
        assert!(of(verdict) * 10 >= count, "{seen:?}");
    }
    assert!(attacked * 1_000 >= count * 100);
}

// Two tests, so that two threads share the ten thousand pairs and the more than
// a million calls that attack the equivalent ones among them.
#[test]
fn five_thousand_random_pairs_over_unbounded_domains_are_told_apart() {
    pairs(3, 5_000);
}

#[test]
fn five_thousand_more_pairs_over_unbounded_domains_are_told_apart() {
    pairs(4, 5_000);
}
