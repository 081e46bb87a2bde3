//! Names of revisions, paths and patterns that mean two things.

use std::fs;

use super::scene::{Scene, up_to};

attacks! {
    tag_named_like_the_remote_branch: OneRepository,
        "pushes a tag called `origin/main` that names the change" =>
        "`--base origin/main` is refused with both names, exit 2";
    tag_named_like_the_branch_of_the_remote: OneRepository,
        "pushes a tag called `main`, where the clone has `main` only as a branch of the remote" =>
        "`--base main` is refused with both names, exit 2";
    tag_named_like_a_file_of_git: OneRepository,
        "pushes a tag called `FETCH_HEAD`, or one that reads like what `git describe` says" =>
        "the name is refused with both meanings, exit 2";
    link_beside_a_directory_of_the_same_letters: OneRepository,
        "adds a link `Policies` beside the directory `policies`" =>
        "`ambiguous-path` names both, exit 3";
    tree_with_a_name_twice: OneRepository,
        "is a tree, made by hand, that has a policy's name twice" =>
        "the name is refused, exit 3";
    branch_named_like_a_tag: OneRepository,
        "pushes a branch called like the tag of the base" =>
        "the name is refused with both names, exit 2";
    tag_named_like_an_object: OneRepository,
        "pushes a tag that is called like the beginning of the base's id" =>
        "the name is refused, exit 2; the whole id is that commit";
    base_pattern_with_dots: OneRepository,
        "moves and loosens a policy that the base lists as `./policies/…`" =>
        "the policy is compared, or its removal is refused, exit 1";
    base_pattern_with_double_slashes: OneRepository,
        "takes a policy out of the list that the base writes as `policies//a/../*/policy.json`" =>
        "the policy is compared, exit 1";
    criss_cross_history: OneRepository,
        "merges so that there are several merge bases, of which one is as loose as the change" =>
        "the change is compared with each, exit 1";
    criss_cross_history_of_inventories: OneRepository,
        "merges so that one of several merge bases does not name the inventory yet, and drops it" =>
        "what has changed of the server's tools is seen from each merge base, exit 1";
    names_that_differ_in_case: OneRepository,
        "adds `Policies/A/policy.json` beside `policies/a/policy.json`" =>
        "`ambiguous-path` names both, exit 3";
    names_that_differ_in_composition: OneRepository,
        "adds a policy whose name differs only in how an accented letter is composed" =>
        "`ambiguous-path` names both, exit 3";
    name_that_is_not_utf8: OneRepository,
        "adds an open policy in a directory whose name is not UTF-8" =>
        "the name is refused, exit 3";
    shallow_clone_that_hides_the_merge_base: OneRepository,
        "is checked in a shallow clone that ends above the merge base" =>
        "the message says how to fetch more, exit 2";
}

fn tag_named_like_the_remote_branch() {
    let scene = Scene::new("tag-remote");
    scene.git(&["update-ref", "refs/remotes/origin/main", "main"]);
    let base = ["--base", "origin/main"];
    scene.loosen("a").commit();
    scene.ci(&scene.dir, &base, &[]).is_loosened();
    scene.git(&["tag", "origin/main", "change"]);
    scene
        .ci(&scene.dir, &base, &[])
        .is_refused(2, "refs/remotes/origin/main")
        .says("refs/tags/origin/main");
    // The full name means one.
    let full = ["--base", "refs/remotes/origin/main"];
    scene.ci(&scene.dir, &full, &[]).is_loosened();
    // What follows the name does not hide it.
    scene
        .ci(&scene.dir, &["--base", "origin/main~0"], &[])
        .is_refused(2, "refs/tags/origin/main");
    scene.git(&["tag", "--delete", "origin/main"]);
    scene.reset().tighten("a").commit();
    scene.ci(&scene.dir, &base, &[]).passes();
}

fn tag_named_like_the_branch_of_the_remote() {
    let scene = Scene::new("tag-main");
    scene.git(&["update-ref", "refs/remotes/origin/trunk", "main"]);
    scene.loosen("a").commit().git(&["tag", "trunk", "change"]);
    let base = ["--base", "trunk"];
    scene
        .ci(&scene.dir, &base, &[])
        .is_refused(2, "refs/remotes/origin/trunk");
    scene.git(&["tag", "--delete", "trunk"]);
    // A tag of its own name is what it says.
    scene
        .reset()
        .git(&["tag", "v1", "main"])
        .tighten("a")
        .commit();
    scene.ci(&scene.dir, &["--base", "v1"], &[]).passes();
}

