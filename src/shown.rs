//! Which arguments of a recorded call a report shows, in every format alike:
//! job logs are public, and recordings hold secrets.

use mcppolicy_analysis::replay::redact::redact;
use mcppolicy_analysis::replay::results::Case;
use mcppolicy_engine::policy::Path;
use mcppolicy_engine::value::Value;
use mcppolicy_trace::trace::RecordedArguments;

/// Which argument values are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// Those that the decision read; the others are withheld.
    Read,
    /// All of them.
    All,
}

/// The arguments of a case as far as they are shown; `None` when the recording
/// has none.
pub fn arguments(case: &Case, shown: Shown) -> Option<Value> {
    recorded(case.arguments.as_ref(), &case.reads, shown)
}

/// Recorded arguments as far as they are shown, where the decision read the
/// values at the paths `reads`; `None` when the recording has none.
pub fn recorded(
    arguments: Option<&RecordedArguments>,
    reads: &[Path],
    shown: Shown,
) -> Option<Value> {
    let value = arguments?.value()?;
    Some(match shown {
        Shown::All => value.clone(),
        Shown::Read => redact(value, reads),
    })
}
