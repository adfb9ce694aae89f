//! WHAT IS DUE, AND WHEN. A plain state machine: told the moment, the calendar, what has landed and how each
//! fetch ended, it answers what is to be done now, in order, and when to look again. No IO, no clock.
//!
//! What was done is derived, never remembered on its own: a date's results are there if its payloads have
//! landed, and what the cascade owes is what a plan finds. What is kept here, when a payload was last looked
//! at, only spares requests: after a restart it is looked at once more, with the same answer. So whatever was
//! missed, by a crash or in a machine's sleep, is due as soon as somebody asks again.

use std::collections::BTreeMap;

use crate::flow::{Calendar, Date, Millis, Rhythm, Season, Starts};

const MINUTE: Millis = 60_000;

/// How long after a failed fetch it is tried again, doubled with each failure in a row: the upstream may be
/// down for days, and a game may go into its third overtime.
const RETRY_FIRST: Millis = 5 * MINUTE;
/// The longest of these waits: an outage that ends is noticed within the hour.
const RETRY_LONGEST: Millis = 60 * MINUTE;

/// Something that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Due {
    /// Fetch the season's schedule: games are moved, and others are added.
    Schedule(Season),
    /// Fetch a source's payload of a date: for the first time, or to see whether it was corrected.
    Payload {
        /// The date.
        date: Date,
        /// The source.
        source: &'static str,
    },
    /// Open the day: everything that can be known before its games is made, and what the days before have
    /// not brought is missing.
    Day(Date),
}

/// What has landed of a source's date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Landed {
    /// Nothing, and nobody has said that the source has nothing.
    Not,
    /// Its payload, or that there is none: taken over by the cascade then, or not yet.
    Since(Option<Millis>),
}

/// What the scheduler must know of the world to say what is due.
pub struct Outlook<'a> {
    /// The dates that exist.
    pub calendar: &'a Calendar,
    /// When their events begin, as far as it is known.
    pub starts: &'a Starts,
    /// The sources that are fetched date by date.
    pub sources: &'a [&'static str],
    /// What has landed of a source's date.
    pub landed: &'a dyn Fn(&'static str, Date) -> Landed,
}

/// How the last looks at something went.
#[derive(Debug, Clone, Copy, Default)]
struct Looked {
    /// When it was last done, or found as it was.
    well: Option<Millis>,
    /// Failures in a row since.
    failures: u32,
    /// When it failed last, and when it is to be tried again.
    failed: Millis,
    not_before: Millis,
}

/// Something that is to be done, if it was not since then.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    due: Due,
    from: Millis,
    /// Whether a failure is tried again before it is wanted anew.
    is_tried_again: bool,
}

/// The state machine.
pub struct Scheduler {
    rhythm: Rhythm,
    opened: Option<Date>,
    looked: BTreeMap<Due, Looked>,
}

impl Scheduler {
    /// Of a pipeline's day; nothing was looked at yet.
    #[must_use]
    pub fn new(rhythm: Rhythm) -> Self {
        Self { rhythm, opened: None, looked: BTreeMap::new() }
    }

    /// What is due now, in the order in which it is to be done: the schedule first, then payloads, the oldest
    /// date first, then the day. Nothing is due of dates after today.
    #[must_use]
    pub fn due(&self, now: Millis, outlook: &Outlook<'_>) -> Vec<Due> {
        let wanted = self.wanted(now, outlook).into_iter();
        wanted.filter(|wanted| self.moment(*wanted) <= now).map(|wanted| wanted.due).collect()
    }

    /// The next moment after `now` at which something may be due.
    #[must_use]
    pub fn next(&self, now: Millis, outlook: &Outlook<'_>) -> Millis {
        let tomorrow = self.rhythm.opening(self.rhythm.today(now).plus_days(1));
        let wanted = self.wanted(now, outlook).into_iter().chain(self.wanted(tomorrow, outlook));
        let moments = wanted.map(|wanted| self.moment(wanted)).filter(|moment| *moment > now);
        let opening = self.rhythm.opening(self.rhythm.today(now));
        let fetched = self.rhythm.present.iter().filter(|(source, _)| outlook.sources.contains(source));
        let looks = fetched.map(|(_, every)| opening + ((now - opening) / every + 1) * every);
        moments.chain(looks).min().unwrap_or(tomorrow).min(tomorrow)
    }

