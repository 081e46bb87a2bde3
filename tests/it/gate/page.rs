//! docs/security.md, generated from the list of attempts.

use std::fmt::Write as _;
use std::fs;

use super::attack::{Attack, Principle};
use super::{
    advice, approvals, base, committed, cost, files, hiding, names, one_repository, output,
    settings,
};
use crate::support::root;

const PAGE: &str = "docs/security.md";

const LISTS: [&[Attack]; 11] = [
    one_repository::ATTACKS,
    names::ATTACKS,
    committed::ATTACKS,
    hiding::ATTACKS,
    settings::ATTACKS,
    base::ATTACKS,
    approvals::ATTACKS,
    files::ATTACKS,
    output::ATTACKS,
    cost::ATTACKS,
    advice::ATTACKS,
];

const PRINCIPLES: [(Principle, &str, &str); 8] = [
    (
        Principle::OneRepository,
        "One repository, and one name for each file",
        "Git is asked in the root of the checkout and nowhere else. The root and the git \
         directory are found once, without believing what the change contains or what the \
         environment says. Two spellings of a path are one file.",
    ),
    (
        Principle::Committed,
        "What is checked is what is committed",
        "Under `--base`, the new state of a file is the blob of the commit that is checked. A \
         working file that differs from it is an error in a job.",
    ),
    (
        Principle::Base,
        "The base decides what counts",
        "Patterns, inventories, levels, thresholds and the gate are those of the base. What a \
         change does to them is shown, and what it hides is shown as well.",
    ),
    (
        Principle::Approval,
        "An approval allows what its reviewer saw, once",
        "An approval counts only in the change that adds it.",
    ),
    (
        Principle::Files,
        "Files that configurations and traces name",
        "A path that stands inside a file must be a regular file inside the repository, with no \
         link on the way. Every file has a size limit. Messages do not quote foreign content.",
    ),
    (
        Principle::Output,
        "What comes out",
        "Text from files is escaped for where it goes, after wrapping and joining. A report that \
         must be cut keeps its verdict and is cut from the end.",
    ),
    (
        Principle::Cost,
        "Cost",
        "Nothing that a change can hold makes the gate run without end. What exceeds a budget is \
         `undetermined` and fails.",
    ),
    (
        Principle::Advice,
        "What the pages and the Action tell users to do",
        "The Action's own steps and the examples of the pages are held to the same rules.",
    ),
];

const INTRODUCTION: &str = "\
# Security of the gate

<!-- Generated from tests/it/gate. Do not edit: run the tests with UPDATE_PAGES=1. -->

`mcppolicy ci --base REV` is a security gate: **the author of a change is the attacker, and the
reviewer trusts the verdict.** The author controls every byte of every commit of the change: files,
modes, links, submodules, attributes, ignore files, the history, and what the files say about the
gate itself. The author does not control the base, the workflow file on the base, the `.git`
directory of the checkout, the machine, or the installed binary. `mcppolicy diff --base` compares in the same way and
under the same settings, with the base itself and without lint and tests: it is for people, and no
gate.

Each row below is a test. It makes the attempt on a real repository, through the command and, where
it concerns them, through the steps of the Action; and it makes an honest change of the same kind,
which must pass.
";

fn page() -> String {
    let mut page = INTRODUCTION.to_owned();
    for (principle, title, text) in PRINCIPLES {
        let all = LISTS.iter().copied().flatten();
        let mine: Vec<&Attack> = all.filter(|a| a.principle == principle).collect();
        if mine.is_empty() {
            continue;
        }
        let _ = write!(
            page,
            "\n## {title}\n\n{text}\n\n| A change that … | What comes out | Test |\n|---|---|---|\n"
        );
        for attack in mine {
            let (tried, outcome) = (cell(attack.tried), cell(attack.outcome));
            let _ = writeln!(page, "| {tried} | {outcome} | `{}` |", attack.name);
        }
    }
    page
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

#[test]
fn the_page_lists_what_the_tests_try() {
    let file = root().join(PAGE);
    let page = page();
    if std::env::var_os("UPDATE_PAGES").is_some() {
        fs::write(&file, &page).unwrap();
    }
    let kept = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        kept == page,
        "{PAGE} is not what tests/it/gate lists: run the tests with UPDATE_PAGES=1"
    );
}

#[test]
fn each_attempt_has_a_name_of_its_own() {
    let mut names: Vec<&str> = LISTS.iter().copied().flatten().map(|a| a.name).collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all);
}
