//! What the tests make of each mutant. A mutant of one tool is compiled without
//! the other tools, and only calls that it can touch are decided again.

use std::collections::HashSet;
use std::num::NonZeroUsize;

use super::edit::{Mutant, Reach};
use super::score::{Direction, Status};
use crate::compare::{self, Allowance, Aspect, Change, Verdict, Witness};
use crate::region::Budget;
use crate::replay::parallel;
use crate::suite::{Baseline, Noticed};
use mcppolicy_engine::engine::{Engine, RuleVerdict};
use mcppolicy_engine::policy::Policy;

/// How to run mutants.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Threads; what comes out does not depend on it.
    pub threads: NonZeroUsize,
    /// What each question to the differ may cost.
    pub budget: Budget,
}

/// A mutant and what the tests make of it.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The mutant.
    pub mutant: Mutant,
    /// What the tests make of it.
    pub status: Status,
    /// Whether it lets more through; unknown of a killed one.
    pub direction: Option<Direction>,
    /// The call of the suite whose expectation fails, or, when noticed, that is
    /// decided otherwise.
    pub by: Option<usize>,
    /// Calls that the policy passes and the mutant does not, or the other way
    /// round: a test of them kills it. None of a killed one.
    pub witness: Option<Witness>,
    /// Why it is undecided.
    pub reason: Option<compare::Reason>,
}

impl Outcome {
    /// Whether no test would fail, though calls pass that did not.
    pub fn is_loosening_missed(&self) -> bool {
        self.status.is_missed() && self.direction.is_some_and(Direction::passes_more)
    }
}

/// Tries mutants of `policy` on its suite, in the order given.
pub fn run(
    policy: &Policy,
    baseline: &Baseline<'_, '_>,
    mutants: Vec<Mutant>,
    options: Options,
) -> Vec<Outcome> {
    let runner = Runner {
        policy,
        baseline,
        budget: options.budget,
        unaffected: policy.all_tools.is_empty(),
    };
    let mut waiting = mutants.into_iter();
    let mut outcomes = Vec::new();
    let mut state = (&mut waiting, &mut outcomes);
    let done = parallel::in_order(
        options.threads,
        &mut state,
        |(waiting, _)| {
            let chunk: Vec<Mutant> = waiting.take(CHUNK).collect();
            Ok((!chunk.is_empty()).then_some(chunk))
        },
        |chunk| {
            let each = chunk.into_iter().map(|mutant| runner.outcome(mutant));
            each.collect::<Vec<_>>()
        },
        |(_, outcomes), done| outcomes.extend(done),
    );
    // Nothing here reads an input that could fail.
    debug_assert!(done.is_ok());
    outcomes
}

/// Whether an expectation of a suite fails under a mutant.
pub(super) fn is_killed(
    policy: &Policy,
    baseline: &Baseline<'_, '_>,
    mutant: &Mutant,
    options: Options,
) -> bool {
    let runner = Runner {
        policy,
        baseline,
        budget: options.budget,
        unaffected: policy.all_tools.is_empty(),
    };
    let reach = mutant.reach(policy);
    let changed = runner.changed(mutant, &reach);
    runner.noticed(mutant, &reach, &changed).failed.is_some()
}

/// How many mutants a thread takes at once.
const CHUNK: usize = 16;

struct Runner<'r, 's, 'e> {
    policy: &'r Policy,
    baseline: &'r Baseline<'s, 'e>,
    budget: Budget,
    /// Whether a tool's calls leave every other tool's counters alone.
    unaffected: bool,
}

