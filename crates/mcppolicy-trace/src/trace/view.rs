//! What a replay reads of a recorded call, however the call is kept.

use std::borrow::Cow;

use super::call::{Grant, Origin, RecordedArguments, RecordedCall, RecordedRequest, Server};
use super::expectation::Expectation;
use super::response::{Observed, Response};
use mcppolicy_engine::engine::{Arguments, LimitKey, Request};
use mcppolicy_engine::time::Time;

/// A recorded call as a replay reads it: built by a strict reader
/// ([`RecordedCall`]), or read in place by the fast path
/// ([`SimpleCall`](super::fast_path::SimpleCall)).
pub trait CallView {
    /// Its line in the trace, from 1.
    fn line(&self) -> usize;

    /// Where it went.
    fn server(&self) -> Server<&str>;

    /// Who called.
    fn grant(&self) -> Grant<&str>;

    /// The tool's name, where there is one.
    fn tool(&self) -> Option<&str>;

    /// What `read` returns for the engine's view of the request, in which the
    /// arguments are looked up where they are kept.
    fn with_request<T>(&self, read: impl FnOnce(Request<'_>) -> T) -> T;

    /// Whether a member of the arguments is repeated, so that the last one
    /// counts.
    fn repeats_an_argument(&self) -> bool;

    /// How many times in a row it was called; 1 is a single call.
    fn repeat(&self) -> u64;

    /// When repetition `index` (from 0) took place; `None` is unknown.
    fn time_of(&self, index: u64) -> Option<Time>;

    /// What limits had counted before it, where a guard recorded it.
    fn used(&self) -> &[(LimitKey, u64)];

    /// Its response, when recorded.
    fn response(&self) -> Option<&Response>;

    /// When the response came; `None` is unknown.
    fn response_time(&self) -> Option<Time>;

    /// The gateway's decision, as far as the recording shows it.
    fn observed(&self) -> Option<Observed>;

    /// What the author of the trace expects.
    fn expectation(&self) -> Option<Cow<'_, Expectation>>;

    /// Where an importer found it. A call that is read in place is built for
    /// this, so read it only where it is needed.
    fn origin(&self) -> Option<Cow<'_, Origin>>;

    /// The whole call. A call that is read in place is built for this.
    fn to_recorded(&self) -> Cow<'_, RecordedCall>;
}

impl CallView for RecordedCall {
    fn line(&self) -> usize {
        self.line
    }

    fn server(&self) -> Server<&str> {
        self.server.as_deref()
    }

    fn grant(&self) -> Grant<&str> {
        self.grant.as_deref()
    }

    fn tool(&self) -> Option<&str> {
        RecordedCall::tool(self)
    }

    fn with_request<T>(&self, read: impl FnOnce(Request<'_>) -> T) -> T {
        read(match &self.request {
            RecordedRequest::Batch(_) => Request::Batch,
            RecordedRequest::Tool { name, arguments } => Request::Tool {
                name: name.as_deref(),
                arguments: match arguments {
                    RecordedArguments::Known(known) => Arguments::Known(known),
                    RecordedArguments::NotAnObject(_) => Arguments::NotAnObject,
                    RecordedArguments::Unknown => Arguments::Unknown,
                },
            },
        })
    }

    fn repeats_an_argument(&self) -> bool {
        self.repeats_an_argument
    }

    fn repeat(&self) -> u64 {
        self.repeat
    }

    fn time_of(&self, index: u64) -> Option<Time> {
        RecordedCall::time_of(self, index)
    }

    fn used(&self) -> &[(LimitKey, u64)] {
        &self.used
    }

    fn response(&self) -> Option<&Response> {
        self.response.as_ref()
    }

    fn response_time(&self) -> Option<Time> {
        self.response_time
    }

    fn observed(&self) -> Option<Observed> {
        self.observed_decision()
    }

    fn expectation(&self) -> Option<Cow<'_, Expectation>> {
        self.expect.as_ref().map(Cow::Borrowed)
    }

    fn origin(&self) -> Option<Cow<'_, Origin>> {
        self.origin.as_ref().map(Cow::Borrowed)
    }

    fn to_recorded(&self) -> Cow<'_, RecordedCall> {
        Cow::Borrowed(self)
    }
}
