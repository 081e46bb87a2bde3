//! A counter whose name misleads.

use super::{Bad, Context, Good, Group, Proof, Reporter, Rule, quoted};
use crate::diagnostic::Severity;
use crate::policy::{Limit, Window};

/// `counter-naming`
pub static RULE: Rule = Rule {
    name: "counter-naming",
    summary: "A counter's name speaks of another window, or is hard to type",
    group: Group::Style,
    severity: Severity::Note,
    pedantic: true,
    since: "0.1.0",
    fixes: false,
    aliases: &[],
    what: "Looks for counters that are called after another window than theirs (`calls_per_hour` over \
           a day), and for names with anything but lower-case letters, digits, `_` and `-`.",
    why: "The name is all that the log and the agent's message say of a limit.",
    bad: &[
        Bad {
            says: "The window is a day",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_job": {
      "limits": [{ "counter": "reads_per_hour", "window": "day", "max": 500, "scope": "grant" }]
    }
  }
}"#,
            proof: Proof::Plain,
        },
        Bad {
            says: "Spaces and capitals are mistyped in a search of the log",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "all_tools": { "limits": [{ "counter": "All Calls", "window": "day", "max": 500, "scope": "grant" }] },
  "tools": { "get_job": {} }
}"#,
            proof: Proof::Plain,
        },
    ],
    good: &[Good {
        says: "What is counted, over which window",
        policy: r#"{
  "version": "1",
  "default": "deny",
  "all_tools": { "limits": [{ "counter": "daily-calls", "window": "day", "max": 500, "scope": "grant" }] },
  "tools": {
    "get_job": {
      "limits": [{ "counter": "reads_per_hour", "window": "hour", "max": 100, "scope": "grant" }]
    }
  }
}"#,
    }],
    check,
};

fn check(context: &Context<'_>, reporter: &mut Reporter<'_>) {
    let own = context.tools.iter().flat_map(|tool| &tool.rules.limits);
    for limit in context.policy.all_tools.iter().chain(own) {
        let name = &limit.counter.value;
        let is_plain =
            |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-');
        let (message, help) = if let Some(other) = other_window(limit) {
            let window = limit.window.value.name();
            (
                format!("`{name}` speaks of {other} and counts over a {window}"),
                format!(
                    "call it after what it counts, such as {}",
                    quoted(&better(name, window))
                ),
            )
        } else if !name.chars().all(is_plain) {
            (
                format!("`{name}` is not made of lower-case letters, digits, `_` and `-`"),
                format!("write {}", quoted(&plain(name))),
            )
        } else {
            continue;
        };
        let pointer = format!("{}/counter", limit.pointer);
        let finding = reporter
            .finding(limit.counter.span, pointer, message)
            .help(help);
        reporter.push(finding);
    }
}

/// The word in a counter's name for another window than its own.
fn other_window(limit: &Limit) -> Option<&'static str> {
    let name = limit.counter.value.to_lowercase();
    let words: Vec<&str> = name.split(|c: char| !c.is_alphanumeric()).collect();
    let spoken = |window: Window| {
        let known: &[&str] = match window {
            Window::Minute => &["minute", "minutely"],
            Window::Hour => &["hour", "hourly"],
            Window::Day => &["day", "daily"],
        };
        words.iter().any(|word| known.contains(word))
    };
    if spoken(limit.window.value) {
        return None;
    }
    match Window::ALL.into_iter().find(|window| spoken(*window))? {
        Window::Minute => Some("a minute"),
        Window::Hour => Some("an hour"),
        Window::Day => Some("a day"),
    }
}

fn better(name: &str, window: &str) -> String {
    let stem = name.split("_per_").next().unwrap_or(name);
    format!("{}_per_{window}", plain(stem))
}

fn plain(name: &str) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric());
    let words: Vec<String> = words
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    match words.is_empty() {
        true => "calls".to_owned(),
        false => words.join("_"),
    }
}
