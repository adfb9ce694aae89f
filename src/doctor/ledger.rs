//! The ledger's server: whether it lets us in, and whether its tables, rights, clock and connections are such that
//! roles can work on it.

use super::finding::{Check, Finding, Verdict};
use crate::flow::Millis;

/// Clocks may differ by so much without anybody noticing, in milliseconds.
const SKEW_WARN_MS: Millis = 2_000;

/// Half of the lease of a task: claims of a process whose clock is that wrong end at once, or never, in milliseconds.
const SKEW_FAIL_MS: Millis = 15_000;

/// Processes of a small fleet: one of each role, a worker of each lane, a client.
const PROCESSES_LEAST: i64 = 6;

/// The ledger as the settings have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedLedger {
    /// `host:port`.
    pub address: String,
    /// The database.
    pub database: String,
    /// The user.
    pub user: String,
    /// Where the password is, for people; nothing where none is given.
    pub secret: Option<String>,
    /// Connections of one process.
    pub connections_max: i64,
    /// The home's directory, for commands.
    pub home: String,
}

/// How the server answers at the door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Door {
    /// It lets us in.
    Open(SeenLedger),
    /// It knows neither user nor password.
    Login(String),
    /// It has no such database.
    Database(String),
    /// It is not encrypted as it must be, or nobody vouches for it.
    Encryption(String),
    /// It only reads: a standby.
    ReadOnly(String),
    /// It let us in and refuses what every program must do.
    Denied(String),
    /// It does not answer.
    Silent(String),
    /// It was not asked: the password is not where the settings say.
    NoSecret,
}

/// The server as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenLedger {
    /// Its version, for people.
    pub server: String,
    /// How the connection is encrypted; `None` is not at all.
    pub encryption: Option<String>,
    /// The version of its tables; `None` where there are none.
    pub tables: Option<i32>,
    /// The version that this program knows.
    pub known: i32,
    /// Tables of that version that are not there.
    pub missing: Vec<String>,
    /// What we may not do: `tasks: UPDATE`.
    pub rights_missing: Vec<String>,
    /// Whether tables may be made.
    pub may_create: bool,
    /// What its clock said.
    pub now: Millis,
    /// Connections that it takes of us.
    pub connections_max: i64,
    /// Connections that are in use, of whomever.
    pub connections: i64,
}

