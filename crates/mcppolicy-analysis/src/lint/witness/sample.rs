//! Texts that a pattern probably matches: a handful of short, readable ones,
//! for the engine to confirm.

use regex_syntax::hir::{Class, Hir, HirKind, Repetition};

/// The most texts that one fragment of a pattern gives.
const MOST: usize = 16;

/// Words that people read easily, tried first where a pattern repeats a class.
const WORDS: [&str; 3] = ["example", "EXAMPLE", "12"];

/// Characters tried first for a class.
const CHARACTERS: [char; 7] = ['a', '1', 'A', ' ', '/', '.', '-'];

/// Longer samples are not readable.
const LONGEST: usize = 4096;

/// A few texts that `hir` matches when its look-arounds are satisfied.
pub(super) fn samples(hir: &Hir) -> Vec<String> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => vec![String::new()],
        HirKind::Literal(literal) => vec![String::from_utf8_lossy(&literal.0).into_owned()],
        HirKind::Class(class) => characters(class).map(String::from).collect(),
        HirKind::Repetition(repetition) => repeated(repetition),
        HirKind::Capture(capture) => samples(&capture.sub),
        HirKind::Concat(fragments) => joined(fragments),
        HirKind::Alternation(branches) => either(branches),
    }
}

fn contains(class: &Class, c: char) -> bool {
    match class {
        Class::Unicode(class) => class
            .ranges()
            .iter()
            .any(|range| (range.start()..=range.end()).contains(&c)),
        Class::Bytes(class) => class.ranges().iter().any(|range| {
            u8::try_from(c).is_ok_and(|byte| (range.start()..=range.end()).contains(&byte))
        }),
    }
}

fn characters(class: &Class) -> impl Iterator<Item = char> {
    let first = match class {
        Class::Unicode(class) => class.ranges().first().map(|range| range.start()),
        Class::Bytes(class) => class
            .ranges()
            .first()
            .map(|range| char::from(range.start())),
    };
    let liked = CHARACTERS.into_iter().filter(move |c| contains(class, *c));
    let mut found: Vec<char> = liked.take(3).collect();
    if found.is_empty() {
        found.extend(first);
    }
    found.into_iter()
}

fn repeated(repetition: &Repetition) -> Vec<String> {
    let fits = |count: usize| {
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        count >= repetition.min && repetition.max.is_none_or(|max| count <= max)
    };
    let mut texts = Vec::new();
    if let HirKind::Class(class) = repetition.sub.kind() {
        let words = WORDS
            .into_iter()
            .filter(|word| fits(word.chars().count()) && word.chars().all(|c| contains(class, c)));
        texts.extend(words.map(str::to_owned));
    }
    let once = samples(&repetition.sub);
    for count in [repetition.min.max(1), repetition.min] {
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        if fits(count) {
            let short = once
                .iter()
                .filter(|text| text.len().saturating_mul(count) <= LONGEST);
            texts.extend(short.map(|text| text.repeat(count)));
        }
    }
    cut(texts)
}

/// Every sample of each fragment is used at least once; not every combination.
fn joined(fragments: &[Hir]) -> Vec<String> {
    let choices: Vec<Vec<String>> = fragments.iter().map(samples).collect();
    let variants = choices.iter().map(Vec::len).max().unwrap_or(0);
    let mut texts = Vec::new();
    for variant in 0..variants {
        let chosen = choices
            .iter()
            .map(|choice| choice.get(variant).or_else(|| choice.first()));
        // A fragment without a sample (an empty class) matches nothing.
        if let Some(text) = chosen
            .map(|text| text.map(String::as_str))
            .collect::<Option<String>>()
        {
            texts.push(text);
        }
    }
    texts.retain(|text| text.len() <= LONGEST);
    cut(texts)
}

/// The first sample of each branch before the second of any.
fn either(branches: &[Hir]) -> Vec<String> {
    let choices: Vec<Vec<String>> = branches.iter().take(MOST).map(samples).collect();
    let rounds = choices.iter().map(Vec::len).max().unwrap_or(0);
    let in_rounds = (0..rounds).flat_map(|round| {
        choices
            .iter()
            .filter_map(move |choice| choice.get(round).cloned())
    });
    cut(in_rounds.collect())
}

fn cut(texts: Vec<String>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for text in texts {
        if kept.len() < MOST && !kept.contains(&text) {
            kept.push(text);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use mcppolicy_engine::pattern::Pattern;

    #[track_caller]
    fn some_sample_matches(pattern: &str) {
        let pattern = Pattern::parse(pattern).unwrap();
        let texts = samples(pattern.hir());
        assert!(
            texts.iter().any(|text| pattern.is_match(text)),
            "{}: {texts:?}",
            pattern.as_str()
        );
    }

    #[test]
    fn a_sample_of_an_ordinary_pattern_matches_it() {
        for pattern in [
            "",
            "^feat/",
            "^(npm (test|run lint)|ls( .*)?|cat [A-Za-z0-9_/.-]+)$",
            r"^\d{4}-\d{2}-\d{2}$",
            r"(?i)^select\b",
            r"^[^/\n]+$",
            r"^(?:[a-f0-9]{8}){4}$",
            r"^\w+@example\.com$",
            "a|^b$",
            r"^\x00$",
        ] {
            some_sample_matches(pattern);
        }
    }

    #[test]
    fn every_branch_of_an_alternation_gives_a_sample() {
        let pattern = Pattern::parse("^(alpha|beta|gamma)$").unwrap();
        assert_eq!(samples(pattern.hir()), ["alpha", "beta", "gamma"]);
    }

    #[test]
    fn a_pattern_that_nothing_matches_gives_none_that_does() {
        let pattern = Pattern::parse(r"^[^\s\S]$").unwrap();
        assert!(
            !samples(pattern.hir())
                .iter()
                .any(|text| pattern.is_match(text))
        );
    }

    #[test]
    fn nested_counts_stay_short() {
        let pattern = Pattern::parse("^(?:(?:ab){30}){30}$").unwrap();
        assert!(
            samples(pattern.hir())
                .iter()
                .all(|text| text.len() <= LONGEST)
        );
    }
}
