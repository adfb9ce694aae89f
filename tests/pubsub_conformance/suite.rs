//! The list of cases and how they are run: all at once, each in a project of its own, with what a case needs of
//! clients. Knows no server: it is handed an address.

pub mod admin;
pub mod bus;
pub mod delivery;
pub mod limits;

pub use bus::Bus;
use futures::future::BoxFuture;
use std::time::Duration;
use tokio::task::JoinSet;

/// A case fails with a sentence.
pub type Outcome = Result<(), String>;

/// One documented behaviour.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    pub name: &'static str,
    /// What the emulator does instead, where it does not follow the documentation.
    pub emulator_differs: Option<&'static str>,
    pub run: fn(Bus) -> BoxFuture<'static, Outcome>,
}

/// `case!(module::function)` or `case!(module::function, "what the emulator does instead")`.
macro_rules! case {
    ($module:ident :: $name:ident) => {
        Case { name: stringify!($name), emulator_differs: None, run: |bus| Box::pin($module::$name(bus)) }
    };
    ($module:ident :: $name:ident, $differs:literal) => {
        Case {
            name: stringify!($name),
            emulator_differs: Some($differs),
            run: |bus| Box::pin($module::$name(bus)),
        }
    };
}

mod cases;
pub use cases::CASES;

/// No case waits longer than an ack deadline and the emulator's slowness.
const CASE_SECONDS_MAX: u64 = 45;

/// Runs every case; the outcomes come in the order of the list.
pub async fn run(bus: Bus) -> Vec<(Case, Outcome)> {
    let mut running = JoinSet::new();
    for (place, case) in CASES.iter().enumerate() {
        let bus = bus.in_project(case.name);
        running.spawn(async move {
            let limit = Duration::from_secs(CASE_SECONDS_MAX);
            let outcome = tokio::time::timeout(limit, (case.run)(bus)).await;
            (place, outcome.unwrap_or_else(|_| Err(format!("no end after {CASE_SECONDS_MAX} s"))))
        });
    }
    let mut outcomes: Vec<_> = CASES.iter().map(|case| (*case, Err("it panicked".to_owned()))).collect();
    while let Some(ended) = running.join_next().await {
        if let Ok((place, outcome)) = ended {
            outcomes[place].1 = outcome;
        }
    }
    outcomes
}

/// The outcomes as the lines of a table: ours or the emulator's, then what is known of the emulator.
pub fn table(server: &str, outcomes: &[(Case, Outcome)]) -> String {
    let line = |(case, outcome): &(Case, Outcome)| {
        let held = match outcome {
            Ok(()) => "holds".to_owned(),
            Err(why) => format!("does not hold: {why}"),
        };
        let known = case.emulator_differs.unwrap_or("as documented");
        format!("{server} | {} | {held} | emulator: {known}\n", case.name)
    };
    outcomes.iter().map(line).collect()
}

/// `Err` with both sides unless they are equal.
pub fn same<T: PartialEq + std::fmt::Debug>(what: &str, found: T, expected: T) -> Outcome {
    if found == expected { Ok(()) } else { Err(format!("{what}: found {found:?}, expected {expected:?}")) }
}

/// `Err` with the sentence unless it holds.
pub fn holds(condition: bool, otherwise: impl Into<String>) -> Outcome {
    if condition { Ok(()) } else { Err(otherwise.into()) }
}
