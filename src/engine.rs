//! The engine: the only place that knows what a policy means (policy language
//! §2 to §5), and the part that gateways embed.
//!
//! Invariants: an [`Engine`] is compiled once and immutable, `Send + Sync`; it
//! does no I/O, reads no clock and no environment, and cannot fail on a valid
//! policy. What calls have consumed lives in [`Counters`], a value of its own,
//! so that one engine serves many timelines.

mod call;
mod compile;
mod condition;
mod counter;
mod decision;
mod evaluate;
mod explain;
mod reads;
mod usage;

use std::borrow::Cow;
use std::collections::HashMap;

use crate::policy::DefaultDecision;
use crate::time::Time;

pub use call::{Arguments, Call, Outcome, Request, Reservation};
pub use condition::{Lookup, Slot, equals};
pub use counter::{Counters, DEFAULT_MAX_LATENESS, Interval};
pub use decision::{Decision, Denial, Kind, Reason};
pub use explain::{ConditionSeen, CounterSeen, Step, StepOutcome};
pub use usage::LimitUse;

use call::Reserved;
use compile::{Limit, Refusal, Tool};
use counter::GrantId;
use evaluate::{Possible, Room, Truth, window_start};

/// A compiled policy.
#[derive(Debug, Clone)]
pub struct Engine {
    attached: bool,
    default: DefaultDecision,
    hidden: HashMap<String, Refusal>,
    everything_hidden: Option<(usize, Refusal)>,
    index: HashMap<String, usize>,
    tools: Vec<Tool>,
    all_tools: Vec<Limit>,
}

impl Engine {
    /// Whether `tool` is left out of `tools/list`.
    pub fn hides(&self, tool: &str) -> bool {
        self.everything_hidden.is_some() || self.hidden.contains_key(tool)
    }

    /// Decides one call and reserves its quota (policy language §3).
    pub fn decide<'e>(&'e self, call: &Call<'_>, counters: &mut Counters) -> Outcome<'e> {
        let grant = counters.enter(call.grant, call.time);
        let (decision, late) = self.judge(call, Some(grant), counters);
        let reservation = self.reserve(call, grant, &decision, late, counters);
        Outcome {
            decision,
            reservation,
        }
    }

    /// Decides one call as [`decide`](Engine::decide) would, and reserves
    /// nothing.
    pub fn peek<'e>(&'e self, call: &Call<'_>, counters: &Counters) -> Decision<'e> {
        self.judge(call, counters.find(call.grant), counters).0
    }

    /// Gives a call's quota back, because its response, which arrived at
    /// `time`, is a JSON-RPC error (policy language §4). A response before its
    /// call counts as at the call.
    pub fn release(&self, reservation: &Reservation, time: Time, counters: &mut Counters) {
        let Some(reserved) = &reservation.0 else {
            return;
        };
        // What a call of unknown time consumed, it may have consumed anywhere:
        // giving it back could only be told from its own window.
        let Some(call_time) = reserved.time else {
            return;
        };
        let time = time.max(call_time);
        let mut amounts = reserved.amounts.iter();
        for limit in self.limits_of(reserved.tool) {
            let amount = match limit.increment_from {
                None => Interval::exactly(1),
                Some(_) => amounts.next().copied().unwrap_or_default(),
            };
            let amount = Interval {
                low: if reserved.certain { amount.low } else { 0 },
                ..amount
            };
            let start = window_start(limit.window, call_time);
            counters.release(reserved.grant, limit.id, start, time, amount, limit.max);
        }
    }

