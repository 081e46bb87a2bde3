//! Which element of an old list is which of the new one.

use std::collections::HashMap;
use std::hash::Hash;

use crate::compare::edit::Ends;

/// Elements that share more features than this with others are compared with
/// the first of them only.
const CANDIDATES: usize = 32;

/// Two lists, of which elements are paired one by one.
pub(super) struct Pairing {
    /// By position in the old list, the position in the new one.
    old: Vec<Option<usize>>,
    /// The other way round.
    new: Vec<Option<usize>>,
}

impl Pairing {
    pub(super) fn new(old: usize, new: usize) -> Pairing {
        Pairing {
            old: vec![None; old],
            new: vec![None; new],
        }
    }

    fn pair(&mut self, old: usize, new: usize) {
        if let (Some(of_old), Some(of_new)) = (self.old.get_mut(old), self.new.get_mut(new)) {
            *of_old = Some(new);
            *of_new = Some(old);
        }
    }

    fn open(ends: &[Option<usize>]) -> impl Iterator<Item = usize> + '_ {
        let each = ends.iter().enumerate();
        each.filter(|(_, end)| end.is_none()).map(|(at, _)| at)
    }

    /// Pairs elements with equal keys that have no partner yet, in order; those
    /// without a key stay alone.
    pub(super) fn by<K: Hash + Eq>(
        &mut self,
        old_key: impl Fn(usize) -> Option<K>,
        new_key: impl Fn(usize) -> Option<K>,
    ) {
        let mut waiting: HashMap<K, Vec<usize>> = HashMap::new();
        for at in Pairing::open(&self.new) {
            if let Some(key) = new_key(at) {
                waiting.entry(key).or_default().push(at);
            }
        }
        if waiting.is_empty() {
            return;
        }
        waiting.values_mut().for_each(|list| list.reverse());
        let open: Vec<usize> = Pairing::open(&self.old).collect();
        for at in open {
            let partner = old_key(at).and_then(|key| waiting.get_mut(&key)?.pop());
            if let Some(partner) = partner {
                self.pair(at, partner);
            }
        }
    }

    /// Pairs what shares the most features, and at least one.
    pub(super) fn by_least_difference<K: Hash + Eq>(
        &mut self,
        old_features: impl Fn(usize) -> Vec<K>,
        new_features: impl Fn(usize) -> Vec<K>,
    ) {
        let mut having: HashMap<K, Vec<usize>> = HashMap::new();
        for at in Pairing::open(&self.new) {
            for feature in new_features(at) {
                let list = having.entry(feature).or_default();
                if list.len() < CANDIDATES {
                    list.push(at);
                }
            }
        }
        if having.is_empty() {
            return;
        }
        let mut candidates: Vec<(usize, usize, usize)> = Vec::new();
        for at in Pairing::open(&self.old) {
            let mut shared: HashMap<usize, usize> = HashMap::new();
            for feature in old_features(at) {
                for other in having.get(&feature).into_iter().flatten() {
                    *shared.entry(*other).or_default() += 1;
                }
            }
            candidates.extend(
                shared
                    .into_iter()
                    .map(|(other, shared)| (shared, at, other)),
            );
        }
        candidates
            .sort_unstable_by_key(|(shared, old, new)| (std::cmp::Reverse(*shared), *old, *new));
        for (_, old, new) in candidates {
            let is_free = |ends: &[Option<usize>], at: usize| ends.get(at) == Some(&None);
            if is_free(&self.old, old) && is_free(&self.new, new) {
                self.pair(old, new);
            }
        }
    }

    /// Every element: pairs and removed ones in the old order, then those that
    /// were added in the new one.
    pub(super) fn ends(&self) -> Vec<Ends> {
        let old = self.old.iter().enumerate();
        let old = old.map(|(at, new)| Ends {
            old: Some(at),
            new: *new,
        });
        let added = Pairing::open(&self.new).map(|at| Ends {
            old: None,
            new: Some(at),
        });
        old.chain(added).collect()
    }

    /// By position in the old list, whether a pair's order among the pairs is
    /// another: as few as can be.
    pub(super) fn moved(&self) -> Vec<bool> {
        let pairs: Vec<(usize, usize)> = self
            .old
            .iter()
            .enumerate()
            .filter_map(|(old, new)| Some((old, (*new)?)))
            .collect();
        // A longest run of pairs that stand in the same order: for each length,
        // the pair that ends one with the smallest new position.
        let mut ends: Vec<usize> = Vec::new();
        let mut before: Vec<Option<usize>> = vec![None; pairs.len()];
        let new_of = |at: &usize| pairs.get(*at).map(|(_, new)| *new);
        for (at, (_, new)) in pairs.iter().enumerate() {
            let length = ends.partition_point(|end| new_of(end) < Some(*new));
            let last = length
                .checked_sub(1)
                .and_then(|last| ends.get(last).copied());
            if let Some(before) = before.get_mut(at) {
                *before = last;
            }
            match ends.get_mut(length) {
                Some(end) => *end = at,
                None => ends.push(at),
            }
        }
        let mut moved = vec![false; self.old.len()];
        for (old, _) in &pairs {
            if let Some(moved) = moved.get_mut(*old) {
                *moved = true;
            }
        }
        let mut next = ends.last().copied();
        while let Some(at) = next {
            let stays = pairs.get(at).and_then(|(old, _)| moved.get_mut(*old));
            if let Some(stays) = stays {
                *stays = false;
            }
            next = before.get(at).copied().flatten();
        }
        moved
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Both = (Option<usize>, Option<usize>);

    fn paired(old: &[&str], new: &[&str]) -> (Vec<Both>, Vec<bool>) {
        let mut pairing = Pairing::new(old.len(), new.len());
        pairing.by(|at| Some(old[at]), |at| Some(new[at]));
        let letters = |text: &str| text.chars().collect::<Vec<_>>();
        pairing.by_least_difference(|at| letters(old[at]), |at| letters(new[at]));
        let ends = pairing.ends();
        let ends = ends.into_iter().map(|ends| (ends.old, ends.new));
        (ends.collect(), pairing.moved())
    }

    #[test]
    fn equal_elements_are_paired_first_then_those_that_share_most() {
        let (ends, moved) = paired(&["ab", "cd", "x"], &["cde", "ab", "ce", "y"]);
        assert_eq!(
            ends,
            [
                (Some(0), Some(1)),
                (Some(1), Some(0)),
                (Some(2), None),
                (None, Some(2)),
                (None, Some(3)),
            ]
        );
        assert_eq!(moved.iter().filter(|moved| **moved).count(), 1);
    }

    #[test]
    fn what_only_shifts_is_not_moved() {
        let (_, moved) = paired(&["a", "b", "c", "d"], &["z", "b", "c", "d"]);
        assert_eq!(moved, [false; 4]);
        let (_, moved) = paired(&["a", "b", "c", "d"], &["d", "a", "b", "c"]);
        assert_eq!(moved, [false, false, false, true]);
    }

    #[test]
    fn repeated_elements_are_paired_in_order() {
        let (ends, moved) = paired(&["a", "a", "a"], &["a", "a"]);
        assert_eq!(
            ends,
            [(Some(0), Some(0)), (Some(1), Some(1)), (Some(2), None)]
        );
        assert_eq!(moved, [false; 3]);
    }
}
