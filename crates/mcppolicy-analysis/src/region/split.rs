//! Emptiness of a box outside of finitely many boxes, by splitting: arguments
//! in the box are found; where they fall into a hole, the box is cut along
//! that hole's sides, and each chunk outside of it is searched in turn.

use super::budget::{Budget, Exceeded, Meter};
use super::literal::{Answer, Literal, Region};
use super::tree::{Conjunction, Tree};
use mcppolicy_engine::value::Value;

/// A chunk of the region's box: what it adds to the chunk that it was cut from.
struct Chunk {
    from: Option<usize>,
    adds: Vec<Literal>,
}

/// Arguments in the region, or the proof that there are none.
pub(super) fn find(tree: &mut Tree, region: &Region, budget: &Budget, meter: &mut Meter) -> Answer {
    let mut chunks = vec![Chunk {
        from: None,
        adds: region.all.clone(),
    }];
    let mut open = vec![0];
    let mut failed = None;
    while let Some(at) = open.pop() {
        if let Err(exceeded) = meter.one_box() {
            return Answer::Unknown(failed.unwrap_or(exceeded));
        }
        let literals = literals(&chunks, at);
        let mut conjunction = Conjunction::default();
        for literal in &literals {
            conjunction.add(*literal);
        }
        let arguments = match tree.find(&conjunction, budget, meter) {
            Ok(Some(arguments)) => arguments,
            Ok(None) => continue,
            Err(exceeded) => {
                failed = Some(exceeded);
                continue;
            }
        };
        let Some(choice) = unmet(tree, region, &arguments) else {
            return Answer::Witness(arguments);
        };
        let cut = cut(choice, &literals);
        for adds in cut.into_iter().rev() {
            open.push(chunks.len());
            chunks.push(Chunk {
                from: Some(at),
                adds,
            });
        }
    }
    failed.map_or(Answer::Empty, Answer::Unknown)
}

fn literals(chunks: &[Chunk], at: usize) -> Vec<Literal> {
    let mut literals = Vec::new();
    let mut next = Some(at);
    while let Some(chunk) = next.and_then(|at| chunks.get(at)) {
        literals.extend_from_slice(&chunk.adds);
        next = chunk.from;
    }
    literals
}

/// The smallest choice of boxes of which `arguments` are in none.
fn unmet<'r>(tree: &Tree, region: &'r Region, arguments: &Value) -> Option<&'r [Vec<Literal>]> {
    let is_in = |one: &Vec<Literal>| one.iter().all(|literal| tree.holds(*literal, arguments));
    region
        .choices
        .iter()
        .filter(|choice| !choice.iter().any(is_in))
        .min_by_key(|choice| choice.len())
        .map(Vec::as_slice)
}

/// The chunks of a box that lie in one of the boxes of `choice`: what each
/// adds. Where boxes have a single side the chunks do not overlap.
fn cut(choice: &[Vec<Literal>], literals: &[Literal]) -> Vec<Vec<Literal>> {
    let mut chunks = Vec::new();
    let mut outside = Vec::new();
    for one in choice {
        let is_excluded = |literal: &Literal| literals.contains(&!*literal);
        if one.iter().any(is_excluded) {
            continue;
        }
        let mut adds = outside.clone();
        adds.extend_from_slice(one);
        chunks.push(adds);
        if let [only] = one.as_slice() {
            outside.push(!*only);
        }
    }
    chunks
}

impl Answer {
    /// The arguments, when some were found.
    pub fn witness(self) -> Option<Value> {
        match self {
            Answer::Witness(arguments) => Some(arguments),
            _ => None,
        }
    }

    /// Whether there are certainly none.
    pub const fn is_empty(&self) -> bool {
        matches!(self, Answer::Empty)
    }

    /// Which budget did not suffice.
    pub const fn exceeded(&self) -> Option<Exceeded> {
        match self {
            Answer::Unknown(exceeded) => Some(*exceeded),
            _ => None,
        }
    }
}
