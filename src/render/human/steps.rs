//! One decision, step by step.

use std::fmt::Write;

use crate::render::escape::terminal;
use crate::render::{outcome, quote, words};
use mcppolicy_analysis::replay::results::Actual;
use mcppolicy_analysis::report::Decided;
use mcppolicy_analysis::shorten;
use mcppolicy_engine::source::{Location, SourceMap};

/// A decision and every step that led to it.
pub(super) fn render(out: &mut String, decided: &Decided, sources: &SourceMap) {
    let actual = &decided.actual;
    let _ = writeln!(out, "{}", terminal(&outcome::sentence(decided)));
    if let Some(rule) = &actual.rule {
        let rule = terminal(&shorten::name(rule));
        let position = position(decided.rule_location, sources);
        let _ = writeln!(out, "  the rule: {rule}{position}");
    }
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
    let line = terminal(&words::decision(actual));
    line + &position(location, sources)
}

/// ` in policy.json:3:12`; nothing where no position is known.
fn position(location: Option<Location>, sources: &SourceMap) -> String {
    let position = location.map(|location| {
        let at = sources.start(location);
        let name = terminal(sources.get(location.file).name());
        format!(" in {name}:{}:{}", at.line, at.column)
    });
    position.unwrap_or_default()
}
