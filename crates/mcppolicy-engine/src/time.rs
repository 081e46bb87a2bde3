//! Instants and durations as recordings write them. Nothing here reads a
//! clock: time is always an input (§4).

use std::fmt;
use std::num::NonZeroU32;

/// An instant in UTC, to the nanosecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time {
    seconds: i64,
    nanos: Nanos,
}

/// Less than a second, in nanoseconds. It is kept as one more, so that there is no
/// zero and a time that may be absent takes no more room than one that is not.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Nanos(NonZeroU32);

impl Nanos {
    /// The part of `nanos` that is no whole second.
    const fn within_second(nanos: u32) -> Nanos {
        Nanos(NonZeroU32::MIN.saturating_add(nanos % 1_000_000_000))
    }

    const fn get(self) -> u32 {
        self.0.get() - 1
    }
}

impl fmt::Debug for Nanos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

/// Why a text is no time, no duration or no offset, or a time that no calendar
/// shows: one sentence, without a full stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeError(String);

impl fmt::Display for TimeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for TimeError {}

const SECOND: i64 = 1_000_000_000;
const NANOS_PER_SECOND: i128 = SECOND as i128;

impl Time {
    /// The instant `seconds` after the Unix epoch plus `nanos` nanoseconds;
    /// whole seconds among the nanoseconds are carried over.
    pub fn new(seconds: i64, nanos: u32) -> Time {
        Time {
            seconds: seconds.saturating_add(i64::from(nanos / 1_000_000_000)),
            nanos: Nanos::within_second(nanos),
        }
    }

    /// Seconds since the Unix epoch, rounded down.
    pub fn seconds(self) -> i64 {
        self.seconds
    }

    /// Nanoseconds within the second.
    pub fn nanos(self) -> u32 {
        self.nanos.get()
    }

    /// Reads an RFC 3339 instant such as `2026-11-20T10:00:07.250Z`; an offset
    /// (up to 23:59) is required, because a local time names no instant. Digits
    /// past nanoseconds are cut. A leap second is only 23:59:60 of UTC, and is
    /// in the minute that it ends.
    ///
    /// # Errors
    /// A sentence that says what a time looks like.
    pub fn parse(text: &str) -> Result<Time, TimeError> {
        parsed(text).ok_or_else(|| {
            TimeError(format!(
                "{text:?} is not an RFC 3339 time; write it as \"2026-11-20T10:00:07.250Z\""
            ))
        })
    }

    /// The instant itself, when it is in the years 1 to 9999: what a calendar
    /// can show, and far enough from the limits of this type to count with.
    ///
    /// # Errors
    /// A sentence that says which years are meant.
    pub fn in_calendar(self) -> Result<Time, TimeError> {
        const EARLIEST: i64 = -62_135_596_800;
        const LATEST: i64 = 253_402_300_799;
        if (EARLIEST..=LATEST).contains(&self.seconds) {
            Ok(self)
        } else {
            Err(TimeError(
                "The time lies outside the years 1 to 9999".to_owned(),
            ))
        }
    }

    /// The instant `total` nanoseconds after the Unix epoch.
    pub fn from_nanos(total: i128) -> Time {
        // Within three hundred years, without the arithmetic of 128 bits, which is slow.
        if let Ok(total) = i64::try_from(total) {
            let nanos = u32::try_from(total.rem_euclid(SECOND)).unwrap_or(0);
            return Time::new(total.div_euclid(SECOND), nanos);
        }
        let seconds = total.div_euclid(NANOS_PER_SECOND);
        let seconds = i64::try_from(seconds).unwrap_or(if total < 0 { i64::MIN } else { i64::MAX });
        // The remainder is below 10^9.
        let nanos = u32::try_from(total.rem_euclid(NANOS_PER_SECOND)).unwrap_or(0);
        Time::new(seconds, nanos)
    }

    /// Nanoseconds since the Unix epoch.
    pub fn as_nanos(self) -> i128 {
        i128::from(self.seconds) * NANOS_PER_SECOND + i128::from(self.nanos())
    }

