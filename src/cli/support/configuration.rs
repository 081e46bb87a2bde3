//! `mcppolicy.toml`: which policies there are, how they are linted, and the
//! recordings that they are tested with.
//!
//! Every problem is collected, with its location; an unknown key is one, because
//! a misspelt setting that does nothing is worse than none.

mod read;

use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::fail_on::FailOn;
use super::files::{Checkout, InputFile, Role, Root};
use super::input;
use super::minimum::Minimum;
use super::problems::Problems;
use mcppolicy_analysis::diff::Gate;
use mcppolicy_analysis::finding::{Finding, RuleId, Severity};
use mcppolicy_analysis::inventory::category::Category;
use mcppolicy_analysis::lint::suppress::Suppression;
use mcppolicy_engine::source::{FileId, Location, SourceMap, Span};

/// The JSON Schema of the configuration, as `mcppolicy schema config` prints it.
pub(crate) const CONFIG_SCHEMA: &str = include_str!("../../../schema/config.schema.json");

/// The file's name.
pub(crate) const NAME: &str = "mcppolicy.toml";

/// A configuration, as far as it could be read.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    /// The directory it is in; all its paths are relative to that.
    pub root: PathBuf,
    /// The configuration's own file.
    pub file: FileId,
    /// The `[[policy]]` entries.
    pub policies: Vec<Entry>,
    /// `exclude`: globs of policies that are not checked.
    pub exclude: Vec<Setting>,
    /// What is checked, when that is not the working tree.
    pub checkout: Option<Rc<Checkout>>,
    /// `[lint] fail-on`.
    pub fail_on: Option<Located<FailOn>>,
    /// `[lint.rules]`: a rule's name and its level.
    pub levels: Vec<(Setting, Setting)>,
    /// `[lint.rules]`: a rule's name, an option of it and the option's value.
    pub options: Vec<(Setting, Setting, Setting)>,
    /// `[categories]`: a tool's name and its category.
    pub categories: Vec<(Setting, Setting)>,
    /// `[[suppress]]`: the policy's path as written, and the rest.
    pub suppressions: Vec<(Setting, Suppression)>,
    /// `[diff] base`: the revision that changes are compared with.
    pub base: Option<Setting>,
    /// `[diff] gate`.
    pub gate: Option<Located<Gate>>,
    /// `[coverage] min`.
    pub min_coverage: Option<Located<Minimum>>,
    /// `[mutate] min-score`.
    pub min_score: Option<Located<f64>>,
    /// `[[mutate.skip]]`.
    pub skips: Vec<Skip>,
}

/// A mutant that is left out.
#[derive(Debug, Clone)]
pub(crate) struct Skip {
    /// The mutant's id.
    pub id: Setting,
    /// Why no test has to notice it.
    pub reason: String,
}

/// One `[[policy]]`.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// A path or a glob.
    pub path: Setting,
    /// The policy's server; `{dirname}` is its directory's name.
    pub server: Option<Setting>,
    /// Traces or directories of them; `{dir}` is the policy's directory.
    pub traces: Vec<Setting>,
    /// The server's `tools/list`; `{dir}` is the policy's directory.
    pub inventory: Option<Setting>,
    /// The categories of some tools, before `[categories]`.
    pub categories: Vec<(String, Category)>,
}

/// A choice and where it is written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Located<T> {
    pub value: T,
    pub location: Location,
}

/// A string and where it is written.
#[derive(Debug, Clone)]
pub(crate) struct Setting {
    pub text: String,
    pub location: Location,
}

impl Config {
    /// The gate, where one is set.
    pub fn gate(&self) -> Option<Gate> {
        self.gate.map(|gate| gate.value)
    }

    /// The least share of points that tests cover, where one is set.
    pub fn min_coverage(&self) -> Option<Minimum> {
        self.min_coverage.as_ref().map(|min| min.value.clone())
    }

    /// The least share of mutants that tests kill, where one is set.
    pub fn min_score(&self) -> Option<f64> {
        self.min_score.map(|least| least.value)
    }

    /// The revision that changes are compared with, where one is set.
    pub fn base(&self) -> Option<String> {
        self.base.as_ref().map(|base| base.text.clone())
    }