/// Whether it lets us in; what it is like, where it does.
#[must_use]
pub fn door(wanted: &WantedLedger, door: Door) -> (Finding, Option<SeenLedger>) {
    let WantedLedger { address, database, user, .. } = wanted;
    let subject = format!("{user}@{address}/{database}");
    let secret = match &wanted.secret {
        Some(place) => format!(
            "put the password of {user} into {place} (of Secret Manager: gcloud secrets versions access latest --secret=NAME-ledger-password)"
        ),
        None => format!(
            "name the place of {user}'s password: ledger.password = {{ file = \"...\" }} of tidegate.toml"
        ),
    };
    let (verdict, found, expected, mend) = match door {
        Door::Open(seen) => {
            let encryption = seen.encryption.as_deref().unwrap_or("in the clear");
            let found = format!("Postgres {}, {encryption}", seen.server);
            if seen.encryption.is_some() || is_near(address) {
                return (Finding::ok(Check::Ledger, subject, found), Some(seen));
            }
            let mend = "ledger.tls = \"require\" in tidegate.toml".to_owned();
            let texts = [found, "an encrypted connection, for this is another machine".to_owned(), mend];
            return (Finding::wrong(Verdict::Warn, Check::Ledger, subject, texts), Some(seen));
        }
        Door::Login(reason) => {
            let renewed = "or make a new one: ledger_password_version of the terraform";
            let mend = if wanted.secret.is_some() { format!("{secret}, {renewed}") } else { secret };
            (Verdict::Fail, reason, "a user and a password that it knows", mend)
        }
        Door::Database(reason) => (
            Verdict::Fail,
            reason,
            "a database of the ledger's own",
            format!(
                "createdb --host HOST {database}, or terraform apply; or mend ledger.database of tidegate.toml"
            ),
        ),
        Door::Encryption(reason) => {
            let mend = "give the server a certificate for its host name, or name who signed it in SSL_CERT_FILE; ledger.tls = \"disable\" only on loopback or behind a proxy that encrypts";
            (
                Verdict::Fail,
                reason,
                "an encrypted connection to a server whose certificate is vouched for",
                mend.to_owned(),
            )
        }
        Door::ReadOnly(reason) => (
            Verdict::Fail,
            reason,
            "the primary",
            "mend ledger.host of tidegate.toml: it names a standby".to_owned(),
        ),
        Door::Denied(reason) => (
            Verdict::Fail,
            reason,
            "a user who owns the ledger's tables",
            format!("psql {database} -c 'ALTER DATABASE {database} OWNER TO {user}'"),
        ),
        Door::NoSecret => {
            let place = wanted.secret.as_deref().unwrap_or("no place that is named");
            let found = format!("not asked: its password is not to be had from {place}");
            (Verdict::Unknown, found, "a password to ask with", secret)
        }
        Door::Silent(reason) => (
            Verdict::Unknown,
            format!("no answer: {reason}"),
            "a server that answers",
            format!(
                "look whether {address} is right (ledger.host, ledger.port) and can be reached from here; gcloud sql instances list shows whether it runs"
            ),
        ),
    };
    (Finding::wrong(verdict, Check::Ledger, subject, [found, expected.to_owned(), mend]), None)
}

/// Whether it is on this machine: loopback, or a socket in a directory.
fn is_near(address: &str) -> bool {
    ["127.", "localhost:", "::1", "[::1]", "/"].iter().any(|near| address.starts_with(near))
}

/// What is to be said of a server that lets us in, which was asked between two moments of this machine's clock.
#[must_use]
pub fn standing(wanted: &WantedLedger, seen: &SeenLedger, asked: (Millis, Millis)) -> Vec<Finding> {
    let mut findings = vec![schema(wanted, seen)];
    if seen.tables.is_some() {
        findings.push(may_write(wanted, seen));
    }
    findings.push(clock(seen, asked));
    findings.push(connections(wanted, seen));
    findings
}

fn schema(wanted: &WantedLedger, seen: &SeenLedger) -> Finding {
    let finding = |verdict, found: String, mend: String| {
        let expected = format!("tables of version {}", seen.known);
        Finding::wrong(verdict, Check::LedgerSchema, "", [found, expected, mend])
    };
    let migrate = format!(
        "gcloud sql backups create --instance NAME-ledger; then tidegate status --home {}   # the first that opens it migrates it",
        wanted.home
    );
    match seen.tables {
        None if seen.may_create => finding(
            Verdict::Warn,
            "there are no tables yet".to_owned(),
            format!("tidegate status --home {}   # makes them", wanted.home),
        ),
        None => {
            let mend = format!("psql {0} -c 'ALTER DATABASE {0} OWNER TO {1}'", wanted.database, wanted.user);
            finding(Verdict::Fail, format!("there are no tables, and {} may not make any", wanted.user), mend)
        }
        Some(version) if version < seen.known => {
            finding(Verdict::Fail, format!("its tables are of version {version}"), migrate)
        }
        Some(version) if version > seen.known => {
            let mend = "use the newer program: the image of the roles that are running".to_owned();
            finding(Verdict::Fail, format!("its tables are of version {version}, a newer program's"), mend)
        }
        Some(_) if !seen.missing.is_empty() => {
            let mend = "restore a backup: docs/CLOUD.md, \"The ledger is lost\"".to_owned();
            finding(Verdict::Fail, format!("tables are missing: {}", seen.missing.join(", ")), mend)
        }
        Some(version) => {
            Finding::ok(Check::LedgerSchema, "", format!("tables of version {version}, as this program's"))
        }
    }
}