    /// RFC 3339 in UTC with three fraction digits, whatever they are: what a
    /// clock's reading looks like in a record.
    pub fn to_millis(self) -> String {
        match self.to_the_second() {
            Some(second) => format!("{second}.{:03}Z", self.nanos() / 1_000_000),
            None => self.to_string(),
        }
    }

    /// Date and time of day in UTC, without a fraction; `None` outside the years
    /// that four digits show.
    fn to_the_second(self) -> Option<String> {
        let days = self.seconds.div_euclid(SECONDS_PER_DAY);
        let of_day = self.seconds.rem_euclid(SECONDS_PER_DAY);
        let span = jiff::Span::new().try_days(days).ok()?;
        let date = EPOCH.checked_add(span).ok()?;
        let (hour, minute, second) = (of_day / 3_600, of_day / 60 % 60, of_day % 60);
        (date.year() >= 0).then(|| {
            let (year, month, day) = (date.year(), date.month(), date.day());
            format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")
        })
    }

    /// This instant moved by `span`, which may be negative.
    pub fn plus(self, span: TimeDelta) -> Time {
        // Within three hundred years, without the arithmetic of 128 bits, which
        // is slow.
        let Ok(nanos) = i64::try_from(span.0) else {
            return Time::from_nanos(self.as_nanos().saturating_add(span.0));
        };
        let seconds = self.seconds.saturating_add(nanos.div_euclid(SECOND));
        // Both are below 10^9.
        let nanos = self.nanos() + u32::try_from(nanos.rem_euclid(SECOND)).unwrap_or(0);
        Time::new(seconds, nanos)
    }
}

const EPOCH: jiff::civil::Date = jiff::civil::date(1970, 1, 1);
const SECONDS_PER_DAY: i64 = 86_400;

/// The instant that a text names. jiff's own parser reads forms that RFC 3339
/// does not have, and neither the last day of the calendar nor a tenth digit
/// after the point.
fn parsed(text: &str) -> Option<Time> {
    if !looks_like_rfc3339(text.as_bytes()) {
        return None;
    }
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok();
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let year = i16::try_from(number(0, 4)?).ok()?;
    let month = i8::try_from(number(5, 7)?).ok()?;
    let day = i8::try_from(number(8, 10)?).ok()?;
    let date = jiff::civil::Date::new(year, month, day).ok()?;
    let tail = text.get(19..)?;
    let (fraction, zone) = match tail.strip_prefix('.') {
        Some(rest) => rest.split_at_checked(rest.find(|c: char| !c.is_ascii_digit())?)?,
        None => ("", tail),
    };
    // At most nine digits: there is always a number.
    let digits = fraction.get(..9).unwrap_or(fraction);
    let missing = 9 - u32::try_from(digits.len()).ok()?;
    let nanos = match digits {
        "" => 0,
        _ => digits.parse::<u32>().ok()? * 10_u32.pow(missing),
    };
    let offset = match zone.as_bytes() {
        [b'Z' | b'z'] => 0,
        [sign, ..] => {
            let part = |from, to| zone.get(from..to)?.parse::<i64>().ok();
            let (hours, minutes) = (part(1, 3)?, part(4, 6)?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            let minutes = hours * 60 + minutes;
            if *sign == b'-' { -minutes } else { minutes }
        }
        [] => return None,
    };
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let days = i64::from((date - EPOCH).get_days());
    let of_day = hour * 3_600 + minute * 60 - offset * 60;
    let is_last_minute = of_day.rem_euclid(SECONDS_PER_DAY) == SECONDS_PER_DAY - 60;
    if second == 60 && !is_last_minute {
        return None;
    }
    Some(Time::new(
        days * SECONDS_PER_DAY + of_day + second.min(59),
        nanos,
    ))
}

fn looks_like_rfc3339(text: &[u8]) -> bool {
    const SHAPE: &[u8] = b"dddd-dd-ddTdd:dd:dd";
    let fits = |(byte, shape): (&u8, &u8)| match shape {
        b'd' => byte.is_ascii_digit(),
        b'T' => matches!(byte, b'T' | b't' | b' '),
        other => byte == other,
    };
    let Some((head, mut tail)) = text.split_at_checked(SHAPE.len()) else {
        return false;
    };
    if !head.iter().zip(SHAPE).all(fits) {
        return false;
    }
    if let Some(fraction) = tail.strip_prefix(b".") {
        let digits = fraction.iter().take_while(|b| b.is_ascii_digit()).count();
        if digits == 0 {
            return false;
        }
        tail = fraction.get(digits..).unwrap_or_default();
    }
    match tail {
        b"Z" | b"z" => true,
        [b'+' | b'-', a, b, b':', c, d] => [a, b, c, d].iter().all(|x| x.is_ascii_digit()),
        _ => false,
    }
}

/// RFC 3339 in UTC, with as many fraction digits (none, 3, 6 or 9) as needed.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(second) = self.to_the_second() else {
            return write!(f, "{}s", self.seconds);
        };
        match self.nanos() {
            0 => write!(f, "{second}Z"),
            nanos if nanos % 1_000_000 == 0 => write!(f, "{second}.{:03}Z", nanos / 1_000_000),
            nanos if nanos % 1_000 == 0 => write!(f, "{second}.{:06}Z", nanos / 1_000),
            nanos => write!(f, "{second}.{nanos:09}Z"),
        }
    }
}

