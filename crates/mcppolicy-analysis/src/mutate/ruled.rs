//! What the rules of a mutant say of the requests of its tool. Each is asked when
//! it is needed: an expectation that fails early spares the rest.

use std::cell::OnceCell;

use super::edit::Mutant;
use crate::suite::{Baseline, OfTool};
use mcppolicy_engine::engine::{Engine, RuleVerdict};
use mcppolicy_engine::policy::ToolRules;

pub(super) struct Ruled<'r, 'm> {
    baseline: &'r Baseline<'r, 'm>,
    mutant: &'r Mutant,
    /// The tool's rules before the change.
    rules: Option<&'r ToolRules>,
    /// The mutant, as far as it decides calls of the tool.
    engine: &'m Engine,
    tool: &'r OfTool,
    verdicts: Vec<OnceCell<Option<RuleVerdict<'m>>>>,
}

impl<'r, 'm> Ruled<'r, 'm> {
    pub(super) fn new(
        baseline: &'r Baseline<'r, 'm>,
        mutant: &'r Mutant,
        rules: Option<&'r ToolRules>,
        engine: &'m Engine,
        tool: &'r OfTool,
    ) -> Ruled<'r, 'm> {
        Ruled {
            baseline,
            mutant,
            rules,
            engine,
            tool,
            verdicts: vec![OnceCell::new(); tool.requests.len()],
        }
    }

    /// What the mutant's rules say of a request; of another tool's, what the
    /// policy's own do.
    pub(super) fn verdict(&self, request: usize) -> Option<&RuleVerdict<'m>> {
        let suite = self.baseline.suite;
        let place = self.tool.requests.binary_search(&request).ok();
        match place.and_then(|place| self.verdicts.get(place)) {
            None => self.baseline.verdict(request),
            Some(cell) => cell
                .get_or_init(|| suite.rule(self.engine, request))
                .as_ref(),
        }
    }

    /// Whether the mutant's rules say something else of a request.
    pub(super) fn is_other(&self, request: usize) -> bool {
        let arguments = self.baseline.suite.arguments(request);
        if arguments.is_some_and(|arguments| !self.mutant.may_matter(self.rules, arguments)) {
            return false;
        }
        match (self.baseline.verdict(request), self.verdict(request)) {
            (Some(before), Some(after)) => !before.agrees_with(after),
            _ => false,
        }
    }
}
