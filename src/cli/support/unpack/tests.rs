use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

use super::*;
use mcppolicy_trace::trace::block::LONGEST_LINE;
use mcppolicy_trace::trace::native::NativeReader;
use mcppolicy_trace::trace::{Item, Reader};

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn zstd(text: &[u8]) -> Vec<u8> {
    compress_to_vec(text, CompressionLevel::Fastest)
}

/// What comes out, and how it ended.
fn read(bytes: &[u8]) -> (Vec<u8>, Result<(), String>) {
    let mut input = unpacked(Cursor::new(bytes.to_vec())).unwrap();
    let mut text = Vec::new();
    let ended = input.read_to_end(&mut text);
    (text, ended.map(|_| ()).map_err(|error| error.to_string()))
}

/// Text that no one block holds.
fn long() -> Vec<u8> {
    let mut text = Vec::new();
    let mut state = 1_u32;
    while text.len() < 400_000 {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        writeln!(text, "{{\"tool\":\"t{}\"}}", state >> 12).unwrap();
    }
    text
}

#[test]
fn compressed_or_not_the_same_comes_out() {
    for text in [b"".to_vec(), b"x".to_vec(), b"{}\n".to_vec(), long()] {
        assert_eq!(read(&text), (text.clone(), Ok(())));
        assert_eq!(read(&gzip(&text)), (text.clone(), Ok(())));
        assert_eq!(read(&zstd(&text)), (text.clone(), Ok(())));
    }
}

#[test]
fn members_and_frames_follow_each_other() {
    let (a, b) = (b"first\nsec".to_vec(), b"ond\n".to_vec());
    let whole = [a.clone(), b.clone()].concat();
    let members = [gzip(&a), gzip(b""), gzip(&b)].concat();
    assert_eq!(read(&members), (whole.clone(), Ok(())));
    let skipped = [0x5F, 0x2A, 0x4D, 0x18, 3, 0, 0, 0, 1, 2, 3];
    let frames = [&skipped[..], &zstd(&a), &zstd(b""), &skipped, &zstd(&b)].concat();
    assert_eq!(read(&frames), (whole, Ok(())));
}

#[test]
fn what_is_cut_off_is_told_behind_what_was_there() {
    let text = long();
    for (packed, bytes) in [("gzip", gzip(&text)), ("zstd", zstd(&text))] {
        for keep in [5, 11, bytes.len() / 2, bytes.len() - 1] {
            let (read, ended) = read(&bytes[..keep]);
            let expected = format!("is cut off: the {packed} data ends too early");
            assert_eq!(ended, Err(expected), "{keep}");
            assert!(text.starts_with(&read), "{packed} {keep}");
            assert!(
                keep < bytes.len() / 2 || !read.is_empty(),
                "{packed} {keep}"
            );
        }
    }
}

#[test]
fn what_is_corrupt_is_told_and_nothing_panics() {
    let text = long();
    for (packed, bytes) in [("gzip", gzip(&text)), ("zstd", zstd(&text))] {
        let mut told = 0;
        for at in (4..bytes.len()).step_by(bytes.len() / 60) {
            let mut bad = bytes.clone();
            bad[at] ^= 0x55;
            let (read, ended) = read(&bad);
            match ended {
                Ok(()) => assert!(read == text || at < 12, "{packed}: byte {at} was lost"),
                Err(message) => {
                    assert!(message.contains(packed), "{message}");
                    told += 1;
                }
            }
        }
        assert!(told > 40, "{packed}: {told}");
    }
    let garbage = [gzip(b"x"), b"what is no gzip member".to_vec()].concat();
    assert_eq!(
        read(&garbage),
        (
            b"x".to_vec(),
            Err("is corrupt: gzip data: invalid gzip header".to_owned())
        )
    );
}

#[test]
fn a_window_beyond_the_cap_is_refused() {
    let window = |log: u8| {
        // No checksum, no size; one raw block, the last, of one byte.
        [0x28, 0xB5, 0x2F, 0xFD, 0, (log - 10) << 3, 0x09, 0, 0, b'x']
    };
    assert_eq!(read(&window(27)), (b"x".to_vec(), Ok(())));
    let (_, ended) = read(&window(28));
    assert_eq!(
        ended.unwrap_err(),
        "needs a zstd window of 256 MiB, the most that is read is 128 MiB; compress it without --ultra --long"
    );
}

#[test]
fn a_bomb_unpacks_piece_by_piece() {
    let mut bomb = GzEncoder::new(Vec::new(), Compression::best());
    let megabyte = vec![b'['; 1 << 20];
    for _ in 0..64 {
        bomb.write_all(&megabyte).unwrap();
    }
    let bytes = bomb.finish().unwrap();
    assert!(bytes.len() < 100_000);
    let mut reader = NativeReader::new(unpacked(Cursor::new(bytes)).unwrap());
    let Some(Item::Problem(bad)) = reader.next().unwrap() else {
        panic!("no problem");
    };
    assert_eq!(bad.line.text.len(), LONGEST_LINE);
    assert_eq!(reader.next().unwrap(), None);
}

#[test]
fn a_small_file_does_not_unpack_to_more_than_is_allowed() {
    static ENOUGH: AtomicU64 = AtomicU64::new(u64::MAX);
    let text = vec![b'\n'; 100_000];
    for packed in [gzip(&text), zstd(&text)] {
        let up_to = |each: u64| {
            let left = &ENOUGH;
            let mut read = Vec::new();
            let packed = Cursor::new(packed.clone());
            let mut input = unpacked_within(packed, Allowance { each, left }).unwrap();
            input.read_to_end(&mut read)
        };
        assert_eq!(up_to(100_000).unwrap(), 100_000);
        let error = up_to(99_999).unwrap_err();
        assert_eq!(error.to_string(), "unpacks to more than may be read of it");
    }
}

#[test]
fn traces_together_are_not_longer_than_is_allowed() {
    static LEFT: AtomicU64 = AtomicU64::new(250_000);
    let text = vec![b'\n'; 100_000];
    let read = |packed: Vec<u8>| {
        let each = 100_000;
        let allowance = Allowance { each, left: &LEFT };
        let mut read = Vec::new();
        let mut input = unpacked_within(Cursor::new(packed), allowance).unwrap();
        input.read_to_end(&mut read)
    };
    assert_eq!(read(gzip(&text)).unwrap(), 100_000);
    assert_eq!(read(text.clone()).unwrap(), 100_000);
    let error = read(zstd(&text)).unwrap_err().to_string();
    assert!(
        error.contains("longer than may be read in one run"),
        "{error}"
    );
}
