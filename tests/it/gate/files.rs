//! Paths inside files, and files that are written.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::{self, Ran, commit, fresh, json, repository, run, write};

attacks! {
    a_configured_path_leads_out: Files,
        "names a file outside of the repository, or in `.git`, as policy, inventory or trace"
        => "exit 3, and nothing of the file is quoted";
    a_configured_path_is_a_link: Files,
        "commits a link as policy, inventory, trace or configuration, or as a directory on the way"
        => "exit 3, naming the link";
    a_file_never_ends: Files,
        "names a device or a pipe where a file is read"
        => "exit 3 at once; a person may name `-`, `/dev/null` and a pipe";
    a_file_is_huge: Files,
        "commits a configuration, policy or inventory beyond its limit"
        => "exit 3 without reading it";
    a_header_chooses_another_policy: Files,
        "has a trace name a policy of its own choice in its header"
        => "`ci` exits with 3 and names the trace; `test` says which policy the header chose";
    a_header_leads_out: Files,
        "has a trace name a policy outside of the configuration's directory in its header"
        => "exit 3, and nothing of the file is quoted";
    a_broken_line_is_not_quoted: Files,
        "breaks a line of a trace, so that its arguments appear in the report"
        => "position, member and kind only, unless `--show-arguments`";
    a_link_where_a_file_is_written: Output,
        "commits a link where a report, an inventory, a trace or a policy is written"
        => "exit 2, and nothing is written through the link";
    a_link_on_the_way_to_what_is_written: Output,
        "commits a directory as a link, in which something is written"
        => "exit 2, and nothing is written through the link";
    a_planted_temporary_file: Output,
        "commits a link under the name of a temporary file"
        => "temporary names are random and created exclusively; the file itself is replaced at the end";
    a_full_disk: Output,
        "makes a report so large that it cannot be written"
        => "exit 2 in every format; a reader that goes away early is success";
    a_device_stays_one: Output,
        "relies on a device or a pipe being replaced by a report"
        => "both are written to as they are";
}

const POLICY: &str = r#"{"version":"1","default":"deny","tools":{"ping":{"limits":[{"counter":"c","window":"day","max":5,"scope":"grant"}]}}}"#;
const TOOLS: &str = r#"[{"name":"ping"}]"#;
const TRACE: &str = "{\"tool\":\"ping\",\"expect\":\"allow\"}\n";
const SECRET: &str = "hunter2";

/// A configuration whose one entry has these paths.
fn config(path: &str, inventory: &str, traces: &str) -> String {
    format!(
        "[[policy]]\npath = {path:?}\ninventory = {inventory:?}\ntraces = [{traces:?}]\n\
         [lint]\nfail-on = \"never\"\n"
    )
}

