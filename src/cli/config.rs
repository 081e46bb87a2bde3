//! `mcppolicy.toml`: which policies there are, how they are linted, and the
//! recordings that they are tested with (surfaces.md §3).
//!
//! Every problem is collected, with its place; an unknown key is one, because
//! a misspelt setting that does nothing is worse than none.

use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::FailOn;
use super::input;
use crate::diagnostic::{Finding, Severity};
use crate::diff::Gate;
use crate::nearest::nearest;
use crate::report::Failure;
use crate::source::{FileId, Location, SourceMap, Span};

/// The file's name.
pub(super) const NAME: &str = "mcppolicy.toml";

/// A configuration, as far as it could be read.
#[derive(Debug)]
pub(super) struct Config {
    /// The directory it stands in; all its paths are relative to that.
    pub root: PathBuf,
    /// The configuration's own file.
    pub file: FileId,
    /// The `[[policy]]` entries.
    pub policies: Vec<Entry>,
    /// `[lint] fail-on`.
    pub fail_on: Option<FailOn>,
    /// `[lint.rules]`: a rule's name and its level, with the place of each.
    pub levels: Vec<(Setting, Setting)>,
    /// `[lint.rules]`: a rule's name, and an option of it with its value.
    pub options: Vec<(Setting, Setting, Setting)>,
    /// `[categories]`: a tool's name and its category.
    pub categories: Vec<(Setting, Setting)>,
    /// `[diff] base`: the revision that changes are held against.
    pub base: Option<Setting>,
    /// `[diff] gate`.
    pub gate: Option<Gate>,
}

/// One `[[policy]]`.
#[derive(Debug)]
pub(super) struct Entry {
    /// A path or a glob.
    pub path: Setting,
    /// The server that the policy guards; `{dirname}` is its directory's name.
    pub server: Option<Setting>,
    /// Traces or directories of them; `{dir}` is the policy's directory.
    pub traces: Vec<Setting>,
    /// The server's `tools/list`; `{dir}` is the policy's directory.
    pub inventory: Option<Setting>,
}

/// A string and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Setting {
    pub text: String,
    pub span: Span,
}

impl Config {
    /// A finding about a setting.
    pub fn complaint(&self, setting: &Setting, message: String) -> Finding {
        let location = Location {
            file: self.file,
            span: setting.span,
        };
        Finding::new("config", Severity::Error, location, "", message)
    }
}

/// The configuration that is in force in `start`: the nearest one upward.
pub(super) fn find(start: &Path) -> Option<PathBuf> {
    start
        .ancestors()
        .map(|dir| dir.join(NAME))
        .find(|file| file.is_file())
}

/// Reads a configuration and everything that is wrong with it.
pub(super) fn load(
    path: &Path,
    sources: &mut SourceMap,
) -> Result<(Config, Vec<Finding>), Failure> {
    let bytes = input::read(path)?;
    let root = path.parent().unwrap_or(Path::new("")).to_path_buf();
    Ok(parse(root, &input::display_name(path), &bytes, sources))
}

/// Reads the bytes of a configuration that stands in `root`.
pub(super) fn parse(
    root: PathBuf,
    name: &str,
    bytes: &[u8],
    sources: &mut SourceMap,
) -> (Config, Vec<Finding>) {
    let (text, broken) = match crate::document::parse::decode(bytes) {
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
        fail_on: None,
        levels: Vec::new(),
        options: Vec::new(),
        categories: Vec::new(),
        base: None,
        gate: None,
    };
    let mut reader = Reader {
        file,
        findings: Vec::new(),
        config: empty,
    };
    match (broken, DeTable::parse(&text)) {
        (Some((span, message)), _) => reader.complain(span, message, None),
        (None, Ok(table)) => reader.root(table.get_ref()),
        (None, Err(error)) => {
            let span = error
                .span()
                .map_or(Span::default(), |span| Span::new(span.start, span.end));
            reader.complain(span, format!("Not TOML: {}", error.message().trim()), None);
        }
    }
    (reader.config, reader.findings)
}

struct Reader {
    file: FileId,
    findings: Vec<Finding>,
    config: Config,
}

type Value<'a> = Spanned<DeValue<'a>>;

fn span_of<T>(spanned: &Spanned<T>) -> Span {
    let range = spanned.span();
    Span::new(range.start, range.end)
}

impl Reader {
    fn complain(&mut self, span: Span, message: String, help: Option<String>) {
        let location = Location {
            file: self.file,
            span,
        };
        let finding = Finding::new("config", Severity::Error, location, "", message);
        self.findings.push(Finding { help, ..finding });
    }

    fn root(&mut self, table: &DeTable<'_>) {
        self.each(
            table,
            "the configuration",
            &["policy", "lint", "categories", "diff"],
            |reader, key, value| match key {
                "policy" => reader.policies(value),
                "lint" => reader.table(value, "lint", Reader::lint),
                "diff" => reader.table(value, "diff", Reader::diff),
                _ => reader.table(value, "categories", |reader, table| {
                    reader.config.categories = reader.pairs(table);
                }),
            },
        );
    }

    /// Calls `read` for each known member and complains of the others.
    fn each(
        &mut self,
        table: &DeTable<'_>,
        owner: &str,
        known: &[&str],
        read: impl Fn(&mut Reader, &str, &Value<'_>),
    ) {
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            if known.contains(&name) {
                read(self, name, value);
                continue;
            }
            let help = match nearest(name, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("it knows {}", known.join(", ")),
            };
            self.complain(
                span_of(key),
                format!("There is no setting {name:?} in {owner}"),
                Some(help),
            );
        }
    }

