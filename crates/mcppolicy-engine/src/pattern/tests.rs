//! What the dialect accepts, and what it refuses where.

use proptest::prelude::*;

use super::*;

#[track_caller]
fn accepts(pattern: &str, matching: &[&str], other: &[&str]) {
    let parsed = Pattern::parse(pattern).unwrap_or_else(|e| panic!("{pattern:?}: {e:?}"));
    assert_eq!(parsed.as_str(), pattern);
    let printed = regex::Regex::new(&parsed.hir().to_string()).unwrap();
    for haystack in matching {
        assert!(
            parsed.is_match(haystack),
            "{pattern:?} must match {haystack:?}"
        );
        assert!(
            printed.is_match(haystack),
            "hir of {pattern:?} must match {haystack:?}"
        );
    }
    for haystack in other {
        assert!(
            !parsed.is_match(haystack),
            "{pattern:?} must not match {haystack:?}"
        );
        assert!(
            !printed.is_match(haystack),
            "hir of {pattern:?} must not match {haystack:?}"
        );
    }
}

#[track_caller]
fn refuses(pattern: &str, part: Range<usize>, message: &str, help: &str) {
    let error = Pattern::parse(pattern).expect_err(pattern);
    assert_eq!(error.range, part, "{pattern:?}: {error:?}");
    assert!(error.message.contains(message), "{pattern:?}: {error:?}");
    assert!(
        error.help.unwrap_or_default().contains(help),
        "{pattern:?}: {}",
        error.message
    );
}

#[test]
fn a_pattern_matches_somewhere_in_the_text() {
    accepts("", &["", "a"], &[]);
    accepts("b", &["b", "abc"], &["", "B"]);
    accepts("^b$", &["b"], &["ab", "b\n", "a\nb"]);
    accepts("naïve 日本", &["un naïve 日本."], &["naive 日本"]);
    accepts("a|^b", &["xa", "b"], &["xb"]);
    accepts("(|a)c|", &[""], &[]);
    accepts("]}", &["]}"], &["]"]);
    accepts("a & ~b#-", &["a & ~b#-"], &["a&~b"]);
}

#[test]
fn escapes_stand_for_one_character() {
    accepts(r"^\t\n\r\f$", &["\t\n\r\x0C"], &["tnrf"]);
    accepts(r"^\x41\x{1F600}\x{00e9}\xE9$", &["A😀éé"], &["A😀é"]);
    let punctuation = r##"!"#$%&'()*+,-./:;=?@[\]^_`{|}~"##;
    let escaped: String = punctuation.chars().flat_map(|c| ['\\', c]).collect();
    accepts(&format!("^{escaped}$"), &[punctuation], &["a"]);
    accepts(
        &format!("^[{escaped}]+$"),
        &[punctuation],
        &["<", ">", "a", " "],
    );
}

#[test]
fn named_classes_are_ascii() {
    accepts(r"\d", &["0", "x9"], &["", "a", "\u{0663}"]);
    accepts(r"^\D$", &["a", "\u{0663}", "\n"], &["0", ""]);
    accepts(
        r"^\s$",
        &[" ", "\t", "\n", "\x0C", "\r"],
        &["\x0B", "\u{A0}", "\u{85}", "a"],
    );
    accepts(r"^\S$", &["\x0B", "\u{A0}", "a"], &[" ", "\n"]);
    accepts(r"^\w$", &["a", "Z", "0", "_"], &["é", "-", "\u{0663}"]);
    accepts(r"^\W$", &["é", "-", " "], &["a", "_"]);
    accepts(r"\bé", &["aé"], &["é", " é"]);
    accepts(r"\bam\b", &["I am", "éamé"], &["amp", "_am"]);
    accepts(r"(?:\b){2}a\b+", &["a"], &["ab"]);
}

