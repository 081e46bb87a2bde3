//! Which spans of a window are one call, by which is below which.

use std::collections::{HashMap, VecDeque};

use super::{Side, SpanCall, Window};

/// The spans above and below each other that are one call.
pub(super) struct Relations {
    /// The nearest call above a span, whatever its tool is.
    above: HashMap<u64, u64>,
    /// The first span of the same call below.
    below: HashMap<u64, u64>,
}

impl Relations {
    /// The relations of the spans in a window.
    pub fn of(window: &Window) -> Relations {
        let numbers = window.calls.iter();
        let above: HashMap<u64, u64> = numbers
            .filter_map(|(number, call)| Some((*number, nearest_above(window, *number, call)?)))
            .collect();
        let mut below: HashMap<u64, u64> = HashMap::new();
        for (number, call) in &window.calls {
            let over = above.get(number).copied();
            let Some((over, parent)) = over.and_then(|over| Some((over, window.calls.get(&over)?)))
            else {
                continue;
            };
            if !parent.is_same_tool(call) {
                continue;
            }
            let begun = |number: u64| {
                let time = window.calls.get(&number).and_then(|of| of.call.time);
                (time.is_none(), time, number)
            };
            let first = below.entry(over).or_insert(*number);
            if begun(*number) < begun(*first) {
                *first = *number;
            }
        }
        Relations { above, below }
    }

    /// Whether no other call is above a span.
    pub fn is_outermost(&self, number: u64) -> bool {
        !self.above.contains_key(&number)
    }

    /// The spans of one call, the outermost first.
    pub fn chain(&self, number: u64) -> Vec<u64> {
        let mut chain = VecDeque::from([number]);
        let joined_above = |at: u64| {
            let above = self.above.get(&at).copied()?;
            (self.below.get(&above) == Some(&at)).then_some(above)
        };
        let mut at = number;
        while let Some(above) = joined_above(at).filter(|of| !chain.contains(of)) {
            chain.push_front(above);
            at = above;
        }
        at = number;
        while let Some(below) = self.below.get(&at).filter(|of| !chain.contains(of)) {
            chain.push_back(*below);
            at = *below;
        }
        chain.into()
    }
}

fn nearest_above(window: &Window, number: u64, call: &SpanCall) -> Option<u64> {
    let numbers = |id: u128| window.by_id.get(&id).into_iter().flatten().copied();
    let side = |number: &u64| window.calls.get(number).map(|of| of.place.side);
    // Client and server may share an id: then the server's is below.
    let mut shared = call.place.id.into_iter().flat_map(numbers);
    let shared = shared.find(|other| {
        *other != number && call.place.side == Side::Server && side(other) == Some(Side::Client)
    });
    // Of those of one id, the one that others are below.
    let innermost = |id: u128| {
        let others = numbers(id).filter(|other| *other != number);
        others.max_by_key(|other| side(other) == Some(Side::Server))
    };
    shared.or_else(|| window.above(&call.place).find_map(innermost))
}
