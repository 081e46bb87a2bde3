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

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::recorder::{Existing, Recorder};
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
            let end = end_signal().map_err(|error| failure(input::plain(&error)))?;
            complain(&format!(
                "listening on http://{address}{} for {}",
                upstream.path(),
                upstream.shown()
            ));
            let tapped = Arc::new(Tapped::new(upstream, address, Messages::new(recorder)));
            serve(&listener, &tapped, end).await;
            Ok(tapped.finish())
        })
        .map(|is_whole| match is_whole {
            true => Exit::Clean.code(),
            false => Exit::CouldNotRun.code(),
        })
}

/// Serves connections until the signal comes.
async fn serve(listener: &TcpListener, tapped: &Arc<Tapped>, mut end: oneshot::Receiver<()>) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = &mut end => return,
        };
        let Ok((stream, _)) = accepted else {
            // Too many open files, or a client that has gone already: the others
            // go on.
            tokio::task::yield_now().await;
            continue;
        };
        let tapped = Arc::clone(tapped);
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let tapped = Arc::clone(&tapped);
                async move { Ok::<_, std::convert::Infallible>(tapped.pass(request).await) }
            });
            // A client may close its side once it has asked. What goes wrong on a
            // connection ends it, as it would without the tap.
            let _ = http1::Builder::new()
                .half_close(true)
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

/// Becomes ready with the first signal that requests an end.
#[cfg(unix)]
fn end_signal() -> std::io::Result<oneshot::Receiver<()>> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};

    let mut signals = signal_hook::iterator::Signals::new([SIGHUP, SIGINT, SIGQUIT, SIGTERM])?;
    let (sender, end) = oneshot::channel();
    std::thread::spawn(move || {
        if signals.forever().next().is_some() {
            let _ = sender.send(());
        }
    });
    Ok(end)
}

/// Elsewhere the system ends the process; what has passed is written by then.
#[cfg(not(unix))]
fn end_signal() -> std::io::Result<oneshot::Receiver<()>> {
    let (sender, end) = oneshot::channel();
    std::mem::forget(sender);
    Ok(end)
}
