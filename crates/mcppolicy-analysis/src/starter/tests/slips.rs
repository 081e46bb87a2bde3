//! The first policy of each server with one slip in it: one finding, where the
//! slip is, with the right advice.

use super::*;
use crate::finding::Finding;

const SERVERS: [(&str, &str); 6] = [
    (
        "0nmcp",
        include_str!("../../../../../testdata/quickstart/0nmcp/tools.json"),
    ),
    (
        "comfyui",
        include_str!("../../../../../testdata/lint/good/comfyui/tools.json"),
    ),
    (
        "everything",
        include_str!("../../../../../testdata/lint/good/everything/tools.json"),
    ),
    (
        "filesystem",
        include_str!("../../../../../testdata/lint/good/filesystem/tools.json"),
    ),
    (
        "github",
        include_str!("../../../../../testdata/lint/good/github/tools.json"),
    ),
    (
        "memory",
        include_str!("../../../../../testdata/lint/good/memory/tools.json"),
    ),
];

/// A server, its first policy and the linter that knows it.
struct Server {
    name: &'static str,
    inventory: Inventory,
    policy: String,
    settings: Settings,
}

fn servers() -> impl Iterator<Item = Server> {
    SERVERS.into_iter().map(|(name, tools)| {
        let mut map = SourceMap::new();
        let (_, inventory, problems) = Inventory::read(&mut map, name, tools.as_bytes());
        assert!(problems.is_empty(), "{name}: {problems:?}");
        let inventory = inventory.unwrap();
        let mut categories = Categories::new();
        categories.learn(&inventory);
        let policy = start(&inventory, &categories, &Words::default()).policy;
        Server {
            name,
            inventory,
            policy,
            settings: Settings::new(),
        }
    })
}

impl Server {
    fn lint(&self, text: &str) -> Vec<Finding> {
        let policy = load(text);
        lint::lint(&self.input(&policy, &Engine::new(&policy)))
    }

    fn input<'a>(&'a self, policy: &'a Policy, engine: &'a Engine) -> Input<'a> {
        Input {
            inventory: Some(&self.inventory),
            ..Input::new(policy, engine, &self.settings)
        }
    }

    /// The only finding of `text`, and what it points at.
    #[track_caller]
    fn only<'t>(&self, slip: &str, text: &'t str) -> (Finding, &'t str) {
        let mut found = self.lint(text);
        assert_eq!(found.len(), 1, "{} {slip}: {found:#?}", self.name);
        let finding = found.remove(0);
        let span = finding.location.span;
        (finding, text.get(span.start..span.end).unwrap())
    }

    /// The policy with `rules` before the limits of `tool`.
    fn with_rules(&self, tool: &str, rules: &str) -> String {
        let key = format!("{}: {{\n", quoted(tool));
        assert_eq!(self.policy.matches(&key).count(), 1, "{key}");
        self.policy.replace(&key, &format!("{key}      {rules},\n"))
    }

    /// The tools that the policy allows.
    fn allowed(&self) -> Vec<String> {
        let policy = load(&self.policy);
        let allowed = policy.tools.iter().filter(|tool| tool.deny_if.is_empty());
        allowed.map(|tool| tool.name.clone()).collect()
    }
}

fn help(finding: &Finding) -> &str {
    finding.help.as_deref().unwrap_or_default()
}

/// `name` as a tired hand types it: two letters the other way round.
fn misspelt(name: &str) -> String {
    let mut letters: Vec<char> = name.chars().collect();
    let last = letters.len() - 1;
    if letters[last] == letters[last - 1] {
        letters.truncate(last)
    } else {
        letters.swap(last, last - 1)
    }
    letters.into_iter().collect()
}

#[test]
fn the_first_policy_of_each_server_lints_clean_and_leaves_known_decisions() {
    for mut server in servers() {
        assert_eq!(server.lint(&server.policy), [], "{}", server.name);
        let policy = load(&server.policy);
        let open = lint::open_arguments(&server.input(&policy, &Engine::new(&policy)));
        server.settings.pedantic = true;
        let strict = server.lint(&server.policy);
        let mut messages = Vec::new();
        for finding in &strict {
            let rules = ["unconstrained-freeform-argument", "unguarded-array"];
            assert!(rules.contains(&finding.rule.name()), "{finding:?}");
            messages.push(finding.message.clone());
        }
        assert_eq!(messages.len(), open.len(), "{}", server.name);
        for open in open {
            let begins = format!("`{}` of `{}` ", open.path, open.tool);
            assert!(messages.iter().any(|m| m.starts_with(&begins)), "{begins}");
        }
    }
}