fn tag_named_like_a_file_of_git() {
    let scene = Scene::new("tag-pseudo");
    scene.loosen("a").commit();
    scene.git(&["fetch", "--quiet", ".", "main"]);
    let base = ["--base", "FETCH_HEAD"];
    scene.ci(&scene.dir, &base, &[]).is_loosened();
    scene.git(&["tag", "FETCH_HEAD", "change"]);
    scene
        .ci(&scene.dir, &base, &[])
        .is_refused(2, "refs/tags/FETCH_HEAD");
    let id = super::scene::program("git", &["rev-parse", "--short=9", "main"], &scene.dir);
    let described = format!("v1-0-g{}", id.trim());
    scene.git(&["tag", &described, "change"]);
    scene
        .ci(&scene.dir, &["--base", &described], &[])
        .is_refused(2, "and also an object");
    scene.git(&["tag", "--delete", "FETCH_HEAD"]).reset();
    scene.tighten("a").commit();
    scene.ci(&scene.dir, &base, &[]).passes();
}

#[cfg(unix)]
fn link_beside_a_directory_of_the_same_letters() {
    let scene = Scene::new("case-link");
    scene.write("open/policy.json", up_to(9999));
    fs::remove_file(scene.dir.join("open/policy.json")).unwrap();
    std::os::unix::fs::symlink("open", scene.dir.join("Policies")).unwrap();
    scene.commit().job().is_refused(3, "ambiguous-path");
    scene.reset();
    std::os::unix::fs::symlink("policies", scene.dir.join("rules")).unwrap();
    scene.tighten("a").commit().job().passes();
}

#[cfg(not(unix))]
fn link_beside_a_directory_of_the_same_letters() {}

fn tree_with_a_name_twice() {
    let scene = Scene::new("twice");
    scene.write(
        "mcppolicy.toml",
        "[[policy]]\npath = \"policies/a/policy.json\"\n",
    );
    let (strict, open) = (hashed(&scene, &up_to(5)), hashed(&scene, &up_to(9999)));
    scene.commit();
    let raw = |id: &str| -> Vec<u8> {
        let digits = |at: usize| u8::from_str_radix(&id[at..at + 2], 16).unwrap();
        let bytes = (0..id.len()).step_by(2).map(digits);
        [b"100644 policy.json\0".to_vec(), bytes.collect()].concat()
    };
    scene.write("tree", [raw(&open), raw(&strict)].concat());
    let program = super::scene::program;
    let arguments = ["hash-object", "-t", "tree", "--literally", "-w", "tree"];
    let twice = program("git", &arguments, &scene.dir);
    fs::remove_file(scene.dir.join("tree")).unwrap();
    let listed = |revision: &str| program("git", &["ls-tree", revision], &scene.dir);
    let make = |lines: &str| {
        scene.write("lines", lines);
        let script = "git mktree <lines";
        let id = program("sh", &["-c", script], &scene.dir);
        fs::remove_file(scene.dir.join("lines")).unwrap();
        id.trim().to_owned()
    };
    let a = listed("HEAD:policies").replace(
        program("git", &["rev-parse", "HEAD:policies/a"], &scene.dir).trim(),
        twice.trim(),
    );
    let policies = make(&a);
    let top = listed("HEAD").replace(
        program("git", &["rev-parse", "HEAD:policies"], &scene.dir).trim(),
        &policies,
    );
    let top = make(&top);
    let commit = ["commit-tree", &top, "-p", "HEAD", "-m", "twice"];
    let identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"];
    let id = program("git", &[&identity[..], &commit[..]].concat(), &scene.dir);
    scene.git(&["update-ref", "HEAD", id.trim()]);
    scene.job().is_refused(3, "is there twice");
    scene.reset().tighten("a").commit().job().passes();
}

fn branch_named_like_a_tag() {
    let scene = Scene::new("branch-tag");
    scene.git(&["tag", "v1", "main"]);
    scene.loosen("a").commit();
    let base = ["--base", "v1"];
    scene.ci(&scene.dir, &base, &[]).is_loosened();
    scene.git(&["branch", "v1", "change"]);
    scene
        .ci(&scene.dir, &base, &[])
        .is_refused(2, "refs/heads/v1")
        .says("refs/tags/v1");
    scene.git(&["branch", "--delete", "--force", "--quiet", "v1"]);
    scene.reset().ci(&scene.dir, &base, &[]).passes();
}

