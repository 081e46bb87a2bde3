//! A second evaluator, written naively from the policy language, by a route of
//! its own: it reads the policy's JSON and the call's JSON at every call, and
//! goes through everything that was allowed before instead of counting. It
//! shares no code with the crate, so that a mistake must be made twice to pass
//! unseen.
//!
//! Being slow is its virtue. Nothing is prepared, nothing is remembered but
//! what happened; the sections and steps named are the policy language's.

mod bug;
mod condition;
pub mod pattern;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

pub use bug::Bug;
pub use condition::{Met, OPERATORS, TYPES};

/// A call and what became of it.
#[derive(Debug, Clone)]
pub struct Call<'c> {
    /// Who calls.
    pub grant: &'c str,
    /// When.
    pub at: Timestamp,
    /// The `params` of a `tools/call`, or an array for a batch.
    pub params: &'c Value,
    /// When a JSON-RPC error arrived in response, if one did.
    pub failed: Option<Timestamp>,
}

/// A decision, in plain words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The step that decided; `allow` when none denied.
    pub kind: String,
    /// The deciding rule.
    pub rule: Option<String>,
    /// The gateway's label.
    pub label: Option<String>,
    /// The message to the agent; nothing when allowed.
    pub message: Option<String>,
}

impl Verdict {
    /// Whether the call passes.
    pub fn allows(&self) -> bool {
        self.kind == "allow"
    }
}

/// What a call that passed took from one counter.
struct Taken {
    place: String,
    counter: String,
    amount: u128,
}

/// A call that passed.
struct Past {
    grant: String,
    at: Timestamp,
    failed: Option<Timestamp>,
    taken: Vec<Taken>,
}

/// The evaluator: the policy as it is in the file, and all that happened.
pub struct Naive<'p> {
    policy: Option<&'p Value>,
    bug: Option<Bug>,
    past: Vec<Past>,
    pub met: Met,
}

impl<'p> Naive<'p> {
    /// An evaluator without a past; `None` is a gateway without a policy.
    pub fn new(policy: Option<&'p Value>) -> Naive<'p> {
        Naive {
            policy,
            bug: None,
            past: Vec::new(),
            met: Met::default(),
        }
    }

    /// The same evaluator with a mistake in it.
    pub fn with(mut self, bug: Bug) -> Naive<'p> {
        self.bug = Some(bug);
        self
    }

    fn has(&self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }

    /// How many calls have passed.
    pub fn passed(&self) -> usize {
        self.past.len()
    }

    /// Forgets every call that passed after the first `count`.
    pub fn forget_after(&mut self, count: usize) {
        self.past.truncate(count);
    }

    /// §3, step by step.
    pub fn decide(&mut self, call: &Call<'_>) -> Verdict {
        // 0. a JSON-RPC batch; no tool name or an empty one; arguments that
        //    are neither an object nor null nor absent
        if call.params.is_array() {
            return deny("batch", None, None, "Batch requests are not accepted");
        }
        let name = match call.params.get("name") {
            Some(Value::String(name)) if !name.is_empty() => name.as_str(),
            _ => return malformed("Malformed tool call: no tool name"),
        };
        let nothing = Value::Object(serde_json::Map::new());
        let arguments = match call.params.get("arguments") {
            None | Some(Value::Null) => &nothing,
            Some(arguments @ Value::Object(_)) => arguments,
            Some(_) => return malformed("Malformed tool call: arguments are not an object"),
        };

        // 1. no policy attached
        let Some(policy) = self.policy else {
            return deny(
                "no_policy",
                None,
                Some("(no policy)".into()),
                "No policy is attached",
            );
        };

        // 2. hidden
        let listed = policy.get("tools").and_then(|tools| tools.get(name));
        let hide = policy.get("hide").and_then(Value::as_array);
        for (n, entry) in hide.into_iter().flatten().enumerate() {
            if (entry == name || entry == "*")
                && !(self.has(Bug::ToolsBeforeHide) && listed.is_some())
            {
                return deny(
                    "hidden",
                    Some(format!("/hide/{n}")),
                    Some("(hidden)".into()),
                    &format!("Tool \"{name}\" is hidden by policy"),
                );
            }
        }

        // 3. not in `tools`
        if listed.is_none() && policy["default"] == "deny" {
            return deny(
                "default_deny",
                Some("/default".into()),
                Some("(default deny)".into()),
                &format!("Tool \"{name}\" is not permitted by policy"),
            );
        }
        let tool_place = format!("/tools/{}", escape(name));
        if let Some(rules) = listed
            && let Some(refused) = self.rules(rules, &tool_place, arguments)
        {
            return refused;
        }

        // 6. limits
        if listed.is_none() && self.has(Bug::UnlistedSkipsAllTools) {
            return allow();
        }
        self.limits(policy, listed, &tool_place, arguments, call)
    }

