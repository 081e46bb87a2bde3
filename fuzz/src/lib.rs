//! What holds for any bytes: the bodies of the fuzz targets. The tests of the
//! crate run them too, on fixtures and their mutants (`tests/it/fuzz.rs`).

use std::io::Cursor;
use std::num::NonZeroUsize;

use mcppolicy_analysis::compare;
use mcppolicy_analysis::region::Budget;
use mcppolicy_analysis::replay::{Options, Replay};
use mcppolicy_engine::document::parse::{Trouble, parse_text};
use mcppolicy_engine::engine::{Call, Counters, Engine};
use mcppolicy_engine::policy::Policy;
use mcppolicy_engine::source::SourceMap;
use mcppolicy_engine::time::Time;
use mcppolicy_engine::value::Value;
use mcppolicy_trace::trace::native::write_call;
use mcppolicy_trace::trace::options::{Format, GrantFrom, Settings};
use mcppolicy_trace::trace::recognise::reader;
use mcppolicy_trace::trace::{Item, Trace};

/// The strict parser reads what `serde_json` reads and to the same value, every
/// finding is in the file, and a policy that is valid decides.
pub fn policy(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        agrees(text);
    }
    let mut sources = SourceMap::new();
    let policy = match Policy::load(&mut sources, "policy.json", bytes) {
        Ok(policy) => policy,
        Err(invalid) => {
            let length = sources.get(invalid.file()).text().len();
            for problem in invalid.problems() {
                let span = problem.location.span;
                assert!(span.start <= span.end && span.end <= length, "{problem:?}");
            }
            return;
        }
    };
    let engine = Engine::new(&policy);
    let mut counters = Counters::default();
    let arguments = Value::empty_object();
    let tools = policy.tools.iter().map(|tool| tool.name.as_str());
    for tool in tools.chain(["", "unlisted"]) {
        let call = Call::new("grant", tool, &arguments, Time::new(0, 0));
        let outcome = engine.decide(&call, &mut counters);
        counters.release(outcome.reservation, Time::new(1, 0));
    }
}

fn agrees(text: &str) {
    let theirs = serde_json::from_str::<serde_json::Value>(text);
    let (root, problems) = match parse_text(text) {
        Ok(parsed) => parsed,
        Err(error) => {
            assert!(theirs.is_err(), "only serde_json reads it: {error:?}");
            return;
        }
    };
    let refused = problems.iter().any(|problem| {
        let trouble = &problem.trouble;
        matches!(trouble, Trouble::LoneSurrogate | Trouble::NumberOverflow)
    });
    match theirs {
        Ok(theirs) => {
            assert!(!refused, "{problems:?}");
            assert_eq!(root.to_value(), Value::from(theirs));
        }
        Err(error) => assert!(refused, "only the strict parser reads it: {error}"),
    }
}

/// Every reader goes through any file to its end, and what it found can be
/// replayed and written down. The first byte says what it is taken for.
pub fn traces(bytes: &[u8]) {
    let Some((first, log)) = bytes.split_first() else {
        return;
    };
    let first = usize::from(*first);
    let settings = Settings {
        format: Format::ALL.get(first % (Format::ALL.len() + 1)).copied(),
        grant_from: GrantFrom::ALL
            .get(first / (Format::ALL.len() + 1) % 5)
            .copied(),
        ..Settings::default()
    };
    let open = || {
        let reader = reader(Cursor::new(log.to_vec()), settings);
        let trace = reader.and_then(|reader| Trace::open("log", reader));
        trace.unwrap_or_else(|error| panic!("memory cannot fail: {error}"))
    };
    let lines = log.iter().filter(|byte| **byte == b'\n').count() + 1;
    let mut trace = open();
    while let Ok(Some(item)) = trace.next_item() {
        let line = match item {
            Item::Call(call) => {
                // Repetitions are the replay's work, and there are up to 10^7.
                assert!(!write_call(&call).contains('\n'));
                call.line
            }
            Item::Skipped { line, .. } => line,
            Item::Problem(bad) => bad.line.number,
            Item::Header(_) | Item::OtherMethod(_) => 1,
        };
        assert!((1..=lines).contains(&line), "line {line} of {lines}");
    }
    if log.windows(8).any(|part| part == b"\"repeat\"") {
        return;
    }
    let policy = Policy::from_json(
        br#"{"version":"1","default":"allow","all_tools":{"limits":[
        {"counter":"c","window":"hour","max":2,"scope":"grant"}]}}"#,
    );
    let Ok(policy) = policy else { return };
    let engine = Engine::new(&policy);
    let mut replay = Replay::new(&engine, Options::default());
    let mut sources = SourceMap::new();
    let read = replay.read(&mut open(), &mut sources);
    assert!(read.is_ok());
    let counts = replay.finish().summary();
    let judged = counts.passed + counts.failed + counts.undetermined + counts.unasserted;
    assert_eq!(judged, counts.in_scope());
}

