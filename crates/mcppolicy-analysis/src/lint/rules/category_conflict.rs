//! Annotations that claim less harm than a tool says of itself.

use super::{Bad, Check, Context, Good, Proof, Reporter, Rule, RuleId};
use crate::inventory::category::Category;
use mcppolicy_engine::source::{Location, Span};

/// `category-conflict`
pub static RULE: Rule = Rule {
    id: RuleId::CategoryConflict,
    since: "0.1.0",
    fixes: false,
    options: None,
    what: "Needs an inventory. Looks for allowed tools whose annotations contradict their name, \
           description or arguments, such as `readOnlyHint: true` on `delete_repository`. The \
           other rules use the more dangerous category. A `[categories]` entry in \
           `mcppolicy.toml` decides it.",
    why: "Annotations come from the server that they describe. Clients do not ask the user for \
          confirmation where an annotation claims that a tool only reads.",
    bad: &[Bad {
        says: "The annotation claims that it only reads, and it deletes",
        policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "delete_repository": {
      "require": [{ "conditions": [{ "path": "args.repo", "op": "in", "value": ["scratch"] }] }]
    }
  }
}
tools.json:
{ "tools": [{ "name": "delete_repository", "annotations": { "readOnlyHint": true } }] }"#,
        proof: Proof::Plain,
    }],
    good: &[
        Good {
            says: "The annotation and the name agree",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "delete_repository": {
      "require": [{ "conditions": [{ "path": "args.repo", "op": "in", "value": ["scratch"] }] }]
    }
  }
}
tools.json:
{ "tools": [{ "name": "delete_repository", "annotations": { "destructiveHint": true } }] }"#,
        },
        Good {
            says: "Nobody can call it",
            policy: r#"{ "version": "1", "default": "deny", "hide": ["delete_repository"], "tools": { "list_repositories": {} } }
tools.json:
{
  "tools": [
    { "name": "delete_repository", "annotations": { "readOnlyHint": true } },
    { "name": "list_repositories" }
  ]
}"#,
        },
    ],
    check: Check::Policy(check),
};

fn check(context: &Context<'_>, reporter: &mut Reporter<'_>) {
    for tool in context.open_tools() {
        let (span, pointer) = (tool.rules.name_span, &tool.rules.pointer);
        report(context, reporter, tool.name(), span, pointer);
    }
    if !context.allows_by_default() {
        return;
    }
    let listed = context.inventory.map(|inventory| inventory.tools.iter());
    for tool in listed.into_iter().flatten() {
        if !context.lists(&tool.name) && !context.engine.hides(&tool.name) {
            let span = context.policy.default.span;
            report(context, reporter, &tool.name, span, "/default");
        }
    }
}

fn report(
    context: &Context<'_>,
    reporter: &mut Reporter<'_>,
    name: &str,
    span: Span,
    pointer: &str,
) {
    let categories = &context.categories;
    let (Some(inventory), Some(conflict)) = (context.inventory, categories.conflict(name)) else {
        return;
    };
    let evidence = &conflict.evidence;
    let does = match evidence.category {
        Category::Read => "reads",
        Category::Write => "writes",
        Category::Execute => "executes",
        Category::Destructive => "destroys",
        Category::Financial => "moves money",
    };
    let message = format!(
        "The server claims `{}: {}` for `{name}`, which {does} ({})",
        conflict.annotation, conflict.hint.value, evidence.because
    );
    let category = evidence.category.name().to_lowercase();
    let location = Location {
        file: inventory.file,
        span: conflict.hint.span,
    };
    let finding = reporter
        .finding(span, pointer, message)
        .help(format!(
            "settle it in mcppolicy.toml: [categories] {name} = \"{category}\""
        ))
        .related(location, "what the server claims");
    reporter.push(finding);
}
