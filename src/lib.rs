//! x
pub mod compare;
pub mod diagnostic;
pub mod document;
pub mod engine;
pub mod pattern;
pub mod policy;
pub mod region;
pub mod schema;
pub mod source;
pub mod time;
pub mod value;
