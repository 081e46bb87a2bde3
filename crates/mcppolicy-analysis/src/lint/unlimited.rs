//! What the rules against tools without a limit have in common: one for each
//! category, so that each can be set by itself.

use super::context::Context;
use super::reporter::Reporter;
use super::witness::repeated;
use crate::inventory::category::Category;
use mcppolicy_engine::time::TimeDelta;
use mcppolicy_engine::value::Value;

/// A category whose tools need a limit.
pub struct Unlimited {
    /// The category.
    pub category: Category,
    /// What its tools do, as in "it executes".
    pub does: &'static str,
    /// A window and a number to advise.
    pub advice: (&'static str, u64),
}

/// Enough to be no accident, at once.
const CALLS: u64 = 100;

/// Reports the tools of one category that no limit counts.
pub fn check(unlimited: &Unlimited, context: &Context<'_>, reporter: &mut Reporter<'_>) {
    for tool in context.open_tools() {
        if tool.class.category != unlimited.category || context.limits_of(tool).next().is_some() {
            continue;
        }
        let witness = context.accepted(tool).and_then(|arguments| {
            reporter.passing(vec![repeated(
                tool.name(),
                arguments,
                CALLS,
                TimeDelta::default(),
            )])
        });
        let name = tool.name();
        let (window, max) = unlimited.advice;
        let counter = Value::String(format!("{name}_per_{window}"));
        let message = format!(
            "`{name}` can be called any number of times: it {} ({}), and no limit counts it",
            unlimited.does, tool.class.because
        );
        let help = format!(
            "add \"limits\": [{{\"counter\": {counter}, \"window\": \"{window}\", \"max\": {max}, \"scope\": \"grant\"}}]"
        );
        let finding = reporter
            .finding(tool.rules.span, &tool.rules.pointer, message)
            .help(help)
            .witness(witness.unwrap_or_default());
        reporter.push(finding);
    }
}
