//! The known word that a mistyped one probably means.

/// Longer words are no typing errors, and comparing them costs time.
const LONGEST: usize = 64;

/// However long the word, more edits than this make another word of it.
const MOST_EDITS: usize = 3;

/// The word of `known` that is nearest to `word`, when one is near: the same
/// but for case and separators, or a few edits away (one in three characters,
/// so that a word of two must be exact), or abbreviated to three letters or
/// more. Of equally near words the first one counts.
pub fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if word.len() > LONGEST {
        return None;
    }
    let word = normalized(word);
    let length = word.chars().count();
    let mut best: Option<(usize, &str)> = None;
    let mut abbreviated: Vec<&str> = Vec::new();
    for candidate in known {
        let candidate_normalized = normalized(candidate);
        if length >= 3 && candidate_normalized.starts_with(&word) {
            abbreviated.push(candidate);
        }
        let longer = length.max(candidate_normalized.chars().count());
        let shorter = length.min(candidate_normalized.chars().count());
        let allowed = (longer / 3).min(MOST_EDITS);
        if longer - shorter > allowed {
            continue;
        }
        let edits = strsim::osa_distance(&word, &candidate_normalized);
        if edits <= allowed && best.is_none_or(|(fewest, _)| edits < fewest) {
            best = Some((edits, candidate));
        }
    }
    match (best, abbreviated.as_slice()) {
        (Some((_, candidate)), _) => Some(candidate),
        (None, [only]) => Some(only),
        _ => None,
    }
}

/// Without case and separators: `denyIf`, `deny-if` and `deny_if` are one.
fn normalized(word: &str) -> String {
    word.chars()
        .filter(|character| !matches!(character, '_' | '-' | '.' | ' '))
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
        nearest(word, known.iter().copied())
    }

    #[test]
    fn a_slip_of_the_finger_finds_its_word() {
        let windows = ["minute", "hour", "day"];
        assert_eq!(near("minut", &windows), Some("minute"));
        assert_eq!(near("huor", &windows), Some("hour"));
        assert_eq!(near("days", &windows), Some("day"));
        assert_eq!(near("min", &windows), Some("minute"));
        assert_eq!(near("Minute", &windows), Some("minute"));
    }

    #[test]
    fn case_and_separators_do_not_count() {
        let members = ["require", "deny_if", "limits"];
        assert_eq!(near("denyIf", &members), Some("deny_if"));
        assert_eq!(near("deny-if", &members), Some("deny_if"));
        assert_eq!(near("LIMITS", &members), Some("limits"));
    }

    #[test]
    fn short_words_are_near_only_to_almost_the_same() {
        let operators = ["eq", "neq", "in", "lt", "lte", "gt", "gte"];
        assert_eq!(near("ge", &operators), Some("gte"));
        assert_eq!(near("is", &operators), None);
        assert_eq!(near("x", &operators), None);
        assert_eq!(near("EQ", &operators), Some("eq"));
    }

    #[test]
    fn another_word_is_near_to_none() {
        assert_eq!(near("second", &["minute", "hour", "day"]), None);
        assert_eq!(near("", &["minute", "hour", "day"]), None);
        assert_eq!(near("not", &["not_in", "not_now"]), None);
        assert_eq!(near(&"x".repeat(1 << 20), &["minute"]), None);
    }
}
