//! What a base says of the findings of the linter, and what is left of that in a
//! change.
//!
//! A change and its base may both have altered a setting since they parted. What
//! the change has left as it was is the base's to say; of the rest, the base's
//! settings say what is held, and the change's own what it hides.

use std::collections::HashMap;

use super::configuration::{Config, Setting};
use super::lint_settings;
use mcppolicy_analysis::lint;
use mcppolicy_analysis::lint::suppress::Suppression;

/// The settings that a base holds the findings of a change to.
pub(crate) struct HeldSettings {
    /// The base's values, with the files and servers that the merge base names.
    pub config: Config,
    /// The same for the linter.
    pub lint: lint::Settings,
    /// The linter's settings with the levels and options of the change, where it
    /// alters these.
    pub own: Option<lint::Settings>,
}

impl HeldSettings {
    /// What `tip` holds a change to that begins at a commit with the configuration
    /// `before` and has the configuration `head`. All are seen from one directory.
    pub fn new(before: Option<&Config>, head: &Config, tip: &Config) -> HeldSettings {
        let mut config = tip.clone();
        if let Some(before) = before {
            config.policies.clone_from(&before.policies);
        }
        let mut altered = tip.clone();
        let then = before.map_or(&[][..], |before| &before.levels);
        altered.levels = merged(then, &head.levels, &tip.levels, name, level);
        let then = before.map_or(&[][..], |before| &before.options);
        let name = |(rule, option, _): &(Setting, Setting, Setting)| {
            format!("{} {}", rule.text, option.text)
        };
        let value = |(_, _, value): &(Setting, Setting, Setting)| value.text.clone();
        altered.options = merged(then, &head.options, &tip.options, name, value);
        let (lint, _) = lint_settings::configured(Some(&config));
        let differs = levels(&altered) != levels(tip) || options(&altered) != options(tip);
        HeldSettings {
            lint,
            own: differs.then(|| lint_settings::configured(Some(&altered)).0),
            config,
        }
    }
}

/// The change's configuration, in which the base's values stand where the change
/// has left them as they were. All are seen from one directory.
pub(crate) fn with_base(mut head: Config, before: Option<&Config>, tip: &Config) -> Config {
    let then = before.map_or(&[][..], |before| &before.categories);
    head.categories = merged(then, &head.categories, &tip.categories, name, level);
    let then = before.map_or(&[][..], |before| &before.suppressions);
    // A suppression is there or not: all that it says is its name.
    let nothing = |_: &(Setting, Suppression)| String::new();
    let (own, base) = (&head.suppressions, &tip.suppressions);
    head.suppressions = merged(then, own, base, accepts, nothing);
    // What tests have to pin, the base says, and which mutants they need not kill.
    if tip.min_coverage.is_some() {
        head.min_coverage.clone_from(&tip.min_coverage);
    }
    head.min_score = tip.min_score.or(head.min_score);
    head.skips.clone_from(&tip.skips);
    head
}

/// All that makes two suppressions of configurations accept the same finding.
pub(crate) fn accepts((policy, entry): &(Setting, Suppression)) -> String {
    let (at, value) = (&entry.at, &entry.value);
    format!("{:?}", (&policy.text, entry.rule, at, value, entry.until))
}

fn name((name, _): &(Setting, Setting)) -> String {
    name.text.clone()
}

fn level((_, value): &(Setting, Setting)) -> String {
    value.text.clone()
}

fn levels(config: &Config) -> Vec<(&str, &str)> {
    let levels = config.levels.iter();
    let mut levels: Vec<_> = levels.map(|(rule, of)| (&*rule.text, &*of.text)).collect();
    levels.sort_unstable();
    levels
}

fn options(config: &Config) -> Vec<(&str, &str, &str)> {
    let options = config.options.iter();
    let options = options.map(|(rule, option, value)| (&*rule.text, &*option.text, &*value.text));
    let mut options: Vec<_> = options.collect();
    options.sort_unstable();
    options
}

/// The settings of `head` that it alters, adds or takes out, those of `tip`
/// elsewhere. Of two with one name the last one counts.
fn merged<T: Clone>(
    before: &[T],
    head: &[T],
    tip: &[T],
    name: impl Fn(&T) -> String,
    value: impl Fn(&T) -> String,
) -> Vec<T> {
    let by_name = |list: &[T]| -> HashMap<String, T> {
        list.iter().map(|of| (name(of), of.clone())).collect()
    };
    let text = |of: Option<&T>| of.map(&value);
    let (then, mut own, mut now) = (by_name(before), by_name(head), by_name(tip));
    let mut all = Vec::new();
    for of in head.iter().chain(tip) {
        let name = name(of);
        let (mine, theirs) = (own.remove(&name), now.remove(&name));
        // A name that has been seen is in neither of the two any more.
        if mine.is_none() && theirs.is_none() {
            continue;
        }
        let is_left = text(then.get(&name)) == text(mine.as_ref());
        all.extend(if is_left { theirs } else { mine });
    }
    all
}

#[cfg(test)]
mod tests {
    use super::super::configuration::parse;
    use super::*;
    use mcppolicy_engine::source::SourceMap;

    fn config(text: &str) -> Config {
        let mut map = SourceMap::new();
        parse("/r".into(), "c", text.as_bytes(), &mut map).0
    }

    #[test]
    fn what_a_change_leaves_as_it_was_is_the_bases_to_say() {
        let before = config("[categories]\na = \"read\"\nb = \"read\"\n");
        let head = config("[categories]\na = \"read\"\nb = \"write\"\nc = \"read\"\n");
        let tip = config("[categories]\na = \"financial\"\nb = \"execute\"\nd = \"write\"\n");
        let merged = with_base(head, Some(&before), &tip);
        let mut shown: Vec<(&str, &str)> = merged
            .categories
            .iter()
            .map(|(tool, of)| (&*tool.text, &*of.text))
            .collect();
        shown.sort_unstable();
        let expected = [
            ("a", "financial"),
            ("b", "write"),
            ("c", "read"),
            ("d", "write"),
        ];
        assert_eq!(shown, expected);
    }

    #[test]
    fn levels_that_a_change_alters_are_its_own() {
        let before = config("[lint.rules]\nfree-amount = \"error\"\nloose-limit = \"note\"\n");
        let head = config("[lint.rules]\nfree-amount = \"off\"\nloose-limit = \"note\"\n");
        let tip = config("[lint.rules]\nfree-amount = \"error\"\nloose-limit = \"error\"\n");
        let held = HeldSettings::new(Some(&before), &head, &tip);
        let own = held.own.unwrap();
        let severity = |name: &str| {
            let rule = mcppolicy_analysis::finding::RuleId::parse(name).unwrap();
            (held.lint.severity(rule), own.severity(rule))
        };
        assert_eq!(severity("free-amount").1, None);
        let (base, own) = severity("loose-limit");
        assert_eq!(base, own);
        assert!(
            HeldSettings::new(Some(&before), &before, &tip)
                .own
                .is_none()
        );
    }
}
