//! The linter: this policy is valid, and it does not do what its author
//! thinks.
//!
//! A rule is a plain `static` of metadata with a check beside it, one file
//! each under [`rules`]; [`registry`] lists them. Where a finding claims that
//! something gets through, or never happens, it carries calls that the engine
//! has decided ([`witness`]): what the engine does not confirm is not claimed.
//!
//! A check looks at one valid policy, the engine compiled from it and, where
//! there is one, the inventory of the server that the policy guards. It reads
//! no file and knows no output format. Findings point into the policy, and may
//! point into the inventory besides.

mod argument;
pub(crate) mod confusable;
mod context;
mod fixes;
mod page;
mod rates;
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

use crate::finding::Finding;
use mcppolicy_engine::engine::Engine;
use mcppolicy_engine::policy::Policy;

pub use page::{book, description, page};
pub use rule::{Bad, Example, Good, Proof, Rule};
pub use rules::unconstrained_freeform_argument::OpenArgument;
pub use settings::{BadOption, Level, Settings, Used};

use context::Context;
use reporter::Reporter;
use rule::Check;

/// Runs every rule that `settings` leave on over a valid policy and the engine
/// compiled from it.
///
/// The findings are sorted by place, then in the order of the catalogue. A
/// policy with problems (see [`Policy::load`]) is incomplete: do not lint it.
pub fn lint(policy: &Policy, engine: &Engine, settings: &Settings) -> Vec<Finding> {
    let context = Context::new(policy, engine, settings);
    let mut findings = Vec::new();
    for rule in registry::RULES {
        let Some(severity) = settings.severity(rule.id) else {
            continue;
        };
        let mut reporter = Reporter::new(rule.id, severity, &context);
        if let Check::Policy(check) = rule.check {
            check(&context, &mut reporter);
        }
        findings.extend(reporter.into_findings());
    }
    // The sort is stable, so that rules keep their order in one place.
    findings.sort_by_key(|finding| finding.location);
    findings
}

/// The arguments by which a caller says what is to be done and that `policy`
/// leaves open: exactly what `unconstrained-freeform-argument` reports. Only who
/// knows the server can say what is right for them.
pub fn open_arguments(policy: &Policy, engine: &Engine, settings: &Settings) -> Vec<OpenArgument> {
    let context = Context::new(policy, engine, settings);
    let open = rules::unconstrained_freeform_argument::open_arguments(&context);
    open.map(|(_, open)| open).collect()
}
