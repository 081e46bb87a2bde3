//! The calls that are given for points that no recorded call reaches, and the
//! traces that are written of them.

use super::*;

fn proved(
    policy: &Policy,
    inventory: Option<&Inventory>,
    criteria: &[Criterion],
) -> Vec<(String, &'static str, Status, Vec<Step>)> {
    let engine = Engine::new(policy);
    let suite = empty();
    let baseline = Baseline::new(&suite, &engine);
    let points = measure(policy, &engine, &baseline, inventory, &options(criteria));
    points
        .into_iter()
        .map(|covered| {
            let (pointer, kind) = (covered.point.pointer, covered.point.kind.name());
            (pointer, kind, covered.status, covered.witness)
        })
        .collect()
}

/// Of each point of an entry or of the default, the tool that is called for it.
fn tools(policy: &serde_json::Value, inventory: Option<&Inventory>) -> Vec<(String, String)> {
    let policy = sample::load(policy);
    let points = proved(&policy, inventory, &[Criterion::Rules]).into_iter();
    let own = points.filter(|(pointer, ..)| !pointer.starts_with("/tools"));
    own.map(|(pointer, _, _, witness)| {
        let tool = witness.first().map(|step| step.call.tool.clone());
        (pointer, tool.unwrap_or_default())
    })
    .collect()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let each = pairs.iter();
    each.map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
        .collect()
}

#[test]
fn an_entry_is_shown_by_a_tool_that_no_earlier_one_decides() {
    let one = json!({"version": "1", "default": "deny", "hide": ["a"], "tools": {"t": {}}});
    assert_eq!(
        tools(&one, None),
        pairs(&[("/default", "unlisted_tool"), ("/hide/0", "a")])
    );
    let inventory = sample::read_inventory(&json!({"tools": [
        {"name": "t"}, {"name": "a"}, {"name": "z"}]}));
    assert_eq!(
        tools(&one, Some(&inventory)),
        pairs(&[("/default", "z"), ("/hide/0", "a")])
    );
    let all = json!({"version": "1", "default": "deny", "hide": ["t", "*", "b"],
        "tools": {"t": {}, "u": {}}});
    assert_eq!(
        tools(&all, None),
        pairs(&[
            ("/default", ""),
            ("/hide/0", "t"),
            ("/hide/1", "u"),
            ("/hide/2", "")
        ])
    );
    let star = json!({"version": "1", "default": "deny", "hide": ["*"]});
    assert_eq!(
        tools(&star, None),
        pairs(&[("/default", ""), ("/hide/0", "unlisted_tool")])
    );
}

#[test]
fn nothing_of_a_hidden_tool_can_be_reached() {
    let policy = sample::load(&json!({"version": "1", "default": "deny", "hide": ["t"],
        "tools": {"t": {
            "require": [{"conditions": [{"path": "args.a", "op": "exists", "value": true}]}],
            "limits": [{"counter": "c", "window": "day", "max": 2, "scope": "grant"}]}}}));
    for (pointer, kind, status, _) in proved(&policy, None, &Criterion::ALL) {
        // Its regions are those of its conditions.
        let is_reached = pointer == "/default" || pointer == "/hide/0";
        assert_eq!(
            status == Status::Infeasible,
            !is_reached,
            "{pointer} {kind}"
        );
    }
}

#[test]
fn a_call_that_is_given_has_what_the_schema_requires() {
    let policy = sample::load(&json!({"version": "1", "default": "deny", "tools": {"t": {
        "require": [{"conditions": [{"path": "args.n", "op": "lte", "value": 5}]}],
        "limits": [{"counter": "c", "window": "minute", "max": 2, "scope": "grant"}]}}}));
    let inventory = sample::read_inventory(&json!({"tools": [{"name": "t", "inputSchema": {
        "type": "object", "required": ["n", "to"], "properties": {
            "n": {"type": "integer", "minimum": 1}, "to": {"type": "string"}}}}]}));
    let points = proved(&policy, Some(&inventory), &Criterion::ALL);
    let mut boundaries = Vec::new();
    for (pointer, kind, status, witness) in points {
        if !pointer.starts_with("/tools/t") {
            continue;
        }
        assert_eq!(status, Status::Uncovered, "{pointer} {kind}");
        let step = witness.last().unwrap();
        let json = step.call.arguments.to_json();
        assert!(json["to"].is_string() || json.get("n").is_none(), "{json}");
        if ["at", "beside"].contains(&kind) {
            boundaries.push(json["n"].clone());
        }
    }
    assert_eq!(boundaries, [json!(5), json!(6)]);
    // Of fractions, the next one is beside the bound.
    let inventory = sample::read_inventory(&json!({"tools": [{"name": "t", "inputSchema": {
        "type": "object", "properties": {"n": {"type": "number"}}}}]}));
    let points = proved(&policy, Some(&inventory), &[Criterion::Boundaries]);
    let beside = points.iter().find(|(_, kind, ..)| *kind == "beside");
    let (_, _, _, witness) = beside.unwrap();
    let json = witness[0].call.arguments.to_json();
    assert_eq!(json["n"], json!(5.0_f64.next_up()));
}

