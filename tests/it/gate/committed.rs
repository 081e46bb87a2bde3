//! Files that are checked and not committed, or the other way round.

use std::fs;

use super::scene::{Scene, program, up_to};

attacks! {
    attribute_ident: Committed,
        "has `.gitattributes` with `ident`, so that the checked out policy is another than the committed one" =>
        "`not-committed` names the file, exit 3; elsewhere than in a job it is a note";
    attribute_working_tree_encoding: Committed,
        "has `.gitattributes` with `working-tree-encoding`" =>
        "`not-committed` names the file, exit 3";
    attribute_end_of_line: Committed,
        "has `.gitattributes` with `eol=crlf`" =>
        "the committed policy is compared, exit 1 for the loosened one";
    file_kept_by_lfs: Committed,
        "keeps a policy in Git LFS" =>
        "`not-committed` says that the repository does not have its content, exit 3";
    file_edited_in_a_job: Committed,
        "has a step before the check that puts the old policy back into the working tree" =>
        "`not-committed` names the file, exit 3";
    file_removed_in_a_job: Committed,
        "has a step before the check that removes the policy from the working tree" =>
        "the committed policy is compared, exit 1";
    file_that_is_not_tracked: Committed,
        "has a step before the check that writes a new policy or configuration" =>
        "`not-committed` names the file, exit 3; an untracked trace is replayed, with a note";
    sparse_checkout: Committed,
        "is checked out without the directory of the loosened policy" =>
        "the committed policy is compared, exit 1";
    staged_other_than_the_working_file: Committed,
        "is staged, and then edited back in the working tree, before the hook runs" =>
        "the staged policy is compared, exit 1";
    staged_file_that_is_gone: Committed,
        "is staged, and then removed from the working tree, before the hook runs" =>
        "the staged policy is compared, exit 1";
    uncommitted_on_a_machine: Committed,
        "is not committed yet on a person's machine" =>
        "the working file is compared, and a note says that it is not committed";
}

fn attribute_ident() {
    let scene = Scene::new("ident");
    // The committed policy lets `$Id$` through as an amount's name; what is
    // checked out has another text there.
    let policy = up_to(9999).replace("payments", "$Id$");
    scene.write("policies/a/policy.json", &policy);
    scene
        .write(".gitattributes", "policies/** ident\n")
        .commit();
    scene.git(&["rm", "--quiet", "--cached", "-r", "."]);
    scene.git(&["reset", "--quiet", "--hard"]);
    let there = fs::read_to_string(scene.dir.join("policies/a/policy.json")).unwrap();
    assert!(there.contains("$Id: "), "{there}");
    scene
        .job()
        .is_refused(3, "not-committed")
        .says("policies/a/policy.json differs from what is committed");
    scene.here().is_loosened().says("not-committed");
    scene.reset();
    scene
        .write(".gitattributes", "policies/** ident\n")
        .commit();
    scene.job().passes();
}

fn attribute_working_tree_encoding() {
    let scene = Scene::new("encoding");
    scene.write(
        ".gitattributes",
        "policies/a/* working-tree-encoding=UTF-16LE\n",
    );
    scene.git(&["add", ".gitattributes"]);
    let text: Vec<u8> = up_to(5).encode_utf16().flat_map(u16::to_le_bytes).collect();
    scene.write("policies/a/policy.json", text).commit();
    let said = scene.job();
    said.is_refused(3, "policies/a/policy.json differs from what is committed");
    scene.reset().tighten("a").commit().job().passes();
}

fn attribute_end_of_line() {
    let scene = Scene::new("eol");
    let lines = |text: String| text.replace(",", ",\n");
    scene.write(".gitattributes", "policies/** text eol=crlf\n");
    scene
        .write("policies/a/policy.json", lines(up_to(9999)))
        .commit();
    scene.git(&["rm", "--quiet", "--cached", "-r", "."]);
    scene.git(&["reset", "--quiet", "--hard"]);
    let there = fs::read_to_string(scene.dir.join("policies/a/policy.json")).unwrap();
    assert!(there.contains(",\r\n"), "{there:?}");
    scene.job().is_loosened();
    scene
        .write("policies/a/policy.json", lines(up_to(5)))
        .commit();
    scene.job().passes();
}

fn file_kept_by_lfs() {
    let scene = Scene::new("lfs");
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12\n";
    scene.write("policies/a/policy.json", pointer).commit();
    // A job that fetched it has its content there.
    scene.write("policies/a/policy.json", up_to(5));
    scene
        .job()
        .is_refused(3, "is kept by Git LFS")
        .says("not-committed");
    scene
        .reset()
        .write("big.bin", pointer)
        .commit()
        .job()
        .passes();
}

