//! On which sides of a gateway a log shows requests. A recorder that writes only what
//! the gateway receives, or only what it sends, shows a request on one side and its
//! response on the other.

use super::message::{Envelope, Leg, Side};

/// Who has asked on which side of a gateway.
#[derive(Debug, Default)]
pub(super) struct Askers {
    seen: Vec<(Leg, Side)>,
}

impl Askers {
    /// Takes a request with its envelope.
    pub fn ask(&mut self, envelope: &Envelope) {
        let Some(leg) = envelope.leg else {
            return;
        };
        let asker = (leg, envelope.sender.unwrap_or(Side::Client));
        if !self.seen.contains(&asker) {
            self.seen.push(asker);
        }
    }

    /// The envelope of a response as if it were on the other side, where the log shows
    /// no request of its own side that it could be of.
    pub fn across(&self, envelope: &Envelope) -> Option<Envelope> {
        let leg = envelope.leg?;
        let asker = envelope.sender.map_or(Side::Client, Side::other);
        let other = match leg {
            Leg::Client => Leg::Server,
            Leg::Server => Leg::Client,
        };
        (!self.seen.contains(&(leg, asker))).then(|| Envelope {
            leg: Some(other),
            ..envelope.clone()
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use crate::trace::options::Settings;
    use crate::trace::recognise::reader;
    use crate::trace::{Item, Response, Trace};

    /// What came of each call of a log, and how many lines were passed over.
    fn outcomes(lines: &[(&str, &str)]) -> (Vec<Option<Response>>, usize) {
        let lines = lines
            .iter()
            .map(|(way, message)| format!("{{\"dir\":\"{way}\",\"msg\":{message}}}\n"));
        let input = Cursor::new(lines.collect::<String>());
        let reader = reader(input, Settings::default()).unwrap();
        let mut trace = Trace::open("log", reader).unwrap();
        let (mut responses, mut skipped) = (Vec::new(), 0);
        while let Some(item) = trace.next_item().unwrap() {
            match item {
                Item::Call(call) => responses.push(call.response),
                Item::Skipped { .. } => skipped += 1,
                _ => {}
            }
        }
        (responses, skipped)
    }

    const CALLS: [&str; 2] = [
        r#"{"id":1,"method":"tools/call","params":{"name":"t"}}"#,
        r#"{"id":2,"method":"tools/call","params":{"name":"t"}}"#,
    ];
    const RESULT: &str = r#"{"id":1,"result":{"content":[]}}"#;
    const DENIED: &str = r#"{"id":2,"result":{"content":[{"text":"[POLICY DENIED] no"}]}}"#;
    const ASKS: &str = r#"{"id":2,"method":"sampling/createMessage"}"#;
    const TELLS: &str = r#"{"id":2,"result":{"role":"assistant"}}"#;

    #[test]
    fn a_recorder_may_write_one_half_of_each_side() {
        let expected = vec![Some(Response::Result), Some(Response::Denied)];
        for (to_server, to_client) in [
            // What a gateway receives, and what it sends.
            ("client->proxy", "server->proxy"),
            ("proxy->server", "proxy->client"),
        ] {
            let lines = [
                (to_server, CALLS[0]),
                (to_server, CALLS[1]),
                (to_client, ASKS),
                (to_client, RESULT),
                (to_server, TELLS),
                (to_client, DENIED),
            ];
            let found = outcomes(&lines);
            assert_eq!(found, (expected.clone(), 0), "{to_server}");
        }
    }

    #[test]
    fn where_a_side_shows_its_requests_its_responses_are_theirs() {
        let lines = [
            ("client->proxy", CALLS[0]),
            ("client->proxy", CALLS[1]),
            // The gateway wrote the ids the other way round, and one more.
            ("proxy->server", CALLS[1]),
            ("server->proxy", r#"{"id":2,"result":{"content":[]}}"#),
            ("server->proxy", RESULT),
            ("proxy->client", DENIED),
        ];
        let (responses, skipped) = outcomes(&lines);
        assert_eq!(responses, [None, Some(Response::Denied)]);
        // The call that was passed on, and a response to none.
        assert_eq!(skipped, 2);
    }
}
