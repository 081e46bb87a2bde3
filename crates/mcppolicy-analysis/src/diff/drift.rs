//! What has changed of a server's own tools beside its policy, and what decides
//! those that are new (design: the linter, §2, drift).
//!
//! A policy was reviewed with the tools that the server listed then. A tool
//! whose description, schema or annotations are others now is another tool under
//! the same name, whatever the policy says of it.

use crate::finding::{Finding, RuleId, Severity};
use crate::inventory::Inventory;
use crate::inventory::category::Categories;
use crate::inventory::drift::{self, Side};
use mcppolicy_engine::policy::{DefaultDecision, Policy};

/// How much the findings of a rule matter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Level {
    /// As much as the policy lets them: see [`findings`].
    #[default]
    ByPolicy,
    /// There are none.
    Off,
    /// All have this severity, whatever the policy says of the tool.
    On(Severity),
}

/// The levels of the rules of drift.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Levels {
    /// That of [`RuleId::ChangedTool`].
    pub changed: Level,
    /// That of [`RuleId::NewTool`].
    pub new: Level,
    /// That of [`RuleId::MissingTool`].
    pub missing: Level,
}

impl Levels {
    /// Gives a finding the severity that is set for its rule; false where the
    /// rule is off.
    fn apply(self, finding: &mut Finding) -> bool {
        let level = match finding.rule {
            RuleId::ChangedTool => self.changed,
            RuleId::NewTool => self.new,
            _ => self.missing,
        };
        if let Level::On(severity) = level {
            finding.severity = severity;
        }
        level != Level::Off
    }
}

/// One finding for each thing that has changed from `old` to `new`, in the order
/// of the new inventory, which they point into.
///
/// Where `levels` leave that to the policy, a change of a tool is a warning, and
/// a note where the policy hides the tool: then no model reads of it. A new tool
/// is a note, and a warning where only `default: "allow"` decides it. That a tool
/// is gone is a note: what the policy still says of it, the linter reports.
pub fn findings(
    old: &Inventory,
    new: &Inventory,
    policy: Option<&Policy>,
    levels: Levels,
) -> Vec<Finding> {
    let mut drift = drift::drift(old, new);
    let added = std::mem::take(&mut drift.added);
    let hides = |tool: &str| policy.is_some_and(|policy| policy.hidden_by(tool).is_some());
    let is_hidden = |finding: &Finding| {
        let mut changed = drift.changed.iter().map(|changed| changed.tool.as_str());
        changed.any(|tool| hides(tool) && is_about(finding, new, tool))
    };
    let mut found = drift::findings(&drift, old, new, Side::New);
    for finding in &mut found {
        let is_quiet = finding.rule == RuleId::MissingTool || is_hidden(finding);
        if is_quiet {
            finding.severity = Severity::Note;
        } else if finding.rule == RuleId::ChangedTool {
            finding.help = Some(
                "read it as an agent does, and the policy with it; once the base has it, it is not \
                 reported again"
                    .to_owned(),
            );
        }
    }
    let mut categories = Categories::new();
    categories.learn(new);
    found.extend(added.iter().filter_map(|name| {
        let decided = policy.map(|policy| decides(policy, name));
        is_new(new, name, &categories, decided.as_ref())
    }));
    found.retain_mut(|finding| levels.apply(finding));
    found.sort_by_key(|finding| finding.location.span);
    found
}

/// Whether a finding in the new inventory is in the listing of `tool`.
fn is_about(finding: &Finding, new: &Inventory, tool: &str) -> bool {
    let span = finding.location.span;
    let listed = new.get(tool).map(|tool| tool.span);
    listed.is_some_and(|listed| listed.start <= span.start && span.end <= listed.end)
}

/// What decides a new tool, as the end of a sentence.
struct Decided {
    how: String,
    /// Whether it is open, and nobody has decided that.
    is_open: bool,
    help: Option<&'static str>,
}

fn decides(policy: &Policy, tool: &str) -> Decided {
    let (how, is_open, help) = match policy.hidden_by(tool) {
        Some((at, _)) => (format!("/hide/{at} hides it"), false, None),
        None if policy.tool(tool).is_some() => (format!("the policy lists `{tool}`"), false, None),
        None => match policy.default.value {
            DefaultDecision::Deny => (
                "only `default` refuses it".to_owned(),
                false,
                Some("list it in \"tools\" with its rules, or hide it"),
            ),
            DefaultDecision::Allow => (
                "only `default` decides it, and allows every call".to_owned(),
                true,
                Some("list it in \"tools\" with its rules, hide it, or set \"default\": \"deny\""),
            ),
        },
    };
    Decided { how, is_open, help }
}

