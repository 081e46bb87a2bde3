//! A limit that a tighter one always meets first.

use std::collections::BTreeSet;

use super::{Bad, Check, Context, Good, Proof, Reporter, Rule, RuleId, fixes, spaced};
use crate::compare::limits::reach;
use crate::finding::Finding;
use crate::lint::context::Tool;
use crate::lint::witness::repeated;
use crate::region::Budget;
use mcppolicy_engine::engine::Kind as Step;
use mcppolicy_engine::policy::{Limit, Path, ToolRules, Window};
use mcppolicy_engine::time::TimeDelta;
use mcppolicy_engine::value::Value;
use mcppolicy_trace::trace::WitnessCall;

/// `limit-never-binds`
pub static RULE: Rule = Rule {
    id: RuleId::LimitNeverBinds,
    since: "0.1.0",
    fixes: true,
    options: None,
    what: "Looks for limits that refuse no call, because another limit counts the same calls and \
           allows fewer of them. Windows follow the calendar: an hour has 60 minutes, so 10 per \
           minute is at most 600 per hour. Sums and counts bound each other where conditions \
           bound the amount: ten calls of at most 50 never add up to more than 500. A limit in \
           `all_tools` is compared only with others in `all_tools`, because it also counts the \
           calls of tools that are added later.",
    why: "One of the two numbers is probably wrong. Often the windows are swapped: 60 per minute \
          together with 10 per hour allows ten calls and then none for up to an hour.",
    bad: &[
        Bad {
            says: "After ten calls the quota of the hour is used up",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "run_workflow": {
      "limits": [
        { "counter": "burst", "window": "minute", "max": 60, "scope": "grant" },
        { "counter": "hourly", "window": "hour", "max": 10, "scope": "grant" }
      ]
    }
  }
}"#,
            proof: Proof::LastRefused,
        },
        Bad {
            says: "Ten per minute are never more than 600 per hour",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "run_workflow": {
      "limits": [
        { "counter": "burst", "window": "minute", "max": 10, "scope": "grant" },
        { "counter": "hourly", "window": "hour", "max": 600, "scope": "grant" }
      ]
    }
  }
}"#,
            proof: Proof::LastRefused,
        },
        Bad {
            says: "All tools together may do less than this one alone",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "all_tools": { "limits": [{ "counter": "calls", "window": "hour", "max": 20, "scope": "grant" }] },
  "tools": {
    "run_workflow": {
      "limits": [{ "counter": "runs", "window": "hour", "max": 100, "scope": "grant" }]
    }
  }
}"#,
            proof: Proof::LastRefused,
        },
        Bad {
            says: "Ten charges of at most 50 are never 1000",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "create_charge": {
      "require": [{ "conditions": [
        { "path": "args.amount", "op": "gt", "value": 0 },
        { "path": "args.amount", "op": "lte", "value": 50 }
      ] }],
      "limits": [
        { "counter": "charges", "window": "day", "max": 10, "scope": "grant" },
        { "counter": "charged", "window": "day", "max": 1000, "scope": "grant", "increment_from": "args.amount" }
      ]
    }
  }
}"#,
            proof: Proof::LastRefused,
        },
    ],
    good: &[
        Good {
            says: "Ten charges of at most 50 may be more than 400",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "create_charge": {
      "require": [{ "conditions": [
        { "path": "args.amount", "op": "gt", "value": 0 },
        { "path": "args.amount", "op": "lte", "value": 50 }
      ] }],
      "limits": [
        { "counter": "charges", "window": "day", "max": 10, "scope": "grant" },
        { "counter": "charged", "window": "day", "max": 400, "scope": "grant", "increment_from": "args.amount" }
      ]
    }
  }
}"#,
        },
        Good {
            says: "Bursts of ten, and a hundred in an hour",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "run_workflow": {
      "limits": [
        { "counter": "burst", "window": "minute", "max": 10, "scope": "grant" },
        { "counter": "hourly", "window": "hour", "max": 100, "scope": "grant" }
      ]
    }
  }
}"#,
        },
        Good {
            says: "A limit for all tools also counts tools that are added later",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "all_tools": { "limits": [{ "counter": "calls", "window": "minute", "max": 100, "scope": "grant" }] },
  "tools": {
    "run_workflow": {
      "limits": [{ "counter": "runs", "window": "hour", "max": 30, "scope": "grant" }]
    }
  }
}"#,
        },
        Good {
            says: "A sum and a count measure different things",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "create_charge": {
      "limits": [
        { "counter": "charges", "window": "day", "max": 10, "scope": "grant" },
        { "counter": "spend", "window": "day", "max": 5000, "scope": "grant", "increment_from": "args.amount" }
      ]
    }
  }
}"#,
        },
    ],
    check: Check::Policy(check),
};

