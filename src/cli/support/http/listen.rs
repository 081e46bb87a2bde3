//! A server for the programs of this machine: connections, and the signals that
//! end it.

use std::convert::Infallible;
use std::future::Future;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::Body;
use super::last::{ErrorLast, Sent, Watched};

/// How long a client may take to send the headers of a request.
const HEADERS_WITHIN: Duration = Duration::from_secs(30);

/// How long nothing is accepted after that has failed: files may be used up.
const AFTER_A_FAILURE: Duration = Duration::from_millis(50);

/// Whether a client that closes its side has gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Closed {
    /// It may have sent all that it wanted to, and waits for the answer.
    MayWait,
    /// It has gone, and nobody needs the answer.
    HasGone,
}

/// Serves connections until the signal comes.
pub(crate) async fn serve<S, F>(
    listener: &TcpListener,
    closed: Closed,
    mut end: oneshot::Receiver<()>,
    pass: S,
) where
    S: Fn(Request<Incoming>) -> F + Clone + Send + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = &mut end => return,
        };
        let Ok((stream, _)) = accepted else {
            // Too many open files, or a client that has gone already: the others
            // go on.
            tokio::time::sleep(AFTER_A_FAILURE).await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        let pass = pass.clone();
        tokio::spawn(async move {
            let sent = Sent::default();
            let connection = Watched::new(TokioIo::new(stream), sent.clone());
            let service = service_fn(move |request| {
                let answer = pass(request);
                let sent = sent.clone();
                async move {
                    let answer = answer.await.map(|body| ErrorLast::new(body, sent));
                    Ok::<_, Infallible>(answer)
                }
            });
            // What goes wrong on a connection ends it, as it would without a program
            // between.
            let _ = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEADERS_WITHIN)
                .half_close(closed == Closed::MayWait)
                .serve_connection(connection, service)
                .await;
        });
    }
}

/// Becomes ready with the first of these signals.
#[cfg(unix)]
pub(crate) fn first_of(signals: &[i32]) -> std::io::Result<oneshot::Receiver<()>> {
    let mut signals = signal_hook::iterator::Signals::new(signals)?;
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
pub(crate) fn first_of(_: &[i32]) -> std::io::Result<oneshot::Receiver<()>> {
    let (sender, end) = oneshot::channel();
    std::mem::forget(sender);
    Ok(end)
}

/// The signals that request a program to end.
#[cfg(unix)]
pub(crate) const ENDING: [i32; 4] = {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
    [SIGINT, SIGQUIT, SIGTERM, SIGHUP]
};

/// The signals that request a program to end.
#[cfg(not(unix))]
pub(crate) const ENDING: [i32; 0] = [];
