//! How the cost of a run grows with each thing that a change of files can make
//! larger. `cargo bench --bench growth [WORD…]` prints a table: a direction,
//! its size, the time for that size, for twice and for four times as much, and
//! the last time by the one before. Linear growth makes 2; more than 2.5 is a
//! defect, unless the times are too small to tell. The four times as much of some
//! directions is to take a second at most, reading the policies included; the
//! last column says so.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a bench may panic, and prints its table"
)]

use std::io::Cursor;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use mcppolicy_analysis::compare::{self, Allowance};
use mcppolicy_analysis::diff::gate;
use mcppolicy_analysis::lint::{self, Settings};
use mcppolicy_analysis::region::Budget;
use mcppolicy_analysis::replay::{Options, Replay};
use mcppolicy_engine::engine::Engine;
use mcppolicy_engine::policy::Policy;
use mcppolicy_engine::source::SourceMap;
use mcppolicy_trace::trace::Trace;
use mcppolicy_trace::trace::native::NativeReader;
use serde_json::{Map, Value, json};

/// What is measured: made before, and run once.
type Work = Box<dyn FnOnce()>;

/// A name, the smallest size, and what to do for a size.
type Direction = (&'static str, usize, fn(usize) -> Work);

const DIRECTIONS: &[Direction] = &[
    ("diff: changed tools", 2_500, |n| {
        diff(tools(n, 100), tools(n, 1_000))
    }),
    ("diff: changed tools, judged", 2_500, |n| {
        judged(tools(n, 100), tools(n, 1_000))
    }),
    ("diff: changed tools with patterns", 2_500, |n| {
        diff(searching(n, "+$"), searching(n, "+"))
    }),
    ("diff: unchanged tools", 25_000, |n| {
        diff(tools(n, 100), tools(n, 100))
    }),
    ("reading two policies of so many tools", 25_000, |n| {
        read(tools(n, 100), tools(n, 100))
    }),
    ("diff: added tools", 2_000, |n| {
        diff(tools(1, 100), tools(n, 100))
    }),
    ("diff: hidden names", 12_500, |n| {
        diff(hidden(n), hidden(n / 2))
    }),
    ("diff: members of `in`", 12_500, |n| {
        diff(
            one("require", "in", list(n)),
            one("require", "in", list(n + 1)),
        )
    }),
    ("diff: members of `in`, other order", 12_500, |n| {
        let turned = list(n).into_iter().rev().collect();
        diff(one("require", "in", list(n)), one("require", "in", turned))
    }),
    ("diff: members of `not_in`", 12_500, |n| {
        diff(
            one("require", "not_in", list(n + 1)),
            one("require", "not_in", list(n)),
        )
    }),
    ("diff: numbers of `in`", 2_000, |n| {
        diff(
            one("require", "in", numbers(n)),
            one("require", "in", numbers(n + 1)),
        )
    }),
    ("diff: objects of `in`", 2_000, |n| {
        diff(
            one("require", "in", objects(n)),
            one("require", "in", objects(n + 1)),
        )
    }),
    ("diff: `deny_if` rules, one path", 250, |n| {
        diff(
            rules("deny_if", n + 1, one_path),
            rules("deny_if", n, one_path),
        )
    }),
    ("diff: `deny_if` rules, a path each", 250, |n| {
        diff(
            rules("deny_if", n + 1, own_path),
            rules("deny_if", n, own_path),
        )
    }),
    ("diff: `require` rules, a path each", 250, |n| {
        diff(
            rules("require", n + 1, own_path),
            rules("require", n, own_path),
        )
    }),
    ("diff: `require` rules, each changed", 250, |n| {
        diff(
            rules("require", n, own_path),
            rules("require", n, |at| condition(&format!("x{at}"), "lte", 200)),
        )
    }),
    ("diff: `deny_if` rules, each changed", 250, |n| {
        diff(
            rules("deny_if", n, |at| condition(&format!("x{at}"), "gt", 100)),
            rules("deny_if", n, |at| condition(&format!("x{at}"), "gt", 200)),
        )
    }),
    ("diff: `deny_if` rules removed", 250, |n| {
        diff(rules("deny_if", n, one_path), rules("deny_if", 0, one_path))
    }),
    ("diff: patterns", 250, |n| {
        diff(
            rules("deny_if", n + 1, pattern),
            rules("deny_if", n, pattern),
        )
    }),
    ("diff: conditions of one rule", 500, |n| {
        diff(wide_rule(n), wide_rule(n + 1))
    }),
    ("diff: limits", 500, |n| diff(limits(n, 10), limits(n, 20))),
    ("diff: sums", 20, |n| diff(sums(n, 10), sums(n, 20))),
    ("diff: `max`", 1_000_000, |n| {
        diff(limits(1, n), limits(1, 2 * n))
    }),
    ("diff: limits on all tools", 2_000, |n| {
        diff(shared(n, 100), shared(n, 1_000))
    }),
    ("lint: tools", 1_000, |n| lint(tools(n, 100))),
    ("lint: `deny_if` rules, one path", 250, |n| {
        lint(rules("deny_if", n, one_path))
    }),
    ("lint: `deny_if` rules, a path each", 250, |n| {
        lint(rules("deny_if", n, own_path))
    }),
    ("lint: `require` rules, a path each", 250, |n| {
        lint(rules("require", n, own_path))
    }),
    ("lint: patterns", 250, |n| {
        lint(rules("require", n, pattern))
    }),
    ("lint: conditions of one rule", 250, |n| lint(wide_rule(n))),
    ("lint: members of `in`", 10_000, |n| {
        lint(one("require", "in", list(n)))
    }),
    ("lint: limits", 250, |n| lint(limits(n, 10))),
    ("lint: sums", 50, |n| lint(sums(n, 10))),
    ("lint: hidden names", 5_000, |n| lint(hidden(n))),
    ("test: calls", 10_000, |n| replay((0..n).map(|_| call("g")))),
    ("test: grants", 10_000, |n| {
        replay((0..n).map(|at| call(&format!("g{at}"))))
    }),
    ("test: unknown grants", 2_000, |n| {
        replay((0..n).map(|at| match at % 2 {
            0 => call(&format!("g{at}")),
            _ => json!({"tool": "t", "grant": null}),
        }))
    }),
    ("test: late calls", 5_000, |n| {
        replay((0..n).map(move |at| at_second(n - at, json!({}))))
    }),
    ("test: late errors", 2_000, |n| {
        replay((0..n).map(move |at| at_second(n - at, json!({"response": {"error": {"code": 1}}}))))
    }),
    ("test: repetitions", 200_000, |n| {
        replay(std::iter::once(
            json!({"tool": "t", "grant": "g", "repeat": n}),
        ))
    }),
    ("command: suppressions", 500, suppressions),
    ("command: mentions of a trace directory", 500, mentions),
    ("command: policies", 100, policies),
];

/// Directions of which the largest size is to take a second at most.
const A_SECOND: &[&str] = &[
    "diff: changed tools",
    "diff: hidden names",
    "diff: members of `in`",
    "diff: members of `in`, other order",
    "diff: members of `not_in`",
    "diff: `deny_if` rules, one path",
    "diff: `deny_if` rules, a path each",
    "diff: `require` rules, a path each",
    "diff: `require` rules, each changed",
    "diff: `deny_if` rules, each changed",
    "diff: `max`",
];

fn main() {
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with('-'))
        .collect();
    println!(
        "{:40} {:>9} {:>9} {:>9} {:>9}  ratio",
        "direction", "n", "n", "2n", "4n"
    );
    for (name, least, make) in DIRECTIONS {
        if !words.is_empty() && !words.iter().any(|word| name.contains(word.as_str())) {
            continue;
        }
        let times = [1, 2, 4].map(|factor| {
            let work = make(least * factor);
            let start = Instant::now();
            work();
            start.elapsed()
        });
        let shown = times.map(|time: Duration| format!("{:.3} s", time.as_secs_f64()));
        let ratio = times[2].as_secs_f64() / times[1].as_secs_f64().max(1e-6);
        let most = if A_SECOND.contains(name) { "  1 s" } else { "" };
        println!(
            "{name:40} {least:>9} {:>9} {:>9} {:>9}  {ratio:.1}{most}",
            shown[0], shown[1], shown[2]
        );
    }
}

