//! A forked session's file: it begins with a copy of the other session, whose
//! calls are that session's.
//!
//! Ids of sessions and turns are UUIDs of version 7, which begin with the time
//! at which they were made, so the fork's own first turn is the first whose id is
//! no older than the session's. Where ids are others, what was written before the
//! fork or within a second of it is the copy.

use crate::trace::collector::Collector;
use crate::trace::options::Assumed;
use crate::trace::timestamp;
use crate::trace::tolerant_json::name_in;
use mcppolicy_engine::document::borrowed::Node;
use mcppolicy_engine::time::{Time, TimeDelta};

/// Where a file is in the copy that a fork begins with.
#[derive(Debug, Default)]
pub(super) struct Fork {
    /// Whether what comes is a copy.
    copying: bool,
    /// When the session's id was made, in milliseconds, as the id says.
    made: Option<u64>,
    /// When the fork was written.
    written: Option<Time>,
    /// Whether a turn with an id of its own time has been seen, so that times of
    /// lines do not matter.
    has_turns: bool,
}

impl Fork {
    /// Takes a record about a session; whether it is a copy, too.
    pub fn begins(&mut self, root: Node<'_>, payload: Node<'_>) -> bool {
        if self.copying {
            return true;
        }
        let written = [root.get("timestamp"), payload.get("timestamp")];
        let texts = written.into_iter().flatten().filter_map(Node::as_str);
        *self = Fork {
            copying: name_in(payload, &["forked_from_id", "forkedFromId"]).is_some(),
            made: name_in(payload, &["id", "session_id"]).and_then(made_at),
            written: texts.filter_map(timestamp::in_text).max(),
            has_turns: false,
        };
        false
    }

    /// Whether a record with this payload, written at `time`, is a copy.
    pub fn is_copied(
        &mut self,
        payload: Node<'_>,
        time: Option<Time>,
        collector: &mut Collector,
    ) -> bool {
        if !self.copying {
            return false;
        }
        let turn = name_in(payload, &["turn_id"]).and_then(made_at);
        if let (Some(turn), Some(made)) = (turn, self.made) {
            self.has_turns = true;
            self.copying = turn < made;
        } else if !self.has_turns {
            let end = self
                .written
                .map(|written| written.plus(TimeDelta::seconds(1)));
            self.copying = time.zip(end).is_none_or(|(time, end)| time < end);
            collector.assume(Assumed::ForkByTime);
        }
        self.copying
    }
}

/// The milliseconds since the epoch in a UUID of version 7.
fn made_at(id: &str) -> Option<u64> {
    let (head, rest) = id.split_at_checked(13)?;
    let (first, second) = head.split_once('-')?;
    let is_hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if id.len() != 36 || !rest.starts_with("-7") || !is_hex(first) || !is_hex(second) {
        return None;
    }
    u64::from_str_radix(&format!("{first}{second}"), 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_of_version_7_says_when_it_was_made() {
        let older = made_at("019e5c03-1e99-7000-8000-000000000001").unwrap();
        let newer = made_at("019e5c03-6425-7000-8000-000000000001").unwrap();
        assert!(older < newer);
        for id in ["", "c-1", "019e5c03-1e99-4000-8000-000000000001"] {
            assert_eq!(made_at(id), None, "{id}");
        }
    }
}
