//! What follows from the NBA declarations, as committed pictures: who reads what through which window, the
//! drawn cascade, and the topics and subscriptions. A change of a declaration shows here before it is merged;
//! `INSTA_UPDATE=always cargo test --test golden` takes the new pictures.

use std::fmt::Write;
use std::process::Command;

use tidegate::flow::{Cadence, Cascade, Presence, Step};
use tidegate::pipelines::nba::NBA;

/// What the real program prints.
fn topology(format: &str) -> String {
    let home = tempfile::tempdir().expect("a directory");
    let output = Command::new(env!("CARGO_BIN_EXE_tidegate"))
        .args(["topology", "nba", "--format", format, "--home"])
        .arg(home.path().join("home"))
        .output()
        .expect("the program starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn who_reads_what_through_which_window() {
    let cascade = Cascade::of(&NBA).expect("a cascade");
    let mut text = String::new();
    for processor in cascade.processors() {
        writeln!(text, "{}", processor.writes).expect("text");
        if processor.cadence != Cadence::EveryDate {
            writeln!(text, "    units: {:?}", processor.cadence).expect("text");
        }
        if matches!(processor.step, Step::Publish { .. }) {
            writeln!(text, "    publishes documents").expect("text");
        }
        if let Step::Land { source, presence } = processor.step {
            writeln!(text, "    lands {source} ({presence:?})").expect("text");
        }
        for input in processor.reads {
            let optional = match input.presence {
                Presence::Required => "",
                Presence::Optional => " (optional)",
            };
            writeln!(text, "    reads {} through {:?}{optional}", input.dataset, input.window).expect("text");
        }
    }
    insta::assert_snapshot!("nba_reads", text);
}

#[test]
fn the_drawn_cascade() {
    insta::assert_snapshot!("nba_cascade", topology("mermaid"));
}

#[test]
fn topics_and_subscriptions() {
    insta::assert_snapshot!("nba_topology", topology("json"));
}
