//! Where the binary comes from.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::pull::has_tools;
use crate::support::{fresh, root};

const ENGINE: &str = "crates/mcppolicy-engine/src/lib.rs";
const MANIFEST: &str = "crates/mcppolicy-engine/Cargo.toml";

/// A copy of what is compiled, and a runner's directories beside it.
fn sources(name: &str) -> PathBuf {
    let dir = fresh(&format!("action-install-{name}"));
    for file in ["Cargo.lock", "Cargo.toml", "rust-toolchain.toml"] {
        fs::copy(root().join(file), dir.join(file)).unwrap();
    }
    for (file, text) in [
        ("src/main.rs", "fn main() {}\n"),
        ("schema/a.json", "{}\n"),
        (ENGINE, "fn decide() {}\n"),
        (MANIFEST, "[package]\n"),
    ] {
        fs::create_dir_all(dir.join(file).parent().unwrap()).unwrap();
        fs::write(dir.join(file), text).unwrap();
    }
    fs::create_dir_all(dir.join("temp")).unwrap();
    dir
}

/// Runs a script of the action: its exit code, its log and its outputs.
fn run(script: &str, dir: &Path, more: &[(&str, &str)]) -> (i32, String, String) {
    let output = dir.join("output");
    fs::write(&output, "").unwrap();
    let path = std::env::var("PATH").unwrap();
    let path = format!("{}:{path}", dir.join("bin").display());
    let ran = Command::new("bash")
        .arg(root().join(".github/action").join(script))
        .current_dir(dir)
        .env_clear()
        .env("PATH", path)
        .env("GITHUB_ACTION_PATH", dir)
        .env("GITHUB_OUTPUT", &output)
        .env("RUNNER_ARCH", "X64")
        .env("RUNNER_OS", "Linux")
        .env("RUNNER_TEMP", dir.join("temp"))
        .envs(more.iter().copied())
        .output()
        .unwrap();
    let log = String::from_utf8_lossy(&ran.stdout) + String::from_utf8_lossy(&ran.stderr);
    let outputs = fs::read_to_string(output).unwrap();
    (ran.status.code().unwrap(), log.into_owned(), outputs)
}

/// Puts a program in the way of the real one.
fn stand_in(dir: &Path, name: &str, script: &str) {
    let file = dir.join("bin").join(name);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
}

/// A cargo that writes down what it is asked for, and what it would build.
const CARGO: &str = "echo \"$PWD cargo $*\"
for target; do :; done
mkdir -p \"$target/release\"
printf '#!/bin/sh\\necho built\\n' > \"$target/release/mcppolicy\"
chmod +x \"$target/release/mcppolicy\"";

#[test]
fn it_is_built_from_the_sources_of_the_action_as_they_are_locked() {
    if !has_tools() {
        return;
    }
    let dir = sources("build");
    stand_in(&dir, "cargo", CARGO);
    let (code, log, outputs) = run("install.sh", &dir, &[]);
    assert_eq!(code, 0, "{log}");
    let asked = format!("{} cargo build --release --locked", dir.display());
    assert!(log.contains(&asked), "{log}");
    assert!(log.contains("\nbuilt\n"), "{log}");
    let directory = format!("binary={}/temp/mcppolicy-bin-", dir.display());
    assert!(outputs.starts_with(&directory), "{outputs}");
}

#[test]
fn nothing_that_was_there_before_is_run() {
    if !has_tools() {
        return;
    }
    let dir = sources("there-before");
    stand_in(&dir, "cargo", CARGO);
    // Where a cache put the command once, and where it was built.
    let planted = "#!/bin/sh\necho planted\n";
    for file in [
        "mcppolicy-bin/mcppolicy",
        "mcppolicy-target/release/mcppolicy",
    ] {
        let file = crate::support::write(&dir.join("temp"), file, planted);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let directory = dir.join("temp/mcppolicy-bin");
    let more = [("MCPPOLICY_DIRECTORY", directory.to_str().unwrap())];
    let (code, log, outputs) = run("install.sh", &dir, &more);
    assert_eq!(code, 0, "{log}");
    assert!(!log.contains("planted") && log.contains("built"), "{log}");
    assert!(!outputs.contains("mcppolicy-bin/"), "{outputs}");
}

#[test]
fn a_binary_that_is_named_is_used_unless_it_is_in_the_workspace() {
    if !has_tools() {
        return;
    }
    let dir = sources("named");
    let named = env!("CARGO_BIN_EXE_mcppolicy");
    let workspace = dir.join("workspace");
    fs::create_dir_all(&workspace).unwrap();
    let workspace = ("GITHUB_WORKSPACE", workspace.to_str().unwrap());
    let (code, log, outputs) = run("install.sh", &dir, &[workspace, ("MCPPOLICY_BIN", named)]);
    assert_eq!(code, 0, "{log}");
    assert_eq!(outputs, format!("binary={named}\n"));
    assert!(log.starts_with("mcppolicy 0."), "{log}");
    let nowhere = ("MCPPOLICY_BIN", "/nowhere/mcppolicy");
    let (code, _, _) = run("install.sh", &dir, &[workspace, nowhere]);
    assert_ne!(code, 0, "one that does not run fails the step");

    let planted =
        crate::support::write(&dir, "workspace/bin/mcppolicy", "#!/bin/sh\necho planted\n");
    fs::set_permissions(&planted, fs::Permissions::from_mode(0o755)).unwrap();
    std::os::unix::fs::symlink("workspace/bin", dir.join("linked")).unwrap();
    for path in [planted.clone(), dir.join("linked/mcppolicy")] {
        let named = ("MCPPOLICY_BIN", path.to_str().unwrap());
        let (code, log, outputs) = run("install.sh", &dir, &[workspace, named]);
        assert_eq!((code, outputs.as_str()), (2, ""), "{log}");
        assert!(!log.contains("planted"), "{log}");
    }
}

#[test]
fn a_release_that_cannot_be_verified_is_not_built_around() {
    if !has_tools() {
        return;
    }
    let dir = sources("release");
    stand_in(&dir, "cargo", CARGO);
    stand_in(&dir, "gh", "echo 'gh: Server Error (HTTP 502)' >&2; exit 1");
    let more = [
        ("ACTION_REPOSITORY", "acme/mcppolicy"),
        ("ACTION_REF", "v0.1.0"),
        ("GH_TOKEN", "t"),
    ];
    let (code, log, outputs) = run("install.sh", &dir, &more);
    assert!(code != 0 && log.contains("HTTP 502"), "{log}");
    assert!(!log.contains("cargo build"), "{log}");
    assert_eq!(outputs, "");
    stand_in(&dir, "gh", "echo 'gh: Not Found (HTTP 404)' >&2; exit 1");
    let (code, log, _) = run("install.sh", &dir, &more);
    assert!(code == 0 && log.contains("cargo build"), "{log}");
}
