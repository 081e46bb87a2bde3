//! The words of a tool's name, and what they usually mean. General vocabulary
//! only: no names of tools or servers learnt by heart.

use super::{Category, Verb};

/// A name's words in lower case: split at everything that is no letter or
/// digit, and where `camelCase` or `HTTPServer` begins a new word.
pub(super) fn split(name: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut before: Option<char> = None;
    let mut rest = name.chars().peekable();
    while let Some(c) = rest.next() {
        let begins = c.is_uppercase()
            && (before.is_some_and(|b| b.is_lowercase() || b.is_ascii_digit())
                || (before.is_some_and(char::is_uppercase)
                    && rest.peek().is_some_and(|next| next.is_lowercase())));
        if (begins || !c.is_alphanumeric()) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if c.is_alphanumeric() {
            word.extend(c.to_lowercase());
        }
        before = Some(c);
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// Whether the verb at `at` is half of a noun: of a pull request.
pub(super) fn is_compound_noun(words: &[String], at: usize) -> bool {
    let is_pair = |first: usize| {
        let word = |at: usize| words.get(at).map(String::as_str);
        matches!(
            (word(first), word(first + 1)),
            (Some("pull" | "merge"), Some("request" | "requests"))
        )
    };
    is_pair(at) || at.checked_sub(1).is_some_and(is_pair)
}

const READ: &[&str] = &[
    "analyze",
    "browse",
    "check",
    "compare",
    "count",
    "describe",
    "diff",
    "explain",
    "export",
    "fetch",
    "find",
    "get",
    "inspect",
    "introspect",
    "list",
    "lookup",
    "observe",
    "ping",
    "preview",
    "read",
    "resolve",
    "retrieve",
    "scan",
    "search",
    "show",
    "stat",
    "status",
    "summarize",
    "tail",
    "validate",
    "verify",
    "view",
    "watch",
    "whoami",
];

const WRITE: &[&str] = &[
    "accept",
    "add",
    "append",
    "apply",
    "approve",
    "archive",
    "assign",
    "attach",
    "authorize",
    "cancel",
    "capture",
    "change",
    "clone",
    "close",
    "comment",
    "commit",
    "configure",
    "confirm",
    "convert",
    "copy",
    "create",
    "disable",
    "dismiss",
    "download",
    "duplicate",
    "edit",
    "enable",
    "finalize",
    "fork",
    "generate",
    "import",
    "insert",
    "invite",
    "issue",
    "label",
    "lock",
    "make",
    "manage",
    "mark",
    "merge",
    "modify",
    "move",
    "notify",
    "open",
    "patch",
    "place",
    "post",
    "process",
    "publish",
    "push",
    "put",
    "register",
    "release",
    "rename",
    "replace",
    "reply",
    "request",
    "resize",
    "restore",
    "save",
    "schedule",
    "send",
    "set",
    "share",
    "store",
    "submit",
    "subscribe",
    "sync",
    "transition",
    "undelete",
    "unlock",
    "unsubscribe",
    "update",
    "upload",
    "upsert",
    "void",
    "write",
];

const EXECUTE: &[&str] = &[
    "boot",
    "build",
    "call",
    "compile",
    "dispatch",
    "eval",
    "evaluate",
    "exec",
    "execute",
    "install",
    "invoke",
    "launch",
    "provision",
    "reboot",
    "rerun",
    "restart",
    "resume",
    "rollback",
    "run",
    "shutdown",
    "spawn",
    "start",
    "stop",
    "test",
    "trigger",
    "deploy",
];

const DESTRUCTIVE: &[&str] = &[
    "clear",
    "decommission",
    "del",
    "delete",
    "destroy",
    "discard",
    "drop",
    "empty",
    "erase",
    "expunge",
    "flush",
    "kill",
    "nuke",
    "obliterate",
    "prune",
    "purge",
    "remove",
    "reset",
    "revoke",
    "rm",
    "rmdir",
    "shred",
    "terminate",
    "truncate",
    "uninstall",
    "unlink",
    "wipe",
];

const FINANCIAL: &[&str] = &[
    "buy",
    "charge",
    "disburse",
    "donate",
    "pay",
    "payout",
    "purchase",
    "refund",
    "reimburse",
    "remit",
    "sell",
    "withdraw",
];

const MONEY: &[&str] = &[
    "balance",
    "billing",
    "bonus",
    "charge",
    "charges",
    "credit",
    "credits",
    "donation",
    "fund",
    "funds",
    "invoice",
    "invoices",
    "money",
    "payment",
    "payments",
    "payout",
    "payouts",
    "purchase",
    "refund",
    "refunds",
    "salary",
    "subscription",
    "subscriptions",
    "trade",
    "transaction",
    "transfer",
    "transfers",
    "wallet",
    "wire",
    "withdrawal",
];

const GOODS: &[&str] = &[
    "call",
    "chat",
    "data",
    "domain",
    "file",
    "files",
    "issue",
    "issues",
    "object",
    "objects",
    "ownership",
    "project",
    "projects",
    "repo",
    "repository",
    "task",
    "ticket",
    "workspace",
];

const RUNNERS: &[&str] = &[
    "bash",
    "cmd",
    "command",
    "console",
    "interpreter",
    "javascript",
    "powershell",
    "python",
    "repl",
    "script",
    "shell",
    "ssh",
    "subprocess",
    "sudo",
    "terminal",
];

const DATABASES: &[&str] = &[
    "cypher",
    "database",
    "db",
    "ddl",
    "dml",
    "graphql",
    "mongodb",
    "mysql",
    "postgres",
    "postgresql",
    "sql",
    "sqlite",
];

/// What `word` means as a verb.
pub(super) fn verb(word: &str) -> Option<Verb> {
    let is_in = |list: &[&str]| list.contains(&word);
    Some(match word {
        "transfer" => Verb::Mover,
        "query" => Verb::Querier,
        _ if is_in(EXECUTE) => Verb::Does(Category::Execute),
        _ if is_in(DESTRUCTIVE) => Verb::Does(Category::Destructive),
        _ if is_in(FINANCIAL) => Verb::Does(Category::Financial),
        _ if is_in(READ) => Verb::Does(Category::Read),
        _ if is_in(WRITE) => Verb::Does(Category::Write),
        _ => return None,
    })
}

/// Money, or a thing that is paid: *refund*, *invoice*.
pub(super) fn is_money(word: &str) -> bool {
    MONEY.contains(&word)
}

/// A thing that is moved without paying: *file*, *issue*.
pub(super) fn is_goods(word: &str) -> bool {
    GOODS.contains(&word)
}

/// A thing that runs what it is given: *shell*.
pub(super) fn is_runner(word: &str) -> bool {
    RUNNERS.contains(&word)
}

/// A store, or a language of queries for one: *sql*.
pub(super) fn is_database(word: &str) -> bool {
    DATABASES.contains(&word)
}
