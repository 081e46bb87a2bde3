//! A tool of the server that only `default` decides.

use super::{Bad, Check, Context, Good, Proof, Reporter, Rule, RuleId, quoted};
use crate::finding::Severity;
use crate::inventory::Tool;
use crate::inventory::category::Category;
use crate::lint::confusable::in_name;
use mcppolicy_engine::source::Location;
use mcppolicy_engine::value::Value;
use mcppolicy_trace::trace::WitnessCall;

/// `undecided-tool`
pub static RULE: Rule = Rule {
    id: RuleId::UndecidedTool,
    since: "0.1.0",
    fixes: false,
    options: None,
    what: "Needs an inventory. Looks for tools of the server that the policy neither lists nor hides. \
           Under `default: \"allow\"` those of category Execute, Destructive and Financial are a \
           warning of their own. All tools of one kind are one finding.",
    why: "The policy does not decide about these tools. Under `default: \"deny\"` an agent sees \
          them and is refused; under `\"allow\"` they are allowed without a condition or a limit.",
    bad: &[
        Bad {
            says: "Any command can be run",
            policy: r#"{ "version": "1", "default": "allow", "hide": ["delete_file"] }
tools.json:
{ "tools": [{ "name": "run_command" }, { "name": "delete_file" }] }"#,
            proof: Proof::Passes,
        },
        Bad {
            says: "The policy does not mention `write_file`",
            policy: r#"{ "version": "1", "default": "deny", "tools": { "read_file": {} } }
tools.json:
{ "tools": [{ "name": "read_file" }, { "name": "write_file" }] }"#,
            proof: Proof::Refused,
        },
    ],
    good: &[
        Good {
            says: "Each tool is listed or hidden",
            policy: r#"{ "version": "1", "default": "deny", "hide": ["write_file"], "tools": { "read_file": {} } }
tools.json:
{ "tools": [{ "name": "read_file" }, { "name": "write_file" }] }"#,
        },
        Good {
            says: "`\"*\"` hides them all",
            policy: r#"{ "version": "1", "default": "deny", "hide": ["*"] }
tools.json:
{ "tools": [{ "name": "read_file" }, { "name": "write_file" }] }"#,
        },
    ],
    check: Check::Policy(check),
};

/// How many tools a finding names, calls and points at.
const SHOWN: usize = 5;

fn check(context: &Context<'_>, reporter: &mut Reporter<'_>) {
    let Some(inventory) = context.inventory else {
        return;
    };
    if context.everything_hidden.is_some() {
        return;
    }
    // A tool that is meant by a misspelt name is decided once that is right.
    let named = context.tools.iter().map(|tool| tool.name());
    let hidden = context.policy.hide.iter().map(|entry| entry.value.as_str());
    let misspelt = named.chain(hidden).filter(|name| context.is_unknown(name));
    let meant: Vec<&str> = misspelt.filter_map(|name| context.meant(name)).collect();
    let opens = context.allows_by_default();
    let undecided = inventory.tools.iter().filter(|tool| {
        let name = tool.name.as_str();
        let is_named = context.lists(name) || context.engine.hides(name) || meant.contains(&name);
        // What no policy can name without deceiving its reader is refused rightly.
        let is_nameable = !name.trim().is_empty() && name != "*" && in_name(name).is_none();
        !is_named && (opens || is_nameable)
    });
    let is_high =
        |tool: &&Tool| opens && context.categories.of(&tool.name).category >= Category::Execute;
    let (high, other): (Vec<&Tool>, Vec<&Tool>) = undecided.partition(is_high);
    report(context, reporter, &high, Severity::Warning);
    report(context, reporter, &other, Severity::Note);
}

fn report(context: &Context<'_>, reporter: &mut Reporter<'_>, tools: &[&Tool], severity: Severity) {
    let (Some(inventory), [first, ..]) = (context.inventory, tools) else {
        return;
    };
    let opens = context.allows_by_default();
    let shown = tools.iter().take(SHOWN);
    let named: Vec<String> = shown
        .clone()
        .map(|tool| match severity {
            Severity::Note => format!("`{}`", tool.name),
            _ => {
                let class = context.categories.of(&tool.name);
                format!("`{}` ({})", tool.name, class.category)
            }
        })
        .collect();
    let more = match tools.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let effect = if opens { "allows" } else { "refuses" };
    let message = format!(
        "Only `default` decides, and it {effect} {}{more}",
        named.join(", ")
    );
    let calls = shown
        .clone()
        .map(|tool| WitnessCall::new(&tool.name, Value::empty_object()))
        .collect();
    let witness = if opens {
        reporter.passing(calls)
    } else {
        reporter.refused(calls)
    };
    let name = quoted(&first.name);
    let mut finding = reporter
        .finding_of(severity, context.policy.default.span, "/default", message)
        .help(format!(
            "hide what nobody needs, \"hide\": [{name}], and list the rest with their rules in \"tools\""
        ))
        .witness(witness.unwrap_or_default());
    for tool in shown {
        let location = Location {
            file: inventory.file,
            span: tool.name_span,
        };
        finding = finding.related(location, "the server has it");
    }
    reporter.push(finding);
}
