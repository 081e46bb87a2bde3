//! What a change comes to: the verdict, what the gate makes of it, and how to go on
//! where it refuses.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::review::{Point, Review, Turn};
use super::words::{counted, drift, scope, settings, status, unseen};
use mcppolicy_analysis::compare::{Edit, EditKind, EditSide, Element, Verdict};
use mcppolicy_analysis::diff::gate::Gate;
use mcppolicy_analysis::diff::{PolicyDiff, PolicyStatus};
use mcppolicy_analysis::report::{Ci, DiffReport};
use mcppolicy_analysis::shorten;
use mcppolicy_analysis::words::name;
use mcppolicy_engine::source::{FileId, Location, SourceMap, Span};

/// Edits that are named as ways to undo a change.
const MOST_UNDONE: usize = 10;

/// What became of a policy since the base, in one line.
pub fn since_base(report: &DiffReport) -> String {
    let refused = if report.refused { ", refused" } else { "" };
    match report.diff.policies.first() {
        Some(policy) => format!("{}{refused}{}", status(policy), drift(&report.diff)),
        None => "invalid".to_owned(),
    }
}

/// How many policies a run over everything was about, and what a change does to
/// them.
pub fn all(ci: &Ci) -> String {
    if ci.policies.is_empty() {
        return "no policy found".to_owned();
    }
    let policies = counted(ci.policies.len() as u64, "policy");
    let Some(verdict) = ci.verdict() else {
        return policies;
    };
    let refused = match ci.diffs().find(|report| report.refused) {
        Some(report) => format!("; {}", refusal(report)),
        None => String::new(),
    };
    let of_changes = ci.diffs().flat_map(|report| report.diff.drift());
    let unseen = unseen(ci.findings.iter().chain(of_changes));
    format!(
        "{policies}, {}{unseen}{}{refused}",
        verdict.name(),
        settings(ci)
    )
}

/// The verdict over a whole change, and what the gate makes of it.
pub fn conclusion(report: &DiffReport) -> String {
    let diff = &report.diff;
    if diff.policies.is_empty() {
        return "nothing was compared".to_owned();
    }
    let mut line = diff.verdict().name().to_owned();
    if diff.undetermined() > 0 && diff.verdict() != Verdict::Undetermined {
        let undetermined = counted(diff.undetermined() as u64, "change");
        line = format!("{line}, {undetermined} undetermined");
    }
    line.push_str(&drift(diff));
    line.push_str(&unseen(report.findings.iter().chain(diff.drift())));
    if report.refused {
        format!("{line}; {}", refusal(report))
    } else {
        format!("{line}; passes")
    }
}

/// Why the gate refuses a change: `refused: it lets more through (gate: loosened)`.
fn refusal(report: &DiffReport) -> String {
    let policies = || report.diff.policies.iter();
    let is_gone = |policy: &PolicyDiff| {
        matches!(policy.status, PolicyStatus::Removed) && policy.judgement.removal.is_none()
    };
    let reviews: Vec<Review<'_>> = policies().map(Review::of).collect();
    let has = |turn| {
        let mut open = reviews.iter().flat_map(Review::open);
        open.any(|point| point.turn == turn)
    };
    let mut beyond = policies().flat_map(|policy| policy.judgement.outside());
    let why = if policies().any(is_gone) {
        "nothing decides any more what passes"
    } else if has(Turn::Looser) || (!has(Turn::Unknown) && beyond.next().is_some()) {
        "it lets more through"
    } else if has(Turn::Unknown) {
        "it may let more through"
    } else {
        "it changes what passes"
    };
    format!("refused: {why} (gate: {})", report.gate.name())
}

/// How to go on where the gate refuses.
#[derive(Debug)]
pub struct WaysOut {
    /// What to change, edit by edit.
    pub undo: Vec<Undo>,
    /// The command that approves exactly this change, for a shell.
    pub approve: Option<String>,
}

/// What undoes one edit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Undo {
    /// Where to do what, in a line.
    pub what: String,
    /// The lines that were there, to be pasted; none where nothing was, and for a
    /// whole tool or a long text.
    pub text: Vec<String>,
    /// Where the place is in its file. The last place comes first, so that no step
    /// moves the place of another.
    at: usize,
}

impl Undo {
    const fn told(what: String) -> Undo {
        Undo {
            what,
            text: Vec::new(),
            at: 0,
        }
    }
}

/// The most lines and bytes of a text that is offered for pasting.
const PASTED: (usize, usize) = (30, 1_500);

