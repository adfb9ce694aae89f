//! The league's injury reports, which are printed every quarter of an hour (before the end of 2025: every hour) under
//! a name that says when. The payload of a date is the last report from before its first tip-off, also where it is
//! asked for years later; so nobody knows more of a date afterwards than one could have known in time.

use chrono::{DateTime, NaiveDate, TimeZone, Timelike, Utc};
use tracing::{debug, warn};

use super::error::FetchError;
use super::hosts::Host;
use super::requests::{Form, Request, SCHEDULE, present_place};
use super::{HOUR, LiveUpstream, moment};
use crate::adapters::sources::INJURY_REPORT;
use crate::fleet::{Fetched, Millis, Source};
use crate::flow::{Date, Failure, PartAnswer, Payload};

const QUARTER: Millis = HOUR / 4;

/// So many names are tried, from the last one that may be there backwards: three hours of quarters, half a day of
/// hours.
const TRIES: usize = 12;

/// The first date whose reports have the minute in their name, and come every quarter of an hour. On that day both
/// kinds were printed.
const QUARTERS_FROM: NaiveDate = NaiveDate::from_ymd_opt(2025, 12, 22).expect("a date");

/// Where the schedule does not say when a date's first game begins: none has ever begun before noon in the east.
const NOON: u32 = 12;

/// How long before the first tip-off a date's last report is made. It is out well before the last look of a morning,
/// whenever in a quarter of an hour that looks: so a morning has the same one as whoever asks years later.
const BEFORE_FIRST_GAME: Millis = 2 * QUARTER;

impl LiveUpstream {
    /// Fetches the last report from before the date's first game that there is by now. A PDF that cannot be read is
    /// passed over for the one before, and is the failure only where none can; whoever answers with anything else than a
    /// PDF is not asked for another name.
    pub(super) async fn fetch_injury_report(&self, date: Date) -> Result<Fetched, Failure> {
        let due = self.due(date).await?;
        let Some(first) = due.first() else { return Err(FetchError::NoGames { date }.into()) };
        let calendar = self.zone.payloads(SCHEDULE, date).await?.there().unwrap_or_default();
        let starts = (self.settings.intake.starts)(&calendar).map_err(FetchError::Schedule)?;
        let begins = starts.get(&date).map_or_else(|| noon(date), |(first, _)| *first);
        let place = present_place(INJURY_REPORT, first.season, date);
        let checked = self.checked(&place).await?;
        let has_landed = self.zone.stamp(INJURY_REPORT, date).await?.there().is_some();
        let is_final = checked.as_ref().map_or(has_landed, |checked| checked.at >= begins);
        if self.clock.now() >= begins && is_final && !self.settings.force {
            return Ok(Fetched::Unchanged);
        }
        let fits = |payload: &Payload| {
            let answer = PartAnswer { source: INJURY_REPORT, date, part: "", payload, calendar: &calendar };
            (self.settings.intake.answer_fits)(answer)
        };
        let mut unreadable = None;
        for path in names((begins - BEFORE_FIRST_GAME).min(self.clock.now()) + 1).take(TRIES) {
            // The one that has landed is the last one still. It never changes: a later one has another name.
            if let Some(known) = checked.as_ref().filter(|known| known.path.as_ref() == Some(&path))
                && !self.settings.force
            {
                let at = self.clock.now();
                let known = super::Checked { at, ..known.clone() };
                self.note(&place, known).await?;
                return Ok(Fetched::Unchanged);
            }
            let request = Request { host: Host::Print, form: Form::Pdf, path, query: Vec::new() };
            match self.bring(&request, &place, None, &fits).await {
                Err(FetchError::NotThere { .. }) => {}
                Err(
                    error @ (FetchError::Damaged { .. }
                    | FetchError::Incomplete { .. }
                    | FetchError::Faulty { .. }),
                ) => {
                    warn!(%date, %error, "an injury report cannot be read; the one before is asked for");
                    unreadable.get_or_insert(error);
                }
                Err(error) => return Err(unreadable.unwrap_or(error).into()),
                Ok(fetched) => return Ok(fetched),
            }
        }
        if let Some(error) = unreadable {
            return Err(error.into());
        }
        debug!(%date, begins = moment(begins, "%Y-%m-%dT%H:%M:%SZ"), "no injury report before the first game");
        Ok(if has_landed { Fetched::Unchanged } else { Fetched::Nothing })
    }
}

/// The names of the reports from before a moment, the last one first, without end.
fn names(before: Millis) -> impl Iterator<Item = String> {
    let last = (before - 1).div_euclid(QUARTER);
    (0..).flat_map(move |back| {
        let at = DateTime::<Utc>::from_timestamp_millis((last - back) * QUARTER)
            .unwrap_or(DateTime::<Utc>::MIN_UTC);
        let local = at.with_timezone(&chrono_tz::US::Eastern);
        let day = local.date_naive();
        let quarter = (day >= QUARTERS_FROM).then(|| local.format("%Y-%m-%d_%I_%M%p").to_string());
        // The report of half past is named after the hour alone.
        let hour =
            (day <= QUARTERS_FROM && local.minute() == 30).then(|| local.format("%Y-%m-%d_%I%p").to_string());
        quarter.into_iter().chain(hour).map(|name| format!("/referee/injury/Injury-Report_{name}.pdf"))
    })
}

fn noon(date: Date) -> Millis {
    let day = NaiveDate::from_epoch_days(date.days()).unwrap_or(NaiveDate::MAX);
    let noon = day.and_hms_opt(NOON, 0, 0).unwrap_or_default();
    chrono_tz::US::Eastern.from_local_datetime(&noon).earliest().map_or(0, |at| at.timestamp_millis())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_backwards_from_the_tip_off_in_the_form_of_their_time() {
        let utc = |text: &str| DateTime::parse_from_rfc3339(text).expect(text).timestamp_millis();
        let cases = [
            // Quarter hours; the report of the tip-off itself is none from before it.
            ("2026-01-14T00:00:00Z", ["2026-01-13_06_45PM", "2026-01-13_06_30PM", "2026-01-13_06_15PM"]),
            ("2026-01-14T00:10:00Z", ["2026-01-13_07_00PM", "2026-01-13_06_45PM", "2026-01-13_06_30PM"]),
            ("2026-01-13T05:20:00Z", ["2026-01-13_12_15AM", "2026-01-13_12_00AM", "2026-01-12_11_45PM"]),
            // Hours: `05PM` is the report of half past five.
            ("2024-01-27T00:10:00Z", ["2024-01-26_06PM", "2024-01-26_05PM", "2024-01-26_04PM"]),
            ("2024-01-26T23:30:00Z", ["2024-01-26_05PM", "2024-01-26_04PM", "2024-01-26_03PM"]),
            ("2024-07-01T17:30:00.001Z", ["2024-07-01_01PM", "2024-07-01_12PM", "2024-07-01_11AM"]),
            // The day between.
            ("2025-12-22T23:40:00Z", ["2025-12-22_06_30PM", "2025-12-22_06PM", "2025-12-22_06_15PM"]),
        ];
        for (before, expected) in cases {
            let found: Vec<String> = names(utc(before)).take(3).collect();
            let expected = expected.map(|name| format!("/referee/injury/Injury-Report_{name}.pdf"));
            assert_eq!(found, expected, "{before}");
        }
    }

    #[test]
    fn noon_is_noon_in_the_east() {
        let date = |text: &str| Date::parse(text).expect(text);
        assert_eq!(moment(noon(date("2026-01-13")), "%H:%M"), "17:00");
        assert_eq!(moment(noon(date("2024-06-17")), "%H:%M"), "16:00");
    }
}
