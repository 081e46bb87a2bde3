//! No tool can ever be called.

use super::{Bad, Check, Context, Good, Proof, Reporter, Rule, RuleId};
use crate::finding::Finding;
use mcppolicy_engine::value::Value;
use mcppolicy_trace::trace::WitnessCall;

/// `nothing-callable`
pub static RULE: Rule = Rule {
    id: RuleId::NothingCallable,
    since: "0.1.0",
    fixes: false,
    options: None,
    what: "Looks for policies under which every call is refused: everything is hidden, or `default` \
           is `\"deny\"` and each listed tool, if there is one, is hidden or refuses every call.",
    why: "`hide` removes tools; it does not make `default: \"deny\"` allow the others. Such \
          policies are published as a way to block a single tool, and they switch the whole \
          server off.",
    bad: &[
        Bad {
            says: "Meant to block one tool, blocks every tool",
            policy: r#"{ "version": "1", "default": "deny", "hide": ["run_dml_query"] }"#,
            proof: Proof::Refused,
        },
        Bad {
            says: "The only listed tool refuses every call",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "create_refund": { "deny_if": [{ "conditions": [], "on_deny": "Refunds are made by people." }] }
  }
}"#,
            proof: Proof::Refused,
        },
        Bad {
            says: "`\"*\"` in `hide` wins over `tools`",
            policy: r#"{ "version": "1", "default": "allow", "hide": ["*"], "tools": { "get_job": {} } }"#,
            proof: Proof::Refused,
        },
    ],
    good: &[
        Good {
            says: "One tool is blocked, the listed ones can be called",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "hide": ["run_dml_query"],
  "tools": { "run_select_query": { "limits": [{ "counter": "queries", "window": "hour", "max": 60, "scope": "grant" }] } }
}"#,
        },
        Good {
            says: "Unlisted tools pass",
            policy: r#"{ "version": "1", "default": "allow", "hide": ["run_dml_query"] }"#,
        },
    ],
    check: Check::Policy(check),
};

/// How many tools are named before it gets tiring.
const NAMED: usize = 3;

fn check(context: &Context<'_>, reporter: &mut Reporter<'_>) {
    let Some(finding) =
        everything_hidden(context, reporter).or_else(|| nothing_open(context, reporter))
    else {
        return;
    };
    let listed = context.policy.tools.iter().map(|rules| rules.name.clone());
    let hidden = context.policy.hide.iter().map(|entry| entry.value.clone());
    let named = listed.chain(hidden.filter(|name| name != "*")).take(NAMED);
    let calls = named
        .chain([context.unlisted_tool()])
        .map(|name| WitnessCall::new(name, Value::empty_object()));
    // The engine has the last word: what it lets pass can be called.
    if let Some(witness) = reporter.refused(calls.collect()) {
        reporter.push(finding.witness(witness));
    }
}

fn everything_hidden(context: &Context<'_>, reporter: &Reporter<'_>) -> Option<Finding> {
    let (at, entry) = context.everything_hidden?;
    let message =
        "No tool can ever be called: \"*\" hides all of them, and `hide` wins over `tools`";
    let help = "name the tools to hide one by one, or leave \"hide\" out: under \"default\": \"deny\" only listed tools can be called";
    Some(
        reporter
            .finding(entry.span, format!("/hide/{at}"), message)
            .help(help),
    )
}

fn nothing_open(context: &Context<'_>, reporter: &Reporter<'_>) -> Option<Finding> {
    if !context.nothing_is_callable() {
        return None;
    }
    let help = "list the tools that may be called, such as \"tools\": {\"get_status\": {}}, or write \"default\": \"allow\" to leave all but the hidden ones open";
    let why = if context.tools.is_empty() {
        "`default` refuses every tool that is not listed, and none is"
    } else {
        "`default` refuses every tool that is not listed, and each listed one is hidden or refuses every call"
    };
    let message = format!("No tool can ever be called: {why}");
    let span = context.policy.default.span;
    let mut finding = reporter.finding(span, "/default", message).help(help);
    for tool in context.tools.iter().take(NAMED) {
        let name = tool.name();
        finding = match (&tool.hidden, &tool.blocked) {
            (Some((_, entry)), _) => {
                finding.related(reporter.at(entry.span), format!("hides `{name}`"))
            }
            (None, Some(blocked)) => finding.related(
                reporter.at(blocked.span),
                format!("`{name}` {}", blocked.why),
            ),
            (None, None) => finding.related(
                reporter.at(tool.rules.name_span),
                format!("no call meets the rules of `{name}`"),
            ),
        };
    }
    Some(finding)
}
