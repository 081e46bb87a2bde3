//! What a change or an approval is about.

use serde::Serialize;

use mcppolicy_analysis::compare::Scope;

#[derive(Serialize)]
pub(super) struct JsonScope<'a> {
    kind: &'static str,
    tool: Option<&'a str>,
}

impl<'a> JsonScope<'a> {
    /// All of a policy.
    pub const POLICY: JsonScope<'static> = JsonScope {
        kind: "policy",
        tool: None,
    };

    /// One finding about a policy.
    pub const FINDING: JsonScope<'static> = JsonScope {
        kind: "finding",
        tool: None,
    };

    pub fn new(scope: &'a Scope) -> JsonScope<'a> {
        let (kind, tool) = match scope {
            Scope::Tool(tool) => ("tool", Some(tool.as_str())),
            Scope::Unlisted => ("unlisted", None),
            Scope::AllTools => ("all_tools", None),
        };
        JsonScope { kind, tool }
    }
}
