//! What a report that cannot be read as one is refused with.

/// The members of a share's report contradict each other, or a name in it is
/// unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Inconsistent;

/// Reads a name that may be absent.
pub(super) fn optional<T>(
    name: Option<&str>,
    named: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, Inconsistent> {
    let read = |name| named(name).ok_or(Inconsistent);
    name.map(read).transpose()
}