/// A signed length of time in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct TimeDelta(i128);

impl TimeDelta {
    /// A span of whole seconds.
    pub const fn seconds(seconds: i64) -> TimeDelta {
        TimeDelta(seconds as i128 * NANOS_PER_SECOND)
    }

    /// A span of nanoseconds.
    pub const fn nanos(nanos: i128) -> TimeDelta {
        TimeDelta(nanos)
    }

    /// Nanoseconds.
    pub const fn as_nanos(self) -> i128 {
        self.0
    }

    /// This span taken `times` times.
    pub fn times(self, times: u64) -> TimeDelta {
        TimeDelta(self.0.saturating_mul(i128::from(times)))
    }

    /// Reads a whole number and `ms`, `s`, `m`, `h` or `d`: `250ms`, `5s`.
    ///
    /// # Errors
    /// A sentence that says what a duration looks like.
    pub fn parse(text: &str) -> Result<TimeDelta, TimeError> {
        let complaint = || {
            TimeError(format!(
                "{text:?} is not a duration; write a whole number and ms, s, m, h or d, such as \"5s\""
            ))
        };
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at_checked(digits).ok_or_else(complaint)?;
        let number: i64 = number.parse().map_err(|_| complaint())?;
        let unit: i128 = match unit {
            "ms" => 1_000_000,
            "s" => NANOS_PER_SECOND,
            "m" => 60 * NANOS_PER_SECOND,
            "h" => 3_600 * NANOS_PER_SECOND,
            "d" => 86_400 * NANOS_PER_SECOND,
            _ => return Err(complaint()),
        };
        Ok(TimeDelta(i128::from(number) * unit))
    }

