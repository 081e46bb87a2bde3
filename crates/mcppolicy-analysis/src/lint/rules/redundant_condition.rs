//! A condition that the others of its rule imply, or a rule that the other
//! rules imply.

use std::collections::BTreeSet;

use super::{Bad, Check, Context, Good, Proof, Reporter, Rule, RuleId};
use crate::lint::condition::{are_related, worded};
use crate::lint::context::Tool;
use mcppolicy_engine::engine::Kind as Step;
use mcppolicy_engine::policy::{self, Condition, Test};

/// `redundant-condition`
pub static RULE: Rule = Rule {
    id: RuleId::RedundantCondition,
    since: "0.1.0",
    fixes: false,
    options: None,
    what: "Looks for conditions that hold whenever the others of their rule do, and for rules \
           without a message of their own that refuse nothing that the other rules do not refuse. \
           Removing what is reported changes no decision; this is proved. `exists: true` beside a \
           condition that implies it makes the intent clear and is reported only under \
           `--pedantic`.",
    why: "A condition without effect hides the one that has it: tightening the wrong one changes \
          nothing. Often one of the two bounds is a typing error.",
    bad: &[
        Bad {
            says: "What is above 10 is not below 0",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_page": {
      "require": [{ "conditions": [
        { "path": "args.page", "op": "gte", "value": 0 },
        { "path": "args.page", "op": "gt", "value": 10 }
      ] }]
    }
  }
}"#,
            proof: Proof::Plain,
        },
        Bad {
            says: "Nothing that the pattern accepts is on the list",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "create_branch": {
      "require": [{ "conditions": [
        { "path": "args.branch", "op": "regex", "value": "^agent/[a-z]+$" },
        { "path": "args.branch", "op": "not_in", "value": ["main", "master"] }
      ] }]
    }
  }
}"#,
            proof: Proof::Plain,
        },
        Bad {
            says: "The second rule refuses all that the first does",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_page": {
      "require": [{ "conditions": [{ "path": "args.page", "op": "gte", "value": 0 }] }],
      "deny_if": [
        { "conditions": [{ "path": "args.page", "op": "gt", "value": 500 }] },
        { "conditions": [{ "path": "args.page", "op": "gt", "value": 100 }] }
      ]
    }
  }
}"#,
            proof: Proof::Plain,
        },
    ],
    good: &[
        Good {
            says: "Both bounds matter, and so does the pattern beside the length of the list",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_page": {
      "require": [{ "conditions": [
        { "path": "args.page", "op": "gt", "value": 0 },
        { "path": "args.page", "op": "lte", "value": 100 },
        { "path": "args.lang", "op": "exists", "value": true }
      ] }]
    }
  }
}"#,
        },
        Good {
            says: "`neq` is not `not missing`: a null is present and no number",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_page": {
      "require": [{ "conditions": [
        { "path": "args.page", "op": "exists", "value": true },
        { "path": "args.page", "op": "neq", "value": 0 }
      ] }]
    }
  }
}"#,
        },
        Good {
            says: "The first rule decides for large pages, with a message of its own",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_page": {
      "require": [{ "conditions": [{ "path": "args.page", "op": "gte", "value": 0 }] }],
      "deny_if": [
        { "conditions": [{ "path": "args.page", "op": "gt", "value": 500 }], "on_deny": "There are 500 pages." },
        { "conditions": [{ "path": "args.page", "op": "gt", "value": 100 }], "on_deny": "Only the first 100." }
      ]
    }
  }
}"#,
        },
        Good {
            says: "Requiring that an argument is present makes the intent clear",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_page": {
      "require": [{ "conditions": [
        { "path": "args.page", "op": "exists", "value": true },
        { "path": "args.page", "op": "lte", "value": 100 }
      ] }]
    }
  }
}"#,
        },
    ],
    check: Check::Policy(check),
};

fn check(context: &Context<'_>, reporter: &mut Reporter<'_>) {
    for tool in context.tools_in_use() {
        for rule in tool.rules.require.iter().chain(&tool.rules.deny_if) {
            conditions(context, reporter, tool, rule);
        }
        rules(context, reporter, tool);
    }
}

