//! How a table is read for one query: the columns it needs, the order of dates it wants, and the
//! comparisons that choose files or rows before SQLite sees them. SQLite checks each row again, so a
//! comparison may be left out here, but must never drop a row that SQLite would keep. Pure.

use std::fmt;
use std::str::FromStr;

use rusqlite::vtab::IndexConstraintOp;

/// A comparison of a column with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

/// In which order the dates are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Order {
    #[default]
    Ascending,
    Descending,
}

/// The way to read a table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Plan {
    /// SQLite's mask of the columns that the query uses; the last bit stands for all from the 64th on.
    pub(super) used: u64,
    pub(super) order: Order,
    /// Columns and comparisons, in the order of the values that SQLite will hand over.
    pub(super) pushed: Vec<(usize, Comparison)>,
}

impl Comparison {
    const ALL: [Self; 5] = [Self::Equal, Self::Greater, Self::GreaterOrEqual, Self::Less, Self::LessOrEqual];

    /// The comparison of SQLite's operator; `None` for those that we leave to SQLite.
    pub(super) fn of(operator: &IndexConstraintOp) -> Option<Self> {
        match operator {
            IndexConstraintOp::SQLITE_INDEX_CONSTRAINT_EQ => Some(Self::Equal),
            IndexConstraintOp::SQLITE_INDEX_CONSTRAINT_GT => Some(Self::Greater),
            IndexConstraintOp::SQLITE_INDEX_CONSTRAINT_GE => Some(Self::GreaterOrEqual),
            IndexConstraintOp::SQLITE_INDEX_CONSTRAINT_LT => Some(Self::Less),
            IndexConstraintOp::SQLITE_INDEX_CONSTRAINT_LE => Some(Self::LessOrEqual),
            _ => None,
        }
    }

    fn sign(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
        }
    }
}

impl Plan {
    /// Whether the query uses a column.
    pub(super) fn uses(&self, column: usize) -> bool {
        self.used & (1 << column.min(63)) != 0
    }
}

/// SQLite carries a plan from planning to running as text: `ff desc 0>= 3=`.
impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let order = match self.order {
            Order::Ascending => "asc",
            Order::Descending => "desc",
        };
        write!(f, "{:x} {order}", self.used)?;
        for (column, comparison) in &self.pushed {
            write!(f, " {column}{}", comparison.sign())?;
        }
        Ok(())
    }
}

/// A text that is no plan: never one of ours.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a plan of a lake table")]
pub(super) struct PlanError(String);

impl FromStr for Plan {
    type Err = PlanError;

    fn from_str(text: &str) -> Result<Self, PlanError> {
        let read = || {
            let mut words = text.split(' ');
            let used = u64::from_str_radix(words.next()?, 16).ok()?;
            let order = match words.next()? {
                "asc" => Order::Ascending,
                "desc" => Order::Descending,
                _ => return None,
            };
            let pushed = words.map(|word| {
                let sign = word.find(|c: char| !c.is_ascii_digit())?;
                let (column, sign) = word.split_at(sign);
                let comparison = Comparison::ALL.into_iter().find(|one| one.sign() == sign)?;
                Some((column.parse().ok()?, comparison))
            });
            Some(Self { used, order, pushed: pushed.collect::<Option<_>>()? })
        };
        read().ok_or_else(|| PlanError(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_reads_back_what_it_shows() {
        let plan = Plan {
            used: u64::MAX,
            order: Order::Descending,
            pushed: Comparison::ALL.into_iter().zip([0, 3, 70, 4, 5]).map(|(c, i)| (i, c)).collect(),
        };
        assert_eq!(plan.to_string().parse(), Ok(plan));
        assert_eq!(Plan::default().to_string().parse(), Ok(Plan::default()));
        for text in ["", "x asc", "1", "1 up", "1 asc 3", "1 asc =", "1 asc 3~"] {
            assert!(text.parse::<Plan>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_last_bit_stands_for_all_later_columns() {
        let plan = Plan { used: 1 << 63 | 1, ..Plan::default() };
        let used: Vec<usize> = (0..80).filter(|column| plan.uses(*column)).collect();
        assert_eq!(used, std::iter::once(0).chain(63..80).collect::<Vec<_>>());
    }
}
