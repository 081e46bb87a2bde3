//! How to replay.

use std::num::NonZeroUsize;

use super::share::Share;
use mcppolicy_engine::engine::DEFAULT_MAX_LATENESS;
use mcppolicy_engine::time::TimeDelta;
use mcppolicy_trace::timeline::Order;
use mcppolicy_trace::trace::Shown;

/// How to replay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The name of the policy's server; without it every call is in scope.
    pub server: Option<String>,
    /// Expect what the recording itself shows, where it shows it.
    pub expect_observed: bool,
    /// A call that is unexpectedly undetermined does not fail the run.
    pub allow_undetermined: bool,
    /// A run in which nothing was asserted is no failure.
    pub allow_unasserted: bool,
    /// Report every call in scope, not only those that did not pass.
    pub all_cases: bool,
    /// How many calls are reported; the others are counted only, in
    /// [`Results::unlisted_cases`].
    pub most_cases: usize,
    /// List the lines that were skipped, not only their number.
    pub list_skipped: bool,
    /// How files make timelines.
    pub order: Order,
    /// How far back a call may come before its window is closed.
    pub max_lateness: TimeDelta,
    /// Also list the calls that passed what they were expected to, in
    /// [`Results::passed`].
    pub list_passed: bool,
    /// Also collect how much of each limit is used, in [`Results::usage`].
    pub usage: bool,
    /// How many threads parse lines and evaluate rules. The results do not depend
    /// on it.
    pub threads: NonZeroUsize,
    /// Take only this share of the grants.
    pub share: Option<Share>,
    /// Report imported calls where an importer found them.
    pub at_origin: bool,
    /// Whether findings show the content of lines that cannot be read.
    pub invalid_lines: Shown,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            server: None,
            expect_observed: false,
            allow_undetermined: false,
            allow_unasserted: false,
            all_cases: false,
            most_cases: usize::MAX,
            list_skipped: false,
            order: Order::PerFile,
            max_lateness: DEFAULT_MAX_LATENESS,
            list_passed: false,
            usage: false,
            threads: NonZeroUsize::MIN,
            share: None,
            at_origin: false,
            invalid_lines: Shown::Withheld,
        }
    }
}
