//! A Write tool without a limit.

use super::{Bad, Check, Context, Good, Proof, Reporter, Rule, RuleId};
use crate::inventory::category::Category;
use crate::lint::unlimited::{self, Unlimited};

/// `unlimited-write-tool`
pub static RULE: Rule = Rule {
    id: RuleId::UnlimitedWriteTool,
    since: "0.1.0",
    fixes: false,
    options: None,
    what: "Looks for listed tools of category Write that no limit counts: neither one of their \
           own nor one in `all_tools`. The category is the one that `mcppolicy classify` shows.",
    why: "People have to clean up what an agent writes in a loop: a thousand issues, comments or \
          messages, each of which notifies somebody.",
    bad: &[Bad {
        says: "Nothing stops a flood of issues",
        policy: r#"{ "version": "1", "default": "deny", "tools": { "create_issue": {} } }"#,
        proof: Proof::Passes,
    }],
    good: &[Good {
        says: "A limit in `all_tools` counts it",
        policy: r#"{
  "version": "1",
  "default": "deny",
  "all_tools": { "limits": [{ "counter": "calls_per_hour", "window": "hour", "max": 300, "scope": "grant" }] },
  "tools": { "create_issue": {} }
}"#,
    }],
    check: Check::Policy(check),
};

fn check(context: &Context<'_>, reporter: &mut Reporter<'_>) {
    let unlimited = Unlimited {
        category: Category::Write,
        does: "writes",
        advice: ("hour", 300),
    };
    unlimited::check(&unlimited, context, reporter);
}
