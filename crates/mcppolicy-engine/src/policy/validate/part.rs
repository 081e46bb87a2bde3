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
    /// Nothing that the format has; what is inside is not checked.
    Unknown,
}

/// What a value must look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// An object with the members of [`Part::members`].
    Object,
    /// An object whose keys are tool names.
    ToolMap,
    /// An array.
    List,
    /// A string that is not blank.
    Text,
    /// A path into the arguments.
    Path,
    /// One of these strings.
    OneOf(&'static [&'static str]),
    /// A whole number from 1 to the largest `max`.
    Max,
    /// What the operator of the condition demands.
    Operand,
    /// Anything.
    Any,
}

const VERSIONS: &[&str] = &["1"];
const DEFAULTS: &[&str] = &["allow", "deny"];
const SCOPES: &[&str] = &["grant"];

/// The windows, the shortest first.
pub(super) const WINDOWS: &[&str] = &["minute", "hour", "day"];

/// The operators of a condition.
pub(super) const OPERATORS: &[&str] = &[
    "exists", "eq", "neq", "in", "not_in", "lt", "lte", "gt", "gte", "regex", "contains",
];

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
    /// A test compares them with the schema's.
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

    /// How many of [`Part::members`] the object must have.
    /// A test compares them with the schema's.
    pub(super) fn required(self) -> usize {
        match self {
            Part::Policy => 2,
            Part::Rule(_) => 1,
            Part::Condition => 3,
            Part::Limit(_) => 4,
            _ => 0,
        }
    }

    /// What a value of this part must look like.
    pub(super) fn shape(self) -> Shape {
        match self {
            Part::Policy
            | Part::AllTools
            | Part::ToolRules
            | Part::Rule(_)
            | Part::Condition
            | Part::Limit(_) => Shape::Object,
            Part::Tools => Shape::ToolMap,
            Part::Hide | Part::Rules(_) | Part::Conditions | Part::Limits(_) => Shape::List,
            Part::HiddenTool | Part::Counter | Part::OnDeny => Shape::Text,
            Part::Path | Part::IncrementFrom => Shape::Path,
            Part::Version => Shape::OneOf(VERSIONS),
            Part::Default => Shape::OneOf(DEFAULTS),
            Part::Op => Shape::OneOf(OPERATORS),
            Part::Window => Shape::OneOf(WINDOWS),
            Part::Scope => Shape::OneOf(SCOPES),
            Part::Max => Shape::Max,
            Part::Operand => Shape::Operand,
            Part::Unknown => Shape::Any,
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