#[test]
fn one_trace_shows_all_of_a_limit() {
    let policy = sample::load(&json!({"version": "1", "default": "deny", "tools": {"t": {
        "limits": [{"counter": "c", "window": "minute", "max": 2, "scope": "grant"}]}}}));
    let engine = Engine::new(&policy);
    let points = measured(&policy, &empty(), &Criterion::USUAL);
    let written = write(&policy, &engine, &points, Some("../policy.json"));
    let files: Vec<&str> = written.traces.iter().map(|t| t.file.as_str()).collect();
    assert_eq!(
        files,
        [
            "001-default-decides.jsonl",
            "002-t-allow.jsonl",
            "003-t-limits-0-full.jsonl"
        ]
    );
    assert_eq!(written.after.covered, points.len());
    let full = &written.traces[2].text;
    assert!(
        full.lines().next().unwrap().contains("../policy.json"),
        "{full}"
    );
    let grants: Vec<&Grant> = written.calls[2].iter().map(|call| &call.grant).collect();
    assert!(grants.contains(&&Grant::Named("another".to_owned())));
    // What is covered already is not written again.
    let suite = Suite::of(&written.calls);
    let again = measured(&policy, &suite, &Criterion::USUAL);
    let nothing = write(&policy, &engine, &again, None);
    assert!(nothing.traces.is_empty());
    assert_eq!(nothing.after, Count::of(&again, None));
}

#[test]
fn what_the_trace_of_a_condition_shows_has_no_trace_of_its_own() {
    let policy = sample::load(&json!({"version": "1", "default": "deny", "tools": {"t": {
        "require": [{"conditions": [{"path": "args.n", "op": "lte", "value": 5}]}]}}}));
    let engine = Engine::new(&policy);
    let points = measured(&policy, &empty(), &Criterion::USUAL);
    let written = write(&policy, &engine, &points, None);
    let files: Vec<&str> = written.traces.iter().map(|t| t.file.as_str()).collect();
    assert_eq!(
        files,
        [
            "001-default-decides.jsonl",
            "002-t-require-0-holds.jsonl",
            "003-t-require-0-conditions-0-alone.jsonl"
        ]
    );
    assert_eq!(written.after.covered, points.len());
}

#[test]
fn the_points_of_a_limit_share_a_trace_where_none_of_them_is_covered() {
    let policy = sample::load(&json!({"version": "1", "default": "deny", "tools": {"t": {
        "limits": [{"counter": "c", "window": "minute", "max": 2, "scope": "grant"}]}}}));
    let engine = Engine::new(&policy);
    for covered in [Kind::NextWindow, Kind::OtherGrant] {
        let mut points = measured(&policy, &empty(), &[Criterion::Limits]);
        for point in points.iter_mut().filter(|p| p.point.kind == covered) {
            point.status = Status::Covered;
        }
        let written = write(&policy, &engine, &points, None);
        let files: Vec<&str> = written.traces.iter().map(|t| t.file.as_str()).collect();
        assert!(!files.iter().any(|file| file.contains("full")), "{files:?}");
        assert!(!files.iter().any(|file| file.contains(covered.name())));
        assert_eq!(written.after.covered, points.len());
    }
}

#[test]
fn a_call_tells_a_condition_from_its_neighbours() {
    let policy = sample::load(&json!({"version": "1", "default": "deny", "tools": {"t": {
        "require": [{"conditions": [{"path": "args.n", "op": "lte", "value": 100}]}]}}}));
    let points = proved(&policy, None, &Criterion::USUAL).into_iter();
    let shown = points.filter(|(_, kind, ..)| *kind != "decides");
    let shown = shown.map(|(_, kind, _, witness)| {
        let json = witness.last().unwrap().call.arguments.to_json();
        (kind, json["n"].clone())
    });
    assert_eq!(
        shown.collect::<Vec<_>>(),
        [
            ("allow", json!(100)),
            ("holds", json!(100)),
            ("alone", json!(101))
        ]
    );
}

#[test]
fn a_rule_is_shown_by_a_call_that_meets_all_others() {
    let exists = |name: &str| json!({"conditions": [{"path": format!("args.{name}"), "op": "exists", "value": true}]});
    let policy = sample::load(&json!({"version": "1", "default": "deny", "tools": {"t": {
        "require": [exists("a"), exists("b")]}}}));
    let points = proved(&policy, None, &[Criterion::Rules]);
    let (_, _, _, witness) = points
        .iter()
        .find(|(pointer, ..)| pointer == "/tools/t/require/0")
        .unwrap();
    let json = witness[0].call.arguments.to_json();
    assert!(json.get("a").is_none() && json.get("b").is_some(), "{json}");
}

fn of_limit(rules: &serde_json::Value, kind: Kind) -> (Status, Vec<Step>) {
    let policy = sample::load(&json!({"version": "1", "default": "deny", "tools": {"t": rules}}));
    let points = measured(&policy, &empty(), &Criterion::USUAL).into_iter();
    let mut own = points.filter(|p| p.point.pointer == "/tools/t/limits/0");
    let found = own.find(|p| p.point.kind == kind).unwrap();
    (found.status, found.witness)
}