/// The fast path gives what building every line gives: the same items of any log, and the same results on any number of threads. The first
/// byte says what it is taken for.
pub fn blocks(bytes: &[u8]) {
    let Some((first, log)) = bytes.split_first() else {
        return;
    };
    let formats = [Format::JsonRpc, Format::Native];
    let format = formats.get(usize::from(*first) % 2).copied();
    let open = |build_every_line| {
        let settings = Settings {
            format,
            build_every_line,
            ..Settings::default()
        };
        let reader = reader(Cursor::new(log.to_vec()), settings);
        let trace = reader.and_then(|reader| Trace::open("log", reader));
        trace.unwrap_or_else(|error| panic!("memory cannot fail: {error}"))
    };
    let (mut plain, mut built) = (open(false), open(true));
    loop {
        let (one, other) = (plain.next_item(), built.next_item());
        let (Ok(one), Ok(other)) = (one, other) else {
            panic!("memory cannot fail");
        };
        assert_eq!(one, other);
        if one.is_none() {
            break;
        }
    }
    if log.windows(8).any(|part| part == b"\"repeat\"") {
        return;
    }
    let policy = Policy::from_json(
        br#"{"version":"1","default":"allow","all_tools":{"limits":[
        {"counter":"c","window":"hour","max":2,"scope":"grant"}]},
        "tools":{"read":{"require":[{"conditions":[{"path":"args.path","op":"neq","value":"x"}]}]}}}"#,
    );
    let Ok(policy) = policy else { return };
    let engine = Engine::new(&policy);
    let results = |build_every_line, threads| {
        let options = Options {
            all_cases: true,
            expect_observed: true,
            threads,
            ..Options::default()
        };
        let mut replay = Replay::new(&engine, options);
        let read = replay.read(&mut open(build_every_line), &mut SourceMap::new());
        assert!(read.is_ok());
        replay.finish()
    };
    let expected = results(true, NonZeroUsize::MIN);
    for threads in [NonZeroUsize::MIN, NonZeroUsize::MIN.saturating_add(1)] {
        assert_eq!(results(false, threads), expected);
    }
}

/// Two policies, divided by a zero byte, compare without a panic, and one of
/// them with itself is equivalent or undetermined.
pub fn diff(bytes: &[u8]) {
    let mut parts = bytes.splitn(2, |byte| *byte == 0);
    let mut next = || Policy::from_json(parts.next()?).ok();
    let (Some(old), Some(new)) = (next(), next()) else {
        return;
    };
    let budget = Budget {
        steps: 20_000,
        boxes: 500,
        conditions: 200_000,
        automaton: 1 << 16,
        calls: 2_000,
    };
    let there = compare::policies(&old, &new, &budget);
    let back = compare::policies(&new, &old, &budget);
    for change in there.changes.iter().chain(&back.changes) {
        let witnesses = change.loosened.iter().chain(&change.tightened);
        assert!(witnesses.into_iter().all(|w| !w.calls.is_empty()));
    }
    let same = compare::policies(&old, &old, &budget);
    let differs =
        |change: &compare::Change| !change.loosened.is_empty() || !change.tightened.is_empty();
    assert!(
        !same.changes.iter().any(differs),
        "a policy passes what it refuses"
    );
}
