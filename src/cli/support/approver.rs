//! The words of a new approval: the options that give them, and the day.

use std::time::SystemTime;

use clap::Args;

use mcppolicy_analysis::compare::Scope;
use mcppolicy_analysis::diff::approval::{self, Approved};
use mcppolicy_engine::time::Time;

/// The options that approve what a run refuses.
#[derive(Args, Debug, Default, Clone)]
pub(crate) struct ApproveArgs {
    /// Approve what is refused, in mcppolicy.approvals.json, for this reason
    #[arg(long, value_name = "REASON", value_parser = parse_words)]
    pub approve: Option<String>,
    /// Approve only what calls of this tool may do; may be given again
    #[arg(long, value_name = "TOOL", requires = "approve")]
    pub only: Vec<String>,
    /// Who approves it
    #[arg(long, value_name = "NAME", requires = "approve", value_parser = parse_words)]
    pub approved_by: Option<String>,
    /// The day of the approval [default: today, in UTC]
    #[arg(long, value_name = "DAY", requires = "approve", value_parser = parse_date)]
    pub date: Option<String>,
}

/// The words of an approval.
#[derive(Debug, Clone)]
pub(crate) struct Approver {
    pub reason: String,
    pub by: Option<String>,
    pub date: String,
    /// The tools to which it is limited; none where it is not.
    pub only: Vec<String>,
}

impl Approver {
    /// Whether that is among what is to be approved.
    pub fn approves(&self, approved: &Approved) -> bool {
        self.only.is_empty() || self.only.iter().any(|tool| is_of(approved, tool))
    }
}

/// Whether an approval is of a tool's calls.
pub(crate) fn is_of(approved: &Approved, tool: &str) -> bool {
    matches!(approved.scope(), Some(Scope::Tool(name)) if name == tool)
}

impl ApproveArgs {
    /// The words; none where nothing is to be approved.
    pub fn approver(&self) -> Option<Approver> {
        Some(Approver {
            reason: self.approve.clone()?,
            by: self.approved_by.clone(),
            date: self.date.clone().unwrap_or_else(today),
            only: self.only.clone(),
        })
    }
}

/// The day it is in UTC, as `2026-11-20`.
fn today() -> String {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let seconds = since.map_or(0, |since| since.as_secs());
    let now = Time::new(i64::try_from(seconds).unwrap_or(0), 0).to_string();
    now.chars().take(10).collect()
}

/// Reads `--date`.
fn parse_date(text: &str) -> Result<String, String> {
    if approval::is_date(text) {
        Ok(text.to_owned())
    } else {
        Err("write a day such as 2026-11-20".to_owned())
    }
}

/// Reads `--approve` and `--approved-by`.
fn parse_words(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        Err("it must not be blank".to_owned())
    } else {
        Ok(text.to_owned())
    }
}
