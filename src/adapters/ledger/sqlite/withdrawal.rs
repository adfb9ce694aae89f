//! Taking units back whose date is no more: their records are forgotten, what was still to be done for them
//! is superseded, and their open dead letters are closed.

use rusqlite::Transaction;

use super::fault::Fault;
use super::runs;
use super::{dead_letters, submission, units};
use crate::adapters::ledger::shift::Shift;
use crate::flow::{Millis, Unit};

/// Does it, for all of these units at once.
pub(super) fn withdraw(tx: &Transaction<'_>, gone: &[Unit], at: Millis) -> Result<(), Fault> {
    for unit in gone {
        units::forget(tx, *unit)?;
        dead_letters::resolve_of_unit(tx, *unit, "withdrawn")?;
    }
    for run in submission::runs_with_open_tasks(tx, None)? {
        let shift = submission::supersede(tx, run, gone.iter().copied())?;
        if shift != Shift::default() {
            runs::shift(tx, run, shift, Some(at))?;
        }
    }
    Ok(())
}
