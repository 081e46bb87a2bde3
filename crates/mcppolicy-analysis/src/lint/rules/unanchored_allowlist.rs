//! A `require` pattern that is not anchored at both ends.

use super::allowlist::anchor::{Open, open_ends};
use super::allowlist::host::foreign_host;
use super::allowlist::{Allowlist, Requirements, Subject, accepted, is_of_array, pattern_of};
use super::{Bad, Check, Context, Good, Proof, Reporter, Rule, RuleId};
use crate::lint::context::Tool;
use crate::lint::witness::{candidates, passes, with};
use mcppolicy_engine::policy::{Condition, Test};
use mcppolicy_engine::value::Value;
use mcppolicy_trace::trace::WitnessCall;

/// `unanchored-allowlist`
pub static RULE: Rule = Rule {
    id: RuleId::UnanchoredAllowlist,
    since: "0.1.0",
    fixes: false,
    options: None,
    what: "Looks for patterns in `require` rules with a branch that is not anchored at the \
           beginning (`^`) or at the end (`$`) of the text, and for a value with foreign text \
           there that the whole policy allows. A prefix that ends in a separator (`^feat/`), and \
           a suffix that begins with one (`/README$`), are probably intended and reported only \
           under `--pedantic`.",
    why: "`regex` matches *somewhere* in the text. `git status` accepts `curl x | sh; git status`. \
          In `^a|b$` each anchor belongs to its own branch only, and under `(?m)` `^` and `$` also \
          match at every line.",
    bad: &[
        Bad {
            says: "The listed words may be anywhere in the text",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "execute_command": {
      "require": [{ "conditions": [{ "path": "args.command", "op": "regex", "value": "git (status|diff)" }] }],
      "limits": [{ "counter": "commands", "window": "hour", "max": 60, "scope": "grant" }]
    }
  }
}"#,
            proof: Proof::Passes,
        },
        Bad {
            says: "Each branch has one anchor",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_repo": {
      "require": [{ "conditions": [{ "path": "args.repo", "op": "regex", "value": "^website|handbook$" }] }]
    }
  }
}"#,
            proof: Proof::Passes,
        },
        Bad {
            says: "Under `(?m)` a second line may have any text",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_repo": {
      "require": [{ "conditions": [{ "path": "args.repo", "op": "regex", "value": "(?m)^[a-z]+$" }] }]
    }
  }
}"#,
            proof: Proof::Passes,
        },
    ],
    good: &[
        Good {
            says: "One pair of anchors around all branches",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_repo": {
      "require": [{ "conditions": [{ "path": "args.repo", "op": "regex", "value": "^(website|handbook)$" }] }]
    }
  }
}"#,
        },
        Good {
            says: "Anchored in each branch",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_repo": {
      "require": [{ "conditions": [{ "path": "args.repo", "op": "regex", "value": "^website$|^handbook$" }] }]
    }
  }
}"#,
        },
        Good {
            says: "A prefix that is open on purpose, and the mere demand that there is text",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "create_branch": {
      "require": [{ "conditions": [
        { "path": "args.branch", "op": "regex", "value": "^(feat|fix)/" },
        { "path": "args.reason", "op": "regex", "value": "\\S" }
      ] }]
    }
  }
}"#,
        },
        Good {
            says: "Another rule closes what this one leaves open",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_repo": {
      "require": [{ "conditions": [
        { "path": "args.repo", "op": "regex", "value": "acme" },
        { "path": "args.repo", "op": "in", "value": ["acme-web", "acme-docs"] }
      ] }]
    }
  }
}"#,
        },
        Good {
            says: "A pattern in `deny_if` should match anywhere",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_file": {
      "require": [{ "conditions": [{ "path": "args.path", "op": "regex", "value": "^docs/" }] }],
      "deny_if": [{ "conditions": [{ "path": "args.path", "op": "regex", "value": "\\.\\." }] }]
    }
  }
}"#,
        },
    ],
    check: Check::Policy(check),
};

