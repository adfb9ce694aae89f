//! A pipeline's day: whose clock it goes by, when a day opens, when a date's results can be asked for.
//! Pure arithmetic over a moment that the caller gives, safe on the days on which the clocks change.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

use super::date::{Calendar, Date, Season};
use super::inputs::Payload;
use super::outcome::Permanent;
use super::record::Millis;

/// When a pipeline's days begin and end.
#[derive(Debug, Clone, Copy)]
pub struct Rhythm {
    /// Whose clock `opens` and `starts_latest` are read from.
    pub zone: Tz,
    /// When a day opens: it is *today* until the next one opens. The results of the day before must be
    /// there by then; what they have not brought is missing.
    pub opens: NaiveTime,
    /// When the last event of a date begins at the latest, where nobody says when it does.
    pub starts_latest: NaiveTime,
    /// From the beginning of a date's last event until its results are asked for, in milliseconds.
    pub lasts: Millis,
    /// On how many mornings after a date its payloads are fetched again, for corrections.
    pub mornings_again: u16,
    /// Sources that speak of the present alone, each with the milliseconds between two fetches: they are fetched
    /// on their own date, from its opening on, and no more once its first event has begun.
    pub present: &'static [(&'static str, Millis)],
    /// The season that a date belongs to, whether or not there is a schedule of it.
    pub season: fn(Date) -> Season,
    /// When the events of each date begin, as far as the calendar's payloads say it.
    pub starts: fn(&[Payload]) -> Result<Starts, Permanent>,
}

/// The moments at which the first and the last event of each date begin.
pub type Starts = BTreeMap<Date, (Millis, Millis)>;

impl Rhythm {
    /// The moment at which a date opens.
    #[must_use]
    pub fn opening(&self, date: Date) -> Millis {
        self.at(date, self.opens)
    }

    /// The date that is today at this moment: the latest that has opened.
    #[must_use]
    pub fn today(&self, now: Millis) -> Date {
        let local = moment(now).with_timezone(&self.zone).date_naive();
        let date = Date::from(local);
        if self.opening(date) <= now { date } else { date.plus_days(-1) }
    }

    /// The moment from which the date's results can be asked for.
    #[must_use]
    pub fn results(&self, date: Date, starts: &Starts) -> Millis {
        let last = starts.get(&date).map(|(_, last)| *last);
        last.unwrap_or_else(|| self.at(date, self.starts_latest)) + self.lasts
    }

    /// The places in the calendar of the dates up to today, itself included.
    #[must_use]
    pub fn until(calendar: &Calendar, today: Date) -> std::ops::Range<usize> {
        0..calendar.dates().partition_point(|date| *date <= today)
    }

    /// The sources of which something may land before a date's events: the calendar's, and those of the present.
    #[must_use]
    pub fn foretold(&self, calendar_source: &'static str) -> Vec<&'static str> {
        self.present.iter().map(|(source, _)| *source).chain([calendar_source]).collect()
    }

    /// A wall-clock time of the zone on a date. One that the clocks skip is as much later as they skip; one
    /// that comes twice is the first.
    fn at(&self, date: Date, time: NaiveTime) -> Millis {
        let day = NaiveDate::from_epoch_days(date.days()).unwrap_or(NaiveDate::MAX);
        let moment = |day: NaiveDate| self.zone.from_local_datetime(&day.and_time(time)).earliest();
        let found = moment(day).or_else(|| Some(moment(day.pred_opt()?)? + TimeDelta::days(1)));
        found.map_or(Millis::MAX, |found| found.timestamp_millis())
    }
}

fn moment(now: Millis) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(now).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn time(hour: u32, minute: u32) -> NaiveTime {
        NaiveTime::from_hms_opt(hour, minute, 0).expect("a time")
    }

    fn eastern(opens: NaiveTime) -> Rhythm {
        Rhythm {
            zone: chrono_tz::US::Eastern,
            opens,
            starts_latest: time(22, 30),
            lasts: 3 * 3_600_000,
            mornings_again: 3,
            present: &[],
            season: |date| Season::starting(date.year()),
            starts: |_| Ok(Starts::new()),
        }
    }

    fn utc(text: &str) -> Millis {
        DateTime::parse_from_rfc3339(text).expect(text).timestamp_millis()
    }

