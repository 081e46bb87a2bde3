//! A limit on a tool that is never allowed.

use super::{Bad, Check, Context, Good, Proof, Reporter, Rule, RuleId, fixes};
use crate::lint::witness;
use mcppolicy_engine::value::Value;
use mcppolicy_trace::trace::WitnessCall;

/// `limit-on-blocked-tool`
pub static RULE: Rule = Rule {
    id: RuleId::LimitOnBlockedTool,
    since: "0.1.0",
    fixes: true,
    options: None,
    what: "Looks for limits of tools that are hidden, or whose own rules refuse every call: a \
           `deny_if` without conditions, a `require` with an empty `in` list, an argument that \
           must be both present and absent.",
    why: "Limits are evaluated last and count only calls that are allowed, so this counter is \
          always zero. Either the block or the limit is not meant.",
    bad: &[
        Bad {
            says: "Blocked and limited",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_job": {},
    "create_refund": {
      "deny_if": [{ "conditions": [], "on_deny": "Refunds are made by people." }],
      "limits": [{ "counter": "refunds", "window": "day", "max": 3, "scope": "grant" }]
    }
  }
}"#,
            proof: Proof::Refused,
        },
        Bad {
            says: "Hidden and limited",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "hide": ["cancel_job"],
  "tools": {
    "get_job": {},
    "cancel_job": { "limits": [{ "counter": "cancels", "window": "day", "max": 3, "scope": "grant" }] }
  }
}"#,
            proof: Proof::Refused,
        },
    ],
    good: &[Good {
        says: "Refused under a condition, limited otherwise",
        policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "create_refund": {
      "require": [{ "conditions": [{ "path": "args.amount", "op": "lte", "value": 100 }] }],
      "limits": [{ "counter": "refunds", "window": "day", "max": 3, "scope": "grant" }]
    }
  }
}"#,
    }],
    check: Check::Policy(check),
};

fn check(context: &Context<'_>, reporter: &mut Reporter<'_>) {
    // Where "*" hides everything, `nothing-callable` says so once.
    if context.everything_hidden.is_some() {
        return;
    }
    for tool in &context.tools {
        let Some(limit) = tool.rules.limits.first() else {
            continue;
        };
        let name = tool.name();
        let (span, why) = match (&tool.hidden, &tool.blocked) {
            (Some((_, entry)), _) => (entry.span, "hides the tool".to_owned()),
            (None, Some(blocked)) => (blocked.span, blocked.why.clone()),
            (None, None) => continue,
        };
        let no_arguments = Value::empty_object();
        // A refusal by a limit would prove nothing about the block.
        if witness::refused_by(context.engine, name, &no_arguments) == Some(&limit.pointer) {
            continue;
        }
        let Some(calls) = reporter.refused(vec![WitnessCall::new(name, no_arguments)]) else {
            continue;
        };
        let message = format!(
            "`{}` never counts a call: `{name}` is never allowed",
            limit.counter.value
        );
        let finding = reporter
            .finding(limit.span, &limit.pointer, message)
            .related(reporter.at(span), why)
            .help("remove the limit, or the block if calls within the limit are to pass")
            .witness(calls)
            .fix(fixes::without_limit(context.policy, limit));
        reporter.push(finding);
    }
}
