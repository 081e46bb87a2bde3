//! Timestamps in logs: RFC 3339, a number since the Unix epoch, or one of
//! milliseconds since another.

use mcppolicy_engine::document::borrowed::Node;
use mcppolicy_engine::time::{Time, TimeDelta};

/// The time in a text: RFC 3339, or a number as [`since_epoch`] reads it.
pub(crate) fn in_text(text: &str) -> Option<Time> {
    let text = text.trim();
    match Time::parse(text) {
        Ok(time) => time.in_calendar().ok(),
        Err(_) => text.parse().ok().and_then(since_epoch),
    }
}

/// The time so many milliseconds after another; that time itself where the
/// number is less than zero. `None` where either is unknown, or beyond the
/// calendar.
pub(super) fn after(time: Option<Time>, millis: Option<Node<'_>>) -> Option<Time> {
    let (time, millis) = time.zip(millis.and_then(Node::as_number))?;
    let end = time.plus(TimeDelta::nanos((millis * 1e6) as i128));
    end.max(time).in_calendar().ok()
}

/// The time that is `number` seconds, milliseconds, microseconds or nanoseconds
/// after the epoch. The unit is guessed from the size of the number: the largest
/// one for which the time is within about 3,000 years of the epoch.
pub(crate) fn since_epoch(number: f64) -> Option<Time> {
    let unit = match number.abs() {
        size if size < 1e11 => 1e9,
        size if size < 1e14 => 1e6,
        size if size < 1e17 => 1e3,
        _ => 1.0,
    };
    // For current dates an `f64` is precise to about a microsecond.
    let micros = (number * unit / 1e3).round();
    if !micros.is_finite() || micros.abs() > 1e18 {
        return None;
    }
    Time::from_nanos(micros as i128 * 1_000).in_calendar().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::tolerant_json::Json;

    #[test]
    fn milliseconds_after_a_time_never_lead_back_or_out_of_the_calendar() {
        let time = Time::new(10, 0);
        let after = |millis: &str| {
            let json = Json::parse(millis).unwrap_or_else(|reason| panic!("{reason}"));
            after(Some(time), Some(json.root()))
        };
        assert_eq!(after("1500.5"), Some(Time::new(11, 500_500_000)));
        assert_eq!(after("0"), Some(time));
        assert_eq!(after("-1500"), Some(time));
        assert_eq!(after("1e300"), None);
        assert_eq!(after("\"1500\""), None);
        assert_eq!(super::after(None, None), None);
    }
}
