//! Typed checks of what a date's rows are like, for any dataset: a profile of each column, rules that a
//! profile is judged by (alone and against the dates before), and the gate that says GO or NO-GO.
//! Pure; knows no sport, no place of a table, no clock. Which rules a pipeline has is data of the pipeline.

mod baseline;
mod demand;
mod gate;
mod judge;
mod kind;
mod profile;
mod rows_check;
mod rule;

pub use baseline::BASELINE_DAYS;
pub use gate::{NoGo, Standing, decide};
pub use judge::{Bound, Day, judge, judge_figure, judge_passed, not_judged};
pub use kind::DateKind;
pub use profile::{KEY_COLUMN, counted, profile};
pub use rows_check::{CheckRow, ColumnProfile, GateRow, Verdict};
pub use rule::{BaselineLimits, ColumnRule, DatasetChecks, DatesPassed, Level, RulesError, check_columns};
