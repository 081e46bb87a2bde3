//! The words of a tool's name, and what they usually mean. General vocabulary
//! only: no names of tools or servers learnt by heart.

use super::evidence::Confidence;
use crate::inventory::category_kind::Category;

/// A name's words in lower case: split at everything that is no letter or
/// digit, and where `camelCase` or `HTTPServer` begins a new word.
pub(crate) fn split(name: &str) -> Vec<String> {
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

/// Verbs that look.
const READ_PLAIN: &[&str] = &[
    "analyse",
    "analyze",
    "browse",
    "calculate",
    "check",
    "compare",
    "compute",
    "count",
    "crawl",
    "describe",
    "detect",
    "diagnose",
    "diff",
    "discover",
    "display",
    "echo",
    "enumerate",
    "estimate",
    "examine",
    "explain",
    "explore",
    "extract",
    "fetch",
    "find",
    "get",
    "identify",
    "inspect",
    "introspect",
    "list",
    "locate",
    "look",
    "lookup",
    "measure",
    "monitor",
    "observe",
    "peek",
    "ping",
    "predict",
    "preview",
    "print",
    "query",
    "read",
    "recall",
    "recommend",
    "retrieve",
    "scan",
    "scrape",
    "search",
    "see",
    "show",
    "suggest",
    "summarise",
    "summarize",
    "tail",
    "transcribe",
    "translate",
    "validate",
    "verify",
    "view",
    "wait",
    "watch",
    "whoami",
];

/// Words that are verbs of looking, and other things besides.
const READ_VAGUE: &[&str] = &[
    "access",
    "ask",
    "audit",
    "collect",
    "convert",
    "decode",
    "download",
    "export",
    "filter",
    "format",
    "gather",
    "help",
    "learn",
    "lint",
    "log",
    "map",
    "match",
    "open",
    "parse",
    "poll",
    "profile",
    "provide",
    "rank",
    "render",
    "resolve",
    "return",
    "review",
    "sort",
    "specify",
    "stat",
    "status",
    "trace",
    "visualize",
];

/// Verbs that change something.
const WRITE_PLAIN: &[&str] = &[
    "accept",
    "activate",
    "add",
    "append",
    "approve",
    "archive",
    "assign",
    "attach",
    "authorize",
    "back",
    "block",
    "cancel",
    "change",
    "claim",
    "click",
    "close",
    "comment",
    "commit",
    "copy",
    "create",
    "customize",
    "deactivate",
    "decline",
    "define",
    "detach",
    "disable",
    "dismiss",
    "drag",
    "duplicate",
    "edit",
    "enable",
    "enroll",
    "fill",
    "finalize",
    "follow",
    "fork",
    "forward",
    "grant",
    "hide",
    "hover",
    "import",
    "init",
    "initialize",
    "insert",
    "invite",
    "join",
    "label",
    "leave",
    "link",
    "lock",
    "make",
    "mark",
    "merge",
    "migrate",
    "modify",
    "move",
    "mute",
    "navigate",
    "notify",
    "order",
    "patch",
    "pause",
    "pin",
    "place",
    "post",
    "press",
    "promote",
    "provision",
    "publish",
    "pull",
    "push",
    "put",
    "reassign",
    "record",
    "register",
    "reject",
    "rename",
    "reopen",
    "reorder",
    "replace",
    "reply",
    "report",
    "reprioritize",
    "request",
    "resize",
    "respond",
    "restore",
    "save",
    "schedule",
    "scroll",
    "select",
    "send",
    "set",
    "share",
    "stage",
    "star",
    "stop",
    "store",
    "submit",
    "subscribe",
    "suspend",
    "swap",
    "switch",
    "sync",
    "tag",
    "toggle",
    "transition",
    "type",
    "unarchive",
    "unassign",
    "unblock",
    "unfollow",
    "unhide",
    "unlock",
    "unmute",
    "unpause",
    "unpin",
    "unstar",
    "unsubscribe",
    "update",
    "upload",
    "upsert",
    "vote",
    "write",
];

/// Verbs that probably change something.
const WRITE_VAGUE: &[&str] = &[
    "adjust",
    "allow",
    "apply",
    "author",
    "begin",
    "capture",
    "checkout",
    "clone",
    "complete",
    "compose",
    "compress",
    "configure",
    "confirm",
    "connect",
    "control",
    "design",
    "disconnect",
    "draft",
    "expand",
    "fix",
    "format",
    "generate",
    "handle",
    "implement",
    "improve",
    "increment",
    "issue",
    "load",
    "mount",
    "optimize",
    "perform",
    "prepare",
    "process",
    "produce",
    "protect",
    "release",
    "setup",
    "sign",
    "simulate",
    "transform",
    "use",
    "work",
];

/// Verbs that set something running.
const EXECUTE_PLAIN: &[&str] = &[
    "automate", "boot", "build", "call", "compile", "deploy", "dispatch", "eval", "evaluate",
    "exec", "execute", "install", "invoke", "launch", "reboot", "recreate", "rerun", "restart",
    "rollback", "run", "shutdown", "spawn", "start", "test", "trigger",
];

/// Verbs that mostly set something running.
const EXECUTE_USUAL: &[&str] = &["orchestrate", "resume", "retry"];

/// Verbs that take something away.
const DESTRUCTIVE_PLAIN: &[&str] = &[
    "del",
    "delete",
    "destroy",
    "drop",
    "erase",
    "expunge",
    "kill",
    "nuke",
    "obliterate",
    "purge",
    "rm",
    "rmdir",
    "shred",
    "terminate",
    "truncate",
    "uninstall",
    "wipe",
];

/// Verbs that mostly take something away for good.
const DESTRUCTIVE_USUAL: &[&str] = &[
    "clear",
    "decommission",
    "discard",
    "empty",
    "evict",
    "flush",
    "overwrite",
    "prune",
    "remove",
    "reset",
    "revert",
    "revoke",
    "unlink",
];

/// Verbs that move money.
const FINANCIAL_PLAIN: &[&str] = &[
    "bill",
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
    "tip",
    "withdraw",
];

/// Money, and things that are paid.
const MONEY: &[&str] = &[
    "balance",
    "billing",
    "bonus",
    "charge",
    "charges",
    "credit",
    "credits",
    "deposit",
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
    "transactions",
    "transfer",
    "transfers",
    "wallet",
    "withdrawal",
];

/// What only speaks of money beside it: a payment *template* is text.
const ABOUT_MONEY: &[&str] = &[
    "category",
    "details",
    "event",
    "events",
    "history",
    "label",
    "method",
    "note",
    "notification",
    "notifications",
    "report",
    "resource",
    "settings",
    "status",
    "template",
    "templates",
    "topic",
    "update",
    "updates",
    "webhook",
];

/// What is moved without paying.
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

/// What runs what it is given.
const RUNNERS: &[&str] = &[
    "agent",
    "automation",
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

/// Stores that can be written by a query, and the languages of such queries.
const DATABASES: &[&str] = &[
    "cypher",
    "database",
    "databases",
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

/// What *to manage* means to start and stop.
const RUNNABLE: &[&str] = &[
    "container",
    "containers",
    "job",
    "jobs",
    "pipeline",
    "pipelines",
    "process",
    "processes",
    "vm",
    "workflow",
    "workflows",
];

/// What brings code along when it is installed.
const PACKAGES: &[&str] = &[
    "addon",
    "apk",
    "app",
    "chart",
    "crate",
    "dependencies",
    "dependency",
    "extension",
    "gem",
    "library",
    "module",
    "package",
    "packages",
    "plugin",
    "plugins",
    "requirements",
];

/// What *to apply* means to carry out.
const PLANS: &[&str] = &[
    "manifest",
    "manifests",
    "migration",
    "migrations",
    "playbook",
    "terraform",
];

/// What is taken by looking.
const PICTURES: &[&str] = &["screenshot", "screenshots", "snapshot", "snapshots"];

/// Nouns for what is looked at, at the end of a name without a verb.
const SIGHTS: &[&str] = &[
    "count",
    "details",
    "diff",
    "docs",
    "documentation",
    "history",
    "info",
    "log",
    "logs",
    "messages",
    "metadata",
    "metrics",
    "output",
    "report",
    "screenshot",
    "show",
    "stat",
    "statistics",
    "stats",
    "status",
    "summary",
    "tree",
    "version",
];

/// Verbs that are as often nouns, so that a name may begin with one: *issue_list*.
const NOUNS: &[&str] = &[
    "access", "audit", "bill", "block", "boot", "build", "call", "change", "charge", "check",
    "claim", "comment", "commit", "control", "copy", "count", "deposit", "design", "diff",
    "domain", "draft", "echo", "export", "file", "filter", "follow", "fork", "format", "fund",
    "group", "help", "import", "issue", "job", "join", "label", "like", "link", "list", "load",
    "lock", "log", "look", "map", "mark", "match", "merge", "monitor", "note", "object", "order",
    "patch", "pin", "pipeline", "place", "plan", "post", "preview", "profile", "project", "pull",
    "purchase", "push", "query", "rank", "record", "refund", "release", "report", "request",
    "review", "run", "schedule", "search", "set", "share", "show", "sort", "stage", "star",
    "start", "stat", "status", "stop", "store", "switch", "tag", "tail", "task", "template",
    "test", "tip", "trace", "trade", "transfer", "type", "update", "upload", "use", "view", "vote",
    "watch", "work",
];

/// Verbs that end a name that begins with its object.
const ENDINGS: &[&str] = &[
    "create", "delete", "destroy", "erase", "execute", "find", "get", "insert", "invoke", "list",
    "purge", "read", "remove", "retrieve", "search", "truncate", "upsert", "view", "wipe", "write",
];

/// What may come before the verb of a sentence.
const FILLERS: &[&str] = &[
    "a",
    "action",
    "allows",
    "also",
    "an",
    "api",
    "asynchronously",
    "automatically",
    "be",
    "can",
    "easily",
    "enables",
    "endpoint",
    "function",
    "helper",
    "helps",
    "immediately",
    "interactively",
    "lets",
    "method",
    "permanently",
    "quickly",
    "recursively",
    "safely",
    "securely",
    "simply",
    "the",
    "this",
    "to",
    "tool",
    "us",
    "use",
    "used",
    "you",
    "your",
];

/// Words that end the object of a verb.
const CLAUSES: &[&str] = &[
    "and", "but", "by", "for", "from", "if", "in", "into", "of", "on", "or", "so", "that",
    "through", "to", "unless", "using", "via", "when", "where", "which", "while", "with",
    "without",
];

/// Nouns of action, and what their verbs mean.
const ACTIONS: &[(Category, &[&str])] = &[
    (
        Category::Read,
        &[
            "analysis",
            "detection",
            "diagnosis",
            "extraction",
            "inspection",
            "listing",
            "lookup",
            "overview",
            "preview",
            "query",
            "retrieval",
            "search",
            "summary",
            "transcription",
            "validation",
            "verification",
            "viewer",
            "visualization",
        ],
    ),
    (
        Category::Write,
        &[
            "creation",
            "edit",
            "editing",
            "management",
            "modification",
            "update",
            "upload",
        ],
    ),
    (
        Category::Execute,
        &["automation", "execution", "invocation", "orchestration"],
    ),
    (
        Category::Destructive,
        &["deletion", "destruction", "removal"],
    ),
    (
        Category::Financial,
        &["payment", "payments", "payout", "purchase", "refund"],
    ),
];

/// What a verb suggests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    /// The category itself.
    Does(Category),
    /// Moves money unless its object is something else: *transfer*.
    Mover,
    /// Reads, but runs what it is given when its object is a database: *query*.
    Querier,
    /// Looks, when its object is a picture: *take*, *capture*.
    Taker,
    /// Depends on what is managed: *manage*, *apply*, *interact*.
    Manager,
}

/// What `word` means as a verb, and how surely.
pub(super) fn verb(word: &str) -> Option<(Verb, Confidence)> {
    use Category::{Destructive, Execute, Financial, Read, Write};
    let is_in = |list: &[&str]| list.contains(&word);
    let does = |category, confidence| Some((Verb::Does(category), confidence));
    match word {
        "transfer" => Some((Verb::Mover, Confidence::Plain)),
        "query" => Some((Verb::Querier, Confidence::Plain)),
        "take" | "capture" => Some((Verb::Taker, Confidence::Plain)),
        "manage" | "apply" | "interact" => Some((Verb::Manager, Confidence::Vague)),
        _ if is_in(EXECUTE_PLAIN) => does(Execute, Confidence::Plain),
        _ if is_in(EXECUTE_USUAL) => does(Execute, Confidence::Usual),
        _ if is_in(DESTRUCTIVE_PLAIN) => does(Destructive, Confidence::Plain),
        _ if is_in(DESTRUCTIVE_USUAL) => does(Destructive, Confidence::Usual),
        _ if is_in(FINANCIAL_PLAIN) => does(Financial, Confidence::Plain),
        _ if is_in(READ_PLAIN) => does(Read, Confidence::Plain),
        _ if is_in(WRITE_PLAIN) => does(Write, Confidence::Plain),
        _ if is_in(WRITE_VAGUE) => does(Write, Confidence::Vague),
        _ if is_in(READ_VAGUE) => does(Read, Confidence::Vague),
        _ => None,
    }
}

/// The base form of a word of prose: *lists*, *listing* and *retrieves* are
/// *list* and *retrieve*, where that is a verb known here; else the word.
pub(super) fn base(word: &str) -> String {
    if verb(word).is_some() {
        return word.to_owned();
    }
    let stems = [
        ("ies", "y"),
        ("es", "e"),
        ("es", ""),
        ("s", ""),
        ("ing", ""),
        ("ing", "e"),
    ];
    let mut candidates = stems.iter().filter_map(|(ending, instead)| {
        let stem = word.strip_suffix(ending)?;
        Some(format!("{stem}{instead}"))
    });
    let doubled = word.strip_suffix("ing").and_then(|stem| {
        let last = stem.chars().next_back()?;
        let shorter = stem.strip_suffix(last)?;
        shorter.ends_with(last).then(|| shorter.to_owned())
    });
    candidates
        .find(|base| verb(base).is_some())
        .or_else(|| doubled.filter(|base| verb(base).is_some()))
        .unwrap_or_else(|| word.to_owned())
}

/// Money, or a thing that is paid: *refund*, *invoice*.
pub(super) fn is_money(word: &str) -> bool {
    MONEY.contains(&word)
}

/// What makes the money beside it a mere subject: *template*.
pub(super) fn is_about_money(word: &str) -> bool {
    ABOUT_MONEY.contains(&word)
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

/// What is taken by looking: *screenshot*.
pub(super) fn is_picture(word: &str) -> bool {
    PICTURES.contains(&word)
}

/// What is only ever looked at: *status*.
pub(super) fn is_sight(word: &str) -> bool {
    SIGHTS.contains(&word)
}

/// Whether a verb is as often a noun: *issue*, *list*.
pub(super) fn can_be_noun(word: &str) -> bool {
    NOUNS.contains(&word)
}

/// Whether a verb ends names that begin with their object: *delete*.
pub(super) fn ends_names(word: &str) -> bool {
    ENDINGS.contains(&word)
}

/// Whether a word of prose may come before the first verb.
pub(super) fn is_filler(word: &str) -> bool {
    FILLERS.contains(&word)
}

/// Whether a word of prose ends the object of a verb: *from*, *to*.
pub(super) fn begins_clause(word: &str) -> bool {
    CLAUSES.contains(&word)
}

/// What is run or carried out when it is managed or applied: *pipeline*.
pub(super) fn is_runnable(word: &str) -> bool {
    RUNNABLE.contains(&word) || PLANS.contains(&word)
}

/// What the verb of a noun of action means: *deletion*.
pub(super) fn action(word: &str) -> Option<Category> {
    ACTIONS
        .iter()
        .find(|(_, nouns)| nouns.contains(&word))
        .map(|(category, _)| *category)
}

/// Whether the words of an argument's name say that its value is run:
/// `command`, `sql_query`, `jsCode`; `country_code` is no code.
pub(crate) fn is_code(words: &[String]) -> bool {
    const CODE: &[&str] = &[
        "cmd",
        "command",
        "commands",
        "cypher",
        "expression",
        "javascript",
        "manifest",
        "manifests",
        "script",
        "shell",
        "sql",
    ];
    let all: Vec<&str> = words.iter().map(String::as_str).collect();
    match all.as_slice() {
        ["code"] | ["js" | "source" | "python", "code"] => true,
        [.., last] => CODE.contains(last) || (*last == "query" && all.contains(&"sql")),
        [] => false,
    }
}

/// Whether the words of an argument's name say that its value is run, whatever the
/// tool that takes it is for.
pub(super) fn is_command(words: &[String]) -> bool {
    let is_run = |last: &String| {
        matches!(
            last.as_str(),
            "cmd"
                | "command"
                | "commands"
                | "javascript"
                | "js"
                | "manifest"
                | "script"
                | "shell"
                | "sql"
        )
    };
    words.last().is_some_and(is_run) || words.ends_with(&["command".into(), "line".into()])
}

/// Whether the argument called `code` is one that is exchanged and not run: the
/// code of a log-in, of a voucher. `tool` is the words of the tool's name.
pub(super) fn is_exchanged(argument: &[String], tool: &[String]) -> bool {
    const EXCHANGED: &[&str] = &[
        "auth",
        "authorization",
        "coupon",
        "discount",
        "invite",
        "login",
        "oauth",
        "otp",
        "promo",
        "token",
        "verification",
        "voucher",
    ];
    matches!(argument, [only] if only == "code")
        && tool.iter().any(|word| EXCHANGED.contains(&word.as_str()))
}

/// A language that code is written in, or what runs it: *javascript*, *bash*.
pub(super) fn is_language(word: &str) -> bool {
    const LANGUAGES: &[&str] = &[
        "bash",
        "cmd",
        "code",
        "command",
        "commands",
        "cypher",
        "exec",
        "eval",
        "interpreter",
        "javascript",
        "js",
        "powershell",
        "python",
        "repl",
        "script",
        "scripts",
        "shell",
        "sql",
        "ssh",
        "subprocess",
        "sudo",
        "terminal",
        "typescript",
    ];
    LANGUAGES.contains(&word)
}

/// A description of what is to run, or a change of one: *manifest*, *patch*.
pub(super) fn is_plan(argument: &[String]) -> bool {
    let is_place =
        |word: &String| matches!(word.as_str(), "file" | "id" | "name" | "path" | "type");
    argument
        .iter()
        .any(|word| matches!(word.as_str(), "manifest" | "patch" | "yaml"))
        && !argument.iter().any(is_place)
}

/// Whether an argument names a program that is started: `binary_path`, `executable`.
pub(super) fn is_program(argument: &[String]) -> bool {
    let is_place = |word: &String| matches!(word.as_str(), "file" | "name" | "path");
    let mut words = argument.iter().rev().skip_while(|word| is_place(word));
    let last = words.next().map(String::as_str);
    matches!(last, Some("binary" | "exe" | "executable" | "program"))
}

/// Verbs of installing.
pub(super) fn installs(verb: &str) -> bool {
    matches!(verb, "install" | "reinstall" | "upgrade")
}

/// Whether an argument of a tool that installs names what is installed: `chart`, and
/// the `path` of *install_app*. `tool` is the words of the tool's name.
pub(super) fn is_package(argument: &[String], tool: &[String]) -> bool {
    let is_place = |word: &&String| {
        matches!(
            word.as_str(),
            "file" | "id" | "name" | "names" | "path" | "spec" | "url"
        )
    };
    match argument.iter().rev().find(|word| !is_place(word)) {
        Some(last) => PACKAGES.contains(&last.as_str()),
        None => tool.iter().any(|word| PACKAGES.contains(&word.as_str())),
    }
}

/// What holds code that runs when it is run: *notebook*.
pub(super) fn holds_code(noun: &str) -> bool {
    matches!(
        noun,
        "binary" | "executable" | "file" | "macro" | "notebook" | "playbook" | "program"
    )
}

/// Whether two words of prose say that something is told and nothing done: *report
/// whether*.
pub(super) fn tells(verb: &str, next: &str) -> bool {
    let is_verb = matches!(
        verb,
        "confirm" | "determine" | "indicate" | "report" | "say" | "tell"
    );
    is_verb && matches!(next, "how" | "if" | "whether" | "which")
}

/// Verbs of running whatever is given.
pub(super) fn runs_anything(verb: &str) -> bool {
    matches!(
        verb,
        "call" | "eval" | "evaluate" | "exec" | "execute" | "invoke" | "run" | "spawn"
    )
}

/// A running program that a tool feeds: *process*, *terminal*.
pub(super) fn is_fed(word: &str) -> bool {
    matches!(
        word,
        "console" | "process" | "pty" | "repl" | "session" | "shell" | "terminal" | "tmux"
    )
}

/// What such a program is fed with.
pub(super) fn is_input(word: &str) -> bool {
    matches!(word, "data" | "input" | "keys" | "stdin" | "text")
}

/// A verb that only says that the one behind it is meant: *confirm*.
pub(super) fn is_auxiliary(word: &str) -> bool {
    matches!(word, "confirm" | "force" | "try")
}

/// A word of a user interface, where *to drop* is to let go of the mouse.
pub(super) fn is_pointing(word: &str) -> bool {
    matches!(word, "browser" | "drag" | "element" | "mouse" | "page")
}

/// A verb of calculating, whose expressions are formulas.
pub(super) fn is_calculating(word: &str) -> bool {
    matches!(
        word,
        "calc" | "calculate" | "calculator" | "compute" | "solve"
    )
}

/// Whether a word says that something is lost: *delete*, *overwrites*.
pub(super) fn destroys(word: &str) -> bool {
    let base = base(word);
    matches!(verb(&base), Some((Verb::Does(Category::Destructive), _)))
        || matches!(
            word,
            "cleanup"
                | "destructive"
                | "irreversible"
                | "irreversibly"
                | "replace"
                | "replaces"
                | "permanently"
        )
}

/// A word for an amount in an argument's name.
pub(crate) fn is_amount(word: &str) -> bool {
    matches!(word, "amount" | "amounts" | "sum" | "cents")
}

/// A word in an argument's name that says that an amount is of money and goes
/// to someone.
pub(super) fn is_payee(word: &str) -> bool {
    matches!(
        word,
        "account" | "beneficiary" | "currency" | "payee" | "recipient" | "to" | "wallet"
    )
}

/// Verbs that pay when an amount goes with them: *send*.
pub(super) fn can_pay(word: &str) -> bool {
    matches!(
        word,
        "authorize"
            | "capture"
            | "issue"
            | "make"
            | "place"
            | "process"
            | "send"
            | "submit"
            | "transfer"
    )
}
