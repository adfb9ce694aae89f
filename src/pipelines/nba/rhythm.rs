//! The day of the NBA pipeline: US/Eastern, from six in the morning. Declared values only.

use chrono::NaiveTime;

use crate::domain::nba::{season_of, starts};
use crate::flow::{Millis, Rhythm};

const HOUR: Millis = 3_600_000;

const fn time(hour: u32, minute: u32) -> NaiveTime {
    NaiveTime::from_hms_opt(hour, minute, 0).expect("a time of day")
}

/// The day of the NBA pipeline.
pub const NBA_RHYTHM: Rhythm = Rhythm {
    zone: chrono_tz::US::Eastern,
    // No game is under way: the last ones end about half past one, the earliest (abroad) begin at noon. The
    // clocks change at two, so this hour is there once on every date.
    opens: time(6, 0),
    // The latest tip-off that the league plans, for the west coast on national television.
    starts_latest: time(22, 30),
    // Two and a half hours, and an overtime or two.
    lasts: 3 * HOUR,
    // The league corrects its statistics for some days; later corrections are rare and arrive as payloads that
    // somebody lands.
    mornings_again: 3,
    // Who plays for whom, once; bookmakers' offers move all day, and every look at them costs money; teams tell of
    // their players until the games begin, and a look costs a few small requests.
    present: &[("player_index", 24 * HOUR), ("player_props", 2 * HOUR), ("injury_report", HOUR / 4)],
    season: season_of,
    starts,
};
