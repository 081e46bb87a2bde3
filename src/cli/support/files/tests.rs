use std::fs;
use std::path::{Path, PathBuf};

use super::{InputFile, Refusal, Role, Root};

/// A new empty directory for a test.
fn fresh(name: &str) -> PathBuf {
    let dir = std::env::temp_dir().join(format!("mcppolicy-files-{}-{name}", std::process::id()));
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir).unwrap();
    dir.canonicalize().unwrap()
}

fn message(read: Result<Vec<u8>, Refusal>) -> String {
    let refusal = read.unwrap_err();
    assert!(refusal.is_invalid(), "{refusal:?}");
    refusal.message()
}

#[test]
fn a_regular_file_below_the_root_is_read_however_it_is_spelled() {
    let dir = fresh("spelled");
    fs::create_dir_all(dir.join("a/b")).unwrap();
    fs::write(dir.join("a/policy.json"), "{}").unwrap();
    let root = Root::at(&dir);
    for path in [
        "a/policy.json",
        "./a//policy.json",
        "a/b/../policy.json",
        "a/not there/../policy.json",
    ] {
        let file = InputFile::below(&root, dir.join(path), None);
        assert_eq!(file.read(Role::Policy).unwrap(), b"{}", "{path}");
    }
}

#[test]
fn what_leads_out_of_the_root_is_refused() {
    let dir = fresh("out");
    fs::create_dir_all(dir.join("in/.git")).unwrap();
    fs::write(dir.join("secret"), "secret").unwrap();
    fs::write(dir.join("in/.git/config"), "secret").unwrap();
    let inside = dir.join("in");
    let root = Root::around(&inside);
    assert_eq!(root.dir(), inside);
    for path in [
        "../secret",
        "/etc/passwd",
        "/proc/self/environ",
        "a/../../secret",
    ] {
        let read = InputFile::below(&root, inside.join(path), None).read(Role::Policy);
        assert!(message(read).starts_with("leads out of "), "{path}");
    }
    for path in [
        ".git/config",
        ".GIT/config",
        "git~1/config",
        ".g\u{200C}it/config",
        ".git. /x",
    ] {
        let read = InputFile::below(&root, inside.join(path), None).read(Role::Policy);
        assert_eq!(message(read), "lies in git's own directory", "{path}");
    }
}

#[test]
fn the_kernel_s_files_are_refused_below_any_root() {
    let read = InputFile::below(&Root::at(Path::new("/")), "/proc/self/environ", None);
    if cfg!(unix) {
        assert_eq!(message(read.read(Role::Policy)), "is no file of a disk");
    }
}

#[test]
fn a_role_s_limit_is_held_by_a_file_and_by_a_stream() {
    let dir = fresh("limit");
    let root = Root::at(&dir);
    let path = dir.join("mcppolicy.toml");
    let file = fs::File::create(&path).unwrap();
    file.set_len(Role::Configuration.limit()).unwrap();
    let whole = InputFile::below(&root, &path, None).read(Role::Configuration);
    assert_eq!(whole.unwrap().len(), 1 << 20);
    file.set_len(Role::Configuration.limit() + 1).unwrap();
    let named = [
        InputFile::of_person(&path),
        InputFile::below(&root, &path, None),
    ];
    for file in named {
        let message = message(file.read(Role::Configuration));
        assert_eq!(
            message,
            "is larger than 1 MiB, the most that a configuration may have"
        );
    }
    let endless = super::limited(std::io::repeat(b' '), Role::Configuration);
    assert!(matches!(
        endless,
        Err(Refusal::TooLarge(Role::Configuration))
    ));
}

#[cfg(unix)]
mod unix {
    use std::fs::File;
    use std::io::{Read, Write};
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    use rustix::fs::{CWD, Mode, mkfifoat};

    use super::super::named::pipe;
    use super::*;

    fn fifo(path: &Path) {
        mkfifoat(CWD, path, Mode::RUSR | Mode::WUSR).unwrap();
    }

