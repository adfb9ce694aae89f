//! The settings of a cloud home: `tidegate.toml` in its directory, the environment over it, lowered into what the
//! adapters take. Every key there is stands in one list; whatever else is given is refused, with the nearest
//! key. Secrets are references (a file, a variable); their values are read late and never shown.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Context;
use toml::Value;

use super::ending::wrong_usage;
use super::settings::named_variable;
use crate::adapters::bigquery::BigQueryConfig;
use crate::adapters::pubsub::PubsubConfig;
use crate::fleet::Sampling;
use crate::fleet::sink::SinkLimits;

/// The file that makes a home a cloud home.
pub(super) const FILE: &str = "tidegate.toml";

/// What the variables that stand over the file begin with: `TIDEGATE__LEDGER__HOST` is `ledger.host`.
pub(super) const PREFIX: &str = "TIDEGATE__";

/// What a key's value may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Count { least: i64, most: i64 },
    Choice(&'static [&'static str]),
}

const PERCENT: Kind = Kind::Count { least: 0, most: 100 };
const PORT: Kind = Kind::Count { least: 1, most: 65_535 };

/// Every key.
const KEYS: &[(&str, Kind)] = &[
    ("pipeline", Kind::Text),
    ("pubsub.project", Kind::Text),
    ("pubsub.endpoint", Kind::Text),
    ("ledger.host", Kind::Text),
    ("ledger.port", PORT),
    ("ledger.database", Kind::Text),
    ("ledger.user", Kind::Text),
    ("ledger.password.file", Kind::Text),
    ("ledger.password.env", Kind::Text),
    ("ledger.connections_max", Kind::Count { least: 1, most: 1_000 }),
    ("ledger.tls", Kind::Choice(&["require", "disable"])),
    ("lake.bucket", Kind::Text),
    ("lake.prefix", Kind::Text),
    ("lake.endpoint", Kind::Text),
    ("published.bucket", Kind::Text),
    ("published.prefix", Kind::Text),
    ("published.endpoint", Kind::Text),
    ("landing.directory", Kind::Text),
    ("bigquery.project", Kind::Text),
    ("bigquery.dataset", Kind::Text),
    ("bigquery.location", Kind::Text),
    ("bigquery.endpoint", Kind::Text),
    ("bigquery.load_jobs_per_day", Kind::Count { least: 1, most: 10_000_000 }),
    ("bigquery.partition_modifications_per_day", Kind::Count { least: 1, most: 10_000_000 }),
    ("bigquery.unpartitioned_jobs_per_day", Kind::Count { least: 1, most: 10_000_000 }),
    ("bigquery.updates_per_10_seconds", Kind::Count { least: 1, most: 10_000 }),
    ("bigquery.partitions_per_job", Kind::Count { least: 1, most: 10_000 }),
    ("bigquery.files_per_job", Kind::Count { least: 1, most: 10_000 }),
    ("bigquery.jobs_under_way", Kind::Count { least: 1, most: 1_000 }),
    ("bigquery.backfill_linger_seconds", Kind::Count { least: 0, most: 86_400 }),
    ("telemetry.listen", Kind::Text),
    ("telemetry.traces", Kind::Text),
    ("telemetry.traces_daily_percent", PERCENT),
    ("telemetry.traces_backfill_percent", PERCENT),
];

/// The settings of a cloud home.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CloudSettings {
    /// The pipeline's name.
    pub(super) pipeline: String,
    /// The Pub/Sub server.
    pub(super) pubsub: PubsubConfig,
    /// The ledger in Postgres.
    pub(super) ledger: LedgerSettings,
    /// Where the units are.
    pub(super) lake: BucketSettings,
    /// Where documents for readers outside are.
    pub(super) published: BucketSettings,
    /// The landing zone, mounted.
    pub(super) landing: PathBuf,
    /// What the sink loads.
    pub(super) bigquery: Option<BigQuerySettings>,
    /// Where health and metrics are told.
    pub(super) telemetry: SocketAddr,
    /// Where traces go, if anywhere.
    pub(super) traces: Option<TracesSettings>,
}

/// What `[telemetry]` says of traces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TracesSettings {
    /// The collector.
    pub(super) endpoint: String,
    /// How many dates have one.
    pub(super) sampling: Sampling,
}

