//! Which argument objects pass: the rules of a tool as a region, and the
//! difference of two tools' regions in both directions.
//!
//! An argument object passes when a first call with it does: the rules let it
//! through, and every amount that is to be counted can be counted and fits.
//! Amounts over time belong to the limits.

use super::compiled::{Compiled, Entry, Pair};
use super::sequence::{self, Run};
use super::verdict::{Aspect, Change, Direction, Reason, Scope, Side, Witness};
use super::wording;
use crate::region::{Answer, Budget, Kind, Literal, Region, Space};
use mcppolicy_engine::engine::Kind as Step;
use mcppolicy_engine::policy::{Comparison, Condition, Limit, Path, Test, ToolRules};
use mcppolicy_engine::value::Value;

/// The witnesses of one difference that are worth showing: of one kind of
/// value each.
const WITNESSES: usize = 3;

/// The arguments of one tool under one policy: what the linter's rules look at.
#[derive(Debug)]
pub struct Arguments<'p> {
    space: Space,
    rules: Option<&'p ToolRules>,
}

impl<'p> Arguments<'p> {
    /// The arguments of a tool with these rules; an unlisted one has none.
    pub fn new(rules: Option<&'p ToolRules>, budget: Budget) -> Arguments<'p> {
        Arguments {
            space: Space::new(budget),
            rules,
        }
    }

    /// The same tool's arguments with what has been learnt about them before.
    pub fn resume(rules: Option<&'p ToolRules>, space: Space) -> Arguments<'p> {
        Arguments { space, rules }
    }

    /// What has been learnt about the arguments.
    pub fn into_space(self) -> Space {
        self.space
    }

    /// Where further literals are made.
    pub fn space(&mut self) -> &mut Space {
        &mut self.space
    }

    /// A condition as a literal.
    pub fn condition(&mut self, condition: &Condition) -> Literal {
        literal(&mut self.space, condition)
    }

    /// Arguments that the tool accepts as a first call and of which `also` is
    /// true; `Empty` is the proof that there are none.
    pub fn accepted(&mut self, also: &[Literal]) -> Answer {
        let mut region = Region::everything();
        for literal in also {
            region.and(*literal);
        }
        accept(&mut self.space, self.rules, &mut region);
        self.space.find(&region)
    }

    /// Arguments for which the rule of that step at `index` is the one that
    /// decides; `Empty` is the proof that the rule is unreachable.
    pub fn decided_by(&mut self, step: Step, index: usize) -> Answer {
        let rules_of = |step| match (self.rules, step) {
            (Some(rules), Step::Require) => rules.require.len(),
            (Some(rules), Step::DenyIf) => rules.deny_if.len(),
            _ => usize::MAX,
        };
        if index >= rules_of(step) {
            return Answer::Empty;
        }
        let is_earlier = |other: Step, at: usize| match (other, step) {
            (Step::Require, Step::DenyIf) => true,
            _ => other == step && at < index,
        };
        self.between(is_earlier, &[(step, index)])
    }

    /// Arguments that each rule of which `passing` says yes lets pass, and that
    /// each of `refusing` refuses. A rule is named by its step and its index;
    /// the limits (what they say of a single call) by their step and 0.
    pub fn between(
        &mut self,
        passing: impl Fn(Step, usize) -> bool,
        refusing: &[(Step, usize)],
    ) -> Answer {
        let Some(rules) = self.rules else {
            return Answer::Empty;
        };
        let space = &mut self.space;
        let mut region = Region::everything();
        for (at, rule) in rules.require.iter().enumerate() {
            if passing(Step::Require, at) {
                hold(space, &rule.conditions, &mut region);
            }
            if refusing.contains(&(Step::Require, at)) {
                let literals = literals(space, &rule.conditions);
                region.outside(&literals);
            }
        }
        for (at, rule) in rules.deny_if.iter().enumerate() {
            if passing(Step::DenyIf, at) {
                let literals = literals(space, &rule.conditions);
                region.outside(&literals);
            }
            if refusing.contains(&(Step::DenyIf, at)) {
                hold(space, &rule.conditions, &mut region);
            }
        }
        if passing(Step::Limit, 0) {
            for literal in countable(space, &rules.limits) {
                region.and(literal);
            }
        }
        if refusing.contains(&(Step::Limit, 0)) {
            let literals: Vec<Literal> = countable(space, &rules.limits).into_iter().collect();
            region.outside(&literals);
        }
        space.find(&region)
    }

    /// Arguments that one rule alone decides about: every other rule, and every
    /// amount, lets them pass. Without a condition the rule refuses them; with
    /// one, its fellows are true and it is not, so that it alone turns the
    /// decision. `Empty` is the proof that the rule, or the condition, makes no
    /// difference. Of the arguments `also` is true.
    pub fn alone(
        &mut self,
        step: Step,
        index: usize,
        condition: Option<usize>,
        also: &[Literal],
    ) -> Answer {
        let Some(rules) = self.rules else {
            return Answer::Empty;
        };
        let list = match step {
            Step::Require => &rules.require,
            _ => &rules.deny_if,
        };
        let Some(rule) = list.get(index) else {
            return Answer::Empty;
        };
        let space = &mut self.space;
        let mut region = Region::everything();
        also.iter().for_each(|literal| region.and(*literal));
        let is_own = |own: Step, at: usize| own == step && at == index;
        for (at, other) in rules.require.iter().enumerate() {
            if !is_own(Step::Require, at) {
                hold(space, &other.conditions, &mut region);
            }
        }
        for (at, other) in rules.deny_if.iter().enumerate() {
            if !is_own(Step::DenyIf, at) {
                let literals = literals(space, &other.conditions);
                region.outside(&literals);
            }
        }
        for literal in countable(space, &rules.limits) {
            region.and(literal);
        }
        let own = literals(space, &rule.conditions);
        match condition {
            None if step == Step::Require => region.outside(&own),
            None => own.iter().for_each(|literal| region.and(*literal)),
            Some(alone) => {
                for (at, literal) in own.iter().enumerate() {
                    region.and(if at == alone { !*literal } else { *literal });
                }
            }
        }
        space.find(&region)
    }

    /// Arguments of which all `literals` are true and `other` is not; `Empty`
    /// is the proof that they imply it.
    pub fn counterexample(&mut self, literals: &[Literal], other: Literal) -> Answer {
        let mut region = Region::everything();
        for literal in literals {
            region.and(*literal);
        }
        region.and(!other);
        self.space.find(&region)
    }

    /// Arguments of which all `literals` are true, whatever the rules say;
    /// `Empty` is the proof that they contradict each other.
    pub fn example(&mut self, literals: &[Literal]) -> Answer {
        let mut region = Region::everything();
        for literal in literals {
            region.and(*literal);
        }
        self.space.find(&region)
    }
}

/// Arguments that `within` accepts and that the rules of every tool in
/// `beyond` refuse: whether a policy stays within others together.
pub fn outside(
    within: Option<&ToolRules>,
    beyond: &[Option<&ToolRules>],
    budget: Budget,
) -> Answer {
    let mut space = Space::new(budget);
    let mut region = Region::everything();
    accept(&mut space, within, &mut region);
    for rules in beyond {
        region.within_one(refusals(&mut space, *rules));
    }
    space.find(&region)
}

fn literal(space: &mut Space, condition: &Condition) -> Literal {
    space.test(&condition.path.value, &condition.test)
}

fn literals(space: &mut Space, conditions: &[Condition]) -> Vec<Literal> {
    let literal = |condition| literal(space, condition);
    conditions.iter().map(literal).collect()
}

fn hold(space: &mut Space, conditions: &[Condition], region: &mut Region) {
    for literal in literals(space, conditions) {
        region.and(literal);
    }
}

/// Narrows `region` to what a first call passes with.
pub(super) fn accept(space: &mut Space, rules: Option<&ToolRules>, region: &mut Region) {
    let Some(rules) = rules else { return };
    for rule in &rules.require {
        hold(space, &rule.conditions, region);
    }
    for rule in &rules.deny_if {
        let literals = literals(space, &rule.conditions);
        region.outside(&literals);
    }
    for literal in countable(space, &rules.limits) {
        region.and(literal);
    }
}

/// That every amount can be counted, and alone exceeds no limit. Amounts are
/// rounded up and limits are whole, so the amount itself can be compared.
fn countable(space: &mut Space, limits: &[Limit]) -> Vec<Literal> {
    let mut literals = Vec::new();
    for limit in limits {
        if let Some(path) = &limit.increment_from {
            literals.push(space.test(&path.value, &Test::Compare(Comparison::Gte, 0.0)));
            literals.push(at_most(space, &path.value, limit.max.value));
        }
    }
    literals
}

/// That an amount, rounded up, is at most `bound`, which a double holds.
pub(super) fn at_most(space: &mut Space, path: &Path, bound: u64) -> Literal {
    space.test(path, &Test::Compare(Comparison::Lte, bound as f64))
}

/// The boxes of arguments that a tool's rules refuse.
fn refusals(space: &mut Space, rules: Option<&ToolRules>) -> Vec<Vec<Literal>> {
    let Some(rules) = rules else {
        return Vec::new();
    };
    let required = rules.require.iter().flat_map(|rule| &rule.conditions);
    let mut boxes: Vec<Vec<Literal>> = required
        .map(|condition| vec![!literal(space, condition)])
        .collect();
    for rule in &rules.deny_if {
        boxes.push(literals(space, &rule.conditions));
    }
    boxes
}

/// The boxes of arguments whose amounts a tool's limits refuse.
pub(super) fn uncountable(space: &mut Space, rules: Option<&ToolRules>) -> Vec<Vec<Literal>> {
    let limits = rules.map(|rules| rules.limits.as_slice());
    countable(space, limits.unwrap_or_default())
        .into_iter()
        .map(|literal| vec![!literal])
        .collect()
}

/// Compares access and arguments of one tool.
pub(super) fn compare(pair: &Pair<'_, '_>, scope: &Scope, tool: &str) -> Option<Change> {
    let (aspect, loosened, tightened) = match (pair.old.entry(tool), pair.new.entry(tool)) {
        (Entry::Refused(_), Entry::Refused(_)) => return None,
        (Entry::Refused(_), Entry::Rules(rules)) => {
            let callable = callable(pair, tool, pair.new, pair.old, rules);
            (Aspect::Access, callable, Direction::Excluded)
        }
        (Entry::Rules(rules), Entry::Refused(_)) => {
            let callable = callable(pair, tool, pair.old, pair.new, rules);
            (Aspect::Access, Direction::Excluded, callable)
        }
        (Entry::Rules(old), Entry::Rules(new)) if wording::same_rules(old, new) => return None,
        (Entry::Rules(old), Entry::Rules(new)) => {
            let loosened = difference(pair, tool, (pair.new, new), (pair.old, old));
            let tightened = difference(pair, tool, (pair.old, old), (pair.new, new));
            let aspect = match (&loosened, &tightened) {
                (Direction::Proved(_), Direction::Excluded) if is_blocked(old, pair) => {
                    Aspect::Access
                }
                (Direction::Excluded, Direction::Proved(_)) if is_blocked(new, pair) => {
                    Aspect::Access
                }
                _ => Aspect::Arguments,
            };
            (aspect, loosened, tightened)
        }
    };
    if loosened == Direction::Excluded && tightened == Direction::Excluded {
        return None;
    }
    let sides = [Side::of_tool(pair.old, tool), Side::of_tool(pair.new, tool)];
    Some(Change::new(
        scope.clone(),
        aspect,
        sides,
        loosened,
        tightened,
    ))
}

/// Arguments that a first call with these rules passes with.
fn accepted(pair: &Pair<'_, '_>, rules: Option<&ToolRules>) -> Answer {
    let mut arguments = Arguments::new(rules, pair.budget());
    let answer = arguments.accepted(&[]);
    pair.spend(arguments.space().spent());
    answer
}

fn is_blocked(rules: Option<&ToolRules>, pair: &Pair<'_, '_>) -> bool {
    accepted(pair, rules).is_empty()
}

/// Whether `passer` accepts any call of a tool that `refuser` never does.
fn callable(
    pair: &Pair<'_, '_>,
    tool: &str,
    passer: &Compiled<'_>,
    refuser: &Compiled<'_>,
    rules: Option<&ToolRules>,
) -> Direction {
    match accepted(pair, rules) {
        Answer::Empty => Direction::Excluded,
        Answer::Unknown(exceeded) => Direction::Unknown(Reason::Budget(exceeded)),
        Answer::Witness(arguments) => confirm(pair, tool, arguments, passer, refuser),
    }
}

/// What `passer` accepts and the rules of `refuser` do not.
fn difference(
    pair: &Pair<'_, '_>,
    tool: &str,
    (passer, accepting): (&Compiled<'_>, Option<&ToolRules>),
    (refuser, refusing): (&Compiled<'_>, Option<&ToolRules>),
) -> Direction {
    let mut space = Space::new(pair.budget());
    let direction = search(
        pair,
        &mut space,
        tool,
        (passer, accepting),
        (refuser, refusing),
    );
    pair.spend(space.spent());
    direction
}

fn search(
    pair: &Pair<'_, '_>,
    space: &mut Space,
    tool: &str,
    (passer, accepting): (&Compiled<'_>, Option<&ToolRules>),
    (refuser, refusing): (&Compiled<'_>, Option<&ToolRules>),
) -> Direction {
    let mut region = Region::everything();
    accept(space, accepting, &mut region);
    region.within_one(refusals(space, refusing));
    let mut witnesses: Vec<Witness> = Vec::new();
    while witnesses.len() < WITNESSES {
        let arguments = match space.find(&region) {
            Answer::Witness(arguments) => arguments,
            Answer::Unknown(exceeded) if witnesses.is_empty() => {
                return Direction::Unknown(Reason::Budget(exceeded));
            }
            _ => break,
        };
        match confirm(pair, tool, arguments.clone(), passer, refuser) {
            Direction::Proved(proved) => witnesses.extend(proved),
            unproved => return unproved,
        }
        // Next, one that differs in kind where the first was refused.
        let ruling = witnesses.last().map(|witness| witness.refusal());
        let rule = ruling.and_then(|ruling| ruling.rule.as_deref());
        let Some(path) = rule.and_then(|rule| first_path(refusing, rule)) else {
            break;
        };
        let kind = Kind::of(mcppolicy_engine::engine::Lookup::at(&arguments, &path));
        let of_that_kind = space.kind(&path, kind);
        region.and(!of_that_kind);
    }
    if witnesses.is_empty() {
        Direction::Excluded
    } else {
        Direction::Proved(witnesses)
    }
}

/// The path of the first condition of the rule at `pointer`.
fn first_path(rules: Option<&ToolRules>, pointer: &str) -> Option<Path> {
    let rules = rules?;
    let rule = rules
        .require
        .iter()
        .chain(&rules.deny_if)
        .find(|rule| rule.pointer == pointer)?;
    Some(rule.conditions.first()?.path.value.clone())
}

/// A single call as a witness, decided by both engines.
pub(super) fn confirm(
    pair: &Pair<'_, '_>,
    tool: &str,
    arguments: Value,
    passer: &Compiled<'_>,
    refuser: &Compiled<'_>,
) -> Direction {
    let call = Run::once(tool, arguments);
    match sequence::confirm(pair, &[call], passer, refuser) {
        Some(mut witness) => {
            for call in &mut witness.calls {
                call.at = None;
            }
            Direction::Proved(vec![witness])
        }
        None => {
            debug_assert!(false, "the engine decides a witness for {tool} otherwise");
            Direction::Unknown(Reason::Unconfirmed)
        }
    }
}
