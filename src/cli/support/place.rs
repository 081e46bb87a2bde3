//! Where a recording goes: the file that a pattern names for this session.
//!
//! A client's settings hold one line that starts the tap again and again, so
//! that a name without placeholders would be taken on the second start.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use mcppolicy_engine::time::Time;

/// What a pattern's placeholders stand for.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    /// A name of the server, for `{server}`.
    pub server: String,
    /// When the session starts; its date in UTC is `{date}`.
    pub start: Time,
    /// The number of this process, for `{pid}`.
    pub pid: u32,
}

/// A file, or a pattern of files of which each session takes a new one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// Just this file.
    File(PathBuf),
    /// This file, or the next one that is free.
    Fresh(PathBuf),
}

impl Place {
    /// What `pattern` names for this session.
    ///
    /// # Errors
    /// A placeholder that there is not, or a brace that stands for nothing.
    pub fn of(pattern: &Path, session: &Session) -> Result<Place, String> {
        let Some(text) = pattern.to_str().filter(|text| text.contains(['{', '}'])) else {
            return Ok(Place::File(pattern.to_path_buf()));
        };
        let (mut out, mut rest, mut filled) = (String::new(), text, false);
        while let Some(at) = rest.find(['{', '}']) {
            let (before, after) = rest.split_at_checked(at).unwrap_or((rest, ""));
            out.push_str(before);
            if let Some(further) = after.strip_prefix("{{") {
                out.push('{');
                rest = further;
            } else if let Some(further) = after.strip_prefix("}}") {
                out.push('}');
                rest = further;
            } else {
                let inside = after
                    .strip_prefix('{')
                    .and_then(|inside| inside.split_once('}'));
                let Some((name, further)) = inside else {
                    return Err(
                        "has a brace that stands for nothing; {{ and }} are braces".to_owned()
                    );
                };
                out.push_str(&session.value(name)?);
                filled = true;
                rest = further;
            }
        }
        out.push_str(rest);
        let path = PathBuf::from(out);
        Ok(if filled {
            Place::Fresh(path)
        } else {
            Place::File(path)
        })
    }
}

impl Session {
    fn value(&self, name: &str) -> Result<String, String> {
        match name {
            "server" => Ok(self.server.clone()),
            "date" => {
                let time = self.start.to_string();
                Ok(time.split('T').next().unwrap_or_default().to_owned())
            }
            "pid" => Ok(self.pid.to_string()),
            _ => Err(format!(
                "has the placeholder {{{name}}}; there are {{server}}, {{date}} and {{pid}}"
            )),
        }
    }
}

/// The `number`-th name beside `path`: `a.jsonl`, `a-2.jsonl`, `a-3.jsonl`.
pub(crate) fn numbered(path: &Path, number: u32) -> PathBuf {
    if number < 2 {
        return path.to_path_buf();
    }
    let mut name = path.file_stem().unwrap_or_default().to_os_string();
    name.push(format!("-{number}"));
    if let Some(extension) = path.extension() {
        name.push(".");
        name.push(extension);
    }
    path.with_file_name(name)
}

/// Programs that run another one, which their arguments name.
const LAUNCHERS: [&str; 15] = [
    "bun", "bunx", "deno", "docker", "env", "node", "npx", "pipx", "pnpx", "podman", "python",
    "python3", "uv", "uvx", "yarn",
];
/// What those call their commands.
const COMMANDS: [&str; 5] = ["dlx", "exec", "run", "tool", "x"];
/// Options of launchers whose value is the next word.
const VALUED: [&str; 13] = [
    "-e",
    "--env",
    "--env-file",
    "-v",
    "--volume",
    "--mount",
    "--name",
    "--network",
    "-p",
    "--package",
    "--from",
    "--with",
    "--directory",
];
/// The longest name, in characters.
const LONGEST: usize = 64;

