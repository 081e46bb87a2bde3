//! Brute force: random pairs whose conditions come from a small pool, for which
//! a finite domain has a call of every kind that the conditions can tell apart.

use std::collections::BTreeMap;

use super::{Random, compare, with_tool};
use mcppolicy_analysis::compare::{Comparison, Verdict};
use mcppolicy_engine::engine::{Call, Counters, Engine, Lookup};
use mcppolicy_engine::policy::{Condition, Policy, Rule};
use mcppolicy_engine::time::Time;
use mcppolicy_engine::value::Value;
use serde_json::{Value as Json, json};

const PATHS: [&str; 4] = ["args.a", "args.a.b", "args.a.b.d", "args.c"];

/// Every condition that may occur at a path; at most 64.
fn tests() -> Vec<(&'static str, Json)> {
    let mut tests = vec![("exists", json!(true)), ("exists", json!(false))];
    for op in ["lt", "lte", "gt", "gte"] {
        tests.extend([(op, json!(5)), (op, json!(0.5))]);
    }
    let operands = [
        json!(5),
        json!("5"),
        json!("ab"),
        json!(true),
        json!("true"),
        json!(null),
        json!(0),
        json!([5]),
        json!([]),
        json!({"b": 5}),
        json!({"b": 5, "x": 0}),
        json!({}),
    ];
    for operand in operands {
        tests.extend([("eq", operand.clone()), ("neq", operand)]);
    }
    let lists = [
        json!([5, "ab", null]),
        json!(["5", false]),
        json!([]),
        json!([{"b": "5"}, ["5", 5], "a"]),
    ];
    for list in lists {
        tests.extend([("in", list.clone()), ("not_in", list)]);
    }
    for pattern in ["^a", "b$", "^[0-9]+$", "a|5", "^$", "(?i)^A.$"] {
        tests.push(("regex", json!(pattern)));
    }
    for part in [
        json!("a"),
        json!(5),
        json!("5"),
        json!(""),
        json!(true),
        json!([5]),
        json!(null),
    ] {
        tests.push(("contains", part));
    }
    assert!(tests.len() <= 64);
    tests
}

/// Values without members: of each kind that the pool tells apart one at least.
fn plain_values() -> Vec<Json> {
    let mut values = vec![json!(null), json!(true), json!(false)];
    values.extend([-1.0, 0.0, 0.25, 0.5, 3.0, 5.0, 6.0].map(|number| json!(number)));
    // Other spellings that read as 5 and as 0, with the digit 5 and without.
    let (five, below) = ("5.0000000000000000001", "4.9999999999999999999");
    let tiny = |digit: u8| json!(format!("0.{}{digit}", "0".repeat(330)));
    values.extend([json!(five), json!(below), tiny(1), tiny(5)]);
    values.extend([json!("true"), json!("false")]);
    let mut words = vec![String::new()];
    for _ in 0..4 {
        let longer: Vec<String> = words
            .iter()
            .flat_map(|word| {
                ["a", "A", "b", "5", "0", "x", "\n"].map(|letter| format!("{word}{letter}"))
            })
            .collect();
        words.extend(longer);
        words.sort();
        words.dedup();
    }
    values.extend(words.into_iter().map(|word| json!(word)));
    let elements = [
        json!(5),
        json!("5"),
        json!(five),
        json!("a"),
        json!(""),
        json!(true),
        json!([5]),
        json!(null),
        json!(7),
    ];
    let mut arrays: Vec<Vec<Json>> = vec![
        Vec::new(),
        vec![json!(5), json!(5)],
        vec![json!("5"), json!(5)],
    ];
    for _ in 0..4 {
        let longer: Vec<Vec<Json>> = arrays
            .iter()
            .flat_map(|array| {
                elements
                    .iter()
                    .map(|element| [array.clone(), vec![element.clone()]].concat())
            })
            .collect();
        arrays.extend(longer);
        arrays = distinct(arrays);
    }
    values.extend(arrays.into_iter().map(Json::Array));
    values
}

/// Arrays with the same elements count as one, but for those that are named.
fn distinct(arrays: Vec<Vec<Json>>) -> Vec<Vec<Json>> {
    let mut seen = BTreeMap::new();
    for array in arrays {
        let mut key: Vec<String> = array.iter().map(Json::to_string).collect();
        if array.len() > 2 {
            key.sort();
            key.dedup();
        }
        seen.entry(key).or_insert(array);
    }
    seen.into_values().collect()
}

/// The pool, and a domain that is complete for it.
struct Pool {
    /// By path and test.
    conditions: Vec<Vec<Condition>>,
    /// Values of `a`, and what every condition on `a`, `a.b` and `a.b.d` says.
    a: Vec<(Option<Value>, [u64; 4])>,
    c: Vec<(Option<Value>, [u64; 4])>,
    template: Policy,
}

