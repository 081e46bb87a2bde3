//! One decision, step by step.

use std::fmt::Write;

use super::terminal;
use crate::engine::{CounterSeen, Interval, Reason};
use crate::replay::results::Actual;
use crate::report::Decided;
use crate::source::{Location, SourceMap};
use crate::trace::DecisionName;

/// A decision and every step that led to it.
pub(super) fn render(out: &mut String, decided: &Decided, sources: &SourceMap) {
    let actual = &decided.actual;
    let _ = write!(out, "{} ", terminal(&decided.tool));
    let _ = writeln!(
        out,
        "{}",
        decision_line(actual, decided.rule_location, sources)
    );
    if let Some(message) = &actual.message {
        let _ = writeln!(
            out,
            "  the agent is told: [POLICY DENIED] {}",
            terminal(message)
        );
    }
    if let Some(label) = &actual.label {
        let _ = writeln!(out, "  the gateway logs: {}", terminal(label));
    }
    out.push('\n');
    for step in &decided.steps {
        let rule = step
            .rule
            .as_deref()
            .map(|rule| format!(" {}", terminal(rule)))
            .unwrap_or_default();
        let line = format!(
            "  {:<12} {:<12}{rule}",
            step.outcome.name(),
            step.kind.name()
        );
        let _ = writeln!(out, "{}", line.trim_end());
        for condition in &step.conditions {
            let saw = match (&condition.saw, condition.held) {
                (Some(value), _) => format!("saw {}", terminal(&value.to_string())),
                (None, Some(_)) => "saw nothing".to_owned(),
                (None, None) => "arguments unknown".to_owned(),
            };
            let held = match condition.held {
                Some(true) => "holds",
                Some(false) => "does not hold",
                None => "unknown",
            };
            let operand = terminal(&condition.operand.to_string());
            let path = terminal(&condition.path);
            let _ = writeln!(
                out,
                "  {:<25} {path} {} {operand}: {saw}, {held}",
                "", condition.op
            );
        }
        if let Some(counter) = &step.counter {
            let _ = writeln!(out, "  {:<25} {}", "", counter_line(counter));
        }
    }
}

fn counter_line(seen: &CounterSeen) -> String {
    let range = |interval: Interval| match interval {
        Interval { low, high } if low == high => low.to_string(),
        Interval {
            low,
            high: u64::MAX,
        } => format!("{low} or more"),
        Interval { low, high } => format!("{low} to {high}"),
    };
    let amount = seen
        .amount
        .map_or("an amount that cannot be counted".to_owned(), range);
    let (counter, max, window) = (terminal(&seen.counter), seen.max, seen.window);
    format!(
        "{counter}: {} of {max} per {window} used, this call adds {amount}",
        range(seen.used)
    )
}

/// `is denied by /hide/0 (hidden) in policy.json:3:12`, `is allowed`, …
pub(super) fn decision_line(
    actual: &Actual,
    place: Option<Location>,
    sources: &SourceMap,
) -> String {
    let mut line = match (actual.decision, &actual.rule, actual.kind, actual.reason) {
        (DecisionName::Allow, ..) => "is allowed".to_owned(),
        (DecisionName::Undetermined, _, _, reason) => {
            format!(
                "is undetermined: {}",
                reason.map_or("unknown", Reason::name)
            )
        }
        (DecisionName::Deny, Some(rule), Some(kind), _) => {
            format!("is denied by {} ({})", terminal(rule), kind.name())
        }
        (DecisionName::Deny, _, Some(kind), _) => format!("is denied ({})", kind.name()),
        (DecisionName::Deny, ..) => "is denied, by which rule is not certain".to_owned(),
    };
    if let Some(location) = place {
        let at = sources.start(location);
        let name = terminal(sources.get(location.file).name());
        let _ = write!(line, " in {name}:{}:{}", at.line, at.column);
    }
    line
}
