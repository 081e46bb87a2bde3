//! The patterns of the `regex` operator (policy language §2, "Regex dialect").
//!
//! The dialect is the part of regular expression syntax that RE2 and Rust's `regex` read alike.
//! A pattern outside of it is refused, never guessed at: the same policy must mean the same thing
//! to the gateway that enforces it and to the tool that checks it.

mod refusal;

use std::fmt;
use std::ops::Range;

use regex_syntax::ast::{
    self, Assertion, AssertionKind, Ast, ClassPerl, ClassPerlKind, ClassSet, ClassSetItem, Flag,
    Flags, FlagsItemKind, Group, GroupKind, HexLiteralKind, Literal, LiteralKind, Repetition,
    RepetitionKind, RepetitionRange, SpecialLiteralKind,
};
use regex_syntax::hir::Hir;

use refusal::{
    ascii_class, bytes, count_too_large, group_name, negated_flags, open_bracket, quoted, refuse,
    special_boundary, syntax_error, unicode_class, unknown_escape, unknown_flag,
};

/// The largest count, and the largest product of nested counts (RE2's own limit).
const MAX_COUNT: u32 = 1000;

/// How deep a pattern may nest; it also bounds the recursion of [`Checker`].
const NEST_LIMIT: u32 = 250;

/// The translation nests deeper than the author did, at most by a class and the union in it.
const TRANSLATED_NEST_LIMIT: u32 = NEST_LIMIT + 2;

/// A checked pattern of the dialect (policy language §2).
#[derive(Clone, Debug)]
pub struct Pattern {
    text: String,
    hir: Hir,
    regex: regex::Regex,
}

impl Pattern {
    /// Reads a pattern of the dialect (policy language §2).
    ///
    /// # Errors
    ///
    /// When `text` is no regular expression, uses something the dialect does not have, or is too
    /// large to compile. The error points at the first offending piece found.
    pub fn parse(text: &str) -> Result<Pattern, PatternError> {
        let ast = ast::parse::ParserBuilder::new()
            .nest_limit(NEST_LIMIT)
            .build()
            .parse(text)
            .map_err(|error| syntax_error(text, &error))?;
        let mut checker = Checker {
            text,
            edits: Vec::new(),
        };
        checker.walk(&ast, &mut Scope::default(), true)?;
        let translated = checker.translated();

        let hir = regex_syntax::ParserBuilder::new()
            .nest_limit(TRANSLATED_NEST_LIMIT)
            .build()
            .parse(&translated)
            .map_err(|_| refuse(0..text.len(), "the pattern cannot be compiled"))?;
        let regex = regex::RegexBuilder::new(&translated)
            .nest_limit(TRANSLATED_NEST_LIMIT)
            .build()
            .map_err(|error| match error {
                regex::Error::CompiledTooBig(_) => {
                    refuse(0..text.len(), "the pattern is too large")
                        .help("use smaller counts or fewer alternatives")
                }
                _ => refuse(0..text.len(), "the pattern cannot be compiled"),
            })?;
        Ok(Pattern {
            text: text.to_owned(),
            hir,
            regex,
        })
    }

    /// What the author wrote.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the pattern matches somewhere in `haystack` (policy language §2: unanchored).
    pub fn is_match(&self, haystack: &str) -> bool {
        self.regex.is_match(haystack)
    }

    /// The exact meaning of the pattern, for automata built by others: flags are applied, classes
    /// are spelt out as the ASCII ones of the dialect, and every match is valid UTF-8.
    pub fn hir(&self) -> &Hir {
        &self.hir
    }
}

/// Why a pattern is refused (policy language §2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatternError {
    /// What is wrong, in one sentence without a final stop.
    pub message: String,
    /// What to write instead, when there is something.
    pub help: Option<String>,
    /// The offending piece, in bytes of the pattern; empty only when the pattern is.
    pub range: Range<usize>,
}

