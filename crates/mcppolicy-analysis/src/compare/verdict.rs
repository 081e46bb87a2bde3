//! What a comparison answers, as plain data.

use super::compiled::Compiled;
use crate::region::Exceeded;
use mcppolicy_engine::document::unescape_pointer;
use mcppolicy_engine::engine::{Decision, Kind};
use mcppolicy_engine::source::Span;
use mcppolicy_trace::trace::WitnessCall;

/// How the new policy compares with the old one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// Both pass the same.
    Equivalent,
    /// The new one passes less.
    Tightened,
    /// The new one passes more.
    Loosened,
    /// The new one passes something more and something less.
    Mixed,
    /// It could not be decided.
    Undetermined,
}

impl Verdict {
    /// The verdict's name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Verdict::Equivalent => "equivalent",
            Verdict::Tightened => "tightened",
            Verdict::Loosened => "loosened",
            Verdict::Mixed => "mixed",
            Verdict::Undetermined => "undetermined",
        }
    }

    /// Both changes together; an undetermined one adds nothing to a determined
    /// one, and has to be named beside it.
    #[must_use]
    pub const fn join(self, other: Verdict) -> Verdict {
        use Verdict::{Equivalent, Loosened, Mixed, Tightened, Undetermined};
        match (self, other) {
            (Equivalent, verdict) | (verdict, Equivalent) => verdict,
            (Undetermined, verdict) | (verdict, Undetermined) => verdict,
            (Tightened, Tightened) => Tightened,
            (Loosened, Loosened) => Loosened,
            _ => Mixed,
        }
    }
}

/// Why something is undetermined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// The budget did not suffice; a larger one may.
    Budget(Exceeded),
    /// Conditions on a counted amount tie sums to counts in a way that neither
    /// a bound nor a witness decides.
    CoupledAmount,
    /// The engine decided a witness otherwise than claimed: a defect here.
    Unconfirmed,
}

impl Reason {
    /// The reason's name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Reason::Budget(_) => "budget",
            Reason::CoupledAmount => "coupled-amount",
            Reason::Unconfirmed => "unconfirmed",
        }
    }
}

/// Whether one policy passes something that the other does not.
#[derive(Debug, Clone, PartialEq)]
pub enum Direction {
    /// It does not; this is proved.
    Excluded,
    /// It does: each of these. Visibility needs none.
    Proved(Vec<Witness>),
    /// It could not be decided.
    Unknown(Reason),
}

/// What is compared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// A tool that either policy names.
    Tool(String),
    /// Every other tool.
    Unlisted,
    /// The limits that count every call.
    AllTools,
}

/// In which respect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Aspect {
    /// Whether a tool can be called at all.
    Access,
    /// Whether a tool is in `tools/list`.
    Visibility,
    /// Which argument objects pass.
    Arguments,
    /// Which timed sequences pass, of calls that pass alone under both.
    Limits,
}

impl Aspect {
    /// The aspect's name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Aspect::Access => "access",
            Aspect::Visibility => "visibility",
            Aspect::Arguments => "arguments",
            Aspect::Limits => "limits",
        }
    }
}

/// Calls that one policy passes throughout and of which the other refuses the
/// last.
#[derive(Debug, Clone, PartialEq)]
pub struct Witness {
    /// The calls in the order of time, of one grant with fresh counters.
    pub calls: Vec<WitnessCall>,
    /// How the old policy decides the last of them.
    pub old: Ruling,
    /// How the new policy decides the last of them.
    pub new: Ruling,
}

impl Witness {
    /// The ruling of the policy that refuses the last call.
    pub fn refusal(&self) -> &Ruling {
        if self.old.is_allow() {
            &self.new
        } else {
            &self.old
        }
    }
}

/// How a policy decides a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ruling {
    /// The deciding step.
    pub kind: Kind,
    /// The deciding rule, as a JSON Pointer into the policy.
    pub rule: Option<String>,
    /// The span of that rule in the policy's file.
    pub span: Option<Span>,
    /// The message to the agent.
    pub message: Option<String>,
}

impl Ruling {
    /// The engine's decision, with its span in the policy of `side`.
    pub fn new(decision: &Decision<'_>, side: &Compiled<'_>) -> Ruling {
        let rule = decision.rule().map(str::to_owned);
        let message = decision.denial().and_then(|denial| denial.message.as_ref());
        Ruling {
            kind: decision.kind().unwrap_or(Kind::Malformed),
            span: rule.as_deref().and_then(|rule| locate(side, rule)),
            message: message.map(|message| message.clone().into_owned()),
            rule,
        }
    }

    /// Whether the call passes.
    pub fn is_allow(&self) -> bool {
        self.kind == Kind::Allow
    }
}

/// The part of one policy that a change is about.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Side {
    /// A JSON Pointer; none when the policy does not speak of it.
    pub rule: Option<String>,
    /// Its span in the policy's file.
    pub span: Option<Span>,
}

impl Side {
    /// The part at `pointer`.
    pub fn at(side: &Compiled<'_>, pointer: &str) -> Side {
        Side {
            rule: Some(pointer.to_owned()),
            span: locate(side, pointer),
        }
    }

    /// The part with a tool's rules, or of what decides instead.
    pub fn of_tool(side: &Compiled<'_>, tool: &str) -> Side {
        match side.tool(tool) {
            Some(rules) => Side {
                rule: Some(rules.pointer.clone()),
                span: Some(rules.name_span),
            },
            None => Side::at(side, "/default"),
        }
    }
}

/// The span of a rule, a limit, an entry of `hide` or `default`.
fn locate(side: &Compiled<'_>, pointer: &str) -> Option<Span> {
    let policy = side.policy;
    let index = |text: &str| text.parse::<usize>().ok();
    let mut parts = pointer.split('/').skip(1);
    let named = [parts.next(), parts.next(), parts.next(), parts.next()];
    match named {
        [Some("default"), None, ..] => Some(policy.default.span),
        [Some("hide"), Some(at), None, _] => policy.hide.get(index(at)?).map(|entry| entry.span),
        [Some("all_tools"), Some("limits"), Some(at), None] => {
            policy.all_tools.get(index(at)?).map(|limit| limit.span)
        }
        [Some("tools"), Some(tool), Some(list), Some(at)] => {
            let rules = side.tool(&unescape_pointer(tool))?;
            let at = index(at)?;
            match list {
                "require" => rules.require.get(at).map(|rule| rule.span),
                "deny_if" => rules.deny_if.get(at).map(|rule| rule.span),
                _ => rules.limits.get(at).map(|limit| limit.span),
            }
        }
        _ => None,
    }
}
