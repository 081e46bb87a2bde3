//! A `require` pattern that is not anchored at both ends.

use regex_syntax::hir::{Class, Hir, HirKind, Look};

use super::{Bad, Context, Good, Group, Proof, Reporter, Rule};
use crate::diagnostic::{Severity, WitnessCall};
use crate::lint::context::Tool;
use crate::lint::witness::{candidates, with};
use crate::pattern::Pattern;
use crate::policy::{Condition, Test};
use crate::value::Value;

/// `unanchored-allowlist`
pub static RULE: Rule = Rule {
    name: "unanchored-allowlist",
    summary: "A `require` pattern that accepts foreign text around what it lists",
    group: Group::Security,
    severity: Severity::Warning,
    pedantic: false,
    since: "0.1.0",
    fixes: false,
    aliases: &[],
    what: "Looks for patterns in `require` rules of which some branch is not tied to the beginning \
           (`^`) or to the end (`$`) of the text, and for a value with foreign text there that the \
           whole policy lets pass. A prefix that ends in a separator (`^feat/`), and an ending that \
           begins with one (`/README$`), are open on purpose and reported only under `--pedantic`.",
    why: "`regex` matches *somewhere* in the text. `git status` accepts `curl x | sh; git status`. \
          In `^a|b$` each anchor belongs to its own branch only, and under `(?m)` `^` and `$` also \
          match at every line.",
    bad: &[
        Bad {
            says: "The listed words may stand anywhere",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "execute_command": {
      "require": [{ "conditions": [{ "path": "args.command", "op": "regex", "value": "git (status|diff)" }] }],
      "limits": [{ "counter": "commands", "window": "hour", "max": 60, "scope": "grant" }]
    }
  }
}"#,
            proof: Proof::Passes,
        },
        Bad {
            says: "Each branch has one anchor",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_repo": {
      "require": [{ "conditions": [{ "path": "args.repo", "op": "regex", "value": "^website|handbook$" }] }]
    }
  }
}"#,
            proof: Proof::Passes,
        },
        Bad {
            says: "Under `(?m)` a second line may say anything",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_repo": {
      "require": [{ "conditions": [{ "path": "args.repo", "op": "regex", "value": "(?m)^[a-z]+$" }] }]
    }
  }
}"#,
            proof: Proof::Passes,
        },
    ],
    good: &[
        Good {
            says: "One pair of anchors around all branches",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_repo": {
      "require": [{ "conditions": [{ "path": "args.repo", "op": "regex", "value": "^(website|handbook)$" }] }]
    }
  }
}"#,
        },
        Good {
            says: "Anchored in each branch",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_repo": {
      "require": [{ "conditions": [{ "path": "args.repo", "op": "regex", "value": "^website$|^handbook$" }] }]
    }
  }
}"#,
        },
        Good {
            says: "A prefix that is open on purpose, and the mere demand that there is text",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "create_branch": {
      "require": [{ "conditions": [
        { "path": "args.branch", "op": "regex", "value": "^(feat|fix)/" },
        { "path": "args.reason", "op": "regex", "value": "\\S" }
      ] }]
    }
  }
}"#,
        },
        Good {
            says: "Another rule closes what this one leaves open",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_repo": {
      "require": [{ "conditions": [
        { "path": "args.repo", "op": "regex", "value": "acme" },
        { "path": "args.repo", "op": "in", "value": ["acme-web", "acme-docs"] }
      ] }]
    }
  }
}"#,
        },
        Good {
            says: "A pattern in `deny_if` should match anywhere",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_file": {
      "require": [{ "conditions": [{ "path": "args.path", "op": "regex", "value": "^docs/" }] }],
      "deny_if": [{ "conditions": [{ "path": "args.path", "op": "regex", "value": "\\.\\." }] }]
    }
  }
}"#,
        },
    ],
    check,
};

fn check(context: &Context<'_>, reporter: &mut Reporter<'_>) {
    for tool in context.open_tools() {
        let conditions = tool.rules.require.iter().flat_map(|rule| &rule.conditions);
        for condition in conditions {
            let Test::Regex(pattern) = &condition.test else {
                continue;
            };
            let Some(open) = open_ends(pattern) else {
                continue;
            };
            if open.on_purpose && !reporter.is_pedantic() {
                continue;
            }
            look(context, reporter, tool, condition, pattern, open);
        }
    }
}

