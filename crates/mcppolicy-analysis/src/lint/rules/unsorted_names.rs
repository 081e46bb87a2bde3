//! Names that are not in order.

use super::{Bad, Check, Context, Good, Proof, Reporter, Rule, RuleId};
use mcppolicy_engine::source::Span;

/// `unsorted-names`
pub static RULE: Rule = Rule {
    id: RuleId::UnsortedNames,
    since: "0.1.0",
    fixes: false,
    options: None,
    what: "Looks for the first name in `tools`, and the first in `hide`, that is not in \
           alphabetical order. The order means nothing to the gateway.",
    why: "In a sorted list a reader finds a tool and sees that one is missing, and two people who \
          add the same tool change the same line.",
    bad: &[Bad {
        says: "`get_job` belongs first",
        policy: r#"{ "version": "1", "default": "deny", "tools": { "list_jobs": {}, "get_job": {} } }"#,
        proof: Proof::Plain,
    }],
    good: &[Good {
        says: "Sorted",
        policy: r#"{ "version": "1", "default": "deny", "hide": ["a", "b"], "tools": { "get_job": {}, "list_jobs": {} } }"#,
    }],
    check: Check::Policy(check),
};

fn check(context: &Context<'_>, reporter: &mut Reporter<'_>) {
    let tools = context.tools.iter().map(|tool| {
        let rules = tool.rules;
        (rules.name.as_str(), rules.name_span, rules.pointer.clone())
    });
    look(reporter, "tools", tools.collect());
    let hidden = context.policy.hide.iter().enumerate();
    let hidden =
        hidden.map(|(at, entry)| (entry.value.as_str(), entry.span, format!("/hide/{at}")));
    look(reporter, "hide", hidden.collect());
}

fn look(reporter: &mut Reporter<'_>, list: &str, names: Vec<(&str, Span, String)>) {
    for pair in names.windows(2) {
        let [(before, _, _), (name, span, pointer)] = pair else {
            continue;
        };
        if name >= before {
            continue;
        }
        let finding = reporter
            .finding(
                *span,
                pointer,
                format!("`{name}` stands behind `{before}` in `{list}`, which is not sorted"),
            )
            .help("put the names in alphabetical order");
        // One is enough: the rest moves with it.
        return reporter.push(finding);
    }
}
