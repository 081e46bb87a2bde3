//! A listed tool whose rules no call can meet.

use super::{Bad, Check, Context, Good, Proof, Reporter, Rule, RuleId};
use crate::lint::condition::fewest;
use crate::lint::context::Tool;
use mcppolicy_engine::engine::Kind as Step;
use mcppolicy_engine::source::Span;
use mcppolicy_trace::trace::WitnessCall;

/// `never-allowed-tool`
pub static RULE: Rule = Rule {
    id: RuleId::NeverAllowedTool,
    since: "0.1.0",
    fixes: false,
    options: None,
    what: "Decides exactly whether any arguments satisfy all rules of a tool together: every \
           `require`, no `deny_if`, and amounts that its limits can count. A `deny_if` without \
           conditions is the idiom for a tool that is switched off, and is not reported. A single \
           rule that refuses every call is left to `contradictory-conditions` or \
           `useless-operand`, and a policy without any callable tool to `nothing-callable`.",
    why: "The tool is listed and shown to agents, and it refuses every call. Each rule looks \
          right by itself; together they allow nothing.",
    bad: &[
        Bad {
            says: "Everything that is required is refused",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_job": {},
    "create_branch": {
      "require": [{ "conditions": [{ "path": "args.branch", "op": "regex", "value": "^agent/[a-z]+$" }] }],
      "deny_if": [{ "conditions": [{ "path": "args.branch", "op": "contains", "value": "/" }] }]
    }
  }
}"#,
            proof: Proof::Refused,
        },
        Bad {
            says: "The smallest amount that is allowed is above the maximum of a day",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_job": {},
    "create_charge": {
      "require": [{ "conditions": [{ "path": "args.amount", "op": "gte", "value": 500 }] }],
      "limits": [
        { "counter": "charged", "window": "day", "max": 100, "scope": "grant", "increment_from": "args.amount" }
      ]
    }
  }
}"#,
            proof: Proof::Refused,
        },
    ],
    good: &[
        Good {
            says: "The idiom for a tool that is switched off",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_job": {},
    "create_refund": { "deny_if": [{ "conditions": [], "on_deny": "Refunds are made by people." }] }
  }
}"#,
        },
        Good {
            says: "One branch is left",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_job": {},
    "push_files": {
      "require": [{ "conditions": [{ "path": "args.branch", "op": "in", "value": ["main", "dev"] }] }],
      "deny_if": [{ "conditions": [{ "path": "args.branch", "op": "eq", "value": "main" }] }]
    }
  }
}"#,
        },
        Good {
            says: "A hidden tool is reported by `hidden-and-listed`",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "hide": ["old"],
  "tools": {
    "get_job": {},
    "old": { "require": [{ "conditions": [{ "path": "args.a", "op": "in", "value": [] }] }] }
  }
}"#,
        },
    ],
    check: Check::Policy(check),
};

/// A rule of the tool, or its limits together.
type Part = (Step, usize);

/// How many rules are pointed at.
const POINTED_AT: usize = 4;

fn check(context: &Context<'_>, reporter: &mut Reporter<'_>) {
    // `nothing-callable` says so for all tools at once.
    if context.nothing_is_callable() && context.runs(RuleId::NothingCallable) {
        return;
    }
    for tool in context.tools_in_use() {
        if context.never_accepts(tool) {
            look(context, reporter, tool);
        }
    }
}

fn look(context: &Context<'_>, reporter: &mut Reporter<'_>, tool: &Tool<'_>) {
    let parts = parts(tool);
    let core = fewest(&parts, |fewer| {
        let keep = |step: Step, at: usize| fewer.contains(&(step, at));
        context
            .ask(tool, |arguments| arguments.between(keep, &[]))
            .is_empty()
    });
    let core = core.unwrap_or_default();
    if let [(Step::Require, at)] = core.as_slice()
        && let Some(rule) = tool.rules.require.get(*at)
        && blames_itself(context, tool, &rule.conditions)
    {
        return;
    }
    let witness = proof(context, reporter, tool, &core);
    let name = tool.name();
    let message = format!("`{name}` can never be called: no arguments meet its rules");
    let help = "widen one of the rules, or hide the tool, or block it openly with \"deny_if\": [{\"conditions\": []}]";
    let mut finding = reporter
        .finding(tool.rules.name_span, &tool.rules.pointer, message)
        .help(help)
        .witness(witness);
    for part in core.iter().take(POINTED_AT) {
        if let Some((span, _)) = place(tool, *part) {
            let label = match core.len() {
                1 => "this alone refuses every call",
                _ => "together these refuse every call",
            };
            finding = finding.related(reporter.at(span), label);
        }
    }
    reporter.push(finding);
}

/// Whether another rule of the linter says what is wrong with a `require` that
/// nothing meets.
fn blames_itself(
    context: &Context<'_>,
    tool: &Tool<'_>,
    conditions: &[mcppolicy_engine::policy::Condition],
) -> bool {
    let alone = |condition| context.exclude_each_other(tool, &[condition]);
    context.runs(if conditions.iter().any(alone) {
        RuleId::UselessOperand
    } else {
        RuleId::ContradictoryConditions
    })
}

fn parts(tool: &Tool<'_>) -> Vec<Part> {
    let requires = (0..tool.rules.require.len()).map(|at| (Step::Require, at));
    let deny_ifs = (0..tool.rules.deny_if.len()).map(|at| (Step::DenyIf, at));
    // The limits first: a `require` says more where both would do.
    std::iter::once((Step::Limit, 0))
        .chain(requires)
        .chain(deny_ifs)
        .collect()
}

fn place<'t>(tool: &'t Tool<'_>, (step, at): Part) -> Option<(Span, &'t str)> {
    let rule = match step {
        Step::Require => tool.rules.require.get(at),
        Step::DenyIf => tool.rules.deny_if.get(at),
        _ => {
            let mut counting = tool
                .rules
                .limits
                .iter()
                .filter(|limit| limit.increment_from.is_some());
            let limit = counting.next()?;
            return Some((limit.span, &limit.pointer));
        }
    };
    rule.map(|rule| (rule.span, rule.pointer.as_str()))
}

/// For each of the rules a call that meets all the others.
fn proof(
    context: &Context<'_>,
    reporter: &mut Reporter<'_>,
    tool: &Tool<'_>,
    core: &[Part],
) -> Vec<WitnessCall> {
    let mut calls = Vec::new();
    for part in core.iter().take(POINTED_AT) {
        let keep = |step: Step, at: usize| (step, at) != *part && core.contains(&(step, at));
        let answer = context.ask(tool, |arguments| arguments.between(keep, &[]));
        if let Some(arguments) = answer.witness() {
            let call = WitnessCall::new(tool.name(), arguments);
            if !calls.contains(&call) {
                calls.push(call);
            }
        }
    }
    if calls.is_empty() {
        calls.push(WitnessCall::new(
            tool.name(),
            mcppolicy_engine::value::Value::empty_object(),
        ));
    }
    reporter.refused(calls).unwrap_or_default()
}
