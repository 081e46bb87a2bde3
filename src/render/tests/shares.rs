//! Shares of random runs, merged: the report of the whole run, byte for byte,
//! in every format.

use std::fmt::Write;

use crate::merge::{Input, Merged, Refusal, merge};
use crate::render::{Format as Output, Style, render};
use crate::shown::Shown;
use mcppolicy_analysis::replay::share::{By, Share, hash, implicit_hash};
use mcppolicy_analysis::replay::{Options, Replay};
use mcppolicy_analysis::report::{Body, Exit, Report, SharedRun, TestRun, Tested};
use mcppolicy_engine::engine::Engine;
use mcppolicy_engine::policy::Policy;
use mcppolicy_engine::source::SourceMap;
use mcppolicy_trace::timeline::Order;
use mcppolicy_trace::trace::Trace;
use mcppolicy_trace::trace::options::Settings;
use mcppolicy_trace::trace::recognise::reader;

const POLICY: &str = r#"{"version":"1","default":"deny","hide":["root"],
"all_tools":{"limits":[{"counter":"all","window":"hour","max":6,"scope":"grant","on_deny":"enough"}]},
"tools":{
"read":{},
"run":{"limits":[{"counter":"run","window":"minute","max":2,"scope":"grant"}]},
"pay":{"require":[{"conditions":[{"path":"args.to","op":"exists","value":true}]}],
"deny_if":[{"conditions":[{"path":"args.sum","op":"gt","value":50}],"on_deny":"too much"}],
"limits":[{"counter":"pay","window":"day","max":60,"scope":"grant","increment_from":"args.sum"},
{"counter":"few","window":"hour","max":3,"scope":"grant"}]}}}"#;

/// A small generator of numbers: the same for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % bound
    }

    fn one_in(&mut self, many: u64) -> bool {
        self.below(many) == 0
    }

    fn pick<'t>(&mut self, texts: &[&'t str]) -> &'t str {
        texts[self.below(texts.len() as u64) as usize]
    }
}

fn time(seconds: u64) -> String {
    mcppolicy_engine::time::Time::new(1_795_000_000 + seconds as i64, 0).to_string()
}

const EXPECTATIONS: [&str; 8] = [
    r#""allow""#,
    r#""allow""#,
    r#""deny""#,
    r#""undetermined""#,
    r#"{"decision":"deny","rule":"/all_tools/limits/0"}"#,
    r#"{"decision":"deny","kind":"limit","message_contains":"o"}"#,
    r#"{"decision":"undetermined","reason":"unknown-grant"}"#,
    r#"{"decision":"deny","message":"too much"}"#,
];

