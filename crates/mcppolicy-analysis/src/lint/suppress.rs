//! Suppressions: findings that somebody has reviewed and accepted.
//!
//! A suppression has a rule, a location and the value that was there. It absorbs
//! one finding, and only while that value is the same; one that absorbs nothing is
//! itself a finding. The caller reads suppressions from their file and passes the
//! day.

use std::collections::HashMap;

use jiff::civil::Date;

use super::settings::Settings;
use crate::finding::{Finding, RuleId};
use crate::fnv::Fnv;
use mcppolicy_engine::document::{Member, Node, NodeKind, parse, unescape_pointer};
use mcppolicy_engine::source::Location;
use mcppolicy_engine::value::Value;

/// One decision to live with a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppression {
    /// The rule.
    pub rule: RuleId,
    /// The finding's place, a JSON Pointer into the policy.
    pub at: String,
    /// The [`fingerprint`] of the value there.
    pub value: String,
    /// Why.
    pub reason: String,
    /// The last day on which it holds.
    pub until: Option<Date>,
    /// Where it is written down.
    pub location: Location,
}

/// A finding that does not count.
#[derive(Debug, Clone, PartialEq)]
pub struct Suppressed {
    /// The finding.
    pub finding: Finding,
    /// Why it does not count.
    pub reason: String,
}

/// The findings of one policy, sorted out.
#[derive(Debug, Default)]
pub struct Sorted {
    /// Those that count.
    pub kept: Vec<Finding>,
    /// Those that do not.
    pub suppressed: Vec<Suppressed>,
    /// What is wrong with suppressions that absorb nothing, with the index of
    /// each.
    pub idle: Vec<(usize, Finding)>,
}

/// Eight hexadecimal digits for a value: FNV-1a of 64 bits, its halves joined by
/// exclusive or, over the value as compact JSON with its members sorted by
/// name and its numbers as the shortest spelling of their doubles. White space,
/// the order of members and the spelling of numbers do not count.
///
/// It detects accidental changes. It does not protect against somebody who looks
/// for another value with the same digits, and who could as well write a
/// suppression.
pub fn fingerprint(value: &Value) -> String {
    let hash = Fnv::new().with(value.to_string().as_bytes()).value();
    format!("{:08x}", (hash ^ (hash >> 32)) & 0xffff_ffff)
}

/// The fingerprints of the places of a policy's findings.
pub struct Places {
    root: Option<Node>,
    /// The member of each tool among those of `tools`.
    tools: HashMap<String, usize>,
}

impl Places {
    /// The places in the text of a valid policy.
    pub fn new(text: &str) -> Places {
        let root = parse::parse_text(text).ok().map(|(root, _)| root);
        let members = root.as_ref().and_then(tools).unwrap_or_default();
        let tools = members.iter().enumerate();
        let tools = tools.map(|(at, member)| (member.key.clone(), at)).collect();
        Places { root, tools }
    }

    /// The fingerprint of the value at a JSON Pointer.
    pub fn fingerprint(&self, pointer: &str) -> Option<String> {
        let root = self.root.as_ref()?;
        let node = match pointer.strip_prefix("/tools/") {
            Some(inside) => self.in_tool(root, inside)?,
            None => root.at(pointer)?,
        };
        Some(fingerprint(&node.to_value()))
    }

    /// The node at a pointer that begins with a tool's name.
    fn in_tool<'a>(&self, root: &'a Node, pointer: &str) -> Option<&'a Node> {
        let (name, rest) = match pointer.split_once('/') {
            Some((name, rest)) => (name, Some(rest)),
            None => (pointer, None),
        };
        let at = self.tools.get(&unescape_pointer(name))?;
        let tool = &tools(root)?.get(*at)?.value;
        match rest {
            Some(rest) => tool.at(&format!("/{rest}")),
            None => Some(tool),
        }
    }
}

/// The members of a policy's `tools`.
fn tools(root: &Node) -> Option<&[Member]> {
    match &root.get("tools")?.kind {
        NodeKind::Object(members) => Some(members),
        _ => None,
    }
}

