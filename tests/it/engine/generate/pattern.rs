//! Random patterns of the dialect, and texts to try them on.

use crate::random::Random;

/// The characters of patterns and of the texts they are tried on.
const LETTERS: [&str; 12] = [
    "a", "b", "k", "K", "s", "0", "7", "_", "-", "\n", "\u{e9}", "\u{212A}",
];

/// A text for patterns to be tried on.
pub fn haystack(random: &mut Random) -> String {
    let mut text = String::new();
    for _ in 0..random.below(6) {
        text.push_str(random.text(&LETTERS));
    }
    text
}

/// A pattern of the dialect.
pub fn pattern(random: &mut Random) -> String {
    const REAL: [&str; 8] = [
        r"^[a-z0-9_-]+$",
        r"(?i)drop\s+table",
        r"^(?:GET|HEAD)$",
        r"\.\.",
        r"(?s)^a.b$",
        r"(?im)^K$",
        r"^\d{1,3}$",
        r"^(?P<who>[^\n]+)\z",
    ];
    if random.chance(15) {
        return random.text(&REAL).to_owned();
    }
    let mut out = String::new();
    let mut ignore_case = false;
    if random.chance(25) {
        let flags = random.text(&["i", "s", "m", "is", "im", "sm"]);
        ignore_case = flags.contains('i');
        out.push_str(&format!("(?{flags})"));
    }
    choice(random, 2, ignore_case, &mut out);
    out
}

fn choice(random: &mut Random, depth: usize, ignore_case: bool, out: &mut String) {
    for branch in 0..random.weighted(&[0, 75, 20, 5]) {
        if branch > 0 {
            out.push('|');
        }
        for _ in 0..random.weighted(&[4, 36, 35, 25]) {
            piece(random, depth, ignore_case, out);
        }
    }
}

fn piece(random: &mut Random, depth: usize, ignore_case: bool, out: &mut String) {
    match random.weighted(&[40, 8, 12, 12, 10, if depth > 0 { 18 } else { 0 }]) {
        0 => out.push_str(random.text(&LETTERS)),
        1 => out.push('.'),
        2 => bracket(random, ignore_case, out),
        3 => {
            out.push_str(random.text(&["^", "$", r"\A", r"\z", r"\b"]));
            return;
        }
        4 => {
            let all = [
                r"\d",
                r"\D",
                r"\s",
                r"\S",
                r"\-",
                r"\n",
                r"\x4B",
                r"\x{212A}",
                r"\.",
                r"\w",
                r"\W",
            ];
            let some = if ignore_case { &all[..9] } else { &all[..] };
            out.push_str(random.text(some));
        }
        _ => {
            let open = random.text(&["(", "(?:", "(?i:", "(?s:", "(?m:", "(?P<n>", "((?i)"]);
            // A name may be given only once in a pattern.
            let open = if open == "(?P<n>" && out.contains(open) {
                "("
            } else {
                open
            };
            out.push_str(open);
            choice(random, depth - 1, ignore_case || open.contains('i'), out);
            out.push(')');
        }
    }
    if random.chance(30) {
        out.push_str(random.text(&["*", "+", "?", "{2}", "{1,}", "{0,2}", "*?", "+?", "{1,2}?"]));
    }
}

fn bracket(random: &mut Random, ignore_case: bool, out: &mut String) {
    const MEMBERS: [&str; 14] = [
        "a", "k", "K", "0-9", "a-c", r"\-", r"\n", r"\x{e9}", "_", r"\d", r"\S", r"\]", r"\w",
        r"\W",
    ];
    out.push_str(random.text(&["[", "[", "[^", "[-", "[^]"]));
    let members = if ignore_case {
        &MEMBERS[..12]
    } else {
        &MEMBERS[..]
    };
    for _ in 0..=random.below(3) {
        out.push_str(random.text(members));
    }
    out.push_str(random.text(&["]", "]", "-]"]));
}
