//! The rules of one tool, element by element: as literals of a region, and as
//! what decides given arguments.

use std::collections::HashSet;
use std::rc::Rc;

use crate::region::{Literal, Region, Space};
use mcppolicy_engine::engine::Lookup;
use mcppolicy_engine::policy::{Condition, Limit, Path, Rule, ToolRules};
use mcppolicy_engine::value::Value;

use super::literals::{countable, literals};

/// What refuses an argument object: a condition of a rule under `require` where
/// those before it hold, or a rule under `deny_if`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum At {
    Require(usize, usize),
    DenyIf(usize),
}

/// The rules of a tool in one policy, or some of them.
#[derive(Clone)]
pub(super) struct Elements<'r> {
    pub(super) rules: Option<&'r ToolRules>,
    require: Rc<[Vec<Literal>]>,
    deny_if: Rc<[Vec<Literal>]>,
    /// Those that are looked at, in the order in which the engine asks them.
    order: Vec<At>,
    counted: Vec<Literal>,
}

impl<'r> Elements<'r> {
    pub(super) fn new(space: &mut Space, rules: Option<&'r ToolRules>) -> Elements<'r> {
        let mut of = |list: &[Rule]| -> Vec<Vec<Literal>> {
            let each = list.iter();
            each.map(|rule| literals(space, &rule.conditions)).collect()
        };
        let require = rules.map(|rules| of(&rules.require)).unwrap_or_default();
        let deny_if = rules.map(|rules| of(&rules.deny_if)).unwrap_or_default();
        let counted = rules.map(|rules| countable(space, &rules.limits));
        let of_require = require
            .iter()
            .enumerate()
            .flat_map(|(rule, list)| (0..list.len()).map(move |at| At::Require(rule, at)));
        let order = of_require
            .chain((0..deny_if.len()).map(At::DenyIf))
            .collect();
        Elements {
            rules,
            require: require.into(),
            deny_if: deny_if.into(),
            order,
            counted: counted.unwrap_or_default(),
        }
    }

    /// Every element, in the order in which the engine asks them.
    pub(super) fn each(&self) -> impl Iterator<Item = At> + '_ {
        self.order.iter().copied()
    }