impl PatternError {
    fn help(mut self, help: impl Into<String>) -> PatternError {
        self.help = Some(help.into());
        self
    }
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for PatternError {}

/// What holds from here to the end of the group.
#[derive(Clone, Copy)]
struct Scope {
    ignore_case: bool,
    /// How often the counts around this place repeat it.
    repeats: u32,
}

impl Default for Scope {
    fn default() -> Scope {
        Scope {
            ignore_case: false,
            repeats: 1,
        }
    }
}

/// Refuses what the dialect does not have, and collects what Rust's `regex` reads otherwise.
struct Checker<'t> {
    text: &'t str,
    /// What to write in place of a piece of the pattern, in the order of the text.
    edits: Vec<(Range<usize>, &'static str)>,
}

impl Checker<'_> {
    /// The pattern, in the words of Rust's `regex`.
    fn translated(&self) -> String {
        let mut out = String::with_capacity(self.text.len());
        let mut done = 0;
        for (range, replacement) in &self.edits {
            out.push_str(self.text.get(done..range.start).unwrap_or_default());
            out.push_str(replacement);
            done = range.end;
        }
        out.push_str(self.text.get(done..).unwrap_or_default());
        out
    }

    /// `first` is true as long as only flags came before in the pattern or group.
    fn walk(&mut self, ast: &Ast, scope: &mut Scope, first: bool) -> Result<(), PatternError> {
        match ast {
            Ast::Empty(_) | Ast::Dot(_) => Ok(()),
            Ast::Literal(literal) => self.literal(literal),
            Ast::Assertion(assertion) => self.assertion(assertion),
            Ast::ClassUnicode(class) => Err(unicode_class(bytes(&class.span))),
            Ast::ClassPerl(class) => self.perl(class, *scope, false),
            Ast::ClassBracketed(class) => self.class(&class.kind, *scope),
            Ast::Repetition(repetition) => self.repetition(repetition, *scope),
            Ast::Group(group) => self.group(group, *scope),
            Ast::Flags(set) => {
                scope.ignore_case |= self.flags(&set.flags)?;
                if first {
                    return Ok(());
                }
                let flags = quoted(self.text, bytes(&set.flags.span));
                Err(refuse(
                    bytes(&set.span),
                    "flags are only allowed at the start of the pattern or of a group",
                )
                .help(format!(
                    "write `(?{flags}:…)` around what they should apply to"
                )))
            }
            Ast::Alternation(alternation) => {
                for (i, branch) in alternation.asts.iter().enumerate() {
                    self.walk(branch, scope, first && i == 0)?;
                }
                Ok(())
            }
            Ast::Concat(concat) => {
                let mut first = first;
                for item in &concat.asts {
                    self.walk(item, scope, first)?;
                    first &= matches!(item, Ast::Flags(_));
                }
                Ok(())
            }
        }
    }

    fn literal(&self, literal: &Literal) -> Result<(), PatternError> {
        use SpecialLiteralKind::{CarriageReturn, FormFeed, LineFeed, Tab};
        let known = match &literal.kind {
            LiteralKind::Verbatim | LiteralKind::Meta => true,
            LiteralKind::Superfluous => literal.c.is_ascii_punctuation(),
            LiteralKind::HexFixed(kind) | LiteralKind::HexBrace(kind) => *kind == HexLiteralKind::X,
            LiteralKind::Special(kind) => {
                matches!(kind, Tab | LineFeed | CarriageReturn | FormFeed)
            }
            LiteralKind::Octal => false,
        };
        if known {
            Ok(())
        } else {
            Err(unknown_escape(self.text, bytes(&literal.span)))
        }
    }

    fn assertion(&mut self, assertion: &Assertion) -> Result<(), PatternError> {
        let range = bytes(&assertion.span);
        match assertion.kind {
            AssertionKind::StartLine
            | AssertionKind::EndLine
            | AssertionKind::StartText
            | AssertionKind::EndText => Ok(()),
            AssertionKind::WordBoundary => {
                self.edits.push((range, r"(?-u:\b)"));
                Ok(())
            }
            AssertionKind::NotWordBoundary
            | AssertionKind::WordBoundaryStartAngle
            | AssertionKind::WordBoundaryEndAngle => Err(unknown_escape(self.text, range)),
            AssertionKind::WordBoundaryStart
            | AssertionKind::WordBoundaryEnd
            | AssertionKind::WordBoundaryStartHalf
            | AssertionKind::WordBoundaryEndHalf => Err(special_boundary(range)),
        }
    }

