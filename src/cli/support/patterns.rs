//! Paths and globs of configurations: spelled out, so that two spellings of one
//! path are one file, and matched many at a time.

use std::collections::HashSet;
use std::path::Path;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

/// How many globs are matched as one set. The automaton of a larger set may
/// exceed the size that the library allows.
const SET: usize = 128;

/// How many bytes a pattern may have: as many as the path of a file.
const LONGEST: usize = 4_096;

/// Whether a part of a path has a meaning to globs.
fn is_glob(part: &str) -> bool {
    part.contains(['*', '?', '[', '{', '\\'])
}

/// A pattern with `.`, empty parts and `..` spelled out: `./a//b/../c` is `a/c`.
///
/// # Errors
/// When it leads out of the directory that it is relative to, when `..` follows a
/// part that is no plain name, or when it is longer than any path.
pub(crate) fn normal_pattern(pattern: &str) -> Result<String, String> {
    const OUT: &str = "leads out of the configuration's directory";
    if pattern.len() > LONGEST {
        return Err(format!("has more than {LONGEST} bytes"));
    }
    let is_absolute = pattern.starts_with('/') || Path::new(pattern).is_absolute();
    if is_absolute || pattern.split('\\').any(|part| part == "..") {
        return Err(OUT.to_owned());
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in pattern.split('/') {
        match part {
            "" | "." => {}
            ".." => match parts.pop() {
                Some(before) if !is_glob(before) => {}
                Some(_) => return Err("has `..` behind a glob".to_owned()),
                None => return Err(OUT.to_owned()),
            },
            part => parts.push(part),
        }
    }
    Ok(parts.join("/"))
}

/// The path that a normal pattern is, when it has nothing of a glob.
pub(crate) fn literal(pattern: &str) -> Option<&str> {
    (!is_glob(pattern)).then_some(pattern)
}

/// Globs of the directories that may hold what a pattern matches, as far as the
/// pattern says how deep they lie.
pub(crate) fn directories(pattern: &str) -> Vec<String> {
    let mut directories = Vec::new();
    let mut above = String::new();
    let mut parts: Vec<&str> = pattern.split('/').collect();
    parts.pop();
    for part in parts {
        let is_open = part.matches('{').count() != part.matches('}').count();
        if part.contains("**") || is_open {
            break;
        }
        if !above.is_empty() {
            above.push('/');
        }
        above.push_str(part);
        directories.push(above.clone());
    }
    directories
}

/// Many globs.
pub(crate) struct Globs {
    /// Each set with the places of its globs in the order given.
    sets: Vec<(GlobSet, Vec<usize>)>,
}

impl Globs {
    /// Whether a pattern is a glob.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(pattern: &str) -> Result<(), String> {
        let built = glob(pattern).and_then(|glob| set_of([glob]));
        built
            .map(|_| ())
            .map_err(|error| format!("is no glob: {}", error.kind()))
    }

    /// The globs among `patterns`; a path is one, too. One that is none matches
    /// nothing, and neither does one that repeats an earlier one.
    pub fn new<'a>(patterns: impl Iterator<Item = &'a str>) -> Globs {
        let mut seen = HashSet::new();
        let globs = patterns.enumerate();
        let globs: Vec<_> = globs.filter(|(_, pattern)| seen.insert(*pattern)).collect();
        let mut sets = Vec::new();
        for chunk in globs.chunks(SET) {
            let valid = chunk.iter();
            let valid = valid.filter_map(|(at, pattern)| Some((*at, glob(pattern).ok()?)));
            let (places, globs): (Vec<usize>, Vec<_>) = valid.unzip();
            match set_of(globs.iter().cloned()) {
                Ok(set) => sets.push((set, places)),
                // Together they are too large.
                Err(_) => {
                    let each = places.into_iter().zip(globs);
                    let each = each.filter_map(|(at, glob)| Some((set_of([glob]).ok()?, vec![at])));
                    sets.extend(each);
                }
            }
        }
        Globs { sets }
    }

    /// Whether one of them matches a path.
    pub fn is_match(&self, path: &Path) -> bool {
        self.sets.iter().any(|(set, _)| set.is_match(path))
    }

    /// Which of them match a path, by their place in the order given.
    pub fn matches(&self, path: &Path) -> Vec<usize> {
        let mut found = Vec::new();
        for (set, places) in &self.sets {
            let matches = set.matches(path).into_iter();
            found.extend(matches.filter_map(|at| places.get(at).copied()));
        }
        found
    }
}

fn set_of(globs: impl IntoIterator<Item = globset::Glob>) -> Result<GlobSet, globset::Error> {
    let mut set = GlobSetBuilder::new();
    for glob in globs {
        set.add(glob);
    }
    set.build()
}

fn glob(pattern: &str) -> Result<globset::Glob, globset::Error> {
    // Beside those that begin a glob, the library knows characters that end one.
    let escaped = literal(pattern).map(globset::escape);
    GlobBuilder::new(escaped.as_deref().unwrap_or(pattern))
        .literal_separator(true)
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_path_are_one() {
        for spelling in [
            "a/b.json",
            "./a/b.json",
            "a//b.json",
            "a/./b.json",
            "x/../a/b.json",
        ] {
            assert_eq!(normal_pattern(spelling), Ok("a/b.json".to_owned()));
        }
        assert_eq!(normal_pattern(".//*/./p.json"), Ok("*/p.json".to_owned()));
        for out in ["../a", "a/../../b", "/etc/passwd", "a/*/../b", "..\\a"] {
            assert!(normal_pattern(out).is_err(), "{out}");
        }
    }

    #[test]
    fn a_pattern_says_where_its_directories_lie() {
        assert_eq!(directories("p/*/r.json"), ["p", "p/*"]);
        assert_eq!(directories("p/**/r.json"), ["p"]);
        assert_eq!(directories("{a/b,c}/r.json"), [""; 0]);
        assert_eq!(directories("r.json"), [""; 0]);
    }

    #[test]
    fn a_path_with_the_end_of_a_glob_is_that_path() {
        let globs = Globs::new(["we}ird/policy.json"].into_iter());
        assert!(globs.is_match(Path::new("we}ird/policy.json")));
    }

    #[test]
    fn a_set_says_which_of_many_globs_match() {
        let patterns: Vec<String> = (0..1000).map(|n| format!("{n}/*.json")).collect();
        let globs = Globs::new(patterns.iter().map(String::as_str));
        assert_eq!(globs.matches(Path::new("777/a.json")), [777]);
        assert!(!globs.is_match(Path::new("777/a/b.json")));
        assert!(Globs::check("a{").is_err() && Globs::check("[").is_err());
    }
}
