//! What the tests make of each mutant. A mutant of one tool is compiled without
//! the other tools, and only calls that it can touch are decided again.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use super::classes::Classes;
use super::edit::{Mutant, Reach};
use super::ruled::Ruled;
use super::status::{Direction, Status};
use crate::compare::{self, Allowance, Aspect, Change, Verdict, Witness};
use crate::elements;
use crate::region::{Budget, Exceeded};
use crate::replay::parallel;
use crate::suite::{Baseline, Noticed, Suite};
use mcppolicy_engine::engine::{Engine, RuleVerdict};
use mcppolicy_engine::policy::Policy;

/// How to run mutants.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Threads; what comes out does not depend on it.
    pub threads: NonZeroUsize,
    /// What each question to the differ may cost.
    pub budget: Budget,
    /// What all mutants may cost together, in decisions; those beyond are
    /// undecided.
    pub work: u64,
}

/// What is enough for every honest policy, in decisions.
pub const USUAL_WORK: u64 = 200_000_000;

/// How many decisions an element of a policy is worth that a mutant is compiled
/// and compared with.
const ELEMENT: u64 = 20;

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
    let runner = Runner::new(policy, baseline, options);
    let mut costs = Costs::new(policy, baseline.suite);
    let mut left = options.work;
    let mut waiting = mutants.into_iter().map(|mutant| {
        let cost = costs.of(&mutant.reach(policy));
        let rest = left.checked_sub(cost);
        left = rest.unwrap_or(0);
        (mutant, rest.is_some())
    });
    let mut outcomes = Vec::new();
    let mut state = (&mut waiting, &mut outcomes);
    let done = parallel::in_order(
        options.threads,
        &mut state,
        |(waiting, _)| {
            let chunk: Vec<(Mutant, bool)> = waiting.take(CHUNK).collect();
            Ok((!chunk.is_empty()).then_some(chunk))
        },
        |chunk| {
            let each = chunk.into_iter();
            let each = each.map(|(mutant, is_affordable)| match is_affordable {
                true => runner.outcome(mutant),
                false => undecided(mutant),
            });
            each.collect::<Vec<_>>()
        },
        |(_, outcomes), done| outcomes.extend(done),
    );
    // Nothing here reads an input that could fail.
    debug_assert!(done.is_ok());
    outcomes
}

/// A mutant that has not been tried.
fn undecided(mutant: Mutant) -> Outcome {
    Outcome {
        mutant,
        status: Status::Undecided,
        direction: None,
        by: None,
        witness: None,
        reason: Some(compare::Reason::Budget(Exceeded::Calls)),
    }
}

/// What it costs to try `mutants` of `policy`, in decisions, at the most.
pub fn cost(policy: &Policy, suite: &Suite, mutants: &[Mutant]) -> u64 {
    let mut costs = Costs::new(policy, suite);
    let each = mutants.iter().map(|mutant| costs.of(&mutant.reach(policy)));
    each.fold(0, u64::saturating_add)
}

/// What it costs to try a mutant, at the most.
struct Costs<'c> {
    policy: &'c Policy,
    suite: &'c Suite,
    apart: Apart,
    all: u64,
    of_tools: HashMap<String, u64>,
}

impl<'c> Costs<'c> {
    fn new(policy: &'c Policy, suite: &'c Suite) -> Costs<'c> {
        let elements = policy.tools.iter().map(elements::size).sum::<u64>();
        Costs {
            policy,
            suite,
            apart: Apart::new(policy, suite),
            all: suite
                .size()
                .saturating_add(ELEMENT.saturating_mul(elements)),
            of_tools: HashMap::new(),
        }
    }

    fn of(&mut self, reach: &Reach) -> u64 {
        let Reach::Tool(tool) = reach else {
            return self.all;
        };
        if let Some(known) = self.of_tools.get(tool) {
            return *known;
        }
        let own = self.suite.of_tool(tool);
        let groups = own.iter().flat_map(|own| &own.groups);
        let calls = groups
            .flat_map(|(number, own)| self.apart.calls(self.suite, *number, own))
            .filter_map(|call| self.suite.calls.get(*call))
            .map(|call| call.call.repeat)
            .fold(0, u64::saturating_add);
        let elements = self.policy.tool(tool).map_or(1, elements::size);
        let cost = calls.saturating_add(ELEMENT.saturating_mul(elements));
        self.of_tools.insert(tool.clone(), cost);
        cost
    }
}

