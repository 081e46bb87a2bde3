//! Findings as snippets of their file. The only module that uses `miette`.

use std::fmt::Write;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError,
    MietteSpanContents, Severity as MietteSeverity, SourceCode, SourceSpan, SpanContents,
};

use crate::render::escape::terminal;
use crate::render::excerpt::Excerpt;
use crate::render::quote;
use crate::render::style::Style;
use crate::render::words::counted;
use mcppolicy_analysis::finding::{Finding, RuleId, Severity};
use mcppolicy_analysis::shorten;
use mcppolicy_engine::source::{Source, SourceMap};

/// Snippets shown before the rest is only counted: nobody reads more, and a
/// file with a million mistakes must not flood a job's log.
const MOST_SNIPPETS: usize = 500;

/// Each finding as a snippet with its span underlined.
pub(super) fn render(out: &mut String, findings: &[Finding], sources: &SourceMap, style: Style) {
    let theme = if style.colour {
        GraphicalTheme::unicode()
    } else {
        GraphicalTheme::unicode_nocolor()
    };
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_width(style.width)
        .with_context_lines(1);
    for finding in findings.iter().take(MOST_SNIPPETS) {
        let snippet = Snippet::new(finding, sources);
        if handler.render_report(out, &snippet).is_err() {
            // A snippet that cannot be drawn must not lose the finding.
            let at = sources.start(finding.location);
            let name = terminal(sources.get(finding.location.file).name());
            let _ = writeln!(
                out,
                "{name}:{}:{}: {}",
                at.line,
                at.column,
                terminal(&finding.shown())
            );
        }
        for related in &finding.related {
            let at = sources.start(related.location);
            let name = terminal(sources.get(related.location.file).name());
            let _ = writeln!(
                out,
                "  {}: {name}:{}:{}",
                terminal(&shorten::sentence(&related.message)),
                at.line,
                at.column
            );
        }
        for call in quote::witnesses(&finding.witness) {
            let _ = writeln!(out, "  proof: {}", terminal(&call));
        }
        out.push('\n');
    }
    let more = findings.len().saturating_sub(MOST_SNIPPETS);
    if more > 0 {
        let more = counted(more as u64, "further finding");
        let _ = writeln!(out, "{more} not shown here; --format json has them all\n");
    }
}

/// One finding in the shape that miette draws.
#[derive(Debug)]
struct Snippet {
    message: String,
    rule: RuleId,
    severity: MietteSeverity,
    help: Option<String>,
    view: View,
}

impl Snippet {
    fn new(finding: &Finding, sources: &SourceMap) -> Snippet {
        let source = sources.get(finding.location.file);
        Snippet {
            message: terminal(&finding.shown()),
            rule: finding.rule,
            severity: match finding.severity {
                Severity::Error => MietteSeverity::Error,
                Severity::Warning => MietteSeverity::Warning,
                Severity::Note => MietteSeverity::Advice,
            },
            help: finding
                .help
                .as_deref()
                .map(|help| terminal(&shorten::sentence(help))),
            view: View::new(source, Excerpt::new(source, finding.location.span)),
        }
    }
}

impl std::fmt::Display for Snippet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Snippet {}

impl Diagnostic for Snippet {
    fn code<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        let severity = match self.severity {
            MietteSeverity::Error => "error",
            MietteSeverity::Warning => "warning",
            MietteSeverity::Advice => "note",
        };
        Some(Box::new(format!("{severity}[{}]", self.rule)))
    }

    fn severity(&self) -> Option<MietteSeverity> {
        Some(self.severity)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        self.help
            .as_ref()
            .map(|help| Box::new(help) as Box<dyn std::fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.view)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(std::iter::once(
            LabeledSpan::new_primary_with_span(None, self.view.mark()),
        )))
    }
}

/// An excerpt with the line and the column that it has in the file.
#[derive(Debug)]
struct View {
    name: String,
    excerpt: Excerpt,
}

impl View {
    fn new(source: &Source, excerpt: Excerpt) -> View {
        View {
            name: terminal(source.name()),
            excerpt,
        }
    }

    fn mark(&self) -> SourceSpan {
        let mark = self.excerpt.mark;
        (mark.start, mark.end - mark.start).into()
    }
}

impl SourceCode for View {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let contents = self.excerpt.text.as_str().read_span(span, before, after)?;
        let position = self.excerpt.position;
        // The heading asks for the mark alone; a cut line would give it the
        // column in the window.
        let (line, column) = if before == 0 && after == 0 && *span == self.mark() {
            (position.line - 1, position.column - 1)
        } else {
            (
                contents.line() + self.excerpt.first_line - 1,
                contents.column(),
            )
        };
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.clone(),
            contents.data(),
            *contents.span(),
            line,
            column,
            contents.line_count(),
        )))
    }
}
