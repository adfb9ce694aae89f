//! What a run publishes: every document against its schema in `docs/site`, nothing rewritten that is equal, and
//! nothing left half written. The real program on the simulated league; part of the command line's tests.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::home::{SMALL_LEAGUE, TestHome};
use serde_json::Value;

/// Every file below a directory, with its content and when it was written.
fn files(directory: &Path) -> BTreeMap<PathBuf, (Vec<u8>, SystemTime)> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(directory).expect("a readable directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            let written = fs::metadata(&path).and_then(|data| data.modified()).expect("a time");
            found.insert(path.clone(), (fs::read(&path).expect("a readable file"), written));
        }
    }
    found
}

/// The schemas of `docs/site`, by the name of the documents that they describe.
fn schemas() -> BTreeMap<String, Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/site");
    let mut schemas = BTreeMap::new();
    for (path, (bytes, _)) in files(&folder) {
        if path.extension().is_some_and(|extension| extension == "json") {
            let schema: Value = serde_json::from_slice(&bytes).expect("JSON");
            let name = schema["properties"]["schema"]["const"].as_str().expect("a name").to_owned();
            schemas.insert(name, schema);
        }
    }
    schemas
}

/// Holds a value against a schema, in the words of JSON Schema that ours use; a word that is not known here
/// fails, so that no schema says what is not checked.
fn check(schema: &Value, value: &Value, place: &str) {
    for (word, demand) in schema.as_object().expect("a schema is an object") {
        match word.as_str() {
            "$schema" | "title" | "description" => {}
            "const" => assert_eq!(value, demand, "{place}"),
            "enum" => assert!(demand.as_array().expect("a list").contains(value), "{place}: {value}"),
            "type" => {
                let types: Vec<&Value> =
                    demand.as_array().map_or_else(|| vec![demand], |all| all.iter().collect());
                assert!(types.iter().any(|name| is_of_type(value, name)), "{place}: {value} is no {demand}");
            }
            "pattern" => assert!(is_like(value, demand), "{place}: {value} is not like {demand}"),
            "minimum" => assert!(value.as_f64() >= demand.as_f64(), "{place}: {value}"),
            "maxItems" => {
                let items = value.as_array().map_or(0, Vec::len) as u64;
                assert!(Some(items) <= demand.as_u64(), "{place}: {items} items");
            }
            // Of an object, and of nothing else.
            "required" if !value.is_object() => {}
            "required" => {
                for name in demand.as_array().expect("names") {
                    assert!(value.get(name.as_str().expect("a name")).is_some(), "{place}: no {name}");
                }
            }
            "items" => {
                for (at, item) in value.as_array().expect("a list").iter().enumerate() {
                    check(demand, item, &format!("{place}/{at}"));
                }
            }
            "properties" | "additionalProperties" => {}
            unknown => panic!("{place}: the schema says `{unknown}`, which this test does not check"),
        }
    }
    for (name, member) in value.as_object().into_iter().flatten() {
        let place = format!("{place}/{name}");
        match (schema["properties"].get(name), &schema["additionalProperties"]) {
            (Some(property), _) => check(property, member, &place),
            (None, Value::Object(_)) => check(&schema["additionalProperties"], member, &place),
            (None, _) => panic!("{place} is not in the schema"),
        }
    }
}

fn is_of_type(value: &Value, name: &Value) -> bool {
    match name.as_str().expect("a type's name") {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        unknown => panic!("no type is called {unknown}"),
    }
}

/// Our patterns are dates and months.
fn is_like(value: &Value, pattern: &Value) -> bool {
    let form = match pattern.as_str().expect("a pattern") {
        r"^\d{4}-\d{2}-\d{2}$" => "0000-00-00",
        r"^\d{4}-\d{2}$" => "0000-00",
        unknown => panic!("this test does not know the pattern {unknown}"),
    };
    let digits = |text: &str| text.replace(|c: char| c.is_ascii_digit(), "0");
    value.as_str().is_some_and(|text| digits(text) == form)
}

#[test]
fn a_run_publishes_documents_that_keep_to_their_schemas() {
    let home = TestHome::new();
    let run = [&["run", "nba"], SMALL_LEAGUE.as_slice()].concat();
    home.run(&run).ended(0);
    let first = files(&home.path().join("published"));
    let schemas = schemas();
    let mut seen: BTreeMap<&str, u64> = BTreeMap::new();
    for (path, (bytes, _)) in first.iter().filter(|(path, _)| path.extension().is_some_and(|e| e == "json")) {
        let document: Value = serde_json::from_slice(bytes).expect("JSON");
        let Some(name) = document["schema"].as_str() else {
            continue; // a model's files have a form of their own
        };
        let (name, schema) = schemas.get_key_value(name).unwrap_or_else(|| panic!("{name} has no schema"));
        check(schema, &document, &path.display().to_string());
        *seen.entry(name).or_default() += 1;
    }
    let never: Vec<&String> = schemas.keys().filter(|name| !seen.contains_key(name.as_str())).collect();
    assert!(never.is_empty(), "nothing was published of {never:?}: {seen:?}");
    let hidden =
        |path: &&PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
    assert_eq!(first.keys().find(hidden), None, "a document is left half written");

    let again = [&run[..], &["--only", "site_results", "--force"]].concat();
    home.run(&again).ended(0);
    assert!(first == files(&home.path().join("published")), "equal documents were written again");
}
