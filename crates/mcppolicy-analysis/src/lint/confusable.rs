//! Characters that a reader does not see or takes for others. A name with one of
//! them looks right and matches nothing.

use mcppolicy_engine::characters;

/// A character that is invisible or looks like another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confusable {
    /// The character.
    pub character: char,
    /// What it is, in a few words.
    pub what: String,
    /// The text as a reader sees it.
    pub seen: String,
}

/// Look-alikes of ASCII letters from Cyrillic, Greek and the letter-like
/// symbols; only those that no usual typeface tells apart.
const LETTERS: &[(char, char)] = &[
    ('а', 'a'),
    ('е', 'e'),
    ('о', 'o'),
    ('р', 'p'),
    ('с', 'c'),
    ('у', 'y'),
    ('х', 'x'),
    ('і', 'i'),
    ('ј', 'j'),
    ('ѕ', 's'),
    ('һ', 'h'),
    ('ԁ', 'd'),
    ('ԛ', 'q'),
    ('ԝ', 'w'),
    ('ӏ', 'l'),
    ('А', 'A'),
    ('В', 'B'),
    ('Е', 'E'),
    ('К', 'K'),
    ('М', 'M'),
    ('Н', 'H'),
    ('О', 'O'),
    ('Р', 'P'),
    ('С', 'C'),
    ('Т', 'T'),
    ('Х', 'X'),
    ('І', 'I'),
    ('Ј', 'J'),
    ('Ѕ', 'S'),
    ('ο', 'o'),
    ('ν', 'v'),
    ('Α', 'A'),
    ('Β', 'B'),
    ('Ε', 'E'),
    ('Ζ', 'Z'),
    ('Η', 'H'),
    ('Ι', 'I'),
    ('Κ', 'K'),
    ('Μ', 'M'),
    ('Ν', 'N'),
    ('Ο', 'O'),
    ('Ρ', 'P'),
    ('Τ', 'T'),
    ('Υ', 'Y'),
    ('Χ', 'X'),
    ('\u{212A}', 'K'),
    ('ſ', 's'),
    ('ı', 'i'),
    ('ɡ', 'g'),
];

/// The first confusable character of a name or path.
pub fn in_name(name: &str) -> Option<Confusable> {
    first(name, |_, character, _| {
        invisible(character)
            .or_else(|| space(character))
            .or_else(|| look_alike(character, name))
            .or_else(|| stand_in(character))
    })
}

/// The first confusable character of an operand. Texts of other scripts than
/// Latin are nothing unusual there, and neither is what joins or shapes their
/// letters, or an emoji. What is drawn as a box or as a sign is seen.
pub fn in_operand(text: &str) -> Option<Confusable> {
    first(text, |before, character, behind| {
        let shapes = |c: Option<char>| c.is_some_and(|c| !c.is_ascii() && !is_unseen(c));
        let is_joiner = matches!(character, '\u{200C}' | '\u{200D}');
        if is_joiner && shapes(before) && shapes(behind) {
            return None;
        }
        if characters::is_variation_selector(character) {
            let keys = |c: char| c.is_ascii_digit() || matches!(c, '#' | '*');
            let is_keycap = character == '\u{FE0F}' && before.is_some_and(keys);
            if is_keycap || shapes(before) {
                return None;
            }
        }
        if characters::is_drawn_format(character) {
            return None;
        }
        let unseen = characters::is_unseen(character).then(|| invisible(character));
        unseen
            .flatten()
            .or_else(|| look_alike(character, word_at(text, character)))
    })
}

/// Whether a text has something to read beside its invisible characters.
pub fn has_words(text: &str) -> bool {
    text.chars().any(char::is_alphanumeric)
}

fn is_unseen(c: char) -> bool {
    characters::is_unseen(c)
        || c.is_control()
        || (characters::is_unprintable(c) && !c.is_whitespace())
}

fn first(
    text: &str,
    confuses: impl Fn(Option<char>, char, Option<char>) -> Option<String>,
) -> Option<Confusable> {
    if text.is_ascii() && !text.bytes().any(|byte| byte.is_ascii_control()) {
        return None;
    }
    let mut before = None;
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        if let Some(what) = confuses(before, character, rest.peek().copied()) {
            return Some(Confusable {
                character,
                what,
                seen: seen(text),
            });
        }
        before = Some(character);
    }
    None
}

/// A character without a shape of its own, or that turns the writing around.
/// Which characters these are is the table's to say; here they only get a name.
fn invisible(c: char) -> Option<String> {
    if !is_unseen(c) || c.is_control() {
        return None;
    }
    let what = match c {
        '\u{200B}' => "a zero-width space",
        '\u{200C}' | '\u{200D}' => "a zero-width joiner",
        '\u{2060}' | '\u{FEFF}' => "a zero-width no-break space",
        '\u{00AD}' => "a soft hyphen",
        '\u{200E}' | '\u{200F}' | '\u{061C}' => "a direction mark",
        '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => "a bidirectional control",
        '\u{115F}' | '\u{1160}' | '\u{3164}' | '\u{FFA0}' => "a blank letter",
        '\u{E0000}'..='\u{E007F}' => "an invisible tag",
        c if characters::is_variation_selector(c) => "a variation selector",
        c if characters::is_drawn_format(c) => "a format character",
        c if characters::is_unseen(c) => "an invisible character",
        _ => "a character without a meaning of its own",
    };
    Some(what.to_owned())
}

