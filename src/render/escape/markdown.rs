//! Text from files in the markdown of GitHub and GitLab: no markup, no link, no
//! mention, no reference, no command.
//!
//! A forge reads a text twice. Its parser finds markup and addresses in the
//! source, where an entity is not the character that it stands for; later
//! filters find mentions, references and symbols in the page, where it is. So
//! what the parser reads becomes an entity, and what the filters read is broken
//! by a zero-width space, which is written as an entity itself.

use std::fmt::Write;

use super::terminal;

/// A zero-width space.
const BREAK: &str = "&#8203;";
/// The fewest hexadecimal digits that are taken for a commit.
const COMMIT: usize = 7;

/// `text` as a code span that survives tables.
pub fn markdown_code(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | ':');
    if !text.is_empty() && text.chars().all(plain) {
        return format!("`{}`", terminal(text));
    }
    markdown_element(text)
}

/// `text` as a code span where markdown is not read, such as a summary, and
/// wherever it is not harmless: an HTML element, in which the filters look for
/// neither mentions nor references, and the parser for everything.
pub fn markdown_element(text: &str) -> String {
    let mut out = String::from("<code>");
    push_inert(&mut out, &terminal(text), Reader::Parser);
    out.push_str("</code>");
    out
}

/// Pieces of a text as one code span in an HTML element, those in bold that are
/// marked.
pub fn markdown_marked<'p>(pieces: impl IntoIterator<Item = (&'p str, bool)>) -> String {
    let mut out = String::from("<code>");
    for (text, is_marked) in pieces {
        let [begin, end] = if is_marked { ["<b>", "</b>"] } else { ["", ""] };
        out.push_str(begin);
        push_inert(&mut out, &terminal(text), Reader::Parser);
        out.push_str(end);
    }
    out.push_str("</code>");
    out
}

/// A sentence for markdown, tables included: text between backquotes
/// becomes code, and in the rest nothing is markup, a mention, a reference or
/// a link.
pub fn markdown(text: &str) -> String {
    sentence(text, markdown_code)
}

/// `text` as code; as a sentence where it has code within it.
pub fn markdown_told(text: &str) -> String {
    if text.contains('`') {
        markdown(text)
    } else {
        markdown_code(text)
    }
}

/// The same for where HTML is read and markdown is not.
pub fn markdown_told_summary(text: &str) -> String {
    if text.contains('`') {
        markdown_summary(text)
    } else {
        markdown_element(text)
    }
}

/// A sentence for where HTML is read and markdown is not, such as a summary.
pub fn markdown_summary(text: &str) -> String {
    sentence(text, markdown_element)
}

fn sentence(text: &str, to_code: fn(&str) -> String) -> String {
    let mut out = String::with_capacity(text.len());
    let text = terminal(text);
    let text = begin(&mut out, text.trim_start());
    let mut parts = text.split('`').peekable();
    let mut code = false;
    while let Some(part) = parts.next() {
        match (code, parts.peek()) {
            (true, Some(_)) => out.push_str(&to_code(part)),
            // Without a partner it is a plain character.
            (true, None) => {
                out.push_str("&#96;");
                push_inert(&mut out, part, Reader::Both);
            }
            (false, _) => push_inert(&mut out, part, Reader::Both),
        }
        code = !code;
    }
    out
}

/// Writes what makes a block or a command at the beginning of a line only, and
/// returns the rest: items of lists, underlines of headings, GitLab's quick
/// actions.
fn begin<'t>(out: &mut String, text: &'t str) -> &'t str {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let rest = text.get(digits..).unwrap_or_default();
    let mut characters = rest.chars();
    let first = characters.next().unwrap_or(' ');
    let is_item = characters.next().is_none_or(char::is_whitespace);
    let is_block = match digits {
        0 => matches!(first, '-' | '=' | '/'),
        _ => matches!(first, '.' | ')') && is_item,
    };
    if !is_block {
        return text;
    }
    out.push_str(text.get(..digits).unwrap_or_default());
    let _ = write!(out, "&#{};", u32::from(first));
    rest.get(first.len_utf8()..).unwrap_or_default()
}

/// Who reads a text as more than characters.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reader {
    /// The parser alone: the filters leave code alone.
    Parser,
    /// The parser, and then the filters.
    Both,
}

fn push_inert(out: &mut String, text: &str, reader: Reader) {
    let mut before = ' ';
    let mut commit = 0;
    for (at, character) in text.char_indices() {
        let rest = text.get(at..).unwrap_or_default();
        let mut behind = rest.chars().skip(1);
        let next = behind.next().unwrap_or(' ');
        if reader == Reader::Both {
            if !before.is_ascii_alphanumeric() {
                commit = hexadecimal(rest);
            }
            if commit > 0 && character.is_ascii_hexdigit() {
                // No piece is long enough to be a commit.
                if commit.is_multiple_of(4) {
                    out.push_str(BREAK);
                }
                commit -= 1;
            }
            // `group/project>` is a reference in GitLab.
            if character == '>' && before.is_ascii_alphanumeric() {
                out.push_str(BREAK);
            }
        }
        push_character(out, character, before, next, reader);
        if is_read(character, before, rest, next, reader) {
            out.push_str(BREAK);
        }
        before = character;
    }
}

/// Digits of the word that `text` begins with, if it may be a commit.
fn hexadecimal(text: &str) -> usize {
    let word = text.bytes().take_while(u8::is_ascii_alphanumeric);
    let (count, is_hex) = word.fold((0, true), |(count, is_hex), byte| {
        (count + 1, is_hex && byte.is_ascii_hexdigit())
    });
    if is_hex && count >= COMMIT { count } else { 0 }
}

