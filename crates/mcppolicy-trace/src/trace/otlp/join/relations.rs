//! Which spans of a window are one call, by which is below which.

use std::collections::{HashMap, VecDeque};

use super::{Side, SpanCall, Window};
use crate::trace::recent::hash;

/// The spans above and below each other that are one call.
pub(super) struct Relations {
    /// The nearest call above a span, whatever its tool is.
    above: HashMap<u64, u64>,
    /// The first span of the same call below.
    below: HashMap<u64, u64>,
    /// Calls of two sides that are one by trace, tool and time: by each of the
    /// outermost spans, the client's and the server's.
    beside: HashMap<u64, (u64, u64)>,
}

/// The calls of clients and of servers, with their numbers.
type Sides<'a> = [Vec<(u64, &'a SpanCall)>; 2];

/// The most servers' spans that a client's is compared with.
const MOST_BESIDE: usize = 64;

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
        let mut relations = Relations {
            above,
            below,
            beside: HashMap::new(),
        };
        relations.beside = relations.pairs(window);
        relations
    }

    /// The pairs of a client's and a server's call that no ancestry joins: those
    /// that begin nearest to each other first, whatever their order in the log.
    fn pairs(&self, window: &Window) -> HashMap<u64, (u64, u64)> {
        let mut sides: HashMap<(u128, u128), Sides<'_>> = HashMap::new();
        for (number, call) in &window.calls {
            let chain = self.chain(*number);
            let is_free = chain.first() == Some(number) && self.is_of_one_side(window, &chain);
            let Some(trace) = call.place.trace.filter(|_| is_free) else {
                continue;
            };
            let of = sides.entry((trace, hash(call.stem()))).or_default();
            match (call.place.side, of) {
                (Side::Client, [clients, _]) => clients.push((*number, call)),
                (Side::Server, [_, servers]) if !self.above.contains_key(number) => {
                    servers.push((*number, call));
                }
                _ => {}
            }
        }
        let mut near = Vec::new();
        for [clients, servers] in sides.values_mut() {
            servers.sort_by_key(|(_, server)| (server.call.time, server.place.id));
            for (client, of) in clients {
                let from = servers.partition_point(|(_, server)| server.call.time < of.call.time);
                let later = servers.iter().skip(from).take(MOST_BESIDE);
                let fits = |server: &SpanCall| of.is_same_tool(server) && of.may_hold(server);
                for (server, other) in later.filter(|(_, server)| fits(server)) {
                    let times = of.call.time.zip(other.call.time);
                    let apart = times.map(|(one, two)| two.as_nanos() - one.as_nanos());
                    let ids = (of.call.time, of.place.id, other.call.time, other.place.id);
                    near.push((apart, ids, *client, *server));
                }
            }
        }
        near.sort_unstable();
        let mut beside = HashMap::new();
        for (.., client, server) in near {
            if !beside.contains_key(&client) && !beside.contains_key(&server) {
                beside.insert(client, (client, server));
                beside.insert(server, (client, server));
            }
        }
        beside
    }

    fn is_of_one_side(&self, window: &Window, chain: &[u64]) -> bool {
        let mut sides = chain.iter().filter_map(|number| window.calls.get(number));
        let first = sides.next().map(|call| call.place.side);
        sides.all(|call| Some(call.place.side) == first)
    }

    /// All spans of the call of a span that only trace, tool and time join, the
    /// client's first.
    pub fn by_time(&self, number: u64) -> Option<Vec<u64>> {
        let first = *self.chain(number).first()?;
        let (client, server) = self.beside.get(&first)?;
        Some([self.chain(*client), self.chain(*server)].concat())
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
