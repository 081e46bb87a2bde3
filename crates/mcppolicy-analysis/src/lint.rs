//! The linter: this policy is valid, and it does not do what its author
//! thinks.
//!
//! A rule is a `static` with its page and its check, one file each under `rules`;
//! the table of [`RuleId`] lists them, and [`registry`] leads from one to the
//! other. Where a finding claims that a call is allowed or denied, it carries calls
//! that the engine has decided ([`witness`]): what the engine does not confirm is
//! not claimed.
//!
//! A check looks at an [`Input`]. It reads no file and uses no output format.
//! Findings point into the policy, and their related locations may point into the
//! inventory.

mod argument;
mod condition;
pub(crate) mod confusable;
mod context;
mod fixes;
mod input;
mod page;
pub mod registry;
mod reporter;
mod rule;
mod rules;
mod settings;
pub mod suppress;
#[cfg(test)]
mod tests;
mod type_check;
mod unlimited;
pub mod witness;

use std::collections::HashMap;

use crate::finding::{Finding, RuleId};

pub use input::{Input, Used};
pub use page::{book, description, page};
pub use rule::{Bad, BadOption, Example, Good, Proof, Rule};
pub use rules::unconstrained_freeform_argument::OpenArgument;
pub use settings::{Level, Settings};

use context::Context;
pub use context::Unfinished;
use reporter::Reporter;
use rule::Check;

/// What the linter found.
#[derive(Debug)]
pub struct Linted {
    /// The findings, sorted by location, then in the order of the catalogue.
    pub findings: Vec<Finding>,
    /// The tools about which some question was too intricate for its budget, with the
    /// rules that may therefore lack findings; sorted.
    pub unfinished: Unfinished,
}

/// Runs every rule that the settings leave on over a valid policy.
pub fn lint(input: &Input<'_>) -> Vec<Finding> {
    lint_in_full(input).findings
}

/// Runs every rule that the settings leave on over a valid policy, and says
/// what was left open.
pub fn lint_in_full(input: &Input<'_>) -> Linted {
    let context = Context::new(input);
    let mut findings = Vec::new();
    for rule in registry::RULES {
        let Some(severity) = input.settings.severity(rule.id) else {
            continue;
        };
        let mut reporter = Reporter::new(rule.id, severity, &context);
        context.check(rule.id);
        if let Check::Policy(check) = rule.check {
            check(&context, &mut reporter);
        }
        findings.extend(reporter.into_findings());
    }
    // The sort is stable, so that rules keep their order at one location.
    findings.sort_by_key(|finding| finding.location);
    Linted {
        findings,
        unfinished: context.into_unfinished(),
    }
}

/// Sets an option of a rule.
///
/// # Errors
/// When the rule has no such option, or the option cannot have this value.
pub fn set_option(
    settings: &mut Settings,
    rule: RuleId,
    option: &str,
    value: &str,
) -> Result<(), BadOption> {
    let Some(check) = registry::rule(rule).and_then(|rule| rule.options) else {
        return Err(BadOption {
            message: format!("the rule {:?} has no option {option:?}", rule.name()),
            help: "`level` is all that can be set for it".to_owned(),
            is_value: false,
        });
    };
    check(option, value)?;
    settings.add_option(rule, option, value);
    Ok(())
}

/// The arguments by which a caller says what is to be done and that the policy
/// leaves open: what `unconstrained-freeform-argument` and `unguarded-array` report,
/// by tool in the order of the policy. What is right for them depends on the server.
pub fn open_arguments(input: &Input<'_>) -> Vec<OpenArgument> {
    let context = Context::new(input);
    let open = rules::unconstrained_freeform_argument::open_arguments(&context);
    let mut open: Vec<OpenArgument> = open.map(|(_, open)| open).collect();
    open.extend(rules::unguarded_array::open_arrays(&context));
    let tools = context.tools.iter().enumerate();
    let order: HashMap<&str, usize> = tools.map(|(at, tool)| (tool.name(), at)).collect();
    open.sort_by_key(|open| order.get(open.tool.as_str()).copied());
    open
}
