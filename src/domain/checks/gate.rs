//! GO or NO-GO, from the results of checks. A NO-GO is an error with all its reasons; who turns it into a
//! dead letter, and what that holds, is not known here.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::rows_check::{CheckRow, GateRow, Verdict};
use super::rule::Level;
use crate::flow::Permanent;

/// Reasons that are told one by one; a date on which everything is wrong has hundreds.
const REASONS_TOLD: usize = 8;

/// A gate does not let through.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "gate {gate} says NO-GO: {failed} of {checks} blocking checks failed: {reasons}. Mend what they are made from; or accept this dead letter, and what stands behind the gate is made without its blessing"
)]
pub struct NoGo {
    /// The gate's letter.
    pub gate: &'static str,
    /// Blocking checks that failed.
    pub failed: usize,
    /// Blocking checks that there are.
    pub checks: usize,
    /// The reasons, each with its dataset, column and figures.
    pub reasons: String,
}

impl From<NoGo> for Permanent {
    fn from(no_go: NoGo) -> Self {
        Self::new("no_go", no_go.to_string())
    }
}

/// How the checks of a dataset stand, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standing {
    /// Passed.
    pub pass: usize,
    /// Without anything to judge by.
    pub not_judged: usize,
    /// Not passed, without consequence.
    pub warn: usize,
    /// Not passed, and blocking.
    pub fail: usize,
}

impl Standing {
    /// Counts one more.
    pub fn add(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Pass => self.pass += 1,
            Verdict::NotJudged => self.not_judged += 1,
            Verdict::Warn => self.warn += 1,
            Verdict::Fail => self.fail += 1,
        }
    }
}

/// Decides a gate by the results of its checks.
pub fn decide<'a>(
    gate: &'static str,
    checks: impl IntoIterator<Item = &'a CheckRow>,
) -> Result<GateRow, NoGo> {
    let mut blocking: BTreeMap<&str, usize> = BTreeMap::new();
    let mut failed = Vec::new();
    for check in checks {
        if &*check.level == Level::Block.code() {
            *blocking.entry(&check.dataset).or_default() += 1;
        }
        if &*check.verdict == Verdict::Fail.code() {
            failed.push(check);
        }
    }
    let checks: usize = blocking.values().sum();
    if failed.is_empty() {
        let reasons: Vec<Arc<str>> = blocking
            .iter()
            .map(|(dataset, number)| format!("{dataset}: none of {number} blocking checks failed").into())
            .collect();
        return Ok(GateRow {
            gate: gate.into(),
            verdict: "GO".into(),
            blocking_checks: i64::try_from(checks).unwrap_or(i64::MAX),
            reasons: reasons.into(),
        });
    }
    let told = failed.iter().take(REASONS_TOLD).map(|check| {
        let message = check.message.as_deref().unwrap_or("failed");
        format!("{}: {message}", check.check_id)
    });
    let mut reasons = told.collect::<Vec<_>>().join("; ");
    if failed.len() > REASONS_TOLD {
        reasons.push_str(&format!("; and {} more", failed.len() - REASONS_TOLD));
    }
    Err(NoGo { gate, failed: failed.len(), checks, reasons })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(id: &str, level: Level, verdict: Verdict) -> CheckRow {
        CheckRow {
            check_id: id.into(),
            dataset: "t.games".into(),
            column: None,
            kind: "rows".into(),
            level: level.code().into(),
            verdict: verdict.code().into(),
            value: None,
            threshold: None,
            baseline: None,
            message: Some("4 rows instead of 18".into()),
        }
    }

    #[test]
    fn only_what_blocks_and_fails_is_a_no_go() {
        let go = [
            check("a", Level::Block, Verdict::Pass),
            check("b", Level::Block, Verdict::NotJudged),
            check("c", Level::Warn, Verdict::Warn),
        ];
        let row = decide("A", &go).expect("GO");
        assert_eq!(
            (&*row.verdict, row.blocking_checks, &*row.reasons[0]),
            ("GO", 2, "t.games: none of 2 blocking checks failed")
        );
        let no_go = [check("games.rows", Level::Block, Verdict::Fail), go[0].clone(), go[2].clone()];
        let failure = Permanent::from(decide("A", &no_go).expect_err("NO-GO"));
        assert_eq!(failure.code, "no_go");
        let expected = "gate A says NO-GO: 1 of 2 blocking checks failed: games.rows: 4 rows instead of 18";
        assert!(failure.message.starts_with(expected), "{failure}");
    }

    #[test]
    fn a_date_on_which_all_is_wrong_is_told_in_short() {
        let all: Vec<CheckRow> =
            (0..20).map(|at| check(&format!("check {at}"), Level::Block, Verdict::Fail)).collect();
        let no_go = decide("B", &all).expect_err("NO-GO");
        assert!(no_go.reasons.ends_with("; and 12 more"), "{no_go}");
    }
}
