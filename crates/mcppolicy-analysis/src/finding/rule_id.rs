//! What a finding is about: a rule of the linter, a kind of invalid input, or
//! something else that a command reports.
//!
//! Names, groups, levels, classes and summaries are written here and nowhere
//! else. The output formats, the exit codes, the configuration and the reader of
//! shares take them from here.

use std::fmt;

use super::lint_rules::with_lint_rules;
use super::severity::Severity;

/// What kind of defect a rule finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// The policy contradicts itself, or an input is not valid.
    Correctness,
    /// Calls are let through that should not be.
    Security,
    /// The policy and the server's own tools disagree.
    Inventory,
    /// The policy could be easier to read.
    Style,
    /// A suppression does not suppress what it was written for.
    Suppressions,
}

impl Group {
    /// The word used on pages and in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Group::Correctness => "correctness",
            Group::Security => "security",
            Group::Inventory => "inventory",
            Group::Style => "style",
            Group::Suppressions => "suppressions",
        }
    }
}

/// What produces the findings of a rule, and how they end a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// The linter, which looks at one valid policy.
    Lint,
    /// The comparison of what a policy is checked with, its server's inventory
    /// and its traces, with the base. Its level is set like that of a rule of the
    /// linter.
    Drift,
    /// The suppressions of findings. Its level is set like that of a rule of the
    /// linter.
    Suppression,
    /// A reader of input: an error means that an input is not valid, and the run
    /// exits with 3.
    InvalidInput,
    /// An input that could not be read at all.
    UnreadableInput,
    /// What a change does to the settings that it is checked with.
    Settings,
    /// A replayed call that is not decided as expected.
    Expectation,
    /// A difference of what two policies let through.
    PolicyChange,
    /// Something that no test of a policy pins.
    Untested,
}

/// Whether a rule runs, and how much its findings matter, unless its level is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DefaultLevel {
    /// It runs only with `--pedantic`, and its findings are notes.
    Pedantic,
    /// Its findings are notes.
    Note,
    /// Its findings are warnings.
    Warning,
    /// Its findings are errors.
    Error,
}

impl DefaultLevel {
    /// The severity of the findings, when the rule runs.
    pub const fn severity(self) -> Severity {
        match self {
            DefaultLevel::Pedantic | DefaultLevel::Note => Severity::Note,
            DefaultLevel::Warning => Severity::Warning,
            DefaultLevel::Error => Severity::Error,
        }
    }

    /// The word in lists of rules.
    pub const fn name(self) -> &'static str {
        match self {
            DefaultLevel::Pedantic => "pedantic",
            _ => self.severity().name(),
        }
    }
}

/// One row of the table.
struct Row {
    name: &'static str,
    group: Group,
    class: Class,
    level: DefaultLevel,
    summary: &'static str,
    /// What to do; none for a rule of the linter, which has a page.
    advice: Option<&'static str>,
}

/// Names that rules had before, with what they are called now.
const FORMER_NAMES: &[(&str, RuleId)] = &[];

