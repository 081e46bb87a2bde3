//! The gate: which changes fail a job, and whether what is looser lies within
//! what somebody has approved.
//!
//! A scope of the new policy is judged against its *states*: what the old
//! policy says of it, and what each approval says. It is covered when
//!
//! - one state passes everything that the new policy does, arguments, limits
//!   and visibility alike; or
//! - every call that it accepts is accepted by some state, and each of those
//!   states bears, within its limits, whatever the new policy passes of it.
//!
//! The limits of one state never count for the arguments of another: what was
//! approved once a day stays so, however often the old policy lets other calls
//! through. What cannot be determined is not covered, unless an approval says
//! just what the new policy says.
//!
//! An approval of the unlisted tools speaks of every tool that the old policy
//! does not name: that the new one lists it, with limits say, makes it no other
//! tool.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use super::approval::{Approval, Approved, Indexed, part};
use super::judgement::passes_more;
use super::policy::PolicyDiff;
use crate::compare::arguments::outside;
use crate::compare::{self, Allowance, Aspect, Change, Compiled, Entry, Reason, Scope, sequence};
use crate::fresh::fresh_name;
use crate::region::{Answer, Budget};
use mcppolicy_engine::engine::Engine;
use mcppolicy_engine::policy::{Policy, ToolRules};
use mcppolicy_engine::time::Time;
use mcppolicy_trace::trace::WitnessCall;

pub use super::judgement::{Judged, Judgement, Outcome, Outside, Surplus};

/// Which changes the gate refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Gate {
    /// What passes more, or may, beyond what is approved: looser, mixed,
    /// removed, undetermined.
    #[default]
    Loosened,
    /// Whatever is not equivalent, approved or not.
    Changed,
    /// Nothing.
    Never,
}

impl Gate {
    /// Every gate.
    pub const ALL: [Gate; 3] = [Gate::Loosened, Gate::Changed, Gate::Never];

    /// The word on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Gate::Loosened => "loosened",
            Gate::Changed => "changed",
            Gate::Never => "never",
        }
    }

    /// The gate of that name.
    pub fn named(name: &str) -> Option<Gate> {
        Gate::ALL.into_iter().find(|gate| gate.name() == name)
    }

    /// Whether the gate refuses what became of a policy.
    pub fn refuses(self, policy: &PolicyDiff) -> bool {
        match self {
            Gate::Never => false,
            Gate::Loosened => policy.may_pass_more() && !policy.is_approved(),
            Gate::Changed => policy.is_different(),
        }
    }
}

/// What one question may cost, and all of a run together.
pub type Limits<'l> = (&'l Budget, &'l Allowance);

/// Judges what became of a policy by the approvals of it, each with its index
/// in the whole list.
pub fn judge(
    old: Option<&Policy>,
    new: Option<&Policy>,
    changes: &[Change],
    approvals: &[(usize, &Approval)],
    limits: Limits<'_>,
) -> Judgement {
    let mut judgement = Judgement {
        stale: stale(old, new, approvals, limits),
        ..Judgement::default()
    };
    match (old, new) {
        (Some(old), Some(new)) => {
            let judge = Judge {
                old: Indexed::new(old),
                new: Indexed::new(new),
                approvals,
                limits,
                passes: OnceCell::new(),
                proofs: proofs(changes),
            };
            judgement.scopes = judge.scopes(changes);
            judgement.surplus = judge.surplus(&judgement.scopes);
        }
        (Some(_), None) => {
            let removal = |(_, approval): &&(usize, &Approval)| {
                matches!(approval.approved, Approved::Removal)
            };
            judgement.removal = approvals.iter().find(removal).map(|(at, _)| *at);
        }
        (None, _) => {}
    }
    judgement
}