fn may_write(wanted: &WantedLedger, seen: &SeenLedger) -> Finding {
    let WantedLedger { user, database, .. } = wanted;
    if !seen.rights_missing.is_empty() {
        let mend = format!(
            "psql {database} -c 'GRANT ALL ON ALL TABLES IN SCHEMA public TO {user}; GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {user}'"
        );
        let found = format!("{user} lacks {}", seen.rights_missing.join(", "));
        let texts = [found, "reads and writes every table".to_owned(), mend];
        return Finding::wrong(Verdict::Fail, Check::LedgerRights, user, texts);
    }
    if !seen.may_create {
        let mend = format!("psql {database} -c 'GRANT CREATE ON SCHEMA public TO {user}'");
        let found = format!("{user} may make no tables: the next version cannot migrate them");
        let texts = [found, "may make tables".to_owned(), mend];
        return Finding::wrong(Verdict::Warn, Check::LedgerRights, user, texts);
    }
    Finding::ok(Check::LedgerRights, user, "reads and writes every table, may make new ones")
}

/// The difference that is left when the time that the question took is taken off.
fn clock(seen: &SeenLedger, (before, after): (Millis, Millis)) -> Finding {
    let skew = if seen.now < before { seen.now - before } else { (seen.now - after).max(0) };
    let verdict = match skew.abs() {
        0..SKEW_WARN_MS => return Finding::ok(Check::LedgerClock, "", "as this machine's"),
        SKEW_WARN_MS..SKEW_FAIL_MS => Verdict::Warn,
        _ => Verdict::Fail,
    };
    let found =
        format!("{} s {} this machine's", skew.abs() / 1_000, if skew > 0 { "ahead of" } else { "behind" });
    let expected =
        format!("less than {} s apart: claims end by each process's own clock", SKEW_WARN_MS / 1_000);
    let mend = "set this machine's clock by a time server: chronyc makestep".to_owned();
    Finding::wrong(verdict, Check::LedgerClock, "", [found, expected, mend])
}

