//! House rules as a program: headers, file lengths, names, and the map's paths.
//! Reads files, changes nothing. Limits only tighten; an exception is one line in a list, with a reason.

use std::fs;
use std::path::{Path, PathBuf};

/// Lines of a file, its tests not counted.
const FILE_LINES_MAX: usize = 600;

/// Files that may be longer, each with the reason.
const LONGER_FILES: [(&str, usize, &str); 0] = [];

/// File names that say nothing.
const BANNED_FILES: [&str; 6] = ["util.rs", "utils.rs", "common.rs", "helpers.rs", "types.rs", "models.rs"];

/// Endings of type names that say nothing.
const BANNED_ENDINGS: [&str; 6] = ["Manager", "Handler", "Helper", "Service", "Base", "Impl"];

/// Type names with such an ending that are somebody else's word, or ours with a reason.
const ALLOWED_NAMES: [(&str, &str); 1] =
    [("Service", "the fleet's loops, as one thing that is started and stopped")];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn sources() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for folder in ["src", "tests", "examples"] {
        if root().join(folder).is_dir() {
            files(&root().join(folder), &mut found);
        }
    }
    found.sort();
    let name = |path: &Path| path.strip_prefix(root()).expect("below the root").display().to_string();
    found.iter().map(|path| (name(path), fs::read_to_string(path).expect("a readable file"))).collect()
}

fn check(what: &str, broken: &[String]) {
    assert!(broken.is_empty(), "{what}\n{}", broken.join("\n"));
}

#[test]
fn every_file_opens_with_what_may_be_in_the_room() {
    let broken: Vec<String> = sources()
        .into_iter()
        .filter(|(name, _)| !name.ends_with("lib.rs"))
        .filter(|(_, text)| text.lines().take_while(|line| line.starts_with("//!")).count() < 1)
        .map(|(name, _)| name)
        .collect();
    check("a file begins with `//!` lines that say what it is, may do and must not:", &broken);
}

#[test]
fn files_stay_short() {
    let mut broken = Vec::new();
    for (name, text) in sources().into_iter().filter(|(name, _)| name.starts_with("src/")) {
        let lines = text.lines().take_while(|line| *line != "#[cfg(test)]").count();
        let limit =
            LONGER_FILES.iter().find(|(file, _, _)| *file == name).map_or(FILE_LINES_MAX, |(_, max, _)| *max);
        if lines > limit {
            broken.push(format!("{name}: {lines} lines, at most {limit}; split it along its subjects"));
        }
    }
    check("files that are too long:", &broken);
}

#[test]
fn names_say_something() {
    let mut broken = Vec::new();
    for (name, text) in sources().into_iter().filter(|(name, _)| name.starts_with("src/")) {
        if BANNED_FILES.iter().any(|banned| name.ends_with(&format!("/{banned}"))) {
            broken.push(format!("{name}: name the file after its subject"));
        }
        for line in text.lines() {
            let mut words = line.split(|c: char| !(c.is_alphanumeric() || c == '_'));
            let declared =
                words.find(|word| matches!(*word, "struct" | "enum" | "trait")).and_then(|_| words.next());
            let Some(declared) = declared.filter(|_| !line.trim_start().starts_with("//")) else {
                continue;
            };
            let allowed = ALLOWED_NAMES.iter().any(|(name, _)| *name == declared);
            if BANNED_ENDINGS.iter().any(|ending| declared.ends_with(ending)) && !allowed {
                broken.push(format!("{name}: `{declared}`: name it after what it is"));
            }
        }
    }
    check("names that say nothing:", &broken);
}

#[test]
fn nobody_ignores_a_test() {
    let marker = ["#[", "ignore"].concat();
    let broken: Vec<String> =
        sources().into_iter().filter(|(_, text)| text.contains(&marker)).map(|(name, _)| name).collect();
    check("a test runs or is deleted:", &broken);
}

#[test]
fn the_maps_paths_exist() {
    let map = fs::read_to_string(root().join("docs/ARCHITECTURE.md")).expect("docs/ARCHITECTURE.md");
    let mut broken = Vec::new();
    let mut paths = 0;
    for line in map.lines().filter(|line| line.starts_with('|')) {
        for quoted in line.split('`').skip(1).step_by(2) {
            let is_path = ["src/", "tests/", "docs/", "proto/", "examples/", "terraform/", "k8s/", ".ci/"]
                .iter()
                .any(|folder| quoted.starts_with(folder));
            if is_path {
                paths += 1;
                if !root().join(quoted).exists() {
                    broken.push(quoted.to_owned());
                }
            }
        }
    }
    assert!(paths >= 20, "the `Where is ...?` table names {paths} paths; it should be a map");
    check("docs/ARCHITECTURE.md names paths that do not exist:", &broken);
}
