//! A suppression of another value than the present one.

use super::unused_suppression::SUPPRESSED;
use super::{Bad, Check, Good, Proof, Rule, RuleId};

/// `moved-suppression`
pub static RULE: Rule = Rule {
    id: RuleId::MovedSuppression,
    since: "0.1.0",
    fixes: false,
    options: None,
    what: "Looks at each `[[suppress]]` of `mcppolicy.toml` whose rule has a finding at `at` with \
           another value than `value`, or a finding with the same value at another place. It \
           suppresses neither.",
    why: "The reason was given for the value at that time. A limit of ten runs a minute was \
          reviewed, and one of a thousand was not.",
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
            says: "The limit is now after another one",
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
        says: "The value is the one that was reviewed",
        policy: SUPPRESSED,
    }],
    check: Check::Suppressions,
};
