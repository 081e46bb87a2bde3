//! Which timed sequences of calls pass, of calls that pass alone under both
//! policies.
//!
//! A sequence passes iff every count and every sum stays within its limit. So
//! one policy's sequences all pass the other iff, for each limit of the other,
//! the largest count or sum that the one can reach in such a window (its *true
//! maximum*) is within it. The maxima of counts are exact; those of sums, and
//! of counts beside sums, are where the amounts are free, and upper bounds
//! elsewhere. A bound proves that nothing gets through; what a bound leaves
//! open, a race of calls through both engines proves or leaves undetermined.

mod amounts;
mod parts;

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::change::Change;
use super::compiled::{Compiled, Entry, Pair};
use super::edit::Edit;
use super::literals::{accept, countable};
use super::quota::{PerWindow, UNBOUNDED, UTC, sums, together};
use super::sequence::{self, Run, Shape};
use super::verdict::{Aspect, Direction, Reason, Scope, Side, Witness};
use super::wording;
use crate::region::{Answer, Budget, Exceeded, Region, Space};
use mcppolicy_engine::policy::{Limit, Path, ToolRules, Window};

use amounts::Amounts;

/// About how many steps of automata a call of a race is worth.
const TRIAL: u64 = 20;

/// How much the limits of one scope may be worth together, once one is proved:
/// each proof takes as much as there are limits.
const EFFORT: usize = 10_000;

/// One way through the comparison: what `passer` passes and `refuser` refuses.
struct Way<'w, 'p> {
    /// Whether limits are left that were not looked at.
    cut: Cell<bool>,
    pair: &'w Pair<'w, 'p>,
    passer: &'w Compiled<'p>,
    refuser: &'w Compiled<'p>,
}

/// A limit that a sequence may exceed: so many calls, or so large a sum, within
/// one window.
struct Excess<'l> {
    limit: &'l Limit,
    window: Window,
    reach: u128,
    /// How much the passer lets through in the window.
    most: u128,
    /// Which amount is summed; none counts calls.
    path: Option<Path>,
}

/// A tool whose calls pass under both policies.
struct Callable {
    tool: String,
    /// The true maxima of its count under its own limits, in the passer.
    own: PerWindow,
    amounts: Amounts,
    /// The least sum that a limit of either policy bears.
    sums: u128,
}

fn limits_of(rules: Option<&ToolRules>) -> &[Limit] {
    rules
        .map(|rules| rules.limits.as_slice())
        .unwrap_or_default()
}

/// The bounds that limits set on the count, or on the sum at `path`.
fn bounds(limits: &[Limit], path: Option<&Path>) -> PerWindow {
    let concerned = limits.iter().filter(|limit| {
        let summed = limit.increment_from.as_ref().map(|path| &path.value);
        summed == path
    });
    PerWindow::tightest(concerned.map(|limit| (limit.window.value, u128::from(limit.max.value))))
}

/// The most that the limit at `index` of a tool can come to count in one of its
/// windows if it is not there itself, under the tool's other limits and
/// conditions and the limits for all tools; [`u128::MAX`] when nothing bounds
/// it. An upper bound: the limit certainly refuses nothing when it is no larger
/// than the limit's `max`. Nothing when no call passes or the budget is spent.
pub fn reach(rules: &ToolRules, index: usize, for_all: &[Limit], budget: Budget) -> Option<u128> {
    let limit = rules.limits.get(index)?;
    let mut others = rules.clone();
    others.limits.remove(index);
    let paths = rules
        .limits
        .iter()
        .filter_map(|limit| Some(limit.increment_from.as_ref()?.value.clone()))
        .collect();
    let amounts = Amounts::new([Some(&others), None], paths, budget).ok()??;
    let own = own_counts(&others.limits, &amounts).maxima(UTC);
    let counts = own.min(bounds(for_all, None).maxima(UTC));
    let maxima = match limit.increment_from.as_ref().map(|path| &path.value) {
        None => counts,
        Some(path) => sums(
            bounds(&others.limits, Some(path)),
            counts,
            amounts.most(path),
            UTC,
        ),
    };
    Some(maxima.get(limit.window.value))
}

/// The bounds that a tool's own limits set on its count, those of sums to which
/// each call adds something included.
fn own_counts(limits: &[Limit], amounts: &Amounts) -> PerWindow {
    let bounds = bounds_by_path(limits);
    let of = |path| {
        bounds
            .get(&path)
            .copied()
            .unwrap_or(PerWindow::all(UNBOUNDED))
    };
    amounts.ranges().fold(of(None), |counts, range| {
        let sums = of(Some(range.path));
        counts.min(sums.divided(u128::from(range.least)))
    })
}

