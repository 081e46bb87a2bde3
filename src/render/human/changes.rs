//! A change of policies: the verdict first, then each change with the calls
//! that prove it, then recorded traffic.

use std::fmt::Write;

use super::cases::tool_name;
use super::findings;
use crate::render::escape::terminal;
use crate::render::review::{self, Piece, Point, Review, Turn};
use crate::render::style::Style;
use crate::render::words;
use crate::render::words::counted;
use crate::render::{conclusion, passes, quote};
use crate::shown;
use mcppolicy_analysis::compare::{Scope, Witness};
use mcppolicy_analysis::diff::gate::Outside;
use mcppolicy_analysis::diff::traffic::{Example, Traffic};
use mcppolicy_analysis::diff::{PolicyDiff, PolicyStatus};
use mcppolicy_analysis::report::DiffReport;
use mcppolicy_analysis::shorten;
use mcppolicy_engine::source::SourceMap;

/// Edits without effect that are shown; the JSON report has them all.
const MOST_ASIDES: usize = 20;

/// The whole change.
pub(super) fn render(out: &mut String, report: &DiffReport, sources: &SourceMap, style: Style) {
    findings::render(out, &report.findings, sources, style);
    details(out, report, sources, style);
    approvals(out, report);
    let _ = writeln!(out, "{}", conclusion(report));
    ways_out(out, &[report], sources);
}

/// Each policy's changes, what of them nobody has approved, and the traffic.
pub(super) fn details(out: &mut String, report: &DiffReport, sources: &SourceMap, style: Style) {
    for policy in &report.diff.policies {
        findings::render(out, &policy.drift, sources, style);
        let _ = writeln!(out, "{}: {}", terminal(&policy.name), words::status(policy));
        let review = Review::of(policy);
        let shown = Shown {
            policy,
            sources,
            style,
        };
        for point in &review.points {
            shown.point(out, point);
        }
        if matches!(policy.status, PolicyStatus::Removed) {
            let _ = writeln!(out, "  {}", words::REMOVED);
        }
        if let Some(told) = &policy.told {
            for line in passes::opened(told) {
                let _ = writeln!(out, "  {}", terminal(&line));
            }
        }
        for (scope, outside) in policy.judgement.outside() {
            render_outside(out, scope, outside);
        }
        asides(out, &review);
        if let Some(traffic) = &policy.traffic {
            findings::render(out, &traffic.problems, sources, style);
            render_traffic(out, traffic, style);
        }
        out.push('\n');
    }
}

/// What changes no decision, one line each.
fn asides(out: &mut String, review: &Review<'_>) {
    if review.asides.is_empty() {
        return;
    }
    out.push('\n');
    for aside in review.asides.iter().take(MOST_ASIDES) {
        let line = format!("{}: {}", aside.subject(), aside.summary());
        let _ = writeln!(out, "  also {}", terminal(&shorten::sentence(&line)));
    }
    let more = review.asides.len().saturating_sub(MOST_ASIDES);
    if more > 0 {
        let _ = writeln!(
            out,
            "  also {more} more edits; the JSON report has all of them"
        );
    }
}

/// How to go on where the gate refuses.
pub(super) fn ways_out(out: &mut String, reports: &[&DiffReport], sources: &SourceMap) {
    let Some(ways) = conclusion::ways_out(reports, sources) else {
        return;
    };
    if !ways.undo.is_empty() {
        out.push_str("\nTo undo what lets more through:\n");
        for undo in &ways.undo {
            let _ = writeln!(out, "  {}", terminal(&undo.what));
            for line in &undo.text {
                let _ = writeln!(out, "    {}", terminal(line));
            }
        }
    }
    if let Some(approve) = &ways.approve {
        let _ = writeln!(
            out,
            "\nTo approve exactly this change instead:\n  {}",
            terminal(approve)
        );
    }
}

/// The approvals that matter, each with what it allows.
pub(super) fn approvals(out: &mut String, report: &DiffReport) {
    for shown in &report.approvals {
        let Some(approval) = words::approval(shown) else {
            continue;
        };
        let _ = writeln!(out, "{}", terminal(&approval));
        for line in words::allowed(shown) {
            let _ = writeln!(out, "  {}", terminal(&line));
        }
    }
}

fn conclusion(report: &DiffReport) -> String {
    let policies = counted(report.diff.policies.len() as u64, "policy");
    format!("{policies}: {}", conclusion::conclusion(report))
}

/// What the points of one policy are shown with.
#[derive(Clone, Copy)]
struct Shown<'a> {
    policy: &'a PolicyDiff,
    sources: &'a SourceMap,
    style: Style<'a>,
}

