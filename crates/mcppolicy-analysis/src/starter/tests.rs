mod generated;
mod slips;

use super::*;
use crate::lint::{self, Input, Settings};
use mcppolicy_engine::engine::Engine;
use mcppolicy_engine::policy::Policy;
use mcppolicy_engine::source::SourceMap;

const TOOLS: &str = r#"{"tools":[
    {"name":"run_script","inputSchema":{"type":"object","properties":{"code":{"type":"string"}}}},
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
    start(&inventory, &categories)
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
        (
            limits("get_page"),
            limits("update_page"),
            limits("run_script")
        ),
        (1, 2, 2)
    );
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
