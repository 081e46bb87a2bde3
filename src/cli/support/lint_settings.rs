//! The linter's settings as a configuration has them.

use super::configuration::{Config, Setting};
use super::suggest;
use mcppolicy_analysis::finding::{Finding, RuleId};
use mcppolicy_analysis::inventory::category::Category;
use mcppolicy_analysis::lint::{self, Level, Settings};

/// The settings of a configuration, the default ones without it, and what is
/// wrong with them.
pub(crate) fn configured(config: Option<&Config>) -> (Settings, Vec<Finding>) {
    let mut settings = Settings::new();
    let Some(config) = config else {
        return (settings, Vec::new());
    };
    let mut problems = Vec::new();
    for (name, level) in &config.levels {
        problems.extend(set_level(&mut settings, name, level));
    }
    for (rule, option, value) in &config.options {
        problems.extend(set_option(&mut settings, rule, option, value));
    }
    let (categories, unknown) = categories(config);
    for (tool, category) in categories {
        settings.categories.configure(tool, category);
    }
    problems.extend(unknown);
    (settings, problems)
}

/// Sets the level of a rule; returns what is wrong with it.
fn set_level(settings: &mut Settings, rule: &Setting, level: &Setting) -> Option<Finding> {
    let Some(parsed) = Level::parse(&level.text) else {
        let finding = level.complaint(format!("{:?} is not a level", level.text));
        return Some(finding.help("write \"error\", \"warning\", \"note\" or \"off\""));
    };
    let Some(id) = RuleId::parse_lint_rule(&rule.text) else {
        return Some(unknown_rule(rule));
    };
    settings.set_level(id, parsed);
    None
}

/// Sets an option of a rule; returns what is wrong with it.
fn set_option(
    settings: &mut Settings,
    rule: &Setting,
    option: &Setting,
    value: &Setting,
) -> Option<Finding> {
    let Some(id) = RuleId::parse_lint_rule(&rule.text) else {
        return Some(unknown_rule(rule));
    };
    let bad = lint::set_option(settings, id, &option.text, &value.text).err()?;
    let wrong = if bad.is_value { value } else { option };
    Some(wrong.complaint(bad.message).help(bad.help))
}

fn unknown_rule(rule: &Setting) -> Finding {
    let finding = rule.complaint(format!("there is no rule {:?}", rule.text));
    finding.help(suggest::rule(&rule.text))
}

/// The categories of `[categories]` by tool, and what is wrong with them.
pub(crate) fn categories(config: &Config) -> (Vec<(&str, Category)>, Vec<Finding>) {
    let mut categories = Vec::new();
    let mut problems = Vec::new();
    for (tool, written) in &config.categories {
        match Category::named(&written.text) {
            Some(category) => categories.push((tool.text.as_str(), category)),
            None => {
                let finding = written.complaint(format!("{:?} is not a category", written.text));
                let help =
                    "write \"read\", \"write\", \"execute\", \"destructive\" or \"financial\"";
                problems.push(finding.help(help));
            }
        }
    }
    (categories, problems)
}