    /// Reads an offset: a duration behind `+` or `-`, such as `+90s`.
    ///
    /// # Errors
    /// A sentence that says what an offset looks like.
    pub fn parse_offset(text: &str) -> Result<TimeDelta, TimeError> {
        let (sign, rest) = match text.split_at_checked(1) {
            Some(("+", rest)) => (1, rest),
            Some(("-", rest)) => (-1, rest),
            _ => {
                return Err(TimeError(format!(
                    "{text:?} is not an offset from the header's start; write it as \"+90s\""
                )));
            }
        };
        TimeDelta::parse(rest).map(|span| TimeDelta(sign * span.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_survives_reading_and_writing() {
        for text in [
            "2026-11-20T10:00:07.250Z",
            "1969-12-31T23:59:59.999999999Z",
            "2026-11-20T10:00:00Z",
            "0001-01-01T00:00:00Z",
            "9999-12-31T23:59:59.999999999Z",
        ] {
            assert_eq!(Time::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn an_offset_names_the_same_instant() {
        assert_eq!(
            Time::parse("2026-11-20T12:00:00+02:00"),
            Time::parse("2026-11-20T10:00:00Z")
        );
    }

    #[test]
    fn instants_are_read_to_the_ends_of_the_calendar_and_of_precision() {
        for (text, expected) in [
            ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59Z"),
            ("9999-12-31T00:00:59-23:00", "9999-12-31T23:00:59Z"),
            ("0001-01-01T23:59:00+23:59", "0001-01-01T00:00:00Z"),
            (
                "2026-11-20T10:00:00.1234567899Z",
                "2026-11-20T10:00:00.123456789Z",
            ),
            (
                "2026-11-20T10:00:00.00000000000000000001Z",
                "2026-11-20T10:00:00Z",
            ),
            ("2026-11-20t10:00:00z", "2026-11-20T10:00:00Z"),
            ("2026-11-20T10:00:00-00:00", "2026-11-20T10:00:00Z"),
            ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59Z"),
            ("2017-01-01T05:29:60+05:30", "2016-12-31T23:59:59Z"),
            ("2024-02-29T12:00:00Z", "2024-02-29T12:00:00Z"),
        ] {
            let time = Time::parse(text).and_then(Time::in_calendar);
            assert_eq!(
                time.map(|time| time.to_string()).as_deref(),
                Ok(expected),
                "{text}"
            );
        }
        for text in [
            "0000-12-31T23:59:59Z",
            "0001-01-01T00:00:00+00:01",
            "9999-12-31T23:59:59-00:01",
        ] {
            let time = Time::parse(text).unwrap();
            assert!(time.in_calendar().is_err(), "{text}");
        }
        for text in [
            "2026-11-20T10:00:60Z",
            "2026-11-20T23:59:60+01:00",
            "2026-11-20T24:00:00Z",
            "2026-11-20T10:60:00Z",
            "2026-11-20T10:00:00+24:00",
            "2026-11-20T10:00:00+10:60",
            "2025-02-29T12:00:00Z",
            "2026-00-20T10:00:00Z",
        ] {
            assert!(Time::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn any_span_moves_an_instant_by_itself() {
        let times = [
            0,
            1,
            -1,
            999_999_999,
            -1_000_000_001,
            1_795_168_807_250_000_000,
        ];
        let spans = [
            0,
            1,
            -1,
            1_000_000_000,
            -999_999_999,
            86_400_000_000_001,
            i64::MAX.into(),
        ];
        for time in times {
            for span in spans.into_iter().chain([i128::from(i64::MAX) + 7]) {
                let moved = Time::from_nanos(time).plus(TimeDelta::nanos(span));
                assert_eq!(moved, Time::from_nanos(time + span), "{time} {span}");
            }
        }
        let end = Time::new(i64::MAX, 999_999_999).plus(TimeDelta::nanos(1));
        assert_eq!(end.seconds(), i64::MAX);
    }

    #[test]
    fn what_is_no_instant_is_refused() {
        for text in [
            "",
            "2026-11-20",
            "2026-11-20T10:00:00",
            "2026-11-20T10:00:00.Z",
            "yesterday",
            "2026-13-20T10:00:00Z",
            "2026-11-20T10:00:00Z[UTC]",
            "2026-11-20T10Z",
            "+002026-11-20T10:00:00Z",
        ] {
            let error = Time::parse(text).unwrap_err();
            assert!(error.to_string().contains("RFC 3339"), "{text}: {error}");
        }
    }

    #[test]
    fn durations_are_a_whole_number_and_a_unit() {
        assert_eq!(TimeDelta::parse("250ms"), Ok(TimeDelta::nanos(250_000_000)));
        assert_eq!(TimeDelta::parse("2d"), Ok(TimeDelta::seconds(172_800)));
        assert_eq!(TimeDelta::parse_offset("-90s"), Ok(TimeDelta::seconds(-90)));
        for text in ["", "5", "1.5s", "s", "-5s", "5 s", "99999999999999999999s"] {
            assert!(TimeDelta::parse(text).is_err(), "{text}");
        }
        assert!(TimeDelta::parse_offset("90s").is_err());
    }
}
