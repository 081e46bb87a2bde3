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
    /// A sentence when it does not begin with `args.` or has an empty segment.
    pub fn parse(text: &str) -> Result<Path, String> {
        let Some(rest) = text.strip_prefix("args.") else {
            return Err(format!("The path {text:?} does not begin with \"args.\""));
        };
        if rest.split('.').any(str::is_empty) {
            return Err(format!("The path {text:?} has an empty segment"));
        }
        Ok(Path {
            segments: rest.split('.').map(str::to_owned).collect(),
        })
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
