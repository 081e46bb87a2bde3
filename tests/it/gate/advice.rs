//! What the pages and the Action tell users to do.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use crate::action::pull::{Depth, POLICY, Pull, Ready, config, has_tools, policy};
use crate::action::runner::{Done, action, entries};
use crate::action::server::Server;
use crate::repository::is_safe;
use crate::support::{commit, fresh, git, python, root, write, yaml};

attacks! {
    a_cached_program_is_not_run: Advice,
        "puts a program of its own where the Action or a page's cache keeps the command"
        => "no example and no step keeps or restores a cache; a named binary in the workspace is refused";
    examples_are_safe_to_copy: Advice,
        "uses a token, a moved tag or a script of its own that a job from the pages would take from it"
        => "every workflow of the pages and of `init` pins actions by hash, states permissions and keeps no token in the checkout";
    a_bare_repository_runs_nothing: OneRepository,
        "commits a bare repository whose configuration names programs and is where the Action's `path` leads"
        => "the Action asks git in the root of the checkout only";
    a_path_over_a_link_is_refused: OneRepository,
        "replaces the directory that the Action's `path` names by a link to a harmless one"
        => "the job fails with 2";
    a_path_out_of_the_workspace_is_refused: OneRepository,
        "is checked by a job whose `path` leads out of the workspace or into a submodule"
        => "the job fails with 2";
    a_tag_is_not_the_base: OneRepository,
        "is pushed with a tag called `origin/main`"
        => "the Action compares with `refs/remotes/origin/main`";
    sarif_is_not_copied_over_a_link: Files,
        "commits a link where the Action's `sarif` is written, or on the way there"
        => "the job fails with 2 and nothing is written through the link";
}

/// A pull request on the refunds' policy, which its change tightens.
fn tightening(name: &str, depth: Depth) -> Ready {
    let before = [(POLICY, policy(100, 50)), ("mcppolicy.toml", config(""))];
    Pull {
        name,
        before: &before,
        change: &[(POLICY, Some(policy(80, 50)))],
        depth,
    }
    .open()
}

