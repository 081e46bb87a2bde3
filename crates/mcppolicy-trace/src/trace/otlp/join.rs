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
//! Spans wait for each other by trace, within [`Limits`]. Beyond them the trace that
//! was touched longest ago leaves, or of a trace with very many spans the oldest
//! half. What has left is remembered ([`ToldSpans`]): a span of a call that was
//! counted is passed over. A trace that goes on after it was forgotten is noticed.

mod relations;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::BuildHasher;
use std::rc::Rc;

use foldhash::fast::FixedState;

use crate::trace::call::{RecordedArguments, RecordedCall, RecordedRequest};
use crate::trace::collector::Collector;
use crate::trace::message::Identity;
use crate::trace::options::Assumed;
use crate::trace::reason;
use crate::trace::recent::hash;
use crate::trace::records::Records;
use crate::trace::response::Response;
use crate::trace::spans::{Joined, Side, Sketch, Told, ToldSpans};
use relations::Relations;

const OTHER_SIDE: &str = "a span of a call that another span has already told";

/// What is said of a call that has left the window alone.
const ALONE: &str = "it left the window of open spans before another span of it was found";

/// What is said of a call of a trace that was forgotten.
const FORGOTTEN: &str =
    "earlier spans of its trace are forgotten, so that it may have been counted already";

/// What may wait at the same time.
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// Spans of calls.
    calls: usize,
    /// Their text, in bytes.
    bytes: usize,
    /// Spans that are no calls.
    links: usize,
}

const LIMITS: Limits = Limits {
    calls: 32_768,
    bytes: 32 << 20,
    links: 131_072,
};

/// One trace may take this part of each limit.
const PART_OF_TRACE: usize = 4;

/// Where a span is in its trace: hashes of ids.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    trace: Option<u128>,
    id: Option<u64>,
    parent: Option<u64>,
    side: Side,
}

