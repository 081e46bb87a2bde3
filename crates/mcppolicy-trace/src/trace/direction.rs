//! Which way a message went: who sent it, and on which side of a gateway.
//!
//! A recorder in a gateway may write a call twice: as it came from the client, and
//! as the gateway passed it on. Only a recorder that names the parties says which is
//! which, as `client->gateway` and `proxy_to_server` do
//! (`client->proxy`, `proxy->server` of `mcpray`; `client_to_proxy`, `client_to_gateway`
//! of other taps). A recorder in a gateway that writes `IN` and `OUT` names the other
//! end (`rpc-messages.jsonl` of <https://github.com/github/gh-aw-mcpg>).

use super::message::{Leg, Side};
use super::spelling::Spelled;
use mcppolicy_engine::document::borrowed::Node;

/// Which way a message went, as far as its recorder says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Way {
    pub sender: Option<Side>,
    pub leg: Option<Leg>,
}

/// The last two directions as they were written, and what each says: a log has few.
#[derive(Debug, Default)]
pub(crate) struct Directions([(String, Way); 2]);

impl Directions {
    /// The same as [`Way::of_direction`].
    pub fn way(&mut self, direction: &str) -> Way {
        let Directions([newest, other]) = self;
        if newest.0 != direction {
            std::mem::swap(newest, other);
        }
        if newest.0 != direction {
            *newest = (direction.to_owned(), Way::of_direction(direction));
        }
        newest.1
    }
}

/// One end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Party {
    Client,
    Gateway,
    Server,
}

impl Party {
    /// The party of this name; `is_clear` says that the words around it show that a
    /// party is meant. `downstream` is none: for some it is the client, for others
    /// the server.
    fn named(word: &str, is_clear: bool) -> Option<Party> {
        match word {
            "client" => Some(Party::Client),
            "server" => Some(Party::Server),
            "gateway" | "proxy" => Some(Party::Gateway),
            "agent" if is_clear => Some(Party::Client),
            "upstream" | "backend" if is_clear => Some(Party::Server),
            _ => None,
        }
    }
}

/// The parties that a text names, and whether it says which of them sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Ends {
    from: Option<Party>,
    to: Option<Party>,
}

impl Ends {
    /// The ends in words such as `client->gateway`, `proxy_to_server`, `toServer`
    /// or `from client`.
    fn read(text: &str) -> Ends {
        let words = words(text);
        let is_clear = words
            .iter()
            .any(|word| Join::of(word).is_some() || word == "from");
        let (mut ends, mut join) = (Ends::default(), None);
        for word in &words {
            if let Some(party) = Party::named(word, is_clear) {
                match (ends.from, join) {
                    (_, Some(Join::Forward)) => ends.to = Some(party),
                    (from, Some(Join::Backward)) => {
                        ends = Ends {
                            from: Some(party),
                            to: ends.to.or(from),
                        };
                    }
                    (None, None) => ends.from = Some(party),
                    // Two names side by side.
                    (Some(_), None) => {}
                }
                join = None;
            }
            join = Join::of(word).or(join);
        }
        ends
    }

    fn sender(self) -> Option<Side> {
        match (self.from, self.to) {
            (Some(Party::Client), _) => Some(Side::Client),
            (Some(Party::Server), _) => Some(Side::Server),
            // Towards its servers a gateway is a client.
            (_, Some(Party::Server)) => Some(Side::Client),
            (_, Some(Party::Client)) => Some(Side::Server),
            (_, Some(Party::Gateway) | None) => None,
        }
    }

    fn leg(self) -> Option<Leg> {
        match (self.from?, self.to?) {
            (Party::Client, Party::Gateway) | (Party::Gateway, Party::Client) => Some(Leg::Client),
            (Party::Gateway, Party::Server) | (Party::Server, Party::Gateway) => Some(Leg::Server),
            _ => None,
        }
    }
}

/// What stands between the names of two ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Join {
    Forward,
    Backward,
}

impl Join {
    fn of(word: &str) -> Option<Join> {
        match word {
            ">" | "to" | "2" => Some(Join::Forward),
            "<" => Some(Join::Backward),
            _ => None,
        }
    }
}

/// The words of a text in lower case, and its arrows as `>` and `<`.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut before = ' ';
    for c in text.chars() {
        let arrow = match c {
            '>' | '\u{2192}' => Some(">"),
            '<' | '\u{2190}' => Some("<"),
            _ => None,
        };
        let goes_on = c.is_alphabetic() && before.is_alphabetic();
        let goes_on = goes_on && !(before.is_lowercase() && c.is_uppercase());
        match (arrow, words.last_mut()) {
            (Some(arrow), _) => words.push(arrow.to_owned()),
            (None, Some(word)) if goes_on => word.extend(c.to_lowercase()),
            _ if c.is_alphanumeric() => words.push(c.to_lowercase().collect()),
            _ => {}
        }
        before = c;
    }
    words
}

