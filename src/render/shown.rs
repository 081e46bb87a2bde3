//! What of a recorded call a report shows, in every format alike: job logs are
//! public, and recordings hold secrets (surfaces.md §2).

use mcppolicy_analysis::replay::redact::redact;
use mcppolicy_analysis::replay::results::Case;
use mcppolicy_engine::policy::Path;
use mcppolicy_engine::value::Value;
use mcppolicy_trace::trace::RecordedArguments;

/// The arguments of a case: the values that the decision looked at, or all of
/// them; `None` when there are none to show.
pub fn arguments(case: &Case, all: bool) -> Option<Value> {
    recorded(case.arguments.as_ref(), &case.reads, all)
}

/// Recorded arguments: the values at the paths `reads`, or all of them; `None`
/// when there are none to show.
pub fn recorded(arguments: Option<&RecordedArguments>, reads: &[Path], all: bool) -> Option<Value> {
    match arguments? {
        RecordedArguments::Unknown => None,
        RecordedArguments::Known(value) | RecordedArguments::NotAnObject(value) if all => {
            Some(value.clone())
        }
        RecordedArguments::Known(value) | RecordedArguments::NotAnObject(value) => {
            Some(redact(value, reads))
        }
    }
}
