//! Long texts in the forms that people read. Whoever writes a text must not be
//! able to push the verdict out of a page with it; the report in JSON has every
//! text whole.

use std::borrow::Cow;

/// The longest text of an author that is shown whole, in characters.
pub const LONGEST: usize = 500;
/// The longest sentence that is shown whole, with the texts of authors in it.
pub const LONGEST_SENTENCE: usize = 1_000;
/// The longest name that is shown whole.
pub const LONGEST_NAME: usize = 200;
/// The longest call that is shown whole.
pub const LONGEST_CALL: usize = 2_000;
/// Characters that two texts share and that are shown beside what differs.
const CONTEXT: usize = 40;

/// An author's text, cut at its end to [`LONGEST`] characters and the number of
/// those left out.
pub fn text(text: &str) -> Cow<'_, str> {
    cut(text, LONGEST)
}

/// A text cut at its end to so many characters and the number of those left out.
pub fn cut(text: &str, most: usize) -> Cow<'_, str> {
    match split(text, most) {
        Some((head, rest)) => Cow::Owned(format!("{head}{}", left_out(rest.chars().count()))),
        None => Cow::Borrowed(text),
    }
}

/// A sentence cut in its middle, so that both what it begins with and what it
/// comes to are kept however long the text in it is.
pub fn sentence(text: &str) -> Cow<'_, str> {
    middle(text, LONGEST_SENTENCE)
}

/// A name, a path or a pointer, cut in its middle.
pub fn name(text: &str) -> Cow<'_, str> {
    middle(text, LONGEST_NAME)
}

/// Whether a text has at most so many characters.
pub fn fits(text: &str, most: usize) -> bool {
    split(text, most).is_none()
}

/// A call as one line, cut in its middle. What is left is no JSON any more.
pub fn call(text: &str) -> Cow<'_, str> {
    middle(text, LONGEST_CALL)
}

/// A text of which the middle is left out where it is longer than `most`
/// characters: two thirds of what is kept are its beginning, one is its end.
pub fn middle(text: &str, most: usize) -> Cow<'_, str> {
    let Some((_, rest)) = split(text, most) else {
        return Cow::Borrowed(text);
    };
    let behind = most / 3;
    let more = rest.chars().count();
    let head = split(text, most - behind).map_or(text, |(head, _)| head);
    let tail = tail(text, behind);
    Cow::Owned(format!("{head}{} … {tail}", left_out(more)))
}

/// Two texts that differ, each as far as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// The old text.
    pub old: String,
    /// The new text.
    pub new: String,
    /// Whether everything in which they differ is there.
    pub is_whole: bool,
}

/// Two texts that differ. Of long ones, what they share at either end is left
/// out first.
pub fn pair(old: &str, new: &str) -> Pair {
    if split(old, LONGEST).is_none() && split(new, LONGEST).is_none() {
        return Pair {
            old: old.to_owned(),
            new: new.to_owned(),
            is_whole: true,
        };
    }
    let same = |(a, b): &(char, char)| a == b;
    let shared = |pairs: &mut dyn Iterator<Item = (char, char)>| -> usize {
        pairs.take_while(same).map(|(a, _)| a.len_utf8()).sum()
    };
    let head = shared(&mut old.chars().zip(new.chars()));
    let rest = |text: &'_ str| text.get(head..).unwrap_or_default().to_owned();
    let (old_rest, new_rest) = (rest(old), rest(new));
    let behind = shared(&mut old_rest.chars().rev().zip(new_rest.chars().rev()));
    let shown = |rest: &str| {
        let end = rest.len().saturating_sub(behind);
        let changed = rest.get(..end).unwrap_or_default();
        let prefix = old.get(..head).unwrap_or_default();
        let before = tail(prefix, CONTEXT);
        let cut_before = if before.len() < head { "…" } else { "" };
        if let Some((kept, left)) = split(changed, LONGEST) {
            let left = left.chars().count();
            let note = format!(
                "… ({} more characters, changed text is not shown)",
                number(left)
            );
            return (format!("{cut_before}{before}{kept}{note}"), false);
        }
        let suffix = rest.get(end..).unwrap_or_default();
        let (after, cut_after) = match split(suffix, CONTEXT) {
            Some((after, _)) => (after, "…"),
            None => (suffix, ""),
        };
        (
            format!("{cut_before}{before}{changed}{after}{cut_after}"),
            true,
        )
    };
    let ((old, old_whole), (new, new_whole)) = (shown(&old_rest), shown(&new_rest));
    Pair {
        old,
        new,
        is_whole: old_whole && new_whole,
    }
}

/// `… (69,500 more characters)`.
fn left_out(characters: usize) -> String {
    format!("… ({} more characters)", number(characters))
}

/// A whole number with its thousands apart: `69,500`.
pub fn number(number: impl std::fmt::Display) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A text before and behind its first `most` characters; `None` where it has no
/// more than those.
fn split(text: &str, most: usize) -> Option<(&str, &str)> {
    // A character has at least one byte.
    if text.len() <= most {
        return None;
    }
    let (at, _) = text.char_indices().nth(most)?;
    text.split_at_checked(at)
}

/// The last `most` characters.
fn tail(text: &str, most: usize) -> &str {
    let Some(last) = most.checked_sub(1) else {
        return "";
    };
    let from = text.char_indices().rev().nth(last).map_or(0, |(at, _)| at);
    text.get(from..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_long_text_is_cut_and_says_what_is_left_out() {
        let long = "é".repeat(70_000);
        let short = text(&long);
        assert!(short.ends_with("é… (69,500 more characters)"), "{short}");
        assert_eq!(short.chars().filter(|c| *c == 'é').count(), LONGEST);
        assert_eq!(text("a reason"), "a reason");
        assert_eq!(text(&"x".repeat(LONGEST)).len(), LONGEST);
    }

    #[test]
    fn a_long_sentence_keeps_both_ends() {
        let long = format!("The tool `{}` is not hidden", "x".repeat(70_000));
        let short = sentence(&long);
        assert!(short.starts_with("The tool `x"), "{short}");
        assert!(short.ends_with("` is not hidden") && short.contains("more characters) …"));
    }

    #[test]
    fn what_differs_is_kept_wherever_it_is() {
        let filler = "same ".repeat(10_000);
        let old = format!("{filler}at most 100{filler}");
        let new = format!("{filler}at most 100000{filler}");
        let pair = pair(&old, &new);
        assert!(pair.is_whole, "{pair:?}");
        assert!(pair.new.contains("at most 100000same"), "{pair:?}");
        assert!(pair.old.contains("at most 100same"), "{pair:?}");
        let far = super::pair(&format!("a{filler}b"), &format!("c{filler}d"));
        assert!(
            !far.is_whole && far.new.contains("changed text is not shown"),
            "{far:?}"
        );
    }

    proptest! {
        #[test]
        fn nothing_is_long_and_no_difference_is_lost_in_silence(
            head in "[aé]{0,700}", tail in "[aé]{0,700}", one in "[bż]{0,600}", two in "[cż]{0,600}",
        ) {
            let (old, new) = (format!("{head}{one}{tail}"), format!("{head}{two}{tail}"));
            let pair = pair(&old, &new);
            for side in [&pair.old, &pair.new] {
                prop_assert!(side.chars().count() <= LONGEST + 2 * CONTEXT + 80);
            }
            if pair.is_whole && old != new {
                prop_assert_ne!(&pair.old, &pair.new);
            }
            for most in [0, 1, 7, 500] {
                prop_assert!(middle(&old, most).chars().count() <= most + 40);
                prop_assert!(cut(&old, most).chars().count() <= most + 40);
            }
        }
    }
}
