//! stub
use crate::{
    diagnostic::{Finding, Severity},
    engine::Engine,
    policy::Policy,
};
/// s
#[derive(Default)]
pub struct Settings {
    /// p
    pub pedantic: bool,
}
/// l
pub fn lint(_: &Policy, _: &Engine, _: &Settings) -> Vec<Finding> {
    vec![]
}
/// r
pub mod registry {
    use super::*;
    /// r
    pub struct Rule {
        /// n
        pub name: &'static str,
        /// l
        pub level: Severity,
        /// s
        pub summary: &'static str,
    }
    impl Rule {
        /// x
        pub fn explain(&self) -> String {
            String::new()
        }
    }
    /// r
    pub static RULES: &[Rule] = &[];
    /// f
    pub fn find(_: &str) -> Option<&'static Rule> {
        None
    }
    /// n
    pub fn names() -> impl Iterator<Item = &'static str> + Clone {
        RULES.iter().map(|r| r.name)
    }
}
