//! The `--gate` option: which changes fail a run.

use clap::builder::{PossibleValuesParser, TypedValueParser};

use mcppolicy_analysis::diff::Gate;

/// Reads the name of a gate.
pub(crate) fn parse_gate(text: &str) -> Result<Gate, String> {
    Gate::named(text)
        .ok_or_else(|| format!("the gates are {}", Gate::ALL.map(Gate::name).join(", ")))
}

/// Reads the name of a gate. The names are listed in the help and offered by
/// completion.
pub(crate) fn gates() -> impl TypedValueParser<Value = Gate> {
    PossibleValuesParser::new(Gate::ALL.map(Gate::name)).try_map(|name| parse_gate(&name))
}
