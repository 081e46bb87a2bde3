//! Counters in a file, which processes on one machine share.
//!
//! SQLite keeps one row for each grant: its ledger, as JSON. An update is one
//! transaction that holds the file's only lock for writing, so that no other
//! process reads a ledger that is about to change.

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension, TransactionBehavior};

use crate::cli::support::files::{self, Access};
use crate::cli::support::input;
use crate::cli::support::traces::failure;
use mcppolicy_analysis::report::Failure;
use mcppolicy_engine::engine::{Ledger, Store};
use mcppolicy_engine::time::Time;

/// What says that a file is one of these: "mcpg".
const APPLICATION: i32 = 0x6D63_7067;

/// The version of the table.
const VERSION: i32 = 1;

/// How long one process waits for the others.
const WAIT: Duration = Duration::from_secs(5);

/// Ledgers in a file.
#[derive(Debug)]
pub(in crate::cli::command::guard) struct FileStore {
    connection: Mutex<Connection>,
}

impl FileStore {
    /// Opens a file of counters, or begins one that its owner alone can read.
    ///
    /// # Errors
    /// A file that holds something else, or that cannot be opened.
    pub fn open(path: &Path) -> Result<FileStore, Failure> {
        let refused = |message: String| Failure {
            input: input::display_name(path),
            message,
        };
        let created = files::append(path, Access::Private, true);
        let data = created
            .and_then(|file| file.metadata())
            .map_err(|error| failure(path, &error))?;
        if !data.is_file() {
            return Err(refused("is no file".to_owned()));
        }
        let connection =
            connect(path).map_err(|error| refused(format!("cannot keep counters: {error}")))?;
        match connection {
            Some(connection) => Ok(FileStore {
                connection: Mutex::new(connection),
            }),
            None => Err(refused("holds something else than counters".to_owned())),
        }
    }
}

/// The connection to a file of counters; `None` when it holds something else.
fn connect(path: &Path) -> rusqlite::Result<Option<Connection>> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(WAIT)?;
    let number = |connection: &Connection, name: &str| -> rusqlite::Result<i32> {
        connection.pragma_query_value(None, name, |row| row.get(0))
    };
    // Nothing is changed in a file before it is known to be one of these.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let tables: i64 =
        transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let application = number(&transaction, "application_id")?;
    let version = number(&transaction, "user_version")?;
    match (tables, application, version) {
        (0, 0, 0) => {
            transaction.execute_batch(
                "CREATE TABLE ledger (caller TEXT NOT NULL PRIMARY KEY, held TEXT NOT NULL) STRICT",
            )?;
            transaction.pragma_update(None, "application_id", APPLICATION)?;
            transaction.pragma_update(None, "user_version", VERSION)?;
        }
        (_, APPLICATION, VERSION) => {}
        _ => return Ok(None),
    }
    transaction.commit()?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    Ok(Some(connection))
}

impl Store for FileStore {
    type Error = String;

