//! What a tool's name says.

use super::Category;
use super::evidence::{Told, Weight};
use super::words::{self, Verb};

/// Tells a category from a name alone, `None` where the name says nothing.
///
/// The first verb decides, because names say what they do before they say to
/// what (`get_run_status` reads), whatever service or object stands in front
/// (`github_delete_file`). A second verb behind *and*, *or* or *then* counts
/// as well, and the more dangerous of the two wins.
///
/// Some name the object first (`mailing_list_delete`, `issue_list`). There the
/// last word decides, when it is a plain verb and the first can be a noun.
pub(super) fn tell(tool: &str) -> Option<Told> {
    let words = words::split(tool);
    let mut found: Option<Told> = None;
    let mut looking = true;
    for (at, word) in words.iter().enumerate() {
        if matches!(word.as_str(), "and" | "or" | "then") {
            looking = true;
            continue;
        }
        if !looking || words::is_compound_noun(&words, at) {
            continue;
        }
        let Some((verb, weight)) = words::verb(word) else {
            continue;
        };
        looking = false;
        let (at, verb, weight) = ends_with_verb(&words, at).unwrap_or((at, verb, weight));
        let next = by_verb(verb, weight, at, &words);
        if found
            .as_ref()
            .is_none_or(|earlier| next.category > earlier.category)
        {
            found = Some(next);
        }
    }
    found.or_else(|| by_noun(&words))
}

/// The last word of a name whose first verb, at `first`, was a noun after all.
fn ends_with_verb(words: &[String], first: usize) -> Option<(usize, Verb, Weight)> {
    let last = words.len().checked_sub(1).filter(|last| *last > first)?;
    let (word, earlier) = (words.get(last)?, words.get(first)?);
    let (verb, weight) = words::verb(word)?;
    let joined = words
        .iter()
        .any(|word| matches!(word.as_str(), "and" | "or" | "then"));
    let decides = words::can_be_noun(earlier) && words::ends_names(word) && !joined;
    decides.then_some((last, verb, weight))
}

/// What the verb at `at` says together with its object, which is any other
/// word of `words`.
pub(super) fn by_verb(verb: Verb, weight: Weight, at: usize, words: &[String]) -> Told {
    let object = |is_wanted: fn(&str) -> bool| {
        let others = words.iter().enumerate().filter(|(other, _)| *other != at);
        others.map(|(_, word)| word).find(|word| is_wanted(word))
    };
    let (category, object, weight) = match verb {
        Verb::Does(Category::Write) => match object(words::is_money) {
            Some(_) if object(words::is_about_money).is_some() => (Category::Write, None, weight),
            Some(money) => (Category::Financial, Some(money), Weight::Plain),
            None => (Category::Write, None, weight),
        },
        Verb::Does(category) => (category, None, weight),
        Verb::Mover => match (object(words::is_goods), object(words::is_money)) {
            (Some(goods), None) => (Category::Write, Some(goods), weight),
            (_, money) => (Category::Financial, money, weight),
        },
        Verb::Querier => match object(words::is_database) {
            Some(database) => (Category::Execute, Some(database), Weight::Usual),
            None => (Category::Read, None, weight),
        },
        Verb::Taker => match object(words::is_picture) {
            Some(picture) => (Category::Read, Some(picture), Weight::Plain),
            None => match object(words::is_money) {
                Some(money) => (Category::Financial, Some(money), Weight::Plain),
                None => (Category::Write, None, Weight::Vague),
            },
        },
        Verb::Manager => match (object(words::is_runnable), object(words::is_money)) {
            (Some(runnable), _) => (Category::Execute, Some(runnable), Weight::Usual),
            (None, Some(money)) if object(words::is_about_money).is_none() => {
                (Category::Financial, Some(money), Weight::Usual)
            }
            _ => (Category::Write, None, Weight::Vague),
        },
    };
    let verb = words.get(at).map(String::as_str).unwrap_or_default();
    let because = match object {
        Some(object) => format!("verb *{verb}*, object *{object}*"),
        None => format!("verb *{verb}*"),
    };
    Told {
        category,
        because,
        weight,
    }
}

/// Names without a verb: `bash`, `sql`, `payment`.
fn by_noun(words: &[String]) -> Option<Told> {
    let named = |is_wanted: fn(&str) -> bool| words.iter().find(|word| is_wanted(word));
    let told = |category, noun: &String, weight| Told {
        category,
        because: format!("noun *{noun}*, and no verb"),
        weight,
    };
    let runner = named(words::is_runner).map(|noun| told(Category::Execute, noun, Weight::Plain));
    let others = || {
        let database = named(words::is_database);
        let money = named(words::is_money);
        let sight = words.last().filter(|word| words::is_sight(word));
        database
            .map(|noun| told(Category::Execute, noun, Weight::Vague))
            .or_else(|| money.map(|noun| told(Category::Financial, noun, Weight::Vague)))
            .or_else(|| sight.map(|noun| told(Category::Read, noun, Weight::Vague)))
    };
    runner.or_else(others)
}
