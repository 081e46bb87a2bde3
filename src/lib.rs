//! x
pub mod diagnostic;
pub mod document;
pub mod nearest;
pub mod schema;
pub mod source;
pub mod time;
pub mod value;
