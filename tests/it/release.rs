//! A release: what is published, and what the action accepts of it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{fresh, root};

/// The largest package that is still small.
const MOST_BYTES: u64 = 1_000_000;

fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .current_dir(root())
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_package_has_what_it_needs_and_is_small() {
    let target = fresh("package");
    let common = [
        "package",
        "--locked",
        "--offline",
        "--allow-dirty",
        "--no-verify",
    ];
    let list = cargo(&[&common[..], &["--list"]].concat());
    for file in [
        "Cargo.lock",
        "LICENSE-APACHE",
        "LICENSE-MIT",
        "README.md",
        "CHANGELOG.md",
        "src/main.rs",
        "schema/report.schema.json",
    ] {
        assert!(list.lines().any(|line| line == file), "{file}:\n{list}");
    }
    let foreign = list.lines().find(|line| {
        line.starts_with("tests/")
            || line.starts_with("testdata/")
            || line.starts_with("docs/")
            || line.starts_with('.') && *line != ".cargo_vcs_info.json"
    });
    assert_eq!(foreign, None);
    let to = target.to_str().unwrap();
    cargo(&[&common[..], &["--target-dir", to]].concat());
    let package = target.join(format!(
        "package/mcppolicy-{}.crate",
        env!("CARGO_PKG_VERSION")
    ));
    let bytes = package.metadata().unwrap().len();
    assert!(bytes < MOST_BYTES, "{bytes} bytes");
}

#[test]
fn the_notes_of_a_release_are_those_of_its_version() {
    let notes = |tag: &str| {
        let output = Command::new(root().join(".ci/notes"))
            .arg(tag)
            .output()
            .unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (
            output.status.success(),
            text(output.stdout),
            text(output.stderr),
        )
    };
    let (is_good, said, _) = notes(concat!("v", env!("CARGO_PKG_VERSION")));
    assert!(is_good && said.contains("`lint`"), "{said}");
    let (is_good, _, problem) = notes("v9.9.9");
    assert!(!is_good && problem.contains("v9.9.9"), "{problem}");
}

#[test]
fn every_example_names_the_version_of_the_crate() {
    let docs = fs::read_dir(root().join("docs")).unwrap();
    let pages = docs.map(|page| page.unwrap().path());
    let mut examples = 0;
    for page in pages.chain([root().join("README.md")]) {
        let text = fs::read_to_string(&page).unwrap();
        for before in ["rev: v", "mcppolicy@v", "--tag v", "mcppolicy-v"] {
            for (at, _) in text.match_indices(before) {
                let rest = &text[at + before.len() - 1..];
                assert!(rest.starts_with(TAG), "{}: {before}", page.display());
                examples += 1;
            }
        }
    }
    assert!(examples >= 5, "{examples}");
}

