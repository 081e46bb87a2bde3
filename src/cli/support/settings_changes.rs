//! What a change does to its own settings, as findings that a reviewer reads
//! first. They are notes: the reviewer decides whether a weaker setting is
//! right, and the run itself applies the settings of the base.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::Path;

use super::configuration::{Config, Entry, Setting, Skip};
use super::fail_on::FailOn;
use super::files::beginning;
use super::held_settings::accepts;
use super::input;
use super::listing::{fill, fill_dirname, named};
use super::workspace::{PolicyFile, Workspace};
use mcppolicy_analysis::finding::{Finding, RuleId, Severity};
use mcppolicy_engine::source::{Location, SourceMap};

/// The configurations of a change.
pub(crate) struct States<'a> {
    /// At the merge base.
    pub before: Option<&'a Config>,
    /// In the working tree.
    pub after: Option<&'a Config>,
    /// At the base's tip.
    pub in_force: Option<&'a Config>,
}

/// A finding about a setting.
pub(crate) fn note(location: Location, message: String, help: &str) -> Finding {
    Finding::new(RuleId::Settings, Severity::Note, location, "", message).help(help)
}

const AT_ONCE: &str = "this counts at once, because it is reviewed together with the policy";
const SHOWN: &str = "what it hides in this change is shown all the same, and counts";
const FIRST: &str = "this counts at once, because the base has no mcppolicy.toml";
const LATER: &str = "this counts once it is merged";

/// What the change does, setting by setting.
pub(crate) fn changes(states: &States<'_>) -> Vec<Finding> {
    match (states.before, states.after) {
        (None, None) => Vec::new(),
        (Some(before), None) => {
            let message = "This change removes mcppolicy.toml".to_owned();
            let help = "the run applies the base's configuration";
            vec![note(before.beginning(), message, help)]
        }
        (None, Some(after)) => {
            let mut findings: Vec<Finding> = gate(None, after, states).into_iter().collect();
            if states.in_force.is_none() {
                findings.extend(first(after));
            }
            findings
        }
        (Some(before), Some(after)) => {
            let mut findings: Vec<Finding> =
                gate(Some(before), after, states).into_iter().collect();
            findings.extend(threshold(before, after, states));
            findings.extend(pins(before, after));
            findings.extend(revision(before, after));
            findings.extend(list(before, after));
            findings.extend(exclude(before, after));
            findings.extend(rules(before, after));
            findings.extend(categories(before, after));
            findings.extend(suppressions(before, after));
            findings
        }
    }
}

/// What a first configuration takes back of what counts without one. It counts at
/// once: there is nothing that it could be held to.
fn first(after: &Config) -> Vec<Finding> {
    let none = Config {
        policies: Vec::new(),
        fail_on: None,
        levels: Vec::new(),
        options: Vec::new(),
        categories: Vec::new(),
        suppressions: Vec::new(),
        base: None,
        gate: None,
        ..after.clone()
    };
    let rank = |name: &str| Severity::ALL.iter().position(|of| of.name() == name);
    let mut findings = Vec::new();
    let set = after.fail_on.filter(|set| set.value != FailOn::DEFAULT);
    findings.extend(set.map(|set| {
        let message = moved("`fail-on`", FailOn::DEFAULT.name(), set.value.name());
        note(set.location, message, FIRST)
    }));
    for (rule, level) in levels(after) {
        let usual = usual(&rule);
        if rank(&level.text) < rank(&usual) {
            let message = moved(&format!("The level of {rule}"), &usual, &level.text);
            findings.push(note(level.location, message, FIRST));
        }
    }
    let others = categories(&none, after).into_iter();
    findings.extend(others.map(|finding| finding.help(FIRST)));
    findings.extend(suppressions(&none, after));
    findings
}

fn moved(what: &str, from: &str, to: &str) -> String {
    format!("{what} goes from `{from}` to `{to}`")
}

fn gate(before: Option<&Config>, after: &Config, states: &States<'_>) -> Option<Finding> {
    let name = |config: Option<&Config>| config.and_then(Config::gate).unwrap_or_default().name();
    let (from, to) = (name(before), name(Some(after)));
    let location = after.gate.map_or(after.beginning(), |gate| gate.location);
    let applied = format!("the run applies `{}`; {LATER}", name(states.in_force));
    (from != to).then(|| note(location, moved("The gate", from, to), &applied))
}

