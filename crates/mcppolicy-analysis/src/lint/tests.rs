//! Every rule against its own examples, and the linter against the policies
//! that it was made for.

use std::collections::BTreeMap;

use super::*;
use crate::expectations::Expectations;
use crate::finding::{Group, RuleId, Severity};
use crate::inventory::{Inventory, drift};
use mcppolicy_engine::engine::Engine;
use mcppolicy_engine::policy::Policy;
use mcppolicy_engine::source::SourceMap;
use mcppolicy_trace::trace::{Item, Trace, recognise};

struct Linted {
    engine: Engine,
    text: String,
    findings: Vec<Finding>,
}

/// The day on which examples are read.
const TODAY: jiff::civil::Date = jiff::civil::date(2026, 6, 1);

/// The suppressions of an example, as the configuration writes them.
fn entries(map: &mut SourceMap, text: &str) -> Vec<suppress::Suppression> {
    let file = map.add("mcppolicy.toml", text);
    let parts = text.split("[[suppress]]").skip(1);
    let entry = |part: &str| {
        let setting = |name: &str| {
            let begins = format!("{name} = ");
            let line = part.lines().find_map(|line| line.strip_prefix(&begins));
            line.map(|value| serde_json::from_str::<String>(value).unwrap())
        };
        suppress::Suppression {
            rule: RuleId::parse_lint_rule(&setting("rule").unwrap()).unwrap(),
            at: setting("at").unwrap(),
            value: setting("value").unwrap(),
            reason: setting("reason").unwrap(),
            until: setting("until").map(|day| day.parse().unwrap()),
            location: mcppolicy_engine::source::Location {
                file,
                span: mcppolicy_engine::source::Span::default(),
            },
        }
    };
    parts.map(entry).collect()
}

#[track_caller]
fn lint_text(text: &str, settings: &Settings) -> Linted {
    lint_used(text, settings, None)
}

#[track_caller]
fn lint_used(text: &str, settings: &Settings, usage: Option<&BTreeMap<String, Used>>) -> Linted {
    let example = Example::read(text);
    let text = example.policy;
    let mut map = SourceMap::new();
    let inventory = example.inventory.map(|inventory| {
        let read = Inventory::read(&mut map, "tools.json", inventory.as_bytes());
        let (_, Some(inventory), problems) = read else {
            panic!("{inventory}");
        };
        assert!(problems.is_empty(), "{problems:?}");
        inventory
    });
    let policy = Policy::load(&mut map, "policy.json", text.as_bytes())
        .unwrap_or_else(|error| panic!("{text}: {error}"));
    let engine = Engine::new(&policy);
    let mut findings = lint(&Input {
        inventory: inventory.as_ref(),
        usage,
        ..Input::new(&policy, &engine, settings)
    });
    if let (Some(earlier), Some(now)) = (example.earlier, &inventory) {
        let (_, earlier, _) = Inventory::read(&mut map, "base:tools.json", earlier.as_bytes());
        findings.extend(drifted(&earlier.unwrap(), now));
    }
    if let (Some(earlier), Some(now)) = (example.earlier_trace, example.trace) {
        let lost = expected(earlier).lost(&expected(now), &policy, &mut map);
        findings.extend(lost.into_iter().map(|lost| lost.finding));
    }
    if let Some(suppressions) = example.suppressions {
        let entries = entries(&mut map, suppressions);
        let places = suppress::Places::new(text);
        let sorted = suppress::sort(findings, &entries, &places, settings, TODAY);
        findings = sorted.kept;
        findings.extend(sorted.idle.into_iter().map(|(_, finding)| finding));
    }
    Linted {
        engine,
        text: text.to_owned(),
        findings,
    }
}

/// What a trace expects.
fn expected(text: &str) -> Expectations {
    let input = std::io::Cursor::new(text.as_bytes().to_vec());
    let reader = recognise::reader(input, Default::default()).unwrap();
    let mut trace = Trace::open("traces/a.jsonl", reader).unwrap();
    let mut expectations = Expectations::new();
    while let Some(item) = trace.next_item().unwrap() {
        if let Item::Call(call) = item {
            expectations.add("traces/a.jsonl", *call, None);
        }
    }
    expectations
}

