//! What kind of text an argument takes, as far as its name says.

use mcppolicy_engine::policy::Path;

/// What kind of text an argument takes, as far as its name says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    /// A path of a file or a directory.
    Path,
    /// A command or its arguments.
    Command,
    /// A URL.
    Url,
    /// The name of a host.
    Host,
    /// A query in SQL or another language, or code.
    Query,
}

impl Subject {
    /// What the argument at `path` takes, by the last word of its name.
    pub(crate) fn of(path: &Path) -> Option<Subject> {
        let name = path.segments().last()?;
        let word = last_word(name);
        Some(match word.as_str() {
            "path" | "paths" | "file" | "filename" | "filepath" | "dir" | "dirname"
            | "directory" | "folder" | "cwd" | "workdir" => Subject::Path,
            "command" | "commands" | "cmd" | "cmdline" | "commandline" | "script" | "shell"
            | "bash" | "exec" | "args" | "argv" | "arguments" => Subject::Command,
            "url" | "uri" | "endpoint" | "webhook" | "link" | "href" | "callback" => Subject::Url,
            "host" | "hostname" | "domain" => Subject::Host,
            "sql" | "query" | "statement" | "code" => Subject::Query,
            _ => return None,
        })
    }
}

/// The last word of `file_path`, `filePath` or `file-path`, in lower case.
pub(crate) fn last_word(name: &str) -> String {
    let mut word = String::new();
    let mut was_lower = false;
    for c in name.chars() {
        if !c.is_ascii_alphanumeric() || (c.is_ascii_uppercase() && was_lower) {
            word.clear();
        }
        if c.is_ascii_alphanumeric() {
            word.push(c.to_ascii_lowercase());
        }
        was_lower = c.is_ascii_lowercase() || c.is_ascii_digit();
    }
    word
}