    fn perl(&mut self, class: &ClassPerl, scope: Scope, inner: bool) -> Result<(), PatternError> {
        let range = bytes(&class.span);
        if scope.ignore_case && class.kind == ClassPerlKind::Word {
            let instead = match (inner, class.negated) {
                (true, false) => "write the characters out: `0-9A-Za-z_`",
                (false, false) => "write the characters out: `[0-9A-Za-z_]`",
                (false, true) => "write the characters out: `[^0-9A-Za-z_]`",
                (true, true) => "apply the flag to less of the pattern, as in `(?i:…)`",
            };
            let what = quoted(self.text, range.clone());
            let message = format!("engines disagree on what `{what}` matches under the flag `i`");
            return Err(refuse(range, message).help(instead));
        }
        // A class within brackets is a union in Rust's `regex`: the same text serves both places.
        let replacement = match (&class.kind, class.negated) {
            (ClassPerlKind::Digit, false) => "[0-9]",
            (ClassPerlKind::Digit, true) => "[^0-9]",
            (ClassPerlKind::Space, false) => r"[\t\n\f\r ]",
            (ClassPerlKind::Space, true) => r"[^\t\n\f\r ]",
            (ClassPerlKind::Word, false) => "[0-9A-Za-z_]",
            (ClassPerlKind::Word, true) => "[^0-9A-Za-z_]",
        };
        self.edits.push((range, replacement));
        Ok(())
    }

    /// What stands between brackets.
    fn class(&mut self, set: &ClassSet, scope: Scope) -> Result<(), PatternError> {
        let item = match set {
            ClassSet::Item(item) => item,
            ClassSet::BinaryOp(operation) => {
                let mut operation = operation;
                // Operators associate to the left: the innermost one comes first in the text.
                while let ClassSet::BinaryOp(earlier) = &*operation.lhs {
                    operation = earlier;
                }
                let end = operation.rhs.span().start.offset;
                let range = end.saturating_sub(2)..end;
                let operator = quoted(self.text, range.clone());
                let escaped: String = operator.chars().flat_map(|c| ['\\', c]).collect();
                let message = format!(
                    "`{operator}` between brackets is a set operator to some engines and text to others"
                );
                return Err(refuse(range, message)
                    .help(format!("write `{escaped}` for the characters themselves")));
            }
        };
        let items = match item {
            ClassSetItem::Union(union) => union.items.as_slice(),
            single => std::slice::from_ref(single),
        };
        for (i, item) in items.iter().enumerate() {
            match item {
                ClassSetItem::Empty(_) | ClassSetItem::Union(_) => {}
                ClassSetItem::Literal(literal) => {
                    let at_an_end = i == 0 || i + 1 == items.len();
                    self.member(literal, at_an_end)?;
                }
                ClassSetItem::Range(range) => {
                    self.member(&range.start, false)?;
                    self.member(&range.end, false)?;
                }
                ClassSetItem::Perl(class) => self.perl(class, scope, true)?,
                ClassSetItem::Unicode(class) => return Err(unicode_class(bytes(&class.span))),
                ClassSetItem::Bracketed(class) => {
                    return Err(open_bracket(class.span.start.offset));
                }
                ClassSetItem::Ascii(class) => {
                    let range = bytes(&class.span);
                    let what = quoted(self.text, range.clone());
                    let error = refuse(range, format!("the pattern dialect has no `{what}`"));
                    return Err(if class.negated {
                        error.help("write the characters out")
                    } else {
                        let instead = ascii_class(&class.kind);
                        error.help(format!("write `{instead}` in its place"))
                    });
                }
            }
        }
        Ok(())
    }

    /// A single character between brackets, or one end of a range.
    fn member(&self, literal: &Literal, may_be_hyphen: bool) -> Result<(), PatternError> {
        match (&literal.kind, literal.c) {
            (LiteralKind::Verbatim, '[') => Err(open_bracket(literal.span.start.offset)),
            (LiteralKind::Verbatim, '-') if !may_be_hyphen => Err(refuse(
                bytes(&literal.span),
                "a literal `-` between brackets must be escaped unless it comes first or last",
            )
            .help(r"write `\-`")),
            _ => self.literal(literal),
        }
    }

