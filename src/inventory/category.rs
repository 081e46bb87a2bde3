//! What kind of tool a name stands for, and why.
//!
//! The classifier is deterministic and explains itself. Mistakes cost
//! differently: a tool that executes and is called Read is the one to avoid,
//! so doubt goes to the more dangerous reading, and a name that says nothing is
//! a Write.

mod words;

use std::collections::BTreeMap;
use std::fmt;

/// What a tool does to the world, the harmless first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Category {
    /// Looks at something.
    Read,
    /// Changes something that can be changed back.
    Write,
    /// Runs code, a command, a query or a workflow of the caller's choice.
    Execute,
    /// Takes something away for good.
    Destructive,
    /// Moves money.
    Financial,
}

impl Category {
    /// All categories, the harmless first.
    pub const ALL: [Category; 5] = [
        Category::Read,
        Category::Write,
        Category::Execute,
        Category::Destructive,
        Category::Financial,
    ];

    /// The word that people read.
    pub const fn name(self) -> &'static str {
        match self {
            Category::Read => "Read",
            Category::Write => "Write",
            Category::Execute => "Execute",
            Category::Destructive => "Destructive",
            Category::Financial => "Financial",
        }
    }

    /// The category that people write as `name`, in capitals or not.
    pub fn named(name: &str) -> Option<Category> {
        Category::ALL
            .into_iter()
            .find(|category| category.name().eq_ignore_ascii_case(name))
    }

    /// How much harm a call can do.
    pub const fn risk(self) -> Risk {
        match self {
            Category::Read => Risk::Low,
            Category::Write => Risk::Medium,
            Category::Execute => Risk::High,
            Category::Destructive | Category::Financial => Risk::Critical,
        }
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How much harm a call can do, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Risk {
    /// Reading.
    Low,
    /// Writing.
    Medium,
    /// Executing.
    High,
    /// Destroying, spending.
    Critical,
}

impl Risk {
    /// The word used in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Risk::Low => "low",
            Risk::Medium => "medium",
            Risk::High => "high",
            Risk::Critical => "critical",
        }
    }
}

/// A category, and what it was told from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Classification {
    /// The category.
    pub category: Category,
    /// A few words that name the evidence, such as "verb *run*".
    pub because: String,
}

/// Answers which category a tool belongs to. The precedence of the sources is
/// kept here, so that nobody who asks needs to know it: what the configuration
/// says, then the tool's name.
#[derive(Debug, Clone, Default)]
pub struct Categories {
    configured: BTreeMap<String, Category>,
}

impl Categories {
    /// Categories told from names alone.
    pub fn new() -> Categories {
        Categories::default()
    }

    /// Sets a tool's category, whatever its name says.
    pub fn configure(&mut self, tool: impl Into<String>, category: Category) {
        self.configured.insert(tool.into(), category);
    }

    /// The category of `tool`, with its reason.
    pub fn of(&self, tool: &str) -> Classification {
        match self.configured.get(tool) {
            Some(category) => Classification {
                category: *category,
                because: "the configuration says so".to_owned(),
            },
            None => from_name(tool),
        }
    }
}

/// What a verb in a name suggests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verb {
    Does(Category),
    /// Moves money unless its object is something else: *transfer*.
    Mover,
    /// Reads, but runs what it is given when its object is a database: *query*.
    Querier,
}

/// Tells a category from a name alone.
///
/// The first verb decides, because names say what they do before they say to
/// what (`get_run_status` reads), whatever service or object stands in front
/// (`github_delete_file`). A second verb behind *and*, *or* or *then* counts
/// as well, and the more dangerous of the two wins.
fn from_name(tool: &str) -> Classification {
    let words = words::split(tool);
    let mut found: Option<Classification> = None;
    let mut looking = true;
    for (at, word) in words.iter().enumerate() {
        if matches!(word.as_str(), "and" | "or" | "then") {
            looking = true;
            continue;
        }
        if !looking || words::is_compound_noun(&words, at) {
            continue;
        }
        let Some(verb) = words::verb(word) else {
            continue;
        };
        looking = false;
        let next = by_verb(verb, at, &words);
        if found
            .as_ref()
            .is_none_or(|earlier| next.category > earlier.category)
        {
            found = Some(next);
        }
    }
    found
        .or_else(|| by_noun(&words))
        .unwrap_or_else(|| Classification {
            category: Category::Write,
            because: "its name says nothing about what it does".to_owned(),
        })
}

/// What the verb at `at` says together with its object.
fn by_verb(verb: Verb, at: usize, words: &[String]) -> Classification {
    let object = |is_wanted: fn(&str) -> bool| {
        let others = words.iter().enumerate().filter(|(other, _)| *other != at);
        others.map(|(_, word)| word).find(|word| is_wanted(word))
    };
    let (category, object) = match verb {
        Verb::Does(Category::Write) => match object(words::is_money) {
            Some(money) => (Category::Financial, Some(money)),
            None => (Category::Write, None),
        },
        Verb::Does(category) => (category, None),
        Verb::Mover => match (object(words::is_goods), object(words::is_money)) {
            (Some(goods), None) => (Category::Write, Some(goods)),
            (_, money) => (Category::Financial, money),
        },
        Verb::Querier => match object(words::is_database) {
            Some(database) => (Category::Execute, Some(database)),
            None => (Category::Read, None),
        },
    };
    let verb = words.get(at).map(String::as_str).unwrap_or_default();
    let because = match object {
        Some(object) => format!("verb *{verb}*, object *{object}*"),
        None => format!("verb *{verb}*"),
    };
    Classification { category, because }
}

/// Names without a verb: `bash`, `sql`, `payment`.
fn by_noun(words: &[String]) -> Option<Classification> {
    let named = |is_wanted: fn(&str) -> bool| words.iter().find(|word| is_wanted(word));
    let told = |category, noun: &String| Classification {
        category,
        because: format!("noun *{noun}*, and no verb"),
    };
    named(words::is_runner)
        .or_else(|| named(words::is_database))
        .map(|noun| told(Category::Execute, noun))
        .or_else(|| named(words::is_money).map(|noun| told(Category::Financial, noun)))
}

#[cfg(test)]
mod tests {
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
}
