//! x
pub mod diagnostic;
pub mod document;
pub mod engine;
pub mod pattern;
pub mod policy;
pub mod replay;
pub mod schema;
pub mod source;
pub mod time;
pub mod timeline;
pub mod trace;
pub mod value;
