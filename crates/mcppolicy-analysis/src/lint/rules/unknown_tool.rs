//! A tool that the server does not have.

use super::mismatched_tool_name::defect as mismatch;
use super::{Bad, Check, Context, Good, Proof, Reporter, Rule, RuleId, quoted};
use crate::lint::confusable::in_name;
use mcppolicy_engine::problem::{Applicability, Edit, Fix};
use mcppolicy_engine::source::Span;

/// `unknown-tool`
pub static RULE: Rule = Rule {
    id: RuleId::UnknownTool,
    since: "0.1.0",
    fixes: true,
    options: None,
    what: "Needs an inventory. Looks for names in `tools` and `hide` that the server's \
           `tools/list` does not have, and offers the nearest name that the server has and the \
           policy does not name yet. The fix hides that tool as well and keeps the misspelt \
           entry.",
    why: "A misspelt name in `hide` hides nothing, and one in `tools` restricts or allows \
          nothing. The name of a tool that the server has dropped applies again to whatever tool \
          gets that name later.",
    bad: &[
        Bad {
            says: "The tool is called `delete_file`, and is not hidden",
            policy: r#"{ "version": "1", "default": "deny", "hide": ["delet_file"], "tools": { "read_file": {} } }
tools.json:
{ "tools": [{ "name": "read_file" }, { "name": "delete_file" }] }"#,
            proof: Proof::Plain,
        },
        Bad {
            says: "The server has no such tool",
            policy: r#"{ "version": "1", "default": "deny", "tools": { "read_file": {}, "list_archives": {} } }
tools.json:
{ "tools": [{ "name": "read_file" }] }"#,
            proof: Proof::Plain,
        },
    ],
    good: &[Good {
        says: "The server has every tool that is named",
        policy: r#"{ "version": "1", "default": "deny", "hide": ["delete_file"], "tools": { "read_file": {} } }
tools.json:
{ "tools": [{ "name": "read_file" }, { "name": "delete_file" }] }"#,
    }],
    check: Check::Policy(check),
};

fn check(context: &Context<'_>, reporter: &mut Reporter<'_>) {
    for (at, entry) in context.policy.hide.iter().enumerate() {
        if entry.value != "*" && is_unknown(context, &entry.value) {
            report(
                context,
                reporter,
                &entry.value,
                entry.span,
                format!("/hide/{at}"),
            );
        }
    }
    for tool in &context.tools {
        if is_unknown(context, tool.name()) {
            let pointer = tool.rules.pointer.clone();
            report(
                context,
                reporter,
                tool.name(),
                tool.rules.name_span,
                pointer,
            );
        }
    }
}

/// Whether the server lacks a tool. Names with wildcards or with characters
/// that deceive are dead for a reason of their own.
fn is_unknown(context: &Context<'_>, name: &str) -> bool {
    context.is_unknown(name)
        && !name.contains(['*', '?'])
        && in_name(name).is_none()
        && mismatch(context.inventory, name).is_none()
}

fn report(
    context: &Context<'_>,
    reporter: &mut Reporter<'_>,
    name: &str,
    span: Span,
    pointer: String,
) {
    let message = format!("The server has no tool `{name}`");
    let finding = reporter.finding(span, pointer, message);
    let finding = match context.meant(name) {
        Some(meant) => {
            let finding = finding.help(format!("did you mean `{meant}`?"));
            // A tool that is listed by another name would let calls pass.
            let is_hidden = finding.pointer.starts_with("/hide/");
            if is_hidden {
                finding.fix(beside(span, meant))
            } else {
                finding
            }
        }
        None => finding.help("remove it, or fetch the inventory again if it is an old one"),
    };
    reporter.push(finding);
}

/// Hides `tool` beside the entry at `span`, which stays: whoever takes an entry
/// away shows a tool that the server may have tomorrow.
fn beside(span: Span, tool: &str) -> Fix {
    Fix {
        applicability: Applicability::Unsafe,
        edits: vec![Edit {
            span: Span::new(span.end, span.end),
            text: format!(", {}", quoted(tool)),
        }],
    }
}