/// A line of a native trace. `origin` makes it one of an import.
fn call(dice: &mut Dice, clock: &mut u64, origin: Option<(&str, usize)>) -> String {
    let mut line = String::from("{");
    *clock += dice.below(40);
    let late = if dice.one_in(12) {
        dice.below(9_000)
    } else {
        0
    };
    if !dice.one_in(8) {
        let _ = write!(line, "\"ts\":\"{}\",", time(clock.saturating_sub(late)));
    }
    match dice.below(8) {
        0 => line.push_str("\"grant\":null,"),
        1 if origin.is_none() => {}
        _ => {
            let grant = dice.pick(&["ann", "bob", "cyn", "dan", "eve", "é\u{202e}"]);
            let _ = write!(line, "\"grant\":\"{grant}\",");
        }
    }
    match dice.below(12) {
        0 => line.push_str("\"server\":\"other\","),
        1 => line.push_str("\"server\":null,"),
        2 => line.push_str("\"server\":\"mine\","),
        _ => {}
    }
    let repeat = if dice.one_in(6) { 2 + dice.below(5) } else { 1 };
    if repeat > 1 {
        let _ = write!(line, "\"repeat\":{repeat},");
        if origin.is_none() && dice.one_in(2) {
            let _ = write!(line, "\"every\":\"{}s\",", dice.below(90));
        }
    }
    let arguments = dice.pick(&[
        "\"arguments\":{}",
        "\"arguments\":{\"to\":\"x\",\"sum\":20.5,\"secret\":{\"a\":[1,-0.0,1e300]}}",
        "\"arguments\":{\"to\":\"x\",\"sum\":7,\"sum\":9}",
        "\"arguments\":{\"to\":\"y\",\"sum\":80}",
        "\"arguments\":{\"to\":null,\"sum\":\"1\"}",
        "\"arguments_unknown\":true",
    ]);
    let tool = dice.pick(&["read", "run", "run", "pay", "pay", "root", "nope"]);
    let _ = match dice.below(30) {
        0 => write!(line, "\"request\":[{{\"method\":\"tools/call\"}}]"),
        1 => write!(
            line,
            "\"request\":{{\"method\":\"tools/call\",\"params\":{{\"arguments\":[7]}}}}"
        ),
        _ => write!(line, "\"tool\":\"{tool}\",{arguments}"),
    };
    if repeat == 1 && dice.one_in(6) {
        line.push_str(",\"response\":{\"error\":{\"code\":-1,\"message\":\"m\"}}");
        if dice.one_in(2) {
            let _ = write!(line, ",\"response_ts\":\"{}\"", time(*clock + 30));
        }
    } else if dice.one_in(5) {
        let _ = write!(line, ",\"observed\":\"{}\"", dice.pick(&["allow", "deny"]));
    }
    if repeat > 1 && dice.one_in(2) {
        let _ = write!(line, ",\"expect\":[\"allow\",1,\"deny\",{}]", repeat - 1);
    } else if !dice.one_in(3) {
        let _ = write!(line, ",\"expect\":{}", dice.pick(&EXPECTATIONS));
    }
    if let Some((file, at)) = origin {
        let _ = write!(line, ",\"origin\":{{\"file\":\"{file}\",\"line\":{at}}}");
    }
    if dice.one_in(5) {
        line.push_str(",\"id\":\"i\",\"note\":\"a \\\"note\\\"\"");
    }
    line.push_str("}\n");
    line
}

fn native(dice: &mut Dice) -> String {
    let mut text = String::new();
    if dice.one_in(2) {
        text.push_str("{\"mcppolicy\":\"trace/1\"");
        text.push_str(dice.pick(&["", ",\"grant\":\"ann\"", ",\"grant\":null"]));
        text.push_str("}\n");
    }
    let mut clock = dice.below(5_000);
    for _ in 0..dice.below(40) {
        if dice.one_in(40) {
            text.push_str("{\"tool\":\"ré\", bad}\n");
        }
        text.push_str(&call(dice, &mut clock, None));
    }
    text
}

/// A tap's log, with sessions, other methods and lines that hold no call.
fn log(dice: &mut Dice) -> String {
    let mut text = String::new();
    for id in 0..dice.below(30) + 1 {
        let session = dice.pick(&["", "\"session\":\"s1\",", "\"session\":\"s2\","]);
        let (at, tool) = (time(id * 30), dice.pick(&["run", "read", "pay"]));
        let _ = match dice.below(6) {
            0 => writeln!(text, "noise {id}"),
            1 => writeln!(
                text,
                "{{\"ts\":\"{at}\",{session}\"msg\":{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"ping\"}}}}"
            ),
            _ => writeln!(
                text,
                "{{\"ts\":\"{at}\",{session}\"msg\":{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"tools/call\",\"params\":{{\"name\":\"{tool}\",\"arguments\":{{\"sum\":3,\"to\":\"x\"}}}}}}}}"
            ),
        };
        if dice.one_in(4) {
            let _ = writeln!(
                text,
                "{{{session}\"msg\":{{\"jsonrpc\":\"2.0\",\"id\":{id},\"error\":{{\"code\":1,\"message\":\"m\"}}}}}}"
            );
        }
    }
    text
}

fn options(dice: &mut Dice) -> Options {
    Options {
        server: dice.one_in(2).then(|| "mine".to_owned()),
        expect_observed: dice.one_in(4),
        allow_undetermined: dice.one_in(2),
        allow_unasserted: dice.one_in(2),
        all_cases: dice.one_in(3),
        list_skipped: dice.one_in(2),
        order: if dice.one_in(2) {
            Order::Merged
        } else {
            Order::PerFile
        },
        max_lateness: mcppolicy_engine::time::TimeDelta::seconds(3_000),
        list_passed: true,
        usage: true,
        ..Options::default()
    }
}