#[test]
fn a_limit_without_a_large_amount_refuses_only_what_it_cannot_count() {
    let rules = json!({
        "deny_if": [{"conditions": [{"path": "args.n", "op": "gt", "value": 0}]}],
        "limits": [{"counter": "c", "window": "day", "max": 5, "scope": "grant",
            "increment_from": "args.n"}]});
    let (status, witness) = of_limit(&rules, Kind::Decides);
    assert_eq!((status, witness.len()), (Status::Uncovered, 1));
    for kind in [Kind::Fills, Kind::Exceeds, Kind::NextWindow] {
        assert_ne!(of_limit(&rules, kind).0, Status::Uncovered, "{kind:?}");
    }
}

#[test]
fn a_full_limit_is_shown_by_calls_over_several_smaller_windows() {
    let limit = |window: &str, from: Option<&str>| {
        let mut limit = json!({"counter": "c", "window": window, "max": 5, "scope": "grant"});
        if let Some(from) = from {
            limit["increment_from"] = json!(from);
        }
        json!({ "limits": [limit] })
    };
    for (window, smaller) in [("hour", 60), ("day", 3_600)] {
        let (_, witness) = of_limit(&limit(window, None), Kind::Exceeds);
        let windows: std::collections::BTreeSet<i64> = witness
            .iter()
            .flat_map(|step| {
                let call = &step.call;
                let time = move |index| call.at.unwrap().plus(call.every.times(index));
                (0..call.repeat).map(move |index| time(index).seconds() / smaller)
            })
            .collect();
        assert!(windows.len() > 1, "{window}");
    }
    // Of amounts some fit, and one more does not.
    let (_, witness) = of_limit(&limit("minute", Some("args.n")), Kind::Exceeds);
    let calls: u64 = witness.iter().map(|step| step.call.repeat).sum();
    assert!(calls > 1, "{witness:?}");
}

#[test]
fn what_was_seen_stays_seen_where_nothing_may_be_proved() {
    let policy = sample::load(&json!({"version": "1", "default": "deny", "tools": {"t": {}}}));
    let suite = Suite::of(&[vec![recorded("t", &Value::empty_object())]]);
    let engine = Engine::new(&policy);
    let baseline = Baseline::new(&suite, &engine);
    let options = Options {
        work: 0,
        ..options(&[Criterion::Rules])
    };
    let points = measure(&policy, &engine, &baseline, None, &options);
    let statuses: Vec<Status> = points.iter().map(|point| point.status).collect();
    assert_eq!(statuses, [Status::Undetermined, Status::Seen]);
}

#[test]
fn what_is_not_decided_of_amounts_is_not_called_infeasible() {
    let sum = |counter: &str, max: u64| {
        json!({"counter": counter, "window": "day", "max": max, "scope": "grant",
            "increment_from": "args.n"})
    };
    // Whether multiples of 6 add up to 100 is beyond what is compared.
    let sixes = json!({
        "require": [{"conditions": [{"path": "args.n", "op": "in", "value": [6, 12]}]}],
        "limits": [sum("c", 100)]});
    assert_eq!(of_limit(&sixes, Kind::Fills).0, Status::Undetermined);
    // The second limit is full first, but a large amount is refused by the first.
    let behind = json!({"limits": [sum("large", 9), sum("small", 5)]});
    for kind in [Kind::Decides, Kind::Exceeds] {
        assert_ne!(of_limit(&behind, kind).0, Status::Infeasible, "{kind:?}");
    }
    assert_eq!(of_limit(&behind, Kind::Fills).0, Status::Infeasible);
}

/// The traces of one condition tell it from all small changes of it.
#[test]
fn the_traces_of_a_condition_kill_every_change_of_it() {
    for (op, value) in [
        ("lt", json!(100)),
        ("lte", json!(100)),
        ("gt", json!(0.5)),
        ("gte", json!(7)),
        ("eq", json!("a")),
        ("in", json!(["a"])),
        ("exists", json!(true)),
    ] {
        for list in ["require", "deny_if"] {
            let policy = sample::load(&json!({"version": "1", "default": "deny", "tools": {"t": {
                list: [{"conditions": [{"path": "args.n", "op": op, "value": value}]}]}}}));
            let engine = Engine::new(&policy);
            let points = measured(&policy, &empty(), &[Criterion::Conditions]);
            let written = write(&policy, &engine, &points, None);
            let suite = Suite::of(&written.calls);
            let baseline = Baseline::new(&suite, &engine);
            let mutants = mutate::mutants(&policy, None, &Default::default());
            let own = mutants.into_iter();
            let own = own.filter(|mutant| mutant.pointer.ends_with("/conditions/0"));
            let options = mutate::Options {
                threads: NonZeroUsize::MIN,
                budget: Budget::default(),
                work: mutate::USUAL_WORK,
            };
            let outcomes = mutate::run(&policy, &baseline, own.collect(), options);
            assert!(!outcomes.is_empty(), "{op}");
            for outcome in outcomes {
                assert!(!outcome.status.is_missed(), "{list} {outcome:?}");
            }
        }
    }
}
