//! A call made up to prove a claim.

use mcppolicy_engine::time;
use mcppolicy_engine::value::Value;

/// A call made up to prove a claim, in the words of the native trace format.
#[derive(Debug, Clone, PartialEq)]
pub struct WitnessCall {
    /// The tool that is called.
    pub tool: String,
    /// The arguments, an object.
    pub arguments: Value,
    /// When, where time matters to the claim.
    pub at: Option<time::Time>,
    /// How many times in a row; 1 is a single call.
    pub repeat: u64,
    /// The time between repetitions.
    pub every: time::TimeDelta,
}

impl WitnessCall {
    /// A single call whose time does not matter.
    pub fn new(tool: impl Into<String>, arguments: Value) -> WitnessCall {
        WitnessCall {
            tool: tool.into(),
            arguments,
            at: None,
            repeat: 1,
            every: time::TimeDelta::default(),
        }
    }
}
