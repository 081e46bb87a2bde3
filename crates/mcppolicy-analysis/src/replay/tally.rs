//! The calls of a run by tool.

use std::collections::BTreeMap;

use super::results::{Counts, ToolCounts};

/// Counts calls by tool. A name is copied only for its first call.
#[derive(Debug, Default)]
pub(super) struct ToolTally {
    named: foldhash::HashMap<String, OfTool>,
    /// The calls that name no tool.
    unnamed: Option<OfTool>,
}

/// The calls of one tool.
#[derive(Debug, Default)]
struct OfTool {
    counts: ToolCounts,
    /// Those that nothing but a limit of all tools can have refused.
    passed: u64,
}

impl ToolTally {
    /// Adds decided calls of `tool`, of which nothing but a limit of all tools can
    /// have refused `passed`.
    pub fn add(&mut self, tool: Option<&str>, counts: &Counts, passed: u64) {
        let of_tool = match tool {
            None => self.unnamed.get_or_insert_default(),
            Some(name) => match self.named.get_mut(name) {
                Some(known) => known,
                None => self.named.entry(name.to_owned()).or_default(),
            },
        };
        of_tool.passed += passed;
        let of_tool = &mut of_tool.counts;
        of_tool.calls += counts.calls;
        of_tool.allow += counts.allow;
        of_tool.deny += counts.deny;
        of_tool.undetermined += counts.calls - counts.allow - counts.deny;
    }

    /// The calls of a tool that nothing but a limit of all tools can have refused.
    pub fn passed(&self, tool: &str) -> u64 {
        self.named.get(tool).map_or(0, |of_tool| of_tool.passed)
    }

    /// The same of all tools.
    pub fn all_passed(&self) -> u64 {
        let all = self.named.values().chain(&self.unnamed);
        all.map(|of_tool| of_tool.passed).sum()
    }

    /// Adds all counts to `totals`.
    pub fn add_to(self, totals: &mut BTreeMap<Option<String>, ToolCounts>) {
        let named = self.named.into_iter();
        let named = named.map(|(tool, of_tool)| (Some(tool), of_tool.counts));
        let unnamed = self.unnamed.map(|of_tool| (None, of_tool.counts));
        for (tool, counts) in named.chain(unnamed) {
            totals.entry(tool).or_default().add(&counts);
        }
    }
}
