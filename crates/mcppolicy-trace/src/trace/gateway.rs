//! The event log of the vendor's older proxy: what was called and what was
//! decided. Arguments are hashed, and no argument at all leaves no hash either,
//! so they are always unknown.

use super::call::{RecordedArguments, RecordedCall, RecordedRequest};
use super::chunk::Chunk;
use super::collector::Collector;
use super::log::LogFormat;
use super::message::{Identity, would_block};
use super::options::Format;
use super::outline::Outline;
use super::pointer::Pointer;
use super::reason;
use super::response::Observed;
use super::tolerant_json::{Json, name_in};

/// The event log of the vendor's older proxy.
#[derive(Default)]
pub(super) struct Gateway {
    /// Whether a process of the proxy is a session. Its counters were
    /// shared between processes, so only on request.
    pub instance_is_session: bool,
}

/// Whether the object at `at` of an outline is an event of it.
pub(super) fn is_record(outline: &Outline, at: &str) -> bool {
    let has = |name: &str| outline.has(&format!("{at}{name}"));
    has("instance") && has("ts") && outline.text(&format!("{at}type")).is_some()
}

impl LogFormat for Gateway {
    fn format(&self) -> Format {
        Format::Gateway
    }

    fn read_chunk(&mut self, chunk: Chunk<'_>, collector: &mut Collector) {
        let json = match Json::parse(chunk.text) {
            Ok(json) => json,
            Err(reason) => return collector.skip(chunk.line, reason),
        };
        let root = json.root();
        if name_in(root, &["type"]) != Some("tool_call") {
            return collector.skip(chunk.line, reason::NO_CALL);
        }
        if let Err(reason) = json.flaws(Pointer::Root) {
            return collector.skip(chunk.line, reason);
        }
        let Some(tool) = name_in(root, &["tool"]) else {
            return collector.skip(chunk.line, reason::NO_NAME);
        };
        let call = RecordedCall {
            line: chunk.line,
            time: collector.time(root.get("ts")),
            observed: match (name_in(root, &["result"]), would_block(root)) {
                (Some("denied" | "would_block"), _) | (_, Some(true)) => Some(Observed::Deny),
                (Some("allowed"), _) => Some(Observed::Allow),
                _ => None,
            },
            ..RecordedCall::new(RecordedRequest::Tool {
                name: Some(tool.to_owned()),
                arguments: RecordedArguments::Unknown,
            })
        };
        let instance = name_in(root, &["instance"]).filter(|_| self.instance_is_session);
        let identity = Identity {
            session: instance.map(str::to_owned),
            ..Identity::default()
        };
        collector.call(call, identity, None, chunk.text.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::item::Item;
    use crate::trace::log::LogReader;
    use crate::trace::options::Settings;
    use crate::trace::reader::Reader;

    #[test]
    fn what_a_gateway_would_have_refused_is_observed_as_refused() {
        let observed = |more: &str| {
            let line = format!(
                "{{\"ts\":1,\"type\":\"tool_call\",\"instance\":\"i\",\"tool\":\"t\"{more}}}"
            );
            let mut reader =
                LogReader::new(line.as_bytes(), Gateway::default(), Settings::default());
            match reader.next().unwrap() {
                Some(Item::Call(call)) => call.observed_decision(),
                other => panic!("{other:?}"),
            }
        };
        let (allow, deny) = (Some(Observed::Allow), Some(Observed::Deny));
        assert_eq!(observed(r#","result":"allowed""#), allow);
        assert_eq!(
            observed(r#","result":"allowed","would_block":false"#),
            allow
        );
        assert_eq!(observed(r#","result":"allowed","would_block":true"#), deny);
        assert_eq!(observed(r#","result":"would_block""#), deny);
        assert_eq!(observed(r#","would_block":true"#), deny);
        assert_eq!(observed(r#","result":"denied","would_block":false"#), deny);
        assert_eq!(observed(r#","result":"unsure""#), None);
    }
}
