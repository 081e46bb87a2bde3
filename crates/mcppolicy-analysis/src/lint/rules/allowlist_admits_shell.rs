//! An allowlist for a command that accepts what a shell takes apart.

use super::allowlist::anchor::is_open_ended;
use super::allowlist::{Subject, allowlists, report, telling};
use super::{Bad, Check, Context, Good, Proof, Reporter, Rule, RuleId};

/// `allowlist-admits-shell`
pub static RULE: Rule = Rule {
    id: RuleId::AllowlistAdmitsShell,
    since: "0.1.0",
    fixes: false,
    options: None,
    what: "For arguments that take a command by their name (`command`, `cmd`, `script`, `args` …) \
           and have a pattern or a `contains` in `require`, decides exactly whether all rules of the tool \
           together allow a value in which a shell finds a second command, a redirection or a \
           substitution outside of quotes. A pattern that is open at an end is left to \
           `unanchored-allowlist`.",
    why: "The list names harmless commands, but a shell that runs the text interprets more: `git \
          log > ~/.bashrc` is a `git log`, and it writes a file.",
    bad: &[
        Bad {
            says: "What may follow the command may be anything",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "execute_command": {
      "require": [{ "conditions": [{ "path": "args.command", "op": "regex", "value": "^git (status|log)( .*)?$" }] }],
      "limits": [{ "counter": "commands", "window": "hour", "max": 60, "scope": "grant" }]
    }
  }
}"#,
            proof: Proof::Passes,
        },
        Bad {
            says: "A `deny_if` beside it refuses some and not all",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "execute_command": {
      "require": [{ "conditions": [{ "path": "args.command", "op": "regex", "value": "^ls( .*)?$" }] }],
      "deny_if": [{ "conditions": [{ "path": "args.command", "op": "regex", "value": "[;&|`]|\\$\\(" }] }],
      "limits": [{ "counter": "commands", "window": "hour", "max": 60, "scope": "grant" }]
    }
  }
}"#,
            proof: Proof::Passes,
        },
        Bad {
            says: "What must be in a command does not say what else is",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "execute_command": {
      "require": [{ "conditions": [{ "path": "args.command", "op": "contains", "value": "git status" }] }],
      "limits": [{ "counter": "commands", "window": "hour", "max": 60, "scope": "grant" }]
    }
  }
}"#,
            proof: Proof::Passes,
        },
    ],
    good: &[
        Good {
            says: "Only characters that mean nothing to a shell",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "execute_command": {
      "require": [{ "conditions": [{ "path": "args.command", "op": "regex", "value": "^git (status|log)( [A-Za-z0-9=-]+)*$" }] }],
      "limits": [{ "counter": "commands", "window": "hour", "max": 60, "scope": "grant" }]
    }
  }
}"#,
        },
        Good {
            says: "Between single quotes they have no meaning either",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "execute_command": {
      "require": [{ "conditions": [{ "path": "args.command", "op": "regex", "value": "^git commit -m '[^']*'$" }] }],
      "limits": [{ "counter": "commands", "window": "hour", "max": 60, "scope": "grant" }]
    }
  }
}"#,
        },
        Good {
            says: "The commands are named one by one",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "execute_command": {
      "require": [{ "conditions": [{ "path": "args.command", "op": "in", "value": ["make test | tee log"] }] }],
      "limits": [{ "counter": "commands", "window": "hour", "max": 60, "scope": "grant" }]
    }
  }
}"#,
        },
        Good {
            says: "A message is not a command",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "add_comment": {
      "require": [{ "conditions": [{ "path": "args.message", "op": "regex", "value": "^[A-Z].*$" }] }]
    }
  }
}"#,
        },
    ],
    check: Check::Policy(check),
};

/// A metacharacter outside of single quotes, or one that double quotes do not
/// take the meaning from either.
const BAD: &str = concat!(
    r#"(?s)^(?:[^'"\\]|\\.|'[^']*'|"(?:[^"\\]|\\.)*")*"#,
    r#"(?:[;|&>\n`]|\$\(|"(?:[^"\\]|\\.)*(?:\$\(|`))"#
);

const TELLING: [&str; 7] = [
    r" > ~/\.bashrc$",
    " ; rm -rf /$",
    r" \| sh$",
    " && id$",
    r"\$\(id\)",
    "`id`",
    r"\nid$",
];

fn check(context: &Context<'_>, reporter: &mut Reporter<'_>) {
    for tool in context.open_tools() {
        for list in allowlists(tool) {
            let is_left = is_open_ended(tool, list.path) && !list.is_part();
            if Subject::of(list.path) != Some(Subject::Command) || is_left {
                continue;
            }
            let Some(call) = telling(context, tool, list.path, BAD, &TELLING) else {
                continue;
            };
            let message = format!(
                "The list for `{}` of `{}` accepts what a shell takes apart: a second command, a redirection or a substitution",
                list.path,
                tool.name()
            );
            let help = if list.is_part() {
                "`contains` wants a part and says nothing of the rest: name the commands with \"in\", or say all of a command with \"regex\", as in \"^git (status|log)( [A-Za-z0-9_=-]+)*$\""
            } else {
                "list the characters that arguments may have, such as [A-Za-z0-9_=-], in place of `.`"
            };
            report(reporter, &list, vec![call], message, help, false);
        }
    }
}