fn connections(wanted: &WantedLedger, seen: &SeenLedger) -> Finding {
    let room = seen.connections_max / wanted.connections_max.max(1);
    let found = format!(
        "{} of {} are in use; {} a process leaves room for {room} processes",
        seen.connections, seen.connections_max, wanted.connections_max
    );
    let mend =
        "raise ledger_connections_max of the terraform, or lower ledger.connections_max of tidegate.toml";
    let expected = format!("room for {PROCESSES_LEAST} processes, and a fifth of all free");
    let verdict = if room < PROCESSES_LEAST {
        Verdict::Fail
    } else if seen.connections * 5 > seen.connections_max * 4 {
        Verdict::Warn
    } else {
        return Finding::ok(Check::LedgerConnections, "", found);
    };
    Finding::wrong(verdict, Check::LedgerConnections, "", [found, expected, mend.to_owned()])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted() -> WantedLedger {
        WantedLedger {
            address: "10.0.0.3:5432".to_owned(),
            database: "tidegate".to_owned(),
            user: "tidegate".to_owned(),
            secret: Some("/run/password".to_owned()),
            connections_max: 8,
            home: "cloud".to_owned(),
        }
    }

    fn seen() -> SeenLedger {
        SeenLedger {
            server: "15.4".to_owned(),
            encryption: Some("TLSv1.3".to_owned()),
            tables: Some(2),
            known: 2,
            missing: Vec::new(),
            rights_missing: Vec::new(),
            may_create: true,
            now: 1_000_500,
            connections_max: 100,
            connections: 10,
        }
    }

    #[test]
    fn each_fault_of_the_server_is_one_finding() {
        type Spoil = fn(&mut SeenLedger);
        let cases: [(Spoil, Check, Verdict, &str); 11] = [
            (|s| s.tables = Some(1), Check::LedgerSchema, Verdict::Fail, "of version 1"),
            (|s| s.tables = Some(3), Check::LedgerSchema, Verdict::Fail, "a newer program's"),
            (|s| s.missing = vec!["outbox".to_owned()], Check::LedgerSchema, Verdict::Fail, "outbox"),
            (|s| s.tables = None, Check::LedgerSchema, Verdict::Warn, "no tables yet"),
            (
                |s| s.rights_missing = vec!["tasks: UPDATE".to_owned()],
                Check::LedgerRights,
                Verdict::Fail,
                "tasks: UPDATE",
            ),
            (|s| s.may_create = false, Check::LedgerRights, Verdict::Warn, "make no tables"),
            (|s| s.now = 1_004_000, Check::LedgerClock, Verdict::Warn, "3 s ahead"),
            (|s| s.now = 970_000, Check::LedgerClock, Verdict::Fail, "30 s behind"),
            (|s| s.connections = 90, Check::LedgerConnections, Verdict::Warn, "90 of 100"),
            (|s| s.connections_max = 40, Check::LedgerConnections, Verdict::Fail, "room for 5"),
            (|s| s.now = 1_002_500, Check::LedgerClock, Verdict::Ok, "as this machine's"),
        ];
        for (spoil, check, verdict, found) in cases {
            let mut spoilt = seen();
            spoil(&mut spoilt);
            let findings = standing(&wanted(), &spoilt, (1_000_000, 1_001_000));
            let (of_check, others): (Vec<_>, Vec<_>) = findings.iter().partition(|f| f.check == check);
            assert_eq!(of_check.len(), 1, "{findings:?}");
            assert_eq!(of_check[0].verdict, verdict, "{findings:?}");
            assert!(of_check[0].found.contains(found), "{of_check:?}");
            assert_eq!(of_check[0].mend.is_empty(), verdict == Verdict::Ok, "{of_check:?}");
            assert!(others.iter().all(|other| other.verdict == Verdict::Ok), "{others:?}");
        }
    }

    #[test]
    fn what_goes_to_another_machine_in_the_clear_is_told() {
        let cases = [
            ("10.0.0.3:5432", Some("TLSv1.3"), Verdict::Ok),
            ("10.0.0.3:5432", None, Verdict::Warn),
            ("127.0.0.1:5432", None, Verdict::Ok),
            ("/cloudsql/ledger:5432", None, Verdict::Ok),
        ];
        for (address, encryption, verdict) in cases {
            let wanted = WantedLedger { address: address.to_owned(), ..wanted() };
            let seen = SeenLedger { encryption: encryption.map(str::to_owned), ..seen() };
            let (finding, open) = door(&wanted, Door::Open(seen));
            assert_eq!((finding.verdict, open.is_some()), (verdict, true), "{finding:?}");
        }
    }

    #[test]
    fn a_door_that_is_shut_says_how_it_opens() {
        let shut = [
            (Door::Login("28P01".to_owned()), Verdict::Fail, "/run/password"),
            (Door::Database("3D000".to_owned()), Verdict::Fail, "createdb"),
            (Door::Encryption("no TLS".to_owned()), Verdict::Fail, "SSL_CERT_FILE"),
            (Door::ReadOnly("standby".to_owned()), Verdict::Fail, "ledger.host"),
            (Door::Denied("42501".to_owned()), Verdict::Fail, "OWNER TO"),
            (Door::Silent("refused".to_owned()), Verdict::Unknown, "ledger.port"),
            (Door::NoSecret, Verdict::Unknown, "put the password of tidegate into /run/password"),
        ];
        for (shut, verdict, mend) in shut {
            let (finding, open) = door(&wanted(), shut);
            assert_eq!((finding.verdict, open), (verdict, None), "{finding:?}");
            assert!(finding.mend.contains(mend), "{finding:?}");
        }
    }
}
