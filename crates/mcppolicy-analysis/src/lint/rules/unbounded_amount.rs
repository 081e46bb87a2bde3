//! Money without an upper bound.

use super::{Bad, Check, Context, Good, Proof, Reporter, Rule, RuleId, spaced};
use crate::inventory::category::Category;
use crate::inventory::schema::Presence;
use crate::lint::argument::is_amount;
use crate::lint::context::Tool;
use crate::lint::witness::{repeated, with};
use mcppolicy_engine::policy::{Comparison, Limit, Path, Test, Window};
use mcppolicy_engine::time::TimeDelta;
use mcppolicy_engine::value::Value;
use mcppolicy_trace::trace::WitnessCall;

/// `unbounded-amount`
pub static RULE: Rule = Rule {
    id: RuleId::UnboundedAmount,
    since: "0.1.0",
    fixes: false,
    options: None,
    what: "Looks at Financial tools with rules on some argument, and at their amounts: the \
           arguments that the policy or the server's schema names so. It reports an amount \
           without an upper bound, and one that is bounded per call while no limit bounds the \
           calls or the sum of a day. A tool without any limit is left to \
           `unlimited-financial-tool`.",
    why: "A maximum per call is not enough: the sum of a day decides how much can be lost.",
    bad: &[
        Bad {
            says: "The currency is checked and the amount is not",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "create_charge": {
      "require": [{ "conditions": [
        { "path": "args.currency", "op": "eq", "value": "eur" },
        { "path": "args.amount", "op": "gt", "value": 0 }
      ] }],
      "limits": [{ "counter": "charges_per_day", "window": "day", "max": 5, "scope": "grant" }]
    }
  }
}"#,
            proof: Proof::Passes,
        },
        Bad {
            says: "100 per call and 5 calls an hour are 12 000 a day",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "create_charge": {
      "require": [{ "conditions": [{ "path": "args.amount", "op": "lte", "value": 100 }] }],
      "limits": [{ "counter": "charges_per_hour", "window": "hour", "max": 5, "scope": "grant" }]
    }
  }
}"#,
            proof: Proof::Passes,
        },
    ],
    good: &[
        Good {
            says: "A cap per call and a number of calls per day",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "create_charge": {
      "require": [{ "conditions": [{ "path": "args.amount", "op": "lte", "value": 100 }] }],
      "limits": [{ "counter": "charges_per_day", "window": "day", "max": 5, "scope": "grant" }]
    }
  }
}"#,
        },
        Good {
            says: "The sum of a day is bounded",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "create_charge": {
      "limits": [
        { "counter": "charged_per_day", "window": "day", "max": 500, "scope": "grant", "increment_from": "args.amount" }
      ]
    }
  }
}"#,
        },
    ],
    check: Check::Policy(check),
};

/// An amount that no policy intends.
const ENORMOUS: f64 = 1_000_000_000_000.0;

fn check(context: &Context<'_>, reporter: &mut Reporter<'_>) {
    for tool in context.open_tools() {
        if tool.class.category != Category::Financial || !context.guards_arguments(tool) {
            continue;
        }
        for path in amounts(tool) {
            if !any_size(context, reporter, tool, &path) {
                no_day(context, reporter, tool, &path);
            }
        }
    }
}

/// The amounts of a tool, by what the policy and the server call so.
fn amounts(tool: &Tool<'_>) -> Vec<Path> {
    let named = |path: &Path| path.segments().last().is_some_and(|name| is_amount(name));
    let summed = tool.rules.limits.iter();
    let summed = summed.filter_map(|limit| limit.increment_from.as_ref().map(|path| &path.value));
    let looked_at = tool
        .conditions()
        .map(|(_, condition)| &condition.path.value);
    let mut paths: Vec<Path> = looked_at
        .chain(summed)
        .filter(|path| named(path))
        .cloned()
        .collect();
    // A misspelt argument has its own finding, and the amount is probably it.
    let is_known = |path: &Path| {
        tool.argument(path)
            .is_none_or(|argument| !matches!(argument.presence, Presence::Refused))
    };
    let all_known = paths.iter().all(is_known);
    paths.retain(is_known);
    if all_known && let Some(listed) = tool.listed {
        let described = listed.arguments().names().into_iter();
        let described = described.filter_map(|name| Path::parse(&format!("args.{name}")).ok());
        paths.extend(described.filter(|path| {
            let is_number = |path| {
                tool.declared(path)
                    .is_some_and(|argument| argument.shape.types.has_number())
            };
            path.segments().len() == 1 && named(path) && is_number(path)
        }));
    }
    paths.sort();
    paths.dedup();
    paths
}

