//! Where reports say that something is.

use super::*;

/// Two policies that share a trace and have the same finding.
fn project(name: &str) -> PathBuf {
    let list = "[[policy]]\npath = \"deploy/*/policy.json\"\ntraces = [\"traces\"]\n\n\
                [lint]\nfail-on = \"error\"\n";
    let policy = r#"{"version":"1","default":"allow","hide":["wipe"],"tools":{"look":{}}}"#;
    support::repository(
        &format!("gate-output-{name}"),
        &[
            ("mcppolicy.toml", list),
            ("deploy/a/policy.json", policy),
            ("deploy/b/policy.json", policy),
            (
                "traces/t.jsonl",
                "{\"mcppolicy\":\"trace/1\"}\n{\"tool\":\"look\",\"arguments\":{},\"expect\":\"allow\"}\n",
            ),
        ],
    )
}

/// What forges recognise results by, and where they put them.
fn identities(dir: &Path, arguments: &[&str]) -> Vec<String> {
    let sarif = run(dir, &[arguments, &["--format", "sarif"]].concat());
    let gitlab = run(dir, &[arguments, &["--format", "gitlab"]].concat());
    let sarif = support::json(&sarif.out);
    let mut all = Vec::new();
    for result in sarif["runs"][0]["results"].as_array().unwrap() {
        let place = &result["locations"][0]["physicalLocation"]["artifactLocation"];
        all.push(format!("{} {place}", result["partialFingerprints"]));
    }
    for issue in support::json(&gitlab.out).as_array().unwrap() {
        all.push(format!(
            "{} {}",
            issue["fingerprint"], issue["location"]["path"]
        ));
    }
    assert!(all.len() >= 2, "{all:?}");
    all
}

pub(super) fn fingerprints_of_another_directory() {
    let dir = project("fingerprints");
    let top = identities(&dir, &["lint", "deploy/a/policy.json"]);
    for (inside, file) in [
        ("deploy", "a/policy.json"),
        ("deploy/a", "policy.json"),
        ("deploy/b", "../a/policy.json"),
        ("traces", "../deploy/a/policy.json"),
    ] {
        assert_eq!(
            identities(&dir.join(inside), &["lint", file]),
            top,
            "{inside}"
        );
    }
    assert!(top[0].contains("\"deploy/a/policy.json\""), "{top:?}");
    // Another file is another result.
    assert_ne!(identities(&dir, &["lint", "deploy/b/policy.json"]), top);
}

pub(super) fn paths_of_another_directory() {
    let dir = project("absolute");
    let top = identities(&dir, &["lint", "deploy/a/policy.json"]);
    let dir = dir.canonicalize().unwrap();
    let file = dir.join("deploy/a/policy.json");
    let absolute = identities(&dir.join("deploy/b"), &["lint", file.to_str().unwrap()]);
    assert_eq!(absolute, top);
    let ran = run(
        &dir.join("traces"),
        &["lint", file.to_str().unwrap(), "--format", "github"],
    );
    assert!(
        ran.out.contains("file=deploy/a/policy.json,"),
        "{}",
        ran.out
    );
}

pub(super) fn doubles_in_a_test_report() {
    let dir = project("doubles");
    let (code, texts) = everywhere(&dir, &["ci"]);
    assert_eq!(code, 0, "{}", texts["human"]);
    let xml = &texts["junit"];
    let names = |element: &str| -> Vec<&str> {
        let lines = xml.lines().map(str::trim);
        let start = format!("<{element} ");
        let lines = lines.filter_map(|line| line.strip_prefix(start.as_str()));
        lines
            .map(|line| line.split(" file=").next().unwrap())
            .collect()
    };
    for element in ["testsuite", "testcase"] {
        let all: Vec<&str> = names(element)
            .into_iter()
            .map(|line| line.split(" tests=").next().unwrap())
            .collect();
        let distinct: std::collections::BTreeSet<&&str> = all.iter().collect();
        assert_eq!(distinct.len(), all.len(), "{all:#?}");
    }
    assert!(xml.contains("name=\"traces/t.jsonl (2)\""), "{xml}");
    let ran = run(&dir, &["lint", "gone.json", "--format", "junit"]);
    assert!(
        ran.out.contains("errors=\"1\"") && ran.out.contains("<error "),
        "{}",
        ran.out
    );
}