/// Longer sequences are not replayed.
const LONGEST: u64 = 10_000;

/// So many limits of one policy are compared with what amounts let them reach.
const ANALYSES: usize = 100;

/// What one such comparison may cost.
const BUDGET: Budget = Budget {
    steps: 100_000,
    boxes: 2_000,
    conditions: 100_000,
    automaton: 1 << 18,
    calls: 0,
};

fn check(context: &Context<'_>, reporter: &mut Reporter<'_>) {
    let for_all = &context.policy.all_tools;
    for (at, limit) in for_all.iter().enumerate() {
        if let Some((tighter, most)) = tightest(limit, at, for_all, &[]) {
            let finding = finding(reporter, limit, tighter, most);
            reporter.push(finding.fix(fixes::without_limit(context.policy, limit)));
        }
    }
    let for_all = strictest_per_window(for_all);
    let mut analyses = ANALYSES;
    for tool in context.open_tools() {
        for (at, limit) in tool.rules.limits.iter().enumerate() {
            let Some((tighter, most)) = tightest(limit, at, &tool.rules.limits, &for_all) else {
                if is_coupled(tool.rules, at) && analyses > 0 {
                    analyses -= 1;
                    look_closer(context, reporter, tool, at);
                }
                continue;
            };
            let witness = proof(context, reporter, tool, tighter).unwrap_or_default();
            let finding = finding(reporter, limit, tighter, most).witness(witness);
            reporter.push(finding.fix(fixes::without_limit(context.policy, limit)));
        }
    }
}

/// Whether a sum is involved that conditions on its amount may bound.
fn is_coupled(rules: &ToolRules, at: usize) -> bool {
    let sums = rules
        .limits
        .iter()
        .filter_map(|limit| limit.increment_from.as_ref());
    let paths: BTreeSet<&Path> = sums.map(|path| &path.value).collect();
    let conditions = || {
        rules
            .require
            .iter()
            .chain(&rules.deny_if)
            .flat_map(|rule| &rule.conditions)
    };
    let is_bounded = |path: &Path| conditions().any(|condition| condition.path.value == *path);
    at < rules.limits.len() && rules.limits.len() > 1 && paths.into_iter().any(is_bounded)
}

/// What pairs of limits do not show: counts and sums that bound each other.
fn look_closer(context: &Context<'_>, reporter: &mut Reporter<'_>, tool: &Tool<'_>, at: usize) {
    let Some(limit) = tool.rules.limits.get(at) else {
        return;
    };
    let most = reach(tool.rules, at, &context.policy.all_tools, BUDGET);
    let Some(most) = most.and_then(|most| u64::try_from(most).ok()) else {
        return;
    };
    if most > limit.max.value {
        return;
    }
    if limit.increment_from.is_some() && may_be_uncountable(context, tool) {
        return;
    }
    let (max, window) = (spaced(limit.max.value), limit.window.value.name());
    let message = format!(
        "`{}` ({max} per {window}) never binds: the other limits and the conditions let at most {} per {window} through",
        limit.counter.value,
        spaced(most),
    );
    let others = tool
        .rules
        .limits
        .iter()
        .enumerate()
        .filter(|(other, _)| *other != at);
    let witness = others
        .map(|(_, other)| other)
        .find_map(|other| proof(context, reporter, tool, other));
    let finding = reporter
        .finding(limit.span, &limit.pointer, message)
        .help(match most {
            0 => "remove it".to_owned(),
            _ => format!("lower \"max\" below {most} to make it count, or remove it"),
        })
        .witness(witness.unwrap_or_default());
    reporter.push(finding);
}

