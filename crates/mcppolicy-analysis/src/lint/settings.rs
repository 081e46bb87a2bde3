//! What a user may turn: which rules run and how much their findings matter.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::rates::Rates;
use crate::finding::{RuleId, Severity};
use crate::inventory::Inventory;
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

/// What a user has set.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Whether the pedantic rules run, and the pedantic cases of the others.
    pub pedantic: bool,
    /// Which category each tool belongs to.
    pub categories: Categories,
    /// The rates above which limits are loose.
    pub(super) rates: Rates,
    inventory: Option<Arc<Inventory>>,
    used: BTreeMap<String, Used>,
    levels: BTreeMap<RuleId, Level>,
}

/// How much of a limit recordings use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Used {
    /// The most that one grant used of one window.
    pub peak: u64,
    /// The calls that passed and that the limit counted.
    pub calls: u64,
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

    /// Sets an option of a rule.
    ///
    /// # Errors
    /// When the rule has no such option, or the option no such value.
    pub fn set_option(&mut self, rule: RuleId, option: &str, value: &str) -> Result<(), BadOption> {
        match rule {
            RuleId::LooseLimit => self.rates.set(option, value),
            _ => Err(BadOption {
                message: format!("the rule {:?} has no option {option:?}", rule.name()),
                help: "`level` is all that can be set for it".to_owned(),
                is_value: false,
            }),
        }
    }

    /// Holds policies against the tools of the server that they guard, which
    /// also tell the categories.
    pub fn know(&mut self, inventory: Arc<Inventory>) {
        self.categories.learn(&inventory);
        self.inventory = Some(inventory);
    }

    /// The tools of the server that the policy guards, where they are known.
    pub fn inventory(&self) -> Option<&Inventory> {
        self.inventory.as_deref()
    }

    /// Holds the limits of the policy, by JSON Pointer, against what recordings
    /// use of them.
    pub fn observe(&mut self, used: BTreeMap<String, Used>) {
        self.used = used;
    }

    /// What recordings use of the limit at a JSON Pointer, where they show it.
    pub(super) fn used(&self, limit: &str) -> Option<Used> {
        self.used.get(limit).copied()
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
