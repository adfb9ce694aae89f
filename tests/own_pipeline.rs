//! The example of a pipeline of one's own, run as it is, what the document promises of it, and that the
//! document shows the code that is there. Everything is embedded; nothing outside the process is needed.
#![allow(unreachable_pub, missing_docs, reason = "a test crate has no public interface")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use tidegate::cli::Embedded;

#[path = "../examples/own_pipeline.rs"]
#[expect(dead_code, reason = "the example's own `main`")]
mod own_pipeline;

use own_pipeline::{DAYS, Thermometer, WEATHER};

const EXAMPLE: &str = include_str!("../examples/own_pipeline.rs");
const DOCUMENT: &str = include_str!("../docs/YOUR_OWN_PIPELINE.md");

/// The document's fenced blocks of a language.
fn blocks(language: &str) -> Vec<&'static str> {
    let fence = format!("```{language}\n");
    DOCUMENT.split(fence.as_str()).skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

/// What these days take, over what `directory` holds of an earlier run, and the forecasts after it.
async fn up_to_date(directory: &Path, days: &[(&'static str, &'static str)]) -> (usize, usize, String) {
    let days: BTreeMap<_, _> = days.iter().copied().collect();
    let mut fleet = Embedded::start(directory, &WEATHER, Arc::new(Thermometer(days))).await.expect("a fleet");
    let tasks = fleet.run_to_end("test").await.expect("a run");
    let open = fleet.engine.ports().ledger.dead_letters(true).await.expect("dead letters");
    let rows = fleet.query("SELECT day, celsius FROM weather.forecasts ORDER BY day").await.expect("rows");
    fleet.stop().await.expect("an end");
    (tasks, open.len(), rows.into_iter().map(|row| row.join(" ")).collect::<Vec<_>>().join(", "))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_example_prints_what_the_document_says() {
    let directory = tempfile::tempdir().expect("a directory");
    let rows = own_pipeline::run(directory.path()).await.expect("the example");
    assert_eq!(blocks("text"), [format!("{rows:?}\n")]);
    let file = directory.path().join("lake/weather/forecasts/date=2026-03-03/forecasts.parquet");
    assert!(DOCUMENT.contains("`lake/weather/forecasts/date=2026-03-03/forecasts.parquet`"));
    assert!(file.is_file(), "{}", file.display());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_what_a_change_reaches_is_done_again() {
    let directory = tempfile::tempdir().expect("a directory");
    let all = "2026-03-02 -2, 2026-03-03 -0.5";
    assert_eq!(up_to_date(directory.path(), &DAYS).await, (9, 0, all.to_owned()));
    assert_eq!(up_to_date(directory.path(), &DAYS).await, (0, 0, all.to_owned()));
    // Landed anew, read anew, and the one forecast that looks back on that day.
    let mut changed = DAYS;
    changed[1].1 = "2";
    let restated = "2026-03-02 -2, 2026-03-03 0";
    assert_eq!(up_to_date(directory.path(), &changed).await, (3, 0, restated.to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_day_costs_only_what_depends_on_it() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut broken = DAYS;
    broken[1].1 = "a lot";
    let (_, open, rows) = up_to_date(directory.path(), &broken).await;
    assert_eq!((open, rows.as_str()), (1, "2026-03-02 -2"));
    let (tasks, open, rows) = up_to_date(directory.path(), &DAYS).await;
    assert_eq!((tasks, open, rows.as_str()), (3, 0, "2026-03-02 -2, 2026-03-03 -0.5"));
}

#[test]
fn the_document_shows_the_code_that_is_there() {
    let blocks = blocks("rust");
    assert_eq!(blocks.len(), 5, "each step shows its code");
    for block in blocks {
        assert!(EXAMPLE.contains(block), "not in the example as it is:\n{block}");
    }
}

#[test]
fn the_example_stays_small() {
    let code = EXAMPLE.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//"));
    let lines = code.count();
    assert!(lines < 60, "{lines} lines of code");
}
