//! A `deny_if` that a caller avoids by leaving the argument out, or by sending
//! it as another type.

use std::collections::BTreeSet;

use super::{Bad, Check, Context, Good, Proof, Reporter, Rule, RuleId, fixes, quoted};
use crate::finding::Finding;
use crate::inventory::schema::Required;
use crate::lint::condition::{are_related, opposite};
use crate::lint::context::Tool;
use crate::lint::witness::{candidates, passes, refused_by, with, without};
use crate::lint::{argument, type_check};
use crate::region::Kind;
use mcppolicy_engine::engine::{Kind as Step, Lookup, ValueRef};
use mcppolicy_engine::policy::{self, Condition, Path, Test};
use mcppolicy_engine::value::Value;
use mcppolicy_trace::trace::WitnessCall;

/// `fail-open-deny`
pub static RULE: Rule = Rule {
    id: RuleId::FailOpenDeny,
    since: "0.1.0",
    fixes: true,
    options: None,
    what: "For each condition of a `deny_if` rule, takes a call that the rule refuses and leaves \
           the argument out; for a comparison of numbers it also sends the number as a string. It \
           reports the rule when the whole policy allows such a call. Rules that refuse the mere \
           presence of an argument, or a switch that is `true`, are not reported: without the \
           argument the call is as intended. Under `--pedantic` other changes of type are tried \
           as well. With an inventory it shows whether the server's schema requires the argument, \
           and leaves rules that by the schema never decide to `unknown-argument` and \
           `argument-type-mismatch`.",
    why: "A condition on a missing value is false, and `lt`, `lte`, `gt` and `gte` are false of \
          everything that is not a number. So a `deny_if` fails open: a missing amount, or the \
          amount `\"500000\"`, reaches the server unchecked. A `require` fails closed.",
    bad: &[
        Bad {
            says: "A refund without an amount passes, and so does one of `\"1000\"`",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "create_refund": {
      "deny_if": [{
        "conditions": [{ "path": "args.amount", "op": "gt", "value": 100 }],
        "on_deny": "Refund exceeds the policy limit."
      }]
    }
  }
}"#,
            proof: Proof::Passes,
        },
        Bad {
            says: "`exists` closes the first hole and not the second",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "create_refund": {
      "require": [{ "conditions": [{ "path": "args.amount", "op": "exists", "value": true }] }],
      "deny_if": [{ "conditions": [{ "path": "args.amount", "op": "gt", "value": 100 }] }]
    }
  }
}"#,
            proof: Proof::Passes,
        },
        Bad {
            says: "Without a branch the server takes its default, which is the one that is guarded",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "push_files": {
      "deny_if": [{ "conditions": [{ "path": "args.branch", "op": "in", "value": ["main", "master"] }] }]
    }
  }
}"#,
            proof: Proof::Passes,
        },
        Bad {
            says: "Even `neq` is false of a missing argument",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "update_record": {
      "deny_if": [{ "conditions": [{ "path": "args.environment", "op": "neq", "value": "staging" }] }]
    }
  }
}"#,
            proof: Proof::Passes,
        },
    ],
    good: &[
        Good {
            says: "A `require` lists what is allowed, and everything else is refused",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "create_refund": {
      "require": [{
        "conditions": [{ "path": "args.amount", "op": "lte", "value": 100 }],
        "on_deny": "Refund exceeds the policy limit."
      }]
    }
  }
}"#,
        },
        Good {
            says: "A `require` beside the `deny_if` closes both holes",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "create_refund": {
      "require": [{ "conditions": [{ "path": "args.amount", "op": "gte", "value": 0 }] }],
      "deny_if": [{
        "conditions": [{ "path": "args.amount", "op": "gt", "value": 100 }],
        "on_deny": "Refund exceeds the policy limit."
      }]
    }
  }
}"#,
        },
        Good {
            says: "A limit that adds up the amount refuses everything that is not a number",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "create_refund": {
      "deny_if": [{ "conditions": [{ "path": "args.amount", "op": "gt", "value": 100 }] }],
      "limits": [
        { "counter": "refunded", "window": "day", "max": 500, "scope": "grant", "increment_from": "args.amount" }
      ]
    }
  }
}"#,
        },
        Good {
            says: "A call without the argument is as intended",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "push_files": {
      "deny_if": [
        { "conditions": [{ "path": "args.force", "op": "eq", "value": true }] },
        { "conditions": [{ "path": "args.on_behalf_of", "op": "exists", "value": true }] }
      ]
    }
  }
}"#,
        },
        Good {
            says: "A `deny_if` that narrows a `require` on the same argument",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "push_files": {
      "require": [{ "conditions": [{ "path": "args.branch", "op": "regex", "value": "^[a-z0-9/-]+$" }] }],
      "deny_if": [{ "conditions": [{ "path": "args.branch", "op": "eq", "value": "main" }] }]
    }
  }
}"#,
        },
    ],
    check: Check::Policy(check),
};

