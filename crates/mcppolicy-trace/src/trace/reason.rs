//! Why a line of a log is skipped. Formats add their own reasons.

pub(crate) const NOT_JSON: &str = "not JSON";
pub(crate) const CUT_OFF: &str = "cut off before its JSON ends";
pub(crate) const TOO_DEEP: &str = "nested deeper than 127 levels";
pub(crate) const TOO_LONG: &str = "longer than 16 MiB";
pub(crate) const NOT_UTF8: &str = "not UTF-8";
pub(crate) const OVERFLOW: &str = "a call that no gateway could parse: a number beyond doubles";
pub(crate) const SURROGATE: &str = "a call that no gateway could parse: a lone surrogate";
pub(crate) const NO_MESSAGE: &str = "not a JSON-RPC message";
pub(crate) const NO_REQUEST: &str = "a response whose request is not in the log";
pub(crate) const NO_CALL: &str = "no tool call in it";
pub(crate) const NO_NAME: &str = "a tool call without the tool's name";
pub(crate) const NOT_SENT: &str = "a tool call that was refused before it was sent";
pub(crate) const PASSED_ON: &str =
    "a call that a gateway passed on, which its client's side shows as well";
pub(crate) const AGAIN: &str = "a record that the log holds more than once";
pub(crate) const FORKED: &str = "a record of the session that this one was forked from";
