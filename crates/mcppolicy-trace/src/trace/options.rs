//! How a log was read, for the report: which format it is in, whom its calls
//! are taken to come from, and what was taken for granted on the way.

use std::fmt;

/// A format of recorded calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// `mcppolicy`'s own.
    Native,
    /// Raw MCP messages, bare or wrapped.
    JsonRpc,
    /// Claude Code session files.
    ClaudeCode,
    /// Codex rollouts.
    Codex,
    /// Claude Desktop's `mcp.log` and `mcp-server-X.log`.
    ClaudeDesktop,
    /// OpenTelemetry spans as OTLP JSON.
    Otlp,
    /// OpenAI-style transcripts.
    OpenAi,
    /// The event log of the vendor's older proxy.
    Gateway,
    /// Gemini CLI sessions.
    Gemini,
    /// Copilot CLI sessions.
    Copilot,
    /// Exports of OpenCode.
    OpenCode,
    /// VS Code's output of an MCP server.
    VsCode,
    /// What a client gives to its hooks.
    Hooks,
    /// Audit events of ToolHive's proxy.
    ToolHive,
    /// HTTP archives.
    Har,
    /// Cassettes of mcp-cassette.
    Cassette,
    /// Exports of the MCP Inspector.
    Inspector,
}

impl Format {
    /// Every format.
    pub const ALL: [Format; 17] = [
        Format::Native,
        Format::JsonRpc,
        Format::ClaudeCode,
        Format::Codex,
        Format::ClaudeDesktop,
        Format::Otlp,
        Format::OpenAi,
        Format::Gateway,
        Format::Gemini,
        Format::Copilot,
        Format::OpenCode,
        Format::VsCode,
        Format::Hooks,
        Format::ToolHive,
        Format::Har,
        Format::Cassette,
        Format::Inspector,
    ];

    /// The name in reports and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Format::Native => "native",
            Format::JsonRpc => "jsonrpc",
            Format::ClaudeCode => "claude-code",
            Format::Codex => "codex",
            Format::ClaudeDesktop => "claude-desktop",
            Format::Otlp => "otlp",
            Format::OpenAi => "openai",
            Format::Gateway => "gateway",
            Format::Gemini => "gemini",
            Format::Copilot => "copilot",
            Format::OpenCode => "opencode",
            Format::VsCode => "vscode",
            Format::Hooks => "hooks",
            Format::ToolHive => "toolhive",
            Format::Har => "har",
            Format::Cassette => "cassette",
            Format::Inspector => "inspector",
        }
    }

    /// The format of this name.
    pub fn named(name: &str) -> Option<Format> {
        Format::ALL.into_iter().find(|format| format.name() == name)
    }
}

/// What is taken for the gateway's grant, which no log records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum GrantFrom {
    /// Each session is one grant.
    Session,
    /// Each server is one grant.
    Server,
    /// Each user is one grant.
    User,
    /// The whole file is one grant.
    File,
}

impl GrantFrom {
    /// All of them.
    pub const ALL: [GrantFrom; 4] = [
        GrantFrom::Session,
        GrantFrom::Server,
        GrantFrom::User,
        GrantFrom::File,
    ];

    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            GrantFrom::Session => "session",
            GrantFrom::Server => "server",
            GrantFrom::User => "user",
            GrantFrom::File => "file",
        }
    }

    /// The choice of this name.
    pub fn named(name: &str) -> Option<GrantFrom> {
        GrantFrom::ALL.into_iter().find(|from| from.name() == name)
    }
}

/// How to read a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Settings {
    /// Its format; without it the content says which.
    pub format: Option<Format>,
    /// What is taken for the grant; without it a grant that the log's wrapper
    /// records, else the session where there is one, else the file.
    pub grant_from: Option<GrantFrom>,
    /// Whether spans of tools that do not say that they are MCP requests are
    /// calls.
    pub include_tools: bool,
    /// Build every line, also those that the fast path could read. That is
    /// slower and yields the same; tests compare the two.
    pub build_every_line: bool,
}

