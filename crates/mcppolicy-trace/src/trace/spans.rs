//! What is remembered of spans that have been counted, so that a side of the same
//! call that comes later counts no second time.
//!
//! Memory is bounded: of the [`MOST_SPANS`] spans whose traces were touched last, a
//! few facts are kept each; of older traces only that they were there, in a
//! [filter](forgotten) of fixed size, so that one of them that goes on is noticed.

mod forgotten;

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use foldhash::fast::FixedState;

use forgotten::Forgotten;
use mcppolicy_engine::time::Time;

/// The most spans that are remembered, those that are no calls among them: some
/// 60 MiB.
const MOST_SPANS: usize = 262_144;

/// The most spans that are remembered of one trace, so that going through them
/// stays cheap beside the spans that wait.
const MOST_OF_TRACE: usize = 32_768;

/// Who has exported a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Side {
    Client,
    Unknown,
    Server,
}

/// The part of a span that says which call it is of. Ids are hashes, unique within
/// a trace.
#[derive(Debug, Clone)]
pub(super) struct Sketch {
    pub id: Option<u64>,
    pub parent: Option<u64>,
    pub side: Side,
    pub tool: Rc<str>,
    pub begun: Option<Time>,
    pub ended: Option<Time>,
    /// Hashes of what both sides of a call have alike, where they say it.
    pub request_id: Option<u64>,
    pub session: Option<u64>,
    pub arguments: Option<u64>,
    /// What it has been joined with; only a span that was counted has any.
    pub joined: Joined,
}

/// Which spans a counted one has been joined with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Joined {
    /// The number of the call that it was counted as, by itself or with others.
    pub told: Option<usize>,
    pub above: bool,
    pub below: bool,
    /// With spans of the other side, by time: when the server's began.
    pub beside: Option<Time>,
}

impl Sketch {
    /// The tool without what a gateway puts before its name.
    pub fn stem(&self) -> &str {
        let name = &*self.tool;
        let after = ["__", ".", "/", ":"].iter().filter_map(|mark| {
            let (_, stem) = name.rsplit_once(mark)?;
            (!stem.is_empty()).then_some(stem)
        });
        after.min_by_key(|stem| stem.len()).unwrap_or(name)
    }

    /// Whether the tools are the same: a gateway may put the server's name before
    /// the tool's.
    pub fn is_same_tool(&self, other: &Sketch) -> bool {
        let (one, two) = (&*self.tool, &*other.tool);
        one == two || (self.stem() == other.stem() && (one.ends_with(two) || two.ends_with(one)))
    }

    /// Whether a server's span may be this client's, as times and contents say.
    pub fn may_hold(&self, server: &Sketch) -> bool {
        let differ =
            |one: Option<u64>, two: Option<u64>| one.zip(two).is_some_and(|(one, two)| one != two);
        let within = self
            .begun
            .zip(self.ended)
            .zip(server.begun)
            .is_some_and(|((begun, ended), at)| begun <= at && at <= ended);
        within
            && !differ(self.request_id, server.request_id)
            && !differ(self.session, server.session)
            && !differ(self.arguments, server.arguments)
    }

    /// What spans of one call are ordered by: the first to begin, whatever the
    /// order of the log.
    pub fn rank(&self) -> (bool, Option<Time>, Side, Option<u64>) {
        (self.begun.is_none(), self.begun, self.side, self.id)
    }
}

/// The spans of one trace that were counted.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// Oldest first.
    pub spans: Vec<Sketch>,
    /// Spans that are no calls and their parents, oldest first.
    pub links: Vec<(u64, u64)>,
    /// How many calls of the trace were counted.
    pub calls: usize,
    /// Whether spans of the trace may have been there before these.
    pub forgets: bool,
    /// Its place among the traces, by when they were touched.
    touched: u64,
}

impl Told {
    fn size(&self) -> usize {
        self.spans.len() + self.links.len()
    }

    /// Gives up the oldest spans of a trace that has too many; whether it has.
    pub fn shorten(&mut self) -> bool {
        drop_oldest(&mut self.spans) | drop_oldest(&mut self.links)
    }
}

/// Keeps the newest half of what is more than a trace's share; whether anything
/// had to go.
fn drop_oldest<T>(items: &mut Vec<T>) -> bool {
    let too_many = items.len() > MOST_OF_TRACE;
    if too_many {
        items.drain(..items.len() - MOST_OF_TRACE / 2);
    }
    too_many
}

/// The spans that the logs of one run have shown and that were counted.
#[derive(Debug)]
pub(super) struct ToldSpans {
    most: usize,
    traces: HashMap<u128, Told, FixedState>,
    /// The same by when they were touched.
    order: BTreeMap<u64, u128>,
    next: u64,
    size: usize,
    forgotten: Forgotten,
}

impl Default for ToldSpans {
    fn default() -> ToldSpans {
        ToldSpans::of_most(MOST_SPANS)
    }
}

impl ToldSpans {
    /// Remembers `most` spans.
    pub fn of_most(most: usize) -> ToldSpans {
        ToldSpans {
            most,
            traces: HashMap::default(),
            order: BTreeMap::new(),
            next: 0,
            size: 0,
            forgotten: Forgotten::default(),
        }
    }

    /// Takes out what is remembered of a trace.
    pub fn take(&mut self, trace: u128) -> Told {
        match self.traces.remove(&trace) {
            Some(told) => {
                self.order.remove(&told.touched);
                self.size -= told.size();
                told
            }
            None => Told {
                forgets: self.forgotten.has(trace),
                ..Told::default()
            },
        }
    }

    /// Remembers the spans of a trace, of which nothing was remembered or all has
    /// been taken; the traces that were touched longest ago may be forgotten.
    pub fn keep(&mut self, trace: u128, mut told: Told) {
        told.touched = self.next;
        self.next += 1;
        self.size += told.size();
        self.order.insert(told.touched, trace);
        self.traces.insert(trace, told);
        while self.size > self.most
            && let Some((_, oldest)) = self.order.pop_first()
        {
            let told = self.traces.remove(&oldest).unwrap_or_default();
            self.size -= told.size();
            self.forgotten.add(oldest);
        }
    }
}
