//! Findings, each with the lines around its span.

use super::text::{cut, further};
use crate::render::escape::{html, html_sentence};
use crate::render::excerpt::Excerpt;
use crate::render::words;
use mcppolicy_analysis::finding::Finding;
use mcppolicy_engine::source::SourceMap;

/// Findings on one page.
const MOST: usize = 150;
/// Characters of a call that proves something.
const LONGEST_CALL: usize = 1_500;

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
        html_sentence(&finding.message),
        html(finding.rule.name()),
        html(source.name()),
        at.line,
        at.column
    ));
    context(out, &excerpt);
    if let Some(help) = &finding.help {
        let lines: Vec<String> = help.lines().map(html_sentence).collect();
        out.push_str(&format!("<p class=\"help\">{}</p>\n", lines.join("<br>")));
    }
    for related in &finding.related {
        let at = sources.start(related.location);
        let name = html(sources.get(related.location.file).name());
        out.push_str(&format!(
            "<p>{}: <code>{name}:{}:{}</code></p>\n",
            html(&related.message),
            at.line,
            at.column
        ));
    }
    if !finding.witness.is_empty() {
        out.push_str("<p class=\"label\">Proof, decided by the engine</p>\n");
        out.push_str(&calls(finding.witness.iter().map(words::witness_line)));
    }
    out.push_str("</article>\n");
}

/// Calls as lines of the native trace format.
pub(super) fn calls(lines: impl Iterator<Item = String>) -> String {
    let lines: Vec<String> = lines.map(|line| html(&cut(&line, LONGEST_CALL))).collect();
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
