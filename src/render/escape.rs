//! Text from files made safe for where it is put: what a terminal, a page, a
//! parser or a runner would obey, or what would hide or reorder its
//! neighbours, is shown instead.
//!
//! Every format writes text from files through one of these; nothing else in
//! `render` replaces characters.

use std::fmt::Write;

/// `text` with control, bidirectional and zero-width characters escaped, line
/// breaks included. What a job's runner would take for one of its commands,
/// `::` at the beginning and `##[` anywhere, is broken up.
pub fn terminal(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        push_escaped(&mut out, character);
    }
    if out.trim_start().starts_with("::") {
        out = out.replacen("::", "\\u{3a}:", 1);
    }
    if out.contains("##[") {
        out = out.replace("##[", "#\\u{23}[");
    }
    out
}

/// `text` for the content of an element or an attribute of XML 1.0, line
/// breaks kept; characters that XML cannot hold become U+FFFD.
pub fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // Literal ones would be normalised to blanks in an attribute.
            '\n' => out.push_str("&#10;"),
            '\r' => out.push_str("&#13;"),
            '\t' => out.push_str("&#9;"),
            '\0'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}' => out.push('\u{FFFD}'),
            '\u{7F}'..='\u{9F}' => {
                let _ = write!(out, "&#{};", u32::from(character));
            }
            other => out.push(other),
        }
    }
    out
}

/// `text` for the content of an element or a quoted attribute of HTML, on one
/// line.
pub fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in terminal(text).chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

/// A sentence for HTML: text between backquotes becomes code.
pub fn html_sentence(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut parts = text.split('`').peekable();
    let mut code = false;
    while let Some(part) = parts.next() {
        match (code, parts.peek()) {
            (true, Some(_)) => {
                let _ = write!(out, "<code>{}</code>", html(part));
            }
            // Without a partner it is a plain character.
            (true, None) => {
                let _ = write!(out, "`{}", html(part));
            }
            (false, _) => out.push_str(&html(part)),
        }
        code = !code;
    }
    out
}

/// `text` as a code span that survives tables.
pub fn markdown_code(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | ':');
    if !text.is_empty() && text.chars().all(plain) {
        return format!("`{}`", terminal(text));
    }
    markdown_element(text)
}

/// `text` as a code span where markdown is not read, such as a summary, and
/// wherever it is not harmless: an HTML element, in which forges look for
/// neither mentions nor links, with everything that markdown would read
/// written as an entity.
pub fn markdown_element(text: &str) -> String {
    let mut out = String::from("<code>");
    for character in terminal(text).chars() {
        push_entity(&mut out, character);
    }
    out.push_str("</code>");
    out
}

/// A sentence for markdown, tables included: text between backquotes
/// becomes code, and in the rest nothing is markup, a mention, a reference or
/// a link.
pub fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let text = terminal(text);
    let mut parts = text.split('`').peekable();
    let mut code = false;
    while let Some(part) = parts.next() {
        match (code, parts.peek()) {
            (true, Some(_)) => out.push_str(&markdown_code(part)),
            // Without a partner it is a plain character.
            (true, None) => {
                out.push_str("&#96;");
                push_sentence(&mut out, part);
            }
            (false, _) => push_sentence(&mut out, part),
        }
        code = !code;
    }
    out
}

/// Forges look for mentions, references and addresses after entities have
/// been read, so those are broken with a character that nobody sees.
fn push_sentence(out: &mut String, text: &str) {
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let next = characters.peek().copied().unwrap_or(' ');
        let inside = out.ends_with(|c: char| c.is_ascii_alphanumeric()) && next.is_alphanumeric();
        match character {
            // Harmless in a sentence, and easier to read.
            '(' | ')' | ':' | '{' | '}' | '=' | '?' => out.push(character),
            '_' if inside => out.push('_'),
            other => push_entity(out, other),
        }
        let refers = matches!(character, '@' | '#' | '!' | '$' | '~' | '%' | '&' | '^');
        let links = match character {
            ':' => next == '/',
            '.' => out
                .get(out.len().saturating_sub(4)..)
                .is_some_and(|end| end.eq_ignore_ascii_case("www.")),
            _ => false,
        };
        if (refers && !next.is_whitespace()) || links {
            out.push_str("&#8203;");
        }
    }
}

