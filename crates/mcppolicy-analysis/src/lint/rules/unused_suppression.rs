//! A suppression with nothing to suppress.

use super::{Bad, Check, Good, Proof, Rule, RuleId};

/// `unused-suppression`
pub static RULE: Rule = Rule {
    id: RuleId::UnusedSuppression,
    since: "0.1.0",
    fixes: false,
    options: None,
    what: "Looks at each `[[suppress]]` of `mcppolicy.toml` that suppressed nothing in this run: \
           its finding is gone, or no policy has its path. A suppression of a rule that is off is \
           not reported.",
    why: "It stays in effect. When somebody introduces the same defect again, it is suppressed \
          without notice.",
    bad: &[Bad {
        says: "A daily limit was added, and the suppression is still there",
        policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "run_workflow": {
      "limits": [
        { "counter": "runs_per_minute", "window": "minute", "max": 10, "scope": "grant" },
        { "counter": "runs_per_day", "window": "day", "max": 200, "scope": "grant" }
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
    }],
    good: &[Good {
        says: "It suppresses one finding while the value is the one that was reviewed",
        policy: SUPPRESSED,
    }],
    check: Check::Suppressions,
};

/// A suppression that does what it should.
pub(super) const SUPPRESSED: &str = r#"{
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
reason = "capped by the server itself"
until = "2027-03-01"
"#;
