//! The phrases that every format for people shares: counts, verdicts, how a
//! decision reads. Long texts are cut here; nothing is escaped, each format does
//! that its own way.

use std::borrow::Cow;

use super::quote;
use mcppolicy_analysis::compare::{Scope, Verdict};
use mcppolicy_analysis::diff::approval::Approved;
use mcppolicy_analysis::diff::gate::Outside;
use mcppolicy_analysis::diff::traffic::Counts;
use mcppolicy_analysis::diff::{Diff, PolicyDiff, PolicyStatus};
use mcppolicy_analysis::finding::{Finding, Severity};
use mcppolicy_analysis::inventory::category::Category;
use mcppolicy_analysis::inventory::drift::ChangedTool;
use mcppolicy_analysis::replay::RunOutcome;
use mcppolicy_analysis::replay::expect::Mismatch;
use mcppolicy_analysis::replay::results::{Actual, Case, Repetitions};
use mcppolicy_analysis::report::{
    ApprovalShown, ApprovalStatus, Ci, Classified, DiffReport, Exit, Findings, Inventoried, Tested,
};
use mcppolicy_analysis::shorten;
use mcppolicy_engine::engine::{Kind, Reason};
use mcppolicy_trace::trace::DecisionName;

/// The name of a tool without one.
pub const NO_TOOL: &str = "(no tool name)";

/// What it means that a policy is gone.
pub const REMOVED: &str = "No policy decides any call to this server now";

/// `3 findings`, `1 finding`.
pub fn counted(count: u64, one: &str) -> String {
    let ending = match (count, one.strip_suffix('y')) {
        (1, _) => return format!("1 {one}"),
        (_, Some(stem)) => return format!("{count} {stem}ies"),
        _ => "s",
    };
    format!("{count} {one}{ending}")
}

/// `1 error, 2 notes`, or that there is nothing.
pub fn severities(findings: &Findings) -> String {
    if findings.list.is_empty() {
        return "nothing to report".to_owned();
    }
    let counts: Vec<String> = [Severity::Error, Severity::Warning, Severity::Note]
        .into_iter()
        .map(|severity| (findings.count(severity), severity.name()))
        .filter(|(count, _)| *count > 0)
        .map(|(count, name)| counted(count as u64, name))
        .collect();
    counts.join(", ")
}

/// One line that counts each call once.
pub fn tested(tested: &Tested) -> String {
    let counts = tested.summary();
    let parts = listed(&[
        (counts.passed, "as expected"),
        (counts.failed, "not as expected"),
        (counts.undetermined, "undetermined"),
        (counts.unasserted, "without expectation"),
        (counts.out_of_scope, "out of scope"),
    ]);
    let traces = counted(tested.traces() as u64, "trace");
    let calls = counted(counts.calls, "call");
    let parts = if parts.is_empty() {
        "nothing decided".to_owned()
    } else {
        parts.join(", ")
    };
    format!("{traces}, {calls}: {parts}")
}

/// Recorded calls under a change, in one line.
pub fn traffic(counts: &Counts) -> String {
    let mut parts = vec![counted(counts.calls, "call")];
    parts.extend(listed(&[
        (counts.allow_to_deny, "refused now"),
        (counts.deny_to_allow, "passing now"),
        (counts.undetermined, "undetermined"),
        (counts.unchanged, "unchanged"),
    ]));
    parts.join(", ")
}

fn listed(counts: &[(u64, &str)]) -> Vec<String> {
    counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect()
}

/// `is denied by /hide/0 (hidden)`, `is allowed`, …
pub fn decision(actual: &Actual) -> String {
    match (actual.decision, &actual.rule, actual.kind, actual.reason) {
        (DecisionName::Allow, ..) => "is allowed".to_owned(),
        (DecisionName::Undetermined, _, _, reason) => {
            format!(
                "is undetermined: {}",
                reason.map_or("unknown", Reason::name)
            )
        }
        (DecisionName::Deny, Some(rule), Some(kind), _) => {
            let rule = shorten::name(rule);
            format!("is denied by {rule} ({})", kind.name())
        }
        (DecisionName::Deny, _, Some(kind), _) => format!("is denied ({})", kind.name()),
        (DecisionName::Deny, ..) => "is denied, by which rule is not certain".to_owned(),
    }
}

/// What a decision step does, for a reader who does not know its name.
pub const fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Allow => "passes",
        Kind::Batch => "refused as a batch",
        Kind::Malformed => "refused as malformed",
        Kind::NoPolicy => "refused without a policy",
        Kind::Hidden => "hidden",
        Kind::DefaultDeny => "refused by default",
        Kind::Require => "refused by a require rule",
        Kind::DenyIf => "refused by a deny_if rule",
        Kind::Limit => "refused by a limit",
        Kind::Undetermined => "refused because it cannot be decided",
    }
}

