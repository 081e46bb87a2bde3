//! Timestamps in logs: RFC 3339, or a number since the Unix epoch.

use mcppolicy_engine::time::Time;

/// The time in a text: RFC 3339, or a number as [`since_epoch`] reads it.
pub(crate) fn in_text(text: &str) -> Option<Time> {
    let text = text.trim();
    match Time::parse(text) {
        Ok(time) => time.in_calendar().ok(),
        Err(_) => text.parse().ok().and_then(since_epoch),
    }
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
