//! A log replayed by several threads, compared with the same log replayed call
//! by call.

use std::io::{self, Cursor};

use super::*;
use mcppolicy_trace::trace::options::{Assumed, Format, Settings};
use mcppolicy_trace::trace::recognise::reader;
use mcppolicy_trace::trace::{Item, Reader};

/// A reader that does not say that it reads blocks.
struct OneByOne(Box<dyn Reader>);

impl Reader for OneByOne {
    fn next(&mut self) -> io::Result<Option<Item>> {
        self.0.next()
    }

    fn format(&self) -> Format {
        self.0.format()
    }

    fn assumed(&self) -> Vec<Assumed> {
        self.0.assumed()
    }
}

/// Calls of two tools by five grants over three minutes, with answers and
/// without, and among them lines that have to be built, lines that are no
/// message, and a call to another server.
fn log() -> String {
    let mut lines = Vec::new();
    for n in 0..4_000 {
        let (minute, second, milli) = (n / 1_334, n % 1_334 * 60 / 1_334, n % 1_000);
        let around = format!(
            "\"ts\":\"2026-11-20T10:{minute:02}:{second:02}.{milli:03}Z\",\"grant\":\"g{}\",\"server\":\"{}\"",
            n % 5,
            if n % 97 == 0 { "other" } else { "mine" },
        );
        let tool = ["run_workflow", "run_workflow", "delete_asset"][n % 3];
        let arguments = match n % 7 {
            0 => "{\"workflow_id\":\"a\\u0062\",\"n\":1e1}",
            1 => "{\"workflow_id\":\"x\",\"workflow_id\":\"y\"}",
            2 => {
                "{\"deep\":{\"er\":[1,2,3]},\"text\":\"a long text that nobody reads, to fill the blocks\"}"
            }
            _ => "{\"workflow_id\":\"img\"}",
        };
        lines.push(format!(
            "{{{around},\"msg\":{{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"tools/call\",\"params\":{{\"name\":\"{tool}\",\"arguments\":{arguments}}}}}}}",
            n % 50
        ));
        match n % 4 {
            0 => lines.push(format!(
                "{{{around},\"msg\":{{\"id\":{},\"error\":{{\"code\":-1}}}}}}",
                n % 50
            )),
            1 => lines.push(format!(
                "{{{around},\"msg\":{{\"id\":{},\"result\":{{\"content\":[{{\"text\":\"{}\"}}]}}}}}}",
                n % 50,
                if n % 3 == 0 { "[POLICY DENIED] no" } else { "done" },
            )),
            _ => {}
        }
        if n % 501 == 0 {
            lines.push("noise".to_owned());
        }
    }
    lines.join("\n")
}

/// How the log is read.
enum Reading {
    InBlocks,
    OneByOne,
}

fn results(options: &Options, reading: Reading) -> Results {
    let engine = engine();
    let mut replay = Replay::new(&engine, options.clone());
    let read = reader(Cursor::new(log()), Settings::default()).unwrap();
    let read: Box<dyn Reader> = match reading {
        Reading::InBlocks => read,
        Reading::OneByOne => Box::new(OneByOne(read)),
    };
    let mut trace = Trace::open("log.jsonl", read).unwrap();
    replay.read(&mut trace, &mut SourceMap::new()).unwrap();
    replay.finish()
}

#[test]
fn threads_change_nothing_about_the_results() {
    for (all_cases, expect_observed, usage, server) in [
        (true, false, false, None),
        (false, true, false, Some("mine")),
        (false, true, true, Some("mine")),
        (true, true, false, Some("mine")),
    ] {
        let options = |threads| Options {
            all_cases,
            expect_observed,
            usage,
            list_passed: usage,
            server: server.map(str::to_owned),
            threads: NonZeroUsize::new(threads).unwrap(),
            ..Options::default()
        };
        let expected = results(&options(1), Reading::OneByOne);
        assert_eq!(expected.summary().calls, 4_000);
        assert!(expected.summary().allow > 100 && expected.summary().deny > 100);
        for threads in [1, 2, 5] {
            assert_eq!(
                results(&options(threads), Reading::InBlocks),
                expected,
                "{threads} threads"
            );
        }
    }
}
