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
mod context;
mod fit;
mod fixes;
pub(crate) mod hidden_text;
mod loose;
mod page;
pub mod registry;
mod reporter;
mod rules;
mod settings;
pub mod suppress;
#[cfg(test)]
mod tests;
mod unlimited;
pub mod witness;

use crate::finding::{Finding, Severity};
use mcppolicy_engine::engine::Engine;
use mcppolicy_engine::policy::Policy;

pub use page::{book, explain};
pub use rules::unconstrained_freeform_argument::OpenArgument;
pub use settings::{BadOption, Level, Settings, UnknownRule, Used};

use context::Context;
use reporter::Reporter;

/// One rule: what it is called, what it says about itself, how it looks.
#[derive(Debug)]
pub struct Rule {
    /// Kebab-case; names the defect and reads after "allow".
    pub name: &'static str,
    /// The defect in one line.
    pub summary: &'static str,
    /// What kind of defect it is.
    pub group: Group,
    /// The severity of its findings, unless settings say otherwise.
    pub severity: Severity,
    /// Whether it runs only under `--pedantic`; its findings are then notes.
    pub pedantic: bool,
    /// The first version that has it.
    pub since: &'static str,
    /// Whether its findings may carry a fix.
    pub fixes: bool,
    /// Names that it had before.
    pub aliases: &'static [&'static str],
    /// What it looks for, in markdown.
    pub what: &'static str,
    /// Why that is bad, in markdown.
    pub why: &'static str,
    /// Policies in which it finds something.
    pub bad: &'static [Bad],
    /// Policies that look similar, and in which it rightly finds nothing.
    pub good: &'static [Good],
    check: Check,
}

/// Where a rule looks.
#[derive(Debug)]
enum Check {
    /// At a policy.
    Policy(fn(&Context<'_>, &mut Reporter<'_>)),
    /// At what becomes of the findings, in [`suppress`].
    Suppressions,
    /// At what has changed of the server's tools, in
    /// [`drift`](crate::inventory::drift): the linter sees only what they are now.
    Drift,
}

/// A policy in which a rule finds something; part of its page, and a test.
#[derive(Debug)]
pub struct Bad {
    /// What is wrong with it.
    pub says: &'static str,
    /// The policy; see [`Example`] for one with an inventory.
    pub policy: &'static str,
    /// What the finding's calls prove.
    pub proof: Proof,
}

/// A policy in which a rule finds nothing; part of its page, and a test.
#[derive(Debug)]
pub struct Good {
    /// Why it is right.
    pub says: &'static str,
    /// The policy; see [`Example`] for one with an inventory.
    pub policy: &'static str,
}

/// The files of an example. Behind a line that reads `tools.json:` stands what
/// the server says of its tools, before it, behind one that reads `tools.json at
/// the base:`, what it said, and behind one that reads `mcppolicy.toml:` what is
/// suppressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Example<'a> {
    /// The policy.
    pub policy: &'a str,
    /// The inventory, where the example has one.
    pub inventory: Option<&'a str>,
    /// The inventory with which the policy was reviewed, where it matters.
    pub earlier: Option<&'a str>,
    /// The suppressions, where the example has some.
    pub suppressions: Option<&'a str>,
}

impl<'a> Example<'a> {
    /// Takes an example's text apart.
    pub fn read(text: &'a str) -> Example<'a> {
        let apart = |text: &'a str, at| match text.split_once(at) {
            Some((before, behind)) => (before, Some(behind)),
            None => (text, None),
        };
        let (text, suppressions) = apart(text, "\nmcppolicy.toml:\n");
        let (text, inventory) = apart(text, "\ntools.json:\n");
        let (policy, earlier) = apart(text, "\ntools.json at the base:\n");
        Example {
            policy,
            inventory,
            earlier,
            suppressions,
        }
    }
}

/// What a finding's calls prove.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// Each of them passes.
    Passes,
    /// Each of them is refused.
    Refused,
    /// All pass but the very last.
    LastRefused,
    /// The finding is plain to see in the file and carries no call.
    Plain,
}

/// What kind of defect a rule finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// The policy contradicts itself.
    Correctness,
    /// Something gets through.
    Security,
    /// The policy and the server's own tools disagree.
    Inventory,
    /// The policy could be easier to read.
    Style,
    /// A suppression does not suppress what it was written for.
    Suppressions,
}

impl Group {
    /// The word used on pages and in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Group::Correctness => "correctness",
            Group::Security => "security",
            Group::Inventory => "inventory",
            Group::Style => "style",
            Group::Suppressions => "suppressions",
        }
    }
}

/// Runs every rule that `settings` leave on over a valid policy and the engine
/// compiled from it.
///
/// The findings are sorted by place, then in the order of the catalogue. A
/// policy with problems (see [`Policy::load`]) is incomplete: do not lint it.
pub fn lint(policy: &Policy, engine: &Engine, settings: &Settings) -> Vec<Finding> {
    let context = Context::new(policy, engine, settings);
    let mut findings = Vec::new();
    for rule in registry::RULES {
        let Some(severity) = settings.severity(rule) else {
            continue;
        };
        let mut reporter = Reporter::new(rule, severity, &context);
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
