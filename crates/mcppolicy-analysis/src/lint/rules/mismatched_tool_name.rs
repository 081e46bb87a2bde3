//! A tool name that is another one to a gateway, and the same to a reader.

use std::collections::HashMap;

use unicode_normalization::UnicodeNormalization;

use super::{Bad, Check, Context, Good, Proof, Reporter, Rule, RuleId, quoted};
use crate::inventory::Inventory;
use mcppolicy_engine::source::Span;
use mcppolicy_engine::value::Value;
use mcppolicy_trace::trace::WitnessCall;

/// `mismatched-tool-name`
pub static RULE: Rule = Rule {
    id: RuleId::MismatchedToolName,
    since: "0.1.0",
    fixes: false,
    options: None,
    what: "Looks in `tools` and `hide` for names that begin or end with a blank, for names as \
           clients show them (`mcp__server__tool`), and for two names that differ only in capitals \
           or in how an accent is encoded. A name that the inventory has is fine.",
    why: "Names are compared exactly. A server knows a tool by its own name, without the prefix \
          that a client puts before it, and of two spellings at most one is that name.",
    bad: &[
        Bad {
            says: "The server's tool is called `get_issue`",
            policy: r#"{ "version": "1", "default": "deny", "tools": { "mcp__github__get_issue": {}, "list_jobs": {} } }"#,
            proof: Proof::Refused,
        },
        Bad {
            says: "A blank at the end is a part of the name",
            policy: r#"{ "version": "1", "default": "allow", "hide": ["delete_file "] }"#,
            proof: Proof::Passes,
        },
        Bad {
            says: "Which of the two does the server have?",
            policy: r#"{ "version": "1", "default": "deny", "tools": { "getIssue": {}, "GetIssue": {} } }"#,
            proof: Proof::Plain,
        },
    ],
    good: &[
        Good {
            says: "Names as the server lists them",
            policy: r#"{ "version": "1", "default": "deny", "tools": { "get_issue": {}, "list_jobs": {} } }"#,
        },
        Good {
            says: "A server may have both",
            policy: r#"{ "version": "1", "default": "deny", "tools": { "getIssue": {}, "GetIssue": {} } }
tools.json:
{ "tools": [{ "name": "getIssue" }, { "name": "GetIssue" }] }"#,
        },
    ],
    check: Check::Policy(check),
};

/// A name in the policy.
struct Entry<'p> {
    name: &'p str,
    span: Span,
    pointer: String,
    is_hidden: bool,
}

fn check(context: &Context<'_>, reporter: &mut Reporter<'_>) {
    let hidden = context
        .policy
        .hide
        .iter()
        .enumerate()
        .map(|(at, entry)| Entry {
            name: &entry.value,
            span: entry.span,
            pointer: format!("/hide/{at}"),
            is_hidden: true,
        });
    let listed = context.tools.iter().map(|tool| Entry {
        name: tool.name(),
        span: tool.rules.name_span,
        pointer: tool.rules.pointer.clone(),
        is_hidden: false,
    });
    let mut seen: HashMap<String, (&str, Span)> = HashMap::new();
    for entry in listed.chain(hidden) {
        if let Some((why, meant)) = defect(context.inventory, entry.name) {
            report(reporter, &entry, &why, &meant);
            continue;
        }
        let folded: String = entry.name.nfc().collect::<String>().to_lowercase();
        let (first, span) = *seen.entry(folded).or_insert((entry.name, entry.span));
        let is_there = |name: &str| context.inventory.is_none_or(|all| all.get(name).is_some());
        let has_both = context.inventory.is_some() && is_there(first) && is_there(entry.name);
        // What the server does not have is reported as that.
        let is_unknown = !is_there(first) || !is_there(entry.name);
        if first == entry.name || has_both || is_unknown {
            continue;
        }
        let message = format!(
            "`{}` is another tool than `{first}`: names are compared exactly",
            entry.name
        );
        let location = reporter.at(span);
        let finding = reporter
            .finding(entry.span, entry.pointer, message)
            .help("keep the one that the server lists, as it spells it")
            .related(location, "the other one");
        reporter.push(finding);
    }
}

/// Why no server has a tool of that name, and the name that is meant.
pub(in crate::lint) fn defect(
    inventory: Option<&Inventory>,
    name: &str,
) -> Option<(String, String)> {
    if inventory.is_some_and(|inventory| inventory.get(name).is_some()) {
        return None;
    }
    let trimmed = name.trim();
    if trimmed != name {
        let why = "the blank at its end or beginning is a part of the name".to_owned();
        return Some((why, trimmed.to_owned()));
    }
    let (server, tool) = name.strip_prefix("mcp__")?.split_once("__")?;
    if server.is_empty() || tool.is_empty() {
        return None;
    }
    let why = format!("`mcp__{server}__` is what a client puts before the server's own name");
    Some((why, tool.to_owned()))
}

fn report(reporter: &mut Reporter<'_>, entry: &Entry<'_>, why: &str, meant: &str) {
    let call = vec![WitnessCall::new(meant, Value::empty_object())];
    let witness = if entry.is_hidden {
        reporter.passing(call)
    } else {
        reporter.refused(call)
    };
    let effect = if entry.is_hidden {
        "hides no tool"
    } else {
        "matches no tool"
    };
    let message = format!("{} {effect}: {why}", quoted(entry.name));
    let finding = reporter
        .finding(entry.span, &entry.pointer, message)
        .help(format!("write {}", quoted(meant)))
        .witness(witness.unwrap_or_default());
    reporter.push(finding);
}
