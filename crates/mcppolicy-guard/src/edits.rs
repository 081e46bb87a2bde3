//! Changes to a text that keep every other byte.

use mcppolicy_engine::source::Span;

/// Replacements of parts of one text, which do not overlap.
#[derive(Debug, Default)]
pub(crate) struct Edits {
    parts: Vec<(Span, String)>,
}

impl Edits {
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Replaces a part.
    pub fn replace(&mut self, span: Span, with: String) {
        self.parts.push((span, with));
    }

    /// Cuts a part out.
    pub fn cut(&mut self, span: Span) {
        self.replace(span, String::new());
    }

    /// The text with the changes made.
    pub fn apply(mut self, text: &str) -> String {
        self.parts.sort_by_key(|(span, _)| span.start);
        let mut out = String::with_capacity(text.len());
        let mut at = 0;
        for (span, with) in &self.parts {
            out.push_str(text.get(at..span.start).unwrap_or_default());
            out.push_str(with);
            at = span.end;
        }
        out.push_str(text.get(at..).unwrap_or_default());
        out
    }
}
