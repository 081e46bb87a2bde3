//! The tap on a server of the network: it listens on this machine, passes each
//! request on to the server and each answer back, and records the messages in
//! them just before they pass.
//!
//! Bodies are passed byte for byte, and events as they come. What belongs to one
//! connection (its framing, the host's name, compression) is not passed on: the
//! tap asks for answers that are not compressed, or it could not read them.

mod messages;
mod pass;

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;

use super::recorder::{Existing, Recorder};
use crate::cli::support::http::listen::{Closed, ENDING, first_of, serve};
use crate::cli::support::http::{Upstream, is_loopback};
use crate::cli::support::input;
use crate::cli::support::output::complain;
use crate::cli::support::place::Place;
use mcppolicy_analysis::report::{Exit, Failure};
use messages::Messages;
use pass::Tapped;

/// Records what passes between clients on this machine and a server, until a
/// signal ends it.
///
/// # Errors
/// A trace that cannot be opened, or an address that cannot be listened on.
pub(super) fn run(
    output: &Place,
    existing: Existing,
    listen: SocketAddr,
    upstream: Upstream,
) -> Result<u8, Failure> {
    let failure = |message: String| Failure {
        input: listen.to_string(),
        message,
    };
    if !is_loopback(&listen.ip().to_string()) {
        return Err(failure(
            "is not an address of this machine alone: whoever reaches it would use the server \
             with your credentials"
                .to_owned(),
        ));
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|error| failure(input::plain(&error)))?;
    runtime
        .block_on(async {
            let listener = TcpListener::bind(listen).await;
            let bound = listener.and_then(|listener| Ok((listener.local_addr()?, listener)));
            let (address, listener) = bound.map_err(|error| {
                failure(format!("cannot be listened on: {}", input::plain(&error)))
            })?;
            let recorder = Recorder::open(output, existing)?;
            let end = first_of(&ENDING).map_err(|error| failure(input::plain(&error)))?;
            complain(&format!(
                "listening on http://{address}{} for {}",
                upstream.path(),
                upstream.shown()
            ));
            let tapped = Arc::new(Tapped::new(upstream, address, Messages::new(recorder)));
            let passing = Arc::clone(&tapped);
            // A client may close its side once it has asked.
            serve(&listener, Closed::MayWait, end, move |request| {
                let tapped = Arc::clone(&passing);
                async move { tapped.pass(request).await }
            })
            .await;
            Ok(tapped.finish())
        })
        .map(|is_whole| match is_whole {
            true => Exit::Clean.code(),
            false => Exit::CouldNotRun.code(),
        })
}
