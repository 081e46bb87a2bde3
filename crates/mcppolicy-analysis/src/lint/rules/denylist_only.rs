//! Free text that only patterns in `deny_if` restrict.

use super::allowlist::{Requirements, Subject, accepted, is_listed};
use super::{Bad, Check, Context, Good, Proof, Reporter, Rule, RuleId};
use crate::lint::context::Tool;
use crate::lint::witness::candidates;
use mcppolicy_engine::engine::ValueRef;
use mcppolicy_engine::policy::{Condition, Path, Test};
use mcppolicy_engine::value::Value;
use mcppolicy_trace::trace::WitnessCall;

/// `denylist-only`
pub static RULE: Rule = Rule {
    id: RuleId::DenylistOnly,
    since: "0.1.0",
    fixes: false,
    options: None,
    what: "For arguments that take a command, a query, a path, a URL or a host by their name, and \
           that have `deny_if` patterns and no `require`, tries variants of what each pattern \
           refuses: other case, other spacing, quotes that a shell removes, an additional slash. \
           It reports the variants that the whole policy allows, and nothing when each pattern \
           refuses them all.",
    why: "A pattern that refuses `rm` does not refuse `r''m`, which a shell runs as well. A list \
          of what is refused is never complete; a list of what is allowed is.",
    bad: &[
        Bad {
            says: "SQL does not care about case",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_rows": {
      "require": [{ "conditions": [{ "path": "args.sql", "op": "exists", "value": true }] }],
      "deny_if": [{ "conditions": [{ "path": "args.sql", "op": "regex", "value": "DROP TABLE" }] }]
    }
  }
}"#,
            proof: Proof::Passes,
        },
        Bad {
            says: "A shell removes quotes",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "execute_command": {
      "require": [{ "conditions": [{ "path": "args.command", "op": "exists", "value": true }] }],
      "deny_if": [{ "conditions": [{ "path": "args.command", "op": "regex", "value": "\\brm\\b" }] }],
      "limits": [{ "counter": "commands", "window": "hour", "max": 60, "scope": "grant" }]
    }
  }
}"#,
            proof: Proof::Passes,
        },
    ],
    good: &[
        Good {
            says: "A list of what is allowed is beside it",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_rows": {
      "require": [{ "conditions": [{ "path": "args.sql", "op": "regex", "value": "^SELECT [a-z, ]+ FROM [a-z]+$" }] }],
      "deny_if": [{ "conditions": [{ "path": "args.sql", "op": "contains", "value": "password" }] }]
    }
  }
}"#,
        },
        Good {
            says: "There is one way to write `..`",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_file": {
      "require": [{ "conditions": [{ "path": "args.path", "op": "exists", "value": true }] }],
      "deny_if": [{ "conditions": [{ "path": "args.path", "op": "contains", "value": ".." }] }]
    }
  }
}"#,
        },
        Good {
            says: "A title is not a command",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_page": {
      "require": [{ "conditions": [{ "path": "args.title", "op": "exists", "value": true }] }],
      "deny_if": [{ "conditions": [{ "path": "args.title", "op": "regex", "value": "Secret" }] }]
    }
  }
}"#,
        },
    ],
    check: Check::Policy(check),
};

/// The witnesses that one finding shows.
const SHOWN: usize = 3;

/// How many texts of one pattern are disguised.
const TEXTS: usize = 3;

fn check(context: &Context<'_>, reporter: &mut Reporter<'_>) {
    for tool in context.open_tools() {
        let mut seen: Vec<&Path> = Vec::new();
        let alone = tool
            .rules
            .deny_if
            .iter()
            .filter_map(|rule| match rule.conditions.as_slice() {
                [condition] if is_pattern(condition) => Some(condition),
                _ => None,
            });
        let alone: Vec<&Condition> = alone.collect();
        for condition in &alone {
            let path = &condition.path.value;
            let Some(subject) = Subject::of(path) else {
                continue;
            };
            if seen.contains(&path) || is_listed(tool, path) {
                continue;
            }
            seen.push(path);
            let patterns = alone
                .iter()
                .copied()
                .filter(|other| other.path.value == *path);
            look(context, reporter, tool, subject, patterns);
        }
    }
}

fn is_pattern(condition: &Condition) -> bool {
    matches!(
        condition.test,
        Test::Regex(_) | Test::Contains(Value::String(_))
    )
}

fn look<'c>(
    context: &Context<'_>,
    reporter: &mut Reporter<'_>,
    tool: &Tool<'_>,
    subject: Subject,
    patterns: impl Iterator<Item = &'c Condition>,
) {
    let mut first = None;
    let mut calls: Vec<WitnessCall> = Vec::new();
    for condition in patterns {
        if calls.len() < SHOWN
            && let Some(call) = beside(context, tool, subject, condition)
            && !calls.contains(&call)
        {
            first = first.or(Some(condition));
            calls.push(call);
        }
    }
    let (Some(condition), Some(calls)) = (first, reporter.passing(calls)) else {
        return;
    };
    let path = &condition.path.value;
    let message = format!(
        "`{path}` of `{}` is guarded by what is refused alone, and another spelling passes",
        tool.name()
    );
    let finding = reporter
        .finding(
            condition.value_span,
            format!("{}/value", condition.pointer),
            message,
        )
        .help("say in a \"require\" what is allowed; keep the \"deny_if\" for exceptions from that")
        .witness(calls);
    reporter.push(finding);
}

/// A call with another spelling of what the pattern refuses.
fn beside(
    context: &Context<'_>,
    tool: &Tool<'_>,
    subject: Subject,
    condition: &Condition,
) -> Option<WitnessCall> {
    let refused = candidates([&condition.test])
        .into_iter()
        .filter_map(|value| match value {
            Value::String(text) if condition.test.holds(ValueRef::String(&text)) => Some(text),
            _ => None,
        });
    refused.take(TEXTS).find_map(|text| {
        let disguised = disguised(subject, &text)?;
        accepted(
            context,
            tool,
            &Requirements::matching(&condition.path.value, &[&disguised]),
        )
    })
}

/// A pattern of the texts that mean the same as `text` to what reads it;
/// nothing when there is no other.
fn disguised(subject: Subject, text: &str) -> Option<String> {
    let has_word = text.chars().filter(char::is_ascii_alphabetic).count() >= 2;
    if !has_word || text.contains(char::is_control) {
        return None;
    }
    let mut pattern = String::new();
    let mut was_letter = false;
    for c in text.chars() {
        let is_letter = c.is_ascii_alphabetic();
        match (subject, c) {
            (Subject::Command, _) if is_letter && was_letter => {
                pattern.push_str(r#"(?:''|""|\\)?"#);
                pattern.push(c);
            }
            (Subject::Command, ' ') => pattern.push_str(r"[ \t]+"),
            (Subject::Query, ' ') => pattern.push_str(r"(?:[ \t\n]|/\*\*/)+"),
            (Subject::Path, '/') => pattern.push_str(r"(?:/+|/\./)"),
            _ => pattern.push_str(&regex_syntax::escape(c.encode_utf8(&mut [0; 4]))),
        }
        was_letter = is_letter;
    }
    Some(match subject {
        Subject::Query => format!("(?i)^{pattern}$"),
        Subject::Host => format!(r"(?i)^{pattern}\.?$"),
        // Scheme and host have no case; the rest of a URL has.
        Subject::Url => format!("(?i)^{pattern}$"),
        Subject::Command | Subject::Path => format!("^{pattern}$"),
    })
}
