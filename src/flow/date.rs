//! Dates, seasons and calendars: which dates exist for a pipeline, in which order, in which season.
//! Everything here is a value; nothing reads the machine's clock.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use chrono::{Datelike, NaiveDate};

/// One civil date, as days since 1970-01-01. It carries no time zone: the pipeline's domain says
/// whose date it is (for `nba`, US/Eastern).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(i32);

/// What a text must look like to be a date.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a date; write it as YYYY-MM-DD")]
pub struct DateError {
    /// The text as it was given.
    pub text: String,
}

impl Date {
    /// Reads `YYYY-MM-DD`, the inverse of `Display`.
    pub fn parse(text: &str) -> Result<Self, DateError> {
        NaiveDate::parse_from_str(text, "%Y-%m-%d")
            .ok()
            .filter(|_| text.len() == 10)
            .map(Self::from)
            .ok_or_else(|| DateError { text: text.to_owned() })
    }

    /// The date of a civil year, month and day; `None` where the calendar has no such day.
    #[must_use]
    pub fn of(year: i32, month: u32, day: u32) -> Option<Self> {
        NaiveDate::from_ymd_opt(year, month, day).map(Self::from)
    }

    /// The date that lies `days` since 1970-01-01.
    #[must_use]
    pub const fn from_days(days: i32) -> Self {
        Self(days)
    }

    /// Days since 1970-01-01.
    #[must_use]
    pub const fn days(self) -> i32 {
        self.0
    }

    /// The date `days` later (earlier when negative).
    #[must_use]
    pub const fn plus_days(self, days: i32) -> Self {
        Self(self.0 + days)
    }

    /// Whole days from `earlier` to this date.
    #[must_use]
    pub const fn days_since(self, earlier: Self) -> i32 {
        self.0 - earlier.0
    }

    /// The civil month, 1 to 12.
    #[must_use]
    pub fn month(self) -> u32 {
        self.naive().month()
    }

    /// The civil year.
    #[must_use]
    pub fn year(self) -> i32 {
        self.naive().year()
    }

    fn naive(self) -> NaiveDate {
        NaiveDate::from_epoch_days(self.0).unwrap_or(NaiveDate::MAX)
    }
}

impl From<NaiveDate> for Date {
    fn from(date: NaiveDate) -> Self {
        Self(date.to_epoch_days())
    }
}

impl FromStr for Date {
    type Err = DateError;

    fn from_str(text: &str) -> Result<Self, DateError> {
        Self::parse(text)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.naive().format("%Y-%m-%d"))
    }
}

impl fmt::Debug for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A season, by the civil year in which it starts; shown as `2023-24`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Season(i32);

impl Season {
    /// The season that starts in `year`.
    #[must_use]
    pub const fn starting(year: i32) -> Self {
        Self(year)
    }

    /// Reads `2023-24`, the inverse of `Display`; `None` where the two years do not follow each other.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (first, second) = text.split_once('-')?;
        let (year, next) = (first.parse::<i32>().ok()?, second.parse::<i32>().ok()?);
        let season = Self(year);
        ((year + 1).rem_euclid(100) == next && season.to_string() == text).then_some(season)
    }

    /// The civil year in which the season starts.
    #[must_use]
    pub const fn start_year(self) -> i32 {
        self.0
    }
}

impl fmt::Display for Season {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.0, (self.0 + 1).rem_euclid(100))
    }
}

/// The dates that exist for a pipeline, in order, each with its season. Positions in it ("indexes")
/// are what windows are computed on; they are never stored, because a later calendar may have more dates.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Calendar {
    dates: Vec<Date>,
    seasons: Vec<Season>,
}

/// Why a list of dates is no calendar.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// One date was given for two seasons.
    #[error("{date} is in two seasons, {first} and {second}")]
    TwoSeasons {
        /// The date.
        date: Date,
        /// One season.
        first: Season,
        /// The other.
        second: Season,
    },
    /// Seasons overlap.
    #[error("{date} belongs to season {season}, but lies among the dates of another season")]
    Interleaved {
        /// The date.
        date: Date,
        /// Its season.
        season: Season,
    },
}

