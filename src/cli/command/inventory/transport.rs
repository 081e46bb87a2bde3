//! The transport between the official SDK and a server's standard input and
//! output.
//!
//! The SDK's own transport passes on typed messages, and a typed tool has lost
//! every member that the SDK does not define, the order of the others, and the
//! notation of its numbers. This one keeps the line that answers the request
//! for tools as it was written. It also ignores lines that are not messages: the
//! SDK's transport answers a banner that happens to be JSON with an error.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rmcp::RoleClient;
use rmcp::model::{ClientJsonRpcMessage, ClientRequest, RequestId, ServerJsonRpcMessage};
use rmcp::transport::Transport;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{ChildStdin, ChildStdout};
use tokio::time::timeout;

use mcppolicy_trace::trace::block::LONGEST_LINE;

/// How long a server may take to end once its input is closed, before it is
/// killed.
pub(super) const TO_END: Duration = Duration::from_secs(2);

/// What a transport has read, shared with the client on the other side of the
/// SDK.
#[derive(Debug, Clone, Default)]
pub(super) struct Observed(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    /// The request for tools that waits for its answer.
    pending: Option<RequestId>,
    answer: Option<String>,
    noise: u64,
    trouble: Option<String>,
}

impl Observed {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The line that has answered the last request for tools.
    pub fn answer(&self) -> Option<String> {
        self.lock().answer.take()
    }

    /// How many lines were no messages.
    pub fn noise(&self) -> u64 {
        self.lock().noise
    }

    /// The request for tools that waits for its answer from now on.
    pub fn expect(&self, id: &RequestId) {
        self.lock().pending = Some(id.clone());
    }

    /// Keeps what went wrong, the first time.
    pub fn set_trouble(&self, trouble: &str) {
        self.lock()
            .trouble
            .get_or_insert_with(|| trouble.to_owned());
    }

    /// The message in a text, if it is one; of the answer to the request for tools
    /// the text is kept.
    pub fn message(&self, text: &str) -> Option<ServerJsonRpcMessage> {
        let message = serde_json::from_str(text).ok()?;
        if let ServerJsonRpcMessage::Response(response) = &message {
            let mut inner = self.lock();
            // A server may answer the number 1 with the text "1".
            let id = response.id.to_string();
            let pending = inner.pending.as_ref();
            if pending.is_some_and(|pending| pending.to_string() == id) {
                inner.pending = None;
                inner.answer = Some(text.to_owned());
            }
        }
        Some(message)
    }

    /// What went wrong while reading.
    pub fn trouble(&self) -> Option<String> {
        self.lock().trouble.clone()
    }
}

/// The pipes of a server.
pub(super) struct Pipes {
    from_server: BufReader<ChildStdout>,
    /// The line that has not ended yet; it stays here when the SDK stops to
    /// wait for it.
    line: Vec<u8>,
    to_server: Arc<tokio::sync::Mutex<Option<ChildStdin>>>,
    observed: Observed,
}

impl Pipes {
    /// A transport on the pipes of a server.
    pub fn new(input: ChildStdin, output: ChildStdout, observed: Observed) -> Pipes {
        Pipes {
            from_server: BufReader::new(output),
            line: Vec::new(),
            to_server: Arc::new(tokio::sync::Mutex::new(Some(input))),
            observed,
        }
    }

    /// Reads up to the next line ending; false at the end, where what has no
    /// ending is no message.
    async fn read_line(&mut self) -> io::Result<bool> {
        loop {
            let bytes = self.from_server.fill_buf().await?;
            if bytes.is_empty() {
                return Ok(false);
            }
            let ending = bytes.iter().position(|byte| *byte == b'\n');
            let count = ending.map_or(bytes.len(), |at| at + 1);
            self.line
                .extend_from_slice(bytes.get(..count).unwrap_or_default());
            self.from_server.consume(count);
            if self.line.len() > LONGEST_LINE {
                return Err(io::Error::other(
                    "the server wrote a line longer than 16 MiB",
                ));
            }
            if ending.is_some() {
                return Ok(true);
            }
        }
    }

    /// The message in the line that has been read, if it is one.
    fn message(&mut self) -> Option<ServerJsonRpcMessage> {
        let line = std::mem::take(&mut self.line);
        let line = line.trim_ascii();
        if line.is_empty() {
            return None;
        }
        let text = std::str::from_utf8(line).ok();
        let message = text.and_then(|text| self.observed.message(text));
        if message.is_none() {
            self.observed.lock().noise += 1;
        }
        message
    }
}

impl Transport<RoleClient> for Pipes {
    type Error = io::Error;

    fn send(
        &mut self,
        message: ClientJsonRpcMessage,
    ) -> impl Future<Output = io::Result<()>> + Send + 'static {
        if let ClientJsonRpcMessage::Request(request) = &message
            && matches!(request.request, ClientRequest::ListToolsRequest(_))
        {
            self.observed.expect(&request.id);
        }
        let to_server = Arc::clone(&self.to_server);
        async move {
            let mut line = serde_json::to_vec(&message)?;
            line.push(b'\n');
            let mut to_server = to_server.lock().await;
            let input = to_server.as_mut().ok_or(io::ErrorKind::NotConnected)?;
            input.write_all(&line).await?;
            input.flush().await
        }
    }

    async fn receive(&mut self) -> Option<ServerJsonRpcMessage> {
        loop {
            match self.read_line().await {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => {
                    self.observed.lock().trouble = Some(error.to_string());
                    return None;
                }
            }
            if let Some(message) = self.message() {
                return Some(message);
            }
        }
    }

    /// Closes the server's input. What it still writes is read until it ends,
    /// for a while: a server that is cut off in the middle of a word complains.
    async fn close(&mut self) -> io::Result<()> {
        self.to_server.lock().await.take();
        let mut nowhere = tokio::io::sink();
        let rest = tokio::io::copy_buf(&mut self.from_server, &mut nowhere);
        let _ = timeout(TO_END, rest).await;
        Ok(())
    }
}
