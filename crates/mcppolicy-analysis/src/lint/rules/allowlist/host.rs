//! The hosts that a list names, and the one that it lets in beside them.

use super::{Allowlist, Requirements, Subject, accepted, pattern_of};
use crate::lint::context::{Context, Tool};
use mcppolicy_trace::trace::WitnessCall;

/// A call that goes to a host that `list` does not name.
pub(in crate::lint::rules) fn foreign_host(
    context: &Context<'_>,
    tool: &Tool<'_>,
    list: &Allowlist<'_>,
) -> Option<WitnessCall> {
    let text = list.pattern.as_str();
    let is_url = match Subject::of(list.path) {
        Some(Subject::Host) => text.contains("://"),
        Some(Subject::Url) => true,
        _ if text.contains("://") => true,
        _ => return None,
    };
    // Other patterns of the same argument may name domains as well.
    let required = tool.rules.require.iter().flat_map(|rule| &rule.conditions);
    let mut domains = Vec::new();
    for condition in required.filter(|condition| condition.path.value == *list.path) {
        if let Some(pattern) = pattern_of(&condition.test) {
            domains.extend(domains_in(pattern.as_str())?);
        }
    }
    if domains.is_empty() {
        return None;
    }
    let (before, behind) = if is_url {
        (
            r"(?i)^[a-z][a-z0-9+.-]*://(?:[^/?#\\\s]*@)?",
            r"(?::[0-9]+)?(?:[/?#\\]|$)",
        )
    } else {
        ("(?i)^", "(?::[0-9]+)?$")
    };
    let names: Vec<String> = domains
        .iter()
        .map(|domain| regex_syntax::escape(domain))
        .collect();
    let any = format!(r"{before}(?:[a-z0-9-]+\.)+[a-z]{{2,}}{behind}");
    let named = format!(r"{before}(?:[a-z0-9-]+\.)*(?:{}){behind}", names.join("|"));
    let evil = format!(r"(?:^|[^A-Za-z0-9-])evil\.example{behind}");
    let call_matching = |matching: Vec<&str>| -> Option<WitnessCall> {
        let requirements = Requirements {
            path: list.path,
            matching,
            not: vec![&named],
        };
        accepted(context, tool, &requirements)
    };
    let found = call_matching(vec![&any])?;
    let https = || call_matching(vec![&any, &evil, "^https://"]).filter(|_| is_url);
    let telling = https().or_else(|| call_matching(vec![&any, &evil]));
    Some(telling.unwrap_or(found))
}

/// The domains that stand in the text of a pattern; nothing when a fragment of one
/// may be put together from parts, so that nobody can tell which are meant.
fn domains_in(pattern: &str) -> Option<Vec<String>> {
    let text: Vec<char> = pattern
        .replace(r"\.", ".")
        .replace(r"\-", "-")
        .replace(r"\/", "/")
        .chars()
        .collect();
    let is_part = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    let mut domains = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let length = rest.iter().take_while(|c| is_part(c)).count();
        let token: String = rest.iter().take(length).collect();
        let behind: String = rest.iter().skip(length).take(8).collect();
        let before: String = text.iter().take(at).skip(at.saturating_sub(3)).collect();
        at += length.max(1);
        let name = token.trim_matches('.');
        let last = name.rsplit('.').next().unwrap_or_default();
        if !name.contains('.') || !last.chars().all(|c| c.is_ascii_alphabetic()) {
            continue;
        }
        if is_put_together(&before, &token, &behind) {
            return None;
        }
        if last.len() >= 2 {
            domains.push(name.to_ascii_lowercase());
        }
    }
    Some(domains)
}

/// Whether a group, a class or a count makes a name longer or ambiguous.
fn is_put_together(before: &str, token: &str, behind: &str) -> bool {
    let goes_on = match behind.chars().next() {
        Some('?' | '*' | '+' | '{') => !token.ends_with('.'),
        Some('[') => {
            !behind.starts_with("[/")
                && !behind.starts_with("[:")
                && !behind.starts_with("[^")
                && !behind.starts_with("[?")
        }
        Some('(') => {
            let inside = behind.trim_start_matches(['(', '?', ':']);
            !inside.starts_with(['/', '[', '$', '\\', '#', '.'])
        }
        _ => false,
    };
    let is_joined = match before.chars().next_back() {
        _ if token.starts_with('.') => false,
        Some(')' | ']') => !before.ends_with(".)"),
        Some('?' | '*' | '+') => before.ends_with(")?") && !before.ends_with(".)?"),
        _ => false,
    };
    goes_on || is_joined
}

#[cfg(test)]
mod tests {
    use super::domains_in;

    fn domains(pattern: &str) -> Option<Vec<String>> {
        domains_in(pattern)
    }

    #[test]
    fn whole_domains_are_read_from_a_pattern() {
        for (pattern, expected) in [
            (r"^https://api\.example\.com/", vec!["api.example.com"]),
            ("^https://api.example.com/", vec!["api.example.com"]),
            (r"^https://(www\.)?example\.com(/.*)?$", vec!["example.com"]),
            (
                r"^https?://[a-z0-9-]+\.example\.com(?::[0-9]+)?/",
                vec!["example.com"],
            ),
            (
                r"^https://(a\.example/x|b\.example/y)$",
                vec!["a.example", "b.example"],
            ),
            (r"^https://example\.com.*$", vec!["example.com"]),
            (r"^https://", vec![]),
            (r"^http://localhost:3000/", vec![]),
            (r"^https://127\.0\.0\.1/", vec![]),
        ] {
            assert_eq!(
                domains(pattern),
                Some(expected.into_iter().map(str::to_owned).collect()),
                "{pattern}"
            );
        }
    }

    #[test]
    fn a_name_that_is_put_together_is_not_guessed_at() {
        for pattern in [
            r"^https://api\.example\.co(m|\.uk)/",
            r"^https://api\.example\.com?/",
            r"^https://(foo|bar)example\.com/",
            r"^https://api\.example\.c[a-z]m/",
        ] {
            assert_eq!(domains(pattern), None, "{pattern}");
        }
    }
}
