//! An allowlist for a URL or host that accepts another host.

use super::allowlist::anchor::{is_open_ended, starts_anchored};
use super::allowlist::host::foreign_host;
use super::allowlist::{allowlists, report};
use super::{Bad, Check, Context, Good, Proof, Reporter, Rule, RuleId};

/// `allowlist-admits-foreign-host`
pub static RULE: Rule = Rule {
    id: RuleId::AllowlistAdmitsForeignHost,
    since: "0.1.0",
    fixes: false,
    options: None,
    what: "For arguments that take a URL or a host by their name or by a `://` in their pattern, \
           reads the domains that the patterns (or the parts that `contains` wants) name, and decides exactly whether all rules of the \
           tool together allow a value whose host is neither one of them nor a subdomain of one: \
           by a dot that is not escaped, by a longer host, by a user name before `@`, by a `?` or \
           `#` before the name. Lists that name no whole domain are not reported.",
    why: "`https://api.example.com.evil.example/` and `https://api.example.com@evil.example/` \
          begin like the intended host, and send whatever the agent sends to another one.",
    bad: &[
        Bad {
            says: "The host may be longer",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "fetch_url": {
      "require": [{ "conditions": [{ "path": "args.url", "op": "regex", "value": "^https://api\\.example\\.com" }] }]
    }
  }
}"#,
            proof: Proof::Passes,
        },
        Bad {
            says: "A dot that is not escaped is any character",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "fetch_url": {
      "require": [{ "conditions": [{ "path": "args.url", "op": "regex", "value": "^https://api.example.com/" }] }]
    }
  }
}"#,
            proof: Proof::Passes,
        },
        Bad {
            says: "Anything but a slash includes `#`, behind which the host has ended",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "fetch_url": {
      "require": [{ "conditions": [{ "path": "args.url", "op": "regex", "value": "^https://[^/]+\\.example\\.com/" }] }]
    }
  }
}"#,
            proof: Proof::Passes,
        },
        Bad {
            says: "The name may stand anywhere, behind a `?` as well",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "fetch_url": {
      "require": [{ "conditions": [{ "path": "args.url", "op": "contains", "value": "example.com" }] }]
    }
  }
}"#,
            proof: Proof::Passes,
        },
    ],
    good: &[
        Good {
            says: "The host ends where a slash begins, and its dots are dots",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "fetch_url": {
      "require": [{ "conditions": [{ "path": "args.url", "op": "regex", "value": "^https://(www\\.)?example\\.com(/.*)?$" }] }]
    }
  }
}"#,
        },
        Good {
            says: "Subdomains of a domain, and two hosts with one path each",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "fetch_url": {
      "require": [{ "conditions": [{ "path": "args.url", "op": "regex", "value": "^https://[a-z0-9-]+\\.example\\.com/" }] }]
    },
    "get_page": {
      "require": [{ "conditions": [{ "path": "args.url", "op": "regex", "value": "^https://(docs\\.example\\.com/a|example\\.org/b)/" }] }]
    }
  }
}"#,
        },
        Good {
            says: "Any host is intended, as long as the connection is encrypted",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "fetch_url": {
      "require": [{ "conditions": [{ "path": "args.url", "op": "regex", "value": "^https://" }] }]
    }
  }
}"#,
        },
        Good {
            says: "Which of two endings is meant, only the pattern says",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "fetch_url": {
      "require": [{ "conditions": [{ "path": "args.url", "op": "regex", "value": "^https://api\\.example\\.(com|org)/" }] }]
    }
  }
}"#,
        },
    ],
    check: Check::Policy(check),
};

fn check(context: &Context<'_>, reporter: &mut Reporter<'_>) {
    for tool in context.open_tools() {
        for list in allowlists(tool) {
            let is_left = is_open_ended(tool, list.path) && !starts_anchored(tool, list.path);
            if is_left && !list.is_part() {
                continue;
            }
            let Some(call) = foreign_host(context, tool, &list) else {
                continue;
            };
            let message = format!(
                "The list for `{}` of `{}` accepts a host that it does not name",
                list.path,
                tool.name()
            );
            let help = "escape each dot (`\\\\.`), let only [a-z0-9-] stand in a name, and end the host: \"^https://api\\\\.example\\\\.com(/.*)?$\"";
            report(reporter, &list, vec![call], message, help, false);
        }
    }
}