fn diff(old: Value, new: Value) -> Work {
    let [old, new] = [old, new].map(|policy| policy.to_string());
    Box::new(move || {
        let [old, new] = [old, new].map(|text| Policy::from_json(text.as_bytes()).unwrap());
        compare::policies(&old, &new, &Budget::default());
    })
}

/// The same, and judged as the gate does, without any approval.
fn judged(old: Value, new: Value) -> Work {
    let [old, new] = [old, new].map(|policy| policy.to_string());
    Box::new(move || {
        let [old, new] = [old, new].map(|text| Policy::from_json(text.as_bytes()).unwrap());
        let budget = Budget::default();
        let comparison = compare::policies(&old, &new, &budget);
        gate::judge(
            Some(&old),
            Some(&new),
            &comparison.changes,
            &[],
            (&budget, &Allowance::new(&budget)),
        );
    })
}

fn read(old: Value, new: Value) -> Work {
    let both = [old, new].map(|policy| policy.to_string());
    Box::new(move || {
        for text in both {
            Policy::from_json(text.as_bytes()).unwrap();
        }
    })
}

fn lint(policy: Value) -> Work {
    let text = policy.to_string();
    Box::new(move || {
        let policy = Policy::from_json(text.as_bytes()).unwrap();
        lint::lint(&lint::Input {
            policy: &policy,
            engine: &Engine::new(&policy),
            inventory: None,
            usage: None,
            settings: &Settings::new(),
        });
    })
}

