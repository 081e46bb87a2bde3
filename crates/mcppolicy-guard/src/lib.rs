#![doc = include_str!("../README.md")]
//!
//! # Reading order
//!
//! - [`Guard`] and [`Session`]: a policy in force, and one client's connection
//! - [`FromClient`], [`FromServer`]: what becomes of a message
//! - [`Journal`]: where decisions are written before they take effect
//! - [`Ordered`]: a store whose calls have strictly increasing times
//!
//! # Invariants
//!
//! A call is forwarded only when the engine has allowed what is forwarded, and
//! when that has been written down. What two readers of JSON could read
//! differently, where it matters to a decision, is not forwarded.

mod action;
mod arguments;
mod edits;
mod fold;
mod guard;
mod headers;
mod journal;
mod list;
mod message;
mod ordered;
mod pending;
mod record;
mod refusal;
mod reply;
mod session;

pub use action::{FromClient, FromServer};
pub use guard::Guard;
pub use headers::Headers;
pub use journal::{Journal, NoLog};
pub use ordered::Ordered;
pub use record::LogArguments;
pub use session::{Attached, Mode, Session, Settings};