/// The bounds that limits set on the sum at each path, and, without one, on the
/// count.
fn bounds_by_path(limits: &[Limit]) -> BTreeMap<Option<&Path>, PerWindow> {
    let mut all = BTreeMap::new();
    for limit in limits {
        let path = limit.increment_from.as_ref().map(|path| &path.value);
        let own = PerWindow::tightest([(limit.window.value, u128::from(limit.max.value))]);
        let bounds = all.entry(path).or_insert(PerWindow::all(UNBOUNDED));
        *bounds = bounds.min(own);
    }
    all
}

/// Compares a tool's own limits. The parts name their edits by position in
/// `edits`.
pub(super) fn of_tool(
    pair: &Pair<'_, '_>,
    scope: &Scope,
    tool: &str,
    edits: &[Edit],
) -> Option<Change> {
    let (Entry::Rules(old), Entry::Rules(new)) = (pair.old.entry(tool), pair.new.entry(tool))
    else {
        return None;
    };
    if wording::same_limits(limits_of(old), limits_of(new)) {
        return None;
    }
    let [onward, back] = ways(pair);
    let loosened = onward.of_tool(tool, new, old);
    let tightened = back.of_tool(tool, old, new);
    if loosened == Direction::Excluded && tightened == Direction::Excluded {
        return None;
    }
    let sides = [pair.old, pair.new].map(|side| Side::of_tool(side, tool));
    let mut change = Change::new(scope.clone(), Aspect::Limits, sides, loosened, tightened);
    change.parts_complete = !(onward.cut.get() || back.cut.get());
    parts::fill(pair, Some(tool), edits, &mut change);
    Some(change)
}

/// Compares the limits on all tools together.
pub(super) fn of_all_tools(
    pair: &Pair<'_, '_>,
    names: &BTreeSet<String>,
    unlisted: &str,
    edits: &[Edit],
) -> Option<Change> {
    let (old, new) = (pair.old.policy, pair.new.policy);
    if wording::same_limits(&old.all_tools, &new.all_tools) {
        return None;
    }
    let [onward, back] = ways(pair);
    let loosened = onward.of_all_tools(names, unlisted);
    let tightened = back.of_all_tools(names, unlisted);
    if loosened == Direction::Excluded && tightened == Direction::Excluded {
        return None;
    }
    let sides = [pair.old, pair.new].map(|side| Side::at(side, "/all_tools"));
    let aspect = Aspect::Limits;
    let mut change = Change::new(Scope::AllTools, aspect, sides, loosened, tightened);
    change.parts_complete = !(onward.cut.get() || back.cut.get());
    parts::fill(pair, None, edits, &mut change);
    Some(change)
}

/// What the new policy passes beyond the old, and the old beyond the new.
fn ways<'w, 'p>(pair: &'w Pair<'w, 'p>) -> [Way<'w, 'p>; 2] {
    let way = |passer, refuser| Way {
        cut: Cell::new(false),
        pair,
        passer,
        refuser,
    };
    [way(pair.new, pair.old), way(pair.old, pair.new)]
}

impl Way<'_, '_> {
    fn shared(&self) -> PerWindow {
        bounds(&self.passer.policy.all_tools, None)
    }

    fn of_tool(
        &self,
        tool: &str,
        passing: Option<&ToolRules>,
        refusing: Option<&ToolRules>,
    ) -> Direction {
        let exceeded = match self.callable(tool, passing, refusing) {
            Ok(Some(callable)) => {
                self.exceed_own(callable, limits_of(passing), limits_of(refusing))
            }
            Ok(None) => Direction::Excluded,
            Err(exceeded) => Direction::Unknown(Reason::Budget(exceeded)),
        };
        // A sequence that exceeds a limit says more than one call that it
        // cannot count.
        if matches!(&exceeded, Direction::Proved(_)) && !self.pair.detailed {
            return exceeded;
        }
        let uncountable = self.uncountable_call(tool, passing, refusing);
        match (exceeded, uncountable) {
            (Direction::Proved(mut witnesses), Direction::Proved(more)) => {
                let rule = |witness: &Witness| witness.refusal().rule.clone();
                let known: Vec<_> = witnesses.iter().map(rule).collect();
                let more = more.into_iter();
                witnesses.extend(more.filter(|witness| !known.contains(&rule(witness))));
                Direction::Proved(witnesses)
            }
            (Direction::Proved(witnesses), _) | (_, Direction::Proved(witnesses)) => {
                Direction::Proved(witnesses)
            }
            (Direction::Unknown(reason), _) | (_, Direction::Unknown(reason)) => {
                Direction::Unknown(reason)
            }
            (Direction::Excluded, Direction::Excluded) => Direction::Excluded,
        }
    }