/// What a run reports, in every format, and its exit code.
type Rendered = (Vec<String>, Exit);

fn style(shown: Shown) -> Style<'static> {
    Style {
        colour: false,
        width: 100,
        show_arguments: shown == Shown::All,
        root: "",
        prefix: "",
        limit: None,
        failures: true,
    }
}

fn render_all(tested: Tested, sources: &SourceMap, shown: Shown) -> Rendered {
    let exit = tested.exit();
    let report = Report {
        command: "test",
        sources,
        failures: Vec::new(),
        assumptions: tested.assumptions(),
        fail_on: None,
        body: Body::Tested(tested),
    };
    let formats = Output::ALL.into_iter();
    let texts = formats.map(|format| render(&report, format, style(shown)));
    (texts.collect(), exit)
}

fn run(files: &[(String, String)], options: &Options, shown: Shown) -> Rendered {
    let mut sources = SourceMap::new();
    let policy = Policy::load(&mut sources, "policy.json", POLICY.as_bytes()).unwrap();
    let engine = Engine::new(&policy);
    let mut replay = Replay::new(&engine, options.clone());
    for (name, text) in files {
        let input = std::io::Cursor::new(text.clone());
        let reader = reader(input, Settings::default()).unwrap();
        let mut trace = Trace::open(name, reader).unwrap();
        replay.read(&mut trace, &mut sources).unwrap();
    }
    let results = replay.finish();
    if let Some(shared) = &results.shared {
        assert_eq!(shared.stray, None);
    }
    let tested = Tested {
        runs: vec![TestRun {
            name: "policy.json".to_owned(),
            server: options.server.clone(),
            outcome: results.outcome(options),
            policy,
            results,
        }],
        findings: Vec::new(),
        shared: options.share.map(|_| SharedRun {
            options: options.clone(),
            reading: Settings::default(),
            assigned: true,
        }),
    };
    render_all(tested, &sources, shown)
}

const JSON: usize = 1;

fn input(index: u32, rendered: &Rendered) -> Input {
    assert_eq!(Output::ALL[JSON], Output::Json);
    Input {
        name: format!("share-{index}.json"),
        bytes: rendered.0[JSON].clone().into_bytes(),
    }
}

fn whole_again(merged: Result<Merged, Vec<Refusal>>) -> Rendered {
    let merged = merged.unwrap();
    render_all(merged.tested, &merged.sources, Shown::All)
}

#[track_caller]
fn assert_same(seed: u64, of: u32, merged: &Rendered, whole: &Rendered) {
    for (format, (merged, whole)) in Output::ALL.iter().zip(merged.0.iter().zip(&whole.0)) {
        if merged != whole {
            let differs = |(a, b): &(&str, &str)| a != b;
            let line = merged.lines().zip(whole.lines()).find(differs);
            panic!("seed {seed}, {of} shares, {format:?}: merged and whole: {line:?}");
        }
    }
    assert_eq!(merged.1, whole.1, "seed {seed}, {of} shares");
}

#[test]
fn shares_that_read_everything_merge_into_the_whole() {
    let mut set_aside = 0;
    for seed in 0..120 {
        let dice = &mut Dice(seed);
        let mut options = options(dice);
        let shown = if dice.one_in(3) {
            Shown::All
        } else {
            Shown::Read
        };
        let count = dice.below(3) + 1;
        let files: Vec<(String, String)> = (0..count)
            .map(|at| {
                let text = if dice.one_in(4) {
                    log(dice)
                } else {
                    native(dice)
                };
                // The same name twice is two traces.
                (format!("traces/t{}.jsonl", at / 2), text)
            })
            .collect();
        let whole = run(&files, &options, shown);
        for of in [1, 2, 3, 8] {
            let shares: Vec<Input> = (1..=of)
                .rev()
                .map(|index| {
                    options.share = Some(Share::new(By::Hash, index, of).unwrap());
                    input(index, &run(&files, &options, shown))
                })
                .collect();
            options.share = None;
            set_aside += usize::from(shares.last().is_some_and(|first| {
                !String::from_utf8_lossy(&first.bytes).contains("\"calls\": []")
            }));
            assert_same(seed, of, &whole_again(merge(&shares)), &whole);
        }
    }
    assert!(set_aside > 200, "{set_aside}");
}

