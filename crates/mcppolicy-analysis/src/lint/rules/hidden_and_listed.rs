//! A tool both in `hide` and in `tools`.

use super::{Bad, Check, Context, Good, Proof, Reporter, Rule, RuleId, fixes, quoted};
use mcppolicy_engine::value::Value;
use mcppolicy_trace::trace::WitnessCall;

/// `hidden-and-listed`
pub static RULE: Rule = Rule {
    id: RuleId::HiddenAndListed,
    since: "0.1.0",
    fixes: true,
    options: None,
    what: "Looks for tool names that are both in `hide` and in `tools`.",
    why: "`hide` is evaluated first and wins: no call reaches the tool's rules, limits or \
          messages. A reader of `tools` believes that the tool can be called under conditions.",
    bad: &[Bad {
        says: "The limit is never counted, because every call is refused",
        policy: r#"{
  "version": "1",
  "default": "deny",
  "hide": ["cancel_job"],
  "tools": {
    "get_job": {},
    "cancel_job": { "require": [{ "conditions": [{ "path": "args.mine", "op": "eq", "value": true }] }] }
  }
}"#,
        proof: Proof::Refused,
    }],
    good: &[
        Good {
            says: "A tool is hidden or listed",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "hide": ["cancel_job"],
  "tools": { "get_job": {} }
}"#,
        },
        Good {
            says: "Names are compared exactly, so these are two tools",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "hide": ["Get_Job"],
  "tools": { "get_job": {} }
}"#,
        },
    ],
    check: Check::Policy(check),
};

fn check(context: &Context<'_>, reporter: &mut Reporter<'_>) {
    // Where "*" hides everything, `nothing-callable` says so once.
    if context.everything_hidden.is_some() {
        return;
    }
    for tool in &context.tools {
        let Some((_, entry)) = tool.hidden else {
            continue;
        };
        let name = tool.name();
        let call = WitnessCall::new(name, Value::empty_object());
        let Some(witness) = reporter.refused(vec![call]) else {
            continue;
        };
        let message = format!(
            "The rules of `{name}` are dead: the tool is hidden, and `hide` wins over `tools`"
        );
        let help = format!(
            "remove {} from \"hide\" to let the rules decide, or from \"tools\" to keep it hidden",
            quoted(name)
        );
        let finding = reporter
            .finding(tool.rules.name_span, &tool.rules.pointer, message)
            .related(reporter.at(entry.span), "hidden here")
            .help(help)
            .witness(witness)
            .fix(fixes::without_tool(context.policy, tool.rules));
        reporter.push(finding);
    }
}
