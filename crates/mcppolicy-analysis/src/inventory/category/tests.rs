//! The rules, each on a few names; the measure is `tests/it/classifier.rs`.

use super::*;
use mcppolicy_engine::source::SourceMap;

fn category(tool: &str) -> Category {
    Categories::new().of(tool).category
}

#[track_caller]
fn all_are(expected: Category, tools: &[&str]) {
    for tool in tools {
        let found = Categories::new().of(tool);
        assert_eq!(found.category, expected, "{tool}: {}", found.because);
    }
}

#[test]
fn verbs_that_run_something_are_execute() {
    all_are(
        Category::Execute,
        &[
            "run_workflow",
            "runWorkflow",
            "execute_command",
            "comfyui-run-workflow",
            "puppeteer_evaluate",
            "invoke_lambda",
            "run_sql",
            "run_dml_query",
            "call_api",
            "bash",
            "python_repl",
            "query_database",
            "mysql_query",
            "get_or_run_report",
            "executeSQLQuery",
            "n8n_trigger_webhook_workflow",
        ],
    );
}

#[test]
fn verbs_that_take_away_are_destructive() {
    all_are(
        Category::Destructive,
        &[
            "delete_repository",
            "DropTable",
            "github_delete_file",
            "purge-cache",
            "tf_destroy",
            "wipeLogs",
            "kv_namespace_delete",
            "stop_and_remove_container",
            "bulk_delete_users",
        ],
    );
}

#[test]
fn moving_money_is_financial_and_reading_it_is_read() {
    all_are(
        Category::Financial,
        &[
            "create_refund",
            "create_charge",
            "refund_payment",
            "pay_order",
            "transfer",
            "transfer_funds",
            "send_invoice",
            "cancel_subscription",
            "createPayout",
            "payment",
        ],
    );
    all_are(
        Category::Read,
        &[
            "list_invoices",
            "get_balance",
            "search_payments",
            "get_refund",
        ],
    );
    all_are(
        Category::Write,
        &["transfer_repository", "transferIssue", "create_customer"],
    );
}

#[test]
fn the_first_verb_decides_over_later_nouns() {
    all_are(
        Category::Read,
        &[
            "get_run_status",
            "list_workflow_runs",
            "read_file",
            "search_code",
            "getVisibleJiraProjects",
            "get_delete_marker",
            "pull_request_read",
            "query_metrics",
            "describe_instances",
        ],
    );
    all_are(
        Category::Write,
        &[
            "create_issue",
            "update_run_settings",
            "post_message",
            "set_active_account",
            "merge_pull_request",
            "write_file",
        ],
    );
}

#[test]
fn a_name_that_says_nothing_is_a_write_and_says_so() {
    for tool in ["frobnicate", "", "x9", "\u{65e5}\u{672c}"] {
        let found = Categories::new().of(tool);
        assert_eq!(found.category, Category::Write, "{tool}");
        assert!(found.because.contains("says nothing"));
    }
}

#[test]
fn the_configuration_comes_before_the_name() {
    let mut categories = Categories::new();
    categories.configure("get_thing", Category::Execute);
    assert_eq!(categories.of("get_thing").category, Category::Execute);
    assert_eq!(categories.of("get_other").category, Category::Read);
}

#[test]
fn the_reason_names_the_evidence() {
    let because = |tool| Categories::new().of(tool).because;
    assert_eq!(because("run_workflow"), "verb *run*");
    assert_eq!(because("create_refund"), "verb *create*, object *refund*");
    assert_eq!(because("bash"), "noun *bash*, and no verb");
}

#[test]
fn risk_grows_with_the_category() {
    assert!(Category::ALL.is_sorted_by_key(|category| category.risk()));
    assert_eq!(category("create_charge").risk(), Risk::Critical);
}

/// The class of the one tool of an inventory, and whether its annotations are
/// in conflict.
fn of_tool(tool: &str) -> (Category, String, bool) {
    let mut map = mcppolicy_engine::source::SourceMap::new();
    let text = format!("[{tool}]");
    let (_, inventory, findings) = Inventory::read(&mut map, "tools.json", text.as_bytes());
    assert_eq!(findings, []);
    let inventory = inventory.unwrap();
    let name = inventory.tools[0].name.clone();
    let mut categories = Categories::new();
    categories.learn(&inventory);
    let found = categories.of(&name);
    (
        found.category,
        found.because,
        categories.conflict(&name).is_some(),
    )
}

#[track_caller]
fn tool_is(expected: Category, conflict: bool, tool: &str) {
    let (category, because, found) = of_tool(tool);
    assert_eq!((category, found), (expected, conflict), "{tool}: {because}");
}

