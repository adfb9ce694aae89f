//! The slowest task of each processor beside the time that it declares and the lease that follows from it.

use super::finding::{Check, Finding, Verdict};
use crate::fleet::lease_max;
use crate::flow::{Cascade, Millis, UnitRecord};

/// How far back tasks are looked at: a slow one that was mended is forgotten some day, in milliseconds.
const LOOK_BACK_MS: Millis = 30 * 86_400_000;

/// The slowest tasks of the last thirty days, as the present code did them.
#[must_use]
pub fn slowest<'a>(
    cascade: &Cascade,
    records: impl Iterator<Item = &'a UnitRecord> + Clone,
    now: Millis,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut slowest_of_all: Option<(&UnitRecord, Millis)> = None;
    for processor in cascade.processors() {
        let of_processor = records.clone().filter(|record| {
            record.unit.dataset == processor.writes
                && record.code == processor.code
                && record.finished_at > now - LOOK_BACK_MS
        });
        let Some(slowest) = of_processor.max_by_key(|record| record.duration_ms) else { continue };
        let took = Millis::try_from(slowest.duration_ms).unwrap_or(Millis::MAX);
        let (declared, lease) = (Millis::from(processor.slowest_seconds) * 1_000, lease_max(processor));
        if slowest_of_all.is_none_or(|(_, longest)| took > longest) {
            slowest_of_all = Some((slowest, took));
        }
        let (verdict, consequence) = match took {
            ..=0 => continue,
            took if took > lease => {
                (Verdict::Fail, "its lease ended while it was at work, and another worker began it too")
            }
            took if took > declared => {
                (Verdict::Warn, "a worker that is told to stop has less time than that")
            }
            _ => continue,
        };
        let name = processor.writes;
        let seconds = took / 1_000;
        let found = format!("{seconds} s for {} (run {}): {consequence}", slowest.unit.date, slowest.run);
        let expected =
            format!("{} s as declared; its lease ends after {} s", declared / 1_000, lease / 1_000);
        let mend = format!(
            "let the declaration of {name} say `.taking_up_to({})`, and terminationGracePeriodSeconds of the workers more than that; or give the workers fewer --attempts",
            seconds + seconds / 2
        );
        findings.push(Finding::wrong(verdict, Check::Lease, name.as_str(), [found, expected, mend]));
    }
    if findings.is_empty() {
        let found = slowest_of_all.map_or_else(
            || "no task in the last 30 days".to_owned(),
            |(record, took)| {
                format!("the slowest took {}.{} s: {}", took / 1_000, took % 1_000 / 100, record.unit)
            },
        );
        findings.push(Finding::ok(Check::Lease, "", found));
    }
    findings
}
