//! What a proof may look at, and what it says.

use super::Step as Call;
use crate::fresh::fresh_name;
use crate::inventory::{self, Inventory};
use crate::region::Budget;
use crate::specimen;
use mcppolicy_engine::engine::Engine;
use mcppolicy_engine::policy::{Path, Policy};
use mcppolicy_engine::value::Value;
use mcppolicy_trace::trace::WitnessCall;

/// What is known of a point that no call reaches.
pub(super) enum Proof {
    Infeasible,
    Undetermined,
    Reached(Vec<Call>),
}

/// Who calls in a witness.
pub(super) const GRANT: &str = "tester";

pub(super) struct Prover<'a> {
    pub policy: &'a Policy,
    pub engine: &'a Engine,
    pub inventory: Option<&'a Inventory>,
    pub budget: Budget,
}

impl Prover<'_> {
    /// A tool that the policy does not name; one of the server's where there is.
    pub(super) fn unlisted(&self) -> String {
        let is_named = |name: &str| {
            self.policy.tool(name).is_some()
                || self.policy.hide.iter().any(|entry| entry.value == name)
        };
        let of_server = self.inventory.and_then(|inventory| {
            inventory
                .names()
                .find(|name| !is_named(name))
                .map(str::to_owned)
        });
        of_server.unwrap_or_else(|| fresh_name("unlisted_tool", is_named))
    }

    /// A call of a tool, with what the server requires of its arguments.
    pub(super) fn call(&self, tool: &str, arguments: Value, decided: &[Path]) -> Call {
        let listed = self.inventory.and_then(|inventory| inventory.get(tool));
        let arguments = match listed {
            Some(listed) => specimen::completed(arguments, listed, decided),
            None => arguments,
        };
        Call {
            grant: GRANT,
            call: WitnessCall::new(tool, arguments),
        }
    }

    pub(super) fn listed(&self, tool: &str) -> Option<&inventory::Tool> {
        self.inventory.and_then(|inventory| inventory.get(tool))
    }
}
