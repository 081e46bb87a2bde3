//! A minute limit and none longer on a high-risk tool.

use super::{Bad, Check, Context, Good, Proof, Reporter, Rule, RuleId, quoted, spaced};
use crate::inventory::category::Risk;
use crate::lint::context::Tool;
use crate::lint::witness::repeated;
use mcppolicy_engine::policy::{Limit, Window};
use mcppolicy_engine::time::TimeDelta;
use mcppolicy_trace::trace::WitnessCall;

/// `burst-only-limit`
pub static RULE: Rule = Rule {
    id: RuleId::BurstOnlyLimit,
    since: "0.1.0",
    fixes: false,
    options: None,
    what: "Looks for tools of category Execute, Destructive or Financial whose limits, those in \
           `all_tools` included, all have the window `\"minute\"`.",
    why: "A limit per minute bounds a burst. Over a day it adds up: 10 per minute is 14 400 a \
          day, far more runs, deletions or payments than a reviewer expects.",
    bad: &[Bad {
        says: "Ten runs a minute, all day long",
        policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "run_workflow": {
      "limits": [{ "counter": "run_workflow_rate", "window": "minute", "max": 10, "scope": "grant" }]
    }
  }
}"#,
        proof: Proof::Passes,
    }],
    good: &[
        Good {
            says: "A burst of ten, and no more than 200 a day",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "run_workflow": {
      "limits": [
        { "counter": "run_workflow_rate", "window": "minute", "max": 10, "scope": "grant" },
        { "counter": "run_workflow_daily", "window": "day", "max": 200, "scope": "grant" }
      ]
    }
  }
}"#,
        },
        Good {
            says: "A daily limit for all tools counts as well",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "all_tools": { "limits": [{ "counter": "calls_per_day", "window": "day", "max": 500, "scope": "grant" }] },
  "tools": {
    "run_workflow": {
      "limits": [{ "counter": "run_workflow_rate", "window": "minute", "max": 10, "scope": "grant" }]
    }
  }
}"#,
        },
        Good {
            says: "Reading all day does no harm",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_job": {
      "limits": [{ "counter": "get_job_rate", "window": "minute", "max": 60, "scope": "grant" }]
    }
  }
}"#,
        },
    ],
    check: Check::Policy(check),
};

const MINUTES_PER_DAY: u64 = 24 * 60;

/// Longer sequences are not replayed.
const LONGEST: u64 = 20_000;

/// The largest `max` that the language has.
const LARGEST: u64 = (1 << 53) - 1;

fn check(context: &Context<'_>, reporter: &mut Reporter<'_>) {
    let mut said_for_all = false;
    for tool in context.open_tools() {
        let is_longer = |limit: &Limit| limit.window.value > Window::Minute;
        if tool.class.category.risk() < Risk::High || context.limits_of(tool).any(is_longer) {
            continue;
        }
        if let Some(limit) = strictest(&tool.rules.limits) {
            report(context, reporter, tool, limit);
            continue;
        }
        // The limit for all tools is one defect, however many tools it leaves
        // at that.
        if let Some(limit) = strictest(&context.policy.all_tools)
            && !said_for_all
        {
            said_for_all = true;
            report(context, reporter, tool, limit);
        }
    }
}

fn strictest(limits: &[Limit]) -> Option<&Limit> {
    limits.iter().min_by_key(|limit| limit.max.value)
}

fn report(context: &Context<'_>, reporter: &mut Reporter<'_>, tool: &Tool<'_>, limit: &Limit) {
    let witness = proof(context, reporter, tool, limit).unwrap_or_default();
    let (name, max) = (tool.name(), limit.max.value);
    let what = match &limit.increment_from {
        Some(path) => format!(" of `{}`", path.value),
        None => String::new(),
    };
    let message = format!(
        "{} per minute{what} is {} a day, and `{name}` has no limit over an hour or a day",
        spaced(max),
        spaced(max.saturating_mul(MINUTES_PER_DAY)),
    );
    let help = format!(
        "add a limit beside it, such as {{\"counter\": {}, \"window\": \"day\", \"max\": {}, \"scope\": \"grant\"}}",
        quoted(&format!("{name}_per_day")),
        max.saturating_mul(20).min(LARGEST)
    );
    let finding = reporter
        .finding(limit.span, &limit.pointer, message)
        .help(help)
        .witness(witness);
    reporter.push(finding);
}

/// A day, or as many whole minutes of it as are quickly replayed, at the full
/// rate.
fn proof(
    context: &Context<'_>,
    reporter: &mut Reporter<'_>,
    tool: &Tool<'_>,
    limit: &Limit,
) -> Option<Vec<WitnessCall>> {
    let max = limit.max.value;
    if limit.increment_from.is_some() {
        return None;
    }
    let minutes = (LONGEST / max).min(MINUTES_PER_DAY);
    // Rounded up to whole milliseconds, so that no minute sees one too many.
    let every = 60_000_u64.div_ceil(max);
    let times = (minutes * 60_000).div_ceil(every).min(minutes * max);
    if times <= max {
        return None;
    }
    let every = TimeDelta::nanos(i128::from(every) * 1_000_000);
    reporter.passing(vec![repeated(
        tool.name(),
        context.accepted(tool)?,
        times,
        every,
    )])
}
