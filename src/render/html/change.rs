//! A change: what it does for each tool, and the calls that prove it.

use super::chart;
use super::findings::calls;
use super::text::further;
use crate::render::escape::{html, html_sentence};
use crate::render::review::{self, Piece, Point, Review, Turn};
use crate::render::style::Style;
use crate::render::{conclusion, passes, quote, words};
use crate::shown;
use mcppolicy_analysis::compare::{Edit, Scope, Witness};
use mcppolicy_analysis::diff::gate::Outside;
use mcppolicy_analysis::diff::traffic::Traffic;
use mcppolicy_analysis::diff::{PolicyDiff, PolicyStatus};
use mcppolicy_analysis::report::{ApprovalShown, DiffReport};
use mcppolicy_analysis::shorten;
use mcppolicy_engine::source::{FileId, Location, SourceMap, Span};

/// Changes that are drawn out on one page.
const MOST_CHANGES: usize = 200;

/// Every policy's change.
pub(super) fn render(out: &mut String, report: &DiffReport, sources: &SourceMap, style: Style<'_>) {
    for policy in &report.diff.policies {
        out.push_str(&format!(
            "<section>\n<h2><code>{}</code> {}</h2>\n",
            html(&shorten::name(&policy.name)),
            html(&words::status(policy))
        ));
        let review = Review::of(policy);
        table(out, &review);
        opened(out, policy);
        let of = Of { policy, sources };
        for point in review.points.iter().take(MOST_CHANGES) {
            of.point(out, point);
        }
        let more = review.points.len().saturating_sub(MOST_CHANGES);
        further(out, more, "change");
        for (scope, outside) in policy.judgement.outside() {
            beyond(out, scope, outside);
        }
        asides(out, &review);
        if let Some(traffic) = &policy.traffic {
            recorded(out, &policy.name, traffic, style);
        }
        out.push_str("</section>\n");
    }
    let approvals: String = report.approvals.iter().filter_map(approval).collect();
    if !approvals.is_empty() {
        out.push_str(&format!(
            "<section>\n<h2>Approvals</h2>\n<ul>\n{approvals}</ul>\n</section>\n"
        ));
    }
}

/// How to go on where the gate refuses.
pub(super) fn ways_out(out: &mut String, reports: &[&DiffReport], sources: &SourceMap) {
    let Some(ways) = conclusion::ways_out(reports, sources) else {
        return;
    };
    out.push_str("<section>\n<h2>How to go on</h2>\n");
    if !ways.undo.is_empty() {
        let lines = ways.undo.iter();
        let lines = lines.map(|undo| {
            let was = match undo.text.as_slice() {
                [] => String::new(),
                lines => {
                    // A line's end would be escaped with the rest.
                    let lines: Vec<String> = lines.iter().map(|line| html(line)).collect();
                    format!("<pre>{}</pre>", lines.join("\n"))
                }
            };
            format!("<li>{}{was}</li>\n", html_sentence(&undo.what))
        });
        let lines: String = lines.collect();
        out.push_str(&format!(
            "<p>Undo what lets more through:</p>\n<ul>\n{lines}</ul>\n"
        ));
    }
    if let Some(approve) = &ways.approve {
        let begin = if ways.undo.is_empty() {
            "Approve"
        } else {
            "Or approve"
        };
        let command = html(approve);
        out.push_str(&format!(
            "<p>{begin} exactly this change:</p>\n<pre>{command}</pre>\n"
        ));
    }
    out.push_str("</section>\n");
}

/// What a policy lets through where there was none, or that there is none.
fn opened(out: &mut String, policy: &PolicyDiff) {
    if matches!(policy.status, PolicyStatus::Removed) {
        out.push_str(&format!("<p>{}.</p>\n", words::REMOVED));
    }
    let Some(words) = &policy.told else { return };
    let lines = passes::opened(words).into_iter();
    let lines = lines.map(|line| format!("<li>{}</li>\n", html_sentence(&line)));
    let lines: String = lines.collect();
    out.push_str(&format!("<p>It lets through:</p>\n<ul>\n{lines}</ul>\n"));
}