/// Reports an amount of any size; whether there is one.
fn any_size(
    context: &Context<'_>,
    reporter: &mut Reporter<'_>,
    tool: &Tool<'_>,
    path: &Path,
) -> bool {
    let accepted = context.accepted(tool);
    let Some(enormous) = accepted.and_then(|accepted| with(&accepted, path, ENORMOUS.into()))
    else {
        return false;
    };
    if let Some(argument) = tool.declared(path)
        && !argument.shape.may_be(&ENORMOUS.into())
    {
        // The server has a bound of its own.
        return false;
    }
    let calls = vec![WitnessCall::new(tool.name(), enormous)];
    let Some(witness) = reporter.passing(calls) else {
        return false;
    };
    let message = format!("`{path}` of `{}` may be of any size", tool.name());
    let finding = reporter
        .finding(tool.rules.span, &tool.rules.pointer, message)
        .help(format!(
            "add {{\"path\": \"{path}\", \"op\": \"lte\", \"value\": …}} to a \"require\" rule with the largest amount that makes sense"
        ))
        .witness(witness);
    reporter.push(finding);
    true
}

/// Reports a cap per call without a cap per day.
fn no_day(context: &Context<'_>, reporter: &mut Reporter<'_>, tool: &Tool<'_>, path: &Path) {
    let limits: Vec<&Limit> = context.limits_of(tool).collect();
    let is_sum = |limit: &&&Limit| limit.increment_from.is_some();
    let bounds_day = |limit: &&&Limit| limit.window.value == Window::Day || is_sum(limit);
    let shortest = limits.iter().min_by_key(|limit| per_day(limit));
    let (Some(limit), false) = (shortest, limits.iter().any(|limit| bounds_day(&limit))) else {
        return;
    };
    let Some(cap) = cap(tool, path) else {
        return;
    };
    let Some(arguments) = context
        .accepted(tool)
        .and_then(|accepted| with(&accepted, path, cap.into()))
    else {
        return;
    };
    let calls = per_day(limit);
    let seconds = i128::from(limit.window.value.seconds());
    let every = TimeDelta::nanos(seconds * 1_000_000_000 / i128::from(limit.max.value.max(1)));
    let call = repeated(tool.name(), arguments, calls, every);
    let Some(witness) = reporter.passing(vec![call]) else {
        return;
    };
    let sum = cap * calls as f64;
    let sum = if sum < 1e15 && sum.fract() == 0.0 {
        spaced(sum as u64)
    } else {
        sum.to_string()
    };
    let message = format!(
        "`{path}` of `{}` is capped per call and not per day: {cap} at {} per {} is {sum} a day",
        tool.name(),
        limit.max.value,
        limit.window.value.name()
    );
    let counter = Value::String(format!("{}_amount_per_day", tool.name()));
    let finding = reporter
        .finding(limit.span, &limit.pointer, message)
        .help(format!(
            "add the limit {{\"counter\": {counter}, \"window\": \"day\", \"max\": …, \"scope\": \"grant\", \"increment_from\": \"{path}\"}}"
        ))
        .witness(witness);
    reporter.push(finding);
}

fn per_day(limit: &Limit) -> u64 {
    let windows = Window::Day.seconds() / limit.window.value.seconds();
    limit.max.value.saturating_mul(windows.unsigned_abs())
}

/// The largest of the numbers that the policy compares the amount with and
/// that may be it.
fn cap(tool: &Tool<'_>, path: &Path) -> Option<f64> {
    let here = tool
        .conditions()
        .filter(|(_, condition)| condition.path.value == *path);
    let bounds = here.filter_map(|(is_require, condition)| match &condition.test {
        Test::Compare(Comparison::Lte, n) if is_require => Some(*n),
        Test::Compare(Comparison::Lt, n) if is_require => Some(n - 1.0),
        Test::Compare(Comparison::Gt, n) if !is_require => Some(*n),
        Test::Compare(Comparison::Gte, n) if !is_require => Some(n - 1.0),
        Test::Eq(Value::Number(n)) if is_require => Some(*n),
        _ => None,
    });
    bounds.filter(|n| *n > 0.0).reduce(f64::min)
}
