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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::{
        DatasetName, Date, Fingerprint, Outcome, Pipeline, PipelineName, Presence, Processor, RunId, Unit,
    };

    const LANDED: DatasetName = DatasetName::of("t.landed");
    const PIPELINE: Pipeline = Pipeline {
        name: PipelineName::of("t"),
        processors: &[Processor::land(LANDED, "payloads", "sender", Presence::Required).taking_up_to(100)],
        calendar_source: "sender",
        calendar: Pipeline::dates_by_name,
    };

    #[test]
    fn a_task_is_held_against_what_is_declared_and_against_its_lease() {
        let now = 100 * LOOK_BACK_MS;
        let record = |duration_ms, code, finished_at| UnitRecord {
            unit: Unit { dataset: LANDED, date: Date::from_days(0) },
            outcome: Outcome::Done,
            fingerprint: Fingerprint::from_bytes([0; 32]),
            stored: None,
            rows_expected: 0,
            rows_written: 0,
            code,
            run: RunId(7),
            attempt: 1,
            duration_ms,
            finished_at,
        };
        let cascade = Cascade::of(&PIPELINE).expect("a cascade");
        let cases = [
            (record(99_000, 1, now), Verdict::Ok, "the slowest took 99.0 s"),
            (record(101_000, 1, now), Verdict::Warn, "101 s for 1970-01-01 (run 7)"),
            (record(1_001_000, 1, now), Verdict::Fail, "another worker began it too"),
            (record(1_001_000, 2, now), Verdict::Ok, "no task"),
            (record(1_001_000, 1, now - LOOK_BACK_MS), Verdict::Ok, "no task"),
        ];
        for (record, verdict, found) in cases {
            let findings = slowest(&cascade, std::iter::once(&record), now);
            assert_eq!((findings.len(), findings[0].verdict), (1, verdict), "{findings:?}");
            assert!(findings[0].found.contains(found), "{findings:?}");
        }
    }
}