/// Which repetitions a case is about, when its line has several.
pub fn repetitions(repetitions: &Repetitions) -> Option<String> {
    let Repetitions {
        of,
        first,
        last,
        count,
    } = *repetitions;
    match (of, count) {
        (0 | 1, _) => None,
        (_, 1) => Some(format!("repetition {first} of {of}")),
        (_, count) if count == last - first + 1 => {
            Some(format!("repetitions {first} to {last} of {of}"))
        }
        _ => Some(format!(
            "{count} of the repetitions {first} to {last} of {of}"
        )),
    }
}

/// What was expected of a call and what came, member by member.
pub fn mismatches(case: &Case) -> Vec<String> {
    let line = |mismatch: &Mismatch| {
        let (expected, actual) = match &mismatch.actual {
            Some(actual) => {
                let pair = shorten::pair(&mismatch.expected, actual);
                (pair.old, pair.new)
            }
            None => {
                let expected = shorten::text(&mismatch.expected).into_owned();
                (expected, "nothing".to_owned())
            }
        };
        format!("expected {} {expected}, got {actual}", mismatch.member)
    };
    case.mismatches.iter().map(line).collect()
}

/// What a case that did not pass has to say, in one line.
pub fn mismatch(case: &Case) -> String {
    let mut parts = mismatches(case);
    parts.push(format!("it {}", decision(&case.actual)));
    parts.join("; ")
}

/// What is wrong with a run that asserted nothing.
pub fn complaint(outcome: RunOutcome) -> Option<&'static str> {
    match outcome {
        RunOutcome::NoTrace => Some("no trace was found, so nothing was tested"),
        RunOutcome::NoCallInScope => Some("the traces have no call to this policy's server"),
        RunOutcome::NothingAsserted => {
            Some("nothing was asserted; add `expect` to the calls, or let --update write it")
        }
        RunOutcome::Clean | RunOutcome::InvalidTrace | RunOutcome::Failed => None,
    }
}

/// What a change is about.
pub fn scope(scope: &Scope) -> Cow<'_, str> {
    match scope {
        Scope::Tool(tool) => shorten::name(tool),
        Scope::Unlisted => "unlisted tools".into(),
        Scope::AllTools => "all tools together".into(),
    }
}

/// What happened to one policy.
pub fn status(policy: &PolicyDiff) -> String {
    match &policy.status {
        PolicyStatus::Added => "added".to_owned(),
        PolicyStatus::Removed if policy.judgement.removal.is_some() => {
            "removed, approved".to_owned()
        }
        PolicyStatus::Removed => "removed".to_owned(),
        PolicyStatus::Compared(comparison) => {
            let rest = if comparison.undetermined && comparison.verdict != Verdict::Undetermined {
                ", and something could not be determined"
            } else {
                ""
            };
            format!("{}{rest}", comparison.verdict.name())
        }
    }
}

/// What of a scope goes beyond its approvals. Where nothing is approved, the
/// change itself has said it all, but for the limits on all tools: more may
/// pass them though they did not change.
pub fn outside(scope: &Scope, outside: &Outside) -> Option<String> {
    let what = match (outside.approvals, scope) {
        (0, Scope::AllTools) => "more passes than under the old limits",
        (0, _) => return None,
        _ => "beyond what is approved",
    };
    let reason = outside.reason.map(|reason| format!(" ({})", reason.name()));
    Some(format!("{what}{}", reason.unwrap_or_default()))
}

/// An approval that matters to a change, or that should go.
pub fn approval(shown: &ApprovalShown) -> Option<String> {
    let what = match (shown.written, shown.status) {
        (true, _) => "approved now",
        (_, ApprovalStatus::Used) => "approved",
        (_, ApprovalStatus::Unused | ApprovalStatus::Record) => return None,
        (_, ApprovalStatus::Stale) => "note: this approval no longer matters, --prune removes it",
        (_, ApprovalStatus::Pruned) => "removed approval",
    };
    let approval = &shown.approval;
    let scope = approved_part(&approval.approved);
    let by = approval.by.as_ref();
    let by = by.map(|by| format!("{}, ", shorten::name(by)));
    Some(format!(
        "{what}: {}, {scope}: {} ({}{})",
        shorten::name(&approval.policy),
        shorten::text(&approval.reason),
        by.unwrap_or_default(),
        approval.date
    ))
}

/// What an approval is of.
fn approved_part(approved: &Approved) -> String {
    match approved {
        Approved::State { scope: of, .. } => scope(of).into_owned(),
        Approved::Removal => "its removal".to_owned(),
        Approved::Finding(finding) if finding.pointer.is_empty() => finding.rule.to_string(),
        Approved::Finding(finding) => format!("{} at {}", finding.rule, finding.pointer),
    }
}

