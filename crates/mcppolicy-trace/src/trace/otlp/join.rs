//! One call of the spans that its client, a gateway and its server have
//! exported, in whatever order they come.
//!
//! A span below another is the same call seen from further on: no other call is
//! between them, the tool is the same (a gateway may put the server's name before
//! it), and it is the first such span there. So agent → gateway → server is one
//! call, and two calls that follow each other are two. Where nothing says which
//! span is below which, a client's and a server's span of the same trace and tool
//! are one call when the server's begins within the client's; that is said.
//!
//! The spans of the last [`MOST_CALLS`] calls, up to [`MOST_BYTES`] of their
//! text, wait for each other. What has to leave alone is a call, with a note, and
//! a span of it that comes later is passed over.

mod relations;

use std::collections::{BTreeMap, HashMap, VecDeque};

use crate::trace::call::{RecordedArguments, RecordedCall, RecordedRequest};
use crate::trace::collector::Collector;
use crate::trace::message::Identity;
use crate::trace::options::Assumed;
use crate::trace::reason;
use crate::trace::recent::{Recent, hash};
use crate::trace::response::Response;
use mcppolicy_engine::time::Time;
use relations::Relations;

const OTHER_SIDE: &str = "a span of a call that another span has already told";

/// What is said of a call that has left the window alone.
const ALONE: &str = "it left the window of open spans before another span of it was found";

/// The most spans of calls that wait for each other.
const MOST_CALLS: usize = 4_096;

/// How many leave at once when there are more: which span is below which is
/// found out for all of them together.
const LEAVING: usize = 1_024;

/// The most text of these spans, in bytes.
const MOST_BYTES: usize = 32 << 20;

/// How many spans are remembered by their parents, and how many calls that have
/// left alone.
const MOST_LINKS: usize = 65_536;

/// The most spans between two of one call.
const DEEPEST: usize = 64;

/// Who has exported a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Side {
    Client,
    Server,
    Unknown,
}

/// Where a span is in its trace: hashes of ids.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    trace: Option<u128>,
    id: Option<u128>,
    parent: Option<u128>,
    side: Side,
}

impl Place {
    pub fn new(trace: Option<&str>, id: Option<&str>, parent: Option<&str>, side: Side) -> Place {
        Place {
            trace: trace.map(hash),
            id: id.map(hash),
            parent: parent.map(hash),
            side,
        }
    }
}

/// A call as one span tells it.
#[derive(Debug)]
pub(super) struct SpanCall {
    pub place: Place,
    pub call: RecordedCall,
    pub identity: Identity,
    /// How long the span's text is.
    pub bytes: usize,
}

impl SpanCall {
    fn tool(&self) -> &str {
        self.call.tool().unwrap_or_default()
    }

    /// The tool without what a gateway puts before its name.
    fn stem(&self) -> &str {
        let name = self.tool();
        let after = ["__", ".", "/", ":"].iter().filter_map(|mark| {
            let (_, stem) = name.rsplit_once(mark)?;
            (!stem.is_empty()).then_some(stem)
        });
        after.min_by_key(|stem| stem.len()).unwrap_or(name)
    }

    /// Whether the tools are the same.
    fn is_same_tool(&self, other: &SpanCall) -> bool {
        let (one, two) = (self.tool(), other.tool());
        self.stem() == other.stem() && (one.ends_with(two) || two.ends_with(one))
    }

    /// Whether a server's span may be this client's, as times and contents say.
    fn may_hold(&self, server: &SpanCall) -> bool {
        let differ = |one: Option<&String>, two: Option<&String>| {
            one.zip(two).is_some_and(|(one, two)| one != two)
        };
        let within = |start: Option<Time>, end: Option<Time>, at: Option<Time>| {
            start
                .zip(end)
                .zip(at)
                .is_some_and(|((start, end), at)| start <= at && at <= end)
        };
        within(self.call.time, self.call.response_time, server.call.time)
            && !differ(self.call.id.as_ref(), server.call.id.as_ref())
            && !differ(
                self.identity.session.as_ref(),
                server.identity.session.as_ref(),
            )
            && match (known(&self.call), known(&server.call)) {
                (Some(one), Some(two)) => one == two,
                _ => true,
            }
    }
}

/// The spans that wait for others of the same call.
#[derive(Debug)]
pub(super) struct Window {
    /// By number, in the order of the log.
    calls: BTreeMap<u64, SpanCall>,
    next: u64,
    bytes: usize,
    /// The numbers of the calls with a span of this id.
    by_id: HashMap<u128, Vec<u64>>,
    /// The parents of spans, also of those that are no calls.
    parents: HashMap<u128, u128>,
    linked: VecDeque<u128>,
    /// The places of calls that have left alone, with the tool.
    told: Recent,
}

impl Default for Window {
    fn default() -> Window {
        Window {
            calls: BTreeMap::new(),
            next: 0,
            bytes: 0,
            by_id: HashMap::new(),
            parents: HashMap::new(),
            linked: VecDeque::new(),
            told: Recent::new(MOST_LINKS),
        }
    }
}

impl Window {
    /// Takes the place of a span, whether it is a call or not.
    pub fn link(&mut self, place: &Place) {
        let (Some(id), Some(parent)) = (place.id, place.parent) else {
            return;
        };
        if id != parent && self.parents.insert(id, parent).is_none() {
            self.linked.push_back(id);
        }
        if self.linked.len() > MOST_LINKS
            && let Some(oldest) = self.linked.pop_front()
        {
            self.parents.remove(&oldest);
        }
    }

