//! What the commands share. Nothing here imports a command.

pub(crate) mod approvals;
pub(crate) mod base;
pub(crate) mod change;
pub(crate) mod comparison;
pub(crate) mod configuration;
pub(crate) mod enforced_settings;
pub(crate) mod fail_on;
pub(crate) mod gate;
pub(crate) mod git;
pub(crate) mod input;
pub(crate) mod inventories;
pub(crate) mod inventory_drift;
pub(crate) mod limit_usage;
pub(crate) mod lint_settings;
pub(crate) mod linter;
pub(crate) mod output;
pub(crate) mod problems;
mod progress;
pub(crate) mod repair;
pub(crate) mod replay;
pub(crate) mod settings_changes;
pub(crate) mod sides;
pub(crate) mod suggest;
pub(crate) mod suppressions;
pub(crate) mod traces;
pub(crate) mod unpack;
pub(crate) mod workspace;