/// Approvals of what the old state lets through already.
fn stale(
    old: Option<&Policy>,
    new: Option<&Policy>,
    approvals: &[(usize, &Approval)],
    limits: Limits<'_>,
) -> Vec<usize> {
    if approvals.is_empty() {
        return Vec::new();
    }
    let old = old.map(Indexed::new);
    let covered = |approval: &Approval| match (&approval.approved, &old) {
        (Approved::State { scope, rules }, Some(old)) => {
            // The limits on all tools bind calls of the tools that there are.
            let around = new.unwrap_or(old.policy);
            let inner = substitute(&Indexed::new(rules), scope, around);
            let outer = substitute(old, scope, around);
            open(&outer, &inner, scope, limits).is_empty()
        }
        (Approved::State { .. } | Approved::Finding(_), _) => false,
        (Approved::Removal, old) => old.is_none(),
    };
    let idle = approvals.iter().filter(|(_, approval)| covered(approval));
    idle.map(|(at, _)| *at).collect()
}

/// Whether one approval lets through all that another does, among the calls of
/// the policy `around` them.
pub fn covers(outer: &Approved, inner: &Approved, around: &Policy, limits: Limits<'_>) -> bool {
    match (outer, inner) {
        (
            Approved::State { scope, rules },
            Approved::State {
                scope: other,
                rules: within,
            },
        ) if scope == other => {
            let [outer, inner] =
                [rules, within].map(|state| substitute(&Indexed::new(state), scope, around));
            open(&outer, &inner, scope, limits).is_empty()
        }
        _ => false,
    }
}

/// A policy of one scope as `state` has it. A tool's scope comes with the
/// limits on all tools of `around`, which bind it on every side alike; those
/// limits themselves come with all its tools.
fn substitute(state: &Indexed<'_>, scope: &Scope, around: &Policy) -> Policy {
    if *scope == Scope::AllTools {
        return Policy {
            all_tools: state.policy.all_tools.clone(),
            ..around.clone()
        };
    }
    Policy {
        all_tools: around.all_tools.clone(),
        ..part(state, scope)
    }
}

/// In which respects `inner` passes, or may pass, what `outer` does not.
fn open(
    outer: &Policy,
    inner: &Policy,
    scope: &Scope,
    (budget, allowance): Limits<'_>,
) -> Vec<Change> {
    let comparison = compare::policies_within(outer, inner, budget, allowance);
    // A tool that neither of two states names is one of the unlisted.
    let scope = match scope {
        Scope::Tool(tool) if !is_named(outer, tool) && !is_named(inner, tool) => &Scope::Unlisted,
        scope => scope,
    };
    let changes = comparison.changes.into_iter();
    changes
        .filter(|change| change.scope == *scope && passes_more(change))
        .collect()
}

struct Judge<'a> {
    old: Indexed<'a>,
    new: Indexed<'a>,
    approvals: &'a [(usize, &'a Approval)],
    limits: Limits<'a>,
    /// The new policy's engine, once it is needed.
    passes: OnceCell<Engine>,
    /// For a scope, calls that the new policy passes and the old one refuses by a
    /// rule.
    proofs: BTreeMap<&'a Scope, &'a [WitnessCall]>,
}

/// For a scope, calls that the new policy passes and the old one refuses: whatever
/// its limits, and those on all tools, so that they prove the same of the scope by
/// itself.
fn proofs(changes: &[Change]) -> BTreeMap<&Scope, &[WitnessCall]> {
    let is_of_rules =
        |change: &&Change| matches!(change.aspect, Aspect::Access | Aspect::Arguments);
    let mut proofs = BTreeMap::new();
    for change in changes.iter().filter(is_of_rules) {
        let by_rule = change.loosened.iter().find(|witness| {
            let rule = witness.old.rule.as_deref();
            witness.calls.len() == 1 && rule.is_some_and(|rule| !rule.contains("/limits/"))
        });
        if let Some(witness) = by_rule {
            let calls = witness.calls.as_slice();
            proofs.entry(&change.scope).or_insert(calls);
        }
    }
    proofs
}

/// What the old policy or an approval lets through of one scope.
struct State {
    policy: Policy,
    /// `None` is the old policy.
    approval: Option<usize>,
    /// In which respects the new policy passes more.
    open: Vec<Change>,
}