/// What the rules of drift find, whatever their levels.
fn drifted(old: &Inventory, new: &Inventory) -> Vec<Finding> {
    drift::findings(&drift::drift(old, new), old, new, drift::Side::New)
}

#[track_caller]
fn lint_default(text: &str) -> Linted {
    lint_text(text, &Settings::new())
}

impl Linted {
    fn rules(&self) -> Vec<&'static str> {
        self.findings
            .iter()
            .map(|finding| finding.rule.name())
            .collect()
    }

    #[track_caller]
    fn only(&self, rule: &str) -> &Finding {
        let found: Vec<&Finding> = self
            .findings
            .iter()
            .filter(|finding| finding.rule.name() == rule)
            .collect();
        assert_eq!(found.len(), 1, "{rule} in {:#?}", self.findings);
        found[0]
    }

    fn spelt(&self, finding: &Finding) -> &str {
        let span = finding.location.span;
        self.text.get(span.start..span.end).unwrap()
    }

    fn decisions(&self, finding: &Finding) -> Vec<bool> {
        let mut allowed = Vec::new();
        witness::replay(&self.engine, &finding.witness, |_, decision| {
            allowed.push(decision.is_allow());
            true
        });
        allowed
    }
}

fn for_rule(rule: &Rule) -> Settings {
    let mut settings = Settings::new();
    settings.set_level(rule.id, Level::On(rule.id.severity()));
    settings
}

#[test]
fn each_bad_example_has_its_finding_and_the_witness_replays_as_claimed() {
    for rule in registry::RULES {
        assert!(!rule.bad.is_empty(), "{}", rule.id.name());
        for bad in rule.bad {
            let linted = lint_text(bad.policy, &for_rule(rule));
            let found: Vec<&Finding> = linted
                .findings
                .iter()
                .filter(|finding| finding.rule == rule.id)
                .collect();
            assert!(
                !found.is_empty(),
                "{}: {}: {:?}",
                rule.id.name(),
                bad.says,
                linted.rules()
            );
            for finding in found {
                let decisions = linted.decisions(finding);
                let proved = match (bad.proof, decisions.split_last()) {
                    (Proof::Plain, last) => last.is_none(),
                    (Proof::Passes, last) => {
                        last.is_some() && decisions.iter().all(|allowed| *allowed)
                    }
                    (Proof::Refused, last) => {
                        last.is_some() && decisions.iter().all(|allowed| !allowed)
                    }
                    (Proof::LastRefused, Some((last, before))) => {
                        !last && before.iter().all(|allowed| *allowed)
                    }
                    (Proof::LastRefused, None) => false,
                };
                assert!(
                    proved,
                    "{}: {}: {:?} {decisions:?}",
                    rule.id.name(),
                    bad.says,
                    finding.witness
                );
                // What helps against drift is said beside the policy.
                let helps = finding.help.is_some() || matches!(rule.check, Check::Drift);
                assert!(helps, "{}", rule.id.name());
            }
        }
    }
}

#[test]
fn no_good_example_has_the_finding() {
    for rule in registry::RULES {
        assert!(!rule.good.is_empty(), "{}", rule.id.name());
        for good in rule.good {
            let linted = lint_text(good.policy, &for_rule(rule));
            assert!(
                !linted.rules().contains(&rule.id.name()),
                "{}: {}: {:#?}",
                rule.id.name(),
                good.says,
                linted.findings
            );
        }
    }
}

#[test]
fn a_finding_points_into_the_document_where_its_pointer_says() {
    for rule in registry::RULES {
        for bad in rule.bad {
            let mut map = SourceMap::new();
            let (_, document, _) = mcppolicy_engine::document::parse::parse(
                &mut map,
                "policy.json",
                Example::read(bad.policy).policy.as_bytes(),
            );
            let document = document.unwrap();
            let linted = lint_text(bad.policy, &for_rule(rule));
            let is_there = |finding: &&Finding| {
                matches!(
                    registry::rule(finding.rule).unwrap().check,
                    Check::Policy(_)
                )
            };
            for finding in linted.findings.iter().filter(is_there) {
                let node = document.root.at(&finding.pointer);
                let node =
                    node.unwrap_or_else(|| panic!("{}: {}", rule.id.name(), finding.pointer));
                let span = finding.location.span;
                let (before, behind) = linted.text.split_at(span.end);
                let is_key = before.ends_with('"') && behind.trim_start().starts_with(':');
                assert!(
                    node.span == span || is_key,
                    "{}: {}",
                    finding.rule.name(),
                    linted.spelt(finding)
                );
            }
        }
    }
}

