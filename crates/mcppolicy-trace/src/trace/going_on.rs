//! Calls that go on after their first answer, as protocol version 2026-07-28 and
//! its extensions have them: a server asks for input, upon which the client sends
//! the call again; a call becomes a task, whose result is fetched later.
//!
//! Rounds are linked by `requestState` and tasks by `taskId`, never by what they
//! look like. What is not in the log is not guessed.

use super::call::RecordedCall;
use super::collector::Collector;
use super::message::{self, Envelope};
use super::options::Assumed;
use super::response::Response;
use super::rounds::Asked;
use mcppolicy_engine::document::borrowed::Node;

/// What a further round is noted to be when it passes other arguments.
const CHANGED: &str = "a further round with other arguments than the one before";

/// What an answer to a call says of what comes of it.
enum Answer<'a> {
    /// This came of it.
    Final(Response),
    /// The server asks for input; the state is to come with the next round.
    InputRequired(Option<&'a str>),
    /// A task was begun; its result is fetched.
    Task(&'a str),
}

/// Reads an answer; `None` when it holds neither a result nor an error.
fn answer_in(node: Node<'_>) -> Option<Answer<'_>> {
    let response = message::response(node)?;
    let result = match response {
        Response::Result => node.get("result"),
        _ => None,
    };
    let member = |key: &str| result.and_then(|result| result.get(key));
    let task = match member("resultType").and_then(Node::as_str) {
        Some("input_required") => {
            let state = member("requestState").and_then(Node::as_str);
            return Some(Answer::InputRequired(state));
        }
        Some("task") => member("task").or(result),
        // Before 2026-07-28 there is no type.
        None => member("task"),
        Some(_) => None,
    };
    let id = task.and_then(|task| task.get("taskId"));
    Some(match id.and_then(Node::as_str) {
        Some(id) => Answer::Task(id),
        None => Answer::Final(response),
    })
}

/// Takes a call that is a further round of an earlier one, or carries what no
/// rule sees; notes on it what is odd.
pub(super) fn call(
    call: &mut RecordedCall,
    params: Option<Node<'_>>,
    envelope: &Envelope,
    collector: &mut Collector,
) {
    let member = |key: &str| params.and_then(|params| params.get(key));
    if member("inputResponses").is_some_and(|node| !node.is_null()) {
        collector.assume(Assumed::InputUnseen);
    }
    let Some(state) = member("requestState").and_then(Node::as_str) else {
        return;
    };
    let goes_on = collector.rounds.goes_on(&connection(envelope), state, call);
    collector.assume(match goes_on {
        None => Assumed::UnlinkedRound,
        Some(true) => Assumed::Rounds,
        Some(false) => {
            call.note = Some(CHANGED.to_owned());
            Assumed::ChangedRound
        }
    });
}

/// Takes a request or a notification of another method, which waits for its
/// answer under `key`: it may be about a task.
pub(super) fn other(
    method: &str,
    params: Option<Node<'_>>,
    key: Option<&str>,
    envelope: &Envelope,
    collector: &mut Collector,
) {
    let Some(params) = params.filter(|_| method.contains("tasks/") || method.ends_with("/tasks"))
    else {
        return;
    };
    let Some(task) = params.get("taskId").and_then(Node::as_str) else {
        return;
    };
    let task = task_key(envelope, task);
    match (method, key) {
        ("tasks/update", _) => collector.assume(Assumed::InputUnseen),
        ("tasks/result" | "tasks/get", Some(key)) => {
            let for_result = method == "tasks/result";
            collector.rounds.ask(key, Asked { task, for_result });
        }
        ("notifications/tasks" | "notifications/tasks/status", None) => {
            state_of_task(&task, params, envelope, collector);
        }
        _ => {}
    }
}

/// Takes the answer to the request of `key`; whether it is one, and whether
/// its request is in the log.
pub(super) fn answer(
    key: &str,
    node: Node<'_>,
    envelope: &Envelope,
    collector: &mut Collector,
) -> Option<bool> {
    let time = envelope.time;
    let answer = answer_in(node)?;
    if let Some(Asked { task, for_result }) = collector.rounds.asked(key) {
        match (answer, node.get("result")) {
            (Answer::Final(response), _) if for_result && !is_no_such_task(node) => {
                collector.answer(&task, Some(response), time);
            }
            (_, Some(result)) => state_of_task(&task, result, envelope, collector),
            _ => {}
        }
        return Some(collector.answer(key, None, time));
    }
    Some(match answer {
        Answer::Final(response) => collector.answer(key, Some(response), time),
        Answer::Task(task) => {
            let found = collector.answer_later(key, &task_key(envelope, task));
            if found {
                collector.assume(Assumed::Tasks);
            }
            found
        }
        Answer::InputRequired(state) => {
            if let Some(state) = state {
                collector.begin_round(key, &connection(envelope), state);
            }
            collector.answer(key, None, time)
        }
    })
}

fn connection(envelope: &Envelope) -> String {
    envelope.key(None, "")
}

/// The key under which the call of a task waits. No request has it: an id is a
/// number, or a string in quotes.
fn task_key(envelope: &Envelope, task: &str) -> String {
    envelope.key(None, &format!("task {task}"))
}

/// Takes what is said of a task: its result, once it has one.
fn state_of_task(task: &str, said: Node<'_>, envelope: &Envelope, collector: &mut Collector) {
    let said = said.get("task").unwrap_or(said);
    let has = |key: &str| said.get(key).is_some_and(Node::is_object);
    match said.get("status").and_then(Node::as_str) {
        // Before 2026-07-28 the result is asked for by `tasks/result`.
        Some("completed" | "failed") if has("result") || has("error") => {
            if let Some(response) = message::response(said) {
                collector.answer(task, Some(response), envelope.time);
            }
        }
        Some("cancelled") => {
            collector.answer(task, None, envelope.time);
        }
        _ => {}
    }
}

/// Whether an error says that there is no such task, and not what came of it.
fn is_no_such_task(node: Node<'_>) -> bool {
    let code = node.get("error").and_then(|error| error.get("code"));
    code.and_then(Node::as_number) == Some(-32602.0)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::trace::options::{Format, GrantFrom, Settings};
    use crate::trace::recognise::reader;
    use crate::trace::{Grant, Item, Observed, Trace};
    use serde_json::{Value, json};

    /// The calls of a log, by the fast path and by the strict one, which agree.
    fn read(lines: &[Value], grant_from: Option<GrantFrom>) -> (Vec<RecordedCall>, Vec<Assumed>) {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let of = |build_every_line| {
            let settings = Settings {
                format: Some(Format::JsonRpc),
                grant_from,
                build_every_line,
                ..Settings::default()
            };
            let reader = reader(Cursor::new(text.clone()), settings).unwrap();
            let mut trace = Trace::open("log", reader).unwrap();
            let mut calls = Vec::new();
            while let Some(item) = trace.next_item().unwrap() {
                match item {
                    Item::Call(call) => calls.push(*call),
                    Item::OtherMethod(_) => {}
                    other => panic!("{other:?}"),
                }
            }
            (calls, trace.assumed())
        };
        let fast = of(false);
        assert_eq!(fast, of(true));
        fast
    }

    fn call(id: u64, params: Value) -> Value {
        json!({"dir": "client->server", "message":
            {"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params}})
    }

    fn request(id: u64, method: &str, params: Value) -> Value {
        json!({"dir": "client->server", "message":
            {"jsonrpc": "2.0", "id": id, "method": method, "params": params}})
    }

    fn result(id: u64, result: Value) -> Value {
        json!({"dir": "server->client", "message": {"jsonrpc": "2.0", "id": id, "result": result}})
    }

    fn error(id: u64, code: i64) -> Value {
        json!({"dir": "server->client", "message":
            {"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": "m"}}})
    }

    fn done() -> Value {
        json!({"resultType": "complete", "content": []})
    }

    fn observed(calls: &[RecordedCall]) -> Vec<Option<Observed>> {
        calls.iter().map(RecordedCall::observed_decision).collect()
    }

    const ALLOW: Option<Observed> = Some(Observed::Allow);

    #[test]
    fn rounds_are_linked_by_their_state_and_each_one_counts() {
        let asks = json!({"resultType": "input_required", "requestState": "s1",
            "inputRequests": {"a": {}}});
        let first = json!({"name": "t", "arguments": {"n": 1}});
        let next = |n: u64, state: &str| {
            json!({"name": "t", "arguments": {"n": n}, "requestState": state,
                "inputResponses": {"a": {"action": "accept"}}})
        };
        let (calls, assumed) = read(
            &[
                call(1, first.clone()),
                result(1, asks.clone()),
                call(2, next(1, "s1")),
                result(2, done()),
            ],
            None,
        );
        assert_eq!(observed(&calls), [None, ALLOW]);
        assert!(calls.iter().all(|call| call.note.is_none()));
        assert!(assumed.contains(&Assumed::Rounds) && assumed.contains(&Assumed::InputUnseen));

        let changed = [
            call(1, first.clone()),
            result(1, asks.clone()),
            call(2, next(2, "s1")),
        ];
        let (calls, assumed) = read(&changed, None);
        assert_eq!(calls[1].note.as_deref(), Some(CHANGED));
        assert!(assumed.contains(&Assumed::ChangedRound), "{assumed:?}");

        // Another state is of another call, however alike it looks; so is the same
        // state of another session.
        let (_, assumed) = read(
            &[
                call(1, first.clone()),
                result(1, asks.clone()),
                call(2, next(1, "s2")),
            ],
            None,
        );
        assert!(assumed.contains(&Assumed::UnlinkedRound), "{assumed:?}");
        let in_session = |mut line: Value, session: &str| {
            line["session"] = json!(session);
            line
        };
        let lines = [
            in_session(call(1, first), "a"),
            in_session(result(1, asks), "a"),
            in_session(call(2, next(2, "s1")), "b"),
        ];
        let (calls, assumed) = read(&lines, None);
        assert_eq!(calls[1].note, None);
        assert!(assumed.contains(&Assumed::UnlinkedRound), "{assumed:?}");
    }

    #[test]
    fn the_outcome_of_a_task_is_that_of_its_call() {
        let begun = [
            // 2025-11-25, and 2026-07-28 in two spellings.
            json!({"task": {"taskId": "t1", "status": "working"}}),
            json!({"resultType": "task", "taskId": "t1", "status": "working"}),
            json!({"resultType": "task", "task": {"taskId": "t1", "status": "working"}}),
        ];
        let ask = |id: u64, method: &str| request(id, method, json!({"taskId": "t1"}));
        let working = json!({"resultType": "complete", "taskId": "t1", "status": "working"});
        let completed = json!({"resultType": "complete", "taskId": "t1", "status": "completed",
            "result": {"content": []}});
        let failed = json!({"taskId": "t1", "status": "failed", "error": {"code": -32000}});
        let denied = json!({"content": [{"type": "text", "text": "[POLICY DENIED] no"}]});
        for begun in begun {
            let ended = |more: &[Value]| {
                let mut lines = vec![
                    call(1, json!({"name": "t", "task": {"ttl": 1}})),
                    result(1, begun.clone()),
                    call(2, json!({"name": "u"})),
                    result(2, done()),
                ];
                lines.extend_from_slice(more);
                let (calls, assumed) = read(&lines, None);
                assert!(assumed.contains(&Assumed::Tasks), "{assumed:?}");
                assert_eq!(calls.len(), 2);
                assert_eq!(calls[1].observed_decision(), ALLOW);
                calls[0].clone()
            };
            assert_eq!(ended(&[]).response, None);
            assert_eq!(
                ended(&[ask(3, "tasks/get"), result(3, working.clone())]).response,
                None
            );
            let polled = [
                ask(3, "tasks/get"),
                result(3, working.clone()),
                ask(4, "tasks/get"),
                result(4, completed.clone()),
            ];
            assert_eq!(ended(&polled).response, Some(Response::Result));
            let fetched = [ask(3, "tasks/result"), result(3, json!({"content": []}))];
            assert_eq!(ended(&fetched).response, Some(Response::Result));
            assert_eq!(
                ended(&[ask(3, "tasks/result"), result(3, denied.clone())]).response,
                Some(Response::Denied)
            );
            let errs = ended(&[ask(3, "tasks/result"), error(3, -32000)]);
            assert!(
                matches!(errs.response, Some(Response::Error(_))),
                "{errs:?}"
            );
            let errs = ended(&[ask(3, "tasks/get"), result(3, failed.clone())]);
            assert!(
                matches!(errs.response, Some(Response::Error(_))),
                "{errs:?}"
            );
            // The task is not known, or its result is of another one.
            assert_eq!(
                ended(&[ask(3, "tasks/result"), error(3, -32602)]).response,
                None
            );
            let other = [
                request(3, "tasks/result", json!({"taskId": "t2"})),
                result(3, done()),
            ];
            assert_eq!(ended(&other).response, None);
            let mut notice = request(0, "notifications/tasks", completed.clone());
            notice["message"].as_object_mut().unwrap().remove("id");
            assert_eq!(ended(&[notice]).response, Some(Response::Result));
        }
        let update = request(
            3,
            "tasks/update",
            json!({"taskId": "t1", "inputResponses": {}}),
        );
        let (_, assumed) = read(&[call(1, json!({"name": "t"})), update], None);
        assert!(assumed.contains(&Assumed::InputUnseen));
    }

    #[test]
    fn what_the_protocol_refuses_was_decided_by_nobody() {
        for code in [-32020, -32021, -32022] {
            let lines = [
                call(1, json!({"name": "t"})),
                error(1, code),
                call(2, json!({"name": "t"})),
                result(2, done()),
            ];
            let (calls, _) = read(&lines, None);
            assert_eq!(observed(&calls), [None, ALLOW], "{code}");
            // It gives its quota back, as every error does.
            assert!(matches!(calls[0].response, Some(Response::Error(_))));
        }
        let (calls, _) = read(&[call(1, json!({"name": "t"})), error(1, -32000)], None);
        assert_eq!(observed(&calls), [ALLOW]);
    }

    #[test]
    fn ids_count_for_an_exchange_where_there_is_no_session() {
        let of = |mut line: Value, exchange: u64| {
            line["exchange"] = json!(exchange.to_string());
            line
        };
        let lines = [
            of(call(1, json!({"name": "a"})), 1),
            of(call(1, json!({"name": "b"})), 2),
            of(error(1, -32000), 1),
            of(result(1, done()), 2),
        ];
        let (calls, _) = read(&lines, None);
        assert!(
            matches!(calls[0].response, Some(Response::Error(_))),
            "{calls:?}"
        );
        assert_eq!(calls[1].response, Some(Response::Result));
        // An exchange is no session: all of them are one grant.
        assert!(calls.iter().all(|call| call.grant == Grant::Implicit));
        let (calls, assumed) = read(&lines, Some(GrantFrom::Session));
        assert!(calls.iter().all(|call| call.grant == Grant::Unknown));
        assert!(assumed.contains(&Assumed::NoSession), "{assumed:?}");
    }

    #[test]
    fn a_gateway_that_only_watches_says_what_it_would_have_decided() {
        let with = |would: Value| {
            let mut line = call(1, json!({"name": "t"}));
            line["would_block"] = would;
            let (calls, _) = read(&[line, result(1, done())], None);
            (calls[0].observed_decision(), calls[0].response.clone())
        };
        let went_through = Some(Response::Result);
        let deny = Some(Observed::Deny);
        assert_eq!(with(json!(true)), (deny, went_through.clone()));
        assert_eq!(
            with(json!("/tools/t/deny_if/0")),
            (deny, went_through.clone())
        );
        assert_eq!(with(json!(false)), (ALLOW, went_through.clone()));
        assert_eq!(with(json!(null)), (ALLOW, went_through.clone()));
        assert_eq!(with(json!(7)), (ALLOW, went_through));
    }
}
