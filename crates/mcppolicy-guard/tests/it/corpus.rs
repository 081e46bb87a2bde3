//! Messages that try to pass a denied call as something else.

use super::{Desk, call};
use mcppolicy_guard::{LogArguments, Mode, Settings};

const POLICY: &str = r#"{"version":"1","default":"deny","hide":["wipe"],"tools":{
    "read":{},
    "pay":{"require":[{"conditions":[{"path":"args.to","op":"in","value":["a","b"]}]}],
           "deny_if":[{"conditions":[{"path":"args.amount","op":"gt","value":10}],"on_deny":"Too much"},
                      {"conditions":[{"path":"args.o.deep.k","op":"eq","value":"x"}]}],
           "limits":[{"counter":"sum","window":"day","max":100,"scope":"grant","increment_from":"args.fee"}]}}}"#;

fn desk() -> Desk {
    Desk::new(POLICY)
}

#[track_caller]
fn is_refused(line: &str, code: i32, reason: &str) {
    let mut desk = desk();
    let becomes = desk.becomes(line);
    let expected = format!("\"error\":{{\"code\":{code},");
    assert!(
        becomes.starts_with("answer {\"jsonrpc\":\"2.0\",\"id\":") && becomes.contains(&expected),
        "{line:?}: {becomes}"
    );
    let log = desk.log.text();
    let last = log.lines().last().unwrap();
    assert!(
        last.starts_with(&format!("{{\"refused\":\"{reason}")),
        "{line:?}: {last}"
    );
}

#[test]
fn what_is_no_strict_json_is_refused() {
    let read = call(1, "read", "{}");
    for odd in [
        read.replace("{}", "{\"a\":NaN}"),
        read.replace("{}", "{\"a\":Infinity}"),
        read.replace("{}", "{\"a\":1e999}"),
        read.replace("{}", "{\"a\":'x'}"),
        read.replace("{}", "{\"a\":1,}"),
        read.replace("{}", "{\"a\":01}"),
        read.replace("{}", "{\"a\":+1}"),
        read.replace("{}", "{/**/}"),
        read.replace("{}", "{\"a\":\"\\ud800\"}"),
        read.replace("\"read\"", "\"re\\udc00ad\""),
        read.replace("{}", "{\"a\":\"\t\"}"),
        format!("\u{feff}{read}"),
        read.replace("}}\n", "}}x\n"),
        format!("{} {read}", read.trim_end()),
        read.replace("{}", &format!("{}{}", "[".repeat(200), "]".repeat(200))),
        read.replace('"', "\u{201c}"),
        read.trim_end().trim_end_matches('}').to_owned(),
    ] {
        is_refused(&odd, -32700, "not-json");
    }
    let wide: Vec<u8> = read.bytes().flat_map(|byte| [byte, 0]).collect();
    let becomes = desk().becomes(std::str::from_utf8(&wide).unwrap());
    assert!(becomes.contains("-32700"), "{becomes}");
    let mut latin = read.into_bytes();
    latin.insert(20, 0xE9);
    let mut desk = desk();
    assert!(matches!(
        desk.client(&latin),
        mcppolicy_guard::FromClient::Answer { .. }
    ));
}

#[test]
fn a_carriage_return_inside_of_a_message_is_refused_and_one_at_its_end_is_not() {
    let inner = call(2, "wipe", "{}");
    let smuggled = format!(
        "{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":\r{}\r}}\n",
        inner.trim_end()
    );
    is_refused(&smuggled, -32700, "carriage-return");
    is_refused(&call(1, "read", "{\r}"), -32700, "carriage-return");
    // Without a line feed it does not end the line for everyone.
    is_refused(
        &call(1, "read", "{}").replace('\n', "\r"),
        -32700,
        "carriage-return",
    );
    is_refused(
        &call(1, "read", "{}").replace('\n', "\r\r\n"),
        -32700,
        "carriage-return",
    );
    let line = call(1, "read", "{}").replace('\n', "\r\n");
    assert_eq!(desk().becomes(&line), format!("forward {line}"));
}

