//! What the linter looks at.

use std::collections::BTreeMap;

use super::settings::Settings;
use crate::inventory::Inventory;
use mcppolicy_engine::engine::Engine;
use mcppolicy_engine::policy::Policy;

/// How much of one limit the calls of recordings use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Used {
    /// The most that one grant used of one window.
    pub peak: u64,
    /// The calls that passed and that the limit counted.
    pub calls: u64,
}

/// One policy and what is known about it.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// The policy.
    pub policy: &'a Policy,
    /// The engine compiled from it.
    pub engine: &'a Engine,
    /// The tools of the server that the policy is for, where they are known. They
    /// also give the categories of the tools that the settings leave open.
    pub inventory: Option<&'a Inventory>,
    /// What recordings use of the policy's limits, by the limit's JSON Pointer.
    pub usage: Option<&'a BTreeMap<String, Used>>,
    /// What the user has set.
    pub settings: &'a Settings,
}

impl<'a> Input<'a> {
    /// A policy alone: no inventory, no recordings.
    pub fn new(policy: &'a Policy, engine: &'a Engine, settings: &'a Settings) -> Input<'a> {
        Input {
            policy,
            engine,
            inventory: None,
            usage: None,
            settings,
        }
    }
}
