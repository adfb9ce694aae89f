//! The server for whoever looks after it: whether it lets us in, and what is in it. Changes nothing: tables that are
//! missing or old stay so.

use super::config::PostgresConfig;
use super::fault::Fault;
use super::schema::{TABLES, known, version};
use super::sessions::{Session, Sessions};
use crate::doctor::{Door, SeenLedger};

/// What is asked first.
const SERVER: &str = "SELECT current_setting('server_version') AS server,
    (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now,
    current_setting('max_connections')::bigint
        - current_setting('superuser_reserved_connections')::bigint AS connections_max,
    (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS connections,
    COALESCE(has_schema_privilege(current_schema(), 'CREATE'), false) AS may_create,
    (SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl) AS encryption";

const MISSING: &str =
    "SELECT name FROM unnest($1::text[]) AS wanted (name) WHERE to_regclass(name) IS NULL ORDER BY name";

const RIGHTS_MISSING: &str = "SELECT name || ': ' || privilege AS lacking
    FROM unnest($1::text[]) AS wanted (name), unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS p (privilege)
    WHERE to_regclass(name) IS NOT NULL AND NOT has_table_privilege(to_regclass(name), privilege)
    ORDER BY name, privilege";

/// How the server answers, and what it has.
pub async fn inspect(config: &PostgresConfig) -> Door {
    let once = PostgresConfig { connections_max: 1, ..config.clone() };
    let sessions = match Sessions::new(&once) {
        Ok(sessions) => sessions,
        // Nothing was asked yet: what failed are the roots to check its certificate by.
        Err(fault) => return Door::Encryption(fault.to_string()),
    };
    match sessions.look(|session| async move { look(&session).await }).await {
        Ok(seen) => Door::Open(seen),
        Err(fault) => fault.at_the_door(),
    }
}

async fn look(session: &Session) -> Result<SeenLedger, Fault> {
    let row = session.find(SERVER, &[]).await?;
    let row = row.ok_or_else(|| Fault::Content("the server told nothing of itself".to_owned()))?;
    let tables = version(session).await?;
    let (missing, rights_missing) = match tables {
        None => (Vec::new(), Vec::new()),
        Some(_) => (names(session, MISSING, "name").await?, names(session, RIGHTS_MISSING, "lacking").await?),
    };
    Ok(SeenLedger {
        server: row.try_get("server")?,
        encryption: row.try_get("encryption")?,
        tables,
        known: known(),
        missing,
        rights_missing,
        may_create: row.try_get("may_create")?,
        now: row.try_get("now")?,
        connections_max: row.try_get("connections_max")?,
        connections: row.try_get("connections")?,
    })
}

async fn names(session: &Session, sql: &str, column: &str) -> Result<Vec<String>, Fault> {
    let rows = session.query(sql, &[&TABLES.as_slice()]).await?;
    Ok(rows.iter().map(|row| row.try_get(column)).collect::<Result<_, _>>()?)
}
