//! A Financial tool without a limit.

use super::{Bad, Check, Context, Good, Proof, Reporter, Rule, RuleId};
use crate::inventory::category::Category;
use crate::lint::unlimited::{self, Unlimited};

/// `unlimited-financial-tool`
pub static RULE: Rule = Rule {
    id: RuleId::UnlimitedFinancialTool,
    since: "0.1.0",
    fixes: false,
    options: None,
    what: "Looks for listed tools of category Financial that no limit counts: neither one of \
           their own nor one in `all_tools`. The category is the one that `mcppolicy classify` \
           shows.",
    why: "A maximum per call does not bound the sum: a hundred refunds of 100 are 10 000, and an \
          agent that loops makes them in a minute.",
    bad: &[Bad {
        says: "Each refund is small, and there can be any number of them",
        policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "create_refund": {
      "require": [{ "conditions": [{ "path": "args.amount", "op": "lte", "value": 100 }] }]
    }
  }
}"#,
        proof: Proof::Passes,
    }],
    good: &[
        Good {
            says: "The number per day is bounded, and so is the sum",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "create_refund": {
      "require": [{ "conditions": [
        { "path": "args.amount", "op": "gt", "value": 0 },
        { "path": "args.amount", "op": "lte", "value": 100 }
      ] }],
      "limits": [
        { "counter": "refunds_per_day", "window": "day", "max": 5, "scope": "grant" },
        { "counter": "refunded_per_day", "window": "day", "max": 300, "scope": "grant", "increment_from": "args.amount" }
      ]
    }
  }
}"#,
        },
        Good {
            says: "Reading about money moves none",
            policy: r#"{ "version": "1", "default": "deny", "tools": { "list_invoices": {} } }"#,
        },
    ],
    check: Check::Policy(check),
};

fn check(context: &Context<'_>, reporter: &mut Reporter<'_>) {
    let unlimited = Unlimited {
        category: Category::Financial,
        does: "moves money",
        advice: ("day", 10),
    };
    unlimited::check(&unlimited, context, reporter);
}
