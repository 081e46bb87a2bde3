//! A number that others equal.

use super::{Bad, Check, Context, Good, Proof, Reporter, Rule, RuleId};
use mcppolicy_engine::policy::Test;
use mcppolicy_engine::value::Value;

/// `inexact-number`
pub static RULE: Rule = Rule {
    id: RuleId::InexactNumber,
    since: "0.1.0",
    fixes: false,
    options: None,
    what: "Looks for `eq`, `neq`, `in` and `not_in` with a number of 2^53 or above, or as far below 0.",
    why: "Numbers are doubles, in policies and in calls. From 2^53 on neighbouring integers are \
          the same double, so a call with another identifier than the written one is accepted. \
          Write identifiers as strings.",
    bad: &[Bad {
        says: "9007199254740993 is another account, and equals it",
        policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_account": {
      "require": [{ "conditions": [{ "path": "args.account_id", "op": "eq", "value": 9007199254740992 }] }]
    }
  }
}"#,
        proof: Proof::Plain,
    }],
    good: &[
        Good {
            says: "As a string, every digit counts",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_account": {
      "require": [{ "conditions": [{ "path": "args.account_id", "op": "eq", "value": "9007199254740992" }] }]
    }
  }
}"#,
        },
        Good {
            says: "A bound need not be exact",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_account": {
      "require": [{ "conditions": [{ "path": "args.before", "op": "lt", "value": 9007199254740992 }] }]
    }
  }
}"#,
        },
    ],
    check: Check::Policy(check),
};

/// From here on a double has neighbours that are integers too: 2^53.
const INEXACT: f64 = 9_007_199_254_740_992.0;

fn check(context: &Context<'_>, reporter: &mut Reporter<'_>) {
    for tool in &context.tools {
        for (_, condition) in tool.conditions() {
            let numbers = match &condition.test {
                Test::Eq(value) | Test::Neq(value) => inexact(value),
                Test::In(values) | Test::NotIn(values) => values.iter().find_map(inexact),
                _ => None,
            };
            let Some(number) = numbers else { continue };
            let path = &condition.path.value;
            let message = format!(
                "Other numbers equal `{number}`: at that size `{path}` is not compared exactly"
            );
            let finding = reporter
                .finding(
                    condition.value_span,
                    format!("{}/value", condition.pointer),
                    message,
                )
                .help("send and compare identifiers as strings");
            reporter.push(finding);
        }
    }
}

fn inexact(value: &Value) -> Option<f64> {
    match value {
        Value::Number(n) => (n.abs() >= INEXACT).then_some(*n),
        Value::Array(items) => items.iter().find_map(inexact),
        Value::Object(members) => members.values().find_map(inexact),
        Value::Null | Value::Bool(_) | Value::String(_) => None,
    }
}
