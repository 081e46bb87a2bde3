//! The one tool without a limit that all the others have.

use std::collections::{BTreeMap, BTreeSet};

use super::{Bad, Check, Context, Good, Proof, Reporter, Rule, RuleId, quoted};
use crate::inventory::category::{Category, Risk};
use crate::lint::context::Tool;
use crate::lint::witness::repeated;
use mcppolicy_engine::policy::{Limit, Window};
use mcppolicy_engine::time::TimeDelta;
use mcppolicy_trace::trace::WitnessCall;

/// `forgotten-limit`
pub static RULE: Rule = Rule {
    id: RuleId::ForgottenLimit,
    since: "0.1.0",
    fixes: false,
    options: None,
    what: "Looks for a single allowed tool without a limit of its own over a window for which all \
           other tools of its category (two or more), or all other tools of no higher risk (three \
           or more), have one. It is not reported where the tool has a limit over another window that the others \
           do not have, where its other limits already keep it below what the others may do, or \
           where `burst-only-limit` or an `unlimited-…` rule reports it.",
    why: "A policy that limits every tool but one follows a pattern. The exception is either \
          intended, and worth a comment, or a line that was forgotten.",
    bad: &[
        Bad {
            says: "`search_pages` was forgotten",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_page": { "limits": [{ "counter": "gets", "window": "minute", "max": 60, "scope": "grant" }] },
    "list_pages": { "limits": [{ "counter": "lists", "window": "minute", "max": 60, "scope": "grant" }] },
    "search_pages": {}
  }
}"#,
            proof: Proof::Passes,
        },
        Bad {
            says: "Nothing bounds the comments of a day",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "create_issue": {
      "limits": [
        { "counter": "issues_per_minute", "window": "minute", "max": 5, "scope": "grant" },
        { "counter": "issues_per_day", "window": "day", "max": 100, "scope": "grant" }
      ]
    },
    "update_issue": {
      "limits": [
        { "counter": "updates_per_minute", "window": "minute", "max": 5, "scope": "grant" },
        { "counter": "updates_per_day", "window": "day", "max": 100, "scope": "grant" }
      ]
    },
    "add_comment": {
      "limits": [{ "counter": "comments_per_minute", "window": "minute", "max": 5, "scope": "grant" }]
    }
  }
}"#,
            proof: Proof::Passes,
        },
    ],
    good: &[
        Good {
            says: "Ten a day are fewer than sixty a minute",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_page": { "limits": [{ "counter": "gets", "window": "minute", "max": 60, "scope": "grant" }] },
    "list_pages": { "limits": [{ "counter": "lists", "window": "minute", "max": 60, "scope": "grant" }] },
    "get_statistics": { "limits": [{ "counter": "statistics", "window": "day", "max": 10, "scope": "grant" }] }
  }
}"#,
        },
        Good {
            says: "A limit of twenty an hour is a choice of its own",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "create_issue": { "limits": [{ "counter": "issues", "window": "minute", "max": 5, "scope": "grant" }] },
    "add_comment": { "limits": [{ "counter": "comments", "window": "minute", "max": 5, "scope": "grant" }] },
    "create_release": { "limits": [{ "counter": "releases", "window": "hour", "max": 20, "scope": "grant" }] }
  }
}"#,
        },
        Good {
            says: "Two tools without a limit are not an oversight",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_page": {},
    "list_pages": {},
    "search_pages": { "limits": [{ "counter": "searches", "window": "minute", "max": 30, "scope": "grant" }] }
  }
}"#,
        },
    ],
    check: Check::Policy(check),
};

/// So many other tools of the same category show what is usual.
const OF_ITS_KIND: usize = 2;
/// So many other tools of whatever category do.
const OF_ANY_KIND: usize = 3;
/// Longer sequences are not replayed.
const LONGEST: u64 = 20_000;

/// Tools that are alike, and the limits that they have over each window.
struct Alike {
    tools: usize,
    limits: [(Window, Vec<u64>); 3],
}

impl Default for Alike {
    fn default() -> Alike {
        Alike {
            tools: 0,
            limits: Window::ALL.map(|window| (window, Vec::new())),
        }
    }
}

impl Alike {
    fn count(&mut self, tool: &Tool<'_>) {
        self.tools += 1;
        for (window, limits) in &mut self.limits {
            limits.extend(most(tool, *window));
        }
    }

    /// Whether a tool has a limit over a window that is not common to all.
    fn is_own_choice(&self, tool: &Tool<'_>) -> bool {
        let mut all = self.limits.iter();
        all.any(|(window, limits)| most(tool, *window).is_some() && limits.len() < self.tools)
    }

    /// The limits that all tools of the group have but this one.
    fn lacks(&self, tool: &Tool<'_>, enough: usize) -> Vec<(Window, &[u64])> {
        if self.tools <= enough {
            return Vec::new();
        }
        let all = self.limits.iter();
        let odd = all.filter(|(window, limits)| {
            most(tool, *window).is_none() && limits.len() + 1 == self.tools
        });
        odd.map(|(window, limits)| (*window, limits.as_slice()))
            .collect()
    }
}

/// What a tool lacks.
struct Missing<'g> {
    window: Window,
    /// The others, as in "the other 4 Read tools have".
    others: String,
    /// What they have.
    limits: &'g [u64],
}

