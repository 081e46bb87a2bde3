//! The tree of paths: a box of literals gives each path a set of values, and
//! an object that has a value of each set at its path is in the box.
//!
//! A value that is no object makes everything below it missing. An object that
//! a condition names decides everything below it. Any other object is open:
//! its members can be chosen one by one, and a member that no path names sets
//! it apart from every object that it must not be.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::budget::{Budget, Exceeded, Meter};
use super::literal::{Literal, Region};
use super::node::Node;
use super::points::{Found, Own};
use mcppolicy_engine::engine::{Lookup, ValueRef};
use mcppolicy_engine::policy::Path;
use mcppolicy_engine::value::Value;

/// The deepest path that is looked into; no JSON parser known reads deeper.
const DEEPEST: usize = 200;

/// Every path with questions, as a tree under the arguments.
#[derive(Debug)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    too_deep: bool,
}

/// A conjunction of literals, by node.
#[derive(Debug, Default)]
pub(super) struct Conjunction {
    own: HashMap<usize, Vec<Own>>,
    contradictory: bool,
}

impl Conjunction {
    /// Whether all of these are true.
    pub(super) fn of(literals: &HashSet<Literal>, in_order: &[Literal]) -> Conjunction {
        let mut conjunction = Conjunction::default();
        let mut added = HashSet::new();
        for literal in in_order {
            conjunction.contradictory |= literals.contains(&!*literal);
            if added.insert(*literal) {
                let own = conjunction.own.entry(literal.node).or_default();
                own.push((literal.probe, literal.holds));
            }
        }
        conjunction
    }

    fn len(&self) -> usize {
        self.own.values().map(Vec::len).sum()
    }

    fn own(&self, node: usize) -> &[Own] {
        self.own.get(&node).map(Vec::as_slice).unwrap_or_default()
    }
}

/// One question to the tree.
struct Finder<'t> {
    nodes: &'t mut [Node],
    conjunction: &'t Conjunction,
    /// Whether there are questions about a node or something below it.
    concerned: Vec<bool>,
    most: usize,
    meter: &'t mut Meter,
}

impl Tree {
    /// Forgets automata of more than `most` bytes, and keeps what they have found.
    pub(super) fn release(&mut self, most: usize) {
        self.nodes.iter_mut().for_each(|node| node.release(most));
    }

    pub(super) fn new() -> Tree {
        Tree {
            nodes: vec![Node::default()],
            too_deep: false,
        }
    }

    /// The node at a path, which is in the tree from now on.
    pub(super) fn node(&mut self, path: &Path) -> usize {
        self.too_deep |= path.segments().len() > DEEPEST;
        let mut at = 0;
        for segment in path.segments().iter().take(DEEPEST) {
            at = self.child(at, segment).unwrap_or_else(|| {
                let fresh = self.nodes.len();
                self.nodes.push(Node::behind(at, segment));
                if let Some(parent) = self.nodes.get_mut(at) {
                    parent.children.push(fresh);
                    parent.by_segment.insert(segment.clone(), fresh);
                }
                fresh
            });
        }
        if let Some(node) = self.nodes.get_mut(at) {
            node.path.get_or_insert_with(|| path.clone());
        }
        at
    }

    fn child(&self, of: usize, segment: &str) -> Option<usize> {
        self.nodes.get(of)?.by_segment.get(segment).copied()
    }

    /// The member of the arguments that a node is, or is below.
    fn member_of(&self, mut node: usize) -> usize {
        while let Some(parent) = self.nodes.get(node).map(|node| node.parent) {
            if parent == 0 {
                break;
            }
            node = parent;
        }
        node
    }

