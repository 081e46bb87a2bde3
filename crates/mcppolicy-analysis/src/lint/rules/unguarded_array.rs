//! An array of what other tools guard.

use super::unconstrained_freeform_argument::OpenArgument;
use super::{Bad, Check, Context, Good, Proof, Reporter, Rule, RuleId};
use crate::inventory::schema::{InputSchema, JsonType};
use crate::lint::argument::{Freeform, singular};
use crate::lint::context::Tool;
use crate::lint::witness::with;
use mcppolicy_engine::policy::{Path, Test};
use mcppolicy_engine::value::Value;
use mcppolicy_trace::trace::WitnessCall;

/// `unguarded-array`
pub static RULE: Rule = Rule {
    id: RuleId::UnguardedArray,
    since: "0.1.0",
    fixes: false,
    options: None,
    what: "Needs an inventory. Looks for arrays of texts that an allowed tool takes and no condition looks \
           at, while the policy guards a single argument of the same name (`path` beside `paths`) \
           or of the same kind (a path, a URL, code, a query). Under `--pedantic` also for arrays \
           of such kinds that nothing beside them guards.",
    why: "A path that one tool may not read passes in the array of the next. Version 1 of the \
          language has no condition on the elements of an array: only a whole array can be \
          compared.",
    bad: &[Bad {
        says: "What `read_file` may not read, `read_many` reads",
        policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "read_file": {
      "require": [{ "conditions": [{ "path": "args.path", "op": "regex", "value": "^docs(/[a-z]+)+$" }] }]
    },
    "read_many": {}
  }
}
tools.json:
{
  "tools": [
    {
      "name": "read_file",
      "inputSchema": { "type": "object", "properties": { "path": { "type": "string" } } }
    },
    {
      "name": "read_many",
      "inputSchema": {
        "type": "object",
        "properties": { "paths": { "type": "array", "items": { "type": "string" } } }
      }
    }
  ]
}"#,
        proof: Proof::Passes,
    }],
    good: &[
        Good {
            says: "The tool that takes arrays is hidden",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "hide": ["read_many"],
  "tools": {
    "read_file": {
      "require": [{ "conditions": [{ "path": "args.path", "op": "regex", "value": "^docs(/[a-z]+)+$" }] }]
    }
  }
}
tools.json:
{
  "tools": [
    {
      "name": "read_file",
      "inputSchema": { "type": "object", "properties": { "path": { "type": "string" } } }
    },
    {
      "name": "read_many",
      "inputSchema": {
        "type": "object",
        "properties": { "paths": { "type": "array", "items": { "type": "string" } } }
      }
    }
  ]
}"#,
        },
        Good {
            says: "Whole arrays are named",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "read_file": {
      "require": [{ "conditions": [{ "path": "args.path", "op": "regex", "value": "^docs(/[a-z]+)+$" }] }]
    },
    "read_many": {
      "require": [{ "conditions": [{ "path": "args.paths", "op": "in", "value": [["docs/a", "docs/b"]] }] }]
    }
  }
}
tools.json:
{
  "tools": [
    {
      "name": "read_file",
      "inputSchema": { "type": "object", "properties": { "path": { "type": "string" } } }
    },
    {
      "name": "read_many",
      "inputSchema": {
        "type": "object",
        "properties": { "paths": { "type": "array", "items": { "type": "string" } } }
      }
    }
  ]
}"#,
        },
    ],
    check: Check::Policy(check),
};

/// A single argument that the policy guards.
struct Guarded {
    tool: String,
    path: Path,
    name: String,
    kind: Option<Freeform>,
}

/// The arrays of allowed tools whose elements are what no reviewer would leave
/// open, and that no condition looks at.
pub fn open_arrays(context: &Context<'_>) -> Vec<OpenArgument> {
    let mut open = Vec::new();
    for tool in context.open_tools() {
        let names = tool.listed.map(|listed| listed.arguments().names());
        for name in names.into_iter().flatten() {
            if let Some((kind, path)) = Freeform::of_elements(name).zip(open_array(tool, name)) {
                let tool = tool.name().to_owned();
                open.push(OpenArgument {
                    tool,
                    path,
                    kind,
                    is_array: true,
                });
            }
        }
    }
    open
}