#[test]
fn a_member_that_is_repeated_or_differs_in_case_is_refused() {
    let read = call(1, "read", "{}");
    for (from, to, reason) in [
        ("\"id\":1", "\"id\":1,\"id\":2", "repeated-member id"),
        ("\"id\":1", "\"id\":1,\"ID\":2", "case-twin id"),
        ("\"id\":1", "\"id\":1,\"\u{131}d\":2", "case-twin id"),
        (
            "\"method\":\"tools/call\"",
            "\"method\":\"ping\",\"method\":\"tools/call\"",
            "repeated-member method",
        ),
        (
            "\"method\":\"tools/call\"",
            "\"method\":\"ping\",\"Method\":\"tools/call\"",
            "case-twin method",
        ),
        (
            "\"method\":\"tools/call\"",
            "\"METHOD\":\"tools/call\"",
            "case-twin method",
        ),
        (
            "\"method\":\"tools/call\"",
            "\"method\":\"ping\",\"method\\u0000\":\"tools/call\"",
            "case-twin method",
        ),
        (
            "\"jsonrpc\":\"2.0\"",
            "\"jsonrpc\":\"2.0\",\"JSONRPC\":\"1.0\"",
            "case-twin jsonrpc",
        ),
        (
            "\"params\":",
            "\"param\u{17f}\":{\"name\":\"wipe\"},\"params\":",
            "case-twin params",
        ),
        (
            "\"params\":",
            "\"p\\u0061rams\":{\"name\":\"wipe\"},\"params\":",
            "repeated-member params",
        ),
        (
            "\"name\":\"read\"",
            "\"name\":\"read\",\"Name\":\"wipe\"",
            "case-twin name",
        ),
        (
            "\"name\":\"read\"",
            "\"name\":\"wipe\",\"name\":\"read\"",
            "repeated-member name",
        ),
        (
            "\"name\":\"read\"",
            "\"name\":\"read\",\"name\\u0000\":\"wipe\"",
            "case-twin name",
        ),
        (
            "\"arguments\":{}",
            "\"arguments\":{},\"Arguments\":{\"a\":1}",
            "case-twin arguments",
        ),
        (
            "\"arguments\":{}",
            "\"argument\u{17f}\":{}",
            "case-twin arguments",
        ),
        (
            "\"arguments\":{}",
            "\"arguments\":{},\"arguments\":{}",
            "repeated-member arguments",
        ),
    ] {
        let odd = read.replacen(from, to, 1);
        assert_ne!(odd, read);
        is_refused(&odd, -32600, reason);
    }
}

