//! The sides of conditions: which there are, and which values are on them.

use super::super::boundary::{self, Boundary};
use super::*;
use crate::compare::arguments::Arguments;
use mcppolicy_engine::engine::Lookup;
use mcppolicy_engine::policy::{Comparison, Condition};

fn condition(op: &str, value: &serde_json::Value) -> Condition {
    let policy = sample::load(&json!({"version": "1", "default": "deny", "tools": {"t": {
        "require": [{"conditions": [{"path": "args.a", "op": op, "value": value}]}]}}}));
    policy.tools[0].require[0].conditions[0].clone()
}

/// The names of the sides of a condition that a value is on.
fn on(condition: &Condition, value: &Value) -> Vec<&'static str> {
    let sides = boundary::boundaries(condition).into_iter();
    let own = sides.filter(|side| boundary::has(condition, *side, ValueRef::from(value)));
    own.map(Boundary::name).collect()
}

#[test]
fn a_value_is_on_the_sides_of_a_condition_that_it_shows() {
    for (op, operand, values) in [
        (
            "lte",
            json!(5),
            vec![
                (json!(5), vec!["at"]),
                (json!(6), vec!["beside"]),
                (json!(5.0_f64.next_up()), vec!["beside"]),
                (json!(4), vec![]),
                (json!("5"), vec!["other-type"]),
                (json!(null), vec!["null"]),
            ],
        ),
        (
            "gte",
            json!(0.5),
            vec![
                (json!(0.5), vec!["at"]),
                (json!(0.5_f64.next_down()), vec!["beside"]),
                (json!(-0.5), vec![]),
                (json!(1.5), vec![]),
            ],
        ),
        (
            "in",
            json!(["a", 1]),
            vec![
                (json!("a"), vec!["member"]),
                (json!(1), vec!["member"]),
                (json!("b"), vec!["stranger"]),
                (json!(2), vec!["stranger"]),
                (json!(true), vec!["other-type"]),
            ],
        ),
        (
            "neq",
            json!("a"),
            vec![
                (json!("a"), vec!["member"]),
                (json!("b"), vec!["stranger"]),
                (json!(1), vec!["other-type"]),
                (json!(null), vec!["null"]),
            ],
        ),
        (
            "regex",
            json!("^x"),
            vec![
                (json!("xy"), vec!["match"]),
                (json!("y"), vec!["near-miss"]),
                (json!([]), vec!["other-type"]),
            ],
        ),
        (
            "contains",
            json!("x"),
            vec![
                (json!("axb"), vec!["match"]),
                (json!(["x"]), vec!["match"]),
                (json!("a"), vec!["near-miss"]),
                (json!([]), vec!["near-miss"]),
                (json!(5), vec!["other-type"]),
            ],
        ),
        (
            "contains",
            json!(5),
            vec![
                (json!([5]), vec!["match"]),
                (json!([6]), vec!["near-miss"]),
                (json!("5"), vec!["other-type"]),
            ],
        ),
        (
            "exists",
            json!(true),
            vec![(json!(null), vec!["null"]), (json!(1), vec![])],
        ),
    ] {
        let condition = condition(op, &operand);
        for (value, sides) in values {
            assert_eq!(on(&condition, &Value::from(&value)), sides, "{op} {value}");
        }
        let missing = boundary::has(&condition, Boundary::Missing, ValueRef::Missing);
        assert!(missing, "{op}");
    }
}