    /// Steps 4 and 5.
    fn rules(&mut self, rules: &Value, place: &str, arguments: &Value) -> Option<Verdict> {
        for (kind, otherwise) in [
            ("require", "Call does not meet"),
            ("deny_if", "Call is refused by"),
        ] {
            let list = rules.get(kind).and_then(Value::as_array);
            for (n, rule) in list.into_iter().flatten().enumerate() {
                let conditions = rule["conditions"].as_array().unwrap();
                let mut every_one_holds = true;
                for condition in conditions {
                    let mut holds = self.condition(condition, arguments);
                    if kind == "deny_if"
                        && self.has(Bug::DenyIfFiresOnMissing)
                        && walk(arguments, condition["path"].as_str().unwrap()).is_none()
                    {
                        holds = true;
                    }
                    every_one_holds &= holds;
                }
                if conditions.is_empty() && self.has(Bug::EmptyConditionsNeverHold) {
                    every_one_holds = false;
                }
                if every_one_holds != (kind == "deny_if") {
                    continue;
                }
                let pointer = format!("{place}/{kind}/{n}");
                let label = match conditions.first() {
                    Some(first) => {
                        let path = first["path"].as_str().unwrap();
                        let path = if self.has(Bug::LabelNotEscaped) {
                            path.to_owned()
                        } else {
                            escape(path)
                        };
                        format!("{place}/{kind}/{path}-{}", first["op"].as_str().unwrap())
                    }
                    None => pointer.clone(),
                };
                let message = match rule.get("on_deny") {
                    Some(text) => text.as_str().unwrap().to_owned(),
                    None => format!("{otherwise} {pointer}"),
                };
                return Some(deny(kind, Some(pointer), Some(label), &message));
            }
        }
        None
    }

    /// Step 6 and §4: the tool's own limits in order, then `all_tools`.
    fn limits(
        &mut self,
        policy: &Value,
        listed: Option<&Value>,
        tool_place: &str,
        arguments: &Value,
        call: &Call<'_>,
    ) -> Verdict {
        let mut taken = Vec::new();
        for (place, owner) in [
            (tool_place, listed),
            ("/all_tools", policy.get("all_tools")),
        ] {
            let list = owner.and_then(|owner| owner.get("limits"));
            for (n, limit) in list
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .enumerate()
            {
                let counter = limit["counter"].as_str().unwrap();
                let window = limit["window"].as_str().unwrap();
                let max = u128::from(limit["max"].as_u64().unwrap());
                let refuse = |otherwise: String| {
                    let message = limit.get("on_deny").and_then(Value::as_str);
                    deny(
                        "limit",
                        Some(format!("{place}/limits/{n}")),
                        Some(format!("{place}/limits/{}", escape(counter))),
                        message.unwrap_or(&otherwise),
                    )
                };
                let amount = match limit.get("increment_from").and_then(Value::as_str) {
                    None => 1,
                    Some(path) => match self.amount(arguments, path) {
                        Some(amount) => amount,
                        None => {
                            let text = format!("Amount at {path} cannot be counted for {counter}");
                            let mut refused = refuse(text.clone());
                            if self.has(Bug::OnDenyIgnoredForAmounts) {
                                refused.message = Some(text);
                            }
                            return refused;
                        }
                    },
                };
                let used = self.used(call, place, counter, window);
                let most = if self.has(Bug::MaxExclusive) {
                    max - 1
                } else {
                    max
                };
                if used + amount > most {
                    // No counter moves; but for the mistakes.
                    if self.has(Bug::DeniedCallConsumes) {
                        taken.push(Taken {
                            place: place.to_owned(),
                            counter: counter.to_owned(),
                            amount,
                        });
                    }
                    if self.has(Bug::DeniedCallConsumes) || self.has(Bug::FirstLimitConsumesAlone) {
                        self.remember(call, taken);
                    }
                    return refuse(format!("Limit of {max} per {window} reached for {counter}"));
                }
                taken.push(Taken {
                    place: place.to_owned(),
                    counter: counter.to_owned(),
                    amount,
                });
            }
        }
        self.remember(call, taken);
        allow()
    }

