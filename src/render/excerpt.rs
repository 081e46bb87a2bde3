//! The few lines around a span, cut to a width that a person can read: a
//! policy on one line of ten megabytes shows a window.

use super::escape::push_escaped;
use mcppolicy_engine::source::{Position, Source, Span};

/// Characters kept before and behind the start of the span on a long line.
const BEFORE: usize = 50;
const BEHIND: usize = 80;
/// A span over more lines than this is marked on its first line only.
const MOST_LINES: usize = 6;

/// A printable chunk of a source with one span marked.
#[derive(Debug)]
pub struct Excerpt {
    /// The escaped lines, joined by line breaks.
    pub text: String,
    /// The line of the file that `text` begins with, from 1.
    pub first_line: usize,
    /// The marked bytes of `text`; never empty, never out of range.
    pub mark: Span,
    /// Where the span really begins.
    pub position: Position,
}

impl Excerpt {
    /// The surroundings of `span` in `source`.
    pub fn new(source: &Source, span: Span) -> Excerpt {
        let text = source.text();
        let start = floor_boundary(text, span.start);
        let position = source.position(start);
        let line = source.line_span(start);
        let mut end = floor_boundary(text, span.end.max(start));
        if source.position(end).line - position.line > MOST_LINES {
            end = line.end;
        }
        let mut excerpt = Builder {
            text: String::new(),
            start: None,
            end: None,
            span: Span::new(start, end),
        };
        let mut first_line = position.line;
        if line.start > 0 {
            let previous = source.line_span(line.start - 1);
            excerpt.line(text, previous, previous.start);
            first_line -= 1;
        }
        let mut at = line;
        loop {
            excerpt.line(text, at, start.max(at.start));
            if at.end >= end || at.end >= text.len() {
                break;
            }
            at = source.line_span(at.end + 1);
        }
        if at.end + 1 < text.len() {
            let next = source.line_span(at.end + 1);
            excerpt.line(text, next, next.start);
        }
        excerpt.finish(first_line, position)
    }
}

struct Builder {
    text: String,
    start: Option<usize>,
    end: Option<usize>,
    span: Span,
}

impl Builder {
    /// Appends a line, cut around the offset `focus`.
    fn line(&mut self, text: &str, line: Span, focus: usize) {
        let from = line.start;
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        let line = text
            .get(line.start..line.end)
            .unwrap_or_default()
            .trim_end_matches('\r');
        let before = text.get(from..focus).unwrap_or_default();
        let left = before
            .char_indices()
            .rev()
            .nth(BEFORE)
            .map_or(0, |(at, _)| at);
        if left > 0 {
            self.text.push('…');
        }
        let room = BEFORE + BEHIND;
        let shown = line.get(left..).unwrap_or_default();
        for (count, (at, character)) in shown.char_indices().enumerate() {
            self.mark(from + left + at);
            if count == room {
                self.text.push('…');
                return;
            }
            push_escaped(&mut self.text, character);
        }
        self.mark(from + line.len());
    }

    /// Notes where the span's ends are in the excerpt.
    fn mark(&mut self, offset: usize) {
        if self.start.is_none() && offset >= self.span.start {
            self.start = Some(self.text.len());
        }
        if self.end.is_none() && offset >= self.span.end {
            self.end = Some(self.text.len());
        }
    }

    fn finish(mut self, first_line: usize, position: Position) -> Excerpt {
        let start = self.start.unwrap_or(self.text.len());
        let mut end = self.end.unwrap_or(self.text.len()).max(start);
        if start == end {
            // An empty span, such as the end of the file, is marked on a
            // blank of its own.
            if self
                .text
                .get(start..start + 1)
                .is_none_or(|next| next == "\n")
            {
                self.text.insert(start, ' ');
            }
            end = start
                + self
                    .text
                    .get(start..)
                    .and_then(|rest| rest.chars().next())
                    .map_or(0, char::len_utf8);
        }
        Excerpt {
            text: self.text,
            first_line,
            mark: Span::new(start, end),
            position,
        }
    }
}

fn floor_boundary(text: &str, offset: usize) -> usize {
    text.floor_char_boundary(offset.min(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use mcppolicy_engine::source::SourceMap;

    fn excerpt(text: &str, start: usize, end: usize) -> (String, String) {
        let mut map = SourceMap::new();
        let file = map.add("f", text);
        let excerpt = Excerpt::new(map.get(file), Span::new(start, end));
        let marked = excerpt.text[excerpt.mark.start..excerpt.mark.end].to_owned();
        (excerpt.text, marked)
    }

    #[test]
    fn a_neighbouring_line_is_shown_on_either_side() {
        let (text, marked) = excerpt("one\ntwo\nthree\nfour\n", 4, 7);
        assert_eq!((text.as_str(), marked.as_str()), ("one\ntwo\nthree", "two"));
    }

    #[test]
    fn a_long_line_is_cut_around_the_place() {
        let line = format!("{}HERE{}", "a".repeat(5000), "b".repeat(5000));
        let (text, marked) = excerpt(&line, 5000, 5004);
        assert_eq!(marked, "HERE");
        assert!(text.chars().count() < 150, "{text}");
        assert!(text.starts_with('…') && text.ends_with('…'));
    }

    #[test]
    fn the_end_of_the_file_can_be_marked() {
        assert_eq!(excerpt("{\"a\":", 5, 5).1, " ");
        assert_eq!(excerpt("", 0, 0).1, " ");
        assert_eq!(excerpt("x\n", 2, 2).1, " ");
        assert_eq!(excerpt("x", 90, 99).1, " ");
    }

    #[test]
    fn control_characters_are_escaped_without_losing_the_place() {
        let (text, marked) = excerpt("\u{1b}[0m\u{202e}name", 7, 11);
        assert_eq!(marked, "name");
        assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'));
    }

    #[test]
    fn a_span_over_many_lines_is_marked_on_its_first() {
        let text = "{\n".to_owned() + &"  1,\n".repeat(50) + "}";
        let (_, marked) = excerpt(&text, 0, text.len());
        assert_eq!(marked, "{");
    }
}
