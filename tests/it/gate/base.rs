//! What a change finds at its base: policies that are broken there, settings that
//! are the base's, several merge bases.

use serde_json::json;

use super::scene::{LIST, Said, Scene, program, up_to};

attacks! {
    a_policy_that_is_broken_at_the_base: Base,
        "repairs a policy that is not valid at the base, so that it lets every call through" =>
        "it is compared with a policy that refuses every call, and a note says why: exit 1; a \
         repair passes with an approval of what it lets through";
    a_broken_policy_that_is_approved_and_widened: Approval,
        "has its repair of a policy that is not valid at the base approved, and lets more through" =>
        "the approval covers what was approved, exit 1";
    a_base_that_the_configuration_drops: Base,
        "takes `[diff] base` out of the configuration, which names it for `ci` without `--base`, \
         or removes the configuration" =>
        "the base still names it, so the change is compared with it, exit 1";
    settings_of_the_change_in_diff: Base,
        "sets the gate to `never` or excludes a policy, and is compared by `diff --base`" =>
        "the settings of the base count there as well, exit 1";
    a_finding_that_one_merge_base_does_not_show: Base,
        "merges so that one of several merge bases has no inventory yet, and drops it with a tool \
         that the inventory does not have" =>
        "what any of the merge bases shows is shown, exit 1";
    a_name_that_windows_reads_as_another: OneRepository,
        "adds a policy in a directory whose name ends in a dot, which Windows ignores" =>
        "`ambiguous-path` names both, exit 3";
}

/// What comes of `policy` in place of one that is not valid.
fn repaired(scene: &Scene, broken: &str, policy: &str) -> Said {
    scene.git(&["checkout", "--quiet", "--force", "main"]);
    scene.write("policies/a/policy.json", broken).commit();
    scene.git(&["checkout", "--quiet", "-B", "change"]);
    scene.write("policies/a/policy.json", policy).commit();
    scene.job()
}

fn broken() -> [String; 4] {
    let policy = up_to(100);
    [
        policy.replace("\"tools\"", "\"tool\""),
        policy.replace("\"version\"", "\"default\":\"deny\",\"version\""),
        policy.trim_end().trim_end_matches('}').to_owned(),
        String::new(),
    ]
}

fn a_policy_that_is_broken_at_the_base() {
    let open = r#"{"version":"1","default":"allow"}"#;
    let scene = Scene::new("broken-base");
    for broken in broken() {
        repaired(&scene, &broken, open)
            .is_loosened()
            .says("This policy is not valid at the base");
    }
    let [broken, ..] = broken();
    repaired(&scene, &broken, &up_to(100)).is_loosened();
    let approve = ["--base", "main", "--approve", "repaired"];
    scene.ci(&scene.dir, &approve, &[]).passes();
    scene.commit().job().passes().says("not valid at the base");
    // Without a policy nothing restricts the tools any more.
    scene.reset();
    scene.git(&["rm", "--quiet", "policies/a/policy.json"]);
    scene.commit().job().is_loosened();
    // What lets nothing through needs no approval.
    scene.reset();
    let closed = r#"{"version":"1","default":"deny","tools":{"create_refund":{"deny_if":[{"conditions":[]}]}}}"#;
    let said = repaired(&scene, &broken, closed);
    assert_eq!(said.report["summary"]["verdict"], "equivalent");
}

fn a_broken_policy_that_is_approved_and_widened() {
    let scene = Scene::new("broken-base-approved");
    let [broken, ..] = broken();
    repaired(&scene, &broken, &up_to(100)).is_loosened();
    let approve = ["--base", "main", "--approve", "repaired"];
    scene.ci(&scene.dir, &approve, &[]).passes();
    scene
        .write("policies/a/policy.json", up_to(101))
        .commit()
        .job()
        .is_loosened();
    scene
        .write("policies/a/policy.json", up_to(100))
        .commit()
        .job()
        .passes();
}

