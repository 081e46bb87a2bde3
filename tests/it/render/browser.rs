//! The page in a real browser: a run over 10,000 calls opens without a
//! console message and weighs less than a megabyte.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use mcppolicy::time::Time;

use super::*;

/// Where a browser may be.
const BROWSERS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// The browser's name; without one the test says so, and fails where
/// everything is meant to run.
fn browser() -> Option<&'static str> {
    let works = |name: &&str| {
        let version = Command::new(name).arg("--version").output();
        version.is_ok_and(|output| output.status.success())
    };
    let found = BROWSERS.iter().find(|name| works(name)).copied();
    if found.is_none() {
        println!("skipped: there is no Chromium to open the page in");
        assert!(
            std::env::var("CI").as_deref() != Ok("true"),
            "CI needs Chromium"
        );
    }
    found
}

fn long_trace() -> String {
    let mut trace = String::from("{\"mcppolicy\":\"trace/1\",\"grant\":\"bot\"}\n");
    for call in 0..10_000_u32 {
        let time = Time::new(1_795_000_000 + i64::from(call) * 7, 0);
        let (tool, amount) = match call % 5 {
            0 => ("refund", call % 900),
            1 => ("<script>alert(1)</script>", 0),
            _ => ("look", 0),
        };
        let expect = if call % 50 == 0 {
            "\"allow\""
        } else {
            "\"deny\""
        };
        let expect = if call % 10 == 0 {
            format!(",\"expect\":{expect}")
        } else {
            String::new()
        };
        let _ = writeln!(
            trace,
            "{{\"ts\":\"{time}\",\"tool\":\"{tool}\",\"arguments\":{{\"amount\":{amount}}}{expect}}}"
        );
    }
    trace
}

fn page() -> String {
    let mut sources = SourceMap::new();
    let done = tested(&mut sources, POLICY, &long_trace());
    render(&test_report(&sources, done), Format::Html, STYLE)
}

#[test]
fn a_page_over_ten_thousand_calls_weighs_under_a_megabyte() {
    let page = page();
    assert!(page.len() < 1_000_000, "{} bytes", page.len());
    assert!(page.contains("10000 calls"), "{}", &page[..2_000]);
}

#[test]
fn a_browser_opens_the_page_without_a_message() {
    let Some(browser) = browser() else { return };
    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("render-page");
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir).unwrap();
    let file = dir.join("page.html");
    fs::write(&file, page()).unwrap();
    let broken = dir.join("broken.html");
    fs::write(
        &broken,
        page().replace("<main>", "<main><script>1</script>"),
    )
    .unwrap();

    assert_eq!(messages(browser, &dir, &file), Vec::<String>::new());
    // The check itself can fail: what the page forbids is a message.
    assert!(!messages(browser, &dir, &broken).is_empty());
}

/// What the browser writes to its console while it opens a page.
fn messages(browser: &str, dir: &Path, file: &Path) -> Vec<String> {
    let output = Command::new(browser)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
        ])
        .args(["--enable-logging=stderr", "--dump-dom"])
        .arg(format!("--user-data-dir={}", dir.join("profile").display()))
        .arg(format!("file://{}", file.display()))
        .output()
        .unwrap();
    let dom = String::from_utf8_lossy(&output.stdout);
    assert!(dom.contains("</svg>"), "{dom}");
    String::from_utf8_lossy(&output.stderr)
        .lines()
        .filter(|line| line.contains("CONSOLE"))
        .map(str::to_owned)
        .collect()
}
