//! How a report is rendered.

use crate::shown::Shown;

/// How to render.
#[derive(Debug, Clone, Copy)]
pub struct Style<'a> {
    /// Whether to use colours, where the format has any.
    pub colour: bool,
    /// The width to wrap at, in columns, where the format wraps.
    pub width: usize,
    /// Whether recorded argument values are shown that no condition reads.
    pub show_arguments: bool,
    /// The top that forges want paths relative to, as an absolute path with `/`:
    /// the repository's. Empty where none is known.
    pub root: &'a str,
    /// The working directory within `root`, with `/` and without one at either
    /// end; empty where they are the same.
    pub prefix: &'a str,
    /// The most bytes that the markdown may have.
    pub limit: Option<usize>,
    /// Whether the human form says what could not be read; on standard output it does
    /// not, because that goes to standard error.
    pub failures: bool,
}

impl Style<'_> {
    /// Which recorded arguments are shown.
    pub(super) fn shown(&self) -> Shown {
        if self.show_arguments {
            Shown::All
        } else {
            Shown::Read
        }
    }

    /// A file's name, which is relative to the working directory or absolute,
    /// relative to the top; absolute where it lies outside, so that it is the same
    /// in every working directory.
    pub(super) fn in_repository(&self, name: &str) -> String {
        if name.starts_with('<') {
            return name.to_owned();
        }
        if is_absolute(name) {
            let inside = name
                .strip_prefix(self.root)
                .filter(|_| !self.root.is_empty());
            let inside = inside.and_then(|inside| inside.strip_prefix('/'));
            return inside.unwrap_or(name).to_owned();
        }
        if let Some(inside) = joined(self.prefix, name) {
            return inside;
        }
        let here = format!("{}/{}", self.root, self.prefix);
        let outside = joined(&here, name).filter(|_| !self.root.is_empty());
        outside.map_or_else(|| name.to_owned(), |outside| format!("/{outside}"))
    }
}

fn is_absolute(name: &str) -> bool {
    name.starts_with('/') || name.get(1..3) == Some(":/")
}

/// A path in a directory, both with `/`, without `.`, `..` and empty parts; `None`
/// where it leads out of what the directory is relative to.
fn joined(directory: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for part in directory.split('/').chain(path.split('/')) {
        match part {
            ".." => drop(parts.pop()?),
            "." | "" => {}
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_relative_to_the_repository() {
        let style = Style {
            colour: false,
            width: 80,
            show_arguments: false,
            root: "/repository",
            prefix: "deploy/mcp",
            limit: None,
            failures: true,
        };
        assert_eq!(style.in_repository("policy.json"), "deploy/mcp/policy.json");
        assert_eq!(
            style.in_repository("../x/policy.json"),
            "deploy/x/policy.json"
        );
        assert_eq!(style.in_repository("../../../x"), "/x");
        let unknown = Style { root: "", ..style };
        assert_eq!(unknown.in_repository("../../../x"), "../../../x");
        assert_eq!(style.in_repository("/etc/policy.json"), "/etc/policy.json");
        assert_eq!(style.in_repository("/repository/a/b.json"), "a/b.json");
        assert_eq!(
            style.in_repository("/repository2/b.json"),
            "/repository2/b.json"
        );
        assert_eq!(style.in_repository("<stdin>"), "<stdin>");
        let at_the_top = Style {
            prefix: "",
            ..style
        };
        assert_eq!(at_the_top.in_repository("./policy.json"), "policy.json");
    }
}
