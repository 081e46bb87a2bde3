//! What the commands share. Nothing here imports a command.

mod approval_notes;
pub(crate) mod approvals;
pub(crate) mod approver;
pub(crate) mod base;
pub(crate) mod change;
pub(crate) mod comparison;
pub(crate) mod configuration;
pub(crate) mod configured;
pub(crate) mod dropped_base;
pub(crate) mod enforced_settings;
mod entries;
pub(crate) mod evidence;
pub(crate) mod fail_on;
pub(crate) mod files;
pub(crate) mod gate;
pub(crate) mod git;
mod held_settings;
mod hidden_findings;
#[cfg(feature = "live")]
pub(crate) mod http;
pub(crate) mod input;
mod invalid_base;
pub(crate) mod inventories;
pub(crate) mod inventory_drift;
pub(crate) mod limit_usage;
pub(crate) mod lint_settings;
pub(crate) mod linter;
pub(crate) mod listing;
mod lost_expectations;
pub(crate) mod measuring;
pub(crate) mod minimum;
pub(crate) mod mutants;
pub(crate) mod nested;
pub(crate) mod output;
mod oversized;
pub(crate) mod patterns;
pub(crate) mod pinned_run;
pub(crate) mod pinning;
#[cfg(feature = "live")]
pub(crate) mod place;
pub(crate) mod problems;
mod progress;
pub(crate) mod repair;
pub(crate) mod repetitions;
pub(crate) mod replay;
pub(crate) mod review;
#[cfg(feature = "live")]
pub(crate) mod server;
pub(crate) mod settings_changes;
pub(crate) mod sides;
pub(crate) mod stranger;
pub(crate) mod suggest;
pub(crate) mod suppressions;
pub(crate) mod traces;
pub(crate) mod unpack;
pub(crate) mod workspace;
