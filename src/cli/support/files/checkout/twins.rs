//! Names of files that some systems take for one.

use std::collections::{BTreeMap, BTreeSet};

use super::super::beginning;
use super::Checkout;
use mcppolicy_analysis::finding::{Finding, RuleId, Severity};
use mcppolicy_engine::source::SourceMap;

impl Checkout {
    /// Findings about two tracked files that are one file on some systems,
    /// because their names differ only in case, in how their characters are
    /// composed, or in what is ignored behind a name; one of them was read.
    pub(super) fn ambiguous(&self, sources: &mut SourceMap) -> Vec<Finding> {
        let mut known: BTreeMap<String, &str> = BTreeMap::new();
        let read = self.read.borrow();
        let wanted: BTreeSet<String> = read.iter().map(|path| folded(path)).collect();
        // A directory on the way that is a file or a link in another case.
        let ways = read.iter().flat_map(|path| {
            let ends = path.match_indices('/').map(|(at, _)| at);
            ends.filter_map(move |end| path.get(..end))
        });
        for way in ways {
            known.insert(folded(way), way);
        }
        let ways: BTreeSet<String> = known.keys().cloned().collect();
        let mut findings = Vec::new();
        for (path, _) in self.tree.entries() {
            let folded = folded(path);
            if !wanted.contains(&folded) && !ways.contains(&folded) {
                continue;
            }
            if let Some(other) = known.insert(folded, path) {
                let message = format!(
                    "{other} and {path} are one file where case or composition is ignored, or dots \
                     and blanks behind a name"
                );
                let location = beginning(path, sources);
                let finding = Finding::new(
                    RuleId::AmbiguousPath,
                    Severity::Error,
                    location,
                    "",
                    message,
                );
                findings.push(finding.help("rename one of them"));
            }
        }
        findings
    }
}

/// A path as file systems see it that ignore case and composition, and as Windows
/// does, for which `a.`, `a ` and `a::$DATA` are `a`.
fn folded(path: &str) -> String {
    use unicode_normalization::UnicodeNormalization as _;
    let names = path.split('/').map(|name| {
        let name = name.split_once(':').map_or(name, |(name, _)| name);
        name.trim_end_matches(['.', ' '])
    });
    let path = names.collect::<Vec<_>>().join("/");
    if path.is_ascii() {
        return path.to_ascii_lowercase();
    }
    // Upper case first: some characters have one lower form of their own and
    // share their upper form.
    let folded = path.nfd().collect::<String>().to_uppercase().to_lowercase();
    folded.nfc().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_some_file_systems_take_for_one_fold_to_one() {
        for (a, b) in [
            ("Policies/policy.json", "policies/POLICY.json"),
            ("caf\u{e9}/policy.json", "CAFE\u{301}/policy.json"),
            ("\u{17f}ervers/policy.json", "servers/policy.json"),
            ("stra\u{df}e", "STRASSE"),
            ("a./policy.json", "a/Policy.json. "),
            ("a::$INDEX_ALLOCATION/policy.json", "a/policy.json"),
        ] {
            assert_eq!(folded(a), folded(b));
        }
        assert_ne!(folded("a/policy.json"), folded("a-policy.json"));
        assert_ne!(folded(".a/policy.json"), folded("a/policy.json"));
    }
}
