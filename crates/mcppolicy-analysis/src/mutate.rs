//! Small changes of a policy, and which of them its tests would notice.
//!
//! A [`Mutant`] is the policy with one small change, such as a bound moved by
//! one step or a rule left out. A test kills it when an expectation fails. Of
//! what no test kills, the differ decides whether it is a change at all: a
//! mutant under which no call whatever is decided otherwise is *equivalent* and
//! leaves the score; each other one comes with calls that would kill it.
//!
//! Rules keep their JSON Pointers in a mutant, as if nothing had moved up: a test
//! does not kill a mutant only because it names the place of another rule.

mod classes;
mod edit;
mod missing;
mod operator;
mod operators;
mod pattern;
mod ruled;
mod run;
mod score;
mod status;

pub use edit::Mutant;
pub use missing::write;
pub use operator::{Family, Operator};
pub use operators::mutants;
pub(crate) use operators::neighbours;
pub use run::{Options, Outcome, USUAL_WORK, cost, run};
pub use score::Score;
pub use status::{Direction, Status};

#[cfg(test)]
mod tests;