    /// Something that was due has been done.
    pub fn succeeded(&mut self, due: Due, at: Millis) {
        if let Due::Day(date) = due {
            self.opened = Some(date);
        }
        self.looked.insert(due, Looked { well: Some(at), ..Looked::default() });
    }

    /// Something that was due did not work; it is due again after a while. How many times it has failed in a
    /// row.
    pub fn failed(&mut self, due: Due, at: Millis) -> u32 {
        let looked = self.looked.entry(due).or_default();
        let wait = RETRY_LONGEST.min(RETRY_FIRST << looked.failures.min(10));
        looked.failures += 1;
        (looked.failed, looked.not_before) = (at, at + wait);
        looked.failures
    }

    /// Everything that is, or will be, wanted by this moment if nothing more is done.
    fn wanted(&self, by: Millis, outlook: &Outlook<'_>) -> Vec<Wanted> {
        let today = self.rhythm.today(by);
        let mut wanted = self.schedules(by, today, outlook);
        for at in Rhythm::until(outlook.calendar, today) {
            let date = outlook.calendar.date(at);
            let results = self.rhythm.results(date, outlook.starts);
            for source in outlook.sources {
                let due = Due::Payload { date, source };
                let present = self.rhythm.present.iter().find(|(name, _)| name == source);
                let from = match ((outlook.landed)(source, date), present) {
                    (_, Some((_, every))) => self.present(date, by, *every, outlook.starts),
                    (Landed::Not, None) => Some(results),
                    (Landed::Since(since), None) => self.morning_after(due, date, today, since),
                };
                wanted.extend(from.map(|from| Wanted { due, from, is_tried_again: true }));
            }
        }
        wanted.push(Wanted { due: Due::Day(today), from: self.rhythm.opening(today), is_tried_again: true });
        wanted.retain(|wanted| wanted.from <= by);
        wanted
    }

    /// The latest look, by this moment, at a source that speaks of the present alone; `None` on another day, and
    /// once the date's first event has begun.
    fn present(&self, date: Date, by: Millis, every: Millis, starts: &Starts) -> Option<Millis> {
        let opening = self.rhythm.opening(date);
        let tomorrow = self.rhythm.opening(date.plus_days(1));
        let end = starts.get(&date).map_or(tomorrow, |(first, _)| *first);
        let is_wanted = self.rhythm.today(by) == date && opening < end;
        is_wanted.then(|| opening + (by.min(end - 1) - opening) / every * every)
    }

    /// The schedule of the season that is under way or ahead, and of the one in which today lies, where there is
    /// none of it yet.
    /// Every morning, and before a date's results are asked for: a game may have been moved away.
    fn schedules(&self, by: Millis, today: Date, outlook: &Outlook<'_>) -> Vec<Wanted> {
        let Some(latest) = outlook.calendar.len().checked_sub(1).filter(|_| !outlook.sources.is_empty())
        else {
            return Vec::new();
        };
        let known = Rhythm::until(outlook.calendar, today);
        let season = outlook.calendar.season(known.end.min(latest));
        let results = known.clone().rev().take(2);
        let results = results.map(|at| self.rhythm.results(outlook.calendar.date(at), outlook.starts));
        let morning = self.rhythm.opening(today);
        let from = results.filter(|moment| *moment <= by).fold(morning, Millis::max);
        let current = Wanted { due: Due::Schedule(season), from, is_tried_again: true };
        // That it is not made yet is no outage: the next morning is soon enough.
        let present = (self.rhythm.season)(today);
        let due = Due::Schedule(present);
        let is_unknown = present > outlook.calendar.season(latest);
        let next = is_unknown.then_some(Wanted { due, from: morning, is_tried_again: false });
        std::iter::once(current).chain(next).collect()
    }

    /// The latest morning up to today on which a date is to be looked at again; `None` before the first of them,
    /// where it was taken over since, where that is so long ago that nobody knows when, and where it has failed
    /// for as long again as there are mornings: the source will not have it.
    fn morning_after(&self, due: Due, date: Date, today: Date, since: Option<Millis>) -> Option<Millis> {
        let mornings = i32::from(self.rhythm.mornings_again);
        let last = date.plus_days(mornings);
        let morning = self.rhythm.opening(today.min(last));
        let is_wanted = match since {
            Some(since) => since < morning,
            None => today <= last,
        };
        let is_failing = self.looked.get(&due).is_some_and(|looked| looked.failures > 0);
        let is_given_up = is_failing && today > last.plus_days(mornings);
        (today > date && is_wanted && !is_given_up).then_some(morning)
    }

