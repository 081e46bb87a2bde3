//! The rules, each on a few names; the measure is `tests/it/classifier.rs`.

use super::*;

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
