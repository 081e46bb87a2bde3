//! One share of a run that is split by grant (traces.md §4), and how shares
//! become the whole again.
//!
//! Counters are separate per grant, so a share decides the calls of its own
//! grants as the whole run does. A call of unknown grant may have been made by
//! any: every share counts it and says what it would decide, and only all of
//! them together decide it ([`join`]).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use super::results::{Actual, Case, Results, TraceSummary};
use super::{Open, Options, Replay};
use crate::fnv::Fnv;
use mcppolicy_engine::engine::Decision;
use mcppolicy_trace::timeline::Timeline;
use mcppolicy_trace::trace::account::Format;
use mcppolicy_trace::trace::{Grant, Origin, RecordedCall};

mod join;

pub use join::{Unlike, join};

/// Which share of the grants a run takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Share {
    /// Who splits the calls.
    pub by: By,
    /// Which share this is, from 1.
    pub index: u32,
    /// How many shares there are.
    pub of: u32,
}

/// Who splits the calls. Which share a grant belongs to is the same for both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum By {
    /// This run: it is given all calls and passes over those of other shares.
    Hash,
    /// Whoever gives the calls: one of another share is an error.
    Given,
}

/// The most shares of one run.
pub const MOST_SHARES: u32 = 65_536;

impl By {
    /// The word on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            By::Hash => "hash",
            By::Given => "given",
        }
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}/{}", self.by.name(), self.index, self.of)
    }
}

impl Share {
    /// Reads `hash:2/8` or `given:2/8`.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn parse(text: &str) -> Result<Share, String> {
        let form = || "write it as hash:K/N, such as hash:2/8 for the second of eight".to_owned();
        let (by, shares) = text.split_once(':').ok_or_else(form)?;
        let by = [By::Hash, By::Given]
            .into_iter()
            .find(|known| known.name() == by)
            .ok_or_else(form)?;
        let (index, of) = shares.split_once('/').ok_or_else(form)?;
        let number = |text: &str| text.parse::<u32>().map_err(|_| form());
        Share::new(by, number(index)?, number(of)?)
    }

    /// Share `index`, from 1, of `of`.
    ///
    /// # Errors
    /// There is no such share.
    pub fn new(by: By, index: u32, of: u32) -> Result<Share, String> {
        if of > MOST_SHARES {
            return Err(format!("there can be at most {MOST_SHARES} shares"));
        }
        match (1..=of).contains(&index) {
            true => Ok(Share { by, index, of }),
            false => Err(format!(
                "there is no share {index} of {of}: they count from 1"
            )),
        }
    }

    /// Whether this share reports what belongs to no grant.
    pub const fn is_first(self) -> bool {
        self.index == 1
    }

    /// Whether a grant is in this share, by its [`hash`].
    fn has(self, hash: u64) -> bool {
        hash % u64::from(self.of) + 1 == u64::from(self.index)
    }
}

/// The hash that a grant's share follows from: FNV-1a with 64 bits over the
/// bytes of its name in UTF-8. A grant belongs to share `hash % N + 1` of `N`.
pub fn hash(name: &[u8]) -> u64 {
    Fnv::new().with(name).value()
}

/// The same for the one grant of a file's calls that name none: the name is
/// that of the file behind a zero byte.
pub fn implicit_hash(file: &[u8]) -> u64 {
    Fnv::new().with(&[0]).with(file).value()
}

/// What a share keeps for the other shares.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Shared {
    /// The calls that were read, whichever share they belong to.
    pub read: u64,
    /// Those of unknown grant among them.
    pub unknown_grant: u64,
    /// The calls that only all shares decide, in the first share; memory grows
    /// with them.
    pub calls: Vec<SetAside>,
    /// What this share would decide of those calls, repetition by repetition,
    /// with how often in a row.
    pub decisions: Vec<(Actual, u64)>,
    /// The first call that should not have been given to this share.
    pub stray: Option<Stray>,
}

/// A call that only all shares decide.
#[derive(Debug, Clone, PartialEq)]
pub struct SetAside {
    /// The trace that it is reported in.
    pub trace: usize,
    /// The call, with what is expected of it whoever said so.
    pub call: RecordedCall,
}

/// A call that should not have been given to a share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stray {
    /// The trace's name.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    pub why: &'static str,
}

/// The traces that calls are reported in instead of the one they were read
/// from: where an importer found them.
#[derive(Debug, Default)]
pub(super) struct Places {
    by_name: HashMap<String, usize>,
    last: Option<usize>,
}

impl Options {
    /// A case at the line at which it is reported.
    pub(super) fn placed(&self, case: Case) -> Case {
        match case.origin.as_ref().filter(|_| self.at_origin) {
            None => case,
            Some(origin) => Case {
                line: usize::try_from(origin.line).unwrap_or(usize::MAX),
                // An import does not say which call of its line it was.
                nth: 0,
                ..case
            },
        }
    }
}

impl<'e> Replay<'e> {
    /// Whether a call that has been read from trace `file` is replayed here.
    pub(super) fn takes(&mut self, file: usize, call: &RecordedCall) -> bool {
        let asked = (call.line, call.repeat);
        self.takes_of(file, call.grant.as_deref(), call.origin.as_ref(), asked)
    }

