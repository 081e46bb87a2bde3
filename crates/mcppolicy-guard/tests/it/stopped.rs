//! A guard that is stopped at any of its writes, before it or after it: what was
//! forwarded is in the log and counted, and the next guard goes on from there.

use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex};

use mcppolicy_engine::engine::{Ledger, MemoryStore, Store};
use mcppolicy_engine::time::Time;

use super::closure::prefix_closes;
use super::{Lines, call, digest, engine};
use mcppolicy_guard::{Attached, FromClient, Guard, Journal, Ordered, Session, Settings};

const POLICY: &str = r#"{"version":"1","default":"deny","tools":{"free":{},
    "counted":{"limits":[{"counter":"c","window":"day","max":3,"scope":"grant"}]}}}"#;

/// Stops everything at one write, which has happened or has not.
#[derive(Debug, Clone)]
struct Fuse {
    left: Arc<Mutex<usize>>,
    after: bool,
}

impl Fuse {
    fn write<T>(&self, write: impl FnOnce() -> T) -> T {
        let is_now = {
            let mut left = self.left.lock().unwrap();
            let is_now = *left == 0;
            *left = left.wrapping_sub(1);
            is_now
        };
        if is_now && !self.after {
            resume_unwind(Box::new(()));
        }
        let done = write();
        if is_now {
            resume_unwind(Box::new(()));
        }
        done
    }
}

#[derive(Debug, Clone)]
struct Stopping<T> {
    inner: T,
    fuse: Fuse,
}

impl Store for Stopping<Arc<MemoryStore>> {
    type Error = Infallible;

    fn update(
        &self,
        grant: &str,
        now: Time,
        change: &mut dyn FnMut(&mut Ledger, Time),
    ) -> Result<(), Infallible> {
        self.fuse.write(|| self.inner.update(grant, now, change))
    }
}

impl Journal for Stopping<Lines> {
    type Error = Infallible;

    fn begin(&mut self, header: &str, policy: &str) -> Result<(), Infallible> {
        match self.inner.text().is_empty() {
            true => self.inner.begin(header, policy),
            false => Ok(()),
        }
    }

    fn append(&mut self, line: &str) -> Result<(), Infallible> {
        let fuse = self.fuse.clone();
        fuse.write(|| self.inner.append(line))
    }
}

/// Sends calls through a guard until it is stopped; how many counted ones were
/// forwarded. Every second call is answered, every fourth with an error.
fn play(store: &Arc<MemoryStore>, log: &Lines, fuse: &Fuse, from: i64) -> (usize, bool) {
    let mut forwarded = 0;
    let mut given_back = 0;
    let attached = Attached::new(engine(POLICY), digest());
    let ended = catch_unwind(AssertUnwindSafe(|| {
        let inner = Arc::clone(store);
        let store = Stopping {
            inner,
            fuse: fuse.clone(),
        };
        let journal = Stopping {
            inner: log.clone(),
            fuse: fuse.clone(),
        };
        let mut guard = Guard::new(attached, Ordered(store), journal, Settings::default()).unwrap();
        let mut session = Session::new("agent");
        for id in 0..8 {
            let now = Time::new(1_800_000_000 + from + i64::from(id), 0);
            let tool = if id % 3 == 2 { "free" } else { "counted" };
            let line = call(u64::from(id as u32), tool, "{}");
            let action = guard.client_line(&mut session, line.as_bytes(), now);
            let FromClient::Forward(_) = action else {
                continue;
            };
            forwarded += usize::from(tool == "counted");
            let kind = if id % 4 == 0 { "error" } else { "result" };
            if id % 2 == 0 {
                let answer = format!("{{\"id\":{id},\"{kind}\":{{}}}}\n");
                given_back += usize::from(tool == "counted" && kind == "error");
                let _ = guard.server_line(&mut session, answer.as_bytes(), now);
            }
        }
        guard.end(&mut session, Time::new(1_800_000_100 + from, 0));
    }));
    (forwarded - given_back, ended.is_ok())
}

#[test]
fn a_guard_stopped_at_any_write_has_logged_and_counted_what_it_forwarded() {
    let policy = engine(POLICY);
    for after in [false, true] {
        let mut is_whole = false;
        let mut at = 0;
        while !is_whole {
            let store = Arc::new(MemoryStore::new());
            let log = Lines::default();
            let fuse = Fuse {
                left: Arc::new(Mutex::new(at)),
                after,
            };
            let (first, ended) = play(&store, &log, &fuse, 0);
            is_whole = ended;
            // The last line of a log that is stopped is whole or not there.
            prefix_closes(&policy, &log.text());
            let never = Fuse {
                left: Arc::new(Mutex::new(usize::MAX)),
                after,
            };
            let (second, ended) = play(&store, &log, &never, 200);
            assert!(ended);
            prefix_closes(&policy, &log.text());
            assert!(
                first + second <= 3,
                "write {at}: {first} and {second}\n{}",
                log.text()
            );
            let allowed = log.text().matches("\"tool\":\"counted\"").count();
            assert!(allowed >= first + second);
            at += 1;
        }
        assert!(at > 20, "{at}");
    }
}