/// What changes no decision.
fn asides(out: &mut String, review: &Review<'_>) {
    if review.asides.is_empty() {
        return;
    }
    let count = words::counted(review.asides.len() as u64, "other edit");
    out.push_str(&format!("<details>\n<summary>{count}</summary>\n<ul>\n"));
    for aside in review.asides.iter().take(MOST_CHANGES) {
        let line = format!("{}: {}", aside.subject(), aside.summary());
        let line = html_sentence(&shorten::sentence(&line));
        out.push_str(&format!("<li>{line}</li>\n"));
    }
    out.push_str("</ul>\n");
    let more = review.asides.len().saturating_sub(MOST_CHANGES);
    further(out, more, "edit");
    out.push_str("</details>\n");
}

/// An approval that matters, with what it allows.
fn approval(shown: &ApprovalShown) -> Option<String> {
    let approval = html(&words::approval(shown)?);
    let lines = words::allowed(shown).into_iter();
    let lines: String = lines
        .map(|line| format!("<li>{}</li>\n", html(&line)))
        .collect();
    if lines.is_empty() {
        return Some(format!("<li>{approval}</li>\n"));
    }
    Some(format!("<li>{approval}\n<ul>\n{lines}</ul></li>\n"))
}

/// What goes beyond the approvals of a scope.
fn beyond(out: &mut String, scope: &Scope, outside: &Outside) {
    if let Some(what) = words::outside(scope, outside) {
        out.push_str(&format!(
            "<article class=\"bad\">\n<h3><code>{}</code> {}</h3>\n",
            html(&words::scope(scope)),
            html(&what)
        ));
        out.push_str(&calls(&outside.calls));
        out.push_str("</article>\n");
    }
}

const fn class(turn: Turn) -> &'static str {
    match turn {
        Turn::Looser => "bad",
        Turn::Tighter => "good",
        Turn::Unknown => "warn",
    }
}

fn table(out: &mut String, review: &Review<'_>) {
    if review.points.is_empty() {
        return;
    }
    out.push_str(
        "<table>\n<thead><tr><th scope=\"col\">Where</th><th scope=\"col\">Verdict</th>\
         <th scope=\"col\">What changed</th></tr></thead>\n<tbody>\n",
    );
    for point in &review.points {
        out.push_str(&format!(
            "<tr><td class=\"name\">{}</td><td>{}</td>\
             <td>{}</td></tr>\n",
            html_sentence(&point.subject()),
            badge(point),
            told(&shorten::sentence(&point.summary()))
        ));
    }
    out.push_str("</tbody>\n</table>\n");
}

/// Which way a point goes, and whether it is approved.
fn badge(point: &Point<'_>) -> String {
    let reason = point.reason.map(|reason| format!(" ({})", reason.name()));
    let approved = if point.approved { ", approved" } else { "" };
    format!(
        "<span class=\"badge {}\">{}</span>{}{approved}",
        class(point.turn),
        point.word(),
        reason.unwrap_or_default()
    )
}

/// One policy of a change.
#[derive(Clone, Copy)]
struct Of<'a> {
    policy: &'a PolicyDiff,
    sources: &'a SourceMap,
}