/// Variables whose names others have made up, and that mean the same everywhere.
#[derive(Debug, Clone, Default)]
pub(super) struct Usual {
    /// `PUBSUB_EMULATOR_HOST`.
    pub(super) emulator: Option<String>,
    /// `OTEL_EXPORTER_OTLP_ENDPOINT`.
    pub(super) collector: Option<String>,
}

/// `[ledger]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LedgerSettings {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) database: String,
    pub(super) user: String,
    pub(super) password: Option<Secret>,
    pub(super) connections_max: usize,
    /// Whether the connection must be encrypted.
    pub(super) tls: bool,
}

/// `[lake]` and `[published]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BucketSettings {
    pub(super) bucket: String,
    pub(super) prefix: Option<String>,
    pub(super) endpoint: Option<String>,
}

/// `[bigquery]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BigQuerySettings {
    pub(super) project: String,
    pub(super) dataset: String,
    pub(super) location: String,
    pub(super) endpoint: Option<String>,
    pub(super) limits: SinkLimits,
}

/// Where a secret is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Secret {
    /// In a file, as Kubernetes mounts it.
    File(PathBuf),
    /// In a variable of this name.
    Variable(String),
}

impl Secret {
    /// The secret itself, without the line's end. Errors name the place and show nothing of it.
    pub(super) fn read(&self) -> anyhow::Result<String> {
        match self {
            Self::File(path) => {
                let text = fs::read_to_string(path)
                    .with_context(|| format!("cannot read the secret in {}", path.display()))?;
                Ok(text.trim_end_matches(['\r', '\n']).to_owned())
            }
            Self::Variable(name) => named_variable(name),
        }
    }
}

impl CloudSettings {
    /// What the sink needs.
    pub(super) fn bigquery(&self) -> anyhow::Result<&BigQuerySettings> {
        self.bigquery.as_ref().ok_or_else(|| {
            wrong_usage(format!(
                "{FILE} has no section [bigquery]; it says at least which project has the tables"
            ))
        })
    }

    /// BigQuery as the adapter takes it.
    pub(super) fn bigquery_config(&self) -> anyhow::Result<BigQueryConfig> {
        let BigQuerySettings { project, dataset, location, endpoint, limits: _ } = self.bigquery()?.clone();
        let BucketSettings { bucket, prefix, .. } = &self.lake;
        let lake = match prefix
            .as_deref()
            .map(|prefix| prefix.trim_matches('/'))
            .filter(|prefix| !prefix.is_empty())
        {
            Some(prefix) => format!("gs://{bucket}/{prefix}"),
            None => format!("gs://{bucket}"),
        };
        Ok(BigQueryConfig { project, dataset, location, endpoint, lake })
    }

    /// The settings of the home in `directory`, under the variables of `environment` (name and value of
    /// each).
    pub(super) fn read(
        directory: &Path,
        environment: &[(String, String)],
        usual: Usual,
    ) -> anyhow::Result<Self> {
        let path = directory.join(FILE);
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        Self::of(&text, &path.display().to_string(), environment, usual)
    }

    /// For people.
    pub(super) fn describe(&self) -> String {
        let Self { pipeline, pubsub, ledger, lake, .. } = self;
        format!(
            "{pipeline} of the project {}, ledger at {}:{}, lake at gs://{}",
            pubsub.project, ledger.host, ledger.port, lake.bucket
        )
    }

    fn of(text: &str, file: &str, environment: &[(String, String)], usual: Usual) -> anyhow::Result<Self> {
        let mut given = Given { file, values: BTreeMap::new() };
        given.read_file(text)?;
        given.read_environment(environment)?;
        given.lower(usual)
    }
}

/// The values that were given, by key, each with where it was.
struct Given<'a> {
    file: &'a str,
    values: BTreeMap<&'static str, (Value, Place)>,
}

/// Where a value was given.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    File,
    Variable(String),
}

