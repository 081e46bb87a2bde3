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

use foldhash::HashMap;

use crate::policy::DefaultDecision;
use crate::time::Time;

pub use call::{Arguments, Call, Outcome, Request, Reservation, Ruled};
pub use condition::{Lookup, Slot, equals};
pub use counter::{Counters, DEFAULT_MAX_LATENESS, Interval};
pub use decision::{Decision, Denial, Kind, Reason};
pub use explain::{ConditionSeen, CounterSeen, Step, StepOutcome};
pub use usage::LimitUse;

use call::{Reserved, Ruling};
use compile::{Limit, Refusal, Tool};
use counter::GrantId;
use evaluate::{Amount, Possible, Room, Truth, window_start};

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
        self.count(&self.rule(call.request), call.grant, call.time, counters)
    }

    /// Decides one call as [`decide`](Engine::decide) would, and reserves
    /// nothing.
    pub fn peek<'e>(&'e self, call: &Call<'_>, counters: &Counters) -> Decision<'e> {
        let grant = counters.find(call.grant);
        self.judge(&self.rule(call.request), grant, call.time, counters)
            .0
    }

    /// Steps 0 to 5 of a decision (policy language §3): what depends neither on
    /// who calls, nor on when, nor on what was called before. It may run on any
    /// thread, and [`count`](Engine::count) goes on from it.
    pub fn rule<'e>(&'e self, request: Request<'_>) -> Ruled<'e> {
        let (tool, arguments) = match self.screen(request) {
            Ok(passed) => passed,
            Err(denial) => return Ruled::refused(denial),
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
                            return Ruled(Ruling::Refused(
                                possible.certainly(rule.refusal.denial()),
                            ));
                        }
                        _ => {}
                    }
                }
            }
        }
        let amounts = self
            .limits_of(tool)
            .filter(|limit| limit.increment_from.is_some())
            .map(|limit| limit.amount(arguments))
            .collect();
        Ruled(Ruling::Passed {
            tool,
            possible,
            amounts,
        })
    }

    /// Steps 6 and 7 (policy language §3): holds the call's limits against the
    /// counters and reserves its quota. `ruled` is this engine's own.
    pub fn count<'e>(
        &'e self,
        ruled: &Ruled<'e>,
        grant: Option<&str>,
        time: Option<Time>,
        counters: &mut Counters,
    ) -> Outcome<'e> {
        let id = counters.enter(grant, time);
        let (decision, late) = self.judge(ruled, Some(id), time, counters);
        let reservation = self.reserve(ruled, id, time, &decision, late, counters);
        Outcome {
            decision,
            reservation,
        }
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
        ruled: &Ruled<'e>,
        grant: Option<GrantId>,
        time: Option<Time>,
        counters: &Counters,
    ) -> (Decision<'e>, bool) {
        let (tool, possible, amounts) = match &ruled.0 {
            Ruling::Refused(denial) => return (Decision::Deny(denial.clone()), false),
            Ruling::Passed {
                tool,
                possible,
                amounts,
            } => (*tool, possible, amounts),
        };
        let mut possible = possible.clone();
        let mut late = false;
        for (limit, amount) in self.counted(tool, amounts) {
            match limit.room(amount, grant, time, counters) {
                Room::Enough => {}
                Room::TooLittle => {
                    let denial = possible.certainly(limit.refusal.denial());
                    return (Decision::Deny(denial), late);
                }
                Room::Uncountable => {
                    let denial = limit.refusal.denial_saying(&limit.uncountable);
                    return (Decision::Deny(possible.certainly(denial)), late);
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

    /// The limits that count a call of `tool`, each with what the call adds;
    /// `amounts` are those of the limits with `increment_from`.
    fn counted<'e>(
        &'e self,
        tool: Option<usize>,
        amounts: &[Amount],
    ) -> impl Iterator<Item = (&'e Limit, Amount)> {
        let mut amounts = amounts.iter();
        self.limits_of(tool)
            .map(move |limit| match limit.increment_from {
                None => (limit, Amount::ONE),
                Some(_) => (
                    limit,
                    amounts.next().copied().unwrap_or(Amount::Uncountable),
                ),
            })
    }

    /// Steps 0 to 3: whether the call reaches the rules, and of which tool
    /// (`None`: an unlisted one).
    fn screen<'e, 'c>(
        &'e self,
        request: Request<'c>,
    ) -> Result<(Option<usize>, Arguments<'c>), Denial<'e>> {
        let fixed = |kind, label, message: &'static str| Denial {
            kind: Some(kind),
            rule: None,
            label,
            message: Some(Cow::Borrowed(message)),
        };
        let (name, arguments) = match request {
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
        ruled: &Ruled<'_>,
        grant: GrantId,
        time: Option<Time>,
        decision: &Decision<'_>,
        late: bool,
        counters: &mut Counters,
    ) -> Reservation {
        // A late call consumes nothing, unless its grant is unknown too: then
        // the grant that it belongs to may not find it late.
        let anywhere = late && grant == GrantId::UNKNOWN;
        if decision.is_deny() || (late && !anywhere) {
            return Reservation::default();
        }
        let Ruling::Passed { tool, amounts, .. } = &ruled.0 else {
            return Reservation::default();
        };
        let certain = decision.is_allow();
        let time = if anywhere { None } else { time };
        let mut reserved = Vec::new();
        let mut any = false;
        for (limit, amount) in self.counted(*tool, amounts) {
            any = true;
            let amount = amount.interval();
            if limit.increment_from.is_some() {
                reserved.push(amount);
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
            tool: *tool,
            time,
            certain,
            amounts: reserved,
        }))
    }
}
