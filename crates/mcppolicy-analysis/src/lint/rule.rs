//! What a rule is: an identity, a page with tested examples, and a check.

use std::fmt;

use super::context::Context;
use super::reporter::Reporter;
use crate::finding::RuleId;

/// One rule: its identity, its page and its check.
#[derive(Debug)]
pub struct Rule {
    /// Its identity, with its name, group, default level and summary.
    pub id: RuleId,
    /// The first version that has it.
    pub since: &'static str,
    /// Whether its findings may carry a fix.
    pub fixes: bool,
    /// What it looks for, in markdown.
    pub what: &'static str,
    /// Why that is bad, in markdown.
    pub why: &'static str,
    /// Policies in which it finds something.
    pub bad: &'static [Bad],
    /// Policies that look similar, and in which it rightly finds nothing.
    pub good: &'static [Good],
    /// Checks a name and a value of one of its options; none where it has no
    /// options beside its level.
    pub(super) options: Option<CheckOption>,
    /// How it is checked.
    pub(super) check: Check,
}

/// Whether a rule has an option of a name that can have a value.
pub(super) type CheckOption = fn(&str, &str) -> Result<(), BadOption>;

/// How a rule is checked.
#[derive(Debug)]
pub(super) enum Check {
    /// By a function over one policy.
    Policy(fn(&Context<'_>, &mut Reporter<'_>)),
    /// By [`suppress`](super::suppress), which sees what becomes of the findings.
    Suppressions,
    /// By [`drift`](crate::inventory::drift), which sees what the server's tools
    /// were before, or by [`expectations`](crate::expectations), which sees what
    /// traces expected before.
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

/// The files of an example. The policy comes first. A line `tools.json at the
/// base:` begins the inventory with which the policy was reviewed, a line
/// `tools.json:` the inventory of today, a line `traces/a.jsonl at the base:` and
/// a line `traces/a.jsonl:` likewise a trace, and a line `mcppolicy.toml:` the
/// suppressions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Example<'a> {
    /// The policy.
    pub policy: &'a str,
    /// The inventory, where the example has one.
    pub inventory: Option<&'a str>,
    /// The inventory with which the policy was reviewed, where it matters.
    pub earlier: Option<&'a str>,
    /// The trace, where it matters.
    pub trace: Option<&'a str>,
    /// The same trace before the change.
    pub earlier_trace: Option<&'a str>,
    /// The suppressions, where the example has some.
    pub suppressions: Option<&'a str>,
}

impl<'a> Example<'a> {
    /// Splits the text of an example into its files.
    pub fn read(text: &'a str) -> Example<'a> {
        let apart = |text: &'a str, at| match text.split_once(at) {
            Some((before, behind)) => (before, Some(behind)),
            None => (text, None),
        };
        let (text, suppressions) = apart(text, "\nmcppolicy.toml:\n");
        let (text, trace) = apart(text, "\ntraces/a.jsonl:\n");
        let (text, earlier_trace) = apart(text, "\ntraces/a.jsonl at the base:\n");
        let (text, inventory) = apart(text, "\ntools.json:\n");
        let (policy, earlier) = apart(text, "\ntools.json at the base:\n");
        Example {
            policy,
            inventory,
            earlier,
            trace,
            earlier_trace,
            suppressions,
        }
    }
}

/// What a finding's calls prove.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// Each call is allowed.
    Passes,
    /// Each call is denied.
    Refused,
    /// All calls are allowed but the last, which is denied.
    LastRefused,
    /// Nothing: the finding can be seen in the file and carries no call.
    Plain,
}

/// An option that a rule does not have, or a value that it cannot have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadOption {
    /// What is wrong, in one sentence.
    pub message: String,
    /// What to write instead.
    pub help: String,
    /// Whether the value is wrong, and not the option's name.
    pub is_value: bool,
}

impl fmt::Display for BadOption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for BadOption {}
