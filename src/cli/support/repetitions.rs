//! How many calls the lines of traces repeat in one run. A line of thirty bytes
//! stands for ten million calls, so what all traces repeat is bounded.

use std::sync::atomic::{AtomicU64, Ordering};

use super::files::InputFile;
use super::problems::Problems;
use super::traces;
use mcppolicy_analysis::report::Failure;
use mcppolicy_engine::source::SourceMap;
use mcppolicy_trace::trace::Trace;
use mcppolicy_trace::trace::options::Settings;

/// The most calls that all traces of a run may repeat. A trace that begins
/// before is replayed to its end.
const MOST: u64 = 50_000_000;

/// What has been repeated, over all policies of the run.
static REPEATED: AtomicU64 = AtomicU64::new(0);

/// Counts what a trace has repeated.
pub(crate) fn add(repeated: u64) {
    REPEATED.fetch_add(repeated, Ordering::Relaxed);
}

/// Opens a trace to replay it.
///
/// # Errors
/// When it cannot be read, or the traces before it repeat too much.
pub(crate) fn open(
    file: &InputFile,
    settings: Settings,
    sources: &mut SourceMap,
) -> Result<Trace, Problems> {
    if REPEATED.load(Ordering::Relaxed) > MOST {
        return Err(Problems::from(Failure {
            input: file.name(),
            message: format!(
                "is not replayed: the lines with `repeat` in the traces before it \
                 make more than {MOST} calls"
            ),
        }));
    }
    traces::open(file, settings, sources)
}
