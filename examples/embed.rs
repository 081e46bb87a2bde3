//! How a gateway embeds the engine: compile a policy once, decide every call
//! before it is forwarded, and give quota back when the server answers with a
//! JSON-RPC error.

use std::error::Error;

use mcppolicy_engine::engine::{Call, Counters, Decision, Engine};
use mcppolicy_engine::policy::Policy;
use mcppolicy_engine::time::{Span, Time};
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

/// What the gateway does with each call of one agent.
pub fn session() -> Result<Vec<String>, Box<dyn Error>> {
    let policy = Policy::from_json(POLICY.as_bytes())?;
    let engine = Engine::new(&policy); // Send + Sync: one for all connections
    let mut counters = Counters::new(Span::seconds(0)); // calls come in order
    let mut log = Vec::new();
    for (tool, arguments, answered_with_error) in [
        ("refund", r#"{"amount": 20}"#, false),
        ("refund", r#"{"amount": 900}"#, false),
        ("refund", r#"{"amount": 30}"#, true),
        ("refund", r#"{"amount": 30}"#, false),
        ("refund", r#"{"amount": 40}"#, false),
        ("delete_account", r#"{}"#, false),
    ] {
        let arguments = Value::from(serde_json::from_str::<serde_json::Value>(arguments)?);
        let now = Time::parse("2026-11-20T10:00:07Z")?; // the gateway's clock
        let call = Call::new("agent-7", tool, &arguments, now);
        let outcome = engine.decide(&call, &mut counters);
        log.push(match &outcome.decision {
            Decision::Deny(denial) => {
                format!(
                    "[POLICY DENIED] {}",
                    denial.message.as_deref().unwrap_or_default()
                )
            }
            _ => format!("forwarded {tool}"),
        });
        if answered_with_error {
            engine.release(&outcome.reservation, now, &mut counters);
        }
    }
    Ok(log)
}

#[expect(clippy::print_stdout, reason = "an example shows what it does")]
fn main() -> Result<(), Box<dyn Error>> {
    for line in session()? {
        println!("{line}");
    }
    Ok(())
}
