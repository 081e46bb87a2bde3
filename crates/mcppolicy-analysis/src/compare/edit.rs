//! The model of a change's edits: each element of a policy that was added,
//! removed or altered, with what it was and what it is.

use std::ops::Range;

use super::verdict::Aspect;
use mcppolicy_engine::engine::Kind as Step;
use mcppolicy_engine::source::Span;

/// One element that is not as before.
#[derive(Debug, Clone, PartialEq)]
pub struct Edit {
    /// What happened to it.
    pub kind: EditKind,
    /// What it is.
    pub element: Element,
    /// The element before; none for one that was added.
    pub old: Option<EditSide>,
    /// The element now; none for one that was removed.
    pub new: Option<EditSide>,
    /// The edit in one line, with the values: `amount lte 100 → 1000`. Texts of
    /// authors in it are quoted and may be shortened.
    pub summary: String,
    /// Whether any call is decided otherwise because of it.
    pub effect: Effect,
    pub(super) target: Target,
}

/// What happened to an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EditKind {
    /// Only the new policy has it.
    Added,
    /// Only the old policy has it.
    Removed,
    /// It says something else.
    Changed,
    /// It says the same at another place.
    Moved,
    /// A counter has another name.
    Renamed,
    /// The message to agents, or the spelling of a list, is another.
    Reworded,
}

impl EditKind {
    /// The kind's name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            EditKind::Added => "added",
            EditKind::Removed => "removed",
            EditKind::Changed => "changed",
            EditKind::Moved => "moved",
            EditKind::Renamed => "renamed",
            EditKind::Reworded => "reworded",
        }
    }
}

/// The kinds of elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Element {
    /// An entry of `hide`.
    HiddenName,
    /// `default`.
    Default,
    /// A tool in `tools`, with all its rules.
    Tool,
    /// A rule under `require`.
    Require,
    /// A rule under `deny_if`.
    DenyIf,
    /// A condition of a rule.
    Condition,
    /// A limit.
    Limit,
    /// The `on_deny` of a rule or limit.
    Message,
}

impl Element {
    /// The element's name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Element::HiddenName => "hide",
            Element::Default => "default",
            Element::Tool => "tool",
            Element::Require => "require",
            Element::DenyIf => "deny_if",
            Element::Condition => "condition",
            Element::Limit => "limit",
            Element::Message => "on_deny",
        }
    }
}

/// An element in one of the two policies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditSide {
    /// What has changed, as a JSON Pointer: the element, or the member of it
    /// that alone is not as before.
    pub pointer: String,
    /// Its span in the policy's file.
    pub span: Span,
    /// The whole element in words, not shortened.
    pub text: String,
    /// The ranges of bytes of `text` that the other side does not have; empty
    /// where the texts are not marked.
    pub changed: Vec<Range<usize>>,
}

/// Whether an edit changes the decision of any call.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Effect {
    /// It does, alone or with others.
    Decides,
    /// It does not, and why, where that is known.
    Nothing(Option<String>),
    /// That was not decided.
    #[default]
    Unknown,
}

impl Effect {
    /// The effect's name in reports.
    pub const fn name(&self) -> &'static str {
        match self {
            Effect::Decides => "decides",
            Effect::Nothing(_) => "none",
            Effect::Unknown => "unknown",
        }
    }

    /// Why the edit changes no decision.
    pub fn why(&self) -> Option<&str> {
        match self {
            Effect::Nothing(why) => why.as_deref(),
            Effect::Decides | Effect::Unknown => None,
        }
    }
}

/// What an edit is an edit of, by the positions in both policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// Words: nothing that decides.
    Words,
    /// The entry of `hide`, by its index.
    Hide(Option<usize>),
    Default,
    Tool,
    Rule(Step, Ends),
    /// A condition of the rule with these positions.
    Condition(Step, (usize, usize), Ends),
    Limit(Ends),
}

/// The positions of an element in the old and the new list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ends {
    pub(super) old: Option<usize>,
    pub(super) new: Option<usize>,
}

impl Edit {
    /// Whether such an edit can change what passes in that respect.
    pub(super) fn bears_on(&self, aspect: Aspect) -> bool {
        let is_of_limits = |side: &Option<EditSide>| {
            let pointer = side.as_ref().map(|side| side.pointer.as_str());
            pointer.is_some_and(|pointer| pointer.contains("/limits/"))
        };
        let of_limits = is_of_limits(&self.old) || is_of_limits(&self.new);
        match self.element {
            Element::HiddenName => matches!(aspect, Aspect::Access | Aspect::Visibility),
            Element::Default | Element::Tool => aspect != Aspect::Visibility,
            _ if aspect == Aspect::Access => true,
            _ => of_limits == (aspect == Aspect::Limits) && aspect != Aspect::Visibility,
        }
    }

    /// Whether only words, names or places are other than before.
    pub fn is_of_words(&self) -> bool {
        self.target == Target::Words
    }
}
