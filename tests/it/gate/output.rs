//! Text from files in reports.

mod places;
mod shown;
mod sizes;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::support::{self, Ran, commit, fresh, git, run, write_all};

use places::{
    doubles_in_a_test_report, fingerprints_of_another_directory, paths_of_another_directory,
};
use shown::{
    command_in_a_diff, command_in_a_name, command_in_a_wrapped_line, controls_in_a_diff,
    line_break_in_an_argument_name, markup_in_a_comment, markup_in_a_page_and_in_xml,
    references_in_a_comment, unseen_characters_in_json, unseen_characters_in_names,
    unseen_characters_in_reports,
};
use sizes::{
    change_in_a_long_description, flood_of_changes, flood_of_findings, long_approval_reason,
    long_messages, long_names, long_suppression_reason, long_values, more_results_than_are_taken,
    scattered_changes_in_a_description,
};

attacks! {
    long_approval_reason: Output, "gives a reason of 70 KB for its approval, so that nothing else has room in the comment" => "The reason is cut to 500 characters; verdict, table and witness stay.";
    long_suppression_reason: Output, "gives a reason of 70 KB for a suppression that it adds" => "The reason is cut to 500 characters; verdict, table and witness stay.";
    flood_of_findings: Output, "makes thousands of findings beside the change that matters" => "Findings come behind the changes in the comment, and are cut first.";
    flood_of_changes: Output, "makes a thousand harmless changes, listed before the one that matters" => "Changes that let more through come first, in the table and in the proofs.";
    long_messages: Output, "gives every rule that it loosens a message of thousands of characters" => "The messages are cut, and every change keeps its witness in the comment.";
    long_names: Output, "adds tools whose names fill the table of changes before the one that matters" => "Names are cut, the table is cut from its end, and every change keeps its witness.";
    long_values: Output, "requires two arguments of thousands of characters on either side of the one that it loosens" => "Each value is cut by itself: the witness shows the argument between them.";
    change_in_a_long_description: Output, "changes one word in a tool's description of 70 KB" => "The changed word is shown, and what is the same is left out.";
    scattered_changes_in_a_description: Output, "changes hundreds of words of a tool's description, and the one that matters last" => "The finding says that changed text is not shown, and the line of the verdict says so too.";
    more_results_than_are_taken: Output, "makes more findings than code scanning takes, which then shows none" => "The SARIF file has 25,000 results, the gravest first, and the last one counts the others.";
    command_in_a_wrapped_line: Output, "places a runner's command so that a wrapped line of the log begins with it" => "No line of any text begins with `::` or has `##[` in it.";
    command_in_a_name: Output, "gives a file a name that is a runner's command on a line of its own" => "The line break and the command are shown, also in errors and in messages about usage.";
    command_in_a_diff: Output, "repairs nothing and writes a runner's command into a line that `lint --diff` shows" => "The command is broken up, and a line on standard error says that the diff is no patch.";
    controls_in_a_diff: Output, "hides parts of the diff that `lint --diff` shows behind escape sequences and bidirectional controls" => "They are shown as escapes; a diff without any can still be applied.";
    unseen_characters_in_reports: Output, "writes every character that is drawn as nothing into a message" => "None is in any format as it is.";
    unseen_characters_in_names: Output, "hides a tool under a name with a character that is drawn as nothing" => "`invisible-character` names the character, whichever of Unicode's it is.";
    unseen_characters_in_json: Output, "writes escape sequences and bidirectional controls that a terminal obeys when it shows the report in JSON" => "JSON has them as escapes, and reads the same.";
    line_break_in_an_argument_name: Output, "names an argument so that a line of its own begins in what commands print" => "The line break is shown; no line is added.";
    markup_in_a_comment: Output, "writes links, images, HTML and fences into texts that the comment quotes" => "They are text.";
    references_in_a_comment: Output, "writes mentions, references, commits and bare addresses into texts that the comment quotes" => "They are text.";
    markup_in_a_page_and_in_xml: Output, "writes scripts, attributes and characters that XML forbids into its names" => "The page and the test report show them as text, and both can be read.";
    fingerprints_of_another_directory: Output, "makes the job run in another directory, so that dismissed results are new and new ones look dismissed" => "Fingerprints are made of paths from the top of the repository.";
    paths_of_another_directory: Output, "names its files by absolute paths, so that annotations point nowhere" => "Paths are relative to the top of the repository.";
    doubles_in_a_test_report: Output, "makes two test cases of one name, of which a reader keeps the one that passed" => "The names in a test report are distinct, and unreadable input is an error.";
}

