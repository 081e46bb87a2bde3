//! A rule's page: the text of `mcppolicy explain RULE`.

use std::fmt::Write as _;

use super::Rule;

/// The page of a rule, in markdown.
pub fn explain(rule: &Rule) -> String {
    let mut page = format!("# {}\n\n{}.\n\n", rule.name, rule.summary);
    let _ = write!(page, "{} · {}", rule.severity.name(), rule.group.name());
    if rule.pedantic {
        page.push_str(" · only with `--pedantic`");
    }
    if rule.fixes {
        page.push_str(" · can be fixed");
    }
    let _ = write!(page, " · since {}\n\n", rule.since);
    for alias in rule.aliases {
        let _ = write!(page, "Once called `{alias}`.\n\n");
    }
    let _ = write!(page, "## What it does\n\n{}\n\n", rule.what);
    let _ = write!(page, "## Why is this bad?\n\n{}\n\n", rule.why);
    let examples = [
        (
            "Bad",
            rule.bad
                .iter()
                .map(|bad| (bad.says, bad.policy))
                .collect::<Vec<_>>(),
        ),
        (
            "Good",
            rule.good
                .iter()
                .map(|good| (good.says, good.policy))
                .collect(),
        ),
    ];
    for (title, examples) in examples {
        let _ = write!(page, "## {title}\n\n");
        for (says, policy) in examples {
            let _ = write!(page, "{says}:\n\n```json\n{}\n```\n\n", policy.trim());
        }
    }
    page.truncate(page.trim_end().len());
    page.push('\n');
    page
}
