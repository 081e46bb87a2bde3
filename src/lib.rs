//! x
pub mod diagnostic;
pub mod document;
pub mod engine;
pub mod inventory;
pub mod lint;
pub mod pattern;
pub mod policy;
pub mod schema;
pub mod source;
pub mod time;
pub mod value;
