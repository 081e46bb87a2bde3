//! Calls that a client refused itself, so that no server ever saw them. The
//! client writes its refusal in the place of a result.
//!
//! A structured sign decides where the log has one; the formats look for those.
//! Below are the words for the rest, one table for each client, with the version
//! in which they were seen, because they change. Words that look like the
//! client's own and are in no table leave the outcome unknown.
//!
//! Sources: transcripts and parsers of them in public repositories, found by
//! these words; for Codex the source of <https://github.com/openai/codex>
//! (`codex-rs/core/src/mcp_tool_call.rs`, `codex-rs/core/src/tools/`); for the
//! others the repositories of the clients.

/// What a result says of whether its call was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It was, and this is what came back.
    Sent,
    /// The client refused it.
    NotSent,
    /// The client says something of its own that is in no table.
    Unknown,
}

/// The words of one client.
#[derive(Debug, Clone, Copy)]
pub(super) struct Client {
    /// A pattern and the version in which it was seen. `{}` is the tool's name
    /// as the client writes it, `*` anything within the first line; what
    /// follows the pattern does not matter.
    words: &'static [(&'static str, &'static str)],
    /// The beginnings of words that say only that the client ended the call.
    doubtful: &'static [(&'static str, &'static str)],
    /// The element in which the client puts an error of its own.
    element: Option<(&'static str, &'static str)>,
}

/// Claude Code, interactive and headless.
pub(super) const CLAUDE_CODE: Client = Client {
    words: &[
        // The user, asked or not there to be asked.
        ("The user doesn't want to proceed with this tool use", "1.0"),
        ("The user doesn't want to take this action right now", "1.0"),
        ("User rejected tool use", "2.0"),
        ("Claude requested permissions to ", "1.0"),
        ("Tool permission request failed", "2.0"),
        ("This *requires approval", "2.0"),
        // Permission modes and rules, the sandbox, the classifier of the auto mode.
        ("Permission to use {}*denied", "2.0"),
        ("Permission for this *denied", "2.1"),
        ("Denied by auto mode classifier", "2.1"),
        ("*auto mode cannot determine the safety of ", "2.1"),
        ("*denied by your permission settings", "2.0"),
        ("*was blocked by a deny rule", "2.1"),
        // Hooks that run before the call.
        ("PreToolUse:{}", "2.0"),
        ("PreToolUse hook ", "2.0"),
        ("Hook PreToolUse:{} denied this tool", "2.1"),
        ("Execution stopped by PreToolUse hook", "2.1"),
        ("Operation stopped by hook", "2.0"),
        ("Blocked by hook", "2.0"),
        ("Permission denied by hook", "2.0"),
        // The client's own checks.
        ("No such tool available", "1.0"),
        ("InputValidationError", "1.0"),
        ("Input validation error for tool {}", "2.1"),
        // Another call of the same message failed, or the message was made anew.
        ("Cancelled: parallel tool call ", "2.1"),
        ("Sibling tool call errored", "2.0"),
        ("Streaming fallback - tool execution discarded", "2.1"),
    ],
    doubtful: &[
        ("[Request interrupted by user", "1.0"),
        // The connection was gone, or is the server's to something else.
        ("Not connected", "1.0"),
        ("MCP server *is not connected", "2.0"),
    ],
    element: Some(("<tool_use_error>", "</tool_use_error>")),
};

/// Codex, interactive and `exec`.
pub(super) const CODEX: Client = Client {
    words: &[
        ("unsupported call: ", "0.20"),
        ("unsupported custom tool call: ", "0.50"),
        ("unknown tool: ", "0.100"),
        ("failed to parse function arguments: ", "0.20"),
        ("user rejected MCP tool call", "0.100"),
        ("user cancelled MCP tool call", "0.114"),
        ("user canceled MCP tool call", "0.114"),
        ("MCP tool call blocked by ", "0.110"),
        ("MCP tool call rejected by ", "0.120"),
        ("tool call blocked by PreToolUse hook", "0.120"),
        ("Tool call blocked by PreToolUse hook", "0.120"),
        ("Tool call was cancelled because of safety risks", "0.114"),
        ("This action was rejected due to unacceptable risk", "0.120"),
        ("rejected by user approval settings", "0.50"),
        ("exec command rejected by user", "0.20"),
        ("patch rejected by user", "0.20"),
    ],
    doubtful: &[("aborted", "0.20")],
    element: None,
};

