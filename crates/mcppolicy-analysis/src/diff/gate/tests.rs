use super::*;
use crate::compare::Comparison;
use crate::diff::{Diff, PolicyDiff, PolicyStatus};

fn policy(text: &str) -> Policy {
    Policy::from_json(text.as_bytes()).unwrap()
}

/// A policy that lists the tool `t` with these rules and denies the rest.
fn tool(rules: &str) -> Policy {
    policy(&format!(
        r#"{{"version":"1","default":"deny","tools":{{"t":{rules}}}}}"#
    ))
}

fn lte(bound: u32) -> String {
    format!(r#""require":[{{"conditions":[{{"path":"args.n","op":"lte","value":{bound}}}]}}]"#)
}

fn per(window: &str, max: u32) -> String {
    format!(r#"{{"counter":"{window}","window":"{window}","max":{max},"scope":"grant"}}"#)
}

/// Arguments up to `bound`, so many times a minute.
fn bounded(bound: u32, per_minute: u32) -> Policy {
    let limit = per("minute", per_minute);
    tool(&format!("{{{},\"limits\":[{limit}]}}", lte(bound)))
}

fn of_tool() -> Scope {
    Scope::Tool("t".to_owned())
}

fn approval(scope: &Scope, policy: &Policy) -> Approval {
    Approval {
        policy: "policy.json".to_owned(),
        approved: Approved::state(scope, policy),
        reason: "needed".to_owned(),
        by: None,
        date: "2026-11-20".to_owned(),
        location: None,
    }
}

struct Case {
    judgement: Judgement,
    passes: bool,
}

fn judged(old: &Policy, new: &Policy, approved: &[Approval]) -> Case {
    let budget = Budget::default();
    let comparison = compare::policies(old, new, &budget);
    judged_as(old, new, comparison, approved, &budget)
}

fn judged_as(
    old: &Policy,
    new: &Policy,
    comparison: Comparison,
    approved: &[Approval],
    budget: &Budget,
) -> Case {
    let indexed: Vec<_> = approved.iter().enumerate().collect();
    let judgement = judge(
        Some(old),
        Some(new),
        &comparison.changes,
        &indexed,
        (budget, &Allowance::new(budget)),
    );
    let diff = Diff {
        policies: vec![PolicyDiff {
            name: "policy.json".to_owned(),
            old: None,
            new: None,
            status: PolicyStatus::Compared(comparison),
            opened: Vec::new(),
            judgement: judgement.clone(),
            traffic: None,
            drift: Vec::new(),
            told: None,
        }],
    };
    Case {
        passes: !diff.refused_by(Gate::Loosened),
        judgement,
    }
}

fn arguments_outside(case: &Case) -> Option<String> {
    let (_, outside) = case.judgement.outside().next()?;
    Some(outside.calls.first()?.arguments.to_string())
}

#[test]
fn a_widening_passes_when_approved_and_not_when_it_grows_beyond() {
    let (old, new) = (bounded(10, 5), bounded(20, 5));
    assert!(!judged(&old, &new, &[]).passes);
    let approved = [approval(&of_tool(), &new)];
    let case = judged(&old, &new, &approved);
    assert!(case.passes);
    assert_eq!(case.judgement.used().collect::<Vec<_>>(), [0]);
    assert!(judged(&old, &bounded(15, 5), &approved).passes, "within it");
    let beyond = judged(&old, &bounded(30, 5), &approved);
    assert!(!beyond.passes);
    let arguments = arguments_outside(&beyond).unwrap();
    let n: f64 = arguments
        .trim_start_matches("{\"n\":")
        .trim_end_matches('}')
        .parse()
        .unwrap();
    assert!(n > 20.0 && n <= 30.0, "{arguments}");
}

#[test]
fn a_limit_grows_only_as_far_as_approved() {
    let old = bounded(10, 5);
    let approved = [approval(&of_tool(), &bounded(10, 8))];
    assert!(judged(&old, &bounded(10, 8), &approved).passes);
    let beyond = judged(&old, &bounded(10, 9), &approved);
    assert!(!beyond.passes);
    let (_, outside) = beyond.judgement.outside().next().unwrap();
    let calls: u64 = outside.calls.iter().map(|call| call.repeat).sum();
    assert_eq!(calls, 9, "the first that neither bears");
}

#[test]
fn limits_of_one_state_do_not_count_for_the_arguments_of_another() {
    // Small amounts often, or large ones rarely; never large ones often.
    let (old, rare) = (bounded(10, 1000), bounded(100, 1));
    let approved = [approval(&of_tool(), &rare)];
    assert!(judged(&old, &rare, &approved).passes);
    assert!(!judged(&old, &bounded(100, 1000), &approved).passes);
    assert!(!judged(&old, &bounded(100, 2), &approved).passes);
}

#[test]
fn windows_of_different_states_are_not_mixed() {
    let limits = |minute, hour| {
        let (minute, hour) = (per("minute", minute), per("hour", hour));
        tool(&format!(r#"{{"limits":[{minute},{hour}]}}"#))
    };
    let old = limits(10, 100);
    let approved = [approval(&of_tool(), &limits(5, 200))];
    assert!(judged(&old, &limits(5, 200), &approved).passes);
    // Each true maximum is one that some state has, and no state has both.
    assert!(!judged(&old, &limits(10, 200), &approved).passes);
}

#[test]
fn several_approvals_cover_a_change_together() {
    let values = |list: &str| {
        tool(&format!(
            r#"{{"require":[{{"conditions":[{{"path":"args.v","op":"in","value":{list}}}]}}]}}"#
        ))
    };
    let old = values(r#"["a"]"#);
    let approved = [
        approval(&of_tool(), &values(r#"["b"]"#)),
        approval(&of_tool(), &values(r#"["c","d"]"#)),
    ];
    let case = judged(&old, &values(r#"["a","b","c"]"#), &approved);
    assert!(case.passes);
    assert_eq!(case.judgement.used().collect::<Vec<_>>(), [0, 1]);
    let beyond = judged(&old, &values(r#"["a","b","e"]"#), &approved);
    assert_eq!(arguments_outside(&beyond).unwrap(), r#"{"v":"e"}"#);
}

#[test]
fn an_approval_of_one_scope_says_nothing_of_another() {
    let old = policy(r#"{"version":"1","default":"deny"}"#);
    let new = policy(r#"{"version":"1","default":"allow"}"#);
    let unlisted = approval(&Scope::Unlisted, &new);
    assert!(judged(&old, &new, std::slice::from_ref(&unlisted)).passes);
    // A tool that the old policy does not name is one of the unlisted, however
    // the new one lists it.
    let limited = format!(r#"{{"limits":[{}]}}"#, per("minute", 3));
    for listed in [tool("{}"), tool(&limited)] {
        assert!(judged(&old, &listed, std::slice::from_ref(&unlisted)).passes);
    }
    // One that it hides by its name is none of them.
    let hiding = policy(r#"{"version":"1","default":"deny","hide":["t"]}"#);
    assert!(!judged(&hiding, &tool("{}"), &[unlisted]).passes);
    // What was listed is not approved by a word about what was not.
    let gone = judged(&tool(&format!("{{{}}}", lte(1))), &new, &[]);
    assert!(!gone.passes);
    let approved = [approval(&Scope::Unlisted, &new), approval(&of_tool(), &new)];
    let old = tool(&format!("{{{}}}", lte(1)));
    assert!(!judged(&old, &new, &approved[..1]).passes);
    assert!(judged(&old, &new, &approved).passes);
}

#[test]
fn an_approval_that_admits_more_than_is_needed_shows_a_call_of_the_surplus() {
    let surplus = |old: &Policy, new: &Policy, approved: &[Approval]| {
        let case = judged(old, new, approved);
        assert!(case.passes);
        let each = case.judgement.surplus.into_iter();
        let each = each.map(|of| (of.approval, of.calls));
        each.collect::<Vec<_>>()
    };
    let (old, new) = (bounded(1, 5), bounded(10, 5));
    assert_eq!(surplus(&old, &new, &[approval(&of_tool(), &new)]), []);
    let wide = surplus(&old, &new, &[approval(&of_tool(), &bounded(100, 5))]);
    let (at, calls) = &wide[0];
    let amount = calls[0].arguments.get("n").unwrap();
    let amount = amount.to_json().as_f64().unwrap();
    assert!(*at == 0 && amount > 10.0 && amount <= 100.0, "{calls:?}");
    let often = surplus(&old, &new, &[approval(&of_tool(), &bounded(10, 7))]);
    let calls: u64 = often[0].1.iter().map(|call| call.repeat).sum();
    assert_eq!(calls, 6);
    // What the old policy lets through is no surplus.
    let (old, new) = (bounded(50, 5), bounded(50, 6));
    let approved = approval(&of_tool(), &bounded(50, 6));
    assert_eq!(surplus(&old, &new, &[approved]), []);
    // An approval of the unlisted tools that one listed tool needs.
    let closed = policy(r#"{"version":"1","default":"deny"}"#);
    let open = policy(r#"{"version":"1","default":"allow"}"#);
    let unlisted = approval(&Scope::Unlisted, &open);
    assert_eq!(surplus(&closed, &bounded(1, 5), &[unlisted]).len(), 1);
}

#[test]
fn showing_a_tool_again_is_approved_as_a_state_that_shows_it() {
    let old = policy(r#"{"version":"1","default":"deny","hide":["t"],"tools":{"t":{}}}"#);
    let new = tool("{}");
    let hidden = [approval(&of_tool(), &old)];
    assert!(!judged(&old, &new, &hidden).passes);
    assert!(judged(&old, &new, &[approval(&of_tool(), &new)]).passes);
}

#[test]
fn tools_that_become_callable_stay_within_the_limits_on_all_tools() {
    let with = |tools: &str, max: u32| {
        let all = per("minute", max);
        policy(&format!(
            r#"{{"version":"1","default":"deny","all_tools":{{"limits":[{all}]}},"tools":{{{tools}}}}}"#
        ))
    };
    let ten = |name: &str| format!(r#""{name}":{{"limits":[{}]}}"#, per("minute", 10));
    let old = with(&ten("a"), 15);
    let tools = format!("{},{}", ten("a"), ten("t"));
    let new = with(&tools, 30);
    // The old tool alone never reaches 15, so only the new tool is a change.
    let approved = [approval(&of_tool(), &new)];
    let case = judged(&old, &new, &approved);
    assert!(!case.passes, "20 a minute where the old limits bear 15");
    assert_eq!(case.judgement.outside().next().unwrap().0, &Scope::AllTools);
    let both = [approval(&of_tool(), &new), approval(&Scope::AllTools, &new)];
    assert!(judged(&old, &new, &both).passes);
    assert!(judged(&old, &with(&tools, 15), &approved).passes);
}

#[test]
fn what_cannot_be_determined_passes_only_as_it_was_approved() {
    let budget = Budget {
        steps: 1,
        boxes: 1,
        conditions: 1_000,
        automaton: 1,
        calls: 1,
    };
    let pattern = |text: &str| {
        tool(&format!(
            r#"{{"require":[{{"conditions":[{{"path":"args.v","op":"regex","value":"{text}"}}]}}]}}"#
        ))
    };
    let (old, new) = (pattern("^a+b$"), pattern("^a+(b|c)$"));
    let case = |approved: &[Approval]| {
        let comparison = compare::policies(&old, &new, &budget);
        assert!(comparison.undetermined);
        judged_as(&old, &new, comparison, approved, &budget)
    };
    let without = case(&[]);
    assert!(!without.passes);
    assert!(
        without
            .judgement
            .outside()
            .next()
            .unwrap()
            .1
            .reason
            .is_some()
    );
    assert!(!case(&[approval(&of_tool(), &pattern("^a+(b|c|d)$"))]).passes);
    assert!(case(&[approval(&of_tool(), &new)]).passes);
}

#[test]
fn an_approval_that_the_old_policy_covers_is_idle() {
    let (old, new) = (bounded(20, 5), bounded(30, 5));
    let approved = [
        approval(&of_tool(), &bounded(15, 5)),
        approval(&of_tool(), &bounded(25, 5)),
    ];
    assert_eq!(judged(&old, &new, &approved).judgement.stale, [0]);
}

#[test]
fn a_removal_passes_only_when_it_is_approved() {
    let old = bounded(1, 1);
    let removal = Approval {
        approved: Approved::Removal,
        ..approval(&of_tool(), &old)
    };
    let judge = |approvals: &[(usize, &Approval)]| {
        let budget = Budget::default();
        judge(
            Some(&old),
            None,
            &[],
            approvals,
            (&budget, &Allowance::new(&budget)),
        )
    };
    assert_eq!(judge(&[]).removal, None);
    assert_eq!(judge(&[(3, &removal)]).removal, Some(3));
    let of_rules = approval(&of_tool(), &old);
    assert_eq!(judge(&[(0, &of_rules)]).removal, None);
}

#[test]
fn the_gate_changed_heeds_no_approval() {
    let (old, new) = (bounded(10, 5), bounded(20, 5));
    let approved = [approval(&of_tool(), &new)];
    let comparison = compare::policies(&old, &new, &Budget::default());
    let indexed: Vec<_> = approved.iter().enumerate().collect();
    let policy = PolicyDiff {
        name: "policy.json".to_owned(),
        old: None,
        new: None,
        opened: Vec::new(),
        judgement: judge(
            Some(&old),
            Some(&new),
            &comparison.changes,
            &indexed,
            (&Budget::default(), &Allowance::new(&Budget::default())),
        ),
        status: PolicyStatus::Compared(comparison),
        traffic: None,
        drift: Vec::new(),
        told: None,
    };
    let refused = Gate::ALL.map(|gate| gate.refuses(&policy));
    assert_eq!(refused, [false, true, false]);
}
