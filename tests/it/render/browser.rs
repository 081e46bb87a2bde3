//! The page in a real browser: a run over 10,000 calls opens without a
//! console message and weighs less than a megabyte.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::Command;

use mcppolicy_engine::time::Time;

use super::*;
use crate::support::{fresh, program};

/// Where a browser may be.
const BROWSERS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// The browser's name; without one the test is skipped.
fn browser() -> Option<&'static str> {
    program("Chromium to open the page in", &BROWSERS)
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
    let dir = fresh("render-page");
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

/// Says of each picture of the page what a reader could not read: words that
/// leave the picture, words on words, and words of a table's head or of its
/// short cells that are broken over lines.
const MEASURE: &str = r#"<script>
const bad = [];
for (const svg of document.querySelectorAll('svg')) {
  const frame = svg.viewBox.baseVal, seen = [];
  for (const text of svg.querySelectorAll('text')) {
    const box = text.getBBox();
    if (box.x < 0 || box.y < -1 || box.x + box.width > frame.width || box.y + box.height > frame.height)
      bad.push('leaves the picture: ' + text.textContent);
    for (const [other, words] of seen)
      if (box.x < other.x + other.width && other.x < box.x + box.width &&
          box.y < other.y + other.height && other.y < box.y + box.height)
        bad.push('lies on ' + words + ': ' + text.textContent);
    seen.push([box, text.textContent]);
  }
}
for (const cell of document.querySelectorAll('th, td.word')) {
  const range = document.createRange();
  range.selectNodeContents(cell);
  if (new Set([...range.getClientRects()].map(line => Math.round(line.top))).size > 1)
    bad.push('is broken: ' + cell.textContent);
}
if (document.documentElement.scrollWidth > innerWidth) bad.push('is wider than the window');
document.body.append(Object.assign(document.createElement('pre'),
  { id: 'measured', textContent: document.querySelectorAll('svg').length + ' pictures' + bad.map(b => '\n' + b).join('') }));
</script>"#;

/// A change of everything in [`POLICY`], and recorded calls that it concerns.
fn change_page() -> String {
    let mut sources = SourceMap::new();
    let new = POLICY
        .replace("\"max\": 2", "\"max\": 200")
        .replace("\"deny\",", "\"allow\",");
    let diff = compared(&mut sources, POLICY, &new, &long_trace());
    render(&diff_report(&sources, diff), Format::Html, STYLE)
}

#[test]
fn in_no_picture_words_are_cut_off_or_lie_on_each_other() {
    let Some(browser) = browser() else { return };
    let dir = fresh("render-measure");
    // Of these calls some are allowed, some are denied and some undetermined,
    // so that the longest numbers are after the longest bar.
    let mut mixed = String::from("{\"mcppolicy\":\"trace/1\"}\n");
    for call in 0..3_000 {
        let arguments = [
            "\"arguments\":{}",
            "\"arguments\":{\"amount\":900}",
            "\"note\":\"?\"",
        ][call % 3];
        let _ = writeln!(mixed, "{{\"tool\":\"refund\",{arguments}}}");
    }
    let mut sources = SourceMap::new();
    let done = tested(&mut sources, POLICY, &mixed);
    let mixed = render(&test_report(&sources, done), Format::Html, STYLE);
    assert!(mixed.contains("undetermined</text>"), "{mixed}");
    let limit = POLICY.replace("\"max\": 2", "\"max\": 120");
    let burst = "{\"ts\":\"2026-11-20T10:00:00Z\",\"tool\":\"refund\",\"repeat\":99999}\n";
    let done = tested(&mut sources, &limit, burst);
    let used_up = render(&test_report(&sources, done), Format::Html, STYLE);
    assert!(used_up.contains(">120 of 120 per minute · 99"), "{used_up}");
    let broken = mixed.replace("text-anchor=\"start\" x=\"", "text-anchor=\"start\" x=\"9");
    for (name, page, is_good) in [
        ("long", page(), true),
        ("change", change_page(), true),
        ("mixed", mixed, true),
        ("used up", used_up, true),
        ("broken", broken, false),
    ] {
        let file = dir.join(format!("{name}.html"));
        let start = page.find("<meta http-equiv").unwrap();
        let end = start + page[start..].find('>').unwrap() + 1;
        // What the page forbids is what measures it.
        let open = page
            .replace(&page[start..end], "")
            .replace("</body>", &format!("{MEASURE}</body>"));
        fs::write(&file, open).unwrap();
        let (dom, _) = opened(browser, &dir, &file);
        let measured = dom
            .split("<pre id=\"measured\">")
            .nth(1)
            .unwrap_or_else(|| panic!("{dom}"));
        let measured: Vec<&str> = measured.split("</pre>").next().unwrap().lines().collect();
        assert_ne!(measured[0], "0 pictures", "{name}");
        assert_eq!(measured.len() == 1, is_good, "{name}: {measured:#?}");
    }
}

/// The colours of a block of the page's style.
fn colours(style: &str) -> Vec<(String, f64)> {
    let style = &style[..style.find('}').unwrap()];
    let declared = style
        .split(';')
        .filter_map(|line| line.trim().split_once(": #"));
    declared
        .map(|(name, hex)| (name.rsplit("--").next().unwrap().to_owned(), luminance(hex)))
        .collect()
}

/// How light a colour is, from 0 to 1 (WCAG 2.2, relative luminance).
fn luminance(hex: &str) -> f64 {
    let digits: String = match hex.len() {
        3 => hex.chars().flat_map(|digit| [digit, digit]).collect(),
        _ => hex.to_owned(),
    };
    let part = |at: usize| {
        let value = f64::from(u8::from_str_radix(&digits[at..at + 2], 16).unwrap()) / 255.0;
        if value <= 0.04045 {
            value / 12.92
        } else {
            ((value + 0.055) / 1.055).powf(2.4)
        }
    };
    0.2126 * part(0) + 0.7152 * part(2) + 0.0722 * part(4)
}

#[test]
fn words_and_shapes_stand_out_in_both_colour_schemes_and_on_paper() {
    let page = page();
    let blocks: Vec<&str> = page.split(":root {").skip(1).collect();
    assert_eq!(blocks.len(), 3, "light, dark, paper");
    for (scheme, block) in ["light", "dark", "paper"].iter().zip(blocks) {
        let colours = colours(block);
        let of = |name: &str| colours.iter().find(|(known, _)| known == name).unwrap().1;
        let words = ["ink", "muted", "good", "warn", "bad"].map(|name| (name, 4.5));
        let shapes = ["allow", "deny", "undetermined", "plain"].map(|name| (name, 3.0));
        for (name, least) in words.into_iter().chain(shapes) {
            for ground in ["page", "card"] {
                let (a, b) = (of(name), of(ground));
                let contrast = (a.max(b) + 0.05) / (a.min(b) + 0.05);
                let is_shape = least < 4.0;
                assert!(
                    contrast >= least || (is_shape && ground == "card"),
                    "{scheme}: {name} on {ground}: {contrast:.2}"
                );
            }
        }
    }
}

/// What the browser writes to its console while it opens a page.
fn messages(browser: &str, dir: &Path, file: &Path) -> Vec<String> {
    let (dom, log) = opened(browser, dir, file);
    assert!(dom.contains("</svg>"), "{dom}");
    log.lines()
        .filter(|line| line.contains("CONSOLE"))
        .map(str::to_owned)
        .collect()
}

/// A page as the browser has it when it is loaded, and the browser's log.
fn opened(browser: &str, dir: &Path, file: &Path) -> (String, String) {
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
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}
