use super::*;
fn read(text: &str, server: Option<&str>, old: Option<&Expectations>) -> Expectations {
    let input = Cursor::new(text.as_bytes().to_vec());
    let reader = reader(input, Settings::default()).unwrap();
    let mut trace = Trace::open("a.jsonl", reader).unwrap();
    let mut expectations = Expectations::new();
    while let Some(item) = trace.next_item().unwrap() {
        let Item::Call(call) = item else { continue };
        match old {
            Some(old) => expectations.add_beside(old, "a.jsonl", *call, server),
            None => expectations.add("a.jsonl", *call, server),
        }
    }
    expectations
}

fn lost(old: &str, new: &str) -> Vec<String> {
    let policy = br#"{"version":"1","default":"deny","tools":{"pay":{"require":[{"conditions":[{"path":"args.n","op":"lte","value":1}]}]}}}"#;
    let policy = Policy::from_json(policy).unwrap();
    let old = read(old, Some("mine"), None);
    let new = read(new, Some("mine"), Some(&old));
    let mut map = SourceMap::new();
    let lost = old.lost(&new, &policy, &mut map);
    lost.iter().map(|of| of.finding.message.clone()).collect()
}

const TWO: &str = r#"{"tool":"pay","arguments":{"n":1},"expect":"allow"}
{"tool":"pay","arguments":{"n":9},"expect":"deny"}
"#;

#[test]
fn moved_lines_and_equal_spellings_lose_nothing() {
    let moved = r#"{"expect":"deny","arguments":{"n":9.0},"tool":"pay"}
{"tool":"pay","arguments":{"n":1},"expect":"allow"}
{"tool":"pay","arguments":{"n":7},"expect":"deny"}
"#;
    assert_eq!(lost(TWO, moved), [""; 0]);
    let apart = r#"{"tool":"pay","arguments":{"n":9},"expect":"deny"}
{"tool":"pay","arguments":{"n":9},"expect":"deny"}
"#;
    let together = r#"{"tool":"pay","arguments":{"n":9},"repeat":2,"expect":"deny"}"#;
    assert_eq!(lost(apart, together), [""; 0]);
}

#[test]
fn what_became_of_a_call_is_said() {
    let new = |line: &str| format!("{}\n{line}\n", TWO.lines().next().unwrap());
    let of = |line: &str| lost(TWO, &new(line));
    let begin = "A call of `pay` was expected to be \"deny\",";
    assert_eq!(of(""), [format!("{begin} and no trace has that now")]);
    assert_eq!(
        of(r#"{"tool":"pay","arguments":{"n":9},"expect":"allow"}"#),
        [format!("{begin} now \"allow\"")]
    );
    assert_eq!(
        of(r#"{"tool":"pay","arguments":{"n":9}}"#),
        [format!("{begin} and nothing is expected now")]
    );
    assert_eq!(
        of(r#"{"tool":"pay","server":"other","arguments":{"n":9},"expect":"deny"}"#),
        [format!("{begin} now by another server, `other`")]
    );
}

#[test]
fn of_repeated_calls_those_that_are_missing_are_counted() {
    let old = r#"{"tool":"pay","arguments":{"n":9},"repeat":5,"expect":"deny"}"#;
    let new = r#"{"tool":"pay","arguments":{"n":9},"repeat":2,"expect":"deny"}"#;
    let expected = ["3 calls of `pay` were expected to be \"deny\", and no trace has that now"];
    assert_eq!(lost(old, new), expected);
}

#[test]
fn values_that_no_rule_reads_are_withheld() {
    let policy = Policy::from_json(br#"{"version":"1","default":"deny"}"#).unwrap();
    let old = read(
        r#"{"tool":"pay","arguments":{"iban":"DE00"},"expect":"deny"}"#,
        None,
        None,
    );
    let mut map = SourceMap::new();
    let lost = old.lost(&Expectations::new(), &policy, &mut map);
    let text = map.get(lost[0].finding.location.file).text().to_owned();
    assert!(text.contains("iban") && !text.contains("DE00"), "{text}");
    assert!(lost[0].rests_on.contains("DE00"));
}

#[test]
fn of_very_many_the_last_are_one_finding() {
    let line = |n: usize| {
        format!("{{\"tool\":\"pay\",\"arguments\":{{\"n\":{n}}},\"expect\":\"deny\"}}\n")
    };
    let old: String = (0..MOST_FINDINGS + 3).map(line).collect();
    let found = lost(&old, "");
    assert_eq!(found.len(), MOST_FINDINGS + 1);
    let last = "3 more calls have lost what was expected of them, from here on";
    assert_eq!(found.last().unwrap(), last);
}
