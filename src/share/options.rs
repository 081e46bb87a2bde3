//! The options that all shares of a run have in common.

use std::borrow::Cow;
use std::num::NonZeroUsize;

use serde::{Deserialize, Serialize};

use super::inconsistent::{Inconsistent, optional};
use crate::shown::Shown;
use mcppolicy_analysis::replay;
use mcppolicy_analysis::replay::share::Share;
use mcppolicy_analysis::report::SharedRun;
use mcppolicy_engine::time;
use mcppolicy_trace::timeline::Order;
use mcppolicy_trace::trace;
use mcppolicy_trace::trace::options::{Format, GrantFrom, Settings};

/// The options of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Options<'a> {
    server: Option<Cow<'a, str>>,
    expect_observed: bool,
    allow_undetermined: bool,
    allow_unasserted: bool,
    all_cases: bool,
    verbose: bool,
    at_origin: bool,
    merged_timeline: bool,
    /// In nanoseconds, as a text: a double does not hold all of them.
    max_lateness: String,
    from: Option<Cow<'a, str>>,
    grant_from: Option<Cow<'a, str>>,
    #[serde(default)]
    include_tools: bool,
    pub show_arguments: bool,
    junit: bool,
    html: bool,
}

impl<'a> Options<'a> {
    pub fn new(run: &'a SharedRun, shown: Shown) -> Options<'a> {
        let options = &run.options;
        Options {
            server: options.server.as_deref().map(Cow::Borrowed),
            expect_observed: options.expect_observed,
            allow_undetermined: options.allow_undetermined,
            allow_unasserted: options.allow_unasserted,
            all_cases: options.all_cases,
            verbose: options.list_skipped,
            at_origin: options.at_origin,
            merged_timeline: options.order == Order::Merged,
            max_lateness: options.max_lateness.as_nanos().to_string(),
            from: run.reading.format.map(|format| format.name().into()),
            grant_from: run.reading.grant_from.map(|from| from.name().into()),
            include_tools: run.reading.include_tools,
            show_arguments: shown == Shown::All,
            junit: options.list_passed,
            html: options.usage,
        }
    }

    /// The options of the replay.
    pub fn replay(&self, share: Share) -> Result<replay::Options, Inconsistent> {
        let lateness = self.max_lateness.parse().map_err(|_| Inconsistent)?;
        Ok(replay::Options {
            server: self.server.as_deref().map(str::to_owned),
            expect_observed: self.expect_observed,
            allow_undetermined: self.allow_undetermined,
            allow_unasserted: self.allow_unasserted,
            all_cases: self.all_cases,
            most_cases: usize::MAX,
            list_skipped: self.verbose,
            order: if self.merged_timeline {
                Order::Merged
            } else {
                Order::PerFile
            },
            max_lateness: time::TimeDelta::nanos(lateness),
            list_passed: self.junit,
            usage: self.html,
            threads: NonZeroUsize::MIN,
            share: Some(share),
            at_origin: self.at_origin,
            invalid_lines: if self.show_arguments {
                trace::Shown::Whole
            } else {
                trace::Shown::Withheld
            },
        })
    }

    /// How the traces are read.
    pub fn reading(&self) -> Result<Settings, Inconsistent> {
        Ok(Settings {
            format: optional(self.from.as_deref(), Format::named)?,
            grant_from: optional(self.grant_from.as_deref(), GrantFrom::named)?,
            include_tools: self.include_tools,
            ..Settings::default()
        })
    }

    /// The first option of the command line that is not the same.
    pub fn difference(&self, other: &Options<'_>) -> Option<&'static str> {
        let same = [
            ("--server", self.server == other.server),
            ("--expect", self.expect_observed == other.expect_observed),
            (
                "--allow-undetermined",
                self.allow_undetermined == other.allow_undetermined,
            ),
            (
                "--allow-unasserted",
                self.allow_unasserted == other.allow_unasserted,
            ),
            ("--all-cases", self.all_cases == other.all_cases),
            ("--verbose", self.verbose == other.verbose),
            ("--at-origin", self.at_origin == other.at_origin),
            ("--timeline", self.merged_timeline == other.merged_timeline),
            ("--max-lateness", self.max_lateness == other.max_lateness),
            ("--from", self.from == other.from),
            ("--grant-from", self.grant_from == other.grant_from),
            ("--include-tools", self.include_tools == other.include_tools),
            (
                "--show-arguments",
                self.show_arguments == other.show_arguments,
            ),
            (
                "--merge-as",
                (self.junit, self.html) == (other.junit, other.html),
            ),
        ];
        let differs = same.into_iter().find(|(_, same)| !same);
        differs.map(|(option, _)| option)
    }
}
