//! The features of a date's players: each slot from the row that has it, with its source.
//! Pure; the rows and games that are handed in hold nothing of the date's outcome, so neither do these.

use std::sync::Arc;

use super::completeness::BoxScoreDates;
use super::features::{
    FEATURES, Feature, Source, SourceCodes, VERSION, Vector, minutes_change, names, quality_tier,
    recent_trend, rest_advantage,
};
use super::gaps::gaps_of;
use super::history::{Keyed, OffenseHistory, PlayerHistory, Units, last};
use super::injury::InjuryStatus;
use super::rows_composite_factors::CompositeFactors;
use super::rows_feature_store::FeatureRow;
use super::rows_player_cache::PlayerCache;
use super::rows_player_context::PlayerContext;
use super::rows_player_game::PlayerGame;
use super::rows_player_shot_zones::PlayerShotZones;
use super::rows_team_defense_zones::TeamDefenseZones;
use super::rows_team_offense::TeamOffense;
use super::season::is_playoffs;
use super::statistics::{count, mean, ratio, real, rounded};

/// Games below which free throws and wins tell nothing.
const GAMES_MIN: usize = 5;

/// All that a date's rows are made from.
pub struct FeatureInput<'a> {
    /// A4 of the date: the population.
    pub contexts: &'a [PlayerContext],
    /// P1 of the date.
    pub defense_zones: &'a [TeamDefenseZones],
    /// P2 of the date.
    pub shot_zones: &'a [PlayerShotZones],
    /// P3 of the date.
    pub caches: &'a [PlayerCache],
    /// P4 of the date.
    pub factors: &'a [CompositeFactors],
    /// A3 of the season before the date.
    pub players: &'a Units<'a, PlayerGame>,
    /// A1 of the season before the date.
    pub offense: &'a Units<'a, TeamOffense>,
    /// Accepted gaps, as issues.
    pub gaps: Arc<[Arc<str>]>,
}

/// One row for each context, in their order.
#[must_use]
pub fn feature_rows(input: &FeatureInput<'_>) -> Vec<FeatureRow> {
    let players = PlayerHistory::of(input.players, |row| row.player_id);
    let offense = OffenseHistory::of(input.offense, |row| &*row.team_abbr);
    let boxes = BoxScoreDates::of(input.players);
    let defenses: Keyed<&str, &TeamDefenseZones> =
        input.defense_zones.iter().map(|row| (&*row.team_abbr, row)).collect();
    let shots = by_player(input.shot_zones, |row| row.player_id);
    let caches = by_player(input.caches, |row| row.player_id);
    let factors = by_player(input.factors, |row| row.player_id);
    let shared = Shared { names: names(), codes: SourceCodes::new() };
    input
        .contexts
        .iter()
        .map(|context| {
            let id = &context.player_id;
            let beside = Beside {
                games: players.get(id),
                team: offense.get(&&*context.team_abbr),
                boxes: &boxes,
                cache: caches.get(id).copied(),
                factors: factors.get(id).copied(),
                shots: shots.get(id).copied(),
                defense: defenses.get(&*context.opponent_team_abbr).copied(),
            };
            row(context, &beside, &shared, &input.gaps)
        })
        .collect()
}

fn by_player<R>(rows: &[R], id: fn(&R) -> i64) -> Keyed<i64, &R> {
    rows.iter().map(|row| (id(row), row)).collect()
}

/// Texts that all rows of a date share.
struct Shared {
    names: Arc<[Arc<str>]>,
    codes: SourceCodes,
}

/// What stands beside a context.
struct Beside<'a> {
    games: &'a [&'a PlayerGame],
    team: &'a [&'a TeamOffense],
    boxes: &'a BoxScoreDates<'a>,
    cache: Option<&'a PlayerCache>,
    factors: Option<&'a CompositeFactors>,
    shots: Option<&'a PlayerShotZones>,
    defense: Option<&'a TeamDefenseZones>,
}

/// Free throws made of points over the last 10 games, of games that have free throws recorded.
fn free_throw_share(games: &[&PlayerGame]) -> Option<f64> {
    let (mut recorded, mut made, mut points) = (0, 0, 0);
    for game in last(games, 10) {
        if let Some(makes) = game.ft_makes {
            recorded += 1;
            made += makes;
            points += game.points;
        }
    }
    ratio(made, points).filter(|_| recorded >= GAMES_MIN).map(|share| rounded(share.clamp(0.0, 0.5), 9))
}