const TAG: &str = concat!("v", env!("CARGO_PKG_VERSION"));
const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// Stands in for the GitHub CLI: answers from the directory `$GITHUB`, where
/// `releases/TAG` holds the assets, and writes down what it is asked to verify.
const GH: &str = r#"#!/bin/sh
set -eu
case "$1 $2" in
  "api --paginate")
    echo v0.0.1
    if [ "$3" = repos/acme/gate/tags ] && echo "$5" | grep -q "$COMMIT"; then echo "$TAG"; fi ;;
  "api "*)
    if [ -e "$GITHUB/down" ]; then echo "gh: error connecting to the API" >&2; exit 1; fi
    tag=${2##*/}
    if [ "$2" != "repos/acme/gate/releases/tags/$tag" ] || [ ! -d "$GITHUB/releases/$tag" ]; then
      echo "gh: Not Found (HTTP 404)" >&2; exit 1
    fi
    ls "$GITHUB/releases/$tag" ;;
  "release download") cp "$GITHUB/releases/$3"/* "$7" ;;
  "attestation verify")
    shift 3
    echo "$*" >> "$GITHUB/verified"
    [ ! -e "$GITHUB/forged" ] ;;
  *) echo "gh: what is $*" >&2; exit 64 ;;
esac
"#;

/// GitHub as the script sees it, with one release of this version.
struct GitHub {
    dir: PathBuf,
}

impl GitHub {
    fn new(name: &str) -> GitHub {
        let dir = fresh(name);
        let gh = dir.join("bin/gh");
        fs::create_dir_all(gh.parent().unwrap()).unwrap();
        fs::write(&gh, GH).unwrap();
        fs::set_permissions(&gh, fs::Permissions::from_mode(0o755)).unwrap();
        let github = GitHub { dir };
        let release = github.release();
        // The program: what it says of itself is all that is asked of it.
        let program = github.dir.join("built/mcppolicy");
        fs::create_dir(github.dir.join("built")).unwrap();
        fs::write(&program, format!("#!/bin/sh\necho mcppolicy {TAG}\n")).unwrap();
        let packed = Command::new(root().join(".ci/archive"))
            .arg("x86_64-unknown-linux-musl")
            .args([&program, &release])
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&packed.stderr);
        assert!(packed.status.success(), "{errors}");
        let sums = Command::new("sh")
            .args(["-c", "sha256sum * > ../SHA256SUMS && mv ../SHA256SUMS ."])
            .current_dir(&release)
            .status();
        assert!(sums.unwrap().success());
        github
    }

    fn release(&self) -> PathBuf {
        self.dir.join("releases").join(TAG)
    }

    /// Runs the script; its exit code and what it said.
    fn fetch(&self, repository: &str, revision: &str, machine: (&str, &str)) -> (i32, String) {
        let path = std::env::var_os("PATH").unwrap();
        let path = std::iter::once(self.dir.join("bin")).chain(std::env::split_paths(&path));
        let output = Command::new(root().join(".github/action/fetch-release.sh"))
            .arg(self.dir.join("into"))
            .env("PATH", std::env::join_paths(path).unwrap())
            .envs([("ACTION_REPOSITORY", repository), ("ACTION_REF", revision)])
            .envs([("RUNNER_OS", machine.0), ("RUNNER_ARCH", machine.1)])
            .envs([("GH_TOKEN", "t"), ("TAG", TAG), ("COMMIT", COMMIT)])
            .env("GITHUB", &self.dir)
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        (output.status.code().unwrap(), said)
    }

    fn fetch_this(&self) -> (i32, String) {
        self.fetch("acme/gate", TAG, ("Linux", "X64"))
    }

    fn binary(&self) -> Option<PathBuf> {
        Some(self.dir.join("into/mcppolicy")).filter(|file| file.exists())
    }
}

#[test]
fn a_release_whose_checksum_and_attestation_hold_is_put_in_place() {
    for (name, revision) in [("fetch-tag", TAG), ("fetch-commit", COMMIT)] {
        let github = GitHub::new(name);
        let (code, said) = github.fetch("acme/gate", revision, ("Linux", "X64"));
        assert_eq!(code, 0, "{said}");
        let version = Command::new(github.binary().unwrap())
            .arg("--version")
            .output();
        let version = String::from_utf8(version.unwrap().stdout).unwrap();
        assert_eq!(version.trim(), format!("mcppolicy {TAG}"));
        let verified = fs::read_to_string(github.dir.join("verified")).unwrap();
        for flag in [
            "--repo acme/gate",
            "--signer-workflow acme/gate/.github/workflows/release.yml",
            &format!("--source-ref refs/tags/{TAG}"),
        ] {
            assert!(verified.contains(flag), "{verified}");
        }
    }
}

#[test]
fn without_a_release_for_it_the_action_is_told_to_build() {
    let github = GitHub::new("fetch-none");
    let linux = ("Linux", "X64");
    for (repository, revision, machine) in [
        ("acme/gate", "v9.9.9", linux),
        ("acme/gate", "main", linux),
        ("acme/gate", "", linux),
        ("", TAG, linux),
        ("acme/other", TAG, linux),
        ("acme/gate", TAG, ("Linux", "ARM64")),
        ("acme/gate", TAG, ("Linux", "RISCV")),
        ("acme/gate", &COMMIT.replace('0', "f"), linux),
    ] {
        let (code, said) = github.fetch(repository, revision, machine);
        assert_eq!(code, 10, "{repository} {revision} {machine:?}: {said}");
        assert!(said.contains("building from source"), "{said}");
    }
    assert_eq!(github.binary(), None);
}

/// What makes a release one that does not hold.
type Spoiler = fn(&GitHub);

#[test]
fn a_release_that_does_not_hold_fails_and_is_not_built_around() {
    let spoilers: [(&str, Spoiler, &str); 5] = [
        (
            "fetch-forged",
            |github| fs::write(github.dir.join("forged"), "").unwrap(),
            "attestation",
        ),
        (
            "fetch-changed",
            |github| {
                let file = archive(&github.release());
                let mut bytes = fs::read(&file).unwrap();
                bytes.push(0);
                fs::write(file, bytes).unwrap();
            },
            "checksum",
        ),
        (
            "fetch-unnamed",
            |github| fs::write(github.release().join("SHA256SUMS"), "").unwrap(),
            "does not say",
        ),
        (
            "fetch-sumless",
            |github| fs::remove_file(github.release().join("SHA256SUMS")).unwrap(),
            "SHA256SUMS",
        ),
        (
            "fetch-down",
            |github| fs::write(github.dir.join("down"), "").unwrap(),
            "did not answer",
        ),
    ];
    for (name, spoil, word) in spoilers {
        let github = GitHub::new(name);
        spoil(&github);
        let (code, said) = github.fetch_this();
        assert!(code != 0 && code != 10, "{name}: {code} {said}");
        assert!(said.contains(word), "{name}: {said}");
        assert_eq!(github.binary(), None, "{name}");
    }
}

/// The archive among the files of a release.
fn archive(release: &Path) -> PathBuf {
    let files = fs::read_dir(release)
        .unwrap()
        .map(|file| file.unwrap().path());
    let mut archives = files.filter(|file| file.to_string_lossy().ends_with(".tar.gz"));
    archives.next().unwrap()
}