/// Whether a condition is one that people write to say what they mean.
fn is_spelt_out(condition: &Condition) -> bool {
    matches!(condition.test, Test::Exists(true))
}

fn conditions(
    context: &Context<'_>,
    reporter: &mut Reporter<'_>,
    tool: &Tool<'_>,
    rule: &policy::Rule,
) {
    let mut kept: Vec<&Condition> = rule.conditions.iter().collect();
    let mut redundant = Vec::new();
    // Of two that say the same, the first stays.
    for condition in rule.conditions.iter().rev() {
        let others: Vec<&Condition> = kept
            .iter()
            .copied()
            .filter(|other| other.pointer != condition.pointer)
            .collect();
        let is_alone = !others
            .iter()
            .any(|other| are_related(&other.path.value, &condition.path.value));
        if is_alone || is_spelt_out(condition) && !reporter.is_pedantic() {
            continue;
        }
        if context.implied(tool, &others, condition) {
            kept = others;
            redundant.push(condition);
        }
    }
    // A contradiction implies everything, and is reported as one.
    if redundant.is_empty() || context.exclude_each_other(tool, &kept) {
        return;
    }
    for condition in redundant.into_iter().rev() {
        let related = |other: &&&Condition| are_related(&other.path.value, &condition.path.value);
        let by: Vec<String> = kept
            .iter()
            .filter(related)
            .take(2)
            .map(|other| format!("that {}", worded(other)))
            .collect();
        let message = format!(
            "That {} adds nothing to the condition {}",
            worded(condition),
            by.join(" and the one ")
        );
        let (span, pointer) = (condition.span, &condition.pointer);
        let mut finding = if is_spelt_out(condition) {
            reporter.pedantic_finding(span, pointer, message)
        } else {
            reporter.finding(span, pointer, message)
        };
        if let Some(other) = kept.iter().find(related) {
            finding = finding.related(reporter.at(other.span), "implies it");
        }
        reporter.push(finding.help("remove it, or correct the one that should be stricter"));
    }
}

fn rules(context: &Context<'_>, reporter: &mut Reporter<'_>, tool: &Tool<'_>) {
    let total = tool.rules.require.len() + tool.rules.deny_if.len();
    if total < 2 || context.never_accepts(tool) {
        return;
    }
    let requires = tool
        .rules
        .require
        .iter()
        .enumerate()
        .map(|(at, rule)| (Step::Require, at, rule));
    let deny_ifs = tool
        .rules
        .deny_if
        .iter()
        .enumerate()
        .map(|(at, rule)| (Step::DenyIf, at, rule));
    // What other rules of the linter call dead implies nothing here.
    let mut removed: BTreeSet<(Step, usize)> = BTreeSet::new();
    let all: Vec<_> = requires.chain(deny_ifs).collect();
    for (step, at, rule) in &all {
        let is_dead = context.is_unreachable(tool, *step, *at, rule)
            || (*step == Step::DenyIf && context.is_contradictory(tool, rule));
        if is_dead || rule.conditions.is_empty() {
            removed.insert((*step, *at));
        }
    }
    for (step, at, rule) in all {
        if rule.on_deny.is_some() || removed.contains(&(step, at)) {
            continue;
        }
        let is_spelt_out = rule.conditions.iter().all(is_spelt_out);
        if is_spelt_out && !reporter.is_pedantic() {
            continue;
        }
        let others = |other: Step, other_at: usize| {
            other != Step::Limit
                && (other, other_at) != (step, at)
                && !removed.contains(&(other, other_at))
        };
        let answer = context.ask(tool, |arguments| arguments.between(others, &[(step, at)]));
        if !answer.is_empty() {
            continue;
        }
        removed.insert((step, at));
        let message = "This rule refuses nothing that the other rules do not refuse";
        let finding = if is_spelt_out {
            reporter.pedantic_finding(rule.span, &rule.pointer, message)
        } else {
            reporter.finding(rule.span, &rule.pointer, message)
        };
        reporter.push(
            finding.help("remove it, or give it an \"on_deny\" if it is there for its message"),
        );
    }
}
