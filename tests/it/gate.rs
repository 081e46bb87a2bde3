//! Attempts to get a change past the gate: each is made on a real repository,
//! through the binary, beside an honest change that must pass. The page
//! docs/security.md lists them and is generated from the same list.

#[macro_use]
mod attack;
mod page;

mod advice;
mod approvals;
mod base;
#[cfg(unix)]
mod campaign;
mod committed;
mod cost;
mod files;
mod hiding;
mod names;
mod one_repository;
mod output;
mod scene;
mod settings;
