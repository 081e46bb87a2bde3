//! What a user can set: which rules run, how much their findings matter, and the
//! options of rules.

use std::collections::BTreeMap;

use crate::finding::{RuleId, Severity};
use crate::inventory::category::Categories;

/// A rule's level in the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// The rule does not run.
    Off,
    /// It runs, and its findings have this severity.
    On(Severity),
}

impl Level {
    /// Reads `off`, `note`, `warning` or `error`.
    pub fn parse(text: &str) -> Option<Level> {
        if text == "off" {
            return Some(Level::Off);
        }
        Severity::ALL
            .into_iter()
            .find(|severity| severity.name() == text)
            .map(Level::On)
    }
}

/// What a user has set.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Whether the pedantic rules run, and the pedantic cases of the others.
    pub pedantic: bool,
    /// Which category each tool belongs to.
    pub categories: Categories,
    /// How many policies the run looks at, which share its effort.
    pub policies: usize,
    levels: BTreeMap<RuleId, Level>,
    /// Name and value, in the order in which they were set.
    options: BTreeMap<RuleId, Vec<(String, String)>>,
}

impl Settings {
    /// The default set.
    pub fn new() -> Settings {
        Settings::default()
    }

    /// Sets the level of a rule. A pedantic rule with a level runs without `pedantic`.
    pub fn set_level(&mut self, rule: RuleId, level: Level) {
        self.levels.insert(rule, level);
    }

    /// Has a rule run, with the severity of its own, unless its level is set.
    pub fn want(&mut self, rule: RuleId) {
        let level = self.levels.entry(rule);
        level.or_insert(Level::On(rule.severity()));
    }

    /// Adds an option that its rule accepts; see [`set_option`](super::set_option).
    pub(super) fn add_option(&mut self, rule: RuleId, option: &str, value: &str) {
        let options = self.options.entry(rule).or_default();
        options.push((option.to_owned(), value.to_owned()));
    }

    /// The options that are set for a rule, with their values; a later one
    /// overrides an earlier one.
    pub(super) fn options(&self, rule: RuleId) -> impl Iterator<Item = (&str, &str)> {
        let set = self.options.get(&rule).into_iter().flatten();
        set.map(|(option, value)| (option.as_str(), value.as_str()))
    }

    /// What the user has set the level of `rule` to; `None` where it is not set.
    pub fn level(&self, rule: RuleId) -> Option<Level> {
        self.levels.get(&rule).copied()
    }

    /// The severity of the findings of `rule`; `None` when it does not run.
    pub fn severity(&self, rule: RuleId) -> Option<Severity> {
        match self.level(rule) {
            Some(Level::Off) => None,
            Some(Level::On(severity)) => Some(severity),
            None if rule.is_pedantic() => self.pedantic.then_some(Severity::Note),
            None => Some(rule.severity()),
        }
    }
}
