//! Policies, tests and findings that a change hides.

use super::scene::{LIST, Scene, up_to};

attacks! {
    policy_that_git_ignores: Committed,
        "adds `.gitignore` or `.ignore` that names a loosened policy" =>
        "the policy is compared, exit 1";
    policy_in_a_hidden_directory: Committed,
        "adds an open policy in a directory whose name begins with a dot" =>
        "a warning says that nothing checks it, exit 1";
    failing_trace_that_is_ignored: Committed,
        "commits a failing trace and has git ignore it" =>
        "the trace is replayed and fails, exit 1";
    nested_configuration: Base,
        "adds a configuration in a directory below that lists nothing" =>
        "the base's list counts, exit 1 for the loosened policy";
    policy_that_the_change_excludes: Base,
        "adds a loosened policy to `exclude`" =>
        "`exclude` counts once the base has it; the policy is compared, exit 1";
    base_that_the_change_names: Base,
        "sets `[diff] base = \"HEAD\"`, so that it is compared with itself" =>
        "a note says that nothing was compared, and why; `--base` goes before the setting";
    tool_that_is_shown_again: Approval,
        "takes a tool out of `hide` and refuses each call of it" =>
        "what agents see of it is new: the change is refused without an approval, exit 1";
    new_policy_that_nothing_lists: Committed,
        "adds an open policy that no entry names, and has git ignore it" =>
        "a warning says that nothing checks it, exit 1";
}

fn policy_that_git_ignores() {
    let scene = Scene::new("ignored");
    for file in [
        ".gitignore",
        ".ignore",
        "policies/.gitignore",
        ".git/info/exclude",
    ] {
        scene.reset().loosen("a");
        scene.write(file, "*\n").commit();
        scene.job().is_loosened();
        scene.tighten("a").commit().job().passes();
    }
}

fn policy_in_a_hidden_directory() {
    let scene = Scene::with(
        "hidden",
        &[(
            "mcppolicy.toml",
            "[[policy]]\npath = \"policies/**/policy.json\"\n",
        )],
    );
    scene.write(
        "policies/.d/policy.json",
        up_to(9999).replace("\"deny\"", "\"allow\""),
    );
    let said = scene.commit().job();
    assert_eq!(said.code, 1, "{:#}", said.report);
    said.says("policies/.d/policy.json");

    scene
        .reset()
        .write(".github/policy.json", up_to(9))
        .commit();
    scene
        .job()
        .is_refused(1, "No [[policy]] names .github/policy.json");
    let more = format!("{LIST}[[policy]]\npath = \".github/policy.json\"\n");
    scene.write("mcppolicy.toml", more).commit().job().passes();
}

const TRACED: &str = "[[policy]]\npath = \"policies/*/policy.json\"\ntraces = [\"{dir}/traces\"]\n";

fn trace(expect: &str) -> String {
    format!(
        "{{\"mcppolicy\":\"trace/1\",\"grant\":\"g\",\"start\":\"2026-01-01T00:00:00Z\"}}\n{{\"tool\":\"create_refund\",\"arguments\":{{\"amount\":5}},\"expect\":\"{expect}\"}}\n"
    )
}

fn failing_trace_that_is_ignored() {
    let passing = trace("allow");
    let scene = Scene::with(
        "ignored-trace",
        &[
            ("mcppolicy.toml", TRACED),
            ("policies/a/traces/ok.jsonl", &passing),
            ("policies/b/traces/ok.jsonl", &passing),
            ("policies/c/traces/ok.jsonl", &passing),
        ],
    );
    scene.job().passes();
    for ignored in [".gitignore", ".ignore"] {
        scene.reset();
        scene.write("policies/a/traces/.late.jsonl", trace("deny"));
        scene.write(ignored, "traces\n.*\n").commit();
        scene.job().is_refused(1, ".late.jsonl");
    }
    scene
        .reset()
        .write("policies/a/traces/.late.jsonl", trace("allow"));
    scene.commit().job().passes();
}

fn nested_configuration() {
    let scene = Scene::new("nested");
    scene.loosen("a");
    scene.write(
        "policies/mcppolicy.toml",
        "[[policy]]\npath = \"b/policy.json\"\n",
    );
    scene.commit().job().is_loosened();
    let start = ["--base", "main", "policies"];
    scene
        .ci(&scene.dir, &start, &[("CI", "true")])
        .is_loosened();
    scene.tighten("a").commit();
    scene.ci(&scene.dir, &start, &[("CI", "true")]).passes();
}

fn policy_that_the_change_excludes() {
    let scene = Scene::new("excluded");
    let exclude = format!("exclude = [\"policies/a/**\"]\n{LIST}");
    scene.write("mcppolicy.toml", &exclude).loosen("a").commit();
    scene.job().is_loosened().says("exclude");
    // Alone it passes, and counts from then on.
    scene.reset().write("mcppolicy.toml", &exclude).commit();
    scene.job().passes().says("exclude");
    scene.git(&["branch", "--force", "main", "change"]);
    scene.loosen("a").commit().job().passes();
    // What the change no longer excludes is checked at once.
    scene.write("mcppolicy.toml", LIST).commit();
    scene.job().is_loosened();
}

fn base_that_the_change_names() {
    let list = format!("{LIST}[diff]\nbase = \"main\"\n");
    let scene = Scene::with("names-base", &[("mcppolicy.toml", &list)]);
    scene.loosen("a");
    scene
        .write("mcppolicy.toml", list.replace("main", "HEAD"))
        .commit();
    scene.ci(&scene.dir, &[], &[]).says("Nothing was compared");
    scene.job().is_loosened();
    // What is not committed yet differs from HEAD, and is compared.
    scene.write("policies/b/policy.json", up_to(9999));
    scene.ci(&scene.dir, &[], &[]).is_loosened();
    scene.reset().tighten("a").commit();
    let said = scene.ci(&scene.dir, &[], &[]);
    said.passes();
    assert!(!said.report.to_string().contains("Nothing was compared"));
}

fn tool_that_is_shown_again() {
    let hidden = up_to(100).replace("\"tools\"", "\"hide\":[\"wipe\"],\"tools\"");
    let files = [
        ("mcppolicy.toml", LIST),
        ("policies/a/policy.json", &*hidden),
    ];
    let scene = Scene::with("shown-again", &files);
    let refused = "\"tools\":{\"wipe\":{\"deny_if\":[{\"conditions\":[]}]},";
    let shown = up_to(100).replace("\"tools\":{", refused);
    scene.write("policies/a/policy.json", shown).commit();
    let said = scene.job();
    assert_eq!(said.code, 1, "{:#}", said.report);
    assert_eq!(
        said.report["policies"][0]["diff"]["changes"][0]["approved"],
        false
    );
    scene.reset();
    let tighter = hidden.replace(":100", ":5");
    scene.write("policies/a/policy.json", tighter).commit();
    scene.job().passes();
}

fn new_policy_that_nothing_lists() {
    let scene = Scene::new("unlisted");
    scene
        .write("more/policy.json", up_to(9999))
        .write(".gitignore", "more\n")
        .commit();
    scene
        .job()
        .is_refused(1, "No [[policy]] names more/policy.json");
    scene.reset();
    let exclude = format!("exclude = [\"more/**\"]\n{LIST}");
    scene.write("mcppolicy.toml", exclude).commit();
    scene.git(&["branch", "--force", "main", "change"]);
    scene
        .write("more/policy.json", up_to(9999))
        .commit()
        .job()
        .passes();
}
