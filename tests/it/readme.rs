//! The README is true: what its `console` blocks show is what comes out.

use crate::console;
use crate::support::root;

#[test]
fn the_readme_shows_what_comes_out() {
    assert!(console::walk("README.md") >= 4);
}

#[test]
fn the_two_commands_of_the_quick_start_are_there() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    for command in [
        "cargo run --locked -- ci testdata/quickstart",
        "cargo test --locked --features full",
    ] {
        assert!(readme.lines().any(|line| line == command), "{command}");
    }
}