    /// Calls that one policy passes alone and whose amount the other cannot count, or
    /// does not bear: one for each limit that decides such a call, or the first where
    /// nobody reads them.
    fn uncountable_call(
        &self,
        tool: &str,
        passing: Option<&ToolRules>,
        refusing: Option<&ToolRules>,
    ) -> Direction {
        let mut space = Space::new(self.pair.budget());
        let mut borne = Region::everything();
        accept(&mut space, passing, &mut borne);
        let without_limits = refusing.map(|rules| ToolRules {
            limits: Vec::new(),
            ..rules.clone()
        });
        accept(&mut space, without_limits.as_ref(), &mut borne);
        let mut found = Direction::Excluded;
        let mut witnesses: Vec<Witness> = Vec::new();
        // A limit decides about the amounts that those before it bear.
        for limit in limits_of(refusing) {
            let bears = countable(&mut space, std::slice::from_ref(limit));
            if space.spent() > self.pair.budget().worth() && !witnesses.is_empty() {
                self.cut.set(true);
                break;
            }
            // An amount that is too large says more than one that is none.
            for literal in bears.iter().rev() {
                let mut region = borne.clone();
                region.and(!*literal);
                let arguments = match space.find(&region) {
                    Answer::Empty => continue,
                    Answer::Unknown(exceeded) => {
                        found = Direction::Unknown(Reason::Budget(exceeded));
                        continue;
                    }
                    Answer::Witness(arguments) => arguments,
                };
                let (passer, refuser) = (self.passer, self.refuser);
                match sequence::confirm_call(self.pair, tool, arguments, passer, refuser) {
                    Direction::Proved(proved) => witnesses.extend(proved),
                    unproved => found = unproved,
                }
                break;
            }
            if !self.pair.detailed && !witnesses.is_empty() {
                break;
            }
            bears.into_iter().for_each(|literal| borne.and(literal));
        }
        self.pair.spend(space.spent());
        if witnesses.is_empty() {
            found
        } else {
            self.cut
                .set(self.cut.get() || matches!(found, Direction::Unknown(_)));
            Direction::Proved(witnesses)
        }
    }

    /// The tool, when some call of it passes alone under both policies.
    fn callable(
        &self,
        tool: &str,
        passing: Option<&ToolRules>,
        refusing: Option<&ToolRules>,
    ) -> Result<Option<Callable>, Exceeded> {
        let paths = [passing, refusing]
            .into_iter()
            .flat_map(limits_of)
            .filter_map(|limit| Some(limit.increment_from.as_ref()?.value.clone()))
            .collect();
        let amounts = Amounts::new([passing, refusing], paths, self.pair.budget())?;
        if let Some(amounts) = &amounts {
            self.pair.spend(amounts.spent());
        }
        Ok(amounts.map(|amounts| {
            let counts = own_counts(limits_of(passing), &amounts);
            let both = [passing, refusing].into_iter().flat_map(limits_of);
            let sums = both.filter(|limit| limit.increment_from.is_some());
            let sums = sums.map(|limit| u128::from(limit.max.value)).min();
            Callable {
                tool: tool.to_owned(),
                own: counts.maxima(UTC),
                amounts,
                sums: sums.unwrap_or(UNBOUNDED),
            }
        }))
    }

    fn exceed_own(
        &self,
        mut callable: Callable,
        passing: &[Limit],
        refusing: &[Limit],
    ) -> Direction {
        let counts = callable.own.min(self.shared().maxima(UTC));
        let mut excesses = Vec::new();
        let by_path = bounds_by_path(passing);
        for limit in refusing {
            let path = limit.increment_from.as_ref().map(|path| path.value.clone());
            let maxima = match &path {
                None => counts,
                Some(path) => {
                    let bounds = by_path.get(&Some(path)).copied();
                    let bounds = bounds.unwrap_or(PerWindow::all(UNBOUNDED));
                    sums(bounds, counts, callable.amounts.most(path), UTC)
                }
            };
            excesses.extend(Excess::of(limit, maxima, path));
        }
        excesses.sort_by_key(|excess| (excess.path.is_some(), excess.reach));
        let reason = callable.amounts.reason();
        self.proved(excesses, reason, |excess, nearly| match &excess.path {
            None => {
                let others = nearly.map(|nearly| self.others(refusing, excess, nearly));
                self.count(std::slice::from_mut(&mut callable), excess, others)
            }
            Some(path) if nearly.is_none() => self.sum(&mut callable, path, passing, excess),
            Some(_) => Ok(Vec::new()),
        })
    }

