//! Every kind of error of policy language §1, at several places: the right
//! rule, the right span, nothing else, and no panic.

use mcppolicy_analysis::finding::Finding;
use mcppolicy_analysis::report::{Exit, Findings};
use mcppolicy_engine::policy::Policy;
use mcppolicy_engine::problem::Problem;
use mcppolicy_engine::source::SourceMap;

/// Each case is a policy in which `⟦…⟧` marks what must be pointed at, in the
/// order in which findings come. An empty mark is an empty span.
const CASES: &[&str] = &[
    // Syntax: what was expected, and where.
    "⟦⟧",
    "  \n ⟦⟧",
    r#"{"version":"1","default":"deny"⟦⟧"#,
    r#"{"version":"1","default":"deny",⟦}⟧"#,
    r#"{"version":"1" ⟦"⟧default":"deny"}"#,
    r#"{"version" ⟦"⟧1","default":"deny"}"#,
    r#"{⟦v⟧ersion:"1","default":"deny"}"#,
    r#"{⟦'⟧version':"1","default":"deny"}"#,
    r#"{"version":"1","default":"deny"}⟦}⟧"#,
    "{\"version\":\"1\",\n⟦/⟧/ a comment\n\"default\":\"deny\"}",
    r#"{"version":"1","default":⟦d⟧eny}"#,
    r#"{"version":"1","default":⟦"⟧deny}"#,
    "{\"version\":\"1\",\"default\":\"de⟦\n⟧ny\"}",
    r#"{"version":"1","default":"deny","hide":["a" ⟦"⟧b"]}"#,
    r#"{"version":"1","default":"deny","hide":["a",⟦]⟧}"#,
    r#"{"version":"1","default":"deny","hide":["⟦\⟧q"]}"#,
    r#"{"version":"1","default":"deny","hide":["⟦\⟧u12G4"]}"#,
    r#"{"version":"1","default":"deny","hide":⟦T⟧rue}"#,
    r#"{"version":"1","default":"deny","tools":{"a":{"limits":[{"counter":"c","window":"day","max":0⟦1⟧,"scope":"grant"}]}}}"#,
    r#"{"version":"1","default":"deny","tools":{"a":{"limits":[{"counter":"c","window":"day","max":1.⟦,⟧"scope":"grant"}]}}}"#,
    r#"{"version":"1","default":"deny","tools":{"a":{"limits":[{"counter":"c","window":"day","max":⟦+⟧1,"scope":"grant"}]}}}"#,
    r#"{"version":"1","default":"deny","tools":{"a":{"limits":[{"counter":"c","window":"day","max":1e⟦,⟧"scope":"grant"}]}}}"#,
    r#"{"version":"1","default":"deny","tools":{"a":{"limits":[{"counter":"c","window":"day","max":⟦N⟧aN,"scope":"grant"}]}}}"#,
    // Legal JSON, not a legal document.
    r#"{"version":"1","default":"deny",⟦"default"⟧:"allow"}"#,
    r#"{"version":"1","default":"deny","tools":{"a":{},⟦"a"⟧:{}}}"#,
    r#"{"version":"1","default":"deny","tools":{"a":{},⟦"\u0061"⟧:{}}}"#,
    r#"{"version":"1","default":"deny","tools":{"a":{"require":[{"conditions":[{"path":"args.x","op":"eq","value":{"k":1,⟦"k"⟧:1}}]}]}}}"#,
    r#"{"version":"1","default":"deny","hide":["⟦\ud800⟧"]}"#,
    r#"{"version":"1","default":"deny","tools":{"⟦\udc00⟧x":{}}}"#,
    r#"{"version":"1","default":"deny","hide":["⟦\ud800⟧\u0041"]}"#,
    r#"{"version":"1","default":"deny","tools":{"a":{"require":[{"conditions":[{"path":"args.x","op":"lt","value":⟦1e400⟧}]}]}}}"#,
    r#"{"version":"1","default":"deny","tools":{"a":{"require":[{"conditions":[{"path":"args.x","op":"eq","value":⟦9007199254740993⟧}]}]}}}"#,
    r#"{"version":"1","default":"deny","tools":{"a":{"require":[{"conditions":[{"path":"args.x","op":"in","value":[1,⟦0.1000000000000000001⟧]}]}]}}}"#,
    r#"{"version":"1","default":"deny","tools":{"a":{"require":[{"conditions":[{"path":"args.x","op":"eq","value":[[⟦-1e-400⟧]]}]}]}}}"#,
    // The policy object.
    r#"⟦[]⟧"#,
    r#"⟦"deny"⟧"#,
    r#"⟦null⟧"#,
    r#"⟦{"default":"deny"}⟧"#,
    r#"⟦{"version":"1"}⟧"#,
    r#"{"version":⟦1⟧,"default":"deny"}"#,
    r#"{"version":⟦"2"⟧,"default":"deny"}"#,
    r#"{"version":"1","default":⟦"Deny"⟧}"#,
    r#"{"version":"1","default":⟦"block"⟧}"#,
    r#"{"version":"1","default":⟦null⟧}"#,
    r#"{"version":"1","default":"deny",⟦"$schema"⟧:"x"}"#,
    r#"{"version":"1","default":"deny",⟦"description"⟧:"x"}"#,
    r#"{"version":"1","default":"deny",⟦"name"⟧:"x"}"#,
    r#"{"version":"1","default":"deny",⟦"Hide"⟧:[]}"#,
    r#"{"version":"1","default":"deny",⟦"tool"⟧:{}}"#,
    r#"{"version":"1","default":"deny",⟦""⟧:{}}"#,
    // hide.
    r#"{"version":"1","default":"deny","hide":⟦"a"⟧}"#,
    r#"{"version":"1","default":"deny","hide":[⟦1⟧]}"#,
    r#"{"version":"1","default":"deny","hide":[⟦""⟧]}"#,
    r#"{"version":"1","default":"deny","hide":["a",⟦" \t"⟧]}"#,
    r#"{"version":"1","default":"deny","hide":["a","b",⟦"a"⟧]}"#,
    r#"{"version":"1","default":"deny","hide":["*",⟦"*"⟧]}"#,
    // all_tools.
    r#"{"version":"1","default":"deny","all_tools":⟦[]⟧}"#,
    r#"{"version":"1","default":"deny","all_tools":{⟦"require"⟧:[]}}"#,
    r#"{"version":"1","default":"deny","all_tools":{"limits":⟦{}⟧}}"#,
    r#"{"version":"1","default":"deny","all_tools":{"limits":[{"counter":"c","window":"day","max":1,"scope":"grant",⟦"increment_from"⟧:"args.x"}]}}"#,
    // tools.
    r#"{"version":"1","default":"deny","tools":⟦[]⟧}"#,
    r#"{"version":"1","default":"deny","tools":{"a":⟦true⟧}}"#,
    r#"{"version":"1","default":"deny","tools":{⟦""⟧:{}}}"#,
    r#"{"version":"1","default":"deny","tools":{⟦"  "⟧:{}}}"#,
    r#"{"version":"1","default":"deny","tools":{"a":{⟦"requires"⟧:[]}}}"#,
    r#"{"version":"1","default":"deny","tools":{"a":{⟦"denyIf"⟧:[]}}}"#,
    r#"{"version":"1","default":"deny","tools":{"a":{⟦"rate_limit"⟧:{"max":10,"window":60}}}}"#,
    r#"{"version":"1","default":"deny","tools":{"a":{⟦"rate_limit"⟧:"10/minute"}}}"#,
    r#"{"version":"1","default":"deny","tools":{"a":{⟦"action"⟧:"deny"}}}"#,
    r#"{"version":"1","default":"deny","tools":{"a":{⟦"rules"⟧:[]}}}"#,
    r#"{"version":"1","default":"deny",⟦"rules"⟧:[]}"#,
    // Rules.
    r#"{"version":"1","default":"deny","tools":{"a":{"require":⟦{}⟧}}}"#,
    r#"{"version":"1","default":"deny","tools":{"a":{"require":[⟦[]⟧]}}}"#,
    r#"{"version":"1","default":"deny","tools":{"a":{"deny_if":[⟦{}⟧]}}}"#,
    r#"{"version":"1","default":"deny","tools":{"a":{"deny_if":[{"conditions":⟦{}⟧}]}}}"#,
    r#"{"version":"1","default":"deny","tools":{"a":{"deny_if":[{"conditions":[],"on_deny":⟦""⟧}]}}}"#,
    r#"{"version":"1","default":"deny","tools":{"a":{"deny_if":[{"conditions":[],"on_deny":⟦"\n "⟧}]}}}"#,
    r#"{"version":"1","default":"deny","tools":{"a":{"deny_if":[{"conditions":[],"on_deny":⟦3⟧}]}}}"#,
    r#"{"version":"1","default":"deny","tools":{"a":{"deny_if":[{"conditions":[],⟦"reason"⟧:"no"}]}}}"#,
    // Conditions.
    r#"{"version":"1","default":"deny","tools":{"a":{"require":[{"conditions":[⟦"args.x"⟧]}]}}}"#,
    r#"{"version":"1","default":"deny","tools":{"a":{"require":[{"conditions":[⟦{"op":"eq","value":1}⟧]}]}}}"#,
    r#"{"version":"1","default":"deny","tools":{"a":{"require":[{"conditions":[⟦{"path":"args.x","value":1}⟧]}]}}}"#,
    r#"{"version":"1","default":"deny","tools":{"a":{"require":[{"conditions":[⟦{"path":"args.x","op":"exists"}⟧]}]}}}"#,
    r#"{"version":"1","default":"deny","tools":{"a":{"require":[{"conditions":[{"path":⟦"x"⟧,"op":"eq","value":1}]}]}}}"#,
    r#"{"version":"1","default":"deny","tools":{"a":{"require":[{"conditions":[{"path":⟦"args"⟧,"op":"eq","value":1}]}]}}}"#,
    r#"{"version":"1","default":"deny","tools":{"a":{"require":[{"conditions":[{"path":⟦"args."⟧,"op":"eq","value":1}]}]}}}"#,
    r#"{"version":"1","default":"deny","tools":{"a":{"require":[{"conditions":[{"path":⟦"args.a..b"⟧,"op":"eq","value":1}]}]}}}"#,
    r#"{"version":"1","default":"deny","tools":{"a":{"require":[{"conditions":[{"path":⟦"args.a."⟧,"op":"eq","value":1}]}]}}}"#,
    r#"{"version":"1","default":"deny","tools":{"a":{"require":[{"conditions":[{"path":⟦7⟧,"op":"eq","value":1}]}]}}}"#,
    r#"{"version":"1","default":"deny","tools":{"a":{"require":[{"conditions":[{"path":"args.x","op":⟦"equals"⟧,"value":1}]}]}}}"#,
    r#"{"version":"1","default":"deny","tools":{"a":{"require":[{"conditions":[{"path":"args.x","op":⟦"=="⟧,"value":1}]}]}}}"#,
    r#"{"version":"1","default":"deny","tools":{"a":{"require":[{"conditions":[{"path":"args.x","op":"eq","value":1,⟦"case"⟧:1}]}]}}}"#,
    r#"{"version":"1","default":"deny","tools":{"a":{"require":[{"conditions":[{"path":"args.x","op":"exists","value":⟦"true"⟧}]}]}}}"#,
    r#"{"version":"1","default":"deny","tools":{"a":{"require":[{"conditions":[{"path":"args.x","op":"in","value":⟦"a"⟧}]}]}}}"#,
    r#"{"version":"1","default":"deny","tools":{"a":{"require":[{"conditions":[{"path":"args.x","op":"not_in","value":⟦{}⟧}]}]}}}"#,
    r#"{"version":"1","default":"deny","tools":{"a":{"require":[{"conditions":[{"path":"args.x","op":"lt","value":⟦"5"⟧}]}]}}}"#,
    r#"{"version":"1","default":"deny","tools":{"a":{"require":[{"conditions":[{"path":"args.x","op":"gte","value":⟦null⟧}]}]}}}"#,
    r#"{"version":"1","default":"deny","tools":{"a":{"require":[{"conditions":[{"path":"args.x","op":"regex","value":⟦5⟧}]}]}}}"#,
    // The pattern dialect, on the exact characters.
    r#"{"version":"1","default":"deny","tools":{"a":{"require":[{"conditions":[{"path":"args.x","op":"regex","value":"a⟦(?=⟧b)"}]}]}}}"#,
    r#"{"version":"1","default":"deny","tools":{"a":{"require":[{"conditions":[{"path":"args.x","op":"regex","value":"é\"⟦\\pL⟧"}]}]}}}"#,
    r#"{"version":"1","default":"deny","tools":{"a":{"require":[{"conditions":[{"path":"args.x","op":"regex","value":"⟦\\B⟧x"}]}]}}}"#,
    // Limits.
    r#"{"version":"1","default":"deny","tools":{"a":{"limits":⟦{}⟧}}}"#,
    r#"{"version":"1","default":"deny","tools":{"a":{"limits":[⟦10⟧]}}}"#,
    r#"{"version":"1","default":"deny","tools":{"a":{"limits":[⟦{"window":"day","max":1,"scope":"grant"}⟧]}}}"#,
    r#"{"version":"1","default":"deny","tools":{"a":{"limits":[⟦{"counter":"c","max":1,"scope":"grant"}⟧]}}}"#,
    r#"{"version":"1","default":"deny","tools":{"a":{"limits":[⟦{"counter":"c","window":"day","scope":"grant"}⟧]}}}"#,
    r#"{"version":"1","default":"deny","tools":{"a":{"limits":[⟦{"counter":"c","window":"day","max":1}⟧]}}}"#,
    r#"{"version":"1","default":"deny","tools":{"a":{"limits":[{"counter":⟦" "⟧,"window":"day","max":1,"scope":"grant"}]}}}"#,
    r#"{"version":"1","default":"deny","tools":{"a":{"limits":[{"counter":"c","window":⟦"week"⟧,"max":1,"scope":"grant"}]}}}"#,
    r#"{"version":"1","default":"deny","tools":{"a":{"limits":[{"counter":"c","window":⟦60⟧,"max":1,"scope":"grant"}]}}}"#,
    r#"{"version":"1","default":"deny","tools":{"a":{"limits":[{"counter":"c","window":"day","max":⟦0⟧,"scope":"grant"}]}}}"#,
    r#"{"version":"1","default":"deny","tools":{"a":{"limits":[{"counter":"c","window":"day","max":⟦-1⟧,"scope":"grant"}]}}}"#,
    r#"{"version":"1","default":"deny","tools":{"a":{"limits":[{"counter":"c","window":"day","max":⟦1.5⟧,"scope":"grant"}]}}}"#,
    r#"{"version":"1","default":"deny","tools":{"a":{"limits":[{"counter":"c","window":"day","max":⟦1e1⟧,"scope":"grant"}]}}}"#,
    r#"{"version":"1","default":"deny","tools":{"a":{"limits":[{"counter":"c","window":"day","max":⟦10.0⟧,"scope":"grant"}]}}}"#,
    r#"{"version":"1","default":"deny","tools":{"a":{"limits":[{"counter":"c","window":"day","max":⟦9007199254740992⟧,"scope":"grant"}]}}}"#,
    r#"{"version":"1","default":"deny","tools":{"a":{"limits":[{"counter":"c","window":"day","max":⟦"10"⟧,"scope":"grant"}]}}}"#,
    r#"{"version":"1","default":"deny","tools":{"a":{"limits":[{"counter":"c","window":"day","max":1,"scope":⟦"session"⟧}]}}}"#,
    r#"{"version":"1","default":"deny","tools":{"a":{"limits":[{"counter":"c","window":"day","max":1,"scope":"grant","increment_from":⟦"amount"⟧}]}}}"#,
    r#"{"version":"1","default":"deny","tools":{"a":{"limits":[{"counter":"c","window":"day","max":1,"scope":"grant","on_deny":⟦""⟧}]}}}"#,
    r#"{"version":"1","default":"deny","tools":{"a":{"limits":[{"counter":"c","window":"day","max":1,"scope":"grant"},{"counter":⟦"c"⟧,"window":"hour","max":1,"scope":"grant"}]}}}"#,
    r#"{"version":"1","default":"deny","all_tools":{"limits":[{"counter":"c","window":"day","max":1,"scope":"grant"},{"counter":⟦"c"⟧,"window":"day","max":1,"scope":"grant"}]}}"#,
    // Several in one file.
    "{\"version\":⟦1⟧,\n \"default\":⟦\"maybe\"⟧,\n \"hide\":[\"a\",⟦\"a\"⟧],\n ⟦\"tol\"⟧:{},\n \"tools\":{\"t\":{\"limits\":[{\"counter\":\"c\",\"window\":⟦\"year\"⟧,\"max\":1,\"scope\":\"grant\"}],\n \"require\":[{\"conditions\":[{\"path\":\"args.x\",\"op\":\"regex\",\"value\":\"⟦(?!⟧x)\"}]}],⟦\"limits\"⟧:[]}}}",
];