/// Whether the conditions let some amount through that a limit refuses by
/// itself: then a sum that is never reached still refuses that call.
fn may_be_uncountable(context: &Context<'_>, tool: &Tool<'_>) -> bool {
    let by_limits_alone = context.ask(tool, |arguments| {
        let conditions = |step, _| matches!(step, Step::Require | Step::DenyIf);
        arguments.between(conditions, &[(Step::Limit, 0)])
    });
    !by_limits_alone.is_empty()
}

/// Of the limits for all tools only the strictest of each window can be the
/// one that binds.
fn strictest_per_window(limits: &[Limit]) -> Vec<&Limit> {
    let strictest = |window: Window| {
        let same = limits.iter().filter(|limit| limit.window.value == window);
        same.min_by_key(|limit| limit.max.value)
    };
    Window::ALL.into_iter().filter_map(strictest).collect()
}

/// The limit that leaves the fewest calls for `limit`, the `at`th of `list`,
/// and how many those are in its window; if they are too few to reach it.
fn tightest<'a>(
    limit: &Limit,
    at: usize,
    list: &'a [Limit],
    for_all: &[&'a Limit],
) -> Option<(&'a Limit, u64)> {
    let beside = list.iter().enumerate().filter(|(other_at, other)| {
        // Of two that say the same, the first one stays.
        let same = other.window.value == limit.window.value && other.max.value == limit.max.value;
        *other_at != at && (!same || *other_at < at)
    });
    beside
        .map(|(_, other)| other)
        .chain(for_all.iter().copied())
        .filter(|other| counts_the_same(limit, other))
        .map(|other| (other, most_in(limit.window.value, other)))
        .filter(|(_, most)| *most <= limit.max.value)
        .min_by_key(|(_, most)| *most)
}

fn counts_the_same(a: &Limit, b: &Limit) -> bool {
    let path = |limit: &Limit| limit.increment_from.as_ref().map(|path| path.value.clone());
    path(a) == path(b)
}

/// The most that `limit` lets through in one `window`. Calendar windows nest:
/// each longer one consists of whole shorter ones.
fn most_in(window: Window, limit: &Limit) -> u64 {
    let windows = window.seconds() / limit.window.value.seconds();
    let windows = u64::try_from(windows).unwrap_or(1).max(1);
    limit.max.value.saturating_mul(windows)
}

fn finding(reporter: &Reporter<'_>, limit: &Limit, tighter: &Limit, most: u64) -> Finding {
    let (counter, other) = (&limit.counter.value, &tighter.counter.value);
    let (max, window) = (spaced(limit.max.value), limit.window.value.name());
    let message = format!(
        "`{counter}` ({max} per {window}) never binds: `{other}` ({} per {}) lets at most {} per {window} through",
        spaced(tighter.max.value),
        tighter.window.value.name(),
        spaced(most),
    );
    let help = if limit.window.value == tighter.window.value {
        "keep the one that is meant".to_owned()
    } else if limit.window.value < tighter.window.value {
        format!(
            "remove it, or lower it below {}, or check whether the windows are swapped",
            spaced(most)
        )
    } else {
        format!("lower \"max\" below {most} to make it count, or remove it",)
    };
    reporter
        .finding(limit.span, &limit.pointer, message)
        .related(
            reporter.at(tighter.span),
            "this one is always reached first",
        )
        .help(help)
}

/// Calls until the tighter limit refuses one: at once, or spread over its
/// window where another limit bounds bursts.
fn proof(
    context: &Context<'_>,
    reporter: &mut Reporter<'_>,
    tool: &Tool<'_>,
    tighter: &Limit,
) -> Option<Vec<WitnessCall>> {
    let mut arguments = context.accepted(tool)?;
    let mut passing = tighter.max.value;
    if let Some(path) = &tighter.increment_from {
        // One call of the whole amount, where the conditions let it pass.
        let whole = Value::Number(passing as f64);
        arguments = crate::lint::witness::with(&arguments, &path.value, whole)?;
        passing = 1;
    }
    let times = passing.checked_add(1).filter(|times| *times <= LONGEST)?;
    let window = i128::from(tighter.window.value.seconds()) * 1000;
    let spread = TimeDelta::nanos(window / i128::from(times) * 1_000_000);
    [TimeDelta::default(), spread]
        .into_iter()
        .find_map(|every| {
            let calls = vec![repeated(tool.name(), arguments.clone(), times, every)];
            reporter.last_refused_by(calls, &tighter.pointer)
        })
}
