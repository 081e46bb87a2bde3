//! The rules that results name: those of the linter with their pages, and
//! what the other commands complain about.

use super::log::{Configuration, Descriptor, Help, RuleProperties, Text};
use crate::render::issues::{EXPECTATION, POLICY_CHANGE};
use mcppolicy_analysis::finding::Severity;
use mcppolicy_analysis::lint::{self, registry};
use mcppolicy_analysis::report::SETTINGS;

/// A rule and what there is to read about it.
pub(super) struct Page {
    pub name: &'static str,
    severity: Severity,
    summary: String,
    what: String,
    markdown: String,
    tags: Vec<&'static str>,
}

/// What is no rule of the linter: name, severity, summary, what to do.
const OTHERS: [(&str, Severity, &str, &str); 8] = [
    (
        "syntax",
        Severity::Error,
        "A document that is no JSON",
        "A gateway cannot read this file. Correct it where the result points.",
    ),
    (
        "schema",
        Severity::Error,
        "A policy that violates the policy language",
        "A gateway refuses this policy, or reads it otherwise than it seems. `mcppolicy schema \
         policy` prints the JSON Schema for editors.",
    ),
    (
        "trace",
        Severity::Error,
        "A line of a trace that is no valid record",
        "The line was not replayed. Correct it where the result points.",
    ),
    (
        "config",
        Severity::Error,
        "A setting in mcppolicy.toml that is not valid",
        "The setting has no effect until it is corrected. `mcppolicy schema config` prints the \
         schema for editors.",
    ),
    (
        "inventory",
        Severity::Error,
        "A server's list of tools that is not as the protocol has it",
        "Rules that need this list leave it out. Fetch it again with `mcppolicy inventory`.",
    ),
    (
        SETTINGS,
        Severity::Note,
        "A change of what changes are held to",
        "The change touches the gate, the list of policies, the approvals or the settings of the \
         linter. The run is held to those of the base; decide whether the new ones are wanted.",
    ),
    (
        EXPECTATION,
        Severity::Error,
        "A recorded call that is not decided as its trace expects",
        "Either the policy decides wrongly, or the expectation is out of date: `mcppolicy test \
         --update` writes the current decisions into the traces.",
    ),
    (
        POLICY_CHANGE,
        Severity::Warning,
        "A change of what a policy lets through",
        "The calls in the message are decided differently before and after; both engines have \
         decided them. Take the change back if it is not meant.",
    ),
];

/// Every rule, the linter's in the order of its catalogue.
pub(super) fn all() -> Vec<Page> {
    let linter = registry::RULES.iter().map(|rule| Page {
        name: rule.name,
        severity: rule.severity,
        summary: rule.summary.to_owned(),
        what: rule.what.to_owned(),
        markdown: lint::explain(rule),
        tags: vec![rule.group.name()],
    });
    let others = OTHERS.iter().map(|(name, severity, summary, help)| Page {
        name,
        severity: *severity,
        summary: (*summary).to_owned(),
        what: (*help).to_owned(),
        markdown: format!("# {name}\n\n{summary}.\n\n{help}\n"),
        tags: vec!["correctness"],
    });
    linter.chain(others).collect()
}

impl Page {
    pub fn descriptor(&self) -> Descriptor {
        Descriptor {
            id: self.name,
            name: self.name.split('-').map(capitalised).collect(),
            short_description: Text {
                text: self.summary.clone(),
            },
            full_description: Text {
                text: self.what.clone(),
            },
            help: Help {
                text: self.markdown.clone(),
                markdown: self.markdown.clone(),
            },
            default_configuration: Configuration {
                level: self.severity.name(),
            },
            properties: RuleProperties {
                tags: self.tags.clone(),
            },
        }
    }
}

fn capitalised(word: &str) -> String {
    let mut characters = word.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    }
}