    /// A missing, non-numeric or negative amount cannot be counted; a fraction
    /// counts rounded up.
    fn amount(&self, arguments: &Value, path: &str) -> Option<u128> {
        let mut number = match walk(arguments, path)? {
            Value::Number(number) => number.as_f64().unwrap(),
            _ => return None,
        };
        if number < 0.0 {
            if !self.has(Bug::NegativeAmountCountsAsZero) {
                return None;
            }
            number = 0.0;
        }
        let whole = if self.has(Bug::AmountTruncated) {
            number.floor()
        } else {
            number.ceil()
        };
        // Far above any `max`, and far below where sums would overflow.
        Some(whole.min(1e30) as u128)
    }

    /// What this call sees of the calls before it: those of the same grant,
    /// counted under the same name in the same place, in the same calendar
    /// window, whose reservations are not released at this call's time.
    fn used(&self, call: &Call<'_>, place: &str, counter: &str, window: &str) -> u128 {
        let mut sum = 0;
        for past in &self.past {
            let same_grant = past.grant == call.grant || self.has(Bug::CounterSharedByGrants);
            let same_window = if self.has(Bug::WindowSlides) {
                let length = match window {
                    "minute" => 60,
                    "hour" => 3_600,
                    _ => 86_400,
                };
                call.at.duration_since(past.at).abs().as_secs() < length
            } else {
                same_calendar_window(past.at, call.at, window)
            };
            let released = match past.failed {
                None => false,
                Some(_) if self.has(Bug::ReleaseIgnored) => false,
                Some(_) if self.has(Bug::ReleaseSeenBeforehand) => true,
                // A response before its call counts as at the call.
                Some(response) if self.has(Bug::ReleaseLosesToSameInstant) => {
                    response.max(past.at) < call.at
                }
                Some(response) => response.max(past.at) <= call.at,
            };
            if !same_grant || !same_window || released {
                continue;
            }
            for taken in &past.taken {
                let same_place = taken.place == place || self.has(Bug::CounterSharedByTools);
                if same_place && taken.counter == counter {
                    sum += taken.amount;
                }
            }
        }
        sum
    }

    fn remember(&mut self, call: &Call<'_>, taken: Vec<Taken>) {
        self.past.push(Past {
            grant: call.grant.to_owned(),
            at: call.at,
            failed: call.failed,
            taken,
        });
    }
}

fn allow() -> Verdict {
    Verdict {
        kind: "allow".into(),
        rule: None,
        label: None,
        message: None,
    }
}

fn deny(kind: &str, rule: Option<String>, label: Option<String>, message: &str) -> Verdict {
    Verdict {
        kind: kind.into(),
        rule,
        label,
        message: Some(message.into()),
    }
}

fn malformed(message: &str) -> Verdict {
    deny("malformed", None, Some("(malformed)".into()), message)
}

/// One token of a JSON Pointer.
fn escape(name: &str) -> String {
    let mut out = String::new();
    for character in name.chars() {
        match character {
            '~' => out.push_str("~0"),
            '/' => out.push_str("~1"),
            other => out.push(other),
        }
    }
    out
}

/// `args.a.b` walks the arguments, one object member per segment.
fn walk<'v>(arguments: &'v Value, path: &str) -> Option<&'v Value> {
    let mut value = arguments;
    for segment in path.split('.').skip(1) {
        value = value.as_object()?.get(segment)?;
    }
    Some(value)
}

/// Whether two instants are in the same minute, hour or day of the calendar
/// in UTC.
fn same_calendar_window(a: Timestamp, b: Timestamp, window: &str) -> bool {
    let (a, b) = (TimeZone::UTC.to_datetime(a), TimeZone::UTC.to_datetime(b));
    let day = a.date() == b.date();
    match window {
        "day" => day,
        "hour" => day && a.hour() == b.hour(),
        "minute" => day && a.hour() == b.hour() && a.minute() == b.minute(),
        other => panic!("no such window: {other}"),
    }
}
