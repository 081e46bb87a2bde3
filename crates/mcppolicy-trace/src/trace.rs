//! The vocabulary of recorded calls, whatever format they come from, and the
//! interface that every format implements.
//!
//! A reader turns lines into [`Item`]s and keeps no more in memory than one
//! block of lines and the requests that wait for their responses
//! ([`pairing`]). It decides nothing: the engine evaluates a call, and `replay`
//! judges an expectation. A reader has no source map and no counters, so that
//! lines can be read on any thread.
//!
//! Lines that nearly every program writes are read in place by the
//! [`fast_path`]; the strict reader of the format reads all others. [`CallView`]
//! is what both have in common.

mod askers;
pub mod block;
mod call;
mod cassette;
mod chunk;
mod claude_code;
mod claude_desktop;
mod codex;
mod collector;
mod copilot;
mod digest;
mod direction;
mod elements;
mod exchange;
mod expectation;
pub mod fast_path;
mod gateway;
mod gemini;
mod going_on;
mod har;
mod hooks;
mod inspector;
mod item;
mod jsonrpc;
mod known;
mod log;
mod message;
pub mod native;
mod native_line;
mod openai;
mod opencode;
pub mod options;
mod otlp;
mod outline;
pub mod pairing;
mod pointer;
mod reader;
mod reason;
mod recent;
pub mod recognise;
mod records;
mod refusal;
mod response;
mod rounds;
mod spans;
mod spelling;
pub mod tap;
mod timestamp;
mod told;
mod tolerant_json;
mod toolhive;
mod view;
mod vscode;
mod withheld;
mod witness;

pub use call::{Grant, Origin, RecordedArguments, RecordedCall, RecordedRequest, Server};
pub use expectation::{DecisionName, Expectation, Expected, KINDS, REASONS};
pub use item::{BadLine, Complaint, Header, Item, Line};
pub use known::KnownArguments;
pub use reader::{InBlocks, Reader, Ready, Trace};
pub use records::Records;
pub use response::{DENIED_PREFIX, Observed, Response};
pub use view::CallView;
pub use withheld::Shown;
pub use witness::WitnessCall;