/// Whether something that the parser or a filter reads is broken behind a
/// character.
fn is_read(character: char, before: char, rest: &str, next: char, reader: Reader) -> bool {
    let is_filtered = match character {
        '#' | '!' | '$' | '~' | '%' | '&' | '^' => !next.is_whitespace(),
        // `:tada:`, `:+1:`, and references such as `[vulnerability:1]`.
        ':' => {
            let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '+' | '-');
            let behind = rest.trim_start_matches(':').trim_start_matches(is_name);
            let is_reference = next.is_ascii_digit() || next == '"';
            (is_name(next) && behind.starts_with(':'))
                || (before.is_ascii_alphabetic() && is_reference)
        }
        // `GH-1`, and the keys of other trackers.
        '-' => before.is_ascii_alphabetic() && next.is_ascii_digit(),
        _ => false,
    };
    match character {
        '@' => !next.is_whitespace(),
        ':' if next == '/' => true,
        'w' | 'W' => {
            let start = rest.get(..4).unwrap_or_default();
            start.eq_ignore_ascii_case("www.")
        }
        _ => reader == Reader::Both && is_filtered,
    }
}

fn push_character(out: &mut String, character: char, before: char, next: char, reader: Reader) {
    let is_plain = match character {
        ',' | '.' | '/' | ';' | '-' | '"' | '\'' => true,
        // Harmless in a sentence, and easier to read.
        '(' | ')' | ':' | '{' | '}' | '=' | '?' => reader == Reader::Both,
        '_' => reader == Reader::Both && before.is_ascii_alphanumeric() && next.is_alphanumeric(),
        other => !other.is_ascii_punctuation(),
    };
    if is_plain {
        out.push(character);
    } else {
        let _ = write!(out, "&#{};", u32::from(character));
    }
}

/// Text for a fenced block of markdown, and the fence: one backquote more
/// than the longest run inside.
pub fn markdown_block<'l>(lines: impl IntoIterator<Item = &'l str>, language: &str) -> String {
    let lines: Vec<String> = lines.into_iter().map(terminal).collect();
    let text = lines.join("\n");
    let mut longest = 2;
    let mut run = 0;
    for character in text.chars() {
        run = if character == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    let fence = "`".repeat(longest + 1);
    format!("{fence}{language}\n{text}\n{fence}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_reads_no_markup_in_a_sentence() {
        assert_eq!(markdown("use `a|b`"), "use <code>a&#124;b</code>");
        assert_eq!(markdown("use `a_b`, 5.00"), "use `a_b`, 5.00");
        assert_eq!(markdown("www.x.y"), "w&#8203;ww.x.y");
        assert_eq!(markdown("one ` alone"), "one &#96; alone");
        assert_eq!(markdown("@team"), "&#64;&#8203;team");
        assert_eq!(markdown("https://x.y"), "https:&#8203;//x.y");
        assert_eq!(markdown("[a](b)<i>"), "&#91;a&#93;(b)&#60;i&#8203;&#62;");
    }

    #[test]
    fn no_filter_of_a_forge_finds_anything() {
        for (text, inert) in [
            ("a@b.c", "a&#64;&#8203;b.c"),
            ("mailto:a@b.c", "mailto:a&#64;&#8203;b.c"),
            ("xmpp:a@b.c/d", "xmpp:a&#64;&#8203;b.c/d"),
            ("smb://x", "smb:&#8203;//x"),
            ("WWW.x", "W&#8203;WW.x"),
            ("o/r#1", "o/r&#35;&#8203;1"),
            ("GH-1", "GH-&#8203;1"),
            ("g/p!2", "g/p&#33;&#8203;2"),
            ("g/p>", "g/p&#8203;&#62;"),
            (
                ":tada: :+1: ::100:",
                ":&#8203;tada: :&#8203;&#43;1: ::&#8203;100:",
            ),
            ("[issue:1]", "&#91;issue:&#8203;1&#93;"),
            ("a: b, c:d", "a: b, c:d"),
            ("deadbee", "dea&#8203;dbee"),
            ("defaced", "def&#8203;aced"),
            ("deadbeefcafe1", "d&#8203;eadb&#8203;eefc&#8203;afe1"),
            ("facades", "facades"),
            ("12.50, 2026", "12.50, 2026"),
            ("~~a~~", "&#126;&#8203;&#126;&#8203;a&#126;&#8203;&#126;"),
            ("- [ ] a", "&#45; &#91; &#93; a"),
            ("1. a", "1&#46; a"),
            ("/close", "&#47;close"),
            ("===", "&#61;=="),
            ("[^1]: a", "&#91;&#94;&#8203;1&#93;: a"),
            ("![i](u)", "&#33;&#8203;&#91;i&#93;(u)"),
            ("\\`", "&#92;&#96;"),
        ] {
            assert_eq!(markdown(text), inert, "{text}");
        }
    }

    #[test]
    fn the_parser_finds_nothing_in_code_either() {
        assert_eq!(
            markdown_code("a www.x.y b@c.d"),
            "<code>a w&#8203;ww.x.y b&#64;&#8203;c.d</code>"
        );
        assert_eq!(
            markdown_code("https://a b"),
            "<code>https&#58;&#8203;//a b</code>"
        );
        assert_eq!(markdown_code("a#1 GH-1"), "<code>a&#35;1 GH-1</code>");
    }

    #[test]
    fn a_fence_is_longer_than_any_run_inside() {
        assert_eq!(
            markdown_block(["a ```` b", "c\nd"], "json"),
            "`````json\na ```` b\nc\\u{a}d\n`````\n"
        );
    }
}