fn check(context: &Context<'_>, reporter: &mut Reporter<'_>) {
    for tool in context.open_tools() {
        if tool.rules.deny_if.is_empty() {
            continue;
        }
        let Some(accepted) = context.accepted(tool) else {
            continue;
        };
        // One argument has one hole, however many rules look at it.
        let mut reported: BTreeSet<&Path> = BTreeSet::new();
        for (at, rule) in tool.rules.deny_if.iter().enumerate() {
            if is_dead(context, tool, rule) {
                continue;
            }
            // A rule that refuses nothing cannot be avoided.
            let exact = || {
                context
                    .ask(tool, |arguments| arguments.decided_by(Step::DenyIf, at))
                    .witness()
            };
            let Some(caught) = caught(context, tool, rule, &accepted).or_else(exact) else {
                continue;
            };
            let open = rule
                .conditions
                .iter()
                .filter(|condition| !reported.contains(&condition.path.value))
                .find_map(|condition| {
                    let ways = ways_around(context, reporter, tool, rule, condition, &caught);
                    (!ways.is_empty()).then_some((condition, ways))
                });
            if let Some((condition, ways)) = open {
                reported.insert(&condition.path.value);
                report(reporter, tool, rule, condition, ways);
            }
        }
    }
}

/// Whether the server's schema says that `rule` guards nothing, and the rules that
/// know the schema say so: to close it would close the tool.
fn is_dead(context: &Context<'_>, tool: &Tool<'_>, rule: &policy::Rule) -> bool {
    let is_misspelt = |condition: &Condition| argument::is_mistaken(tool, &condition.path.value);
    (context.runs(RuleId::UnknownArgument) && rule.conditions.iter().any(is_misspelt))
        || (context.runs(RuleId::ArgumentTypeMismatch) && type_check::never_holds(tool, rule))
}

/// A call that `rule` refuses, made from one that the policy lets pass, of which
/// a reader sees why.
fn caught(
    context: &Context<'_>,
    tool: &Tool<'_>,
    rule: &policy::Rule,
    accepted: &Value,
) -> Option<Value> {
    let mut arguments = accepted.clone();
    for condition in &rule.conditions {
        let path = &condition.path.value;
        let here = || {
            let same = rule
                .conditions
                .iter()
                .filter(|other| other.path.value == *path);
            same.map(|other| &other.test)
        };
        let holds = |value: &Value| here().all(|test| test.holds(ValueRef::from(value)));
        let telling = here().filter_map(far_beyond).flatten();
        match telling.chain(candidates(here())).find(holds) {
            Some(value) => arguments = with(&arguments, path, value)?,
            None => arguments = without(&arguments, path),
        }
    }
    let by = refused_by(context.engine, tool.name(), &arguments);
    (by == Some(rule.pointer.as_str())).then_some(arguments)
}

/// Numbers that a comparison plainly is about: `gt 100` about 1000.
fn far_beyond(test: &Test) -> Option<[Value; 3]> {
    let Test::Compare(_, bound) = test else {
        return None;
    };
    let bound = *bound;
    let times = if (bound * 10.0).is_finite() {
        bound * 10.0
    } else {
        bound
    };
    Some([times, (bound / 10.0).floor(), bound + 1.0].map(Value::Number))
}

/// A call that avoids the rule, and how.
enum Way {
    LeftOut(WitnessCall),
    OtherType(WitnessCall, Value),
}

fn ways_around(
    context: &Context<'_>,
    reporter: &Reporter<'_>,
    tool: &Tool<'_>,
    rule: &policy::Rule,
    condition: &Condition,
    caught: &Value,
) -> Vec<Way> {
    let path = &condition.path.value;
    let mut ways = Vec::new();
    if is_meant_for_the_missing(condition, rule) || leads_into(rule, path) {
        return ways;
    }
    let expects_presence = rule
        .conditions
        .iter()
        .any(|other| other.path.value == *path && matches!(other.test, Test::Exists(true)));
    let left_out = without(caught, path);
    if !expects_presence && passes(context.engine, tool.name(), &left_out) {
        ways.push(Way::LeftOut(WitnessCall::new(tool.name(), left_out)));
    }
    let is_number = matches!(condition.test, Test::Compare(..));
    let at_path = path
        .segments()
        .iter()
        .try_fold(caught, |value, segment| value.get(segment));
    let value = at_path.filter(|_| is_number || reporter.is_pedantic());
    for other in value.map(as_another_type).unwrap_or_default() {
        let Some(arguments) = with(caught, path, other.clone()) else {
            continue;
        };
        if passes(context.engine, tool.name(), &arguments) {
            ways.push(Way::OtherType(
                WitnessCall::new(tool.name(), arguments),
                other,
            ));
            break;
        }
    }
    // The call at hand may be refused otherwise as well; another one may not.
    if ways.is_empty() {
        let elsewhere = |kind| avoiding(context, tool, rule, path, kind);
        if !expects_presence && let Some(arguments) = elsewhere(Kind::Missing) {
            ways.push(Way::LeftOut(WitnessCall::new(tool.name(), arguments)));
        }
        let kind = if is_number {
            Some(Kind::String)
        } else {
            reporter.is_pedantic().then_some(Kind::Array)
        };
        if let Some(arguments) = kind.and_then(elsewhere) {
            let value = arguments.at(path).to_value().unwrap_or(Value::Null);
            ways.push(Way::OtherType(
                WitnessCall::new(tool.name(), arguments),
                value,
            ));
        }
    }
    ways
}

