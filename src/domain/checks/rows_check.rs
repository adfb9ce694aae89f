//! The rows that checks write: the profile of each column of a date, the result of each check, and the
//! GO of a gate. Declarations only. Nothing in a row is a time of processing: equal input gives equal bytes.

use std::sync::Arc;

crate::rows! {
    /// One column of one dataset on one date, as figures: what the checks of this date and of the 90 days
    /// after it are made from, so that nobody has to read the rows again.
    pub struct ColumnProfile key(dataset, column) {
        /// The dataset that the column belongs to.
        pub dataset: Arc<str>,
        /// The column; `name[3]` for a place of a list; `(key)` for the dataset's key as a whole.
        pub column: Arc<str>,
        /// What kind of date it is: only dates of the same kind are compared.
        pub segment: Arc<str>,
        /// Rows.
        pub rows: i64,
        /// Rows in which it is null.
        pub nulls: i64,
        /// Different values, null not counted; 0 for a list as a whole.
        pub distinct: i64,
        /// Rows in which it is 0, false or an empty text.
        pub zeros: i64,
        /// Mean of what is not null; a bool counts as 0 or 1. Null for texts, and without a value.
        pub mean: Option<f64>,
        /// Standard deviation (of a population) of what is not null.
        pub std: Option<f64>,
        /// Least value.
        pub min: Option<f64>,
        /// Greatest value.
        pub max: Option<f64>,
    }
}

crate::rows! {
    /// The result of one check on one date; written whatever it is.
    pub struct CheckRow key(check_id, level) {
        /// `<table>.<column>.<kind>`.
        pub check_id: Arc<str>,
        /// The dataset that was checked.
        pub dataset: Arc<str>,
        /// The column; null for a check of the dataset as a whole.
        pub column: Option<Arc<str>>,
        /// Which kind of check: `rows`, `duplicates`, `nulls`, `range`, `shift`, ...
        pub kind: Arc<str>,
        /// `block` or `warn`: what follows where it is not passed.
        pub level: Arc<str>,
        /// `pass`, `warn`, `fail`, or `not_judged` where there is nothing to judge by.
        pub verdict: Arc<str>,
        /// The figure that was judged; null where there is none.
        pub value: Option<f64>,
        /// The figure that it was held against: the one it crossed, or that it is nearest to.
        pub threshold: Option<f64>,
        /// What the dates before say, where it is compared with them.
        pub baseline: Option<f64>,
        /// What is wrong, or why nothing was judged; null where it is passed.
        pub message: Option<Arc<str>>,
    }
}

crate::rows! {
    /// A gate that says GO. A NO-GO has no row: it is a dead letter, and holds what stands behind it.
    pub struct GateRow key(gate) {
        /// The gate's letter.
        pub gate: Arc<str>,
        /// `GO`.
        pub verdict: Arc<str>,
        /// How many blocking checks stand behind it.
        pub blocking_checks: i64,
        /// Why: what was looked at. Figures that change from date to date are in the checks' own rows, so
        /// that nothing behind the gate is made anew because of them.
        pub reasons: Arc<[Arc<str>]>,
    }
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// Passed.
    Pass,
    /// There is nothing to judge by: no rows, no baseline yet, another kind of date.
    NotJudged,
    /// Not passed, but nothing is held.
    Warn,
    /// Not passed; the gate says NO-GO.
    Fail,
}

impl Verdict {
    /// All verdicts, the better ones first.
    pub const ALL: [Self; 4] = [Self::Pass, Self::NotJudged, Self::Warn, Self::Fail];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::NotJudged => "not_judged",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }

    /// The verdict of a code, the inverse of `code`.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.code() == code)
    }
}
