//! Regions through their public interface.

use mcppolicy_analysis::compare::arguments::{self, Arguments};
use mcppolicy_analysis::region::{Answer, Budget, Exceeded, Kind, Region, Space};
use mcppolicy_engine::engine::Kind as Step;
use mcppolicy_engine::policy::{Path, Policy, Test, ToolRules};
use mcppolicy_engine::value::Value;
use serde_json::{Value as Json, json};

fn path(text: &str) -> Path {
    Path::parse(text).unwrap()
}

fn rules(json: &Json) -> ToolRules {
    let policy = json!({"version": "1", "default": "deny", "tools": {"t": json}});
    let policy = Policy::from_json(policy.to_string().as_bytes()).unwrap();
    policy.tools.into_iter().next().unwrap()
}

fn condition(path: &str, op: &str, value: Json) -> Json {
    json!({"path": path, "op": op, "value": value})
}

#[test]
fn everything_has_the_empty_object_and_the_outside_of_everything_nothing() {
    let mut space = Space::new(Budget::default());
    assert_eq!(
        space.find(&Region::everything()),
        Answer::Witness(Value::empty_object())
    );
    let mut nothing = Region::everything();
    nothing.outside(&[]);
    assert_eq!(space.find(&nothing), Answer::Empty);
}

#[test]
fn a_scalar_makes_everything_below_it_missing() {
    let mut space = Space::new(Budget::default());
    let mut region = Region::everything();
    region.and(space.kind(&path("args.a"), Kind::String));
    region.and(space.test(&path("args.a.b.c"), &Test::Exists(false)));
    let found = space.find(&region).witness().unwrap();
    assert_eq!(found.to_json(), json!({"a": "a"}));
    region.and(space.kind(&path("args.a.b"), Kind::Null));
    assert_eq!(space.find(&region), Answer::Empty);
}

#[test]
fn a_named_object_decides_everything_below_it() {
    let mut space = Space::new(Budget::default());
    let mut region = Region::everything();
    let named = Test::In(vec![json!({"b": 1}).into(), json!({"b": 2, "c": 3}).into()].into());
    region.and(space.test(&path("args.a"), &named));
    region.and(!space.test(&path("args.a.b"), &Test::Eq(Value::Number(1.0))));
    let found = space.find(&region).witness().unwrap();
    assert_eq!(found.to_json(), json!({"a": {"b": 2, "c": 3}}));
    region.and(!space.test(&path("args.a.c"), &Test::Exists(true)));
    assert_eq!(space.find(&region), Answer::Empty);
}

#[test]
fn a_path_deeper_than_any_call_is_unknown_and_not_a_crash() {
    let mut space = Space::new(Budget::default());
    let deep = path(&format!("args.{}", vec!["a"; 100_000].join(".")));
    let mut region = Region::everything();
    region.and(space.test(&deep, &Test::Exists(true)));
    assert_eq!(space.find(&region), Answer::Unknown(Exceeded::Depth));
}

#[test]
fn a_rule_behind_one_that_contains_it_is_unreachable() {
    let rules = rules(&json!({"deny_if": [
        {"conditions": [condition("args.n", "gt", json!(5))]},
        {"conditions": [condition("args.n", "gt", json!(10))]},
        {"conditions": [condition("args.n", "gt", json!(1))]},
    ]}));
    let mut arguments = Arguments::new(Some(&rules), Budget::default());
    assert!(arguments.decided_by(Step::DenyIf, 1).is_empty());
    let decided = arguments.decided_by(Step::DenyIf, 2).witness().unwrap();
    assert_eq!(decided.to_json(), json!({"n": 5}));
    assert!(arguments.decided_by(Step::Require, 0).is_empty());
}

#[test]
fn implication_is_proved_or_refuted_by_example() {
    let rules = rules(&json!({"require": [{"conditions": [
        condition("args.s", "eq", json!("main")),
        condition("args.s", "regex", json!("^m")),
        condition("args.s", "regex", json!("^x")),
    ]}]}));
    let mut arguments = Arguments::new(Some(&rules), Budget::default());
    let literals: Vec<_> = rules.require[0]
        .conditions
        .iter()
        .map(|condition| arguments.condition(condition))
        .collect();
    assert!(
        arguments
            .counterexample(&literals[..1], literals[1])
            .is_empty()
    );
    let not_implied = arguments.counterexample(&literals[1..2], literals[0]);
    assert!(not_implied.witness().is_some());
    assert!(arguments.example(&literals).is_empty());
    assert!(arguments.accepted(&[]).is_empty());
}

#[test]
fn an_accepted_value_with_a_further_property_is_found() {
    let rules = rules(&json!({"require": [{"conditions": [
        condition("args.path", "regex", json!("^/srv/[a-z./]+$")),
    ]}]}));
    let mut arguments = Arguments::new(Some(&rules), Budget::default());
    let traversal = Test::Contains(Value::from("../"));
    let traversal = arguments.space().test(&path("args.path"), &traversal);
    let found = arguments.accepted(&[traversal]).witness().unwrap();
    assert_eq!(found.to_json(), json!({"path": "/srv/../"}));
}

#[test]
fn several_rule_sets_together_can_contain_one() {
    let below = |op: &str, bound: i64| {
        rules(&json!({"require": [{"conditions": [condition("args.n", op, json!(bound))]}]}))
    };
    let (all, low, high) = (below("gte", 0), below("lt", 10), below("gte", 10));
    let budget = Budget::default();
    let outside = |beyond: &[Option<&_>]| arguments::outside(Some(&all), beyond, budget).0;
    assert!(outside(&[Some(&low), Some(&high)]).is_empty());
    let escaped = outside(&[Some(&low)]).witness().unwrap();
    assert_eq!(escaped.to_json(), json!({"n": 10}));
    assert!(outside(&[None]).is_empty());
}
