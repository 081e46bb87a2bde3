//! An allowlist for a path that accepts a way out.

use regex_syntax::hir::{Class, Hir, HirKind};

use super::allowlist::anchor::is_open_ended;
use super::allowlist::{Allowlist, Requirements, Subject, accepted, allowlists, report, telling};
use super::{Bad, Check, Context, Good, Proof, Reporter, Rule, RuleId};

/// `allowlist-admits-traversal`
pub static RULE: Rule = Rule {
    id: RuleId::AllowlistAdmitsTraversal,
    since: "0.1.0",
    fixes: false,
    options: None,
    what: "For arguments that take a path by their name (`path`, `file`, `dir` …), and for \
           commands whose pattern admits a path, and for URLs of which the list names a part of \
           the path, decides exactly whether all rules of the tool \
           together allow a value with a `..` segment (in a URL also spelt with `%2e`, `%2f` or a \
           backslash), or an absolute path where relative ones \
           are meant. Under `--pedantic` also a NUL or a newline. A pattern that is open at an \
           end is left to `unanchored-allowlist`.",
    why: "`^docs/[a-z/.]+$` looks like one folder, and it accepts `docs/../../etc/passwd`. A \
          policy should not rely on how the server treats `..`.",
    bad: &[
        Bad {
            says: "The dot that file names need also allows `..`",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_file": {
      "require": [{ "conditions": [{ "path": "args.path", "op": "regex", "value": "^docs/[A-Za-z0-9_/.-]+$" }] }]
    }
  }
}"#,
            proof: Proof::Passes,
        },
        Bad {
            says: "The slash that folders need also begins an absolute path",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_file": {
      "require": [{ "conditions": [{ "path": "args.path", "op": "regex", "value": "^[a-z/]+$" }] }]
    }
  }
}"#,
            proof: Proof::Passes,
        },
        Bad {
            says: "A command with a path in it",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "execute_command": {
      "require": [{ "conditions": [{ "path": "args.command", "op": "regex", "value": "^cat [A-Za-z0-9_/.-]+$" }] }],
      "limits": [{ "counter": "commands", "window": "hour", "max": 60, "scope": "grant" }]
    }
  }
}"#,
            proof: Proof::Passes,
        },
        Bad {
            says: "What reads a URL takes `..` out of its path, however it is spelt",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "fetch_url": {
      "require": [{ "conditions": [{ "path": "args.url", "op": "regex", "value": "^https://example\\.com/docs/[a-z0-9%/]+$" }] }]
    }
  }
}"#,
            proof: Proof::Passes,
        },
    ],
    good: &[
        Good {
            says: "A `deny_if` refuses `..`",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_file": {
      "require": [{ "conditions": [{ "path": "args.path", "op": "regex", "value": "^docs/" }] }],
      "deny_if": [{ "conditions": [{ "path": "args.path", "op": "contains", "value": ".." }] }]
    }
  }
}"#,
        },
        Good {
            says: "Each segment begins with a letter",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_file": {
      "require": [{ "conditions": [{ "path": "args.path", "op": "regex", "value": "^docs(/[a-z][a-z0-9.-]*)+$" }] }]
    }
  }
}"#,
        },
        Good {
            says: "Two dots beside a blank are a part of a name",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_file": {
      "require": [{ "conditions": [{ "path": "args.path", "op": "regex", "value": "^/srv(/[A-Za-z0-9_-][A-Za-z0-9._ -]*)*$" }] }]
    }
  }
}"#,
        },
        Good {
            says: "Absolute paths of one folder are meant",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_file": {
      "require": [{ "conditions": [{ "path": "args.path", "op": "regex", "value": "^/srv/docs(/[a-z]+)+\\.md$" }] }]
    }
  }
}"#,
        },
        Good {
            says: "A branch is not a path: Git has no branch with `..`",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "create_branch": {
      "require": [{ "conditions": [{ "path": "args.branch", "op": "regex", "value": "^agent/[a-z0-9./-]+$" }] }]
    }
  }
}"#,
        },
    ],
    check: Check::Policy(check),
};

/// A `..` segment of a path: one between separators, and not beside a blank.
const IN_PATH: Traversal = Traversal {
    any: r"(?:^|[/\\])\.\.(?:[/\\]|$)",
    telling: &[
        r"(?:^|/)\.\./\.\./etc/passwd$",
        r"(?:^|/)\.\./\.\./[a-z]+$",
        r"(?:^|/)\.\./[a-z]+$",
    ],
};

/// A `..` segment in a word of a command.
const IN_COMMAND: Traversal = Traversal {
    any: r#"(?:^|[/\\\s=:'"])\.\.(?:[/\\\s'"]|$)"#,
    telling: &[
        r"(?:^|[/\s=])\.\./\.\./etc/passwd$",
        r"(?:^|[/\s=])\.\./\.\./[a-z]+$",
        r"(?:^|[/\s=])\.\./[a-z]+$",
    ],
};