fn a_base_that_the_configuration_drops() {
    let list = format!("{LIST}[diff]\nbase = \"main\"\n");
    let scene = Scene::with("drops-base", &[("mcppolicy.toml", &list)]);
    let alone = |scene: &Scene| scene.ci(&scene.dir, &[], &[]);
    // In the working tree, in one commit, and in an earlier one.
    scene.loosen("a").write("mcppolicy.toml", LIST);
    alone(&scene).is_loosened();
    scene.commit();
    alone(&scene)
        .is_loosened()
        .says("The base of comparisons goes from `main` to `nothing`");
    scene.write("other", "1").commit();
    alone(&scene).is_loosened();
    scene.git(&["rm", "--quiet", "mcppolicy.toml"]).commit();
    alone(&scene).is_loosened();

    scene.reset().tighten("a").write("mcppolicy.toml", LIST);
    alone(scene.commit()).passes();
    // Once the base has dropped it, nothing is compared, and a job says so.
    scene.git(&["branch", "--force", "main", "change"]);
    scene.loosen("a").commit();
    let said = scene.ci(&scene.dir, &[], &[("CI", "true")]);
    said.passes().says("nothing is compared");
}

fn settings_of_the_change_in_diff() {
    let scene = Scene::new("diff-settings");
    let diff = |scene: &Scene| {
        let output = crate::support::mcppolicy(&scene.dir)
            .args(["diff", "--base", "main"])
            .output()
            .unwrap();
        output.status.code().unwrap()
    };
    for settings in [
        format!("{LIST}[diff]\ngate = \"never\"\n"),
        format!("exclude = [\"policies/a/**\"]\n{LIST}"),
    ] {
        scene.reset().loosen("a").write("mcppolicy.toml", &settings);
        assert_eq!(diff(scene.commit()), 1, "{settings}");
        scene.tighten("a");
        assert_eq!(diff(scene.commit()), 0, "{settings}");
    }
}

fn a_finding_that_one_merge_base_does_not_show() {
    let tools = r#"[{"name":"create_refund","description":"Refunds."}]"#;
    let files = [("mcppolicy.toml", LIST), ("policies/a/tools.json", tools)];
    let scene = Scene::with("hidden-merge-bases", &files);
    let named = "[[policy]]\npath = \"policies/a/policy.json\"\ninventory = \"{dir}/tools.json\"\n";
    let named = format!("{named}{LIST}");
    let with = |tool: &str| {
        up_to(100).replace(
            "\"tools\":{",
            &format!("\"tools\":{{\"{tool}\":{{\"deny_if\":[{{\"conditions\":[]}}]}},"),
        )
    };
    for first in ["side", "named"] {
        scene.reset();
        scene.git(&["branch", "--force", "start", "main"]);
        let commit = |branch: &str, path: &str, text: &str| {
            scene.git(&["checkout", "--quiet", "-B", branch, "start"]);
            scene.write(path, text).commit();
        };
        // Of merge bases that are equally old, git lists either first.
        if first == "side" {
            commit("side", "x", "1");
            commit("named", "mcppolicy.toml", &named);
        } else {
            commit("named", "mcppolicy.toml", &named);
            commit("side", "x", "1");
        }
        scene.git(&["checkout", "--quiet", "-B", "main", "named"]);
        scene.git(&["merge", "--quiet", "--no-ff", "-m", "main", "side"]);
        scene.git(&["checkout", "--quiet", "-B", "change", "side"]);
        scene.git(&["merge", "--quiet", "--no-ff", "-m", "change", "named"]);
        let bases = program("git", &["merge-base", "--all", "main", "HEAD"], &scene.dir);
        assert_eq!(bases.lines().count(), 2, "{bases}");
        scene.write("mcppolicy.toml", LIST);
        scene.write("policies/a/policy.json", with("create_refunds"));
        scene
            .commit()
            .job()
            .is_refused(1, "hidden_by_change")
            .says("unknown-tool");
        scene.write("mcppolicy.toml", &named);
        scene.write("policies/a/policy.json", up_to(99));
        scene.commit().job().passes();
        scene.git(&["checkout", "--quiet", "-B", "main", "start"]);
    }
}

fn a_name_that_windows_reads_as_another() {
    let scene = Scene::new("dot-behind");
    scene
        .write("policies/a./policy.json", up_to(9999))
        .commit()
        .job()
        .is_refused(3, "ambiguous-path");
    scene
        .reset()
        .write(
            "policies/a.b/policy.json",
            json!({"version": "1", "default": "deny", "tools": {"get": {}}}).to_string(),
        )
        .commit()
        .job()
        .passes();
}