/// What the proofs ask for is what recorded calls are looked at for.
#[test]
fn a_value_has_the_literals_of_a_side_exactly_when_it_is_on_it() {
    let values = [
        json!({}),
        json!({"a": null}),
        json!({"a": true}),
        json!({"a": 0}),
        json!({"a": 1}),
        json!({"a": 2}),
        json!({"a": 0.5}),
        json!({"a": "x"}),
        json!({"a": "y"}),
        json!({"a": ["x"]}),
        json!({"a": ["y"]}),
        json!({"a": {}}),
    ];
    for (op, operand) in [
        ("lt", json!(1)),
        ("lte", json!(1)),
        ("gt", json!(1)),
        ("gte", json!(1)),
        ("eq", json!("x")),
        ("neq", json!(1)),
        ("in", json!(["x", 1])),
        ("not_in", json!([true])),
        ("regex", json!("^x")),
        ("contains", json!("x")),
        ("contains", json!(1)),
        ("exists", json!(true)),
        ("exists", json!(false)),
    ] {
        let condition = condition(op, &operand);
        let path = &condition.path.value;
        for side in boundary::boundaries(&condition) {
            let mut arguments = Arguments::new(None, Budget::default());
            let literals = boundary::side(&condition, side, true, &mut arguments);
            for value in &values {
                let value = Value::from(value);
                let mut literals = literals.iter();
                let holds = literals.all(|literal| arguments.space().holds(*literal, &value));
                let has = boundary::has(&condition, side, value.at(path));
                assert_eq!(holds, has, "{op} {operand} {side:?} {value}");
            }
        }
    }
}

#[test]
fn the_number_beside_a_bound_is_the_next_one_that_is_decided_otherwise() {
    use Comparison::{Gt, Gte, Lt, Lte};
    for comparison in [Lt, Lte, Gt, Gte] {
        for bound in [-3.0, 0.0, 0.5, 7.0] {
            let holds = |number: f64| {
                let test = mcppolicy_engine::policy::Test::Compare(comparison, bound);
                test.holds(ValueRef::Number(number))
            };
            for is_whole in [false, true] {
                let beside = boundary::beside(comparison, bound, is_whole);
                assert_ne!(holds(beside), holds(bound), "{comparison:?} {bound}");
                if is_whole {
                    assert_eq!((beside - bound).abs(), 1.0);
                } else {
                    assert!([bound.next_up(), bound.next_down()].contains(&beside));
                }
            }
        }
    }
}

#[test]
fn whole_numbers_are_counted_where_the_bound_and_the_schema_say_so() {
    let whole = |bound: f64, kind: serde_json::Value| {
        let tools = json!({"tools": [{"name": "t", "inputSchema": {"type": "object",
            "properties": {"a": {"type": kind}}}}]});
        let inventory = sample::read_inventory(&tools);
        let condition = condition("lte", &json!(bound));
        boundary::is_whole(&condition, inventory.get("t"))
    };
    assert!(whole(5.0, json!("integer")));
    assert!(whole(-5.0, json!("integer")));
    assert!(!whole(5.5, json!("integer")));
    assert!(!whole(5.0, json!("number")));
    // A schema without numbers says nothing of them.
    assert!(whole(5.0, json!("string")));
    assert!(whole(5.0, json!(["integer", "string"])));
    let unlisted = |bound: f64| boundary::is_whole(&condition("lte", &json!(bound)), None);
    let largest = 9_007_199_254_740_991.0;
    let found = [0.0, 0.5, largest - 1.0, largest, -largest].map(unlisted);
    assert_eq!(found, [true, false, true, false, false]);
    assert!(!boundary::is_whole(&condition("eq", &json!(5)), None));
}

#[test]
fn a_side_reads_as_the_value_that_the_decision_hangs_on() {
    let words = |op: &str, operand: serde_json::Value| {
        let condition = condition(op, &operand);
        let sides = boundary::boundaries(&condition).into_iter();
        let words = sides.map(|side| {
            let words = boundary::words(&condition, side, true);
            words
                .strip_prefix("that is decided because args.a ")
                .unwrap()
                .to_owned()
        });
        words.collect::<Vec<_>>().join(", ")
    };
    let rest = "is missing, is null, has another type";
    assert_eq!(words("lte", json!(5)), format!("is 5, is 6, {rest}"));
    let listed = format!("is a listed value, is a value that is not listed, {rest}");
    assert_eq!(words("in", json!(["a"])), listed);
    assert_eq!(
        words("regex", json!("a")),
        format!("matches, does not match, {rest}")
    );
    assert_eq!(words("exists", json!(true)), "is missing, is null");
}
