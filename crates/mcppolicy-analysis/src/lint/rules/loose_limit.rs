//! A limit that is there and limits little.

mod rates;

use super::{Bad, Check, Context, Good, Proof, Reporter, Rule, RuleId, spaced};
use crate::lint::witness::repeated;
use mcppolicy_engine::policy::Limit;
use mcppolicy_engine::time::TimeDelta;
use rates::{Rate, Rates};

/// `loose-limit`
pub static RULE: Rule = Rule {
    id: RuleId::LooseLimit,
    since: "0.1.0",
    fixes: false,
    options: Some(rates::check_option),
    what: "Compares the tightest limit of each tool, those in `all_tools` included, with a rate: \
           60 per minute for Read, 30 for Write, 10 for Execute, Destructive and Financial. More \
           than twice that is loose.\n\nWith recordings (`lint --traces`, or the traces of the \
           configuration), each limit that counted fifty recorded calls or more is also compared \
           with the most that was used: more than ten times that is loose.\n\nA rate that is set \
           in `mcppolicy.toml` is exact:\n\n```toml\n[lint.rules]\nloose-limit = { level = \
           \"error\", execute = \"20/minute\", read = \"5000/day\" }\n```",
    why: "A limit that normal use never reaches stops a runaway agent late, and suggests to a \
          reviewer that the number has been considered.",
    bad: &[Bad {
        says: "500 runs a minute are no limit",
        policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "run_workflow": {
      "limits": [{ "counter": "runs_per_minute", "window": "minute", "max": 500, "scope": "grant" }]
    }
  }
}"#,
        proof: Proof::Passes,
    }],
    good: &[
        Good {
            says: "A burst may be higher where a longer limit is tight",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "run_workflow": {
      "limits": [
        { "counter": "runs_per_minute", "window": "minute", "max": 50, "scope": "grant" },
        { "counter": "runs_per_day", "window": "day", "max": 200, "scope": "grant" }
      ]
    }
  }
}"#,
        },
        Good {
            says: "What is enough for reading",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_job": {
      "limits": [{ "counter": "reads_per_minute", "window": "minute", "max": 100, "scope": "grant" }]
    }
  }
}"#,
        },
    ],
    check: Check::Policy(check),
};

/// So many recorded calls show what is needed.
const ENOUGH: u64 = 50;
/// How many times the most that was used a limit may be.
const TOLERATED: u64 = 10;

fn check(context: &Context<'_>, reporter: &mut Reporter<'_>) {
    let rates = Rates::of_options(context.settings.options(RuleId::LooseLimit));
    let own = context.open_tools().flat_map(|tool| &tool.rules.limits);
    let all: Vec<&Limit> = context.policy.all_tools.iter().chain(own).collect();
    let unused: Vec<&Limit> = all.into_iter().filter(|l| is_unused(context, l)).collect();
    for limit in &unused {
        report_unused(context, reporter, limit);
    }
    for tool in context.open_tools() {
        let (rate, times) = rates.of(tool.class.category);
        let counts = |limit: &&Limit| limit.increment_from.is_none();
        let all = context.limits_of(tool).filter(counts);
        if all.map(rate_of).any(|mine| !mine.exceeds(rate, times)) {
            continue;
        }
        // A limit for all tools is not any tool's own; of equally tight ones
        // the first is reported.
        let mut own = tool.rules.limits.iter().filter(counts);
        let Some(first) = own.next() else { continue };
        let limit = own.fold(first, |tightest, next| {
            if rate_of(tightest).exceeds(rate_of(next), 1) {
                next
            } else {
                tightest
            }
        });
        if unused.iter().any(|known| known.pointer == limit.pointer) {
            continue;
        }
        let (max, window) = (limit.max.value, limit.window.value);
        let every = i128::from(window.seconds()) * 1_000_000_000 / i128::from(max.max(1));
        let witness = context.accepted(tool).and_then(|arguments| {
            reporter.passing(vec![repeated(
                tool.name(),
                arguments,
                max,
                TimeDelta::nanos(every),
            )])
        });
        let message = format!(
            "{max} per {} is loose for `{}`, which is {} ({}): {} per {} is enough for most",
            window.name(),
            tool.name(),
            tool.class.category,
            tool.class.because,
            rate.max,
            rate.window.name()
        );
        let finding = reporter
            .finding(limit.max.span, format!("{}/max", limit.pointer), message)
            .help(format!(
                "lower it, or say what is needed: [lint.rules] loose-limit = {{ {} = \"{max}/{}\" }}",
                tool.class.category.name().to_lowercase(),
                window.name()
            ))
            .witness(witness.unwrap_or_default());
        reporter.push(finding);
    }
}

/// Whether recordings never use more than a small part of a limit.
fn is_unused(context: &Context<'_>, limit: &Limit) -> bool {
    let used = context.used(&limit.pointer);
    used.is_some_and(|used| {
        used.calls >= ENOUGH && limit.max.value > used.peak.saturating_mul(TOLERATED)
    })
}

fn report_unused(context: &Context<'_>, reporter: &mut Reporter<'_>, limit: &Limit) {
    let Some(used) = context.used(&limit.pointer) else {
        return;
    };
    let window = limit.window.value.name();
    let message = format!(
        "`{}` lets {} pass per {window}, and {} recorded calls never used more than {}",
        limit.counter.value,
        spaced(limit.max.value),
        spaced(used.calls),
        spaced(used.peak)
    );
    let finding = reporter
        .finding(limit.max.span, format!("{}/max", limit.pointer), message)
        .help(format!(
            "{} would still be twice as much as anybody used",
            spaced(used.peak.saturating_mul(2))
        ));
    reporter.push(finding);
}

fn rate_of(limit: &Limit) -> Rate {
    Rate {
        max: limit.max.value,
        window: limit.window.value,
    }
}