/// A `..` segment behind the host of a URL, in any of the spellings that what reads
/// URLs takes for one.
const IN_URL: Traversal = Traversal {
    any: r"(?i)^[a-z][a-z0-9+.-]*:[/\\]{2}[^?#]*(?:[/\\]|%2f|%5c)(?:\.|%2e){2}(?:[/\\?#]|%2f|%5c|$)",
    telling: &[
        r"[^./]/\.\./\.\./etc/passwd$",
        r"[^./]/\.\./[a-z]+$",
        r"[^./]/%2[eE]%2[eE]/[a-z]+$",
        r"[^./]/\.\.%2[fF][a-z]+$",
    ],
};

/// A URL whose path begins with whatever its caller likes: in such a list `..` leads
/// nowhere that the list does not allow anyway.
const ANY_PATH: &str = r"(?i)^[a-z][a-z0-9+.-]*://[^/?#\\]*/zqj[^/]*(?:[/?#].*)?$";

/// How a value leaves the folder that its list names.
struct Traversal {
    any: &'static str,
    telling: &'static [&'static str],
}

/// Nobody lists this one beside relative paths.
const ABSOLUTE: &str = "^/+etc(?:/|$)";

const TELLING_ABSOLUTE: [&str; 1] = ["^/etc/passwd$"];

const RELATIVE: &str = "^[^/]";

const CONTROL: &str = r"[\x00\n]";

fn check(context: &Context<'_>, reporter: &mut Reporter<'_>) {
    for tool in context.open_tools() {
        for list in allowlists(tool) {
            if is_open_ended(tool, list.path) && !list.is_part() {
                continue;
            }
            let pinned = || {
                accepted(
                    context,
                    tool,
                    &Requirements::matching(list.path, &[ANY_PATH]),
                )
                .is_none()
            };
            let is_url = list.pattern.as_str().contains("://");
            let traversal = match Subject::of(list.path) {
                Some(Subject::Path | Subject::Url) if is_url => pinned().then_some(&IN_URL),
                Some(Subject::Path) => Some(&IN_PATH),
                Some(Subject::Command) => {
                    has_place_for_path(list.pattern.hir()).then_some(&IN_COMMAND)
                }
                _ => None,
            };
            if let Some(traversal) = traversal {
                look(context, reporter, tool, &list, traversal);
            }
        }
    }
}

fn look(
    context: &Context<'_>,
    reporter: &mut Reporter<'_>,
    tool: &crate::lint::context::Tool<'_>,
    list: &Allowlist<'_>,
    traversal: &Traversal,
) {
    let (path, name) = (list.path, tool.name());
    let mut what = Vec::new();
    let mut calls = Vec::new();
    if let Some(call) = telling(context, tool, path, traversal.any, traversal.telling) {
        what.push("`..`");
        calls.push(call);
    }
    if Subject::of(path) == Some(Subject::Path)
        && let Some(call) = telling(context, tool, path, ABSOLUTE, &TELLING_ABSOLUTE)
        && accepted(context, tool, &Requirements::matching(path, &[RELATIVE])).is_some()
    {
        what.push("an absolute path beside relative ones");
        calls.push(call);
    }
    let mut is_pedantic = false;
    if calls.is_empty() && reporter.is_pedantic() {
        let call = accepted(context, tool, &Requirements::matching(path, &[CONTROL]));
        calls.extend(call);
        what.push("a NUL or a newline");
        is_pedantic = true;
    }
    if calls.is_empty() {
        return;
    }
    let message = format!(
        "The list for `{path}` of `{name}` accepts {}",
        what.join(", and ")
    );
    let help = if list.is_part() {
        "`contains` wants a part and says nothing of the rest: say all of the path with \"regex\", as in \"^docs(/[A-Za-z0-9_-][A-Za-z0-9._-]*)+$\""
    } else {
        "let each segment begin with a letter or digit, as in \"^docs(/[A-Za-z0-9_-][A-Za-z0-9._-]*)+$\", or add \"deny_if\" with \"op\": \"contains\", \"value\": \"..\""
    };
    report(reporter, list, calls, message, help, is_pedantic);
}

/// Whether a pattern has a class that is meant for paths: with a slash, and
/// without what ends a word.
fn has_place_for_path(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) | HirKind::Literal(_) => false,
        HirKind::Class(Class::Unicode(class)) => {
            let contains = |c: char| {
                let mut ranges = class.ranges().iter();
                ranges.any(|range| (range.start()..=range.end()).contains(&c))
            };
            contains('/') && !contains(' ') && !contains(';')
        }
        HirKind::Class(Class::Bytes(_)) => false,
        HirKind::Repetition(repetition) => has_place_for_path(&repetition.sub),
        HirKind::Capture(capture) => has_place_for_path(&capture.sub),
        HirKind::Concat(pieces) | HirKind::Alternation(pieces) => {
            pieces.iter().any(has_place_for_path)
        }
    }
}
