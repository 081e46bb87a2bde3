//! How a gateway embeds the engine: compile a policy once, ask before each call
//! is forwarded, give quota back when the server answers with a JSON-RPC error,
//! and replace the policy without losing what was counted.

use std::collections::BTreeMap;
use std::error::Error;

use mcppolicy_engine::engine::{Arguments, Call, Enforced, Engine, Ledger, MemoryStore, Request};
use mcppolicy_engine::policy::Policy;
use mcppolicy_engine::time::Time;
use mcppolicy_engine::value::Value;

const POLICY: &str = r#"{
    "version": "1",
    "default": "deny",
    "tools": {
        "refund": {
            "deny_if": [{"conditions": [{"path": "args.amount", "op": "gt", "value": 500}]}],
            "limits": [{"counter": "refunds", "window": "minute", "max": 2, "scope": "grant"}]
        }
    }
}"#;

/// The policy after a change: another limit comes first, and `refunds` is now
/// three per minute. What was counted stays with the limit that counted it.
const CHANGED: &str = r#"{
    "version": "1",
    "default": "deny",
    "tools": {
        "refund": {
            "deny_if": [{"conditions": [{"path": "args.amount", "op": "gt", "value": 500}]}],
            "limits": [
                {"counter": "refunds_per_day", "window": "day", "max": 50, "scope": "grant"},
                {"counter": "refunds", "window": "minute", "max": 3, "scope": "grant"}
            ]
        }
    }
}"#;

/// A gateway: the policy in force, and what each agent has consumed.
struct Gateway {
    engine: Engine,     // `Send + Sync`: one for all connections
    store: MemoryStore, // or your own `Store`, over a database
    log: Vec<String>,
}

impl Gateway {
    /// Replaces the policy. An invalid one is refused, and the old one stays.
    fn reload(&mut self, policy: &str) -> Result<(), Box<dyn Error>> {
        self.engine = Engine::new(&Policy::from_json(policy.as_bytes())?);
        Ok(())
    }

    /// What happens to one call. Whatever is not allowed is not forwarded; an
    /// error of the store leaves this function before the call is forwarded.
    fn call(&mut self, call: &Call<'_>, server: Server) -> Result<(), Box<dyn Error>> {
        match self.engine.enforce(call, &self.store)? {
            Enforced::Denied(denial) => self.log.push(denial.to_agent()),
            Enforced::Allowed(permit) => {
                self.log.push("forwarded".to_owned());
                if let Server::AnswersWithError = server {
                    let now = call.time.ok_or("a gateway has a clock")?;
                    permit.release(now)?;
                }
            }
        }
        Ok(())
    }
}

/// What the server will answer.
#[derive(Clone, Copy)]
enum Server {
    AnswersWithResult,
    AnswersWithError,
}

/// One agent's calls, and what the gateway did with each.
pub fn session() -> Result<Vec<String>, Box<dyn Error>> {
    let mut gateway = Gateway {
        engine: Engine::new(&Policy::from_json(POLICY.as_bytes())?),
        store: MemoryStore::new(),
        log: Vec::new(),
    };
    let now = Time::parse("2026-11-20T10:00:07Z")?; // the gateway's clock
    // Arguments that the gateway could not read leave the rules open: denied.
    let unread = Call {
        grant: Some("agent-7"),
        request: Request::Tool {
            name: Some("refund"),
            arguments: Arguments::Unknown,
        },
        time: Some(now),
    };
    gateway.call(&unread, Server::AnswersWithResult)?;

    for (tool, arguments, server) in [
        ("refund", r#"{"amount": 20}"#, Server::AnswersWithResult),
        ("refund", r#"{"amount": 900}"#, Server::AnswersWithResult),
        ("refund", r#"{"amount": 30}"#, Server::AnswersWithError),
        ("refund", r#"{"amount": 30}"#, Server::AnswersWithResult),
        ("refund", r#"{"amount": 40}"#, Server::AnswersWithResult),
        ("delete_account", r#"{}"#, Server::AnswersWithResult),
    ] {
        let arguments: Value = serde_json::from_str(arguments)?;
        let call = Call::new("agent-7", tool, &arguments, now);
        gateway.call(&call, server)?;
    }

    // A restart: the ledgers are saved and loaded, here as JSON.
    let saved = serde_json::to_string(&gateway.store.ledgers())?;
    let loaded: BTreeMap<String, Ledger> = serde_json::from_str(&saved)?;
    gateway.store = MemoryStore::from(loaded);
    // A reload: two refunds of this minute were counted, so one is left.
    assert!(gateway.reload("{}").is_err());
    gateway.reload(CHANGED)?;
    let arguments: Value = serde_json::from_str(r#"{"amount": 50}"#)?;
    let call = Call::new("agent-7", "refund", &arguments, now);
    gateway.call(&call, Server::AnswersWithResult)?;
    gateway.call(&call, Server::AnswersWithResult)?;
    Ok(gateway.log)
}

#[expect(clippy::print_stdout, reason = "an example shows what it does")]
fn main() -> Result<(), Box<dyn Error>> {
    for line in session()? {
        println!("{line}");
    }
    Ok(())
}
