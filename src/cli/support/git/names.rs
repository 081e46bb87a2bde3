//! Names of revisions: one name, one commit.

use super::run::{Git, Problem};
use super::split;

/// Why a revision's name is not passed on to git.
pub(super) fn suspicious(name: &str) -> Option<&'static str> {
    if name.is_empty() {
        Some("it is empty; the index has no revision")
    } else if name.starts_with('-') {
        Some("it begins with `-`, like an option")
    } else if name.chars().any(char::is_control) {
        Some("it has a control character in it")
    } else if split(name).is_some() {
        Some("it has a `:` in it, which comes before a path")
    } else {
        None
    }
}

/// The name with the ref that it means spelled out, so that git cannot take it
/// for another one.
///
/// # Errors
/// When it means more than one: the names of both.
pub(super) fn spelled_out(git: &Git, name: &str) -> Result<String, String> {
    let end = ["~", "^", "@{"]
        .iter()
        .filter_map(|mark| name.find(mark))
        .min()
        .unwrap_or(name.len());
    let (short, rest) = name.split_at_checked(end).unwrap_or((name, ""));
    if short.is_empty() || short == "@" || short == "HEAD" || short.starts_with("refs/") {
        return Ok(name.to_owned());
    }
    let is_hex = short.len() >= 4 && short.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hex && matches!(short.len(), 40 | 64) {
        // A whole id is that object, whatever refs are called.
        return Ok(name.to_owned());
    }
    let refs = refs_called(git, short).map_err(Problem::explain)?;
    match refs.as_slice() {
        [] => Ok(name.to_owned()),
        // Git itself looks into its own directory first, as for FETCH_HEAD.
        [one, ..] if is_in_git_dir(git, short) => Err(two(&format!("git's own {short}"), one)),
        // `v1-3-gabc1234` is also how git describes a commit.
        [one, ..] if described(short).is_some_and(|id| is_object(git, id)) => Err(format!(
            "names the ref {one} and also an object; write the full name of one of them"
        )),
        // An abbreviated id that this clone does not have is one elsewhere.
        [one] if is_hex && one.starts_with("refs/tags/") => Err(format!(
            "names the tag {one}, and looks like the id of an object; write its full name"
        )),
        [one] if is_hex && is_object(git, short) => Err(format!(
            "names the ref {one} and also an object; write the full name of one of them"
        )),
        [one] if one.starts_with("refs/tags/") => match remote_branch(git, short) {
            // Whoever may push a tag chooses its name, and in a fresh clone the
            // branch that is meant is only that of the remote.
            Some(branch) => Err(two(one, &branch)),
            None => Ok(format!("{one}{rest}")),
        },
        [one] => Ok(format!("{one}{rest}")),
        [one, other, ..] => Err(two(one, other)),
    }
}

fn two(one: &str, other: &str) -> String {
    format!("names more than one ref, {one} and {other}; write the full name of one of them")
}

/// A remote's branch of this name.
fn remote_branch(git: &Git, short: &str) -> Option<String> {
    let answer = git
        .run(&["for-each-ref", "--format=%(refname)", "refs/remotes/"])
        .ok()?;
    let answer = String::from_utf8_lossy(&answer);
    let end = format!("/{short}");
    let mut branches = answer.lines().filter(|line| line.ends_with(&end));
    branches.next().map(str::to_owned)
}

/// The refs that a short name can mean to git.
fn refs_called(git: &Git, short: &str) -> Result<Vec<String>, Problem> {
    let can_be_a_ref = !short.contains(['*', '?', '[', '\\', ' ']);
    if !can_be_a_ref {
        return Ok(Vec::new());
    }
    let places = [
        format!("refs/{short}"),
        format!("refs/tags/{short}"),
        format!("refs/heads/{short}"),
        format!("refs/remotes/{short}"),
        format!("refs/remotes/{short}/HEAD"),
    ];
    let mut arguments = vec!["for-each-ref", "--format=%(refname)"];
    arguments.extend(places.iter().map(String::as_str));
    let answer = git.run(&arguments)?;
    let answer = String::from_utf8_lossy(&answer);
    // A pattern also matches what lies below it.
    let exact = answer
        .lines()
        .filter(|line| places.iter().any(|p| p == line));
    Ok(exact.map(str::to_owned).collect())
}

/// Whether git's own directory has a ref of this name.
fn is_in_git_dir(git: &Git, short: &str) -> bool {
    let is_there = |dir: &std::path::Path| dir.join(short).is_file();
    git.dir
        .iter()
        .chain(&git.common_dir)
        .any(|dir| is_there(dir))
}

/// The id in a name as `git describe` makes it, `TAG-3-gabc1234`.
fn described(short: &str) -> Option<&str> {
    let (_, id) = short.rsplit_once("-g")?;
    let is_hex = id.len() >= 4 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hex.then_some(id)
}

/// Whether the beginning of an object's id is this.
fn is_object(git: &Git, short: &str) -> bool {
    let option = format!("--disambiguate={short}");
    git.run(&["rev-parse", &option])
        .is_ok_and(|answer| !answer.is_empty())
}
