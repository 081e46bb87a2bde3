//! A change of policies as its reviewer reads it.

use super::page::{Page, folded};
use super::traffic;
use crate::render::escape::{
    markdown, markdown_block, markdown_code, markdown_element, markdown_marked, markdown_summary,
    markdown_told, markdown_told_summary,
};
use crate::render::review::{self, Piece, Point, Review, Turn};
use crate::render::style::Style;
use crate::render::{conclusion, passes, quote, words};
use mcppolicy_analysis::compare::{EditSide, Scope, Verdict, Witness};
use mcppolicy_analysis::diff::gate::Outside;
use mcppolicy_analysis::diff::{PolicyDiff, PolicyStatus};
use mcppolicy_analysis::report::{ApprovalShown, DiffReport};
use mcppolicy_analysis::shorten;
use mcppolicy_engine::source::{FileId, Location, SourceMap, Span};

/// Changes whose proof is shown unfolded.
const UNFOLDED: usize = 5;
/// Edits without effect that are listed.
const MOST_ASIDES: usize = 100;
/// The longest summary in a title and a table.
const LONGEST_SUMMARY: usize = 300;
/// Characters of a call and of a name where there is too little room.
const SHORT: (usize, usize) = (300, 60);

/// The verdict, first of all.
pub(super) fn headline(page: &mut Page, report: &DiffReport) {
    let sign = match (report.refused, report.diff.verdict()) {
        (true, _) => "❌",
        (false, Verdict::Equivalent | Verdict::Tightened) => "✅",
        (false, _) => "⚠️",
    };
    page.keep(format!(
        "## {sign} mcppolicy diff: {}\n",
        conclusion::conclusion(report)
    ));
}

/// The changes of one run.
pub(super) struct Changes<'a> {
    pub reports: Vec<&'a DiffReport>,
    pub sources: &'a SourceMap,
}

impl<'a> Changes<'a> {
    /// The policies, those first that let more through: nobody must be able to
    /// push a change out of a page with harmless ones.
    fn reviews(&self) -> Vec<Review<'a>> {
        let policies = self.reports.iter().flat_map(|report| &report.diff.policies);
        let mut reviews: Vec<Review<'_>> = policies.map(Review::of).collect();
        reviews.sort_by_key(|review| {
            let gone = !matches!(review.policy.status, PolicyStatus::Removed);
            let heaviest = review
                .points
                .first()
                .map(|point| (point.approved, point.turn));
            (gone, heaviest.is_none(), heaviest)
        });
        reviews
    }

    /// What each policy's changes are, and then the calls that prove each.
    pub fn render(&self, page: &mut Page) {
        let reviews = self.reviews();
        for review in &reviews {
            page.keep(format!(
                "### {}: {}\n",
                markdown_code(&shorten::name(&review.policy.name)),
                words::status(review.policy)
            ));
            table(page, review);
            opened(page, review.policy);
        }
        // With one policy, its table has just said which one it is.
        let is_named = reviews.len() > 1;
        let of = |policy| Of {
            policy,
            sources: self.sources,
            is_named,
        };
        for policy in reviews.iter().map(|review| review.policy) {
            for (scope, outside) in policy.judgement.outside() {
                of(policy).beyond(page, scope, outside);
            }
        }
        let points = reviews.iter();
        let points = points.flat_map(|review| review.points.iter().map(|of| (review.policy, of)));
        let mut points: Vec<(&PolicyDiff, &Point<'_>)> = points.collect();
        points.sort_by_key(|(_, point)| (point.approved, point.turn));
        for (at, (policy, point)) in points.into_iter().enumerate() {
            of(policy).point(page, point, at < UNFOLDED);
        }
        for review in &reviews {
            of(review.policy).asides(page, review);
        }
    }

    /// What is approved of it, and what should go.
    pub fn approvals(&self, page: &mut Page) {
        let approvals = self.reports.iter().flat_map(|report| &report.approvals);
        let approvals: String = approvals.filter_map(approval).collect();
        if !approvals.is_empty() {
            page.push(approvals);
        }
    }

    /// How to go on where the gate refuses.
    pub fn ways_out(&self, page: &mut Page) {
        let Some(ways) = conclusion::ways_out(&self.reports, self.sources) else {
            return;
        };
        let mut text = "#### How to go on\n\n".to_owned();
        if !ways.undo.is_empty() {
            text.push_str("Undo what lets more through:\n\n");
            for undo in &ways.undo {
                text.push_str(&format!("- {}\n", markdown(&undo.what)));
                if !undo.text.is_empty() {
                    let block = markdown_block(undo.text.iter().map(String::as_str), "json");
                    // Within its item.
                    let lines = block.lines().map(|line| format!("  {line}\n"));
                    text.extend(lines);
                }
            }
        }
        if let Some(approve) = &ways.approve {
            let begin = if ways.undo.is_empty() {
                "Approve"
            } else {
                "\nOr approve"
            };
            let command = markdown_block([approve.as_str()], "sh");
            text.push_str(&format!("{begin} exactly this change:\n\n{command}"));
        }
        page.keep(text);
    }

    /// Recorded calls under it.
    pub fn traffic(&self, page: &mut Page, style: Style<'_>) {
        let reviews = self.reviews();
        let is_named = reviews.len() > 1;
        for policy in reviews.iter().map(|review| review.policy) {
            if let Some(recorded) = &policy.traffic {
                let name = is_named.then_some(policy.name.as_str());
                traffic::render(page, recorded, name, style);
            }
        }
    }
}

