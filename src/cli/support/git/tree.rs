//! The files of a commit or of the index, as git lists them.

use std::collections::BTreeMap;

/// What a path is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    File,
    Link,
    Submodule,
    /// Nothing that git checks out as a file, or a name that no file can have.
    Other,
}

/// The ids of the empty file.
const EMPTY: [&str; 2] = [
    "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391",
    "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813",
];

impl Kind {
    fn of(mode: &str) -> Kind {
        match mode {
            "100644" | "100755" | "100664" => Kind::File,
            "120000" => Kind::Link,
            "160000" => Kind::Submodule,
            _ => Kind::Other,
        }
    }

    /// The words for it.
    pub fn name(self) -> &'static str {
        match self {
            Kind::File => "a regular file",
            Kind::Link => "a symbolic link",
            Kind::Submodule => "a submodule",
            Kind::Other => "no regular file",
        }
    }
}

/// A file's object id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Blob(pub(super) String);

/// One path of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TreeEntry {
    pub kind: Kind,
    pub blob: Blob,
    /// Whether a sparse checkout leaves the file out.
    pub left_out: bool,
}

/// The files of a commit or of the index, by their path from the top.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tree {
    entries: BTreeMap<String, TreeEntry>,
    /// Paths that cannot be told apart or cannot be read as text, shown as far
    /// as possible.
    odd: Vec<String>,
}

impl Tree {
    /// Reads what `ls-tree -r -z --full-tree` writes: `MODE TYPE ID\tPATH`.
    pub fn of_commit(bytes: &[u8]) -> Tree {
        let mut tree = Tree::default();
        tree.fill(bytes, |head| {
            let mut words = head.split(' ');
            let (mode, _kind, id) = (words.next()?, words.next()?, words.next()?);
            Some((Kind::of(mode), id, false))
        });
        tree
    }

    /// Reads what `ls-files --stage -t -z` writes: `TAG MODE ID STAGE\tPATH`. A
    /// path that is not merged is no regular file.
    pub fn of_index(bytes: &[u8]) -> Tree {
        let mut tree = Tree::default();
        tree.fill(bytes, |head| {
            let mut words = head.split(' ');
            let (tag, mode, id) = (words.next()?, words.next()?, words.next()?);
            // What is only meant to be added is listed as an empty file, and is in no
            // commit. An empty file says as much as none.
            if EMPTY.contains(&id) {
                return None;
            }
            let kind = match words.next()? {
                "0" => Kind::of(mode),
                _ => Kind::Other,
            };
            Some((kind, id, tag.eq_ignore_ascii_case("S")))
        });
        tree
    }