    fn date(text: &str) -> Date {
        Date::parse(text).expect(text)
    }

    #[test]
    fn a_day_opens_by_the_wall_clock_whatever_the_clocks_do() {
        let cases = [
            ("winter", time(6, 0), "2024-01-26", "2024-01-26T11:00:00Z"),
            ("summer", time(6, 0), "2024-06-17", "2024-06-17T10:00:00Z"),
            ("before the spring change", time(6, 0), "2024-03-09", "2024-03-09T11:00:00Z"),
            ("the spring change", time(6, 0), "2024-03-10", "2024-03-10T10:00:00Z"),
            ("before the autumn change", time(6, 0), "2024-11-02", "2024-11-02T10:00:00Z"),
            ("the autumn change", time(6, 0), "2024-11-03", "2024-11-03T11:00:00Z"),
            ("a time that is skipped", time(2, 30), "2024-03-10", "2024-03-10T07:30:00Z"),
            ("a time that comes twice", time(1, 30), "2024-11-03", "2024-11-03T05:30:00Z"),
        ];
        for (name, opens, day, expected) in cases {
            assert_eq!(eastern(opens).opening(date(day)), utc(expected), "{name}");
        }
    }

    #[test]
    fn today_lasts_from_one_opening_to_the_next() {
        let cases = [
            ("late games past midnight", "2024-01-27T05:30:00Z", "2024-01-26"),
            ("a moment before the opening", "2024-01-27T10:59:59Z", "2024-01-26"),
            ("the opening", "2024-01-27T11:00:00Z", "2024-01-27"),
            ("the night of the spring change", "2024-03-10T09:59:59Z", "2024-03-09"),
            ("the morning of the spring change", "2024-03-10T10:00:00Z", "2024-03-10"),
            ("the hour that comes twice", "2024-11-03T06:30:00Z", "2024-11-02"),
            ("an hour before the opening in autumn", "2024-11-03T10:00:00Z", "2024-11-02"),
            ("the morning of the autumn change", "2024-11-03T11:00:00Z", "2024-11-03"),
        ];
        for (name, now, expected) in cases {
            assert_eq!(eastern(time(6, 0)).today(utc(now)), date(expected), "{name}");
        }
        // Every minute of both nights belongs to exactly one day, and days never go back.
        for night in ["2024-03-10T00:00:00Z", "2024-11-03T00:00:00Z"] {
            let rhythm = eastern(time(6, 0));
            let days: Vec<Date> =
                (0..48 * 60).map(|minute| rhythm.today(utc(night) + minute * 60_000)).collect();
            assert!(days.is_sorted(), "{night}");
            assert_eq!(days.last().expect("a day").days_since(days[0]), 2, "{night}");
        }
    }

    #[test]
    fn results_come_so_long_after_the_last_start() {
        let starts = Starts::from([
            (date("2024-01-26"), (utc("2024-01-27T00:00:00Z"), utc("2024-01-27T03:30:00Z"))),
            // In Paris, in the afternoon.
            (date("2024-01-11"), (utc("2024-01-11T19:00:00Z"), utc("2024-01-11T19:00:00Z"))),
        ]);
        let cases = [
            ("tip-offs that are known", "2024-01-26", "2024-01-27T06:30:00Z"),
            ("a neutral floor", "2024-01-11", "2024-01-11T22:00:00Z"),
            ("nobody knows when", "2024-01-12", "2024-01-13T06:30:00Z"),
            ("past the spring change", "2024-03-09", "2024-03-10T06:30:00Z"),
            ("past the autumn change", "2024-11-02", "2024-11-03T05:30:00Z"),
        ];
        for (name, day, expected) in cases {
            assert_eq!(eastern(time(6, 0)).results(date(day), &starts), utc(expected), "{name}");
        }
    }

    #[test]
    fn only_dates_up_to_today_can_be_known() {
        let days = ["2024-01-24", "2024-01-26", "2024-01-28"];
        let calendar = Calendar::of(days.map(|day| (date(day), Season::starting(2023)))).expect("calendar");
        for (today, expected) in [("2024-01-23", 0), ("2024-01-25", 1), ("2024-01-26", 2), ("2025-01-01", 3)]
        {
            assert_eq!(Rhythm::until(&calendar, date(today)), 0..expected, "{today}");
        }
    }
}
