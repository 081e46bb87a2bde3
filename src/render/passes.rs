//! What a policy lets through, line by line, for the formats that people read.

use mcppolicy_analysis::inventory::category::Category;
use mcppolicy_analysis::shorten;
use mcppolicy_analysis::words::{PolicyWords, ToolWords, name};

use super::words::counted;

/// Tools whose words are shown; of more, the number is.
const MOST_TOOLS: usize = 50;
/// Tools that are named where no words are told of them.
const NAMED: usize = 10;

/// How long the words about limits hold.
const CLOCK: &str = "A minute, an hour and a day are the clock's own, in UTC. A call that is \
                     answered with a JSON-RPC error gives back what it took.";

/// All that a policy lets through, for a person who asks. `policy` is its name.
pub fn explained(policy: &str, words: &PolicyWords) -> String {
    let mut lines = vec![format!(
        "What {} lets through, the riskiest tools first:",
        shorten::name(policy)
    )];
    lines.push(String::new());
    for (category, tool) in &words.open {
        lines.push(format!("  {category}: {}", own(tool)));
    }
    lines.extend(words.closed.iter().map(|tool| format!("  {}", own(tool))));
    lines.extend(others(words).into_iter().map(|line| format!("  {line}")));
    lines.extend([String::new(), CLOCK.to_owned()]);
    printed(&lines)
}

/// What is let through of one tool, for a person who asks.
pub fn explained_tool(words: &ToolWords) -> String {
    let mut lines = vec![words.sentence()];
    if words.limits.is_some() || words.shared.is_some() {
        lines.extend([String::new(), CLOCK.to_owned()]);
    }
    printed(&lines)
}

fn printed(lines: &[String]) -> String {
    let shown = lines.iter().map(|line| super::printable(line) + "\n");
    shown.collect()
}

/// What a policy opens where there was none: the riskiest tools first, those that
/// only read counted.
pub fn opened(words: &PolicyWords) -> Vec<String> {
    let is_read = |(category, _): &&(Category, ToolWords)| *category == Category::Read;
    let told = words.open.iter().filter(|of| !is_read(of));
    let (reading, more) = (
        words.open.iter().filter(is_read).count(),
        told.clone().count().saturating_sub(MOST_TOOLS),
    );
    let told = told.take(MOST_TOOLS);
    let mut lines: Vec<String> = told
        .map(|(category, tool)| format!("{category}: {}", sentence(&own(tool))))
        .collect();
    if more > 0 {
        lines.push(format!("{more} more tools that do not only read"));
    }
    if reading > 0 {
        let tools = counted(reading as u64, "tool");
        let named = words.open.iter().filter(is_read);
        let names = named.filter_map(|(_, tool)| tool.name.as_deref());
        lines.push(format!("Read: {tools}: {}", listed(names, reading)));
    }
    let closed = words.closed.len();
    if closed > 0 {
        let names = words.closed.iter().filter_map(|tool| tool.name.as_deref());
        lines.push(format!("never: {}", listed(names, closed)));
    }
    lines.extend(others(words));
    lines
}

fn own(tool: &ToolWords) -> String {
    tool.own_sentence()
}

fn others(words: &PolicyWords) -> Vec<String> {
    let mut lines = vec![words.unlisted.own_sentence()];
    if let Some(shared) = &words.shared {
        lines.push(format!("all tools together: {shared}"));
    }
    lines
}

fn sentence(text: &str) -> String {
    shorten::sentence(text).into_owned()
}

fn listed<'n>(names: impl Iterator<Item = &'n str>, count: usize) -> String {
    let shown = names.take(NAMED).map(|of| name(&shorten::name(of)));
    let mut shown: Vec<String> = shown.collect();
    if count > NAMED {
        shown.push(format!("and {} more", count - NAMED));
    }
    shown.join(", ")
}
