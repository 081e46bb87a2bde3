//! Lists of tools, on whatever stream and in whatever disguise.

use super::Desk;

const POLICY: &str = r#"{"version":"1","default":"allow","hide":["wipe","x\"y"]}"#;

#[track_caller]
fn shows(line: &str, expected: &str) {
    let shown = Desk::new(POLICY).shows(&format!("{line}\n"));
    assert_eq!(shown, Some(format!("{expected}\n")), "{line}");
}

#[test]
fn hidden_tools_are_cut_and_all_else_stays_byte_for_byte() {
    shows(
        r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"read", "x":1.0},{"name":"wipe"}],"nextCursor":"c"}}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"read", "x":1.0}],"nextCursor":"c"}}"#,
    );
    shows(
        r#"{"id":1,"result":{"tools":[ {"name":"w\u0069pe"} , {"name":"x\"y"} , {"name":"a"} , {"name":"b"} ]}}"#,
        r#"{"id":1,"result":{"tools":[{"name":"a"},{"name":"b"}]}}"#,
    );
    shows(
        r#"{"id":1,"result":{"tools":[{"name":"wipe"}]}}"#,
        r#"{"id":1,"result":{"tools":[]}}"#,
    );
    for same in [
        r#"{"id":1,"result":{"tools":[ {"name":"a"} ,{"name":"b"}]}}"#,
        r#"{"id":1,"result":{"tools":[]}}"#,
        r#"{"id":1,"result":{"content":[{"type":"text","text":"wipe"}]}}"#,
        r#"{"id":1,"result":{"structuredContent":{"tools":[{"name":"wipe"}]}}}"#,
        r#"{"jsonrpc":"2.0","id":3,"method":"sampling/createMessage","params":{"tools":[]}}"#,
        r#"{"id":1,"result":{"text":"\ud800"}}"#,
        r#"{"id":1,"result":1e999}"#,
    ] {
        shows(same, same);
    }
}

#[test]
fn a_list_is_one_on_every_stream_and_in_every_disguise() {
    for (list, shown) in [
        // With no request, with a method, in a batch, as an error's companion.
        (
            r#"{"result":{"tools":[{"name":"wipe"}]}}"#,
            r#"{"result":{"tools":[]}}"#,
        ),
        (
            r#"{"method":"notifications/x","result":{"tools":[{"name":"wipe"}]}}"#,
            r#"{"method":"notifications/x","result":{"tools":[]}}"#,
        ),
        (
            r#"{"id":1,"error":{"code":1,"message":""},"result":{"tools":[{"name":"wipe"}]}}"#,
            r#"{"id":1,"error":{"code":1,"message":""},"result":{"tools":[]}}"#,
        ),
        (
            r#"[{"id":1,"result":{}},{"id":2,"result":{"tools":[{"name":"wipe"},{"name":"a"}]}}]"#,
            r#"[{"id":1,"result":{}},{"id":2,"result":{"tools":[{"name":"a"}]}}]"#,
        ),
    ] {
        shows(list, shown);
    }
}

#[test]
fn a_list_that_readers_could_read_differently_becomes_an_error() {
    for list in [
        r#"{"id":"7","result":{"tools":[{"name":"a","name":"wipe"}]}}"#,
        r#"{"id":"7","result":{"tools":[{"name":"a","Name":"wipe"}]}}"#,
        r#"{"id":"7","result":{"tools":[{"Name":"wipe"}]}}"#,
        r#"{"id":"7","result":{"tools":[],"tools":[{"name":"wipe"}]}}"#,
        r#"{"id":"7","result":{"tools":[],"Tools":[{"name":"wipe"}]}}"#,
        r#"{"id":"7","result":{"TOOLS":[{"name":"wipe"}]}}"#,
        r#"{"id":"7","result":{},"result":{"tools":[{"name":"wipe"}]}}"#,
        r#"{"id":"7","result":{},"Result":{"tools":[{"name":"wipe"}]}}"#,
        r#"{"id":"7","re\u017fult":{"tools":[{"name":"wipe"}]}}"#,
        r#"{"id":"7","result":{"tools":{"wipe":{"name":"wipe"}}}}"#,
        r#"{"id":"7","result":{"tools":["wipe"]}}"#,
        r#"{"id":"7","result":{"tools":[{"title":"wipe"}]}}"#,
        r#"{"id":"7","result":{"tools":[{"name":["wipe"]}]}}"#,
        r#"{"id":"7","result":{"tools":null}}"#,
    ] {
        let shown = Desk::new(POLICY).shows(&format!("{list}\n")).unwrap();
        assert!(
            shown.starts_with(r#"{"jsonrpc":"2.0","id":"7","error":{"code":-32603,"#)
                && !shown.contains("wipe"),
            "{list}: {shown}"
        );
    }
    // A policy that hides nothing has nothing to look for.
    let nothing = r#"{"version":"1","default":"allow"}"#;
    let odd = "{\"id\":1,\"result\":{\"tools\":{\"a\":1}}}\n";
    assert_eq!(Desk::new(nothing).shows(odd).as_deref(), Some(odd));
}

#[test]
fn what_is_no_message_does_not_reach_the_client() {
    for line in [
        "Listening on stdio\n",
        "\n",
        "42\n",
        "{\"id\":1,\"result\":{\"x\":NaN}}\n",
        "{\"id\":1,\"result\":{\"x\":\r{\"id\":1,\"result\":{\"tools\":[{\"name\":\"wipe\"}]}}\r}}\n",
        "\u{feff}{\"id\":1,\"result\":{}}\n",
    ] {
        assert_eq!(Desk::new(POLICY).shows(line), None, "{line:?}");
    }
}
