//! Reads a server's list of tools through the official SDK: the handshake, all
//! pages, and the server's end, within a time limit.

use std::ffi::OsString;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rmcp::model::{
    ClientConfig, ClientRequest, Implementation, ListToolsRequest, PaginatedRequestParams,
    ProtocolVersion,
};
use rmcp::service::{
    ClientInitializeError, ClientLifecycleMode, ClientServiceExt, NotificationContext, Peer,
    ServiceError,
};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::{ClientHandler, RoleClient};
use serde_json::json;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::http::HttpClient;
use super::transport::{Observed, Pipes, TO_END};
use crate::cli::support::http::Upstream;
use crate::cli::support::input;
use mcppolicy_analysis::inventory::write::Pages;
use mcppolicy_analysis::report::Failure;

/// How often a list is requested again because it has changed meanwhile.
const MOST_CHANGES: usize = 10;

/// A server's list of tools.
#[derive(Debug)]
pub(super) struct Answer {
    /// Its tools.
    pub pages: Pages,
    /// The lines on its standard output that were no messages.
    pub noise: u64,
    /// The protocol version that was agreed on.
    pub protocol: Option<String>,
}

/// A server to ask.
pub(super) enum Asked<'a> {
    /// What this command starts.
    Command(&'a [OsString]),
    /// One of the network.
    Upstream(&'a Upstream),
}

/// Reads a server's list of tools; one that a command starts is ended then.
///
/// # Errors
/// A server that cannot be started or reached, ends, does not answer within
/// `limit`, or answers with something else.
pub(super) fn list_tools(server: &Asked<'_>, limit: Duration) -> Result<Answer, Failure> {
    let name = match server {
        Asked::Command(command) => {
            let command = command.first().map(|word| word.to_string_lossy());
            command.unwrap_or_default().into_owned()
        }
        Asked::Upstream(upstream) => upstream.shown(),
    };
    let failure = |message| Failure {
        input: name,
        message,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let answer = runtime
        .map_err(|error| error.to_string())
        .and_then(|runtime| {
            let refused = Mutex::new(None);
            let answered = runtime
                .block_on(async { timeout(limit, with_either_handshake(server, &refused)).await });
            let refused = refused.into_inner().unwrap_or_default();
            answered.unwrap_or_else(|_| {
                let seconds = limit.as_secs_f64();
                // A server that refuses one handshake need not answer the other.
                Err(refused
                    .unwrap_or_else(|| format!("the server has not answered within {seconds} s")))
            })
        });
    answer.map_err(failure)
}

/// Uses the handshake that nearly every server supports. A server that answers
/// it with an error, whichever it is, is asked in the way of protocol version
/// 2026-07-28, and one that refuses that too is what it said first; `refused` has
/// that meanwhile.
async fn with_either_handshake(
    server: &Asked<'_>,
    refused: &Mutex<Option<String>>,
) -> Result<Answer, String> {
    let modern = ClientLifecycleMode::Discover {
        preferred_versions: vec![ProtocolVersion::LATEST],
    };
    let first = match session(server, ClientLifecycleMode::Initialize).await {
        Err(Refused::Handshake(first)) => first,
        ended => return ended.map_err(Refused::message),
    };
    *refused.lock().unwrap_or_else(PoisonError::into_inner) = Some(first.clone());
    match session(server, modern).await {
        Err(Refused::Handshake(second)) if second != first => {
            Err(format!("{first}; and that of 2026-07-28: {second}"))
        }
        ended => ended.map_err(Refused::message),
    }
}

/// Why there is no answer.
enum Refused {
    /// The server does not support this handshake.
    Handshake(String),
    /// Another reason.
    Other(String),
}

impl Refused {
    fn message(self) -> String {
        match self {
            Refused::Handshake(message) | Refused::Other(message) => message,
        }
    }
}

async fn session(server: &Asked<'_>, mode: ClientLifecycleMode) -> Result<Answer, Refused> {
    match server {
        Asked::Command(command) => session_of_command(command, mode).await,
        Asked::Upstream(upstream) => session_of_url(upstream, mode).await,
    }
}

async fn session_of_url(upstream: &Upstream, mode: ClientLifecycleMode) -> Result<Answer, Refused> {
    let observed = Observed::default();
    let changed = Arc::new(AtomicBool::new(false));
    // The address is the client's own; the SDK's is for its messages.
    let config = StreamableHttpClientTransportConfig::with_uri(upstream.shown());
    let http = HttpClient::new(upstream.clone(), observed.clone());
    let transport = StreamableHttpClientTransport::with_client(http, config);
    let trouble = |refused: Refused| match (refused, observed.trouble()) {
        (Refused::Other(_), Some(trouble)) => Refused::Other(trouble),
        (refused, _) => refused,
    };
    let served = client(&changed).serve_with_lifecycle(transport, mode).await;
    let service = served.map_err(|error| trouble(handshake(&error)))?;
    let protocol = protocol(service.peer());
    let pages = list(service.peer(), &observed, &changed).await;
    // Ends the session, where there is one.
    let _ = timeout(TO_END, service.cancel()).await;
    Ok(Answer {
        pages: pages.map_err(|message| trouble(Refused::Other(message)))?,
        noise: 0,
        protocol,
    })
}

/// The protocol version that was agreed on.
fn protocol(peer: &Peer<RoleClient>) -> Option<String> {
    let info = peer.peer_info();
    info.map(|info| info.protocol_version.to_string())
}

async fn session_of_command(
    server: &[OsString],
    mode: ClientLifecycleMode,
) -> Result<Answer, Refused> {
    let (mut child, pipes, observed) = start(server).map_err(Refused::Other)?;
    let changed = Arc::new(AtomicBool::new(false));
    let mut agreed = None;
    let listed = match client(&changed).serve_with_lifecycle(pipes, mode).await {
        Ok(service) => {
            agreed = protocol(service.peer());
            let pages = list(service.peer(), &observed, &changed).await;
            // Closes the server's input, upon which a server ends.
            let _ = service.cancel().await;
            pages.map_err(Refused::Other)
        }
        Err(error) => Err(handshake(&error)),
    };
    let ended = end(&mut child).await;
    match listed {
        Ok(pages) => Ok(Answer {
            pages,
            noise: observed.noise(),
            protocol: agreed,
        }),
        Err(Refused::Other(message)) => Err(Refused::Other(match (observed.trouble(), ended) {
            (Some(trouble), _) => trouble,
            (None, Some(status)) => format!("{message} ({status})"),
            (None, None) => message,
        })),
        Err(handshake) => Err(handshake),
    }
}

fn start(server: &[OsString]) -> Result<(Child, Pipes, Observed), String> {
    let (program, arguments) = server.split_first().ok_or("there is no command")?;
    let mut command = Command::new(program);
    command.args(arguments).kill_on_drop(true);
    command.stdin(std::process::Stdio::piped());
    command.stdout(std::process::Stdio::piped());
    let cannot = |error| format!("cannot be started: {}", input::plain(&error));
    let mut child = command.spawn().map_err(cannot)?;
    let pipes = child.stdin.take().zip(child.stdout.take());
    let (to_server, from_server) = pipes.ok_or("cannot be started: it has no pipes")?;
    let observed = Observed::default();
    let transport = Pipes::new(to_server, from_server, observed.clone());
    Ok((child, transport, observed))
}

/// Waits for the end of a server whose input is closed; how it ended, unless it
/// had to be killed.
async fn end(child: &mut Child) -> Option<std::process::ExitStatus> {
    match timeout(TO_END, child.wait()).await {
        Ok(status) => status.ok(),
        Err(_) => {
            let _ = child.kill().await;
            None
        }
    }
}

fn handshake(error: &ClientInitializeError) -> Refused {
    match error {
        ClientInitializeError::JsonRpcError(error) => {
            // Servers of either era refuse the other handshake with many codes.
            Refused::Handshake(format!(
                "the server refuses the handshake: {}",
                error.message
            ))
        }
        ClientInitializeError::ConnectionClosed(_)
        | ClientInitializeError::TransportError { .. } => {
            Refused::Other("the server has ended before the handshake was done".to_owned())
        }
        other => Refused::Other(format!("the handshake failed: {other}")),
    }
}

/// All pages of a list that does not change while it is read.
async fn list(
    peer: &Peer<RoleClient>,
    observed: &Observed,
    changed: &AtomicBool,
) -> Result<Pages, String> {
    for _ in 0..MOST_CHANGES {
        changed.store(false, Ordering::Relaxed);
        let mut pages = Pages::default();
        let mut cursor = None;
        loop {
            let page = page(peer, observed, cursor).await?;
            cursor = pages.add(&page)?;
            if cursor.is_none() {
                break;
            }
        }
        if !changed.load(Ordering::Relaxed) {
            return Ok(pages);
        }
    }
    Err("the server's list of tools has changed each time that it was read".to_owned())
}

/// One page as the server wrote it.
async fn page(
    peer: &Peer<RoleClient>,
    observed: &Observed,
    cursor: Option<String>,
) -> Result<String, String> {
    let params = PaginatedRequestParams::default().with_cursor(cursor);
    let request = ClientRequest::ListToolsRequest(ListToolsRequest::with_param(params));
    let error = match peer.send_request(request).await {
        // The line itself is read, and not what the SDK parsed from it.
        Ok(_) => match observed.answer() {
            Some(line) => return Ok(line),
            None => "the answer to tools/list is lost".to_owned(),
        },
        Err(ServiceError::McpError(error)) => {
            format!(
                "the server answers tools/list with an error: {}",
                error.message
            )
        }
        Err(ServiceError::TransportClosed | ServiceError::TransportSend(_)) => {
            "the server has ended before it had listed its tools".to_owned()
        }
        Err(other) => format!("the server's tools cannot be requested: {other}"),
    };
    Err(error)
}

/// A client that declares every capability: some servers list a tool only to
/// clients that have the capability for it, and a policy has to decide that
/// tool too. What a server then requests is declined.
fn client(changed: &Arc<AtomicBool>) -> Client {
    let all = json!({
        "roots": { "listChanged": true },
        "sampling": {},
        "elicitation": { "form": {}, "url": {} },
    });
    // The types are the SDK's own, so this always fits.
    let capabilities = serde_json::from_value(all).unwrap_or_default();
    let this = Implementation::new("mcppolicy", env!("CARGO_PKG_VERSION"));
    Client {
        config: ClientConfig::new(capabilities, this)
            .with_protocol_version(ProtocolVersion::LATEST_WITH_INITIALIZE),
        changed: Arc::clone(changed),
    }
}

struct Client {
    config: ClientConfig,
    /// Whether the server has notified of a change of its list.
    changed: Arc<AtomicBool>,
}

impl ClientHandler for Client {
    fn get_info(&self) -> ClientConfig {
        self.config.clone()
    }

    async fn on_tool_list_changed(&self, _: NotificationContext<RoleClient>) {
        self.changed.store(true, Ordering::Relaxed);
    }
}