/// What tests no longer have to pin.
fn pins(before: &Config, after: &Config) -> Vec<Finding> {
    let help = format!("the run applies the base's; {LATER}");
    let mut findings = Vec::new();
    if before.min_coverage.is_some() && before.min_coverage() != after.min_coverage() {
        let set = after.min_coverage.as_ref();
        let location = set.map_or(after.beginning(), |set| set.location);
        let message = "This change alters `[coverage] min`".to_owned();
        findings.push(note(location, message, &help));
    }
    if before.min_score.is_some() && before.min_score() != after.min_score() {
        let location = after
            .min_score
            .map_or(after.beginning(), |set| set.location);
        let message = "This change alters `[mutate] min-score`".to_owned();
        findings.push(note(location, message, &help));
    }
    for skip in &after.skips {
        let is_known = |known: &Skip| known.id.text == skip.id.text;
        if !before.skips.iter().any(is_known) {
            let message = format!("This change adds a skip of the mutant {:?}", skip.id.text);
            findings.push(note(skip.id.location, message, &help));
        }
    }
    findings
}

fn threshold(before: &Config, after: &Config, states: &States<'_>) -> Option<Finding> {
    let name = |config: &Config| config.fail_on().unwrap_or(FailOn::DEFAULT).name();
    let (from, to) = (name(before), name(after));
    let location = after.fail_on.map_or(after.beginning(), |set| set.location);
    let applied = format!(
        "the run applies `{}`; {LATER}",
        states.in_force.map_or(to, name)
    );
    (from != to).then(|| note(location, moved("`fail-on`", from, to), &applied))
}

fn revision(before: &Config, after: &Config) -> Option<Finding> {
    let name = |config: &Config| config.base.as_ref().map(|base| base.text.clone());
    let (from, to) = (name(before), name(after));
    if from == to {
        return None;
    }
    let shown = |name: Option<String>| name.unwrap_or_else(|| "nothing".to_owned());
    let message = moved("The base of comparisons", &shown(from), &shown(to));
    let location = after.base.as_ref();
    let location = location.map_or(after.beginning(), |base| base.location);
    let help = "`--base` goes before it";
    Some(note(location, message, help))
}

/// Policies that are no longer listed, though they are there, or are checked
/// with other files.
fn list(before: &Config, after: &Config) -> Vec<Finding> {
    let (then, _) = named(before);
    let now: BTreeMap<_, _> = named(after).0.into_iter().collect();
    let mut findings = Vec::new();
    let mut left_out = BTreeSet::new();
    for (file, entry_then) in &then {
        let name = input::display_name(file);
        let Some(old) = before.policies.get(*entry_then) else {
            continue;
        };
        let entry = now.get(file);
        let Some(new) = entry.and_then(|entry| after.policies.get(*entry)) else {
            findings.push(taken_out(after.beginning(), &name));
            left_out.insert(*entry_then);
            continue;
        };
        let files = |config: &Config, entry: &Entry, kind| files(config, entry, file, kind);
        for (what, kind) in [
            ("The list of traces", Kind::Traces),
            ("The inventory", Kind::Inventory),
            ("The server", Kind::Server),
            ("The list of categories", Kind::Categories),
        ] {
            let (from, to) = (files(before, old, kind), files(after, new, kind));
            if from != to {
                let message = moved(&format!("{what} of `{name}`"), &from, &to);
                findings.push(note(new.path.location, message, SHOWN));
            }
        }
    }
    // Where a path leaves out a policy that is there, that says it.
    let paths: HashSet<&str> = after.policies.iter().map(|of| &*of.path.text).collect();
    let entries = before.policies.iter().enumerate();
    let gone = entries
        .filter(|(at, entry)| !left_out.contains(at) && !paths.contains(entry.path.text.as_str()));
    findings.extend(gone.map(|(_, entry)| {
        let path = &entry.path.text;
        let message = format!("This change takes the path `{path}` out of the list of policies");
        note(after.beginning(), message, LATER)
    }));
    findings
}

/// Globs that set more policies aside, or fewer.
fn exclude(before: &Config, after: &Config) -> Option<Finding> {
    let shown = |config: &Config| {
        let globs: Vec<&str> = config
            .exclude
            .iter()
            .map(|glob| glob.text.as_str())
            .collect();
        match globs.as_slice() {
            [] => "nothing".to_owned(),
            globs => globs.join(", "),
        }
    };
    let (from, to) = (shown(before), shown(after));
    let location = after.exclude.last();
    let location = location.map_or(after.beginning(), |glob| glob.location);
    (from != to).then(|| note(location, moved("`exclude`", &from, &to), LATER))
}

fn taken_out(location: Location, name: &str) -> Finding {
    let message = format!("This change takes `{name}` out of the list of policies");
    let help = "it is checked all the same; remove its file, too, if it is not needed";
    note(location, message, help)
}

/// A finding about a policy that is listed, and that is not found where files
/// are looked for.
pub(crate) fn unlisted(
    workspace: &Workspace,
    file: &PolicyFile,
    sources: &mut SourceMap,
) -> Finding {
    let location = match &workspace.config {
        Some(config) => config.beginning(),
        None => beginning(&file.name, sources),
    };
    taken_out(location, &file.name)
}

#[derive(Clone, Copy)]
enum Kind {
    Traces,
    Inventory,
    Server,
    Categories,
}