#[test]
fn named_classes_keep_their_meaning_between_brackets() {
    accepts(r"^[\d_]$", &["0", "_"], &["a", "\u{0663}"]);
    accepts(r"^[^\d_]$", &["a", "\u{0663}"], &["0", "_"]);
    accepts(r"^[a\D]$", &["a", "b"], &["0"]);
    accepts(r"^[0\D]$", &["0", "b"], &["1"]);
    accepts(r"^[^\D]$", &["0"], &["a", "\u{0663}"]);
    accepts(r"^[^\S\n]$", &[" ", "\t"], &["\n", "\x0B", "a"]);
    accepts(r"^[\s\S]$", &["\n", "é"], &[""]);
    accepts(r"^[^\s\S]", &[], &["a", ""]);
    accepts(r"^[\w.-]+$", &["a-b.c"], &["a b"]);
}

#[test]
fn brackets_hold_characters_ranges_and_escapes() {
    accepts("^[]a]$", &["]", "a"], &["b"]);
    accepts("^[^]a]$", &["b", "\n"], &["]", "a"]);
    accepts("^[-a]$", &["-", "a"], &["b"]);
    accepts("^[^-a]$", &["b"], &["-", "a"]);
    accepts("^[a-]$", &["-", "a"], &["b"]);
    accepts("^[]-]$", &["-", "]"], &["b"]);
    accepts("^[--]$", &["-"], &["]"]);
    accepts("^[a-c-]$", &["-", "b"], &["d"]);
    accepts(r"^[a\-b]$", &["-", "a", "b"], &["c"]);
    accepts(r"^[\[\]^$.|?*+(){}&~]+$", &["[]^$.|?*+(){}&~"], &["a"]);
    accepts(r"^[+-\-]$", &["+", ",", "-"], &["."]);
    accepts(r"^[\x30-\x{39}à-ü]$", &["5", "é"], &["a", "e"]);
    accepts("^[:alpha:]$", &["a", ":"], &["b"]);
}

#[test]
fn repeats_may_be_lazy_and_nested_through_groups() {
    accepts("^a*b+c?$", &["b", "aabbc"], &["a", "bcc"]);
    accepts("^a*?b+?c??$", &["b", "aabbc"], &["a", "bcc"]);
    accepts("^a{2}b{1,}c{0,2}$", &["aab", "aabbcc"], &["ab", "aabccc"]);
    accepts(
        "^a{2}?b{1,}?c{0,2}?$",
        &["aab", "aabbcc"],
        &["ab", "aabccc"],
    );
    accepts("^(?:a*)*(b{2}){3}$", &["bbbbbb", "abbbbbb"], &["bbbbb"]);
    accepts("^(?:a{0}b{100}){10}$", &[&"b".repeat(1000)], &["b"]);
    accepts(
        "^(?:(?:a{10}){10,}){0,10}$",
        &["", &"a".repeat(100)],
        &["a"],
    );
    accepts("^a{1000}$", &[&"a".repeat(1000)], &[&"a".repeat(999)]);
    accepts("^*()+$?", &[""], &[]);
    accepts(r"a{2} ?\{", &["aa{", "aa {"], &["a{"]);
}

#[test]
fn groups_hold_flags_at_their_start() {
    accepts("(?i)k", &["K", "k", "\u{212A}"], &["c"]);
    accepts("(?i)[^k]", &["a"], &["K", "\u{212A}"]);
    accepts("(?i)straße", &["STRAẞE"], &["STRASSE"]);
    accepts("(?i)a|b", &["A", "B"], &["c"]);
    accepts("(?:(?i)a)b", &["Ab"], &["AB"]);
    accepts("((?i)a|b)c", &["Ac", "Bc"], &["BC"]);
    accepts("(?i:a|b)c", &["Bc"], &["BC"]);
    accepts("(?P<the_1st>(?i)(?s)a.)b", &["A\nb"], &["A\nB"]);
    accepts("(?is)(?m:^a.b$)", &["x\nA\nB\nx"], &["xa\nb"]);
    accepts("a.b", &["a\rb", "a\u{2028}b"], &["a\nb"]);
    accepts("(?m)a$", &["a\nb"], &["a\r\n"]);
    accepts(r"(?m)\Aa\z", &["a"], &["a\n", "\na"]);
    accepts("(?i)", &[""], &[]);
    accepts(r"(?i:a)\w", &["Ab", "a_"], &["A\u{212A}"]);
    accepts(r"(?:(?i)a)[\W]", &["A-"], &["Ak"]);
    accepts(r"(?i)^\d\D\s\S\bk", &["0x .K"], &["0x xK"]);
}

