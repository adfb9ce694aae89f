//! Where the Postgres of a ledger is, and how it is spoken to.

use std::fmt;

/// A Postgres database that holds one ledger and nothing else. The server should have no other long
/// transactions that write (in whatever database): while one is open, readers are told again what has changed
/// since it began. A primary, not a replica: connections to a server that only reads are refused. The server itself or
/// a proxy like Cloud SQL's, not a pooler that hands one connection to several: statements are prepared once a connection.
#[derive(Clone)]
pub struct PostgresConfig {
    /// The host's name or address; a path that begins with `/` is a directory with a Unix socket.
    pub host: String,
    /// The port; Postgres' own is 5432.
    pub port: u16,
    /// The database. The user must be allowed to create tables in its first schema.
    pub database: String,
    /// The user.
    pub user: String,
    /// The user's password, where the server asks for one.
    pub password: Option<String>,
    /// Connections of this process at most, at least 1. Whoever finds all of them in use waits.
    pub connections_max: usize,
    /// Whether the connections are encrypted.
    pub tls: Tls,
}

/// Whether connections are encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// In the clear: on loopback, through the Cloud SQL Auth Proxy, in a test.
    Disable,
    /// Encrypted, and the server's certificate is checked: its issuer against the system's roots
    /// (`SSL_CERT_FILE` names others), its names against `host`. A server without TLS is refused.
    Require,
}

impl fmt::Debug for PostgresConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port, database, user, password: _, connections_max, tls } = self;
        write!(f, "postgres://{user}@{host}:{port}/{database} ({connections_max} connections, tls {tls:?})")
    }
}