/// Calls of a tool with limits by minute and day.
fn replay(lines: impl Iterator<Item = Value>) -> Work {
    let header = json!({"mcppolicy": "trace/1", "start": "2026-11-20T00:00:00Z", "step": "1s"});
    let lines = std::iter::once(header).chain(lines);
    let text: String = lines.map(|line| format!("{line}\n")).collect();
    Box::new(move || {
        let policy = policy(json!({"t": {"limits": [
            limit("minute", "minute", 10),
            limit("day", "day", 1 << 50),
        ]}}));
        let engine = Engine::new(&Policy::from_json(policy.to_string().as_bytes()).unwrap());
        let reader = NativeReader::new(Cursor::new(text.into_bytes()));
        let mut trace = Trace::open("bench", Box::new(reader)).unwrap();
        let mut replay = Replay::new(&engine, Options::default());
        replay.read(&mut trace, &mut SourceMap::new()).unwrap();
        assert_eq!(replay.finish().invalid_lines, 0);
    })
}

fn call(grant: &str) -> Value {
    json!({"tool": "t", "grant": grant, "expect": "allow"})
}

/// A call at a second of a day, with further members.
fn at_second(second: usize, more: Value) -> Value {
    let (hour, minute, second) = (second / 3_600 % 24, second / 60 % 60, second % 60);
    let time = format!("2026-11-20T{hour:02}:{minute:02}:{second:02}Z");
    let mut line = json!({"tool": "t", "grant": "g", "ts": time});
    line.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    line
}

fn policy(tools: Value) -> Value {
    json!({"version": "1", "default": "deny", "tools": tools})
}

fn condition(path: &str, operator: &str, value: impl Into<Value>) -> Value {
    json!({"path": format!("args.{path}"), "op": operator, "value": value.into()})
}

fn limit(counter: &str, window: &str, max: usize) -> Value {
    json!({"counter": counter, "window": window, "max": max, "scope": "grant"})
}

fn tools(count: usize, most: u64) -> Value {
    let rules = json!({
        "require": [{"conditions": [condition("amount", "lte", most)]}],
        "deny_if": [{"conditions": [condition("path", "contains", "..")]}],
        "limits": [limit("calls", "minute", 10)],
    });
    let each = (0..count).map(|at| (format!("tool_{at}"), rules.clone()));
    policy(Value::Object(each.collect()))
}

/// Tools whose paths must match a pattern with this end.
fn searching(count: usize, end: &str) -> Value {
    let rules = |at: usize| {
        let pattern = format!("^/srv/app{at}/[a-z0-9_/.-]{end}");
        json!({"require": [{"conditions": [condition("path", "regex", pattern)]}]})
    };
    let each = (0..count).map(|at| (format!("tool_{at}"), rules(at)));
    policy(Value::Object(each.collect()))
}

fn hidden(count: usize) -> Value {
    let names: Vec<String> = (0..count).map(|at| format!("hidden_{at}")).collect();
    json!({"version": "1", "default": "allow", "hide": names, "tools": {}})
}

fn shared(count: usize, max: usize) -> Value {
    let mut policy = tools(count, 100);
    policy["all_tools"] = json!({"limits": [limit("all", "minute", max)]});
    policy
}