/// What an approval allows, part by part, and a call that it lets through
/// without need; nothing for one that does not matter to the change.
pub fn allowed(shown: &ApprovalShown) -> Vec<String> {
    if shown.status != ApprovalStatus::Used {
        return Vec::new();
    }
    let parts = shown.allows.iter();
    let mut lines: Vec<String> = parts
        .map(|part| shorten::text(&part.text).into_owned())
        .collect();
    if !shown.surplus.is_empty() {
        let calls: Vec<String> = shown.surplus.iter().map(quote::witness).collect();
        lines.push(format!(
            "more than the change needs: it lets through {}",
            calls.join(" ")
        ));
    }
    lines
}

/// What a change does to its own settings, behind a verdict.
pub fn settings(ci: &Ci) -> String {
    match ci.sorted().0.len() {
        0 => String::new(),
        count => format!("; {} to settings", counted(count as u64, "change")),
    }
}

/// The note behind a verdict that some of what has changed is not shown.
pub fn unseen<'f>(findings: impl Iterator<Item = &'f Finding>) -> String {
    match findings.filter(|finding| finding.hides_change()).count() {
        0 => String::new(),
        count => format!(
            ", {} not shown whole",
            counted(count as u64, "changed text")
        ),
    }
}

/// Whether a run over everything has nothing to complain about, notes aside.
pub fn is_clean(ci: &Ci) -> bool {
    let mut policies = ci.policies.iter();
    let is_note = |finding: &Finding| finding.severity == Severity::Note;
    !ci.policies.is_empty()
        && policies.all(|policy| policy.exit == Exit::Clean)
        && ci.findings.iter().all(is_note)
}

/// Whether a change since the base should be looked at.
pub fn is_changed(report: &DiffReport) -> bool {
    let mut policies = report.diff.policies.iter();
    let is_changed = |policy: &PolicyDiff| !policy.changes().is_empty() || !policy.drift.is_empty();
    let mut approvals = report.approvals.iter();
    report.refused
        || policies.any(is_changed)
        || approvals.any(|shown| shown.status == ApprovalStatus::Used)
}

/// What has changed of servers' own tools, behind a verdict.
pub fn drift(diff: &Diff) -> String {
    match diff.drift().count() {
        0 => String::new(),
        count => format!(
            ", {} of the server's tools",
            counted(count as u64, "change")
        ),
    }
}

/// Whether something in a test's report should be looked at.
pub fn needs_attention(tested: &Tested) -> bool {
    !tested.findings.is_empty()
        || tested
            .runs
            .iter()
            .any(|run| run.outcome != RunOutcome::Clean)
}

/// What became of an inventory: `tools.json: 13 tools, 1 changed, 2 new`.
pub fn inventoried(inventoried: &Inventoried) -> String {
    let invalid = inventoried.findings.iter();
    let errors = invalid.filter(|finding| finding.severity == Severity::Error);
    let name = inventoried.file.as_deref().unwrap_or("the server's list");
    let tools = counted(inventoried.tools as u64, "tool");
    match (errors.count(), &inventoried.drift) {
        (0, None) => format!("{name}: {tools} kept"),
        (0, Some(drift)) if drift.is_empty() => {
            format!("{name}: {tools}, as the server lists them")
        }
        (0, Some(drift)) => {
            let is_shown =
                |tool: &&ChangedTool| tool.changes.iter().all(|change| change.is_cosmetic());
            let shown = drift.changed.iter().filter(is_shown).count();
            let parts = listed(&[
                ((drift.changed.len() - shown) as u64, "changed"),
                (shown as u64, "changed only in how it is shown"),
                (drift.added.len() as u64, "new"),
                (drift.removed.len() as u64, "missing"),
            ]);
            let unseen = unseen(inventoried.findings.iter());
            format!(
                "{name}: the server lists {tools}: {}{unseen}",
                parts.join(", ")
            )
        }
        (count, _) => format!("{name}: invalid: {}", counted(count as u64, "error")),
    }
}

/// `4 tools: 3 Read, 1 Execute`.
pub fn classified(classified: &Classified) -> String {
    let counts: Vec<String> = Category::ALL
        .into_iter()
        .map(|category| (classified.count(category), category))
        .filter(|(count, _)| *count > 0)
        .map(|(count, category)| format!("{count} {category}"))
        .collect();
    let tools = counted(classified.tools.len() as u64, "tool");
    if counts.is_empty() {
        format!("{tools}: nothing to classify")
    } else {
        format!("{tools}: {}", counts.join(", "))
    }
}
