//! The built binary, run as a user runs it.

use std::path::{Path, PathBuf};

use assert_cmd::Command;

/// What a run left behind.
#[derive(Debug)]
pub struct Ran {
    /// The exit code.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

/// The repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A new empty directory below the target directory, named for a test.
pub fn fresh(name: &str) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if dir.exists() {
        std::fs::remove_dir_all(&dir).unwrap();
    }
    std::fs::create_dir_all(&dir).unwrap();
    dir
}

/// Runs `mcppolicy` in `dir`.
pub fn run(dir: &Path, arguments: &[&str]) -> Ran {
    run_with(dir, arguments, b"")
}

/// Runs `mcppolicy` in `dir` with a standard input.
pub fn run_with(dir: &Path, arguments: &[&str], input: &'static [u8]) -> Ran {
    let output = Command::new(env!("CARGO_BIN_EXE_mcppolicy"))
        .args(arguments)
        .current_dir(dir)
        .env("NO_COLOR", "1")
        .write_stdin(input)
        .output()
        .unwrap();
    Ran {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}