fn table(page: &mut Page, review: &Review<'_>) {
    if review.points.is_empty() {
        return;
    }
    let head = "| | Where | What changed |\n|---|---|---|\n";
    let row = |point: &Point<'_>| {
        format!(
            "| {} | {} | **{}**{}{}: {} |\n",
            point.turn.sign(),
            markdown(&point.subject()),
            point.word(),
            reason(point),
            approved(point),
            markdown_told(&shorten::middle(&point.summary(), LONGEST_SUMMARY))
        )
    };
    page.keep_table(head.to_owned(), review.points.iter().map(row).collect());
}

fn approved(point: &Point<'_>) -> &'static str {
    if point.approved { ", approved" } else { "" }
}

fn reason(point: &Point<'_>) -> String {
    let reason = point.reason.map(|reason| format!(" ({})", reason.name()));
    reason.unwrap_or_default()
}

/// What a policy lets through where there was none, or that there is none.
fn opened(page: &mut Page, policy: &PolicyDiff) {
    if matches!(policy.status, PolicyStatus::Removed) {
        return page.keep(format!("{}.\n", words::REMOVED));
    }
    let Some(words) = &policy.told else { return };
    let rows = passes::opened(words).into_iter();
    let rows = rows.map(|line| format!("- {}\n", markdown(&line)));
    page.keep_table("It lets through:\n\n".to_owned(), rows.collect());
}

/// One policy of a change.
struct Of<'a> {
    policy: &'a PolicyDiff,
    sources: &'a SourceMap,
    /// Whether titles name the policy.
    is_named: bool,
}