    fn table(&mut self, value: &Value<'_>, name: &str, read: impl Fn(&mut Reader, &DeTable<'_>)) {
        match value.get_ref().as_table() {
            Some(table) => read(self, table),
            None => self.wrong_type(value, &format!("[{name}] must be a table")),
        }
    }

    fn wrong_type(&mut self, value: &Value<'_>, expected: &str) {
        let message = format!("{expected}, found {}", value.get_ref().type_str());
        self.complain(span_of(value), message, None);
    }

    fn policies(&mut self, value: &Value<'_>) {
        let Some(list) = value.get_ref().as_array() else {
            return self.wrong_type(value, "Write [[policy]] with two brackets, it is a list");
        };
        for entry in list.iter() {
            self.table(entry, "policy", |reader, table| {
                reader.entry(table, span_of(entry))
            });
        }
    }

    fn entry(&mut self, table: &DeTable<'_>, span: Span) {
        let known = ["path", "server", "traces", "inventory"];
        self.each(table, "[[policy]]", &known, |_, _, _| {});
        let Some(path) = table.get("path") else {
            return self.complain(
                span,
                "A [[policy]] lacks its path".to_owned(),
                Some("add path = \"policy.json\"".to_owned()),
            );
        };
        let server = table
            .get("server")
            .and_then(|value| self.string(value, "`server` must be a string"));
        let inventory = table
            .get("inventory")
            .and_then(|value| self.string(value, "`inventory` must be a path"));
        let traces = match table.get("traces") {
            Some(value) => self.strings(value),
            None => Vec::new(),
        };
        if let Some(path) = self.string(path, "`path` must be a string") {
            self.config.policies.push(Entry {
                path,
                server,
                traces,
                inventory,
            });
        }
    }

    fn string(&mut self, value: &Value<'_>, expected: &str) -> Option<Setting> {
        match value.get_ref().as_str() {
            Some(text) => Some(Setting {
                text: text.to_owned(),
                span: span_of(value),
            }),
            None => {
                self.wrong_type(value, expected);
                None
            }
        }
    }

    fn strings(&mut self, value: &Value<'_>) -> Vec<Setting> {
        match value.get_ref().as_array() {
            Some(list) => list
                .iter()
                .filter_map(|item| self.string(item, "A path must be a string"))
                .collect(),
            None => {
                self.wrong_type(value, "`traces` must be a list of paths");
                Vec::new()
            }
        }
    }

    fn lint(&mut self, table: &DeTable<'_>) {
        self.each(
            table,
            "[lint]",
            &["fail-on", "rules"],
            |reader, key, value| match key {
                "fail-on" => reader.fail_on(value),
                _ => reader.table(value, "lint.rules", |reader, table| reader.rules(table)),
            },
        );
    }

    /// A rule's level, or a table of its level and its options.
    fn rules(&mut self, table: &DeTable<'_>) {
        for (key, value) in table {
            let rule = Setting {
                text: key.get_ref().to_string(),
                span: span_of(key),
            };
            let Some(options) = value.get_ref().as_table() else {
                let expected = "Write a level in double quotes, or a table of options";
                if let Some(level) = self.string(value, expected) {
                    self.config.levels.push((rule, level));
                }
                continue;
            };
            for (option, value) in self.pairs(options) {
                match option.text.as_str() {
                    "level" => self.config.levels.push((rule.clone(), value)),
                    _ => self.config.options.push((rule.clone(), option, value)),
                }
            }
        }
        self.config.levels.sort_by_key(|(rule, _)| rule.span);
        self.config
            .options
            .sort_by_key(|(_, option, _)| option.span);
    }

    fn fail_on(&mut self, value: &Value<'_>) {
        let Some(setting) = self.string(value, "`fail-on` must be a string") else {
            return;
        };
        match FailOn::named(&setting.text) {
            Some(level) => self.config.fail_on = Some(level),
            None => self.complain(
                setting.span,
                format!("{:?} is not a level", setting.text),
                Some("write \"error\", \"warning\", \"note\" or \"never\"".to_owned()),
            ),
        }
    }

    fn diff(&mut self, table: &DeTable<'_>) {
        let known = ["base", "gate"];
        self.each(table, "[diff]", &known, |reader, key, value| match key {
            "base" => reader.config.base = reader.string(value, "`base` must be a string"),
            _ => reader.gate(value),
        });
    }

    fn gate(&mut self, value: &Value<'_>) {
        let Some(setting) = self.string(value, "`gate` must be a string") else {
            return;
        };
        self.config.gate = Gate::named(&setting.text);
        if self.config.gate.is_none() {
            self.complain(
                setting.span,
                format!("{:?} is not a gate", setting.text),
                Some("write \"loosened\", \"changed\" or \"never\"".to_owned()),
            );
        }
    }

    fn pairs(&mut self, table: &DeTable<'_>) -> Vec<(Setting, Setting)> {
        let mut pairs = Vec::new();
        for (key, value) in table {
            let name = Setting {
                text: key.get_ref().to_string(),
                span: span_of(key),
            };
            if let Some(value) = self.string(value, "Write a name in double quotes") {
                pairs.push((name, value));
            }
        }
        pairs.sort_by_key(|(name, _)| name.span);
        pairs
    }
}
