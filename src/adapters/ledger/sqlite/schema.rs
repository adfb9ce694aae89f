//! The ledger's tables, their version, and the opening of a connection to them.
//! Readable with the `sqlite3` tool: names are text, moments are milliseconds, and the `*_list` views
//! show dates as dates and hashes as hex.

use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use super::fault::Fault;

/// The version of the tables below, kept in `user_version`.
pub(super) const SCHEMA_VERSION: i32 = 2;

/// What makes the tables of version 2 from those of version 1.
const TRACES: &str = "
-- The trace in which something was committed: what is published later belongs to it too.
ALTER TABLE outbox ADD COLUMN trace TEXT;
ALTER TABLE dead_letters ADD COLUMN trace TEXT;
";

/// How long a statement waits for another process that is writing (`tidegate status` beside `serve`).
const BUSY_MILLIS_MAX: u64 = 5_000;

/// More than the number of distinct statements, so that each is compiled once a connection.
const STATEMENTS_MAX: usize = 96;

/// The tables of version 1.
const TABLES: &str = "
CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    pipeline TEXT NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL, lane TEXT NOT NULL,
    first_date INTEGER NOT NULL, last_date INTEGER NOT NULL,
    submitted_at INTEGER NOT NULL, finished_at INTEGER,
    -- Its tasks by state, kept in the transaction that changes a task, so that nobody counts them.
    waiting INTEGER NOT NULL DEFAULT 0, ready INTEGER NOT NULL DEFAULT 0,
    claimed INTEGER NOT NULL DEFAULT 0, finished INTEGER NOT NULL DEFAULT 0,
    dead INTEGER NOT NULL DEFAULT 0, held INTEGER NOT NULL DEFAULT 0,
    superseded INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE tasks (
    run INTEGER NOT NULL, dataset TEXT NOT NULL, date INTEGER NOT NULL,
    position INTEGER NOT NULL, state TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0, claims INTEGER NOT NULL DEFAULT 0,
    not_before INTEGER NOT NULL DEFAULT 0, lease_until INTEGER NOT NULL DEFAULT 0,
    dead_letter INTEGER, outcome TEXT, revision BLOB, rows_expected INTEGER, rows_written INTEGER,
    PRIMARY KEY (run, dataset, date)
) STRICT, WITHOUT ROWID;
CREATE INDEX tasks_of_unit ON tasks (dataset, date, run);
-- On the number alone: a state in the condition would cost every claim and commit an index look-up.
CREATE INDEX tasks_of_dead_letter ON tasks (dead_letter) WHERE dead_letter IS NOT NULL;
-- In the order of the last change: whatever happens to a unit replaces its row by one at the end. A unit
-- that was forgotten keeps a row without an outcome, so that who follows the changes hears of it.
CREATE TABLE units (
    position INTEGER PRIMARY KEY,
    dataset TEXT NOT NULL, date INTEGER NOT NULL, outcome TEXT, fingerprint BLOB,
    revision BLOB, digest BLOB, bytes INTEGER, rows_expected INTEGER, rows_written INTEGER,
    code INTEGER, run INTEGER, attempt INTEGER, duration_ms INTEGER, finished_at INTEGER,
    UNIQUE (dataset, date)
) STRICT;
-- AUTOINCREMENT, because rows are deleted when published and a number must never name another row.
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    run INTEGER NOT NULL, dataset TEXT NOT NULL, date INTEGER NOT NULL, outcome TEXT NOT NULL,
    revision BLOB NOT NULL, rows_expected INTEGER NOT NULL, rows_written INTEGER NOT NULL,
    attempt INTEGER NOT NULL
) STRICT;
CREATE TABLE dead_letters (
    id INTEGER PRIMARY KEY,
    run INTEGER NOT NULL, dataset TEXT NOT NULL, date INTEGER NOT NULL,
    class TEXT NOT NULL, code TEXT NOT NULL, message TEXT NOT NULL, attempts INTEGER NOT NULL,
    fingerprint BLOB, inputs TEXT NOT NULL, code_revision INTEGER NOT NULL, died_at INTEGER NOT NULL,
    resolution TEXT, taken_up_by INTEGER, published INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX dead_letters_open ON dead_letters (dataset, date) WHERE resolution IS NULL;
CREATE TABLE dead_letter_reach (
    dead_letter INTEGER NOT NULL, dataset TEXT NOT NULL,
    first_date INTEGER NOT NULL, last_date INTEGER NOT NULL,
    PRIMARY KEY (dead_letter, dataset, first_date)
) STRICT, WITHOUT ROWID;
";

const VIEWS: &str = "
CREATE VIEW unit_list AS SELECT dataset, date(date * 86400, 'unixepoch') AS day, outcome,
    lower(hex(revision)) AS revision, lower(hex(fingerprint)) AS fingerprint, bytes,
    rows_expected, rows_written, code, run, attempt, duration_ms,
    datetime(finished_at / 1000, 'unixepoch') AS finished FROM units
    WHERE outcome IS NOT NULL;
CREATE VIEW task_list AS SELECT run, position, dataset, date(date * 86400, 'unixepoch') AS day, state,
    outcome, attempts, claims, dead_letter FROM tasks;
CREATE VIEW dead_letter_list AS SELECT id, run, dataset, date(date * 86400, 'unixepoch') AS day, class,
    code, message, attempts, resolution, datetime(died_at / 1000, 'unixepoch') AS died FROM dead_letters;
";

/// Opens the file for writing, makes the tables where there are none, and refuses a newer ledger.
pub(super) fn open_file(path: &Path) -> Result<Connection, Fault> {
    let mut connection = Connection::open(path)?;
    settle(&connection)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    sync_commits(&connection, true)?;
    // The writer's own checkpoints finish what the thread for them could not, because the log had grown meanwhile: a
    // log that has been copied to its end begins anew. So it stays below 64 MB.
    connection.pragma_update(None, "wal_autocheckpoint", 8_000)?;
    connection.pragma_update(None, "journal_size_limit", 64 << 20)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let what = path.display().to_string();
    if prepare(&transaction, &what)? {
        transaction.execute_batch(VIEWS)?;
    }
    transaction.commit()?;
    Ok(connection)
}

/// Whether a commit waits until the disk has it, or is durable with the next one that does.
pub(super) fn sync_commits(connection: &Connection, synced: bool) -> Result<(), Fault> {
    let mode = if synced { "FULL" } else { "NORMAL" };
    Ok(connection.pragma_update(None, "synchronous", mode)?)
}

/// Opens the file beside its writer.
pub(super) fn open_beside(path: &Path) -> Result<Connection, Fault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    settle(&connection)?;
    Ok(connection)
}

