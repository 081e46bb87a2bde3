//! Where decisions are written before they take effect.

use std::convert::Infallible;

/// Takes the lines of a log. Each line is a whole one, without its ending.
pub trait Journal {
    /// Why a line cannot be written. Calls are then refused.
    type Error;

    /// Begins the log of a policy, whose first line is `header`; `policy_sha256`
    /// is its digest. A log of the same policy may be continued instead.
    ///
    /// # Errors
    /// When the log cannot be begun.
    fn begin(&mut self, header: &str, policy_sha256: &str) -> Result<(), Self::Error>;

    /// Writes a line. When this returns `Ok`, the line survives the end of the
    /// process.
    ///
    /// # Errors
    /// When the line is not written. Nothing of it may then be in the log, unless
    /// all later calls fail too.
    fn append(&mut self, line: &str) -> Result<(), Self::Error>;
}

/// Keeps no log.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoLog;

impl Journal for NoLog {
    type Error = Infallible;

    fn begin(&mut self, _: &str, _: &str) -> Result<(), Infallible> {
        Ok(())
    }

    fn append(&mut self, _: &str) -> Result<(), Infallible> {
        Ok(())
    }
}

impl<J: Journal + ?Sized> Journal for Box<J> {
    type Error = J::Error;

    fn begin(&mut self, header: &str, policy_sha256: &str) -> Result<(), J::Error> {
        (**self).begin(header, policy_sha256)
    }

    fn append(&mut self, line: &str) -> Result<(), J::Error> {
        (**self).append(line)
    }
}