/// The time of a line's call, unknown times last.
fn moment(line: &str) -> (bool, Option<String>) {
    let record: serde_json::Value = serde_json::from_str(line).unwrap();
    let time = record["ts"].as_str().map(str::to_owned);
    (time.is_none(), time)
}

/// The lines that a share is given: those of its grants, and of unknown ones.
fn given(lines: &[String], share: Share) -> String {
    let mine = |line: &&String| {
        let record: serde_json::Value = serde_json::from_str(line).unwrap();
        let hash = match &record["grant"] {
            serde_json::Value::String(name) => hash(name.as_bytes()),
            _ if line.contains("\"grant\":null") => return true,
            _ => implicit_hash(record["origin"]["file"].as_str().unwrap().as_bytes()),
        };
        hash % u64::from(share.of) + 1 == u64::from(share.index)
    };
    lines.iter().filter(mine).map(String::as_str).collect()
}

#[test]
fn shares_that_are_given_their_calls_merge_into_the_whole() {
    for seed in 1_000..1_080 {
        let dice = &mut Dice(seed);
        let mut options = Options {
            at_origin: true,
            order: Order::PerFile,
            ..options(dice)
        };
        let mut clock = 0;
        let lines: Vec<String> = (0..dice.below(70))
            .map(|at| {
                let file = dice.pick(&["z.log", "a.log"]);
                call(dice, &mut clock, Some((file, 1 + at as usize / 2)))
            })
            .collect();
        // What runs as one by time is given to shares sorted by time.
        let mut sorted = lines.clone();
        if dice.one_in(2) {
            sorted.sort_by_key(|line| moment(line));
            options.order = Order::Merged;
        }
        let (first, rest) = lines.split_at(lines.len() / 3);
        let files = [("b.jsonl", first), ("a.jsonl", rest)];
        let files = files.map(|(name, lines)| (name.to_owned(), lines.concat()));
        let files = match options.order {
            Order::Merged => files.to_vec(),
            Order::PerFile => vec![("all.jsonl".to_owned(), lines.concat())],
        };
        let whole = run(&files, &options, Shown::All);
        options.order = Order::PerFile;
        for of in [1, 3, 8] {
            let shares: Vec<Input> = (1..=of)
                .map(|index| {
                    let share = Share::new(By::Given, index, of).unwrap();
                    options.share = Some(share);
                    let files = [("<stdin>".to_owned(), given(&sorted, share))];
                    input(index, &run(&files, &options, Shown::All))
                })
                .collect();
            options.share = None;
            assert_same(seed, of, &whole_again(merge(&shares)), &whole);
        }
    }
}

fn shares(of: u32, change: impl Fn(&mut Options, &mut Vec<(String, String)>, u32)) -> Vec<Input> {
    let one = |index: u32| {
        let mut files = vec![(
            "t.jsonl".to_owned(),
            "{\"grant\":\"a\",\"tool\":\"read\",\"expect\":\"allow\"}\n".to_owned(),
        )];
        let mut options = Options {
            share: Some(Share::new(By::Hash, index, of).unwrap()),
            ..Options::default()
        };
        change(&mut options, &mut files, index);
        input(index, &run(&files, &options, Shown::Read))
    };
    (1..=of).map(one).collect()
}

fn refused(inputs: &[Input]) -> Vec<(Option<String>, String, bool)> {
    let refusals = merge(inputs).unwrap_err().into_iter();
    refusals.map(|r| (r.report, r.message, r.invalid)).collect()
}