    /// Adds a call; calls that must wait no longer go to the collector.
    pub fn add(&mut self, call: SpanCall, collector: &mut Collector) {
        let line = call.call.line;
        let again = self
            .same_id(&call)
            .any(|of| of.place.side == call.place.side);
        if again {
            return collector.skip(line, reason::AGAIN);
        }
        if self.was_told(&call) {
            return collector.skip(line, OTHER_SIDE);
        }
        let number = self.next;
        self.next += 1;
        self.bytes += call.bytes;
        if let Some(id) = call.place.id {
            self.by_id.entry(id).or_default().push(number);
        }
        self.calls.insert(number, call);
        if self.calls.len() > MOST_CALLS || self.bytes > MOST_BYTES {
            let relations = Relations::of(self);
            while self.calls.len() > MOST_CALLS - LEAVING || self.bytes > MOST_BYTES / 2 {
                self.leave(&relations, true, collector);
            }
        }
    }

    /// No span comes any more.
    pub fn close(&mut self, collector: &mut Collector) {
        let relations = Relations::of(self);
        while !self.calls.is_empty() {
            self.leave(&relations, false, collector);
        }
    }

    fn same_id(&self, call: &SpanCall) -> impl Iterator<Item = &SpanCall> {
        let id = call.place.id;
        let numbers = id.and_then(|id| self.by_id.get(&id)).into_iter().flatten();
        numbers.filter_map(|number| self.calls.get(number))
    }

    /// The ids above a place, from the nearest.
    fn above(&self, place: &Place) -> impl Iterator<Item = u128> {
        let next = |id: &u128| self.parents.get(id).copied();
        std::iter::successors(place.parent, next).take(DEEPEST)
    }

    /// Whether another span of the call has left alone.
    fn was_told(&self, call: &SpanCall) -> bool {
        let mut places = call.place.id.into_iter().chain(self.above(&call.place));
        places.any(|id| self.told.contains_hash(mark(id, call)))
    }

    /// The oldest call leaves, joined with all that is known of it.
    fn leave(&mut self, relations: &Relations, is_full: bool, collector: &mut Collector) {
        let Some(oldest) = self.calls.keys().next().copied() else {
            return;
        };
        let mut chain = relations.chain(oldest);
        if let Some(whole) = relations.by_time(oldest) {
            collector.assume(Assumed::JoinedByTime);
            chain = whole;
        }
        let mut spans = chain.iter().filter_map(|number| self.take(*number));
        let Some(first) = spans.next() else {
            return;
        };
        let rest: Vec<SpanCall> = spans.collect();
        let is_alone = rest.is_empty() && first.place.side != Side::Unknown;
        if is_full && is_alone {
            let above: Vec<u128> = self.above(&first.place).collect();
            for id in first.place.id.into_iter().chain(above) {
                self.told.insert_hash(mark(id, &first));
            }
        }
        for other in &rest {
            collector.skip(other.call.line, OTHER_SIDE);
        }
        let mut joined = merge(first, rest);
        if is_full && is_alone && joined.call.note.is_none() {
            joined.call.note = Some(ALONE.to_owned());
        }
        collector.call(joined.call, joined.identity, None, joined.bytes);
    }

    /// Takes a call out.
    fn take(&mut self, number: u64) -> Option<SpanCall> {
        let call = self.calls.remove(&number)?;
        self.bytes -= call.bytes;
        if let Some(id) = call.place.id
            && let Some(numbers) = self.by_id.get_mut(&id)
        {
            numbers.retain(|other| *other != number);
            if numbers.is_empty() {
                self.by_id.remove(&id);
            }
        }
        Some(call)
    }
}

/// A place that has been told, of the calls of one tool.
fn mark(id: u128, call: &SpanCall) -> u128 {
    id ^ hash(call.stem())
}

/// The arguments, when they are known.
fn known(call: &RecordedCall) -> Option<&RecordedArguments> {
    match &call.request {
        RecordedRequest::Tool { arguments, .. } => {
            Some(arguments).filter(|of| **of != RecordedArguments::Unknown)
        }
        RecordedRequest::Batch(_) => None,
    }
}

/// One call of several spans, the outermost first: what the client knows of who
/// and when, what anyone knows of the arguments, and what came of it as the
/// innermost knows it.
fn merge(mut joined: SpanCall, rest: Vec<SpanCall>) -> SpanCall {
    for mut other in rest {
        let call = &mut joined.call;
        if known(call).is_none()
            && let (
                RecordedRequest::Tool { arguments, .. },
                RecordedRequest::Tool { arguments: of, .. },
            ) = (&mut call.request, &mut other.call.request)
        {
            std::mem::swap(arguments, of);
            call.repeats_an_argument = other.call.repeats_an_argument;
        }
        call.time = call.time.or(other.call.time);
        call.id = call.id.take().or(other.call.id);
        if other.call.response.is_some() && call.response != Some(Response::Denied) {
            call.response = other.call.response;
            call.response_time = other.call.response_time.or(call.response_time);
        }
        let identity = &mut joined.identity;
        identity.session = identity.session.take().or(other.identity.session);
        identity.user = identity.user.take().or(other.identity.user);
        joined.bytes += other.bytes;
    }
    joined
}
