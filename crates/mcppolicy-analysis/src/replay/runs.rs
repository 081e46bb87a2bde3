//! Equal values in a row, each with how often it comes.

/// Adds `times` times `next` to `runs`.
pub(super) fn push_run<T: PartialEq>(runs: &mut Vec<(T, u64)>, next: T, times: u64) {
    match runs.last_mut() {
        Some((last, count)) if *last == next => *count += times,
        _ => runs.push((next, times)),
    }
}