/// A name of the server that a command starts: of the first word that is no
/// launcher, none of its commands, no setting and no option, the last part
/// without a version and an ending.
pub(crate) fn name_of_command(command: &[OsString]) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut is_value = false;
    for word in command {
        let word = word.to_string_lossy();
        let is_name = !is_value && !word.starts_with('-') && !word.contains('=');
        is_value = VALUED.contains(&&*word);
        if is_name {
            parts.push(last_part(&word));
        }
    }
    let mut named = parts.iter().map(String::as_str);
    let program = parts.first().map(String::as_str).unwrap_or_default();
    let name = match LAUNCHERS.contains(&program) {
        true => named.find(|name| !LAUNCHERS.contains(name) && !COMMANDS.contains(name)),
        false => named.next(),
    };
    spelled(name.unwrap_or_default())
}

/// `server-x` of `@scope/server-x@1.2`, `/opt/server-x.js` and `registry/server-x:tag`.
fn last_part(word: &str) -> String {
    let part = word.rsplit(['/', '\\']).next().unwrap_or(word);
    let part = part.split(['@', ':']).next().unwrap_or(part);
    let endings = [".js", ".mjs", ".cjs", ".ts", ".py", ".exe", ".sh"];
    let ended = endings.iter().find_map(|ending| part.strip_suffix(ending));
    ended.unwrap_or(part).to_owned()
}

/// A name in characters that every file system has.
pub(crate) fn spelled(name: &str) -> String {
    let kept = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let name: String = name
        .chars()
        .map(|c| if kept(c) { c } else { '-' })
        .take(LONGEST)
        .collect();
    match name.trim_matches(['.', '-']) {
        "" => "server".to_owned(),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session() -> Session {
        Session {
            server: "server-x".to_owned(),
            start: Time::parse("2026-11-20T23:59:59.9Z").unwrap(),
            pid: 7,
        }
    }

    fn place(pattern: &str) -> Result<Place, String> {
        Place::of(Path::new(pattern), &session())
    }

    #[test]
    fn placeholders_are_filled_in_any_order_and_braces_can_be_written() {
        let fresh = |path: &str| Ok(Place::Fresh(PathBuf::from(path)));
        assert_eq!(
            place("traces/{server}-{date}-{pid}.jsonl"),
            fresh("traces/server-x-2026-11-20-7.jsonl")
        );
        assert_eq!(place("{pid}/{pid}{server}"), fresh("7/7server-x"));
        assert_eq!(place("{{{pid}}}.jsonl"), fresh("{7}.jsonl"));
        let file = |path: &str| Ok(Place::File(PathBuf::from(path)));
        assert_eq!(place("a/b.jsonl"), file("a/b.jsonl"));
        assert_eq!(place("a{{b}}"), file("a{b}"));
        for wrong in ["{time}", "{}", "{pid", "pid}", "{Server}", "{{pid}"] {
            assert!(place(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_name_that_is_taken_gets_a_number_before_its_ending() {
        let path = Path::new("a.b/c.d.jsonl");
        assert_eq!(numbered(path, 1), path);
        assert_eq!(numbered(path, 2), Path::new("a.b/c.d-2.jsonl"));
        assert_eq!(numbered(Path::new("c"), 12), Path::new("c-12"));
    }

    #[test]
    fn the_server_is_named_by_what_the_launcher_starts() {
        let named = |words: &str| {
            let words: Vec<OsString> = words.split(' ').map(OsString::from).collect();
            name_of_command(&words)
        };
        for (command, name) in [
            (
                "npx -y @modelcontextprotocol/server-filesystem@2026.8.31 /tmp",
                "server-filesystem",
            ),
            ("uvx mcp-server-git --repository .", "mcp-server-git"),
            ("/usr/bin/node /opt/x/dist/github.mjs", "github"),
            ("uv tool run mcp-server-time", "mcp-server-time"),
            (
                "docker run -i --rm ghcr.io/github/github-mcp-server:v1",
                "github-mcp-server",
            ),
            (
                "docker run -i --rm -e GITHUB_TOKEN ghcr.io/github/mine",
                "mine",
            ),
            ("node -e code", "server"),
            ("env A=b ./my server", "my"),
            ("./bin/run --stdio", "run"),
            ("..", "server"),
        ] {
            assert_eq!(named(command), name, "{command}");
        }
        assert_eq!(spelled("../a b\u{202e}"), "a-b");
    }
}