/// Gemini CLI.
pub(super) const GEMINI: Client = Client {
    words: &[
        ("[Operation Cancelled] Reason: User ", "0.1"),
        ("User did not allow tool call", "0.1"),
        ("User denied execution", "0.20"),
        ("Tool \"{}\" not found", "0.1"),
        ("Tool execution denied by policy", "0.20"),
        ("Tool execution for \"*\" requires user confirmation", "0.1"),
        ("Tool execution blocked", "0.20"),
    ],
    doubtful: &[("[Operation Cancelled]", "0.1"), ("User cancelled", "0.1")],
    element: None,
};

/// GitHub Copilot CLI.
pub(super) const COPILOT: Client = Client {
    words: &[
        (
            "Permission denied and could not request permission",
            "0.0.3",
        ),
        ("The user rejected this tool call", "0.0.3"),
        ("Denied by preToolUse hook", "0.0.4"),
        ("Tool '{}' does not exist", "0.0.3"),
    ],
    doubtful: &[],
    element: None,
};

/// OpenCode.
pub(super) const OPENCODE: Client = Client {
    words: &[
        (
            "The user rejected permission to use this specific tool call",
            "0.5",
        ),
        (
            "The user has specified a rule which prevents you from using this",
            "1.0",
        ),
        ("The {} tool was called with invalid arguments", "0.5"),
        ("Model tried to call unavailable tool", "1.0"),
    ],
    doubtful: &[("Tool execution aborted", "0.5")],
    element: None,
};

impl Client {
    /// What the text in the place of a result says of the call of `tool`, named
    /// as the client names it. The client must have marked the result as failed
    /// where it has such a mark: a server may say the same words.
    pub fn fate(&self, text: &str, tool: &str) -> Fate {
        let text = text.trim_start();
        let inner = self.element.and_then(|(open, _)| text.strip_prefix(open));
        let own = inner.unwrap_or(text).trim_start();
        let own = own.strip_prefix("Error: ").unwrap_or(own);
        let line = own.lines().next().unwrap_or_default();
        let has = |words: &[(&str, &str)]| words.iter().any(|(of, _)| matches(of, line, tool));
        if has(self.words) {
            Fate::NotSent
        } else if inner.is_some() || has(self.doubtful) {
            Fate::Unknown
        } else {
            Fate::Sent
        }
    }
}

/// Whether a line begins as a pattern says, whatever the case of its letters. Every result
/// that failed is compared with every pattern, so nothing is copied.
fn matches(pattern: &str, line: &str, tool: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = behind(first, line, tool) else {
        return false;
    };
    for part in parts {
        match behind_first(part, rest, tool) {
            Some(found) => rest = found,
            None => return false,
        }
    }
    true
}

/// What comes behind a part of a pattern at the beginning of `text`.
fn behind<'t>(part: &str, mut text: &'t str, tool: &str) -> Option<&'t str> {
    for (index, words) in part.split("{}").enumerate() {
        if index > 0 {
            text = behind_words(tool, text)?;
        }
        text = behind_words(words, text)?;
    }
    Some(text)
}

fn behind_words<'t>(words: &str, text: &'t str) -> Option<&'t str> {
    let (beginning, rest) = text.split_at_checked(words.len())?;
    beginning.eq_ignore_ascii_case(words).then_some(rest)
}

