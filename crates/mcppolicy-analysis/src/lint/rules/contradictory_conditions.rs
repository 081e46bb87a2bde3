//! Conditions of one rule that exclude each other.

use super::{Bad, Check, Context, Good, Proof, Reporter, Rule, RuleId};
use crate::lint::condition::{are_related, fewest, worded};
use crate::lint::context::Tool;
use mcppolicy_engine::policy::{self, Condition};
use mcppolicy_engine::value::Value;
use mcppolicy_trace::trace::WitnessCall;

/// `contradictory-conditions`
pub static RULE: Rule = Rule {
    id: RuleId::ContradictoryConditions,
    since: "0.1.0",
    fixes: false,
    options: None,
    what: "Looks for rules whose conditions no arguments can satisfy together, and names the \
           fewest of them that already exclude each other. The answer is exact: coercions, \
           patterns and objects with their members are evaluated as the gateway evaluates them.",
    why: "All conditions of a rule must hold. A `deny_if` whose conditions exclude each other refuses \
          nothing; a `require` whose conditions do refuses every call. Mostly *or* was meant, which is \
          one `in` list, one pattern, or several `deny_if` rules.",
    bad: &[
        Bad {
            says: "No branch is both; nothing is refused",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "push_files": {
      "require": [{ "conditions": [{ "path": "args.branch", "op": "exists", "value": true }] }],
      "deny_if": [{ "conditions": [
        { "path": "args.branch", "op": "eq", "value": "main" },
        { "path": "args.branch", "op": "eq", "value": "master" }
      ] }]
    }
  }
}"#,
            proof: Proof::Passes,
        },
        Bad {
            says: "What is a string has no members; every call is refused",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_job": {},
    "get_file": {
      "require": [{ "conditions": [
        { "path": "args.file", "op": "regex", "value": "^docs/" },
        { "path": "args.file.name", "op": "exists", "value": true }
      ] }]
    }
  }
}"#,
            proof: Proof::Refused,
        },
    ],
    good: &[
        Good {
            says: "The string equals the number, as the gateway compares them",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_page": {
      "require": [{ "conditions": [
        { "path": "args.page", "op": "eq", "value": 5 },
        { "path": "args.page", "op": "in", "value": ["5", "6"] }
      ] }]
    }
  }
}"#,
        },
        Good {
            says: "An object may have more members than those that are named",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_page": {
      "require": [{ "conditions": [
        { "path": "args.options", "op": "neq", "value": { "mode": "fast" } },
        { "path": "args.options.mode", "op": "eq", "value": "fast" }
      ] }]
    }
  }
}"#,
        },
        Good {
            says: "Either branch is refused",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "push_files": {
      "require": [{ "conditions": [{ "path": "args.branch", "op": "exists", "value": true }] }],
      "deny_if": [
        { "conditions": [{ "path": "args.branch", "op": "eq", "value": "main" }] },
        { "conditions": [{ "path": "args.branch", "op": "eq", "value": "master" }] }
      ]
    }
  }
}"#,
        },
    ],
    check: Check::Policy(check),
};

fn check(context: &Context<'_>, reporter: &mut Reporter<'_>) {
    for tool in context.tools_in_use() {
        for rule in &tool.rules.require {
            if let Some(core) = core(context, tool, rule) {
                report(context, reporter, tool, &core, true);
            }
        }
        for rule in &tool.rules.deny_if {
            if let Some(core) = core(context, tool, rule) {
                report(context, reporter, tool, &core, false);
            }
        }
    }
}

/// The fewest conditions of `rule` that exclude each other, if its conditions
/// do. A single one that is never true is no contradiction.
fn core<'r>(
    context: &Context<'_>,
    tool: &Tool<'_>,
    rule: &'r policy::Rule,
) -> Option<Vec<&'r Condition>> {
    let conditions: Vec<&Condition> = rule.conditions.iter().collect();
    let meet = conditions.iter().enumerate().any(|(at, condition)| {
        let later = conditions.iter().skip(at + 1);
        later
            .into_iter()
            .any(|other| are_related(&condition.path.value, &other.path.value))
    });
    if !meet || !context.exclude_each_other(tool, &conditions) {
        return None;
    }
    let core = fewest(&conditions, |fewer| context.exclude_each_other(tool, fewer));
    // Too many conditions to search: all of them exclude each other.
    let core = core.unwrap_or(conditions);
    (core.len() > 1).then_some(core)
}

fn report(
    context: &Context<'_>,
    reporter: &mut Reporter<'_>,
    tool: &Tool<'_>,
    core: &[&Condition],
    is_require: bool,
) {
    let Some((last, others)) = core.split_last() else {
        return;
    };
    let literals_of = |arguments: &mut crate::compare::arguments::Arguments<'_>| -> Vec<_> {
        others
            .iter()
            .map(|condition| arguments.condition(condition))
            .collect()
    };
    let answer = context.ask(tool, |arguments| {
        let literals = literals_of(arguments);
        if is_require {
            arguments.example(&literals)
        } else {
            arguments.accepted(&literals)
        }
    });
    let calls = answer
        .witness()
        .map(|arguments: Value| vec![WitnessCall::new(tool.name(), arguments)]);
    let witness = calls.and_then(|calls| {
        if is_require {
            reporter.refused(calls)
        } else {
            reporter.passing(calls)
        }
    });
    let effect = if is_require {
        format!("No call of `{}` meets this `require`", tool.name())
    } else {
        "This `deny_if` refuses nothing".to_owned()
    };
    let shown: Vec<String> = core
        .iter()
        .take(3)
        .map(|condition| format!("that {}", worded(condition)))
        .collect();
    let message = format!("{effect}: {} exclude each other", shown.join(" and "));
    let help = if is_require {
        "all conditions of a rule must hold; for \"either\", write one \"in\" list or one pattern"
    } else {
        "all conditions of a rule must hold; to refuse either, write one rule for each, or one \"in\" list"
    };
    let mut finding = reporter
        .finding(last.span, &last.pointer, message)
        .help(help)
        .witness(witness.unwrap_or_default());
    for other in others.iter().take(3) {
        finding = finding.related(reporter.at(other.span), "this one excludes it");
    }
    reporter.push(finding);
}
