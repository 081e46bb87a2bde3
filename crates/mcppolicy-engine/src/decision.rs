//! What the engine answers (policy language §3): the decision, the step and the
//! rule that decided, and the reason why a decision cannot be made.

use std::borrow::Cow;

/// The step of the decision order that decided (policy language §3). Version
/// "1" of the language has these and no others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Every step passed.
    Allow,
    /// A JSON-RPC batch.
    Batch,
    /// No tool name, or arguments that are no object.
    Malformed,
    /// No policy is attached.
    NoPolicy,
    /// The tool is in `hide`.
    Hidden,
    /// The tool is not listed, under `default: "deny"`.
    DefaultDeny,
    /// A `require` rule does not hold.
    Require,
    /// A `deny_if` rule holds.
    DenyIf,
    /// A counter would exceed its `max`.
    Limit,
    /// The call cannot be decided, and enforcement refuses it (policy language
    /// §5). A replay never answers this.
    Undetermined,
}

impl Kind {
    /// Every kind that a replayed call can have, in the order of the decision.
    pub const ALL: [Kind; 9] = [
        Kind::Batch,
        Kind::Malformed,
        Kind::NoPolicy,
        Kind::Hidden,
        Kind::DefaultDeny,
        Kind::Require,
        Kind::DenyIf,
        Kind::Limit,
        Kind::Allow,
    ];

    /// The kind's name in traces and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Allow => "allow",
            Kind::Batch => "batch",
            Kind::Malformed => "malformed",
            Kind::NoPolicy => "no_policy",
            Kind::Hidden => "hidden",
            Kind::DefaultDeny => "default_deny",
            Kind::Require => "require",
            Kind::DenyIf => "deny_if",
            Kind::Limit => "limit",
            Kind::Undetermined => "undetermined",
        }
    }
}

/// Why a decision could not be determined (policy language §5), in the order
/// in which one is named when several apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The recording lacks the arguments that a condition or an amount reads.
    UnknownArguments,
    /// The recording lacks the call's time, and a limit depends on it.
    UnknownTime,
    /// The recording lacks the caller, and a limit depends on it.
    UnknownGrant,
    /// An earlier undetermined call may have consumed quota.
    UnknownHistory,
    /// The call falls in a window that was closed before it arrived.
    Late,
}

impl Reason {
    /// Every reason, in the order of precedence.
    pub const ALL: [Reason; 5] = [
        Reason::UnknownArguments,
        Reason::UnknownTime,
        Reason::UnknownGrant,
        Reason::UnknownHistory,
        Reason::Late,
    ];

    /// The reason's name in traces and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Reason::UnknownArguments => "unknown-arguments",
            Reason::UnknownTime => "unknown-time",
            Reason::UnknownGrant => "unknown-grant",
            Reason::UnknownHistory => "unknown-history",
            Reason::Late => "late",
        }
    }
}

/// What denies a call. Where a denial is certain but not which rule decides,
/// the parts in which the possible rules differ are absent.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Denial<'e> {
    /// The deciding step.
    pub kind: Option<Kind>,
    /// The deciding rule as a JSON Pointer into the policy; absent also where
    /// no rule is concerned.
    pub rule: Option<&'e str>,
    /// The gateway's own log label.
    pub label: Option<&'e str>,
    /// The message for the agent, without the `[POLICY DENIED] ` in front.
    pub message: Option<Cow<'e, str>>,
}

impl<'e> Denial<'e> {
    /// The text that the agent receives: the message behind `[POLICY DENIED] `
    /// (policy language §3).
    pub fn to_agent(&self) -> String {
        let message = self
            .message
            .as_deref()
            .unwrap_or("Call is refused by policy");
        format!("[POLICY DENIED] {message}")
    }

    /// The refusal of a call that cannot be decided (policy language §5).
    pub(crate) fn undetermined(reason: Reason) -> Denial<'e> {
        Denial {
            kind: Some(Kind::Undetermined),
            rule: None,
            label: Some("(undetermined)"),
            message: Some(Cow::Owned(format!(
                "Call cannot be decided: {}",
                reason.name()
            ))),
        }
    }

    /// A denial with its parts, where they are certain.
    pub const fn new(
        kind: Option<Kind>,
        rule: Option<&'e str>,
        label: Option<&'e str>,
        message: Option<Cow<'e, str>>,
    ) -> Denial<'e> {
        Denial {
            kind,
            rule,
            label,
            message,
        }
    }

    /// The parts in which two possible denials agree.
    #[must_use]
    pub fn agreeing(self, other: Denial<'e>) -> Denial<'e> {
        fn same<T: PartialEq>(a: Option<T>, b: Option<T>) -> Option<T> {
            if a == b { a } else { None }
        }
        Denial {
            kind: same(self.kind, other.kind),
            rule: same(self.rule, other.rule),
            label: same(self.label, other.label),
            message: same(self.message, other.message),
        }
    }
}

/// The answer to one call. A gateway that enforces a policy uses
/// [`Engine::enforce`](crate::engine::Engine::enforce), which has no third
/// answer.
#[must_use]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision<'e> {
    /// The call passes.
    Allow,
    /// The call is refused.
    Deny(Denial<'e>),
    /// It depends on what the recording does not say; never the answer to a
    /// call of which everything is known and no history is missing.
    Undetermined(Reason),
}

impl<'e> Decision<'e> {
    /// `allow`, `deny` or `undetermined`.
    pub const fn name(&self) -> &'static str {
        match self {
            Decision::Allow => "allow",
            Decision::Deny(_) => "deny",
            Decision::Undetermined(_) => "undetermined",
        }
    }

    /// Whether the call certainly passes.
    pub const fn is_allow(&self) -> bool {
        matches!(self, Decision::Allow)
    }

    /// Whether the call is certainly refused.
    pub const fn is_deny(&self) -> bool {
        matches!(self, Decision::Deny(_))
    }

    /// The denial, when it is one.
    pub const fn denial(&self) -> Option<&Denial<'e>> {
        match self {
            Decision::Deny(denial) => Some(denial),
            _ => None,
        }
    }

    /// The deciding step: `Allow`, or the denial's kind where it is certain.
    pub const fn kind(&self) -> Option<Kind> {
        match self {
            Decision::Allow => Some(Kind::Allow),
            Decision::Deny(denial) => denial.kind,
            Decision::Undetermined(_) => None,
        }
    }

    /// The deciding rule as a JSON Pointer, where there is one.
    pub const fn rule(&self) -> Option<&'e str> {
        match self {
            Decision::Deny(denial) => denial.rule,
            _ => None,
        }
    }
}
