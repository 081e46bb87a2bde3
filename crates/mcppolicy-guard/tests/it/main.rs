//! What holds for every message, tried with written and with random ones.

#![allow(
    missing_docs,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test stops where it fails, and shows what it has counted"
)]

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use mcppolicy_engine::engine::{Engine, MemoryStore};
use mcppolicy_engine::policy::Policy;
use mcppolicy_engine::time::Time;

use mcppolicy_guard::{
    Attached, FromClient, FromServer, Guard, Headers, Journal, Ordered, Session, Settings,
};

mod closure;
mod corpus;
mod failing;
mod headers;
mod lists;
mod random;
mod readers;
mod smuggling;
mod stopped;

/// A log in memory.
#[derive(Debug, Default, Clone)]
struct Lines(Arc<Mutex<String>>);

impl Lines {
    fn text(&self) -> String {
        self.0.lock().unwrap().clone()
    }
}

impl Journal for Lines {
    type Error = Infallible;

    fn begin(&mut self, header: &str, _: &str) -> Result<(), Infallible> {
        self.append(header)
    }

    fn append(&mut self, line: &str) -> Result<(), Infallible> {
        let mut text = self.0.lock().unwrap();
        text.push_str(line);
        text.push('\n');
        Ok(())
    }
}

type Store = Ordered<Arc<MemoryStore>>;

/// A guard, one client, and the log.
struct Desk {
    guard: Guard<Store, Lines>,
    session: Session<Store>,
    log: Lines,
    now: Time,
}

fn engine(policy: &str) -> Engine {
    Engine::new(&Policy::from_json(policy.as_bytes()).unwrap())
}

fn digest() -> String {
    "0".repeat(64)
}

impl Desk {
    fn new(policy: &str) -> Desk {
        Desk::with(policy, Settings::default())
    }

    fn with(policy: &str, settings: Settings) -> Desk {
        let log = Lines::default();
        let store = Ordered(Arc::new(MemoryStore::new()));
        let attached = Attached::new(engine(policy), digest());
        let guard = Guard::new(attached, store, log.clone(), settings).unwrap();
        Desk {
            guard,
            session: Session::new("agent"),
            log,
            now: Time::new(1_800_000_000, 0),
        }
    }

    fn client<'m>(&mut self, line: &'m [u8]) -> FromClient<'m> {
        self.guard.client_line(&mut self.session, line, self.now)
    }

    fn body<'m>(&mut self, headers: &Headers<'_>, body: &'m [u8]) -> FromClient<'m> {
        self.guard
            .client_body(&mut self.session, headers, body, self.now)
    }

    fn server<'m>(&mut self, line: &'m [u8]) -> FromServer<'m> {
        self.guard.server_line(&mut self.session, line, self.now)
    }

    /// What a client's line becomes, as a text that begins with `forward`,
    /// `answer` or `drop`.
    fn becomes(&mut self, line: &str) -> String {
        match self.client(line.as_bytes()) {
            FromClient::Forward(bytes) => format!("forward {}", String::from_utf8_lossy(&bytes)),
            FromClient::Answer { line, .. } => {
                format!("answer {}", String::from_utf8_lossy(&line))
            }
            FromClient::Drop => "drop".to_owned(),
        }
    }

    /// What the client gets of a server's line.
    fn shows(&mut self, line: &str) -> Option<String> {
        match self.server(line.as_bytes()) {
            FromServer::Forward(bytes) => Some(String::from_utf8(bytes.into_owned()).unwrap()),
            FromServer::NoMessage => None,
        }
    }
}

/// A call as clients write it.
fn call(id: u64, tool: &str, arguments: &str) -> String {
    format!(
        "{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"tools/call\",\"params\":{{\"name\":\"{tool}\",\"arguments\":{arguments}}}}}\n"
    )
}

/// How many random cases a campaign has: `name` in the environment, else
/// `usual`.
fn cases(name: &str, usual: u64) -> u64 {
    let set = std::env::var(name).ok();
    set.map_or(usual, |number| number.parse().unwrap())
}