/// Where a pattern is not tied to the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Open {
    start: bool,
    end: bool,
    on_purpose: bool,
}

/// The open ends of a pattern, if it has any that matter.
///
/// Asked of the pattern's meaning and not of its text: which assertions hold
/// at the beginning and at the end of *every* match.
fn open_ends(pattern: &Pattern) -> Option<Open> {
    let hir = pattern.hir();
    let properties = hir.properties();
    let start = !properties.look_set_prefix().contains(Look::Start);
    let end = !properties.look_set_suffix().contains(Look::End);
    if !(start || end) || demands_only_text(hir) {
        return None;
    }
    let on_purpose = match (start, end) {
        (false, true) => edge_is_separator(hir, Edge::Last),
        (true, false) => edge_is_separator(hir, Edge::First),
        _ => false,
    };
    Some(Open {
        start,
        end,
        on_purpose,
    })
}

/// Whether a pattern says no more than that there is some text: `\S`, `.+`.
fn demands_only_text(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => true,
        HirKind::Literal(_) | HirKind::Alternation(_) => false,
        HirKind::Class(Class::Unicode(class)) => {
            // A class of nearly everything: at most white space is missing.
            let missing = |c: char| {
                !class
                    .ranges()
                    .iter()
                    .any(|r| (r.start()..=r.end()).contains(&c))
            };
            !(' '..='~').any(|c| c != ' ' && missing(c))
        }
        HirKind::Class(Class::Bytes(_)) => false,
        HirKind::Repetition(repetition) => demands_only_text(&repetition.sub),
        HirKind::Capture(capture) => demands_only_text(&capture.sub),
        HirKind::Concat(pieces) => pieces.iter().all(demands_only_text),
    }
}

#[derive(Clone, Copy)]
enum Edge {
    First,
    Last,
}

/// Whether every match begins, or ends, with a separator of names.
fn edge_is_separator(hir: &Hir, edge: Edge) -> bool {
    const SEPARATORS: [char; 6] = ['/', ':', '-', '_', '.', '#'];
    let is_separator = |c: char| SEPARATORS.contains(&c) || c == '@';
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => false,
        HirKind::Literal(literal) => {
            let text = String::from_utf8_lossy(&literal.0);
            let c = match edge {
                Edge::First => text.chars().next(),
                Edge::Last => text.chars().next_back(),
            };
            c.is_some_and(is_separator)
        }
        HirKind::Class(Class::Unicode(class)) => class.ranges().iter().all(|range| {
            let (start, end) = (u32::from(range.start()), u32::from(range.end()));
            end - start < 8 && (range.start()..=range.end()).all(is_separator)
        }),
        HirKind::Class(Class::Bytes(_)) => false,
        HirKind::Repetition(repetition) => {
            repetition.min > 0 && edge_is_separator(&repetition.sub, edge)
        }
        HirKind::Capture(capture) => edge_is_separator(&capture.sub, edge),
        HirKind::Concat(pieces) => {
            let is_text = |piece: &&Hir| !matches!(piece.kind(), HirKind::Look(_) | HirKind::Empty);
            let piece = match edge {
                Edge::First => pieces.iter().find(is_text),
                Edge::Last => pieces.iter().rev().find(is_text),
            };
            piece.is_some_and(|piece| edge_is_separator(piece, edge))
        }
        HirKind::Alternation(branches) => branches
            .iter()
            .all(|branch| edge_is_separator(branch, edge)),
    }
}

/// Foreign text, the most telling first; none of it fits everywhere.
const BEFORE: [&str; 5] = ["rm -rf / ; ", "../", "foreign\n", "foreign ", "foreign"];
const BEHIND: [&str; 6] = [
    " ; rm -rf /",
    "/../..",
    "\nforeign",
    " foreign",
    ".foreign.example",
    "foreign",
];