    /// When it is due, given how the last looks went: not again once it was looked at since it was wanted.
    fn moment(&self, Wanted { due, from, is_tried_again }: Wanted) -> Millis {
        if let Due::Day(date) = due
            && self.opened == Some(date)
        {
            return Millis::MAX;
        }
        let looked = self.looked.get(&due).copied().unwrap_or_default();
        let was_done = looked.well.is_some_and(|well| well >= from);
        let has_failed = looked.failures > 0 && looked.failed >= from;
        match (was_done, has_failed, is_tried_again) {
            (true, _, _) | (false, true, false) => Millis::MAX,
            (false, true, true) => looked.not_before,
            (false, false, _) => from,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use chrono::{DateTime, NaiveTime};

    use super::*;

    const LOGS: &str = "logs";
    const SHOTS: &str = "shots";
    const PRESENT: &str = "offers";
    const HOUR: Millis = 60 * MINUTE;

    fn rhythm() -> Rhythm {
        let time = |hour, minute| NaiveTime::from_hms_opt(hour, minute, 0).expect("a time");
        Rhythm {
            zone: chrono_tz::US::Eastern,
            opens: time(6, 0),
            starts_latest: time(22, 30),
            lasts: 3 * HOUR,
            mornings_again: 3,
            present: &[(PRESENT, 2 * HOUR)],
            season: |date| Season::starting(if date.month() >= 9 { date.year() } else { date.year() - 1 }),
            starts: |_| Ok(Starts::new()),
        }
    }

    fn utc(text: &str) -> Millis {
        DateTime::parse_from_rfc3339(text).expect(text).timestamp_millis()
    }

    fn date(text: &str) -> Date {
        Date::parse(text).expect(text)
    }

    fn payload(day: &str, source: &'static str) -> Due {
        Due::Payload { date: date(day), source }
    }

    /// A league that answers: what was fetched has landed, unless the upstream is down or a game is not over.
    struct World {
        scheduler: Scheduler,
        calendar: Calendar,
        starts: Starts,
        landed: BTreeSet<(&'static str, Date)>,
        sources: &'static [&'static str],
        down: Option<(Millis, Millis)>,
        done: Vec<(String, Due)>,
    }

    impl World {
        fn of(days: &[&str]) -> Self {
            let days = days.iter().map(|day| (date(day), Season::starting(2023)));
            Self {
                scheduler: Scheduler::new(rhythm()),
                calendar: Calendar::of(days).expect("calendar"),
                starts: Starts::new(),
                landed: BTreeSet::new(),
                sources: &[LOGS],
                down: None,
                done: Vec::new(),
            }
        }

        fn due(&self, now: Millis) -> (Vec<Due>, Millis) {
            let landed = |source, date| {
                if self.landed.contains(&(source, date)) { Landed::Since(None) } else { Landed::Not }
            };
            let outlook = Outlook {
                calendar: &self.calendar,
                starts: &self.starts,
                sources: self.sources,
                landed: &landed,
            };
            (self.scheduler.due(now, &outlook), self.scheduler.next(now, &outlook))
        }

        /// Does what is due until nothing is due before `until`; answers with what was done when, Eastern.
        fn live(&mut self, from: &str, until: &str) -> Vec<String> {
            let mut now = utc(from);
            self.done.clear();
            while now <= utc(until) {
                let (due, next) = self.due(now);
                for due in due {
                    let is_down = self.down.is_some_and(|(from, to)| (from..to).contains(&now));
                    let is_fetch = !matches!(due, Due::Day(_));
                    if is_down && is_fetch {
                        self.scheduler.failed(due, now);
                        continue;
                    }
                    if let Due::Payload { date, source } = due {
                        self.landed.insert((source, date));
                    }
                    self.scheduler.succeeded(due, now);
                    let local = DateTime::from_timestamp_millis(now).expect("a moment");
                    let local = local.with_timezone(&chrono_tz::US::Eastern).format("%m-%d %H:%M");
                    self.done.push((local.to_string(), due));
                }
                let (due, _) = self.due(now);
                assert!(due.is_empty() || self.down.is_some(), "{due:?} is due again at once");
                assert!(next > now, "time stands still");
                now = next;
            }
            let text = |(at, due): &(String, Due)| match due {
                Due::Schedule(season) => format!("{at} schedule {season}"),
                Due::Payload { date, source } => format!("{at} {source} {date}"),
                Due::Day(date) => format!("{at} day {date}"),
            };
            self.done.iter().map(text).collect()
        }
    }

    fn days_and_logs(done: Vec<String>) -> Vec<String> {
        done.into_iter().filter(|line| !line.contains("schedule")).collect()
    }

    #[test]
    fn a_day_opens_its_results_come_at_night_and_are_looked_at_on_three_mornings() {
        let mut world = World::of(&["2024-01-26", "2024-02-20"]);
        let tip_off = utc("2024-01-27T00:30:00Z");
        world.starts.insert(date("2024-01-26"), (tip_off, tip_off + 2 * HOUR));
        let done = world.live("2024-01-26T11:00:00Z", "2024-01-31T12:00:00Z");
        let expected = [
            "01-26 06:00 schedule 2023-24",
            "01-26 06:00 day 2024-01-26",
            "01-27 00:30 schedule 2023-24",
            "01-27 00:30 logs 2024-01-26",
            "01-27 06:00 schedule 2023-24",
            "01-27 06:00 logs 2024-01-26",
            "01-27 06:00 day 2024-01-27",
            "01-28 06:00 schedule 2023-24",
            "01-28 06:00 logs 2024-01-26",
            "01-28 06:00 day 2024-01-28",
            "01-29 06:00 schedule 2023-24",
            "01-29 06:00 logs 2024-01-26",
            "01-29 06:00 day 2024-01-29",
            "01-30 06:00 schedule 2023-24",
            "01-30 06:00 day 2024-01-30",
            "01-31 06:00 schedule 2023-24",
            "01-31 06:00 day 2024-01-31",
        ];
        assert_eq!(done, expected);
    }

    #[test]
    fn both_changes_of_the_clocks_leave_every_day_its_morning_and_its_night() {
        let cases = [
            ("spring", ["2024-03-08", "2024-03-09", "2024-03-10", "2024-03-11"], "2024-03-08T11:00:00Z"),
            ("autumn", ["2024-11-01", "2024-11-02", "2024-11-03", "2024-11-04"], "2024-11-01T10:00:00Z"),
        ];
        for (name, days, from) in cases {
            let mut world = World::of(&days);
            let until = format!("{}T23:00:00Z", days[3]);
            let done = days_and_logs(world.live(from, &until));
            for (day, next) in days.iter().zip(&days[1..]) {
                let (month_day, next_day) = (&day[5..], &next[5..]);
                assert!(done.contains(&format!("{month_day} 06:00 day {day}")), "{name}: {done:?}");
                // Three hours after half past ten, whatever the clocks say by then.
                let night = format!("{next_day} 01:30 logs {day}");
                assert!(done.contains(&night), "{name}: no `{night}` in {done:?}");
                assert!(done.contains(&format!("{next_day} 06:00 logs {day}")), "{name}: {done:?}");
            }
            let opened: Vec<_> = done.iter().filter(|line| line.contains(" day ")).collect();
            assert_eq!(opened.len(), 4, "{name}: each day once: {opened:?}");
        }
    }

    #[test]
    fn the_hour_that_comes_twice_is_lived_through_once() {
        // A late game whose results are due in the second half past one of the night.
        let mut world = World::of(&["2024-11-02", "2024-11-20"]);
        let tip_off = utc("2024-11-03T03:30:00Z");
        world.starts.insert(date("2024-11-02"), (tip_off, tip_off));
        let done = days_and_logs(world.live("2024-11-02T10:00:00Z", "2024-11-03T10:59:00Z"));
        assert_eq!(done, ["11-02 06:00 day 2024-11-02", "11-03 01:30 logs 2024-11-02"]);
    }

    #[test]
    fn an_outage_is_tried_again_and_the_days_open_nevertheless() {
        let mut world = World::of(&["2024-01-26", "2024-01-27", "2024-01-28", "2024-02-20"]);
        world.down = Some((utc("2024-01-27T05:00:00Z"), utc("2024-01-29T05:00:00Z")));
        let done = days_and_logs(world.live("2024-01-26T11:00:00Z", "2024-01-29T10:00:00Z"));
        let expected = [
            "01-26 06:00 day 2024-01-26",
            "01-27 06:00 day 2024-01-27",
            "01-28 06:00 day 2024-01-28",
            // The hourly tries go on through both nights; the first after the outage brings what was missed.
            "01-29 00:05 logs 2024-01-26",
            "01-29 00:35 logs 2024-01-27",
            "01-29 01:30 logs 2024-01-28",
        ];
        let moments = |lines: &[&str]| lines.iter().map(|line| line[12..].to_owned()).collect::<Vec<_>>();
        let done: Vec<&str> = done.iter().map(String::as_str).collect();
        assert_eq!(moments(&done), moments(&expected), "{done:?}");
    }

    #[test]
    fn what_was_slept_through_is_caught_up_the_oldest_first() {
        let mut world = World::of(&["2024-01-20", "2024-01-24", "2024-01-26", "2024-01-30"]);
        let (due, _) = world.due(utc("2024-01-27T16:00:00Z"));
        let expected = [
            Due::Schedule(Season::starting(2023)),
            payload("2024-01-20", LOGS),
            payload("2024-01-24", LOGS),
            payload("2024-01-26", LOGS),
            Due::Day(date("2024-01-27")),
        ];
        assert_eq!(due, expected);
        // A restart knows nothing of what was looked at: what was taken over before this morning is looked at
        // again if it is of the last three days, and nothing else.
        world.scheduler = Scheduler::new(rhythm());
        let taken_over = utc("2024-01-25T12:00:00Z");
        let (calendar, starts) = (world.calendar.clone(), Starts::new());
        for (name, since, expected) in [
            ("long ago", None, vec![payload("2024-01-24", LOGS), payload("2024-01-26", LOGS)]),
            (
                "before this morning",
                Some(taken_over),
                vec![payload("2024-01-24", LOGS), payload("2024-01-26", LOGS)],
            ),
            ("this morning", Some(utc("2024-01-27T11:00:00Z")), vec![]),
        ] {
            let landed = |_, _| Landed::Since(since);
            let outlook = Outlook { calendar: &calendar, starts: &starts, sources: &[LOGS], landed: &landed };
            let due = world.scheduler.due(utc("2024-01-27T16:00:00Z"), &outlook);
            let payloads: Vec<Due> =
                due.into_iter().filter(|due| matches!(due, Due::Payload { .. })).collect();
            assert_eq!(payloads, expected, "{name}");
        }
    }

    #[test]
    fn a_date_that_has_left_the_calendar_is_asked_for_no_more() {
        let mut world = World::of(&["2024-01-26", "2024-01-30"]);
        world.down = Some((utc("2024-01-27T05:00:00Z"), utc("2024-01-27T11:30:00Z")));
        world.live("2024-01-26T11:00:00Z", "2024-01-27T11:00:00Z");
        let now = utc("2024-01-27T17:00:00Z");
        assert!(world.due(now).0.contains(&payload("2024-01-26", LOGS)));
        let moved = [("2024-01-28"), ("2024-01-30")].map(|day| (date(day), Season::starting(2023)));
        world.calendar = Calendar::of(moved).expect("calendar");
        assert!(!world.due(now).0.contains(&payload("2024-01-26", LOGS)));
        let night = utc("2024-01-29T06:30:00Z");
        assert!(world.due(night).0.contains(&payload("2024-01-28", LOGS)));
    }

    #[test]
    fn what_speaks_of_the_present_is_asked_on_its_day_until_the_first_event() {
        let mut world = World::of(&["2024-01-26", "2024-01-27", "2024-02-20"]);
        world.sources = &[PRESENT];
        let tip_off = utc("2024-01-26T17:00:00Z");
        world.starts.insert(date("2024-01-26"), (tip_off, tip_off));
        let done = world.live("2024-01-26T11:00:00Z", "2024-01-27T12:00:00Z");
        let done: Vec<&String> = done.iter().filter(|line| line.contains(PRESENT)).collect();
        let expected = [
            "01-26 06:00 offers 2024-01-26",
            "01-26 08:00 offers 2024-01-26",
            "01-26 10:00 offers 2024-01-26",
            "01-27 06:00 offers 2024-01-27",
        ];
        assert_eq!(done, expected.each_ref());
    }

    #[test]
    fn nothing_is_fetched_where_nobody_fetches() {
        let mut world = World::of(&["2024-01-26", "2024-01-27"]);
        world.sources = &[];
        let done = world.live("2024-01-26T11:00:00Z", "2024-01-28T12:00:00Z");
        let expected =
            ["01-26 06:00 day 2024-01-26", "01-27 06:00 day 2024-01-27", "01-28 06:00 day 2024-01-28"];
        assert_eq!(done, expected);
    }

    #[test]
    fn in_the_autumn_the_new_seasons_schedule_is_asked_for() {
        let mut world = World::of(&["2024-06-17"]);
        world.sources = &[LOGS, SHOTS];
        let done = world.live("2024-06-18T10:00:00Z", "2024-06-18T12:00:00Z");
        let expected = [
            "06-18 06:00 schedule 2023-24",
            "06-18 06:00 logs 2024-06-17",
            "06-18 06:00 shots 2024-06-17",
            "06-18 06:00 day 2024-06-18",
        ];
        assert_eq!(done, expected);
        let done = world.live("2024-09-01T10:00:00Z", "2024-09-01T12:00:00Z");
        assert_eq!(done[..2], ["09-01 06:00 schedule 2023-24", "09-01 06:00 schedule 2024-25"]);
    }

    #[test]
    fn waits_between_failures_double_up_to_an_hour() {
        let mut scheduler = Scheduler::new(rhythm());
        let due = payload("2024-01-26", LOGS);
        let wanted = |from| Wanted { due, from, is_tried_again: true };
        let mut now = 0;
        let mut waits = Vec::new();
        for failures in 1..=7 {
            assert_eq!(scheduler.failed(due, now), failures);
            let next = scheduler.moment(wanted(0));
            waits.push((next - now) / MINUTE);
            now = next;
        }
        assert_eq!(waits, [5, 10, 20, 40, 60, 60, 60]);
        scheduler.succeeded(due, now);
        let moments = (scheduler.moment(wanted(now)), scheduler.moment(wanted(now + 1)));
        assert_eq!(moments, (Millis::MAX, now + 1));
    }

    #[test]
    fn what_a_source_will_not_have_is_given_up() {
        // Taken over as missing on the morning after; every look again fails.
        let calendar = World::of(&["2024-01-26", "2024-03-01"]).calendar;
        let taken_over = utc("2024-01-27T11:00:01Z");
        let landed = |_, _| Landed::Since(Some(taken_over));
        let starts = Starts::new();
        let outlook = Outlook { calendar: &calendar, starts: &starts, sources: &[SHOTS], landed: &landed };
        let mut scheduler = Scheduler::new(rhythm());
        let (mut now, mut asked) = (taken_over, Vec::new());
        while now < utc("2024-02-10T00:00:00Z") {
            for due in scheduler.due(now, &outlook) {
                if let Due::Payload { .. } = due {
                    asked.push(now);
                    scheduler.failed(due, now);
                } else {
                    scheduler.succeeded(due, now);
                }
            }
            now = scheduler.next(now, &outlook);
        }
        assert_eq!(asked.first(), Some(&utc("2024-01-28T11:00:00Z")));
        let last = asked.last().copied().expect("some");
        assert!((utc("2024-02-01T12:00:00Z")..utc("2024-02-02T11:00:00Z")).contains(&last), "{last}");
        assert!(
            asked.windows(2).all(|pair| pair[1] - pair[0] <= RETRY_LONGEST),
            "at least hourly until then"
        );
    }

    #[test]
    fn a_schedule_that_is_not_made_yet_is_asked_for_once_a_morning() {
        let mut world = World::of(&["2024-06-17"]);
        world.down = Some((utc("2024-09-11T00:00:00Z"), utc("2024-09-13T00:00:00Z")));
        world.live("2024-09-10T10:00:00Z", "2024-09-11T09:00:00Z");
        let next = Due::Schedule(Season::starting(2024));
        let mut asked = 0;
        let mut now = utc("2024-09-11T10:00:00Z");
        while now < utc("2024-09-13T00:00:00Z") {
            let (due, _) = world.due(now);
            asked += due.iter().filter(|due| **due == next).count();
            due.into_iter().for_each(|due| {
                world.scheduler.failed(due, now);
            });
            now = world.due(now).1;
        }
        assert_eq!(asked, 2);
    }
}