/// What is checked; findings do not fail, the gate does.
const CONFIG: &str = "[[policy]]\npath = \"policy.json\"\n\n[lint]\nfail-on = \"never\"\n";

/// Every format with its name.
const FORMATS: [&str; 8] = [
    "human", "json", "sarif", "junit", "github", "gitlab", "markdown", "html",
];

/// A policy in which `pay` takes amounts up to `most`, with other tools.
fn policy(most: u32, on_deny: &str, others: &[(&str, serde_json::Value)]) -> String {
    let mut tools = serde_json::Map::new();
    for (name, rules) in others {
        tools.insert((*name).to_owned(), rules.clone());
    }
    tools.insert("pay".to_owned(), up_to(most, on_deny));
    json!({ "version": "1", "default": "deny", "tools": tools }).to_string()
}

/// Rules of a tool that takes amounts up to `most`.
fn up_to(most: u32, on_deny: &str) -> serde_json::Value {
    json!({ "require": [{
        "conditions": [{ "path": "args.amount", "op": "lte", "value": most }],
        "on_deny": on_deny
    }] })
}

/// A repository with the branch `change` checked out, on which the files `after`
/// are committed; `main` has those of `before`, and both have [`CONFIG`].
fn changed(name: &str, before: &[(&str, &str)], after: &[(&str, &str)]) -> PathBuf {
    let before = [&[("mcppolicy.toml", CONFIG)], before].concat();
    let dir = support::repository(&format!("gate-output-{name}"), &before);
    git(&dir, &["checkout", "--quiet", "-b", "change"]);
    write_all(&dir, after);
    commit(&dir);
    dir
}

/// `ci --base main` in every format, and how it ended.
fn ci(dir: &Path) -> (i32, BTreeMap<&'static str, String>) {
    everywhere(dir, &["ci", "--base", "main", "--max-markdown", "64512"])
}

/// A run in every format, and how it ended.
fn everywhere(dir: &Path, arguments: &[&str]) -> (i32, BTreeMap<&'static str, String>) {
    let name = dir.file_name().unwrap().to_string_lossy();
    let reports = fresh(&format!("{name}-reports"));
    let targets: Vec<String> = FORMATS
        .iter()
        .map(|format| format!("{format}={}", reports.join(format).display()))
        .collect();
    let mut all = arguments.to_vec();
    all.extend(targets.iter().flat_map(|target| ["--output", target]));
    let Ran { code, err, .. } = run(dir, &all);
    assert_eq!(lines_that_obey(&err), [""; 0]);
    let texts = FORMATS.iter().map(|format| {
        let text = fs::read_to_string(reports.join(format)).unwrap_or_else(|e| panic!("{e} {err}"));
        (*format, text)
    });
    (code, texts.collect())
}

/// The lines of a text that a job's runner would take for commands.
fn lines_that_obey(text: &str) -> Vec<&str> {
    let is_command = |line: &&str| {
        let line = line.trim_start();
        line.starts_with("::") || line.contains("##[") || line.contains("##vso[")
    };
    text.lines().filter(is_command).collect()
}

/// The characters of a text that are not shown as they are, but for line breaks
/// and for what makes emoji of the signs that reports use.
fn unseen(text: &str) -> Vec<String> {
    let mut text = text.to_owned();
    for sign in ["⚠\u{FE0F}", "ℹ\u{FE0F}", "✏\u{FE0F}"] {
        text = text.replace(sign, "");
    }
    let unseen = |c: &char| *c != '\n' && mcppolicy_engine::characters::is_unprintable(*c);
    text.chars()
        .filter(unseen)
        .map(|c| format!("U+{:04X}", u32::from(c)))
        .collect()
}

/// What markdown says outside of fenced blocks and code spans.
fn prose(markdown: &str) -> String {
    let mut fenced = false;
    let mut out = String::new();
    for line in markdown.lines() {
        if line.starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            out.push_str(line);
            out.push('\n');
        }
    }
    out
}
