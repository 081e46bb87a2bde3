//! The calls that are replayed, the policy that decides them, and where their logs are
//! kept.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use serde_json::json;

/// How many calls there are.
pub const CALLS: u64 = 300_000;

/// How many tools they go to.
const TOOLS: u64 = 60;

/// The hour at which the first call is made, on 19 November 2026 in UTC.
const FIRST_HOUR: u64 = 8;

/// The seconds from 1970 to the beginning of that day.
const DAY: u64 = 1_795_046_400;

/// The server that every call goes to.
pub const SERVER: &str = "acme-tools";

/// A directory for logs, deleted with all that is in it when it is dropped.
pub struct Directory(PathBuf);

impl Directory {
    /// Makes one below the system's directory for temporary files.
    pub fn new() -> Directory {
        let name = format!("mcppolicy-bench-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Directory(path)
    }

    /// The path of a file in it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // What cannot be deleted is left to the system.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A moment, in milliseconds since the first call.
#[derive(Clone, Copy)]
pub struct Moment(pub u64);

impl Moment {
    /// The hour, the minute, the second and the millisecond of its day.
    fn clock(self) -> String {
        let Moment(milli) = self;
        let (hour, minute) = (FIRST_HOUR + milli / 3_600_000, milli / 60_000 % 60);
        let (second, milli) = (milli / 1_000 % 60, milli % 1_000);
        format!("{hour:02}:{minute:02}:{second:02}.{milli:03}")
    }

    /// As RFC 3339 has it.
    pub fn rfc3339(self) -> String {
        format!("2026-11-19T{}Z", self.clock())
    }

    /// As a date and a time without an offset.
    pub fn local(self) -> String {
        format!("2026-11-19 {}", self.clock())
    }

    /// In milliseconds since 1970.
    pub fn unix_millis(self) -> u64 {
        (DAY + FIRST_HOUR * 3_600) * 1_000 + self.0
    }
}

/// One call.
pub struct Call {
    /// Its number, from 0.
    pub number: u64,
    /// When it was made.
    pub moment: Moment,
    /// Which of twenty grants has made it.
    pub grant: u64,
    /// A random id.
    pub session: u64,
    /// The tool's name.
    pub tool: String,
    /// The arguments, as JSON.
    pub arguments: String,
}

/// The calls in the order of their times: of sixty tools and twenty grants, in eight
/// hours. They are the same in every run.
pub fn calls() -> impl Iterator<Item = Call> {
    let mut state = 7_u64;
    // Any generator will do, as long as it is always the same.
    let mut next = move |below: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    (0..CALLS).map(move |number| {
        let folder = ["srv/workspace", "srv/workspace", "srv/workspace", "etc"];
        let folder = folder[next(4) as usize];
        let (grant, session, tool) = (next(20), next(u64::MAX), next(TOOLS));
        let (file, limit) = (next(u64::MAX), next(100));
        let (dry_run, depth) = (next(3) == 0, next(6));
        Call {
            number,
            moment: Moment(number * 8 * 3_600_000 / CALLS),
            grant,
            session,
            tool: format!("tool_number_{tool}"),
            arguments: format!(
                "{{\"path\":\"/{folder}/src/{file:08x}.rs\",\"owner\":\"acme\",\"limit\":{limit},\"note\":\"check the failing test on staging — “quoted”\\nand a second line\",\"labels\":[\"bug\",\"p1\"],\"options\":{{\"dry_run\":{dry_run},\"depth\":{depth}}}}}"
            ),
        }
    })
}

/// Writes the requests of all calls as a raw JSON-RPC log without responses.
pub fn write_requests(log: &Path) {
    let mut out = BufWriter::new(File::create(log).unwrap());
    for call in calls() {
        let (ts, number) = (call.moment.rfc3339(), call.number);
        writeln!(
            out,
            "{{\"ts\":\"{ts}\",\"grant\":\"grant-{:02}\",\"session\":\"{:032x}\",\"server\":\"{SERVER}\",\"message\":{{\"jsonrpc\":\"2.0\",\"id\":{number},\"method\":\"tools/call\",\"params\":{{\"name\":\"{}\",\"arguments\":{},\"_meta\":{{\"progressToken\":{number}}}}}}}}}",
            call.grant, call.session, call.tool, call.arguments,
        )
        .unwrap();
    }
    out.flush().unwrap();
}

/// A policy for these calls: a third of the tools with conditions, half with limits.
pub fn policy() -> Vec<u8> {
    let tools: serde_json::Map<String, serde_json::Value> = (0..TOOLS)
        .map(|tool| {
            let mut rules = json!({});
            if tool % 3 == 0 {
                rules["require"] = json!([{"conditions": [
                    {"path": "args.path", "op": "regex", "value": "^/srv/workspace/"},
                    {"path": "args.options.dry_run", "op": "eq", "value": false},
                ]}]);
            }
            if tool % 2 == 0 {
                rules["limits"] = json!([
                    {"counter": "calls", "window": "hour", "max": 200, "scope": "grant"},
                ]);
            }
            (format!("tool_number_{tool}"), rules)
        })
        .collect();
    let policy = json!({
        "version": "1",
        "default": "deny",
        "all_tools": {"limits": [
            {"counter": "all", "window": "minute", "max": 120, "scope": "grant"},
        ]},
        "tools": tools,
    });
    serde_json::to_vec(&policy).unwrap()
}