    /// What a region says of a member of the arguments, and of those that its
    /// choices tie to it. Of a region that has members, the rest says nothing
    /// about these.
    pub(super) fn tied(&self, region: &Region, node: usize) -> Region {
        let members = |choice: &Vec<Vec<Literal>>| {
            let literals = choice.iter().flatten();
            let members = literals.map(|literal| self.member_of(literal.node));
            members.collect::<HashSet<usize>>()
        };
        let mut by_member: HashMap<usize, Vec<usize>> = HashMap::new();
        let of_choices: Vec<HashSet<usize>> = region.choices.iter().map(members).collect();
        for (at, members) in of_choices.iter().enumerate() {
            for member in members {
                by_member.entry(*member).or_default().push(at);
            }
        }
        let mut tied = HashSet::from([self.member_of(node)]);
        let mut open: Vec<usize> = tied.iter().copied().collect();
        let mut taken: BTreeSet<usize> = BTreeSet::new();
        while let Some(member) = open.pop() {
            for at in by_member.remove(&member).unwrap_or_default() {
                if taken.insert(at) {
                    let members = of_choices.get(at).into_iter().flatten();
                    open.extend(members.filter(|member| tied.insert(**member)));
                }
            }
        }
        let all = region.all.iter().copied();
        let choices = taken
            .iter()
            .filter_map(|at| region.choices.get(*at))
            .cloned();
        Region {
            all: all
                .filter(|literal| tied.contains(&self.member_of(literal.node)))
                .collect(),
            choices: choices.collect(),
        }
    }

    pub(super) fn get_mut(&mut self, node: usize) -> Option<&mut Node> {
        self.nodes.get_mut(node)
    }

    /// Whether a literal is true of `arguments`.
    pub(super) fn holds(&self, literal: Literal, arguments: &Value) -> bool {
        self.nodes.get(literal.node).is_some_and(|node| {
            let slot = node
                .path
                .as_ref()
                .map_or(ValueRef::Missing, |path| arguments.at(path));
            node.answers(slot, &[(literal.probe, literal.holds)])
        })
    }

    /// Arguments of which every literal is true; nothing iff there are none.
    pub(super) fn find(
        &mut self,
        conjunction: &Conjunction,
        budget: &Budget,
        meter: &mut Meter,
    ) -> Result<Option<Value>, Exceeded> {
        if self.too_deep {
            return Err(Exceeded::Depth);
        }
        if conjunction.contradictory {
            return Ok(None);
        }
        meter.conditions(conjunction.len() + self.nodes.len() / 16)?;
        let mut concerned = vec![false; self.nodes.len()];
        for &node in conjunction.own.keys() {
            let mut at = node;
            while let Some(flag) = concerned.get_mut(at).filter(|flag| !**flag) {
                *flag = true;
                at = self.nodes.get(at).map_or(0, |node| node.parent);
            }
        }
        let mut finder = Finder {
            nodes: &mut self.nodes,
            conjunction,
            concerned,
            most: budget.automaton,
            meter,
        };
        Ok(finder.open_object(0)?.map(Value::Object))
    }
}

