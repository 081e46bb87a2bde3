//! `coverage` and `mutate`: each point and each mutant.

use serde::Serialize;
use serde::ser::SerializeMap;
use serde_json::{Value, json};

use super::findings::{json_finding, json_span};
use crate::render::quote::step_line;
use crate::share::finding::{Finding, Span};
use mcppolicy_analysis::coverage::{Count, Covered, Criterion};
use mcppolicy_analysis::mutate::{Mutant, Outcome, Score};
use mcppolicy_analysis::report::{Pinned, PinnedPolicy, Pins};
use mcppolicy_engine::source::{Location, SourceMap};

/// The grant that makes the calls of a mutant's witness.
const GRANT: &str = "tester";

pub(super) fn members<M: SerializeMap>(
    map: &mut M,
    pinned: &Pinned,
    sources: &SourceMap,
) -> Result<(), M::Error> {
    let is_coverage = |policy: &PinnedPolicy| matches!(policy.what, Pins::Points { .. });
    if pinned.policies.iter().any(is_coverage) {
        coverage(map, pinned, sources)?;
    } else {
        mutation(map, pinned, sources)?;
    }
    let unmet = pinned.policies.iter().flat_map(|policy| &policy.unmet);
    map.serialize_entry("unmet", &unmet.collect::<Vec<_>>())?;
    let written = pinned.policies.iter().flat_map(|policy| &policy.written);
    map.serialize_entry("written", &written.collect::<Vec<_>>())?;
    let findings = pinned.findings.iter();
    let findings: Vec<Finding<'_>> = findings
        .map(|finding| json_finding(finding, sources))
        .collect();
    map.serialize_entry("findings", &findings)
}

fn coverage<M: SerializeMap>(
    map: &mut M,
    pinned: &Pinned,
    sources: &SourceMap,
) -> Result<(), M::Error> {
    let of = |criterion| {
        let each = pinned.policies.iter().map(|policy| policy.count(criterion));
        each.fold(Count::default(), Count::plus)
    };
    let mut criteria = serde_json::Map::new();
    for criterion in Criterion::ALL {
        let is_asked = pinned.policies.iter().any(|policy| match &policy.what {
            Pins::Points { criteria, .. } => criteria.contains(&criterion),
            Pins::Mutants { .. } => false,
        });
        if is_asked {
            criteria.insert(criterion.name().to_owned(), counts(of(Some(criterion))));
        }
    }
    let mut summary = counts(of(None));
    if let Some(summary) = summary.as_object_mut() {
        summary.insert("policies".to_owned(), pinned.policies.len().into());
        summary.insert("criteria".to_owned(), Value::Object(criteria));
    }
    map.serialize_entry("summary", &summary)?;
    let mut points = Vec::new();
    for policy in &pinned.policies {
        if let Pins::Points { points: own, .. } = &policy.what {
            points.extend(own.iter().map(|covered| point(policy, covered, sources)));
        }
    }
    map.serialize_entry("coverage", &json!({ "points": points }))
}

/// Points in numbers. The percentage is rounded down.
fn counts(count: Count) -> Value {
    json!({
        "covered": count.covered,
        "seen": count.seen,
        "uncovered": count.uncovered,
        "infeasible": count.infeasible,
        "undetermined": count.undetermined,
        "percent": (count.percent() * 100.0).floor() / 100.0,
    })
}

fn point(policy: &PinnedPolicy, covered: &Covered, sources: &SourceMap) -> Value {
    let witness: Vec<Value> = covered
        .witness
        .iter()
        .map(|step| record(&step_line(step.grant, &step.call)))
        .collect();
    json!({
        "policy": policy.name,
        "pointer": covered.point.pointer,
        "span": span(policy, covered.point.span, sources),
        "criterion": covered.point.kind.criterion().name(),
        "kind": covered.point.kind.name(),
        "what": format!("a call {}", covered.point.what),
        "status": covered.status.name(),
        "by": covered.by.iter().filter_map(|call| place(policy, *call)).collect::<Vec<_>>(),
        "witness": (!witness.is_empty()).then(|| json!({ "calls": witness })),
    })
}