/// Opens the file beside its writer, for reads alone.
pub(super) fn open_file_for_reading(path: &Path) -> Result<Connection, Fault> {
    let connection = open_beside(path)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}

/// Copies what the log has into the file, beside the writer. What is read at the moment stays in the log.
pub(super) fn checkpoint(connection: &Connection) -> Result<(), Fault> {
    Ok(connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?)
}

/// The version of a file's tables, and the one that this program knows. Changes nothing.
pub fn tables_version(path: &Path) -> Result<(i32, i32), Fault> {
    let connection = open_file_for_reading(path)?;
    let version = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    Ok((version, SCHEMA_VERSION))
}

/// Opens an empty ledger in memory.
pub(super) fn open_in_memory() -> Result<Connection, Fault> {
    let mut connection = Connection::open_in_memory()?;
    keep_statements(&connection)?;
    let transaction = connection.transaction()?;
    prepare(&transaction, "the ledger in memory")?;
    transaction.commit()?;
    Ok(connection)
}

/// Forgets everything that the ledger holds.
pub(super) fn clear(transaction: &Transaction<'_>) -> Result<(), Fault> {
    const TABLES: [&str; 7] = [
        "DELETE FROM runs",
        "DELETE FROM tasks",
        "DELETE FROM units",
        "DELETE FROM outbox",
        "DELETE FROM sqlite_sequence",
        "DELETE FROM dead_letters",
        "DELETE FROM dead_letter_reach",
    ];
    for statement in TABLES {
        transaction.prepare_cached(statement)?.execute([])?;
    }
    Ok(())
}

fn settle(connection: &Connection) -> Result<(), Fault> {
    connection.busy_timeout(std::time::Duration::from_millis(BUSY_MILLIS_MAX))?;
    keep_statements(connection)?;
    // Negative means KiB: 16 MB hold the tasks and units of a whole history.
    connection.pragma_update(None, "cache_size", -16_384)?;
    Ok(())
}

/// Has each statement compiled once. Left to itself, SQLite looks at the values bound to a statement when it
/// plans it, and so compiles it again each time that others are bound: most of the time of a claim.
fn keep_statements(connection: &Connection) -> Result<(), Fault> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

/// Makes the tables where there are none, and says whether it did.
fn prepare(transaction: &Transaction<'_>, what: &str) -> Result<bool, Fault> {
    let version: i32 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    match version {
        SCHEMA_VERSION => Ok(false),
        1 => {
            transaction.execute_batch(TRACES)?;
            transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
            Ok(false)
        }
        0 => {
            let tables: i64 =
                transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
            if tables > 0 {
                return Err(Fault::Content(format!("{what} is an SQLite file, but not a ledger of ours")));
            }
            transaction.execute_batch(TABLES)?;
            transaction.execute_batch(TRACES)?;
            transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
            Ok(true)
        }
        other => Err(Fault::Content(format!(
            "{what} was written by a newer version (its tables are of version {other}, this program \
             knows {SCHEMA_VERSION}); use the newer program"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::StatementStatus;

    use super::*;

    #[test]
    fn a_statement_is_compiled_once_whatever_is_bound_to_it() {
        let connection = open_in_memory().expect("a ledger in memory");
        let sql = "SELECT t.state FROM tasks t JOIN runs r ON r.id = t.run
             WHERE t.run = ?1 AND t.dataset = ?2 AND t.date = ?3";
        let mut statement = connection.prepare(sql).expect("a statement");
        for run in 0..3 {
            assert!(!statement.exists((run, "t.a", 7)).expect("an answer"));
        }
        assert_eq!(statement.get_status(StatementStatus::RePrepare), 0);
    }
}
