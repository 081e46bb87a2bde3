//! The configuration's suppressions: those of each policy, whether they are
//! still needed, and writing them.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use jiff::civil::Date;

use super::configuration;
use super::files;
use super::input;
use super::workspace::{PolicyFile, Workspace};
use mcppolicy_analysis::finding::Finding;
use mcppolicy_analysis::lint::suppress::{self, Places, Sorted, Suppressed, Suppression};
use mcppolicy_analysis::lint::{self, Settings};
use mcppolicy_analysis::report::Findings;
use mcppolicy_engine::source::{FileId, SourceMap};
use mcppolicy_engine::value::Value;

/// Today in UTC.
pub(crate) fn today() -> Date {
    let now = jiff::Timestamp::now();
    now.to_zoned(jiff::tz::TimeZone::UTC).date()
}

/// The suppressions of one policy.
pub(crate) fn of(workspace: &Workspace, policy: &Path) -> Vec<Suppression> {
    let mine = workspace.suppressions_of(policy).into_iter();
    mine.map(|(_, entry)| entry.clone()).collect()
}

fn absolute(path: &Path) -> Option<PathBuf> {
    std::path::absolute(path).ok()
}

/// Sorts findings by suppressions. A suppression of a rule that did not run is
/// not reported as unused.
pub(crate) fn sort(
    findings: Vec<Finding>,
    entries: &[Suppression],
    text: &str,
    input: &lint::Input<'_>,
    today: Date,
) -> Sorted {
    let settings = input.settings;
    let places = Places::new(text);
    let mut sorted = suppress::sort(findings, entries, &places, settings, today);
    if sorted.idle.is_empty() || settings.pedantic {
        return sorted;
    }
    let mut pedantic = settings.clone();
    pedantic.pedantic = true;
    let all = lint::lint(&lint::Input {
        settings: &pedantic,
        ..*input
    });
    let needed: HashSet<usize> = {
        let unused = suppress::sort(all, entries, &places, settings, today).idle;
        let unused: HashSet<usize> = unused.into_iter().map(|(index, _)| index).collect();
        (0..entries.len())
            .filter(|index| !unused.contains(index))
            .collect()
    };
    sorted.idle.retain(|(index, _)| {
        let rule = entries.get(*index).map(|entry| entry.rule);
        let runs = rule.is_none_or(|rule| rule.is_pedantic() || settings.severity(rule).is_some());
        runs && !needed.contains(index)
    });
    sorted
}

/// Findings about the suppressions for policies that are none of `files`.
pub(crate) fn without_policy<'a>(
    workspace: &Workspace,
    files: impl Iterator<Item = &'a PolicyFile>,
    settings: &Settings,
) -> Vec<Finding> {
    let Some(config) = &workspace.config else {
        return Vec::new();
    };
    let paths: HashSet<PathBuf> = files.filter_map(|file| absolute(&file.path)).collect();
    let is_there = |written: &str| {
        let path = absolute(&config.root.join(written));
        path.is_some_and(|path| paths.contains(&path))
    };
    config
        .suppressions
        .iter()
        .filter(|(path, _)| !is_there(&path.text))
        .filter_map(|(_, entry)| suppress::without_policy(entry, settings))
        .collect()
}

/// Appends a suppression for each finding of a lint rule to the configuration,
/// every other byte of which stays, and suppresses those findings.
///
/// # Errors
/// When the configuration is not valid or cannot be written, or the reason is
/// blank.
pub(crate) fn write(
    workspace: &Workspace,
    files: &[PolicyFile],
    findings: &mut Findings,
    reason: &str,
    sources: &SourceMap,
) -> Result<(), String> {
    if reason.trim().is_empty() {
        return Err("a suppression needs a reason".to_owned());
    }
    if findings.has_invalid_document() {
        return Err("nothing is suppressed while a file is not valid".to_owned());
    }
    let path = match &workspace.config {
        Some(config) => config.root.join(configuration::NAME),
        None => workspace.root().join(configuration::NAME),
    };
    let before = match &workspace.config {
        Some(config) => sources.get(config.file).text().to_owned(),
        None => files.iter().fold(String::new(), |text, file| {
            let name = toml_string(&relative(&workspace.root(), &file.path));
            text + &format!("[[policy]]\npath = {name}\n\n")
        }),
    };
    let mut entries = String::new();
    let mut kept = Vec::new();
    let root = workspace.root();
    let policies = files.iter().filter_map(|file| {
        let text = sources.get(file.policy.as_ref()?.file).text();
        let name = relative(&root, &file.path);
        Some((file.policy.as_ref()?.file, (name, Places::new(text))))
    });
    let policies: HashMap<FileId, (String, Places)> = policies.collect();
    for finding in std::mem::take(&mut findings.list) {
        match entry(&policies, &finding, reason) {
            Some(text) => {
                entries.push_str(&text);
                let reason = reason.to_owned();
                let suppressed = Suppressed { finding, reason };
                findings.suppressed_list.push(suppressed);
            }
            None => kept.push(finding),
        }
    }
    findings.list = kept;
    findings.suppressed = findings.suppressed_list.len();
    if entries.is_empty() {
        return Ok(());
    }
    let mut text = before;
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    if text.contains("\r\n") {
        entries = entries.replace('\n', "\r\n");
    }
    text.push_str(&entries);
    files::replace(&path, text.as_bytes()).map_err(|error| input::plain(&error))
}

/// The entry for one finding; none for what is not of a rule.
fn entry(
    policies: &HashMap<FileId, (String, Places)>,
    finding: &Finding,
    reason: &str,
) -> Option<String> {
    let rule = finding.rule;
    if !rule.is_lint_rule() {
        return None;
    }
    let (policy, places) = policies.get(&finding.location.file)?;
    entry_for(policy, places, finding, reason)
}

/// The entry for a finding about the policy that the configuration calls `policy`;
/// none where its place has no value.
pub(crate) fn entry_for(
    policy: &str,
    places: &Places,
    finding: &Finding,
    reason: &str,
) -> Option<String> {
    let value = places.fingerprint(&finding.pointer)?;
    let mut entry = String::new();
    let policy = toml_string(policy);
    let at = toml_string(&finding.pointer);
    let reason = toml_string(reason.trim());
    let _ = write!(
        entry,
        "\n[[suppress]]\nrule = \"{}\"\npolicy = {policy}\nat = {at}\nvalue = \"{value}\"\nreason = {reason}\n",
        finding.rule
    );
    Some(entry)
}

/// A path as the configuration writes it: relative to it, with `/`.
fn relative(root: &Path, path: &Path) -> String {
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let (root, path) = (absolute(root), absolute(path));
    let inside = path.strip_prefix(&root).unwrap_or(&path);
    let parts = inside
        .components()
        .map(|part| part.as_os_str().to_string_lossy());
    parts.collect::<Vec<_>>().join("/")
}

/// A TOML basic string. What JSON escapes TOML escapes alike, and DEL besides.
fn toml_string(text: &str) -> String {
    Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}
