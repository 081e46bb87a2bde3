//! The path of an argument: `args.` and one member name per segment.

use std::fmt;

/// A path such as `args.options.read_only` (policy language §2).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Path {
    segments: Vec<String>,
}

impl Path {
    /// Reads a path.
    ///
    /// # Errors
    /// When it does not begin with `args.` or has an empty segment.
    pub fn parse(text: &str) -> Result<Path, PathError> {
        let segments = Path::split(text)?;
        Ok(Path {
            segments: segments.map(str::to_owned).collect(),
        })
    }

    /// Whether [`Path::parse`] reads the text.
    pub(super) fn is_valid(text: &str) -> bool {
        Path::split(text).is_ok()
    }

    fn split(text: &str) -> Result<std::str::Split<'_, char>, PathError> {
        let error = |reason| {
            Err(PathError {
                path: text.to_owned(),
                reason,
            })
        };
        let Some(rest) = text.strip_prefix("args.") else {
            return error(Reason::NoRoot);
        };
        if rest.split('.').any(str::is_empty) {
            return error(Reason::EmptySegment);
        }
        Ok(rest.split('.'))
    }

    /// The member names, from the arguments inward; never empty.
    pub fn segments(&self) -> &[String] {
        &self.segments
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "args.{}", self.segments.join("."))
    }
}

/// Why a text is not a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathError {
    path: String,
    reason: Reason,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reason {
    NoRoot,
    EmptySegment,
}

/// One sentence, without a full stop.
impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = &self.path;
        match self.reason {
            Reason::NoRoot => write!(f, "The path {path:?} does not begin with \"args.\""),
            Reason::EmptySegment => write!(f, "The path {path:?} has an empty segment"),
        }
    }
}

impl std::error::Error for PathError {}
