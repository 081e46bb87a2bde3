//! An argument that the server's tool does not have.

use super::path_syntax::defect_for;
use super::{Bad, Check, Context, Good, Proof, Reporter, Rule, RuleId};
use crate::finding::Severity;
use crate::inventory::schema::{InputSchema, JsonType, Presence};
use crate::lint::argument::{described, dotted, is_mistaken, meant};
use crate::lint::confusable::in_name;
use crate::lint::context::Tool;
use mcppolicy_engine::policy::{Path, Spanned};
use mcppolicy_engine::source::{Location, Span};

/// `unknown-argument`
pub static RULE: Rule = Rule {
    id: RuleId::UnknownArgument,
    since: "0.1.0",
    fixes: false,
    options: None,
    what: "Needs an inventory. Looks for paths that the tool's `inputSchema` does not have. It is \
           a warning where the schema admits no others (`additionalProperties: false`, or a path \
           into something that is not an object), where the path spells an argument with a dot in \
           its name, and in a `deny_if` whose path is nearly the name of an argument; it is a note where the \
           schema admits the argument without describing it. Nothing is reported inside an object whose members the schema does not describe.",
    why: "A `deny_if` on such a path never applies, and a `require` refuses every call.",
    bad: &[
        Bad {
            says: "The argument is called `branch`",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "push_files": {
      "deny_if": [{ "conditions": [{ "path": "args.brnach", "op": "eq", "value": "main" }] }]
    }
  }
}
tools.json:
{
  "tools": [{
    "name": "push_files",
    "inputSchema": {
      "type": "object",
      "properties": { "branch": { "type": "string" } },
      "additionalProperties": false
    }
  }]
}"#,
            proof: Proof::Plain,
        },
        Bad {
            says: "A path cannot look into an array",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "push_files": {
      "deny_if": [{ "conditions": [{ "path": "args.files.path", "op": "eq", "value": "LICENSE" }] }]
    }
  }
}
tools.json:
{
  "tools": [{
    "name": "push_files",
    "inputSchema": {
      "type": "object",
      "properties": { "files": { "type": "array", "items": { "properties": { "path": { "type": "string" } } } } }
    }
  }]
}"#,
            proof: Proof::Plain,
        },
        Bad {
            says: "The name of an argument has a dot in it, and no path leads there",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "search_tasks": {
      "deny_if": [{ "conditions": [{ "path": "args.projects.any", "op": "eq", "value": "1" }] }]
    }
  }
}
tools.json:
{
  "tools": [{
    "name": "search_tasks",
    "inputSchema": { "type": "object", "properties": { "projects.any": { "type": "string" } } }
  }]
}"#,
            proof: Proof::Plain,
        },
    ],
    good: &[
        Good {
            says: "The schema has the argument",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "push_files": {
      "require": [{ "conditions": [{ "path": "args.branch", "op": "neq", "value": "main" }] }]
    }
  }
}
tools.json:
{
  "tools": [{
    "name": "push_files",
    "inputSchema": {
      "type": "object",
      "properties": { "branch": { "type": "string" } },
      "additionalProperties": false
    }
  }]
}"#,
        },
        Good {
            says: "The schema does not say what is in `overrides`",
            policy: r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "get_job": {
      "require": [{ "conditions": [{ "path": "args.overrides.dry_run", "op": "eq", "value": true }] }]
    }
  }
}
tools.json:
{
  "tools": [{
    "name": "get_job",
    "inputSchema": { "type": "object", "properties": { "overrides": { "type": "object" } } }
  }]
}"#,
        },
    ],
    check: Check::Policy(check),
};

fn check(context: &Context<'_>, reporter: &mut Reporter<'_>) {
    for tool in &context.tools {
        if tool.listed.is_none() {
            continue;
        }
        let mut places = places(tool);
        while let Some((first, pointer)) = places.first().cloned() {
            let same = |place: &(&Spanned<Path>, String)| place.0.value == first.value;
            let spans: Vec<Span> = places
                .iter()
                .filter(|place| same(place))
                .map(|(path, _)| path.span)
                .collect();
            places.retain(|place| !same(place));
            look(context, reporter, tool, &first.value, &spans, pointer);
        }
    }
}

/// The paths of a tool's rules and limits, in the order of the file.
fn places<'t>(tool: &'t Tool<'_>) -> Vec<(&'t Spanned<Path>, String)> {
    let conditions = tool
        .conditions()
        .map(|(_, condition)| (&condition.path, format!("{}/path", condition.pointer)));
    let amounts = tool.rules.limits.iter().filter_map(|limit| {
        let path = limit.increment_from.as_ref()?;
        Some((path, format!("{}/increment_from", limit.pointer)))
    });
    let mut places: Vec<_> = conditions.chain(amounts).collect();
    places.sort_by_key(|(path, _)| path.span);
    places
}

