//! Policies that somebody with experience would write for well-known servers:
//! the linter has nothing to say of them.

use super::*;

macro_rules! good {
    ($server:literal) => {
        (
            $server,
            include_str!(concat!(
                "../../../../../testdata/lint/good/",
                $server,
                "/policy.json"
            )),
            include_str!(concat!(
                "../../../../../testdata/lint/good/",
                $server,
                "/tools.json"
            )),
        )
    };
}

/// Each server's policy and tools.
const GOOD: [(&str, &str, &str); 5] = [
    good!("comfyui"),
    good!("everything"),
    good!("filesystem"),
    good!("github"),
    good!("memory"),
];

#[test]
fn good_policies_of_real_servers_have_no_finding() {
    for (server, policy, tools) in GOOD {
        let with_tools = lint_default(&format!("{policy}\ntools.json:\n{tools}"));
        assert!(
            with_tools.findings.is_empty(),
            "{server}: {:#?}",
            with_tools.findings
        );
        // Without the tools a category is told from the name alone, which may
        // be worth a note.
        let alone = lint_default(policy);
        let is_loud = |finding: &&Finding| finding.severity >= Severity::Warning;
        assert_eq!(alone.findings.iter().find(is_loud), None, "{server}");
    }
}

#[test]
fn what_good_policies_leave_open_is_told_to_the_pedant() {
    let mut settings = Settings::new();
    settings.pedantic = true;
    let mut rules = std::collections::BTreeSet::new();
    for (_, policy, tools) in GOOD {
        let linted = lint_text(&format!("{policy}\ntools.json:\n{tools}"), &settings);
        rules.extend(linted.rules());
    }
    let rules: Vec<&str> = rules.into_iter().collect();
    assert_eq!(rules, ["unconstrained-freeform-argument"]);
}
