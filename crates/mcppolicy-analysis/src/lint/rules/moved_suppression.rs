//! A suppression of something else than what stands there now.

use super::unused_suppression::SUPPRESSED;
use super::{Bad, Check, Good, Proof, Rule, RuleId};

/// `moved-suppression`
pub static RULE: Rule = Rule {
    id: RuleId::MovedSuppression,
    since: "0.1.0",
    fixes: false,
    options: None,
    what: "Looks at each `[[suppress]]` of `mcppolicy.toml` whose rule still finds something at its \
           place, where the value is another one than `value` says, or that finds the very value at \
           another place. It suppresses neither.",
    why: "A reason was given for what stood there then. Ten runs a minute were looked at, and a \
          thousand were not.",
    bad: &[
        Bad {
            says: "The limit was raised under the suppression",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "run_workflow": {
      "limits": [{ "counter": "runs_per_minute", "window": "minute", "max": 1000, "scope": "grant" }]
    }
  }
}
mcppolicy.toml:
[[suppress]]
rule = "burst-only-limit"
policy = "policy.json"
at = "/tools/run_workflow/limits/0"
value = "226c0abb"
reason = "capped by the server itself"
"#,
            proof: Proof::Plain,
        },
        Bad {
            says: "The limit stands behind another one now",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "run_workflow": {
      "limits": [
        { "counter": "steps", "window": "minute", "max": 500, "scope": "grant", "increment_from": "args.steps" },
        { "counter": "runs_per_minute", "window": "minute", "max": 10, "scope": "grant" }
      ]
    }
  }
}
mcppolicy.toml:
[[suppress]]
rule = "burst-only-limit"
policy = "policy.json"
at = "/tools/run_workflow/limits/0"
value = "226c0abb"
reason = "capped by the server itself"
"#,
            proof: Proof::Plain,
        },
    ],
    good: &[Good {
        says: "What stands there is what was looked at",
        policy: SUPPRESSED,
    }],
    check: Check::Suppressions,
};
