//! The rules that results name, each with its page.

use super::limits;
use super::log::{Configuration, Descriptor, Help, RuleProperties, Text};
use mcppolicy_analysis::finding::{Class, RuleId};
use mcppolicy_analysis::lint;
use mcppolicy_analysis::shorten;

/// The rules that a result can name, the linter's in the order of its catalogue. An
/// input that could not be read is no result but a notification.
pub(super) fn all() -> Vec<RuleId> {
    let ids = RuleId::ALL.iter().copied();
    ids.filter(|id| id.class() != Class::UnreadableInput)
        .collect()
}

/// The entry of a rule in the table.
pub(super) fn descriptor(id: RuleId) -> Descriptor {
    let page = lint::page(id);
    Descriptor {
        id: id.name(),
        name: id.name().split('-').map(capitalised).collect(),
        short_description: Text {
            text: id.summary().to_owned(),
        },
        full_description: Text {
            text: shorten::cut(lint::description(id), limits::DESCRIPTION).into_owned(),
        },
        help: Help {
            text: page.clone(),
            markdown: page,
        },
        default_configuration: Configuration {
            level: id.severity().name(),
        },
        properties: RuleProperties {
            tags: vec![id.group().name()],
        },
    }
}

fn capitalised(word: &str) -> String {
    let mut characters = word.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    }
}
