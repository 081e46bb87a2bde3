//! What identifies a limit, whatever engine it is compiled into.

use crate::policy::{Path, Window};

/// The identity of a limit: where it is, its counter's name, its window and
/// what it adds up (policy language §4).
///
/// State is kept under this key and not under a position. So after a reload a
/// limit that only moved keeps its count, and one that was renamed, moved to
/// another tool, or changed in its window or amount starts at zero.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LimitKey {
    pub(super) tool: Option<String>,
    pub(super) counter: String,
    pub(super) window: Window,
    pub(super) increment_from: Option<Path>,
}

impl LimitKey {
    /// The key of a limit of `tool`, or of `all_tools` when that is `None`.
    pub fn new(
        tool: Option<String>,
        counter: String,
        window: Window,
        increment_from: Option<Path>,
    ) -> LimitKey {
        LimitKey {
            tool,
            counter,
            window,
            increment_from,
        }
    }

    /// The tool whose limit it is; `None` is `all_tools`.
    pub fn tool(&self) -> Option<&str> {
        self.tool.as_deref()
    }

    /// The counter's name.
    pub fn counter(&self) -> &str {
        &self.counter
    }

    /// The window.
    pub fn window(&self) -> Window {
        self.window
    }

    /// The argument that is added up; `None` counts calls.
    pub fn increment_from(&self) -> Option<&Path> {
        self.increment_from.as_ref()
    }
}
