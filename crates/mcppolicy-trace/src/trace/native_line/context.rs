//! What a line of the native format takes from the lines before it.

use std::rc::Rc;

use crate::trace::call::{Grant, Server};
use mcppolicy_engine::time::{Time, TimeDelta};

/// The version of the format, in the header's first member.
pub const VERSION: &str = "trace/1";

/// The most repetitions of one line, and of all lines of a trace together.
pub const MOST_REPETITIONS: u64 = 10_000_000;

/// What the lines of a file take from its header and from each other.
#[derive(Debug, Clone)]
pub(in crate::trace) struct Context {
    pub defaults: Rc<Defaults>,
    pub start: Setting<Time>,
    pub step: Setting<TimeDelta>,
    pub previous: Previous,
    /// How many calls the lines so far have added by repetition.
    pub repeated: u64,
    /// Whether a guard wrote the file: then later lines answer its calls.
    pub is_guarded: bool,
}

/// What a header says of every call that does not say otherwise.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Defaults {
    pub grant: Grant,
    pub server: Server,
}

impl Context {
    pub fn new(defaults: Rc<Defaults>) -> Context {
        Context {
            defaults,
            start: Setting::Absent,
            step: Setting::Absent,
            previous: Previous::None,
            repeated: 0,
            is_guarded: false,
        }
    }
}

/// A header's setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::trace) enum Setting<T> {
    Absent,
    /// There, but wrong: reported once, in the header.
    Invalid,
    Given(T),
}

/// The time of the call before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::trace) enum Previous {
    None,
    At(Option<Time>),
}
