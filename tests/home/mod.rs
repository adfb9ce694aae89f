//! A home for a test, and the real program run in it: its exit code, its answer, its lake's bytes.
//! Used by the tests of the command line and by the kill test.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// A league so small that a whole run takes seconds, and whose season is longer than its bootstrap days.
pub(crate) const SMALL_LEAGUE: [&str; 7] = ["--simulate", "--seasons", "1", "--teams", "4", "--games", "12"];

/// A directory that is a home, and what is run in it.
pub(crate) struct TestHome {
    directory: tempfile::TempDir,
}

/// What the program answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl TestHome {
    pub(crate) fn new() -> Self {
        Self { directory: tempfile::tempdir().expect("a directory") }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.directory.path().join("home")
    }

    /// The program with these arguments, in this home.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tidegate"));
        command.args(arguments).arg("--home").arg(self.path());
        for variable in ["TIDEGATE_HOME", "TIDEGATE_LOG", "TIDEGATE_LOG_FORMAT"] {
            command.env_remove(variable);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs it to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Answer {
        Answer::of(self.command(arguments).output().expect("the program starts"))
    }

    /// Every file of the lake by its path in it; what was being written when a process died is none.
    pub(crate) fn lake(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        self.files("lake")
    }

    /// Every file of a directory of the home, by its path in it.
    pub(crate) fn files(&self, directory: &str) -> BTreeMap<PathBuf, Vec<u8>> {
        let root = self.path().join(directory);
        let mut found = BTreeMap::new();
        collect(&root, &root, &mut found);
        found
    }
}

impl Answer {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }

    /// The same, if it ended with this code.
    #[track_caller]
    pub(crate) fn ended(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        self
    }

    /// The one JSON document on standard output.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}", self.stdout))
    }
}

/// Says which files differ, rather than printing them.
#[track_caller]
pub(crate) fn assert_same_lake(one: &BTreeMap<PathBuf, Vec<u8>>, other: &BTreeMap<PathBuf, Vec<u8>>) {
    let paths = one.keys().chain(other.keys());
    let differ: Vec<_> = paths.filter(|path| one.get(*path) != other.get(*path)).take(10).collect();
    assert!(!one.is_empty(), "the lake is empty");
    assert!(differ.is_empty(), "these files differ, among others: {differ:?}");
}

fn collect(root: &Path, directory: &Path, found: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in fs::read_dir(directory).expect("a readable directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            if path.file_name().is_none_or(|name| name != ".writing") {
                collect(root, &path, found);
            }
        } else {
            let bytes = fs::read(&path).expect("a readable file");
            found.insert(path.strip_prefix(root).expect("below the lake").to_owned(), bytes);
        }
    }
}
