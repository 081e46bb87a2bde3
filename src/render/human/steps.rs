//! One decision, step by step.

use std::fmt::Write;

use crate::render::escape::terminal;
use crate::render::{quote, words};
use mcppolicy_analysis::replay::results::Actual;
use mcppolicy_analysis::report::Decided;
use mcppolicy_analysis::shorten;
use mcppolicy_engine::source::{Location, SourceMap};

/// A decision and every step that led to it.
pub(super) fn render(out: &mut String, decided: &Decided, sources: &SourceMap) {
    let actual = &decided.actual;
    let _ = write!(out, "{} ", terminal(&shorten::name(&decided.tool)));
    let _ = writeln!(
        out,
        "{}",
        decision_line(actual, decided.rule_location, sources)
    );
    if let Some(message) = &actual.message {
        let _ = writeln!(
            out,
            "  the agent is told: [POLICY DENIED] {}",
            terminal(&shorten::text(message))
        );
    }
    if let Some(label) = &actual.label {
        let _ = writeln!(
            out,
            "  the gateway logs: {}",
            terminal(&shorten::text(label))
        );
    }
    out.push('\n');
    for step in &decided.steps {
        let rule = step
            .rule
            .as_deref()
            .map(|rule| format!(" {}", terminal(&shorten::name(rule))))
            .unwrap_or_default();
        let line = format!(
            "  {:<12} {:<12}{rule}",
            step.outcome.name(),
            step.kind.name()
        );
        let _ = writeln!(out, "{}", line.trim_end());
        for condition in &step.conditions {
            let line = terminal(&quote::condition(condition));
            let _ = writeln!(out, "  {:<25} {line}", "");
        }
        if let Some(counter) = &step.counter {
            let _ = writeln!(out, "  {:<25} {}", "", terminal(&quote::counter(counter)));
        }
    }
}

/// `is denied by /hide/0 (hidden) in policy.json:3:12`, `is allowed`, …
pub(super) fn decision_line(
    actual: &Actual,
    location: Option<Location>,
    sources: &SourceMap,
) -> String {
    let mut line = terminal(&words::decision(actual));
    if let Some(location) = location {
        let at = sources.start(location);
        let name = terminal(sources.get(location.file).name());
        let _ = write!(line, " in {name}:{}:{}", at.line, at.column);
    }
    line
}