/// The text without its marks, and the marked ranges in order.
fn unmark(case: &str) -> (String, Vec<(usize, usize)>) {
    let mut text = String::new();
    let mut starts = Vec::new();
    let mut marks = Vec::new();
    for character in case.chars() {
        match character {
            '⟦' => starts.push(text.len()),
            '⟧' => marks.push((starts.pop().unwrap(), text.len())),
            other => text.push(other),
        }
    }
    marks.sort_unstable();
    (text, marks)
}

fn problems(map: &mut SourceMap, bytes: &[u8]) -> Vec<Problem> {
    match Policy::load(map, "policy.json", bytes) {
        Ok(_) => Vec::new(),
        Err(invalid) => invalid.into_problems(),
    }
}

#[test]
fn each_malformed_policy_is_refused_at_the_exact_place() {
    assert!(CASES.len() >= 100, "{}", CASES.len());
    let mut wrong = Vec::new();
    for case in CASES {
        let (text, marks) = unmark(case);
        let mut map = SourceMap::new();
        let list = problems(&mut map, text.as_bytes());
        let mut found: Vec<(usize, usize)> = list
            .iter()
            .map(|finding| (finding.location.span.start, finding.location.span.end))
            .collect();
        found.sort_unstable();
        if found != marks {
            let messages: Vec<&str> = list
                .iter()
                .map(|finding| finding.message.as_str())
                .collect();
            wrong.push(format!(
                "{case}\n  expected {marks:?}\n  found    {found:?} {messages:?}"
            ));
        }
        let findings = Findings {
            policies: 1,
            list: list.into_iter().map(Finding::from).collect(),
            ..Findings::default()
        };
        assert_eq!(findings.exit(None), Exit::Invalid, "{case}");
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn line_and_column_are_those_an_editor_shows() {
    let text = "{\n  \"version\": \"1\",\n  \"default\": \"deny\",\n  \"hïde\": []\n}\n";
    let mut map = SourceMap::new();
    let list = problems(&mut map, text.as_bytes());
    let start = map.start(list[0].location);
    let end = map.end(list[0].location);
    assert_eq!((start.line, start.column), (4, 3));
    assert_eq!((end.line, end.column), (4, 9));
}

#[test]
fn other_encodings_are_named_with_a_way_out() {
    let utf16: Vec<u8> = "{}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let with_mark: Vec<u8> = [vec![0xFF, 0xFE], utf16.clone()].concat();
    for (bytes, word) in [
        (b"\xEF\xBB\xBF{}".to_vec(), "byte-order mark"),
        (with_mark, "UTF-16"),
        (utf16, "UTF-16"),
        (
            b"{\"version\":\"1\",\"default\":\"d\xE9ny\"}".to_vec(),
            "0xE9",
        ),
    ] {
        let mut map = SourceMap::new();
        let list = problems(&mut map, &bytes);
        assert_eq!(list.len(), 1);
        assert!(list[0].message.contains(word), "{}", list[0].message);
        assert!(list[0].help.as_deref().unwrap().contains("UTF-8"));
    }
}

#[test]
fn deep_nesting_and_huge_documents_are_refused_or_read_and_never_panic() {
    let deep = "[".repeat(100_000);
    let wide = format!(
        "{{{}}}",
        (0..200_000)
            .map(|n| format!("\"k{n}\":0"))
            .collect::<Vec<_>>()
            .join(",")
    );
    let same = format!("{{{}}}", vec!["\"k\":0"; 20_000].join(","));
    // Past ten thousand problems, the last one says how many more there are.
    for (text, count, more) in [
        (deep, 1, None),
        (wide, 10_001, Some("190")),
        (same, 10_001, None),
    ] {
        let mut map = SourceMap::new();
        let list = problems(&mut map, text.as_bytes());
        assert_eq!(list.len(), count);
        let last = &list[count - 1].message;
        assert!(more.is_none_or(|more| last.contains(more)), "{last}");
    }
}
