//! What is to be done now, counted: the figures on which a fleet is scaled. Looks only at runs that have any.

use rusqlite::Transaction;

use super::fault::Fault;
use super::stored;
use crate::adapters::ledger::declared::Declared;
use crate::fleet::Backlog;

/// By dataset and lane: how much workers can be busy with, since when the oldest of it waits, and what is held.
/// Processors that this program does not declare are left out: nobody of this program works for them.
pub(super) fn list(tx: &Transaction<'_>, declared: &Declared, pipeline: &str) -> Result<Vec<Backlog>, Fault> {
    let mut statement = tx.prepare_cached(
        "SELECT t.dataset, min(t.date), r.lane, sum(t.state IN ('ready', 'claimed')),
            min(CASE WHEN t.state = 'ready' THEN t.not_before END), sum(t.state = 'held')
         FROM runs r JOIN tasks t ON t.run = r.id
         WHERE r.pipeline = ?1 AND r.ready + r.claimed + r.held > 0 AND t.state IN ('ready', 'claimed', 'held')
         GROUP BY t.dataset, r.lane ORDER BY t.dataset, r.lane",
    )?;
    let mut rows = statement.query([pipeline])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let Some(unit) = stored::unit(declared, row, 0)? else { continue };
        found.push(Backlog {
            dataset: unit.dataset,
            lane: stored::lane(row, 2)?,
            runnable: stored::count(row, 3)?,
            ready_since: row.get(4)?,
            held: stored::count(row, 5)?,
        });
    }
    Ok(found)
}