fn mutation<M: SerializeMap>(
    map: &mut M,
    pinned: &Pinned,
    sources: &SourceMap,
) -> Result<(), M::Error> {
    let each = pinned.policies.iter().map(PinnedPolicy::score);
    let score = each.fold(Score::default(), Score::plus);
    let (mut mutants, mut left_out, mut listed) = (Vec::new(), Vec::new(), Vec::new());
    for policy in &pinned.policies {
        let Pins::Mutants {
            outcomes,
            skipped,
            listed: own,
            ..
        } = &policy.what
        else {
            continue;
        };
        mutants.extend(
            outcomes
                .iter()
                .map(|outcome| mutant(policy, outcome, sources)),
        );
        for (mutant, reason) in skipped {
            let mut members = described(policy, mutant, sources);
            if let Some(members) = members.as_object_mut() {
                members.insert("reason".to_owned(), reason.as_str().into());
            }
            left_out.push(members);
        }
        listed.extend(own.iter().map(|mutant| described(policy, mutant, sources)));
    }
    let summary = json!({
        "policies": pinned.policies.len(),
        "killed": score.killed,
        "noticed": score.noticed,
        "survived": score.survived,
        "equivalent": score.equivalent,
        "undecided": score.undecided,
        "loosening": score.loosening,
        "skipped": left_out.len(),
        "listed": listed.len(),
        "percent": score.percent().map(|percent| (percent * 100.0).floor() / 100.0),
    });
    map.serialize_entry("summary", &summary)?;
    map.serialize_entry("mutants", &mutants)?;
    map.serialize_entry("skipped", &left_out)?;
    if !listed.is_empty() {
        map.serialize_entry("listed", &listed)?;
    }
    Ok(())
}

fn described(policy: &PinnedPolicy, mutant: &Mutant, sources: &SourceMap) -> Value {
    json!({
        "policy": policy.name,
        "id": mutant.id,
        "operator": mutant.operator.name(),
        "pointer": mutant.pointer,
        "span": span(policy, mutant.span, sources),
        "from": mutant.from,
        "to": mutant.to,
        "what": mutant.what,
    })
}

fn mutant(policy: &PinnedPolicy, outcome: &Outcome, sources: &SourceMap) -> Value {
    let mut members = described(policy, &outcome.mutant, sources);
    let witness = outcome.witness.as_ref().map(|witness| {
        let calls = witness.calls.iter();
        let calls = calls.map(|call| record(&step_line(GRANT, call)));
        json!({ "calls": calls.collect::<Vec<_>>() })
    });
    let by = outcome.by.and_then(|call| place(policy, call));
    let is_killed = outcome.status == mcppolicy_analysis::mutate::Status::Killed;
    if let Some(members) = members.as_object_mut() {
        let mut add = |name: &str, value: Value| members.insert(name.to_owned(), value);
        add("status", outcome.status.name().into());
        add(
            "direction",
            outcome.direction.map(|direction| direction.name()).into(),
        );
        add("killed_by", by.clone().filter(|_| is_killed).into());
        add("noticed_by", by.filter(|_| !is_killed).into());
        add("reason", outcome.reason.map(|reason| reason.name()).into());
        add("witness", witness.into());
    }
    members
}

/// A call of the tests.
fn place(policy: &PinnedPolicy, call: usize) -> Option<Value> {
    #[derive(Serialize)]
    struct Place<'a> {
        file: &'a str,
        line: usize,
    }
    let (file, line) = policy.calls.get(call)?;
    let place = Place { file, line: *line };
    serde_json::to_value(place).ok()
}

fn span(policy: &PinnedPolicy, span: mcppolicy_engine::source::Span, sources: &SourceMap) -> Value {
    let location = Location {
        file: policy.policy.file,
        span,
    };
    let span: Span = json_span(location, sources);
    serde_json::to_value(span).unwrap_or_default()
}

/// A line of a trace as a JSON value.
fn record(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_default()
}
