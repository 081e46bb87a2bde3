//! The least severity that fails a run.

use clap::ValueEnum;

use mcppolicy_analysis::finding::Severity;

/// `--fail-on`, and `fail-on` of the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    Error,
    Warning,
    Note,
    Never,
}

impl FailOn {
    /// The level where neither the command line nor the configuration sets one.
    pub const DEFAULT: FailOn = FailOn::Warning;

    /// The level that a configuration calls by this name.
    pub fn named(name: &str) -> Option<FailOn> {
        FailOn::from_str(name, false).ok()
    }

    /// Its name in the configuration.
    pub fn name(self) -> &'static str {
        self.severity().map_or("never", Severity::name)
    }

    /// The severity from which findings fail the run; `None` where none does.
    pub fn severity(self) -> Option<Severity> {
        match self {
            FailOn::Error => Some(Severity::Error),
            FailOn::Warning => Some(Severity::Warning),
            FailOn::Note => Some(Severity::Note),
            FailOn::Never => None,
        }
    }
}
