//! stub
use crate::{diagnostic::Finding, document::Document};
/// stub
pub fn check_policy(_d: &Document) -> Vec<Finding> {
    Vec::new()
}
