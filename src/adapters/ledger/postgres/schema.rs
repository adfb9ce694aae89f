//! The ledger's tables: made and brought up to date by whoever connects first, once, under a lock; and
//! refused where they are another program's or a newer one's. `migrations/` has the statements, by version.

use super::fault::Fault;
use super::sessions::Session;

/// What makes each version of the tables from the one before, from version 1. Entries are only added.
const MIGRATIONS: [&str; 2] = [include_str!("migrations/1.sql"), include_str!("migrations/2.sql")];

/// Every table that they make.
pub(super) const TABLES: [&str; 7] =
    ["dead_letter_reach", "dead_letters", "outbox", "run_tallies", "runs", "tasks", "units"];

/// The version of the tables that this program knows.
pub(super) fn known() -> i32 {
    i32::try_from(MIGRATIONS.len()).expect("few versions")
}

/// The lock under which tables are made; a number of our own, held within one database.
const MIGRATING: i64 = 0x7469_6465_0001;

/// Makes the tables as this program knows them, or says why not. `what` names the database.
pub(super) async fn migrate(session: &Session, what: &str) -> Result<(), Fault> {
    session
        .transaction(async {
            session.query("SELECT pg_advisory_xact_lock($1)", &[&MIGRATING]).await?;
            let known = known();
            let version = match version(session).await? {
                Some(version) if version > known => {
                    return Err(Fault::Content(format!(
                        "{what} was written by a newer version (its tables are of version {version}, this \
                         program knows {known}); use the newer program"
                    )));
                }
                Some(version) => version,
                None => begin(session, what).await?,
            };
            let done = usize::try_from(version).unwrap_or(0);
            for migration in MIGRATIONS.iter().skip(done) {
                session.batch(migration).await?;
            }
            if version < known {
                session.execute("UPDATE ledger_schema SET version = $1", &[&known]).await?;
                tracing::info!(from = version, to = known, ledger = what, "the ledger's tables were made");
            }
            adopt_foreign_changes(session).await
        })
        .await
}

/// The version of the tables; `None` where there are none.
pub(super) async fn version(session: &Session) -> Result<Option<i32>, Fault> {
    let is_there = "SELECT to_regclass('ledger_schema') IS NOT NULL AS is_there";
    let row = session.find(is_there, &[]).await?;
    if !row.map_or(Ok(false), |row| row.try_get("is_there"))? {
        return Ok(None);
    }
    let row = session.find("SELECT version FROM ledger_schema", &[]).await?;
    Ok(row.map(|row| row.try_get("version")).transpose()?)
}

/// The mark of a ledger, in a database that has nothing else.
async fn begin(session: &Session, what: &str) -> Result<i32, Fault> {
    let foreign = session
        .find(
            "SELECT tablename::text AS name FROM pg_tables WHERE schemaname = current_schema()
             ORDER BY tablename LIMIT 1",
            &[],
        )
        .await?;
    if let Some(row) = foreign {
        let name: String = row.try_get("name")?;
        return Err(Fault::Content(format!(
            "{what} has a table `{name}`, but no ledger of ours; give the ledger a database of its own"
        )));
    }
    session.batch("CREATE TABLE ledger_schema (version integer NOT NULL)").await?;
    session.execute("INSERT INTO ledger_schema (version) VALUES (0)", &[]).await?;
    Ok(0)
}

/// Numbers of transactions are a server's own. Of a ledger that was restored from another server's dump, what
/// seems to come from this one's future is said to have changed now.
async fn adopt_foreign_changes(session: &Session) -> Result<(), Fault> {
    let adopted = session
        .execute(
            "UPDATE units SET changed_in = pg_current_xact_id()::text::bigint
             WHERE changed_in >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint",
            &[],
        )
        .await?;
    if adopted > 0 {
        tracing::warn!(units = adopted, "this ledger was restored from another server");
    }
    Ok(())
}
