//! Stores and logs that fail: nothing passes on their account.

use std::sync::Arc;

use mcppolicy_engine::engine::{Ledger, MemoryStore, Store};
use mcppolicy_engine::time::Time;

use super::{call, digest, engine};
use mcppolicy_guard::{Attached, FromClient, Guard, Journal, NoLog, Session, Settings};

const POLICY: &str = r#"{"version":"1","default":"deny","tools":{"free":{},
    "counted":{"limits":[{"counter":"c","window":"day","max":2,"scope":"grant"}]}}}"#;

/// A store that does not answer, or that says it has kept what it has not.
#[derive(Debug, Clone, Copy)]
struct Broken {
    lies: bool,
}

impl Store for Broken {
    type Error = &'static str;

    fn update(
        &self,
        _: &str,
        _: Time,
        _: &mut dyn FnMut(&mut Ledger, Time),
    ) -> Result<(), &'static str> {
        if self.lies { Ok(()) } else { Err("no answer") }
    }
}

fn said(action: FromClient<'_>) -> String {
    match action {
        FromClient::Forward(_) => "forward".to_owned(),
        FromClient::Answer { line, .. } => String::from_utf8(line).unwrap(),
        FromClient::Drop => "drop".to_owned(),
    }
}

#[test]
fn a_store_that_fails_refuses_counted_calls_and_claims_no_policy() {
    for lies in [false, true] {
        let attached = Attached::new(engine(POLICY), digest());
        let store = Broken { lies };
        let mut guard = Guard::new(attached, store, NoLog, Settings::default()).unwrap();
        let mut session = Session::new("a");
        let now = Time::new(0, 0);
        let line = call(1, "counted", "{}");
        let refused = said(guard.client_line(&mut session, line.as_bytes(), now));
        assert!(
            refused.contains("-32603") && !refused.contains("POLICY DENIED"),
            "{refused}"
        );
        // Its id is free again, and calls that no limit counts go on.
        let line = call(1, "free", "{}");
        assert_eq!(
            said(guard.client_line(&mut session, line.as_bytes(), now)),
            "forward"
        );
    }
}

/// A log that takes so many lines.
#[derive(Debug)]
struct Full {
    left: usize,
}

impl Journal for Full {
    type Error = ();

    fn begin(&mut self, _: &str, _: &str) -> Result<(), ()> {
        Ok(())
    }

    fn append(&mut self, _: &str) -> Result<(), ()> {
        self.left = self.left.checked_sub(1).ok_or(())?;
        Ok(())
    }
}

#[test]
fn a_log_that_cannot_be_written_refuses_and_consumes_nothing() {
    let store = Arc::new(MemoryStore::new());
    let attached = || Attached::new(engine(POLICY), digest());
    let settings = Settings::default();
    let mut session = Session::new("a");
    let now = Time::new(0, 0);
    let mut guard = Guard::new(attached(), Arc::clone(&store), Full { left: 1 }, settings).unwrap();
    let mut sends = |id, tool| {
        let line = call(id, tool, "{}");
        said(guard.client_line(&mut session, line.as_bytes(), now))
    };
    assert_eq!(sends(1, "counted"), "forward");
    for (id, tool) in [(2, "counted"), (3, "free"), (4, "unlisted")] {
        let refused = sends(id, tool);
        assert!(refused.contains("-32603"), "{tool}: {refused}");
    }
    // Of the two calls that the day admits, one is left.
    let mut guard = Guard::new(attached(), store, Full { left: 9 }, settings).unwrap();
    let mut session = Session::new("a");
    let mut sends = |id| {
        let line = call(id, "counted", "{}");
        said(guard.client_line(&mut session, line.as_bytes(), now))
    };
    assert_eq!(sends(1), "forward");
    assert!(sends(2).contains("[POLICY DENIED]"));
}