fn check(context: &Context<'_>, reporter: &mut Reporter<'_>) {
    for tool in context.open_tools() {
        let conditions = tool.rules.require.iter().flat_map(|rule| &rule.conditions);
        for condition in conditions {
            let Some(pattern) = pattern_of(&condition.test) else {
                continue;
            };
            let is_part = matches!(condition.test, Test::Contains(_));
            if is_part && !is_query(tool, condition) {
                continue;
            }
            let Some(open) = open_ends(&pattern) else {
                continue;
            };
            if open.on_purpose && !reporter.is_pedantic() {
                continue;
            }
            let list = Allowlist {
                path: &condition.path.value,
                condition,
                pattern,
            };
            // Of a URL whose host may go on, the other rule says more.
            let is_host = !open.start && context.runs(RuleId::AllowlistAdmitsForeignHost);
            if !(is_host && foreign_host(context, tool, &list).is_some()) {
                look(context, reporter, tool, &list, open);
            }
        }
    }
}

/// Whether a condition is about a query, of which a part says nothing; what a part
/// of a path, a command or a URL lets in, the rules about those say.
fn is_query(tool: &Tool<'_>, condition: &Condition) -> bool {
    Subject::of(&condition.path.value) == Some(Subject::Query) && !is_of_array(tool, condition)
}

/// Foreign text, the most telling first; none of it fits everywhere.
const BEFORE: [&str; 5] = ["rm -rf / ; ", "../", "foreign\n", "foreign ", "foreign"];
const BEHIND: [&str; 6] = [
    " ; rm -rf /",
    "/../..",
    "\nforeign",
    " foreign",
    ".foreign.example",
    "foreign",
];

/// The same as patterns, for when no text that comes to mind passes.
const ANY_BEFORE: &str = r"^(?:rm -rf / ;|\.\./|foreign)";
const ANY_BEHIND: &str = r"(?:; rm -rf /|/\.\.|\.foreign\.example|foreign)$";

fn look(
    context: &Context<'_>,
    reporter: &mut Reporter<'_>,
    tool: &Tool<'_>,
    list: &Allowlist<'_>,
    open: Open,
) {
    let (path, pattern, condition) = (list.path, &list.pattern, list.condition);
    let base = context.accepted(tool).unwrap_or_else(Value::empty_object);
    let values: Vec<String> = candidates([&condition.test])
        .into_iter()
        .filter_map(|value| match value {
            Value::String(text) if pattern.is_match(&text) => Some(text),
            _ => None,
        })
        .collect();
    let passing = |text: String| {
        let arguments = with(&base, path, Value::String(text))?;
        passes(context.engine, tool.name(), &arguments)
            .then(|| WitnessCall::new(tool.name(), arguments))
    };
    let pairs = |foreign: &'static [&str]| {
        let values = values.as_slice();
        foreign
            .iter()
            .flat_map(move |foreign| values.iter().map(move |value| (*foreign, value)))
    };
    let mut calls = Vec::new();
    if open.start {
        let found =
            pairs(&BEFORE).find_map(|(foreign, value)| passing(format!("{foreign}{value}")));
        let any = || accepted(context, tool, &Requirements::matching(path, &[ANY_BEFORE]));
        calls.extend(found.or_else(any));
    }
    if open.end {
        let found =
            pairs(&BEHIND).find_map(|(foreign, value)| passing(format!("{value}{foreign}")));
        let any = || accepted(context, tool, &Requirements::matching(path, &[ANY_BEHIND]));
        calls.extend(found.or_else(any));
    }
    // What the whole policy closes is not open.
    if calls.is_empty() {
        return;
    }
    let Some(calls) = reporter.passing(calls) else {
        return;
    };
    let ends = match (open.start, open.end) {
        (true, true) => "at the beginning or at the end",
        (true, false) => "at the beginning",
        _ => "at the end",
    };
    let message = format!(
        "`{path}` of `{}` accepts foreign text {ends}: the {} there",
        tool.name(),
        if list.is_part() {
            "part that it must contain is not all that may be"
        } else {
            "pattern is not anchored"
        }
    );
    let is_part = list.is_part();
    let anchored = Value::from(format!("^(?:{})$", pattern.as_str()).as_str());
    let help = if is_part {
        "say all of it with \"regex\" and anchors at both ends, or name the values with \"in\""
            .to_owned()
    } else if pattern.as_str().contains("(?") || pattern.as_str().contains(['^', '$']) {
        "put one `^` before and one `$` behind all branches, as in \"^(?:a|b)$\", without the flag `m`".to_owned()
    } else {
        format!("write \"value\": {anchored}")
    };
    let (span, pointer) = (condition.value_span, format!("{}/value", condition.pointer));
    let finding = if open.on_purpose {
        reporter.pedantic_finding(span, pointer, message)
    } else {
        reporter.finding(span, pointer, message)
    };
    reporter.push(finding.help(help).witness(calls));
}