#[test]
fn messages_are_one_sentence_without_a_full_stop() {
    for rule in registry::RULES {
        for bad in rule.bad {
            for finding in lint_default(bad.policy).findings {
                assert!(!finding.message.ends_with('.'), "{}", finding.message);
                assert!(!finding.message.contains('\n'), "{}", finding.message);
            }
        }
    }
}

#[test]
fn a_page_says_what_and_why_and_shows_every_example() {
    for rule in registry::RULES {
        let page = page(rule.id);
        assert!(page.starts_with(&format!("# {}\n", rule.id.name())));
        for text in [rule.what, rule.why] {
            assert!(page.contains(text), "{}", rule.id.name());
        }
        let bad = rule.bad.iter().map(|bad| bad.policy);
        let good = rule.good.iter().map(|good| good.policy);
        let examples: usize = bad
            .chain(good)
            .map(Example::read)
            .map(|example| {
                let others = [
                    example.inventory,
                    example.earlier,
                    example.trace,
                    example.earlier_trace,
                ];
                1 + others.into_iter().flatten().count()
            })
            .sum();
        assert_eq!(
            page.matches("```json").count(),
            examples,
            "{}",
            rule.id.name()
        );
        let suppress = rule.id.group() == Group::Suppressions;
        assert_eq!(
            page.contains("[[suppress]]\nrule ="),
            suppress,
            "{}",
            rule.id.name()
        );
    }
}

#[test]
fn levels_turn_rules_off_and_change_their_severity() {
    let policy = r#"{"version":"1","default":"allow"}"#;
    let mut settings = Settings::new();
    settings.set_level(RuleId::MissingDefaultDeny, Level::parse("error").unwrap());
    let linted = lint_text(policy, &settings);
    assert_eq!(
        linted.only("missing-default-deny").severity,
        Severity::Error
    );
    settings.set_level(RuleId::MissingDefaultDeny, Level::Off);
    assert_eq!(lint_text(policy, &settings).findings, []);
    assert_eq!(Level::parse("loud"), None);
}

#[test]
fn findings_are_sorted_by_place() {
    let linted = lint_default(
        r#"{"version":"1","default":"allow","hide":["a_*"],"tools":{"run":{},"delete_x":{},"exec":{}}}"#,
    );
    assert!(linted.findings.len() >= 5);
    assert!(linted.findings.is_sorted_by_key(|finding| finding.location));
}

#[test]
fn an_option_is_set_where_a_rule_has_it() {
    let limited = |max: u64| {
        format!(
            r#"{{"version":"1","default":"deny","tools":{{"run_it":{{"limits":[{{"counter":"runs","window":"minute","max":{max},"scope":"grant"}}]}}}}}}"#
        )
    };
    let mut settings = Settings::new();
    settings.set_level(RuleId::LooseLimit, Level::On(Severity::Error));
    let finds = |settings: &Settings, max| {
        lint_text(&limited(max), settings)
            .rules()
            .contains(&"loose-limit")
    };
    assert!(finds(&settings, 21) && !finds(&settings, 20));
    set_option(&mut settings, RuleId::LooseLimit, "execute", "5/minute").unwrap();
    assert!(finds(&settings, 6) && !finds(&settings, 5));
    assert!(
        set_option(&mut settings, RuleId::LooseLimit, "execute", "5")
            .unwrap_err()
            .is_value
    );
    assert!(
        !set_option(&mut settings, RuleId::BurstOnlyLimit, "execute", "5/minute")
            .unwrap_err()
            .is_value
    );
}

#[test]
fn the_book_has_every_page() {
    let book = book();
    for rule in registry::RULES {
        assert!(book.contains(&format!("\n## {}\n", rule.id.name())));
        assert!(book.contains(&format!("](#{}) |", rule.id.name())));
    }
}

mod arrays;
mod cases;
mod exact;
mod good;
mod inventory;
mod looser;
mod messages;
mod random;
mod seeds;
mod wildcards;
