//! Emptiness of a box outside of finitely many boxes, by splitting: arguments
//! in the box are found; where they fall into a hole, the box is cut along
//! that hole's sides, and each chunk outside of it is searched in turn.

use std::collections::HashSet;

use super::budget::{Budget, Exceeded, Meter};
use super::literal::{Answer, Literal, Region};
use super::prune::{Choice, choices};
use super::tree::{Conjunction, Tree};
use mcppolicy_engine::value::Value;

/// A chunk of the region's box: what it adds to the chunk that it was cut from.
struct Chunk<'r> {
    from: Option<usize>,
    adds: Adds<'r>,
}

enum Adds<'r> {
    /// That the literals are true.
    All(&'r [Literal]),
    /// That the literal is not.
    Not(Literal),
}

/// Arguments in the region, or the proof that there are none.
pub(super) fn find(tree: &mut Tree, region: &Region, budget: &Budget, meter: &mut Meter) -> Answer {
    // Each literal is looked up a few times before anything is searched.
    if let Err(exceeded) = meter.conditions(2 * region.size()) {
        return Answer::Unknown(exceeded);
    }
    let choices = choices(region);
    let mut chunks = vec![Chunk {
        from: None,
        adds: Adds::All(&region.all),
    }];
    let mut open = vec![0];
    let mut failed = None;
    while let Some(at) = open.pop() {
        let found = meter
            .one_box()
            .and_then(|()| literals(&chunks, at, meter))
            .map(|literals| (literals.iter().copied().collect(), literals));
        let (set, literals): (HashSet<Literal>, Vec<Literal>) = match found {
            Ok(found) => found,
            Err(exceeded) => return Answer::Unknown(failed.unwrap_or(exceeded)),
        };
        let conjunction = Conjunction::of(&set, &literals);
        let arguments = match tree.find(&conjunction, budget, meter) {
            Ok(Some(arguments)) => arguments,
            Ok(None) => continue,
            Err(exceeded) => {
                failed = Some(exceeded);
                continue;
            }
        };
        let choice = match unmet(tree, &choices, &arguments, meter) {
            Ok(None) => return Answer::Witness(arguments),
            Ok(Some(choice)) => choice,
            Err(exceeded) => return Answer::Unknown(failed.unwrap_or(exceeded)),
        };
        let cut = cut(&mut chunks, at, choice, &set);
        open.extend(cut.into_iter().rev());
    }
    failed.map_or(Answer::Empty, Answer::Unknown)
}

/// The literals of a chunk, what it adds itself first.
fn literals(chunks: &[Chunk<'_>], at: usize, meter: &mut Meter) -> Result<Vec<Literal>, Exceeded> {
    let mut literals = Vec::new();
    let mut next = Some(at);
    while let Some(chunk) = next.and_then(|at| chunks.get(at)) {
        match chunk.adds {
            Adds::All(adds) => literals.extend_from_slice(adds),
            Adds::Not(literal) => literals.push(!literal),
        }
        next = chunk.from;
    }
    meter.conditions(literals.len())?;
    Ok(literals)
}

/// The smallest choice of boxes of which `arguments` are in none.
fn unmet<'r>(
    tree: &Tree,
    choices: &'r [Choice<'r>],
    arguments: &Value,
    meter: &mut Meter,
) -> Result<Option<&'r Choice<'r>>, Exceeded> {
    let mut smallest: Option<&Choice<'r>> = None;
    for choice in choices {
        if smallest.is_some_and(|smallest| smallest.len() <= choice.len()) {
            continue;
        }
        let mut is_met = false;
        for one in choice.all() {
            let contrary = one
                .iter()
                .position(|literal| !tree.holds(*literal, arguments));
            meter.conditions(contrary.map_or(one.len(), |at| at + 1))?;
            is_met = contrary.is_none();
            if is_met {
                break;
            }
        }
        if !is_met {
            smallest = Some(choice);
        }
    }
    Ok(smallest)
}

/// Cuts a chunk along the boxes of `choice`; the new chunks, in their order.
/// Where boxes have a single side the chunks do not overlap.
fn cut<'r>(
    chunks: &mut Vec<Chunk<'r>>,
    at: usize,
    choice: &Choice<'r>,
    literals: &HashSet<Literal>,
) -> Vec<usize> {
    let mut cut = Vec::new();
    let mut from = at;
    for one in choice.open() {
        let is_excluded = |literal: &Literal| literals.contains(&!*literal);
        if one.iter().any(is_excluded) {
            continue;
        }
        let mut chunk = |adds| {
            chunks.push(Chunk {
                from: Some(from),
                adds,
            });
            chunks.len() - 1
        };
        cut.push(chunk(Adds::All(one)));
        if let [only] = one.as_slice() {
            from = chunk(Adds::Not(*only));
        }
    }
    cut
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