#[test]
fn what_engines_read_differently_or_not_at_all_is_refused() {
    let table: &[(&str, Range<usize>, &str, &str)] = &[
        // Look-around, references and other groups
        ("a(?=b)", 1..4, "look-ahead", "condition"),
        ("a(?!b)", 1..4, "look-ahead", ""),
        ("a(?<=b)", 1..5, "look-ahead and look-behind", ""),
        ("a(?<!b)", 1..5, "look-behind", ""),
        (r"(a)\1", 3..5, "back-references", ""),
        (r"(a)\12b", 3..6, "back-references", ""),
        (r"\8", 0..2, "back-references", ""),
        (r"(?P<a>b)\k<a>", 8..10, "back-references", ""),
        (r"(?P<a>b)(?P=a)", 8..12, "back-references", ""),
        ("a(?>b)", 1..4, "atomic groups are", ""),
        ("a(?#b)", 1..4, "comments are", ""),
        ("a(?|b)", 1..4, "branch reset", ""),
        ("(?(1)a)", 0..3, "conditionals", ""),
        ("(?P>a)", 0..4, "recursion is", ""),
        ("(?1)", 0..3, "recursion is", ""),
        ("a(?<n>b)", 1..6, "(?P<name>", "(?P<n>"),
        ("(?'n'b)", 0..3, "(?P<name>", ""),
        ("(?P<é>b)", 4..6, "ASCII letters", ""),
        ("(?P<a.b>c)", 4..7, "ASCII letters", ""),
        ("(?P<1>b)", 4..5, "ASCII letters", ""),
        ("(?P<a-b>c)", 5..6, "ASCII letters", ""),
        ("(?P<>b)", 0..4, "empty name", "(?:"),
        ("(?P<a>b)(?P<a>c)", 12..13, "two groups named `a`", ""),
        ("x(?P<ab", 1..7, "never closed", r"\("),
        ("x(?P<", 1..5, "never closed", r"\("),
        ("x(?i", 1..4, "never closed", r"\("),
        ("x(?", 1..2, "never closed", r"\("),
        ("é(a", 2..3, "never closed", r"\("),
        ("a)", 1..2, "closes no group", r"\)"),
        // Flags
        ("a(?i)b", 1..5, "start of the pattern", "(?i:…)"),
        ("a|(?i)b", 2..6, "start of the pattern", ""),
        ("(?i)a(?s)b", 5..9, "start of the pattern", ""),
        ("(|(?i)b)", 2..6, "start of the pattern", ""),
        ("(a(?i))", 2..6, "start of the pattern", ""),
        ("(?)a", 0..3, "sets no flag", "(?:"),
        ("a(?)", 1..4, "sets no flag", "(?:"),
        ("(?-i)a", 2..4, "only be switched on", ""),
        ("(?i-s:a)", 3..5, "only be switched on", ""),
        ("(?i-)a", 3..4, "only be switched on", ""),
        ("(?--i)a", 3..4, "only be switched on", ""),
        ("(?x)a", 2..3, "`x` is not a flag", "`i`, `s` and `m`"),
        ("(?iU:a)", 3..4, "`U` is not a flag", ""),
        ("(?u)a", 2..3, "`u` is not a flag", ""),
        ("(?R)a", 2..3, "`R` is not a flag", ""),
        ("(?q)a", 2..3, "`q` is not a flag", ""),
        ("(?i>a)", 3..4, "`>` is not a flag", ""),
        ("(?ii)a", 3..4, "given twice", "once"),
        (
            r"(?i)a\w",
            5..7,
            r"`\w` matches under the flag `i`",
            "[0-9A-Za-z_]",
        ),
        (r"(?i)[a\w]", 6..8, "under the flag `i`", "`0-9A-Za-z_`"),
        (r"(?i:(a\W))", 6..8, "under the flag `i`", "[^0-9A-Za-z_]"),
        (r"(?i)[^\W]", 6..8, "under the flag `i`", ""),
        (r"(?i)a|\w", 6..8, "under the flag `i`", ""),
        (r"((?i)a|(b\w))", 9..11, "under the flag `i`", ""),
        // Escapes
        (r"a\a", 1..3, r"`\a` is not an escape", r"\x07"),
        (r"\v", 0..2, r"`\v` is not an escape", r"\x0B"),
        (r"\0", 0..2, "octal", r"\x00"),
        (r"\012", 0..4, "octal", ""),
        (r"\B", 0..2, r"`\B` is not", ""),
        (r"a\Z", 1..3, r"`\Z` is not", r"\z"),
        (r"\G", 0..2, r"`\G` is not", ""),
        (r"\Qa.b\E", 0..2, r"`\Q` is not", "backslash"),
        (r"\C", 0..2, r"`\C` is not", ""),
        (r"\e", 0..2, r"`\e` is not", r"\x1B"),
        (r"\q", 0..2, r"`\q` is not", "`q`"),
        (r"a\ b", 1..3, r"`\ ` is not", "without the backslash"),
        ("a\\\nb", 1..3, r"`\\n` is not", "without the backslash"),
        (r"a\éb", 1..4, r"`\é` is not", "without the backslash"),
        (r"\<a", 0..2, r"`\<` is not", "without the backslash"),
        (r"a\>", 1..3, r"`\>` is not", "without the backslash"),
        (r"[\<]", 1..3, r"`\<` is not", "without the backslash"),
        (r"[\ ]", 1..3, r"`\ ` is not", "without the backslash"),
        (r"[a\v]", 2..4, r"`\v` is not", ""),
        (r"\u0041", 0..6, r"`\u0041` is not", r"\x{…}"),
        (r"\u{41}", 0..6, r"`\u{41}` is not", r"\x{…}"),
        (r"\U00000041", 0..10, "is not an escape", r"\x{…}"),
        (r"\u00", 0..4, r"`\u00` is not", r"\x{…}"),
        (r"a\xzz", 1..4, r"`\xz` does not", "two hexadecimal digits"),
        (r"a\x4", 1..4, r"`\x4` does not", "two hexadecimal digits"),
        (r"\x{}", 0..4, r"`\x{}` does not", ""),
        (r"\x{41", 0..5, r"`\x{41` does not", ""),
        (r"\x{D800}", 0..7, "does not give a Unicode character", ""),
        (r"a\", 1..2, "ends in the middle of an escape", r"`\\`"),
        (r"a\pL", 1..4, "Unicode classes", "[A-Za-z]"),
        (r"[\p{Greek}]", 1..10, "Unicode classes", ""),
        (r"\P{L", 0..4, "Unicode classes", ""),
        (r"a\p", 1..3, "Unicode classes", ""),
        (r"\b{start}a", 0..9, "only word boundary", r"\{"),
        (r"a\b{foo}", 1..7, "only word boundary", ""),
        (r"a\b{foo", 1..7, "only word boundary", ""),
        (r"a\b{", 1..4, "only word boundary", ""),
        // Brackets
        ("[[]", 1..2, "must be escaped", r"\["),
        ("[a[b]", 2..3, "must be escaped", r"\["),
        ("[a[b]]", 2..3, "must be escaped", r"\["),
        ("[A-[]", 3..4, "must be escaped", r"\["),
        ("x[[:alpha:]]", 2..11, "no `[:alpha:]`", "`A-Za-z`"),
        ("[[:^alpha:]]", 1..11, "no `[:^alpha:]`", "out"),
        ("[a&&b]", 2..4, "set operator", r"\&\&"),
        ("[a--b]", 2..4, "set operator", r"\-\-"),
        ("[a~~b&&c]", 2..4, "set operator", r"\~\~"),
        ("[a-c&&]", 4..6, "set operator", ""),
        ("[a-c-e]", 4..5, "a literal `-`", r"\-"),
        ("[--a]", 2..3, "a literal `-`", r"\-"),
        ("[]-a]", 2..3, "a literal `-`", r"\-"),
        (r"[\w-.]", 1..3, "one end of a range", r"\-"),
        (r"[a-\d]", 3..5, "one end of a range", r"\-"),
        ("[z-a]", 1..4, "`z-a` runs backwards", "smaller"),
        ("a[bc", 1..2, "never closed", r"\["),
        ("a[-", 1..2, "never closed", r"\["),
        ("[]abc", 0..1, "never closed", "stands for itself"),
        ("[^]", 0..1, "never closed", "stands for itself"),
        (r"[\b]", 1..3, r"`\b` has no meaning", ""),
        (r"[\A]", 1..3, r"`\A` has no meaning", ""),
        // Repeats
        ("a**", 2..3, "repeats of repeats", "(?:…)*"),
        ("a***", 2..3, "repeats of repeats", ""),
        ("a*+", 2..3, "possessive", "(?:…)+"),
        ("a+?+", 3..4, "possessive", ""),
        ("a{2}{3}", 4..7, "repeats of repeats", "(?:…){3}"),
        ("a{40}{40}", 5..9, "repeats of repeats", ""),
        ("*a", 0..1, "nothing to repeat", r"\*"),
        ("a|+", 2..3, "nothing to repeat", r"\+"),
        ("(?i)?", 4..5, "nothing to repeat", r"\?"),
        ("{2}", 0..1, "nothing to repeat", r"\{"),
        ("é{", 2..3, "does not open a count", r"\{"),
        ("a{b}", 1..2, "does not open a count", r"\{"),
        ("a{2", 1..2, "does not open a count", r"\{"),
        ("a{2,x}", 1..2, "does not open a count", r"\{"),
        ("a{}", 1..2, "does not open a count", r"\{"),
        ("a{,}", 1..2, "does not open a count", r"\{"),
        ("a{,5}", 1..5, "lower bound", "`{0,5}`"),
        ("a{ 2}", 1..5, "without spaces", "`{2}`"),
        ("a{2, 3}?", 1..8, "without spaces", "`{2,3}?`"),
        ("a{02}", 1..5, "leading zeros", ""),
        ("a{3,2}", 1..6, "run backwards", "smaller"),
        ("a{1001}", 1..7, "at most 1000", ""),
        ("a{1001,}", 1..8, "at most 1000", ""),
        ("a{0,1001}", 1..9, "at most 1000", ""),
        ("a{99999999999}", 2..13, "at most 1000", ""),
        ("(?:a{100}){11}", 4..9, "multiply to 1100", ""),
        ("(?:(?:a{10,}){0,10}){11}", 7..12, "multiply to 1100", ""),
        ("(?:(?:a{100}){0}){11}", 7..12, "multiply to 1100", ""),
    ];
    for (pattern, part, message, help) in table {
        refuses(pattern, part.clone(), message, help);
    }
}

#[test]
fn a_pattern_that_nests_too_deeply_is_refused() {
    let deep = |n: usize| format!(r"{}[\s]\b{}", "(".repeat(n), ")".repeat(n));
    assert!(Pattern::parse(&deep(248)).unwrap().is_match(" a"));
    let error = Pattern::parse(&deep(249)).unwrap_err();
    assert_eq!(error.message, "the pattern nests too deeply");
}

#[test]
fn a_pattern_too_large_to_compile_is_refused_as_a_whole() {
    let text = r"[^a]{1000}".repeat(40);
    let error = Pattern::parse(&text).unwrap_err();
    assert_eq!(
        (error.message.as_str(), error.range),
        ("the pattern is too large", 0..400)
    );
}

/// The states of the pattern as Rust's library compiles it.
fn compiled_states(pattern: &Pattern) -> u64 {
    use regex_automata::nfa::thompson::NFA;
    let nfa = NFA::compiler().build_from_hir(pattern.hir()).unwrap();
    nfa.states().len() as u64
}

#[test]
fn a_pattern_is_measured_before_it_is_compiled() {
    for text in [
        "",
        "abc",
        "^[a-z0-9-]{1,63}$",
        "[a-z]{0,900}|b{7,}|c{0}|d{3}",
        "(.{1,100}/){1,10}",
        r"(?i)[k-s\x{17f}-\x{1ff}]{40}",
        r"[^\x{0}-\x{ff}]*(é|日本){20}\b",
        "((((a|b)|c)|d)*)+",
    ] {
        let pattern = Pattern::parse(text).unwrap();
        let (bound, actual) = (pattern.states() + 20, compiled_states(&pattern));
        assert!(actual <= bound, "{text}: {actual} of {bound}");
    }
    // What people write is far from the limit.
    assert!(Pattern::parse("^.{1,1000}$").unwrap().states() < MOST_STATES / 5);
}

#[test]
fn the_largest_pattern_that_is_accepted_compiles() {
    let largest = |part: &str| {
        let accepted = (1..).take_while(|n| Pattern::parse(&part.repeat(*n)).is_ok());
        Pattern::parse(&part.repeat(accepted.last().unwrap())).unwrap()
    };
    for part in ["[a-z]{1000}", ".{1000}", "(?i:k{500}|ſ)"] {
        let pattern = largest(part);
        assert!(pattern.compiled().is_some(), "{part}");
    }
}

const PIECES: &[&str] = &[
    "a",
    "b",
    "k",
    "K",
    "é",
    "0",
    "1",
    "_",
    " ",
    "\n",
    ",",
    ".",
    "^",
    "$",
    "|",
    "(",
    "(?:",
    "(?i)",
    "(?i:",
    "(?s)",
    "(?m)",
    "(?",
    "(?P<n>",
    "P",
    "<",
    ">",
    ")",
    "[",
    "[^",
    "[a-",
    "]",
    "-",
    "&&",
    "~",
    "[:alpha:]",
    "*",
    "+",
    "?",
    "{",
    "}",
    "{2}",
    "{0,3}",
    "{9,}",
    "{,2}",
    "\\",
    r"\d",
    r"\D",
    r"\w",
    r"\W",
    r"\s",
    r"\S",
    r"\b",
    r"\A",
    r"\z",
    r"\x{4B}",
    r"\x",
    r"\u",
    r"\-",
    r"\[",
    r"\]",
    r"\p{L",
    "\u{212A}",
    "#",
    "x",
    ":",
    "=",
    "!",
    "😀",
];

fn texts_of(of: &'static [&'static str], most: usize) -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(of), 0..most).prop_map(|all| all.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn any_text_is_read_or_refused_at_a_part_of_it(text in texts_of(PIECES, 12)) {
        if let Err(error) = Pattern::parse(&text) {
            prop_assert!(!error.range.is_empty());
            prop_assert!(text.get(error.range.clone()).is_some(), "{text:?}: {error:?}");
        }
    }

    #[test]
    fn the_hir_means_what_is_matched(
        text in texts_of(PIECES, 7),
        haystacks in prop::collection::vec(
            texts_of(&["a", "b", "k", "K", "\u{212A}", "é", "0", "_", " ", "\n", "-", "\x0B"], 6),
            8,
        ),
    ) {
        if let Ok(pattern) = Pattern::parse(&text) {
            prop_assert!(compiled_states(&pattern) <= pattern.states() + 20);
            let printed = regex::Regex::new(&pattern.hir().to_string()).unwrap();
            for haystack in haystacks {
                let expected = printed.is_match(&haystack);
                prop_assert_eq!(pattern.is_match(&haystack), expected, "{:?}", haystack);
            }
        }
    }
}
