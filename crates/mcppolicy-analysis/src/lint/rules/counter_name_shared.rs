//! One counter name in several places.

use std::collections::BTreeMap;

use super::{Bad, Check, Context, Good, Proof, Reporter, Rule, RuleId};
use crate::lint::context::Tool;
use crate::lint::witness::repeated;
use mcppolicy_engine::policy::Limit;
use mcppolicy_engine::time::TimeDelta;
use mcppolicy_trace::trace::WitnessCall;

/// `counter-name-shared`
pub static RULE: Rule = Rule {
    id: RuleId::CounterNameShared,
    since: "0.1.0",
    fixes: false,
    options: None,
    what: "Looks for counter names that are used by more than one tool, or by a tool and in \
           `all_tools`.",
    why: "A counter belongs to one tool or to `all_tools`. Two tools that name the same counter \
          do not share a quota, although the name suggests it: together they may be called twice \
          as often.",
    bad: &[Bad {
        says: "Ten writes per hour for each tool, not for both together",
        policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "create_issue": { "limits": [{ "counter": "writes", "window": "hour", "max": 10, "scope": "grant" }] },
    "update_issue": { "limits": [{ "counter": "writes", "window": "hour", "max": 10, "scope": "grant" }] }
  }
}"#,
        proof: Proof::Passes,
    }],
    good: &[
        Good {
            says: "Each counter has a name of its own",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "create_issue": { "limits": [{ "counter": "create_issue_hourly", "window": "hour", "max": 10, "scope": "grant" }] },
    "update_issue": { "limits": [{ "counter": "update_issue_hourly", "window": "hour", "max": 10, "scope": "grant" }] }
  }
}"#,
        },
        Good {
            says: "A quota for all tools together is a limit in `all_tools`",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "all_tools": { "limits": [{ "counter": "calls", "window": "hour", "max": 10, "scope": "grant" }] },
  "tools": { "create_issue": {}, "update_issue": {} }
}"#,
        },
    ],
    check: Check::Policy(check),
};

/// Longer sequences are not replayed.
const LONGEST: u64 = 1000;

/// How many other places are pointed at.
const POINTED_AT: usize = 5;

struct Use<'a> {
    /// `None` is `all_tools`.
    tool: Option<&'a Tool<'a>>,
    limit: &'a Limit,
}

impl Use<'_> {
    fn owner(&self) -> String {
        match self.tool {
            Some(tool) => format!("`{}`", tool.name()),
            None => "`all_tools`".to_owned(),
        }
    }
}

fn check(context: &Context<'_>, reporter: &mut Reporter<'_>) {
    let mut uses: BTreeMap<&str, Vec<Use<'_>>> = BTreeMap::new();
    let everywhere = context
        .policy
        .all_tools
        .iter()
        .map(|limit| Use { tool: None, limit });
    let own = context.open_tools().flat_map(|tool| {
        tool.rules.limits.iter().map(move |limit| Use {
            tool: Some(tool),
            limit,
        })
    });
    for found in everywhere.chain(own) {
        uses.entry(&found.limit.counter.value)
            .or_default()
            .push(found);
    }
    for (counter, uses) in uses {
        let [first, second, rest @ ..] = uses.as_slice() else {
            continue;
        };
        let others = match rest.len() {
            0 => String::new(),
            1 => " and 1 more".to_owned(),
            n => format!(" and {n} more"),
        };
        let message = format!(
            "`{counter}` is not one counter: {} and {}{others} count separately",
            first.owner(),
            second.owner()
        );
        let witness = proof(context, reporter, first, second).unwrap_or_default();
        let mut finding = reporter
            .finding(
                second.limit.counter.span,
                format!("{}/counter", second.limit.pointer),
                message,
            )
            .related(reporter.at(first.limit.counter.span), "the same name")
            .help("give each a name of its own; a quota for all tools together goes under \"all_tools\"")
            .witness(witness);
        for other in rest.iter().take(POINTED_AT) {
            finding = finding.related(reporter.at(other.limit.counter.span), "the same name");
        }
        reporter.push(finding);
    }
}

/// The first tool's quota used up, and one more call of the second.
fn proof(
    context: &Context<'_>,
    reporter: &mut Reporter<'_>,
    first: &Use<'_>,
    second: &Use<'_>,
) -> Option<Vec<WitnessCall>> {
    let (Some(one), Some(other)) = (first.tool, second.tool) else {
        return None;
    };
    let max = first.limit.max.value;
    if first.limit.increment_from.is_some()
        || second.limit.increment_from.is_some()
        || max > LONGEST
    {
        return None;
    }
    let calls = vec![
        repeated(
            one.name(),
            context.accepted(one)?,
            max,
            TimeDelta::default(),
        ),
        repeated(
            other.name(),
            context.accepted(other)?,
            1,
            TimeDelta::default(),
        ),
    ];
    reporter.passing(calls)
}
