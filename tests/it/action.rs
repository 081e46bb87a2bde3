//! The GitHub Action: the steps of action.yml, run as a runner runs them, on
//! real histories and with a stand-in for GitHub's API.

#[cfg(unix)]
mod comment;
mod expression;
#[cfg(unix)]
mod install;
#[cfg(unix)]
mod manual;
#[cfg(unix)]
mod pull;
mod runner;
#[cfg(unix)]
mod scenes;
#[cfg(unix)]
mod server;
mod steps;