/// What a reader took for granted, because the log does not say.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Assumed {
    /// Each session, server or user has a grant of its own.
    IsGrant(GrantFrom),
    /// A name of the form `mcp__a__b__c` was split at the first `__`.
    SplitName {
        /// The name as recorded.
        name: String,
        /// What was taken for the server.
        server: String,
        /// What was taken for the tool.
        tool: String,
    },
    /// More such names than are listed.
    MoreSplitNames,
    /// A time that cannot be read is unknown.
    UnreadableTime,
    /// Times without an offset are of UTC.
    LocalTime,
    /// A result in the words of a JSON-RPC error was one.
    ErrorText,
    /// Calls that the client ended in unknown words were sent.
    UnknownOutcome,
    /// The log has more records than are remembered, so that one that it holds
    /// again far behind the first counts twice.
    ForgottenRecords,
    /// Where a fork's own first turn begins was taken from the times alone.
    ForkByTime,
    /// Spans of two sides were taken for one call by trace, tool and time,
    /// because neither is below the other.
    JoinedByTime,
    /// A trace has more spans, or has them further apart, than are remembered, so
    /// that a call of it may count twice.
    ForgottenSpans,
    /// A call that the server asked for input is there once for each round, and
    /// each round is decided and counts, as the gateway has it.
    Rounds,
    /// A further round passes other arguments than the one before it.
    ChangedRound,
    /// A further round was taken for a call, although the one before it is not
    /// in the log.
    UnlinkedRound,
    /// What a client answers when it is asked is seen by no rule.
    InputUnseen,
    /// A call that became a task is decided when it is made; its outcome is that
    /// of the task.
    Tasks,
    /// What a gateway sent to its servers is what its clients have asked for.
    PassedOn,
    /// The client's side of a gateway is shown long after calls of the other side
    /// have counted.
    LateClient,
    /// The grant was to be the session, and no call names one.
    NoSession,
    /// No call of the log was refused by anyone, so that it cannot show whether
    /// a policy refuses too much.
    ShowsNoRefusal,
    /// The log was taken for a format in which it holds no call.
    NoCall {
        /// The format.
        taken_for: Format,
        /// What else the lines look like.
        or: Vec<Format>,
    },
}

impl fmt::Display for Assumed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Assumed::IsGrant(from) => write!(f, "each {} is one grant", from.name()),
            Assumed::SplitName { name, server, tool } => write!(
                f,
                "{name:?} is the tool {tool:?} of the server {server:?}, although the server's name may reach further"
            ),
            Assumed::MoreSplitNames => {
                f.write_str("further names with several `__` were split at the first one")
            }
            Assumed::UnreadableTime => f.write_str("a time that cannot be read is unknown"),
            Assumed::LocalTime => f.write_str("its local times are of UTC"),
            Assumed::ErrorText => {
                f.write_str("a failed result that begins with `MCP error` was a JSON-RPC error")
            }
            Assumed::UnknownOutcome => f.write_str(
                "a call that the client ended in words that are not known here was sent",
            ),
            Assumed::ForgottenRecords => f.write_str(
                "it holds more records than are remembered, so one that it holds again much later counts twice",
            ),
            Assumed::ForkByTime => f.write_str(
                "what was written before or as the session was forked is the other session's",
            ),
            Assumed::JoinedByTime => f.write_str(
                "spans of a client and a server with the same trace, tool and time are one call, although neither is below the other",
            ),
            Assumed::ForgottenSpans => f.write_str(
                "a trace in it has more spans, or has them further apart, than are remembered, so a call of it may count twice",
            ),
            Assumed::Rounds => f.write_str(
                "a call for which the server asked for input counts once for each round, as a gateway counts it",
            ),
            Assumed::ChangedRound => f.write_str(
                "a further round of a call passes other arguments than the round before it; each round was decided by its own",
            ),
            Assumed::UnlinkedRound => f.write_str(
                "a further round of a call counts by itself, although the round before it is not in the log",
            ),
            Assumed::InputUnseen => f.write_str(
                "what a client answers to a server that asks for input is seen by no rule",
            ),
            Assumed::Tasks => f.write_str(
                "a call that became a task was decided when it was made; its outcome is that of the task, where the log has it",
            ),
            Assumed::PassedOn => f.write_str(
                "it holds both sides of a gateway: what that sent to servers is what its clients asked for, and counts once, as they asked",
            ),
            Assumed::LateClient => f.write_str(
                "the client's side of a gateway begins in it after thousands of calls to servers, which count as well",
            ),
            Assumed::NoSession => f.write_str(
                "no call in it names a session, so that with --grant-from session each grant is unknown",
            ),
            Assumed::ShowsNoRefusal => f.write_str(
                "no call in it was refused by anyone, so it cannot show a call that a policy refuses wrongly",
            ),
            Assumed::NoCall { taken_for, or } => {
                write!(f, "it was taken for {} and holds no call", taken_for.name())?;
                match or.as_slice() {
                    [] => f.write_str("; --from names another format"),
                    or => {
                        let names: Vec<&str> = or.iter().map(|format| format.name()).collect();
                        write!(f, "; it could also be {}: see --from", names.join(" or "))
                    }
                }
            }
        }
    }
}