impl Shown<'_> {
    /// One thing that got looser or tighter: what it was, what it is, and the call
    /// that makes the point.
    fn point(self, out: &mut String, point: &Point<'_>) {
        let approved = if point.approved { ", approved" } else { "" };
        let reason = point.reason.map(|reason| format!(" ({})", reason.name()));
        let title = format!(
            "{}: {}{approved}{}",
            point.subject(),
            shorten::sentence(&point.summary()),
            reason.unwrap_or_default()
        );
        let word = self.coloured(point.word(), colour(point.turn));
        let _ = writeln!(out, "\n  {word} {}", terminal(&title));
        if point.together {
            out.push_str("    only these edits together cause it\n");
        }
        for edit in point.edits.iter().filter(|_| !point.repeats) {
            let [old, new] = review::sides(edit);
            for (label, pieces, side, file) in [
                ("before", old, &edit.old, self.policy.old),
                ("after", new, &edit.new, self.policy.new),
            ] {
                if let (Some(pieces), Some(side)) = (pieces, side) {
                    let text = self.pieces(&pieces, colour(point.turn));
                    let at = conclusion::position(file, side.span, self.sources);
                    let at = at.map(|at| format!("  {}", terminal(&at)));
                    let _ = writeln!(out, "    {label}: {text}{}", at.unwrap_or_default());
                }
            }
        }
        if let Some(witness) = point.witness {
            self.witness(out, point, witness);
        }
        if let Some(told) = point.without_calls() {
            let _ = writeln!(out, "    {told}");
        }
        if point.schema_valid == Some(false) {
            out.push_str("    the tool's own schema admits no such call\n");
        }
    }

    fn pieces(self, pieces: &[Piece], colour: &str) -> String {
        let piece = |piece: &Piece| {
            let text = terminal(&piece.text);
            if piece.is_changed {
                self.coloured(&text, colour)
            } else {
                text
            }
        };
        pieces.iter().map(piece).collect()
    }

    fn coloured(self, text: &str, colour: &str) -> String {
        if self.style.colour {
            format!("\u{1b}[1;{colour}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }

    /// Where the call is refused, the rule and its message.
    fn witness(self, out: &mut String, point: &Point<'_>, witness: &Witness) {
        let turn = point.turn;
        if witness.calls.is_empty() {
            return;
        }
        let calls: u64 = witness.calls.iter().map(|call| call.repeat).sum();
        let subject = match calls {
            0 | 1 => String::new(),
            calls => format!("the last of {} calls ", shorten::number(calls)),
        };
        let (what, when) = match turn {
            Turn::Tighter => ("is refused now", "now"),
            Turn::Looser | Turn::Unknown => ("passes now", "before"),
        };
        let _ = writeln!(out, "    {subject}{what}:");
        for call in quote::witnesses(&witness.calls) {
            let _ = writeln!(out, "      {}", terminal(&call));
        }
        let (refusal, file) = review::refusal(turn, witness, self.policy);
        let message =
            review::told(refusal).map(|of| format!(", with the message: {}", shorten::text(of)));
        let (by, span) = review::refuser(point, refusal);
        let rule = by.map(|rule| {
            let at = span.and_then(|span| conclusion::position(file, span, self.sources));
            let at = at.map(|at| format!(" in {at}")).unwrap_or_default();
            format!(" by {}{at}", shorten::name(rule))
        });
        let line = format!(
            "{}{}",
            rule.unwrap_or_default(),
            message.unwrap_or_default()
        );
        let _ = writeln!(out, "    refused {when}{}", terminal(&line));
    }
}

/// The colour of a turn, as a terminal's code.
const fn colour(turn: Turn) -> &'static str {
    match turn {
        Turn::Looser => "31",
        Turn::Unknown => "33",
        Turn::Tighter => "32",
    }
}

fn render_outside(out: &mut String, scope: &Scope, outside: &Outside) {
    let Some(what) = words::outside(scope, outside) else {
        return;
    };
    let _ = writeln!(out, "\n  {}: {what}", terminal(&words::scope(scope)));
    for call in quote::witnesses(&outside.calls) {
        let _ = writeln!(out, "      {}", terminal(&call));
    }
}

fn render_traffic(out: &mut String, traffic: &Traffic, style: Style) {
    let traces = counted(traffic.traces as u64, "trace");
    let _ = writeln!(
        out,
        "\n  recorded traffic, {traces}: {}",
        words::traffic(&traffic.total)
    );
    for (tool, counts) in &traffic.tools {
        if counts.allow_to_deny + counts.deny_to_allow + counts.undetermined > 0 {
            let tool = tool_name(tool.as_deref());
            let _ = writeln!(out, "    {tool}: {}", words::traffic(counts));
        }
    }
    if !traffic.grants.is_empty() {
        let _ = writeln!(
            out,
            "    {} affected",
            counted(traffic.grants.len() as u64, "grant")
        );
    }
    for example in &traffic.examples {
        render_example(out, example, style);
    }
}

fn render_example(out: &mut String, example: &Example, style: Style) {
    let tool = tool_name(example.tool.as_deref());
    let what = if example.passes {
        "passes now, was refused"
    } else {
        "is refused now"
    };
    let rule = example
        .rule
        .as_deref()
        .map(|rule| format!(" by {}", terminal(&shorten::name(rule))))
        .unwrap_or_default();
    let _ = write!(
        out,
        "    {}:{} {tool}",
        terminal(&example.file),
        example.line
    );
    if let Some(grant) = &example.grant {
        let _ = write!(out, " by {}", terminal(&shorten::name(grant)));
    }
    if let Some(time) = example.time {
        let _ = write!(out, " at {time}");
    }
    let _ = writeln!(out, ": {what}{rule}");
    if let Some(arguments) =
        shown::recorded(example.arguments.as_ref(), &example.reads, style.shown())
    {
        let arguments = quote::arguments(&arguments);
        let _ = writeln!(out, "      arguments: {}", terminal(&arguments));
    }
}