impl Given<'_> {
    fn read_file(&mut self, text: &str) -> anyhow::Result<()> {
        // Not the error's own text: it shows the line, and a secret may stand on it by mistake.
        let table: toml::Table = toml::from_str(text).map_err(|error| {
            let line =
                error.span().map_or(0, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
            wrong_usage(format!("{} line {line}: {}", self.file, error.message()))
        })?;
        self.walk("", &table)
    }

    fn walk(&mut self, above: &str, table: &toml::Table) -> anyhow::Result<()> {
        for (name, value) in table {
            let key = if above.is_empty() { name.clone() } else { format!("{above}.{name}") };
            let is_section = KEYS.iter().any(|(known, _)| known.starts_with(&format!("{key}.")));
            match value {
                Value::Table(below) if is_section => self.walk(&key, below)?,
                _ if key == "ledger.password" => {
                    return Err(wrong_usage(format!(
                        "{}: ledger.password says where the password is, {{ file = \"...\" }} or \
                         {{ env = \"NAME\" }}, and never what it is",
                        self.file
                    )));
                }
                _ if is_section => {
                    return Err(wrong_usage(format!("{}: {key} is a section: write [{key}]", self.file)));
                }
                value => {
                    let (known, kind) = known(&key).ok_or_else(|| {
                        wrong_usage(format!(
                            "{}: there is no key `{key}`{}",
                            self.file,
                            nearest(&key, str::to_owned)
                        ))
                    })?;
                    self.put(known, kind, value.clone(), Place::File)?;
                }
            }
        }
        Ok(())
    }

    fn read_environment(&mut self, environment: &[(String, String)]) -> anyhow::Result<()> {
        for (variable, text) in environment {
            let Some(name) = variable.strip_prefix(PREFIX) else { continue };
            let key = name.to_lowercase().replace("__", ".");
            let (known, kind) =
                known(&key).filter(|(known, _)| variable_of(known) == *variable).ok_or_else(|| {
                    let nearest = nearest(&key, variable_of);
                    wrong_usage(format!("the environment has {variable}, which is no setting{nearest}"))
                })?;
            let value = match kind {
                Kind::Text | Kind::Choice(_) => Value::String(text.clone()),
                Kind::Count { .. } => match text.parse() {
                    Ok(number) => Value::Integer(number),
                    Err(_) => Value::String(text.clone()),
                },
            };
            // One reference stands over the other.
            for (one, other) in [("file", "env"), ("env", "file")] {
                if known == format!("ledger.password.{one}") {
                    self.values.remove(format!("ledger.password.{other}").as_str());
                }
            }
            self.put(known, kind, value, Place::Variable(variable.clone()))?;
        }
        Ok(())
    }

    fn put(&mut self, key: &'static str, kind: Kind, value: Value, place: Place) -> anyhow::Result<()> {
        let fits = match (kind, &value) {
            (Kind::Text, Value::String(text)) => !text.is_empty(),
            (Kind::Count { least, most }, Value::Integer(number)) => (least..=most).contains(number),
            (Kind::Choice(choices), Value::String(text)) => choices.contains(&text.as_str()),
            (Kind::Text | Kind::Count { .. } | Kind::Choice(_), _) => false,
        };
        if fits {
            self.values.insert(key, (value, place));
            return Ok(());
        }
        let wanted = match kind {
            Kind::Text => "a text".to_owned(),
            Kind::Count { least, most } => format!("a whole number from {least} to {most}"),
            Kind::Choice(choices) => format!("one of \"{}\"", choices.join("\", \"")),
        };
        let is = match &value {
            Value::String(text) => format!("\"{text}\""),
            Value::Integer(number) => number.to_string(),
            other => format!("a {}", other.type_str()),
        };
        Err(wrong_usage(format!("{}: it is {is}, and must be {wanted}", self.name(key, &place))))
    }

    /// A key with where it was given.
    fn name(&self, key: &str, place: &Place) -> String {
        match place {
            Place::File => format!("{}: {key}", self.file),
            Place::Variable(variable) => format!("{variable} of the environment ({key})"),
        }
    }

    fn text(&self, key: &'static str) -> Option<String> {
        self.values.get(key).and_then(|(value, _)| value.as_str()).map(str::to_owned)
    }

    fn needed(&self, key: &'static str) -> anyhow::Result<String> {
        self.text(key).ok_or_else(|| {
            let variable = variable_of(key);
            wrong_usage(format!("{}: {key} is missing; give it there, or as {variable}", self.file))
        })
    }

    fn number(&self, key: &'static str, default: i64) -> i64 {
        self.values.get(key).and_then(|(value, _)| value.as_integer()).unwrap_or(default)
    }

    /// Whether anything of a section was given.
    fn has(&self, section: &str) -> bool {
        self.values.keys().any(|key| key.split('.').next() == Some(section))
    }

    fn lower(&self, usual: Usual) -> anyhow::Result<CloudSettings> {
        let pipeline = self.needed("pipeline")?;
        let project = self.needed("pubsub.project")?;
        // As Google's own clients have it: HOST:PORT, without a scheme.
        let emulator =
            usual.emulator.map(|host| if host.contains("://") { host } else { format!("http://{host}") });
        let pubsub = match self.text("pubsub.endpoint").or(emulator) {
            Some(endpoint) => PubsubConfig::local(endpoint, project),
            None => PubsubConfig::cloud(project),
        };
        let listen = self.text("telemetry.listen").unwrap_or_else(|| "127.0.0.1:9464".to_owned());
        let telemetry = listen.parse().map_err(|_| {
            wrong_usage(format!(
                "{}: telemetry.listen is `{listen}`, and must be an address and a port",
                self.file
            ))
        })?;
        Ok(CloudSettings {
            ledger: self.ledger()?,
            lake: self.bucket(["lake.bucket", "lake.prefix", "lake.endpoint"], Some("lake"))?,
            published: self.bucket(["published.bucket", "published.prefix", "published.endpoint"], None)?,
            landing: self.needed("landing.directory")?.into(),
            bigquery: if self.has("bigquery") { Some(self.bigquery(&pipeline)?) } else { None },
            pipeline,
            pubsub,
            telemetry,
            traces: self.traces(usual.collector)?,
        })
    }

    fn traces(&self, collector: Option<String>) -> anyhow::Result<Option<TracesSettings>> {
        let Some(endpoint) = self.text("telemetry.traces").or(collector) else { return Ok(None) };
        if !["http://", "https://"].iter().any(|scheme| endpoint.starts_with(scheme)) {
            return Err(wrong_usage(format!(
                "{}: telemetry.traces (or OTEL_EXPORTER_OTLP_ENDPOINT) is `{endpoint}`, and must be where a collector \
                 takes OTLP over gRPC: http://collector:4317",
                self.file
            )));
        }
        let usual = Sampling::default();
        let percent = |key, usual: u8| {
            u8::try_from(self.number(key, usual.into())).expect("its kind keeps it in range")
        };
        let sampling = Sampling {
            daily_percent: percent("telemetry.traces_daily_percent", usual.daily_percent),
            backfill_percent: percent("telemetry.traces_backfill_percent", usual.backfill_percent),
        };
        Ok(Some(TracesSettings { endpoint, sampling }))
    }

    fn ledger(&self) -> anyhow::Result<LedgerSettings> {
        let or = |key, default: &str| self.text(key).unwrap_or_else(|| default.to_owned());
        let password = match (self.text("ledger.password.file"), self.text("ledger.password.env")) {
            (Some(_), Some(_)) => {
                return Err(wrong_usage(format!("{}: ledger.password has both file and env", self.file)));
            }
            (Some(file), None) => Some(Secret::File(file.into())),
            (None, Some(name)) => Some(Secret::Variable(name)),
            (None, None) => None,
        };
        Ok(LedgerSettings {
            host: self.needed("ledger.host")?,
            port: u16::try_from(self.number("ledger.port", 5_432)).expect("its kind keeps it in range"),
            database: or("ledger.database", "tidegate"),
            user: or("ledger.user", "tidegate"),
            password,
            connections_max: usize::try_from(self.number("ledger.connections_max", 8))
                .expect("its kind keeps it in range"),
            tls: or("ledger.tls", "require") == "require",
        })
    }

    fn bucket(
        &self,
        [bucket, prefix, endpoint]: [&'static str; 3],
        default_prefix: Option<&str>,
    ) -> anyhow::Result<BucketSettings> {
        Ok(BucketSettings {
            bucket: self.needed(bucket)?,
            prefix: self.text(prefix).or_else(|| default_prefix.map(str::to_owned)),
            endpoint: self.text(endpoint),
        })
    }

    fn bigquery(&self, pipeline: &str) -> anyhow::Result<BigQuerySettings> {
        let documented = SinkLimits::default();
        let count = |key, default: u64| {
            let number = self.number(key, i64::try_from(default).unwrap_or(i64::MAX));
            u64::try_from(number).expect("a count that was checked")
        };
        let size = |key, default: usize| usize::try_from(count(key, default as u64)).unwrap_or(usize::MAX);
        let linger = self.number("bigquery.backfill_linger_seconds", documented.backfill_linger_ms / 1_000);
        let limits = SinkLimits {
            load_jobs_per_project_per_day: count(
                "bigquery.load_jobs_per_day",
                documented.load_jobs_per_project_per_day,
            ),
            jobs_per_unpartitioned_table_per_day: count(
                "bigquery.unpartitioned_jobs_per_day",
                documented.jobs_per_unpartitioned_table_per_day,
            ),
            partition_modifications_per_table_per_day: count(
                "bigquery.partition_modifications_per_day",
                documented.partition_modifications_per_table_per_day,
            ),
            updates_per_table_per_10_seconds: count(
                "bigquery.updates_per_10_seconds",
                documented.updates_per_table_per_10_seconds,
            ),
            partitions_per_job: size("bigquery.partitions_per_job", documented.partitions_per_job),
            files_per_job: size("bigquery.files_per_job", documented.files_per_job),
            jobs_under_way: size("bigquery.jobs_under_way", documented.jobs_under_way),
            backfill_linger_ms: linger * 1_000,
            ..documented
        };
        Ok(BigQuerySettings {
            limits,
            project: self.needed("bigquery.project")?,
            dataset: self.text("bigquery.dataset").unwrap_or_else(|| pipeline.to_owned()),
            location: self.text("bigquery.location").unwrap_or_else(|| "US".to_owned()),
            endpoint: self.text("bigquery.endpoint"),
        })
    }
}

fn known(key: &str) -> Option<(&'static str, Kind)> {
    KEYS.iter().find(|(known, _)| *known == key).copied()
}

/// The variable that stands over a key.
fn variable_of(key: &str) -> String {
    format!("{PREFIX}{}", key.to_uppercase().replace('.', "__"))
}

/// A hint at the key that was probably meant.
fn nearest(key: &str, written: impl Fn(&str) -> String) -> String {
    let nearest = KEYS.iter().min_by_key(|(known, _)| distance(known, key));
    nearest.map_or_else(String::new, |(known, _)| format!("; the nearest is `{}`", written(known)))
}

/// How many letters must be put in, taken out or changed to come from one text to the other (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (line, letter) in one.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], line + 1);
        for (column, with) in other.iter().enumerate() {
            let changed = diagonal + usize::from(letter != *with);
            diagonal = row[column + 1];
            row[column + 1] = changed.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "the file {}", path.display()),
            Self::Variable(name) => write!(f, "the variable {name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: &str = "pipeline = 'nba'\n[pubsub]\nproject = 'p'\n[ledger]\nhost = 'db'\n[lake]\nbucket = 'l'\n\
                         [published]\nbucket = 's'\n[landing]\ndirectory = '/landing'\n";

    fn read(text: &str, environment: &[(&str, &str)]) -> Result<CloudSettings, String> {
        let environment: Vec<(String, String)> =
            environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        CloudSettings::of(text, "tidegate.toml", &environment, Usual::default())
            .map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn the_least_has_defaults_for_the_rest() {
        let settings = read(LEAST, &[]).expect("settings");
        let ledger = &settings.ledger;
        assert_eq!(
            (ledger.port, ledger.database.as_str(), ledger.connections_max, ledger.tls),
            (5_432, "tidegate", 8, true)
        );
        assert_eq!((settings.lake.prefix.as_deref(), settings.published.prefix), (Some("lake"), None));
        assert_eq!((settings.pubsub, settings.bigquery), (PubsubConfig::cloud("p"), None));
    }

    #[test]
    fn the_environment_stands_over_the_file() {
        let text = format!("{LEAST}[bigquery]\nproject = 'q'\n")
            .replace("host = 'db'", "host = 'db'\npassword = {file = '/x'}");
        let environment = [
            ("TIDEGATE__LEDGER__PORT", "6000"),
            ("TIDEGATE__LEDGER__PASSWORD__ENV", "SECRET"),
            ("TIDEGATE__PUBSUB__ENDPOINT", "http://127.0.0.1:1"),
            ("TIDEGATE_HOME", "is another matter"),
        ];
        let settings = read(&text, &environment).expect("settings");
        assert_eq!(settings.ledger.port, 6_000);
        assert_eq!(settings.ledger.password, Some(Secret::Variable("SECRET".to_owned())));
        assert_eq!(settings.pubsub, PubsubConfig::local("http://127.0.0.1:1", "p"));
        assert_eq!(settings.bigquery.map(|bigquery| bigquery.dataset).as_deref(), Some("nba"));
    }

    #[test]
    fn the_emulator_s_variable_is_an_endpoint_unless_there_is_one() {
        let endpoint = |text: &str| {
            let usual = Usual { emulator: Some("localhost:8085".to_owned()), collector: None };
            let settings = CloudSettings::of(text, "f", &[], usual);
            settings.expect("settings").pubsub.endpoint
        };
        assert_eq!(endpoint(LEAST).as_deref(), Some("http://localhost:8085"));
        let own = LEAST.replace("project = 'p'", "project = 'p'\nendpoint = 'http://h:1'");
        assert_eq!(endpoint(&own).as_deref(), Some("http://h:1"));
    }

    #[test]
    fn traces_go_where_the_file_says_else_where_everybody_s_go() {
        let collector = || Some("http://usual:4317".to_owned());
        let read = |telemetry: &str| {
            let usual = Usual { emulator: None, collector: collector() };
            let settings = CloudSettings::of(&format!("{LEAST}{telemetry}"), "f", &[], usual);
            settings.map(|settings| settings.traces).map_err(|error| error.to_string())
        };
        let to =
            |endpoint: &str, sampling| Ok(Some(TracesSettings { endpoint: endpoint.to_owned(), sampling }));
        assert_eq!(read(""), to("http://usual:4317", Sampling::default()));
        let own = "[telemetry]\ntraces = 'https://own:4317'\ntraces_backfill_percent = 100\n";
        let sampling = Sampling { daily_percent: 100, backfill_percent: 100 };
        assert_eq!(read(own), to("https://own:4317", sampling));
        let refused = read("[telemetry]\ntraces = 'collector:4317'\n").expect_err("no scheme");
        assert!(refused.contains("telemetry.traces"), "{refused}");
        assert_eq!(CloudSettings::of(LEAST, "f", &[], Usual::default()).expect("settings").traces, None);
    }

    #[test]
    fn what_is_wrong_is_named_and_secrets_are_not_shown() {
        let with = |old: &str, new: &str| LEAST.replace(old, new);
        let cases = [
            (
                with("project = 'p'", "projekt = 'p'"),
                vec![],
                "there is no key `pubsub.projekt`; the nearest is `pubsub.project`",
            ),
            (with("[lake]", "[lakes]"), vec![], "there is no key `lakes`; the nearest is `"),
            (
                with("host = 'db'", ""),
                vec![],
                "ledger.host is missing; give it there, or as TIDEGATE__LEDGER__HOST",
            ),
            (
                with("host = 'db'", "host = 'db'\nport = 'x'"),
                vec![],
                "ledger.port: it is \"x\", and must be a whole number from 1 to 65535",
            ),
            (
                with("host = 'db'", "host = 'db'\ntls = 'maybe'"),
                vec![],
                "must be one of \"require\", \"disable\"",
            ),
            (with("host = 'db'", "host = 'db'\npassword = 'hunter2'"), vec![], "says where the password is"),
            (with("host = 'db'", "host = 'db'\npassword = hunter2"), vec![], "tidegate.toml line 6: "),
            (
                LEAST.to_owned(),
                vec![("TIDEGATE__LEDGER__HOSTS", "x")],
                "TIDEGATE__LEDGER__HOSTS, which is no setting; the nearest is `TIDEGATE__LEDGER__HOST`",
            ),
            (
                LEAST.to_owned(),
                vec![("TIDEGATE__LEDGER__PORT", "0")],
                "TIDEGATE__LEDGER__PORT of the environment (ledger.port): it is 0",
            ),
            (
                LEAST.to_owned(),
                vec![("TIDEGATE__TELEMETRY__LISTEN", "here")],
                "must be an address and a port",
            ),
        ];
        for (text, environment, expected) in cases {
            let error = read(&text, &environment).expect_err(expected);
            assert!(error.contains(expected), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn a_secret_is_read_where_it_is() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("password");
        fs::write(&path, "hunter2\n").expect("written");
        assert_eq!(Secret::File(path).read().expect("read"), "hunter2");
        let missing = Secret::File(directory.path().join("none")).read().expect_err("missing");
        assert!(format!("{missing:#}").contains("cannot read the secret in"), "{missing:#}");
    }
}