impl Judge<'_> {
    fn scopes(&self, changes: &[Change]) -> Vec<Judged> {
        let mut scopes: Vec<&Scope> = Vec::new();
        let mut seen = BTreeSet::new();
        for change in changes.iter().filter(|change| passes_more(change)) {
            if seen.insert(&change.scope) {
                scopes.push(&change.scope);
            }
        }
        // Tools that have become callable may exceed, together, what the old
        // limits on all tools let through: a change that no tool shows.
        let is_limited = [&self.old, &self.new]
            .iter()
            .any(|side| !side.policy.all_tools.is_empty());
        let is_asked = is_limited || !self.approvals.is_empty();
        if is_asked && !scopes.is_empty() && !scopes.contains(&&Scope::AllTools) {
            scopes.push(&Scope::AllTools);
        }
        scopes.sort();
        let judged = scopes.into_iter().map(|scope| Judged {
            scope: scope.clone(),
            outcome: self.scope(scope),
        });
        judged.collect()
    }

    fn scope(&self, scope: &Scope) -> Outcome {
        let speaks = |(_, approval): &(usize, &Approval)| match &approval.approved {
            Approved::State { scope: of, .. } => self.speaks_of(of, scope),
            Approved::Removal | Approved::Finding(_) => false,
        };
        // Where only the old policy counts, the comparison has answered already.
        if let Some(calls) = self.proofs.get(scope)
            && !self.approvals.iter().any(speaks)
        {
            return Outcome::Outside(Outside {
                calls: calls.to_vec(),
                ..Outside::default()
            });
        }
        let target = substitute(&self.new, scope, self.new.policy);
        let mut states: Vec<State> = Vec::new();
        let approved = self.approvals.iter().filter_map(|(at, approval)| {
            let Approved::State { scope: of, rules } = &approval.approved else {
                return None;
            };
            self.speaks_of(of, scope)
                .then_some((Some(*at), rules.as_ref()))
        });
        let state = self.state(None, &self.old, &target, scope);
        if state.open.is_empty() {
            return Outcome::Approved(Vec::new());
        }
        states.push(state);
        for (approval, policy) in approved {
            let state = self.state(approval, &Indexed::new(policy), &target, scope);
            if state.open.is_empty() {
                return Outcome::Approved(approval.into_iter().collect());
            }
            states.push(state);
        }
        let passes = self.passes.get_or_init(|| Engine::new(self.new.policy));
        self.together(scope, (&target, passes), &states)
    }

    /// Whether an approval of one scope is one of another, too.
    fn speaks_of(&self, approved: &Scope, scope: &Scope) -> bool {
        match (approved, scope) {
            (Scope::Unlisted, Scope::Tool(tool)) => !self.old.names(tool),
            _ => approved == scope,
        }
    }

    fn state(
        &self,
        approval: Option<usize>,
        policy: &Indexed<'_>,
        target: &Policy,
        scope: &Scope,
    ) -> State {
        let policy = substitute(policy, scope, self.new.policy);
        let open = open(&policy, target, scope, self.limits);
        State {
            policy,
            approval,
            open,
        }
    }

    /// What each approval that is needed lets through beyond both policies.
    fn surplus(&self, scopes: &[Judged]) -> Vec<Surplus> {
        let mut found: Vec<Surplus> = Vec::new();
        for judged in scopes {
            let Outcome::Approved(by) = &judged.outcome else {
                continue;
            };
            for at in by {
                if found.iter().any(|known| known.approval == *at) {
                    continue;
                }
                let calls = self.beyond(*at, &judged.scope);
                if !calls.is_empty() {
                    let approval = *at;
                    found.push(Surplus { approval, calls });
                }
            }
        }
        found
    }

    /// Calls of a scope that an approval lets through and neither policy does.
    fn beyond(&self, approval: usize, scope: &Scope) -> Vec<WitnessCall> {
        let mut each = self.approvals.iter();
        let Some((_, approved)) = each.find(|(at, _)| *at == approval) else {
            return Vec::new();
        };
        let Approved::State { rules, .. } = &approved.approved else {
            return Vec::new();
        };
        let target = substitute(&Indexed::new(rules), scope, self.new.policy);
        let both = [&self.new, &self.old];
        let states = both.map(|policy| self.state(None, policy, &target, scope));
        if states.iter().any(|state| state.open.is_empty()) {
            return Vec::new();
        }
        match self.together(scope, (&target, &Engine::new(&target)), &states) {
            Outcome::Outside(outside) => outside.calls,
            Outcome::Approved(_) => Vec::new(),
        }
    }

    /// Whether several states cover the scope, of which none does alone.
    fn together(
        &self,
        scope: &Scope,
        (target, passes): (&Policy, &Engine),
        states: &[State],
    ) -> Outcome {
        let mut outside_of = Outside {
            approvals: states.len().saturating_sub(1),
            ..Outside::default()
        };
        let mut candidates = Vec::new();
        if let Some(tool) = tool_of(scope, target, states) {
            let bearing: Vec<(&State, Option<&ToolRules>)> = states
                .iter()
                .filter_map(|state| Some((state, bears(state, &tool)?)))
                .collect();
            let rules: Vec<Option<&ToolRules>> = bearing.iter().map(|(_, rules)| *rules).collect();
            let (budget, allowance) = self.limits;
            let (answer, cost) = outside(target.tool(&tool), &rules, allowance.budget(budget));
            allowance.spend(cost);
            match answer {
                // Where no state shows the tool, that it is shown is what is new.
                Answer::Empty if bearing.is_empty() => {}
                Answer::Empty => {
                    let by = bearing.iter().filter_map(|(state, _)| state.approval);
                    return Outcome::Approved(by.collect());
                }
                Answer::Witness(arguments) => {
                    candidates.push(vec![WitnessCall::new(tool, arguments)]);
                }
                Answer::Unknown(exceeded) => outside_of.reason = Some(Reason::Budget(exceeded)),
            }
        }
        let open = || states.iter().rev().flat_map(|state| &state.open);
        let witnesses = open().flat_map(|change| &change.loosened);
        candidates.extend(witnesses.map(|witness| witness.calls.clone()));
        outside_of.reason = outside_of
            .reason
            .or_else(|| open().find_map(|change| change.reason));
        let refuse: Vec<Engine> = states
            .iter()
            .map(|state| Engine::new(&state.policy))
            .collect();
        let confirmed = candidates.into_iter().find(|calls| {
            passes_all(passes, calls) && !refuse.iter().any(|engine| passes_all(engine, calls))
        });
        if let Some(calls) = confirmed {
            outside_of.calls = calls;
            outside_of.reason = None;
        }
        Outcome::Outside(outside_of)
    }
}