#[test]
fn a_stated_category_comes_before_annotations_and_annotations_before_names() {
    tool_is(
        Category::Financial,
        false,
        r#"{"name":"get_x","category":"financial","annotations":{"readOnlyHint":true}}"#,
    );
    tool_is(
        Category::Read,
        false,
        r#"{"name":"frobnicate","annotations":{"readOnlyHint":true}}"#,
    );
    // The protocol's default for all that does not only read: it takes a word of a
    // loss beside it.
    tool_is(
        Category::Execute,
        false,
        r#"{"name":"get_x","annotations":{"destructiveHint":true}}"#,
    );
    tool_is(
        Category::Destructive,
        false,
        r#"{"name":"save_x","description":"Overwrites what is there.","annotations":{"destructiveHint":true}}"#,
    );
    tool_is(
        Category::Write,
        false,
        r#"{"name":"get_x","annotations":{"readOnlyHint":false}}"#,
    );
    tool_is(
        Category::Write,
        false,
        r#"{"name":"remove_label","annotations":{"destructiveHint":false}}"#,
    );
    tool_is(
        Category::Execute,
        false,
        r#"{"name":"run_command","annotations":{"destructiveHint":true}}"#,
    );
}

#[test]
fn a_claim_of_harmlessness_does_not_make_a_plain_name_harmless() {
    for (category, tool) in [
        (
            Category::Destructive,
            r#"{"name":"delete_repository","annotations":{"readOnlyHint":true}}"#,
        ),
        (
            Category::Destructive,
            r#"{"name":"delete_repository","annotations":{"destructiveHint":false}}"#,
        ),
        (
            Category::Execute,
            r#"{"name":"run_command","annotations":{"readOnlyHint":true}}"#,
        ),
        (
            Category::Financial,
            r#"{"name":"create_refund","annotations":{"readOnlyHint":true}}"#,
        ),
        (
            Category::Write,
            r#"{"name":"create_issue","annotations":{"readOnlyHint":true}}"#,
        ),
    ] {
        tool_is(category, true, tool);
    }
}

#[test]
fn a_description_speaks_where_the_name_does_not() {
    for (category, tool) in [
        (
            Category::Read,
            r#"{"name":"branches","description":"Lists all branches."}"#,
        ),
        (
            Category::Destructive,
            r#"{"name":"branches","description":"Create, list or delete branches"}"#,
        ),
        (
            Category::Execute,
            r#"{"name":"get_answer","description":"Executes Python code and returns its output."}"#,
        ),
        (
            Category::Read,
            r#"{"name":"query_sql","description":"Run read-only SQL"}"#,
        ),
        (
            Category::Read,
            r#"{"name":"issues","description":"Tools for listing issues"}"#,
        ),
        (
            Category::Read,
            r#"{"name":"session_status","description":"Report whether the session still runs."}"#,
        ),
        (
            Category::Write,
            r#"{"name":"problems","description":"Report a problem to the vendor."}"#,
        ),
        (
            Category::Write,
            r#"{"name":"sessions","description":"Report whether a session runs, or delete it"}"#,
        ),
    ] {
        tool_is(category, false, tool);
    }
}

