//! Text from files made safe for where it is put: what a terminal, a page, a
//! parser or a runner would obey, or what would hide or reorder its
//! neighbours, is shown instead.
//!
//! Every format writes text from files through one of these; nothing else in
//! `render` replaces characters.

mod markdown;

use std::fmt::Write;

use mcppolicy_engine::characters::{begins_command, is_unprintable};

pub use markdown::{
    markdown, markdown_block, markdown_code, markdown_element, markdown_marked, markdown_summary,
    markdown_told, markdown_told_summary,
};

/// `text` on one line, with everything escaped that is not shown as it is: line
/// breaks and other controls, what turns the writing around, and what is drawn
/// as nothing. What a job's runner would take for one of its commands, `::` at
/// the beginning and `##[` anywhere, is broken up.
pub fn terminal(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    push_line(&mut out, text);
    let start = out.trim_start();
    if start.starts_with("::") {
        let at = out.len() - start.len();
        out.replace_range(at..=at, COLON);
    }
    out
}

/// What takes the place of the colon that begins a runner's command.
const COLON: &str = "\\u{3a}";

/// Appends `text` with everything escaped but colons at its beginning.
pub fn push_line(out: &mut String, text: &str) {
    if text
        .bytes()
        .all(|byte| (b' '..0x7F).contains(&byte) && byte != b'#')
    {
        out.push_str(text);
        return;
    }
    for (at, character) in text.char_indices() {
        if character == '#' && begins_command(text.get(at..).unwrap_or_default()) {
            out.push_str("\\u{23}");
        } else {
            push_escaped(out, character);
        }
    }
}

/// A rendered text, of which no line begins with what a job's runner takes for a
/// command, whatever stands in front of it: escaping texts one by one does not
/// see where lines begin after they are wrapped and joined. `colon` and `hash`
/// take the place of the character that begins a command.
pub fn guarded(text: String, colon: &str, hash: &str) -> String {
    if !text.contains("::") && !text.contains("##") {
        return text;
    }
    let mut out = String::with_capacity(text.len() + 16);
    for line in text.split_inclusive('\n') {
        let rest = line.trim_start();
        let (blank, rest) = line
            .split_at_checked(line.len() - rest.len())
            .unwrap_or(("", line));
        out.push_str(blank);
        let rest = match rest.strip_prefix("::") {
            Some(rest) => {
                out.push_str(colon);
                out.push(':');
                rest
            }
            None => rest,
        };
        for (at, character) in rest.char_indices() {
            if character == '#' && begins_command(rest.get(at..).unwrap_or_default()) {
                out.push_str(hash);
            } else {
                out.push(character);
            }
        }
    }
    out
}

/// Lines that are in place already, each escaped but for its tabs and its ending.
pub fn lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let (inside, ending) = match (line.strip_suffix("\r\n"), line.strip_suffix('\n')) {
            (Some(inside), _) => (inside, "\r\n"),
            (None, Some(inside)) => (inside, "\n"),
            (None, None) => (line, ""),
        };
        for (at, part) in inside.split('\t').enumerate() {
            if at > 0 {
                out.push('\t');
            }
            push_line(&mut out, part);
        }
        out.push_str(ending);
    }
    guarded_text(out)
}

/// [`guarded`] where text is shown as it is.
pub fn guarded_text(text: String) -> String {
    guarded(text, COLON, "\\u{23}")
}

/// [`guarded`] in XML and HTML.
pub fn guarded_markup(text: String) -> String {
    guarded(text, "&#58;", "&#35;")
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

/// The lines of a workflow command's message.
pub fn workflow_data<'l>(lines: impl IntoIterator<Item = &'l str>) -> String {
    let mut out = String::new();
    for line in lines {
        if !out.is_empty() {
            out.push_str("%0A");
        }
        workflow(&mut out, line, &['%']);
    }
    out
}

/// A property's value in a workflow command.
pub fn workflow_property(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    workflow(&mut out, text, &['%', ':', ',']);
    out
}

fn workflow(out: &mut String, text: &str, reserved: &[char]) {
    for character in terminal(text).chars() {
        if reserved.contains(&character) {
            let _ = write!(out, "%{:02X}", u32::from(character));
        } else {
            out.push(character);
        }
    }
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
        assert_eq!(terminal("a ##[error]"), "a \\u{23}#[error]");
        assert_eq!(terminal("a ##vso[x]"), "a \\u{23}#vso[x]");
        assert_eq!(
            workflow_data(["50%\n::error::x", "b"]),
            "50%25\\u{a}::error::x%0Ab"
        );
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
    fn a_line_that_begins_with_a_command_after_joining_is_guarded() {
        let text = "a\n  ::add-mask::x\n\u{A0}::b\n b ##[group]c ##\n".to_owned();
        assert_eq!(
            guarded_text(text.clone()),
            "a\n  \\u{3a}:add-mask::x\n\u{A0}\\u{3a}:b\n b \\u{23}#[group]c ##\n"
        );
        assert_eq!(
            guarded_markup(text),
            "a\n  &#58;:add-mask::x\n\u{A0}&#58;:b\n b &#35;#[group]c ##\n"
        );
        assert_eq!(guarded_text("a::b ##\n".to_owned()), "a::b ##\n");
        assert_eq!(
            lines("+\ta\u{1b}b\r\n-\r\u{202e}\n ::x\n##[y]"),
            "+\ta\\u{1b}b\r\n-\\u{d}\\u{202e}\n \\u{3a}:x\n\\u{23}#[y]"
        );
    }

    #[test]
    fn a_uri_keeps_slashes_and_nothing_else_that_is_reserved() {
        assert_eq!(uri("a b/ä:%.json"), "a%20b/%C3%A4%3A%25.json");
    }
}