impl Finder<'_> {
    fn value_at(&mut self, at: usize) -> Result<Found, Exceeded> {
        let own = self.conjunction.own(at);
        let mut failed = None;
        if self.is_missing_below(at)
            && let Some(node) = self.nodes.get_mut(at)
        {
            match node.plain(own, self.most, self.meter) {
                Ok(Found::Nothing) => {}
                Ok(found) => return Ok(found),
                Err(exceeded) => failed = Some(exceeded),
            }
        }
        match self.object(at) {
            Ok(Some(object)) => Ok(Found::Value(object)),
            Ok(None) => failed.map_or(Ok(Found::Nothing), Err),
            Err(exceeded) => Err(exceeded),
        }
    }

    /// Whether everything below may be missing.
    fn is_missing_below(&self, at: usize) -> bool {
        self.concerned_children(at).into_iter().all(|child| {
            let own = self.conjunction.own(child);
            self.nodes
                .get(child)
                .is_some_and(|node| node.answers(ValueRef::Missing, own))
                && self.is_missing_below(child)
        })
    }

    fn concerned_children(&self, at: usize) -> Vec<usize> {
        let children = self.nodes.get(at).map(|node| node.children.as_slice());
        let is_concerned = |child: &usize| self.concerned.get(*child) == Some(&true);
        let children = children.unwrap_or_default().iter().copied();
        children.filter(is_concerned).collect()
    }

    fn object(&mut self, at: usize) -> Result<Option<Value>, Exceeded> {
        let own = self.conjunction.own(at);
        let Some(node) = self.nodes.get(at) else {
            return Ok(None);
        };
        let named: Vec<Value> = own
            .iter()
            .filter_map(|(probe, _)| node.probes.get(*probe))
            .flat_map(|probe| probe.compared())
            .filter(|value| matches!(value, Value::Object(_)))
            .cloned()
            .collect();
        let open = if self.admits_open_objects(at, &named) {
            self.open_object(at)
        } else {
            Ok(None)
        };
        if let Ok(Some(members)) = open {
            return Ok(Some(self.set_apart(at, members, &named)));
        }
        match named.into_iter().find(|value| self.fits(at, value)) {
            Some(value) => Ok(Some(value)),
            None => open.map(|_| None),
        }
    }

    /// Whether an object that none of the conditions names answers the node's
    /// own questions: a member that occurs nowhere makes it such a one.
    fn admits_open_objects(&self, at: usize, named: &[Value]) -> bool {
        let mut name = String::from("x");
        while named.iter().any(|object| object.get(&name).is_some()) {
            name.push('x');
        }
        let unnamed = BTreeMap::from([(name, Value::Number(0.0))]);
        let own = self.conjunction.own(at);
        self.nodes
            .get(at)
            .is_some_and(|node| node.answers(ValueRef::Object(&unnamed), own))
    }

    /// Members that answer every question below.
    fn open_object(&mut self, at: usize) -> Result<Option<BTreeMap<String, Value>>, Exceeded> {
        let mut members = BTreeMap::new();
        let mut failed = None;
        for child in self.concerned_children(at) {
            match self.value_at(child) {
                Ok(Found::Nothing) => return Ok(None),
                Ok(Found::Missing) => {}
                Ok(Found::Value(value)) => {
                    if let Some(node) = self.nodes.get(child) {
                        members.insert(node.segment.clone(), value);
                    }
                }
                Err(exceeded) => failed = Some(exceeded),
            }
        }
        failed.map_or(Ok(Some(members)), Err)
    }

    /// The object, with one more member where it must not be as it is.
    fn set_apart(&self, at: usize, members: BTreeMap<String, Value>, named: &[Value]) -> Value {
        let object = Value::Object(members);
        let own = self.conjunction.own(at);
        let node = self.nodes.get(at);
        if node.is_some_and(|node| node.answers(ValueRef::from(&object), own)) {
            return object;
        }
        let mut name = String::from("x");
        let is_taken = |name: &str| {
            object.get(name).is_some()
                || named.iter().any(|object| object.get(name).is_some())
                || node.is_some_and(|node| node.by_segment.contains_key(name))
        };
        while is_taken(&name) {
            name.push('x');
        }
        let Value::Object(mut members) = object else {
            return object;
        };
        members.insert(name, Value::Number(0.0));
        Value::Object(members)
    }

    /// Whether `value` answers every question at this node and below.
    fn fits(&self, at: usize, value: &Value) -> bool {
        let own = self.conjunction.own(at);
        let answers = |slot| {
            self.nodes
                .get(at)
                .is_some_and(|node| node.answers(slot, own))
        };
        answers(ValueRef::from(value))
            && self.concerned_children(at).into_iter().all(|child| {
                let segment = self.nodes.get(child).map(|node| node.segment.as_str());
                match segment.and_then(|segment| value.get(segment)) {
                    Some(member) => self.fits(child, member),
                    None => {
                        let own = self.conjunction.own(child);
                        let node = self.nodes.get(child);
                        node.is_some_and(|node| node.answers(ValueRef::Missing, own))
                            && self.is_missing_below(child)
                    }
                }
            })
    }
}