#[test]
fn a_renamed_tool_is_the_only_finding() {
    for server in servers() {
        let policy = load(&server.policy);
        let hidden = policy.hide.iter().map(|entry| entry.value.as_str());
        for name in hidden.chain(policy.tools.iter().map(|tool| tool.name.as_str())) {
            let slip = quoted(&misspelt(name));
            let text = server
                .policy
                .replace(&format!(" {}", quoted(name)), &format!(" {slip}"));
            let (finding, spelt) = server.only(&slip, &text);
            assert_eq!(
                (finding.rule.name(), spelt),
                ("unknown-tool", slip.as_str())
            );
            assert_eq!(help(&finding), format!("did you mean `{name}`?"));
        }
    }
}

#[test]
fn a_misspelt_argument_is_the_only_finding() {
    let mut slips = 0;
    for server in servers() {
        for tool in server.allowed() {
            let schema = server.inventory.get(&tool).unwrap().arguments();
            for name in schema.names().into_iter().filter(|name| name.len() > 2) {
                let slip = misspelt(name);
                if schema.names().contains(&slip.as_str()) {
                    continue;
                }
                for rule in ["require", "deny_if"] {
                    let path = quoted(&format!("args.{slip}"));
                    let rules = format!(
                        "\"{rule}\": [{{\"conditions\": [{{\"path\": {path}, \"op\": \"eq\", \"value\": \"x\"}}]}}]"
                    );
                    let text = server.with_rules(&tool, &rules);
                    let (finding, spelt) = server.only(&rules, &text);
                    assert_eq!(
                        (finding.rule.name(), spelt),
                        ("unknown-argument", path.as_str())
                    );
                    assert_eq!(help(&finding), format!("did you mean `args.{name}`?"));
                    slips += 1;
                }
            }
        }
    }
    assert!(slips > 200, "{slips}");
}

#[test]
fn a_text_that_is_compared_as_a_number_is_the_only_finding() {
    let mut slips = 0;
    for server in servers() {
        for tool in server.allowed() {
            let schema = server.inventory.get(&tool).unwrap().arguments();
            let is_text = |name: &&str| schema.argument(&[name]).shape.types.names() == ["string"];
            for name in schema.names().into_iter().filter(is_text) {
                for rule in ["require", "deny_if"] {
                    let rules = format!(
                        "\"{rule}\": [{{\"conditions\": [{{\"path\": \"args.{name}\", \"op\": \"gt\", \"value\": 5}}]}}]"
                    );
                    let text = server.with_rules(&tool, &rules);
                    let (finding, spelt) = server.only(&rules, &text);
                    assert_eq!(
                        (finding.rule.name(), spelt),
                        ("argument-type-mismatch", "\"gt\"")
                    );
                    assert!(help(&finding).contains("\"eq\", \"in\" or \"regex\""));
                    slips += 1;
                }
            }
        }
    }
    assert!(slips > 100, "{slips}");
}

#[test]
fn a_removed_limit_is_the_only_finding() {
    for server in servers() {
        let policy = load(&server.policy);
        let limited = policy.tools.iter().filter(|tool| !tool.limits.is_empty());
        let limited = limited.count();
        for tool in policy.tools.iter().filter(|tool| !tool.limits.is_empty()) {
            let mut categories = server.settings.categories.clone();
            categories.learn(&server.inventory);
            let category = |name: &str| categories.of(name).category;
            let alike = policy
                .tools
                .iter()
                .filter(|t| category(&t.name) == category(&tool.name));
            let is_one_of_many = alike.count() > 2;
            for (at, limit) in tool.limits.iter().enumerate() {
                let span = limit.span;
                let comma = if at == 0 { ",\n        " } else { "" };
                let mut text = server.policy.clone();
                text.replace_range(span.start..span.end, "");
                let text = text.replacen(&format!("[\n        {comma}"), "[\n        ", 1);
                let text = text.replace("},\n        \n", "}\n");
                let is_burst_left = category(&tool.name) == Category::Execute && at == 1;
                let is_common = at == 0 && limited > 3;
                if !is_one_of_many && !is_burst_left && !is_common {
                    // Nothing shows what is usual for such a tool.
                    assert!(server.lint(&text).len() <= 1, "{}", tool.name);
                    continue;
                }
                let (finding, spelt) = server.only(&limit.pointer, &text);
                assert!(
                    finding.pointer.starts_with(&tool.pointer),
                    "{}",
                    finding.pointer
                );
                assert!(spelt.starts_with('{') && spelt.ends_with('}'), "{spelt}");
                assert!(
                    help(&finding).contains(&quoted(limit.window.value.name())),
                    "{finding:?}"
                );
                assert!(help(&finding).contains(&tool.name), "{finding:?}");
            }
        }
    }
}
