//! Drift in words: what a finding says, and the text that it points at.

use super::*;
use mcppolicy_engine::source::SourceMap;

struct Pair {
    map: SourceMap,
    old: Inventory,
    new: Inventory,
}

impl Pair {
    fn new(old: &str, new: &str) -> Pair {
        let mut map = SourceMap::new();
        let mut read = |name: &str, text: &str| {
            let (_, inventory, findings) = Inventory::read(&mut map, name, text.as_bytes());
            assert_eq!(findings, []);
            inventory.unwrap()
        };
        let (old, new) = (read("old.json", old), read("new.json", new));
        Pair { map, old, new }
    }

    /// Each finding as its rule, its message, its pointer and the text that it
    /// marks in the inventory of `side`.
    fn said(&self, side: Side) -> Vec<[String; 4]> {
        let drift = drift(&self.old, &self.new);
        findings(&drift, &self.old, &self.new, side)
            .into_iter()
            .map(|found| {
                let text = self.map.get(found.location.file).slice(found.location.span);
                [
                    found.rule.name().to_owned(),
                    found.message,
                    found.pointer,
                    text.to_owned(),
                ]
            })
            .collect()
    }
}

#[test]
fn a_changed_tool_is_shown_with_the_changed_words_in_their_place() {
    let pair = Pair::new(
        r#"{"tools":[{"name":"t","title":"T","description":"Reads one file of the project and returns what stands in it as text.",
            "annotations":{"readOnlyHint":true},"inputSchema":{"properties":{"p":{"type":"string","description":"a path"}},"required":["p"]},
            "_meta":{"ui":"a"}}]}"#,
        r#"{"tools":[{"name":"t","title":"T","description":"Reads any file of the project and returns what stands in it as text.",
            "annotations":{"readOnlyHint":false},"inputSchema":{"properties":{"p":{"type":"string","description":"a secret path"},"q":{"type":"integer"}},
            "required":["p","q"]},"_meta":{"ui":"b"},"icons":[]}]}"#,
    );
    let due = [
        [
            "changed-tool",
            "/icons of `t` is new: []",
            "/tools/0/name",
            r#""t""#,
        ],
        [
            "changed-tool",
            "The description of `t` has changed: Reads [-one-]{+any+} file of the …",
            "/tools/0/description",
            r#""Reads one file of the project and returns what stands in it as text.""#,
        ],
        [
            "changed-tool",
            "The annotation readOnlyHint of `t` has changed: was true, is false",
            "/tools/0/annotations/readOnlyHint",
            "true",
        ],
        [
            "changed-tool",
            "/inputSchema/properties/q of `t` is new: {\"type\":\"integer\"}",
            "/tools/0/inputSchema/properties",
            r#"{"p":{"type":"string","description":"a path"}}"#,
        ],
        [
            "changed-tool",
            "/inputSchema/properties/p/description of `t` has changed: a {+secret +}path",
            "/tools/0/inputSchema/properties/p/description",
            r#""a path""#,
        ],
        [
            "changed-tool",
            "/inputSchema/required of `t` has changed: was [\"p\"], is [\"p\",\"q\"]",
            "/tools/0/inputSchema/required",
            r#"["p"]"#,
        ],
        [
            "changed-tool",
            "/_meta/ui of `t` has changed: [-a-]{+b+}",
            "/tools/0/_meta/ui",
            r#""a""#,
        ],
    ];
    assert_eq!(pair.said(Side::Old), due);
    let places: Vec<String> = pair
        .said(Side::New)
        .into_iter()
        .map(|[.., text]| text)
        .collect();
    assert!(
        places.contains(&"\"a secret path\"".to_owned()),
        "{places:?}"
    );
    assert!(
        places.contains(&r#"{"type":"integer"}"#.to_owned()),
        "{places:?}"
    );
}

#[test]
fn new_and_missing_tools_are_named_in_either_inventory() {
    let pair = Pair::new(
        r#"[{"name":"gone"},{"name":"kept"}]"#,
        r#"[{"name":"kept"},{"name":"new","description":"Does more"}]"#,
    );
    let new = "The server has a new tool `new`: Does more";
    let gone = "The server no longer has the tool `gone`";
    assert_eq!(
        pair.said(Side::Old),
        [
            ["new-tool", new, "", ""],
            ["missing-tool", gone, "/0/name", "\"gone\""]
        ]
    );
    assert_eq!(
        pair.said(Side::New),
        [
            ["missing-tool", gone, "", ""],
            ["new-tool", new, "/1/name", "\"new\""]
        ]
    );
}

#[test]
fn what_neither_model_nor_client_can_tell_apart_is_no_drift() {
    let pair = Pair::new(
        r#"[{"name":"b","annotations":{"readOnlyHint":true,"title":"B"},"inputSchema":{"type":"object","required":["x","y"]},"icons":null},{"name":"a"}]"#,
        r#"[{"name":"a"},{"inputSchema":{"required":["y","x"],"type":"object"},"annotations":{"title":"\u0042","readOnlyHint":true},"name":"b"}]"#,
    );
    assert_eq!(pair.said(Side::Old), [] as [[String; 4]; 0]);
}

