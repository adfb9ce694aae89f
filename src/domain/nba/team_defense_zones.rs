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
    games
        .flat_map(|game| [&game.home_team, &game.away_team])
        .collect()
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
        let mut zones = Self {
            games: 0,
            paint: (0, 0),
            mid_range: (0, 0),
            three: (0, 0),
        };
        let add = |sum: &mut (i64, i64), makes: Option<i64>, attempts: i64| {
            sum.0 += makes.unwrap_or(0);
            sum.1 += attempts;
        };
        for game in games {
            let attempts = (
                game.opp_paint_attempts,
                game.opp_mid_range_attempts,
                game.opp_three_zone_attempts,
            );
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
        self.suffice()
            .then(|| rounded(real(sum) / real(count(self.games)), 2))
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
        let zones: Vec<Zones> = teams
            .into_iter()
            .map(|(_, games)| Zones::of(games))
            .filter(Zones::suffice)
            .collect();
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
    let empty: Vec<String> = [
        ("paint", zones.paint),
        ("mid_range", zones.mid_range),
        ("three_pt", zones.three),
    ]
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
    Completeness {
        actual: count(there.count()),
        expected: count(expected.len()),
        not_played: 0,
    }
}

#[expect(
    clippy::too_many_lines,
    reason = "one field a line: the row has more columns than a function should have lines"
)]
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
    let (paint, mid_range, three) = (
        zones.share(zones.paint),
        zones.share(zones.mid_range),
        zones.share(zones.three),
    );
    let edges = [
        against_league(paint, league.paint),
        against_league(mid_range, league.mid_range),
        against_league(three, league.three),
    ];
    let zone_names = extremes(edges);
    let enough = games.len() >= GAMES_MIN;
    let average = |value: fn(&TeamDefense) -> Option<f64>| {
        mean(games.iter().filter_map(|game| value(game)))
            .filter(|_| enough)
            .map(|value| rounded(value, 2))
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
