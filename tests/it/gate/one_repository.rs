//! Repositories and links inside the change.

use std::fs;
use std::path::Path;

use super::scene::{LIST, Scene, program, up_to};
use crate::support::{self, commit, fresh, git, write};

attacks! {
    bare_repository_in_the_checked_directory: OneRepository,
        "commits a bare repository into the directory that is checked, whose `config` names a program as a remote" =>
        "the loosened policy is shown, exit 1; the program does not run";
    bare_repository_whose_refs_answer_as_the_base: OneRepository,
        "commits a bare repository whose `main` is the change itself" =>
        "the policy is compared with the real `main`, exit 1";
    directory_that_became_a_link: OneRepository,
        "replaces the directory of a policy by a symbolic link" =>
        "`unsafe-path` names the link, exit 3";
    start_that_became_a_link: OneRepository,
        "replaces the directory that the command is given by a symbolic link" =>
        "`unsafe-path` names the link, exit 3";
    configuration_that_became_a_link: OneRepository,
        "makes `mcppolicy.toml` a symbolic link" =>
        "`unsafe-path` names it, exit 3";
    start_that_became_a_submodule: OneRepository,
        "replaces the directory that the command is given by a submodule" =>
        "`unsafe-path` names it, exit 3";
    submodule_checked_alone: OneRepository,
        "is one of a submodule, and the command runs inside the submodule" =>
        "`unsafe-path` names the superproject, exit 3; `--submodule` compares the submodule's own history";
    variables_of_a_hook: OneRepository,
        "is committed in a linked worktree, whose hook has `GIT_DIR` set, with the configuration below the top" =>
        "the loosened policy is compared with the base, exit 1";
    variables_that_name_another_repository: OneRepository,
        "runs where `GIT_OBJECT_DIRECTORY`, `GIT_COMMON_DIR` or `GIT_WORK_TREE` name another repository" =>
        "they say nothing, exit 1";
    work_tree_that_the_configuration_of_git_moves: OneRepository,
        "is checked out where `core.worktree` of git's own configuration names another directory" =>
        "git's answer is another root than the one that was found, exit 2";
    start_that_is_reached_over_a_new_link: OneRepository,
        "moves the directory in which the job's step works and leaves a link to it there" =>
        "`unsafe-path` names the link, exit 3";
    policy_behind_two_links: OneRepository,
        "adds a link to a link to a directory with an open policy, a link that leads out, or a submodule, where the list matches" =>
        "`unsafe-path` names it, exit 3";
    policy_behind_a_link_that_the_list_matches: OneRepository,
        "adds a link to a directory with an open policy, where the list matches what is behind it" =>
        "`unsafe-path` names the link, exit 3";
}

/// A bare repository in `dir` of the scene, with this configuration, as a
/// change would commit it.
fn bare(scene: &Scene, dir: &str, config: &str) {
    let at = scene.dir.join(dir);
    fs::create_dir_all(&at).unwrap();
    git(&at, &["init", "--quiet", "--bare", "."]);
    fs::remove_dir_all(at.join("hooks")).unwrap();
    write(&at, "config", config);
    // Git does not keep empty directories.
    write(&at, "objects/keep", "");
    write(&at, "refs/keep", "");
}

fn bare_repository_in_the_checked_directory() {
    let scene = Scene::new("bare-repository");
    let ran = scene.dir.join("ran");
    let config = format!(
        "[core]\n\trepositoryformatversion = 1\n\tbare = true\n\tfsmonitor = touch {0}\n\
         [extensions]\n\tpartialClone = origin\n[remote \"origin\"]\n\tpromisor = true\n\
         \turl = ext::touch {0}\n[protocol \"ext\"]\n\tallow = always\n",
        ran.display()
    );
    bare(&scene, "policies", &config);
    scene.loosen("a").commit();
    let said = scene.ci(
        &scene.dir,
        &["--base", "main", "policies"],
        &[("CI", "true")],
    );
    said.is_loosened();
    // From inside, too.
    let inside = scene.dir.join("policies");
    scene
        .ci(&inside, &["--base", "main"], &[("CI", "true")])
        .is_loosened();
    assert!(!ran.exists());

    scene.reset().tighten("a").commit();
    scene
        .ci(&scene.dir, &["--base", "main", "policies"], &[])
        .passes();
}

fn bare_repository_whose_refs_answer_as_the_base() {
    let scene = Scene::new("bare-refs");
    scene.loosen("a").commit();
    let at = scene.dir.join("policies");
    program("git", &["clone", "--quiet", "--bare", "..", "store"], &at);
    let store = at.join("store");
    for name in ["HEAD", "config", "objects", "refs", "packed-refs"] {
        if store.join(name).exists() {
            fs::rename(store.join(name), at.join(name)).unwrap();
        }
    }
    fs::remove_dir_all(&store).unwrap();
    program(
        "git",
        &["--git-dir", ".", "update-ref", "refs/heads/main", "change"],
        &at,
    );
    scene.commit();
    scene
        .ci(&at, &["--base", "main"], &[("CI", "true")])
        .is_loosened();
    scene.reset().write("notes.md", "Nothing.\n").commit();
    scene
        .ci(&at, &["--base", "main"], &[("CI", "true")])
        .passes();
}

