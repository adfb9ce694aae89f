//! What a test asks of a Postgres server beside the program, on a connection of its own.

use tokio_postgres::{Config, NoTls, SimpleQueryMessage};

/// The rows of some SQL in a database, as text.
pub(crate) async fn rows(server: &Config, database: &str, sql: &str) -> Vec<Vec<Option<String>>> {
    let mut config = server.clone();
    let (client, connection) = config.dbname(database).connect(NoTls).await.expect("a connection");
    // The connection ends with its client.
    let asked = async move { client.simple_query(sql).await.expect(sql) };
    let (ended, messages) = futures::future::join(connection, asked).await;
    ended.expect("its end");
    let mut rows = Vec::new();
    for message in messages {
        if let SimpleQueryMessage::Row(row) = message {
            rows.push((0..row.len()).map(|at| row.get(at).map(str::to_owned)).collect());
        }
    }
    rows
}
