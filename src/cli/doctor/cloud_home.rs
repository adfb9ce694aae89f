//! A cloud home, part by part, side by side: settings, ledger, Pub/Sub, buckets, landing zone, BigQuery; then what the
//! ledger says of tasks and units beside the lake and the tables.

use super::asking::Progress;
use super::{bus, stores};
use crate::cli::assemble;
use crate::cli::cloud;
use crate::cli::cloud_settings::{CloudSettings, Secret};
use crate::cli::console::Console;
use crate::cli::home::Home;
use crate::doctor::{Check, Finding, Need, Place, Role, Scope, Verdict, code, needs, slowest};
use crate::fleet::{Clock as _, SystemClock};
use crate::flow::{Cascade, Pipeline, Topology};

/// Parts that are looked at.
const PARTS: u64 = 8;

/// What all parts need.
pub(super) struct Patient {
    pub(super) settings: CloudSettings,
    pub(super) pipeline: &'static Pipeline,
    pub(super) cascade: Cascade,
    pub(super) topology: Topology,
    pub(super) place: Place,
    pub(super) role: Role,
}

/// Everything that is to be said of a cloud home.
pub(super) async fn examine(home: &Home, role: Role, probe: bool, console: &Console) -> Vec<Finding> {
    let patient = match Patient::of(home, role) {
        Ok(patient) => patient,
        Err(error) => return vec![wrong_settings(home, &error)],
    };
    let progress = Progress::start(console, PARTS);
    let mut findings = vec![patient.secrets()];
    let has_secret = findings.iter().all(|finding| finding.verdict == Verdict::Ok);
    let (ledger, bus, lake, published, landing, tables) = futures::join!(
        progress.part("ledger", stores::ledger(&patient, has_secret)),
        progress.part("Pub/Sub", bus::examine(&patient)),
        progress.part("lake", stores::bucket(&patient, Check::Lake, probe)),
        progress.part("published documents", stores::bucket(&patient, Check::Published, probe)),
        progress.part("landing zone", stores::landing(&patient)),
        progress.part("BigQuery", stores::tables(&patient)),
    );
    let (ledger, records) = ledger;
    let (tables, loadable) = tables;
    findings.extend([ledger, bus, lake, published, landing, tables].into_iter().flatten());
    match records {
        Some(records) => {
            let now = SystemClock.now();
            findings.extend(slowest(&patient.cascade, records.values(), now));
            findings.extend(code(&patient.cascade, records.values(), &patient.place.home));
            let (units, lag) = futures::join!(
                progress.part("newest units", stores::newest_units(&patient, &records)),
                progress.part("sink", stores::lag(&patient, &records, &loadable, now)),
            );
            findings.extend(units.into_iter().chain(lag));
        }
        None => findings.extend([Check::Lease, Check::Code, Check::Units].map(|check| {
            let texts = ["not asked: the ledger cannot be read".to_owned(), String::new(), String::new()];
            Finding::wrong(Verdict::Unknown, check, "", texts)
        })),
    }
    progress.end();
    findings
}

fn wrong_settings(home: &Home, error: &anyhow::Error) -> Finding {
    let file = home.root().join(crate::cli::cloud_settings::FILE).display().to_string();
    let texts = [
        format!("{error:#}"),
        "settings that the program understands".to_owned(),
        format!("mend {file}, or the variable of the environment that is named"),
    ];
    Finding::wrong(Verdict::Fail, Check::Settings, file, texts)
}

impl Patient {
    /// What the role needs there; what a role may not see is not held against it.
    pub(super) fn need(&self, scope: Scope) -> Option<Need> {
        needs(self.role).into_iter().find(|need| need.scope == scope)
    }

    fn of(home: &Home, role: Role) -> anyhow::Result<Self> {
        let settings = cloud::settings(home)?;
        let pipeline = assemble::named(&settings.pipeline)?;
        let cascade = assemble::cascade(pipeline)?;
        let topology = cloud::topology(&settings, &cascade);
        let place = Place {
            home: home.root().display().to_string(),
            project: settings.pubsub.project.clone(),
            emulator: settings.pubsub.endpoint.clone(),
        };
        Ok(Self { settings, pipeline, cascade, topology, place, role })
    }

    /// Whether what the settings only name can be had. Nothing of it is shown.
    fn secrets(&self) -> Finding {
        let file = crate::cli::cloud_settings::FILE;
        let Some(secret) = &self.settings.ledger.password else {
            return Finding::ok(Check::Settings, file, "understood; no password is named");
        };
        match secret.read() {
            Ok(password) if !password.is_empty() => {
                Finding::ok(Check::Settings, file, "understood; the ledger's password is there")
            }
            Ok(_) => self.no_secret(secret, "it is empty".to_owned()),
            Err(error) => self.no_secret(secret, format!("{error:#}")),
        }
    }

    fn no_secret(&self, secret: &Secret, reason: String) -> Finding {
        let latest = "gcloud secrets versions access latest --secret=NAME-ledger-password";
        let project = &self.place.project;
        let mend = match secret {
            Secret::File(path) => format!("{latest} --project={project} > {}", path.display()),
            Secret::Variable(name) => format!("export {name}=\"$({latest} --project={project})\""),
        };
        let expected = "the ledger's password in that place".to_owned();
        Finding::wrong(Verdict::Fail, Check::Settings, "ledger.password", [reason, expected, mend])
    }
}
