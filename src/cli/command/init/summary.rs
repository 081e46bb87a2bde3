//! What `init` says of the policy that it has written.

use std::fmt::Write as _;

use crate::render::printable;
use mcppolicy_analysis::inventory::Inventory;
use mcppolicy_analysis::inventory::category::Category;
use mcppolicy_analysis::lint::{self, OpenArgument};
use mcppolicy_analysis::shorten;
use mcppolicy_analysis::starter::{self, Decided, Starter, Treatment};
use mcppolicy_engine::engine::Engine;
use mcppolicy_engine::policy::Policy;
use mcppolicy_engine::source::SourceMap;

/// How many tools, and arguments, are listed of a kind.
const LISTED: usize = 40;

/// How many tools there are of each category, and what becomes of them.
pub(super) fn counts(out: &mut String, starter: &Starter) {
    let _ = writeln!(out, "\n{}:", tools(starter.tools.len()));
    for category in Category::ALL {
        let count = |treatment| {
            let tools = starter.tools.iter();
            tools
                .filter(|tool| tool.category == category && tool.treatment == treatment)
                .count()
        };
        let does = [
            (
                Treatment::Allowed,
                format!("allowed, {}", starter::limits(category)),
            ),
            (
                Treatment::BlockedCode,
                "blocked, because they run code of the caller's".to_owned(),
            ),
            (Treatment::BlockedMoney, "blocked".to_owned()),
            (Treatment::Hidden, "hidden".to_owned()),
        ];
        for (treatment, does) in does {
            let count = count(treatment);
            if count > 0 {
                let _ = writeln!(out, "  {count:5} {category}: {does}");
            }
        }
    }
    out.push_str("`mcppolicy classify` says why each tool is what it is.\n");
}

/// What may be called and does more than write, the riskiest first, and what is
/// refused for running code, each with the reason.
pub(super) fn risks(out: &mut String, starter: &Starter) {
    let allowed = starter.allowed().into_iter();
    let allowed: Vec<&Decided> = allowed
        .filter(|tool| tool.category >= Category::Execute)
        .collect();
    list(out, "Allowed, the riskiest first", &allowed);
    let tools = starter.tools.iter();
    let blocked: Vec<&Decided> = tools
        .filter(|tool| tool.treatment == Treatment::BlockedCode)
        .collect();
    list(
        out,
        "Blocked; `--allow execute` allows them with the rest of Execute",
        &blocked,
    );
}

fn list(out: &mut String, title: &str, tools: &[&Decided]) {
    if tools.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{title}:");
    for tool in tools.iter().take(LISTED) {
        let code = match &tool.runs_code {
            Some(why) => format!("; {why}"),
            None => String::new(),
        };
        let line = format!("  {}: {}, {}{code}", tool.name, tool.category, tool.because);
        let _ = writeln!(out, "{}", printable(&shorten::sentence(&line)));
    }
    more(out, tools.len());
}

fn more(out: &mut String, all: usize) {
    if let Some(more) = all.checked_sub(LISTED).filter(|more| *more > 0) {
        let _ = writeln!(out, "  and {more} more");
    }
}

/// What the policy leaves open, as the linter reports it: only an owner of the
/// server can decide what is right there.
pub(super) fn open_decisions(out: &mut String, inventory: &Inventory, policy: &str) {
    let mut map = SourceMap::new();
    let Ok(policy) = Policy::load(&mut map, "policy.json", policy.as_bytes()) else {
        return;
    };
    let (engine, settings) = (Engine::new(&policy), lint::Settings::new());
    let open = lint::open_arguments(&lint::Input {
        inventory: Some(inventory),
        ..lint::Input::new(&policy, &engine, &settings)
    });
    if open.is_empty() {
        return;
    }
    let count = match open.len() {
        1 => "1 argument that no condition looks at".to_owned(),
        open => format!("{open} arguments that no condition looks at"),
    };
    let _ = writeln!(
        out,
        "\nOpen decisions: {count}. Add a `require` where any value is too much; `mcppolicy lint \
         --pedantic` reports each."
    );
    for OpenArgument {
        tool,
        path,
        kind,
        is_array,
    } in open.iter().take(LISTED)
    {
        let line = if *is_array {
            format!(
                "  {tool}: {path} takes an array of {}, and no condition can look at its elements",
                kind.plural()
            )
        } else {
            format!("  {tool}: {path} takes {}", kind.name())
        };
        let _ = writeln!(out, "{}", printable(&shorten::sentence(&line)));
    }
    more(out, open.len());
}

/// What to do next, in three lines.
pub(super) fn next(out: &mut String, has_inventory: bool, adopts: bool) {
    out.push_str("\nNext:\n");
    out.push_str(if has_inventory {
        "  1. Read policy.json and settle what is open above, then run `mcppolicy ci`.\n"
    } else {
        "  1. mcppolicy inventory -o tools.json -- SERVER, then mcppolicy init --force --inventory tools.json\n"
    });
    out.push_str(
        "  2. Record what your agents really call: mcppolicy record -o 'recordings/{server}-{date}-{pid}.jsonl' -- SERVER\n",
    );
    out.push_str(if adopts {
        "  3. Check every commit and every pull request: mcppolicy init --hook --workflow\n"
    } else {
        "  3. Commit all of it: `mcppolicy ci --base REV` then shows what each change lets through.\n"
    });
}

/// A count of tools.
pub(super) fn tools(count: usize) -> String {
    match count {
        1 => "1 tool".to_owned(),
        count => format!("{count} tools"),
    }
}
