//! Why a message is not passed on although no policy has decided it.

/// Why a message is refused undecided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    TooLong,
    CarriageReturn,
    NotJson,
    NotAMessage,
    Repeated(&'static str),
    Twin(&'static str),
    Header(&'static str),
    ArgumentTwin,
    NoMethod,
    InvalidId,
    NoId,
    InFlight,
    TooManyInFlight,
    Store,
    Log,
}

impl Refusal {
    /// Its name in a log; members that are concerned follow.
    pub fn name(self) -> String {
        match self {
            Refusal::TooLong => "too-long".to_owned(),
            Refusal::CarriageReturn => "carriage-return".to_owned(),
            Refusal::NotJson => "not-json".to_owned(),
            Refusal::NotAMessage => "not-a-message".to_owned(),
            Refusal::Repeated(member) => format!("repeated-member {member}"),
            Refusal::Twin(member) => format!("case-twin {member}"),
            Refusal::Header(header) => format!("header-mismatch {header}"),
            Refusal::ArgumentTwin => "case-twin in arguments".to_owned(),
            Refusal::NoMethod => "no-method".to_owned(),
            Refusal::InvalidId => "invalid-id".to_owned(),
            Refusal::NoId => "no-id".to_owned(),
            Refusal::InFlight => "id-in-flight".to_owned(),
            Refusal::TooManyInFlight => "too-many-in-flight".to_owned(),
            Refusal::Store => "store".to_owned(),
            Refusal::Log => "log".to_owned(),
        }
    }

    /// The code of the JSON-RPC error.
    pub const fn code(self) -> i32 {
        match self {
            Refusal::TooLong | Refusal::CarriageReturn | Refusal::NotJson => -32700,
            Refusal::Store | Refusal::Log => -32603,
            // The protocol's own, from 2026-07-28 on.
            Refusal::Header(_) => -32020,
            _ => -32600,
        }
    }

    /// The message of the JSON-RPC error.
    pub fn message(self) -> String {
        match self {
            Refusal::TooLong => "The message is longer than 16 MiB".to_owned(),
            Refusal::CarriageReturn => {
                "The message has a carriage return before its end, which some readers take for one"
                    .to_owned()
            }
            Refusal::NotJson => "The message is not strict JSON in UTF-8".to_owned(),
            Refusal::NotAMessage => "The message is no JSON object".to_owned(),
            Refusal::Repeated(member) => format!("The member {member:?} is repeated"),
            Refusal::Twin(member) => {
                format!("A member differs from {member:?} only in case")
            }
            Refusal::Header(header) => {
                format!("The header {header} is missing or does not say what the message says")
            }
            Refusal::ArgumentTwin => {
                "An argument differs only in case from one that a rule reads".to_owned()
            }
            Refusal::NoMethod => "`method` must be a string".to_owned(),
            Refusal::InvalidId => "`id` must be a string or a number".to_owned(),
            Refusal::NoId => "A tool call needs an `id`".to_owned(),
            Refusal::InFlight => {
                "The `id` is that of a request that has not been answered".to_owned()
            }
            Refusal::TooManyInFlight => "Too many requests have not been answered".to_owned(),
            Refusal::Store => "The counters of the policy cannot be reached".to_owned(),
            Refusal::Log => "The log of decisions cannot be written".to_owned(),
        }
    }
}
