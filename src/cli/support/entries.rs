//! Which entry of a configuration is a policy's, whether or not the policy is
//! there: the entries of a base are asked about files of a change.

use std::path::{Path, PathBuf};

use super::configuration::{Config, Entry};
use super::listing::fill;
use super::patterns::{Globs, normal_pattern};

/// The entries of a configuration.
pub(crate) struct Entries {
    config: Config,
    /// Their paths, in their order.
    globs: Globs,
}

impl Entries {
    /// The entries of `config`. One whose path is no glob names nothing.
    pub fn of(config: Config) -> Entries {
        let patterns = config.policies.iter();
        let patterns: Vec<String> = patterns
            .map(|entry| normal_pattern(&entry.path.text).unwrap_or_default())
            .collect();
        let globs = Globs::new(patterns.iter().map(String::as_str));
        Entries { config, globs }
    }

    /// What the configuration's paths are relative to.
    pub fn root(&self) -> &Path {
        &self.config.root
    }

    /// The first entry that names `policy`, and its index.
    pub fn find(&self, policy: &Path) -> Option<(usize, &Entry)> {
        let absolute = std::path::absolute(policy).ok()?;
        let inside = absolute.strip_prefix(&self.config.root).ok()?;
        let at = self.globs.matches(inside).into_iter().min()?;
        Some((at, self.config.policies.get(at)?))
    }

    /// The inventory that is named for `policy`.
    pub fn inventory(&self, policy: &Path) -> Option<PathBuf> {
        let (_, entry) = self.find(policy)?;
        let template = &entry.inventory.as_ref()?.text;
        Some(fill(template, &self.config.root, policy))
    }
}

#[cfg(test)]
mod tests {
    use super::super::configuration::parse;
    use super::*;
    use mcppolicy_engine::source::SourceMap;

    #[test]
    fn the_first_entry_that_names_a_policy_is_its_own() {
        let text = "[[policy]]\npath = \"./pay/policy.json\"\ninventory = \"{dir}/a.json\"\n\
                    [[policy]]\npath = \"*/policy.json\"\ninventory = \"tools/{dirname}.json\"\n";
        let root = std::path::absolute("here").unwrap();
        let (config, findings) = parse(root.clone(), "c", text.as_bytes(), &mut SourceMap::new());
        assert_eq!(findings, []);
        let entries = Entries::of(config);
        let inventory = |policy: &str| entries.inventory(&root.join(policy));
        assert_eq!(inventory("pay/policy.json"), Some(root.join("pay/a.json")));
        assert_eq!(inventory("b/policy.json"), Some(root.join("tools/b.json")));
        assert_eq!(inventory("a/b/policy.json"), None);
    }
}
