//! Advice about a key that is not the format's.

use crate::problem::Edit;

/// What to say about a key that is not the format's.
pub(in crate::policy::validate) struct Advice {
    pub(in crate::policy::validate) message: String,
    pub(in crate::policy::validate) help: String,
    /// The repair, where it is clear what was meant.
    pub(in crate::policy::validate) edits: Option<Vec<Edit>>,
    /// The members that the object has once the advice is followed.
    pub(in crate::policy::validate) supplies: Vec<&'static str>,
}

impl Advice {
    pub(super) fn new(message: impl Into<String>, help: impl Into<String>) -> Advice {
        Advice {
            message: message.into(),
            help: help.into(),
            edits: None,
            supplies: Vec::new(),
        }
    }

    pub(super) fn edits(mut self, edits: impl IntoIterator<Item = Edit>) -> Advice {
        self.edits = Some(edits.into_iter().collect());
        self
    }

    pub(super) fn supplies(mut self, names: impl IntoIterator<Item = &'static str>) -> Advice {
        self.supplies.extend(names);
        self
    }
}