/// Whether a policy lists a tool or hides it by its name.
fn is_named(policy: &Policy, tool: &str) -> bool {
    policy.tool(tool).is_some() || policy.hide.iter().any(|entry| entry.value == *tool)
}

/// The tool whose rules a scope's are; a name that no policy lists for the
/// unlisted ones.
fn tool_of(scope: &Scope, target: &Policy, states: &[State]) -> Option<String> {
    match scope {
        Scope::Tool(tool) => Some(tool.clone()),
        Scope::AllTools => None,
        Scope::Unlisted => {
            let policies = || states.iter().map(|s| &s.policy).chain([target]);
            let is_taken = |name: &str| policies().any(|policy| policy.tool(name).is_some());
            Some(fresh_name("unlisted_tool", is_taken))
        }
    }
}

/// The rules of a state that shows the tool and whose limits bear what the new
/// policy passes of the calls that it accepts.
fn bears<'s>(state: &'s State, tool: &str) -> Option<Option<&'s ToolRules>> {
    let narrower = |change: &Change| matches!(change.aspect, Aspect::Limits | Aspect::Visibility);
    if state.open.iter().any(narrower) {
        return None;
    }
    match Compiled::new(&state.policy).entry(tool) {
        Entry::Refused(_) => None,
        Entry::Rules(_) => Some(state.policy.tool(tool)),
    }
}

/// The time of calls whose time does not matter: 2026-01-01 10:00 UTC.
const WHENEVER: i64 = 1_767_261_600;

/// Whether an engine passes every call, as one grant's with fresh counters.
fn passes_all(engine: &Engine, calls: &[WitnessCall]) -> bool {
    sequence::passes_all(engine, calls, Time::new(WHENEVER, 0))
}

#[cfg(test)]
mod tests;
