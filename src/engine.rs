//! The engine: the only place that knows what a policy means (policy language
//! §2 to §5), and the part that gateways embed.
//!
//! Invariants: an [`Engine`] is compiled once and immutable, `Send + Sync`; it
//! does no I/O, reads no clock and no environment, and cannot fail on a valid
//! policy. What calls have consumed lives in [`Counters`], a value of its own,
//! so that one engine serves many timelines.

mod condition;
mod counter;
mod decision;
mod explain;
mod reads;
mod usage;

use std::borrow::Cow;
use std::collections::HashMap;

use crate::document::escape_pointer;
use crate::policy::{self, DefaultDecision, Path, Policy, Test, Window};
use crate::time::Time;
use crate::value::Value;

pub use condition::{Lookup, Slot, equals};
pub use counter::{Counters, DEFAULT_MAX_LATENESS, Interval};
pub use decision::{Decision, Denial, Kind, Reason};
pub use explain::{ConditionSeen, CounterSeen, Step, StepOutcome};
pub use usage::LimitUse;

use counter::{GrantId, LimitId};

/// One `tools/call`, as much of it as is known. A gateway knows everything; a
/// recording may not (policy language §5).
#[derive(Clone, Copy)]
pub struct Call<'a> {
    /// Who calls; `None` is unknown.
    pub grant: Option<&'a str>,
    /// What is asked for.
    pub request: Request<'a>,
    /// When; `None` is unknown.
    pub time: Option<Time>,
}

/// What a call asks for.
#[derive(Clone, Copy)]
pub enum Request<'a> {
    /// A JSON-RPC batch, refused whole.
    Batch,
    /// A single call.
    Tool {
        /// The tool's name; `None` when there is none or it is no string.
        name: Option<&'a str>,
        /// Its arguments.
        arguments: Arguments<'a>,
    },
}

/// A call's arguments.
#[derive(Clone, Copy)]
pub enum Arguments<'a> {
    /// An object, in whatever form the caller keeps it.
    Known(&'a dyn Lookup),
    /// Redacted, hashed or cut in the recording.
    Unknown,
    /// Neither an object nor null nor absent.
    NotAnObject,
}

static EMPTY: Value = Value::empty_object();

impl<'a> From<&'a Value> for Arguments<'a> {
    /// `null` stands for no arguments.
    fn from(value: &'a Value) -> Arguments<'a> {
        match value {
            Value::Object(_) => Arguments::Known(value),
            Value::Null => Arguments::Known(&EMPTY),
            _ => Arguments::NotAnObject,
        }
    }
}

impl<'a> Call<'a> {
    /// A call of which everything is known: what a gateway passes.
    pub fn new(grant: &'a str, tool: &'a str, arguments: &'a Value, time: Time) -> Call<'a> {
        Call {
            grant: Some(grant),
            request: Request::Tool {
                name: Some(tool),
                arguments: arguments.into(),
            },
            time: Some(time),
        }
    }
}

/// The engine's answer, and the quota that it reserved.
#[derive(Debug, Clone)]
pub struct Outcome<'e> {
    /// The decision.
    pub decision: Decision<'e>,
    /// What to give back if the server answers with a JSON-RPC error.
    pub reservation: Reservation,
}

/// Quota reserved for one call. Dropping it keeps the quota consumed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reservation(Option<Reserved>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Reserved {
    grant: GrantId,
    tool: Option<usize>,
    time: Option<Time>,
    /// Whether the call certainly passed.
    certain: bool,
    /// What each limit with `increment_from` added, in the limits' order.
    amounts: Vec<Interval>,
}

impl Reservation {
    /// Whether nothing was reserved, so that there is nothing to give back.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }
}

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

#[derive(Debug, Clone)]
struct Tool {
    require: Vec<Rule>,
    deny_if: Vec<Rule>,
    limits: Vec<Limit>,
}

#[derive(Debug, Clone)]
struct Rule {
    conditions: Vec<Condition>,
    refusal: Refusal,
}

#[derive(Debug, Clone)]
struct Condition {
    path: Path,
    test: Test,
}

#[derive(Debug, Clone)]
struct Limit {
    id: LimitId,
    counter: String,
    window: Window,
    max: u64,
    increment_from: Option<Path>,
    refusal: Refusal,
    /// The message when the amount cannot be counted.
    uncountable: String,
}

/// A denial made ready at compile time.
#[derive(Debug, Clone)]
struct Refusal {
    kind: Kind,
    rule: String,
    label: String,
    message: String,
}