/// Amends the checked-out merge, and says that this is the job's commit.
fn run(ready: &Ready, server: &Server, inputs: &[(&'static str, &str)]) -> Done {
    commit(&ready.dir);
    let mut job = ready.job(&server.url);
    job.inputs = inputs
        .iter()
        .map(|(name, value)| (*name, (*value).to_owned()))
        .collect();
    job.run()
}

fn runnable(file: &Path) {
    fs::set_permissions(file, fs::Permissions::from_mode(0o755)).unwrap();
}

/// The pages that users read.
fn pages() -> Vec<PathBuf> {
    let docs = fs::read_dir(root().join("docs")).unwrap();
    let docs = docs.map(|entry| entry.unwrap().path());
    docs.chain([root().join("README.md")]).collect()
}

/// The blocks of a language in a page.
fn blocks(page: &Path, language: &str) -> Vec<String> {
    let text = fs::read_to_string(page).unwrap();
    let begin = format!("```{language}\n");
    let parts = text.split(&begin).skip(1);
    parts
        .map(|part| part.split("```").next().unwrap().to_owned())
        .collect()
}

fn a_cached_program_is_not_run() {
    let action = action();
    for step in action["runs"]["steps"].as_vec().unwrap() {
        assert_eq!(step["uses"].as_str(), None, "{step:?}");
    }
    for page in pages() {
        for block in blocks(&page, "yaml") {
            assert!(!block.contains("cache:"), "{}: {block}", page.display());
            for place in ["$PWD", "CI_PROJECT_DIR", "GITHUB_WORKSPACE"] {
                assert!(!block.contains(place), "{}: {block}", page.display());
            }
        }
    }
    if !has_tools() {
        return;
    }
    let server = Server::start();
    let ready = tightening("gate-cached", Depth::Commits(2));
    let planted = write(&ready.dir, "bin/mcppolicy", "#!/bin/sh\ntouch ran\n");
    runnable(&planted);
    let mut job = ready.job(&server.url);
    job.environment
        .push(("MCPPOLICY_BIN", planted.to_str().unwrap().to_owned()));
    assert_eq!(job.run().code, 2);
    assert!(!ready.dir.join("ran").exists());
    assert_eq!(run(&ready, &server, &[]).code, 0);
    assert!(!ready.dir.join("ran").exists());
}

fn examples_are_safe_to_copy() {
    let Some(python) = python() else { return };
    let mut workflows = 0;
    for page in pages() {
        let name = page.display().to_string();
        for block in blocks(&page, "yaml") {
            let read = yaml(python, &block);
            if read["jobs"].is_object() {
                workflows += 1;
                is_safe(&name, &read, &["OWNER/mcppolicy"]);
                for (_, job) in read["jobs"].as_object().unwrap() {
                    for step in job["steps"].as_array().unwrap() {
                        assert!(step["run"].is_null(), "{name}: {step}");
                    }
                }
            }
        }
        for block in blocks(&page, "sh") {
            // Neither a program of the checkout nor a download, as it comes.
            for line in block.lines().map(str::trim_start) {
                let from_checkout = line.starts_with("./") || line.starts_with("sh ");
                assert!(!from_checkout && !line.contains("curl"), "{name}: {line}");
            }
        }
    }
    assert!(workflows >= 3, "{workflows}");
    for (wrong, from, to) in [
        (
            "a moved tag",
            "@11bd71901bbe5b1630ceea73d27597364c9af683",
            "@v4",
        ),
        ("a token", "persist-credentials: false", "fetch-tags: false"),
        ("a stranger", "pull_request:", "pull_request_target:"),
        ("a cache", "actions/checkout@", "actions/cache@"),
        ("no permissions", "\npermissions:", "\nenv:"),
    ] {
        let page = root().join("README.md");
        let mut blocks = blocks(&page, "yaml").into_iter();
        let block = blocks.find(|block| block.contains("jobs:")).unwrap();
        let hostile = yaml(python, &block.replace(from, to));
        let checked = std::panic::catch_unwind(|| is_safe(wrong, &hostile, &["OWNER/mcppolicy"]));
        assert!(checked.is_err(), "{wrong}");
    }
}

/// Makes `dir` a bare repository, as a change can commit one, whose
/// configuration runs a program that leaves `ran` behind.
fn bare_repository(dir: &Path, ran: &Path) {
    git(
        dir.parent().unwrap(),
        &["init", "--quiet", "--bare", dir.to_str().unwrap()],
    );
    let program = write(
        dir,
        "program",
        format!("#!/bin/sh\ntouch '{}'\n", ran.display()),
    );
    runnable(&program);
    let mut config = fs::read_to_string(dir.join("config")).unwrap();
    let program = program.display();
    config.push_str(&format!(
        "[core]\n\tfsmonitor = {program}\n\tbare = false\n\tworktree = .\n\tsshCommand = {program}\n\
         \tpager = {program}\n[alias]\n\trev-parse = !{program}\n\thash-object = !{program}\n\
         [uploadpack]\n\tpackObjectsHook = {program}\n[extensions]\n\tpartialClone = origin\n\
         [remote \"origin\"]\n\turl = ext::{program}\n\tpromisor = true\n[protocol]\n\tallow = always\n"
    ));
    fs::write(dir.join("config"), config).unwrap();
    write(
        dir,
        "refs/heads/main",
        "0123456789012345678901234567890123456789\n",
    );
    write(dir, "refs/.keep", "");
    write(dir, "objects/.keep", "");
}

fn a_bare_repository_runs_nothing() {
    if !has_tools() {
        return;
    }
    let server = Server::start();
    for command in ["lint", "validate", "ci"] {
        let ready = tightening(&format!("gate-bare-{command}"), Depth::Commits(0));
        let ran = ready.dir.with_extension("ran");
        let _ = fs::remove_file(&ran);
        let inside = ready.dir.join("policies/pay");
        bare_repository(&inside, &ran);
        let before = run(
            &ready,
            &server,
            &[("command", command), ("path", "policies/pay")],
        );
        assert!(!ran.exists(), "{command}: {}", before.log);
    }
    let ready = tightening("gate-bare-twin", Depth::Commits(2));
    let done = ready.job(&server.url).run();
    assert_eq!(done.code, 0, "{}", done.log);
}

fn a_path_over_a_link_is_refused() {
    if !has_tools() {
        return;
    }
    let server = Server::start();
    let ready = tightening("gate-linked-path", Depth::Commits(0));
    write(&ready.dir, "harmless/policy.json", policy(1, 1));
    symlink("harmless", ready.dir.join("gate")).unwrap();
    symlink("..", ready.dir.join("harmless/up")).unwrap();
    for path in ["gate", "./gate/", "harmless/up/policies", "harmless//up"] {
        let done = run(&ready, &server, &[("path", path)]);
        assert_eq!(done.code, 2, "{path}: {}", done.log);
        assert!(done.log.contains("symbolic link"), "{path}: {}", done.log);
    }
    let absolute = ready.dir.to_str().unwrap().to_owned();
    for path in [".", "./", absolute.as_str()] {
        let done = run(&ready, &server, &[("path", path), ("command", "validate")]);
        assert_eq!(done.code, 0, "{path}: {}", done.log);
    }
}

fn a_path_out_of_the_workspace_is_refused() {
    if !has_tools() {
        return;
    }
    let server = Server::start();
    let ready = tightening("gate-outside", Depth::Commits(0));
    let other = fresh("gate-outside-other");
    git(&other, &["init", "--quiet"]);
    write(&other, "policy.json", policy(1, 1));
    commit(&other);
    let outside = other.to_str().unwrap().to_owned();
    for path in ["..", "policies/../..", outside.as_str(), "/"] {
        let done = run(&ready, &server, &[("path", path)]);
        assert_eq!(done.code, 2, "{path}: {}", done.log);
        assert!(
            done.log.contains("leaves the workspace"),
            "{path}: {}",
            done.log
        );
    }
    git(
        &ready.dir,
        &["submodule", "--quiet", "add", &outside, "sub"],
    );
    for path in ["sub", "sub/x"] {
        let done = run(&ready, &server, &[("path", path)]);
        assert_eq!(done.code, 2, "{path}: {}", done.log);
        assert!(done.log.contains("submodule"), "{path}: {}", done.log);
    }
    let done = run(
        &ready,
        &server,
        &[("path", "policies"), ("command", "validate")],
    );
    assert_eq!(done.code, 0, "{}", done.log);
}

fn a_tag_is_not_the_base() {
    if !has_tools() {
        return;
    }
    let server = Server::start();
    let before = [(POLICY, policy(100, 50)), ("mcppolicy.toml", config(""))];
    for (name, amount, code) in [("gate-tag", 500, 1), ("gate-tag-twin", 80, 0)] {
        let ready = Pull {
            name,
            before: &before,
            change: &[(POLICY, Some(policy(amount, 50)))],
            depth: Depth::Head,
        }
        .open();
        // Short names mean the tag first, and it holds the change itself.
        git(&ready.dir, &["tag", "origin/main", "HEAD"]);
        let done = ready.job(&server.url).run();
        assert_eq!(done.code, code, "{}", done.log);
    }
}

fn sarif_is_not_copied_over_a_link() {
    if !has_tools() {
        return;
    }
    let server = Server::start();
    let victims = fresh("gate-sarif-victims");
    let victim = write(&victims, "victim", "kept");
    let ready = tightening("gate-sarif", Depth::Commits(2));
    symlink(&victim, ready.dir.join("direct.sarif")).unwrap();
    symlink(&victims, ready.dir.join("out")).unwrap();
    fs::create_dir(ready.dir.join("deep")).unwrap();
    symlink("../out", ready.dir.join("deep/out")).unwrap();
    symlink(victims.join("absent"), ready.dir.join("dangling")).unwrap();
    let absolute = ready.dir.join("direct.sarif");
    for path in [
        "direct.sarif",
        "./out/victim",
        "out/new.sarif",
        "deep/out/new.sarif",
        "dangling",
        "dangling/new.sarif",
        "deep/../out/new.sarif",
        absolute.to_str().unwrap(),
    ] {
        let done = ready_with(&ready, &server, path);
        assert_eq!(done.code, 2, "{path}: {}", done.log);
    }
    assert_eq!(fs::read_to_string(&victim).unwrap(), "kept");
    assert_eq!(fs::read_dir(&victims).unwrap().count(), 1);
    fs::remove_file(ready.dir.join("out")).unwrap();
    for path in ["report.sarif", "out/new.sarif"] {
        let done = ready_with(&ready, &server, path);
        assert_eq!(done.code, 0, "{path}: {}", done.log);
        let sarif = fs::read_to_string(ready.dir.join(path)).unwrap();
        assert!(sarif.contains("\"version\""), "{sarif}");
        assert!(!ready.dir.join(path).is_symlink());
    }
    assert_eq!(
        entries(&action()["inputs"])
            .iter()
            .filter(|(name, _)| name == "sarif")
            .count(),
        1
    );
}

/// The job with this `sarif`, on the merge as it was checked out.
fn ready_with(ready: &Ready, server: &Server, sarif: &str) -> Done {
    let mut job = ready.job(&server.url);
    job.inputs = vec![("sarif", sarif.to_owned())];
    job.run()
}
