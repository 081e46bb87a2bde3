use super::*;

#[test]
fn a_revision_ends_at_the_first_colon_outside_of_braces() {
    assert_eq!(split("origin/main:a/b:c"), Some(("origin/main", "a/b:c")));
    assert_eq!(
        split("main@{2026-01-01 10:00}:policy.json"),
        Some(("main@{2026-01-01 10:00}", "policy.json"))
    );
    assert_eq!(split("policy.json"), None);
    assert_eq!(split("HEAD^{/fix: it}"), None);
}

#[test]
fn a_name_that_git_could_take_for_something_else_is_suspicious() {
    for name in ["", "-x", "--upload-pack=touch x", "main\n--all", "a:b"] {
        assert!(suspicious(name).is_some(), "{name:?}");
    }
    for name in ["origin/main", "HEAD~3", "v1.0^{}", "main@{10:00}"] {
        assert_eq!(suspicious(name), None, "{name:?}");
    }
}

#[test]
fn a_path_stays_in_the_repository() {
    assert_eq!(normal("a/./b/../c"), Ok("a/c".to_owned()));
    assert!(normal("../c").is_err());
    assert!(normal("/etc/passwd").is_err());
}
