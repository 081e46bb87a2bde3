//! A sum that nothing adds to.

use super::{Bad, Check, Context, Good, Proof, Reporter, Rule, RuleId};
use crate::lint::witness::{repeated, with};
use mcppolicy_engine::time::TimeDelta;
use mcppolicy_engine::value::Value;

/// `free-amount`
pub static RULE: Rule = Rule {
    id: RuleId::FreeAmount,
    since: "0.1.0",
    fixes: false,
    options: None,
    what: "Looks for tools whose limits all have `increment_from`, and that accept an amount of \
           0. An amount above 0 counts as at least 1.",
    why: "A limit on a sum does not bound the calls: an amount of 0 adds nothing. A charge of 0 can \
          still open an account, send a mail, or probe a card.",
    bad: &[Bad {
        says: "Nothing counts the charges themselves",
        policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "create_charge": {
      "require": [{ "conditions": [{ "path": "args.amount", "op": "gte", "value": 0 }] }],
      "limits": [
        { "counter": "charged_per_day", "window": "day", "max": 500, "scope": "grant", "increment_from": "args.amount" }
      ]
    }
  }
}"#,
        proof: Proof::Passes,
    }],
    good: &[
        Good {
            says: "The amount must be above 0",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "create_charge": {
      "require": [{ "conditions": [{ "path": "args.amount", "op": "gt", "value": 0 }] }],
      "limits": [
        { "counter": "charged_per_day", "window": "day", "max": 500, "scope": "grant", "increment_from": "args.amount" }
      ]
    }
  }
}"#,
        },
        Good {
            says: "The charges are counted too",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "create_charge": {
      "limits": [
        { "counter": "charges_per_day", "window": "day", "max": 20, "scope": "grant" },
        { "counter": "charged_per_day", "window": "day", "max": 500, "scope": "grant", "increment_from": "args.amount" }
      ]
    }
  }
}"#,
        },
    ],
    check: Check::Policy(check),
};

/// Enough to be no accident, at once.
const CALLS: u64 = 100;

fn check(context: &Context<'_>, reporter: &mut Reporter<'_>) {
    for tool in context.open_tools() {
        let is_count = |limit: &mcppolicy_engine::policy::Limit| limit.increment_from.is_none();
        if context.limits_of(tool).any(is_count) {
            continue;
        }
        let sums = || tool.rules.limits.iter();
        let Some((limit, path)) =
            sums().find_map(|limit| Some((limit, limit.increment_from.as_ref()?)))
        else {
            continue;
        };
        let zero = Value::Number(0.0);
        let refused_by_server =
            |argument: crate::inventory::schema::Argument| !argument.shape.may_be(&zero);
        if tool.declared(&path.value).is_some_and(refused_by_server) {
            continue;
        }
        let arguments = sums()
            .filter_map(|limit| limit.increment_from.as_ref())
            .try_fold(context.accepted(tool), |arguments, path| {
                Some(with(&arguments?, &path.value, zero.clone()))
            });
        let Some(arguments) = arguments.flatten() else {
            continue;
        };
        let call = repeated(tool.name(), arguments, CALLS, TimeDelta::default());
        let Some(witness) = reporter.passing(vec![call]) else {
            continue;
        };
        let path = &path.value;
        let message = format!(
            "`{}` can be called any number of times with a `{path}` of 0: only the sum is limited",
            tool.name()
        );
        let counter = Value::String(format!("{}_per_day", tool.name()));
        let finding = reporter
            .finding(limit.span, &limit.pointer, message)
            .help(format!(
                "require \"{path}\" to be \"gt\" 0, or add {{\"counter\": {counter}, \"window\": \"day\", \"max\": 100, \"scope\": \"grant\"}}"
            ))
            .witness(witness);
        reporter.push(finding);
    }
}