    fn update(
        &self,
        grant: &str,
        now: Time,
        change: &mut dyn FnMut(&mut Ledger, Time),
    ) -> Result<(), String> {
        // A transaction that a panic ended has been taken back.
        let mut connection = self
            .connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let said = |error: rusqlite::Error| error.to_string();
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(said)?;
        let held: Option<String> = transaction
            .prepare_cached("SELECT held FROM ledger WHERE caller = ?1")
            .and_then(|mut select| select.query_row([grant], |row| row.get(0)).optional())
            .map_err(said)?;
        let mut ledger = match held {
            Some(held) => serde_json::from_str(&held).map_err(|error| error.to_string())?,
            None => Ledger::default(),
        };
        let before = ledger.clone();
        change(&mut ledger, now);
        if ledger != before {
            let held = serde_json::to_string(&ledger).map_err(|error| error.to_string())?;
            transaction
                .prepare_cached(
                    "INSERT INTO ledger VALUES (?1, ?2) \
                     ON CONFLICT (caller) DO UPDATE SET held = excluded.held",
                )
                .and_then(|mut insert| insert.execute([grant, &held]))
                .map_err(said)?;
        }
        transaction.commit().map_err(said)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::thread;

    use mcppolicy_engine::engine::{Call, Enforced, Engine, MemoryStore};
    use mcppolicy_engine::policy::Policy;
    use mcppolicy_engine::value::Value;

    use super::*;
    use crate::cli::support::files::{InputFile, Role};

    fn engine(max: u64) -> Engine {
        let policy = format!(
            r#"{{"version":"1","default":"deny","tools":{{"t":{{"limits":[
                {{"counter":"c","window":"hour","max":{max},"scope":"grant"}},
                {{"counter":"d","window":"day","max":{},"scope":"grant","increment_from":"args.n"}}]}}}}}}"#,
            max * 3
        );
        Engine::new(&Policy::from_json(policy.as_bytes()).unwrap())
    }

    fn directory(name: &str) -> std::path::PathBuf {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("target/tmp/guard-state")
            .join(name);
        let _ = std::fs::remove_dir_all(&dir);
        files::make_directory(&dir).unwrap();
        dir
    }

    #[test]
    fn a_file_decides_as_memory_does_and_survives() {
        let path = directory("survives").join("counters");
        let engine = engine(4);
        let memory = MemoryStore::new();
        let mut file = FileStore::open(&path).unwrap();
        let mut state = 7_u64;
        for step in 0..600_i64 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let pick = |from: u64| state >> 33 & (from - 1);
            let amount = Value::from(serde_json::json!({"n": pick(4)}));
            let grant = ["a", "b"][pick(2) as usize];
            let time = Time::new(step * 97 - pick(8) as i64 * 40, 0);
            let call = Call::new(grant, "t", &amount, time);
            let by_file = engine.enforce_and_show(&call, &file).unwrap();
            let by_memory = engine.enforce_and_show(&call, &memory).unwrap();
            assert_eq!(by_file.1, by_memory.1, "{step}");
            match (by_file.0, by_memory.0) {
                (Enforced::Allowed(one), Enforced::Allowed(other)) => {
                    if pick(16) < 4 {
                        one.release(time).unwrap();
                        other.release(time).unwrap();
                    }
                }
                (Enforced::Denied(one), Enforced::Denied(other)) => assert_eq!(one, other),
                _ => panic!("{step}: decided differently"),
            }
            if step % 50 == 0 {
                drop(file);
                file = FileStore::open(&path).unwrap();
            }
        }
    }

    #[test]
    fn of_many_calls_at_once_exactly_as_many_pass_as_the_limit_has() {
        let path = directory("at-once").join("counters");
        let engine = Arc::new(engine(100));
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let (engine, path) = (Arc::clone(&engine), path.clone());
                thread::spawn(move || {
                    let store = FileStore::open(&path).unwrap();
                    let one = Value::from(serde_json::json!({"n": 1}));
                    let passes = |second: i64| {
                        let call = Call::new("a", "t", &one, Time::new(second, 0));
                        engine.enforce(&call, &store).unwrap().is_allowed()
                    };
                    (0..250).filter(|second| passes(*second)).count()
                })
            })
            .collect();
        let passed: usize = threads.into_iter().map(|one| one.join().unwrap()).sum();
        assert_eq!(passed, 100);
    }

    #[test]
    fn a_file_of_something_else_is_refused_and_stays_as_it_is() {
        let dir = directory("other");
        let text = dir.join("text");
        let content = b"not a database";
        files::replace(&text, content).unwrap();
        assert!(FileStore::open(&text).is_err());
        let read = InputFile::of_person(&text).read(Role::Policy).unwrap();
        assert_eq!(read, content);
        let other = dir.join("other");
        let connection = Connection::open(&other).unwrap();
        connection.execute_batch("CREATE TABLE mine (a)").unwrap();
        drop(connection);
        assert!(FileStore::open(&other).is_err());
        assert!(FileStore::open(&dir).is_err());
    }

    #[test]
    fn a_ledger_that_cannot_be_read_refuses_the_call() {
        let path = directory("spoiled").join("counters");
        let store = FileStore::open(&path).unwrap();
        let engine = engine(9);
        let one = Value::from(serde_json::json!({"n": 1}));
        let call = Call::new("a", "t", &one, Time::new(0, 0));
        assert!(engine.enforce(&call, &store).unwrap().is_allowed());
        let other = Connection::open(&path).unwrap();
        other.execute("UPDATE ledger SET held = '{}'", []).unwrap();
        assert!(engine.enforce(&call, &store).is_err());
    }
}