fn win_share(team: &[&TeamOffense]) -> Option<f64> {
    let wins = count(team.iter().filter(|game| game.win_flag).count());
    ratio(wins, count(team.len())).filter(|_| team.len() >= GAMES_MIN).map(|share| rounded(share, 9))
}

/// 0 to 3 by the injury report; nothing where no report tells of his team.
fn reported_risk(context: &PlayerContext) -> Option<f64> {
    InjuryStatus::parse(context.player_status.as_deref()?).map(InjuryStatus::risk)
}

/// 0 to 3 by the games that his team has had since his last one, for whatever team that was; nothing before his first
/// of the season. A game without a box score is none that he is known to have missed.
fn missed_risk(games: &[&PlayerGame], team: &[&TeamOffense], boxes: &BoxScoreDates<'_>) -> Option<f64> {
    let latest = games.last()?.game_date;
    let since = team.iter().rev().take_while(|game| game.game_date > latest);
    let missed = since.filter(|game| boxes.has(&game.team_abbr, game.game_date)).count();
    Some(InjuryStatus::after_missing(missed).risk())
}

fn vector(context: &PlayerContext, beside: &Beside<'_>) -> Vector {
    let Beside { cache, factors, shots, defense, .. } = *beside;
    let phase4 = |value| Feature::of(Source::Phase4, value);
    let phase3 = |value| Feature::of(Source::Phase3, value);
    let calculated = |value| Feature::of(Source::Calculated, value);
    let flag = |on: bool| phase3(Some(if on { 1.0 } else { 0.0 }));
    let points = |games: &[&PlayerGame]| {
        let average = mean(games.iter().map(|game| real(game.points)));
        phase3(average.map(|value| rounded(value, 4)))
    };
    let share = |rate: Option<f64>| phase4(rate.map(|rate| rounded(rate / 100.0, 4)));
    let recent: Vec<f64> = last(beside.games, 5).iter().map(|game| real(game.points)).collect();
    Vector::of([
        phase4(cache.and_then(|row| row.points_avg_last_5)).or(points(last(beside.games, 5))),
        phase4(cache.and_then(|row| row.points_avg_last_10)).or(points(last(beside.games, 10))),
        phase4(cache.and_then(|row| row.points_avg_season)).or(points(beside.games)),
        phase4(cache.and_then(|row| row.points_std_last_10)),
        phase4(cache.map(|row| real(row.games_in_last_7_days))),
        phase4(factors.map(|row| real(row.fatigue_score))),
        phase4(factors.and_then(|row| row.shot_zone_mismatch_score)),
        phase4(factors.and_then(|row| row.pace_score)),
        phase4(factors.and_then(|row| row.usage_spike_score)),
        calculated(rest_advantage(context.days_rest, context.opponent_days_rest)),
        calculated(reported_risk(context)).or(phase3(missed_risk(beside.games, beside.team, beside.boxes))),
        calculated(recent_trend(&recent)),
        calculated(minutes_change(
            cache.and_then(|row| row.minutes_avg_last_10),
            cache.and_then(|row| row.minutes_avg_season),
        )),
        phase4(defense.and_then(|row| row.defensive_rating_last_15)),
        phase4(defense.and_then(|row| row.opponent_pace)),
        flag(context.home_game),
        flag(context.back_to_back),
        flag(is_playoffs(&context.season_type)),
        share(shots.and_then(|row| row.paint_rate_last_10)),
        share(shots.and_then(|row| row.mid_range_rate_last_10)),
        share(shots.and_then(|row| row.three_pt_rate_last_10)),
        calculated(free_throw_share(beside.games)),
        phase4(cache.and_then(|row| row.team_pace_last_10)),
        phase4(cache.and_then(|row| row.team_off_rating_last_10)),
        calculated(win_share(beside.team)),
    ])
}

