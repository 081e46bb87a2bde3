//! A Destructive or Financial tool without conditions.

use super::{Bad, Check, Context, Good, Proof, Reporter, Rule, RuleId, quoted};
use crate::inventory::category::Category;
use mcppolicy_trace::trace::WitnessCall;

/// `exposed-destructive-tool`
pub static RULE: Rule = Rule {
    id: RuleId::ExposedDestructiveTool,
    since: "0.1.0",
    fixes: false,
    options: None,
    what: "Looks for listed tools of category Destructive or Financial without any rule that keeps \
           something out of an argument. A condition that any ordinary text meets (`exists`, \
           `neq` of a text, the patterns `.*`, `.+` and `^`, `contains` of an empty text) keeps \
           out nothing. A limit that adds up an argument (`increment_from`) counts as one. The \
           category is the one that `mcppolicy classify` shows.",
    why: "A deletion or a payment cannot be undone. A limit alone bounds how often an agent may \
          do it, not to what.",
    bad: &[
        Bad {
            says: "Any repository can be deleted",
            policy: r#"{ "version": "1", "default": "deny", "tools": { "delete_repository": {} } }"#,
            proof: Proof::Passes,
        },
        Bad {
            says: "Five charges an hour, of any amount",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "create_charge": {
      "limits": [{ "counter": "charges", "window": "hour", "max": 5, "scope": "grant" }]
    }
  }
}"#,
            proof: Proof::Passes,
        },
        Bad {
            says: "A pattern that every text matches is no condition on it",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "delete_file": {
      "require": [{ "conditions": [{ "path": "args.path", "op": "regex", "value": ".*" }] }]
    }
  }
}"#,
            proof: Proof::Passes,
        },
    ],
    good: &[
        Good {
            says: "Only what is safe to lose can be deleted",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "delete_branch": {
      "require": [{ "conditions": [{ "path": "args.branch", "op": "regex", "value": "^agent/[a-z0-9-]+$" }] }]
    }
  }
}"#,
        },
        Good {
            says: "The sum per day is bounded, and a charge without an amount is refused",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "create_charge": {
      "limits": [
        { "counter": "spend", "window": "day", "max": 5000, "scope": "grant", "increment_from": "args.amount" }
      ]
    }
  }
}"#,
        },
        Good {
            says: "The tool is hidden",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "hide": ["delete_repository"],
  "tools": { "get_repository": {} }
}"#,
        },
        Good {
            says: "Reading about money moves none",
            policy: r#"{ "version": "1", "default": "deny", "tools": { "list_invoices": {}, "get_balance": {} } }"#,
        },
    ],
    check: Check::Policy(check),
};

fn check(context: &Context<'_>, reporter: &mut Reporter<'_>) {
    for tool in context.open_tools() {
        let does = match tool.class.category {
            Category::Destructive => "destroys",
            Category::Financial => "moves money",
            Category::Read | Category::Write | Category::Execute => continue,
        };
        if context.guards_arguments(tool) {
            continue;
        }
        let witness = context
            .accepted(tool)
            .and_then(|arguments| reporter.passing(vec![WitnessCall::new(tool.name(), arguments)]));
        let name = tool.name();
        let any = match tool.conditions().next() {
            None => "any arguments",
            Some(_) => "any arguments (its conditions admit every ordinary text)",
        };
        let message = format!(
            "`{name}` can be called with {any}, and it {does} ({})",
            tool.class.because
        );
        let help = format!(
            "hide it with \"hide\": [{}], or add a \"require\" rule on the argument that says what it is done to",
            quoted(name)
        );
        let finding = reporter
            .finding(tool.rules.span, &tool.rules.pointer, message)
            .help(help)
            .witness(witness.unwrap_or_default());
        reporter.push(finding);
    }
}