impl Of<'_> {
    /// What it was, what it is, and the call that makes the point.
    fn point(&self, page: &mut Page, point: &Point<'_>, unfolded: bool) {
        type Escape = fn(&str) -> String;
        let title = |code: Escape, text: Escape, told: Escape| {
            format!(
                "{} {}{}: {}{}{}",
                point.turn.sign(),
                text(&point.subject()),
                self.named(code),
                told(&shorten::middle(&point.summary(), LONGEST_SUMMARY)),
                reason(point),
                approved(point)
            )
        };
        let mut text = String::new();
        if point.together {
            text.push_str("Only these edits together cause it.\n\n");
        }
        if !point.repeats {
            text.push_str(&self.sides(point));
        }
        if let Some(witness) = point.witness.filter(|witness| !witness.calls.is_empty()) {
            text.push_str(&self.witness(point, witness));
        }
        if let Some(told) = point.without_calls() {
            text.push_str(&format!("{told}\n"));
        }
        if point.schema_valid == Some(false) {
            text.push_str("The tool's own schema admits no such call.\n");
        }
        if text.is_empty() {
            return;
        }
        let whole = if unfolded {
            format!(
                "#### {}\n\n{text}",
                title(markdown_code, markdown, markdown_told)
            )
        } else {
            folded(
                &title(markdown_element, markdown_summary, markdown_told_summary),
                &text,
            )
        };
        match point.witness.and_then(|witness| self.short(point, witness)) {
            Some(short) => page.keep_or(whole, short),
            None => page.keep(whole),
        }
    }

    /// The end of a title that says which policy it is about.
    fn named(&self, code: fn(&str) -> String) -> String {
        if self.is_named {
            format!(" in {}", code(&shorten::name(&self.policy.name)))
        } else {
            String::new()
        }
    }

    /// The edits with both of their sides.
    fn sides(&self, point: &Point<'_>) -> String {
        if point.edits.is_empty() {
            return String::new();
        }
        let mut table = "| Before | After |\n|---|---|\n".to_owned();
        for edit in &point.edits {
            let [old, new] = review::sides(edit);
            let cell = |pieces: Option<Vec<Piece>>, side: &Option<EditSide>, file| {
                let (Some(pieces), Some(side)) = (pieces, side) else {
                    return "–".to_owned();
                };
                let told = match pieces.as_slice() {
                    [only] if !only.is_changed => markdown_told(&only.text),
                    _ => {
                        let pieces = pieces.iter();
                        markdown_marked(pieces.map(|of| (of.text.as_str(), of.is_changed)))
                    }
                };
                format!("{told}{}", self.line(file, side.span))
            };
            table.push_str(&format!(
                "| {} | {} |\n",
                cell(old, &edit.old, self.policy.old),
                cell(new, &edit.new, self.policy.new)
            ));
        }
        table.push('\n');
        table
    }

    fn line(&self, file: Option<FileId>, span: Span) -> String {
        let file = file.map(|file| self.sources.start(Location { file, span }));
        file.map(|at| format!(", line {}", at.line))
            .unwrap_or_default()
    }

    fn witness(&self, point: &Point<'_>, witness: &Witness) -> String {
        let shown = review::shown(point.turn, witness);
        let (refusal, file) = review::refusal(point.turn, witness, self.policy);
        let (by, span) = review::refuser(point, refusal);
        let rule = by.map(|rule| {
            let line = span.map(|span| self.line(file, span));
            let rule = markdown_code(&shorten::name(rule));
            format!(" by {rule}{}", line.unwrap_or_default())
        });
        let message = review::told(refusal);
        let message = message
            .map(|message| format!(", with the message “{}”", markdown(&shorten::text(message))));
        let calls = quote::witnesses(&witness.calls);
        format!(
            "{shown}{}{}:\n\n{}\n",
            rule.unwrap_or_default(),
            message.unwrap_or_default(),
            markdown_block(calls.iter().map(String::as_str), "json")
        )
    }

    /// The call that is decided differently, in two lines.
    fn short(&self, point: &Point<'_>, witness: &Witness) -> Option<String> {
        let (call, name) = SHORT;
        let last = quote::witness_within(witness.calls.last()?, call);
        let policy = shorten::middle(&self.policy.name, name);
        let what = match point.turn {
            Turn::Tighter => "is refused now",
            Turn::Looser | Turn::Unknown => "passes now",
        };
        Some(format!(
            "{} {} in {} {what}: {}\n\n{}",
            point.turn.sign(),
            markdown(&shorten::middle(&point.subject(), name)),
            markdown_code(&policy),
            markdown_told(&shorten::middle(&point.summary(), call)),
            markdown_block([&*last], "json")
        ))
    }

    /// What changes no decision, folded away.
    fn asides(&self, page: &mut Page, review: &Review<'_>) {
        if review.asides.is_empty() {
            return;
        }
        let count = words::counted(review.asides.len() as u64, "other edit");
        let title = format!("✏️ {count}{}", self.named(markdown_element));
        let mut lines = String::new();
        for aside in review.asides.iter().take(MOST_ASIDES) {
            let subject = markdown(&aside.subject());
            let summary = markdown(&shorten::sentence(&aside.summary()));
            lines.push_str(&format!("- {subject}: {summary}\n"));
        }
        let more = review.asides.len().saturating_sub(MOST_ASIDES);
        if more > 0 {
            lines.push_str(&format!("- {more} more; the JSON report has all of them\n"));
        }
        page.fold(&title, &lines);
    }

    /// What goes beyond the approvals of a scope.
    fn beyond(&self, page: &mut Page, scope: &Scope, outside: &Outside) {
        let Some(what) = words::outside(scope, outside) else {
            return;
        };
        let named = self.named(markdown_code);
        let title = format!(
            "#### {}{named}: {what}\n",
            markdown_code(&words::scope(scope))
        );
        let lines = quote::witnesses(&outside.calls);
        let Some(last) = lines.last() else {
            return page.keep(title);
        };
        let whole = markdown_block(lines.iter().map(String::as_str), "json");
        let short = markdown_block([&*shorten::middle(last, SHORT.0)], "json");
        page.keep_or(format!("{title}\n{whole}"), format!("{title}\n{short}"));
    }
}

/// An approval that matters, with what it allows.
fn approval(shown: &ApprovalShown) -> Option<String> {
    let mut lines = format!("- {}\n", markdown(&words::approval(shown)?));
    for line in words::allowed(shown) {
        lines.push_str(&format!("  - {}\n", markdown(&line)));
    }
    Some(lines)
}
