//! Which characters a reader does not see, by the tables of Unicode: they hide
//! text, join it to other text or turn it around.
//!
//! The tables are those of `regex-syntax`, whose version of Unicode is the one
//! that patterns have. What escapes text and what reports such characters in a
//! policy both ask here.

use std::borrow::Cow;
use std::fmt::Write;
use std::sync::LazyLock;

use regex_syntax::hir::{Class, HirKind};

/// What is drawn as nothing, or changes how its neighbours are drawn. The
/// characters that are named are blank, though no property of theirs says so:
/// a braille cell without dots, a note head without a shape, a filler of the
/// Khitan script, the place of an object.
const UNSEEN: &str = r"[\p{Default_Ignorable_Code_Point}\p{Format}\p{Line_Separator}\p{Paragraph_Separator}\p{Noncharacter_Code_Point}\x{2800}\x{1D159}\x{16FE4}\x{FFFC}]";

/// What is drawn as nothing, as a box, or differently by each font, and spaces
/// that are narrower than others. A no-break space and the wide space of East
/// Asian text are usual in prose.
const UNPRINTABLE: &str = r"[\p{Default_Ignorable_Code_Point}\p{Other}\p{Line_Separator}\p{Paragraph_Separator}\x{2800}\x{1D159}\x{16FE4}\x{FFFC}[\p{Space_Separator}--[ \x{A0}\x{202F}\x{3000}]]]";

/// Format characters that are drawn: signs that stand around numbers.
const DRAWN: &str = r"\p{Prepended_Concatenation_Mark}";

/// Characters behind a visible one that choose its shape.
const SELECTOR: &str = r"\p{Variation_Selector}";

/// Ranges in ascending order, both ends included.
type Table = Option<Box<[(char, char)]>>;

/// The ranges of a class; `None` for what is no class, and then every
/// character belongs to it.
fn table(class: &str) -> Table {
    match regex_syntax::parse(class).ok()?.into_kind() {
        HirKind::Class(Class::Unicode(class)) => {
            let ranges = class.iter().map(|range| (range.start(), range.end()));
            Some(ranges.collect())
        }
        _ => None,
    }
}

fn holds(table: &Table, character: char) -> bool {
    let Some(ranges) = table else {
        return true;
    };
    let after = ranges.partition_point(|(start, _)| *start <= character);
    let range = after.checked_sub(1).and_then(|at| ranges.get(at));
    range.is_some_and(|(_, end)| character <= *end)
}

/// Whether a character is drawn as nothing, or turns its neighbours around or
/// joins them: every default-ignorable and every format character, separators
/// of lines and paragraphs, noncharacters, and the few that are blank all the
/// same. Control characters are not among them, see [`is_unprintable`].
pub fn is_unseen(character: char) -> bool {
    static TABLE: LazyLock<Table> = LazyLock::new(|| table(UNSEEN));
    !character.is_ascii() && holds(&TABLE, character)
}

/// Whether a character is not shown as it is: what [`is_unseen`], controls,
/// what Unicode leaves to private use or has not assigned, and spaces that look
/// like less than a space.
pub fn is_unprintable(character: char) -> bool {
    static TABLE: LazyLock<Table> = LazyLock::new(|| table(UNPRINTABLE));
    if character.is_ascii() {
        character.is_ascii_control()
    } else {
        holds(&TABLE, character)
    }
}

/// Whether a character that is unseen by its category is drawn all the same, as
/// the Arabic number sign is.
pub fn is_drawn_format(character: char) -> bool {
    static TABLE: LazyLock<Table> = LazyLock::new(|| table(DRAWN));
    !character.is_ascii() && holds(&TABLE, character)
}

/// Whether a character chooses the shape of the one before it.
pub fn is_variation_selector(character: char) -> bool {
    static TABLE: LazyLock<Table> = LazyLock::new(|| table(SELECTOR));
    !character.is_ascii() && holds(&TABLE, character)
}