/// Adds to the rules of the linter what is none of them: variant, name, class,
/// level, summary, what to do.
macro_rules! all_rules {
    ($($lint:tt)*) => {
        rule_ids! {
            $($lint)*
            =>
            Syntax "syntax" InvalidInput Error
                "A document that is no JSON"
                "A gateway cannot read this file. Correct it where the result points.";
            Schema "schema" InvalidInput Error
                "A policy that violates the policy language"
                "A gateway refuses this policy, or reads it otherwise than it seems. `mcppolicy \
                 schema policy` prints the JSON Schema for editors.";
            Trace "trace" InvalidInput Error
                "A line of a trace that is no valid record"
                "The line was not replayed. Correct it where the result points.";
            Config "config" InvalidInput Error
                "A setting in mcppolicy.toml that is not valid"
                "The setting has no effect until it is corrected. `mcppolicy schema config` prints \
                 the schema for editors.";
            Inventory "inventory" InvalidInput Error
                "A server's list of tools that is not as the protocol has it"
                "Rules that need this list leave it out. Fetch it again with `mcppolicy inventory`.";
            Approvals "approvals" InvalidInput Error
                "A file of approvals that is not valid"
                "No approval of this file is used. Correct it where the result points.";
            UnsafePath "unsafe-path" InvalidInput Error
                "A file that is reached through a link, a submodule or a special file"
                "Only regular files inside the repository are read. Put the file itself where the \
                 result points.";
            AmbiguousPath "ambiguous-path" InvalidInput Error
                "Two files that are one file on some systems"
                "Their names differ only in case, or in how their characters are composed. Rename \
                 one of them.";
            NotCommitted "not-committed" InvalidInput Error
                "A file that is not as it is committed"
                "The run checks what is committed. Commit the file as it is, or take the change of \
                 the working file back.";
            Settings "settings" Settings Note
                "A change of what changes are held to"
                "The change touches the gate, the list of policies, the approvals or the settings \
                 of the linter. The run is held to those of the base; decide whether the new ones \
                 are wanted.";
            UnneededApproval "unneeded-approval" Settings Warning
                "An approval that a change adds and does not need"
                "It would allow something that nobody asks for. Take it out, or correct what it \
                 names.";
            Expectation "expectation" Expectation Error
                "A recorded call that is not decided as its trace expects"
                "Either the policy decides wrongly, or the expectation is out of date: `mcppolicy \
                 test --update` writes the current decisions into the traces.";
            PolicyChange "policy-change" PolicyChange Warning
                "A change of what a policy lets through"
                "The calls in the message are decided differently before and after; both engines \
                 have decided them. Take the change back if it is not meant.";
            UntestedDecision "untested-decision" Untested Note
                "A decision that no test pins"
                "The policy could decide this otherwise, and every test would pass. `mcppolicy \
                 coverage --write-missing DIR` writes the call with today's decision.";
            SurvivingMutant "surviving-mutant" Untested Note
                "A small change of a policy that no test would notice"
                "The call in the message is decided differently by the changed policy. `mcppolicy \
                 mutate --write-missing DIR` writes it with today's decision.";
            Input "input" UnreadableInput Error
                "An input that could not be read"
                "Check that the file exists and can be read.";
        }
    };
}