/// Whether an expectation of a suite fails under a mutant.
pub(super) fn is_killed(
    policy: &Policy,
    baseline: &Baseline<'_, '_>,
    mutant: &Mutant,
    options: Options,
) -> bool {
    let runner = Runner::new(policy, baseline, options);
    let reach = mutant.reach(policy);
    if matches!(&reach, Reach::Tool(tool) if baseline.suite.of_tool(tool).is_none()) {
        return false;
    }
    let changed = runner.changed(mutant, &reach);
    runner.noticed(mutant, &reach, &changed).failed.is_some()
}

/// Which groups of calls can be decided tool by tool.
struct Apart {
    /// Whether a limit counts the calls of all tools.
    has_common_limits: bool,
    /// By the number of the group.
    groups: Vec<bool>,
}

impl Apart {
    fn new(policy: &Policy, suite: &Suite) -> Apart {
        let limits = &policy.all_tools;
        let groups = suite.groups().iter();
        Apart {
            has_common_limits: !limits.is_empty(),
            groups: groups
                .map(|group| group.leaves_room(suite, limits))
                .collect(),
        }
    }

    fn is_apart(&self, group: usize) -> bool {
        self.groups.get(group).copied().unwrap_or(false)
    }

    /// The calls of a group that are decided together with a tool's `own`.
    fn calls<'c>(&self, suite: &'c Suite, group: usize, own: &'c [usize]) -> &'c [usize] {
        match suite.groups().get(group) {
            Some(group_calls) if !self.is_apart(group) => &group_calls.calls,
            _ => own,
        }
    }
}

/// How many mutants a thread takes at once.
const CHUNK: usize = 16;

struct Runner<'r, 's, 'e> {
    policy: &'r Policy,
    baseline: &'r Baseline<'s, 'e>,
    budget: Budget,
    apart: Apart,
    classes: Known,
}

/// The classes of the tools that mutants have been tried of.
#[derive(Default)]
struct Known(Mutex<HashMap<String, Arc<Classes>>>);

impl Known {
    fn of(&self, tool: &str, made: impl FnOnce() -> Arc<Classes>) -> Arc<Classes> {
        // A thread that fails while it holds the lock leaves nothing half done.
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(known.entry(tool.to_owned()).or_insert_with(made))
    }
}

impl<'r, 's, 'e> Runner<'r, 's, 'e> {
    fn new(
        policy: &'r Policy,
        baseline: &'r Baseline<'s, 'e>,
        options: Options,
    ) -> Runner<'r, 's, 'e> {
        Runner {
            policy,
            baseline,
            budget: options.budget,
            apart: Apart::new(policy, baseline.suite),
            classes: Known::default(),
        }
    }

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
        let is_limit = mutant.touches_limits();
        let rules = self.policy.tool(tool);
        let made = || Arc::new(Classes::new(suite, calls, rules));
        let classes = &self.classes.of(tool, made);
        let ruled = Ruled::new(self.baseline, mutant, rules, &engine, (calls, classes));
        let is_counted = changed.tool(tool).is_some_and(|own| !own.limits.is_empty());
        let is_counted = is_limit || is_counted;
        for (number, own_calls) in &calls.groups {
            let shares_none = !self.apart.has_common_limits || self.apart.is_apart(*number);
            let concerned = |call: &usize| {
                let call = suite.calls.get(*call);
                call.is_some_and(|call| ruled.is_other(call.request))
            };
            let verdict = |request: usize| ruled.verdict(request);
            if shares_none && !is_counted {
                // No limit can refuse any of them, so no call depends on another.
                let calls = own_calls.iter().copied().filter(concerned);
                self.baseline.compare(&engine, calls, verdict, &mut noticed);
            } else if is_limit || own_calls.iter().any(concerned) {
                let calls = self.apart.calls(suite, *number, own_calls).iter().copied();
                self.baseline.compare(&engine, calls, verdict, &mut noticed);
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
        let verdicts: Vec<Option<RuleVerdict<'_>>> = requests
            .map(|request| suite.rule(&engine, request))
            .collect();
        let verdict = |request: usize| verdicts.get(request)?.as_ref();
        for group in suite.groups() {
            self.baseline
                .compare(&engine, group.calls.iter().copied(), verdict, &mut noticed);
            if noticed.failed.is_some() {
                break;
            }
        }
        noticed
    }
}
