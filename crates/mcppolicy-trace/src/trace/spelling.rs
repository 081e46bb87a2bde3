//! How formats spell the same member: one table, which every reader and the
//! fast path share. Where an object has several of one kind, the first spelling
//! of the table counts.

use mcppolicy_engine::document::borrowed::{Items, Node};

macro_rules! members {
    ($($(#[$doc:meta])* $member:ident: $($name:literal)|+;)*) => {
        /// A member that formats spell differently.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Spelled {
            $($(#[$doc])* $member,)*
        }

        impl Spelled {
            /// Its spellings.
            pub const fn names(self) -> &'static [&'static str] {
                match self {
                    $(Spelled::$member => &[$($name),+],)*
                }
            }

            /// Its value in an object.
            pub fn of(self, node: Node<'_>) -> Option<Node<'_>> {
                match self {
                    $(Spelled::$member => None$(.or_else(|| node.get($name)))+,)*
                }
            }

            /// The member of which a name is a spelling.
            #[inline]
            pub fn named(name: &str) -> Option<Spelled> {
                match name {
                    $($($name)|+ => Some(Spelled::$member),)*
                    _ => None,
                }
            }
        }
    };
}

members! {
    /// When it happened.
    Time: "ts" | "timestamp" | "time" | "@timestamp";
    /// Which way a message went, or who sent it.
    Direction: "dir" | "direction" | "sender";
    /// On which side of a gateway it was seen.
    Leg: "leg" | "hop";
    /// Within which session or, where ids count for it, which connection.
    Session: "session" | "session_id" | "sessionId" | "sessionID"
        | "conversation_id" | "conversationId" | "thread_id" | "threadId"
        | "conn_id" | "connId" | "connection_id" | "connectionId";
    /// Within which exchange of a request and what answers it.
    Exchange: "exchange" | "exchange_id" | "exchangeId";
    /// Who the user was.
    User: "user" | "user_id" | "userId";
    /// Which server it was.
    Server: "server" | "server_name" | "serverName" | "mcp_server" | "mcpServer"
        | "server_id" | "serverId";
    /// Whether a gateway that only watches would have refused the call.
    WouldBlock: "would_block" | "wouldBlock" | "would_deny" | "wouldDeny";
    /// In a tap's wrapper, the message.
    Message: "msg" | "message" | "payload" | "request" | "raw";
    /// Which call a result is of.
    CallId: "tool_use_id" | "toolUseId" | "tool_call_id" | "toolCallId"
        | "call_id" | "callId" | "callID";
    /// What a call passes.
    Arguments: "arguments" | "input" | "args" | "parameters";
    /// A conversation's messages.
    Messages: "messages" | "traj" | "conversation" | "conversations";
}

impl Spelled {
    /// Its value as a name: a string with something in it, or a number.
    pub fn label(self, node: Node<'_>) -> Option<String> {
        // Nearly always the first one that is there.
        if let Some(text) = filled(self.of(node)?) {
            return Some(text.to_owned());
        }
        let number = || {
            let mut values = self.all(node);
            values.find(|value| value.as_number().is_some())
        };
        let text = self.all(node).find_map(filled).map(str::to_owned);
        text.or_else(|| number().map(|number| number.to_value().to_string()))
    }

    /// Its value, when that is a string with something in it.
    pub fn text(self, node: Node<'_>) -> Option<&str> {
        let first = filled(self.of(node)?);
        first.or_else(|| self.all(node).find_map(filled))
    }

    /// The values of all its spellings that an object has.
    fn all(self, node: Node<'_>) -> impl Iterator<Item = Node<'_>> {
        self.names().iter().filter_map(move |name| node.get(name))
    }

    /// Its value as a list; empty for anything else.
    pub fn items(self, node: Node<'_>) -> Items<'_> {
        self.of(node).map(Node::items).unwrap_or_default()
    }
}

/// A string with something in it.
fn filled(node: Node<'_>) -> Option<&str> {
    node.as_str().filter(|text| !text.is_empty())
}

/// Whether a message of a chat is the result of a call, in the newer or the
/// older spelling.
pub(super) fn is_result_role(role: Option<&str>) -> bool {
    matches!(role, Some("tool" | "function"))
}

/// Whether a value is true, as a flag.
pub(super) fn is_true(node: Option<Node<'_>>) -> bool {
    node.and_then(Node::as_bool) == Some(true)
}
