//! Which points a policy has, and what is said of them in numbers.

use std::collections::HashSet;

use super::*;

fn all_options() -> Options {
    options(&Criterion::ALL)
}

/// The points as "pointer kind: what".
fn listed(policy: &Policy, options: &Options) -> Vec<String> {
    let points = points::of(policy, None, options).into_iter();
    points
        .map(|point| format!("{} {}: {}", point.pointer, point.kind.name(), point.what))
        .collect()
}

#[test]
fn each_element_of_a_policy_has_its_points_in_the_order_of_the_file() {
    let text = br#"{"version":"1","default":"deny","hide":["h"],
        "all_tools":{"limits":[{"counter":"c","window":"day","max":9,"scope":"grant"}]},
        "tools":{"t":{
            "require":[{"conditions":[{"path":"args.a","op":"exists","value":true}]}],
            "deny_if":[{"conditions":[{"path":"args.b","op":"lt","value":1}]}]}}}"#;
    let policy = Policy::from_json(text).unwrap();
    let limit = "/all_tools/limits/0";
    let [require, deny_if] = ["/tools/t/require/0", "/tools/t/deny_if/0"];
    let side = |what: &str| format!("that is decided because args.{what}");
    assert_eq!(
        listed(&policy, &all_options()),
        [
            "/default decides: that is refused because its tool is not listed".to_owned(),
            "/hide/0 decides: that is refused because \"h\" is hidden".to_owned(),
            format!("{limit} decides: that this limit refuses"),
            format!("{limit} fills: that passes and fills c"),
            format!("{limit} exceeds: that is one too many for c"),
            format!("{limit} next-window: that passes in the window after c was full"),
            format!("{limit} other-grant: of another grant that passes while c is full"),
            "/tools/t allow: of t that is allowed".to_owned(),
            "/tools/t region: of t whose conditions are TT".to_owned(),
            "/tools/t region: of t whose conditions are TF".to_owned(),
            "/tools/t region: of t whose conditions are FT".to_owned(),
            "/tools/t region: of t whose conditions are FF".to_owned(),
            format!("{require} decides: that this rule refuses"),
            format!("{require} holds: that is allowed, all its conditions holding"),
            format!(
                "{require}/conditions/0 alone: that is refused because this condition alone \
                 does not hold"
            ),
            format!("{require}/conditions/0 missing: {}", side("a is missing")),
            format!("{require}/conditions/0 null: {}", side("a is null")),
            format!("{deny_if} decides: that this rule refuses"),
            format!("{deny_if} holds: that is refused by it alone, all its conditions holding"),
            format!(
                "{deny_if}/conditions/0 alone: that is allowed because this condition alone \
                 does not hold"
            ),
            format!("{deny_if}/conditions/0 at: {}", side("b is 1")),
            format!("{deny_if}/conditions/0 beside: {}", side("b is 0")),
            format!("{deny_if}/conditions/0 missing: {}", side("b is missing")),
            format!("{deny_if}/conditions/0 null: {}", side("b is null")),
            format!(
                "{deny_if}/conditions/0 other-type: {}",
                side("b has another type")
            ),
        ]
    );
    let only = Options {
        only: Some(HashSet::from([require.to_owned()])),
        ..options(&[Criterion::Rules])
    };
    assert_eq!(
        listed(&policy, &only),
        [format!("{require} decides: that this rule refuses")]
    );
    let open = Policy::from_json(br#"{"version":"1","default":"allow"}"#).unwrap();
    assert_eq!(
        listed(&open, &all_options()),
        ["/default decides: that is allowed because its tool is not listed"]
    );
}

#[test]
fn of_many_regions_the_first_are_listed_and_one_point_stands_for_the_rest() {
    let regions = |conditions: usize| {
        let conditions: Vec<serde_json::Value> = (0..conditions)
            .map(|at| json!({"path": format!("args.a{at}"), "op": "exists", "value": true}))
            .collect();
        let policy = sample::load(&json!({"version": "1", "default": "deny",
            "tools": {"t": {"require": [{"conditions": conditions}]}}}));
        let points = measured(&policy, &empty(), &[Criterion::Regions]);
        let last = points.last().unwrap();
        (points.len(), last.status, last.point.what.clone())
    };
    let (count, status, _) = regions(8);
    assert_eq!((count, status), (256, Status::Uncovered));
    let (count, status, what) = regions(9);
    assert_eq!((count, status), (257, Status::Undetermined));
    assert_eq!(what, "of t in a further region; only 256 are listed");
}