impl Refusal {
    fn denial(&self) -> Denial<'_> {
        self.denial_saying(&self.message)
    }

    fn denial_saying<'e>(&'e self, message: &'e str) -> Denial<'e> {
        Denial {
            kind: Some(self.kind),
            rule: Some(&self.rule),
            label: Some(&self.label),
            message: Some(Cow::Borrowed(message)),
        }
    }
}

/// A truth value over what a recording says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Truth {
    True,
    False,
    Unknown,
}

/// What reserving would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Room {
    Enough,
    TooLittle,
    Uncountable,
    Unknown(Reason),
}

/// The denials met so far that may or may not happen.
#[derive(Default)]
struct Possible<'e> {
    denial: Option<Denial<'e>>,
    reason: Option<Reason>,
}

impl<'e> Possible<'e> {
    fn may_be(&mut self, denial: Denial<'e>, reason: Reason) {
        self.reason = Some(self.reason.map_or(reason, |earlier| earlier.min(reason)));
        self.denial = Some(match self.denial.take() {
            None => denial,
            Some(earlier) => earlier.agreeing(denial),
        });
    }

    /// The decision when `denial` certainly happens unless an earlier one does.
    fn certainly(self, denial: Denial<'e>) -> Decision<'e> {
        Decision::Deny(match self.denial {
            None => denial,
            Some(earlier) => earlier.agreeing(denial),
        })
    }

    /// The decision when nothing further denies.
    fn otherwise_allow(self) -> Decision<'e> {
        self.reason.map_or(Decision::Allow, Decision::Undetermined)
    }
}

impl Engine {
    /// Compiles a policy. A policy with problems compiles too, into an engine
    /// without the parts that could not be read; do not let it decide.
    pub fn new(policy: &Policy) -> Engine {
        let mut ids = 0;
        let all_tools = limits(&policy.all_tools, "/all_tools", &mut ids);
        let mut engine = Engine {
            attached: true,
            default: policy.default.value,
            hidden: HashMap::new(),
            everything_hidden: None,
            index: HashMap::new(),
            tools: Vec::with_capacity(policy.tools.len()),
            all_tools,
        };
        for (at, entry) in policy.hide.iter().enumerate() {
            let refusal = Refusal {
                kind: Kind::Hidden,
                rule: format!("/hide/{at}"),
                label: "(hidden)".to_owned(),
                message: format!("Tool \"{}\" is hidden by policy", entry.value),
            };
            if entry.value == "*" {
                engine.everything_hidden.get_or_insert((at, refusal));
            } else if engine.everything_hidden.is_none() {
                // The first entry that matches decides, so nothing behind
                // "*" ever does.
                engine.hidden.entry(entry.value.clone()).or_insert(refusal);
            }
        }
        for rules in &policy.tools {
            let tool = Tool {
                require: compile_rules(&rules.require, Kind::Require, &rules.name),
                deny_if: compile_rules(&rules.deny_if, Kind::DenyIf, &rules.name),
                limits: limits(&rules.limits, &rules.pointer, &mut ids),
            };
            engine.index.insert(rules.name.clone(), engine.tools.len());
            engine.tools.push(tool);
        }
        engine
    }

    /// The engine of a gateway that has no policy: it refuses every call.
    pub fn without_policy() -> Engine {
        Engine {
            attached: false,
            default: DefaultDecision::Deny,
            hidden: HashMap::new(),
            everything_hidden: None,
            index: HashMap::new(),
            tools: Vec::new(),
            all_tools: Vec::new(),
        }
    }

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

/// The first second of the window that `time` falls in; windows are aligned
/// to the calendar in UTC (policy language §4).
fn window_start(window: Window, time: Time) -> i64 {
    let into_window = time.seconds().rem_euclid(window.seconds());
    time.seconds().saturating_sub(into_window)
}

impl Rule {
    fn holds(&self, arguments: Arguments<'_>) -> Truth {
        match arguments {
            Arguments::Known(arguments) => {
                let all = self
                    .conditions
                    .iter()
                    .all(|condition| condition.holds(arguments));
                if all { Truth::True } else { Truth::False }
            }
            _ if self.conditions.is_empty() => Truth::True,
            _ => Truth::Unknown,
        }
    }
}

impl Condition {
    fn holds(&self, arguments: &dyn Lookup) -> bool {
        self.test.holds(arguments.at(&self.path))
    }
}

impl Limit {
    /// What a call adds to this counter; `None` when its amount cannot be
    /// counted (missing, no number, or negative).
    fn amount(&self, arguments: Arguments<'_>) -> Option<Interval> {
        let Some(path) = &self.increment_from else {
            return Some(Interval::exactly(1));
        };
        match arguments {
            Arguments::Known(arguments) => match arguments.at(path) {
                // Above 2^53 − 1 no `max` has room, so the cast may saturate.
                Slot::Number(number) if number >= 0.0 => {
                    Some(Interval::exactly(number.ceil() as u64))
                }
                _ => None,
            },
            // More than `max` would have been denied.
            _ => Some(Interval {
                low: 0,
                high: self.max,
            }),
        }
    }