fn check(context: &Context<'_>, reporter: &mut Reporter<'_>) {
    if context.inventory.is_none() {
        return;
    }
    let guarded = guarded(context);
    for tool in context.open_tools() {
        let names = tool.listed.map(|listed| listed.arguments().names());
        for name in names.into_iter().flatten() {
            let Some(path) = open_array(tool, name) else {
                continue;
            };
            let (kind, singular) = (Freeform::of_elements(name), singular(name));
            let same_name = guarded.iter().find(|of| of.name == singular);
            let same_kind = || guarded.iter().find(|of| kind.is_some() && of.kind == kind);
            let beside = same_name.or_else(same_kind);
            if beside.is_some() || (kind.is_some() && reporter.is_pedantic()) {
                look(context, reporter, tool, &path, kind, beside);
            }
        }
    }
}

/// The arguments that conditions keep ordinary text out of.
fn guarded(context: &Context<'_>) -> Vec<Guarded> {
    let mut all: Vec<Guarded> = Vec::new();
    for tool in context.visible_tools() {
        for (is_require, condition) in tool.conditions() {
            let path = &condition.path.value;
            if !context.guards_text(tool, is_require, condition) {
                continue;
            }
            let Some(name) = path.segments().last() else {
                continue;
            };
            let is_text = tool.declared(path).is_some_and(|argument| {
                let types = argument.shape.types;
                types.has(JsonType::String) && !types.has(JsonType::Array)
            });
            let is_known = all
                .iter()
                .any(|of| of.tool == tool.name() && of.path == *path);
            if is_text && !is_known {
                all.push(Guarded {
                    tool: tool.name().to_owned(),
                    path: path.clone(),
                    name: singular(name),
                    kind: Freeform::of(name),
                });
            }
        }
    }
    all
}

/// The path of the argument `name`, where it is an array that no condition looks
/// at.
fn open_array(tool: &Tool<'_>, name: &str) -> Option<Path> {
    let path = Path::parse(&format!("args.{name}")).ok()?;
    if path.segments().len() != 1 {
        return None;
    }
    let shape = tool.declared(&path)?.shape;
    let is_array = shape.types.has(JsonType::Array) && !shape.types.has(JsonType::String);
    let looks = |(_, condition): (bool, &mcppolicy_engine::policy::Condition)| {
        condition.path.value == path && !matches!(condition.test, Test::Exists(true))
    };
    let is_open = is_array && shape.values.is_none() && !tool.conditions().any(looks);
    (is_open && has_texts(tool, name)).then_some(path)
}

/// Whether the elements of the array `name` may be texts.
fn has_texts(tool: &Tool<'_>, name: &str) -> bool {
    let property = tool
        .listed
        .and_then(|listed| listed.arguments().property(name));
    let Some(items) = property.and_then(|property| property.get("items")) else {
        return true;
    };
    let elements = InputSchema::new(Some(items)).argument::<&str>(&[]);
    elements.shape.types.has(JsonType::String)
}

fn look(
    context: &Context<'_>,
    reporter: &mut Reporter<'_>,
    tool: &Tool<'_>,
    path: &Path,
    kind: Option<Freeform>,
    beside: Option<&Guarded>,
) {
    let name = tool.name();
    let element = kind.map_or("anything", Freeform::telling);
    let witness = context.accepted(tool).and_then(|arguments| {
        let arguments = with(&arguments, path, Value::Array(vec![Value::from(element)]))?;
        reporter.passing(vec![WitnessCall::new(name, arguments)])
    });
    let message = match beside {
        Some(of) => format!(
            "`{path}` of `{name}` is an array whose elements no condition can test, and `{}` of `{}` is guarded",
            of.path, of.tool
        ),
        None => format!("`{path}` of `{name}` is an array whose elements no condition can test"),
    };
    let (span, pointer) = (tool.rules.span, &tool.rules.pointer);
    let finding = match beside {
        Some(_) => reporter.finding(span, pointer, message),
        None => reporter.pedantic_finding(span, pointer, message),
    };
    let finding = finding
        .help("version 1 of the policy language has no condition on the elements of an array (docs/policy.md, \"Conditions\"): hide or refuse the tool, or name whole arrays with \"in\"")
        .witness(witness.unwrap_or_default());
    reporter.push(context.with_place(tool, path.segments(), finding));
}
