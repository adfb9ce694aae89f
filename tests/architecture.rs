//! The rooms' borders: which room of `src/` may import which, checked on the tokens of every file, so
//! that macro bodies and grouped imports count and comments do not. Reads files, changes nothing.

use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// Each room, and the rooms that it may import. `adapters` and `broker` have further rules below.
const ROOMS: [(&str, &[&str]); 8] = [
    ("flow", &["flow"]),
    ("domain", &["flow", "domain"]),
    ("pipelines", &["flow", "domain", "pipelines"]),
    ("fleet", &["flow", "fleet"]),
    ("doctor", &["flow", "fleet", "doctor"]),
    ("adapters", &["flow", "fleet", "doctor", "adapters"]),
    ("broker", &["broker"]),
    ("cli", &["flow", "domain", "pipelines", "fleet", "doctor", "adapters", "broker", "cli"]),
];

/// Adapters that others may import: what two of them have in common of one outside thing.
const SHARED_ADAPTERS: [(&str, &str); 3] = [
    ("disk", "one way to make files durable, for the lake and for documents"),
    ("gcs", "one way to speak to a bucket, for the lake and for documents"),
    ("rest", "one way to ask Google's services what their clients cannot be asked"),
];

/// Names at the crate's root that are no rooms: exported macros.
const MACROS: [&str; 1] = ["rows"];

fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            rust_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

fn sources() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    rust_files(&root.join("src"), &mut files);
    files.sort();
    let read = |file: PathBuf| {
        let text = fs::read_to_string(&file).expect("a readable file");
        (file.strip_prefix(root.join("src")).expect("below src").to_owned(), text)
    };
    files.into_iter().map(read).collect()
}

/// Every path that begins with `crate::`, as its segments, with grouped imports taken apart.
fn crate_paths(tokens: TokenStream, paths: &mut Vec<Vec<String>>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (at, token) in tokens.iter().enumerate() {
        if let TokenTree::Group(group) = token {
            crate_paths(group.stream(), paths);
        }
        if matches!(token, TokenTree::Ident(ident) if ident == "crate") {
            follow(&tokens[at + 1..], Vec::new(), paths);
        }
    }
}

/// Follows `::a::b` or `::{a, b::c}` and records each full path.
fn follow(tokens: &[TokenTree], path: Vec<String>, paths: &mut Vec<Vec<String>>) {
    let is_colon =
        |token: Option<&TokenTree>| matches!(token, Some(TokenTree::Punct(p)) if p.as_char() == ':');
    if !(is_colon(tokens.first()) && is_colon(tokens.get(1))) {
        if !path.is_empty() {
            paths.push(path);
        }
        return;
    }
    match tokens.get(2) {
        Some(TokenTree::Ident(ident)) => {
            let longer = path.into_iter().chain([ident.to_string()]).collect();
            follow(&tokens[3..], longer, paths);
        }
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
            let inner: Vec<TokenTree> = group.stream().into_iter().collect();
            for item in inner.split(|token| matches!(token, TokenTree::Punct(p) if p.as_char() == ',')) {
                if let Some(TokenTree::Ident(ident)) = item.first() {
                    let longer = path.iter().cloned().chain([ident.to_string()]).collect();
                    follow(&item[1..], longer, paths);
                }
            }
        }
        Some(TokenTree::Group(_) | TokenTree::Punct(_) | TokenTree::Literal(_)) | None => paths.push(path),
    }
}

fn paths_of(text: &str) -> Vec<Vec<String>> {
    let mut paths = Vec::new();
    crate_paths(text.parse().expect("Rust tokens"), &mut paths);
    paths
}

fn allowed(room: &str) -> Option<&'static [&'static str]> {
    ROOMS.iter().find(|(name, _)| *name == room).map(|(_, allowed)| *allowed)
}

#[test]
fn the_tokeniser_sees_grouped_imports_and_macro_bodies() {
    let text = "use crate::{flow::Date, fleet::{self, Engine}}; m! { crate::cli::run() } // crate::broker";
    let rooms: Vec<String> = paths_of(text).into_iter().map(|path| path[0].clone()).collect();
    assert_eq!(rooms, ["flow", "fleet", "fleet", "cli"]);
}

#[test]
fn rooms_import_only_what_they_may() {
    let mut broken = Vec::new();
    for (file, text) in sources() {
        let parts: Vec<String> = file.iter().map(|part| part.to_string_lossy().into_owned()).collect();
        let Some(allowed) = allowed(&parts[0]) else {
            continue;
        };
        for path in paths_of(&text) {
            let target = path[0].as_str();
            if !allowed.contains(&target) && !MACROS.contains(&target) {
                broken.push(format!("{}: `{}` may not import crate::{target}", file.display(), parts[0]));
            }
            let other_adapter = parts[0] == "adapters"
                && target == "adapters"
                && path.get(1).is_some_and(|adapter| {
                    let is_shared = SHARED_ADAPTERS.iter().any(|(shared, _)| shared == adapter);
                    parts.get(1) != Some(adapter) && !is_shared
                });
            if other_adapter {
                broken.push(format!("{}: adapters do not import each other: {path:?}", file.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn nothing_slips_past_through_super() {
    let mut broken = Vec::new();
    for (file, text) in sources() {
        let is_rooms_own_mod = file.iter().count() == 2 && file.ends_with("mod.rs");
        let code: String = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .take_while(|line| !line.starts_with("mod tests"))
            .collect::<Vec<_>>()
            .join("\n");
        if code.contains("super::super") {
            broken.push(format!("{}: name the room (`crate::room`) instead of super::super", file.display()));
        }
        if is_rooms_own_mod && code.contains("super::") {
            broken.push(format!("{}: a room's own mod.rs may not look upwards", file.display()));
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn the_pure_rooms_have_no_io_no_clock_and_no_async() {
    const BANNED: [(&str, &str); 9] = [
        ("async fn", "async begins in fleet"),
        ("std::fs", "files belong to adapters"),
        ("std::net", "sockets belong to adapters"),
        ("std::env", "settings are read in cli"),
        ("std::time", "a moment is an argument"),
        ("tokio", "async begins in fleet"),
        ("tracing", "the engine logs"),
        ("rand::", "seeds are arguments, and only sources use them"),
        ("HashMap<String", "a typed value instead of a bag of strings"),
    ];
    let mut broken = Vec::new();
    for (file, text) in sources() {
        if !["flow", "domain", "pipelines", "doctor"].iter().any(|room| file.starts_with(room)) {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            for (banned, instead) in BANNED {
                if code.contains(banned) {
                    broken.push(format!("{}:{}: `{banned}`: {instead}", file.display(), number + 1));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
