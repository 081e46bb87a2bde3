mod generated;
mod slips;

use super::policy::quoted;
use super::*;
use crate::lint::{self, Input, Settings};
use mcppolicy_engine::engine::Engine;
use mcppolicy_engine::policy::Policy;
use mcppolicy_engine::source::SourceMap;

const TOOLS: &str = r#"{"tools":[
    {"name":"run_script","inputSchema":{"type":"object","properties":{"code":{"type":"string"}}}},
    {"name":"run_job","inputSchema":{"type":"object","properties":{"id":{"type":"string"}},"required":["id"]}},
    {"name":"get_page"},
    {"name":"update_page"},
    {"name":"delete_page"},
    {"name":"send_payment","inputSchema":{"type":"object","properties":{"amount":{"type":"number"}}}},
    {"name":"read \"quoted\"\\ name"},
    {"name":"read\nfile"}
]}"#;

fn starter(tools: &str) -> Starter {
    let mut map = SourceMap::new();
    let (_, inventory, problems) = Inventory::read(&mut map, "tools.json", tools.as_bytes());
    assert!(problems.is_empty(), "{problems:?}");
    let inventory = inventory.unwrap();
    let mut categories = Categories::new();
    categories.learn(&inventory);
    start(&inventory, &categories, &Words::default())
}

fn load(text: &str) -> Policy {
    let mut map = SourceMap::new();
    Policy::load(&mut map, "policy.json", text.as_bytes())
        .unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn the_first_policy_allows_hides_and_blocks_by_category() {
    let policy = load(&starter(TOOLS).policy);
    assert_eq!(policy.default.value.name(), "deny");
    let hidden: Vec<&str> = policy
        .hide
        .iter()
        .map(|entry| entry.value.as_str())
        .collect();
    assert_eq!(hidden, ["delete_page"]);
    let limits = |tool| policy.tool(tool).unwrap().limits.len();
    assert_eq!(
        (limits("get_page"), limits("update_page"), limits("run_job")),
        (1, 2, 2)
    );
    // It runs code of the caller's, which takes a person's word.
    let code = &policy.tool("run_script").unwrap().deny_if;
    assert!(code[0].conditions.is_empty() && code[0].on_deny.is_some());
    assert!(policy.tool("read \"quoted\"\\ name").is_some());
    assert!(policy.tool("read\nfile").is_none(), "a name that deceives");
    let blocked = &policy.tool("send_payment").unwrap().deny_if;
    assert!(blocked[0].conditions.is_empty() && blocked[0].on_deny.is_some());
}

#[test]
fn the_first_policy_lints_clean() {
    let policy = load(&starter(TOOLS).policy);
    let found = lint::lint(&Input::new(
        &policy,
        &Engine::new(&policy),
        &Settings::new(),
    ));
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn a_server_without_usable_tools_gets_a_policy_that_refuses_everything() {
    let none = starter(r#"{"tools":[]}"#);
    assert!(load(&none.policy).tools.is_empty());
    assert_eq!(none.trace, None);
}

#[test]
fn a_word_on_a_category_comes_before_the_usual() {
    let mut map = SourceMap::new();
    let (_, inventory, _) = Inventory::read(&mut map, "tools.json", TOOLS.as_bytes());
    let inventory = inventory.unwrap();
    let mut categories = Categories::new();
    categories.learn(&inventory);
    let treated = |said: &[(Category, bool)], tool: &str| {
        let mut words = Words::default();
        for (category, is_allowed) in said {
            words.say(*category, *is_allowed);
        }
        let starter = start(&inventory, &categories, &words);
        load(&starter.policy);
        let mut tools = starter.tools.into_iter();
        tools.find(|of| of.name == tool).unwrap().treatment
    };
    use Category::{Destructive, Execute, Financial, Read};
    assert_eq!(treated(&[], "run_script"), Treatment::BlockedCode);
    assert_eq!(
        treated(&[(Execute, true)], "run_script"),
        Treatment::Allowed
    );
    assert_eq!(treated(&[(Execute, false)], "run_job"), Treatment::Hidden);
    assert_eq!(
        treated(&[(Destructive, true)], "delete_page"),
        Treatment::Allowed
    );
    assert_eq!(
        treated(&[(Financial, true)], "send_payment"),
        Treatment::Allowed
    );
    assert_eq!(
        treated(&[(Financial, false)], "send_payment"),
        Treatment::BlockedMoney
    );
    assert_eq!(treated(&[(Read, false)], "get_page"), Treatment::Hidden);
}

#[test]
fn the_riskiest_allowed_tool_comes_first() {
    let mut map = SourceMap::new();
    let (_, inventory, _) = Inventory::read(&mut map, "tools.json", TOOLS.as_bytes());
    let inventory = inventory.unwrap();
    let mut categories = Categories::new();
    categories.learn(&inventory);
    let mut words = Words::default();
    words.say(Category::Execute, true);
    let starter = start(&inventory, &categories, &words);
    let names: Vec<&str> = starter
        .allowed()
        .iter()
        .map(|tool| tool.name.as_str())
        .collect();
    assert_eq!(names[..3], ["run_script", "run_job", "update_page"]);
}

#[test]
fn the_first_trace_has_the_arguments_that_schemas_require() {
    let trace = starter(TOOLS).trace.unwrap();
    assert!(
        trace.contains(r#""tool":"run_job","arguments":{"id":"example"},"expect":"allow""#),
        "{trace}"
    );
    assert!(trace.contains(r#""repeat":61,"#), "{trace}");
    assert!(trace.contains(r#""kind":"default_deny""#), "{trace}");
}
