//! Text from files made safe to print: what a terminal would obey, or what
//! would hide or reorder its neighbours, is shown as an escape.

/// `text` with control, bidirectional and zero-width characters escaped, line
/// breaks included.
pub fn terminal(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        push_escaped(&mut out, character);
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
}