#[cfg(unix)]
fn link(target: &str, at: &Path) {
    std::os::unix::fs::symlink(target, at).unwrap();
}

#[cfg(not(unix))]
fn link(_: &str, _: &Path) {}

fn directory_that_became_a_link() {
    let scene = Scene::new("linked-directory");
    scene.write("open/policy.json", up_to(9999));
    fs::remove_dir_all(scene.dir.join("policies/a")).unwrap();
    link("../open", &scene.dir.join("policies/a"));
    scene.commit();
    scene
        .job()
        .is_refused(3, "policies/a, which is a symbolic link")
        .says("unsafe-path");

    scene.reset();
    // A link that leads to no policy is nobody's business.
    link("README.md", &scene.dir.join("LIESMICH.md"));
    scene.tighten("a").commit().job().passes();
}

fn start_that_became_a_link() {
    let scene = Scene::with(
        "linked-start",
        &[
            (
                "gate/mcppolicy.toml",
                "[[policy]]\npath = \"policy.json\"\n",
            ),
            ("gate/policy.json", &up_to(100)),
        ],
    );
    fs::remove_dir_all(scene.dir.join("gate")).unwrap();
    scene.write("open/policy.json", up_to(9999));
    link("open", &scene.dir.join("gate"));
    scene.commit();
    let start = ["--base", "main", "gate"];
    scene
        .ci(&scene.dir, &start, &[("CI", "true")])
        .is_refused(3, "gate is a symbolic link");
    scene.reset().write("gate/policy.json", up_to(5)).commit();
    scene.ci(&scene.dir, &start, &[("CI", "true")]).passes();
}

fn configuration_that_became_a_link() {
    let scene = Scene::new("linked-configuration");
    fs::remove_file(scene.dir.join("mcppolicy.toml")).unwrap();
    scene.write("other.toml", "").loosen("b");
    link("other.toml", &scene.dir.join("mcppolicy.toml"));
    scene
        .commit()
        .job()
        .is_refused(3, "mcppolicy.toml is a symbolic link");
    scene.reset();
    scene.write("other.toml", "").commit().job().passes();
}

/// A repository with a policy that pays this, to be a submodule.
fn module(name: &str, max: u32) -> std::path::PathBuf {
    let list = "[[policy]]\npath = \"policy.json\"\n";
    support::repository(
        &format!("gate-module-{name}"),
        &[("policy.json", &up_to(max)), ("mcppolicy.toml", list)],
    )
}

fn start_that_became_a_submodule() {
    let module = module("start", 9999);
    let scene = Scene::new("submodule-start");
    scene.git(&["rm", "--quiet", "-r", "policies/a"]);
    let from = module.display().to_string();
    scene
        .git(&["submodule", "--quiet", "add", &from, "policies/a"])
        .commit();
    scene
        .job()
        .is_refused(3, "policies/a, which is a submodule");
    scene
        .ci(&scene.dir, &["--base", "main", "policies/a"], &[])
        .is_refused(3, "policies/a is a submodule");

    scene.reset();
    // A submodule elsewhere is nobody's business.
    scene
        .git(&[
            "submodule",
            "--quiet",
            "add",
            "--force",
            "--name",
            "elsewhere",
            &from,
            "vendor",
        ])
        .commit();
    scene.job().passes();
}

fn submodule_checked_alone() {
    let module = module("alone", 100);
    let scene = Scene::new("submodule-alone");
    let from = module.display().to_string();
    scene
        .git(&["submodule", "--quiet", "add", &from, "vendor"])
        .commit();
    let inside = scene.dir.join("vendor");
    scene
        .ci(&inside, &["--base", "main"], &[])
        .is_refused(3, "This is a submodule of");
    scene
        .ci(&inside, &["--base", "main", "--submodule"], &[])
        .passes();
    write(&inside, "policy.json", up_to(9999));
    git(&inside, &["checkout", "--quiet", "-b", "change"]);
    commit(&inside);
    scene
        .ci(&inside, &["--base", "main", "--submodule"], &[])
        .is_loosened();
}