#[test]
fn points_are_counted_by_status_and_criterion() {
    let policy = sample::load(&json!({"version": "1", "default": "deny"}));
    let point = measured(&policy, &empty(), &[Criterion::Rules]).remove(0);
    let statuses = [
        Status::Covered,
        Status::Covered,
        Status::Seen,
        Status::Uncovered,
        Status::Infeasible,
        Status::Undetermined,
    ];
    let points = statuses.map(|status| Covered {
        status,
        ..point.clone()
    });
    let count = Count::of(&points, None);
    let expected = Count {
        covered: 2,
        seen: 1,
        uncovered: 1,
        infeasible: 1,
        undetermined: 1,
    };
    assert_eq!(count, expected);
    assert_eq!(Count::of(&points, Some(Criterion::Rules)), expected);
    assert_eq!(
        Count::of(&points, Some(Criterion::Limits)),
        Count::default()
    );
    assert_eq!((count.counted(), count.percent()), (5, 40.0));
    assert_eq!(Count::default().percent(), 100.0);
    let other = Count {
        covered: 3,
        seen: 3,
        uncovered: 3,
        infeasible: 3,
        undetermined: 3,
    };
    let both = count.plus(other);
    assert_eq!(
        [
            both.covered,
            both.seen,
            both.uncovered,
            both.infeasible,
            both.undetermined
        ],
        [5, 4, 4, 4, 4]
    );
    let missing = Status::ALL.map(Status::is_missing);
    assert_eq!(missing, [false, true, true, false, true]);
}

#[test]
fn every_criterion_and_status_is_found_by_its_own_name() {
    for criterion in Criterion::ALL {
        assert_eq!(Criterion::named(criterion.name()), Some(criterion));
    }
    assert_eq!(Criterion::named("rule"), None);
    let names: HashSet<&str> = Status::ALL.map(Status::name).into();
    assert_eq!(
        names,
        HashSet::from(["covered", "seen", "uncovered", "infeasible", "undetermined"])
    );
}

#[test]
fn what_would_cost_more_than_allowed_is_undetermined() {
    let mut random = Random(5);
    for _ in 0..8 {
        let policy = sample::policy(&mut random, false);
        let engine = Engine::new(&policy);
        let suite = empty();
        let baseline = Baseline::new(&suite, &engine);
        let whole = cost(&policy, &suite, None, &options(&SINGLE));
        let open = |work: u64| {
            let options = Options {
                work,
                ..options(&SINGLE)
            };
            let points = measure(&policy, &engine, &baseline, None, &options);
            Count::of(&points, None).undetermined
        };
        assert_eq!(open(whole), 0);
        assert_eq!(open(whole - 1), 1);
        let points = measured(&policy, &suite, &SINGLE);
        assert_eq!(open(0), points.len());
        // Each has a cost that does not depend on what comes before.
        let some = open(whole / 2);
        assert!(some < points.len() || points.len() == 1);
    }
}

#[test]
fn a_point_costs_the_elements_of_its_tool_and_a_suite_its_calls() {
    let policy = sample::load(&json!({"version": "1", "default": "deny", "hide": ["h"],
        "all_tools": {"limits": [{"counter": "c", "window": "day", "max": 9, "scope": "grant"}]},
        "tools": {
            "t": {"require": [{"conditions": [{"path": "args.a", "op": "exists", "value": true}]}]},
            "u": {}}}));
    let costs =
        |criterion: Criterion, suite: &Suite| cost(&policy, suite, None, &options(&[criterion]));
    // The default and an entry; each tool is passed, and a rule of one decides; the
    // limit is of both tools.
    let rules = 2 * 20 + 2 * 3 * 20 + 20 + 4 * 20;
    assert_eq!(costs(Criterion::Rules, &empty()), rules);
    assert_eq!(costs(Criterion::Conditions, &empty()), 2 * 3 * 20);
    let mut call = recorded("t", &Value::empty_object());
    call.repeat = 7;
    let suite = Suite::of(&[vec![call]]);
    assert_eq!(costs(Criterion::Conditions, &suite), 7 + 2 * 3 * 20);
}
