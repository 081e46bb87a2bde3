//! Limits in words.

use super::spell::{argument, joined, number};
use mcppolicy_engine::policy::Limit;

/// What a limit lets through for each grant: `at most 60 calls a minute`.
pub fn limit(limit: &Limit) -> String {
    let window = match limit.window.value.name() {
        "hour" => "an hour".to_owned(),
        name => format!("a {name}"),
    };
    let max = number(limit.max.value);
    match &limit.increment_from {
        None if limit.max.value == 1 => format!("at most 1 call {window}"),
        None => format!("at most {max} calls {window}"),
        Some(path) => {
            let path = argument(&path.value);
            format!("a sum of {path} (a number of at least 0, rounded up) up to {max} {window}")
        }
    }
}

/// What limits let through together; `None` where there is none.
pub fn limits(list: &[Limit]) -> Option<String> {
    (!list.is_empty()).then(|| format!("{} for each grant", joined(list.iter().map(limit), "and")))
}
