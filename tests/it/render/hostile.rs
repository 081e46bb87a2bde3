//! Text from files that tries to be something else.

use proptest::prelude::*;
use serde_json::Value as Json;

use super::*;
use mcppolicy_engine::characters::is_unprintable;

/// A report in which every string is hostile.
fn hostile(format: Format) -> String {
    let mut sources = SourceMap::new();
    let list = findings(&mut sources, POLICY, HOSTILE);
    render(&lint_report(&sources, list), format, STYLE)
}

/// A change of a tool with a hostile name.
fn hostile_change(format: Format) -> String {
    let name = serde_json::to_string(HOSTILE).unwrap();
    let policy = |rules: &str| {
        format!(r#"{{"version":"1","default":"deny","tools":{{{name}:{rules},"look":{{}}}}}}"#)
    };
    let trace = format!(
        "{{\"mcppolicy\":\"trace/1\"}}\n{{\"ts\":\"2026-11-20T10:00:00Z\",\"tool\":{name},\"arguments\":{{}}}}\n"
    );
    let limited = r#"{"limits":[{"counter":"c","window":"minute","max":1,"scope":"grant"}]}"#;
    let mut sources = SourceMap::new();
    let diff = compared(&mut sources, &policy(limited), &policy("{}"), &trace);
    render(&diff_report(&sources, diff), format, STYLE)
}

#[test]
fn no_format_lets_a_control_or_bidirectional_character_through() {
    for format in Format::ALL {
        if format == Format::Json {
            // JSON escapes controls itself and keeps the text as it is.
            continue;
        }
        for text in [hostile(format), hostile_change(format)] {
            let bad = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
            assert!(!text.contains(bad), "{}: {text:?}", format.name());
        }
    }
}

#[test]
fn no_line_of_a_job_log_begins_a_command_of_its_own() {
    for text in [hostile(Format::Human), hostile_change(Format::Human)] {
        for line in text.lines() {
            assert!(!line.trim().starts_with("::"), "{line}");
            assert!(!line.contains("##["), "{line}");
        }
    }
}

#[test]
fn a_workflow_command_is_one_line_with_its_own_properties() {
    let text = hostile(Format::Github);
    let commands: Vec<&str> = text.lines().filter(|line| line.starts_with("::")).collect();
    assert_eq!(commands.len(), 4, "{text}");
    assert_eq!(text.lines().count(), 5, "{text}");
    for command in &commands {
        let (properties, _) = command[2..].split_once("::").unwrap();
        let (_, properties) = properties.split_once(' ').unwrap();
        for property in properties.split(',') {
            let (name, value) = property.split_once('=').unwrap();
            let known = ["file", "line", "endLine", "col", "endColumn", "title"];
            assert!(known.contains(&name), "{command}");
            // `title` holds a colon, escaped.
            assert!(!value.contains(':'), "{command}");
        }
    }
    let first = commands[1];
    // A line break of a file is shown; it begins no line of the message.
    assert!(first.contains("50%25\\u{a}::error::x"), "{first}");
    assert!(first.starts_with("::warning file=dir/pol icy.json,line=6,endLine=6,col="));
}

#[test]
fn a_markdown_table_keeps_its_columns_and_reads_no_markup() {
    for text in [hostile(Format::Markdown), hostile_change(Format::Markdown)] {
        let mut columns = None;
        let mut fenced = false;
        for line in text.lines() {
            if line.starts_with("```") {
                fenced = !fenced;
            }
            if fenced || line.starts_with("```") {
                continue;
            }
            columns = match (line.starts_with('|'), columns) {
                (false, _) => None,
                (true, None) => Some(line.matches('|').count()),
                (true, Some(count)) => {
                    assert_eq!(line.matches('|').count(), count, "{line}");
                    columns
                }
            };
            for markup in ["<script", "@team", "](", "https://"] {
                assert!(!line.contains(markup), "{markup}: {line}");
            }
        }
        assert!(!fenced, "{text}");
        assert_eq!(
            text.matches("<details>").count(),
            text.matches("</details>").count()
        );
    }
}

#[test]
fn a_page_runs_nothing_and_asks_for_nothing() {
    for text in [hostile(Format::Html), hostile_change(Format::Html)] {
        for bad in ["<script", "src=", "href=\"http", "url(", "@import"] {
            assert!(!text.contains(bad), "{bad} in {text}");
        }
        assert!(
            text.contains("&lt;script&gt;alert(1)&lt;/script&gt;"),
            "{text}"
        );
        assert!(text.contains("default-src 'none'"));
    }
}

#[test]
fn gitlab_gets_the_documented_shape() {
    let issues: Vec<Json> = serde_json::from_str(&hostile(Format::Gitlab)).unwrap();
    assert_eq!(issues.len(), 4);
    let mut prints = std::collections::BTreeSet::new();
    for issue in &issues {
        assert!(!issue["description"].as_str().unwrap().is_empty());
        assert!(!issue["check_name"].as_str().unwrap().is_empty());
        let severity = issue["severity"].as_str().unwrap();
        assert!(["info", "minor", "major", "critical", "blocker"].contains(&severity));
        let path = issue["location"]["path"].as_str().unwrap();
        assert!(!path.starts_with('/') && !path.starts_with("./"), "{path}");
        assert!(issue["location"]["lines"]["begin"].as_u64().unwrap() >= 1);
        prints.insert(issue["fingerprint"].as_str().unwrap().to_owned());
    }
    assert_eq!(prints.len(), issues.len());
    let severities: Vec<&Json> = issues.iter().map(|issue| &issue["severity"]).collect();
    assert_eq!(severities, ["blocker", "minor", "blocker", "info"]);
}

#[test]
fn xml_with_hostile_text_keeps_its_elements() {
    for text in [hostile(Format::Junit), hostile_change(Format::Junit)] {
        assert!(!text.contains("<script") && !text.contains("]]>"), "{text}");
        for element in ["testsuites", "testsuite", "testcase", "failure"] {
            let opened = text.matches(&format!("<{element} ")).count();
            let closed = text.matches(&format!("</{element}>")).count();
            let empty = text
                .lines()
                .filter(|line| line.trim_start().starts_with(&format!("<{element} ")))
                .filter(|line| line.ends_with("/>"))
                .count();
            assert_eq!(opened, closed + empty, "{element}: {text}");
        }
    }
}

/// What a text may be made of: commands of runners, markup, references, controls,
/// and what is drawn as nothing.
const PIECES: [&str; 44] = [
    "::",
    "::error::",
    "::add-mask::x",
    "##[error]",
    "##vso[x]",
    "##",
    "#1",
    "GH-1",
    "\n",
    "\r",
    "\t",
    " ",
    "          ",
    "\u{1b}[31m",
    "\u{9b}",
    "\u{202e}",
    "\u{200b}",
    "\u{2028}",
    "\u{e0041}",
    "\u{2800}",
    "\u{fffe}",
    "\0",
    "`",
    "```",
    "|",
    "@team",
    "www.a.b",
    "https://a.b",
    "a@b.c",
    "<b>",
    "</details>",
    "![a](b)",
    "~~",
    "deadbeef",
    ":tada:",
    "- [ ] ",
    "]]>",
    "&amp;",
    "\"",
    "\\",
    "{0}",
    "%0A",
    "word",
    "日本",
];

fn hostile_text() -> impl Strategy<Value = String> {
    let pieces = prop::collection::vec(prop::sample::select(&PIECES[..]), 1..40);
    pieces.prop_map(|pieces| pieces.concat())
}

/// Reports in which every string is this one.
fn reports(words: &str, format: Format) -> [String; 2] {
    let mut sources = SourceMap::new();
    let list = findings(&mut sources, POLICY, words);
    let found = render(&lint_report(&sources, list), format, STYLE);
    let name = serde_json::to_string(words).unwrap();
    let policy = |most: u32| {
        format!(
            r#"{{"version":"1","default":"deny","tools":{{{name}:{{"require":[{{"conditions":[
            {{"path":"args.a","op":"lte","value":{most}}}],"on_deny":{name}}}]}}}}}}"#
        )
    };
    let mut sources = SourceMap::new();
    let trace = "{\"mcppolicy\":\"trace/1\"}\n";
    let diff = compared(&mut sources, &policy(1), &policy(2), trace);
    [found, render(&diff_report(&sources, diff), format, STYLE)]
}

