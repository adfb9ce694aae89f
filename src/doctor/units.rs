//! What the ledger says of units beside the declarations and the lake's files: made by which code, and whether the newest
//! file of each dataset can be read as what it is declared to be.

use std::collections::BTreeMap;

use super::answer::Answer;
use super::finding::{Check, Finding, Verdict};
use crate::flow::{Cascade, DatasetName, Outcome, UnitRecord};

/// The newest unit with rows of each dataset that has a table, as the present code made it.
#[must_use]
pub fn newest<'a>(
    cascade: &Cascade,
    records: impl Iterator<Item = &'a UnitRecord>,
) -> BTreeMap<DatasetName, &'a UnitRecord> {
    let mut newest: BTreeMap<DatasetName, &UnitRecord> = BTreeMap::new();
    for record in records {
        let dataset = record.unit.dataset;
        let is_present = cascade.processor(dataset).is_some_and(|processor| {
            processor.table().is_some() && processor.code == record.code && record.outcome == Outcome::Done
        });
        if is_present && record.stored.is_some() {
            let entry = newest.entry(dataset).or_insert(record);
            if record.unit.date > entry.unit.date {
                *entry = record;
            }
        }
    }
    newest
}

/// Units that other code has made than is declared: the next plan makes them anew.
#[must_use]
pub fn code<'a>(
    cascade: &Cascade,
    records: impl Iterator<Item = &'a UnitRecord>,
    home: &str,
) -> Vec<Finding> {
    let mut others: BTreeMap<DatasetName, (u32, usize)> = BTreeMap::new();
    for record in records {
        let declared = cascade.processor(record.unit.dataset).map(|processor| processor.code);
        if declared.is_some_and(|declared| declared != record.code) {
            let entry = others.entry(record.unit.dataset).or_insert((record.code, 0));
            entry.1 += 1;
        }
    }
    if others.is_empty() {
        return vec![Finding::ok(Check::Code, "", "every unit was made by the declared code")];
    }
    let pipeline = cascade.pipeline();
    others
        .into_iter()
        .map(|(dataset, (code, count))| {
            let declared = cascade.processor(dataset).map_or(0, |processor| processor.code);
            let found = format!("{count} units were made by other code (revision {code})");
            let mend = format!(
                "tidegate run {pipeline} --home {home}   # `tidegate plan {pipeline}` shows what it does"
            );
            let texts = [found, format!("revision {declared}"), mend];
            Finding::wrong(Verdict::Warn, Check::Code, dataset.as_str(), texts)
        })
        .collect()
}

/// Whether the files of the newest units could be read as declared: for each, why not, if its bytes were had.
#[must_use]
pub fn stored(
    read: Vec<(&UnitRecord, Answer<Result<(), String>>)>,
    pipeline: &str,
    home: &str,
) -> Vec<Finding> {
    let (count, mut unknown) = (read.len(), None);
    let mut findings = Vec::new();
    for (record, answer) in read {
        let (unit, date) = (record.unit, record.unit.date);
        match answer.or_unknown(Check::Units, unit.to_string(), "ask again") {
            Ok(Ok(())) => {}
            Ok(Err(reason)) => {
                let mend = format!(
                    "tidegate backfill {pipeline} --home {home} --from {date} --to {date} --only {} --force",
                    unit.dataset.table()
                );
                let expected = "the file that the ledger recorded, with the declared columns".to_owned();
                let texts = [reason, expected, mend];
                findings.push(Finding::wrong(Verdict::Fail, Check::Units, unit.to_string(), texts));
            }
            // A store that does not answer for one answers for none.
            Err(finding) => {
                unknown.get_or_insert(finding);
            }
        }
    }
    findings.extend(unknown);
    if findings.is_empty() {
        let found = match count {
            0 => "there are none yet".to_owned(),
            count => format!(
                "the newest file of each of {count} datasets is the recorded one, with the declared columns"
            ),
        };
        findings.push(Finding::ok(Check::Units, "", found));
    }
    findings
}
