//! Taking units back whose date is no more: their records are forgotten, what was still to be done for them
//! is superseded, and their open dead letters are closed.

use super::fault::Fault;
use super::sessions::Session;
use super::{dead_letters, runs, submission, units};
use crate::flow::{Millis, RunId, Unit};

/// Does it, for all of these units in one transaction; answers the runs that may be over now.
pub(super) async fn withdraw(session: &Session, gone: &[Unit], at: Millis) -> Result<Vec<RunId>, Fault> {
    submission::wait_for_turn(session).await?;
    units::forget(session, gone).await?;
    for unit in gone {
        dead_letters::resolve_of_unit(session, *unit, "withdrawn").await?;
    }
    let changed = submission::supersede(session, None, gone.iter().copied()).await?;
    for (run, shift) in &changed {
        runs::shift(session, *run, *shift, Some(at)).await?;
    }
    Ok(changed.into_keys().collect())
}
