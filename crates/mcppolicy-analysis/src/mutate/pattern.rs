//! Small changes of a pattern.

use std::ops::Range;

use super::operator::Operator;
use mcppolicy_engine::pattern::Pattern;
use regex_syntax::ast::{
    self, Assertion, AssertionKind, Ast, ClassBracketed, ClassSet, ClassSetItem, Repetition,
    RepetitionKind, RepetitionRange,
};

/// How deep the dialect lets patterns nest.
const NEST_LIMIT: u32 = 250;

/// The patterns that differ from `pattern` in one small thing, each with what
/// was done; those that the dialect does not have are left out.
pub(super) fn changed(pattern: &Pattern) -> Vec<(Operator, Pattern)> {
    let text = pattern.as_str();
    let parsed = ast::parse::ParserBuilder::new()
        .nest_limit(NEST_LIMIT)
        .build()
        .parse(text);
    let Ok(tree) = parsed else {
        return Vec::new();
    };
    let mut edits = Edits {
        text,
        list: Vec::new(),
    };
    edits.walk(&tree);
    if !text.contains("(?i") {
        edits.put(Operator::PatternCase, 0..0, "(?i)");
    }
    let made = edits.list.into_iter();
    let parsed = made.filter_map(|(operator, text)| Some((operator, Pattern::parse(&text).ok()?)));
    parsed.collect()
}

struct Edits<'t> {
    text: &'t str,
    list: Vec<(Operator, String)>,
}

impl Edits<'_> {
    /// Puts `with` in the place of a part.
    fn put(&mut self, operator: Operator, part: Range<usize>, with: &str) {
        let (Some(before), Some(after)) = (self.text.get(..part.start), self.text.get(part.end..))
        else {
            return;
        };
        self.list.push((operator, format!("{before}{with}{after}")));
    }

    fn walk(&mut self, tree: &Ast) {
        match tree {
            Ast::Assertion(assertion) => self.anchor(assertion),
            Ast::ClassBracketed(class) => self.class(class),
            Ast::ClassPerl(class) => {
                let own = self.text.get(range(&class.span)).unwrap_or_default();
                if !class.negated
                    && let Some(other) = stranger(own)
                {
                    let wider = format!("[{own}{other}]");
                    self.put(Operator::PatternClass, range(&class.span), &wider);
                }
            }
            Ast::Repetition(repetition) => {
                self.count(repetition);
                self.walk(&repetition.ast);
            }
            Ast::Group(group) => self.walk(&group.ast),
            Ast::Alternation(alternation) => {
                let branches: Vec<Range<usize>> = alternation
                    .asts
                    .iter()
                    .map(|ast| range(ast.span()))
                    .collect();
                for (at, branch) in branches.iter().enumerate() {
                    // With the bar behind it, the last with the bar before it.
                    let part = match (branches.get(at + 1), at.checked_sub(1)) {
                        (Some(next), _) => branch.start..next.start,
                        (None, Some(before)) => {
                            branches.get(before).map_or(branch.start, |b| b.end)..branch.end
                        }
                        (None, None) => continue,
                    };
                    self.put(Operator::PatternBranch, part, "");
                }
                alternation.asts.iter().for_each(|branch| self.walk(branch));
            }
            Ast::Concat(concat) => concat.asts.iter().for_each(|item| self.walk(item)),
            Ast::Empty(_)
            | Ast::Flags(_)
            | Ast::Literal(_)
            | Ast::Dot(_)
            | Ast::ClassUnicode(_) => {}
        }
    }

    fn anchor(&mut self, assertion: &Assertion) {
        let is_anchor = matches!(
            assertion.kind,
            AssertionKind::StartLine
                | AssertionKind::EndLine
                | AssertionKind::StartText
                | AssertionKind::EndText
                | AssertionKind::WordBoundary
        );
        if is_anchor {
            self.put(Operator::PatternAnchor, range(&assertion.span), "");
        }
    }

    fn count(&mut self, repetition: &Repetition) {
        let span = range(&repetition.op.span);
        let lazy = if repetition.greedy { "" } else { "?" };
        let counts = match &repetition.op.kind {
            RepetitionKind::ZeroOrOne => vec![String::new(), format!("{{0,2}}{lazy}")],
            RepetitionKind::ZeroOrMore => vec![format!("+{lazy}")],
            RepetitionKind::OneOrMore => vec![format!("*{lazy}")],
            RepetitionKind::Range(bounds) => {
                let (low, high) = match bounds {
                    RepetitionRange::Exactly(count) => (*count, Some(*count)),
                    RepetitionRange::AtLeast(low) => (*low, None),
                    RepetitionRange::Bounded(low, high) => (*low, Some(*high)),
                };
                let exact = high == Some(low);
                let written = |low: u32, high: Option<u32>| match high {
                    None => format!("{{{low},}}{lazy}"),
                    Some(high) if high == low => format!("{{{low}}}{lazy}"),
                    Some(high) => format!("{{{low},{high}}}{lazy}"),
                };
                let mut counts = Vec::new();
                match high {
                    Some(_) if exact => {
                        counts.push(written(low + 1, Some(low + 1)));
                        counts.extend(low.checked_sub(1).map(|less| written(less, Some(less))));
                    }
                    _ => {
                        counts.push(written(low + 1, high));
                        counts.extend(low.checked_sub(1).map(|less| written(less, high)));
                        if let Some(high) = high {
                            counts.push(written(low, Some(high + 1)));
                            counts.push(written(low, Some(high.saturating_sub(1).max(low))));
                        }
                    }
                }
                counts
            }
        };
        for count in counts {
            self.put(Operator::PatternCount, span.clone(), &count);
        }
    }

    fn class(&mut self, class: &ClassBracketed) {
        let span = range(&class.span);
        let own = self.text.get(span.clone()).unwrap_or_default();
        if class.negated {
            // It is wider by what it no longer leaves out.
            if let ClassSet::Item(ClassSetItem::Union(union)) = &class.kind
                && let Some(first) = union.items.first()
            {
                let part = range(first.span());
                self.put(Operator::PatternClass, part, "");
            }
        } else if let Some(other) = stranger(own) {
            let end = span.end.saturating_sub(1);
            self.put(Operator::PatternClass, end..end, &other);
        }
    }
}

/// A character that a class does not have, as it is written in one.
fn stranger(class: &str) -> Option<String> {
    let class = Pattern::parse(&format!("^{class}$")).ok()?;
    let candidates = ['/', '.', '-', ' ', '_', ':', 'a', 'A', '0', ';', '$'];
    let other = candidates
        .into_iter()
        .find(|c| !class.is_match(&c.to_string()))?;
    Some(if other.is_ascii_punctuation() {
        format!("\\{other}")
    } else {
        other.to_string()
    })
}

fn range(span: &ast::Span) -> Range<usize> {
    span.start.offset..span.end.offset
}