impl Calendar {
    /// A calendar of these dates; repeated ones count once.
    pub fn of(dates: impl IntoIterator<Item = (Date, Season)>) -> Result<Self, CalendarError> {
        let mut pairs: Vec<_> = dates.into_iter().collect();
        pairs.sort_unstable();
        pairs.dedup();
        for pair in pairs.windows(2) {
            let ((date, first), (next, second)) = (pair[0], pair[1]);
            if date == next {
                return Err(CalendarError::TwoSeasons { date, first, second });
            }
            if second < first {
                return Err(CalendarError::Interleaved { date: next, season: second });
            }
        }
        let (dates, seasons) = pairs.into_iter().unzip();
        Ok(Self { dates, seasons })
    }

    /// How many dates there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.dates.len()
    }

    /// Whether no date exists.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.dates.is_empty()
    }

    /// All dates, in order.
    #[must_use]
    pub fn dates(&self) -> &[Date] {
        &self.dates
    }

    /// The date at an index. Panics beyond the end: indexes come from this calendar only.
    #[must_use]
    pub fn date(&self, index: usize) -> Date {
        self.dates[index]
    }

    /// The season of the date at an index.
    #[must_use]
    pub fn season(&self, index: usize) -> Season {
        self.seasons[index]
    }

    /// Where a date stands; `None` for a date that does not exist here.
    #[must_use]
    pub fn index_of(&self, date: Date) -> Option<usize> {
        self.dates.binary_search(&date).ok()
    }

    /// The indexes of all dates from `from` to `to`, both included.
    #[must_use]
    pub fn between(&self, from: Date, to: Date) -> Range<usize> {
        let start = self.dates.partition_point(|d| *d < from);
        let end = self.dates.partition_point(|d| *d <= to);
        start..end.max(start)
    }

    /// The indexes of a season's dates; empty where the season has none.
    #[must_use]
    pub fn season_range(&self, season: Season) -> Range<usize> {
        let start = self.seasons.partition_point(|s| *s < season);
        start..self.seasons.partition_point(|s| *s <= season)
    }

    /// The first date of the season in which the date at `index` lies.
    #[must_use]
    pub fn opening(&self, index: usize) -> Date {
        self.dates[self.season_range(self.seasons[index]).start]
    }

    /// The index of the first date in the civil month of the date at `index`.
    #[must_use]
    pub fn month_opening(&self, index: usize) -> usize {
        let date = self.date(index);
        let first = Date::of(date.year(), date.month(), 1).unwrap_or(date);
        self.between(first, date).start
    }

    /// Days from the season's first date to the date at `index`; 0 on opening night.
    #[must_use]
    pub fn season_day(&self, index: usize) -> i32 {
        self.date(index).days_since(self.opening(index))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_reads_back_what_it_shows() {
        for text in ["1970-01-01", "2024-02-29", "2020-12-22", "1969-12-31"] {
            assert_eq!(Date::parse(text).expect(text).to_string(), text);
        }
        for text in ["2024-2-9", "2023-02-29", "20240126", "2024-01-26T00:00:00", ""] {
            assert!(Date::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_season_reads_back_what_it_shows() {
        for text in ["2023-24", "1999-00"] {
            assert_eq!(Season::parse(text).expect(text).to_string(), text);
        }
        for text in ["2023-25", "2023", "23-24", ""] {
            assert_eq!(Season::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_calendar_refuses_overlapping_seasons() {
        let d = Date::from_days;
        let (a, b) = (Season::starting(2022), Season::starting(2023));
        assert!(Calendar::of([(d(1), a), (d(2), b), (d(3), a)]).is_err());
        assert!(Calendar::of([(d(1), a), (d(1), b)]).is_err());
        let calendar = Calendar::of([(d(5), b), (d(1), a), (d(9), b), (d(1), a)]).expect("calendar");
        assert_eq!(calendar.dates(), [d(1), d(5), d(9)]);
        assert_eq!(calendar.season_day(2), 4);
        assert_eq!(calendar.between(d(2), d(9)), 1..3);
        assert_eq!(calendar.between(d(10), d(20)), 3..3);
    }
}
