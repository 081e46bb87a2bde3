//! The configuration's TOML, member by member.

use jiff::civil::Date;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Config, Entry, Located, Setting, Skip};
use crate::cli::support::fail_on::FailOn;
use crate::cli::support::minimum::{Minimum, percent};
use crate::cli::support::suggest;
use mcppolicy_analysis::diff::Gate;
use mcppolicy_analysis::finding::{Finding, RuleId, Severity};
use mcppolicy_analysis::inventory::category::Category;
use mcppolicy_analysis::lint::suppress::Suppression;
use mcppolicy_engine::source::{FileId, Location, Span};

/// The members of each table; a test compares them with
/// `schema/config.schema.json`.
pub(super) mod members {
    pub const ROOT: &[&str] = &[
        "policy",
        "exclude",
        "lint",
        "categories",
        "suppress",
        "diff",
        "coverage",
        "mutate",
    ];
    pub const POLICY: &[&str] = &["path", "server", "inventory", "traces", "categories"];
    pub const LINT: &[&str] = &["fail-on", "rules"];
    pub const SUPPRESS: &[&str] = &["rule", "policy", "at", "value", "reason", "until", "owner"];
    pub const DIFF: &[&str] = &["base", "gate"];
    pub const COVERAGE: &[&str] = &["min"];
    pub const MUTATE: &[&str] = &["min-score", "skip"];
    pub const SKIP: &[&str] = &["id", "reason"];
}

