//! How teams defended, by zone, over their last 15 games, and how that compares with the league.
//! Pure; every game that is handed in lies before the date.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::flow::Date;

use super::completeness::Completeness;
use super::history::{DefenseHistory, TeamSchedule, Units, last, since};
use super::player_context::sample_quality;
use super::rows_schedule::ScheduledGame;
use super::rows_team_defense::TeamDefense;
use super::rows_team_defense_zones::TeamDefenseZones;
use super::statistics::{count, mean, ratio, real, rounded};

/// Games in the window.
const WINDOW: usize = 15;
/// Fewer games than this tell nothing; also charted games, for the zones and for the league's mean.
pub(super) const GAMES_MIN: usize = 5;
/// Teams that the league's mean needs.
const LEAGUE_TEAMS_MIN: usize = 10;
/// Days of the league's mean.
const LEAGUE_DAYS: i32 = 30;

/// All that a date's rows are made from.
pub struct ZonesInput<'a> {
    /// The date.
    pub date: Date,
    /// The civil year in which its season starts.
    pub season_year: i64,
    /// The season's schedule, the date included.
    pub schedule: &'a Units<'a, ScheduledGame>,
    /// A2 of the season before the date.
    pub defense: &'a Units<'a, TeamDefense>,
    /// Accepted gaps, as issues.
    pub gaps: Arc<[Arc<str>]>,
}

/// One row for each team that the season's schedule has up to the date, in order of team.
#[must_use]
pub fn team_defense_zones(input: &ZonesInput<'_>) -> Vec<TeamDefenseZones> {
    let schedule = TeamSchedule::by_team(input.schedule);
    let defense = DefenseHistory::of(input.defense, |row| &*row.defending_team_abbr);
    let league = League::of(since(input.defense, input.date.plus_days(-LEAGUE_DAYS)));
    teams(input.schedule)
        .into_iter()
        .map(|team| {
            let key = &&**team;
            row(input, team, schedule.get(key), defense.get(key), &league)
        })
        .collect()
}

/// All teams of these games, in order.
#[must_use]
pub(super) fn teams<'a>(schedule: &Units<'a, ScheduledGame>) -> BTreeSet<&'a Arc<str>> {
    let games = schedule.iter().flat_map(|(_, games)| games.iter());
    games.flat_map(|game| [&game.home_team, &game.away_team]).collect()
}

/// Sums over the games that have a shot chart: (makes, attempts) of a zone.
struct Zones {
    games: usize,
    paint: (i64, i64),
    mid_range: (i64, i64),
    three: (i64, i64),
}

impl Zones {
    fn of(games: &[&TeamDefense]) -> Self {
        let mut zones = Self { games: 0, paint: (0, 0), mid_range: (0, 0), three: (0, 0) };
        let add = |sum: &mut (i64, i64), makes: Option<i64>, attempts: i64| {
            sum.0 += makes.unwrap_or(0);
            sum.1 += attempts;
        };
        for game in games {
            let attempts =
                (game.opp_paint_attempts, game.opp_mid_range_attempts, game.opp_three_zone_attempts);
            if let (Some(paint), Some(mid_range), Some(three)) = attempts {
                zones.games += 1;
                add(&mut zones.paint, game.opp_paint_makes, paint);
                add(&mut zones.mid_range, game.opp_mid_range_makes, mid_range);
                add(&mut zones.three, game.opp_three_zone_makes, three);
            }
        }
        zones
    }

    /// Whether there are enough games to speak of shares.
    fn suffice(&self) -> bool {
        self.games >= GAMES_MIN
    }

    fn share(&self, (makes, attempts): (i64, i64)) -> Option<f64> {
        ratio(makes, attempts).filter(|_| self.suffice())
    }

    fn per_game(&self, sum: i64) -> Option<f64> {
        self.suffice().then(|| rounded(real(sum) / real(count(self.games)), 2))
    }
}

/// The league's shares allowed: unrounded means over teams.
struct League {
    paint: Option<f64>,
    mid_range: Option<f64>,
    three: Option<f64>,
}

impl League {
    fn of(month: &Units<'_, TeamDefense>) -> Self {
        let history = DefenseHistory::of(month, |row| &*row.defending_team_abbr);
        let mut teams: Vec<_> = history.iter().collect();
        teams.sort_unstable_by_key(|(team, _)| **team);
        let zones: Vec<Zones> =
            teams.into_iter().map(|(_, games)| Zones::of(games)).filter(Zones::suffice).collect();
        let average = |zone: fn(&Zones) -> (i64, i64)| {
            mean(zones.iter().filter_map(|team| team.share(zone(team))))
                .filter(|_| zones.len() >= LEAGUE_TEAMS_MIN)
        };
        Self {
            paint: average(|team| team.paint),
            mid_range: average(|team| team.mid_range),
            three: average(|team| team.three),
        }
    }
}

