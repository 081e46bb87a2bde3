//! Findings, each with the lines around its span.

use super::text::further;
use crate::render::escape::{html, html_sentence};
use crate::render::excerpt::Excerpt;
use crate::render::quote;
use mcppolicy_analysis::finding::Finding;
use mcppolicy_analysis::shorten;
use mcppolicy_engine::source::SourceMap;
use mcppolicy_trace::trace::WitnessCall;

/// Findings on one page.
const MOST: usize = 150;

/// Findings under a title.
pub(super) fn render(out: &mut String, title: &str, findings: &[&Finding], sources: &SourceMap) {
    if findings.is_empty() {
        return;
    }
    out.push_str(&format!(
        "<section>\n<h2>{title} <span class=\"count\">{}</span></h2>\n",
        findings.len()
    ));
    for finding in findings.iter().take(MOST) {
        one(out, finding, sources);
    }
    further(out, findings.len().saturating_sub(MOST), "finding");
    out.push_str("</section>\n");
}

fn one(out: &mut String, finding: &Finding, sources: &SourceMap) {
    let severity = finding.severity.name();
    let source = sources.get(finding.location.file);
    let excerpt = Excerpt::new(source, finding.location.span);
    let at = excerpt.position;
    out.push_str(&format!(
        "<article class=\"{severity}\">\n<h3><span class=\"badge {severity}\">{severity}</span> \
         {}</h3>\n<p class=\"where\"><code>{}</code> · <code>{}:{}:{}</code></p>\n",
        html_sentence(&finding.shown()),
        html(finding.rule.name()),
        html(&shorten::name(source.name())),
        at.line,
        at.column
    ));
    context(out, &excerpt);
    if let Some(help) = &finding.help {
        let help = html_sentence(&shorten::sentence(help));
        out.push_str(&format!("<p class=\"help\">{help}</p>\n"));
    }
    for related in &finding.related {
        let at = sources.start(related.location);
        let name = html(&shorten::name(sources.get(related.location.file).name()));
        out.push_str(&format!(
            "<p>{}: <code>{name}:{}:{}</code></p>\n",
            html(&shorten::sentence(&related.message)),
            at.line,
            at.column
        ));
    }
    if !finding.witness.is_empty() {
        out.push_str("<p class=\"label\">Proof, decided by the engine</p>\n");
        out.push_str(&calls(&finding.witness));
    }
    out.push_str("</article>\n");
}

/// Calls as lines of the native trace format.
pub(super) fn calls(calls: &[WitnessCall]) -> String {
    let lines = quote::witnesses(calls);
    let lines: Vec<String> = lines.iter().map(|line| html(line)).collect();
    format!("<pre class=\"call\">{}</pre>\n", lines.join("\n"))
}

/// The lines around a span, the span itself marked.
fn context(out: &mut String, excerpt: &Excerpt) {
    let mut offset = 0;
    out.push_str("<pre class=\"source\">");
    for (at, line) in excerpt.text.split('\n').enumerate() {
        let end = offset + line.len();
        let from = excerpt.mark.start.clamp(offset, end) - offset;
        let to = excerpt.mark.end.clamp(offset, end) - offset;
        let part = |range: std::ops::Range<usize>| html(line.get(range).unwrap_or_default());
        out.push_str(&format!(
            "<span class=\"no\">{}</span>",
            excerpt.first_line + at
        ));
        if from < to {
            out.push_str(&format!(
                "{}<mark>{}</mark>{}\n",
                part(0..from),
                part(from..to),
                part(to..line.len())
            ));
        } else {
            out.push_str(&part(0..line.len()));
            out.push('\n');
        }
        offset = end + 1;
    }
    out.push_str("</pre>\n");
}
