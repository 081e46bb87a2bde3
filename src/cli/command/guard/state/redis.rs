//! Counters in Redis or Valkey, which processes on several machines share.
//!
//! One key for each grant holds its ledger and the ledger's version. A script, which
//! the server runs as one, replaces the ledger if it still has the version that was
//! decided from; what a limit is, no script knows. The first try is made from the
//! ledger that was seen last, so that it takes one round trip.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use redis::{Client, Connection, RedisError, Script};

use mcppolicy_analysis::report::Failure;
use mcppolicy_engine::engine::{Ledger, Store};
use mcppolicy_engine::time::{Time, TimeDelta};

/// How long the server may take to answer.
const WAIT: Duration = Duration::from_secs(1);

/// How long calls are refused at once, after the server has failed: each would wait.
const PAUSE: Duration = Duration::from_millis(500);

/// How long a ledger is decided from again because another process was faster. Each
/// time some process has succeeded, so this ends only for who is unlucky very often.
const CONTENTION: Duration = Duration::from_secs(2);

/// How long a process waits at the most before it tries again, at first and in the end:
/// without that, many that count for one grant keep each other from it.
const PAUSES: [Duration; 2] = [Duration::from_micros(100), Duration::from_millis(10)];

/// The most ledgers that are remembered.
const MOST: usize = 10_000;

/// Replaces a ledger that has still the version ARGV[1] by ARGV[3], of the version
/// ARGV[2]; else says what is there. A ledger is kept for two days: the longest
/// window is one.
const SWAP: &str = r"
local clock = redis.call('TIME')
local held = redis.call('HMGET', KEYS[1], 'version', 'ledger')
local version = held[1] or '0'
if ARGV[1] ~= version then return {0, clock[1], clock[2], version, held[2] or ''} end
redis.call('HSET', KEYS[1], 'version', ARGV[2], 'ledger', ARGV[3])
redis.call('EXPIRE', KEYS[1], 172800)
return {1, clock[1], clock[2], ARGV[2], ''}
";

/// Ledgers in a server.
pub(in crate::cli::command::guard) struct RedisStore {
    client: Client,
    script: Script,
    inner: Mutex<Inner>,
}

impl std::fmt::Debug for RedisStore {
    // A URL may have a password in it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RedisStore")
    }
}

#[derive(Default)]
struct Inner {
    connection: Option<Connection>,
    /// The store's clock less that of this machine, when it was last heard.
    ahead: TimeDelta,
    seen: HashMap<String, Seen>,
    /// Until when nothing is asked.
    paused: Option<Instant>,
}

/// The newest ledger of a grant that is known here.
#[derive(Debug, Clone, Default)]
struct Seen {
    version: u64,
    ledger: Ledger,
    /// The version that the store has.
    at_store: u64,
}

/// What the script answers: whether the ledger was replaced, the store's clock in
/// seconds and microseconds, the version, and the ledger where it was not replaced.
type Answer = (u8, i64, u32, u64, String);

impl RedisStore {
    /// Connects to the server at a URL.
    ///
    /// # Errors
    /// A URL that is none, or a server that does not answer.
    pub fn open(url: &str) -> Result<RedisStore, Failure> {
        let failure = |error: &RedisError| Failure {
            // A URL may have a password in it.
            input: "the store of --state".to_owned(),
            message: said(error),
        };
        let client = Client::open(url).map_err(|error| failure(&error))?;
        let connection = connect(&client).map_err(|error| failure(&error))?;
        Ok(RedisStore {
            client,
            script: Script::new(SWAP),
            inner: Mutex::new(Inner {
                connection: Some(connection),
                ..Inner::default()
            }),
        })
    }