    /// The elements by the group that each is in, of so many groups; a group is told by
    /// a path.
    pub(super) fn grouped(
        &self,
        space: &mut Space,
        groups: usize,
        group_of: impl Fn(&Path) -> usize,
    ) -> Vec<Elements<'r>> {
        let empty = || Elements {
            rules: self.rules,
            require: Rc::clone(&self.require),
            deny_if: Rc::clone(&self.deny_if),
            order: Vec::new(),
            counted: Vec::new(),
        };
        let mut grouped: Vec<Elements<'r>> = (0..groups).map(|_| empty()).collect();
        for at in self.each() {
            let of = self.conditions(at).first();
            let group = of.and_then(|of| grouped.get_mut(group_of(&of.path.value)));
            if let Some(group) = group {
                group.order.push(at);
            }
        }
        for limit in self.rules.into_iter().flat_map(|rules| &rules.limits) {
            let path = limit.increment_from.as_ref();
            let group = path.and_then(|path| grouped.get_mut(group_of(&path.value)));
            if let Some(group) = group {
                let counted = countable(space, std::slice::from_ref(limit));
                group.counted.extend(counted);
            }
        }
        grouped
    }

    /// Those that may refuse what `passer` accepts, as far as it is plain.
    pub(super) fn open_against(&self, passer: &Elements<'_>) -> Vec<At> {
        let held: HashSet<Literal> = passer.each().filter_map(|at| passer.literal(at)).collect();
        let sorted = |list: &Vec<Literal>| {
            let mut list = list.clone();
            list.sort_unstable();
            list.dedup();
            list
        };
        let rules = passer.each().filter_map(|at| match at {
            At::DenyIf(rule) => passer.deny_if.get(rule),
            At::Require(..) => None,
        });
        let refused: HashSet<Vec<Literal>> = rules.map(sorted).collect();
        let is_open = |at: &At| match *at {
            At::Require(..) => self.literal(*at).is_some_and(|l| !held.contains(&l)),
            At::DenyIf(rule) => {
                let list = self.deny_if.get(rule);
                list.is_some_and(|list| !refused.contains(&sorted(list)))
            }
        };
        self.each().filter(is_open).collect()
    }

    fn literal(&self, at: At) -> Option<Literal> {
        match at {
            At::Require(rule, at) => self.require.get(rule)?.get(at).copied(),
            At::DenyIf(_) => None,
        }
    }

    /// The box that an element refuses.
    pub(super) fn refused(&self, at: At) -> Vec<Literal> {
        match at {
            At::Require(..) => self
                .literal(at)
                .map(|literal| !literal)
                .into_iter()
                .collect(),
            At::DenyIf(rule) => self.deny_if.get(rule).cloned().unwrap_or_default(),
        }
    }

    /// Narrows `region` to what an element lets pass.
    pub(super) fn pass(&self, at: At, region: &mut Region) {
        match (at, self.literal(at)) {
            (At::Require(..), Some(literal)) => region.and(literal),
            _ => region.outside(&self.refused(at)),
        }
    }

    /// Narrows `region` to what a first call passes with.
    pub(super) fn accept(&self, region: &mut Region) {
        self.each().for_each(|at| self.pass(at, region));
        self.counted.iter().for_each(|literal| region.and(*literal));
    }

    /// Narrows `region` to what an element refuses, and those before it do not.
    pub(super) fn decide_at(&self, at: At, region: &mut Region) {
        self.each()
            .take_while(|before| *before != at)
            .for_each(|before| self.pass(before, region));
        self.refused(at).into_iter().for_each(|l| region.and(l));
    }

    /// Narrows `region` to what an element refuses, and nothing else does.
    pub(super) fn refuse_only_at(&self, at: At, region: &mut Region) {
        self.each()
            .filter(|other| *other != at)
            .for_each(|other| self.pass(other, region));
        self.counted.iter().for_each(|literal| region.and(*literal));
        self.refused(at).into_iter().for_each(|l| region.and(l));
    }

    /// The elements that refuse the arguments, the deciding one first.
    pub(super) fn refusing<'a>(&'a self, arguments: &'a Value) -> impl Iterator<Item = At> + 'a {
        self.each().filter(|at| self.refuses(*at, arguments))
    }

    fn refuses(&self, at: At, arguments: &Value) -> bool {
        let rules = |list: fn(&ToolRules) -> &Vec<Rule>, rule: usize| {
            self.rules.and_then(|rules| list(rules).get(rule))
        };
        match at {
            At::Require(rule, at) => rules(|rules| &rules.require, rule)
                .and_then(|rule| rule.conditions.get(at))
                .is_some_and(|condition| !holds(condition, arguments)),
            At::DenyIf(rule) => rules(|rules| &rules.deny_if, rule)
                .is_some_and(|rule| all_hold(&rule.conditions, arguments)),
        }
    }

    /// The rule of an element.
    pub(super) fn rule(&self, at: At) -> Option<&'r Rule> {
        match at {
            At::Require(rule, _) => self.rules?.require.get(rule),
            At::DenyIf(rule) => self.rules?.deny_if.get(rule),
        }
    }

    /// The conditions of an element.
    pub(super) fn conditions(&self, at: At) -> &'r [Condition] {
        let conditions = self.rule(at).map(|rule| rule.conditions.as_slice());
        let conditions = conditions.unwrap_or_default();
        match at {
            At::Require(_, one) => conditions.get(one..=one).unwrap_or_default(),
            At::DenyIf(_) => conditions,
        }
    }
}

pub(super) fn holds(condition: &Condition, arguments: &Value) -> bool {
    condition.test.holds(arguments.at(&condition.path.value))
}

pub(super) fn all_hold(conditions: &[Condition], arguments: &Value) -> bool {
    conditions.iter().all(|of| holds(of, arguments))
}

/// Whether a single call's amount can be counted, and is within the limit.
pub(super) fn bears(limit: &Limit, arguments: &Value) -> bool {
    use mcppolicy_engine::engine::ValueRef;
    match &limit.increment_from {
        None => true,
        Some(path) => match arguments.at(&path.value) {
            // At most 2^53, so the cast is exact.
            ValueRef::Number(amount) => amount >= 0.0 && amount <= limit.max.value as f64,
            _ => false,
        },
    }
}
