//! Which spans of one trace are one call, by which is below which.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use crate::trace::recent::hash;
use crate::trace::spans::{Joined, Side, Sketch};
use mcppolicy_engine::time::Time;

/// The calls that the spans of a trace are of. Spans are numbered in the order in
/// which they were given.
#[derive(Default)]
pub(super) struct Relations {
    /// The spans of each call, the outermost first.
    groups: Vec<Vec<usize>>,
    /// The group of each span.
    group_of: Vec<usize>,
    /// Groups of a client and of a server that are one call by trace, tool and
    /// time: of each of the two, the client's and the server's.
    beside: HashMap<usize, (usize, usize), FixedState>,
    /// Whether spans that have been counted apart are one call.
    pub is_late: bool,
}

/// The calls of clients and of servers: their groups, with the first span.
type Sides<'a> = [Vec<(usize, &'a Sketch)>; 2];

/// The most servers' spans that a client's is compared with.
const MOST_BESIDE: usize = 64;

/// The most spans between two of one call.
const DEEPEST: usize = 64;

/// The spans of a trace by their ids, and the parents of all, also of those that
/// are no calls.
struct Index<'a> {
    spans: &'a [&'a Sketch],
    by_id: HashMap<u64, Vec<usize>, FixedState>,
    parents: HashMap<u64, u64, FixedState>,
}

impl Relations {
    /// The relations of the spans of a trace, with `links` from spans that are no
    /// calls to their parents. What has been told already stays joined as it is.
    pub fn of(spans: &[&Sketch], links: &[(u64, u64)]) -> Relations {
        let index = Index::of(spans, links);
        let above: Vec<Option<usize>> = (0..spans.len()).map(|at| index.above(at)).collect();
        let mut relations = Relations::default();
        let below = relations.first_below(spans, &above);
        relations.group(&above, &below);
        relations.pair(spans, &above);
        relations
    }

    /// The first span of the same call below each.
    fn first_below(
        &mut self,
        spans: &[&Sketch],
        above: &[Option<usize>],
    ) -> HashMap<usize, usize, FixedState> {
        let mut first: HashMap<usize, usize, FixedState> = HashMap::default();
        for (at, (span, over)) in spans.iter().zip(above).enumerate() {
            let Some((over, parent)) = over.and_then(|over| Some((over, spans.get(over)?))) else {
                continue;
            };
            // What a client's span was joined with by time is below it already, and
            // what begins later is another request.
            let is_later = |server: Time| {
                parent.side == Side::Client && span.begun.is_none_or(|begun| begun > server)
            };
            let is_free = !span.joined.above
                && !parent.joined.below
                && !parent.joined.beside.is_some_and(is_later);
            if !is_free || !parent.is_same_tool(span) {
                continue;
            }
            if let (Some(one), Some(two)) = (span.joined.told, parent.joined.told) {
                self.is_late |= one != two;
                continue;
            }
            let best = first.entry(over).or_insert(at);
            if spans
                .get(*best)
                .is_some_and(|best| span.rank() < best.rank())
            {
                *best = at;
            }
        }
        first
    }

    /// Follows each call from its outermost span to the innermost.
    fn group(&mut self, above: &[Option<usize>], below: &HashMap<usize, usize, FixedState>) {
        let is_joined = |at: usize| {
            let over = above.get(at).copied().flatten();
            over.is_some_and(|over| below.get(&over) == Some(&at))
        };
        self.group_of = vec![usize::MAX; above.len()];
        // Those that are above each other in a circle have no outermost.
        let outermost = (0..above.len()).filter(|at| !is_joined(*at));
        for begin in outermost.chain(0..above.len()) {
            let (number, mut group, mut at) = (self.groups.len(), Vec::new(), Some(begin));
            while let Some(now) = at
                && let Some(of) = self.group_of.get_mut(now).filter(|of| **of == usize::MAX)
            {
                *of = number;
                group.push(now);
                at = below.get(&now).copied();
            }
            if !group.is_empty() {
                self.groups.push(group);
            }
        }
    }