    /// The bounds that the refuser's other limits set on counts; those behind
    /// the exceeded one are `nearly` so: the last call may exceed them, too.
    fn others(&self, own: &[Limit], excess: &Excess<'_>, nearly: bool) -> PerWindow {
        let all = own.iter().chain(&self.refuser.policy.all_tools);
        let mut is_behind = false;
        let mut bounds = Vec::new();
        for limit in all {
            if std::ptr::eq(limit, excess.limit) {
                is_behind = true;
            } else if limit.increment_from.is_none() {
                let more = u128::from(is_behind && nearly);
                bounds.push((limit.window.value, u128::from(limit.max.value) + more));
            }
        }
        PerWindow::tightest(bounds)
    }

    fn of_all_tools(&self, names: &BTreeSet<String>, unlisted: &str) -> Direction {
        let shared = self.shared().maxima(UTC);
        let mut callables: Vec<Callable> = Vec::new();
        let mut reached = PerWindow::all(0);
        let mut failed = None;
        for tool in std::iter::once(unlisted).chain(names.iter().map(String::as_str)) {
            let (Entry::Rules(passing), Entry::Rules(refusing)) =
                (self.passer.entry(tool), self.refuser.entry(tool))
            else {
                continue;
            };
            match self.callable(tool, passing, refusing) {
                Ok(Some(callable)) => {
                    reached = reached.plus(callable.own);
                    callables.push(callable);
                }
                Ok(None) => {}
                Err(exceeded) => {
                    failed = Some(exceeded);
                    reached = PerWindow::all(UNBOUNDED);
                }
            }
            if reached.min(shared) == shared && failed.is_none() {
                // Further tools change nothing.
                break;
            }
        }
        let total = together(self.shared(), [reached], UTC);
        let mut excesses: Vec<Excess> = self
            .refuser
            .policy
            .all_tools
            .iter()
            .filter_map(|limit| Excess::of(limit, total, None))
            .collect();
        excesses.sort_by_key(|excess| excess.reach);
        let shared_limits = &self.refuser.policy.all_tools;
        let coupled = callables
            .iter()
            .find_map(|callable| callable.amounts.reason());
        let reason = failed.map(Reason::Budget).or(coupled);
        self.proved(excesses, reason, |excess, nearly| {
            let others = nearly.map(|nearly| self.others(shared_limits, excess, nearly));
            self.count(&mut callables, excess, others)
        })
    }

