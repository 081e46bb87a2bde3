//! What a tool's name says.

use super::evidence::{Confidence, Evidence};
use super::words::{self, Verb};
use crate::inventory::category_kind::Category;

/// The category by a name alone; `None` where the name says nothing.
///
/// The first verb decides, because names say what they do before they say to
/// what (`get_run_status` reads), whatever service or object comes first
/// (`github_delete_file`). A second verb behind *and*, *or* or *then* counts
/// as well, and the more dangerous of the two wins.
///
/// Some name the object first (`mailing_list_delete`, `issue_list`). There the
/// last word decides, when it is a plain verb and the first can be a noun.
pub(super) fn classify(tool: &str) -> Option<Evidence> {
    let words = words::split(tool);
    let mut found: Option<Evidence> = None;
    let mut looking = true;
    for (at, word) in words.iter().enumerate() {
        if matches!(word.as_str(), "and" | "or" | "then") {
            looking = true;
            continue;
        }
        if !looking || words::is_compound_noun(&words, at) {
            continue;
        }
        let Some((verb, mut confidence)) = words::verb(word) else {
            continue;
        };
        let next = words.get(at + 1).and_then(|next| words::verb(next));
        if words::is_auxiliary(word) && next.is_some() {
            continue;
        }
        looking = false;
        // At the end of a name it is as likely the object: *network_request*.
        let is_last = at > 0 && at + 1 == words.len() && words::can_be_noun(word);
        if is_last && verb == Verb::Does(Category::Write) {
            confidence = Confidence::Vague;
        }
        let (at, verb, confidence) = ends_with_verb(&words, at).unwrap_or((at, verb, confidence));
        let next = by_verb(verb, confidence, at, &words);
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
fn ends_with_verb(words: &[String], first: usize) -> Option<(usize, Verb, Confidence)> {
    let last = words.len().checked_sub(1).filter(|last| *last > first)?;
    let (word, earlier) = (words.get(last)?, words.get(first)?);
    let (verb, confidence) = words::verb(word)?;
    let joined = words
        .iter()
        .any(|word| matches!(word.as_str(), "and" | "or" | "then"));
    let decides = words::can_be_noun(earlier) && words::ends_names(word) && !joined;
    decides.then_some((last, verb, confidence))
}

/// What the verb at `at` says together with its object, which is any other
/// word of `words`.
pub(super) fn by_verb(verb: Verb, confidence: Confidence, at: usize, words: &[String]) -> Evidence {
    let object = |is_wanted: fn(&str) -> bool| {
        let others = words.iter().enumerate().filter(|(other, _)| *other != at);
        others.map(|(_, word)| word).find(|word| is_wanted(word))
    };
    let (category, object, confidence) = match verb {
        Verb::Does(Category::Write) => match object(words::is_money) {
            Some(_) if object(words::is_about_money).is_some() => {
                (Category::Write, None, confidence)
            }
            Some(money) => (Category::Financial, Some(money), Confidence::Plain),
            None => (Category::Write, None, confidence),
        },
        Verb::Does(Category::Destructive)
            if is_drop(words, at) && object(words::is_pointing).is_some() =>
        {
            (Category::Write, object(words::is_pointing), confidence)
        }
        Verb::Does(category) => (category, None, confidence),
        Verb::Mover => match (object(words::is_goods), object(words::is_money)) {
            (Some(goods), None) => (Category::Write, Some(goods), confidence),
            (_, money) => (Category::Financial, money, confidence),
        },
        Verb::Querier => match object(words::is_database) {
            Some(database) => (Category::Execute, Some(database), Confidence::Usual),
            None => (Category::Read, None, confidence),
        },
        Verb::Taker => match object(words::is_picture) {
            Some(picture) => (Category::Read, Some(picture), Confidence::Plain),
            None => match object(words::is_money) {
                Some(money) => (Category::Financial, Some(money), Confidence::Plain),
                None => (Category::Write, None, Confidence::Vague),
            },
        },
        Verb::Manager => match (object(words::is_runnable), object(words::is_money)) {
            (Some(runnable), _) => (Category::Execute, Some(runnable), Confidence::Usual),
            (None, Some(money)) if object(words::is_about_money).is_none() => {
                (Category::Financial, Some(money), Confidence::Usual)
            }
            _ => (Category::Write, None, Confidence::Vague),
        },
    };
    let verb = words.get(at).map(String::as_str).unwrap_or_default();
    let because = match object {
        Some(object) => format!("verb *{verb}*, object *{object}*"),
        None => format!("verb *{verb}*"),
    };
    Evidence {
        category,
        because,
        confidence,
    }
}

fn is_drop(words: &[String], at: usize) -> bool {
    words.get(at).is_some_and(|word| word == "drop")
}

/// Names without a verb: `bash`, `sql`, `payment`.
fn by_noun(words: &[String]) -> Option<Evidence> {
    let named = |is_wanted: fn(&str) -> bool| words.iter().find(|word| is_wanted(word));
    let evidence = |category, noun: &String, confidence| Evidence {
        category,
        because: format!("noun *{noun}*, and no verb"),
        confidence,
    };
    // The log of a console is looked at, and a user agent is no agent.
    let last = words.last();
    if let Some(noun) = last.filter(|word| words.len() > 1 && words::is_sight(word)) {
        return Some(evidence(Category::Read, noun, Confidence::Vague));
    }
    let is_user_agent = words.windows(2).any(|pair| pair == ["user", "agent"]);
    let runner = named(words::is_runner)
        .filter(|noun| !(is_user_agent && *noun == "agent"))
        .map(|noun| evidence(Category::Execute, noun, Confidence::Plain));
    let others = || {
        let database = named(words::is_database);
        let money = named(words::is_money);
        let sight = words.last().filter(|word| words::is_sight(word));
        database
            .map(|noun| evidence(Category::Execute, noun, Confidence::Vague))
            .or_else(|| money.map(|noun| evidence(Category::Financial, noun, Confidence::Vague)))
            .or_else(|| sight.map(|noun| evidence(Category::Read, noun, Confidence::Vague)))
    };
    runner.or_else(others)
}
