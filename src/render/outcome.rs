//! The outcome of one decision in words: what a person wants to know of a call
//! before any step that led to it.

use super::quote;
use mcppolicy_analysis::report::Decided;
use mcppolicy_analysis::shorten;
use mcppolicy_analysis::words::name;
use mcppolicy_engine::engine::{ConditionSeen, Kind, Reason, Step, StepOutcome};
use mcppolicy_trace::trace::DecisionName;

/// The outcome as a sentence without a full stop, in which names stand between
/// backquotes.
pub fn sentence(decided: &Decided) -> String {
    let actual = &decided.actual;
    let tool = name(&shorten::name(&decided.tool));
    match actual.decision {
        DecisionName::Allow => {
            format!("{tool} is allowed: no rule refuses this call, and every limit has room for it")
        }
        DecisionName::Deny => format!("{tool} is denied{}", refusal(decided)),
        DecisionName::Undetermined => {
            let reason = actual
                .reason
                .map_or("it depends on what is unknown", unknown);
            format!("{tool} is undetermined: {reason}")
        }
    }
}

fn refusal(decided: &Decided) -> String {
    let step = decided.steps.iter();
    let step = step.rev().find(|step| step.outcome == StepOutcome::Denied);
    match (decided.actual.kind, step) {
        (Some(Kind::Hidden), _) => ": the policy hides this tool".to_owned(),
        (Some(Kind::DefaultDeny), _) => {
            ": the policy does not list this tool, and its default is deny".to_owned()
        }
        (Some(Kind::Require), Some(step)) => {
            let asks = seen(step, Some(false), "something else");
            format!(" by a `require` rule, which asks that {asks}")
        }
        (Some(Kind::DenyIf), Some(step)) => {
            let refused = seen(step, None, "it refuses every call");
            format!(" by a `deny_if` rule: {refused}")
        }
        (Some(Kind::Limit), Some(step)) => match &step.counter {
            Some(counter) => format!(" by a limit: {}", quote::counter(counter)),
            None => " by a limit".to_owned(),
        },
        (Some(kind), _) => format!(": {} ({})", super::words::kind(kind), kind.name()),
        (None, _) => ", by which rule is not certain".to_owned(),
    }
}

/// The conditions of a rule that held so, or all of them.
fn seen(step: &Step, held: Option<bool>, without: &str) -> String {
    let conditions = step.conditions.iter();
    let told = conditions.filter(|of| held.is_none() || of.held == held);
    let told: Vec<String> = told.map(with_value).collect();
    if told.is_empty() {
        without.to_owned()
    } else {
        told.join(" and ")
    }
}

fn with_value(seen: &ConditionSeen) -> String {
    format!("{} ({})", quote::worded(seen), quote::saw(seen))
}

/// What has to be known for a decision, and is not.
const fn unknown(reason: Reason) -> &'static str {
    match reason {
        Reason::UnknownArguments => "its arguments are unknown (unknown-arguments)",
        Reason::UnknownTime => {
            "a limit decides, and the call has no time; say when with --at (unknown-time)"
        }
        Reason::UnknownGrant => "a limit decides, and the caller is unknown (unknown-grant)",
        Reason::UnknownHistory => {
            "earlier calls that cannot be decided may have used its limits up (unknown-history)"
        }
        Reason::Late => "it falls in a window that is closed already (late)",
    }
}