fn tag_named_like_an_object() {
    let scene = Scene::new("tag-object");
    let id = super::scene::program("git", &["rev-parse", "main"], &scene.dir);
    let (id, short) = (id.trim().to_owned(), id[..8].to_owned());
    scene.loosen("a").commit();
    scene.ci(&scene.dir, &["--base", &short], &[]).is_loosened();
    scene.git(&["tag", &short, "change"]);
    scene
        .ci(&scene.dir, &["--base", &short], &[])
        .is_refused(2, &format!("refs/tags/{short}"));
    scene.git(&["tag", &id, "change"]);
    scene.ci(&scene.dir, &["--base", &id], &[]).is_loosened();
    scene.reset().ci(&scene.dir, &["--base", &id], &[]).passes();
}

fn base_pattern_with_dots() {
    let list = "[[policy]]\npath = \"./policies/*/policy.json\"\n";
    let scene = Scene::with("pattern-dots", &[("mcppolicy.toml", list)]);
    scene.write(
        "mcppolicy.toml",
        "[[policy]]\npath = \"rules/*/policy.json\"\n",
    );
    fs::create_dir_all(scene.dir.join("rules")).unwrap();
    for name in ["a", "b", "c"] {
        let (from, to) = (format!("policies/{name}"), format!("rules/{name}"));
        scene.git(&["mv", &from, &to]);
    }
    scene.write("rules/a/policy.json", up_to(9999)).commit();
    let said = scene.job();
    assert_eq!(said.code, 1, "{:#}", said.report);
    said.says("policies/a/policy.json");

    scene.reset();
    scene.write(
        "mcppolicy.toml",
        "[[policy]]\npath = \".//policies/*/./policy.json\"\n",
    );
    scene.tighten("a").commit().job().passes();
}

fn base_pattern_with_double_slashes() {
    let list = "[[policy]]\npath = \"policies//a/../*/policy.json\"\n";
    let scene = Scene::with("pattern-slashes", &[("mcppolicy.toml", list)]);
    scene.write(
        "mcppolicy.toml",
        "[[policy]]\npath = \"policies/b/policy.json\"\n",
    );
    scene.loosen("a").commit().job().is_loosened();
    scene.reset().tighten("a").commit().job().passes();
}

fn criss_cross_history() {
    let scene = Scene::new("criss-cross");
    // `left` is as strict as the base, `right` was loosened and approved there
    // once; each merges the other's first commit, and main has it strict.
    scene.git(&["checkout", "--quiet", "-b", "left", "main"]);
    scene.write("left", "1").commit();
    scene.git(&["checkout", "--quiet", "-b", "right", "main"]);
    scene.loosen("a").commit();
    scene
        .git(&["branch", "left-1", "left"])
        .git(&["branch", "right-1", "right"]);
    scene.git(&["checkout", "--quiet", "left"]);
    scene.git(&[
        "merge",
        "--quiet",
        "--no-ff",
        "--strategy",
        "ours",
        "-m",
        "keep",
        "right-1",
    ]);
    scene.git(&["checkout", "--quiet", "right"]);
    scene.git(&["merge", "--quiet", "--no-ff", "-m", "take", "left-1"]);
    scene.git(&["branch", "--force", "main", "left"]);
    scene.git(&["checkout", "--quiet", "-B", "change", "right"]);
    scene.write("change", "1").commit();
    let bases = super::scene::program("git", &["merge-base", "--all", "main", "HEAD"], &scene.dir);
    assert_eq!(bases.lines().count(), 2, "{bases}");
    scene.job().is_loosened();
    scene.tighten("a").commit().job().passes();
}

fn criss_cross_history_of_inventories() {
    let tools = r#"[{"name":"create_refund","description":"Refunds."}]"#;
    let scene = Scene::with(
        "criss-cross-tools",
        &[
            ("mcppolicy.toml", super::scene::LIST),
            ("policies/a/tools.json", tools),
        ],
    );
    let named = "[[policy]]\npath = \"policies/a/policy.json\"\ninventory = \"{dir}/tools.json\"\n";
    let named = format!("{named}{}", super::scene::LIST);
    scene
        .write("x", "1")
        .commit()
        .git(&["branch", "side", "change"]);
    scene.git(&["checkout", "--quiet", "main"]);
    scene.write("mcppolicy.toml", &named).commit();
    scene.git(&["branch", "named", "main"]);
    scene.git(&["merge", "--quiet", "--no-ff", "-m", "main", "side"]);
    scene.git(&["checkout", "--quiet", "change"]);
    scene.git(&["merge", "--quiet", "--no-ff", "-m", "change", "named"]);
    scene.write("mcppolicy.toml", super::scene::LIST);
    scene.write(
        "policies/a/tools.json",
        tools.replace("Refunds.", "Refunds all."),
    );
    scene.commit();
    let bases = super::scene::program("git", &["merge-base", "--all", "main", "HEAD"], &scene.dir);
    assert_eq!(bases.lines().count(), 2, "{bases}");
    scene.job().is_refused(1, "changed-tool");
    scene
        .write("policies/a/tools.json", tools)
        .write("mcppolicy.toml", &named);
    scene.commit().job().passes();
}

