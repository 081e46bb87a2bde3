//! Mistakes to seed into the twin.

/// A mistake that can be made on purpose, to show that the comparison with the
/// engine would notice it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bug {
    DenyIfFiresOnMissing,
    NeqTrueOfMissing,
    NotInTrueOfMissing,
    NullCountsAsMissing,
    OrderingCoerces,
    CoercionInsideArrays,
    StringEqualsAnySpelling,
    DollarBeforeLastNewline,
    PatternAnchored,
    EmptyConditionsNeverHold,
    ToolsBeforeHide,
    UnlistedSkipsAllTools,
    MaxExclusive,
    WindowSlides,
    DeniedCallConsumes,
    FirstLimitConsumesAlone,
    AmountTruncated,
    NegativeAmountCountsAsZero,
    ReleaseIgnored,
    ReleaseSeenBeforehand,
    ReleaseLosesToSameInstant,
    CounterSharedByTools,
    CounterSharedByGrants,
    LabelNotEscaped,
    OnDenyIgnoredForAmounts,
}

impl Bug {
    /// Every one of them.
    pub const ALL: [Bug; 25] = [
        Bug::DenyIfFiresOnMissing,
        Bug::NeqTrueOfMissing,
        Bug::NotInTrueOfMissing,
        Bug::NullCountsAsMissing,
        Bug::OrderingCoerces,
        Bug::CoercionInsideArrays,
        Bug::StringEqualsAnySpelling,
        Bug::DollarBeforeLastNewline,
        Bug::PatternAnchored,
        Bug::EmptyConditionsNeverHold,
        Bug::ToolsBeforeHide,
        Bug::UnlistedSkipsAllTools,
        Bug::MaxExclusive,
        Bug::WindowSlides,
        Bug::DeniedCallConsumes,
        Bug::FirstLimitConsumesAlone,
        Bug::AmountTruncated,
        Bug::NegativeAmountCountsAsZero,
        Bug::ReleaseIgnored,
        Bug::ReleaseSeenBeforehand,
        Bug::ReleaseLosesToSameInstant,
        Bug::CounterSharedByTools,
        Bug::CounterSharedByGrants,
        Bug::LabelNotEscaped,
        Bug::OnDenyIgnoredForAmounts,
    ];
}
