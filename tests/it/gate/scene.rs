//! A repository with three policies whose `main` an attempt starts from.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::support::{self, Ran, commit, git, mcppolicy, write};

/// The configuration at the base.
pub const LIST: &str = "[[policy]]\npath = \"policies/*/policy.json\"\n";

/// A policy that pays amounts up to `max`.
pub fn up_to(max: u32) -> String {
    let amount = format!(
        r#"{{"path":"args.amount","op":"gt","value":0}},{{"path":"args.amount","op":"lte","value":{max}}}"#
    );
    let limit = r#"{"counter":"payments","window":"day","max":50,"scope":"grant"}"#;
    format!(
        r#"{{"version":"1","default":"deny","tools":{{"create_refund":{{"require":[{{"conditions":[{amount}]}}],"limits":[{limit}]}}}}}}
"#
    )
}

/// A repository with the policies `a`, `b` and `c`, and the branch `change`
/// checked out.
pub struct Scene {
    pub dir: PathBuf,
}

/// What a run says: its exit code and its JSON report.
pub struct Said {
    pub code: i32,
    pub report: Value,
}

impl Scene {
    /// The scene with the usual configuration.
    pub fn new(name: &str) -> Scene {
        Scene::with(name, &[("mcppolicy.toml", LIST)])
    }

    /// The scene with other files beside the policies, or instead of them.
    pub fn with(name: &str, files: &[(&str, &str)]) -> Scene {
        let policy = up_to(100);
        let policies = ["a", "b", "c"].map(|name| format!("policies/{name}/policy.json"));
        let mut all: Vec<(&str, &str)> = vec![("README.md", "Tools.\n")];
        all.extend(policies.iter().map(|path| (path.as_str(), policy.as_str())));
        all.extend(files);
        let dir = support::repository(&format!("gate-{name}"), &all);
        git(&dir, &["checkout", "--quiet", "-b", "change"]);
        Scene { dir }
    }

    /// Writes a file.
    pub fn write(&self, path: &str, text: impl AsRef<[u8]>) -> &Scene {
        write(&self.dir, path, text);
        self
    }

    /// Lets the policy `name` pay more.
    pub fn loosen(&self, name: &str) -> &Scene {
        self.write(&format!("policies/{name}/policy.json"), up_to(9999))
    }

    /// Lets the policy `name` pay less.
    pub fn tighten(&self, name: &str) -> &Scene {
        self.write(&format!("policies/{name}/policy.json"), up_to(5))
    }

    /// Commits everything, even what is ignored.
    pub fn commit(&self) -> &Scene {
        git(&self.dir, &["add", "--all", "--force"]);
        commit(&self.dir);
        self
    }

    pub fn git(&self, arguments: &[&str]) -> &Scene {
        git(&self.dir, arguments);
        self
    }

    /// Takes everything back that was done since the base.
    pub fn reset(&self) -> &Scene {
        self.git(&["checkout", "--quiet", "--force", "-B", "change", "main"])
            .git(&["clean", "--quiet", "-ffdx"])
    }

    /// `ci --base main` in a job.
    pub fn job(&self) -> Said {
        self.ci(&self.dir, &["--base", "main"], &[("CI", "true")])
    }

    /// `ci --base main` on a person's machine.
    pub fn here(&self) -> Said {
        self.ci(&self.dir, &["--base", "main"], &[])
    }

    /// `ci` in `dir` with these arguments and variables.
    pub fn ci(&self, dir: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Said {
        let output = mcppolicy(dir)
            .args(["ci", "--format", "json"])
            .args(arguments)
            .envs(variables.iter().copied())
            .output()
            .unwrap();
        said(&output)
    }
}

fn said(output: &Output) -> Said {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(!text.is_empty(), "{errors}");
    let ran = Ran {
        code: output.status.code().unwrap(),
        out: text,
        err: errors.into_owned(),
    };
    Said {
        code: ran.code,
        report: ran.report(),
    }
}

impl Said {
    /// It exits with 0.
    #[track_caller]
    pub fn passes(&self) -> &Said {
        assert_eq!(self.code, 0, "{:#}", self.report);
        self
    }

    /// It exits with 1, and the verdict is that more passes.
    #[track_caller]
    pub fn is_loosened(&self) -> &Said {
        assert_eq!(self.code, 1, "{:#}", self.report);
        assert_eq!(self.report["summary"]["verdict"], "loosened");
        self
    }

    /// It exits with `code` and says this somewhere.
    #[track_caller]
    pub fn is_refused(&self, code: i32, says: &str) -> &Said {
        assert_eq!(self.code, code, "{:#}", self.report);
        self.says(says)
    }

    /// It says this somewhere.
    #[track_caller]
    pub fn says(&self, words: &str) -> &Said {
        let text = self.report.to_string();
        assert!(
            text.contains(words),
            "{words:?} is not in {:#}",
            self.report
        );
        self
    }
}

/// Runs a program that must succeed.
pub fn program(name: &str, arguments: &[&str], dir: &Path) -> String {
    let output = Command::new(name)
        .args(arguments)
        .current_dir(dir)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name} {arguments:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}