    /// Runs the script; after an error, the connection is another one.
    fn run(
        &self,
        inner: &mut Inner,
        grant: &str,
        (from, to, ledger): (&str, &str, &str),
        now: Time,
    ) -> Result<Answer, String> {
        if inner.paused.is_some_and(|until| Instant::now() < until) {
            return Err("the store has not answered just before".to_owned());
        }
        let answer = match inner.connection.take() {
            Some(connection) => Ok(connection),
            None => connect(&self.client),
        }
        .and_then(|mut connection| {
            let mut swap = self.script.key(format!("mcppolicy:ledger:{grant}"));
            let answer = swap.arg(from).arg(to).arg(ledger).invoke(&mut connection)?;
            Ok((connection, answer))
        });
        match answer {
            Ok((connection, answer)) => {
                let (_, seconds, micros, ..): &Answer = &answer;
                let clock = Time::new(*seconds, micros.saturating_mul(1_000));
                inner.ahead = TimeDelta::nanos(clock.as_nanos() - now.as_nanos());
                inner.connection = Some(connection);
                inner.paused = None;
                Ok(answer)
            }
            Err(error) => {
                inner.paused = Some(Instant::now() + PAUSE);
                Err(said(&error))
            }
        }
    }
}

impl Store for RedisStore {
    type Error = String;

    fn update(
        &self,
        grant: &str,
        now: Time,
        change: &mut dyn FnMut(&mut Ledger, Time),
    ) -> Result<(), String> {
        let inner = &mut *self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if inner.seen.len() > MOST {
            inner.seen.clear();
        }
        if !inner.seen.contains_key(grant) {
            // No ledger has this version, so that the answer says what is there.
            let answer = self.run(inner, grant, ("", "", ""), now)?;
            let first = Seen::default().with(answer)?;
            inner.seen.insert(grant.to_owned(), first);
        }
        let begun = Instant::now();
        let [mut pause, longest] = PAUSES;
        loop {
            let seen = inner.seen.get(grant).cloned().unwrap_or_default();
            let mut ledger = seen.ledger.clone();
            change(&mut ledger, now.plus(inner.ahead));
            let text = serde_json::to_string(&ledger).map_err(|error| error.to_string())?;
            let version = seen.version.max(seen.at_store) + 1;
            let (from, to) = (seen.at_store.to_string(), version.to_string());
            let answer = self.run(inner, grant, (&from, &to, &text), now)?;
            let is_kept = answer.0 == 1;
            let newest = match is_kept {
                true => Seen {
                    version,
                    ledger,
                    at_store: version,
                },
                false => seen.with(answer)?,
            };
            inner.seen.insert(grant.to_owned(), newest);
            if is_kept {
                return Ok(());
            }
            if begun.elapsed() > CONTENTION {
                let seconds = CONTENTION.as_secs();
                return Err(format!("other processes were faster for {seconds} seconds"));
            }
            std::thread::sleep(pause.mul_f64(random()));
            pause = longest.min(pause * 2);
        }
    }
}

impl Seen {
    /// What is known once the store has said what it has. One that has lost what it
    /// had kept, because it was emptied or replaced by an older copy, is not
    /// believed: what was counted stays counted.
    fn with(self, (_, _, _, version, text): Answer) -> Result<Seen, String> {
        if version < self.version {
            return Ok(Seen {
                at_store: version,
                ..self
            });
        }
        let ledger = match text.as_str() {
            "" => Ledger::default(),
            text => serde_json::from_str(text).map_err(|error| error.to_string())?,
        };
        Ok(Seen {
            version,
            ledger,
            at_store: version,
        })
    }
}

/// A number from 0 to 1, another one in each process.
fn random() -> f64 {
    let mut bytes = [0; 2];
    // Without randomness, each waits as long as it may.
    match getrandom::fill(&mut bytes) {
        Ok(()) => f64::from(u16::from_le_bytes(bytes)) / f64::from(u16::MAX),
        Err(_) => 1.0,
    }
}

fn connect(client: &Client) -> Result<Connection, RedisError> {
    let connection = client.get_connection_with_timeout(WAIT)?;
    connection.set_read_timeout(Some(WAIT))?;
    connection.set_write_timeout(Some(WAIT))?;
    Ok(connection)
}

/// An error without what a server may repeat of a request.
fn said(error: &RedisError) -> String {
    format!("does not keep counters: {}", error.category())
}