impl Way {
    /// The way that a direction names, such as `client->server`, `to_server` or
    /// `c2s`; nothing of one that depends on where the tap was, such as `in`.
    pub fn of_direction(direction: &str) -> Way {
        let lower = direction.to_ascii_lowercase();
        match lower.as_str() {
            "c2s" | "stdin" => return Way::sent_by(Side::Client),
            "s2c" | "stdout" => return Way::sent_by(Side::Server),
            _ => {}
        }
        let ends = Ends::read(direction);
        if ends != Ends::default() {
            return Way {
                sender: ends.sender(),
                leg: ends.leg(),
            };
        }
        // The names are parts of longer words.
        let (client, server) = (lower.find("client"), lower.find("server"));
        let first = match (client, server) {
            _ if lower.contains("gateway") || lower.contains("proxy") => return Way::default(),
            (Some(client), Some(server)) if client < server => Side::Client,
            (Some(_), None) => Side::Client,
            (_, Some(_)) => Side::Server,
            (None, None) => return Way::default(),
        };
        let is_reversed = lower.starts_with("to");
        Way::sent_by(if is_reversed { first.other() } else { first })
    }

    /// The way that the wrapper around a message names.
    pub fn of(root: Node<'_>, directions: &mut Directions) -> Way {
        let direction = Spelled::Direction.text(root);
        let way = direction.map(|direction| directions.way(direction));
        let mut way = way.unwrap_or_default();
        if let Some(named) = Spelled::Leg.text(root).map(Way::of_leg) {
            way.leg = named.leg.or(way.leg);
            way.sender = way.sender.or(named.sender);
        } else if let Some(leg) = other_end(root) {
            let comes_in = direction.is_some_and(|direction| direction.eq_ignore_ascii_case("in"));
            let sends = match leg {
                Leg::Client => Side::Client,
                Leg::Server => Side::Server,
            };
            way.leg = Some(leg);
            way.sender = Some(if comes_in { sends } else { sends.other() });
        }
        way
    }

    fn sent_by(side: Side) -> Way {
        Way {
            sender: Some(side),
            leg: None,
        }
    }

    /// The way that a member names which is there for the leg: both ends of it, or
    /// the one beside the gateway.
    fn of_leg(name: &str) -> Way {
        let ends = Ends::read(name);
        let leg = match Ends::read(&format!("from {name}")).from {
            _ if ends.leg().is_some() => ends.leg(),
            Some(Party::Client) if ends.to.is_none() => Some(Leg::Client),
            Some(Party::Server) if ends.to.is_none() => Some(Leg::Server),
            _ => None,
        };
        let sender = ends.sender().filter(|_| ends.to.is_some());
        Way { sender, leg }
    }
}

/// Whether a wrapper's member says what a message is in the words of a gateway that
/// writes `IN` and `OUT`.
pub(super) fn is_kind(text: &str) -> bool {
    matches!(
        text,
        "REQUEST" | "RESPONSE" | "rpc_request" | "rpc_response"
    )
}

/// The leg of a message of such a gateway, which names the other end as if it were
/// a server: its client is `client`.
fn other_end(root: Node<'_>) -> Option<Leg> {
    let text = |name: &str| root.get(name).and_then(Node::as_str);
    let direction = Spelled::Direction.text(root)?;
    let is_known = ["in", "out"]
        .iter()
        .any(|known| direction.eq_ignore_ascii_case(known));
    let has_kind = [text("type"), text("event")]
        .into_iter()
        .flatten()
        .any(is_kind);
    let end = Spelled::Server.text(root)?;
    (is_known && has_kind).then_some(match end {
        CLIENT => Leg::Client,
        _ => Leg::Server,
    })
}