fn look(
    context: &Context<'_>,
    reporter: &mut Reporter<'_>,
    tool: &Tool<'_>,
    path: &Path,
    spans: &[Span],
    pointer: String,
) {
    let (Some(listed), Some(argument), [span, others @ ..]) =
        (tool.listed, tool.argument(path), spans)
    else {
        return;
    };
    let is_refused = match argument.presence {
        Presence::Declared | Presence::Unsaid => return,
        Presence::Undeclared => false,
        Presence::Refused => true,
    };
    // Indices and characters that deceive have rules of their own.
    let is_odd = |name: &String| in_name(name).is_some();
    if defect_for(tool, path).is_some() || path.segments().iter().any(is_odd) {
        return;
    }
    let schema = listed.arguments();
    let (known, name) = described(&schema, path);
    let dotted = dotted(&schema, path);
    let inside = match &dotted {
        Some(_) => None,
        None => obstacle(&schema, known),
    };
    let message = match (&dotted, inside) {
        (Some(dotted), _) => format!(
            "The argument \"{dotted}\" of `{}` has a dot in its name, which no path reaches: `{path}` does not test it",
            tool.name()
        ),
        (None, Some(kind)) => format!(
            "`{path}` leads into `{}`, which is {kind} for `{}`",
            shown(known),
            tool.name()
        ),
        (None, None) if !is_refused => format!(
            "The server does not describe an argument `{path}` of `{}`",
            tool.name()
        ),
        (None, None) => format!("`{}` has no argument `{path}`", tool.name()),
    };
    // A guard with a slip of the pen in it guards nothing, whatever else a call
    // may carry.
    let is_guard = tool.rules.deny_if.iter().any(|rule| {
        let mut conditions = rule.conditions.iter();
        conditions.any(|condition| condition.path.value == *path)
    });
    let is_certain = is_refused || dotted.is_some();
    let severity = if is_certain || (is_guard && is_mistaken(tool, path)) {
        Severity::Warning
    } else {
        Severity::Note
    };
    let mut finding = reporter.finding_of(severity, *span, pointer, message);
    let names = schema.names_under(known);
    // A name with a dot in it is no advice: no path leads there either.
    let reachable: Vec<&str> = names
        .iter()
        .copied()
        .filter(|name| !name.contains('.'))
        .collect();
    let near = match inside {
        Some(_) => None,
        None => meant(name, &reachable),
    };
    finding = match (near, inside) {
        _ if dotted.is_some() => finding.help(UNREACHABLE),
        (Some(near), _) => {
            let mut segments: Vec<String> = known.to_vec();
            segments.push(near.to_owned());
            segments.extend(path.segments().iter().skip(segments.len()).cloned());
            let written = format!("args.{}", segments.join("."));
            // No fix: what another path lets through cannot be proved.
            finding.help(format!("did you mean `{written}`?"))
        }
        (None, Some(_)) => finding.help(
            "a path walks through objects only; a whole array can be tested with \"contains\" or \"eq\"",
        ),
        (None, None) => finding.help(known_names(&reachable, names.len())),
    };
    for other in others {
        let location = reporter.at(*other);
        finding = finding.related(location, "and here");
    }
    if let (Some(inventory), Some(schema)) = (context.inventory, &listed.input_schema) {
        let location = Location {
            file: inventory.file,
            span: schema.span,
        };
        finding = finding.related(location, "what the server takes");
    }
    reporter.push(finding);
}

/// What stands in the way at the end of `known`, instead of an object.
fn obstacle(schema: &InputSchema<'_>, known: &[String]) -> Option<&'static str> {
    let types = schema.argument(known).shape.types;
    if known.is_empty() || types.has(JsonType::Object) {
        None
    } else if types.has(JsonType::Array) {
        Some("an array")
    } else {
        Some("no object")
    }
}

/// The advice for an argument that the language has no path to.
const UNREACHABLE: &str = "version 1 of the policy language cannot test this argument (docs/policy.md, \"Conditions\"): ask for another name of it in the server, or hide or refuse the tool";

fn shown(known: &[String]) -> String {
    format!("args.{}", known.join("."))
}

/// How many arguments are named.
const SHOWN: usize = 8;

/// The names that a path may have, of `all` that there are.
fn known_names(names: &[&str], all: usize) -> String {
    match (names, all) {
        ([], 0) => return "it takes none there".to_owned(),
        ([], _) => {
            return "it takes only arguments with a dot in their names, which no path reaches"
                .to_owned();
        }
        _ => {}
    }
    let named: Vec<String> = names
        .iter()
        .take(SHOWN)
        .map(|name| format!("`{name}`"))
        .collect();
    let more = if names.len() > SHOWN {
        " and others"
    } else {
        ""
    };
    format!("it takes {}{more}", named.join(", "))
}
