//! A counter whose name misleads.

use super::{Bad, Check, Context, Good, Proof, Reporter, Rule, RuleId, quoted};
use mcppolicy_engine::policy::Window;

/// `counter-naming`
pub static RULE: Rule = Rule {
    id: RuleId::CounterNaming,
    since: "0.1.0",
    fixes: false,
    options: None,
    what: "Looks for counters that are named after another window than theirs (`calls_per_hour` \
           over a day), and for names with anything but lower-case letters, digits, `_` and `-`.",
    why: "The log and the agent's message identify a limit only by this name.",
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
    good: &[
        Good {
            says: "The name of the tool itself has capitals",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "getDailyReport": {
      "limits": [{ "counter": "getDailyReport_per_hour", "window": "hour", "max": 100, "scope": "grant" }]
    }
  }
}"#,
        },
        Good {
            says: "The name has what is counted and the window",
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
        },
    ],
    check: Check::Policy(check),
};

fn check(context: &Context<'_>, reporter: &mut Reporter<'_>) {
    let of_tool = |limit| (None, limit);
    let all = context.policy.all_tools.iter().map(of_tool);
    let own = context.tools.iter().flat_map(|tool| {
        let of_tool = move |limit| (Some(tool.name()), limit);
        tool.rules.limits.iter().map(of_tool)
    });
    for (tool, limit) in all.chain(own) {
        let name = &limit.counter.value;
        // The tool's name is not the author's: whoever searches for it finds it.
        let words = tool.and_then(|tool| {
            let (before, behind) = name.split_once(tool)?;
            Some(format!("{before}_{behind}"))
        });
        let words = words.as_deref().unwrap_or(name);
        let is_plain =
            |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-');
        let (message, help) = if let Some(other) = other_window(words, limit.window.value) {
            let window = limit.window.value.name();
            (
                format!("`{name}` speaks of {other} and counts over a {window}"),
                format!(
                    "call it after what it counts, such as {}",
                    quoted(&better(name, tool, window))
                ),
            )
        } else if !words.chars().all(is_plain) {
            (
                format!("`{name}` is not made of lower-case letters, digits, `_` and `-`"),
                format!("write {}", quoted(&normalized(name, tool))),
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
fn other_window(name: &str, window: Window) -> Option<&'static str> {
    let name = name.to_lowercase();
    let words: Vec<&str> = name.split(|c: char| !c.is_alphanumeric()).collect();
    let spoken = |window: Window| {
        let known: &[&str] = match window {
            Window::Minute => &["minute", "minutely"],
            Window::Hour => &["hour", "hourly"],
            Window::Day => &["day", "daily"],
        };
        words.iter().any(|word| known.contains(word))
    };
    if spoken(window) {
        return None;
    }
    match Window::ALL.into_iter().find(|window| spoken(*window))? {
        Window::Minute => Some("a minute"),
        Window::Hour => Some("an hour"),
        Window::Day => Some("a day"),
    }
}

fn better(name: &str, tool: Option<&str>, window: &str) -> String {
    match tool.filter(|tool| name.contains(tool)) {
        Some(tool) => format!("{tool}_per_{window}"),
        None => {
            let stem = name.split("_per_").next().unwrap_or(name);
            format!("{}_per_{window}", plain(stem))
        }
    }
}

/// The name in plain words, but for the tool's in it.
fn normalized(name: &str, tool: Option<&str>) -> String {
    let Some((tool, (before, behind))) = tool.and_then(|tool| Some((tool, name.split_once(tool)?)))
    else {
        return plain(name);
    };
    let has_words = |part: &&str| part.contains(|c: char| c.is_ascii_alphanumeric());
    let before = Some(before).filter(has_words).map(plain);
    let behind = Some(behind).filter(has_words).map(plain);
    let parts = [before, Some(tool.to_owned()), behind];
    parts.into_iter().flatten().collect::<Vec<_>>().join("_")
}

fn plain(name: &str) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric());
    let words: Vec<String> = words
        .filter(|word| !word.is_empty())
        .map(str::to_ascii_lowercase)
        .collect();
    if words.is_empty() {
        "calls".to_owned()
    } else {
        words.join("_")
    }
}