/// What comes behind the first place of a part of a pattern in `text`.
fn behind_first<'t>(part: &str, text: &'t str, tool: &str) -> Option<&'t str> {
    let begins = if part.starts_with("{}") { tool } else { part };
    let Some(first) = begins.bytes().next().filter(u8::is_ascii) else {
        // Nothing to look for yet: every place may be it.
        let mut places = text.char_indices().map(|(at, _)| at).chain([text.len()]);
        return places.find_map(|at| behind(part, text.get(at..)?, tool));
    };
    let (lower, upper) = (first.to_ascii_lowercase(), first.to_ascii_uppercase());
    let mut places = memchr::memchr2_iter(lower, upper, text.as_bytes());
    places.find_map(|at| behind(part, text.get(at..)?, tool))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_words_of_a_refusal_are_known_in_and_out_of_the_clients_element() {
        let tool = "mcp__db__delete";
        for text in [
            "Permission to use mcp__db__delete has been denied because Claude Code is running in don't ask mode.",
            "Permission to use mcp__db__delete has been auto-denied (prompts unavailable).",
            "Permission to use mcp__db__delete with id 7 has been denied.",
            "Permission for this tool use was denied. The tool use was rejected.",
            "<tool_use_error>Error: No such tool available: mcp__db__delete</tool_use_error>",
            "<tool_use_error>InputValidationError: mcp__db__delete failed</tool_use_error>",
            "<tool_use_error>Cancelled: parallel tool call Bash(x) errored</tool_use_error>",
            "Cancelled: parallel tool call Bash(x) errored",
            "PreToolUse:mcp__db__delete hook error: [guard.sh]: no\nmore",
            "model-x is temporarily unavailable, so auto mode cannot determine the safety of mcp__db__delete",
        ] {
            assert_eq!(CLAUDE_CODE.fate(text, tool), Fate::NotSent, "{text}");
        }
        for text in [
            "unsupported call: x",
            "user cancelled MCP tool call",
            "User canceled MCP tool call",
        ] {
            assert_eq!(CODEX.fate(text, tool), Fate::NotSent, "{text}");
        }
    }

    #[test]
    fn what_a_server_says_is_a_result() {
        let tool = "mcp__db__delete";
        for text in [
            "Permission to use the table has been denied",
            "row 7: Permission to use mcp__db__delete has been denied",
            "PreToolUse:other hook error",
            "MCP error -32603: boom",
            "",
            "\u{e9}",
        ] {
            assert_eq!(CLAUDE_CODE.fate(text, tool), Fate::Sent, "{text}");
        }
    }

    #[test]
    fn unknown_words_in_the_clients_element_leave_the_outcome_unknown() {
        let text = "<tool_use_error>The moon is full</tool_use_error>";
        assert_eq!(CLAUDE_CODE.fate(text, "x"), Fate::Unknown);
        assert_eq!(CODEX.fate("aborted by user after 5.0s", "x"), Fate::Unknown);
    }

    /// The same by copies in small letters.
    fn matches_in_copies(pattern: &str, line: &str, tool: &str) -> bool {
        let line = line.to_ascii_lowercase();
        let mut rest = line.as_str();
        for (index, part) in pattern.split('*').enumerate() {
            let part = part.replace("{}", tool).to_ascii_lowercase();
            let found = match index {
                0 => rest.strip_prefix(part.as_str()),
                _ => rest.split_once(part.as_str()).map(|(_, rest)| rest),
            };
            match found {
                Some(found) => rest = found,
                None => return false,
            }
        }
        true
    }

    proptest! {
        #[test]
        fn a_line_matches_as_its_copy_in_small_letters_does(
            pattern in "([aB]|\\{\\}|\\*|\u{e9}){0,5}", line in "[abAB\u{e9}]{0,8}", tool in "[aB\u{e9}]{0,2}",
        ) {
            let expected = matches_in_copies(&pattern, &line, &tool);
            prop_assert_eq!(matches(&pattern, &line, &tool), expected);
        }
    }
}
