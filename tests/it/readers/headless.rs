//! What the headless client prints, and what is kept of it: sessions by the name
//! that it writes, in lines and in an array, whatever else is between.

use serde_json::{Value, json};

use super::*;

fn call(session: &Value, id: &str) -> Value {
    let block =
        json!({"type": "tool_use", "id": id, "name": "mcp__db__delete", "input": {"id": id}});
    let mut record =
        json!({"type": "assistant", "message": {"role": "assistant", "content": [block]}});
    let members = record.as_object_mut().unwrap();
    members.extend(session.as_object().unwrap().clone());
    record
}

fn result(session: &Value, id: &str) -> Value {
    let block = json!({"type": "tool_result", "tool_use_id": id, "content": "gone"});
    let mut record = json!({"type": "user", "message": {"role": "user", "content": [block]}});
    let members = record.as_object_mut().unwrap();
    members.extend(session.as_object().unwrap().clone());
    record
}

fn init(session: &str) -> Value {
    json!({"type": "system", "subtype": "init", "session_id": session, "tools": [], "mcp_servers": []})
}

fn end(session: &str) -> Value {
    json!({"type": "result", "subtype": "success", "session_id": session, "permission_denials": []})
}

/// The calls of records in lines, in an array on one line, and in one over many:
/// the same but for their lines.
#[track_caller]
fn read_of(records: &[Value]) -> Vec<String> {
    let lines: String = records.iter().map(|record| format!("{record}\n")).collect();
    let array = Value::from(records.to_vec());
    let pretty = serde_json::to_string_pretty(&array).unwrap();
    let of = |text: &str| -> Vec<String> {
        let log = read_with(text.as_bytes(), Settings::default());
        assert_eq!(log.format, Format::ClaudeCode, "{text}");
        let calls = calls(&log).into_iter();
        calls
            .map(|call| call.split_once(' ').unwrap().1.to_owned())
            .collect()
    };
    let calls = of(&lines);
    assert_eq!(of(&array.to_string()), calls);
    assert_eq!(of(&pretty), calls);
    calls
}

/// A call as it is shown, made in a session.
fn shown_in(session: &str, id: &str, answer: &str) -> String {
    format!(r#"db delete{{"id":"{id}"}} {session} ? {answer}"#)
}

#[test]
fn each_session_of_a_stream_is_a_grant_however_it_is_named() {
    let one = json!({"session_id": "s-1", "parent_tool_use_id": null});
    let other = json!({"session_id": "s-2", "uuid": "u-2"});
    let from_file = json!({"sessionId": "s-3", "uuid": "u-3"});
    let records = [call(&one, "t1"), call(&other, "t2"), call(&from_file, "t3")];
    let expected = [("s-1", "t1"), ("s-2", "t2"), ("s-3", "t3")];
    let expected = expected.map(|(session, id)| shown_in(session, id, "-"));
    assert_eq!(read_of(&records), expected);
    // One record alone is enough.
    for (record, expected) in records.iter().zip(expected) {
        assert_eq!(read_of(std::slice::from_ref(record)), [expected]);
    }
}

#[test]
fn sessions_that_are_printed_at_once_keep_their_results_apart() {
    let [one, other] = ["s-1", "s-2"].map(|session| json!({"session_id": session}));
    let records = [
        init("s-1"),
        init("s-2"),
        call(&one, "t1"),
        call(&other, "t2"),
        result(&other, "t2"),
        result(&one, "t1"),
        call(&one, "t3"),
        end("s-2"),
        end("s-1"),
    ];
    let expected = [
        shown_in("s-1", "t1", "result"),
        shown_in("s-2", "t2", "result"),
        shown_in("s-1", "t3", "-"),
    ];
    assert_eq!(read_of(&records), expected);
}

#[test]
fn what_is_printed_of_a_message_before_it_is_whole_is_no_call() {
    let session = json!({"session_id": "s-1"});
    let of_agent = json!({"session_id": "s-1", "parent_tool_use_id": "toolu_task"});
    let block = json!({"type": "tool_use", "id": "t1", "name": "mcp__db__delete", "input": {}});
    let begun = json!({"type": "content_block_start", "index": 0, "content_block": block});
    let records = [
        end("s-0"),
        init("s-1"),
        json!({"type": "stream_event", "session_id": "s-1", "event": begun}),
        call(&session, "t1"),
        result(&session, "t1"),
        // An agent that the session has started is no session of its own.
        call(&of_agent, "t2"),
        result(&of_agent, "t2"),
    ];
    let expected = [
        shown_in("s-1", "t1", "result"),
        shown_in("s-1", "t2", "result"),
    ];
    assert_eq!(read_of(&records), expected);
}