/// How to go on with changes of which the gate refuses some.
pub fn ways_out(reports: &[&DiffReport], sources: &SourceMap) -> Option<WaysOut> {
    let refused = || reports.iter().filter(|report| report.refused);
    let mut undo = Vec::new();
    let mut seen = BTreeSet::new();
    for (at, policy) in refused()
        .flat_map(|report| &report.diff.policies)
        .enumerate()
    {
        if matches!(policy.status, PolicyStatus::Removed) && policy.judgement.removal.is_none() {
            let what = format!("put `{}` back", shorten::name(&policy.name));
            undo.push((at, Undo::told(what)));
        }
        let review = Review::of(policy);
        let each = review.open();
        let each = each.flat_map(|point| undone(point, policy, sources));
        undo.extend(
            each.filter(|step| seen.insert(step.clone()))
                .map(|step| (at, step)),
        );
    }
    // The gravest are named, and each policy's in the order of doing them.
    let more = undo.len().saturating_sub(MOST_UNDONE);
    undo.truncate(MOST_UNDONE);
    undo.sort_by_key(|(policy, step)| (*policy, Reverse(step.at)));
    let mut undo: Vec<Undo> = undo.into_iter().map(|(_, step)| step).collect();
    if more > 0 {
        let what = format!("and undo {} more edits", shorten::number(more));
        undo.push(Undo::told(what));
    }
    // What the gate `changed` refuses, no approval lets through.
    let mut each = refused().filter(|report| report.gate == Gate::Loosened);
    let approve = each.find(|report| !report.again.is_empty());
    let approve = approve.map(|report| format!("{} --approve \"why this is meant\"", report.again));
    (!undo.is_empty() || approve.is_some()).then_some(WaysOut { undo, approve })
}

/// What undoes a point, edit by edit.
fn undone(point: &Point<'_>, policy: &PolicyDiff, sources: &SourceMap) -> Vec<Undo> {
    if point.edits.is_empty() {
        let scope = point.scopes.first().map(|of| scope(of));
        let scope = scope.unwrap_or_default();
        return vec![Undo::told(format!(
            "undo what changes the {} of `{scope}`",
            point.aspect.name()
        ))];
    }
    let edits = point.edits.iter();
    edits.map(|edit| undo(edit, policy, sources)).collect()
}

fn undo(edit: &Edit, policy: &PolicyDiff, sources: &SourceMap) -> Undo {
    let at = |side: &EditSide| match position(policy.new, side.span, sources) {
        Some(position) => format!("{}: ", name(&position)),
        None => String::new(),
    };
    let file = || name(&shorten::name(&policy.name));
    let was = |old: &EditSide| written(policy.old, old.span, sources);
    match (edit.kind, &edit.old, &edit.new) {
        (EditKind::Added, _, Some(new)) => {
            let what = format!("{}take out {}", at(new), part(edit, new));
            Undo {
                at: new.span.start,
                ..Undo::told(what)
            }
        }
        (_, Some(old), Some(new)) => Undo {
            what: format!("{}restore {}", at(new), part(edit, old)),
            text: was(old),
            at: new.span.start,
        },
        (_, Some(old), None) => {
            let list = old.pointer.rsplit_once('/').map_or("", |(list, _)| list);
            let place = match list {
                "" => file(),
                list => format!("{}, {}", file(), name(&shorten::name(list))),
            };
            // A tool's span is that of its name.
            let text = match edit.element {
                Element::Tool => Vec::new(),
                _ => was(old),
            };
            Undo {
                what: format!("{place}: put back {}", part(edit, old)),
                text,
                at: 0,
            }
        }
        (_, None, _) => Undo::told(edit.summary.clone()),
    }
}

/// The lines of a file in a span, as far left as they go; none where they are too
/// many.
fn written(file: Option<FileId>, span: Span, sources: &SourceMap) -> Vec<String> {
    let text = file.and_then(|file| sources.get(file).text().get(span.start..span.end));
    let text = text.unwrap_or_default();
    let (lines, bytes) = PASTED;
    if text.len() > bytes || text.lines().count() > lines {
        return Vec::new();
    }
    let indent = |line: &str| line.len() - line.trim_start().len();
    let behind = text.lines().skip(1).filter(|line| !line.trim().is_empty());
    let least = behind.map(indent).min().unwrap_or(0);
    let cut = |(at, line): (usize, &str)| match at {
        0 => line.to_owned(),
        _ => line.get(least..).unwrap_or_default().to_owned(),
    };
    text.lines().enumerate().map(cut).collect()
}

/// One side of an edit with what it is: `` the condition `amount lte 100` ``.
fn part(edit: &Edit, side: &EditSide) -> String {
    let pointer = || name(&shorten::name(&side.pointer));
    let text = || name(&shorten::name(&side.text));
    match edit.element {
        Element::HiddenName => format!("{} in `hide`", text()),
        Element::Default => format!("`default` {}", text()),
        Element::Tool => format!("the tool at {}", pointer()),
        Element::Require => format!("the `require` rule {}", text()),
        Element::DenyIf => format!("the `deny_if` rule {}", text()),
        Element::Condition => format!("the condition {}", text()),
        Element::Limit => format!("the limit {}", text()),
        Element::Message => format!("the message {}", text()),
    }
}

/// A position in a file: `policy.json:8:68`.
pub fn position(file: Option<FileId>, span: Span, sources: &SourceMap) -> Option<String> {
    let file = file?;
    let at = sources.start(Location { file, span });
    let name = shorten::name(sources.get(file).name());
    Some(format!("{name}:{}:{}", at.line, at.column))
}