/// A call that passes with a value of that kind at `path`, and that meets all
/// conditions of `rule` on other arguments.
fn avoiding(
    context: &Context<'_>,
    tool: &Tool<'_>,
    rule: &policy::Rule,
    path: &Path,
    kind: Kind,
) -> Option<Value> {
    let others = rule
        .conditions
        .iter()
        .filter(|other| !are_related(&other.path.value, path));
    let answer = context.ask(tool, |arguments| {
        let mut literals: Vec<_> = others.map(|other| arguments.condition(other)).collect();
        literals.push(arguments.space().kind(path, kind));
        arguments.accepted(&literals)
    });
    answer.witness()
}

/// Whether leaving the argument out is what the author wants: the rule refuses
/// its presence, a switch that is on, or its absence.
fn is_meant_for_the_missing(condition: &Condition, rule: &policy::Rule) -> bool {
    let is_absent = |test: &Test| matches!(test, Test::Exists(false));
    match &condition.test {
        Test::Exists(_) | Test::Eq(Value::Bool(true)) => true,
        Test::In(values) if **values == [Value::Bool(true)] => true,
        Test::Neq(Value::Bool(false)) => true,
        _ => rule
            .conditions
            .iter()
            .any(|other| other.path.value == condition.path.value && is_absent(&other.test)),
    }
}

/// Whether another condition looks further inside the value at `path`.
fn leads_into(rule: &policy::Rule, path: &Path) -> bool {
    rule.conditions.iter().any(|other| {
        let inner = other.path.value.segments();
        inner.len() > path.segments().len() && inner.starts_with(path.segments())
    })
}

/// What servers often take for the same value.
fn as_another_type(value: &Value) -> Vec<Value> {
    match value {
        Value::Number(_) => vec![
            Value::String(value.to_string()),
            Value::String(format!("{value}.0")),
            Value::Array(vec![value.clone()]),
        ],
        _ => vec![Value::Array(vec![value.clone()])],
    }
}

fn report(
    reporter: &mut Reporter<'_>,
    tool: &Tool<'_>,
    rule: &policy::Rule,
    condition: &Condition,
    ways: Vec<Way>,
) {
    let path = &condition.path.value;
    let mut how = Vec::new();
    let mut calls = Vec::new();
    let is_number = matches!(condition.test, Test::Compare(..));
    let mut pedantic = true;
    for way in ways {
        match way {
            Way::LeftOut(call) => {
                pedantic = false;
                how.push(format!("leaving `{path}` out{}", required(tool, path)));
                calls.push(call);
            }
            Way::OtherType(call, value) => {
                pedantic &= !is_number;
                let kind = match value.type_name() {
                    "string" => "the string",
                    _ => "the array",
                };
                how.push(format!("sending {kind} `{value}`"));
                calls.push(call);
            }
        }
    }
    let Some(calls) = reporter.passing(calls) else {
        return;
    };
    let message = format!(
        "A call of `{}` avoids this `deny_if` by {}",
        tool.name(),
        how.join(", or by ")
    );
    let pointer = &condition.pointer;
    let finding = if pedantic {
        reporter.pedantic_finding(condition.span, pointer, message)
    } else {
        reporter.finding(condition.span, pointer, message)
    };
    let finding = finding.help(help(rule, condition)).witness(calls);
    let fix = fixes::closing(tool.rules, rule, condition).filter(|_| !pedantic);
    reporter.push(Finding { fix, ..finding });
}

/// What the server's schema says of leaving the argument out, in parentheses.
fn required(tool: &Tool<'_>, path: &Path) -> &'static str {
    match tool.declared(path).map(|argument| argument.required) {
        Some(Required::Always) => " (against the server's schema)",
        Some(Required::Optional) => " (the server does not require it)",
        Some(Required::Unsaid) | None => "",
    }
}

/// The `require` that closes the hole.
fn help(rule: &policy::Rule, condition: &Condition) -> String {
    let path = quoted(&condition.path.value.to_string());
    // The opposite condition is the whole `require` only where the rule has no
    // other; beside it the rule would never decide.
    let opposite = opposite(&condition.test).filter(|_| rule.conditions.len() == 1);
    let verb = if opposite.is_some() {
        "write instead"
    } else {
        "add"
    };
    let (op, value) = opposite.unwrap_or(match &condition.test {
        Test::Compare(..) => ("gte", Value::Number(0.0)),
        _ => ("exists", Value::Bool(true)),
    });
    let advice = format!(
        "{verb} \"require\": [{{\"conditions\": [{{\"path\": {path}, \"op\": \"{op}\", \"value\": {value}}}]}}]"
    );
    match (&condition.test, rule.conditions.len()) {
        (Test::Compare(..), 2..) => format!("{advice} with the smallest number that makes sense"),
        _ => advice,
    }
}
