//! An operand that says nothing, or that nothing can meet.

use super::{Bad, Check, Context, Good, Proof, Reporter, Rule, RuleId};
use crate::lint::context::Tool;
use crate::lint::witness::candidates;
use mcppolicy_engine::engine::ValueRef;
use mcppolicy_engine::policy::{Condition, Test};
use mcppolicy_engine::value::Value;
use mcppolicy_trace::trace::WitnessCall;

/// `useless-operand`
pub static RULE: Rule = Rule {
    id: RuleId::UselessOperand,
    since: "0.1.0",
    fixes: false,
    options: None,
    what: "Looks for `in` and `not_in` lists that are empty or have one value twice, and for \
           operands that no value can satisfy: a pattern that matches nothing, a bound beyond all \
           numbers.",
    why: "A value that is listed twice is often a typing error in one of the two entries. An \
          empty `in` list, or a pattern that matches nothing, refuses every call in a `require` \
          and none in a `deny_if`.",
    bad: &[
        Bad {
            says: "One name is listed twice, and another is probably missing",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_repo": {
      "require": [{ "conditions": [{ "path": "args.repo", "op": "in", "value": ["web", "docs", "web"] }] }]
    }
  }
}"#,
            proof: Proof::Plain,
        },
        Bad {
            says: "`$` stands before the text that should come before it",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_job": {},
    "get_repo": {
      "require": [{ "conditions": [{ "path": "args.repo", "op": "regex", "value": "$acme-[a-z]+^" }] }]
    }
  }
}"#,
            proof: Proof::Refused,
        },
        Bad {
            says: "Nothing is on the list, so nothing is refused",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_repo": {
      "deny_if": [{ "conditions": [{ "path": "args.repo", "op": "in", "value": [] }] }]
    }
  }
}"#,
            proof: Proof::Passes,
        },
    ],
    good: &[
        Good {
            says: "Each value is listed once; a string beside its number is intended",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_page": {
      "require": [{ "conditions": [{ "path": "args.page", "op": "in", "value": [5, "5", 6, "6"] }] }]
    }
  }
}"#,
        },
        Good {
            says: "A pattern for the empty text matches something",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_page": {
      "require": [{ "conditions": [{ "path": "args.filter", "op": "regex", "value": "^$" }] }]
    }
  }
}"#,
        },
    ],
    check: Check::Policy(check),
};

fn check(context: &Context<'_>, reporter: &mut Reporter<'_>) {
    for tool in context.tools_in_use() {
        let required = tool.rules.require.iter().map(|rule| (rule, true));
        let refused = tool.rules.deny_if.iter().map(|rule| (rule, false));
        for (rule, is_require) in required.chain(refused) {
            for condition in &rule.conditions {
                look(context, reporter, tool, condition, is_require);
            }
        }
    }
}

fn look(
    context: &Context<'_>,
    reporter: &mut Reporter<'_>,
    tool: &Tool<'_>,
    condition: &Condition,
    is_require: bool,
) {
    let (operator, path) = (condition.test.operator(), &condition.path.value);
    let message = match &condition.test {
        Test::NotIn(values) if values.is_empty() => {
            format!("`{operator} []` is true of every value at `{path}`: the list is empty")
        }
        Test::In(values) if values.is_empty() => {
            format!("`{operator} []` is true of no value at `{path}`: the list is empty")
        }
        Test::In(values) | Test::NotIn(values) => match duplicate(values) {
            Some(value) => format!("{value} stands twice in this list"),
            None => return,
        },
        test if is_never_true(context, tool, condition) => {
            let operand = test.operand();
            format!("No value at `{path}` meets `{operator} {operand}`")
        }
        _ => return,
    };
    let is_never = match &condition.test {
        Test::In(values) => values.is_empty(),
        Test::NotIn(_) => false,
        _ => true,
    };
    let witness = is_never
        .then(|| proof(context, reporter, tool, is_require))
        .flatten();
    let help = match (&condition.test, is_never) {
        (Test::Regex(_), _) => {
            "let the pattern match the values that are meant: `^` stands before them and `$` behind"
        }
        (_, true) => "name the values that are meant, or remove the rule",
        (Test::NotIn(values), _) if values.is_empty() => {
            "name the values that are meant, or write \"op\": \"exists\""
        }
        _ => "remove one of the two, or correct the one that should be another value",
    };
    let finding = reporter
        .finding(
            condition.value_span,
            format!("{}/value", condition.pointer),
            message,
        )
        .help(help)
        .witness(witness.unwrap_or_default());
    reporter.push(finding);
}

/// The first value that stands there before. Values of different types are
/// different entries, though a string may equal a number.
fn duplicate(values: &[Value]) -> Option<&Value> {
    let mut seen = std::collections::HashSet::new();
    values.iter().find(|value| !seen.insert(value.to_string()))
}

/// Whether certainly no value meets the condition. Only patterns and bounds can
/// be so, and most of them visibly are not.
fn is_never_true(context: &Context<'_>, tool: &Tool<'_>, condition: &Condition) -> bool {
    let test = &condition.test;
    matches!(test, Test::Regex(_) | Test::Compare(..))
        && !candidates([test])
            .iter()
            .any(|value| test.holds(ValueRef::from(value)))
        && context.exclude_each_other(tool, &[condition])
}

/// A call that is refused though it has arguments like others, or that passes
/// though something should refuse it.
fn proof(
    context: &Context<'_>,
    reporter: &mut Reporter<'_>,
    tool: &Tool<'_>,
    is_require: bool,
) -> Option<Vec<WitnessCall>> {
    if is_require {
        let call = WitnessCall::new(tool.name(), Value::empty_object());
        return reporter.refused(vec![call]);
    }
    let arguments = context.accepted(tool)?;
    reporter.passing(vec![WitnessCall::new(tool.name(), arguments)])
}