    /// The excesses that witnesses prove, one for each limit that decides, or the
    /// first where nobody reads them; excluded when there is none to prove. A
    /// witness is asked for plainly, then among the calls that other limits let
    /// pass, then among those that they nearly let pass.
    fn proved(
        &self,
        excesses: Vec<Excess<'_>>,
        reason: Option<Reason>,
        mut prove: impl FnMut(&Excess<'_>, Option<bool>) -> Result<Vec<Run>, Exceeded>,
    ) -> Direction {
        let mut undecided = None;
        let mut witnesses: Vec<Witness> = Vec::new();
        let decides = |witnesses: &[Witness], limit: &Limit| {
            let mut rules = witnesses.iter().map(|witness| &witness.refusal().rule);
            rules.any(|rule| rule.as_deref() == Some(limit.pointer.as_str()))
        };
        let mut effort = EFFORT;
        for excess in &excesses {
            let tries: &[Option<bool>] = if witnesses.is_empty() {
                &[None, Some(false), Some(true)]
            } else {
                &[Some(false), Some(true), None]
            };
            for nearly in tries {
                if decides(&witnesses, excess.limit) {
                    break;
                }
                if effort == 0 && !witnesses.is_empty() {
                    self.cut.set(true);
                    break;
                }
                if nearly.is_some() && witnesses.is_empty() {
                    // What cannot be proved plainly cannot be proved otherwise.
                    break;
                }
                effort = effort.saturating_sub(excesses.len());
                let calls = match prove(excess, *nearly) {
                    Ok(calls) => calls,
                    Err(exceeded) => {
                        undecided = undecided.or(Some(Reason::Budget(exceeded)));
                        continue;
                    }
                };
                let witness = sequence::confirm(self.pair, &calls, self.passer, self.refuser);
                match witness {
                    Some(witness) if !self.pair.detailed => {
                        return Direction::Proved(vec![witness]);
                    }
                    Some(witness) => {
                        let rule = &witness.refusal().rule;
                        let mut known = witnesses.iter();
                        if !known.any(|known| known.refusal().rule == *rule) {
                            witnesses.push(witness);
                        }
                    }
                    None if nearly.is_none() => {
                        debug_assert!(reason.is_some(), "count maxima are exact");
                        undecided = Some(reason.unwrap_or(Reason::Unconfirmed));
                    }
                    None => {}
                }
            }
        }
        // What the limits of another scope refuse is told there.
        let is_own = |witness: &Witness| {
            let mut limits = excesses.iter().map(|excess| excess.limit.pointer.as_str());
            limits.any(|limit| witness.refusal().rule.as_deref() == Some(limit))
        };
        if witnesses.iter().any(is_own) {
            witnesses.retain(is_own);
        }
        if witnesses.is_empty() {
            undecided.map_or(Direction::Excluded, Direction::Unknown)
        } else {
            Direction::Proved(witnesses)
        }
    }

    /// Enough calls of one tool or several to exceed a count.
    fn count(
        &self,
        callables: &mut [Callable],
        excess: &Excess<'_>,
        others: Option<PerWindow>,
    ) -> Result<Vec<Run>, Exceeded> {
        let window = excess.window;
        let reach = u64::try_from(excess.reach).map_err(|_| Exceeded::Calls)?;
        let mut shared = self.shared().maxima(UTC);
        if let Some(others) = others {
            shared = shared.min(others).maxima(UTC);
            if shared.get(window) < excess.reach {
                return Ok(Vec::new());
            }
        }
        callables.sort_by_key(|callable| std::cmp::Reverse(callable.own.min(shared).get(window)));
        let mut shapes = Vec::new();
        let mut left = reach;
        let mut maxima = PerWindow::all(0);
        for callable in callables.iter_mut() {
            maxima = callable.own.min(shared);
            let room = u64::try_from(maxima.get(window)).unwrap_or(u64::MAX);
            let count = room.min(left);
            let arguments = callable.amounts.smallest(excess.reach <= callable.sums);
            let shape = Rc::new(Shape {
                tool: callable.tool.clone(),
                arguments,
            });
            shapes.push((shape, count));
            left -= count;
            if left == 0 {
                break;
            }
        }
        Ok(match shapes.as_slice() {
            [(shape, count)] => sequence::evenly(shape, *count, window, maxima),
            shapes => {
                let runs = sequence::interleaved_runs(shapes, window);
                self.affordable(u128::from(runs))?;
                sequence::interleaved(shapes, window)
            }
        })
    }

    /// Calls whose amounts exceed a sum, as far as a race finds them.
    fn sum(
        &self,
        callable: &mut Callable,
        path: &Path,
        passing: &[Limit],
        excess: &Excess<'_>,
    ) -> Result<Vec<Run>, Exceeded> {
        let bounds = bounds(passing, Some(path));
        let most = callable.amounts.most(path);
        let calls = excess.reach.div_ceil(most.max(1));
        // Equal amounts, where the passer has room for them.
        let equal = calls.saturating_mul(most);
        let reach = if equal <= excess.most {
            equal
        } else {
            excess.reach
        };
        let mut race = amounts::SumRace {
            passer: &self.passer.engine,
            refuser: &self.refuser.engine,
            tool: &callable.tool,
            amounts: &mut callable.amounts,
            path,
            bounds,
            window: excess.window,
            reach,
            most_calls: self.pair.budget().calls,
            tried: 0,
        };
        let mut found = race.packed();
        let is_affordable = self.affordable(calls);
        if found.is_none() && is_affordable.is_ok() {
            found = race.spread();
        }
        self.pair.spend(race.tried.saturating_mul(TRIAL));
        match found {
            None => is_affordable.map(|()| Vec::new()),
            Some(calls) => Ok(calls),
        }
    }

    fn affordable(&self, calls: u128) -> Result<(), Exceeded> {
        if calls <= u128::from(self.pair.budget().calls) {
            Ok(())
        } else {
            Err(Exceeded::Calls)
        }
    }
}

impl<'l> Excess<'l> {
    /// What exceeds `limit`, unless the maxima say that nothing does.
    fn of(limit: &'l Limit, maxima: PerWindow, path: Option<Path>) -> Option<Excess<'l>> {
        let window = limit.window.value;
        let max = u128::from(limit.max.value);
        (maxima.get(window) > max).then_some(Excess {
            limit,
            window,
            reach: max + 1,
            most: maxima.get(window),
            path,
        })
    }
}