    fn repetition(&mut self, repetition: &Repetition, scope: Scope) -> Result<(), PatternError> {
        let range = bytes(&repetition.op.span);
        let operator = quoted(self.text, range.clone());
        if let Ast::Repetition(inner) = &*repetition.ast {
            self.repetition(inner, scope)?;
            let message = if operator == "+" {
                "possessive repeats are not part of the pattern dialect"
            } else {
                "repeats of repeats are not part of the pattern dialect"
            };
            return Err(refuse(range, message).help(format!(
                "put what is to be repeated in a group: `(?:…){operator}`"
            )));
        }
        let count = match &repetition.op.kind {
            RepetitionKind::ZeroOrOne | RepetitionKind::ZeroOrMore | RepetitionKind::OneOrMore => 1,
            RepetitionKind::Range(
                RepetitionRange::Exactly(n)
                | RepetitionRange::AtLeast(n)
                | RepetitionRange::Bounded(_, n),
            ) => (*n).max(1),
        };
        if operator.contains(char::is_whitespace) {
            let without: String = operator.split_whitespace().collect();
            return Err(refuse(range, "a repeat is written without spaces")
                .help(format!("write `{without}`")));
        }
        // RE2 takes `a{01}` for the text `a{01}`, Rust for one `a`.
        let padded = |number: &str| number.len() > 1 && number.starts_with('0');
        if operator.split(|c: char| !c.is_ascii_digit()).any(padded) {
            return Err(refuse(range, "a count is written without leading zeros"));
        }
        if count > MAX_COUNT {
            return Err(count_too_large(range));
        }
        let repeats = scope.repeats.saturating_mul(count);
        if repeats > MAX_COUNT {
            let message =
                format!("nested counts multiply to {repeats}, and {MAX_COUNT} is the most");
            return Err(refuse(range, message));
        }
        self.walk(&repetition.ast, &mut Scope { repeats, ..scope }, false)
    }

    fn group(&mut self, group: &Group, scope: Scope) -> Result<(), PatternError> {
        let mut scope = scope;
        match &group.kind {
            GroupKind::CaptureIndex(_) => {}
            GroupKind::NonCapturing(flags) => scope.ignore_case |= self.flags(flags)?,
            GroupKind::CaptureName {
                starts_with_p,
                name,
            } => {
                if !name
                    .name
                    .chars()
                    .all(|c| c == '_' || c.is_ascii_alphanumeric())
                {
                    return Err(group_name(bytes(&name.span)));
                }
                if !starts_with_p {
                    let range = group.span.start.offset..name.span.end.offset + 1;
                    let message = "a named group is written `(?P<name>…)`";
                    return Err(
                        refuse(range, message).help(format!("write `(?P<{}>` instead", name.name))
                    );
                }
            }
        }
        self.walk(&group.ast, &mut scope, true)
    }

    /// Whether the flags, checked, switch `i` on.
    fn flags(&self, flags: &Flags) -> Result<bool, PatternError> {
        let mut ignore_case = false;
        for item in &flags.items {
            match item.kind {
                FlagsItemKind::Flag(Flag::CaseInsensitive) => ignore_case = true,
                FlagsItemKind::Flag(Flag::MultiLine | Flag::DotMatchesNewLine) => {}
                FlagsItemKind::Flag(_) => return Err(unknown_flag(self.text, bytes(&item.span))),
                FlagsItemKind::Negation => {
                    return Err(negated_flags(item.span.start.offset..flags.span.end.offset));
                }
            }
        }
        Ok(ignore_case)
    }
}

#[cfg(test)]
mod tests {
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
    fn refuses(pattern: &str, piece: Range<usize>, message: &str, help: &str) {
        let error = Pattern::parse(pattern).expect_err(pattern);
        assert_eq!(error.range, piece, "{pattern:?}: {error:?}");
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
        for (pattern, piece, message, help) in table {
            refuses(pattern, piece.clone(), message, help);
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

    fn pieces(of: &'static [&'static str], most: usize) -> impl Strategy<Value = String> {
        prop::collection::vec(prop::sample::select(of), 0..most).prop_map(|all| all.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4096))]

        #[test]
        fn any_text_is_read_or_refused_at_a_piece_of_it(text in pieces(PIECES, 12)) {
            if let Err(error) = Pattern::parse(&text) {
                prop_assert!(!error.range.is_empty());
                prop_assert!(text.get(error.range.clone()).is_some(), "{text:?}: {error:?}");
            }
        }

        #[test]
        fn the_hir_means_what_is_matched(
            text in pieces(PIECES, 7),
            haystacks in prop::collection::vec(
                pieces(&["a", "b", "k", "K", "\u{212A}", "é", "0", "_", " ", "\n", "-", "\x0B"], 6),
                8,
            ),
        ) {
            if let Ok(pattern) = Pattern::parse(&text) {
                let printed = regex::Regex::new(&pattern.hir().to_string()).unwrap();
                for haystack in haystacks {
                    let expected = printed.is_match(&haystack);
                    prop_assert_eq!(pattern.is_match(&haystack), expected, "{:?}", haystack);
                }
            }
        }
    }
}
