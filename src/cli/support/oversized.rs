//! What a configuration may ask for.
//!
//! The lists of an entry are gone through for each policy that it names, so an entry
//! of a megabyte that names thousands of policies would ask for a product. What asks
//! for too much is an error, and is left out.

use super::configuration::{Config, Entry, Setting};
use super::listing::named;
use mcppolicy_analysis::finding::Finding;

/// How many bytes a path, a template or a server's name may have.
const LONGEST: usize = 4_096;

/// Entries whose lists are shorter are not counted.
const FEW: usize = 100;

/// How many traces and categories an entry may have for all of its policies
/// together.
const MOST: usize = 1_000_000;

/// Takes out of a configuration what asks for too much, and says so.
pub(crate) fn curtail(config: &mut Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    for entry in &mut config.policies {
        let single = entry.server.iter().chain(&entry.inventory);
        findings.extend(single.chain(&entry.traces).filter_map(too_long));
        let is_short = |setting: &Setting| setting.text.len() <= LONGEST;
        entry.server = entry.server.take().filter(is_short);
        entry.inventory = entry.inventory.take().filter(is_short);
        entry.traces.retain(is_short);
    }
    if config.policies.iter().all(|entry| length(entry) <= FEW) {
        return findings;
    }
    let (files, _) = named(config);
    let mut counts = vec![0_usize; config.policies.len()];
    for (_, entry) in files {
        if let Some(count) = counts.get_mut(entry) {
            *count += 1;
        }
    }
    for (entry, policies) in config.policies.iter_mut().zip(counts) {
        let asked = length(entry).saturating_mul(policies);
        if length(entry) > FEW && asked > MOST {
            let message = format!(
                "This entry has {} traces and categories for each of {policies} policies, more \
                 than {MOST} together",
                length(entry)
            );
            let finding = entry.path.complaint(message);
            findings.push(finding.help("name fewer policies in it, or a directory of traces"));
            entry.traces.clear();
            entry.categories.clear();
        }
    }
    findings
}

fn length(entry: &Entry) -> usize {
    entry.traces.len() + entry.categories.len()
}

fn too_long(setting: &Setting) -> Option<Finding> {
    let length = setting.text.len();
    let message = format!("This has {length} bytes, more than the {LONGEST} that are read");
    (length > LONGEST).then(|| setting.complaint(message))
}

#[cfg(test)]
mod tests {
    use super::super::configuration::parse;
    use super::*;
    use mcppolicy_engine::source::SourceMap;

    fn curtailed(text: &str) -> (Config, Vec<String>) {
        let root = std::env::temp_dir();
        let (mut config, _) = parse(root, "c", text.as_bytes(), &mut SourceMap::new());
        let findings = curtail(&mut config).into_iter();
        (config, findings.map(|finding| finding.message).collect())
    }

    #[test]
    fn a_template_that_no_path_can_be_is_left_out() {
        let long = "{dirname}".repeat(500);
        let text =
            format!("[[policy]]\npath = \"a.json\"\nserver = \"{long}\"\ntraces = [\"t\"]\n");
        let (config, findings) = curtailed(&text);
        assert_eq!(
            findings,
            ["This has 4500 bytes, more than the 4096 that are read"]
        );
        let entry = config.policies.first().unwrap();
        assert!(entry.server.is_none() && entry.traces.len() == 1);
        let (config, findings) = curtailed(&text.replace(&long, "{dirname}"));
        assert!(findings.is_empty() && config.policies.first().unwrap().server.is_some());
    }
}
