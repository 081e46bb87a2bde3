//! The model of a change's parts: what one policy passes and the other does
//! not, by the element that refuses it.

use super::verdict::{Side, Witness};

/// Calls that one policy passes and one element of the other refuses.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// Which policy passes them.
    pub direction: PartDirection,
    /// The element that refuses them: of the old policy for what is looser, of
    /// the new one for what is tighter. A condition where the other conditions
    /// of its `require` rule hold, else what the engine names.
    pub by: Side,
    /// The edits that cause the part, as positions in the change's `edits`.
    pub edits: Vec<usize>,
    /// Whether the old policy with the one edit alone decides the witness as
    /// the new one does.
    pub alone: bool,
    /// The calls that make the point; none where a tool is shown that was not,
    /// or the other way round.
    pub witness: Option<Witness>,
    /// Whether the tools' own schemas admit the calls; none where no schema is
    /// known. `false` says that they admit no call of the part that was found.
    pub schema_valid: Option<bool>,
}

/// Which policy passes more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PartDirection {
    /// The new one.
    Loosened,
    /// The old one.
    Tightened,
}

impl PartDirection {
    /// The direction's name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            PartDirection::Loosened => "loosened",
            PartDirection::Tightened => "tightened",
        }
    }
}