    /// The least severity that fails a run, where one is set.
    pub fn fail_on(&self) -> Option<FailOn> {
        self.fail_on.map(|level| level.value)
    }

    /// The location of findings about a setting that is missing.
    pub fn beginning(&self) -> Location {
        Location {
            file: self.file,
            span: Span::default(),
        }
    }

    /// Rewrites the configuration as one of `root`, a directory above.
    pub fn seen_from(&mut self, root: &Path) {
        let Ok(inside) = self.root.strip_prefix(root) else {
            return;
        };
        let inside = inside.to_string_lossy().replace('\\', "/");
        if inside.is_empty() {
            return;
        }
        let below = |setting: &mut Setting| setting.text = format!("{inside}/{}", setting.text);
        for entry in &mut self.policies {
            let path = &entry.path.text;
            entry.path.text = format!("{}/{path}", globset::escape(&inside));
            let files = entry.inventory.iter_mut().chain(&mut entry.traces);
            files
                .filter(|file| !file.text.starts_with("{dir}"))
                .for_each(below);
        }
        for glob in &mut self.exclude {
            glob.text = format!("{}/{}", globset::escape(&inside), glob.text);
        }
        self.suppressions
            .iter_mut()
            .for_each(|(policy, _)| below(policy));
        self.root = root.to_path_buf();
    }
}

impl Setting {
    /// A finding about the setting.
    pub fn complaint(&self, message: String) -> Finding {
        Finding::new(RuleId::Config, Severity::Error, self.location, "", message)
    }
}

/// The configuration that is in force in `start`: the nearest one upward, up to the
/// top of the repository. Where there is no repository it is looked for up to the
/// root of the file system.
pub(crate) fn find(start: &Path, checkout: Option<&Checkout>) -> Option<PathBuf> {
    let is_there = |file: &PathBuf| match checkout {
        Some(checkout) => {
            let is_inside = checkout.repository().path_of(file).is_some();
            is_inside && checkout.is_there(file)
        }
        None => file.symlink_metadata().is_ok_and(|data| !data.is_dir()),
    };
    for dir in start.ancestors() {
        let file = dir.join(NAME);
        if is_there(&file) {
            return Some(file);
        }
        if dir.join(".git").symlink_metadata().is_ok() {
            return None;
        }
    }
    None
}

/// Reads a configuration and everything that is wrong with it.
///
/// # Errors
/// When the file cannot be read.
pub(crate) fn load(
    path: &Path,
    checkout: Option<&Rc<Checkout>>,
    sources: &mut SourceMap,
) -> Result<(Config, Vec<Finding>), Problems> {
    let root = path.parent().unwrap_or(Path::new("")).to_path_buf();
    let file = InputFile::below(&Root::around(&root), path, None).of_checkout(checkout);
    let read = file.read(Role::Configuration);
    let bytes = read.map_err(|refusal| file.problem(&refusal, RuleId::Config, sources))?;
    let (mut config, findings) = parse(root, &input::display_name(path), &bytes, sources);
    config.checkout = checkout.cloned();
    Ok((config, findings))
}

/// Reads the bytes of a configuration of the directory `root`.
pub(crate) fn parse(
    root: PathBuf,
    name: &str,
    bytes: &[u8],
    sources: &mut SourceMap,
) -> (Config, Vec<Finding>) {
    let (text, broken) = match mcppolicy_engine::document::parse::decode(bytes) {
        Ok(text) => (text.to_owned(), None),
        Err(bad) => (
            String::from_utf8_lossy(bytes).into_owned(),
            Some((bad.span, bad.message)),
        ),
    };
    let file = sources.add(name, text.as_str());
    let empty = Config {
        root,
        file,
        policies: Vec::new(),
        exclude: Vec::new(),
        checkout: None,
        fail_on: None,
        levels: Vec::new(),
        options: Vec::new(),
        categories: Vec::new(),
        suppressions: Vec::new(),
        base: None,
        gate: None,
        min_coverage: None,
        min_score: None,
        skips: Vec::new(),
    };
    read::read(empty, &text, broken)
}