impl Runner<'_, '_, '_> {
    fn outcome(&self, mutant: Mutant) -> Outcome {
        let reach = mutant.reach(self.policy);
        let mut changed = self.changed(&mutant, &reach);
        let noticed = self.noticed(&mutant, &reach, &changed);
        if let Some(call) = noticed.failed {
            return Outcome {
                mutant,
                status: Status::Killed,
                direction: None,
                by: Some(call),
                witness: None,
                reason: None,
            };
        }
        let before = match &reach {
            Reach::Tool(tool) => &self.restricted(tool),
            Reach::All => self.policy,
        };
        changed.hide.retain(|entry| !entry.value.is_empty());
        let budget = &self.budget;
        let compared = compare::policies_within(before, &changed, budget, &Allowance::new(budget));
        // What a client is shown of a tool that it cannot call is no decision.
        let of_calls = |change: &&Change| {
            change.aspect != Aspect::Visibility
                || !change.loosened.is_empty()
                || !change.tightened.is_empty()
        };
        let changes: Vec<&Change> = compared.changes.iter().filter(of_calls).collect();
        let verdict = changes
            .iter()
            .fold(Verdict::Equivalent, |all, change| all.join(change.verdict));
        let mut witnesses = changes.iter().flat_map(|change| {
            let loosened = change.loosened.iter();
            loosened.chain(&change.tightened)
        });
        let status = match (noticed.differs, verdict) {
            (Some(_), _) => Status::Noticed,
            (None, Verdict::Equivalent) => Status::Equivalent,
            (None, Verdict::Undetermined) => Status::Undecided,
            (None, _) => Status::Survived,
        };
        Outcome {
            status,
            direction: Direction::of(verdict),
            by: noticed.differs,
            witness: witnesses.next().cloned(),
            reason: changes.iter().find_map(|change| change.reason),
            mutant,
        }
    }

    fn noticed(&self, mutant: &Mutant, reach: &Reach, changed: &Policy) -> Noticed {
        match reach {
            Reach::Tool(tool) => self.of_tool(mutant, tool, changed),
            Reach::All => self.of_all(changed),
        }
    }

    /// The mutant, as far as it can be reached.
    fn changed(&self, mutant: &Mutant, reach: &Reach) -> Policy {
        match reach {
            Reach::All => mutant.apply(self.policy),
            Reach::Tool(tool) => mutant.apply_to_tool(self.policy, tool),
        }
    }

    /// The policy without the other tools: what it decides of this one.
    fn restricted(&self, tool: &str) -> Policy {
        super::edit::restricted(self.policy, tool)
    }

    fn of_tool(&self, mutant: &Mutant, tool: &str, changed: &Policy) -> Noticed {
        let mut noticed = Noticed::default();
        let suite = self.baseline.suite;
        let Some(calls) = suite.of_tool(tool) else {
            return noticed;
        };
        let engine = Engine::new(changed);
        let verdicts: Vec<Option<RuleVerdict<'_>>> = calls
            .requests
            .iter()
            .map(|request| suite.rule(&engine, *request))
            .collect();
        let own = |request: usize| {
            let at = calls.requests.binary_search(&request).ok()?;
            verdicts.get(at)?.as_ref()
        };
        let differs = |request: &usize| match (self.baseline.verdict(*request), own(*request)) {
            (Some(before), Some(after)) => !before.agrees_with(after),
            _ => false,
        };
        let differing: HashSet<usize> =
            calls.requests.iter().copied().filter(differs).collect();
        let is_limit = mutant.touches_limits();
        if differing.is_empty() && !is_limit {
            return noticed;
        }
        let request_of = |call: usize| suite.calls.get(call).map(|call| call.request);
        let is_counted = |limits: &Policy| {
            let mut own = limits.tools.iter().filter(|rules| rules.name == tool);
            own.any(|rules| !rules.limits.is_empty())
        };
        let is_alone = self.unaffected && !is_limit && !is_counted(changed);
        for (number, own_calls) in &calls.groups {
            let Some(group) = suite.groups().get(*number) else {
                continue;
            };
            let concerned = |call: &usize| {
                request_of(*call).is_some_and(|request| differing.contains(&request))
            };
            if !is_limit && !own_calls.iter().any(concerned) {
                continue;
            }
            let verdict = |request: usize| own(request).or_else(|| self.baseline.verdict(request));
            if is_alone {
                // Nothing is counted, so no call depends on another.
                let calls: Vec<usize> = own_calls.iter().copied().filter(concerned).collect();
                self.baseline.compare(&engine, &calls, verdict, &mut noticed);
            } else if self.unaffected && group.is_separable {
                self.baseline.compare(&engine, own_calls, verdict, &mut noticed);
            } else {
                self.baseline.compare(&engine, &group.calls, verdict, &mut noticed);
            }
            if noticed.failed.is_some() {
                break;
            }
        }
        noticed
    }

    fn of_all(&self, changed: &Policy) -> Noticed {
        let mut noticed = Noticed::default();
        let suite = self.baseline.suite;
        let engine = Engine::new(changed);
        let requests = 0..suite.requests();
        let verdicts: Vec<Option<RuleVerdict<'_>>> =
            requests.map(|request| suite.rule(&engine, request)).collect();
        let verdict = |request: usize| verdicts.get(request)?.as_ref();
        for group in suite.groups() {
            self.baseline
                .compare(&engine, &group.calls, verdict, &mut noticed);
            if noticed.failed.is_some() {
                break;
            }
        }
        noticed
    }
}
