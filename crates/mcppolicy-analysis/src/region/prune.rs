//! Boxes that are empty by what is written, so that they need no search: two
//! policies have most rules in common, and what such a rule refuses in one of
//! them it refuses in the other.

use std::collections::{HashMap, HashSet};

use super::literal::{Literal, Region};

/// Boxes, one of which at least has the arguments of a region.
pub(super) struct Choice<'r> {
    all: &'r [Vec<Literal>],
    /// The positions of those that nothing of the region obviously excludes.
    open: Vec<usize>,
}

impl<'r> Choice<'r> {
    /// How many boxes it was given with.
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// Every box.
    pub(super) fn all(&self) -> &'r [Vec<Literal>] {
        self.all
    }

    /// The boxes that may have members.
    pub(super) fn open(&self) -> impl Iterator<Item = &'r Vec<Literal>> {
        self.open.iter().filter_map(|at| self.all.get(*at))
    }
}

/// The choices of a region, without the boxes that contradict a literal of it
/// or lie in one of its holes.
pub(super) fn choices(region: &Region) -> Vec<Choice<'_>> {
    let all: HashSet<Literal> = region.all.iter().copied().collect();
    let holes = Holes::of(region, &all);
    let each = region.choices.iter();
    each.map(|boxes| Choice {
        all: boxes,
        open: match boxes.as_slice() {
            // The sides of a hole: the hole itself would rule them out one by one.
            boxes if boxes.iter().all(|one| one.len() == 1) && boxes.len() < FEW => {
                (0..boxes.len()).collect()
            }
            boxes => {
                let is_open = |one: &Vec<Literal>| {
                    !one.iter().any(|literal| all.contains(&!*literal)) && !holes.have(one, &all)
                };
                let each = boxes.iter().enumerate();
                each.filter(|(_, one)| is_open(one))
                    .map(|(at, _)| at)
                    .collect()
            }
        },
    })
    .collect()
}

/// Choices of fewer boxes of one literal each are searched as they are.
const FEW: usize = 16;

/// The boxes that a region is outside of.
struct Holes<'r> {
    all: Vec<&'r [Vec<Literal>]>,
    /// By the literal of each that the fewest of them have; those without one
    /// come with every box.
    by_rarest: HashMap<Literal, Vec<usize>>,
}

impl<'r> Holes<'r> {
    fn of(region: &'r Region, all: &HashSet<Literal>) -> Holes<'r> {
        // A hole is given as its sides: boxes of one literal, each the opposite
        // of one of the hole's.
        let is_hole = |boxes: &&Vec<Vec<Literal>>| boxes.iter().all(|one| one.len() == 1);
        let holes: Vec<&[Vec<Literal>]> = region
            .choices
            .iter()
            .filter(is_hole)
            .map(Vec::as_slice)
            .collect();
        let mut times: HashMap<Literal, usize> = HashMap::new();
        for literal in holes.iter().copied().flat_map(literals_of) {
            *times.entry(literal).or_default() += 1;
        }
        let mut by_rarest: HashMap<Literal, Vec<usize>> = HashMap::new();
        for (at, hole) in holes.iter().enumerate() {
            let own = literals_of(hole).filter(|literal| !all.contains(literal));
            let rarest = own.min_by_key(|literal| times.get(literal).copied());
            if let Some(rarest) = rarest {
                by_rarest.entry(rarest).or_default().push(at);
            }
        }
        Holes {
            all: holes,
            by_rarest,
        }
    }

    /// Whether a box, within the literals of the region, lies in a hole.
    fn have(&self, one: &[Literal], all: &HashSet<Literal>) -> bool {
        let is_given = |literal: Literal| all.contains(&literal) || one.contains(&literal);
        let near = one.iter().filter_map(|literal| self.by_rarest.get(literal));
        near.flatten()
            .filter_map(|at| self.all.get(*at))
            .any(|hole| literals_of(hole).all(is_given))
    }
}

fn literals_of(hole: &[Vec<Literal>]) -> impl Iterator<Item = Literal> + '_ {
    hole.iter().flatten().map(|literal| !*literal)
}
