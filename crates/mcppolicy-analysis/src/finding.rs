//! Findings as plain data: what is wrong, where, and the call that proves it.
//!
//! Nothing here renders or serialises; each output format has its own module.

mod lint_rules;
mod rule_id;
mod severity;

pub(crate) use lint_rules::with_lint_rules;
pub use rule_id::{Class, DefaultLevel, Group, RuleId};
pub use severity::Severity;

use std::borrow::Cow;

use crate::shorten;
use mcppolicy_engine::problem::{Fix, Problem, ProblemKind, Related};
use mcppolicy_engine::source::Location;
use mcppolicy_trace::trace::WitnessCall;

/// One thing found in one place.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// What it is about.
    pub rule: RuleId,
    /// How much it matters.
    pub severity: Severity,
    /// One sentence, without a full stop.
    pub message: String,
    /// The same sentence for the forms that people read, where its texts are
    /// too long for them.
    pub brief: Option<Brief>,
    /// The primary place: a wrong value, an unknown or repeated key, or the
    /// object that lacks something.
    pub location: Location,
    /// The same place as a JSON Pointer (RFC 6901) into the document.
    pub pointer: String,
    /// Other places that matter to this finding.
    pub related: Vec<Related>,
    /// What to do about it.
    pub help: Option<String>,
    /// Calls, decided by the engine, that prove the claim.
    pub witness: Vec<WitnessCall>,
    /// An edit that repairs it.
    pub fix: Option<Fix>,
    /// Whether a change hides it or somebody has approved it.
    pub status: FindingStatus,
}

/// What a change since a base does about a finding.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum FindingStatus {
    /// Nothing.
    #[default]
    Shown,
    /// The settings of the change hide it. It counts all the same.
    Hidden,
    /// An approval of the change says that it does not count.
    Approved,
}

impl FindingStatus {
    /// The name in reports; none where the change does nothing about it.
    pub const fn name(self) -> Option<&'static str> {
        match self {
            FindingStatus::Shown => None,
            FindingStatus::Hidden => Some("hidden_by_change"),
            FindingStatus::Approved => Some("approved"),
        }
    }
}

/// A sentence whose long texts are cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brief {
    /// The sentence.
    pub message: String,
    /// Whether it shows everything that has changed, where it is about a change.
    pub is_whole: bool,
}

impl Finding {
    /// A finding with a place and a message; the rest can be filled in.
    pub fn new(
        rule: RuleId,
        severity: Severity,
        location: Location,
        pointer: impl Into<String>,
        message: impl Into<String>,
    ) -> Finding {
        Finding {
            rule,
            severity,
            message: message.into(),
            brief: None,
            location,
            pointer: pointer.into(),
            related: Vec::new(),
            help: None,
            witness: Vec::new(),
            fix: None,
            status: FindingStatus::default(),
        }
    }

    /// The sentence for the forms that people read.
    pub fn shown(&self) -> Cow<'_, str> {
        match &self.brief {
            Some(brief) => Cow::Borrowed(&brief.message),
            None => shorten::sentence(&self.message),
        }
    }

    /// The same finding, which quotes an author's text, such as the reason of an
    /// approval: where people read it, a long one is cut.
    #[must_use]
    pub fn quoting(mut self, text: &str) -> Finding {
        if let Cow::Owned(cut) = shorten::text(text) {
            let message = self.message.replacen(text, &cut, 1);
            self.brief = Some(Brief {
                message: shorten::sentence(&message).into_owned(),
                is_whole: true,
            });
        }
        self
    }

    /// Whether [`Finding::shown`] leaves out something that has changed.
    pub fn hides_change(&self) -> bool {
        let is_cut = || matches!(shorten::sentence(&self.message), Cow::Owned(_));
        match &self.brief {
            Some(brief) => !brief.is_whole,
            None => self.rule.class() == Class::Settings && is_cut(),
        }
    }

    /// The same finding as one that the settings of a change hide, and that
    /// counts all the same.
    #[must_use]
    pub fn hidden_by_change(mut self) -> Finding {
        self.status = FindingStatus::Hidden;
        self.beginning("Hidden by this change: ")
    }

    /// The same finding as one that is approved: a note that fails nothing.
    #[must_use]
    pub fn approved(mut self) -> Finding {
        self.status = FindingStatus::Approved;
        self.severity = Severity::Note;
        self.beginning("Approved: ")
    }

    /// The same finding, whose sentence begins with these words, in the forms that
    /// people read, too.
    fn beginning(mut self, words: &str) -> Finding {
        self.message.insert_str(0, words);
        if let Some(brief) = &mut self.brief {
            brief.message.insert_str(0, words);
        }
        self
    }

    /// The same finding with advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Finding {
        self.help = Some(help.into());
        self
    }

    /// The same finding that also points elsewhere.
    #[must_use]
    pub fn related(mut self, location: Location, message: impl Into<String>) -> Finding {
        self.related.push(Related {
            location,
            message: message.into(),
        });
        self
    }

    /// The same finding with its proof.
    #[must_use]
    pub fn witness(mut self, calls: Vec<WitnessCall>) -> Finding {
        self.witness = calls;
        self
    }

    /// The same finding with a repair.
    #[must_use]
    pub fn fix(mut self, fix: Fix) -> Finding {
        self.fix = Some(fix);
        self
    }
}

impl From<Problem> for Finding {
    /// A document that cannot be read: rule `syntax` or `schema`.
    fn from(problem: Problem) -> Finding {
        let rule = match problem.kind {
            ProblemKind::Syntax => RuleId::Syntax,
            _ => RuleId::Schema,
        };
        Finding::about(rule, problem)
    }
}

impl Finding {
    /// Whether it says that an input is not valid, which makes the run exit with 3.
    pub fn is_invalid_input(&self) -> bool {
        self.rule.is_invalid_input(self.severity)
    }

    /// A problem as an error of the rule `rule`.
    pub fn about(rule: RuleId, problem: Problem) -> Finding {
        Finding {
            rule,
            severity: Severity::Error,
            message: problem.message,
            brief: None,
            location: problem.location,
            pointer: problem.pointer,
            related: problem.related,
            help: problem.help,
            witness: Vec::new(),
            fix: problem.fix,
            status: FindingStatus::default(),
        }
    }
}