fn one(step: &str, operator: &str, operands: Vec<Value>) -> Value {
    policy(json!({"t": {step: [{"conditions": [condition("x", operator, operands)]}]}}))
}

fn list(count: usize) -> Vec<Value> {
    (0..count).map(|at| format!("value-{at}").into()).collect()
}

fn numbers(count: usize) -> Vec<Value> {
    (0..count).map(|at| (at as f64 * 1.5).into()).collect()
}

fn objects(count: usize) -> Vec<Value> {
    (0..count).map(|at| json!({"a": at})).collect()
}

fn rules(step: &str, count: usize, condition: fn(usize) -> Value) -> Value {
    let rules: Vec<Value> = (0..count)
        .map(|at| json!({"conditions": [condition(at)]}))
        .collect();
    policy(json!({"t": {step: rules}}))
}

fn one_path(at: usize) -> Value {
    condition("x", "contains", format!("value-{at}"))
}

fn own_path(at: usize) -> Value {
    condition(&format!("x{at}"), "lte", 100)
}

fn pattern(at: usize) -> Value {
    condition("x", "regex", format!("^value-{at}?"))
}

fn wide_rule(count: usize) -> Value {
    let conditions: Vec<Value> = (0..count).map(own_path).collect();
    policy(json!({"t": {"deny_if": [{"conditions": conditions}]}}))
}

fn limits(count: usize, max: usize) -> Value {
    let limits: Vec<Value> = (0..count)
        .map(|at| limit(&format!("c{at}"), "day", max + at))
        .collect();
    policy(json!({"t": {"limits": limits}}))
}

fn sums(count: usize, max: usize) -> Value {
    let sum = |at: usize| {
        let mut limit = limit(&format!("c{at}"), "day", max + at);
        limit["increment_from"] = format!("args.a{at}").into();
        limit
    };
    policy(json!({"t": {"limits": (0..count).map(sum).collect::<Vec<_>>()}}))
}

/// Writes files in a fresh directory, and runs the command there.
fn command(files: Vec<(String, String)>, arguments: &'static [&'static str]) -> Work {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("growth");
    if dir.exists() {
        std::fs::remove_dir_all(&dir).unwrap();
    }
    for (path, text) in files {
        let file = dir.join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }
    Box::new(move || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mcppolicy"));
        let output = command.args(arguments).current_dir(&dir).output().unwrap();
        assert!(output.status.code().is_some_and(|code| code < 2));
    })
}

const CONFIG: &str = "[[policy]]\npath = \"policy.json\"\n";

fn suppressions(count: usize) -> Work {
    let rules = json!({"require": [{"conditions": [condition("path", "regex", "a|b")]}]});
    let each = (0..count).map(|at| (format!("t{at}"), rules.clone()));
    let policy = policy(Value::Object(each.collect::<Map<_, _>>()));
    let files = vec![
        ("mcppolicy.toml".to_owned(), CONFIG.to_owned()),
        ("policy.json".to_owned(), policy.to_string()),
    ];
    command(files, &["lint", "--suppress-existing", "known"])();
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("growth");
    let kept = |name: &str| {
        (
            name.to_owned(),
            std::fs::read_to_string(dir.join(name)).unwrap(),
        )
    };
    command(
        ["mcppolicy.toml", "policy.json"].map(kept).into(),
        &["lint"],
    )
}

fn mentions(count: usize) -> Work {
    let mut files = vec![("policy.json".to_owned(), limits(1, 10).to_string())];
    for at in 0..20 {
        let trace =
            "{\"mcppolicy\":\"trace/1\"}\n{\"tool\":\"t\",\"grant\":\"g\",\"expect\":\"allow\"}\n";
        files.push((format!("traces/{at}.jsonl"), trace.to_owned()));
    }
    let names = vec!["\"traces\""; count].join(", ");
    files.push((
        "mcppolicy.toml".to_owned(),
        format!("{CONFIG}traces = [{names}]\n"),
    ));
    command(files, &["ci"])
}

fn policies(count: usize) -> Work {
    let entry = |at| format!("[[policy]]\npath = \"p{at}/policy.json\"\n");
    let mut files = vec![("mcppolicy.toml".to_owned(), (0..count).map(entry).collect())];
    let policy = |at| (format!("p{at}/policy.json"), limits(1, 10).to_string());
    files.extend((0..count).map(policy));
    command(files, &["ci"])
}