/// A repository that is sound, with a secret beside it.
fn sound(name: &str) -> PathBuf {
    let files = [
        ("policy.json", POLICY),
        ("tools.json", TOOLS),
        ("traces/a.jsonl", TRACE),
        (
            "mcppolicy.toml",
            &config("policy.json", "tools.json", "traces"),
        ),
    ];
    let dir = repository(name, &files);
    let beside = dir.with_extension("secret");
    fs::write(&beside, format!("{SECRET}\n{{\"{SECRET}\": {SECRET}}}\n")).unwrap();
    let ran = run(&dir, &["ci"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    dir
}

/// Runs the command for at most a minute, so that a test ends when it waits for
/// what never comes.
fn bounded(dir: &Path, arguments: &[&str]) -> Ran {
    let command = support::mcppolicy(dir);
    let output = Command::new("timeout")
        .arg("60")
        .arg(command.get_program())
        .args(arguments)
        .current_dir(dir)
        .env("NO_COLOR", "1")
        .env("GIT_CEILING_DIRECTORIES", env!("CARGO_TARGET_TMPDIR"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    Ran {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// In every format, the run ends with `code` and says nothing of the secret.
fn quotes_nothing(dir: &Path, arguments: &[&str], code: i32) -> String {
    let mut all = String::new();
    for format in [
        "human", "json", "sarif", "junit", "github", "gitlab", "markdown", "html",
    ] {
        let ran = bounded(dir, &[arguments, &["--format", format]].concat());
        assert_eq!(ran.code, code, "{format}: {}{}", ran.out, ran.err);
        let said = ran.out + &ran.err;
        assert!(!said.contains(SECRET), "{format}: {said}");
        all.push_str(&said);
    }
    all
}

fn fifo(path: &Path) {
    let made = Command::new("mkfifo").arg(path).status().unwrap();
    assert!(made.success());
}

fn a_configured_path_leads_out() {
    let dir = sound("gate-leads-out");
    let secret = dir.with_extension("secret");
    let secret = secret.to_str().unwrap();
    fs::write(dir.join(".git/description"), SECRET).unwrap();
    for path in [
        secret,
        "../gate-leads-out.secret",
        "traces/../../gate-leads-out.secret",
        "{dir}/../gate-leads-out.secret",
        ".git/description",
        ".GIT/description",
        "/proc/self/environ",
    ] {
        for config in [
            config("policy.json", path, "traces"),
            config("policy.json", "tools.json", path),
        ] {
            write(&dir, "mcppolicy.toml", config);
            quotes_nothing(&dir, &["ci"], 3);
        }
    }
    write(
        &dir,
        "mcppolicy.toml",
        config("policy.json", "./traces//../tools.json", "{dir}/traces"),
    );
    assert_eq!(run(&dir, &["ci"]).code, 0);
}

fn a_configured_path_is_a_link() {
    for (name, path) in [
        ("policy", "policy.json"),
        ("inventory", "tools.json"),
        ("trace", "traces/a.jsonl"),
        ("traces", "traces"),
        ("config", "mcppolicy.toml"),
    ] {
        let dir = sound(&format!("gate-link-{name}"));
        // Even a link to the very same content is one.
        fs::rename(dir.join(path), dir.with_extension("moved")).unwrap();
        let moved = dir.with_extension("moved");
        symlink(&moved, dir.join(path)).unwrap();
        let ran = bounded(&dir, &["ci"]);
        assert_eq!(ran.code, 3, "{name}: {}{}", ran.out, ran.err);
        assert!((ran.out + &ran.err).contains("symbolic link"), "{name}");
        fs::remove_file(dir.join(path)).unwrap();
        symlink(dir.with_extension("secret"), dir.join(path)).unwrap();
        quotes_nothing(&dir, &["ci"], 3);
        fs::remove_file(dir.join(path)).unwrap();
        fs::rename(&moved, dir.join(path)).unwrap();
        assert_eq!(run(&dir, &["ci"]).code, 0, "{name}");
    }
    // Nothing names these, and they are looked for.
    let dir = fresh("gate-link-default");
    write(&dir, "real.json", POLICY);
    symlink("real.json", dir.join("policy.json")).unwrap();
    assert_eq!(bounded(&dir, &["lint"]).code, 3);
    assert_eq!(
        run(&dir, &["validate", "policy.json"]).code,
        0,
        "a person names it"
    );
}

fn a_file_never_ends() {
    let dir = sound("gate-endless");
    fifo(&dir.join("pipe"));
    for path in ["/dev/zero", "pipe", "/dev/tty", "/dev/stdin"] {
        for config in [
            config("policy.json", path, "traces"),
            config("policy.json", "tools.json", path),
        ] {
            write(&dir, "mcppolicy.toml", config);
            let ran = bounded(&dir, &["ci"]);
            assert_eq!(ran.code, 3, "{path}: {}{}", ran.out, ran.err);
        }
    }
    write(
        &dir,
        "mcppolicy.toml",
        config("pipe", "tools.json", "traces"),
    );
    assert_eq!(bounded(&dir, &["ci"]).code, 3);
    write(
        &dir,
        "mcppolicy.toml",
        config("policy.json", "tools.json", "traces"),
    );
    fifo(&dir.join("traces/b.jsonl"));
    assert_eq!(bounded(&dir, &["ci"]).code, 3);
    assert_eq!(bounded(&dir, &["test", "traces"]).code, 3);
    fs::remove_file(dir.join("traces/b.jsonl")).unwrap();
    fs::remove_file(dir.join("mcppolicy.toml")).unwrap();
    fifo(&dir.join("mcppolicy.toml"));
    assert_eq!(bounded(&dir, &["ci"]).code, 3);
    fs::remove_file(dir.join("mcppolicy.toml")).unwrap();

    assert_eq!(bounded(&dir, &["validate", "/dev/zero"]).code, 2);
    let shell = |script: &str| {
        let built = env!("CARGO_BIN_EXE_mcppolicy");
        let ran = Command::new("timeout")
            .args(["60", "bash", "-c", script])
            .env("mcppolicy", built)
            .current_dir(&dir)
            .output()
            .unwrap();
        ran.status.code().unwrap()
    };
    assert_eq!(shell("\"$mcppolicy\" validate <(cat policy.json)"), 0);
    assert_eq!(shell("\"$mcppolicy\" validate - < policy.json"), 0);
    assert_eq!(
        shell("cat policy.json | \"$mcppolicy\" validate /dev/stdin"),
        0
    );
    assert_eq!(
        shell("cat policy.json > pipe & \"$mcppolicy\" validate pipe"),
        0
    );
    assert_eq!(
        shell("\"$mcppolicy\" diff /dev/null policy.json --gate never"),
        0
    );
}

fn a_file_is_huge() {
    let page = fs::read_to_string(support::root().join("docs/shell.md")).unwrap();
    let grow = |file: &Path, mebibytes: u64| {
        let file = fs::File::options().write(true).open(file).unwrap();
        file.set_len((mebibytes << 20) + 1).unwrap();
    };
    for (name, path, limit) in [
        ("config", "mcppolicy.toml", 1),
        ("policy", "policy.json", 64),
        ("inventory", "tools.json", 256),
    ] {
        let dir = sound(&format!("gate-huge-{name}"));
        grow(&dir.join(path), limit);
        let ran = bounded(&dir, &["ci"]);
        assert_eq!(ran.code, 3, "{name}: {}{}", ran.out, ran.err);
        let said = ran.out + &ran.err;
        assert!(said.contains(&format!("larger than {limit} MiB")), "{said}");
        assert!(
            page.contains(&format!("| {limit} MiB |")),
            "{limit} is not in the page"
        );
    }
    let dir = sound("gate-large-twin");
    let spaces = " ".repeat(900 << 10);
    let config = config("policy.json", "tools.json", "traces");
    write(&dir, "mcppolicy.toml", format!("{config}# {spaces}\n"));
    assert_eq!(run(&dir, &["ci"]).code, 0);
}

fn header(policy: &str) -> String {
    format!("{{\"mcppolicy\":\"trace/1\",\"policy\":\"{policy}\"}}\n{TRACE}")
}

fn a_header_chooses_another_policy() {
    let dir = sound("gate-header");
    write(&dir, "lax/open.json", POLICY);
    for policy in ["../lax/open.json", "../lax/absent.json", "open.json"] {
        write(&dir, "traces/a.jsonl", header(policy));
        let ran = run(&dir, &["ci", "--format", "json"]);
        assert_eq!(ran.code, 3, "{}", ran.out);
        assert!(
            ran.out
                .contains("The header of traces/a.jsonl names another policy"),
            "{}",
            ran.out
        );
    }
    write(&dir, "traces/a.jsonl", header("../lax/open.json"));
    let chosen = |dir: &Path| {
        let ran = run(dir, &["test", "traces", "--format", "json"]);
        let report: Value = ran.report();
        assert_eq!(ran.code, 0, "{report}");
        report["findings"].to_string()
    };
    assert!(
        chosen(&dir).contains("chose the policy lax/open.json"),
        "{}",
        chosen(&dir)
    );
    write(&dir, "traces/a.jsonl", header("./../lax/../policy.json"));
    assert_eq!(run(&dir, &["ci"]).code, 0);
    assert_eq!(chosen(&dir), "[]");
}

fn a_header_leads_out() {
    let dir = sound("gate-header-out");
    let secret = dir.with_extension("secret");
    symlink(&secret, dir.join("link.json")).unwrap();
    fifo(&dir.join("pipe.json"));
    for policy in [
        secret.to_str().unwrap(),
        "../../gate-header-out.secret",
        "../.git/config",
        "../link.json",
        "../pipe.json",
        "/proc/self/environ",
    ] {
        write(&dir, "traces/a.jsonl", header(policy));
        let said = quotes_nothing(&dir, &["test", "traces"], 3);
        assert!(!said.contains("repositoryformatversion"), "{said}");
    }
    write(&dir, "traces/a.jsonl", header("../policy.json"));
    assert_eq!(run(&dir, &["test", "traces"]).code, 0);
}

fn a_broken_line_is_not_quoted() {
    let dir = sound("gate-broken-line");
    for line in [
        r#"{"tool":"ping","arguments":{"key":"hunter2"},"expect":"alow"}"#,
        r#"{"tool":"ping","arguments":{"key":"hunter2"}"#,
        r#"{"tool":"ping","arguments":{"key":"hunter2\ud800"}}"#,
        r#"{"tool":"ping","arguments":"hunter2"}"#,
        r#"{"tool":"ping","arguments":{"hunter2":1e400}}"#,
        r#"{"tool":"ping","response":{"result":{"hunter2":1,"hunter2":2}}}"#,
        r#"{"mcppolicy":"hunter2"}"#,
        r#"{"mcppolicy":"trace/1","start":"hunter2"}"#,
        "hunter2",
    ] {
        write(&dir, "traces/a.jsonl", format!("{line}\n{TRACE}"));
        quotes_nothing(&dir, &["test", "--from", "native"], 3);
    }
    let line = r#"{"tool":"ping","arguments":{"key":"hunter2"},"expect":"alow"}"#;
    write(&dir, "traces/a.jsonl", format!("{line}\n{TRACE}"));
    assert_eq!(run(&dir, &["ci"]).code, 3);
    let said = run(&dir, &["import", "traces/a.jsonl", "--from", "native"]);
    assert!(!(said.out + &said.err).contains(SECRET));
    let shown = run(&dir, &["test", "--show-arguments"]);
    assert_eq!(shown.code, 3);
    assert!(shown.out.contains(SECRET), "{}", shown.out);
    let report = json(&run(&dir, &["test", "--format", "json"]).out);
    let finding = &report["findings"][0];
    assert_eq!(finding["pointer"], "/expect", "{finding}");
    assert!(
        finding["message"].as_str().unwrap().contains("alow"),
        "{finding}"
    );
}

/// Each way to write a file, with the file that it writes.
const WRITERS: [(&str, &[&str], &str); 9] = [
    (
        "output",
        &["lint", "policy.json", "--output", "json=report.json"],
        "report.json",
    ),
    (
        "merge",
        &["merge", "share.json", "--output", "markdown=report.md"],
        "report.md",
    ),
    (
        "import",
        &["import", "traces/a.jsonl", "-o", "new.jsonl"],
        "new.jsonl",
    ),
    ("fix", &["lint", "fixable.json", "--fix"], "fixable.json"),
    (
        "suppress",
        &["lint", "--suppress-existing", "old"],
        "mcppolicy.toml",
    ),
    (
        "approve",
        &["diff", "old.json", "policy.json", "--approve", "see"],
        "mcppolicy.approvals.json",
    ),
    (
        "emit",
        &[
            "diff",
            "old.json",
            "policy.json",
            "--emit-traces",
            "emitted",
        ],
        "emitted/001-ping-access-loosened.jsonl",
    ),
    (
        "update",
        &["test", "new/b.jsonl", "--policy", "policy.json", "--update"],
        "new/b.jsonl",
    ),
    ("init", &["init", "sub", "--force"], "sub/policy.json"),
];

/// A repository where each of [`WRITERS`] has something to write.
fn written(name: &str) -> PathBuf {
    let dir = sound(name);
    let config = config("policy.json", "tools.json", "traces");
    let more = "[[policy]]\npath = \"fixable.json\"\n";
    write(&dir, "mcppolicy.toml", config + more);
    write(
        &dir,
        "old.json",
        r#"{"version":"1","default":"deny","tools":{}}"#,
    );
    write(
        &dir,
        "fixable.json",
        r#"{"version":"1","default":"deny","hide":["wipe"],"tools":{"wipe":{}}}"#,
    );
    write(&dir, "new/b.jsonl", "{\"tool\":\"ping\"}\n");
    let share = run(
        &dir,
        &["test", "--partition", "hash:1/1", "--format", "json"],
    );
    write(&dir, "share.json", share.out);
    dir
}

fn a_link_where_a_file_is_written() {
    for (name, arguments, file) in WRITERS {
        let twin = written(&format!("gate-write-{name}"));
        let ran = run(&twin, arguments);
        assert!(ran.code < 2, "{name}: {}{}", ran.out, ran.err);
        let honest = fs::read(twin.join(file));
        let honest = honest.unwrap_or_else(|_| panic!("{name}: {}{}", ran.out, ran.err));

        let dir = written(&format!("gate-written-link-{name}"));
        let victim = dir.with_extension("victim");
        // What is read before it is written keeps its content.
        let before = fs::read(dir.join(file)).unwrap_or_default();
        fs::write(&victim, &before).unwrap();
        let _ = fs::remove_file(dir.join(file));
        fs::create_dir_all(dir.join(file).parent().unwrap()).unwrap();
        symlink(&victim, dir.join(file)).unwrap();
        let ran = run(&dir, arguments);
        assert!(ran.code >= 2, "{name}: {}{}", ran.out, ran.err);
        assert_eq!(fs::read(&victim).unwrap(), before, "{name}");
        assert_ne!(honest, before, "{name} writes nothing");
        assert!(dir.join(file).is_symlink(), "{name}");

        // Nor is a file made where a link leads nowhere.
        fs::remove_file(&victim).unwrap();
        let _ = run(&dir, arguments);
        assert!(!victim.exists(), "{name}");
    }
}

fn a_link_on_the_way_to_what_is_written() {
    let dir = written("gate-written-parent");
    let outside = fresh("gate-written-outside");
    symlink(&outside, dir.join("out")).unwrap();
    fs::create_dir(dir.join("deep")).unwrap();
    symlink("..", dir.join("deep/up")).unwrap();
    for arguments in [
        &["lint", "policy.json", "--output", "json=out/report.json"][..],
        &[
            "lint",
            "policy.json",
            "--output",
            "json=deep/up/report.json",
        ],
        &["import", "traces/a.jsonl", "-o", "out/new.jsonl"],
        &[
            "diff",
            "old.json",
            "policy.json",
            "--emit-traces",
            "out/emitted",
        ],
        &["diff", "old.json", "policy.json", "--emit-traces", "out"],
        &["init", "out/sub"],
        &["record", "-o", "out/new.jsonl", "--", "true"],
    ] {
        let ran = bounded(&dir, arguments);
        assert_eq!(ran.code, 2, "{arguments:?}: {}{}", ran.out, ran.err);
    }
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
    assert!(!dir.join("report.json").exists());
    // A person's own link outside of the repository is followed.
    let person = fresh("gate-written-person");
    symlink(&outside, person.join("alias")).unwrap();
    let target = format!("json={}", person.join("alias/report.json").display());
    // Directories of tests are below a checkout of the project itself.
    let elsewhere = std::env::temp_dir().join(format!("mcppolicy-gate-{}", std::process::id()));
    fs::create_dir_all(elsewhere.join("real")).unwrap();
    symlink("real", elsewhere.join("alias")).unwrap();
    let own = format!("json={}", elsewhere.join("alias/report.json").display());
    assert_eq!(
        run(
            &dir,
            &[
                "lint",
                "policy.json",
                "--output",
                &own,
                "--fail-on",
                "never"
            ]
        )
        .code,
        0
    );
    assert!(elsewhere.join("real/report.json").exists());
    fs::remove_dir_all(&elsewhere).unwrap();
    assert_eq!(
        run(&dir, &["lint", "policy.json", "--output", &target]).code,
        2
    );
}

fn a_planted_temporary_file() {
    let dir = written("gate-temporary");
    let victim = dir.with_extension("victim");
    fs::write(&victim, "kept").unwrap();
    // The names that were once used, for every process that may come.
    for number in 1..1000 {
        symlink(&victim, dir.join(format!(".report.json.{number}.new"))).unwrap();
    }
    let report = write(&dir, "report.json", "old");
    fs::set_permissions(&report, fs::Permissions::from_mode(0o640)).unwrap();
    let ran = run(
        &dir,
        &[
            "lint",
            "policy.json",
            "--output",
            "json=report.json",
            "--fail-on",
            "never",
        ],
    );
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(fs::read_to_string(&victim).unwrap(), "kept");
    assert!(fs::read_to_string(&report).unwrap().starts_with('{'));
    assert_eq!(
        report.metadata().unwrap().permissions().mode() & 0o777,
        0o640
    );
    let left = fs::read_dir(&dir).unwrap().filter_map(Result::ok);
    let left = left.filter(|entry| {
        entry
            .file_name()
            .to_string_lossy()
            .starts_with(".mcppolicy-")
    });
    assert_eq!(left.count(), 0);
}

fn a_full_disk() {
    if !Path::new("/dev/full").exists() {
        support::skipped("/dev/full");
        return;
    }
    let dir = written("gate-full");
    let shell = |script: &str| {
        let ran = Command::new("timeout")
            .args(["60", "bash", "-c", script])
            .env("mcppolicy", env!("CARGO_BIN_EXE_mcppolicy"))
            .current_dir(&dir)
            .output()
            .unwrap();
        ran.status.code().unwrap()
    };
    for format in [
        "human", "json", "sarif", "junit", "github", "gitlab", "markdown", "html",
    ] {
        let lint = format!("\"$mcppolicy\" lint policy.json --fail-on never --format {format}");
        assert_eq!(shell(&format!("{lint} > /dev/full")), 2, "{format}");
        assert_eq!(
            shell(&format!("{lint} --output {format}=/dev/full > /dev/null")),
            2,
            "{format}"
        );
        assert_eq!(shell(&format!("{lint} > /dev/null")), 0, "{format}");
    }
    for other in [
        "--help",
        "--version",
        "explain --all",
        "schema report",
        "completions bash",
        "import traces/a.jsonl",
        "lint fixable.json --diff",
        "init sub",
    ] {
        assert_eq!(
            shell(&format!("\"$mcppolicy\" {other} > /dev/full")),
            2,
            "{other}"
        );
    }
    // A reader that has gone.
    assert_eq!(
        shell("\"$mcppolicy\" explain --all | true; exit ${PIPESTATUS[0]}"),
        0
    );
    let import = "yes '{\"tool\":\"ping\"}' | head -100000 | \"$mcppolicy\" import --from native";
    assert_eq!(
        shell(&format!(
            "{import} 2>/dev/null | head -1; exit ${{PIPESTATUS[2]}}"
        )),
        0
    );
}

fn a_device_stays_one() {
    let dir = written("gate-device");
    let lint = [
        "lint",
        "policy.json",
        "--fail-on",
        "never",
        "--format",
        "human",
    ];
    for target in ["/dev/null", "/dev/stdout", "/dev/stderr", "/dev/fd/1"] {
        let output = format!("json={target}");
        let ran = bounded(&dir, &[&lint[..], &["--output", &output]].concat());
        assert_eq!(ran.code, 0, "{target}: {}", ran.err);
        let said = ran.out + &ran.err;
        assert_eq!(
            said.contains("mcppolicy.report/1"),
            target != "/dev/null",
            "{target}"
        );
    }
    assert!(!fs::metadata("/dev/null").unwrap().is_file());
    let pipe = dir.join("pipe");
    fifo(&pipe);
    let reader = Command::new("timeout")
        .args(["60", "cat"])
        .arg(&pipe)
        .stdout(Stdio::piped())
        .spawn();
    let ran = bounded(&dir, &[&lint[..], &["--output", "json=pipe"]].concat());
    assert_eq!(ran.code, 0, "{}", ran.err);
    let read = reader.unwrap().wait_with_output().unwrap().stdout;
    assert!(json(&String::from_utf8(read).unwrap())["schema"] == "mcppolicy.report/1");
    assert!(!pipe.metadata().unwrap().is_file());
    commit(&dir);
}