/// A zone's share less the league's, in percentage points.
fn against_league(share: Option<f64>, league: Option<f64>) -> Option<f64> {
    Some(rounded((share? - league?) * 100.0, 2))
}

/// The names of the best and the worst defended zone; ties go to the first in the order paint,
/// mid-range, perimeter. Null unless all three are known.
fn extremes(edges: [Option<f64>; 3]) -> Option<(&'static str, &'static str)> {
    let names = ["paint", "mid_range", "perimeter"];
    let [Some(paint), Some(mid_range), Some(three)] = edges else {
        return None;
    };
    let values = [paint, mid_range, three];
    let (mut best, mut worst) = (0, 0);
    for at in 1..values.len() {
        if values[at] < values[best] {
            best = at;
        }
        if values[at] > values[worst] {
            worst = at;
        }
    }
    Some((names[best], names[worst]))
}

fn notes(zones: &Zones) -> Option<Arc<str>> {
    let empty: Vec<String> =
        [("paint", zones.paint), ("mid_range", zones.mid_range), ("three_pt", zones.three)]
            .iter()
            .filter(|(_, (_, attempts))| *attempts == 0)
            .map(|(name, _)| format!("No {name} attempts"))
            .collect();
    (!empty.is_empty()).then(|| empty.join("; ").into())
}

fn completeness(date: Date, planned: &[&ScheduledGame], games: &[&TeamDefense]) -> Completeness {
    let before = planned.partition_point(|game| game.game_date < date);
    let expected = last(&planned[..before], WINDOW);
    let there = expected.iter().filter(|planned| {
        let same = |game: &&&TeamDefense| game.game_date == planned.game_date;
        games.iter().rev().find(same).is_some()
    });
    Completeness { actual: count(there.count()), expected: count(expected.len()), not_played: 0 }
}