    fn room(
        &self,
        arguments: Arguments<'_>,
        grant: Option<GrantId>,
        time: Option<Time>,
        counters: &Counters,
    ) -> Room {
        let Some(amount) = self.amount(arguments) else {
            return Room::Uncountable;
        };
        let amount_unknown =
            self.increment_from.is_some() && !matches!(arguments, Arguments::Known(_));
        let at = time.map(|time| (time, window_start(self.window, time)));
        let closed = match (grant, at) {
            (Some(grant), Some((_, start))) => {
                counters.is_closed(grant, start, self.window.seconds())
            }
            _ => false,
        };
        let seen = counters.seen(grant, self.id, at);
        let too_little = seen.low.saturating_add(amount.low) > self.max;
        let enough = !amount_unknown && seen.high.saturating_add(amount.high) <= self.max;
        match (closed, too_little, enough) {
            (false, true, _) => Room::TooLittle,
            (false, _, true) => Room::Enough,
            // An amount above `max` fits in no window, however late.
            (true, ..) if amount.low > self.max => Room::TooLittle,
            _ => Room::Unknown(if amount_unknown {
                Reason::UnknownArguments
            } else if time.is_none() {
                Reason::UnknownTime
            } else if grant == Some(GrantId::UNKNOWN) {
                Reason::UnknownGrant
            } else if closed {
                Reason::Late
            } else {
                Reason::UnknownHistory
            }),
        }
    }
}

fn compile_rules(rules: &[policy::Rule], kind: Kind, tool: &str) -> Vec<Rule> {
    let compile = |(index, rule): (usize, &policy::Rule)| {
        let last = match rule.conditions.first() {
            Some(first) => format!(
                "{}-{}",
                escape_pointer(&first.path.value.to_string()),
                first.test.operator()
            ),
            None => index.to_string(),
        };
        let message = match (&rule.on_deny, kind) {
            (Some(text), _) => text.value.clone(),
            (None, Kind::Require) => format!("Call does not meet {}", rule.pointer),
            (None, _) => format!("Call is refused by {}", rule.pointer),
        };
        Rule {
            conditions: rule
                .conditions
                .iter()
                .map(|condition| Condition {
                    path: condition.path.value.clone(),
                    test: condition.test.clone(),
                })
                .collect(),
            refusal: Refusal {
                kind,
                rule: rule.pointer.clone(),
                label: format!("/tools/{}/{}/{last}", escape_pointer(tool), kind.name()),
                message,
            },
        }
    };
    rules.iter().enumerate().map(compile).collect()
}

fn limits(limits: &[policy::Limit], owner: &str, ids: &mut LimitId) -> Vec<Limit> {
    let mut compile = |limit: &policy::Limit| {
        let counter = &limit.counter.value;
        let on_deny = limit.on_deny.as_ref().map(|text| text.value.clone());
        let path = limit.increment_from.as_ref().map(|path| path.value.clone());
        let id = *ids;
        *ids += 1;
        Limit {
            id,
            counter: counter.clone(),
            window: limit.window.value,
            max: limit.max.value,
            refusal: Refusal {
                kind: Kind::Limit,
                rule: limit.pointer.clone(),
                label: format!("{owner}/limits/{}", escape_pointer(counter)),
                message: on_deny.clone().unwrap_or_else(|| {
                    let (max, window) = (limit.max.value, limit.window.value.name());
                    format!("Limit of {max} per {window} reached for {counter}")
                }),
            },
            uncountable: on_deny.unwrap_or_else(|| match &path {
                Some(path) => format!("Amount at {path} cannot be counted for {counter}"),
                None => String::new(),
            }),
            increment_from: path,
        }
    };
    limits.iter().map(&mut compile).collect()
}