fn row(context: &PlayerContext, beside: &Beside<'_>, shared: &Shared, gaps: &Arc<[Arc<str>]>) -> FeatureRow {
    let vector = vector(context, beside);
    let known = vector.known();
    let score = vector.quality_score();
    FeatureRow {
        player_id: context.player_id,
        player_lookup: Arc::clone(&context.player_lookup),
        universal_player_id: None,
        game_date: context.game_date,
        game_id: Arc::clone(&context.game_id),
        nba_game_id: Arc::clone(&context.nba_game_id),
        season_year: context.season_year,
        season_type: Arc::clone(&context.season_type),
        team_abbr: Arc::clone(&context.team_abbr),
        opponent_team_abbr: Arc::clone(&context.opponent_team_abbr),
        is_home: context.home_game,
        days_rest: context.days_rest,
        population_source: Arc::clone(&context.population_source),
        features: vector.values(),
        feature_names: Arc::clone(&shared.names),
        feature_sources: vector.sources(&shared.codes),
        feature_count: count(FEATURES),
        feature_version: VERSION.into(),
        feature_quality_score: score,
        feature_quality_tier: quality_tier(score).into(),
        data_source: vector.data_source().into(),
        feature_generation_time_ms: None,
        points_avg_last_5: known[0],
        points_avg_last_10: known[1],
        points_avg_season: known[2],
        points_std_last_10: known[3],
        games_in_last_7_days: known[4],
        fatigue_score: known[5],
        shot_zone_mismatch_score: known[6],
        pace_score: known[7],
        usage_spike_score: known[8],
        rest_advantage: known[9],
        injury_risk: known[10],
        recent_trend: known[11],
        minutes_change: known[12],
        opponent_def_rating: known[13],
        opponent_pace: known[14],
        home_away: known[15],
        back_to_back: known[16],
        playoff_game: known[17],
        pct_paint: known[18],
        pct_mid_range: known[19],
        pct_three: known[20],
        pct_free_throw: known[21],
        team_pace: known[22],
        team_off_rating: known[23],
        team_win_pct: known[24],
        expected_games_count: context.expected_games_count,
        actual_games_count: context.actual_games_count,
        missing_games_count: context.missing_games_count,
        dnp_games_count: context.dnp_games_count,
        completeness_percentage: context.completeness_percentage,
        data_quality_issues: gaps_of(
            gaps,
            &[
                &context.quality_issues,
                beside.cache.map_or(&[], |row| &row.data_quality_issues),
                beside.factors.map_or(&[], |row| &row.data_quality_issues),
            ],
        ),
        is_production_ready: beside.cache.is_some_and(|row| row.is_production_ready)
            && beside.factors.is_some_and(|row| row.is_production_ready),
        early_season_flag: context.games_played_season < 10,
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;
    use crate::flow::Date;

    fn games(count: usize, free_throws: Option<i64>, points: i64) -> Vec<PlayerGame> {
        let game = |day| PlayerGame {
            ft_makes: free_throws,
            ..fixture::player_game(Date::from_days(day), 1, "AAA", points)
        };
        (0..count as i32).map(game).collect()
    }

    #[test]
    fn free_throws_of_points_need_five_recorded_games() {
        let cases = [
            ("a share", games(6, Some(3), 12), Some(0.25)),
            ("held", games(6, Some(9), 10), Some(0.5)),
            ("too few", games(4, Some(3), 12), None),
            ("not recorded", games(9, None, 12), None),
            ("no point", games(9, Some(0), 0), None),
        ];
        for (name, games, expected) in cases {
            let games: Vec<&PlayerGame> = games.iter().collect();
            assert_eq!(free_throw_share(&games), expected, "{name}");
        }
    }

    #[test]
    fn wins_of_games_need_five_games() {
        let game =
            |win_flag| TeamOffense { win_flag, ..fixture::team_offense(Date::from_days(1), "AAA", 100.0) };
        let games: Vec<TeamOffense> = [true, true, false, false, false, true].map(game).into();
        let all: Vec<&TeamOffense> = games.iter().collect();
        assert_eq!(win_share(&all), Some(0.5));
        assert_eq!(win_share(&all[..3]), None);
        assert_eq!(win_share(&all[..5]), Some(0.4));
    }

    #[test]
    fn a_slot_without_a_value_is_a_marked_default_and_its_column_null() {
        let date = Date::from_days(9);
        let games = games(3, Some(2), 12);
        let units = [(Date::from_days(2), games.as_slice())];
        let rows = feature_rows(&FeatureInput {
            contexts: &[PlayerContext { home_game: true, ..fixture::player_context(date, 1) }],
            defense_zones: &[],
            shot_zones: &[],
            caches: &[],
            factors: &[],
            players: &units,
            offense: &[],
            gaps: [].into(),
        });
        let row = &rows[0];
        let slot = |at: usize| (row.features[at], &*row.feature_sources[at]);
        assert_eq!((row.features.len(), row.feature_sources.len()), (FEATURES, FEATURES));
        assert_eq!((slot(0), row.points_avg_last_5), ((12.0, "phase3"), Some(12.0)));
        assert_eq!((slot(10), row.injury_risk), ((0.0, "phase3"), Some(0.0)));
        assert_eq!((slot(13), row.opponent_def_rating), ((112.0, "default"), None));
        assert_eq!((slot(15), row.home_away), ((1.0, "phase3"), Some(1.0)));
        assert_eq!(row.feature_quality_score, 49.8);
        assert!(!row.is_production_ready);
    }

    #[test]
    fn without_a_report_the_games_missed_since_the_last_one_are_the_risk() {
        let date = Date::from_days(9);
        // Player 1 played on days 0 to 2, for one team or another; 2 played whenever his team has a box score.
        let risk = |of: &str, team_days: &[i32], box_days: &[i32], status: Option<&str>| {
            let days: Vec<Vec<PlayerGame>> = (0..9)
                .map(|day| {
                    let player = (day < 3).then(|| fixture::player_game(Date::from_days(day), 1, of, 12));
                    let mate = fixture::player_game(Date::from_days(day), 2, "AAA", 12);
                    player.into_iter().chain(box_days.contains(&day).then_some(mate)).collect()
                })
                .collect();
            let team: Vec<[TeamOffense; 1]> = team_days
                .iter()
                .map(|day| [fixture::team_offense(Date::from_days(*day), "AAA", 100.0)])
                .collect();
            let context =
                PlayerContext { player_status: status.map(Arc::from), ..fixture::player_context(date, 1) };
            let players: Vec<_> =
                days.iter().zip(0..).map(|(rows, day)| (Date::from_days(day), rows.as_slice())).collect();
            let offense: Vec<_> = team.iter().map(|rows| (rows[0].game_date, rows.as_slice())).collect();
            let rows = feature_rows(&FeatureInput {
                contexts: &[PlayerContext { team_abbr: "AAA".into(), ..context }],
                defense_zones: &[],
                shot_zones: &[],
                caches: &[],
                factors: &[],
                players: &players,
                offense: &offense,
                gaps: [].into(),
            });
            (rows[0].injury_risk, rows[0].feature_sources[10].to_string())
        };
        let all = [0, 1, 2, 4, 6];
        let phase3 = |risk| (Some(risk), "phase3".to_owned());
        assert_eq!(risk("AAA", &[0, 1, 2], &all, None), phase3(0.0));
        assert_eq!(risk("AAA", &[0, 1, 2, 4], &all, None), phase3(2.0));
        assert_eq!(risk("AAA", &all, &all, None), phase3(3.0));
        assert_eq!(risk("AAA", &all, &[0, 1, 2, 6], None), phase3(2.0), "the box score of day 4 is a gap");
        assert_eq!(risk("BBB", &[1, 4], &all, None), phase3(2.0), "his last game was for another team");
        assert_eq!(risk("AAA", &all, &all, Some("probable")), (Some(1.0), "calculated".to_owned()));
    }

    #[test]
    fn the_risk_of_an_injury_is_real_where_a_report_tells_of_the_team() {
        let statuses = [
            (None, (0.0, "default"), None),
            (Some("available"), (0.0, "calculated"), Some(0.0)),
            (Some("probable"), (1.0, "calculated"), Some(1.0)),
            (Some("questionable"), (2.0, "calculated"), Some(2.0)),
            (Some("doubtful"), (3.0, "calculated"), Some(3.0)),
            (Some("out"), (3.0, "calculated"), Some(3.0)),
        ];
        for (status, slot, column) in statuses {
            let context = PlayerContext {
                player_status: status.map(Arc::from),
                ..fixture::player_context(Date::from_days(9), 1)
            };
            let rows = feature_rows(&FeatureInput {
                contexts: &[context],
                defense_zones: &[],
                shot_zones: &[],
                caches: &[],
                factors: &[],
                players: &[],
                offense: &[],
                gaps: [].into(),
            });
            let row = &rows[0];
            assert_eq!((row.features[10], &*row.feature_sources[10]), slot, "{status:?}");
            assert_eq!(row.injury_risk, column, "{status:?}");
        }
    }
}
