//! Characters that a reader does not see or takes for others. A name with one of
//! them looks right and matches nothing.

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
/// Latin are nothing unusual there, and neither is a joiner between their
/// letters, or in an emoji.
pub fn in_operand(text: &str) -> Option<Confusable> {
    first(text, |before, character, behind| {
        let is_joiner = matches!(character, '\u{200C}' | '\u{200D}');
        let joins = |c: Option<char>| c.is_some_and(|c| !c.is_ascii() && !is_unseen(c));
        if is_joiner && joins(before) && joins(behind) {
            return None;
        }
        if character == '\u{FE0F}' && before.is_some_and(|c| c != ' ') {
            return None;
        }
        invisible(character).or_else(|| look_alike(character, word_at(text, character)))
    })
}

/// Whether a text has something to read beside its invisible characters.
pub fn has_words(text: &str) -> bool {
    text.chars().any(char::is_alphanumeric)
}

fn is_unseen(c: char) -> bool {
    invisible(c).is_some()
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
fn invisible(c: char) -> Option<String> {
    let what = match c {
        '\u{200B}' => "a zero-width space",
        '\u{200C}' | '\u{200D}' => "a zero-width joiner",
        '\u{2060}' | '\u{FEFF}' => "a zero-width no-break space",
        '\u{00AD}' => "a soft hyphen",
        '\u{200E}' | '\u{200F}' | '\u{061C}' => "a direction mark",
        '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => "a bidirectional control",
        '\u{115F}' | '\u{1160}' | '\u{3164}' | '\u{FFA0}' => "a blank letter",
        '\u{180E}' | '\u{2061}'..='\u{2064}' | '\u{FE00}'..='\u{FE0F}' => "an invisible character",
        '\u{E0000}'..='\u{E007F}' => "an invisible tag",
        _ => return None,
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
        .filter(|c| !is_unseen(*c) && !c.is_control())
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
}