macro_rules! rule_ids {
    (
        $($id:ident $module:ident $name:literal $group:ident $level:ident $summary:literal;)*
        =>
        $($other:ident $other_name:literal $class:ident $other_level:ident $other_summary:literal
            $advice:literal;)*
    ) => {
        /// What a finding is about. Only the rules of the table can be named.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum RuleId {
            $(#[doc = $summary] $id,)*
            $(#[doc = $other_summary] $other,)*
        }

        impl RuleId {
            /// Every rule: those of the linter in the order of its catalogue, then
            /// the others.
            pub const ALL: &[RuleId] = &[$(RuleId::$id,)* $(RuleId::$other,)*];

            const fn row(self) -> Row {
                match self {
                    $(RuleId::$id => Row {
                        name: $name,
                        group: Group::$group,
                        class: Class::Lint,
                        level: DefaultLevel::$level,
                        summary: $summary,
                        advice: None,
                    },)*
                    $(RuleId::$other => Row {
                        name: $other_name,
                        group: Group::Correctness,
                        class: Class::$class,
                        level: DefaultLevel::$other_level,
                        summary: $other_summary,
                        advice: Some($advice),
                    },)*
                }
            }
        }
    };
}

with_lint_rules!(all_rules);

impl RuleId {
    /// The rule of this name, or the one that had it before.
    pub fn parse(name: &str) -> Option<RuleId> {
        let current = RuleId::ALL.iter().find(|id| id.name() == name);
        current.copied().or_else(|| {
            let mut former = FORMER_NAMES.iter();
            former.find(|(old, _)| *old == name).map(|(_, id)| *id)
        })
    }

    /// The rule of this name whose level can be set and whose findings can be
    /// suppressed.
    pub fn parse_lint_rule(name: &str) -> Option<RuleId> {
        RuleId::parse(name).filter(|id| id.is_lint_rule())
    }

    /// The rules whose level can be set, in the order of the catalogue.
    pub fn lint_rules() -> impl Iterator<Item = RuleId> {
        RuleId::ALL.iter().copied().filter(|id| id.is_lint_rule())
    }

    /// The name in configuration and reports.
    pub const fn name(self) -> &'static str {
        self.row().name
    }

    /// Names that the rule had before, which the configuration may still use.
    pub fn former_names(self) -> impl Iterator<Item = &'static str> {
        let former = FORMER_NAMES.iter().filter(move |(_, id)| *id == self);
        former.map(|(name, _)| *name)
    }

    /// The defect in one line, without a full stop.
    pub const fn summary(self) -> &'static str {
        self.row().summary
    }

    /// What kind of defect it is.
    pub const fn group(self) -> Group {
        self.row().group
    }

    /// Whether it runs and how much its findings matter, unless that is set.
    pub const fn level(self) -> DefaultLevel {
        self.row().level
    }

    /// The severity of its findings, unless that is set.
    pub const fn severity(self) -> Severity {
        self.level().severity()
    }

    /// Whether it runs only with `--pedantic`, unless its level is set.
    pub const fn is_pedantic(self) -> bool {
        matches!(self.level(), DefaultLevel::Pedantic)
    }

    /// What to do about a finding, for rules that are not the linter's: those have
    /// a page, see [`crate::lint::page`].
    pub const fn advice(self) -> Option<&'static str> {
        self.row().advice
    }

    /// What produces its findings.
    pub const fn class(self) -> Class {
        match self {
            RuleId::ChangedTool
            | RuleId::NewTool
            | RuleId::MissingTool
            | RuleId::LostExpectation => Class::Drift,
            RuleId::UnusedSuppression | RuleId::ExpiredSuppression | RuleId::MovedSuppression => {
                Class::Suppression
            }
            _ => self.row().class,
        }
    }

    /// Whether it has a page, its level can be set, and a suppression can name it.
    pub const fn is_lint_rule(self) -> bool {
        matches!(
            self.class(),
            Class::Lint | Class::Drift | Class::Suppression
        )
    }

    /// Whether a finding of this severity says that an input is not valid: then
    /// the run exits with 3. A configuration or an inventory with warnings only
    /// is used.
    pub const fn is_invalid_input(self, severity: Severity) -> bool {
        matches!(
            (self.class(), severity),
            (Class::InvalidInput, Severity::Error)
        )
    }
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_name_is_unique_and_reads_back() {
        let mut names = BTreeSet::new();
        for id in RuleId::ALL {
            assert_eq!(RuleId::parse(id.name()), Some(*id));
            assert_eq!(id.to_string(), id.name());
            for former in id.former_names() {
                assert_eq!(RuleId::parse(former), Some(*id));
                assert!(names.insert(former), "{former}");
            }
            assert!(names.insert(id.name()), "{id}");
        }
        assert_eq!(RuleId::parse("no-such-rule"), None);
        assert_eq!(RuleId::parse(""), None);
    }

    #[test]
    fn a_name_is_in_kebab_case_and_a_summary_is_one_line() {
        for id in RuleId::ALL {
            let is_part =
                |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
            assert!(id.name().split('-').all(is_part), "{id}");
            assert!(!id.summary().ends_with('.'), "{id}");
            assert!(!id.summary().contains('\n'), "{id}");
        }
    }

    #[test]
    fn a_rule_has_a_page_or_advice() {
        for id in RuleId::ALL {
            assert_eq!(id.is_lint_rule(), id.advice().is_none(), "{id}");
            assert_eq!(
                RuleId::parse_lint_rule(id.name()).is_some(),
                id.is_lint_rule()
            );
        }
    }

    #[test]
    fn only_errors_of_input_make_a_run_invalid() {
        let invalid: Vec<&str> = RuleId::ALL
            .iter()
            .filter(|id| id.is_invalid_input(Severity::Error))
            .map(|id| id.name())
            .collect();
        let expected = [
            "syntax",
            "schema",
            "trace",
            "config",
            "inventory",
            "approvals",
            "unsafe-path",
            "ambiguous-path",
            "not-committed",
        ];
        assert_eq!(invalid, expected);
        for id in RuleId::ALL {
            assert!(!id.is_invalid_input(Severity::Warning), "{id}");
        }
    }
}