#[test]
fn an_argument_that_differs_only_in_case_from_a_read_one_is_refused_at_any_depth() {
    for arguments in [
        r#"{"to":"a","amount":5,"Amount":50,"fee":1}"#,
        r#"{"to":"a","Amount":50,"fee":1}"#,
        r#"{"to":"a","AMOUNT":5,"amount":5,"fee":1}"#,
        r#"{"to":"a","TO":"c","fee":1}"#,
        r#"{"to":"a","fee":1,"FEE":0}"#,
        r#"{"to":"a","fee":1,"O":{"deep":{"k":"x"}}}"#,
        r#"{"to":"a","fee":1,"o":{"Deep":{"k":"x"}}}"#,
        r#"{"to":"a","fee":1,"o":{"deep":{"K":"x"}}}"#,
        "{\"to\":\"a\",\"fee\":1,\"o\":{\"deep\":{\"\u{212a}\":\"x\"}}}",
        r#"{"to":"a","fee":1,"o":{"deep":{}},"o":{"deep":{"k":"y","K":"x"}}}"#,
        r#"{"to":"a","fee":1,"amount\u0000":50}"#,
    ] {
        is_refused(&call(1, "pay", arguments), -32600, "case-twin in arguments");
    }
    // What no rule reads may be spelled in any way.
    for (tool, arguments) in [
        ("pay", r#"{"to":"a","fee":1,"Note":1,"note":2}"#),
        ("pay", r#"{"to":"a","fee":1,"x":{"Amount":50}}"#),
        ("pay", r#"{"to":"a","fee":1,"o":[{"Deep":1}]}"#),
        ("read", r#"{"Amount":50,"amount":5}"#),
    ] {
        let line = call(1, tool, arguments);
        assert_eq!(desk().becomes(&line), format!("forward {line}"));
    }
}

#[test]
fn of_repeated_arguments_only_the_last_is_forwarded_at_every_depth() {
    for (given, forwarded) in [
        (r#"{"a":1,"a":2}"#, r#"{"a":2}"#),
        (r#"{"a":1, "b":2 ,"a":3}"#, r#"{"b":2 ,"a":3}"#),
        (r#"{ "a":1,"a":2,"a":3 }"#, r#"{ "a":3 }"#),
        (r#"{"b":{"x":1,"x":[2]},"c":1}"#, r#"{"b":{"x":[2]},"c":1}"#),
        (
            r#"{"l":[{"x":1,"x":2},{"x":{"y":1,"y":2},"x":3}]}"#,
            r#"{"l":[{"x":2},{"x":3}]}"#,
        ),
        (r#"{"\u0061":1,"a":2}"#, r#"{"a":2}"#),
        (r#"{"a":1,"a":{"b":1,"b":2}}"#, r#"{"a":{"b":2}}"#),
    ] {
        let line = call(1, "read", given);
        let expected = call(1, "read", forwarded);
        assert_eq!(desk().becomes(&line), format!("forward {expected}"));
    }
    // The last one is also what is decided.
    let twice = r#"{"to":"a","fee":1,"amount":5,"amount":50}"#;
    assert!(desk().becomes(&call(1, "pay", twice)).contains("Too much"));
    let twice = r#"{"to":"a","fee":1,"amount":50,"amount":5}"#;
    assert!(
        desk()
            .becomes(&call(1, "pay", twice))
            .starts_with("forward")
    );
}

#[test]
fn an_id_must_be_one_that_nobody_waits_for() {
    for (first, second) in [
        ("1", "1"),
        ("1", "1.0"),
        ("1", "1e0"),
        ("0", "-0"),
        ("\"a\"", "\"\\u0061\""),
    ] {
        for method in ["tools/call", "ping"] {
            let mut desk = desk();
            let read = call(1, "read", "{}");
            let one = read.replace("\"id\":1", &format!("\"id\":{first}"));
            let two = read
                .replace("\"id\":1", &format!("\"id\":{second}"))
                .replace("tools/call", method);
            assert!(desk.becomes(&one).starts_with("forward"));
            let refused = desk.becomes(&two);
            assert!(
                refused.starts_with(&format!("answer {{\"jsonrpc\":\"2.0\",\"id\":{second},"))
                    && refused.contains("-32600"),
                "{refused}"
            );
            assert!(desk.log.text().contains("\"refused\":\"id-in-flight\""));
            // Once it is answered, it is free.
            let answer = format!("{{\"jsonrpc\":\"2.0\",\"id\":{first},\"result\":{{}}}}\n");
            assert_eq!(desk.shows(&answer), Some(answer));
            assert!(desk.becomes(&two).starts_with("forward"));
        }
    }
    // A text is another id than the number that it spells.
    let mut desk = desk();
    let read = call(1, "read", "{}");
    assert!(desk.becomes(&read).starts_with("forward"));
    let text = read.replace("\"id\":1", "\"id\":\"1\"");
    assert!(desk.becomes(&text).starts_with("forward"));
}

#[test]
fn an_error_gives_quota_back_to_its_own_call_only() {
    let mut desk = desk();
    let pay = |id| call(id, "pay", r#"{"to":"a","fee":60}"#);
    assert!(desk.becomes(&pay(1)).starts_with("forward"));
    assert!(desk.becomes(&pay(2)).contains("[POLICY DENIED]"));
    // An error for something else, for an id in another type, and one that has
    // a result as well.
    for answer in [
        r#"{"jsonrpc":"2.0","id":9,"error":{"code":-1,"message":""}}"#,
        r#"{"jsonrpc":"2.0","id":"1","error":{"code":-1,"message":""}}"#,
        r#"{"jsonrpc":"2.0","method":"x","id":1,"error":{"code":-1,"message":""}}"#,
    ] {
        assert!(desk.shows(&format!("{answer}\n")).is_some());
        assert!(desk.becomes(&pay(3)).contains("[POLICY DENIED]"));
    }
    let error = "{\"jsonrpc\":\"2.0\",\"id\":1.0,\"error\":{\"code\":-1,\"message\":\"\"}}\n";
    assert!(desk.shows(error).is_some());
    assert!(desk.becomes(&pay(4)).starts_with("forward"));
    let both = "{\"jsonrpc\":\"2.0\",\"id\":4,\"result\":{},\"error\":{\"code\":-1}}\n";
    assert!(desk.shows(both).is_some());
    assert!(desk.becomes(&pay(5)).contains("[POLICY DENIED]"));
}

#[test]
fn a_call_without_an_id_is_dropped_and_a_batch_is_denied() {
    let mut desk = desk();
    let read = call(1, "read", "{}");
    assert_eq!(desk.becomes(&read.replace("\"id\":1,", "")), "drop");
    assert!(desk.log.text().contains("\"refused\":\"no-id\""));
    for id in ["null", "true", "[1]", "{}"] {
        let odd = read.replace("\"id\":1", &format!("\"id\":{id}"));
        is_refused(&odd, -32600, "invalid-id");
    }
    is_refused(
        &read.replace("\"tools/call\"", "[\"tools/call\"]"),
        -32600,
        "no-method",
    );
    for odd in ["1\n", "\"tools/call\"\n", "null\n"] {
        is_refused(odd, -32600, "not-a-message");
    }

    let batch = format!(
        "[{},{{\"jsonrpc\":\"2.0\",\"id\":\"p\",\"method\":\"ping\"}},{{\"jsonrpc\":\"2.0\",\"method\":\"note\"}}]\n",
        read.trim_end()
    );
    let answer = desk.becomes(&batch);
    let answer: serde_json::Value =
        serde_json::from_str(answer.strip_prefix("answer ").unwrap()).unwrap();
    assert_eq!(answer.as_array().unwrap().len(), 2);
    assert_eq!(answer[0]["id"], 1);
    let said = "[POLICY DENIED] Batch requests are not accepted";
    assert_eq!(answer[0]["result"]["content"][0]["text"], said);
    assert_eq!(answer[1]["id"], "p");
    assert_eq!(answer[1]["error"]["message"], said);
    assert_eq!(
        desk.becomes("[{\"jsonrpc\":\"2.0\",\"method\":\"note\"}]\n"),
        "drop"
    );
    assert!(desk.becomes("[]\n").contains("-32600"));
}

#[test]
fn a_denial_is_a_tool_result_with_the_id_as_it_was_written() {
    for (id, written) in [
        ("1.50", "1.50"),
        ("\"\\u00e9\"", "\"\\u00e9\""),
        ("1e2", "1e2"),
    ] {
        let line = call(1, "wipe", "{}").replace("\"id\":1", &format!("\"id\":{id}"));
        assert_eq!(
            desk().becomes(&line),
            format!(
                "answer {{\"jsonrpc\":\"2.0\",\"id\":{written},\"result\":{{\"content\":[{{\"type\":\"text\",\"text\":\"[POLICY DENIED] Tool \\\"wipe\\\" is hidden by policy\"}}],\"isError\":true}}}}\n"
            )
        );
    }
    let modern = call(1, "wipe", "{}").replace(
        "\"name\"",
        "\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\"},\"name\"",
    );
    assert!(
        desk()
            .becomes(&modern)
            .contains("\"result\":{\"resultType\":\"complete\",\"content\"")
    );
    for (line, said) in [
        (call(1, "unlisted", "{}"), "is not permitted by policy"),
        (call(1, "", "{}"), "Malformed tool call: no tool name"),
        (call(1, "read", "[]"), "arguments are not an object"),
        (
            call(1, "pay", r#"{"to":"c"}"#),
            "Call does not meet /tools/pay/require/0",
        ),
        (
            call(1, "pay", r#"{"to":"a"}"#),
            "Amount at args.fee cannot be counted for sum",
        ),
        (
            call(1, "read", "{}").replace("\"name\":\"read\",", ""),
            "no tool name",
        ),
        (
            "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools\\/call\",\"params\":[\"read\"]}\n"
                .to_owned(),
            "no tool name",
        ),
        (
            "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\"}\n".to_owned(),
            "no tool name",
        ),
    ] {
        let becomes = desk().becomes(&line);
        assert!(
            becomes.contains(said) && becomes.contains("\"isError\":true"),
            "{line}: {becomes}"
        );
    }
}

#[test]
fn everything_else_passes_byte_for_byte() {
    for line in [
        "{\"jsonrpc\" : \"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{\"x\":1.50}}\n",
        "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":1}}\n",
        "{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{\"roots\":[]}}\n",
        "{\"jsonrpc\":\"2.0\",\"id\":7,\"error\":{\"code\":1,\"message\":\"\"}}",
        "  {\"id\":1,\"method\":\"prompts/get\",\"params\":{\"name\":\"a\",\"Name\":\"b\"}}  \r\n",
        "{\"jsonrpc\":\"2.0\",\"id\":\"\u{2028}\",\"method\":\"tools/call\",\"params\":{\"name\":\"read\",\"_meta\":{\"a\":1,\"a\":2},\"arguments\":null}}\n",
        "{\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"pay\",\"arguments\":{\"to\":\"a\",\"fee\":0.10,\"n\":9007199254740993}}}\n",
    ] {
        let mut desk = desk();
        assert_eq!(desk.becomes(line), format!("forward {line}"));
    }
}

#[test]
fn observing_lets_pass_what_is_denied_and_says_so() {
    let settings = Settings {
        mode: Mode::Observe,
        arguments: LogArguments::Read,
    };
    let mut desk = Desk::with(POLICY, settings);
    let line = call(1, "wipe", "{}");
    assert_eq!(desk.becomes(&line), format!("forward {line}"));
    let list = "{\"id\":2,\"result\":{\"tools\":[{\"name\":\"wipe\"}]}}\n";
    assert_eq!(desk.shows(list).as_deref(), Some(list));
    let odd = call(2, "wipe", "{}").replace("\"name\"", "\"Name\"");
    assert!(desk.becomes(&odd).contains("-32600"));
    let log = desk.log.text();
    assert!(
        log.contains(
            "\"observed\":\"allow\",\"expect\":{\"decision\":\"deny\",\"rule\":\"/hide/0\""
        ),
        "{log}"
    );
}

#[test]
fn a_log_holds_only_the_arguments_that_rules_read() {
    let pay = call(
        1,
        "pay",
        r#"{"to":"a","fee":2,"o":{"deep":{"k":"y","j":"s3cret"}},"token":"s3cret"}"#,
    );
    for (detail, has, has_not) in [
        (LogArguments::Read, "\"k\":\"y\"", "s3cret"),
        (LogArguments::All, "s3cret", "arguments_unknown"),
        (LogArguments::None, "\"arguments_unknown\":true", "\"to\""),
    ] {
        let settings = Settings {
            arguments: detail,
            ..Settings::default()
        };
        let mut desk = Desk::with(POLICY, settings);
        assert!(desk.becomes(&pay).starts_with("forward"));
        let array = call(2, "pay", "[\"s3cret\"]");
        assert!(desk.becomes(&array).contains("Malformed"));
        let log = desk.log.text();
        assert!(log.contains(has) && !log.contains(has_not), "{log}");
    }
}