/// JSON text with every character that is not shown as it is, and the beginning
/// of every command that a job's runner reads anywhere in a line (`##[`,
/// `##name[`), as an escape of JSON. The value that is read from it is the
/// same.
///
/// Outside of strings, JSON has only line breaks, tabs and visible ASCII
/// characters, which stay.
pub fn escape_json(json: &str) -> Cow<'_, str> {
    let plain = |byte: u8| {
        byte != b'#'
            && (byte == b'\n' || byte == b'\t' || byte == b'\r' || (b' '..0x7F).contains(&byte))
    };
    let Some(first) = json.bytes().position(|byte| !plain(byte)) else {
        return Cow::Borrowed(json);
    };
    // The first byte that is not plain begins a character.
    let (before, rest) = json.split_at_checked(first).unwrap_or(("", json));
    let mut out = String::with_capacity(json.len() + 16);
    out.push_str(before);
    for (at, character) in rest.char_indices() {
        let is_command = character == '#' && begins_command(rest.get(at..).unwrap_or_default());
        if is_command || (is_unprintable(character) && !matches!(character, '\n' | '\t' | '\r')) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(character);
        }
    }
    Cow::Owned(out)
}

/// Whether a text begins with what a job's runner takes for a command anywhere
/// in a line: `##[error]`, `##vso[…]`, `##teamcity[…]`.
pub fn begins_command(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("##") else {
        return false;
    };
    rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric())
        .starts_with('[')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_read_and_know_what_is_unseen() {
        for pattern in [UNSEEN, UNPRINTABLE, DRAWN, SELECTOR] {
            assert!(
                table(pattern).is_some_and(|ranges| !ranges.is_empty()),
                "{pattern}"
            );
        }
        for unseen in [
            '\u{AD}',
            '\u{34F}',
            '\u{61C}',
            '\u{115F}',
            '\u{17B4}',
            '\u{180B}',
            '\u{180E}',
            '\u{200B}',
            '\u{200D}',
            '\u{200F}',
            '\u{2028}',
            '\u{202E}',
            '\u{2060}',
            '\u{2065}',
            '\u{2069}',
            '\u{2800}',
            '\u{3164}',
            '\u{FE0F}',
            '\u{FEFF}',
            '\u{FFA0}',
            '\u{FFF0}',
            '\u{FFF9}',
            '\u{FFFF}',
            '\u{13430}',
            '\u{1BCA0}',
            '\u{1D159}',
            '\u{1D173}',
            '\u{E0001}',
            '\u{E0041}',
            '\u{E0100}',
            '\u{E0FFF}',
            '\u{600}',
        ] {
            assert!(is_unseen(unseen), "{:04X}", u32::from(unseen));
            assert!(is_unprintable(unseen), "{:04X}", u32::from(unseen));
        }
        for unprintable in [
            '\0',
            '\n',
            '\u{1B}',
            '\u{7F}',
            '\u{85}',
            '\u{9B}',
            '\u{E000}',
            '\u{F8FF}',
            '\u{378}',
            '\u{200A}',
            '\u{2009}',
            '\u{100000}',
        ] {
            assert!(
                is_unprintable(unprintable),
                "{:04X}",
                u32::from(unprintable)
            );
            assert!(!is_unseen(unprintable), "{:04X}", u32::from(unprintable));
        }
        for seen in "aZ 0~ é ß Я 日 한 あ א ع 😀 ─ … · \u{A0}\u{202F}\u{3000}\u{301}".chars()
        {
            assert!(!is_unprintable(seen), "{:04X}", u32::from(seen));
        }
        assert!(is_drawn_format('\u{600}') && !is_drawn_format('\u{200B}'));
        assert!(is_variation_selector('\u{FE0F}') && !is_variation_selector('\u{200D}'));
    }

    #[test]
    fn what_is_unseen_is_unprintable_for_every_character() {
        for character in '\0'..=char::MAX {
            assert!(!is_unseen(character) || is_unprintable(character));
        }
    }

    #[test]
    fn json_is_escaped_and_reads_the_same() {
        let value = serde_json::json!({
            "a\u{202E}b\n": ["\u{7F}\u{85}\u{200B}\u{2028}\u{E0041}", "##[error]x", "##vso[y]", "# ## é 日 😀"],
        });
        for text in [
            value.to_string(),
            serde_json::to_string_pretty(&value).unwrap(),
        ] {
            let escaped = escape_json(&text);
            assert_eq!(
                serde_json::from_str::<serde_json::Value>(&escaped).unwrap(),
                value
            );
            assert!(
                !escaped.chars().any(|c| c != '\n' && is_unprintable(c)),
                "{escaped}"
            );
            assert!(
                !escaped.contains("##[") && !escaped.contains("##vso"),
                "{escaped}"
            );
            assert!(escaped.contains("# ## é 日 😀"), "{escaped}");
        }
        assert!(matches!(escape_json("{\"a\": 1}\n"), Cow::Borrowed(_)));
    }
}