/// Sorts the findings of one policy by its suppressions. An entry absorbs the
/// first finding of its rule at its place that no other one has absorbed.
pub fn sort(
    findings: Vec<Finding>,
    entries: &[Suppression],
    places: &Places,
    settings: &Settings,
    today: Date,
) -> Sorted {
    let mut sorted = Sorted::default();
    if entries.is_empty() {
        sorted.kept = findings;
        return sorted;
    }
    let mut waiting: HashMap<&str, Vec<usize>> = HashMap::new();
    // From the end, so that the first one written is taken first.
    for (index, entry) in entries.iter().enumerate().rev() {
        if !has_expired(entry, today) {
            waiting.entry(&entry.at).or_default().push(index);
        }
    }
    let mut used = vec![false; entries.len()];
    for finding in findings {
        let absorbing = waiting
            .get_mut(finding.pointer.as_str())
            .and_then(|list| {
                let value = places.fingerprint(&finding.pointer)?;
                let is_same = |index: &usize| {
                    entries
                        .get(*index)
                        .is_some_and(|entry| entry.value == value && entry.rule == finding.rule)
                };
                let at = list.iter().rposition(is_same)?;
                Some(list.remove(at))
            })
            .and_then(|index| Some((index, entries.get(index)?)));
        match absorbing {
            Some((index, entry)) => {
                if let Some(used) = used.get_mut(index) {
                    *used = true;
                }
                let reason = entry.reason.clone();
                sorted.suppressed.push(Suppressed { finding, reason });
            }
            None => sorted.kept.push(finding),
        }
    }
    if used.iter().all(|used| *used) {
        return sorted;
    }
    let kept = Kept::new(&sorted.kept, places);
    let idle = entries.iter().enumerate().zip(used);
    let idle = idle
        .filter(|(_, used)| !used)
        .filter_map(|((index, entry), _)| {
            let finding = complaint(entry, &kept, settings, today)?;
            Some((index, finding))
        })
        .collect();
    sorted.idle = idle;
    sorted
}

/// The findings that count, with the values at their places.
struct Kept<'a> {
    /// The first of a rule at a place, and the value there.
    by_place: HashMap<(RuleId, &'a str), (&'a Finding, Option<String>)>,
    /// The first of a rule at a place with a value.
    by_value: HashMap<(RuleId, String), &'a Finding>,
}

