//! Rates as people write them: `{"max": 10, "window": 60}`, `"10/minute"`.

use super::snippet;
use super::text::is_blank;
use crate::document::{Member, Node, NodeKind};
use crate::policy::model::Limit;

/// What was understood of a rate.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Rate {
    pub(super) max: Option<u64>,
    pub(super) window: Option<&'static str>,
    /// Seconds that are no window of the format.
    pub(super) odd_seconds: Option<f64>,
    pub(super) counter: Option<String>,
    pub(super) on_deny: Option<String>,
}

impl Rate {
    /// Reads a rate, `None` where something in it was not understood.
    pub(super) fn read(node: &Node) -> Option<Rate> {
        match &node.kind {
            NodeKind::Number(_) => Some(Rate {
                max: Some(max_of(node)?),
                ..Rate::default()
            }),
            NodeKind::String(text) => Rate::read_text(text),
            NodeKind::Object(members) => {
                let mut rate = Rate::default();
                for member in members {
                    rate.read_member(member)?;
                }
                Some(rate)
            }
            _ => None,
        }
    }

    fn read_text(text: &str) -> Option<Rate> {
        let (max, window) = text.split_once('/').or_else(|| text.split_once(" per "))?;
        let digits: String = max
            .trim()
            .chars()
            .take_while(char::is_ascii_digit)
            .collect();
        let max: u64 = digits.parse().ok()?;
        Some(Rate {
            max: Some(max).filter(|max| (1..=Limit::LARGEST_MAX).contains(max)),
            window: Some(window_of_text(window)?),
            ..Rate::default()
        })
    }

    fn read_member(&mut self, member: &Member) -> Option<()> {
        match member.key.to_lowercase().as_str() {
            "max" | "limit" | "requests" | "calls" | "count" => {
                self.max = Some(max_of(&member.value)?);
            }
            "window" | "per" | "period" | "interval" | "seconds" | "window_seconds" => {
                self.read_window(&member.value)?;
            }
            "counter" => self.counter = Some(text_of(&member.value)?),
            "on_deny" | "reason" | "message" => self.on_deny = Some(text_of(&member.value)?),
            // The format has one scope; whatever was meant becomes it.
            "scope" => {}
            _ => return None,
        }
        Some(())
    }

    fn read_window(&mut self, node: &Node) -> Option<()> {
        match &node.kind {
            NodeKind::Number(seconds) => match window_of_seconds(*seconds) {
                Some(window) => self.window = Some(window),
                None => self.odd_seconds = Some(*seconds),
            },
            NodeKind::String(text) => self.window = Some(window_of_text(text)?),
            _ => return None,
        }
        Some(())
    }

    /// The rate as a limit, when it says all that a limit needs. `counter` is
    /// the counter's name where the rate has none of its own.
    pub(super) fn limit(&self, counter: &str) -> Option<String> {
        let counter = self.counter.as_deref().unwrap_or(counter);
        let limit = snippet::limit(counter, self.window?, self.max?);
        Some(match &self.on_deny {
            Some(text) => {
                let open = limit.strip_suffix('}').unwrap_or(&limit);
                format!(r#"{open}, "on_deny": {}}}"#, snippet::string(text))
            }
            None => limit,
        })
    }
}

fn max_of(node: &Node) -> Option<u64> {
    let NodeKind::Number(number) = node.kind else {
        return None;
    };
    let in_range = number.fract() == 0.0 && (1.0..=Limit::LARGEST_MAX as f64).contains(&number);
    in_range.then_some(number as u64)
}

fn text_of(node: &Node) -> Option<String> {
    node.as_str()
        .filter(|text| !is_blank(text))
        .map(str::to_owned)
}

/// The window of so many seconds, where the format has one.
pub(super) fn window_of_seconds(seconds: f64) -> Option<&'static str> {
    match seconds {
        60.0 => Some("minute"),
        3600.0 => Some("hour"),
        86400.0 => Some("day"),
        _ => None,
    }
}

/// The window that a text means, however it is put.
pub(super) fn window_of_text(text: &str) -> Option<&'static str> {
    let text = text.trim().to_lowercase();
    let text = text.strip_prefix("per ").unwrap_or(&text);
    match text {
        "minute" | "minutes" | "min" | "mins" | "m" | "1m" | "1min" | "1 minute" | "60" | "60s"
        | "60 seconds" | "per_minute" | "minutely" => Some("minute"),
        "hour" | "hours" | "hr" | "h" | "1h" | "1hr" | "1 hour" | "60m" | "3600" | "3600s"
        | "per_hour" | "hourly" => Some("hour"),
        "day" | "days" | "d" | "1d" | "1 day" | "24h" | "24 hours" | "86400" | "86400s"
        | "per_day" | "daily" => Some("day"),
        _ => None,
    }
}
