//! A rule that can never be the one that decides.

use std::collections::BTreeSet;

use super::{Bad, Check, Context, Good, Proof, Reporter, Rule, RuleId};
use crate::lint::condition::fewest;
use crate::lint::context::Tool;
use mcppolicy_engine::engine::Kind as Step;
use mcppolicy_engine::policy;
use mcppolicy_trace::trace::WitnessCall;

/// `unreachable-rule`
pub static RULE: Rule = Rule {
    id: RuleId::UnreachableRule,
    since: "0.1.0",
    fixes: false,
    options: None,
    what: "For each rule, decides exactly whether any call that it refuses gets past the rules \
           before it: the `require` rules first, in order, then the `deny_if` rules, in order. \
           Rules that refuse nothing by themselves are left to `contradictory-conditions`, \
           `useless-operand` and `vacuous-require`.",
    why: "The rule and its message never take effect. A reader who takes it for the rule that \
          protects something edits it in vain.",
    bad: &[
        Bad {
            says: "What is above 500 is above 100, and has been refused already",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "update_record": {
      "require": [{ "conditions": [{ "path": "args.rows", "op": "gte", "value": 0 }] }],
      "deny_if": [
        { "conditions": [{ "path": "args.rows", "op": "gt", "value": 100 }], "on_deny": "At most 100 rows." },
        { "conditions": [{ "path": "args.rows", "op": "gt", "value": 500 }], "on_deny": "Far too many rows." }
      ]
    }
  }
}"#,
            proof: Proof::Refused,
        },
        Bad {
            says: "The `require` has refused everything that this `deny_if` refuses",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "push_files": {
      "require": [{ "conditions": [{ "path": "args.branch", "op": "regex", "value": "^agent/[a-z]+$" }] }],
      "deny_if": [{ "conditions": [{ "path": "args.branch", "op": "in", "value": ["main", "master"] }] }]
    }
  }
}"#,
            proof: Proof::Refused,
        },
        Bad {
            says: "No rule follows an unconditional block",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_job": {},
    "update_record": {
      "deny_if": [
        { "conditions": [], "on_deny": "Switched off." },
        { "conditions": [{ "path": "args.table", "op": "eq", "value": "users" }] }
      ]
    }
  }
}"#,
            proof: Proof::Refused,
        },
    ],
    good: &[
        Good {
            says: "The stricter rule comes later, and each has its message",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "update_record": {
      "require": [{ "conditions": [{ "path": "args.rows", "op": "gte", "value": 0 }] }],
      "deny_if": [
        { "conditions": [{ "path": "args.rows", "op": "gt", "value": 500 }], "on_deny": "Far too many rows." },
        { "conditions": [{ "path": "args.rows", "op": "gt", "value": 100 }], "on_deny": "At most 100 rows." }
      ]
    }
  }
}"#,
        },
        Good {
            says: "A string is not a number: the second rule refuses what the first does not",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "update_record": {
      "deny_if": [
        { "conditions": [{ "path": "args.rows", "op": "gt", "value": 100 }] },
        { "conditions": [{ "path": "args.rows", "op": "not_in", "value": [1, 2, 3] }] }
      ]
    }
  }
}"#,
        },
    ],
    check: Check::Policy(check),
};

/// How many earlier rules are pointed at.
const POINTED_AT: usize = 3;

fn check(context: &Context<'_>, reporter: &mut Reporter<'_>) {
    for tool in context.visible_tools() {
        if let Some(block) = tool.switched_off() {
            behind_a_block(reporter, tool, block);
        } else if !context.never_accepts(tool) {
            for (step, at, rule) in rules(tool) {
                if context.is_unreachable(tool, step, at, rule) {
                    report(context, reporter, tool, (step, at), rule);
                }
            }
        }
    }
}

fn rules<'t>(tool: &Tool<'t>) -> impl Iterator<Item = (Step, usize, &'t policy::Rule)> + use<'t> {
    let rules = tool.rules;
    let requires = rules.require.iter().enumerate();
    let deny_ifs = rules.deny_if.iter().enumerate();
    requires
        .map(|(at, rule)| (Step::Require, at, rule))
        .chain(deny_ifs.map(|(at, rule)| (Step::DenyIf, at, rule)))
}

/// The rules behind an unconditional block are one defect.
fn behind_a_block(reporter: &mut Reporter<'_>, tool: &Tool<'_>, block: usize) {
    let mut behind = tool.rules.deny_if.iter().skip(block + 1);
    let (Some(rule), Some(block)) = (behind.next(), tool.rules.deny_if.get(block)) else {
        return;
    };
    let more = match behind.count() {
        0 => String::new(),
        n => format!(", nor do the {n} behind it"),
    };
    let message = format!("This rule never decides{more}: the one before refuses every call");
    let call = WitnessCall::new(tool.name(), mcppolicy_engine::value::Value::empty_object());
    let witness = reporter.refused(vec![call]).unwrap_or_default();
    let finding = reporter
        .finding(rule.span, &rule.pointer, message)
        .related(reporter.at(block.span), "refuses every call")
        .help("remove the rule, or the block if calls are to pass")
        .witness(witness);
    reporter.push(finding);
}

fn report(
    context: &Context<'_>,
    reporter: &mut Reporter<'_>,
    tool: &Tool<'_>,
    rule_at: (Step, usize),
    rule: &policy::Rule,
) {
    let (step, at) = rule_at;
    let earlier: Vec<(Step, usize)> = rules(tool)
        .map(|(step, at, _)| (step, at))
        .take_while(|part| *part != (step, at))
        .collect();
    let core = fewest(&earlier, |fewer| {
        let fewer: BTreeSet<(Step, usize)> = fewer.iter().copied().collect();
        let keep = |step: Step, at: usize| fewer.contains(&(step, at));
        context
            .ask(tool, |arguments| arguments.between(keep, &[rule_at]))
            .is_empty()
    });
    let core = core.unwrap_or_default();
    // A call that this rule would refuse, and what does refuse it.
    let answer = context.ask(tool, |arguments| {
        arguments.between(|_, _| false, &[rule_at])
    });
    let call = answer
        .witness()
        .map(|arguments| WitnessCall::new(tool.name(), arguments));
    let witness = call.and_then(|call| reporter.refused(vec![call]));
    let which = match core.as_slice() {
        [(step, at)] => format!("`{}/{at}` refuses", step.name()),
        _ => "the rules before it refuse".to_owned(),
    };
    let message = format!("This rule never decides: {which} every call that it would refuse");
    let mut finding = reporter
        .finding(rule.span, &rule.pointer, message)
        .help("remove it, or put it first if its message is the one that agents should get")
        .witness(witness.unwrap_or_default());
    for (step, at) in core.iter().take(POINTED_AT) {
        let list = if *step == Step::Require {
            &tool.rules.require
        } else {
            &tool.rules.deny_if
        };
        if let Some(rule) = list.get(*at) {
            finding = finding.related(reporter.at(rule.span), "decides before it");
        }
    }
    reporter.push(finding);
}
