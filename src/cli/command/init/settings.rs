//! The text of the configuration that `init` writes.

use std::fmt::Write as _;
use std::path::Path;

use crate::cli::support::suppressions;
use mcppolicy_analysis::inventory::Inventory;
use mcppolicy_analysis::lint::suppress::Places;
use mcppolicy_analysis::lint::{self, Settings};
use mcppolicy_analysis::starter::Starter;
use mcppolicy_engine::engine::Engine;
use mcppolicy_engine::policy::Policy;
use mcppolicy_engine::source::SourceMap;
use mcppolicy_engine::value::Value;

/// Why the linter's findings about what a person has allowed do not count.
const REASON: &str = "allowed by whoever ran `mcppolicy init`";

/// The configuration for a policy that refuses everything, until an inventory is
/// there.
pub(super) const WITHOUT_INVENTORY: &str = "\
[[policy]]
path = \"policy.json\"
# inventory = \"tools.json\"   the server's answer to tools/list
# traces = [\"traces\"]        recorded calls, and what is expected of them

[lint]
fail-on = \"warning\"

[lint.rules]
# The policy refuses every call as yet. Remove this once it lists a tool.
nothing-callable = \"note\"
";

/// The configuration for a first policy. `named` is the inventory's path from the
/// configuration, where it lies below it.
pub(super) fn text(starter: &Starter, inventory: &Inventory, named: Option<&str>) -> String {
    let mut out = String::from("[[policy]]\npath = \"policy.json\"\n");
    if let Some(named) = named {
        let _ = writeln!(out, "inventory = {}", Value::from(named));
    }
    out.push_str("traces = [\"traces\"]\n\n[lint]\nfail-on = \"warning\"\n");
    if !starter.settled.is_empty() {
        out.push_str(
            "\n# The server claims less harm for these tools than their names say. The policy\n\
             # goes by the names: change what you know better.\n[categories]\n",
        );
    }
    for (tool, category) in &starter.settled {
        let category = category.name().to_lowercase();
        let _ = writeln!(out, "{} = \"{category}\"", Value::from(tool.as_str()));
    }
    out.push_str(&suppressions(starter, named.map(|_| inventory)));
    out
}

/// A suppression for each finding about what the person's word has allowed: a first
/// policy has no others.
fn suppressions(starter: &Starter, inventory: Option<&Inventory>) -> String {
    let mut map = SourceMap::new();
    let text = starter.policy.as_str();
    let Ok(policy) = Policy::load(&mut map, "policy.json", text.as_bytes()) else {
        return String::new();
    };
    let (engine, mut settings) = (Engine::new(&policy), Settings::new());
    for (tool, category) in &starter.settled {
        settings.categories.configure(tool, *category);
    }
    let found = lint::lint(&lint::Input {
        inventory,
        ..lint::Input::new(&policy, &engine, &settings)
    });
    let places = Places::new(text);
    let entries = found
        .iter()
        .filter_map(|finding| suppressions::entry_for("policy.json", &places, finding, REASON));
    entries.collect()
}

/// The inventory's path from the configuration, when it lies below it.
pub(super) fn inside(dir: &Path, path: &Path) -> Option<String> {
    // The directory may have to be made yet: then nothing lies below it.
    let (dir, path) = (dir.canonicalize().ok()?, path.canonicalize().ok()?);
    let relative = path.strip_prefix(dir).ok()?;
    Some(relative.to_string_lossy().replace('\\', "/"))
}
