//! The league's injury report: a PDF's positioned text, its table, its listings, and whom they are of.
//! Pure: bytes in, rows or a named fault out; knows no file, no clock, nothing of a date's outcome.
//! From the bytes upwards: `allowance.rs`, `fonts.rs`, `pdf.rs`, `table.rs`, `report.rs`, `listings.rs`; `known.rs` is
//! what contexts ask of a date's listings.

mod allowance;
mod fonts;
#[cfg(test)]
mod hostile;
mod known;
mod listings;
mod pdf;
mod report;
mod rows_injury_report;
mod status;
mod table;
#[cfg(test)]
mod tests;

pub(super) use known::DateInjuries;
pub use listings::{InjuryInput, check_injury_report, injury_listings};
pub use rows_injury_report::InjuryListing;
pub use status::{InjuryStatus, ReasonCategory};