fn row(
    input: &ZonesInput<'_>,
    team: &Arc<str>,
    planned: &[&ScheduledGame],
    season: &[&TeamDefense],
    league: &League,
) -> TeamDefenseZones {
    let games = last(season, WINDOW);
    let zones = Zones::of(games);
    let complete = completeness(input.date, planned, season);
    let (paint, mid_range, three) =
        (zones.share(zones.paint), zones.share(zones.mid_range), zones.share(zones.three));
    let edges = [
        against_league(paint, league.paint),
        against_league(mid_range, league.mid_range),
        against_league(three, league.three),
    ];
    let zone_names = extremes(edges);
    let enough = games.len() >= GAMES_MIN;
    let average = |value: fn(&TeamDefense) -> Option<f64>| {
        mean(games.iter().filter_map(|game| value(game))).filter(|_| enough).map(|value| rounded(value, 2))
    };
    let share = |value: Option<f64>| value.map(|value| rounded(value, 4));
    TeamDefenseZones {
        team_abbr: Arc::clone(team),
        analysis_date: input.date,
        season_year: input.season_year,
        games_in_sample: count(games.len()),
        zone_games_in_sample: count(zones.games),
        paint_pct_allowed_last_15: share(paint),
        mid_range_pct_allowed_last_15: share(mid_range),
        three_pt_pct_allowed_last_15: share(three),
        paint_attempts_allowed_per_game: zones.per_game(zones.paint.1),
        mid_range_attempts_allowed_per_game: zones.per_game(zones.mid_range.1),
        three_pt_attempts_allowed_per_game: zones.per_game(zones.three.1),
        paint_points_allowed_per_game: zones.per_game(2 * zones.paint.0),
        paint_blocks_per_game: None,
        mid_range_blocks_per_game: None,
        three_pt_blocks_per_game: None,
        paint_defense_vs_league_avg: edges[0],
        mid_range_defense_vs_league_avg: edges[1],
        three_pt_defense_vs_league_avg: edges[2],
        league_avg_paint_pct: share(league.paint),
        league_avg_mid_range_pct: share(league.mid_range),
        league_avg_three_pt_pct: share(league.three),
        defensive_rating_last_15: average(|game| game.defensive_rating),
        opponent_pace: average(|game| game.opponent_pace),
        opponent_points_per_game: average(|game| Some(real(game.points_allowed))),
        strongest_zone: zone_names.map(|(best, _)| best.into()),
        weakest_zone: zone_names.map(|(_, worst)| worst.into()),
        data_quality_tier: match games.len() {
            WINDOW.. => "high",
            10..WINDOW => "medium",
            _ => "low",
        }
        .into(),
        sample_quality: sample_quality(games.len(), WINDOW).into(),
        calculation_notes: notes(&zones),
        expected_games_count: complete.expected,
        actual_games_count: complete.actual,
        missing_games_count: complete.missing(),
        completeness_percentage: complete.percentage(),
        data_quality_issues: Arc::clone(&input.gaps),
        is_production_ready: enough && complete.is_ready(),
        early_season_flag: season.len() < WINDOW,
        insufficient_data_reason: (!enough)
            .then(|| format!("games_in_sample:{}/{GAMES_MIN}", games.len()).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;

    fn charted(day: i32, team: &str, makes: i64) -> TeamDefense {
        TeamDefense {
            opp_paint_attempts: Some(40),
            opp_paint_makes: Some(makes),
            opp_mid_range_attempts: Some(10),
            opp_mid_range_makes: Some(4),
            opp_three_zone_attempts: Some(30),
            opp_three_zone_makes: Some(12),
            ..fixture::team_defense(Date::from_days(day), team, 110.0)
        }
    }

    #[test]
    fn only_charted_games_count_for_zones() {
        let plain = |day| fixture::team_defense(Date::from_days(day), "AAA", 120.0);
        let of = |games: &[TeamDefense]| {
            let games: Vec<&TeamDefense> = games.iter().collect();
            Zones::of(&games)
        };
        let five: Vec<_> = (0..5).map(|day| charted(day, "AAA", 20)).chain([plain(6)]).collect();
        let zones = of(&five);
        assert_eq!(zones.games, 5);
        assert_eq!(zones.share(zones.paint), Some(0.5));
        assert_eq!(zones.per_game(zones.paint.1), Some(40.0), "per charted game, not per game");
        let four = of(&five[..4]);
        assert_eq!((four.games, four.share(four.paint)), (4, None));
        assert_eq!(
            notes(&of(&[plain(1)])).as_deref(),
            Some("No paint attempts; No mid_range attempts; No three_pt attempts")
        );
    }

    #[test]
    fn a_defence_is_compared_with_a_league_of_ten_teams() {
        let names: Vec<String> = (0..10).map(|team| format!("T{team}")).collect();
        let units: Vec<(Date, Vec<TeamDefense>)> = (0..5)
            .map(|day| {
                let rows = names.iter().enumerate();
                let row = |(at, team): (usize, &String)| charted(day, team, 16 + at as i64);
                (Date::from_days(day), rows.map(row).collect())
            })
            .collect();
        let whole: Vec<(Date, &[TeamDefense])> =
            units.iter().map(|(day, rows)| (*day, rows.as_slice())).collect();
        let league = League::of(&whole);
        assert_eq!(league.paint.map(|share| rounded(share, 4)), Some(0.5125));
        assert_eq!(against_league(Some(0.4), league.paint), Some(-11.25));
        let nine: Vec<(Date, &[TeamDefense])> = units.iter().map(|(day, rows)| (*day, &rows[1..])).collect();
        assert_eq!(League::of(&nine).paint, None, "nine teams are no league");
    }

    #[test]
    fn the_weakest_zone_is_where_most_is_allowed_against_the_league() {
        let cases = [
            ([Some(-2.0), Some(1.0), Some(3.0)], Some(("paint", "perimeter"))),
            ([Some(1.0), Some(-4.0), Some(0.5)], Some(("mid_range", "paint"))),
            ([Some(1.0), Some(1.0), Some(1.0)], Some(("paint", "paint"))),
            ([Some(1.0), None, Some(0.5)], None),
        ];
        for (edges, expected) in cases {
            assert_eq!(extremes(edges), expected, "{edges:?}");
        }
    }

    #[test]
    fn too_few_games_are_null_and_say_so() {
        let day = Date::from_days;
        let games: Vec<_> = (0..5).map(|at| [fixture::game(day(at), "AAA", "BBB")]).collect();
        let schedule: Vec<_> = games.iter().map(|g| (g[0].game_date, g.as_slice())).collect();
        let rows: Vec<_> = (0..4).map(|at| [charted(at, "AAA", 20)]).collect();
        let defense: Vec<_> = rows.iter().map(|r| (r[0].game_date, r.as_slice())).collect();
        let found = team_defense_zones(&ZonesInput {
            date: day(4),
            season_year: 2023,
            schedule: &schedule,
            defense: &defense,
            gaps: [].into(),
        });
        let teams: Vec<&str> = found.iter().map(|row| &*row.team_abbr).collect();
        assert_eq!(teams, ["AAA", "BBB"]);
        let (short, absent) = (&found[0], &found[1]);
        assert_eq!((short.games_in_sample, short.defensive_rating_last_15), (4, None));
        assert_eq!(short.insufficient_data_reason.as_deref(), Some("games_in_sample:4/5"));
        assert_eq!((short.expected_games_count, short.completeness_percentage), (4, Some(100.0)));
        assert_eq!((absent.missing_games_count, absent.is_production_ready), (4, false));
    }
}
