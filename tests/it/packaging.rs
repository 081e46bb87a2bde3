//! What people install: the wheel, the npm packages, the image and the hooks'
//! mirror are made from one built program, installed and run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use crate::support::{commit, copy, fresh, git, program, python, root, write};

const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The target whose names the packages have. The tests build for the machine's
/// own C library, statically; a release builds for this one.
const TARGET: &str = "x86_64-unknown-linux-musl";

fn finished(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let said = [&output.stdout[..], &output.stderr[..]].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(output.status.success(), "{command:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

fn path_with(python: &Path) -> std::ffi::OsString {
    let path = std::env::var_os("PATH").unwrap();
    let path = std::iter::once(python.to_owned()).chain(std::env::split_paths(&path));
    std::env::join_paths(path).unwrap()
}

/// A directory with the wheel, the program and the archive of one build, made by
/// the first test that needs it.
fn built() -> Option<&'static Path> {
    static BUILT: OnceLock<Option<PathBuf>> = OnceLock::new();
    BUILT.get_or_init(build).as_deref()
}

fn build() -> Option<PathBuf> {
    if std::env::var("CI").as_deref() != Ok("true") {
        println!("skipped: CI=true builds the packages, which takes minutes");
        return None;
    }
    let python = python()?;
    // One for each process, where tests are run by several.
    let dir = fresh(&format!("packages-{}", std::process::id()));
    let mut wheel = Command::new(root().join(".ci/wheel"));
    wheel
        .arg("x86_64-unknown-linux-gnu")
        .arg(&dir)
        .env("PATH", path_with(python))
        .envs(crate::precommit::CHEAP_BUILD)
        .env("CARGO_TARGET_DIR", crate::precommit::hook_build());
    finished(&mut wheel);
    let mut archive = Command::new(root().join(".ci/archive"));
    archive.arg(TARGET).arg(dir.join("mcppolicy")).arg(&dir);
    finished(&mut archive);
    Some(dir)
}

fn wheel(dir: &Path) -> PathBuf {
    let files = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut wheels = files.filter(|file| file.extension().is_some_and(|end| end == "whl"));
    wheels.next().unwrap()
}

/// A directory of links to every program of the PATH but what compiles: what a
/// machine without a compiler has.
fn without_compilers(name: &str) -> PathBuf {
    let dir = fresh(name);
    let path = std::env::var_os("PATH").unwrap();
    let compiles = |program: &str| {
        let tools = ["cc", "c++", "gcc", "g++", "clang", "ld", "as"];
        let of_rust = ["cargo", "rustc", "rustup", "clippy", "rustdoc"];
        tools.contains(&program)
            || program.contains("gcc")
            || program.contains("g++")
            || of_rust.iter().any(|tool| program.starts_with(tool))
    };
    for entry in std::env::split_paths(&path).filter_map(|dir| fs::read_dir(dir).ok()) {
        for program in entry.map(|program| program.unwrap()) {
            let name = program.file_name();
            let is_new = !dir.join(&name).is_symlink();
            if is_new && !compiles(&name.to_string_lossy()) {
                std::os::unix::fs::symlink(program.path(), dir.join(&name)).unwrap();
            }
        }
    }
    dir
}

/// Runs the installed command on the shipped example: a finding, exit code 1.
fn finds(command: &mut Command) {
    let output = command
        .args(["lint", "before.json"])
        .current_dir(root().join("testdata/refund"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(said.contains("fail-open-deny"), "{said}");
}

#[test]
fn the_wheel_fits_every_linux_and_installs_without_a_compiler() {
    let Some(dir) = built() else { return };
    let wheel = wheel(dir);
    let name = wheel.file_name().unwrap().to_str().unwrap();
    assert_eq!(
        name,
        format!("mcppolicy-{VERSION}-py3-none-manylinux2014_x86_64.musllinux_1_1_x86_64.whl")
    );
    let Some(python) = python() else { return };
    let bare = without_compilers("wheel-path");
    let venv = fresh("wheel-venv");
    let mut make = Command::new(python.join("python"));
    make.args(["-m", "venv"]).arg(&venv).env("PATH", &bare);
    finished(&mut make);
    let mut install = Command::new(venv.join("bin/pip"));
    install
        .args(["install", "--quiet", "--no-index"])
        .arg(&wheel);
    finished(install.env("PATH", &bare));
    let installed = venv.join("bin/mcppolicy");
    assert_eq!(
        fs::read(&installed).unwrap(),
        fs::read(dir.join("mcppolicy")).unwrap()
    );
    finds(Command::new(installed).env("PATH", &bare));
}

#[test]
fn npm_installs_the_program_and_ends_as_it_ends() {
    let Some(dir) = built() else { return };
    let Some(npm) = program("npm", &["npm"]) else {
        return;
    };
    let out = fresh("npm-packages");
    let mut make = Command::new("node");
    make.arg(root().join("npm/build.mjs"))
        .arg(dir)
        .arg(&out)
        .arg(TARGET);
    finished(&mut make);
    let user = fresh("npm-user");
    for package in ["mcppolicy", "linux-x64"] {
        let mut pack = Command::new(npm);
        pack.args(["pack", "--silent", "--pack-destination"])
            .arg(&user);
        finished(pack.arg(out.join(package)));
    }
    let mut install = Command::new(npm);
    install
        .args([
            "install",
            "--offline",
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
        ])
        .arg(format!("./mcppolicy-{VERSION}.tgz"))
        .arg(format!("./mcppolicy-linux-x64-{VERSION}.tgz"))
        .current_dir(&user);
    finished(&mut install);
    assert_eq!(
        fs::read(user.join("node_modules/@mcppolicy/linux-x64/mcppolicy")).unwrap(),
        fs::read(dir.join("mcppolicy")).unwrap()
    );
    // npx runs what is installed where it stands; a test must not load anything.
    finds(Command::new("node").arg(user.join("node_modules/.bin/mcppolicy")));
    let mut npx = Command::new("npx");
    npx.args(["--no-install", "mcppolicy", "--version"])
        .current_dir(&user);
    assert_eq!(finished(&mut npx).trim(), format!("mcppolicy {VERSION}"));
}

/// The digests of a layout hold, and its only program runs where nothing else is.
#[test]
fn the_image_holds_the_program_alone_and_runs_in_an_empty_root() {
    let Some(dir) = built() else { return };
    let image = fresh("image").join("layout");
    let mut make = Command::new(root().join(".ci/image"));
    make.arg(&image)
        .arg(format!("amd64={}", dir.join("mcppolicy").display()));
    finished(&mut make);
    let read = |digest: &serde_json::Value| {
        let digest = digest["digest"].as_str().unwrap().replace(':', "/");
        let file = image.join("blobs").join(&digest);
        let mut sum = Command::new("sha256sum");
        let sum = finished(sum.arg(&file));
        assert_eq!(sum.split(' ').next(), digest.split('/').next_back());
        file
    };
    let json = |file: &Path| -> serde_json::Value {
        serde_json::from_slice(&fs::read(file).unwrap()).unwrap()
    };
    let index = json(&read(&json(&image.join("index.json"))["manifests"][0]));
    let manifest = json(&read(&index["manifests"][0]));
    let config = json(&read(&manifest["config"]));
    assert_eq!(config["config"]["User"], "65532:65532");
    assert_eq!(config["config"]["Entrypoint"][0], "/mcppolicy");
    let empty = fresh("image-root");
    let mut unpack = Command::new("tar");
    unpack
        .arg("-xzf")
        .arg(read(&manifest["layers"][0]))
        .arg("-C")
        .arg(&empty);
    finished(unpack.arg("--no-same-owner"));
    assert_eq!(
        fs::read(empty.join("mcppolicy")).unwrap(),
        fs::read(dir.join("mcppolicy")).unwrap()
    );
    let Some(unshare) = program("unshare", &["unshare"]) else {
        return;
    };
    let mut run = Command::new(unshare);
    run.args(["--user", "--map-root-user", "--root"])
        .arg(&empty)
        .args(["/mcppolicy", "--version"]);
    assert_eq!(finished(&mut run).trim(), format!("mcppolicy {VERSION}"));
}

#[test]
fn the_mirrors_hooks_install_the_wheel_and_compile_nothing() {
    let Some(dir) = built() else { return };
    let Some(python) = python() else { return };
    let packages = fresh("mirror-index");
    let wheel = wheel(dir);
    copy(&wheel, &packages.join(wheel.file_name().unwrap()));
    let mut backend = Command::new(python.join("pip"));
    backend.args(["download", "--quiet", "--no-deps", "--only-binary", ":all:"]);
    finished(backend.args(["setuptools", "--dest"]).arg(&packages));
    let mirror = mirror("mirror");
    git(&mirror, &["init", "--quiet"]);
    commit(&mirror);
    git(&mirror, &["tag", &format!("v{VERSION}")]);

    let repository = fresh("mirror-user");
    copy(&root().join("testdata/quickstart"), &repository);
    write(
        &repository,
        ".pre-commit-config.yaml",
        format!(
            "repos:\n  - repo: {}\n    rev: v{VERSION}\n    hooks:\n      - id: mcppolicy-lint\n      - id: mcppolicy-test\n",
            mirror.display()
        ),
    );
    git(&repository, &["init", "--quiet"]);
    git(&repository, &["add", "--all"]);
    let bare = without_compilers("mirror-path");
    let run = || -> Output {
        Command::new(python.join("pre-commit"))
            .args(["run", "--all-files"])
            .current_dir(&repository)
            .env("PATH", &bare)
            .env(
                "PRE_COMMIT_HOME",
                Path::new(env!("CARGO_TARGET_TMPDIR")).join("mirror-home"),
            )
            .envs([("PIP_NO_INDEX", "1"), ("NO_COLOR", "1")])
            .env("PIP_FIND_LINKS", &packages)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .envs([
                ("GIT_CONFIG_COUNT", "1"),
                ("GIT_CONFIG_KEY_0", "protocol.file.allow"),
            ])
            .env("GIT_CONFIG_VALUE_0", "always")
            .output()
            .unwrap()
    };
    fresh("mirror-home");
    let good = run();
    let said = String::from_utf8_lossy(&good.stdout);
    assert!(good.status.success(), "{good:?}");
    assert_eq!(said.matches("Passed").count(), 2, "{said}");
    let policy = repository.join("comfyui/policy.json");
    let text = fs::read_to_string(&policy).unwrap();
    fs::write(&policy, text.replacen("\"deny\"", "\"allow\"", 1)).unwrap();
    git(&repository, &["add", "--all"]);
    let bad = run();
    let said = String::from_utf8_lossy(&bad.stdout);
    assert!(
        !bad.status.success() && said.contains("missing-default-deny"),
        "{said}"
    );
}

/// The mirror repository of this version.
fn mirror(name: &str) -> PathBuf {
    let dir = fresh(name);
    let mut write = Command::new(root().join(".ci/mirror"));
    write.arg(format!("v{VERSION}")).arg(&dir);
    finished(&mut write);
    dir
}

#[test]
fn the_mirror_pins_one_version_and_knows_no_other_tag() {
    let dir = mirror("mirror-text");
    let project = fs::read_to_string(dir.join("pyproject.toml")).unwrap();
    let project: toml::Table = project.parse().unwrap();
    assert_eq!(
        project["project"]["dependencies"].as_array().unwrap()[..],
        [toml::Value::from(format!("mcppolicy=={VERSION}"))]
    );
    let hooks = fs::read_to_string(dir.join(".pre-commit-hooks.yaml")).unwrap();
    for line in [
        "- id: mcppolicy-lint",
        "- id: mcppolicy-test",
        "  language: python",
    ] {
        assert!(hooks.lines().any(|shown| shown == line), "{line}: {hooks}");
    }
    for word in ["rust", "system", "-source"] {
        assert!(!hooks.contains(word), "{word}: {hooks}");
    }
    let other = Command::new(root().join(".ci/mirror"))
        .args(["v9.9.9", "never"])
        .output()
        .unwrap();
    assert!(!other.status.success());
}

#[test]
fn the_formula_has_the_checksum_of_each_archive() {
    let dir = fresh("formula");
    let targets = [
        "aarch64-apple-darwin",
        "x86_64-apple-darwin",
        "aarch64-unknown-linux-musl",
        "x86_64-unknown-linux-musl",
    ];
    let sums: String = (0..)
        .zip(targets)
        .map(|(number, target)| format!("{number:064}  mcppolicy-{VERSION}-{target}.tar.gz\n"))
        .collect();
    let file = write(&dir, "SHA256SUMS", &sums);
    let formula = |sums: &Path| {
        let mut make = Command::new(root().join(".ci/formula"));
        make.arg("acme").arg(sums).output().unwrap()
    };
    let made = String::from_utf8(formula(&file).stdout).unwrap();
    for (number, target) in (0..).zip(targets) {
        let place = made.find(&format!("{target}.tar.gz\"")).unwrap();
        let after = made[place..].lines().nth(1).unwrap();
        assert_eq!(after.trim(), format!("sha256 \"{number:064}\""));
    }
    let short = write(&dir, "short", sums.lines().next().unwrap());
    let refused = formula(&short);
    assert!(!refused.status.success() && refused.stdout.is_empty());
}

/// A directory in which the launcher finds `program` as the one for this machine.
fn launcher(name: &str, program: Option<&str>) -> PathBuf {
    use std::os::unix::fs::PermissionsExt;
    let dir = fresh(name);
    copy(&root().join("npm/launcher.js"), &dir.join("launcher.js"));
    if let Some(program) = program {
        for platform in ["linux-x64", "linux-arm64", "darwin-x64", "darwin-arm64"] {
            let file = format!("node_modules/@mcppolicy/{platform}/mcppolicy");
            let file = write(&dir, &file, program);
            fs::set_permissions(file, fs::Permissions::from_mode(0o755)).unwrap();
        }
    }
    dir.join("launcher.js")
}

#[test]
fn the_launcher_passes_arguments_exit_codes_and_signals() {
    use std::io::{BufRead, BufReader};
    let Some(node) = program("node", &["node"]) else {
        return;
    };
    let script = "#!/bin/sh\ntrap 'exit 7' TERM\necho \"$2\"\nif [ \"$1\" = wait ]; then while :; do sleep 0.05; done; fi\nexit 3\n";
    let launcher_file = launcher("launcher", Some(script));
    let output = Command::new(node)
        .arg(&launcher_file)
        .args(["go", "two words"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(output.stdout, b"two words\n");

    let mut child = Command::new(node)
        .arg(&launcher_file)
        .args(["wait", "ready"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert_eq!(line, "ready\n");
    let mut kill = Command::new("kill");
    finished(kill.args(["-TERM", &child.id().to_string()]));
    assert_eq!(child.wait().unwrap().code(), Some(7));

    let without = launcher("launcher-without", None);
    let output = Command::new(node).arg(without).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.starts_with("mcppolicy: the package @mcppolicy/"),
        "{said}"
    );
}

#[test]
fn the_workflows_pass_a_linter_of_workflows() {
    let Some(python) = python() else { return };
    let output = Command::new(python.join("zizmor"))
        .args(["--offline", "."])
        .current_dir(root())
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
}

#[test]
fn the_workflow_of_a_release_wraps_what_it_has_built_once() {
    let release = fs::read_to_string(root().join(".github/workflows/release.yml")).unwrap();
    assert_eq!(release.matches(".ci/wheel").count(), 1);
    assert_eq!(release.matches("cargo build").count(), 0);
    for script in [
        ".ci/archive",
        "npm/build.mjs",
        ".ci/image",
        ".ci/formula",
        ".ci/notes",
    ] {
        assert!(release.contains(script), "{script}");
    }
}
