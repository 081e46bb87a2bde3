//! A message that promises approval on a plain denial.

mod words;

use super::{Bad, Check, Context, Good, Proof, Reporter, Rule, RuleId};
use crate::lint::context::Tool;
use crate::lint::witness::{candidates, refused_by, with, without};
use mcppolicy_engine::engine::ValueRef;
use mcppolicy_engine::policy::{self, Spanned};
use mcppolicy_engine::value::Value;
use mcppolicy_trace::trace::WitnessCall;

/// `approval-promised`
pub static RULE: Rule = Rule {
    id: RuleId::ApprovalPromised,
    since: "0.1.0",
    fixes: false,
    options: None,
    what: "Looks for `on_deny` texts that mention an approval, a review, a confirmation, an \
           authorisation or a sign-off to come, or that ask the agent to ask a person first.",
    why: "The format has two outcomes, allow and deny. Nobody is asked, and no answer makes the \
          call pass. An agent that expects an approval waits, repeats the call, or looks for \
          another way; and a reviewer believes that a person decides.",
    bad: &[
        Bad {
            says: "Nothing can approve it",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_refund": {},
    "create_refund": { "deny_if": [{ "conditions": [], "on_deny": "Requires human approval." }] }
  }
}"#,
            proof: Proof::Refused,
        },
        Bad {
            says: "Nobody reviews it",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "create_refund": {
      "require": [{
        "conditions": [{ "path": "args.amount", "op": "lte", "value": 100 }],
        "on_deny": "Refunds above 100 are held for review by a manager."
      }]
    }
  }
}"#,
            proof: Proof::Refused,
        },
    ],
    good: &[
        Good {
            says: "States why the call is refused, and what to do instead",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "create_refund": {
      "require": [{
        "conditions": [{ "path": "args.amount", "op": "lte", "value": 100 }],
        "on_deny": "Refunds above 100 are not available here. Ask a person to make it in the dashboard."
      }]
    }
  }
}"#,
        },
        Good {
            says: "Mentions what has been approved, not what will be",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "fetch_url": {
      "require": [{
        "conditions": [{ "path": "args.host", "op": "in", "value": ["docs.example.com"] }],
        "on_deny": "This host is not approved. Use one from the approved list."
      }]
    }
  }
}"#,
        },
    ],
    check: Check::Policy(check),
};

fn check(context: &Context<'_>, reporter: &mut Reporter<'_>) {
    for tool in &context.tools {
        let rules = [(&tool.rules.require, true), (&tool.rules.deny_if, false)];
        for (list, is_require) in rules {
            for rule in list {
                let Some((text, promise)) = promise(rule.on_deny.as_ref()) else {
                    continue;
                };
                let call = refused_call(context, tool, rule, is_require);
                let witness = call.and_then(|call| reporter.refused(vec![call]));
                report(
                    reporter,
                    text,
                    &rule.pointer,
                    &promise,
                    witness.unwrap_or_default(),
                );
            }
        }
    }
    let own = context.tools.iter().flat_map(|tool| &tool.rules.limits);
    for limit in context.policy.all_tools.iter().chain(own) {
        if let Some((text, promise)) = promise(limit.on_deny.as_ref()) {
            report(reporter, text, &limit.pointer, &promise, Vec::new());
        }
    }
}

fn promise(text: Option<&Spanned<String>>) -> Option<(&Spanned<String>, String)> {
    let text = text?;
    words::promise(&text.value).map(|words| (text, words))
}

fn report(
    reporter: &mut Reporter<'_>,
    text: &Spanned<String>,
    owner: &str,
    promise: &str,
    witness: Vec<WitnessCall>,
) {
    let message = format!(
        "The message promises something that cannot happen (\"{promise}\"): the call is refused, and nothing can approve it"
    );
    let finding = reporter
        .finding(text.span, format!("{owner}/on_deny"), message)
        .help("say what is so and what to do instead, such as \"on_deny\": \"Not available here; a person can do it in the dashboard.\"")
        .witness(witness);
    reporter.push(finding);
}

/// A call that gets this very message.
fn refused_call(
    context: &Context<'_>,
    tool: &Tool<'_>,
    rule: &policy::Rule,
    is_require: bool,
) -> Option<WitnessCall> {
    let base = context.accepted(tool).unwrap_or_else(Value::empty_object);
    let mut tried = vec![Value::empty_object()];
    for condition in &rule.conditions {
        let path = &condition.path.value;
        tried.push(without(&base, path));
        let wrong = candidates([&condition.test]).into_iter();
        let wrong = wrong.filter(|value| condition.test.holds(ValueRef::from(value)) != is_require);
        tried.extend(wrong.filter_map(|value| with(&base, path, value)));
    }
    tried
        .into_iter()
        .find(|arguments| {
            refused_by(context.engine, tool.name(), arguments) == Some(rule.pointer.as_str())
        })
        .map(|arguments| WitnessCall::new(tool.name(), arguments))
}