impl Pool {
    fn new() -> Pool {
        let rules = |path: &str| -> Vec<Json> {
            let condition = |(op, value): (&str, Json)| json!({"conditions": [{"path": path, "op": op, "value": value}]});
            tests().into_iter().map(condition).collect()
        };
        let conditions: Vec<Vec<Condition>> = PATHS
            .iter()
            .map(|path| {
                let mut policy = with_tool(&json!({"require": rules(path)}));
                let rules = policy.tools.remove(0).require;
                rules.into_iter().flat_map(|rule| rule.conditions).collect()
            })
            .collect();
        let mut pool = Pool {
            conditions,
            a: Vec::new(),
            c: Vec::new(),
            template: with_tool(&json!({"require": [{"conditions": []}]})),
        };
        pool.fill();
        pool
    }

    fn fill(&mut self) {
        let plain = self.telling(plain_values());
        let mut c: Vec<Json> = plain.clone();
        c.extend([
            json!({}),
            json!({"z": 1}),
            json!({"b": 5}),
            json!({"b": "5"}),
            json!({"b": 5, "x": 0}),
        ]);
        let mut a = c.clone();
        for value in plain.iter().chain(&c) {
            a.extend([json!({"b": value}), json!({"b": value, "z": 1})]);
            a.extend([
                json!({"b": {"d": value}, "z": 1}),
                json!({"b": {"d": value, "z": 1}}),
            ]);
        }
        a.extend(c.iter().flat_map(|value| [json!({"b": {"d": value}})]));
        self.a = self.judged("a", a);
        self.c = self.judged("c", c);
    }

    /// One of all values about which every test says the same.
    fn telling(&self, values: Vec<Json>) -> Vec<Json> {
        let mut seen = BTreeMap::new();
        for value in values {
            let arguments = Value::from(json!({"c": value}));
            seen.entry(self.says(&arguments)).or_insert(value);
        }
        seen.into_values().collect()
    }

    fn judged(&self, name: &str, values: Vec<Json>) -> Vec<(Option<Value>, [u64; 4])> {
        let mut judged = vec![(None, self.says(&Value::empty_object()))];
        for value in values {
            let arguments = Value::from(json!({ name: value }));
            judged.push((Some(Value::from(value)), self.says(&arguments)));
        }
        judged
    }

    /// What every condition says of the arguments.
    fn says(&self, arguments: &Value) -> [u64; 4] {
        let mut says = [0; 4];
        for (path, conditions) in self.conditions.iter().enumerate() {
            for (test, condition) in conditions.iter().enumerate() {
                let holds = condition.test.holds(arguments.at(&condition.path.value));
                says[path] |= u64::from(holds) << test;
            }
        }
        says
    }
}

/// A condition by path and test.
type Asked = (usize, usize);

#[derive(Clone, Default)]
struct Rules {
    require: Vec<Vec<Asked>>,
    deny_if: Vec<Vec<Asked>>,
}

impl Rules {
    fn random(random: &mut Random, pool: &Pool) -> Rules {
        let mut rules = Rules::default();
        for _ in 0..random.below(3) {
            rules.require.push(conjunction(random, pool));
        }
        for _ in 0..random.below(4) {
            rules.deny_if.push(conjunction(random, pool));
        }
        rules
    }

    fn mutated(&self, random: &mut Random, pool: &Pool) -> Rules {
        let mut rules = self.clone();
        let list = if random.chance(2) {
            &mut rules.require
        } else {
            &mut rules.deny_if
        };
        match random.below(4) {
            0 => list.push(conjunction(random, pool)),
            1 if !list.is_empty() => {
                list.remove(random.below(list.len()));
            }
            2 if !list.is_empty() => {
                let at = random.below(list.len());
                list[at].push(asked(random, pool));
            }
            _ if !list.is_empty() => {
                let at = random.below(list.len());
                list[at] = conjunction(random, pool);
            }
            _ => list.push(conjunction(random, pool)),
        }
        rules
    }

    fn policy(&self, pool: &Pool) -> Policy {
        let mut policy = pool.template.clone();
        let rule = &pool.template.tools[0].require[0];
        let build = |key: &str, list: &[Vec<Asked>]| -> Vec<Rule> {
            let rule = |(at, asked): (usize, &Vec<Asked>)| Rule {
                pointer: format!("/tools/t/{key}/{at}"),
                conditions: asked
                    .iter()
                    .map(|(path, test)| pool.conditions[*path][*test].clone())
                    .collect(),
                ..rule.clone()
            };
            list.iter().enumerate().map(rule).collect()
        };
        policy.tools[0].require = build("require", &self.require);
        policy.tools[0].deny_if = build("deny_if", &self.deny_if);
        policy
    }

    fn accept(&self, says: &[u64; 4]) -> bool {
        let holds = |(path, test): &Asked| says[*path] >> *test & 1 == 1;
        self.require.iter().all(|rule| rule.iter().all(holds))
            && !self.deny_if.iter().any(|rule| rule.iter().all(holds))
    }

    fn asked(&self) -> [u64; 4] {
        let mut mask = [0; 4];
        for (path, test) in self.require.iter().chain(&self.deny_if).flatten() {
            mask[*path] |= 1 << *test;
        }
        mask
    }
}

