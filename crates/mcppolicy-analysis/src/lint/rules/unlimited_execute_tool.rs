//! An Execute tool without a limit.

use super::{Bad, Check, Context, Good, Proof, Reporter, Rule, RuleId};
use crate::inventory::category::Category;
use crate::lint::unlimited::{self, Unlimited};

/// `unlimited-execute-tool`
pub static RULE: Rule = Rule {
    id: RuleId::UnlimitedExecuteTool,
    since: "0.1.0",
    fixes: false,
    options: None,
    what: "Looks for listed tools of category Execute that no limit counts: neither one of their \
           own nor one in `all_tools`. The category is the one that `mcppolicy classify` shows.",
    why: "An agent that loops, or that follows instructions in what it reads, starts as many runs \
          as the server accepts. Each costs time, money or somebody else's quota.",
    bad: &[
        Bad {
            says: "Nothing stops a loop",
            policy: r#"{ "version": "1", "default": "deny", "tools": { "run_workflow": {} } }"#,
            proof: Proof::Passes,
        },
        Bad {
            says: "Conditions restrict what may run, not how often",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "execute_command": {
      "require": [{ "conditions": [{ "path": "args.command", "op": "regex", "value": "^git (status|diff)$" }] }]
    }
  }
}"#,
            proof: Proof::Passes,
        },
    ],
    good: &[
        Good {
            says: "The tool has a limit",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "run_workflow": {
      "limits": [{ "counter": "runs_per_day", "window": "day", "max": 200, "scope": "grant" }]
    }
  }
}"#,
        },
        Good {
            says: "A limit in `all_tools` counts it too",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "all_tools": { "limits": [{ "counter": "calls", "window": "hour", "max": 300, "scope": "grant" }] },
  "tools": { "run_workflow": {} }
}"#,
        },
        Good {
            says: "The tool is blocked outright",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_job": {},
    "run_workflow": { "deny_if": [{ "conditions": [], "on_deny": "Workflows are started by people." }] }
  }
}"#,
        },
        Good {
            says: "Reading about runs executes nothing",
            policy: r#"{ "version": "1", "default": "deny", "tools": { "get_run_status": {}, "list_workflow_runs": {} } }"#,
        },
    ],
    check: Check::Policy(check),
};

fn check(context: &Context<'_>, reporter: &mut Reporter<'_>) {
    let unlimited = Unlimited {
        category: Category::Execute,
        does: "executes",
        advice: ("hour", 60),
    };
    unlimited::check(&unlimited, context, reporter);
}
