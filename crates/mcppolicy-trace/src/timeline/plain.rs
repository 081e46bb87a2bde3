//! The engine's view of arguments that still stand in a trace's text: a
//! condition reads what it names, and nothing else is built.

use crate::trace::plain_call::{Found, PlainArguments};
use crate::trace::skim::Skim;
use mcppolicy_engine::engine::{Arguments, Engine, Lookup, Request, RuleVerdict, ValueRef};
use mcppolicy_engine::policy::Path;

impl Lookup for PlainArguments<'_> {
    fn at(&self, path: &Path) -> ValueRef<'_> {
        match self.find(path.segments()) {
            Found::Missing => ValueRef::Missing,
            Found::Null => ValueRef::Null,
            Found::Bool(truth) => ValueRef::Bool(truth),
            Found::Number(number) => ValueRef::Number(number),
            Found::String(text) => ValueRef::String(text),
            Found::Elsewhere => self.whole().at(path),
        }
    }
}

/// What the rules say of each call in a block, in their order.
pub fn rule_all<'e>(engine: &'e Engine, skim: &Skim) -> Vec<RuleVerdict<'e>> {
    let calls = skim.calls();
    calls
        .map(|(name, arguments)| rule(engine, name, &arguments))
        .collect()
}

/// What the rules say of one call.
pub fn rule<'e>(
    engine: &'e Engine,
    name: Option<&str>,
    arguments: &PlainArguments<'_>,
) -> RuleVerdict<'e> {
    engine.evaluate_rules(Request::Tool {
        name,
        arguments: Arguments::Known(arguments),
    })
}
