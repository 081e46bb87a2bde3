//! The validator against the JSON Schema: on random policies and their mutants
//! they must accept the same documents and refuse the same places. The seeds are
//! fixed, so every run tries the same documents.

mod mutant;

use std::collections::BTreeSet;
use std::ops::Range;
use std::thread;

use mcppolicy::schema::{self, SchemaViolation};
use mcppolicy_engine::document::push_pointer;
use mcppolicy_engine::policy::Policy;
use mcppolicy_engine::problem::{Problem, ProblemKind};
use serde_json::Value;

use crate::engine::generate;
use crate::random::Random;

/// Policies that mutants are made of.
const POLICIES: u64 = 5_000;

/// Mutants of each policy.
const MUTANTS: u64 = 20;

/// One policy with every member that the format has.
const WHOLE: &str = r#"{
  "version": "1",
  "default": "deny",
  "hide": ["delete_repository", "*"],
  "all_tools": {"limits": [{"counter": "calls", "window": "day", "max": 500, "scope": "grant", "on_deny": "enough"}]},
  "tools": {
    "get_job": {},
    "a/b~c": {"require": [], "deny_if": [], "limits": []},
    "create_charge": {
      "require": [{"conditions": [
        {"path": "args.currency", "op": "in", "value": ["usd", 1, null]},
        {"path": "args.customer.id", "op": "regex", "value": "^cus_"},
        {"path": "args.a", "op": "exists", "value": true}
      ]}],
      "deny_if": [
        {"conditions": [], "on_deny": "no"},
        {"conditions": [
          {"path": "args.amount", "op": "gt", "value": 100.5},
          {"path": "args.b", "op": "eq", "value": {"x": [1]}},
          {"path": "args.c", "op": "neq", "value": null},
          {"path": "args.d", "op": "not_in", "value": []},
          {"path": "args.e", "op": "lt", "value": -1},
          {"path": "args.f", "op": "lte", "value": 1e300},
          {"path": "args.g", "op": "gte", "value": 0},
          {"path": "args.h h", "op": "contains", "value": "x"}
        ]}
      ],
      "limits": [
        {"counter": "spend", "window": "hour", "max": 9007199254740991, "scope": "grant", "increment_from": "args.amount", "on_deny": "spent"},
        {"counter": "calls", "window": "minute", "max": 1, "scope": "grant"}
      ]
    }
  }
}"#;

/// How many documents there were of each kind.
#[derive(Debug, Default)]
struct Tally {
    accepted: u64,
    refused: u64,
    /// Refused only for what a schema cannot say.
    beyond_the_schema: u64,
    /// Refused in fewer places than the schema does, as explained by
    /// [`is_explained`].
    merged: u64,
}

#[test]
fn validator_and_schema_agree_about_random_and_mutated_policies() {
    let half = POLICIES / 2;
    let tally = thread::scope(|scope| {
        let other = scope.spawn(|| try_seeds(0..half));
        let mut tally = try_seeds(half..POLICIES);
        let other = other
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        tally.accepted += other.accepted;
        tally.refused += other.refused;
        tally.beyond_the_schema += other.beyond_the_schema;
        tally.merged += other.merged;
        tally
    });
    let all = tally.accepted + tally.refused + tally.beyond_the_schema;
    assert_eq!(all, POLICIES * (MUTANTS + 1));
    // Each kind must be frequent, or the test says little.
    assert!(tally.accepted > all / 10, "{tally:?}");
    assert!(tally.refused > all / 2, "{tally:?}");
    assert!(tally.beyond_the_schema > 100, "{tally:?}");
    assert!(tally.merged < all / 10, "{tally:?}");
}

fn try_seeds(seeds: Range<u64>) -> Tally {
    let mut tally = Tally::default();
    for seed in seeds {
        let mut random = Random::new(seed);
        let mut policy = if random.chance(25) {
            serde_json::from_str(WHOLE).unwrap()
        } else {
            generate::policy(&mut random)
        };
        // To compile patterns would take most of the time.
        if !random.chance(3) {
            simplify_patterns(&mut policy);
        }
        let before = tally.accepted;
        compare(&policy, &mut tally);
        assert_eq!(tally.accepted, before + 1, "seed {seed}: {policy}");
        for _ in 0..MUTANTS {
            let mut mutant = policy.clone();
            for _ in 0..=random.weighted(&[70, 15, 10, 5]) {
                mutant::mutate(&mut mutant, &mut random);
            }
            compare(&mutant, &mut tally);
        }
    }
    tally
}

fn simplify_patterns(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(simplify_patterns),
        Value::Object(members) if members.get("op").is_some_and(|op| op == "regex") => {
            members.insert("value".into(), "a".into());
        }
        Value::Object(members) => members.values_mut().for_each(simplify_patterns),
        _ => {}
    }
}