    #[test]
    fn a_link_is_refused_wherever_it_is_on_the_way() {
        let dir = fresh("links");
        fs::create_dir_all(dir.join("real")).unwrap();
        fs::write(dir.join("real/policy.json"), "{}").unwrap();
        symlink("real", dir.join("parent")).unwrap();
        symlink("policy.json", dir.join("real/link.json")).unwrap();
        symlink("/dev/zero", dir.join("real/zero.json")).unwrap();
        symlink(".", dir.join("self")).unwrap();
        let root = Root::at(&dir);
        for (path, link) in [
            ("parent/policy.json", "parent"),
            ("real/link.json", "link.json"),
            ("real/zero.json", "zero.json"),
            ("self/real/policy.json", "self"),
        ] {
            let read = InputFile::below(&root, dir.join(path), None).read(Role::Policy);
            let expected = format!("leads over the symbolic link {link},");
            assert!(message(read).starts_with(&expected), "{path}");
        }
        assert!(root.is_dir(&dir.join("real")).unwrap());
        assert!(root.is_dir(&dir.join("parent")).is_err());
    }

    #[test]
    fn a_root_may_be_reached_over_a_link_of_a_person() {
        let dir = fresh("alias");
        fs::create_dir_all(dir.join("real")).unwrap();
        fs::write(dir.join("real/policy.json"), "{}").unwrap();
        symlink("real", dir.join("alias")).unwrap();
        symlink(".", dir.join("real/back")).unwrap();
        let root = Root::at(&dir.join("real"));
        let read = |path| InputFile::below(&root, dir.join(path), None).read(Role::Policy);
        assert_eq!(read("alias/policy.json").unwrap(), b"{}");
        assert!(read("alias/back/policy.json").is_err());
        assert!(read("real/back/policy.json").is_err());
    }

    #[test]
    fn what_is_no_regular_file_is_refused_at_once() {
        let dir = fresh("special");
        fifo(&dir.join("pipe"));
        let _socket = UnixListener::bind(dir.join("socket")).unwrap();
        let root = Root::at(&dir);
        for (name, what) in [("pipe", "a pipe"), ("socket", "a socket")] {
            let read = InputFile::below(&root, dir.join(name), None).read(Role::Policy);
            assert_eq!(
                message(read),
                format!("is {what}, and only regular files are read there")
            );
        }
        let dev = Root::at(Path::new("/dev"));
        let zero = InputFile::below(&dev, "/dev/zero", None).read(Role::Policy);
        assert_eq!(message(zero), "is no file of a disk");
    }

    #[test]
    fn a_person_may_name_a_pipe_and_the_empty_device_but_no_other() {
        let null = InputFile::of_person("/dev/null").read(Role::Policy);
        assert_eq!(null.unwrap(), b"");
        let zero = InputFile::of_person("/dev/zero").read(Role::Policy);
        assert!(message(zero).starts_with("is a device"));

        let dir = fresh("person");
        let path = dir.join("pipe");
        fifo(&path);
        let written = path.clone();
        let writer = std::thread::spawn(move || {
            let mut pipe = File::options().write(true).open(written).unwrap();
            pipe.write_all(b"[1]").unwrap();
        });
        assert_eq!(
            InputFile::of_person(&path).read(Role::Policy).unwrap(),
            b"[1]"
        );
        writer.join().unwrap();
        symlink("pipe", dir.join("link")).unwrap();
        symlink("/etc", dir.join("dir")).unwrap();
        assert!(matches!(
            InputFile::of_person(dir.join("dir")).read(Role::Policy),
            Err(Refusal::Directory)
        ));
    }

    #[test]
    fn a_pipe_without_a_writer_is_not_waited_for_without_end() {
        let dir = fresh("patience");
        let path = dir.join("pipe");
        fifo(&path);
        let opened = pipe::with_writer(pipe::open(&path).unwrap(), 0);
        let message = opened.err().unwrap().message();
        assert_eq!(message, "is a pipe that no program writes into");

        // A writer that has written nothing yet is waited for.
        let reader = pipe::open(&path).unwrap();
        let mut writer = File::options().write(true).open(&path).unwrap();
        let mut input = pipe::with_writer(reader, 0).unwrap();
        writer.write_all(b"late").unwrap();
        drop(writer);
        let mut text = String::new();
        input.read_to_string(&mut text).unwrap();
        assert_eq!(text, "late");
    }
}
