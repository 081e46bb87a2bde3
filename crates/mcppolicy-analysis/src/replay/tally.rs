//! The calls of a run by tool.

use std::collections::BTreeMap;

use super::results::{Counts, ToolCounts};

/// Counts calls by tool. A name is copied only for its first call.
#[derive(Debug, Default)]
pub(super) struct ToolTally {
    named: foldhash::HashMap<String, ToolCounts>,
    /// The calls that name no tool.
    unnamed: Option<ToolCounts>,
}

impl ToolTally {
    /// Adds decided calls of `tool`.
    pub fn add(&mut self, tool: Option<&str>, counts: &Counts) {
        let of_tool = match tool {
            None => self.unnamed.get_or_insert_default(),
            Some(name) => match self.named.get_mut(name) {
                Some(known) => known,
                None => self.named.entry(name.to_owned()).or_default(),
            },
        };
        of_tool.calls += counts.calls;
        of_tool.allow += counts.allow;
        of_tool.deny += counts.deny;
        of_tool.undetermined += counts.calls - counts.allow - counts.deny;
    }

    /// Adds all counts to `totals`.
    pub fn add_to(self, totals: &mut BTreeMap<Option<String>, ToolCounts>) {
        let named = self.named.into_iter();
        let named = named.map(|(tool, counts)| (Some(tool), counts));
        let unnamed = self.unnamed.map(|counts| (None, counts));
        for (tool, counts) in named.chain(unnamed) {
            totals.entry(tool).or_default().add(&counts);
        }
    }
}
