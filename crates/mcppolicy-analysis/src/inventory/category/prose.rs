//! What a tool's description says: the verb that its first sentence leads
//! with, as documentation does ("Lists the branches of …").

use super::evidence::{Confidence, Evidence};
use super::name::by_verb;
use super::words;
use crate::inventory::category_kind::Category;

/// How many words behind a verb are its object.
const OBJECT: usize = 4;
/// How many words of a sentence are looked at.
const SENTENCE: usize = 24;

/// Tells a category from the first sentence of `text`.
///
/// Verbs joined to the leading one count as well ("Create, update or delete"),
/// and the most dangerous wins. Where the sentence does not begin with a verb,
/// the first one behind *to* or *for* is taken ("Tools for listing …"), else
/// a noun of action ("Full-text search across …").
pub(super) fn classify(text: &str) -> Option<Evidence> {
    let sentence = first_sentence(text);
    let tokens = tokens(sentence);
    let lead = tokens
        .iter()
        .position(|token| !words::is_filler(token))
        .filter(|at| is_verb(&tokens, *at));
    let evidence = match lead.or_else(|| behind_to(&tokens)) {
        Some(at) => by_verbs(&tokens, at),
        None => by_action(&tokens),
    };
    evidence.map(Evidence::in_description)
}

/// Whether a text promises that nothing is changed.
pub(super) fn promises_to_read_only(text: &str) -> bool {
    let text = text.to_lowercase();
    [
        "read-only",
        "read only",
        "readonly",
        "in read mode",
        "does not modify",
    ]
    .iter()
    .any(|promise| text.contains(promise))
}

fn first_sentence(text: &str) -> &str {
    let end = text.find(". ").or_else(|| text.find(".\n"));
    text.get(..end.unwrap_or(text.len())).unwrap_or(text)
}

/// Words in lower case, with `,` and `/` as words of their own.
fn tokens(sentence: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut word = String::new();
    for c in sentence.chars() {
        let joins = matches!(c, ',' | '/');
        if c.is_alphanumeric() || (matches!(c, '-' | '\'') && !word.is_empty()) {
            word.extend(c.to_lowercase());
            continue;
        }
        if !word.is_empty() {
            tokens.push(std::mem::take(&mut word));
        }
        if joins {
            tokens.push(c.to_string());
        }
        if tokens.len() >= SENTENCE {
            return tokens;
        }
    }
    if !word.is_empty() {
        tokens.push(word);
    }
    tokens
}

fn is_verb(tokens: &[String], at: usize) -> bool {
    tokens
        .get(at)
        .is_some_and(|token| words::verb(&words::base(token)).is_some())
}

/// The first verb behind *to* or *for*.
fn behind_to(tokens: &[String]) -> Option<usize> {
    let to = |token: &String| matches!(token.as_str(), "to" | "for" | "can");
    (1..tokens.len()).find(|at| tokens.get(at - 1).is_some_and(to) && is_verb(tokens, *at))
}

/// The verb at `first` and those joined to it.
fn by_verbs(tokens: &[String], first: usize) -> Option<Evidence> {
    let mut worst: Option<Evidence> = None;
    let mut joined = true;
    for at in first..tokens.len() {
        let token = tokens.get(at)?;
        if matches!(token.as_str(), "," | "/" | "and" | "or") {
            joined = true;
            continue;
        }
        // What follows a verb directly is its object: *list issues*.
        if !std::mem::take(&mut joined) {
            break;
        }
        let base = words::base(token);
        let next = tokens.get(at + 1).map(String::as_str);
        let told = next.is_some_and(|next| words::tells(&base, next)) && !acts(tokens, at);
        let verb = match told {
            true => Some((words::Verb::Does(Category::Read), Confidence::Plain)),
            false => words::verb(&base),
        };
        let Some((verb, confidence)) = verb else {
            break;
        };
        let mut phrase = vec![base];
        let object = tokens.get(at + 1..).unwrap_or_default();
        let ends = |word: &&String| words::begins_clause(word);
        let length = object
            .iter()
            .take(OBJECT)
            .position(|word| ends(&word))
            .unwrap_or(OBJECT.min(object.len()));
        phrase.extend(object.iter().take(length).cloned());
        let evidence = by_verb(verb, confidence, 0, &phrase);
        if worst
            .as_ref()
            .is_none_or(|worst| evidence.category > worst.category)
        {
            worst = Some(evidence);
        }
    }
    worst
}

/// Whether a verb that does more than look is joined on somewhere behind `at`.
fn acts(tokens: &[String], at: usize) -> bool {
    let behind = tokens.get(at + 1..).unwrap_or_default();
    behind.windows(2).any(|pair| {
        let [joint, word] = pair else { return false };
        let verb = words::verb(&words::base(word));
        matches!(joint.as_str(), "," | "/" | "and" | "or" | "then")
            && verb.is_some_and(|(verb, _)| verb != words::Verb::Does(Category::Read))
    })
}

/// A noun of action: *search*, *deletion*.
fn by_action(tokens: &[String]) -> Option<Evidence> {
    let (category, noun) = tokens
        .iter()
        .find_map(|token| words::action(token).map(|category| (category, token)))?;
    let confidence = match category {
        Category::Read => Confidence::Vague,
        _ => Confidence::Usual,
    };
    Some(Evidence {
        category,
        because: format!("noun *{noun}*"),
        confidence,
    })
}
