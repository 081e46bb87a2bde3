//! What every command says of itself, and what shells complete.

use std::fs;
use std::process::Command;

use crate::support::{fresh, mcppolicy, program, root, run};

/// The lines of a tall terminal, which no command's help goes beyond.
const SCREEN: usize = 45;
const WIDTH: &str = "100";

fn help(path: &[String]) -> String {
    let output = mcppolicy(root())
        .args(path)
        .arg("--help")
        .env("COLUMNS", WIDTH)
        .output()
        .unwrap();
    assert!(output.status.success(), "{path:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The commands that a help lists.
fn commands(help: &str) -> Vec<String> {
    let behind = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    behind
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.strip_prefix("  "))
        .filter(|line| !line.starts_with(' '))
        .filter_map(|line| line.split(' ').next().map(str::to_owned))
        // It prints the others' help and has none of its own.
        .filter(|command| command != "help")
        .collect()
}

/// The help of the command and of all below it.
fn all_helps() -> Vec<(Vec<String>, String)> {
    let mut found = Vec::new();
    let mut todo = vec![Vec::new()];
    while let Some(path) = todo.pop() {
        let text = help(&path);
        for command in commands(&text) {
            todo.push([path.clone(), vec![command]].concat());
        }
        found.push((path, text));
    }
    found
}

#[test]
fn each_commands_help_fits_a_screen_and_shows_an_example() {
    let helps = all_helps();
    assert!(helps.len() >= 13, "{}", helps.len());
    for (path, text) in helps {
        let lines = text.lines().count();
        assert!(lines <= SCREEN, "{path:?}: {lines} lines\n{text}");
        let wide = text.lines().find(|line| line.chars().count() > 100);
        assert_eq!(wide, None, "{path:?}");
        let example = text.lines().any(|line| {
            (line.starts_with("Example: ") || line.starts_with("  ")) && {
                let command = line.trim_start_matches("Example:").trim_start();
                command.starts_with(&["mcppolicy", &path.join(" ")].join(" "))
            }
        });
        assert!(text.contains("\nExample") && example, "{path:?}:\n{text}");
    }
}

/// What a heading of one group of options would take along.
#[test]
fn arguments_without_a_name_are_listed_as_arguments() {
    for (path, text) in all_helps() {
        let mut heading = "";
        for line in text.lines() {
            let is_heading = line.ends_with(':') && !line.starts_with(' ');
            heading = if is_heading { line } else { heading };
            let is_argument = line.starts_with("  [") || line.starts_with("  <");
            assert!(!is_argument || heading == "Arguments:", "{path:?}: {line}");
        }
    }
    let inventory = help(&["inventory".to_owned()]);
    assert!(
        inventory.contains("\nArguments:\n  [SERVER]..."),
        "{inventory}"
    );
}

#[test]
fn help_is_a_command_too() {
    let ran = |arguments: &[&str]| {
        let ran = crate::support::run(std::path::Path::new("."), arguments);
        (ran.code, ran.out)
    };
    assert_eq!(ran(&["help"]), ran(&["--help"]));
    assert_eq!(ran(&["help", "lint"]), ran(&["lint", "--help"]));
    assert_eq!(ran(&["help"]).0, 0);
}

#[test]
fn the_first_help_shows_the_exit_codes_as_the_readme_does() {
    let text = help(&[]);
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    for code in 0..=4 {
        let said = text
            .lines()
            .find_map(|line| line.strip_prefix(&format!("  {code}  ")))
            .unwrap_or_else(|| panic!("{code}: {text}"));
        let row = format!("| {code} | ");
        let in_readme = readme.lines().find_map(|line| line.strip_prefix(&row));
        let first = |text: &str| {
            let plain = text.replace('`', "");
            let sentence = plain.split([',', ';', ':', '|']).next().unwrap();
            sentence.trim().to_owned()
        };
        assert_eq!(Some(first(said)), in_readme.map(first), "{code}");
    }
}

/// The script for a shell, in a file.
fn script(shell: &str) -> (String, std::path::PathBuf) {
    let dir = fresh(&format!("completions-{shell}"));
    let ran = run(&dir, &["completions", shell]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{shell}");
    let file = dir.join("mcppolicy");
    fs::write(&file, &ran.out).unwrap();
    for command in commands(&help(&[])) {
        assert!(ran.out.contains(&command), "{shell}: {command}");
    }
    assert!(ran.out.contains("allow-undetermined"), "{shell}");
    if ["bash", "zsh", "fish"].contains(&shell) {
        assert!(ran.out.contains("unanchored-allowlist"), "{shell}");
    }
    (ran.out, file)
}

/// Runs a shell, where there is one.
fn answer(shell: &'static str, arguments: &[&str]) -> Option<String> {
    let program = program(shell, &[shell])?;
    let output = Command::new(program).args(arguments).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && errors.is_empty(),
        "{shell} {arguments:?}: {errors}"
    );
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn bash_completes_commands_options_and_their_values() {
    let (_, file) = script("bash");
    let complete = |line: &str| {
        let script = format!(
            "source '{}'\nCOMP_WORDS=({line} '')\nCOMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))\n\
             _mcppolicy mcppolicy '' \"${{COMP_WORDS[COMP_CWORD - 1]}}\"\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"",
            file.display()
        );
        answer("bash", &["--norc", "-c", &script])
    };
    let Some(first) = complete("mcppolicy") else {
        return;
    };
    assert!(first.lines().any(|word| word == "lint"), "{first}");
    let formats = complete("mcppolicy lint --format").unwrap();
    assert!(formats.lines().any(|word| word == "sarif"), "{formats}");
    let rules = complete("mcppolicy explain").unwrap();
    assert!(
        rules.lines().any(|word| word == "unanchored-allowlist"),
        "{rules}"
    );
}

#[test]
fn zsh_takes_its_script() {
    let (text, file) = script("zsh");
    assert!(text.starts_with("#compdef mcppolicy"));
    answer("zsh", &["-f", "-n", &file.display().to_string()]);
}

#[test]
fn fish_completes_commands() {
    let (_, file) = script("fish");
    let script = format!(
        "source '{}'; complete --do-complete 'mcppolicy cl'",
        file.display()
    );
    if let Some(words) = answer("fish", &["--no-config", "-c", &script]) {
        let mut words = words.lines();
        assert!(words.any(|word| word.starts_with("classify\t")));
    }
    let script = format!(
        "source '{}'; complete --do-complete 'mcppolicy explain unanch'",
        file.display()
    );
    if let Some(words) = answer("fish", &["--no-config", "-c", &script]) {
        assert!(
            words.lines().any(|word| word == "unanchored-allowlist"),
            "{words}"
        );
    }
}

#[test]
fn elvish_completes_commands() {
    let (text, file) = script("elvish");
    // What an elvish that talks to a person has, and one that runs a script not.
    let prelude = "var edit: = (ns [&complex-candidate~={|word &display=''| put $word} \
                   &completion:=(ns [&arg-completer=[&]])])";
    let script =
        "each {|word| echo $word} [($edit:completion:arg-completer[mcppolicy] mcppolicy '')]";
    fs::write(&file, format!("{prelude}\n{text}\n{script}\n")).unwrap();
    if let Some(words) = answer("elvish", &["-norc", &file.display().to_string()]) {
        assert!(words.lines().any(|word| word == "classify"), "{words}");
    }
}

#[test]
fn the_powershell_script_registers_a_completer() {
    let (text, _) = script("powershell");
    assert!(text.contains("Register-ArgumentCompleter -Native -CommandName 'mcppolicy'"));
    let open = text.matches('{').count();
    assert_eq!(open, text.matches('}').count());
}

#[test]
fn an_unknown_shell_is_named_with_those_that_there_are() {
    let ran = run(root(), &["completions", "tcsh"]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.err.contains("bash, elvish, fish, powershell, zsh"),
        "{}",
        ran.err
    );
}