impl<'a> Kept<'a> {
    fn new(kept: &'a [Finding], places: &Places) -> Kept<'a> {
        let mut all = Kept {
            by_place: HashMap::new(),
            by_value: HashMap::new(),
        };
        for finding in kept {
            let place = (finding.rule, finding.pointer.as_str());
            if all.by_place.contains_key(&place) {
                continue;
            }
            let value = places.fingerprint(&finding.pointer);
            if let Some(value) = value.clone() {
                all.by_value.entry((finding.rule, value)).or_insert(finding);
            }
            all.by_place.insert(place, (finding, value));
        }
        all
    }
}

fn has_expired(entry: &Suppression, today: Date) -> bool {
    entry.until.is_some_and(|until| until < today)
}

/// What is wrong with an entry that absorbs nothing; `None` where the rule that
/// reports it is off.
fn complaint(
    entry: &Suppression,
    kept: &Kept<'_>,
    settings: &Settings,
    today: Date,
) -> Option<Finding> {
    let finding = |rule: RuleId, message: String| {
        let severity = settings.severity(rule)?;
        Some(Finding::new(rule, severity, entry.location, "", message))
    };
    let rule = entry.rule;
    let here = kept.by_place.get(&(rule, entry.at.as_str()));
    if let (true, Some(until)) = (has_expired(entry, today), entry.until) {
        let help = match here {
            Some(_) => "repair what it was written for, or look at it again and set a later day",
            None => "remove it, there is nothing left to suppress",
        };
        let message = format!("This suppression of {rule} held until {until}");
        return Some(finding(RuleId::ExpiredSuppression, message)?.help(help));
    }
    if let Some((changed, now)) = here {
        let now = now.clone().unwrap_or_default();
        let message = format!(
            "This suppression of {rule} was written for another value than the present one"
        );
        return if now == entry.value {
            // The place has more entries than findings, or the other way round.
            unused(entry, settings)
        } else {
            let finding = finding(RuleId::MovedSuppression, message)?;
            let help =
                format!("look at it again; to go on suppressing it, write value = \"{now}\"");
            let finding = finding.related(changed.location, "this is there now");
            Some(finding.help(help))
        };
    }
    let elsewhere = kept.by_value.get(&(rule, entry.value.clone()));
    match elsewhere {
        Some(moved) => {
            let message =
                format!("What this suppression of {rule} was written for is at another place now");
            let finding = finding(RuleId::MovedSuppression, message)?;
            let help = format!("write at = {}", Value::from(moved.pointer.as_str()));
            Some(finding.related(moved.location, "here").help(help))
        }
        None => unused(entry, settings),
    }
}

/// The finding about an entry that has nothing to suppress.
fn unused(entry: &Suppression, settings: &Settings) -> Option<Finding> {
    let unused = RuleId::UnusedSuppression;
    let severity = settings.severity(unused)?;
    let message = format!("There is no finding of {} that this suppresses", entry.rule);
    let finding = Finding::new(unused, severity, entry.location, "", message);
    Some(finding.help("remove it"))
}

/// The finding about an entry for a policy that is not there.
pub fn without_policy(entry: &Suppression, settings: &Settings) -> Option<Finding> {
    let finding = unused(entry, settings)?;
    Some(finding.help("no policy has this path; correct it or remove it"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Severity;
    use crate::lint::settings::Level;
    use mcppolicy_engine::source::{FileId, SourceMap, Span};
    use serde_json::json;

    const TEXT: &str = r#"{"a": {"max": 1}, "b": {"max": 2}}"#;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn file() -> FileId {
        SourceMap::new().add("f", TEXT)
    }

    fn location() -> Location {
        Location {
            file: file(),
            span: Span::default(),
        }
    }

    fn finding(at: &str) -> Finding {
        Finding::new(RuleId::BurstOnlyLimit, Severity::Note, location(), at, "m")
    }

    fn entry(at: &str, value: &serde_json::Value) -> Suppression {
        Suppression {
            rule: RuleId::BurstOnlyLimit,
            at: at.to_owned(),
            value: fingerprint(&Value::from(value)),
            reason: "known".to_owned(),
            until: Some(day("2027-03-01")),
            location: location(),
        }
    }

    fn sorted(findings: &[Finding], entries: &[Suppression], today: &str) -> Sorted {
        let places = Places::new(TEXT);
        sort(
            findings.to_vec(),
            entries,
            &places,
            &Settings::new(),
            day(today),
        )
    }

    fn idle(sorted: &Sorted) -> Vec<&'static str> {
        sorted
            .idle
            .iter()
            .map(|(_, finding)| finding.rule.name())
            .collect()
    }

    /// The digits are written in repositories: they never change.
    #[test]
    fn a_fingerprint_is_stable_and_blind_to_spelling() {
        let of = |value| fingerprint(&Value::from(value));
        assert_eq!(of(json!({"max": 1})), of(json!({"max": 1.0})));
        assert_ne!(of(json!({"max": 1})), of(json!({"max": 2})));
        assert_eq!(of(json!({"max": 1})), "43ee2acd");
        assert_eq!(of(json!(null)), "091acc5e");
    }

    #[test]
    fn an_entry_absorbs_one_finding_of_its_value() {
        let one = entry("/a", &json!({"max": 1}));
        let result = sorted(
            &[finding("/a"), finding("/b")],
            std::slice::from_ref(&one),
            "2027-03-01",
        );
        assert_eq!((result.suppressed.len(), result.kept.len()), (1, 1));
        assert_eq!(result.suppressed[0].reason, "known");
        assert_eq!(idle(&result), [""; 0]);
        let twice = sorted(&[finding("/a"), finding("/a")], &[one], "2027-03-01");
        assert_eq!((twice.suppressed.len(), twice.kept.len()), (1, 1));
    }

    #[test]
    fn a_changed_value_an_expired_day_and_nothing_to_suppress_are_findings() {
        let changed = entry("/a", &json!({"max": 9}));
        let result = sorted(&[finding("/a")], &[changed], "2026-12-01");
        assert_eq!(
            (idle(&result), result.kept.len()),
            (vec!["moved-suppression"], 1)
        );

        let shifted = entry("/c", &json!({"max": 2}));
        let result = sorted(&[finding("/b")], &[shifted], "2026-12-01");
        assert_eq!(
            (idle(&result), result.kept.len()),
            (vec!["moved-suppression"], 1)
        );

        let valid = entry("/a", &json!({"max": 1}));
        let result = sorted(&[finding("/a")], std::slice::from_ref(&valid), "2027-03-02");
        assert_eq!(
            (idle(&result), result.kept.len()),
            (vec!["expired-suppression"], 1)
        );

        let result = sorted(&[], &[valid], "2026-12-01");
        assert_eq!(idle(&result), ["unused-suppression"]);
    }

    #[test]
    fn the_level_of_a_complaint_is_the_users() {
        let entry = entry("/a", &json!({"max": 1}));
        let level_of = |level| {
            let mut settings = Settings::new();
            settings.set_level(RuleId::UnusedSuppression, level);
            let places = Places::new(TEXT);
            let entries = std::slice::from_ref(&entry);
            let sorted = sort(Vec::new(), entries, &places, &settings, day("2026-12-01"));
            let levels = sorted.idle.iter().map(|(_, finding)| finding.severity);
            levels.collect::<Vec<_>>()
        };
        assert_eq!(level_of(Level::On(Severity::Note)), [Severity::Note]);
        assert_eq!(level_of(Level::Off), []);
    }
}