fn look(
    context: &Context<'_>,
    reporter: &mut Reporter<'_>,
    tool: &Tool<'_>,
    condition: &Condition,
    pattern: &Pattern,
    open: Open,
) {
    let path = &condition.path.value;
    let accepted = context.accepted(tool);
    let mut calls = Vec::new();
    if let Some(accepted) = &accepted {
        let values: Vec<String> = candidates([&condition.test])
            .into_iter()
            .filter_map(|value| match value {
                Value::String(text) if pattern.is_match(&text) => Some(text),
                _ => None,
            })
            .collect();
        let mut passing = |text: String| {
            let arguments = with(accepted, path, Value::String(text))?;
            reporter
                .passes(tool.name(), &arguments)
                .then(|| WitnessCall::new(tool.name(), arguments))
        };
        let pairs = |foreign: &'static [&str]| {
            let values = values.as_slice();
            foreign
                .iter()
                .flat_map(move |foreign| values.iter().map(move |value| (*foreign, value)))
        };
        if open.start {
            let mut before = pairs(&BEFORE);
            calls.extend(before.find_map(|(foreign, value)| passing(format!("{foreign}{value}"))));
        }
        if open.end {
            let mut behind = pairs(&BEHIND);
            calls.extend(behind.find_map(|(foreign, value)| passing(format!("{value}{foreign}"))));
        }
        // What the whole policy closes is not open.
        if calls.is_empty() {
            return;
        }
    }
    let Some(calls) = (if calls.is_empty() {
        Some(calls)
    } else {
        reporter.passing(calls)
    }) else {
        return;
    };
    let ends = match (open.start, open.end) {
        (true, true) => "at the beginning or at the end",
        (true, false) => "at the beginning",
        _ => "at the end",
    };
    let effect = if calls.is_empty() {
        "the pattern itself accepts"
    } else {
        "accepts"
    };
    let message = format!(
        "`{path}` of `{}` {effect} foreign text {ends}: the pattern is not anchored there",
        tool.name()
    );
    let anchored = Value::from(format!("^(?:{})$", pattern.as_str()).as_str());
    let help = match pattern.as_str().contains("(?") || pattern.as_str().contains(['^', '$']) {
        true => "put one `^` before and one `$` behind all branches, as in \"^(?:a|b)$\", without the flag `m`".to_owned(),
        false => format!("write \"value\": {anchored}"),
    };
    let (span, pointer) = (condition.value_span, format!("{}/value", condition.pointer));
    let finding = match open.on_purpose {
        true => reporter.pedantic_finding(span, pointer, message),
        false => reporter.finding(span, pointer, message),
    };
    reporter.push(finding.help(help).witness(calls));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(pattern: &str) -> Option<Open> {
        open_ends(&Pattern::parse(pattern).unwrap())
    }

    #[test]
    fn anchoring_is_told_from_the_meaning_of_a_pattern() {
        for anchored in [
            "^a$", r"\Aa\z", "^(a|b)$", "^a$|^b$", "(^a$)", "(?:^a$)+", r"^\ba?$", "(?i)^a$",
            "(?s)^.*$",
        ] {
            assert_eq!(open(anchored), None, "{anchored}");
        }
        let ends = |pattern| open(pattern).map(|open| (open.start, open.end));
        assert_eq!(ends("a"), Some((true, true)));
        assert_eq!(ends("^a"), Some((false, true)));
        assert_eq!(ends("a$"), Some((true, false)));
        assert_eq!(ends("^a|b$"), Some((true, true)));
        assert_eq!(ends("(?m)^a$"), Some((true, true)));
        assert_eq!(ends("(?:^a)?b$"), Some((true, false)));
        assert_eq!(ends("(^a$)|b"), Some((true, true)));
        assert_eq!(ends(r"^a\$"), Some((false, true)));
        assert_eq!(ends("[^a]"), Some((true, true)));
    }

    #[test]
    fn a_prefix_up_to_a_separator_is_open_on_purpose() {
        let on_purpose = |pattern| open(pattern).unwrap().on_purpose;
        for prefix in [
            "^feat/",
            "^(feat|fix)/",
            "^(feat/|fix-)",
            "^acct_",
            "^docs/+",
            "^a[/:]",
            "/README$",
            "@example$",
        ] {
            assert!(on_purpose(prefix), "{prefix}");
        }
        for other in [
            "^feat",
            "^feat/?",
            "^git ",
            "feat/",
            "^a|^feat/",
            "(?m)^feat/",
            "^a/|b$",
        ] {
            assert!(!on_purpose(other), "{other}");
        }
    }

    #[test]
    fn the_mere_demand_for_text_is_no_list() {
        for demand in ["", r"\S", ".", ".+", "^.+", r"(\S+)", r"[^\s]$", r"(?s).*"] {
            assert_eq!(open(demand), None, "{demand}");
        }
        for list in ["[a-z]+", r"\w", "a.*"] {
            assert!(open(list).is_some(), "{list}");
        }
    }
}
