//! A first trace: what a first policy does to calls that the server's schemas
//! admit, a line for each rule and limit that is worth pinning.

use std::fmt::Write as _;

use super::policy::quoted;
use super::{Decided, Treatment, example, rates};
use crate::fresh::fresh_name;
use crate::inventory::Inventory;
use crate::inventory::category::Category;

const HEADER: &str = "{\"mcppolicy\":\"trace/1\",\"grant\":\"agent\",\"start\":\"2026-01-05T09:00:00Z\",\"step\":\"20s\",\
    \"description\":\"one tool of each kind and its limits: replace the calls by recorded ones\"}\n";

/// The trace for tools that are sorted by name; none without tools.
pub(super) fn text(tools: &[Decided], inventory: &Inventory) -> Option<String> {
    if tools.is_empty() {
        return None;
    }
    let mut out = HEADER.to_owned();
    let first = |is_wanted: &dyn Fn(&Decided) -> bool| tools.iter().find(|tool| is_wanted(tool));
    for category in Category::ALL {
        let is_wanted =
            |tool: &Decided| tool.treatment == Treatment::Allowed && tool.category == category;
        if let Some(tool) = first(&is_wanted) {
            line(&mut out, &call(tool, inventory), "\"allow\"");
        }
    }
    for treatment in [
        Treatment::BlockedCode,
        Treatment::BlockedMoney,
        Treatment::Hidden,
    ] {
        let kind = match treatment {
            Treatment::Hidden => "hidden",
            _ => "deny_if",
        };
        if let Some(tool) = first(&|tool| tool.treatment == treatment) {
            let expected = format!("{{\"decision\":\"deny\",\"kind\":\"{kind}\"}}");
            line(&mut out, &call(tool, inventory), &expected);
        }
    }
    let unlisted = fresh_name("a_tool_that_the_server_adds_later", |name| {
        inventory.get(name).is_some()
    });
    let unlisted = format!("\"tool\":{},\"arguments\":{{}}", quoted(&unlisted));
    let refused = "{\"decision\":\"deny\",\"kind\":\"default_deny\"}";
    line(&mut out, &unlisted, refused);
    // Each on a day of its own, so that no limit meets the calls of another line.
    let mut day = 6;
    for category in Category::ALL {
        let is_wanted =
            |tool: &Decided| tool.treatment == Treatment::Allowed && tool.category == category;
        let Some(tool) = first(&is_wanted) else {
            continue;
        };
        let per_minute = rates(category).first().map_or(1, |(_, _, max)| *max);
        for (_, window, max) in rates(category) {
            // A thousand calls of a tool that only writes show no more than ten.
            let is_worth_it = *window == "minute" || category >= Category::Execute;
            if is_worth_it {
                let every = match *window {
                    "minute" => String::new(),
                    // As fast as the limit per minute lets pass.
                    _ => format!("\"every\":\"{}s\",", 60 / per_minute.max(1)),
                };
                let repeated = format!(
                    "\"ts\":\"2026-01-{day:02}T00:00:00Z\",\"repeat\":{},{every}{}",
                    max + 1,
                    call(tool, inventory)
                );
                let expected = format!("[\"allow\",{max},\"deny\",1]");
                line(&mut out, &repeated, &expected);
                day += 1;
            }
        }
    }
    Some(out)
}

fn line(out: &mut String, call: &str, expected: &str) {
    let _ = writeln!(out, "{{{call},\"expect\":{expected}}}");
}

fn call(tool: &Decided, inventory: &Inventory) -> String {
    let arguments = inventory.get(&tool.name).map(example::arguments);
    let arguments = arguments.map_or("{}".to_owned(), |arguments| arguments.to_string());
    format!("\"tool\":{},\"arguments\":{arguments}", quoted(&tool.name))
}