fn asked(random: &mut Random, pool: &Pool) -> Asked {
    let path = random.below(PATHS.len());
    (path, random.below(pool.conditions[path].len()))
}

fn conjunction(random: &mut Random, pool: &Pool) -> Vec<Asked> {
    (0..1 + random.below(2))
        .map(|_| asked(random, pool))
        .collect()
}

/// One value for each set that the asked conditions cannot tell apart.
fn classes<'v>(
    values: &'v [(Option<Value>, [u64; 4])],
    mask: [u64; 4],
    paths: &[usize],
) -> Vec<&'v (Option<Value>, [u64; 4])> {
    let mut keyed: Vec<([u64; 3], usize)> = values
        .iter()
        .enumerate()
        .map(|(at, (_, says))| {
            let mut key = [0; 3];
            for (place, path) in key.iter_mut().zip(paths) {
                *place = says[*path] & mask[*path];
            }
            (key, at)
        })
        .collect();
    keyed.sort_unstable();
    keyed.dedup_by_key(|(key, _)| *key);
    keyed.iter().map(|(_, at)| &values[*at]).collect()
}

fn engine_accepts(engine: &Engine, arguments: &Value) -> bool {
    let call = Call::new("g", "t", arguments, Time::new(0, 0));
    engine.peek(&call, &Counters::default()).is_allow()
}

/// The verdict of trying every call; `decided` of the pairs also through the
/// engines, to hold the tables against it.
fn tried(pool: &Pool, old: &Rules, new: &Rules, engines: Option<[Engine; 2]>) -> Verdict {
    let (asked_old, asked_new) = (old.asked(), new.asked());
    let mask: [u64; 4] = std::array::from_fn(|path| asked_old[path] | asked_new[path]);
    let (mut looser, mut tighter) = (false, false);
    let of_c = classes(&pool.c, mask, &[3]);
    for (a, says_a) in classes(&pool.a, mask, &[0, 1, 2]) {
        for (c, says_c) in &of_c {
            let says = [says_a[0], says_a[1], says_a[2], says_c[3]];
            let (by_old, by_new) = (old.accept(&says), new.accept(&says));
            looser |= by_new && !by_old;
            tighter |= by_old && !by_new;
            if let Some([old, new]) = &engines {
                let members = [("a", a), ("c", c)];
                let present = members
                    .iter()
                    .filter_map(|(name, value)| Some((String::from(*name), (*value).clone()?)));
                let arguments = Value::Object(present.collect());
                assert_eq!(engine_accepts(old, &arguments), by_old, "{arguments}");
                assert_eq!(engine_accepts(new, &arguments), by_new, "{arguments}");
            }
        }
    }
    match (looser, tighter) {
        (false, false) => Verdict::Equivalent,
        (true, false) => Verdict::Loosened,
        (false, true) => Verdict::Tightened,
        (true, true) => Verdict::Mixed,
    }
}

/// Compares so many random pairs; how often each verdict came out.
fn pairs(seed: u64, count: usize) -> BTreeMap<Verdict, usize> {
    let pool = Pool::new();
    let mut random = Random::new(seed);
    let mut seen = BTreeMap::new();
    for at in 0..count {
        let old = Rules::random(&mut random, &pool);
        let new = if random.chance(4) {
            Rules::random(&mut random, &pool)
        } else {
            old.mutated(&mut random, &pool)
        };
        let (old_policy, new_policy) = (old.policy(&pool), new.policy(&pool));
        let engines = (at % 20 == 0).then(|| [Engine::new(&old_policy), Engine::new(&new_policy)]);
        let comparison: Comparison = compare(&old_policy, &new_policy);
        let expected = tried(&pool, &old, &new, engines);
        assert!(!comparison.undetermined, "{comparison:#?}");
        assert_eq!(
            comparison.verdict, expected,
            "pair {at}: old {:?} {:?} new {:?} {:?}: {comparison:#?}",
            old.require, old.deny_if, new.require, new.deny_if
        );
        *seen.entry(expected).or_insert(0) += 1;
    }
    seen
}

#[track_caller]
fn each_often_enough(seen: &BTreeMap<Verdict, usize>, count: usize) {
    println!("{seen:?}");
    for verdict in [
        Verdict::Equivalent,
        Verdict::Loosened,
        Verdict::Tightened,
        Verdict::Mixed,
    ] {
        assert!(
            seen.get(&verdict).is_some_and(|n| *n * 25 > count),
            "{seen:?}"
        );
    }
}

// Two tests, so that two threads share the hundred thousand.
#[test]
fn fifty_thousand_random_pairs_get_the_verdict_of_trying_every_call() {
    each_often_enough(&pairs(1, 50_000), 50_000);
}

#[test]
fn fifty_thousand_more_pairs_get_the_verdict_of_trying_every_call() {
    each_often_enough(&pairs(2, 50_000), 50_000);
}
