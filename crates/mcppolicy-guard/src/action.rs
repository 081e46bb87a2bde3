//! What becomes of a message.

use std::borrow::Cow;

/// What becomes of a message from the client.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum FromClient<'m> {
    /// These bytes go to the server: the message as it came, save arguments
    /// that were repeated.
    Forward(Cow<'m, [u8]>),
    /// The server does not get the message. This line goes to the client.
    Answer {
        /// The answer, with the ending of a line.
        line: Vec<u8>,
        /// The code of the JSON-RPC error that it is, where nothing was decided;
        /// `None` where the answer is the policy's.
        code: Option<i32>,
    },
    /// The server does not get the message, and nobody waits for an answer.
    Drop,
}

/// What becomes of a line from the server.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum FromServer<'m> {
    /// These bytes go to the client.
    Forward(Cow<'m, [u8]>),
    /// It is no message. It belongs on standard error.
    NoMessage,
}