/// Reads the text of a configuration into `config`; `broken` is set when it is
/// not UTF-8.
pub(super) fn read(
    config: Config,
    text: &str,
    broken: Option<(Span, String)>,
) -> (Config, Vec<Finding>) {
    let mut reader = Reader {
        file: config.file,
        findings: Vec::new(),
        config,
    };
    match (broken, DeTable::parse(text)) {
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
    fn at(&self, span: Span) -> Location {
        let file = self.file;
        Location { file, span }
    }

    fn setting_of(&self, key: &Spanned<toml::de::DeString<'_>>) -> Setting {
        Setting {
            text: key.get_ref().to_string(),
            location: self.at(span_of(key)),
        }
    }

    fn complain(&mut self, span: Span, message: String, help: Option<String>) {
        let finding = Finding::new(RuleId::Config, Severity::Error, self.at(span), "", message);
        self.findings.push(Finding { help, ..finding });
    }

    fn root(&mut self, table: &DeTable<'_>) {
        self.each(
            table,
            "the configuration",
            members::ROOT,
            |reader, key, value| match key {
                "policy" => reader.list(value, "policy", Reader::entry),
                "exclude" => {
                    reader.config.exclude =
                        reader.strings(value, "`exclude` must be a list of globs");
                }
                "lint" => reader.table(value, "lint", Reader::lint),
                "suppress" => reader.list(value, "suppress", Reader::suppression),
                "diff" => reader.table(value, "diff", Reader::diff),
                "coverage" => reader.table(value, "coverage", Reader::coverage),
                "mutate" => reader.table(value, "mutate", Reader::mutate),
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
            let help = suggest::setting(name, known);
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

    fn list(
        &mut self,
        value: &Value<'_>,
        name: &str,
        read: impl Fn(&mut Reader, &DeTable<'_>, Span),
    ) {
        let Some(list) = value.get_ref().as_array() else {
            let expected = format!("Write [[{name}]] with two brackets, it is a list");
            return self.wrong_type(value, &expected);
        };
        for item in list.iter() {
            self.table(item, name, |reader, table| {
                read(reader, table, span_of(item))
            });
        }
    }

    fn entry(&mut self, table: &DeTable<'_>, span: Span) {
        self.each(table, "[[policy]]", members::POLICY, |_, _, _| {});
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
            Some(value) => self.strings(value, "`traces` must be a list of paths"),
            None => Vec::new(),
        };
        let categories = match table.get("categories") {
            Some(value) => self.categories(value),
            None => Vec::new(),
        };
        if let Some(path) = self.string(path, "`path` must be a string") {
            self.config.policies.push(Entry {
                path,
                server,
                inventory,
                traces,
                categories,
            });
        }
    }

    /// The categories of one policy's tools.
    fn categories(&mut self, value: &Value<'_>) -> Vec<(String, Category)> {
        let Some(table) = value.get_ref().as_table() else {
            let expected = "`categories` must be a table, such as { run_workflow = \"execute\" }";
            self.wrong_type(value, expected);
            return Vec::new();
        };
        let mut categories = Vec::new();
        for (tool, value) in table {
            let written = value.get_ref().as_str().unwrap_or_default();
            match Category::named(written) {
                Some(category) => categories.push((tool.get_ref().to_string(), category)),
                None => self.complain(
                    span_of(value),
                    "This is not a category".to_owned(),
                    Some(
                        "write \"read\", \"write\", \"execute\", \"destructive\" or \"financial\""
                            .to_owned(),
                    ),
                ),
            }
        }
        categories
    }

    fn string(&mut self, value: &Value<'_>, expected: &str) -> Option<Setting> {
        match value.get_ref().as_str() {
            Some(text) => Some(Setting {
                text: text.to_owned(),
                location: self.at(span_of(value)),
            }),
            None => {
                self.wrong_type(value, expected);
                None
            }
        }
    }

    fn strings(&mut self, value: &Value<'_>, expected: &str) -> Vec<Setting> {
        match value.get_ref().as_array() {
            Some(list) => list
                .iter()
                .filter_map(|item| self.string(item, "A path must be a string"))
                .collect(),
            None => {
                self.wrong_type(value, expected);
                Vec::new()
            }
        }
    }

    fn lint(&mut self, table: &DeTable<'_>) {
        self.each(
            table,
            "[lint]",
            members::LINT,
            |reader, key, value| match key {
                "fail-on" => reader.fail_on(value),
                _ => reader.table(value, "lint.rules", Reader::rules),
            },
        );
    }

    fn fail_on(&mut self, value: &Value<'_>) {
        let Some(setting) = self.string(value, "`fail-on` must be a string") else {
            return;
        };
        match FailOn::named(&setting.text) {
            Some(value) => {
                let location = setting.location;
                self.config.fail_on = Some(Located { value, location });
            }
            None => self.complain(
                setting.location.span,
                format!("{:?} is not a level", setting.text),
                Some("write \"error\", \"warning\", \"note\" or \"never\"".to_owned()),
            ),
        }
    }

    /// A level for each rule, or a table of its level and its options.
    fn rules(&mut self, table: &DeTable<'_>) {
        for (key, value) in table {
            let rule = self.setting_of(key);
            let Some(inner) = value.get_ref().as_table() else {
                let expected = "Write a level in double quotes, or a table of options";
                if let Some(level) = self.string(value, expected) {
                    self.config.levels.push((rule, level));
                }
                continue;
            };
            for (option, value) in inner {
                let expected = "An option is written in double quotes";
                let Some(value) = self.string(value, expected) else {
                    continue;
                };
                match option.get_ref().as_ref() {
                    "level" => self.config.levels.push((rule.clone(), value)),
                    _ => {
                        let option = self.setting_of(option);
                        self.config.options.push((rule.clone(), option, value));
                    }
                }
            }
        }
        self.config
            .levels
            .sort_by_key(|(name, _)| name.location.span);
        self.config
            .options
            .sort_by_key(|(_, option, _)| option.location.span);
    }

    fn suppression(&mut self, table: &DeTable<'_>, span: Span) {
        self.each(table, "[[suppress]]", members::SUPPRESS, |_, _, _| {});
        let mut required = |name: &'static str, help: &str| match table.get(name) {
            Some(value) => self.string(value, &format!("`{name}` must be a string")),
            None => {
                let message = format!("A [[suppress]] lacks its {name}");
                self.complain(span, message, Some(help.to_owned()));
                None
            }
        };
        let rule = required(
            "rule",
            "add rule = \"burst-only-limit\", the name in the report",
        );
        let policy = required("policy", "add policy = \"policy.json\"");
        let at = required(
            "at",
            "add at = \"/tools/run_it\", the JSON Pointer in the report",
        );
        let value = required(
            "value",
            "let `mcppolicy lint --suppress-existing REASON` write it",
        );
        let reason = required("reason", "add reason = \"…\", why this is right as it is");
        let until = table.get("until").and_then(|value| self.date(value));
        if let Some(owner) = table.get("owner") {
            self.string(owner, "`owner` must be a string");
        }
        let (Some(rule), Some(policy), Some(at), Some(value), Some(reason)) =
            (rule, policy, at, value, reason)
        else {
            return;
        };
        if reason.text.trim().is_empty() {
            let help = "say why this is right as it is".to_owned();
            self.complain(
                reason.location.span,
                "The reason is blank".to_owned(),
                Some(help),
            );
            return;
        }
        let location = rule.location;
        let Some(rule) = RuleId::parse_lint_rule(&rule.text) else {
            let help = suggest::rule(&rule.text);
            let message = format!("there is no rule {:?} to suppress", rule.text);
            self.complain(location.span, message, Some(help));
            return;
        };
        let entry = Suppression {
            rule,
            at: at.text,
            value: value.text,
            reason: reason.text,
            until,
            location,
        };
        self.config.suppressions.push((policy, entry));
    }

    /// A day, as a string or as TOML's own date.
    fn date(&mut self, value: &Value<'_>) -> Option<Date> {
        let text = match value.get_ref() {
            DeValue::Datetime(day) => day.to_string(),
            _ => self.string(value, "`until` must be a day")?.text,
        };
        match text.parse() {
            Ok(day) => Some(day),
            Err(_) => {
                self.complain(
                    span_of(value),
                    format!("{text:?} is no day"),
                    Some("write it as until = \"2027-03-01\"".to_owned()),
                );
                None
            }
        }
    }

    fn diff(&mut self, table: &DeTable<'_>) {
        self.each(
            table,
            "[diff]",
            members::DIFF,
            |reader, key, value| match key {
                "base" => reader.config.base = reader.string(value, "`base` must be a string"),
                _ => reader.gate(value),
            },
        );
    }

    fn gate(&mut self, value: &Value<'_>) {
        let Some(setting) = self.string(value, "`gate` must be a string") else {
            return;
        };
        let location = setting.location;
        match Gate::named(&setting.text) {
            Some(value) => self.config.gate = Some(Located { value, location }),
            None => self.complain(
                location.span,
                format!("{:?} is not a gate", setting.text),
                Some("write \"loosened\", \"changed\" or \"never\"".to_owned()),
            ),
        }
    }

    fn coverage(&mut self, table: &DeTable<'_>) {
        self.each(
            table,
            "[coverage]",
            members::COVERAGE,
            |reader, _, value| {
                if let Some((text, location)) = reader.number_or_text(value) {
                    match Minimum::parse(&text) {
                        Ok(value) => reader.config.min_coverage = Some(Located { value, location }),
                        Err(message) => reader.complain(location.span, message, None),
                    }
                }
            },
        );
    }

    fn mutate(&mut self, table: &DeTable<'_>) {
        self.each(
            table,
            "[mutate]",
            members::MUTATE,
            |reader, key, value| match key {
                "min-score" => {
                    if let Some((text, location)) = reader.number_or_text(value) {
                        match percent(&text) {
                            Ok(value) => {
                                reader.config.min_score = Some(Located { value, location })
                            }
                            Err(message) => reader.complain(location.span, message, None),
                        }
                    }
                }
                _ => reader.list(value, "mutate.skip", Reader::skip),
            },
        );
    }

    fn skip(&mut self, table: &DeTable<'_>, span: Span) {
        self.each(table, "[[mutate.skip]]", members::SKIP, |_, _, _| {});
        let mut required = |name: &'static str, help: &str| match table.get(name) {
            Some(value) => self.string(value, &format!("`{name}` must be a string")),
            None => {
                let message = format!("A [[mutate.skip]] lacks its {name}");
                self.complain(span, message, Some(help.to_owned()));
                None
            }
        };
        let id = required(
            "id",
            "add id = \"…\", as `mcppolicy mutate --list` shows it",
        );
        let reason = required("reason", "add reason = \"…\", why no test has to notice it");
        let (Some(id), Some(reason)) = (id, reason) else {
            return;
        };
        if reason.text.trim().is_empty() {
            let message = "The reason is blank".to_owned();
            return self.complain(reason.location.span, message, None);
        }
        let reason = reason.text;
        self.config.skips.push(Skip { id, reason });
    }

    /// A number, or a string, as it is written.
    fn number_or_text(&mut self, value: &Value<'_>) -> Option<(String, Location)> {
        let text = match value.get_ref() {
            DeValue::String(text) => text.to_string(),
            DeValue::Integer(number) => number.to_string(),
            DeValue::Float(number) => number.to_string(),
            _ => {
                self.wrong_type(value, "Write a number from 0 to 100");
                return None;
            }
        };
        Some((text, self.at(span_of(value))))
    }

    fn pairs(&mut self, table: &DeTable<'_>) -> Vec<(Setting, Setting)> {
        let mut pairs = Vec::new();
        for (key, value) in table {
            if let Some(value) = self.string(value, "Write a name in double quotes") {
                pairs.push((self.setting_of(key), value));
            }
        }
        pairs.sort_by_key(|(name, _)| name.location.span);
        pairs
    }
}

#[cfg(test)]
mod tests {
    use super::{RuleId, members};

    #[test]
    fn the_schema_for_editors_has_the_members_that_are_read() {
        let schema: serde_json::Value = serde_json::from_str(super::super::CONFIG_SCHEMA).unwrap();
        for (pointer, known) in [
            ("/properties", members::ROOT),
            ("/properties/policy/items/properties", members::POLICY),
            ("/properties/lint/properties", members::LINT),
            ("/properties/suppress/items/properties", members::SUPPRESS),
            ("/properties/diff/properties", members::DIFF),
            ("/properties/coverage/properties", members::COVERAGE),
            ("/properties/mutate/properties", members::MUTATE),
            (
                "/properties/mutate/properties/skip/items/properties",
                members::SKIP,
            ),
        ] {
            let table = schema.pointer(pointer).unwrap().as_object().unwrap();
            let mut there: Vec<&str> = table.keys().map(String::as_str).collect();
            let mut known = known.to_vec();
            there.sort_unstable();
            known.sort_unstable();
            assert_eq!(there, known, "{pointer}");
        }
    }

    #[test]
    fn the_schema_for_editors_offers_every_rule() {
        let schema: serde_json::Value = serde_json::from_str(super::super::CONFIG_SCHEMA).unwrap();
        let offered = schema.pointer("/$defs/rule/enum").unwrap();
        let names =
            RuleId::lint_rules().flat_map(|id| std::iter::once(id.name()).chain(id.former_names()));
        let names: Vec<&str> = names.collect();
        assert_eq!(*offered, serde_json::json!(names));
    }
}
