//! The first policy of any server: nothing to report under the configuration that
//! is written with it.

use proptest::prelude::*;

use super::*;

const VERBS: [&str; 24] = [
    "get", "list", "search", "read", "create", "update", "add", "send", "run", "execute", "exec",
    "delete", "drop", "remove", "pay", "charge", "refund", "navigate", "click", "evaluate",
    "kubectl", "fetch", "move", "",
];

const NOUNS: [&str; 20] = [
    "page", "file", "files", "command", "payment", "invoice", "script", "database", "issue",
    "branch", "url", "pod", "query", "user", "tool", "hour", "day", "minute", "Page", "",
];

/// Names that no convention has.
const ODD: [&str; 16] = [
    "get_*",
    "what?",
    "*",
    " ",
    "get_page ",
    " get_page",
    "get_pa\u{200b}ge",
    "g\u{435}t_page",
    "cafe\u{301}",
    "caf\u{e9}",
    "mcp__server__get_page",
    "mcp__get",
    "GET_PAGE",
    "a/b",
    "a~1b.c",
    "daily_minute_rate",
];

const ARGUMENTS: [&str; 14] = [
    r#""path":{"type":"string"}"#,
    r#""paths":{"type":"array","items":{"type":"string"}}"#,
    r#""command":{"type":"string"}"#,
    r#""command":{"type":"array","items":{"type":"string"}}"#,
    r#""url":{"type":"string"}"#,
    r#""urls":{"type":"array"}"#,
    r#""query":{"type":"string"}"#,
    r#""amount":{"type":"number"}"#,
    r#""amount.cents":{"type":"integer"}"#,
    r#""fields[]":{"type":"array"}"#,
    r#""code":{"type":"string"}"#,
    r#""force":{"type":"boolean"}"#,
    r#""0":{}"#,
    r#""options":{"type":"object","properties":{"path":{"type":"string"}}}"#,
];

fn name() -> impl Strategy<Value = String> {
    let usual = (
        prop::sample::select(VERBS.as_slice()),
        prop::sample::select(NOUNS.as_slice()),
        prop::sample::select(vec!["_", "", "-"]),
    );
    let usual = usual.prop_map(|(verb, noun, between)| format!("{verb}{between}{noun}"));
    prop_oneof![8 => usual, 1 => prop::sample::select(ODD.as_slice()).prop_map(str::to_owned)]
}

fn tool() -> impl Strategy<Value = (String, String)> {
    let hint = || prop::sample::select(vec![None, None, Some(true), Some(false)]);
    let arguments = prop::sample::subsequence(ARGUMENTS.as_slice(), 0..4);
    let description = prop::sample::select(vec![
        "",
        "Read one page",
        "Deletes it for good",
        "Runs whatever is given",
        "Moves money",
    ]);
    (name(), hint(), hint(), hint(), arguments, description).prop_map(
        |(name, read_only, destructive, open_world, arguments, description)| {
            let hints = [
                ("readOnlyHint", read_only),
                ("destructiveHint", destructive),
                ("openWorldHint", open_world),
            ];
            let hints: Vec<String> = hints
                .into_iter()
                .filter_map(|(hint, value)| Some(format!("\"{hint}\":{}", value?)))
                .collect();
            let text = format!(
                r#"{{"name":{},"description":"{description}","annotations":{{{}}},"inputSchema":{{"type":"object","properties":{{{}}}}}}}"#,
                quoted(&name),
                hints.join(","),
                arguments.join(",")
            );
            (name, text)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn a_first_policy_has_nothing_to_report(tools in prop::collection::btree_map(name(), tool(), 0..9)) {
        // Each name once; that one is listed twice is the inventory's own problem.
        let tools: BTreeMap<String, String> = tools.into_values().collect();
        let text = format!("[{}]", tools.into_values().collect::<Vec<_>>().join(","));
        let mut map = SourceMap::new();
        let (_, inventory, _) = Inventory::read(&mut map, "tools.json", text.as_bytes());
        let Some(inventory) = inventory else {
            return Err(TestCaseError::reject("no inventory"));
        };
        let mut categories = Categories::new();
        categories.learn(&inventory);
        let starter = start(&inventory, &categories, &Words::default());
        let policy = load(&starter.policy);
        let engine = Engine::new(&policy);
        let mut settings = Settings::new();
        for (tool, category) in &starter.settled {
            settings.categories.configure(tool, *category);
        }
        let found = lint::lint(&Input {
            inventory: Some(&inventory),
            ..Input::new(&policy, &engine, &settings)
        });
        // That nothing may be called is said, and true.
        let is_callable = |finding: &&crate::finding::Finding| finding.rule.name() != "nothing-callable";
        let found: Vec<_> = found.iter().filter(is_callable).map(|f| (f.rule.name(), &f.message)).collect();
        prop_assert!(found.is_empty(), "{text}: {found:#?}\n{}", starter.policy);
    }
}
