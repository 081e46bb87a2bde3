//! A rule that refuses without saying why.

use super::{Bad, Check, Context, Good, Proof, Reporter, Rule, RuleId};

/// `missing-on-deny`
pub static RULE: Rule = Rule {
    id: RuleId::MissingOnDeny,
    since: "0.1.0",
    fixes: false,
    options: None,
    what: "Looks for rules in `require` and `deny_if` without `on_deny`. The message of a limit \
           states which quota is used up, so a limit needs none.",
    why: "Without it the agent reads \"Call does not meet /tools/push_files/require/0\", cannot know \
          what would be right, and guesses.",
    bad: &[Bad {
        says: "The agent does not learn which branch is allowed",
        policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "push_files": {
      "require": [{ "conditions": [{ "path": "args.branch", "op": "regex", "value": "^agent/" }] }]
    }
  }
}"#,
        proof: Proof::Plain,
    }],
    good: &[Good {
        says: "The agent learns what to do",
        policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "push_files": {
      "require": [{
        "conditions": [{ "path": "args.branch", "op": "regex", "value": "^agent/" }],
        "on_deny": "Push to a branch that begins with agent/."
      }],
      "limits": [{ "counter": "pushes_per_hour", "window": "hour", "max": 20, "scope": "grant" }]
    }
  }
}"#,
    }],
    check: Check::Policy(check),
};

fn check(context: &Context<'_>, reporter: &mut Reporter<'_>) {
    for tool in &context.tools {
        for rule in tool.rules.require.iter().chain(&tool.rules.deny_if) {
            if rule.on_deny.is_some() {
                continue;
            }
            let message = format!(
                "This rule of `{}` refuses calls without telling the agent why",
                tool.name()
            );
            let finding = reporter
                .finding(rule.span, &rule.pointer, message)
                .help("add \"on_deny\" with what a call would have to look like");
            reporter.push(finding);
        }
    }
}