    fn fill<'a>(
        &mut self,
        bytes: &'a [u8],
        read: impl Fn(&'a str) -> Option<(Kind, &'a str, bool)>,
    ) {
        for line in bytes.split(|byte| *byte == 0) {
            if line.is_empty() {
                continue;
            }
            let Ok(text) = std::str::from_utf8(line) else {
                let shown = String::from_utf8_lossy(line);
                let path = shown.split_once('\t').map_or(&*shown, |(_, path)| path);
                self.odd.push(path.to_owned());
                continue;
            };
            let Some((head, path)) = text.split_once('\t') else {
                continue;
            };
            let Some((kind, id, left_out)) = read(head) else {
                continue;
            };
            let is_name =
                |part: &str| !matches!(part, "" | "." | "..") && !part.eq_ignore_ascii_case(".git");
            let entry = TreeEntry {
                kind,
                blob: Blob(id.to_owned()),
                left_out,
            };
            let is_clear = path.split('/').all(is_name);
            if !is_clear || self.entries.insert(path.to_owned(), entry).is_some() {
                self.odd.push(path.to_owned());
            }
        }
    }

    /// What is at a path.
    pub fn get(&self, path: &str) -> Option<&TreeEntry> {
        self.entries.get(path)
    }

    /// Where a path leads when each link of the tree is followed: a path without
    /// links, whether or not anything is there. `None` where a link leads out
    /// of the tree, or in a circle. `target` reads a link.
    pub fn resolved(
        &self,
        path: &str,
        target: impl Fn(&TreeEntry) -> Option<String>,
    ) -> Option<String> {
        let mut left: Vec<String> = path.rsplit('/').map(str::to_owned).collect();
        let mut at: Vec<String> = Vec::new();
        let mut links = 0;
        while let Some(part) = left.pop() {
            match part.as_str() {
                "" | "." => continue,
                ".." => {
                    at.pop()?;
                    continue;
                }
                _ => at.push(part),
            }
            let here = at.join("/");
            if let Some(entry) = self.entries.get(&here)
                && entry.kind == Kind::Link
            {
                links += 1;
                let leads_to = target(entry).filter(|to| links <= 40 && !to.starts_with('/'))?;
                at.pop();
                left.extend(leads_to.rsplit('/').map(str::to_owned));
            }
        }
        Some(at.join("/"))
    }

    /// Every path with what is there, sorted.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &TreeEntry)> {
        self.entries
            .iter()
            .map(|(path, entry)| (path.as_str(), entry))
    }

    /// The paths below a directory, sorted; all of them below the empty path.
    pub fn below<'a>(&'a self, dir: &str) -> impl Iterator<Item = (&'a str, &'a TreeEntry)> {
        let start = match dir {
            "" => String::new(),
            dir => format!("{dir}/"),
        };
        self.entries
            .range(start.clone()..)
            .take_while(move |(path, _)| path.starts_with(&start))
            .map(|(path, entry)| (path.as_str(), entry))
    }

    /// What is at a directory on the way to a path, or at the path, that is no
    /// directory and no regular file.
    pub fn in_the_way<'a>(&self, path: &'a str) -> Option<(&'a str, Kind)> {
        let ends = path.match_indices('/').map(|(at, _)| at);
        for end in ends.chain([path.len()]) {
            let on_the_way = path.get(..end)?;
            let is_file_with_more_below = end < path.len() && self.entries.contains_key(path);
            if let Some(entry) = self.entries.get(on_the_way)
                && (entry.kind != Kind::File || is_file_with_more_below)
            {
                return Some((on_the_way, entry.kind));
            }
        }
        None
    }

    /// Whether another tree has the same files with the same content.
    pub fn has_the_files_of(&self, other: &Tree) -> bool {
        fn files(tree: &Tree) -> impl Iterator<Item = (&String, Kind, &Blob)> {
            let each = tree.entries.iter();
            each.map(|(path, entry)| (path, entry.kind, &entry.blob))
        }
        files(self).eq(files(other)) && self.odd == other.odd
    }

    /// Paths that a tree of git's own making does not have: names that are not
    /// UTF-8, names that no file can have, and names that are there twice.
    pub fn odd(&self) -> &[String] {
        &self.odd
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391";

    fn commit(lines: &[&str]) -> Tree {
        let lines: Vec<String> = lines.iter().map(|line| format!("{line}\0")).collect();
        Tree::of_commit(lines.concat().replace("ID", ID).as_bytes())
    }

    #[test]
    fn a_tree_has_files_links_and_submodules() {
        let tree = commit(&[
            "100644 blob ID\ta.json",
            "120000 blob ID\tdir/link",
            "160000 commit ID\tvendor",
        ]);
        assert_eq!(tree.get("a.json").unwrap().kind, Kind::File);
        assert_eq!(tree.in_the_way("a.json"), None);
        assert_eq!(
            tree.in_the_way("dir/link/policy.json"),
            Some(("dir/link", Kind::Link))
        );
        assert_eq!(
            tree.in_the_way("vendor/x/policy.json"),
            Some(("vendor", Kind::Submodule))
        );
        assert_eq!(tree.in_the_way("vendors/policy.json"), None);
        let below: Vec<&str> = tree.below("dir").map(|(path, _)| path).collect();
        assert_eq!(below, ["dir/link"]);
        assert_eq!(tree.below("").count(), 3);
    }

    #[test]
    fn links_of_a_tree_are_followed_to_their_end() {
        let tree = commit(&[
            "120000 blob ID\ta/l",
            "120000 blob ID\thop",
            "100644 blob ID\tb/x",
        ]);
        let follow =
            |path: &str, target: &'static str| tree.resolved(path, |_| Some(target.to_owned()));
        assert_eq!(follow("a/l/x", "../b"), Some("b/x".to_owned()));
        assert_eq!(follow("hop", "a/b/../c"), Some("a/c".to_owned()));
        assert_eq!(follow("b/x", "unused"), Some("b/x".to_owned()));
        for nowhere in ["../../b", "/etc", "../a/l", "../hop"] {
            assert_eq!(follow("a/l", nowhere), None, "{nowhere}");
        }
    }

    #[test]
    fn a_file_with_files_below_it_is_in_their_way() {
        let tree = commit(&["100644 blob ID\tp", "100644 blob ID\tp/policy.json"]);
        assert_eq!(tree.in_the_way("p/policy.json"), Some(("p", Kind::File)));
        assert_eq!(tree.in_the_way("p"), None);
        assert_eq!(tree.in_the_way("p/other.json"), None);
    }

    #[test]
    fn a_name_that_is_there_twice_or_leads_elsewhere_is_odd() {
        let tree = commit(&["100644 blob ID\ta", "100755 blob ID\ta"]);
        assert_eq!(tree.odd(), ["a"]);
        for path in ["a/../b", "a//b", ".git/config", "x/.GIT/config", "./a"] {
            let tree = commit(&[&format!("100644 blob ID\t{path}")]);
            assert_eq!(tree.odd(), [path]);
        }
        let tree = Tree::of_commit(b"100644 blob 00\tp\xff/policy.json\0");
        assert_eq!(tree.odd(), ["p\u{fffd}/policy.json"]);
    }

    #[test]
    fn an_index_says_what_is_not_checked_out_and_what_is_not_merged() {
        let id = "8".repeat(40);
        let text = format!(
            "H 100644 {id} 0\ta\0S 100644 {id} 0\tb\0M 100644 {id} 1\tc\0H 100644 {ID} 0\td\0"
        );
        let tree = Tree::of_index(text.as_bytes());
        assert!(!tree.get("a").unwrap().left_out);
        assert!(tree.get("b").unwrap().left_out);
        assert_eq!(tree.get("c").unwrap().kind, Kind::Other);
        assert_eq!(tree.get("d"), None);
    }
}
