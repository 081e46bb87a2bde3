//! Compressed traces through the binary: named, found and piped.

use std::fs;
use std::io::Write;
use std::path::Path;

use crate::support::{fresh, run, run_with};
use flate2::Compression;
use flate2::write::GzEncoder;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use serde_json::Value;

const POLICY: &str = r#"{"version":"1","default":"deny","tools":{"ping":{}}}"#;
const TRACE: &str = "{\"mcppolicy\":\"trace/1\"}\n{\"tool\":\"ping\",\"expect\":\"allow\"}\n{\"tool\":\"pong\",\"expect\":\"deny\"}\n";

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn zstd(text: &[u8]) -> Vec<u8> {
    compress_to_vec(text, CompressionLevel::Fastest)
}

fn summary(out: &str) -> (u64, u64) {
    let report: Value = serde_json::from_str(out).unwrap();
    let count = |name: &str| report["summary"][name].as_u64().unwrap();
    (count("traces"), count("passed"))
}

fn with_policy(name: &str) -> std::path::PathBuf {
    let dir = fresh(name);
    fs::write(dir.join("policy.json"), POLICY).unwrap();
    dir
}

#[test]
fn a_folders_compressed_traces_are_found_and_others_must_be_named() {
    let dir = with_policy("packed-folder");
    fs::create_dir(dir.join("traces")).unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(dir.join("traces").join(name), bytes).unwrap();
    write("a.jsonl", TRACE.as_bytes());
    write("b.jsonl.gz", &gzip(TRACE.as_bytes()));
    write("c.jsonl.zst", &zstd(TRACE.as_bytes()));
    write("d.log.gz", &gzip(b"no trace"));
    let ran = run(&dir, &["test", "--format", "json"]);
    assert_eq!(ran.code, 0, "{}", ran.out);
    assert_eq!(summary(&ran.out), (3, 6));
    // The content says what it is, whatever the name.
    fs::write(dir.join("plain.jsonl"), gzip(TRACE.as_bytes())).unwrap();
    let ran = run(&dir, &["test", "plain.jsonl", "--format", "json"]);
    assert_eq!((ran.code, summary(&ran.out)), (0, (1, 2)));
}

#[test]
fn compressed_standard_input_is_read_as_it_is() {
    let dir = with_policy("packed-stdin");
    for bytes in [gzip(TRACE.as_bytes()), zstd(TRACE.as_bytes())] {
        let ran = run_with(&dir, &["test", "-", "--format", "json"], bytes.leak());
        assert_eq!((ran.code, summary(&ran.out)), (0, (1, 2)), "{}", ran.out);
    }
}

#[test]
fn what_was_read_before_the_end_of_a_cut_file_is_reported() {
    let dir = with_policy("packed-cut");
    let long: String = std::iter::once("{\"mcppolicy\":\"trace/1\"}\n".to_owned())
        .chain((0..9_000).map(|n| {
            format!(
                "{{\"tool\":\"ping\",\"id\":\"{}\",\"expect\":\"allow\"}}\n",
                n * 7_919
            )
        }))
        .collect();
    for (name, bytes) in [
        ("t.gz", gzip(long.as_bytes())),
        ("t.zst", zstd(long.as_bytes())),
    ] {
        fs::write(dir.join(name), &bytes[..bytes.len() - 2]).unwrap();
        let ran = run(&dir, &["test", name, "--format", "json"]);
        assert_eq!(ran.code, 2, "{}", ran.out);
        let report: Value = serde_json::from_str(&ran.out).unwrap();
        let message = report["failures"][0]["message"].as_str().unwrap();
        assert!(message.starts_with("is cut off: the "), "{message}");
        assert!(summary(&ran.out).1 > 1_000, "{}", summary(&ran.out).1);
    }
}

#[test]
fn expectations_are_not_written_into_a_compressed_trace() {
    let dir = with_policy("packed-update");
    let bytes = gzip(b"{\"tool\":\"ping\"}\n");
    fs::write(dir.join("t.jsonl.gz"), &bytes).unwrap();
    let ran = run(&dir, &["test", "t.jsonl.gz", "--update"]);
    assert_eq!(ran.code, 2);
    let message = "t.jsonl.gz: is compressed, and --update writes text; unpack it first";
    assert!(ran.err.contains(message), "{}", ran.err);
    assert_eq!(fs::read(Path::new(&dir).join("t.jsonl.gz")).unwrap(), bytes);
}
