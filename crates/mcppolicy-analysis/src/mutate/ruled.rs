//! What the rules of a mutant say of the requests of its tool. Each class of
//! requests is asked once, and when it is needed: an expectation that fails early
//! spares the rest.

use std::cell::{Cell, OnceCell};

use super::classes::{self, Classes};
use super::edit::{Edit, InTool, Mutant};
use crate::suite::{Baseline, OfTool};
use mcppolicy_engine::engine::{Engine, Lookup, RuleVerdict};
use mcppolicy_engine::policy::{Condition, ToolRules};

pub(super) struct Ruled<'r, 'm> {
    baseline: &'r Baseline<'r, 'm>,
    /// The mutant, as far as it decides calls of the tool.
    engine: &'m Engine,
    tool: &'r OfTool,
    classes: &'r Classes,
    /// Whether requests of one class are decided alike, but for the condition.
    by_class: bool,
    /// The condition that stands in place of another, and that one's place.
    condition: Option<(&'r Condition, usize)>,
    /// Whether that condition is true of a request, once it was asked.
    truths: Vec<Cell<Option<bool>>>,
    ruled: Vec<OnceCell<Option<Said<'m>>>>,
}

/// What the mutant's rules say, and whether the policy's own say something else.
#[derive(Debug, Clone)]
struct Said<'m> {
    verdict: RuleVerdict<'m>,
    is_other: bool,
}

impl<'r, 'm> Ruled<'r, 'm> {
    pub(super) fn new(
        baseline: &'r Baseline<'r, 'm>,
        mutant: &'r Mutant,
        rules: Option<&'r ToolRules>,
        engine: &'m Engine,
        (tool, classes): (&'r OfTool, &'r Classes),
    ) -> Ruled<'r, 'm> {
        let condition = match &mutant.edit {
            Edit::Tool(_, InTool::Condition(list, rule, at, Some(condition))) => {
                let place = rules.map(|rules| classes::place(rules, *list, *rule, *at));
                place.map(|place| (condition.as_ref(), place))
            }
            _ => None,
        };
        let by_class = classes.hold_under(mutant);
        let cells = if by_class {
            2 * classes.count
        } else {
            tool.requests.len()
        };
        let truths = if condition.is_some() {
            tool.requests.len()
        } else {
            0
        };
        Ruled {
            baseline,
            engine,
            tool,
            classes,
            by_class,
            condition,
            truths: vec![Cell::new(None); truths],
            ruled: vec![OnceCell::new(); cells],
        }
    }

    /// What the mutant's rules say of a request; of another tool's, what the
    /// policy's own do.
    pub(super) fn verdict(&self, request: usize) -> Option<&RuleVerdict<'m>> {
        match self.tool.requests.binary_search(&request) {
            Err(_) => self.baseline.verdict(request),
            Ok(place) => Some(&self.said(place, request)?.verdict),
        }
    }

    /// Whether the mutant's rules say something else of a request.
    pub(super) fn is_other(&self, request: usize) -> bool {
        let Ok(place) = self.tool.requests.binary_search(&request) else {
            return false;
        };
        if let Some((_, old)) = self.condition {
            let before = self.classes.of(place);
            let before = before.and_then(|class| self.classes.truth(class, old));
            // As true as the condition that stood there.
            if before.is_some_and(|before| before == self.truth(place, request)) {
                return false;
            }
        }
        self.said(place, request).is_some_and(|said| said.is_other)
    }

    fn said(&self, place: usize, request: usize) -> Option<&Said<'m>> {
        let cell = match self.by_class {
            true => 2 * self.classes.of(place)? + usize::from(self.truth(place, request)),
            false => place,
        };
        let said = || {
            let verdict = self.baseline.suite.rule(self.engine, request)?;
            let before = self.baseline.verdict(request)?;
            Some(Said {
                is_other: !before.agrees_with(&verdict),
                verdict,
            })
        };
        self.ruled.get(cell)?.get_or_init(said).as_ref()
    }

    /// Whether the new condition is true of a request.
    fn truth(&self, place: usize, request: usize) -> bool {
        let (Some((condition, _)), Some(cell)) = (self.condition, self.truths.get(place)) else {
            return false;
        };
        cell.get().unwrap_or_else(|| {
            let arguments = self.baseline.suite.arguments(request);
            let truth = arguments
                .is_some_and(|arguments| condition.test.holds(arguments.at(&condition.path.value)));
            cell.set(Some(truth));
            truth
        })
    }
}
