//! What a check has found, and all that they found together.

use serde::{Serialize, Serializer};

/// What was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Check {
    /// The home's settings, and where they say that secrets are.
    Settings,
    /// The lock of a home on one machine.
    Lock,
    /// Free space on a disk.
    Disk,
    /// Whether the ledger lets us in.
    Ledger,
    /// Its tables' version.
    LedgerSchema,
    /// What we may do in it.
    LedgerRights,
    /// Its clock beside this machine's.
    LedgerClock,
    /// Connections that it takes.
    LedgerConnections,
    /// Topics that are declared.
    Topics,
    /// Subscriptions that are declared, with their settings.
    Subscriptions,
    /// Whether somebody reads what is set aside.
    DeadLetterReaders,
    /// Topics and subscriptions that nobody declares.
    Strays,
    /// What Pub/Sub's own agent may do.
    ServiceAgent,
    /// What a role may do.
    Rights,
    /// The lake's bucket.
    Lake,
    /// The bucket of documents for readers outside.
    Published,
    /// A write of our own.
    Probe,
    /// Where payloads land.
    Landing,
    /// The slowest tasks beside their leases.
    Lease,
    /// Units that were made by other code than the declared.
    Code,
    /// Files of the newest units.
    Units,
    /// BigQuery's dataset.
    Dataset,
    /// BigQuery's tables.
    Tables,
    /// How far BigQuery is behind.
    SinkLag,
}

impl Check {
    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Settings => "settings",
            Self::Lock => "lock",
            Self::Disk => "disk",
            Self::Ledger => "ledger",
            Self::LedgerSchema => "ledger schema",
            Self::LedgerRights => "ledger rights",
            Self::LedgerClock => "ledger clock",
            Self::LedgerConnections => "ledger connections",
            Self::Topics => "topics",
            Self::Subscriptions => "subscriptions",
            Self::DeadLetterReaders => "dead-letter readers",
            Self::Strays => "strays",
            Self::ServiceAgent => "service agent",
            Self::Rights => "rights",
            Self::Lake => "lake",
            Self::Published => "published",
            Self::Probe => "probe",
            Self::Landing => "landing",
            Self::Lease => "lease",
            Self::Code => "code",
            Self::Units => "newest units",
            Self::Dataset => "bigquery dataset",
            Self::Tables => "bigquery tables",
            Self::SinkLag => "sink lag",
        }
    }
}

/// What is to be thought of it. In order of weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// Cannot be known here, and need not be: the server is one that has no such thing.
    Unserved,
    /// It works, and will not always.
    Warn,
    /// It could not be asked.
    Unknown,
    /// It does not work, or something will be lost.
    Fail,
}

impl Verdict {
    /// For people and machines.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Unserved | Self::Unknown => "unknown",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// What one check has found of one thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The check.
    #[serde(serialize_with = "name")]
    pub check: Check,
    /// Of what: a subscription's name, a table's.
    pub subject: String,
    /// What is to be thought of it.
    #[serde(serialize_with = "word")]
    pub verdict: Verdict,
    /// What is there.
    pub found: String,
    /// What should be; nothing where it is.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub expected: String,
    /// What to do, as a command where there is one; nothing where there is nothing to do.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub mend: String,
}

fn name<S: Serializer>(check: &Check, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(check.as_str())
}

fn word<S: Serializer>(verdict: &Verdict, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(verdict.as_str())
}

impl Finding {
    /// All is well.
    #[must_use]
    pub fn ok(check: Check, subject: impl Into<String>, found: impl Into<String>) -> Self {
        let (expected, mend) = (String::new(), String::new());
        Self { check, subject: subject.into(), verdict: Verdict::Ok, found: found.into(), expected, mend }
    }

    /// Something is not well.
    #[must_use]
    pub fn wrong(
        verdict: Verdict,
        check: Check,
        subject: impl Into<String>,
        [found, expected, mend]: [String; 3],
    ) -> Self {
        Self { check, subject: subject.into(), verdict, found, expected, mend }
    }
}

/// All findings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    findings: Vec<Finding>,
}

impl Report {
    /// Of these findings, in the order of the checks and of what they looked at.
    #[must_use]
    pub fn of(mut findings: Vec<Finding>) -> Self {
        findings.sort_by(|a, b| (a.check, &a.subject).cmp(&(b.check, &b.subject)));
        Self { findings }
    }

    /// In order.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The weightiest.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.findings.iter().map(|finding| finding.verdict).max().unwrap_or(Verdict::Ok)
    }

    /// How many there are of a verdict.
    #[must_use]
    pub fn count(&self, verdict: Verdict) -> usize {
        self.findings.iter().filter(|finding| finding.verdict == verdict).count()
    }
}