/// Holds the problems of the validator against the violations of the schema.
fn compare(document: &Value, tally: &mut Tally) {
    let text = document.to_string();
    let problems = match Policy::from_json(text.as_bytes()) {
        Ok(_) => Vec::new(),
        Err(invalid) => invalid.into_problems(),
    };
    let of_kind = |kind: ProblemKind| problems.iter().filter(move |problem| problem.kind == kind);
    assert_eq!(of_kind(ProblemKind::Syntax).count(), 0, "{text}");
    let found: BTreeSet<String> = of_kind(ProblemKind::Schema).map(pointer).collect();
    match difference(&found, &schema::violations_in(document), document) {
        Ok(agreement) => tally.merged += u64::from(agreement == Agreement::Merged),
        Err(difference) => panic!("{difference}: {problems:#?} {text}"),
    }
    match (found.is_empty(), problems.is_empty()) {
        (true, true) => tally.accepted += 1,
        (true, false) => tally.beyond_the_schema += 1,
        (false, _) => tally.refused += 1,
    }
}

/// How the validator and the schema agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Agreement {
    /// Place for place.
    Exact,
    /// But for places that [`is_explained`] explains.
    Merged,
}

/// Compares the places that the validator found with the violations of the
/// schema.
fn difference(
    found: &BTreeSet<String>,
    violations: &[SchemaViolation],
    document: &Value,
) -> Result<Agreement, String> {
    if found.is_empty() != violations.is_empty() {
        return Err(format!("one accepts and the other refuses {violations:?}"));
    }
    let expected: BTreeSet<String> = violations
        .iter()
        .flat_map(|violation| places(violation, document))
        .collect();
    if let Some(extra) = found.difference(&expected).next() {
        return Err(format!("the schema has no fault at {extra:?}"));
    }
    let missed: Vec<&String> = expected.difference(found).collect();
    let unexplained = missed
        .iter()
        .find(|place| !is_explained(place, found, violations, document));
    match unexplained {
        Some(place) => Err(format!("the validator has no fault at {place:?}")),
        None if missed.is_empty() => Ok(Agreement::Exact),
        None => Ok(Agreement::Merged),
    }
}

#[test]
fn the_comparison_notices_a_place_too_few_or_too_many() {
    let text = WHOLE
        .replace(r#""max": 500"#, r#""max": 0"#)
        .replace(r#""get_job": {}"#, r#""get_job": {"x": 1}, "\u0085": {}"#)
        .replace(
            r#""op": "gt", "value": 100.5"#,
            r#""op": "gt", "value": "1""#,
        )
        .replace(r#""deny_if": []"#, r#""deny_if": [{}]"#)
        .replace(r#""delete_repository", "*""#, r#""*", "*""#);
    let document: Value = serde_json::from_str(&text).unwrap();
    let problems = Policy::from_json(text.as_bytes())
        .unwrap_err()
        .into_problems();
    let found: BTreeSet<String> = problems.iter().map(pointer).collect();
    assert_eq!(found.len(), 6, "{found:?}");
    let violations = schema::violations_in(&document);
    let compare = |found: &BTreeSet<String>| difference(found, &violations, &document);
    assert_eq!(compare(&found), Ok(Agreement::Exact));
    for place in &found {
        let mut fewer = found.clone();
        fewer.remove(place);
        assert!(compare(&fewer).is_err(), "{place}");
    }
    let mut more = found.clone();
    more.insert("/version".to_owned());
    assert!(compare(&more).is_err());
    assert!(compare(&BTreeSet::new()).is_err());
    assert!(difference(&found, &[], &document).is_err());
}

fn pointer(problem: &Problem) -> String {
    problem.pointer.clone()
}

/// The places that the validator reports for a violation: of repeated items each
/// one but the first. Items that are not names are violations of their own.
fn places(violation: &SchemaViolation, document: &Value) -> Vec<String> {
    if violation.keyword != "uniqueItems" {
        return vec![violation.pointer.clone()];
    }
    let items = document
        .pointer(&violation.pointer)
        .unwrap()
        .as_array()
        .unwrap();
    let is_repeated = |index: &usize| items[..*index].contains(&items[*index]);
    let is_name = |index: &usize| {
        let text = items[*index].as_str().unwrap_or_default();
        !text.chars().all(|c| c.is_whitespace() || c == '\u{feff}')
    };
    (0..items.len())
        .filter(is_repeated)
        .filter(is_name)
        .map(|index| push_pointer(&violation.pointer, &index.to_string()))
        .collect()
}

/// Whether the validator reports a violation together with another one of the
/// same object: a gap that following the advice on an unknown key fills, or a
/// condition where a rule is expected, which is one mistake and not four.
fn is_explained(
    place: &str,
    found: &BTreeSet<String>,
    violations: &[SchemaViolation],
    document: &Value,
) -> bool {
    let has = |pointer: &str, keyword: &str| {
        violations
            .iter()
            .any(|violation| violation.pointer == pointer && violation.keyword == keyword)
    };
    if has(place, "required") {
        let object = document.pointer(place).unwrap().as_object().unwrap();
        return object.keys().any(|key| {
            let inner = push_pointer(place, key);
            has(&inner, "additionalProperties") && found.contains(&inner)
        });
    }
    let Some((object, key)) = place.rsplit_once('/') else {
        return false;
    };
    has(place, "additionalProperties")
        && ["path", "op", "value"].contains(&key)
        && has(object, "required")
        && found.contains(object)
}