fn is_new(
    new: &Inventory,
    name: &str,
    categories: &Categories,
    decided: Option<&Decided>,
) -> Option<Finding> {
    let tool = new.get(name)?;
    let class = categories.of(name);
    let how = match decided {
        Some(decided) => format!(", and {}", decided.how),
        None => String::new(),
    };
    let message = format!(
        "The server has a new tool `{name}`, which is {} ({}){how}",
        class.category, class.because
    );
    let severity = match decided {
        Some(Decided { is_open: true, .. }) => Severity::Warning,
        _ => Severity::Note,
    };
    let location = mcppolicy_engine::source::Location {
        file: new.file,
        span: tool.name_span,
    };
    let pointer = format!("{}/name", tool.pointer);
    let finding = Finding::new(RuleId::NewTool, severity, location, pointer, message);
    Some(match decided.and_then(|decided| decided.help) {
        Some(help) => finding.help(help),
        None => finding,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use mcppolicy_engine::source::SourceMap;

    const OLD: &str = r#"[{"name":"read","description":"Reads a file"},{"name":"drop","description":"Drops"},{"name":"gone"}]"#;
    const NEW: &str = r#"[{"name":"read","description":"Reads a file and sends it to the log"},{"name":"drop","description":"Drops all"},{"name":"run_it"}]"#;

    fn found(policy: Option<&str>) -> Vec<(&'static str, &'static str, String)> {
        found_at(policy, Levels::default())
    }

    fn found_at(policy: Option<&str>, levels: Levels) -> Vec<(&'static str, &'static str, String)> {
        let mut map = SourceMap::new();
        let mut read = |text: &str| {
            let (_, inventory, _) = Inventory::read(&mut map, "tools.json", text.as_bytes());
            inventory.unwrap()
        };
        let (old, new) = (read(OLD), read(NEW));
        let policy = policy.map(|text| Policy::from_json(text.as_bytes()).unwrap());
        let found = findings(&old, &new, policy.as_ref(), levels);
        let shown = |f: Finding| (f.severity.name(), f.rule.name(), f.message);
        found.into_iter().map(shown).collect()
    }

    #[test]
    fn what_a_change_weighs_depends_on_what_the_policy_says_of_the_tool() {
        let strict = found(Some(
            r#"{"version":"1","default":"deny","hide":["drop"],"tools":{"read":{}}}"#,
        ));
        let expected = [
            (
                "note",
                "missing-tool",
                "The server no longer has the tool `gone`",
            ),
            (
                "warning",
                "changed-tool",
                "The description of `read` has changed: Reads a file{+ and sends it to the log+}",
            ),
            (
                "note",
                "changed-tool",
                "The description of `drop` has changed: Drops{+ all+}",
            ),
            (
                "note",
                "new-tool",
                "The server has a new tool `run_it`, which is Execute (verb *run*), and only `default` refuses it",
            ),
        ];
        let expected: Vec<_> = expected.map(|(a, b, c)| (a, b, c.to_owned())).into();
        assert_eq!(strict, expected);
        let last = |policy: &str| found(Some(policy)).pop().unwrap();
        let (severity, _, message) = last(r#"{"version":"1","default":"allow"}"#);
        assert_eq!(severity, "warning");
        assert!(message.ends_with("only `default` decides it, and allows every call"));
        let (severity, _, message) = last(r#"{"version":"1","default":"deny","hide":["*"]}"#);
        assert_eq!(severity, "note");
        assert!(message.ends_with("and /hide/0 hides it"), "{message}");
        let listed = r#"{"version":"1","default":"allow","tools":{"run_it":{}}}"#;
        assert!(last(listed).2.ends_with("the policy lists `run_it`"));
        assert!(found(None).pop().unwrap().2.ends_with("(verb *run*)"));
    }

    #[test]
    fn nothing_has_changed_between_an_inventory_and_itself() {
        let mut map = SourceMap::new();
        let (_, inventory, _) = Inventory::read(&mut map, "tools.json", OLD.as_bytes());
        let inventory = inventory.unwrap();
        let levels = Levels::default();
        assert_eq!(findings(&inventory, &inventory, None, levels), []);
    }

    #[test]
    fn a_level_that_is_set_goes_before_what_the_policy_says() {
        // One change is of a hidden tool, and only `default` decides the new one.
        let policy = r#"{"version":"1","default":"allow","hide":["drop"],"tools":{"read":{}}}"#;
        let shown = |levels| -> Vec<(&str, &str)> {
            let found = found_at(Some(policy), levels);
            found
                .iter()
                .map(|(level, rule, _)| (*level, *rule))
                .collect()
        };
        let loud = Levels {
            changed: Level::On(Severity::Error),
            new: Level::On(Severity::Note),
            missing: Level::On(Severity::Warning),
        };
        let expected = [
            ("warning", "missing-tool"),
            ("error", "changed-tool"),
            ("error", "changed-tool"),
            ("note", "new-tool"),
        ];
        assert_eq!(shown(loud), expected);
        // One that is off takes nothing along.
        let quiet = Levels {
            changed: Level::Off,
            ..Levels::default()
        };
        let expected = [("note", "missing-tool"), ("warning", "new-tool")];
        assert_eq!(shown(quiet), expected);
        let quiet = Levels {
            new: Level::Off,
            missing: Level::Off,
            ..Levels::default()
        };
        let expected = [("warning", "changed-tool"), ("note", "changed-tool")];
        assert_eq!(shown(quiet), expected);
    }
}
