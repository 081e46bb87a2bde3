//! `default: "allow"`.

use super::{Bad, Check, Context, Good, Proof, Reporter, Rule, RuleId, fixes};
use crate::finding::Finding;
use mcppolicy_engine::value::Value;
use mcppolicy_trace::trace::WitnessCall;

/// `missing-default-deny`
pub static RULE: Rule = Rule {
    id: RuleId::MissingDefaultDeny,
    since: "0.1.0",
    fixes: true,
    options: None,
    what: "Looks for policies whose `default` is `\"allow\"`.",
    why: "Under `default: \"allow\"` a tool that is not in `tools` has no conditions: only the \
          limits in `all_tools` apply to it. This is so for every tool that the author did not \
          think of, and for every tool that the server adds later.",
    bad: &[
        Bad {
            says: "Only one tool is guarded, all others are open",
            policy: r#"{
  "version": "1",
  "default": "allow",
  "tools": {
    "execute_command": {
      "require": [{ "conditions": [{ "path": "args.command", "op": "in", "value": ["ls", "pwd"] }] }],
      "limits": [{ "counter": "commands", "window": "hour", "max": 60, "scope": "grant" }]
    }
  }
}"#,
            proof: Proof::Passes,
        },
        Bad {
            says: "A list of what is forbidden is never complete",
            policy: r#"{ "version": "1", "default": "allow", "hide": ["delete_repository"] }"#,
            proof: Proof::Passes,
        },
    ],
    good: &[
        Good {
            says: "What is not listed is refused",
            policy: r#"{ "version": "1", "default": "deny", "tools": { "list_files": {} } }"#,
        },
        Good {
            says: "Every tool is hidden, so nothing is open",
            policy: r#"{ "version": "1", "default": "allow", "hide": ["*"] }"#,
        },
    ],
    check: Check::Policy(check),
};

fn check(context: &Context<'_>, reporter: &mut Reporter<'_>) {
    if !context.allows_by_default() {
        return;
    }
    let call = WitnessCall::new(context.unlisted_tool(), Value::empty_object());
    let witness = reporter.passing(vec![call]).unwrap_or_default();
    let finding = reporter
        .finding(
            context.policy.default.span,
            "/default",
            "Every tool that `tools` does not list can be called, and so can every tool that the \
             server adds later",
        )
        .help("write \"default\": \"deny\" and list the tools that are needed under \"tools\"; `{}` allows a tool without conditions")
        .witness(witness);
    // Where nothing is listed, there would be nothing left to call.
    let fix = fixes::default_deny(context.policy).filter(|_| context.open_tools().next().is_some());
    reporter.push(Finding { fix, ..finding });
}
