use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::*;

/// A new repository for a test, as far as writing sees one.
fn checkout(name: &str) -> PathBuf {
    let dir = std::env::temp_dir().join(format!("mcppolicy-target-{}-{name}", std::process::id()));
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(dir.join(".git")).unwrap();
    dir.canonicalize().unwrap()
}

fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name != ".git").collect();
    names.sort();
    names
}

#[test]
fn a_file_is_replaced_whole_or_not_at_all() {
    let dir = checkout("whole");
    let file = dir.join("report.json");
    replace(&file, b"old").unwrap();
    let mut target = Target::begin(&file, Options::REPLACE).unwrap();
    target.write_all(b"half").unwrap();
    assert_eq!(names(&dir).len(), 2);
    drop(target);
    assert_eq!(fs::read(&file).unwrap(), b"old");
    replace(&file, b"new").unwrap();
    assert_eq!(fs::read(&file).unwrap(), b"new");
    assert_eq!(names(&dir), ["report.json"]);
}

#[test]
fn what_must_be_new_is_not_replaced() {
    let dir = checkout("new");
    let file = dir.join("a/b/policy.json");
    create_new(&file, b"first").unwrap();
    let again = create_new(&file, b"second").unwrap_err();
    assert_eq!(again.kind(), io::ErrorKind::AlreadyExists);
    assert_eq!(fs::read(&file).unwrap(), b"first");
    assert_eq!(names(&dir.join("a/b")), ["policy.json"]);
    let missing = replace(&dir.join("none/policy.json"), b"").unwrap_err();
    assert_eq!(missing.kind(), io::ErrorKind::NotFound);
    let directory = replace(&dir.join("a"), b"").unwrap_err();
    assert_eq!(directory.kind(), io::ErrorKind::IsADirectory);
}

#[test]
fn temporary_names_differ() {
    let dir = checkout("temporary");
    let file = dir.join("report.json");
    let both = [(); 2].map(|()| Target::begin(&file, Options::REPLACE).unwrap());
    assert_eq!(names(&dir).len(), 2);
    drop(both);
    assert_eq!(names(&dir), [""; 0]);
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn the_mode_stays_and_a_private_file_is_its_owner_s() {
        let dir = checkout("mode");
        let file = dir.join("kept");
        fs::write(&file, "old").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        replace(&file, b"new").unwrap();
        assert_eq!(mode(&file), 0o640);
        let private = Options {
            access: Access::Private,
            ..Options::REPLACE
        };
        write(&dir.join("private"), b"", private).unwrap();
        assert_eq!(mode(&dir.join("private")), 0o600);
    }

    #[test]
    fn no_link_is_followed_below_a_repository_s_top() {
        let dir = checkout("links");
        let outside = checkout("links-outside");
        fs::write(outside.join("victim"), "kept").unwrap();
        symlink(outside.join("victim"), dir.join("file")).unwrap();
        symlink(&outside, dir.join("parent")).unwrap();
        symlink("/dev/null", dir.join("null")).unwrap();
        symlink(outside.join("absent"), dir.join("dangling")).unwrap();
        symlink(".", dir.join("self")).unwrap();
        for path in [
            "file",
            "parent/victim",
            "parent/new",
            "null",
            "dangling",
            "self/new",
            "parent/../file",
        ] {
            let path = dir.join(path);
            let errors = [
                replace(&path, b"x").unwrap_err(),
                append(&path, Access::Usual, false).unwrap_err(),
            ];
            for error in errors {
                let message = error.to_string();
                assert!(message.contains("symbolic link"), "{path:?}: {message}");
            }
            assert!(create_new(&path, b"x").is_err());
            #[cfg(feature = "live")]
            assert!(create_growing(&path, Access::Private, false).is_err());
        }
        assert_eq!(names(&outside), ["victim"]);
        assert_eq!(fs::read(outside.join("victim")).unwrap(), b"kept");
    }

    #[test]
    fn outside_a_link_of_a_person_stays_one() {
        let dir = checkout("person");
        fs::remove_dir(dir.join(".git")).unwrap();
        fs::create_dir(dir.join("real")).unwrap();
        fs::write(dir.join("real/file"), "old").unwrap();
        symlink("real", dir.join("alias")).unwrap();
        symlink("real/file", dir.join("link")).unwrap();
        replace(&dir.join("link"), b"new").unwrap();
        assert!(dir.join("link").is_symlink());
        assert_eq!(fs::read(dir.join("real/file")).unwrap(), b"new");
        replace(&dir.join("alias/other"), b"").unwrap();
        assert_eq!(names(&dir.join("real")), ["file", "other"]);
        replace(&dir.join("alias/../other"), b"").unwrap();
        symlink("/usr/bin", dir.join("far")).unwrap();
        let error = replace(&dir.join("far/../other"), b"").unwrap_err();
        assert!(error.to_string().contains("spell it out"), "{error}");
    }

    #[test]
    fn a_device_is_written_to_and_stays_one() {
        replace(Path::new("/dev/null"), b"gone").unwrap();
        let full = Path::new("/dev/full");
        if full.exists() {
            let error = replace(full, b"x").unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        }
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }

    #[test]
    fn a_pipe_is_written_to_and_its_reader_may_go() {
        let dir = checkout("pipe");
        let pipe = dir.join("pipe");
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, mode).unwrap();
        let read = pipe.clone();
        let reader = std::thread::spawn(move || fs::read(read).unwrap());
        replace(&pipe, b"report").unwrap();
        assert_eq!(reader.join().unwrap(), b"report");

        let both = File::options().read(true).write(true).open(&pipe).unwrap();
        let mut target = Target::begin(&pipe, Options::REPLACE).unwrap();
        drop(both);
        target.write_all(b"nobody reads this").unwrap();
        target.finish().unwrap();
        assert_eq!(names(&dir), ["pipe"]);
    }
}
