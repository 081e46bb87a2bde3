//! The sizes that GitHub's code scanning takes. It rejects a file beyond them as
//! a whole, so that one change with very many findings would hide all of them.

use std::io::{self, Write};

use flate2::Compression;
use flate2::write::GzEncoder;

use mcppolicy_analysis::shorten;

use super::log::{Fingerprints, Message, Result as Found};

/// The most results of one run.
pub(super) const RESULTS: usize = 25_000;
/// The most locations of one result that are shown.
pub(super) const LOCATIONS: usize = 100;
/// The longest description of a rule, in characters.
pub(super) const DESCRIPTION: usize = 1_000;
/// The most bytes of a file, compressed by gzip.
const COMPRESSED: usize = 10 << 20;
/// The rule of the result that says how many others are left out.
const LEFT_OUT: &str = "results-left-out";

/// The results within the number that is taken: the gravest first, and a last
/// one that says how many were left out. Fewer keep their order.
pub(super) fn within(results: &[Found], most: usize) -> Vec<Found> {
    if results.len() <= most {
        return results.to_vec();
    }
    let weight = |found: &&Found| {
        let level = match found.level {
            "error" => 0,
            "warning" => 1,
            _ => 2,
        };
        (!found.suppressions.is_empty(), level)
    };
    let mut sorted: Vec<&Found> = results.iter().collect();
    sorted.sort_by_key(weight);
    let left = sorted.split_off(most.saturating_sub(1));
    let mut taken: Vec<Found> = sorted.into_iter().cloned().collect();
    taken.extend(left.first().map(|first| left_out(first, left.len())));
    taken
}

fn left_out(first: &Found, count: usize) -> Found {
    let text = format!(
        "{} more results are left out here, which are not graver than those above; \
         the report in JSON has all of them",
        shorten::number(count)
    );
    Found {
        rule_id: LEFT_OUT,
        rule_index: None,
        level: first.level,
        message: Message::plain(text),
        locations: first.locations.clone(),
        related_locations: Vec::new(),
        partial_fingerprints: Fingerprints {
            line: format!("{LEFT_OUT}:1"),
            own: LEFT_OUT.to_owned(),
        },
        fixes: Vec::new(),
        suppressions: Vec::new(),
    }
}

/// How many of `count` results a text may hold that is compressed to what is
/// taken, if this one, which has all of them, may not.
pub(super) fn fewer(text: &str, count: usize) -> Option<usize> {
    fewer_than(text, count, COMPRESSED)
}

fn fewer_than(text: &str, count: usize, most: usize) -> Option<usize> {
    // Text that is not longer than that is not longer when it is compressed.
    if text.len() <= most || count <= 1 {
        return None;
    }
    let mut encoder = GzEncoder::new(Length(0), Compression::default());
    encoder.write_all(text.as_bytes()).ok()?;
    let Length(length) = encoder.finish().ok()?;
    // A tenth less, for results that compress worse than the average.
    let share = count.saturating_mul(most) / length.max(1);
    (length > most).then(|| (share - share / 10).clamp(1, count - 1))
}

/// The number of bytes that were written.
struct Length(usize);

impl Write for Length {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn results(levels: &[&'static str]) -> Vec<Found> {
        let one = |(at, level): (usize, &&'static str)| Found {
            rule_id: "rule",
            rule_index: Some(0),
            level,
            message: Message::plain(at.to_string()),
            locations: Vec::new(),
            related_locations: Vec::new(),
            partial_fingerprints: Fingerprints {
                line: String::new(),
                own: String::new(),
            },
            fixes: Vec::new(),
            suppressions: Vec::new(),
        };
        levels.iter().enumerate().map(one).collect()
    }

    #[test]
    fn the_gravest_stay_and_the_last_one_counts_the_others() {
        let texts = |most| -> Vec<String> {
            let found = within(&results(&["note", "error", "warning", "error"]), most);
            found.into_iter().map(|found| found.message.text).collect()
        };
        assert_eq!(texts(4), ["0", "1", "2", "3"]);
        let cut = texts(3);
        assert_eq!(cut[..2], ["1", "3"]);
        assert!(cut[2].starts_with("2 more results are left out"), "{cut:?}");
        assert_eq!(within(&results(&["note"; 30]), RESULTS).len(), 30);
    }

    #[test]
    fn only_what_is_too_long_when_it_is_compressed_gets_shorter() {
        let same = "same ".repeat(10_000);
        assert_eq!(fewer_than(&same, 100, 1_000), None);
        let mut state = 7_u64;
        let other: String = (0..20_000)
            .map(|_| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                char::from(b'a' + u8::try_from((state >> 33) % 26).unwrap())
            })
            .collect();
        let kept = fewer_than(&other, 100, 1_000).unwrap();
        assert!((1..20).contains(&kept), "{kept}");
        assert_eq!(fewer_than(&other, 1, 1_000), None);
    }
}