    /// Finds the pairs of a client's and a server's call that no ancestry joins:
    /// those that begin nearest to each other first, whatever their order in the
    /// log.
    fn pair(&mut self, spans: &[&Sketch], above: &[Option<usize>]) {
        let mut sides: HashMap<u128, Sides<'_>, FixedState> = HashMap::default();
        for (number, group) in self.groups.iter().enumerate() {
            let mut members = group.iter().filter_map(|at| Some((*at, *spans.get(*at)?)));
            let Some((at, first)) = members.next() else {
                continue;
            };
            let of_two = first.joined.above || first.joined.below || first.joined.beside.is_some();
            if of_two || !members.all(|(_, span)| span.side == first.side) {
                continue;
            }
            let is_below = above.get(at).copied().flatten().is_some();
            let of = sides.entry(hash(first.stem())).or_default();
            match (first.side, of) {
                (Side::Client, [clients, _]) => clients.push((number, first)),
                (Side::Server, [_, servers]) if !is_below => servers.push((number, first)),
                _ => {}
            }
        }
        let mut near = Vec::new();
        for [clients, servers] in sides.values_mut() {
            servers.sort_by_key(|(_, server)| (server.begun, server.id));
            for (client, of) in clients {
                let from = servers.partition_point(|(_, server)| server.begun < of.begun);
                let later = servers.iter().skip(from).take(MOST_BESIDE);
                let fits = |server: &Sketch| {
                    of.is_same_tool(server)
                        && of.may_hold(server)
                        && of.joined.told.and(server.joined.told).is_none()
                };
                for (server, other) in later.filter(|(_, server)| fits(server)) {
                    let times = of.begun.zip(other.begun);
                    let apart = times.map(|(one, two)| two.as_nanos() - one.as_nanos());
                    let ids = (of.begun, of.id, other.begun, other.id);
                    near.push((apart, ids, *client, *server));
                }
            }
        }
        near.sort_unstable();
        for (.., client, server) in near {
            if !self.beside.contains_key(&client) && !self.beside.contains_key(&server) {
                self.beside.insert(client, (client, server));
                self.beside.insert(server, (client, server));
            }
        }
    }

    /// All spans of the call of a span, the outermost first; and whether only
    /// trace, tool and time join some of them.
    pub fn call_of(&self, at: usize) -> (Vec<usize>, bool) {
        let group = |number: usize| self.groups.get(number).cloned().unwrap_or_default();
        let Some(number) = self.group_of.get(at) else {
            return (Vec::new(), false);
        };
        match self.beside.get(number) {
            Some((client, server)) => ([group(*client), group(*server)].concat(), true),
            None => (group(*number), false),
        }
    }

    /// What a span is joined with once its call is told.
    pub fn joined(&self, spans: &[&Sketch], at: usize, before: Joined) -> Joined {
        let number = self.group_of.get(at);
        let server = number.and_then(|number| self.beside.get(number));
        let server = server.and_then(|(_, server)| self.groups.get(*server)?.first());
        let beside = server.and_then(|server| spans.get(*server)?.begun);
        let group = number.and_then(|number| self.groups.get(*number));
        let group = group.map(Vec::as_slice).unwrap_or_default();
        Joined {
            told: before.told,
            above: before.above || group.first() != Some(&at),
            below: before.below || group.last() != Some(&at),
            beside: before.beside.or(beside),
        }
    }
}

impl<'a> Index<'a> {
    fn of(spans: &'a [&'a Sketch], links: &[(u64, u64)]) -> Index<'a> {
        let mut by_id: HashMap<u64, Vec<usize>, FixedState> = HashMap::default();
        let mut parents: HashMap<u64, u64, FixedState> = HashMap::default();
        let mut link = |id: u64, parent: u64| {
            if id != parent {
                // Of two that differ, the same one in any order of the log.
                let of = parents.entry(id).or_insert(parent);
                *of = parent.min(*of);
            }
        };
        for (id, parent) in links {
            link(*id, *parent);
        }
        for (at, span) in spans.iter().enumerate() {
            if let Some(id) = span.id {
                by_id.entry(id).or_default().push(at);
                if let Some(parent) = span.parent {
                    link(id, parent);
                }
            }
        }
        Index {
            spans,
            by_id,
            parents,
        }
    }

    /// The nearest call above a span, whatever its tool is.
    fn above(&self, at: usize) -> Option<usize> {
        let span = self.spans.get(at)?;
        let of_id = |id: u64| {
            let numbers = self.by_id.get(&id).into_iter().flatten();
            let others = numbers.copied().filter(move |other| *other != at);
            others.filter_map(|other| Some((self.spans.get(other)?.side, other)))
        };
        // Client and server may share an id: then the server's is below.
        let mut shared = span.id.into_iter().flat_map(of_id);
        let shared = shared.find(|(side, _)| span.side == Side::Server && *side == Side::Client);
        // Of those of one id, the one that others are below.
        let next = |id: &u64| self.parents.get(id).copied();
        let mut ids = std::iter::successors(span.parent, next).take(DEEPEST);
        let found = shared.or_else(|| {
            ids.find_map(|id| of_id(id).max_by_key(|(side, other)| (*side, usize::MAX - other)))
        });
        found.map(|(_, other)| other)
    }
}
