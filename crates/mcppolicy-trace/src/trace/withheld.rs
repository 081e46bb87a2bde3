//! A line as messages show it: a line that cannot be read may hold anything
//! anywhere, so that only its shape and the names of the format are shown.

/// Whether the content of a line that cannot be read is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// Its shape only.
    Withheld,
    /// As it is written.
    Whole,
}

/// The names of the formats' members. Only these are shown.
const NAMES: [&str; 46] = [
    "answers",
    "arguments",
    "arguments_unknown",
    "at",
    "counter",
    "decision",
    "description",
    "error",
    "every",
    "expect",
    "file",
    "grant",
    "id",
    "increment_from",
    "jsonrpc",
    "kind",
    "line",
    "mcppolicy",
    "message",
    "method",
    "name",
    "note",
    "observed",
    "origin",
    "outcome",
    "params",
    "place",
    "policy",
    "policy_sha256",
    "reason",
    "refused",
    "repeat",
    "request",
    "response",
    "response_ts",
    "result",
    "rule",
    "server",
    "start",
    "step",
    "timestamp",
    "tool",
    "ts",
    "type",
    "used",
    "when",
];

/// The text with every character hidden that is neither punctuation of JSON
/// outside of strings nor part of a known member's name. Each stays as long as
/// it is, in bytes and in characters, so that places in the line stay right.
pub(super) fn withheld(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('"') {
        let (before, string) = rest.split_at_checked(at).unwrap_or((rest, ""));
        before.chars().for_each(|c| out.push(outside(c)));
        let length = length_of_string(string);
        let (string, after) = string.split_at_checked(length).unwrap_or((string, ""));
        let inner = string.trim_matches('"');
        if after.trim_start().starts_with(':') && NAMES.contains(&inner) {
            out.push_str(string);
        } else {
            let last = string.chars().count().saturating_sub(1);
            let each = string.chars().enumerate();
            each.for_each(|(at, c)| {
                let is_quote = c == '"' && (at == 0 || at == last);
                out.push(if is_quote { c } else { hidden(c) });
            });
        }
        rest = after;
    }
    rest.chars().for_each(|c| out.push(outside(c)));
    out
}

/// The length in bytes of the string that begins a text, quotes included; the
/// whole text where it does not end.
fn length_of_string(text: &str) -> usize {
    let mut is_escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn outside(c: char) -> char {
    match c {
        '{' | '}' | '[' | ']' | ':' | ',' | ' ' | '\t' => c,
        other => hidden(other),
    }
}

/// A character that stands for another one of the same length in UTF-8.
fn hidden(c: char) -> char {
    match c.len_utf8() {
        1 => '*',
        2 => '\u{B7}',
        3 => '\u{2022}',
        _ => '\u{10101}',
    }
}

/// A JSON Pointer, cut where the content of arguments or results begins.
pub(super) fn cut_pointer(pointer: &str) -> &str {
    let mut end = 0;
    for part in pointer.split('/').skip(1) {
        end += 1 + part.len();
        if matches!(part, "arguments" | "response" | "result" | "error") {
            break;
        }
    }
    pointer.get(..end).unwrap_or(pointer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_shape_of_a_line_is_shown() {
        for (text, shown) in [
            (
                r#"{"tool":"pay","arguments":{"iban":"DE12 3","n":-1.5e3}}"#,
                r#"{"tool":"***","arguments":{"****":"**** *","*":******}}"#,
            ),
            (
                r#"{"tool": "pay" "arguments": {"key": "sk-live"}"#,
                r#"{"tool": "***" "arguments": {"***": "*******"}"#,
            ),
            (r#"{"ts":"\" tool\":","x"#, r#"{"ts":"**********","*"#),
            ("not json: hunter2", "*** ****: *******"),
            ("\"é€\u{1F600}\"", "\"\u{B7}\u{2022}\u{10101}\""),
        ] {
            let masked = withheld(text);
            assert_eq!(masked.len(), text.len());
            assert_eq!(masked.chars().count(), text.chars().count());
            let spaces = |text: &str| text.replace(' ', "*");
            assert_eq!(spaces(&masked), spaces(shown), "{text}");
        }
    }

    #[test]
    fn a_pointer_names_no_argument() {
        for (pointer, cut) in [
            ("", ""),
            ("/expect/0", "/expect/0"),
            ("/arguments/secret/0", "/arguments"),
            (
                "/request/params/arguments/secret",
                "/request/params/arguments",
            ),
            ("/response/result/secret", "/response"),
        ] {
            assert_eq!(cut_pointer(pointer), cut);
        }
    }
}
