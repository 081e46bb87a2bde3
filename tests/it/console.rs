//! Fenced blocks of pages. A block whose fence has a name behind its language is
//! a file; the commands of a `console` block are run where those files are, and
//! must print what the block shows.

use std::path::Path;

use crate::support::{fresh, git, root, run, write};

/// A fenced block.
#[derive(Debug)]
pub struct Block {
    /// The line of its fence, from 1.
    pub line: usize,
    pub language: String,
    /// The file that it is, where its fence says so.
    pub name: Option<String>,
    pub text: String,
}

/// The fenced blocks of a page.
pub fn blocks(page: &str) -> Vec<Block> {
    let mut found: Vec<Block> = Vec::new();
    let mut inside = false;
    for (number, line) in page.lines().enumerate() {
        match (inside, line.strip_prefix("```")) {
            (true, Some("")) => inside = false,
            (true, _) => {
                let text = &mut found.last_mut().unwrap().text;
                text.push_str(line);
                text.push('\n');
            }
            (false, Some(fence)) => {
                inside = true;
                let (language, name) = match fence.split_once(' ') {
                    Some((language, name)) => (language, Some(name.to_owned())),
                    None => (fence, None),
                };
                found.push(Block {
                    line: number + 1,
                    language: language.to_owned(),
                    name,
                    text: String::new(),
                });
            }
            (false, None) => {}
        }
    }
    assert!(!inside, "a block is not closed");
    found
}

/// A command of a `console` block, and the lines that it shows.
struct Shown {
    line: usize,
    words: Vec<String>,
    output: Vec<String>,
    code: i32,
}

fn shown(block: &Block) -> Vec<Shown> {
    let mut found: Vec<Shown> = Vec::new();
    for (number, line) in block.text.lines().enumerate() {
        match line.strip_prefix("$ ") {
            Some(command) => found.push(Shown {
                line: block.line + 1 + number,
                words: split(command),
                output: Vec::new(),
                code: 0,
            }),
            None => found.last_mut().unwrap().output.push(line.to_owned()),
        }
    }
    for shown in &mut found {
        while shown.output.last().is_some_and(String::is_empty) {
            shown.output.pop();
        }
        let code = shown.output.last();
        if let Some(code) = code.and_then(|line| line.strip_prefix("exit code ")) {
            shown.code = code.parse().unwrap();
            shown.output.pop();
        }
        while shown.output.last().is_some_and(String::is_empty) {
            shown.output.pop();
        }
    }
    found
}

/// Words as a shell splits them: blanks, and quotes of both kinds.
fn split(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for character in command.chars() {
        match (quote, character) {
            (Some(open), _) if open == character => quote = None,
            (None, '\'' | '"') => quote = Some(character),
            (None, ' ') => words.push(String::new()),
            _ => words.last_mut().unwrap().push(character),
        }
    }
    words
}

/// Whether `actual` is `shown`, where a line `…` matches any lines.
fn matches(shown: &[String], actual: &[&str]) -> bool {
    match shown.split_first() {
        None => actual.is_empty(),
        Some((first, rest)) if first == "…" => {
            (0..=actual.len()).any(|skipped| matches(rest, &actual[skipped..]))
        }
        Some((first, rest)) => {
            actual.first() == Some(&first.as_str()) && matches(rest, &actual[1..])
        }
    }
}

/// Writes the files of a page, runs its commands in their order, and compares
/// what each prints. A page without files is run in the repository itself.
/// Returns how many commands ran.
pub fn walk(page: &str) -> usize {
    let text = std::fs::read_to_string(root().join(page)).unwrap();
    let blocks = blocks(&text);
    let dir = if blocks.iter().any(|block| block.name.is_some()) {
        fresh(&format!("walk-{}", page.replace('/', "-")))
    } else {
        root().to_owned()
    };
    let mut ran = 0;
    for block in &blocks {
        if let Some(name) = &block.name {
            write(&dir, name, &block.text);
        } else if block.language == "console" {
            for command in shown(block) {
                hold(page, &dir, &command);
                ran += 1;
            }
        }
    }
    ran
}

fn hold(page: &str, dir: &Path, command: &Shown) {
    let words: Vec<&str> = command.words.iter().map(String::as_str).collect();
    let place = format!("{page}:{}", command.line);
    match words.split_first() {
        Some((&"mcppolicy", arguments)) => {
            let ran = run(dir, arguments);
            let actual: Vec<&str> = ran.out.trim_end().lines().collect();
            assert!(
                matches(&command.output, &actual),
                "{place}: {arguments:?} prints\n{}{}",
                ran.out,
                ran.err
            );
            assert_eq!(ran.code, command.code, "{place}");
        }
        Some((&"git", arguments)) => git(dir, arguments),
        _ => panic!("{place}: a test cannot run {words:?}"),
    }
}
