//! One module a command. Each reads from top to bottom: arguments, inputs,
//! work, report, exit code. Commands do not import each other; what two need
//! is in `support`.

pub(crate) mod ci;
pub(crate) mod classify;
pub(crate) mod completions;
pub(crate) mod coverage;
pub(crate) mod decide;
pub(crate) mod diff;
pub(crate) mod explain;
#[cfg(feature = "guard")]
pub(crate) mod guard;
pub(crate) mod import;
pub(crate) mod init;
pub(crate) mod inventory;
pub(crate) mod lint;
pub(crate) mod merge;
pub(crate) mod mutate;
pub(crate) mod record;
pub(crate) mod schema;
pub(crate) mod test;
pub(crate) mod validate;
