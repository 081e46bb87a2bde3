//! A limit that lets twice its calls pass around the end of a window.

use super::{Bad, Check, Context, Good, Proof, Reporter, Rule, RuleId, spaced};
use crate::inventory::category::Risk;
use crate::lint::context::Tool;
use crate::lint::witness::start;
use mcppolicy_engine::policy::Limit;
use mcppolicy_engine::time::TimeDelta;
use mcppolicy_engine::value::Value;
use mcppolicy_trace::trace::WitnessCall;

/// `window-doubling`
pub static RULE: Rule = Rule {
    id: RuleId::WindowDoubling,
    since: "0.1.0",
    fixes: false,
    options: None,
    what: "Looks for limits of tools that destroy or move money of which twice the calls pass within \
           a short time: the whole quota just before a window ends, and the next one just after. One \
           limit per tool is shown.",
    why: "Windows begin at their own boundaries (each minute, hour or day, in UTC), and a counter is \
          then zero. Who needs a limit over any stretch of that length has to halve it, or to add \
          one over a shorter window.",
    bad: &[Bad {
        says: "Ten deletions within a second of midnight",
        policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "delete_branch": {
      "require": [{ "conditions": [{ "path": "args.branch", "op": "regex", "value": "^agent/[a-z0-9-]+$" }] }],
      "limits": [{ "counter": "deletions", "window": "day", "max": 5, "scope": "grant" }]
    }
  }
}"#,
        proof: Proof::Passes,
    }],
    good: &[
        Good {
            says: "A limit per hour keeps the two days apart",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "delete_branch": {
      "require": [{ "conditions": [{ "path": "args.branch", "op": "regex", "value": "^agent/[a-z0-9-]+$" }] }],
      "limits": [
        { "counter": "deletions_per_hour", "window": "hour", "max": 1, "scope": "grant" },
        { "counter": "deletions", "window": "day", "max": 5, "scope": "grant" }
      ]
    }
  }
}"#,
        },
        Good {
            says: "What only writes can be undone",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "update_page": { "limits": [{ "counter": "updates", "window": "day", "max": 5, "scope": "grant" }] }
  }
}"#,
        },
    ],
    check: Check::Policy(check),
};

/// How many calls of a limit of one are no burst.
const SMALLEST: u64 = 2;

/// The pauses between calls that are tried, in milliseconds; however large a limit is,
/// its calls may come all at once.
const PAUSES: [u64; 4] = [10, 1000, 10_000, 0];

/// A part of a window in which both quotas must fit for them to be one burst.
const SHORT: i64 = 10;

fn check(context: &Context<'_>, reporter: &mut Reporter<'_>) {
    for tool in context.open_tools() {
        if tool.class.category.risk() < Risk::Critical {
            continue;
        }
        // The longest window has the quota that was meant to hold.
        let mut limits: Vec<&Limit> = tool.rules.limits.iter().collect();
        limits.sort_by_key(|limit| std::cmp::Reverse(limit.window.value));
        for limit in limits {
            if let Some(calls) = doubled(context, reporter, tool, limit) {
                report(reporter, tool, limit, calls);
                break;
            }
        }
    }
}

/// Calls that use up a limit before its window ends and again behind that.
fn doubled(
    context: &Context<'_>,
    reporter: &mut Reporter<'_>,
    tool: &Tool<'_>,
    limit: &Limit,
) -> Option<Vec<WitnessCall>> {
    let max = limit.max.value;
    if limit.increment_from.is_some() || max < SMALLEST {
        return None;
    }
    let arguments: Value = context.accepted(tool)?;
    PAUSES.into_iter().find_map(|pause| {
        let millis = i128::from(pause) * 1_000_000;
        let short = i128::from(limit.window.value.seconds() / SHORT) * 1_000_000_000;
        let before = if pause == 0 {
            1_000_000_000
        } else {
            millis * i128::from(max)
        };
        if 2 * before > short {
            return None;
        }
        let quota = |from: i128| WitnessCall {
            at: Some(start().plus(TimeDelta::nanos(from))),
            repeat: max,
            every: TimeDelta::nanos(millis),
            ..WitnessCall::new(tool.name(), arguments.clone())
        };
        reporter.passing(vec![quota(-before), quota(0)])
    })
}

fn report(reporter: &mut Reporter<'_>, tool: &Tool<'_>, limit: &Limit, calls: Vec<WitnessCall>) {
    let (max, window) = (limit.max.value, limit.window.value.name());
    let message = format!(
        "{} calls of `{}` pass around the end of a {window}, twice its limit",
        spaced(max.saturating_mul(2)),
        tool.name()
    );
    let half = max.div_ceil(2);
    let finding = reporter
        .finding(limit.span, &limit.pointer, message)
        .help(format!(
            "write \"max\": {half} where never more than {max} may follow each other, or add a limit over a shorter window"
        ))
        .witness(calls);
    reporter.push(finding);
}