#[test]
fn what_does_not_belong_together_is_refused() {
    let refusal = |report: Option<&str>, message: &str| {
        vec![(report.map(str::to_owned), message.to_owned(), false)]
    };
    let mut three = shares(3, |_, _, _| ());
    assert_eq!(merge(&three).unwrap().tested.summary().passed, 1);
    let second = three.remove(1);
    assert_eq!(
        refused(&three),
        refusal(None, "of 3 shares these are missing: 2")
    );
    three.push(second.clone());
    three.push(second);
    assert_eq!(
        refused(&three),
        refusal(
            Some("share-2.json"),
            "is share 2 of 3, and so is share-2.json"
        )
    );
    three.truncate(1);
    three.extend(shares(2, |_, _, _| ()).pop());
    assert_eq!(
        refused(&three),
        refusal(
            Some("share-2.json"),
            "does not belong to share-1.json: it is share hash:2/2, not of hash:1/3"
        )
    );
    let differing = shares(2, |options, _, index| options.all_cases = index == 1);
    assert_eq!(
        refused(&differing),
        refusal(
            Some("share-2.json"),
            "does not belong to share-1.json: --all-cases is not the same"
        )
    );
    let other = shares(2, |_, files, index| files[0].0 = format!("t{index}.jsonl"));
    assert_eq!(
        refused(&other),
        refusal(
            Some("share-2.json"),
            "does not belong to share-1.json: it has read other traces"
        )
    );
    let more = shares(2, |_, files, index| {
        files[0].1 = files[0].1.repeat(index as usize);
    });
    assert_eq!(
        refused(&more),
        refusal(
            Some("share-2.json"),
            "does not belong to share-1.json: it has read other calls"
        )
    );
    assert_eq!(refused(&[]), refusal(None, "there is no report to merge"));
}

#[test]
fn another_policy_is_refused() {
    let mut two = shares(2, |_, _, _| ());
    let text = String::from_utf8(two[1].bytes.clone()).unwrap();
    two[1].bytes = text.replace("too much", "too many").into_bytes();
    assert_eq!(
        refused(&two)[0].1,
        "does not belong to share-1.json: its policy.json is not the same"
    );
}

#[test]
fn what_is_no_whole_report_of_a_share_is_refused_and_nothing_panics() {
    let dice = &mut Dice(7);
    let files = [("t.jsonl".to_owned(), (0..4).map(|_| native(dice)).collect())];
    let mut options = options(dice);
    let whole = input(1, &run(&files, &options, Shown::Read));
    let message = |input: &Input| refused(std::slice::from_ref(input)).remove(0);
    assert_eq!(
        message(&whole).1,
        "is the report of a whole run, not of a share"
    );
    options.share = Some(Share::new(By::Hash, 1, 1).unwrap());
    let share = input(1, &run(&files, &options, Shown::Read));
    for cut in (0..share.bytes.len() - 3).step_by(share.bytes.len() / 50) {
        let (_, message, invalid) = message(&Input {
            bytes: share.bytes[..cut].to_vec(),
            ..share.clone()
        });
        assert!(
            invalid && message == "is cut off: the JSON ends too early",
            "{message}"
        );
    }
    let text = String::from_utf8(share.bytes.clone()).unwrap();
    let old = text.replace(env!("CARGO_PKG_VERSION"), "0.0.1");
    let old = Input {
        bytes: old.into_bytes(),
        ..share.clone()
    };
    let expected = format!(
        "was written by version 0.0.1, and this is {}",
        env!("CARGO_PKG_VERSION")
    );
    assert_eq!(message(&old).1, expected);
    // Any digit, letter or bracket otherwise: refused or merged, never a panic.
    for _ in 0..3_000 {
        let mut bytes = share.bytes.clone();
        for _ in 0..=dice.below(2) {
            let at = dice.below(bytes.len() as u64) as usize;
            bytes[at] = dice.pick(&["0", "9", "-", "a", "}", "\"", "1"]).as_bytes()[0];
        }
        if let Ok(merged) = merge(&[Input {
            bytes,
            ..share.clone()
        }]) {
            render_all(merged.tested, &merged.sources, Shown::All);
        }
    }
}
