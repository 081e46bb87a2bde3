//! Which part of the format a node is, known from the way to it.

/// A part of the format (policy language §1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Policy,
    Version,
    Default,
    Hide,
    HiddenTool,
    AllTools,
    Tools,
    ToolRules,
    Rules(Clause),
    Rule(Clause),
    Conditions,
    Condition,
    Path,
    Op,
    Operand,
    Limits(Owner),
    Limit(Owner),
    Counter,
    Window,
    Max,
    Scope,
    IncrementFrom,
    OnDeny,
    /// Nothing that the format has; the schema never looks inside.
    Unknown,
}

/// What a rule does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Clause {
    Require,
    DenyIf,
}

/// What a limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    Tool,
    AllTools,
}

impl Part {
    /// The part that is found under `key` (or an index) in this one.
    pub(super) fn child(self, key: &str) -> Part {
        match (self, key) {
            (Part::Policy, "version") => Part::Version,
            (Part::Policy, "default") => Part::Default,
            (Part::Policy, "hide") => Part::Hide,
            (Part::Policy, "all_tools") => Part::AllTools,
            (Part::Policy, "tools") => Part::Tools,
            (Part::Hide, _) => Part::HiddenTool,
            (Part::AllTools, "limits") => Part::Limits(Owner::AllTools),
            (Part::Tools, _) => Part::ToolRules,
            (Part::ToolRules, "require") => Part::Rules(Clause::Require),
            (Part::ToolRules, "deny_if") => Part::Rules(Clause::DenyIf),
            (Part::ToolRules, "limits") => Part::Limits(Owner::Tool),
            (Part::Rules(clause), _) => Part::Rule(clause),
            (Part::Rule(_), "conditions") => Part::Conditions,
            (Part::Conditions, _) => Part::Condition,
            (Part::Condition, "path") => Part::Path,
            (Part::Condition, "op") => Part::Op,
            (Part::Condition, "value") => Part::Operand,
            (Part::Limits(owner), _) => Part::Limit(owner),
            (Part::Limit(_), "counter") => Part::Counter,
            (Part::Limit(_), "window") => Part::Window,
            (Part::Limit(_), "max") => Part::Max,
            (Part::Limit(_), "scope") => Part::Scope,
            (Part::Limit(Owner::Tool), "increment_from") => Part::IncrementFrom,
            (Part::Limit(_) | Part::Rule(_), "on_deny") => Part::OnDeny,
            _ => Part::Unknown,
        }
    }

    /// The members that this object may have, the required ones first.
    /// A test holds them equal to the schema's.
    pub(super) fn members(self) -> &'static [&'static str] {
        match self {
            Part::Policy => &["version", "default", "hide", "all_tools", "tools"],
            Part::AllTools => &["limits"],
            Part::ToolRules => &["require", "deny_if", "limits"],
            Part::Rule(_) => &["conditions", "on_deny"],
            Part::Condition => &["path", "op", "value"],
            Part::Limit(Owner::Tool) => &[
                "counter",
                "window",
                "max",
                "scope",
                "increment_from",
                "on_deny",
            ],
            Part::Limit(Owner::AllTools) => &["counter", "window", "max", "scope", "on_deny"],
            _ => &[],
        }
    }

    /// What a sentence calls this object, at its beginning.
    pub(super) fn noun(self) -> &'static str {
        match self {
            Part::Policy => "A policy",
            Part::AllTools => "The object \"all_tools\"",
            Part::ToolRules => "A tool",
            Part::Rule(_) => "A rule",
            Part::Condition => "A condition",
            Part::Limit(Owner::Tool) => "A limit",
            Part::Limit(Owner::AllTools) => "A limit for all tools",
            _ => "This object",
        }
    }

    /// The name of the member that this part is the value of, where a message
    /// needs it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Part::Counter => "counter",
            Part::OnDeny => "on_deny",
            Part::IncrementFrom => "increment_from",
            Part::Max => "max",
            Part::Hide | Part::HiddenTool => "hide",
            _ => "path",
        }
    }
}

/// Where a member that is not at home in one object belongs: the objects that
/// have it, in a few words.
pub(super) fn home_of(key: &str) -> Option<&'static str> {
    Some(match key {
        "version" | "default" | "hide" | "all_tools" | "tools" => "the policy itself",
        "require" | "deny_if" => "the rules of a tool, under \"tools\"",
        "limits" => "the rules of a tool, or \"all_tools\"",
        "conditions" => "a rule of \"require\" or \"deny_if\"",
        "path" | "op" | "value" => "a condition, in the list \"conditions\" of a rule",
        "counter" | "window" | "max" | "scope" => "a limit, in a list \"limits\"",
        "increment_from" => "a limit of a tool",
        "on_deny" => "a rule of \"require\" or \"deny_if\", or a limit",
        _ => return None,
    })
}
