//! A list with nothing in it.

use super::{Bad, Check, Context, Good, Proof, Reporter, Rule, RuleId};

/// `empty-list`
pub static RULE: Rule = Rule {
    id: RuleId::EmptyList,
    since: "0.1.0",
    fixes: false,
    options: None,
    what: "Looks for empty `hide`, `require`, `deny_if` and `limits`. An empty `conditions` has a \
           meaning and is not reported.",
    why: "An empty list means the same as no list, but a reader cannot see whether it is intended \
          or unfinished.",
    bad: &[Bad {
        says: "Nothing is required",
        policy: r#"{ "version": "1", "default": "deny", "tools": { "get_job": { "require": [] } } }"#,
        proof: Proof::Plain,
    }],
    good: &[Good {
        says: "Empty lists are left out; an empty `conditions` refuses every call",
        policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_job": {},
    "run_job": { "deny_if": [{ "conditions": [], "on_deny": "Jobs are started by people." }] }
  }
}"#,
    }],
    check: Check::Policy(check),
};

fn check(context: &Context<'_>, reporter: &mut Reporter<'_>) {
    for empty in &context.policy.empty_lists {
        let name = empty.value.rsplit('/').next().unwrap_or_default();
        let finding = reporter
            .finding(
                empty.span,
                &empty.value,
                format!("`{name}` is empty, which is the same as leaving it out"),
            )
            .help(format!("remove \"{name}\""));
        reporter.push(finding);
    }
}