fn variables_of_a_hook() {
    let config = "[[policy]]\npath = \"*/policy.json\"\n";
    let scene = Scene::with("hook-variables", &[("policies/mcppolicy.toml", config)]);
    let tree = fresh("gate-hook-variables-tree");
    let at = tree.display().to_string();
    scene.git(&[
        "worktree", "add", "--quiet", "--force", "-b", "linked", &at, "main",
    ]);
    write(&tree, "policies/a/policy.json", up_to(9999));
    git(&tree, &["add", "--all"]);
    let git_dir = program("git", &["rev-parse", "--absolute-git-dir"], &tree);
    let git_dir = git_dir.trim();
    let index = format!("{git_dir}/index");
    let hook = [
        ("GIT_DIR", git_dir),
        ("GIT_INDEX_FILE", index.as_str()),
        ("GIT_PREFIX", ""),
    ];
    let below = tree.join("policies");
    scene.ci(&below, &["--base", "main"], &hook).is_loosened();

    git(&tree, &["reset", "--quiet", "--hard", "main"]);
    write(&tree, "policies/a/policy.json", up_to(5));
    git(&tree, &["add", "--all"]);
    let said = scene.ci(&below, &["--base", "main"], &hook);
    said.passes();
    assert_eq!(said.report["summary"]["verdict"], "tightened");
    git(&scene.dir, &["worktree", "remove", "--force", &at]);
}

fn variables_that_name_another_repository() {
    let scene = Scene::new("variables");
    let other = Scene::new("variables-other");
    let there = other.dir.join(".git").display().to_string();
    let objects = format!("{there}/objects");
    let tree = other.dir.display().to_string();
    scene.loosen("a").commit();
    for variable in [
        ("GIT_DIR", there.as_str()),
        ("GIT_COMMON_DIR", there.as_str()),
        ("GIT_OBJECT_DIRECTORY", objects.as_str()),
        ("GIT_WORK_TREE", tree.as_str()),
        ("GIT_NAMESPACE", "x"),
        ("GIT_CEILING_DIRECTORIES", tree.as_str()),
        // An index that lies elsewhere is not that of a hook here.
        ("GIT_INDEX_FILE", "/nonexistent/index"),
    ] {
        scene
            .ci(&scene.dir, &["--base", "main"], &[variable])
            .is_loosened();
    }
    scene.reset().tighten("a").commit();
    scene
        .ci(&scene.dir, &["--base", "main"], &[("GIT_DIR", &there)])
        .passes();
}

fn work_tree_that_the_configuration_of_git_moves() {
    let scene = Scene::new("core-worktree");
    let other = Scene::new("core-worktree-other");
    let there = other.dir.display().to_string();
    scene.loosen("a").commit();
    scene.git(&["config", "core.worktree", &there]);
    scene.here().is_refused(2, "for the working tree of");
    program(
        "git",
        &[
            "config",
            "--file",
            ".git/config",
            "--unset",
            "core.worktree",
        ],
        &scene.dir,
    );
    scene.here().is_loosened();
    scene.reset().here().passes();
}

fn start_that_is_reached_over_a_new_link() {
    let list = "[[policy]]\npath = \"policy.json\"\n";
    let policy = up_to(100);
    let files = [("gw/mcppolicy.toml", list), ("gw/policy.json", &policy)];
    let scene = Scene::with("linked-cwd", &files);
    scene.git(&["mv", "gw", "open"]);
    scene.write("open/policy.json", up_to(9999));
    link("open", &scene.dir.join("gw"));
    scene.commit();
    // The process of a step with this working directory is in `open`.
    let inside = scene.dir.join("gw");
    scene
        .ci(&inside, &["--base", "main"], &[("CI", "true")])
        .is_refused(3, "gw is a symbolic link");
    scene.reset().write("gw/policy.json", up_to(5)).commit();
    scene
        .ci(&inside, &["--base", "main"], &[("CI", "true")])
        .passes();
}

fn policy_behind_two_links() {
    let scene = Scene::new("linked-twice");
    for target in ["../hop", "/srv/open", "../../elsewhere"] {
        scene.reset();
        scene.write("open/policy.json", up_to(9999));
        link("open", &scene.dir.join("hop"));
        link(target, &scene.dir.join("policies/d"));
        scene.commit().job().is_refused(3, "policies/d");
    }
    let id = program("git", &["rev-parse", "main"], &scene.dir);
    let entry = format!("160000,{},policies/d", id.trim());
    scene
        .reset()
        .git(&["update-index", "--add", "--cacheinfo", &entry]);
    scene.git(&["commit", "--quiet", "-m", "module"]);
    scene.job().is_refused(3, "policies/d is a submodule");
    scene.reset();
    link("../README.md", &scene.dir.join("policies/README.md"));
    scene.tighten("a").commit().job().passes();
}

fn policy_behind_a_link_that_the_list_matches() {
    let scene = Scene::new("linked-new");
    scene.write("open/policy.json", up_to(9999));
    link("../open", &scene.dir.join("policies/d"));
    scene
        .commit()
        .job()
        .is_refused(3, "policies/d, which is a symbolic link");
    scene
        .reset()
        .write("mcppolicy.toml", format!("exclude = [\"open/**\"]\n{LIST}"));
    scene.write("policies/d/policy.json", up_to(9)).commit();
    scene.job().passes();
}
