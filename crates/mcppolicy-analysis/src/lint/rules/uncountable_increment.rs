//! A sum over an argument that need not be a number.

use std::collections::BTreeSet;

use super::{Bad, Check, Context, Good, Proof, Reporter, Rule, RuleId};
use crate::inventory::schema::{Argument, Required};
use crate::lint::context::Tool;
use crate::lint::witness::{refused_by, with, without};
use mcppolicy_engine::policy::{Limit, Path};
use mcppolicy_engine::value::Value;
use mcppolicy_trace::trace::WitnessCall;

/// `uncountable-increment`
pub static RULE: Rule = Rule {
    id: RuleId::UncountableIncrement,
    since: "0.1.0",
    fixes: false,
    options: None,
    what: "Looks for limits with `increment_from` that can read an amount which cannot be counted \
           (missing, negative or not a number), because no `require` refuses it before. With an \
           inventory, amounts that the server's schema excludes are not reported.",
    why: "Such a call is refused by the limit, with the limit's message: an agent that sends \
          `\"100\"` for `100` reads that its quota is used up and tries again tomorrow. And \
          gateways may differ in whether they refuse it.",
    bad: &[Bad {
        says: "A charge without an amount is refused by the limit",
        policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "create_charge": {
      "limits": [
        { "counter": "charges_per_day", "window": "day", "max": 20, "scope": "grant" },
        { "counter": "charged_per_day", "window": "day", "max": 500, "scope": "grant", "increment_from": "args.amount" }
      ]
    }
  }
}"#,
        proof: Proof::Refused,
    }],
    good: &[
        Good {
            says: "A `require` says what is wrong with the amount",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "create_charge": {
      "require": [{
        "conditions": [{ "path": "args.amount", "op": "gt", "value": 0 }],
        "on_deny": "The amount must be a number above 0."
      }],
      "limits": [
        { "counter": "charged_per_day", "window": "day", "max": 500, "scope": "grant", "increment_from": "args.amount" }
      ]
    }
  }
}"#,
        },
        Good {
            says: "The server accepts nothing else",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "create_charge": {
      "limits": [
        { "counter": "charged_per_day", "window": "day", "max": 500, "scope": "grant", "increment_from": "args.amount" }
      ]
    }
  }
}
tools.json:
{
  "tools": [{
    "name": "create_charge",
    "inputSchema": {
      "type": "object",
      "properties": { "amount": { "type": "integer", "minimum": 1 } },
      "required": ["amount"]
    }
  }]
}"#,
        },
    ],
    check: Check::Policy(check),
};

fn check(context: &Context<'_>, reporter: &mut Reporter<'_>) {
    for tool in context.open_tools() {
        let mut seen: BTreeSet<&Path> = BTreeSet::new();
        for limit in &tool.rules.limits {
            if let Some(path) = &limit.increment_from
                && seen.insert(&path.value)
            {
                look(context, reporter, tool, limit, &path.value);
            }
        }
    }
}

fn look(
    context: &Context<'_>,
    reporter: &mut Reporter<'_>,
    tool: &Tool<'_>,
    limit: &Limit,
    path: &Path,
) {
    let (Some(accepted), Some(spanned)) = (context.accepted(tool), &limit.increment_from) else {
        return;
    };
    let declared = tool.declared(path);
    if let Some(argument) = &declared
        && !argument.shape.types.has_number()
    {
        // That no call can be counted is said by the rule on types.
        return;
    }
    if tool.listed.is_some() && declared.is_none() && is_unknown(tool, path) {
        return;
    }
    let probes = [
        ("missing", None),
        ("negative", Some(Value::Number(-1.0))),
        ("no number", Some(Value::from("100"))),
    ];
    let mut ways = Vec::new();
    let mut calls = Vec::new();
    for (way, value) in probes {
        if !may_be_sent(declared.as_ref(), value.as_ref()) {
            continue;
        }
        let arguments = match value {
            Some(value) => with(&accepted, path, value),
            None => Some(without(&accepted, path)),
        };
        let Some(arguments) = arguments else { continue };
        if refused_by(context.engine, tool.name(), &arguments) == Some(limit.pointer.as_str()) {
            ways.push(way);
            calls.push(WitnessCall::new(tool.name(), arguments));
        }
    }
    if ways.is_empty() {
        return;
    }
    let Some(witness) = reporter.refused(calls) else {
        return;
    };
    let message = format!(
        "`{path}` of `{}` may be {}, and the limit then refuses the call because it cannot count it",
        tool.name(),
        ways.join(" or ")
    );
    let finding = reporter
        .finding(
            spanned.span,
            format!("{}/increment_from", limit.pointer),
            message,
        )
        .help(format!(
            "add \"require\": [{{\"conditions\": [{{\"path\": \"{path}\", \"op\": \"gt\", \"value\": 0}}], \"on_deny\": \"The amount must be a number above 0.\"}}]"
        ))
        .witness(witness);
    reporter.push(finding);
}

fn is_unknown(tool: &Tool<'_>, path: &Path) -> bool {
    use crate::inventory::schema::Presence;
    tool.argument(path).is_some_and(|argument| {
        matches!(argument.presence, Presence::Refused | Presence::Undeclared)
    })
}

/// Whether the server's schema admits the value, or its absence.
fn may_be_sent(declared: Option<&Argument>, value: Option<&Value>) -> bool {
    match (declared, value) {
        (None, _) => true,
        (Some(argument), None) => argument.required != Required::Always,
        (Some(argument), Some(value)) => argument.shape.may_be(value),
    }
}
