//! What a test says of the log that its calls are from.

use std::collections::HashMap;
use std::path::Path;

use crate::cli::support::input;

/// What the calls of each log say that they are from: its path from here, or,
/// of a log elsewhere, as much of the end of its path as tells it from the others.
/// A test is read on other machines, where the rest of the path says nothing, and
/// tells more of this one than anyone asked for.
pub(super) fn portable_names(logs: &[&Path]) -> Vec<String> {
    let mut names: Vec<String> = logs.iter().map(|log| input::display_name(log)).collect();
    let is_elsewhere = |name: &String| Path::new(name).is_absolute() || name.starts_with("../");
    let whole: Vec<(usize, Vec<String>)> = names
        .iter()
        .enumerate()
        .filter(|(_, name)| is_elsewhere(name))
        .map(|(at, name)| (at, name.split('/').rev().map(str::to_owned).collect()))
        .collect();
    let longest = whole.iter().map(|(_, parts)| parts.len()).max();
    let mut open: Vec<&(usize, Vec<String>)> = whole.iter().collect();
    for length in 1..=longest.unwrap_or_default() {
        for (at, parts) in &open {
            let end: Vec<&str> = parts
                .iter()
                .take(length)
                .rev()
                .map(String::as_str)
                .collect();
            if let Some(name) = names.get_mut(*at) {
                *name = end.join("/");
            }
        }
        let mut times: HashMap<&str, usize> = HashMap::new();
        for name in &names {
            *times.entry(name).or_default() += 1;
        }
        let is_taken = |at: usize| {
            names
                .get(at)
                .is_some_and(|name| times.get(name.as_str()) > Some(&1))
        };
        open.retain(|(at, _)| is_taken(*at));
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(logs: &[&str]) -> Vec<String> {
        let logs: Vec<&Path> = logs.iter().map(Path::new).collect();
        portable_names(&logs)
    }

    #[test]
    fn a_log_below_the_working_directory_keeps_its_path() {
        assert_eq!(
            names(&["logs/a.jsonl", "./b.jsonl"]),
            ["logs/a.jsonl", "b.jsonl"]
        );
        assert_eq!(names(&["-"]), ["<stdin>"]);
    }

    #[test]
    fn a_log_elsewhere_keeps_what_tells_it_from_the_others() {
        assert_eq!(names(&["/home/ann/x/a.jsonl"]), ["a.jsonl"]);
        assert_eq!(names(&["../x/a.jsonl"]), ["a.jsonl"]);
        assert_eq!(
            names(&["/ann/one/a.jsonl", "/ann/two/a.jsonl", "/ann/two/b.jsonl"]),
            ["one/a.jsonl", "two/a.jsonl", "b.jsonl"]
        );
        assert_eq!(
            names(&["a.jsonl", "/ann/x/a.jsonl"]),
            ["a.jsonl", "x/a.jsonl"]
        );
        assert_eq!(
            names(&["/a.jsonl", "/b/a.jsonl"]),
            ["/a.jsonl", "b/a.jsonl"]
        );
        // Two names of one log cannot be told apart.
        assert_eq!(
            names(&["/x/a.jsonl", "/x/a.jsonl"]),
            ["/x/a.jsonl", "/x/a.jsonl"]
        );
    }
}
