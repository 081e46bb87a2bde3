//! What an attempt is, and the macro that makes a test of each one in a list.

/// The principle that an attempt is against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Principle {
    /// One repository, and one name for each file.
    OneRepository,
    /// What is checked is what is committed.
    Committed,
    /// The base decides what counts.
    Base,
    /// An approval allows what its reviewer saw, once.
    Approval,
    /// Files that configurations and traces name.
    Files,
    /// What comes out is escaped for where it goes.
    Output,
    /// No change makes the gate run without end.
    Cost,
    /// What the project tells its users to do is safe.
    Advice,
}

/// An attempt. Its test makes it on a real repository, and makes an honest
/// change beside it that must pass.
pub struct Attack {
    /// The name of its test.
    pub name: &'static str,
    pub principle: Principle,
    /// What the author of the change does.
    pub tried: &'static str,
    /// What comes of it.
    pub outcome: &'static str,
}

/// A list of attempts, each with the function that makes it; every function is
/// a test of the module `made`.
macro_rules! attacks {
    ($($name:ident: $principle:ident, $tried:literal => $outcome:literal;)*) => {
        pub(super) const ATTACKS: &[crate::gate::attack::Attack] = &[$(
            crate::gate::attack::Attack {
                name: stringify!($name),
                principle: crate::gate::attack::Principle::$principle,
                tried: $tried,
                outcome: $outcome,
            },
        )*];

        mod made {
            $(
                #[test]
                fn $name() {
                    super::$name();
                }
            )*
        }
    };
}
