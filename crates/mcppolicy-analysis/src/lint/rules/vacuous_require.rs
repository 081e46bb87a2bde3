//! A `require` that every call meets.

use super::{Bad, Check, Context, Good, Proof, Reporter, Rule, RuleId};
use mcppolicy_trace::trace::WitnessCall;

/// `vacuous-require`
pub static RULE: Rule = Rule {
    id: RuleId::VacuousRequire,
    since: "0.1.0",
    fixes: false,
    options: None,
    what: "Looks for `require` rules without conditions. No single condition is true of every \
           call, so no other `require` rule accepts every call by itself.",
    why: "In `deny_if` a rule without conditions refuses every call. In `require` the same text \
          does the opposite: it requires nothing, and refuses no call.",
    bad: &[Bad {
        says: "Meant to block the tool; every call passes",
        policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_secret": {
      "require": [{ "conditions": [], "on_deny": "Secrets are not available to agents." }]
    }
  }
}"#,
        proof: Proof::Passes,
    }],
    good: &[
        Good {
            says: "The idiom for an unconditional block is a `deny_if`",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_job": {},
    "get_secret": {
      "deny_if": [{ "conditions": [], "on_deny": "Secrets are not available to agents." }]
    }
  }
}"#,
        },
        Good {
            says: "That there is no such argument is a condition as well",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_secret": {
      "require": [{ "conditions": [{ "path": "args.reveal", "op": "exists", "value": false }] }]
    }
  }
}"#,
        },
    ],
    check: Check::Policy(check),
};

fn check(context: &Context<'_>, reporter: &mut Reporter<'_>) {
    for tool in context.tools_in_use() {
        for rule in &tool.rules.require {
            if !rule.conditions.is_empty() {
                continue;
            }
            let call = context
                .accepted(tool)
                .map(|arguments| WitnessCall::new(tool.name(), arguments));
            let witness = call.and_then(|call| reporter.passing(vec![call]));
            let message = format!(
                "This `require` asks nothing of a call of `{}`: it has no conditions",
                tool.name()
            );
            let finding = reporter
                .finding(rule.span, &rule.pointer, message)
                .help("add the conditions that are meant, remove the rule, or move it to \"deny_if\" to refuse every call")
                .witness(witness.unwrap_or_default());
            reporter.push(finding);
        }
    }
}
