//! Code, a query, a URL or a path that no condition looks at.

use super::{Bad, Check, Context, Good, Proof, Reporter, Rule, RuleId};
use crate::inventory::category::Category;
use crate::inventory::schema::JsonType;
use crate::lint::argument::Freeform;
use crate::lint::context::Tool;
use crate::lint::witness::with;
use mcppolicy_engine::policy::Path;
use mcppolicy_engine::value::Value;
use mcppolicy_trace::trace::WitnessCall;

/// `unconstrained-freeform-argument`
pub static RULE: Rule = Rule {
    id: RuleId::UnconstrainedFreeformArgument,
    since: "0.1.0",
    fixes: false,
    options: None,
    what: "Needs an inventory. Looks for arguments of allowed tools that by their name take code, \
           a command, a query, a URL or a path, that may be any text by their schema, and that no \
           condition keeps any ordinary text out of: `exists` and a pattern that every text \
           matches, such as `.*`, keep out nothing. A query of a tool that only reads is a search and is not reported, \
           nor is the `code` of a tool that executes nothing.",
    why: "Such an argument decides what the call does. A tool that is allowed with any command \
          can do everything that its server can do.",
    bad: &[
        Bad {
            says: "Any command runs",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "run_command": {
      "limits": [{ "counter": "commands_per_day", "window": "day", "max": 50, "scope": "grant" }]
    }
  }
}
tools.json:
{
  "tools": [{
    "name": "run_command",
    "inputSchema": { "type": "object", "properties": { "command": { "type": "string" } } }
  }]
}"#,
            proof: Proof::Passes,
        },
        Bad {
            says: "Any text is a command that is there",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "run_command": {
      "require": [{ "conditions": [
        { "path": "args.command", "op": "exists", "value": true },
        { "path": "args.command", "op": "regex", "value": "^.+$" }
      ] }],
      "limits": [{ "counter": "commands_per_day", "window": "day", "max": 50, "scope": "grant" }]
    }
  }
}
tools.json:
{
  "tools": [{
    "name": "run_command",
    "inputSchema": { "type": "object", "properties": { "command": { "type": "string" } } }
  }]
}"#,
            proof: Proof::Passes,
        },
    ],
    good: &[
        Good {
            says: "A condition restricts the commands",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "run_command": {
      "require": [{ "conditions": [{ "path": "args.command", "op": "in", "value": ["npm test", "npm run lint"] }] }],
      "limits": [{ "counter": "commands_per_day", "window": "day", "max": 50, "scope": "grant" }]
    }
  }
}
tools.json:
{
  "tools": [{
    "name": "run_command",
    "inputSchema": { "type": "object", "properties": { "command": { "type": "string" } } }
  }]
}"#,
        },
        Good {
            says: "The schema itself lists the commands",
            policy: r#"{ "version": "1", "default": "deny", "tools": { "run_command": {} } }
tools.json:
{
  "tools": [{
    "name": "run_command",
    "inputSchema": { "type": "object", "properties": { "command": { "enum": ["test", "lint"] } } }
  }]
}"#,
        },
    ],
    check: Check::Policy(check),
};

fn check(context: &Context<'_>, reporter: &mut Reporter<'_>) {
    for (tool, open) in open_arguments(context) {
        let OpenArgument { path, kind, .. } = &open;
        let witness = context.accepted(tool).and_then(|arguments| {
            let arguments = with(&arguments, path, Value::from(kind.telling()))?;
            reporter.passing(vec![WitnessCall::new(tool.name(), arguments)])
        });
        let message = format!(
            "`{path}` of `{}` takes {}, and {}",
            tool.name(),
            kind.name(),
            if is_mentioned(tool, path) {
                "its conditions admit any text"
            } else {
                "no condition looks at it"
            }
        );
        let finding = reporter
            .finding(tool.rules.span, &tool.rules.pointer, message)
            .help(format!(
                "add a \"require\" rule on \"{path}\" that lists what is needed"
            ))
            .witness(witness.unwrap_or_default());
        reporter.push(context.with_place(tool, path.segments(), finding));
    }
}

/// An argument of an allowed tool by which the caller says what is to be done,
/// and that no condition guards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenArgument {
    /// The tool.
    pub tool: String,
    /// The argument.
    pub path: Path,
    /// What it takes.
    pub kind: Freeform,
    /// Whether it takes an array of that.
    pub is_array: bool,
}

/// All such arguments, by tool in the order of the policy.
pub fn open_arguments<'c, 'a>(
    context: &'c Context<'a>,
) -> impl Iterator<Item = (&'c Tool<'a>, OpenArgument)> {
    context.open_tools().flat_map(move |tool| {
        let names = tool.listed.map(|listed| listed.arguments().names());
        let open = names.into_iter().flatten().filter_map(move |name| {
            let (kind, path) = open(context, tool, name)?;
            let tool = tool.name().to_owned();
            Some(OpenArgument {
                tool,
                path,
                kind,
                is_array: false,
            })
        });
        open.map(move |open| (tool, open))
    })
}

/// What the argument `name` takes, where it is free and no condition guards it.
fn open(context: &Context<'_>, tool: &Tool<'_>, name: &str) -> Option<(Freeform, Path)> {
    let kind = Freeform::of(name)?;
    let category = tool.class.category;
    // A query that only reads is a search; a bare "code" is a program where
    // something is executed, and elsewhere the code of a coupon or a country.
    let is_harmless = match kind {
        Freeform::Query => category == Category::Read,
        Freeform::Code => {
            name.eq_ignore_ascii_case("code")
                && matches!(category, Category::Read | Category::Write)
        }
        Freeform::Url | Freeform::Path => false,
    };
    if is_harmless {
        return None;
    }
    // A name with a dot inside cannot be reached by a condition at all.
    let path = Path::parse(&format!("args.{name}")).ok()?;
    if path.segments().len() != 1 {
        return None;
    }
    let shape = tool.declared(&path)?.shape;
    let is_text = shape.types.has(JsonType::String) && shape.values.is_none();
    (is_text && !context.is_guarded(tool, &path)).then_some((kind, path))
}

fn is_mentioned(tool: &Tool<'_>, path: &Path) -> bool {
    tool.conditions()
        .any(|(_, condition)| condition.path.value.segments().first() == path.segments().first())
}