impl Of<'_> {
    /// What it was, what it is, and the call that makes the point.
    fn point(self, out: &mut String, point: &Point<'_>) {
        out.push_str(&format!(
            "<article class=\"{}\">\n<h3>{} {} {}</h3>\n",
            class(point.turn),
            html_sentence(&point.subject()),
            badge(point),
            told(&shorten::sentence(&point.summary()))
        ));
        if point.turn == Turn::Unknown {
            out.push_str("<p>It could not be told whether this passes more or less.</p>\n");
        }
        if point.together {
            out.push_str("<p>Only these edits together cause it.</p>\n");
        }
        for edit in point.edits.iter().filter(|_| !point.repeats) {
            self.edit(out, edit, point.turn);
        }
        if let Some(witness) = point.witness.filter(|witness| !witness.calls.is_empty()) {
            self.witness(out, point, witness);
        }
        if let Some(told) = point.without_calls() {
            out.push_str(&format!("<p>{told}</p>\n"));
        }
        if point.schema_valid == Some(false) {
            out.push_str("<p>The tool's own schema admits no such call.</p>\n");
        }
        out.push_str("</article>\n");
    }

    /// Both sides of an edit.
    fn edit(self, out: &mut String, edit: &Edit, turn: Turn) {
        // What refused more is the side that is drawn as a refusal.
        let classes = match turn {
            Turn::Looser => ["deny", "allow"],
            Turn::Tighter => ["allow", "deny"],
            Turn::Unknown => ["plain", "plain"],
        };
        let [before, after] = classes;
        let [old, new] = review::sides(edit);
        out.push_str("<div class=\"sides\">\n");
        for (title, class, pieces, side, file) in [
            ("Before", before, old, &edit.old, self.policy.old),
            ("After", after, new, &edit.new, self.policy.new),
        ] {
            let text = match (pieces, side) {
                (Some(pieces), Some(side)) => {
                    format!(
                        "<code>{}</code>{}",
                        marked(&pieces),
                        self.line(file, side.span)
                    )
                }
                _ => "<span class=\"muted\">not there</span>".to_owned(),
            };
            out.push_str(&format!(
                "<div class=\"{class}\"><p class=\"label\">{title}</p><p>{text}</p></div>\n"
            ));
        }
        out.push_str("</div>\n");
    }

    fn line(self, file: Option<FileId>, span: Span) -> String {
        let at = file.map(|file| self.sources.start(Location { file, span }));
        let line = at.map(|at| format!(" <span class=\"muted\">line {}</span>", at.line));
        line.unwrap_or_default()
    }

    fn witness(self, out: &mut String, point: &Point<'_>, witness: &Witness) {
        let shown = review::shown(point.turn, witness);
        let (refusal, file) = review::refusal(point.turn, witness, self.policy);
        let (by, span) = review::refuser(point, refusal);
        let rule = by.map(|rule| {
            let line = span.map(|span| self.line(file, span));
            let rule = html(&shorten::name(rule));
            format!(" by <code>{rule}</code>{}", line.unwrap_or_default())
        });
        out.push_str(&format!(
            "<p class=\"label\">{shown}{}</p>\n",
            rule.unwrap_or_default()
        ));
        out.push_str(&calls(&witness.calls));
        if let Some(message) = review::told(refusal) {
            let message = html(&shorten::text(message));
            out.push_str(&format!(
                "<p class=\"muted\">Its message: “{message}”</p>\n"
            ));
        }
    }
}

/// A text as code; as a sentence where it has code within it.
fn told(text: &str) -> String {
    if text.contains('`') {
        html_sentence(text)
    } else {
        format!("<code>{}</code>", html(text))
    }
}

fn marked(pieces: &[Piece]) -> String {
    let piece = |piece: &Piece| {
        let text = html(&piece.text);
        if piece.is_changed {
            format!("<mark>{text}</mark>")
        } else {
            text
        }
    };
    pieces.iter().map(piece).collect()
}

fn recorded(out: &mut String, policy: &str, traffic: &Traffic, style: Style<'_>) {
    let traces = words::counted(traffic.traces as u64, "trace");
    out.push_str(&format!(
        "<h3>Recorded traffic</h3>\n<p>{traces}: {}; {} affected.</p>\n",
        words::traffic(&traffic.total),
        words::counted(traffic.grants.len() as u64, "grant")
    ));
    chart::traffic(out, policy, traffic);
    if traffic.examples.is_empty() {
        return;
    }
    out.push_str(
        "<table>\n<thead><tr><th scope=\"col\">Call</th><th scope=\"col\">Tool</th>\
         <th scope=\"col\">Now</th><th scope=\"col\">Refusing rule</th>\
         <th scope=\"col\">Arguments</th></tr></thead>\n<tbody>\n",
    );
    for example in &traffic.examples {
        let arguments = shown::recorded(example.arguments.as_ref(), &example.reads, style.shown());
        let arguments = arguments.map(|value| shorten::text(&quote::json(&value)).into_owned());
        out.push_str(&format!(
            "<tr><td><code>{}:{}</code></td><td class=\"name\"><code>{}</code></td>\
             <td class=\"word\">{}</td>\
             <td><code>{}</code></td><td><code>{}</code></td></tr>\n",
            html(&shorten::name(&example.file)),
            example.line,
            html(&shorten::name(
                example.tool.as_deref().unwrap_or(words::NO_TOOL)
            )),
            if example.passes { "passes" } else { "refused" },
            html(&shorten::name(example.rule.as_deref().unwrap_or_default())),
            html(&arguments.unwrap_or_default())
        ));
    }
    out.push_str("</tbody>\n</table>\n");
}