impl Place {
    pub fn new(trace: Option<&str>, id: Option<&str>, parent: Option<&str>, side: Side) -> Place {
        let short = |id: &str| hash(id) as u64;
        Place {
            trace: trace.map(hash),
            id: id.map(short),
            parent: parent.map(short),
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
    fn sketch(&self, before: Option<&Sketch>) -> Sketch {
        let tool = self.call.tool().unwrap_or_default();
        let same = before.filter(|before| &*before.tool == tool);
        let short = |text: &str| FixedState::with_seed(3).hash_one(text);
        let arguments = known(&self.call).and_then(RecordedArguments::digest);
        Sketch {
            id: self.place.id,
            parent: self.place.parent,
            side: self.place.side,
            tool: same.map_or_else(|| Rc::from(tool), |same| Rc::clone(&same.tool)),
            begun: self.call.time,
            ended: self.call.response_time,
            request_id: self.call.id.as_deref().map(short),
            session: self.identity.session.as_deref().map(short),
            arguments,
            joined: Joined::default(),
        }
    }
}

/// The spans of a trace that wait, with what is remembered of it.
#[derive(Debug)]
struct OpenTrace {
    /// In the order of the log.
    calls: Vec<SpanCall>,
    /// The same.
    sketches: Vec<Sketch>,
    bytes: usize,
    /// How many of the links have come since the trace was opened.
    links: usize,
    told: Told,
    /// Its place among the traces, by when they were touched.
    touched: u64,
}

/// The spans that wait for others of the same call.
#[derive(Debug)]
pub(super) struct Window {
    limits: Limits,
    traces: HashMap<u128, OpenTrace, FixedState>,
    /// The same by when they were touched.
    order: BTreeMap<u64, u128>,
    next: u64,
    /// What waits in all of them.
    waiting: Limits,
    told: Rc<RefCell<ToldSpans>>,
}

impl Default for Window {
    fn default() -> Window {
        Window {
            limits: LIMITS,
            traces: HashMap::default(),
            order: BTreeMap::new(),
            next: 0,
            waiting: Limits {
                calls: 0,
                bytes: 0,
                links: 0,
            },
            told: Rc::default(),
        }
    }
}

impl Window {
    /// Takes the spans that other logs of the run have shown, too.
    pub fn share(&mut self, records: &Records) {
        self.told = records.spans();
    }

    /// Takes the place of a span that is no call.
    pub fn link(&mut self, place: &Place, collector: &mut Collector) {
        let (Some(trace), Some(id), Some(parent)) = (place.trace, place.id, place.parent) else {
            return;
        };
        let open = self.touch(trace);
        open.told.links.push((id, parent));
        open.links += 1;
        self.waiting.links += 1;
        self.make_room(trace, collector);
    }

    /// Adds a call; calls that must wait no longer go to the collector.
    pub fn add(&mut self, call: SpanCall, collector: &mut Collector) {
        let Some(trace) = call.place.trace else {
            return collector.call(call.call, call.identity, None, call.bytes);
        };
        let bytes = call.bytes;
        let open = self.touch(trace);
        let sketch = call.sketch(open.sketches.last());
        open.push(call, sketch);
        self.waiting.calls += 1;
        self.waiting.bytes += bytes;
        self.make_room(trace, collector);
    }

    /// No span comes any more.
    pub fn close(&mut self, collector: &mut Collector) {
        let mut left = Vec::new();
        while let Some((_, trace)) = self.order.pop_first() {
            if let Some(open) = self.take(trace) {
                self.leave(trace, open, usize::MAX, &mut left, collector);
            }
        }
        tell(left, false, collector);
    }

    /// The trace, which is now the one that was touched last.
    fn touch(&mut self, trace: u128) -> &mut OpenTrace {
        let touched = self.next;
        self.next += 1;
        let told = &self.told;
        let open = self.traces.entry(trace);
        let open = open.or_insert_with(|| OpenTrace::of(told.borrow_mut().take(trace)));
        // One that was just opened is not in the order yet.
        if self.order.get(&open.touched) == Some(&trace) {
            self.order.remove(&open.touched);
        }
        open.touched = touched;
        self.order.insert(touched, trace);
        open
    }

    /// Takes an open trace out.
    fn take(&mut self, trace: u128) -> Option<OpenTrace> {
        let open = self.traces.remove(&trace)?;
        self.order.remove(&open.touched);
        self.waiting.calls -= open.calls.len();
        self.waiting.bytes -= open.bytes;
        self.waiting.links -= open.links;
        Some(open)
    }

    /// Lets calls leave until all others fit, after `newest` was touched.
    fn make_room(&mut self, newest: u128, collector: &mut Collector) {
        let mut left = Vec::new();
        let part = |limit: usize| limit / PART_OF_TRACE;
        let most = self.traces.get(&newest).and_then(|open| {
            let has_many = open.calls.len() > part(self.limits.calls);
            if has_many || open.bytes > part(self.limits.bytes) {
                return Some(open.calls.len().div_ceil(2));
            }
            (open.links > part(self.limits.links)).then_some(0)
        });
        if let Some(most) = most
            && let Some(open) = self.take(newest)
        {
            self.leave(newest, open, most, &mut left, collector);
        }
        while self.waiting.calls > self.limits.calls
            || self.waiting.bytes > self.limits.bytes
            || self.waiting.links > self.limits.links
        {
            let Some((_, oldest)) = self.order.first_key_value() else {
                break;
            };
            let oldest = *oldest;
            let Some(open) = self.take(oldest) else { break };
            self.leave(oldest, open, usize::MAX, &mut left, collector);
        }
        tell(left, true, collector);
    }

    /// The oldest `most` spans of a trace that was taken out leave, each joined
    /// with all that is known of its call; the others go on waiting.
    fn leave(
        &mut self,
        trace: u128,
        mut open: OpenTrace,
        most: usize,
        left: &mut Vec<Leaving>,
        collector: &mut Collector,
    ) {
        open.drop_repeated(collector);
        let left_before = left.len();
        let before = open.told.spans.len();
        let spans: Vec<&Sketch> = open.told.spans.iter().chain(&open.sketches).collect();
        let relations = Relations::of(&spans, &open.told.links);
        // Of what goes on waiting nothing is settled.
        let mut joined: Vec<Joined> = spans.iter().map(|span| span.joined).collect();
        let mut is_late = relations.is_late;
        let mut calls: Vec<Option<SpanCall>> = open.calls.into_iter().map(Some).collect();
        for at in 0..calls.len().min(most) {
            if calls.get(at).is_none_or(Option::is_none) {
                continue;
            }
            let (members, by_time) = relations.call_of(before + at);
            if by_time {
                collector.assume(Assumed::JoinedByTime);
            }
            let told = members
                .iter()
                .filter_map(|member| joined.get(*member)?.told);
            let told: BTreeSet<usize> = told.collect();
            // Spans that were counted apart turn out to be of one call.
            is_late |= told.len() > 1;
            let is_told = !told.is_empty();
            let number = told.first().copied().unwrap_or(open.told.calls);
            open.told.calls += usize::from(!is_told);
            for member in &members {
                if let Some(of) = joined.get_mut(*member) {
                    *of = Joined {
                        told: Some(number),
                        ..relations.joined(&spans, *member, *of)
                    };
                }
            }
            let open_members = members.iter().filter_map(|at| at.checked_sub(before));
            let mut of_call: Vec<SpanCall> = open_members
                .filter_map(|member| calls.get_mut(member)?.take())
                .collect();
            let others = of_call.iter().skip(usize::from(!is_told));
            others.for_each(|other| collector.skip(other.call.line, OTHER_SIDE));
            if !is_told && !of_call.is_empty() {
                let first = of_call.remove(0);
                left.push(Leaving::of(first, of_call, open.told.forgets));
            }
        }
        let mut own = left.iter().skip(left_before);
        if is_late || own.any(|of| of.may_be_told) {
            collector.assume(Assumed::ForgottenSpans);
        }
        // What has left is remembered with what it is joined with.
        let mut joined = joined.into_iter();
        for (span, joined) in open.told.spans.iter_mut().zip(&mut joined) {
            span.joined = joined;
        }
        let mut rest = OpenTrace::of(open.told);
        for ((call, sketch), joined) in calls.into_iter().zip(open.sketches).zip(joined) {
            match call {
                Some(call) => rest.push(call, sketch),
                None => rest.told.spans.push(Sketch { joined, ..sketch }),
            }
        }
        if rest.told.shorten() {
            collector.assume(Assumed::ForgottenSpans);
        }
        if rest.calls.is_empty() {
            return self.told.borrow_mut().keep(trace, rest.told);
        }
        self.waiting.calls += rest.calls.len();
        self.waiting.bytes += rest.bytes;
        self.traces.insert(trace, rest);
        self.touch(trace);
    }
}

impl OpenTrace {
    fn of(told: Told) -> OpenTrace {
        OpenTrace {
            calls: Vec::new(),
            sketches: Vec::new(),
            bytes: 0,
            links: 0,
            told,
            touched: 0,
        }
    }

    fn push(&mut self, call: SpanCall, sketch: Sketch) {
        self.bytes += call.bytes;
        self.sketches.push(sketch);
        self.calls.push(call);
    }

    /// Passes over the spans that the log holds more than once.
    fn drop_repeated(&mut self, collector: &mut Collector) {
        let key = |span: &Sketch| Some((span.id?, span.side));
        let mut seen: HashSet<(u64, Side), FixedState> =
            self.told.spans.iter().filter_map(key).collect();
        let is_new = |span: &Sketch| key(span).is_none_or(|key| seen.insert(key));
        let is_new: Vec<bool> = self.sketches.iter().map(is_new).collect();
        for (call, _) in self
            .calls
            .iter()
            .zip(&is_new)
            .filter(|(_, is_new)| !**is_new)
        {
            collector.skip(call.call.line, reason::AGAIN);
        }
        let mut kept = is_new.iter();
        self.calls.retain(|_| kept.next() == Some(&true));
        let mut kept = is_new.iter();
        self.sketches.retain(|_| kept.next() == Some(&true));
    }
}

/// A call that waits no longer.
struct Leaving {
    joined: SpanCall,
    /// The first line of its spans.
    line: usize,
    is_alone: bool,
    may_be_told: bool,
}

impl Leaving {
    /// The call of these spans, the outermost first.
    fn of(first: SpanCall, rest: Vec<SpanCall>, may_be_told: bool) -> Leaving {
        let lines = rest.iter().map(|span| span.call.line);
        Leaving {
            line: lines.fold(first.call.line, usize::min),
            is_alone: rest.is_empty() && first.place.side != Side::Unknown,
            may_be_told,
            joined: merge(first, rest),
        }
    }
}

/// Gives the calls that have left to the collector, in the order of the log.
fn tell(mut left: Vec<Leaving>, is_full: bool, collector: &mut Collector) {
    left.sort_by_key(|of| of.line);
    for of in left {
        let SpanCall {
            mut call,
            identity,
            bytes,
            ..
        } = of.joined;
        let note = match (of.may_be_told, is_full && of.is_alone) {
            (true, _) => Some(FORGOTTEN),
            (false, true) => Some(ALONE),
            (false, false) => None,
        };
        call.note = call.note.or(note.map(str::to_owned));
        collector.call(call, identity, None, bytes);
    }
}

/// The arguments, when they are known.
fn known(call: &RecordedCall) -> Option<&RecordedArguments> {
    match &call.request {
        RecordedRequest::Tool { arguments, .. } => {
            Some(arguments).filter(|of| !matches!(of, RecordedArguments::Unknown))
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

#[cfg(test)]
mod tests;