/// What such a gateway calls its client.
pub(super) const CLIENT: &str = "client";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::tolerant_json::Json;

    const CLIENT_SIDE: Option<Leg> = Some(Leg::Client);
    const SERVER_SIDE: Option<Leg> = Some(Leg::Server);

    #[test]
    fn a_direction_says_the_same_whatever_came_before() {
        let all = ["", "client", "server", "client->gateway", "in", "to_server"];
        let mut directions = Directions::default();
        for first in all {
            for second in all {
                for direction in [first, second, first] {
                    let expected = Way::of_direction(direction);
                    assert_eq!(directions.way(direction), expected, "{direction}");
                }
            }
        }
    }

    #[test]
    fn a_direction_says_who_sent_unless_it_depends_on_the_tap() {
        let client = [
            "client->server",
            "client",
            "c2s",
            "to_server",
            "toServer",
            "clienttoserver",
            "server<-client",
            "from client to server",
            "client \u{2192} server",
            "CLIENT_TO_SERVER",
            "client2server",
            "sent to server",
            "to_upstream",
        ];
        for direction in client {
            let way = Way::of_direction(direction);
            assert_eq!(way, Way::sent_by(Side::Client), "{direction}");
        }
        for direction in [
            "server->client",
            "Server",
            "s2c",
            "to client",
            "stdout",
            "mcp-server",
            "client \u{2190} server",
            "from upstream",
        ] {
            let way = Way::of_direction(direction);
            assert_eq!(way, Way::sent_by(Side::Server), "{direction}");
        }
        for direction in [
            "in",
            "out",
            "send",
            "",
            "upstream",
            "downstream",
            "gateway",
            "to_proxy",
        ] {
            assert_eq!(Way::of_direction(direction), Way::default(), "{direction}");
        }
    }

    #[test]
    fn a_direction_with_a_gateway_at_one_end_names_a_leg() {
        for (direction, sender, leg) in [
            ("client->gateway", Side::Client, CLIENT_SIDE),
            ("gateway->client", Side::Server, CLIENT_SIDE),
            ("gateway->server", Side::Client, SERVER_SIDE),
            ("server->gateway", Side::Server, SERVER_SIDE),
            ("client_to_proxy", Side::Client, CLIENT_SIDE),
            ("proxy_to_backend", Side::Client, SERVER_SIDE),
            ("backend_to_proxy", Side::Server, SERVER_SIDE),
            ("PROXY->CLIENT", Side::Server, CLIENT_SIDE),
            ("gateway \u{2192} upstream", Side::Client, SERVER_SIDE),
            ("upstream<-gateway", Side::Client, SERVER_SIDE),
            ("agent->mcp-gateway", Side::Client, CLIENT_SIDE),
            ("proxyToServer", Side::Client, SERVER_SIDE),
            // The whole way is no leg of it.
            ("client->gateway->server", Side::Client, None),
        ] {
            let sender = Some(sender);
            assert_eq!(
                Way::of_direction(direction),
                Way { sender, leg },
                "{direction}"
            );
        }
        let none = ["proxy-server->", "gateway->downstream", "proxy->gateway"];
        for direction in none {
            assert_eq!(Way::of_direction(direction).leg, None, "{direction}");
        }
    }

    #[test]
    fn a_wrapper_may_name_the_leg_or_the_other_end() {
        let way = |wrapper: &str| {
            let json = Json::parse(wrapper).unwrap_or_else(|reason| panic!("{reason}"));
            Way::of(json.root(), &mut Directions::default())
        };
        let (client, server) = (Some(Side::Client), Some(Side::Server));
        for (wrapper, sender, leg) in [
            (
                r#"{"direction":"inbound","leg":"client_to_gateway"}"#,
                client,
                CLIENT_SIDE,
            ),
            (
                r#"{"direction":"outbound","leg":"gateway_to_client"}"#,
                server,
                CLIENT_SIDE,
            ),
            (
                r#"{"dir":"client->server","leg":"upstream"}"#,
                client,
                SERVER_SIDE,
            ),
            (
                r#"{"dir":"server->client","hop":"client"}"#,
                server,
                CLIENT_SIDE,
            ),
            (r#"{"dir":"in","hop":"server-side"}"#, None, SERVER_SIDE),
            (r#"{"dir":"in","leg":"downstream"}"#, None, None),
            (r#"{"dir":"in","leg":"client_to_server"}"#, client, None),
            (r#"{"dir":"in","leg":2}"#, None, None),
            (
                r#"{"direction":"IN","type":"REQUEST","server_id":"client"}"#,
                client,
                CLIENT_SIDE,
            ),
            (
                r#"{"direction":"OUT","type":"RESPONSE","server_id":"client"}"#,
                server,
                CLIENT_SIDE,
            ),
            (
                r#"{"direction":"OUT","event":"rpc_request","server_id":"gh"}"#,
                client,
                SERVER_SIDE,
            ),
            (
                r#"{"direction":"IN","event":"rpc_response","server_id":"gh"}"#,
                server,
                SERVER_SIDE,
            ),
            // Without the other end, or the words for it, nothing is known.
            (r#"{"direction":"IN","type":"REQUEST"}"#, None, None),
            (
                r#"{"direction":"OUT","type":"call","server_id":"gh"}"#,
                None,
                None,
            ),
            (r#"{"direction":"OUT","server_id":"gh"}"#, None, None),
        ] {
            assert_eq!(way(wrapper), Way { sender, leg }, "{wrapper}");
        }
    }
}