fn file_edited_in_a_job() {
    let scene = Scene::new("edited");
    scene
        .loosen("a")
        .commit()
        .write("policies/a/policy.json", up_to(100));
    for variable in [
        ("CI", "1"),
        ("TF_BUILD", "True"),
        ("JENKINS_URL", "x"),
        ("TEAMCITY_VERSION", "1"),
    ] {
        scene
            .ci(&scene.dir, &["--base", "main"], &[variable])
            .is_refused(3, "not-committed");
    }
    scene
        .write("mcppolicy.toml", "")
        .git(&["checkout", "policies"]);
    scene
        .job()
        .is_refused(3, "mcppolicy.toml differs from what is committed");
    scene.reset().job().passes();
}

fn file_removed_in_a_job() {
    let scene = Scene::new("removed");
    scene.loosen("a").commit();
    fs::remove_dir_all(scene.dir.join("policies/a")).unwrap();
    scene.job().is_loosened();
    // A person who removes it sees a policy go.
    let said = scene.here();
    assert_eq!(said.code, 1, "{:#}", said.report);
    said.says("missing in the working tree");
    scene.reset().tighten("a").commit().job().passes();
}

fn file_that_is_not_tracked() {
    let scene = Scene::new("untracked");
    scene.write("policies/d/policy.json", up_to(9));
    scene
        .job()
        .is_refused(3, "policies/d/policy.json is not committed");
    scene
        .here()
        .passes()
        .says("policies/d/policy.json is not committed");
    scene.reset().write("policies/mcppolicy.toml", "");
    scene
        .ci(
            &scene.dir,
            &["--base", "main", "policies"],
            &[("CI", "true")],
        )
        .is_refused(3, "policies/mcppolicy.toml is not committed");
    scene.reset();
    let list = "[[policy]]\npath = \"policies/*/policy.json\"\ntraces = [\"traces\"]\n";
    scene.write("mcppolicy.toml", list);
    let trace = r#"{"mcppolicy":"trace/1","grant":"g","start":"2026-01-01T00:00:00Z"}
{"tool":"create_refund","arguments":{"amount":5},"expect":"allow"}
"#;
    scene.commit().write("traces/new.jsonl", trace);
    scene.job().says("traces/new.jsonl is not committed");
    scene.commit().job().passes();
}

fn sparse_checkout() {
    let scene = Scene::new("sparse");
    scene.loosen("a").commit();
    scene.git(&["sparse-checkout", "set", "--no-cone", "/*", "!/policies/a"]);
    assert!(!scene.dir.join("policies/a/policy.json").exists());
    scene.job().is_loosened();
    scene.here().is_loosened();
    scene.git(&["sparse-checkout", "disable"]);
    scene.tighten("a").commit();
    scene.git(&["sparse-checkout", "set", "--no-cone", "/*", "!/policies/a"]);
    scene.here().passes();
}

/// The variable that git sets for a hook of this scene.
fn index(scene: &Scene) -> String {
    scene.dir.join(".git/index").display().to_string()
}

fn staged_other_than_the_working_file() {
    let scene = Scene::new("staged");
    let index = index(&scene);
    let hook = [("GIT_INDEX_FILE", index.as_str()), ("CI", "true")];
    scene.loosen("a").git(&["add", "policies"]);
    scene.write("policies/a/policy.json", up_to(100));
    scene
        .ci(&scene.dir, &["--base", "main"], &hook)
        .is_loosened();
    // Whoever stages the strict one may have the other in the working tree.
    scene.tighten("a").git(&["add", "policies"]).loosen("a");
    let said = scene.ci(&scene.dir, &["--base", "main"], &hook);
    said.passes();
    assert_eq!(said.report["summary"]["verdict"], "tightened");
    assert_eq!(said.report["findings"], serde_json::json!([]));
}

fn staged_file_that_is_gone() {
    let scene = Scene::new("staged-gone");
    let index = index(&scene);
    let hook = [("GIT_INDEX_FILE", index.as_str())];
    scene.loosen("a").git(&["add", "policies"]);
    fs::remove_dir_all(scene.dir.join("policies/a")).unwrap();
    scene
        .ci(&scene.dir, &["--base", "main"], &hook)
        .is_loosened();
    scene.git(&["reset", "--quiet", "--hard"]);
    scene.tighten("a").git(&["add", "policies"]);
    fs::remove_dir_all(scene.dir.join("policies/a")).unwrap();
    scene.ci(&scene.dir, &["--base", "main"], &hook).passes();
}

fn uncommitted_on_a_machine() {
    let scene = Scene::new("uncommitted");
    scene.loosen("a");
    scene
        .here()
        .is_loosened()
        .says("policies/a/policy.json differs from what is committed");
    // `CI=false` is a person's machine.
    scene
        .ci(&scene.dir, &["--base", "main"], &[("CI", "false")])
        .is_loosened();
    scene.tighten("a");
    scene.here().passes().says("not-committed");
    let status = program("git", &["status", "--short"], &scene.dir);
    assert_eq!(status.trim(), "M policies/a/policy.json");
}
