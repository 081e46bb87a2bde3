//! Clients and a server of the network: the guard listens, and passes what the
//! policy allows on to the server.
//!
//! A request is refused before its body is read when it comes from a foreign page,
//! under a foreign name, or without a token that is known. Headers pass by a list
//! of names, so that no credential of a client reaches the server.

mod answer;
mod events;
mod gate;
mod request;
mod sessions;
mod stream;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::mpsc;

use self::gate::Gate;
use self::request::Who;
use super::GuardArgs;
use super::desk::Desk;
use super::grants::{self, Grants};
use super::reload;
use crate::cli::support::http::callers::Callers;
use crate::cli::support::http::listen::{Closed, ENDING, first_of, serve};
use crate::cli::support::http::{Upstream, is_loopback};
use crate::cli::support::input;
use crate::cli::support::output::{complain, complain_of};
use crate::cli::support::place;
use mcppolicy_analysis::report::{Exit, Failure};

/// How long requests that wait for an answer have once a signal has come.
const DRAIN: Duration = Duration::from_secs(5);

/// Guards a server until a signal comes; the code is 0.
///
/// # Errors
/// What keeps it from being started.
pub(super) fn run(args: &GuardArgs, listen: SocketAddr, url: &str) -> Result<u8, Exit> {
    let said = |failure: Failure| {
        complain_of(&failure);
        Exit::CouldNotRun
    };
    let of_address = |message: String| Failure {
        input: listen.to_string(),
        message,
    };
    let upstream = Upstream::open(url, args.header_file.as_deref()).map_err(said)?;
    let who = who(args, listen).map_err(said)?;
    let server = place::spelled(upstream.host());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| said(of_address(input::plain(&error))))?;
    runtime.block_on(async {
        let listener = TcpListener::bind(listen).await;
        let bound = listener.and_then(|listener| Ok((listener.local_addr()?, listener)));
        let (address, listener) = bound.map_err(|error| {
            let message = format!("cannot be listened on: {}", input::plain(&error));
            said(of_address(message))
        })?;
        let end = end_of_it().map_err(|error| said(of_address(input::plain(&error))))?;
        let desk = Arc::new(Mutex::new(Desk::open(args, server)?));
        reload::watch(&desk, args);
        let hosts = args.allow_host.clone();
        let callers = Callers::new(address, hosts, args.allow_origin.clone());
        complain(&format!(
            "listening on http://{address}{} for {}",
            upstream.path(),
            upstream.shown()
        ));
        let (waiting, mut all_answered) = mpsc::channel(1);
        let gate = Arc::new(Gate::new(desk, upstream, callers, who, waiting));
        let serving = Arc::clone(&gate);
        // Who closes the connection has given up what it has asked for.
        serve(&listener, Closed::HasGone, end, move |request| {
            let gate = Arc::clone(&serving);
            async move { gate.pass(request).await }
        })
        .await;
        // Who connects now is refused, and does not wait for the end.
        drop(listener);
        gate.close();
        let _ = tokio::time::timeout(DRAIN, all_answered.recv()).await;
        Ok(match gate.end() {
            true => Exit::Clean.code(),
            false => Exit::CouldNotRun.code(),
        })
    })
}

/// Who may call.
fn who(args: &GuardArgs, listen: SocketAddr) -> Result<Who, Failure> {
    let refused = |message: &str| Failure {
        input: listen.to_string(),
        message: message.to_owned(),
    };
    let Some(path) = &args.grants else {
        if !args.allow_unauthenticated {
            return Err(refused(
                "needs to know who may call: --grants FILE, or --allow-unauthenticated",
            ));
        }
        if !is_loopback(&listen.ip().to_string()) {
            return Err(refused(
                "is not an address of this machine alone, and is for callers of --grants only",
            ));
        }
        return Ok(Who::Everyone(args.grant.clone()));
    };
    let bytes = grants::bytes(path)?;
    let grants = Grants::parse(&bytes).map_err(|message| Failure {
        input: input::display_name(path),
        message,
    })?;
    let grants = Arc::new(Mutex::new(grants));
    reload::watch_grants(&grants, path, &bytes);
    Ok(Who::Known(grants))
}

/// Becomes ready with a signal that ends the guard. A hangup does not: it is how a
/// program is told to read its files again, which the guard does by itself.
fn end_of_it() -> std::io::Result<tokio::sync::oneshot::Receiver<()>> {
    #[cfg(unix)]
    let ending: Vec<i32> = {
        use signal_hook::consts::SIGHUP;
        let hung_up = Arc::new(std::sync::atomic::AtomicBool::new(false));
        signal_hook::flag::register(SIGHUP, hung_up)?;
        ENDING
            .into_iter()
            .filter(|signal| *signal != SIGHUP)
            .collect()
    };
    #[cfg(not(unix))]
    let ending = ENDING;
    first_of(&ending)
}