fn names_that_differ_in_case() {
    let scene = Scene::new("case");
    let blob = hashed(&scene, &up_to(9999));
    scene.git(&[
        "update-index",
        "--add",
        "--cacheinfo",
        &format!("100644,{blob},Policies/A/policy.json"),
    ]);
    scene.git(&["commit", "--quiet", "-m", "twin"]);
    scene
        .job()
        .is_refused(3, "ambiguous-path")
        .says("Policies/A/policy.json and policies/a/policy.json");
    // Files that have nothing to do with policies may be called anything.
    scene.reset();
    scene.write("notes.md", "1").write("NOTES.md", "2").commit();
    scene.job().passes();
}

fn names_that_differ_in_composition() {
    let scene = Scene::with(
        "composition",
        &[
            ("mcppolicy.toml", super::scene::LIST),
            ("policies/caf\u{e9}/policy.json", &up_to(100)),
        ],
    );
    let blob = hashed(&scene, &up_to(9999));
    let twin = format!("100644,{blob},policies/cafe\u{301}/policy.json");
    scene.git(&["update-index", "--add", "--cacheinfo", &twin]);
    scene.git(&["commit", "--quiet", "-m", "twin"]);
    scene.job().is_refused(3, "ambiguous-path");
    scene.reset().tighten("a").commit().job().passes();
}

fn hashed(scene: &Scene, text: &str) -> String {
    scene.write("blob", text);
    let id = super::scene::program("git", &["hash-object", "-w", "blob"], &scene.dir);
    fs::remove_file(scene.dir.join("blob")).unwrap();
    id.trim().to_owned()
}

#[cfg(target_os = "linux")]
fn name_that_is_not_utf8() {
    use std::os::unix::ffi::OsStrExt as _;
    let scene = Scene::new("not-utf8");
    let dir = scene.dir.join("policies");
    let dir = dir.join(std::ffi::OsStr::from_bytes(b"d\xff"));
    fs::create_dir_all(&dir).unwrap();
    fs::write(dir.join("policy.json"), up_to(9999)).unwrap();
    scene.commit().job().is_refused(3, "not UTF-8");
    scene.reset();
    fs::write(scene.dir.join(std::ffi::OsStr::from_bytes(b"n\xff.md")), "").unwrap();
    scene.tighten("a").commit().job().passes();
}

#[cfg(not(target_os = "linux"))]
fn name_that_is_not_utf8() {}

fn shallow_clone_that_hides_the_merge_base() {
    let scene = Scene::new("shallow");
    // The base becomes strict after the branch point, the change merges that
    // and takes it back.
    scene
        .git(&["checkout", "--quiet", "main"])
        .loosen("a")
        .commit();
    scene.git(&["checkout", "--quiet", "-B", "change", "main"]);
    scene
        .git(&["checkout", "--quiet", "main"])
        .tighten("a")
        .commit();
    scene.write("more", "1").commit();
    scene.git(&["checkout", "--quiet", "change"]);
    scene.git(&["merge", "--quiet", "--no-ff", "-m", "merge", "main~1"]);
    scene.loosen("a").commit();
    let clone = crate::support::fresh("gate-shallow-clone");
    let from = format!("file://{}", scene.dir.display());
    let at = clone.display().to_string();
    crate::support::git(
        &clone,
        &[
            "clone",
            "--quiet",
            "--no-single-branch",
            "--depth",
            "1",
            "--branch",
            "change",
            &from,
            &at,
        ],
    );
    let base = ["--base", "refs/remotes/origin/main"];
    scene.ci(&clone, &base, &[]).is_refused(2, "fetch-depth: 0");
    crate::support::git(&clone, &["fetch", "--quiet", "--unshallow"]);
    scene.ci(&clone, &base, &[]).is_loosened();
    let merged = ["--base", "refs/remotes/origin/main", "--gate", "never"];
    scene.ci(&clone, &merged, &[]).passes();
}
