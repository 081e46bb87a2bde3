//! The kinds of small changes.

/// What a small change does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operator {
    /// `default` says the other thing.
    DefaultFlip,
    /// A tool is no longer listed.
    ToolDrop,
    /// A tool is listed without rules and limits.
    ToolEmpty,
    /// A tool is hidden.
    ToolHide,
    /// An entry of `hide` is left out.
    ToolUnhide,
    /// A rule is left out.
    RuleDrop,
    /// A rule's conditions never hold.
    RuleNever,
    /// A rule stands in the other list.
    RuleMove,
    /// A condition is left out.
    ConditionDrop,
    /// A condition looks at another argument.
    ConditionPath,
    /// An operator becomes its neighbour or its opposite.
    OperatorSwap,
    /// A bound is one step higher.
    BoundUp,
    /// A bound is one step lower.
    BoundDown,
    /// A member of a list is left out.
    MemberOut,
    /// Another value is in a list.
    MemberIn,
    /// An anchor of a pattern is left out.
    PatternAnchor,
    /// An alternative of a pattern is left out.
    PatternBranch,
    /// A count of a pattern is one more or less.
    PatternCount,
    /// A class of a pattern has one character more.
    PatternClass,
    /// A pattern ignores case.
    PatternCase,
    /// A limit is left out.
    LimitDrop,
    /// The `max` of a limit is one more.
    LimitUp,
    /// The `max` of a limit is one less.
    LimitDown,
    /// A limit has the next window.
    LimitWindow,
    /// A limit counts calls instead of an amount.
    LimitCount,
    /// A limit adds up an amount instead of counting calls.
    LimitAmount,
    /// A message that an expectation names is left out.
    Message,
}

/// Operators that change the same kind of thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Tools, `hide` and `default`.
    Tool,
    /// Whole rules.
    Rule,
    /// Whole conditions.
    Condition,
    /// Operators and operands of conditions.
    Operand,
    /// Patterns.
    Pattern,
    /// Limits.
    Limit,
    /// Messages.
    Message,
}

impl Family {
    /// Every family.
    pub const ALL: [Family; 7] = [
        Family::Tool,
        Family::Rule,
        Family::Condition,
        Family::Operand,
        Family::Pattern,
        Family::Limit,
        Family::Message,
    ];

    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Family::Tool => "tool",
            Family::Rule => "rule",
            Family::Condition => "condition",
            Family::Operand => "operand",
            Family::Pattern => "pattern",
            Family::Limit => "limit",
            Family::Message => "message",
        }
    }
}

impl Operator {
    /// Every operator.
    pub const ALL: [Operator; 27] = [
        Operator::DefaultFlip,
        Operator::ToolDrop,
        Operator::ToolEmpty,
        Operator::ToolHide,
        Operator::ToolUnhide,
        Operator::RuleDrop,
        Operator::RuleNever,
        Operator::RuleMove,
        Operator::ConditionDrop,
        Operator::ConditionPath,
        Operator::OperatorSwap,
        Operator::BoundUp,
        Operator::BoundDown,
        Operator::MemberOut,
        Operator::MemberIn,
        Operator::PatternAnchor,
        Operator::PatternBranch,
        Operator::PatternCount,
        Operator::PatternClass,
        Operator::PatternCase,
        Operator::LimitDrop,
        Operator::LimitUp,
        Operator::LimitDown,
        Operator::LimitWindow,
        Operator::LimitCount,
        Operator::LimitAmount,
        Operator::Message,
    ];

    /// The name in reports and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Operator::DefaultFlip => "default-flip",
            Operator::ToolDrop => "tool-drop",
            Operator::ToolEmpty => "tool-empty",
            Operator::ToolHide => "tool-hide",
            Operator::ToolUnhide => "tool-unhide",
            Operator::RuleDrop => "rule-drop",
            Operator::RuleNever => "rule-never",
            Operator::RuleMove => "rule-move",
            Operator::ConditionDrop => "condition-drop",
            Operator::ConditionPath => "condition-path",
            Operator::OperatorSwap => "operator-swap",
            Operator::BoundUp => "bound-up",
            Operator::BoundDown => "bound-down",
            Operator::MemberOut => "member-out",
            Operator::MemberIn => "member-in",
            Operator::PatternAnchor => "pattern-anchor",
            Operator::PatternBranch => "pattern-branch",
            Operator::PatternCount => "pattern-count",
            Operator::PatternClass => "pattern-class",
            Operator::PatternCase => "pattern-case",
            Operator::LimitDrop => "limit-drop",
            Operator::LimitUp => "limit-max-up",
            Operator::LimitDown => "limit-max-down",
            Operator::LimitWindow => "limit-window",
            Operator::LimitCount => "limit-count",
            Operator::LimitAmount => "limit-amount",
            Operator::Message => "message-drop",
        }
    }

    /// The kind of thing that it changes.
    pub const fn family(self) -> Family {
        match self {
            Operator::DefaultFlip
            | Operator::ToolDrop
            | Operator::ToolEmpty
            | Operator::ToolHide
            | Operator::ToolUnhide => Family::Tool,
            Operator::RuleDrop | Operator::RuleNever | Operator::RuleMove => Family::Rule,
            Operator::ConditionDrop | Operator::ConditionPath => Family::Condition,
            Operator::OperatorSwap
            | Operator::BoundUp
            | Operator::BoundDown
            | Operator::MemberOut
            | Operator::MemberIn => Family::Operand,
            Operator::PatternAnchor
            | Operator::PatternBranch
            | Operator::PatternCount
            | Operator::PatternClass
            | Operator::PatternCase => Family::Pattern,
            Operator::LimitDrop
            | Operator::LimitUp
            | Operator::LimitDown
            | Operator::LimitWindow
            | Operator::LimitCount
            | Operator::LimitAmount => Family::Limit,
            Operator::Message => Family::Message,
        }
    }

    /// The operators that `text` names: one, or a family.
    pub fn named(text: &str) -> Vec<Operator> {
        let all = Operator::ALL.into_iter();
        all.filter(|operator| operator.name() == text || operator.family().name() == text)
            .collect()
    }
}