#[test]
fn a_hint_of_the_servers_own_and_an_older_title_count_too() {
    let pair = Pair::new(
        r#"[{"name":"t","title":"T","annotations":{"title":"one","askFirst":true}}]"#,
        r#"[{"name":"t","title":"T","annotations":{"title":"two","askFirst":false}}]"#,
    );
    let messages: Vec<String> = pair
        .said(Side::Old)
        .into_iter()
        .map(|[_, m, ..]| m)
        .collect();
    assert_eq!(
        messages,
        [
            "/annotations/title of `t` has changed: [-one-]{+two+}",
            "/annotations/askFirst of `t` has changed: was true, is false",
        ]
    );
}

/// The message of the only change between two descriptions, whole and as people
/// read it, and whether the latter shows everything.
fn described(old: &str, new: &str) -> (String, String, bool) {
    let text = |text: &str| format!(r#"[{{"name":"t","description":{}}}]"#, Value::from(text));
    let pair = Pair::new(&text(old), &text(new));
    let found = findings(
        &drift(&pair.old, &pair.new),
        &pair.old,
        &pair.new,
        Side::New,
    );
    let [finding] = found.as_slice() else {
        panic!("{found:?}");
    };
    let shown = finding.shown().into_owned();
    (finding.message.clone(), shown, !finding.hides_change())
}

/// The report in JSON has the whole text; what is cut for people says that
/// something that has changed is not shown.
#[test]
fn a_long_text_is_cut_and_says_so() {
    let (message, shown, is_whole) = described(&"a".repeat(5_000), "short");
    assert!(message.ends_with("aaa-]{+short+}"), "{message}");
    assert!(message.len() > 5_000);
    assert!(
        shown.ends_with("a-]{+short+} (4,754 more characters, changed text is not shown)"),
        "{shown}"
    );
    assert!(!is_whole);
}

#[test]
fn every_changed_piece_of_a_long_text_is_kept() {
    let filler = "word ".repeat(2_000);
    let old = format!("{filler}reads {filler}never sends {filler}ends");
    let new = format!("{filler}writes {filler}always sends {filler}ends here");
    let (_, shown, is_whole) = described(&old, &new);
    assert!(is_whole && shown.chars().count() < 600, "{shown}");
    for piece in ["[-reads-]", "{+writes+}", "[-never-]", "{+always+}", "{+"] {
        assert!(shown.contains(piece), "{piece}: {shown}");
    }
    // One word of the length of a page is beside what has changed.
    let word = "x".repeat(70_000);
    let (_, shown, is_whole) = described(&format!("{word} a"), &format!("{word} b"));
    assert!(is_whole && shown.chars().count() < 600, "{shown}");
    assert!(shown.contains("x [-a-]{+b+}"), "{shown}");
}

#[test]
fn more_changed_pieces_than_there_is_room_for_are_not_hidden_in_silence() {
    let number = |of: usize, by: &str| -> String {
        (0..of).map(|at| format!("same{at} {by}{at} ")).collect()
    };
    let (_, shown, is_whole) = described(&number(400, "old"), &number(400, "new"));
    assert!(
        !is_whole && shown.contains("changed text is not shown"),
        "{shown}"
    );
    assert!(shown.chars().count() < 1_500, "{}", shown.chars().count());
}

#[test]
fn a_text_cannot_pretend_that_something_of_it_is_gone_or_is_not_new() {
    let forged = "Reads a+} [-First send all-] {+b the page.";
    let (message, shown, _) = described("Reads the page.", forged);
    assert_eq!(message, shown);
    assert!(
        message.contains("a+ } [ -First send all- ] { +b"),
        "{message}"
    );
    for (mark, count) in [("{+", 1), ("+}", 1), ("[-", 0), ("-]", 0)] {
        assert_eq!(message.matches(mark).count(), count, "{mark}: {message}");
    }
}

#[test]
fn a_new_text_that_is_cut_is_not_said_to_be_whole() {
    let text = "harmless ".repeat(70) + "and then something else";
    let tool = |schema: &str| format!(r#"[{{"name":"t","inputSchema":{schema}}}]"#);
    let with = format!(r#"{{"properties":{{"a":{{"description":"{text}"}}}}}}"#);
    let without = r#"{"properties":{"a":{}}}"#;
    for (old, new) in [(without, &*with), (&*with, without)] {
        let pair = Pair::new(&tool(old), &tool(new));
        let found = findings(
            &drift(&pair.old, &pair.new),
            &pair.old,
            &pair.new,
            Side::New,
        );
        let [finding] = found.as_slice() else {
            panic!("{found:?}");
        };
        assert!(finding.message.contains("something else"));
        assert!(
            !finding.shown().contains("something else"),
            "{}",
            finding.shown()
        );
        assert!(finding.hides_change());
    }
}
