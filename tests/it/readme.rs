//! The README is true: each `console` block is run, and what it shows is what
//! comes out.

use crate::support::{root, run};

/// A command of the README and the lines that it shows.
struct Shown {
    line: usize,
    arguments: Vec<String>,
    output: Vec<String>,
    code: i32,
}

fn shown(readme: &str) -> Vec<Shown> {
    let mut found: Vec<Shown> = Vec::new();
    let mut inside = false;
    for (number, line) in readme.lines().enumerate() {
        match (inside, line) {
            (false, "```console") => inside = true,
            (true, "```") => inside = false,
            (true, _) => match line.strip_prefix("$ mcppolicy ") {
                Some(command) => found.push(Shown {
                    line: number + 1,
                    arguments: split(command),
                    output: Vec::new(),
                    code: 0,
                }),
                None => found.last_mut().unwrap().output.push(line.to_owned()),
            },
            _ => {}
        }
    }
    for shown in &mut found {
        if let Some(code) = shown
            .output
            .last()
            .and_then(|line| line.strip_prefix("exit code "))
        {
            shown.code = code.parse().unwrap();
            shown.output.pop();
        }
        while shown.output.last().is_some_and(String::is_empty) {
            shown.output.pop();
        }
    }
    found
}

/// Words as a shell splits them, single quotes only.
fn split(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for character in command.chars() {
        match character {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            other => words.last_mut().unwrap().push(other),
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

#[test]
fn the_readme_shows_what_comes_out() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let commands = shown(&readme);
    assert!(commands.len() >= 4);
    for command in commands {
        let arguments: Vec<&str> = command.arguments.iter().map(String::as_str).collect();
        let ran = run(root(), &arguments);
        let actual: Vec<&str> = ran.out.trim_end().lines().collect();
        assert!(
            matches(&command.output, &actual),
            "README.md:{}: {arguments:?} prints\n{}",
            command.line,
            ran.out
        );
        assert_eq!(ran.code, command.code, "README.md:{}", command.line);
    }
}

#[test]
fn the_two_commands_of_the_quick_start_are_there() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    for command in [
        "cargo run --release --locked -- ci testdata/quickstart",
        "cargo test --locked",
    ] {
        assert!(readme.lines().any(|line| line == command), "{command}");
    }
}