    /// The same for a call of this grant, found at `origin`, in its line and as
    /// often repeated.
    pub(super) fn takes_of(
        &mut self,
        file: usize,
        grant: Grant<&str>,
        origin: Option<&Origin>,
        (line, repeat): (usize, u64),
    ) -> bool {
        let Some(share) = self.options.share else {
            return true;
        };
        let place = self.place(file, origin);
        let trace = self.results.traces.get(place);
        let name = trace.map(|trace| trace.name.as_str()).unwrap_or_default();
        let mine = match grant {
            Grant::Unknown => true,
            Grant::Named(name) => share.has(hash(name.as_bytes())),
            Grant::Implicit => share.has(implicit_hash(name.as_bytes())),
        };
        let why = match (share.by, mine) {
            (By::Hash, _) => None,
            (By::Given, false) => Some("belongs to another share by its grant"),
            (By::Given, true) if origin.is_none() => {
                Some("has no origin, so that a share cannot say where it stands")
            }
            (By::Given, true) => None,
        };
        let stray = why.map(|why| Stray {
            file: self.name_of(file),
            line,
            why,
        });
        if let Some(shared) = &mut self.results.shared {
            shared.read += repeat;
            if grant == Grant::Unknown {
                shared.unknown_grant += repeat;
            }
            shared.stray = shared.stray.take().or(stray);
        }
        mine
    }

    fn name_of(&self, file: usize) -> String {
        let trace = self.results.traces.get(file);
        trace.map(|trace| trace.name.clone()).unwrap_or_default()
    }

    /// Whether this run reports what stands beside the calls of a trace: of
    /// shares that are all given it, the first.
    pub(super) fn tells_the_rest(&self) -> bool {
        let silent = |share: Share| share.by == By::Hash && !share.is_first();
        !self.options.share.is_some_and(silent)
    }

    /// Whether this run reports a call of this grant that is not decided, or that
    /// every share counts.
    pub(super) fn tells(&self, grant: Grant<&str>) -> bool {
        let silent = |share: Share| grant == Grant::Unknown && !share.is_first();
        !self.options.share.is_some_and(silent)
    }

    /// The trace that a call found at `origin` is reported in.
    pub(super) fn place(&mut self, file: usize, origin: Option<&Origin>) -> usize {
        let Some(origin) = origin.filter(|_| self.options.at_origin) else {
            return file;
        };
        let traces = &mut self.results.traces;
        let last = self.places.last.and_then(|last| traces.get(last));
        if let (Some(last), Some(trace)) = (self.places.last, last)
            && trace.name == origin.file
        {
            return last;
        }
        let place = match self.places.by_name.get(&origin.file) {
            Some(place) => *place,
            None => {
                traces.push(TraceSummary::new(&origin.file, Format::Native));
                let place = traces.len() - 1;
                self.places.by_name.insert(origin.file.clone(), place);
                place
            }
        };
        self.places.last = Some(place);
        place
    }

    /// Keeps a call of unknown grant for all shares; the first share has the
    /// call itself. Also one that no limit decides, so that all of them are
    /// reported in one order.
    pub(super) fn set_aside(
        &mut self,
        call: &RecordedCall,
        mut open: Open<'e>,
        decisions: Vec<(Decision<'e>, u64)>,
    ) {
        let first = self.tells(call.grant.as_deref());
        let Some(shared) = &mut self.results.shared else {
            return;
        };
        for (decision, times) in &decisions {
            join::push_run(&mut shared.decisions, Actual::from(decision), *times);
        }
        if first {
            let mut call = call.clone();
            call.expect = open.expectation.take();
            let trace = open.trace;
            shared.calls.push(SetAside { trace, call });
        }
    }

    /// Counts a call whose repetitions have been decided elsewhere.
    fn decided(
        &mut self,
        call: &RecordedCall,
        mut open: Open<'e>,
        decisions: Vec<(Decision<'e>, u64)>,
    ) {
        // Fresh counters: what the limits held has been noted by every share.
        let mut none = Timeline::new(self.engine, self.options.max_lateness);
        let mut index = 0;
        for (decision, times) in decisions {
            for _ in 0..times {
                if let Some(usage) = &mut self.results.usage {
                    let limits = none.usage(open.trace, call, index);
                    usage.note(call.time_of(index), &decision, &limits);
                }
                self.count(index, &mut open, decision.clone());
                index += 1;
            }
        }
        self.close(call, open);
    }
}

/// Adds a decision to runs of the same.
pub(super) fn push<'e>(runs: &mut Vec<(Decision<'e>, u64)>, decision: Decision<'e>) {
    join::push_run(runs, decision, 1);
}

/// Sorts the traces of a run that reports calls at their origin by name, one
/// for each, and leaves out those that hold nothing.
pub(super) fn by_name(results: &mut Results) {
    let waiting: BTreeSet<usize> = results
        .shared
        .iter()
        .flat_map(|shared| shared.calls.iter().map(|call| call.trace))
        .collect();
    let mut named: BTreeMap<String, (TraceSummary, Vec<usize>)> = BTreeMap::new();
    for (at, trace) in std::mem::take(&mut results.traces).into_iter().enumerate() {
        let empty = trace.counts.calls == 0 && trace.passed_over.is_empty();
        if empty && !waiting.contains(&at) {
            continue;
        }
        match named.get_mut(&trace.name) {
            Some((known, places)) => {
                known.take_in(&trace);
                places.push(at);
            }
            None => {
                named.insert(trace.name.clone(), (trace, vec![at]));
            }
        }
    }
    let mut moved: HashMap<usize, usize> = HashMap::new();
    for (to, (trace, places)) in named.into_values().enumerate() {
        results.traces.push(trace);
        moved.extend(places.into_iter().map(|from| (from, to)));
    }
    let to = |from: usize| moved.get(&from).copied().unwrap_or(from);
    for case in results.cases.iter_mut().chain(&mut results.passed) {
        case.trace = to(case.trace);
    }
    for shared in results.shared.iter_mut() {
        for call in &mut shared.calls {
            call.trace = to(call.trace);
        }
    }
}

#[cfg(test)]
mod tests;
