//! A home on one machine: who has it, its ledger, its disk, its landing zone, and the newest files of its lake.

use std::collections::BTreeMap;

use super::asking::told;
use super::stores::{self, Records};
use crate::adapters::lake::ParquetLake;
use crate::adapters::ledger::tables_version;
use crate::cli::assemble;
use crate::cli::home::Home;
use crate::cli::source::Remembered;
use crate::doctor::{Check, Finding, Verdict, code, slowest};
use crate::fleet::{Clock as _, SystemClock};
use crate::flow::Pipeline;

/// A season takes about a tenth of it.
const FREE_BYTES_LEAST: u64 = 1 << 30;

/// Everything that is to be said of it.
pub(super) async fn examine(home: &Home) -> Vec<Finding> {
    let root = home.root().display().to_string();
    let (pipeline, source) = match remembered(home) {
        Ok(remembered) => remembered,
        Err(error) => {
            let expected = "a home that this program has made".to_owned();
            let mend = "use the program that made it, or another --home".to_owned();
            let texts = [format!("{error:#}"), expected, mend];
            return vec![Finding::wrong(Verdict::Fail, Check::Settings, root, texts)];
        }
    };
    let described = source.as_ref().map_or_else(String::new, Remembered::describe);
    let mut findings = vec![Finding::ok(Check::Settings, &root, format!("{}: {described}", pipeline.name))];
    findings.push(lock(home));
    findings.push(disk(home));
    if let Some(Remembered::Landing { directory }) = &source {
        findings.extend(stores::landing_in(directory, pipeline).await);
    }
    let (schema, is_readable) = ledger(home);
    findings.push(schema);
    if is_readable {
        findings.extend(units(home, pipeline, &root).await);
    }
    findings
}

fn remembered(home: &Home) -> anyhow::Result<(&'static Pipeline, Option<Remembered>)> {
    let pipeline = assemble::pipeline(None, home)?;
    Ok((pipeline, home.remembered()?.map(|(_, source)| source)))
}

fn lock(home: &Home) -> Finding {
    match home.holder() {
        Ok(None) => Finding::ok(Check::Lock, "", "nobody has the home open"),
        Ok(Some(holder)) => Finding::ok(Check::Lock, "", format!("{holder} has the home open")),
        Err(error) => {
            let path = home.root().display();
            let texts = [
                format!("{error:#}"),
                "a lock that can be opened".to_owned(),
                format!("chmod u+rw {path}/lock"),
            ];
            Finding::wrong(Verdict::Fail, Check::Lock, "", texts)
        }
    }
}

fn disk(home: &Home) -> Finding {
    let path = home.root().display().to_string();
    let free = match rustix::fs::statvfs(home.root()) {
        Ok(disk) => disk.f_bavail.saturating_mul(disk.f_frsize),
        Err(error) => {
            let texts = [error.to_string(), "free space".to_owned(), format!("df {path}")];
            return Finding::wrong(Verdict::Unknown, Check::Disk, path, texts);
        }
    };
    let found = format!("{}.{} GiB free", free >> 30, ((free % (1 << 30)) * 10) >> 30);
    if free >= FREE_BYTES_LEAST {
        return Finding::ok(Check::Disk, path, found);
    }
    let mend = format!("make room: du -sh {path}/*");
    Finding::wrong(Verdict::Fail, Check::Disk, path, [found, "1 GiB free".to_owned(), mend])
}

fn ledger(home: &Home) -> (Finding, bool) {
    let path = home.ledger();
    let subject = path.display().to_string();
    let wrong = |found: String, mend: &str| {
        let texts = [found, "a ledger of this program's version".to_owned(), mend.to_owned()];
        (Finding::wrong(Verdict::Fail, Check::LedgerSchema, &subject, texts), false)
    };
    match tables_version(&path) {
        Ok((found, known)) if found == known => (
            Finding::ok(
                Check::LedgerSchema,
                &subject,
                format!("tables of version {found}, as this program's"),
            ),
            true,
        ),
        Ok((found, known)) => wrong(
            format!("tables of version {found}; this program knows {known}"),
            "use the program that made it",
        ),
        Err(error) => {
            wrong(error.to_string(), "take a copy of the home from before, or begin anew with another --home")
        }
    }
}

async fn units(home: &Home, pipeline: &Pipeline, root: &str) -> Vec<Finding> {
    let records = told(async {
        let ledger = assemble::ledger_that_exists(home, pipeline).await?;
        let (_, changes) = ledger.changes_since(0).await?;
        let records: Records = changes
            .into_iter()
            .filter_map(|(unit, record)| Some((unit, record?)))
            .collect::<BTreeMap<_, _>>();
        Ok::<_, anyhow::Error>((assemble::cascade(pipeline)?, records))
    });
    let (cascade, records) = match records.await.or_unknown(Check::Units, root, "ask again") {
        Ok(read) => read,
        Err(unknown) => return vec![unknown],
    };
    let mut findings = slowest(&cascade, records.values(), SystemClock.now());
    findings.extend(code(&cascade, records.values(), root));
    let lake = ParquetLake::open(home.lake());
    findings.extend(stores::read_newest(&lake, &cascade, &records, root).await);
    findings
}