#[test]
fn arguments_say_what_is_run_deleted_and_paid() {
    for (category, tool) in [
        (
            Category::Execute,
            r#"{"name":"x","inputSchema":{"properties":{"command":{}}}}"#,
        ),
        (
            Category::Destructive,
            r#"{"name":"label_write","inputSchema":{"properties":{"method":{"enum":["create","delete"]}}}}"#,
        ),
        (
            Category::Financial,
            r#"{"name":"send","inputSchema":{"properties":{"amount":{},"to":{}}}}"#,
        ),
    ] {
        tool_is(category, false, tool);
    }
    let (_, because, _) =
        of_tool(r#"{"name":"run_it","inputSchema":{"properties":{"command":{}}}}"#);
    assert_eq!(because, "verb *run*, argument `command`");
}

#[test]
fn a_name_that_begins_with_its_object_is_decided_by_its_end() {
    all_are(
        Category::Destructive,
        &["mailing_list_delete", "search_index_purge"],
    );
    all_are(Category::Read, &["issue_list", "workflow_run_get"]);
    all_are(Category::Execute, &["run_workflow", "test_connection"]);
}

#[test]
fn tools_of_browsers_and_clusters_are_what_they_do() {
    tool_is(
        Category::Execute,
        false,
        r#"{"name":"browser_click","description":"Perform click on a web page","annotations":{"destructiveHint":true}}"#,
    );
    all_are(Category::Write, &["browser_drop", "mouse_drag_and_drop"]);
    all_are(
        Category::Destructive,
        &["drop_table", "confirm_delete_group"],
    );
    all_are(
        Category::Read,
        &["browser_console_messages", "get_user_agent"],
    );
    tool_is(
        Category::Execute,
        false,
        r#"{"name":"cluster_create","description":"Create a resource","inputSchema":{"type":"object","properties":{"manifest":{"type":"string"}}}}"#,
    );
    tool_is(
        Category::Execute,
        false,
        r#"{"name":"navigate_page","description":"Go to a URL","inputSchema":{"type":"object","properties":{"url":{"type":"string"},"initScript":{"type":"string"}}}}"#,
    );
    tool_is(
        Category::Execute,
        false,
        r#"{"name":"post_page","description":"Post a page","inputSchema":{"type":"object","properties":{"actions":{"type":"array","items":{"type":"object","properties":{"script":{"type":"string"}}}}}}}"#,
    );
    tool_is(
        Category::Read,
        false,
        r#"{"name":"calculate","description":"Calculates or evaluates the expression","inputSchema":{"type":"object","properties":{"expression":{"type":"string"}}}}"#,
    );
}

#[test]
fn code_of_the_callers_is_told_from_jobs_of_the_server() {
    let runs = |tool: &str| {
        let mut map = SourceMap::new();
        let text = format!("[{tool}]");
        let (_, inventory, _) = Inventory::read(&mut map, "tools.json", text.as_bytes());
        let inventory = inventory.unwrap();
        let mut categories = Categories::new();
        categories.learn(&inventory);
        categories.runs_code(&inventory.tools[0].name).is_some()
    };
    for tool in [
        r#"{"name":"exec_in_pod","inputSchema":{"properties":{"command":{"type":"array"}}}}"#,
        r#"{"name":"run_many","inputSchema":{"properties":{"steps":{"items":{"properties":{"script":{}}}}}}}"#,
        r#"{"name":"browser_evaluate","inputSchema":{"properties":{"function":{}}},"description":"Evaluate JavaScript expression on page"}"#,
        r#"{"name":"interact_with_process","inputSchema":{"properties":{"pid":{},"input":{}}}}"#,
        r#"{"name":"run_sql","inputSchema":{"properties":{"sql":{}}}}"#,
        r#"{"name":"execute"}"#,
        // A program or a package that the caller names is code of the caller's.
        r#"{"name":"start_session","inputSchema":{"properties":{"binary_path":{},"cwd":{}}}}"#,
        r#"{"name":"launch_app","inputSchema":{"properties":{"executable":{}}}}"#,
        r#"{"name":"install_package","inputSchema":{"properties":{"package_name":{}}}}"#,
        r#"{"name":"install_release","inputSchema":{"properties":{"name":{},"chart":{},"repo":{}}}}"#,
        r#"{"name":"upgrade_release","inputSchema":{"properties":{"chart":{}}},"annotations":{"destructiveHint":true}}"#,
        r#"{"name":"install_app","inputSchema":{"properties":{"device":{},"path":{}}}}"#,
        r#"{"name":"run_notebook","inputSchema":{"properties":{"path":{}}}}"#,
        r#"{"name":"execute_file","inputSchema":{"properties":{"file_path":{}}}}"#,
    ] {
        assert!(runs(tool), "{tool}");
    }
    for tool in [
        r#"{"name":"run_workflow","inputSchema":{"properties":{"workflow_id":{}}}}"#,
        r#"{"name":"start_build","inputSchema":{"properties":{"branch":{}}}}"#,
        r#"{"name":"get_code","inputSchema":{"properties":{"code":{}}}}"#,
        r#"{"name":"trigger_token_refresh","inputSchema":{"properties":{"code":{}}}}"#,
        r#"{"name":"restart_server","inputSchema":{"properties":{}}}"#,
        r#"{"name":"install_update","inputSchema":{"properties":{"device_id":{}}}}"#,
        r#"{"name":"run_report","inputSchema":{"properties":{"package":{}}}}"#,
        r#"{"name":"list_packages","inputSchema":{"properties":{"package_name":{}}}}"#,
        r#"{"name":"start_program_review","inputSchema":{"properties":{"program_id":{}}}}"#,
        r#"{"name":"run_file_search","inputSchema":{"properties":{"pattern":{}}}}"#,
    ] {
        assert!(!runs(tool), "{tool}");
    }
}
