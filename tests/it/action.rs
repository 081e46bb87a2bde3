//! The GitHub Action: the steps of action.yml, run as a runner runs them, on
//! real histories and with a stand-in for GitHub's API.

mod comment;
mod expression;
mod install;
mod manual;
pub mod pull;
pub mod runner;
mod scenes;
pub mod server;
mod steps;
