//! A suppression whose `until` date has passed.

use super::unused_suppression::SUPPRESSED;
use super::{Bad, Check, Good, Proof, Rule, RuleId};

/// `expired-suppression`
pub static RULE: Rule = Rule {
    id: RuleId::ExpiredSuppression,
    since: "0.1.0",
    fixes: false,
    options: None,
    what: "Looks at each `[[suppress]]` of `mcppolicy.toml` with an `until`, the last day on which it \
           holds, in UTC. From the next day on its finding is reported again, beside this one.",
    why: "The day was set so that somebody looks at the finding again. A new day should be set \
          only after that.",
    bad: &[Bad {
        says: "It was valid until the first of March",
        policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "run_workflow": {
      "limits": [{ "counter": "runs_per_minute", "window": "minute", "max": 10, "scope": "grant" }]
    }
  }
}
mcppolicy.toml:
[[suppress]]
rule = "burst-only-limit"
policy = "policy.json"
at = "/tools/run_workflow/limits/0"
value = "226c0abb"
reason = "until the server has a cap of its own"
until = "2026-03-01"
"#,
        proof: Proof::Plain,
    }],
    good: &[Good {
        says: "Its day is in the future",
        policy: SUPPRESSED,
    }],
    check: Check::Suppressions,
};