/// A setting of an entry, as text.
fn files(config: &Config, entry: &Entry, policy: &Path, kind: Kind) -> String {
    let path = |setting: &Setting| input::display_name(&fill(&setting.text, &config.root, policy));
    let list: Vec<String> = match kind {
        Kind::Traces => entry.traces.iter().map(path).collect(),
        Kind::Inventory => entry.inventory.iter().map(path).collect(),
        Kind::Categories => {
            let each = entry.categories.iter();
            each.map(|(tool, category)| format!("{tool} {}", category.name()))
                .collect()
        }
        Kind::Server => {
            let server = entry.server.iter();
            server
                .map(|server| fill_dirname(&server.text, policy))
                .collect()
        }
    };
    if list.is_empty() {
        "nothing".to_owned()
    } else {
        list.join(", ")
    }
}

/// The level of a rule that nothing sets.
fn usual(rule: &str) -> String {
    match RuleId::parse_lint_rule(rule) {
        Some(rule) if !rule.is_pedantic() => rule.severity().name().to_owned(),
        _ => "off".to_owned(),
    }
}

/// The rules whose levels are set, each with its level.
fn levels(config: &Config) -> BTreeMap<String, &Setting> {
    let levels = config.levels.iter();
    levels
        .map(|(name, level)| (known(&name.text), level))
        .collect()
}

/// Levels and options of rules.
fn rules(before: &Config, after: &Config) -> Vec<Finding> {
    let (old, new) = (levels(before), levels(after));
    let all: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let mut findings = Vec::new();
    for rule in all {
        let of = |levels: &BTreeMap<String, &Setting>| {
            let set = levels.get(rule).map(|level| level.text.clone());
            set.unwrap_or_else(|| usual(rule))
        };
        let (from, to) = (of(&old), of(&new));
        if from != to {
            let location = new.get(rule).map_or(after.beginning(), |of| of.location);
            let message = moved(&format!("The level of {rule}"), &from, &to);
            findings.push(note(location, message, LATER));
        }
    }
    findings.extend(options(before, after));
    findings
}

fn options(before: &Config, after: &Config) -> Vec<Finding> {
    let all = |config: &Config| -> BTreeMap<(String, String), Setting> {
        let options = config.options.iter();
        let named = options.map(|(rule, option, value)| {
            let name = (known(&rule.text), option.text.clone());
            (name, value.clone())
        });
        named.collect()
    };
    differing(&all(before), &all(after))
        .map(|((rule, option), from, to)| {
            let what = format!("`{option}` of {rule}");
            let location = to.map_or(after.beginning(), |value| value.location);
            let [from, to] = [from, to].map(|value| text(value, "the default"));
            note(location, moved(&what, from, to), LATER)
        })
        .collect()
}

fn categories(before: &Config, after: &Config) -> Vec<Finding> {
    let all = |config: &Config| -> BTreeMap<String, Setting> {
        let each = config.categories.iter();
        each.map(|(tool, category)| (tool.text.clone(), category.clone()))
            .collect()
    };
    differing(&all(before), &all(after))
        .map(|(tool, from, to)| {
            let what = format!("The category of `{tool}`");
            let location = to.map_or(after.beginning(), |value| value.location);
            let [from, to] = [from, to].map(|value| text(value, "its own"));
            note(location, moved(&what, from, to), SHOWN)
        })
        .collect()
}

fn text<'a>(value: Option<&'a Setting>, otherwise: &'a str) -> &'a str {
    value.map_or(otherwise, |value| &value.text)
}

/// What differs between two maps, in the order of their keys.
fn differing<'a, K: Ord>(
    old: &'a BTreeMap<K, Setting>,
    new: &'a BTreeMap<K, Setting>,
) -> impl Iterator<Item = (&'a K, Option<&'a Setting>, Option<&'a Setting>)> {
    let keys: BTreeSet<&K> = old.keys().chain(new.keys()).collect();
    let each = keys.into_iter();
    each.map(|key| (key, old.get(key), new.get(key)))
        .filter(|(_, from, to)| from.map(|s| &s.text) != to.map(|s| &s.text))
}

/// Suppressions that are new, or last longer.
fn suppressions(before: &Config, after: &Config) -> Vec<Finding> {
    let then: HashSet<String> = before.suppressions.iter().map(accepts).collect();
    let new = after.suppressions.iter();
    new.filter(|suppression| !then.contains(&accepts(suppression)))
        .map(|(policy, entry)| {
            let (rule, at) = (entry.rule, &entry.at);
            let message = format!(
                "This change suppresses {rule} at `{at}` of `{}`: {}",
                policy.text, entry.reason
            );
            note(entry.location, message, AT_ONCE).quoting(&entry.reason)
        })
        .collect()
}

/// The name that a rule has today.
fn known(rule: &str) -> String {
    match RuleId::parse_lint_rule(rule) {
        Some(rule) => rule.name().to_owned(),
        None => rule.to_owned(),
    }
}
