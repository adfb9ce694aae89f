//! The NBA pipeline: its processors, one file each, and the calendar that they share.
//! Glue between datasets and the pure functions of `domain::nba`; no IO, no formula.

mod datasets;

pub use datasets::*;
