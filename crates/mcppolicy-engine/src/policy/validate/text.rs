//! When a text is blank.

/// Whether there is nothing to read in a text: what the schema's pattern for
/// texts refuses. U+FEFF is white space to ECMAScript and not to Unicode,
/// U+0085 the other way round; a blank text is blank to both.
pub(super) fn is_blank(text: &str) -> bool {
    text.chars()
        .all(|character| character.is_whitespace() || character == '\u{FEFF}')
}