    /// The decision, and whether a limit's window was closed before the call.
    fn judge<'e>(
        &'e self,
        call: &Call<'_>,
        grant: Option<GrantId>,
        counters: &Counters,
    ) -> (Decision<'e>, bool) {
        let (tool, arguments) = match self.screen(call) {
            Ok(passed) => passed,
            Err(denial) => return (Decision::Deny(denial), false),
        };
        let mut possible = Possible::default();
        if let Some(tool) = self.tool(tool) {
            for (rules, denies_when) in
                [(&tool.require, Truth::False), (&tool.deny_if, Truth::True)]
            {
                for rule in rules {
                    match rule.holds(arguments) {
                        Truth::Unknown => {
                            possible.may_be(rule.refusal.denial(), Reason::UnknownArguments)
                        }
                        truth if truth == denies_when => {
                            return (possible.certainly(rule.refusal.denial()), false);
                        }
                        _ => {}
                    }
                }
            }
        }
        let mut late = false;
        for limit in self.limits_of(tool) {
            match limit.room(arguments, grant, call.time, counters) {
                Room::Enough => {}
                Room::TooLittle => return (possible.certainly(limit.refusal.denial()), late),
                Room::Uncountable => {
                    return (
                        possible.certainly(limit.refusal.denial_saying(&limit.uncountable)),
                        late,
                    );
                }
                Room::Unknown(reason) => {
                    late |= reason == Reason::Late;
                    possible.may_be(limit.refusal.denial(), reason);
                    if reason == Reason::UnknownArguments {
                        // The amount may also be one that cannot be counted.
                        possible.may_be(limit.refusal.denial_saying(&limit.uncountable), reason);
                    }
                }
            }
        }
        (possible.otherwise_allow(), late)
    }

    /// Steps 0 to 3: whether the call reaches the rules, and of which tool
    /// (`None`: an unlisted one).
    fn screen<'e, 'c>(
        &'e self,
        call: &Call<'c>,
    ) -> Result<(Option<usize>, Arguments<'c>), Denial<'e>> {
        let fixed = |kind, label, message: &'static str| Denial {
            kind: Some(kind),
            rule: None,
            label,
            message: Some(Cow::Borrowed(message)),
        };
        let (name, arguments) = match call.request {
            Request::Batch => {
                return Err(fixed(Kind::Batch, None, "Batch requests are not accepted"));
            }
            Request::Tool { name, arguments } => (name.unwrap_or_default(), arguments),
        };
        let malformed = |message| fixed(Kind::Malformed, Some("(malformed)"), message);
        if name.is_empty() {
            return Err(malformed("Malformed tool call: no tool name"));
        }
        if matches!(arguments, Arguments::NotAnObject) {
            return Err(malformed(
                "Malformed tool call: arguments are not an object",
            ));
        }
        if !self.attached {
            return Err(fixed(
                Kind::NoPolicy,
                Some("(no policy)"),
                "No policy is attached",
            ));
        }
        if let Some(refusal) = self.hidden.get(name) {
            return Err(refusal.denial());
        }
        if let Some((_, refusal)) = &self.everything_hidden {
            let message = format!("Tool \"{name}\" is hidden by policy");
            return Err(Denial {
                message: Some(Cow::Owned(message)),
                ..refusal.denial()
            });
        }
        let tool = self.index.get(name).copied();
        if tool.is_none() && self.default == DefaultDecision::Deny {
            return Err(Denial {
                kind: Some(Kind::DefaultDeny),
                rule: Some("/default"),
                label: Some("(default deny)"),
                message: Some(Cow::Owned(format!(
                    "Tool \"{name}\" is not permitted by policy"
                ))),
            });
        }
        Ok((tool, arguments))
    }

    fn tool(&self, tool: Option<usize>) -> Option<&Tool> {
        tool.and_then(|at| self.tools.get(at))
    }

    /// The limits that count a call of `tool`, in the order of the decision.
    fn limits_of(&self, tool: Option<usize>) -> impl Iterator<Item = &Limit> {
        let own = self
            .tool(tool)
            .map(|tool| tool.limits.as_slice())
            .unwrap_or_default();
        own.iter().chain(&self.all_tools)
    }

    fn reserve(
        &self,
        call: &Call<'_>,
        grant: GrantId,
        decision: &Decision<'_>,
        late: bool,
        counters: &mut Counters,
    ) -> Reservation {
        // A late call consumes nothing, unless its grant is unknown too: then
        // the grant that it belongs to may not find it late.
        let anywhere = late && call.grant.is_none();
        if decision.is_deny() || (late && !anywhere) {
            return Reservation::default();
        }
        let Ok((tool, arguments)) = self.screen(call) else {
            return Reservation::default();
        };
        let certain = decision.is_allow();
        let time = if anywhere { None } else { call.time };
        let mut amounts = Vec::new();
        let mut any = false;
        for limit in self.limits_of(tool) {
            any = true;
            let amount = limit.amount(arguments).unwrap_or_default();
            if limit.increment_from.is_some() {
                amounts.push(amount);
            }
            let amount = Interval {
                low: if certain { amount.low } else { 0 },
                ..amount
            };
            let start = time.map(|time| window_start(limit.window, time));
            counters.reserve(grant, limit.id, start, limit.window.seconds(), amount);
        }
        Reservation(any.then_some(Reserved {
            grant,
            tool,
            time,
            certain,
            amounts,
        }))
    }
}