fn push_entity(out: &mut String, character: char) {
    if character.is_ascii_punctuation()
        && !matches!(character, ',' | '.' | '/' | ';' | '-' | '"' | '\'')
    {
        let _ = write!(out, "&#{};", u32::from(character));
    } else {
        out.push(character);
    }
}

/// Text for a fenced block of markdown, and the fence: one backquote more
/// than the longest run inside.
pub fn markdown_block(text: &str, language: &str) -> String {
    let lines: Vec<String> = text.lines().map(terminal).collect();
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

/// The message of a workflow command.
pub fn workflow_data(text: &str) -> String {
    workflow(text, &['%', '\r', '\n'])
}

/// A property's value in a workflow command.
pub fn workflow_property(text: &str) -> String {
    workflow(text, &['%', '\r', '\n', ':', ','])
}

fn workflow(text: &str, reserved: &[char]) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if reserved.contains(&character) {
            let _ = write!(out, "%{:02X}", u32::from(character));
        } else {
            push_escaped(&mut out, character);
        }
    }
    out
}

/// The name of a file as a relative URI reference: `/` is kept, everything
/// but the unreserved characters is percent-encoded.
pub fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'/') {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// Appends one character, escaped where needed.
pub fn push_escaped(out: &mut String, character: char) {
    if is_unprintable(character) {
        out.extend(character.escape_unicode());
    } else {
        out.push(character);
    }
}

fn is_unprintable(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{061C}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_shown_instead() {
        assert_eq!(terminal("a\u{1b}[31mb"), "a\\u{1b}[31mb");
        assert_eq!(terminal("x\u{202e}y\u{200b}z"), "x\\u{202e}y\\u{200b}z");
        assert_eq!(terminal("tab\tline\n"), "tab\\u{9}line\\u{a}");
        assert_eq!(terminal("naïve 東京"), "naïve 東京");
    }

    #[test]
    fn a_runner_finds_no_command_in_a_line() {
        assert_eq!(terminal("::error::x"), "\\u{3a}:error::x");
        assert_eq!(terminal("a ##[error]"), "a #\\u{23}[error]");
        assert_eq!(workflow_data("50%\n::error::x"), "50%25%0A::error::x");
        assert_eq!(workflow_property("a:b,c"), "a%3Ab%2Cc");
    }

    #[test]
    fn xml_holds_what_it_can_and_replaces_the_rest() {
        assert_eq!(
            xml("a\u{0}]]>\n\u{85}<b>"),
            "a\u{FFFD}]]&gt;&#10;&#133;&lt;b&gt;"
        );
    }

    #[test]
    fn html_reads_no_markup_in_a_sentence() {
        assert_eq!(
            html_sentence("a `<b>` & `c"),
            "a <code>&lt;b&gt;</code> &amp; `c"
        );
    }

    #[test]
    fn markdown_reads_no_markup_in_a_sentence() {
        assert_eq!(markdown("use `a|b`"), "use <code>a&#124;b</code>");
        assert_eq!(markdown("use `a_b`, 5.00"), "use `a_b`, 5.00");
        assert_eq!(markdown("www.x.y"), "www.&#8203;x.y");
        assert_eq!(markdown("one ` alone"), "one &#96; alone");
        assert_eq!(markdown("@team"), "&#64;&#8203;team");
        assert_eq!(markdown("https://x.y"), "https:&#8203;//x.y");
        assert_eq!(markdown("[a](b)<i>"), "&#91;a&#93;(b)&#60;i&#62;");
    }

    #[test]
    fn a_fence_is_longer_than_any_run_inside() {
        assert_eq!(
            markdown_block("a ```` b", "json"),
            "`````json\na ```` b\n`````\n"
        );
    }

    #[test]
    fn a_uri_keeps_slashes_and_nothing_else_that_is_reserved() {
        assert_eq!(uri("a b/ä:%.json"), "a%20b/%C3%A4%3A%25.json");
    }
}
