//! What is to be done now, counted: the figures on which a fleet is scaled. Looks only at runs that have any.

use super::fault::Fault;
use super::sessions::Session;
use super::stored;
use crate::adapters::ledger::declared::Declared;
use crate::fleet::Backlog;

/// By dataset and lane: how much workers can be busy with, since when the oldest of it waits, and what is held.
/// Processors that this program does not declare are left out: nobody of this program works for them.
pub(super) async fn list(
    session: &Session,
    declared: &Declared,
    pipeline: &str,
) -> Result<Vec<Backlog>, Fault> {
    let rows = session
        .query(
            "SELECT t.dataset, min(t.date) AS date, r.lane,
                count(*) FILTER (WHERE t.state IN ('ready', 'claimed')) AS runnable,
                min(t.not_before) FILTER (WHERE t.state = 'ready') AS ready_since,
                count(*) FILTER (WHERE t.state = 'held') AS held
             FROM runs r JOIN tasks t ON t.run = r.id
             WHERE r.pipeline = $1 AND t.state IN ('ready', 'claimed', 'held')
                AND (SELECT sum(ready + claimed + held) FROM run_tallies WHERE run = r.id) > 0
             GROUP BY t.dataset, r.lane ORDER BY t.dataset, r.lane",
            &[&pipeline],
        )
        .await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in &rows {
        let Some(unit) = stored::unit(declared, row)? else { continue };
        found.push(Backlog {
            dataset: unit.dataset,
            lane: stored::lane(row)?,
            runnable: stored::count(row, "runnable")?,
            ready_since: row.try_get("ready_since")?,
            held: stored::count(row, "held")?,
        });
    }
    Ok(found)
}