impl<'g> Missing<'g> {
    fn new((window, limits): (Window, &'g [u64]), others: &str) -> Missing<'g> {
        Missing {
            window,
            others: others.to_owned(),
            limits,
        }
    }

    /// The limit that most of the others have, of equally usual ones the least.
    fn usual(&self) -> u64 {
        let mut sorted = self.limits.to_vec();
        sorted.sort_unstable();
        let runs = sorted.chunk_by(|a, b| a == b).rev();
        let longest = runs.max_by_key(|alike| alike.len());
        longest.and_then(<[u64]>::first).copied().unwrap_or(1)
    }

    fn largest(&self) -> u64 {
        self.limits.iter().max().copied().unwrap_or(1)
    }
}

fn check(context: &Context<'_>, reporter: &mut Reporter<'_>) {
    // A limit that riskier tools have is not missing from a tool that does less.
    let mut up_to: BTreeMap<Risk, Alike> = BTreeMap::new();
    let mut of_kind: BTreeMap<Category, Alike> = BTreeMap::new();
    let risks = Category::ALL.map(Category::risk);
    for tool in context.open_tools() {
        let risk = tool.class.category.risk();
        for at_least in risks.iter().collect::<BTreeSet<_>>() {
            if risk <= *at_least {
                up_to.entry(*at_least).or_default().count(tool);
            }
        }
        of_kind.entry(tool.class.category).or_default().count(tool);
    }
    for tool in context.open_tools() {
        let category = tool.class.category;
        let mut missing: Vec<Missing<'_>> = Vec::new();
        let alike = of_kind.get(&category);
        if let Some(group) = alike.filter(|group| !group.is_own_choice(tool)) {
            let others = format!("the other {} {category} tools have", group.tools - 1);
            let lacks = group.lacks(tool, OF_ITS_KIND);
            missing.extend(lacks.into_iter().map(|of| Missing::new(of, &others)));
        }
        let comparable = up_to.get(&category.risk());
        if let Some(group) = comparable.filter(|_| missing.is_empty()) {
            let others = format!("all {} other tools of no higher risk have", group.tools - 1);
            let lacks = group.lacks(tool, OF_ANY_KIND);
            missing.extend(lacks.into_iter().map(|of| Missing::new(of, &others)));
        }
        missing.retain(|of| {
            !is_said_elsewhere(context, tool, of.window) && !is_bounded(context, tool, of)
        });
        report(context, reporter, tool, &missing);
    }
}

/// The tightest limit of a tool's own on calls or amounts over a window.
fn most(tool: &Tool<'_>, window: Window) -> Option<u64> {
    let limits = tool.rules.limits.iter();
    let over = limits.filter(|limit| limit.window.value == window);
    over.map(|limit| limit.max.value).min()
}

fn is_said_elsewhere(context: &Context<'_>, tool: &Tool<'_>, window: Window) -> bool {
    let category = tool.class.category;
    let mut limits = context.limits_of(tool).peekable();
    if limits.peek().is_none() {
        return match category {
            Category::Read | Category::Destructive => false,
            Category::Write => context.runs(RuleId::UnlimitedWriteTool),
            Category::Execute => context.runs(RuleId::UnlimitedExecuteTool),
            Category::Financial => context.runs(RuleId::UnlimitedFinancialTool),
        };
    }
    let is_short = |limit: &Limit| limit.window.value == Window::Minute;
    window > Window::Minute
        && category.risk() >= Risk::High
        && limits.all(is_short)
        && context.runs(RuleId::BurstOnlyLimit)
}

/// Whether the tool's other limits keep it below what the others may do anyway.
fn is_bounded(context: &Context<'_>, tool: &Tool<'_>, missing: &Missing<'_>) -> bool {
    let limits = context.limits_of(tool);
    let mut bounds = limits.filter_map(|limit| at_most(limit, missing.window));
    bounds.any(|most| most <= missing.largest())
}

/// How many calls a limit lets pass in a window of another length.
fn at_most(limit: &Limit, window: Window) -> Option<u64> {
    if limit.increment_from.is_some() {
        return None;
    }
    let times = window.seconds() / limit.window.value.seconds();
    let times = times.max(1).unsigned_abs();
    Some(limit.max.value.saturating_mul(times))
}

fn report(
    context: &Context<'_>,
    reporter: &mut Reporter<'_>,
    tool: &Tool<'_>,
    missing: &[Missing<'_>],
) {
    let name = tool.name();
    let Some(first) = missing.first() else { return };
    let clauses: Vec<String> = missing
        .chunk_by(|a, b| a.others == b.others)
        .filter_map(|alike| {
            let windows: Vec<&str> = alike.iter().map(|of| of.window.name()).collect();
            let others = &alike.first()?.others;
            Some(format!(
                "no limit per {}, and {others}",
                windows.join(" or ")
            ))
        })
        .collect();
    let limits: Vec<String> = missing
        .iter()
        .map(|of| {
            let window = of.window.name();
            let counter = quoted(&format!("{name}_per_{window}"));
            format!(
                "{{\"counter\": {counter}, \"window\": \"{window}\", \"max\": {}, \"scope\": \"grant\"}}",
                of.usual()
            )
        })
        .collect();
    let finding = reporter
        .finding(
            tool.rules.span,
            &tool.rules.pointer,
            format!("`{name}` has {}", clauses.join("; ")),
        )
        .help(format!("add to \"limits\": {}", limits.join(", ")))
        .witness(proof(context, reporter, tool, first).unwrap_or_default());
    reporter.push(finding);
}

/// One call more than any of the others may have in the window.
fn proof(
    context: &Context<'_>,
    reporter: &mut Reporter<'_>,
    tool: &Tool<'_>,
    missing: &Missing<'_>,
) -> Option<Vec<WitnessCall>> {
    let times = missing.largest().checked_add(1).filter(|t| *t <= LONGEST)?;
    let every = i128::from(missing.window.seconds()) * 1_000_000_000 / i128::from(times);
    let arguments = context.accepted(tool)?;
    reporter.passing(vec![repeated(
        tool.name(),
        arguments,
        times,
        TimeDelta::nanos(every),
    )])
}
