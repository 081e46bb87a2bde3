//! The event log of the vendor's older proxy: what was called and what was
//! decided. Arguments are hashed, and no argument at all leaves no hash either,
//! so they are always unknown.

use super::account::Format;
use super::lenient::{Json, name_in};
use super::log::{LogFormat, Piece};
use super::sink::{Sink, Who, reason};
use super::{Observed, RecordedArguments, RecordedCall, RecordedRequest};

/// The event log of the vendor's older proxy.
#[derive(Default)]
pub(super) struct Gateway {
    /// Whether a process of the proxy stands for a session. Its counters were
    /// shared between processes, so only on request.
    pub instance_is_session: bool,
}

impl LogFormat for Gateway {
    fn format(&self) -> Format {
        Format::Gateway
    }

    fn piece(&mut self, piece: Piece<'_>, sink: &mut Sink) {
        let json = match Json::parse(piece.text) {
            Ok(json) => json,
            Err(reason) => return sink.pass_over(piece.line, reason),
        };
        let root = &json.root;
        if name_in(root, &["type"]) != Some("tool_call") {
            return sink.pass_over(piece.line, reason::NO_CALL);
        }
        if let Err(reason) = json.flaws("") {
            return sink.pass_over(piece.line, reason);
        }
        let Some(tool) = name_in(root, &["tool"]) else {
            return sink.pass_over(piece.line, reason::NO_NAME);
        };
        let call = RecordedCall {
            line: piece.line,
            time: sink.time(root.get("ts")),
            observed: match name_in(root, &["result"]) {
                Some("allowed") => Some(Observed::Allow),
                Some("denied") => Some(Observed::Deny),
                _ => None,
            },
            ..RecordedCall::new(RecordedRequest::Tool {
                name: Some(tool.to_owned()),
                arguments: RecordedArguments::Unknown,
            })
        };
        let instance = name_in(root, &["instance"]).filter(|_| self.instance_is_session);
        let who = Who {
            session: instance.map(str::to_owned),
            ..Who::default()
        };
        sink.call(call, who, None, piece.text.len());
    }
}
