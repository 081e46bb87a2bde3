//! Findings.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// An entry of the report's `findings`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Finding<'a> {
    pub rule: Cow<'a, str>,
    pub severity: Cow<'a, str>,
    pub message: Cow<'a, str>,
    pub file: Cow<'a, str>,
    pub pointer: Cow<'a, str>,
    pub span: Span,
    pub related: Vec<Related<'a>>,
    pub help: Option<Cow<'a, str>>,
    /// What a change since a base does about it; absent where that is nothing, as
    /// in every share.
    #[serde(skip_deserializing, skip_serializing_if = "Option::is_none")]
    pub status: Option<&'static str>,
    /// Null in the report of a share, as is `fix`: its findings are about files
    /// that could not be read as what they are.
    #[serde(skip_deserializing)]
    pub witness: Option<Witness>,
    #[serde(skip_deserializing)]
    pub fix: Option<Fix<'a>>,
}

/// A location that a finding refers to.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Related<'a> {
    pub message: Cow<'a, str>,
    pub file: Cow<'a, str>,
    pub span: Span,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Span {
    pub start: Position,
    pub end: Position,
}

/// A position in a file; lines and columns count from 1, offsets from 0.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Position {
    pub line: usize,
    pub column: usize,
    pub offset: usize,
}

/// Calls that prove a finding, in the native trace format.
#[derive(Debug, Serialize)]
pub(crate) struct Witness {
    pub calls: Vec<serde_json::Value>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Fix<'a> {
    pub applicability: &'static str,
    pub edits: Vec<Edit<'a>>,
}

/// A replacement of the bytes from `start` to `end`.
#[derive(Debug, Serialize)]
pub(crate) struct Edit<'a> {
    pub start: usize,
    pub end: usize,
    pub text: &'a str,
}
