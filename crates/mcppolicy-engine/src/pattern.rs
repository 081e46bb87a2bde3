//! The patterns of the `regex` operator (policy language §2, "Regex dialect").
//!
//! The dialect is the part of regular expression syntax that RE2 and Rust's `regex` read alike.
//! A pattern outside of it is refused, never guessed at: the same policy must mean the same thing
//! to the gateway that enforces it and to the tool that checks it.

mod plain;
mod refusal;
mod size;
#[cfg(test)]
mod tests;

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use regex_syntax::ast::{
    self, Assertion, AssertionKind, Ast, ClassPerl, ClassPerlKind, ClassSet, ClassSetItem, Flag,
    Flags, FlagsItemKind, Group, GroupKind, HexLiteralKind, Literal, LiteralKind, Repetition,
    RepetitionKind, RepetitionRange, SpecialLiteralKind,
};
use regex_syntax::hir::Hir;

use plain::Plain;
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

/// The most states that a pattern may have when it is compiled: about 20 MB.
const MOST_STATES: u64 = 200_000;

/// A checked pattern of the dialect (policy language §2). Copies are cheap, and share
/// what is compiled when the pattern is first matched.
#[derive(Clone, Debug)]
pub struct Pattern(Arc<Checked>);

#[derive(Debug)]
struct Checked {
    text: String,
    /// The same pattern as Rust's `regex` reads it.
    translated: String,
    hir: Hir,
    states: u64,
    /// What it is, when it is one text.
    plain: Option<Plain>,
    regex: OnceLock<Option<regex::Regex>>,
}

impl Pattern {
    /// Reads a pattern of the dialect (policy language §2).
    ///
    /// # Errors
    ///
    /// When `text` is no regular expression, uses something the dialect does not have, or is too
    /// large to compile. The error points at the first offending part found.
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
        let states = size::states(&hir);
        if states > MOST_STATES {
            return Err(refuse(0..text.len(), "the pattern is too large")
                .with_help("use smaller counts or fewer alternatives"));
        }
        Ok(Pattern(Arc::new(Checked {
            text: text.to_owned(),
            translated,
            plain: Plain::of(&hir),
            hir,
            states,
            regex: OnceLock::new(),
        })))
    }

    /// What the author wrote.
    pub fn as_str(&self) -> &str {
        &self.0.text
    }

    /// Whether the pattern matches somewhere in `haystack` (policy language §2: unanchored).
    pub fn is_match(&self, haystack: &str) -> bool {
        if let Some(plain) = &self.0.plain {
            return plain.is_match(haystack);
        }
        let regex = self.0.regex.get_or_init(|| self.compiled());
        regex.as_ref().is_some_and(|regex| regex.is_match(haystack))
    }

    /// The pattern compiled. The library's own limit of size is off, as [`MOST_STATES`] is
    /// stricter, so it cannot fail.
    fn compiled(&self) -> Option<regex::Regex> {
        regex::RegexBuilder::new(&self.0.translated)
            .nest_limit(TRANSLATED_NEST_LIMIT)
            .size_limit(usize::MAX)
            .build()
            .ok()
    }

    /// An upper bound on the states that the pattern has when it is compiled.
    pub fn states(&self) -> u64 {
        self.0.states
    }

    /// The exact meaning of the pattern, for automata built by others: flags are applied, classes
    /// are written out as the ASCII ones of the dialect, and every match is valid UTF-8.
    pub fn hir(&self) -> &Hir {
        &self.0.hir
    }
}

/// Why a pattern is refused (policy language §2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatternError {
    message: String,
    help: Option<String>,
    range: Range<usize>,
}

impl PatternError {
    /// What is wrong, in one sentence without a final stop.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to write instead, when there is something.
    pub fn help(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// The offending part, in bytes of the pattern; empty only when the pattern is.
    pub fn range(&self) -> Range<usize> {
        self.range.clone()
    }

    fn with_help(mut self, help: impl Into<String>) -> PatternError {
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
    /// How often the counts around this point repeat it.
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
    /// What to write instead of a part of the pattern, in the order of the text.
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
                .with_help(format!(
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
            return Err(refuse(range, message).with_help(instead));
        }
        // A class within brackets is a union in Rust's `regex`: the same text serves in both.
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

    /// What is between brackets.
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
                    .with_help(format!("write `{escaped}` for the characters themselves")));
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
                        error.with_help("write the characters out")
                    } else {
                        let instead = ascii_class(&class.kind);
                        error.with_help(format!("write `{instead}` in its place"))
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
            .with_help(r"write `\-`")),
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
            return Err(refuse(range, message).with_help(format!(
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
                .with_help(format!("write `{without}`")));
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
                    return Err(refuse(range, message)
                        .with_help(format!("write `(?P<{}>` instead", name.name)));
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