fn space(c: char) -> Option<String> {
    let is_odd = c != ' ' && (c.is_whitespace() || c.is_control());
    is_odd.then(|| "an unusual space or control character".to_owned())
}

/// A letter of another script among ASCII letters.
fn look_alike(c: char, word: &str) -> Option<String> {
    let ascii = ascii_of(c)?;
    word.chars()
        .any(|other| other.is_ascii_alphabetic())
        .then(|| format!("no `{ascii}` but a letter that looks like it"))
}

/// Wide forms, dashes and dots, which names are not made of.
fn stand_in(c: char) -> Option<String> {
    let ascii = match c {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(c) - 0xFEE0)?,
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        '\u{2024}' => '.',
        _ => return None,
    };
    Some(format!("no `{ascii}` but a character that looks like it"))
}

fn ascii_of(c: char) -> Option<char> {
    let pair = LETTERS.iter().find(|(other, _)| *other == c);
    pair.map(|(_, ascii)| *ascii)
}

/// The word of `text` in which `c` occurs first.
fn word_at(text: &str, c: char) -> &str {
    text.split(|other: char| !other.is_alphanumeric())
        .find(|word| word.contains(c))
        .unwrap_or_default()
}

/// `text` as it looks: without what is invisible, look-alikes as what they look
/// like.
fn seen(text: &str) -> String {
    text.chars()
        .filter(|c| !is_unseen(*c))
        .map(|c| match c {
            '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
            '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
            '\u{2024}' => '.',
            c if c.is_whitespace() => ' ',
            c => ascii_of(c).unwrap_or(c),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_look_like_others_are_told() {
        let seen = |name| in_name(name).map(|found| found.seen);
        assert_eq!(seen("run\u{200B}_workflow").unwrap(), "run_workflow");
        assert_eq!(seen("run_workfl\u{43E}w").unwrap(), "run_workflow");
        assert_eq!(seen("\u{202E}run").unwrap(), "run");
        assert_eq!(seen("run\u{2011}it").unwrap(), "run-it");
        assert_eq!(seen("ｒun").unwrap(), "run");
        assert_eq!(seen("run\tit").unwrap(), "runit");
        for honest in ["run_workflow", "запустить", "実行", "größe", "a b"] {
            assert_eq!(seen(honest), None, "{honest}");
        }
    }

    #[test]
    fn other_scripts_and_emoji_are_not_confusable_in_an_operand() {
        for honest in [
            "Привет, world",
            "می\u{200C}خواهم",
            "👩\u{200D}💻",
            "❤\u{FE0F}",
            "naïve",
        ] {
            assert_eq!(in_operand(honest), None, "{honest}");
        }
        assert!(in_operand("acme\u{200B}").is_some());
        assert!(in_operand("acme\u{200D}corp").is_some());
        assert!(in_operand("\u{430}cme").is_some());
        assert!(in_operand("x \u{202E}gpj.exe").is_some());
    }

    /// The characters come from a table, not from a list of those that somebody
    /// thought of.
    #[test]
    fn every_character_that_is_not_seen_is_found_in_a_name_and_in_an_operand() {
        // Of the many that are not assigned, some are enough.
        let is_tried = |c: &char| {
            let some = u32::from(*c).is_multiple_of(97) || u32::from(*c) < 0x2100;
            characters::is_unseen(*c) || (some && characters::is_unprintable(*c))
        };
        for hidden in ('\0'..=char::MAX).filter(is_tried) {
            let name = format!("run{hidden}it");
            let found = in_name(&name).unwrap_or_else(|| panic!("U+{:04X}", u32::from(hidden)));
            assert_eq!(found.character, hidden);
            let seen = if is_unseen(hidden) { "runit" } else { "run it" };
            assert_eq!(found.seen, seen, "U+{:04X}", u32::from(hidden));
            let is_told = in_operand(&name).is_some();
            let is_hidden = characters::is_unseen(hidden) && !characters::is_drawn_format(hidden);
            assert_eq!(is_told, is_hidden, "U+{:04X}", u32::from(hidden));
        }
    }

    #[test]
    fn what_shapes_letters_and_emoji_is_honest_where_they_are() {
        for honest in [
            "葛\u{E0100}城",
            "1\u{FE0F}\u{20E3}",
            "\u{600}\u{661}",
            "a\tb\n",
            "\u{F8FF}",
        ] {
            assert_eq!(in_operand(honest), None, "{honest}");
        }
        for hidden in ["a\u{E0100}b", "a\u{FFF0}", "\u{2800}", "x\u{34F}y"] {
            assert!(in_operand(hidden).is_some(), "{hidden}");
        }
    }
}
