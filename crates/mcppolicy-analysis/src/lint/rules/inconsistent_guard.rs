//! An argument that other tools of the server guard.

use std::collections::BTreeMap;

use super::{Bad, Check, Context, Good, Proof, Reporter, Rule, RuleId};
use crate::inventory::schema::JsonType;
use crate::lint::argument::Freeform;
use crate::lint::context::Tool;
use crate::lint::witness::with;
use mcppolicy_engine::policy::Path;
use mcppolicy_engine::value::Value;
use mcppolicy_trace::trace::WitnessCall;

/// `inconsistent-guard`
pub static RULE: Rule = Rule {
    id: RuleId::InconsistentGuard,
    since: "0.1.0",
    fixes: false,
    options: None,
    what: "Needs an inventory. Looks for an allowed tool that takes a path, a URL, code or a query which another allowed \
           tool, of the same risk or a lower one, takes by the same name and guards, and which no \
           condition of its own guards, where at least as many tools guard it as leave it open. \
           Other arguments, such as an `owner`, are often guarded in \
           one place on purpose and are not compared.",
    why: "What one tool may not touch, the other one may. If the difference is meant, say so in a \
          suppression.",
    bad: &[Bad {
        says: "`update_file` may change any file",
        policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "create_file": {
      "require": [{ "conditions": [{ "path": "args.path", "op": "regex", "value": "^docs(/[a-z]+)+$" }] }]
    },
    "update_file": {}
  }
}
tools.json:
{
  "tools": [
    { "name": "create_file", "inputSchema": { "type": "object", "properties": { "path": { "type": "string" } } } },
    { "name": "update_file", "inputSchema": { "type": "object", "properties": { "path": { "type": "string" } } } }
  ]
}"#,
        proof: Proof::Passes,
    }],
    good: &[
        Good {
            says: "Both are guarded, each in its own way",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "create_file": {
      "require": [{ "conditions": [{ "path": "args.path", "op": "regex", "value": "^docs(/[a-z]+)+$" }] }]
    },
    "update_file": {
      "require": [{ "conditions": [{ "path": "args.path", "op": "in", "value": ["docs/log"] }] }]
    }
  }
}
tools.json:
{
  "tools": [
    { "name": "create_file", "inputSchema": { "type": "object", "properties": { "path": { "type": "string" } } } },
    { "name": "update_file", "inputSchema": { "type": "object", "properties": { "path": { "type": "string" } } } }
  ]
}"#,
        },
        Good {
            says: "Reading is less than writing",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "create_file": {
      "require": [{ "conditions": [{ "path": "args.path", "op": "regex", "value": "^docs(/[a-z]+)+$" }] }]
    },
    "read_file": {}
  }
}
tools.json:
{
  "tools": [
    { "name": "create_file", "inputSchema": { "type": "object", "properties": { "path": { "type": "string" } } } },
    { "name": "read_file", "inputSchema": { "type": "object", "properties": { "path": { "type": "string" } } } }
  ]
}"#,
        },
    ],
    check: Check::Policy(check),
};

/// A tool that takes an argument, and how it guards it.
struct Taker<'c, 'a> {
    tool: &'c Tool<'a>,
    path: Path,
    /// Some condition keeps something out.
    is_guarded: bool,
    /// It keeps out some texts.
    guards: bool,
}

impl<'c, 'a> Taker<'c, 'a> {
    fn new(context: &Context<'_>, tool: &'c Tool<'a>, path: Path) -> Taker<'c, 'a> {
        let guards = tool.conditions().any(|(is_require, condition)| {
            condition.path.value == path && context.guards_text(tool, is_require, condition)
        });
        Taker {
            tool,
            is_guarded: context.is_guarded(tool, &path),
            path,
            guards,
        }
    }
}

fn check(context: &Context<'_>, reporter: &mut Reporter<'_>) {
    let mut takers: BTreeMap<&str, Vec<Taker<'_, '_>>> = BTreeMap::new();
    for tool in context.open_tools() {
        let names = tool.listed.map(|listed| listed.arguments().names());
        for name in names.into_iter().flatten() {
            if Freeform::of(name).is_some()
                && let Some(path) = text(tool, name)
            {
                let of = takers.entry(name).or_default();
                of.push(Taker::new(context, tool, path));
            }
        }
    }
    for takers in takers.values() {
        let (open, guarded) = (
            takers.iter().filter(|taker| !taker.is_guarded),
            takers.iter().filter(|taker| taker.guards).count(),
        );
        // One guard among many tools is the exception, and not the others.
        if guarded < open.clone().count() {
            continue;
        }
        for open in open {
            let risk = open.tool.class.category.risk();
            let comparable =
                |taker: &&Taker<'_, '_>| taker.guards && taker.tool.class.category.risk() <= risk;
            let guarding: Vec<&Taker<'_, '_>> = takers.iter().filter(comparable).collect();
            if let [first, ..] = guarding.as_slice()
                && !is_said_elsewhere(context, open.tool)
            {
                report(context, reporter, open, first, guarding.len());
            }
        }
    }
}

/// The path of the argument `name`, where it may be any text.
fn text(tool: &Tool<'_>, name: &str) -> Option<Path> {
    let path = Path::parse(&format!("args.{name}")).ok()?;
    if path.segments().len() != 1 {
        return None;
    }
    let shape = tool.declared(&path)?.shape;
    (shape.types.has(JsonType::String) && shape.values.is_none()).then_some(path)
}

/// Whether the tool is reported for having no guard at all.
fn is_said_elsewhere(context: &Context<'_>, tool: &Tool<'_>) -> bool {
    tool.class.category.risk() == crate::inventory::category::Risk::Critical
        && context.runs(RuleId::ExposedDestructiveTool)
        && !context.guards_arguments(tool)
}

fn report(
    context: &Context<'_>,
    reporter: &mut Reporter<'_>,
    open: &Taker<'_, '_>,
    first: &Taker<'_, '_>,
    guarding: usize,
) {
    let (path, name) = (&open.path, open.tool.name());
    let element = path.segments().last().and_then(|name| Freeform::of(name));
    let element = element.map_or("anything-else", Freeform::telling);
    let witness = context.accepted(open.tool).and_then(|arguments| {
        let arguments = with(&arguments, path, Value::from(element))?;
        reporter.passing(vec![WitnessCall::new(name, arguments)])
    });
    let others = match guarding {
        1 => format!("`{}` guards it", first.tool.name()),
        more => format!("`{}` and {} more guard it", first.tool.name(), more - 1),
    };
    let message = format!("`{path}` of `{name}` may be any text, and {others}");
    let location = reporter.at(first.tool.rules.name_span);
    let finding = reporter
        .finding(open.tool.rules.span, &open.tool.rules.pointer, message)
        .help(format!(
            "add the \"require\" on \"{path}\" that `{}` has, or suppress this with the reason for the difference",
            first.tool.name()
        ))
        .related(location, "guarded here")
        .witness(witness.unwrap_or_default());
    reporter.push(finding);
}
