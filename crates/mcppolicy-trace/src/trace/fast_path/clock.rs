//! Instants that follow one another, as the lines of a log hold them.

use mcppolicy_engine::time::Time;

/// Reads instants; one of the same minute as the one before costs little.
#[derive(Debug, Default)]
pub(super) struct Clock {
    /// The text of the last minute, up to its seconds: `2026-11-20T10:00:`.
    minute: String,
    /// Its first second.
    start: i64,
}

/// The offset of the seconds in an RFC 3339 instant.
const SECONDS: usize = 17;

impl Clock {
    /// An instant as `strict` reads it, which reads RFC 3339 as
    /// [`Time::parse`] does.
    pub fn read(&mut self, text: &str, strict: impl FnOnce(&str) -> Option<Time>) -> Option<Time> {
        let (minute, rest) = text.split_at_checked(SECONDS)?;
        let seconds = seconds(rest);
        if let (true, Some((seconds, nanos))) = (minute == self.minute, seconds) {
            return Some(Time::new(self.start + i64::from(seconds), nanos));
        }
        let time = strict(text)?;
        if let Some((seconds, _)) = seconds {
            minute.clone_into(&mut self.minute);
            self.start = time.seconds() - i64::from(seconds);
        }
        Some(time)
    }
}

/// Seconds and their fraction in UTC: `07.250Z`. A leap second is none here.
fn seconds(text: &str) -> Option<(u32, u32)> {
    let (tens, ones, rest) = match text.as_bytes() {
        [tens @ b'0'..=b'5', ones @ b'0'..=b'9', rest @ ..] => (tens, ones, rest),
        _ => return None,
    };
    let seconds = u32::from(tens - b'0') * 10 + u32::from(ones - b'0');
    let digits = match rest {
        [b'Z'] => return Some((seconds, 0)),
        [b'.', digits @ .., b'Z'] if (1..=9).contains(&digits.len()) => digits,
        _ => return None,
    };
    let mut fraction = 0;
    for digit in digits {
        let digit = digit.checked_sub(b'0').filter(|digit| *digit < 10)?;
        fraction = fraction * 10 + u32::from(digit);
    }
    let missing = 9 - u32::try_from(digits.len()).ok()?;
    Some((seconds, fraction * 10_u32.pow(missing)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::timestamp::in_text;

    #[test]
    fn an_instant_is_the_same_whatever_was_read_before() {
        let texts = [
            "2026-11-20T10:00:07.250Z",
            "2026-11-20T10:00:08Z",
            "2026-11-20T10:00:59.999999999Z",
            "2026-11-20T10:00:60Z",
            "2026-11-20T10:00:08+01:00",
            "2026-11-20T10:00:08.Z",
            "2026-11-20T10:00:08.1234567891Z",
            "2026-11-20T10:00:8Z",
            "2026-11-20T10:00:+8Z",
            "2026-11-20T10:01:00Z",
            "2026-11-20T10:00:00z",
            "1969-12-31T23:59:00.5Z",
            "1969-12-31T23:59:59.5Z",
            "0000-01-01T00:00:00Z",
            "9999-12-31T23:59:59Z",
            "2026-13-20T10:00:08Z",
            "é026-11-20T10:00:08Z",
        ];
        for first in texts {
            for second in texts {
                let mut clock = Clock::default();
                assert_eq!(clock.read(first, in_text), in_text(first), "{first}");
                assert_eq!(
                    clock.read(second, in_text),
                    in_text(second),
                    "{first}, {second}"
                );
            }
        }
    }
}