/// The signs of reports that are made of two characters.
const SIGNS: [&str; 3] = ["⚠\u{FE0F}", "ℹ\u{FE0F}", "✏\u{FE0F}"];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_text_becomes_a_command_or_hides_in_any_format(words in hostile_text()) {
        prop_assume!(!words.trim().is_empty());
        for format in Format::ALL {
            for mut text in reports(&words, format) {
                for sign in SIGNS {
                    text = text.replace(sign, "");
                }
                for line in text.lines() {
                    let own = format == Format::Github
                        && ["::error ", "::warning ", "::notice "].iter().any(|own| line.starts_with(own));
                    prop_assert!(own || !line.trim_start().starts_with("::"), "{line}");
                    prop_assert!(!line.contains("##[") && !line.contains("##vso["), "{line}");
                    let unseen = line.chars().find(|c| is_unprintable(*c));
                    prop_assert_eq!(unseen, None, "{}: {}", format.name(), line);
                }
            }
        }
    }

    #[test]
    fn no_text_adds_a_line_to_any_format(words in hostile_text()) {
        prop_assume!(!words.trim().is_empty());
        for format in [Format::Markdown, Format::Github, Format::Html, Format::Junit] {
            let lines = |words: &str| reports(words, format).map(|text| text.lines().count());
            prop_assert_eq!(lines(&words), lines("word"), "{}", format.name());
        }
    }

    #[test]
    fn json_reads_as_what_was_written(words in hostile_text()) {
        prop_assume!(!words.trim().is_empty());
        let [found, changed] = reports(&words, Format::Json);
        let found: Json = serde_json::from_str(&found).unwrap();
        let message = found["findings"][0]["message"].as_str().unwrap();
        prop_assert_eq!(message, format!("alpha comes through {}", &words));
        let changed: Json = serde_json::from_str(&changed).unwrap();
        prop_assert_eq!(&changed["changes"][0]["scope"]["tool"], words.as_str());
    }
}
