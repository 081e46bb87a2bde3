//! What is said of approvals: notes about those that a change adds, warnings about
//! those that it does not need.

use super::settings_changes;
use mcppolicy_analysis::compare::Scope;
use mcppolicy_analysis::diff::approval::{Approval, Approved};
use mcppolicy_analysis::finding::{Finding, RuleId};

/// What an approval is of, in a few words.
pub(crate) fn part(approved: &Approved) -> String {
    match approved {
        Approved::Removal => "the removal".to_owned(),
        Approved::Finding(finding) => match finding.pointer.as_str() {
            "" => format!("one finding of {}", finding.rule),
            pointer => format!("{} at `{pointer}`", finding.rule),
        },
        Approved::State { scope, .. } => match scope {
            Scope::Tool(tool) => format!("`{tool}`"),
            Scope::Unlisted => "unlisted tools".to_owned(),
            Scope::AllTools => "all tools".to_owned(),
        },
    }
}

/// A finding about an approval that a change adds.
pub(crate) fn announced(approval: &Approval) -> Option<Finding> {
    let by = approval.by.as_ref().map(|by| format!("{by}, "));
    let message = format!(
        "This change approves {} of `{}`: {} ({}{})",
        part(&approval.approved),
        approval.policy,
        approval.reason,
        by.unwrap_or_default(),
        approval.date
    );
    let allowed = approval.approved.allows().into_iter();
    let allowed: Vec<String> = allowed.map(|part| part.text).collect();
    let help = format!("it counts for this change only: {}", allowed.join("; "));
    Some(settings_changes::note(approval.location?, message, &help))
}

/// The finding about an approval that a change adds and does not need.
pub(crate) fn unneeded(approval: &Approval) -> Option<Finding> {
    let (rule, policy) = (RuleId::UnneededApproval, &approval.policy);
    let message = format!(
        "This change approves {} of `{policy}`, and does not need that",
        part(&approval.approved)
    );
    let finding = Finding::new(rule, rule.severity(), approval.location?, "", message);
    Some(finding.help("take it out, or correct what it names"))
}
