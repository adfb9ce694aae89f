//! What a player did in a game: his line of the log, his rates with the help of the team's row of the
//! same date, and his shots by zone. Pure: rows in, rows out; the order is the log's.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::box_score::{Used, effective_fg, points_add_up, rounded, true_shooting, usage_rate};
use super::quality::{Issue, Quality};
use super::recommendation::{Line, Lines};
use super::rows_player_game::PlayerGame;
use super::rows_player_props::PlayerProp;
use super::rows_raw::PlayerLog;
use super::rows_team_offense::TeamOffense;
use super::statistics::real;
use super::summary_fault::SummaryFault;
use super::team_offense::{PLAYER_SOURCE, SHOT_SOURCE};
use super::zones::{ShotChart, ZoneCounts};
use crate::flow::{DatasetName, Date};

/// What the rows of a date are made from.
pub struct PlayersOfDate<'a> {
    /// The player logs.
    pub player_logs: &'a [PlayerLog],
    /// What the teams did; empty where that unit was accepted as a gap.
    pub teams: &'a [TeamOffense],
    /// The shots.
    pub shots: &'a ShotChart,
    /// Bookmakers' offers for the date; often none.
    pub props: &'a [PlayerProp],
    /// Input units that were accepted as gaps.
    pub gaps: &'a [(DatasetName, Date)],
}

/// One row for each line of the logs.
pub fn player_games(date: &PlayersOfDate<'_>) -> Result<Vec<PlayerGame>, SummaryFault> {
    let logged: BTreeSet<(&str, i64)> =
        (date.player_logs.iter()).map(|line| (&*line.game_id, line.player_id)).collect();
    let foreign = (date.shots.players()).find(|(game, player)| !logged.contains(&(game, *player)));
    if let Some((game_id, player_id)) = foreign {
        return Err(SummaryFault::ForeignPlayer { game_id: Arc::clone(game_id), player_id });
    }
    let teams: BTreeMap<(&str, &str), &TeamOffense> =
        (date.teams.iter()).map(|team| ((&*team.game_id, &*team.team_abbr), team)).collect();
    let offers = Lines::of(date.props);
    Ok((date.player_logs.iter())
        .map(|line| {
            let team = teams.get(&(&*line.game_id, &*line.team_abbr)).copied();
            let zones = date.shots.of_player(&line.game_id, line.player_id);
            let offered = offers.get(&line.player_lookup, &line.team_abbr);
            row(line, zones, raw_usage(line, team), offered, date.gaps)
        })
        .collect())
}

fn raw_usage(line: &PlayerLog, team: Option<&TeamOffense>) -> Option<f64> {
    let team = team?;
    let own = Used::of(line.fg_attempts, line.ft_attempts, Some(line.turnovers))?;
    let all = Used::of(team.fg_attempts, team.ft_attempts, team.turnovers)?;
    usage_rate(own, line.minutes, all, team.game_minutes?)
}

fn quality(
    line: &PlayerLog,
    zones: Option<ZoneCounts>,
    raw_usage: Option<f64>,
    gaps: &[(DatasetName, Date)],
) -> Quality {
    let sources = [Some(PLAYER_SOURCE), zones.map(|_| SHOT_SOURCE)];
    let mut quality = Quality::of(sources.into_iter().flatten());
    for (dataset, day) in gaps {
        quality.note(Issue::Gap(*dataset, *day));
    }
    for (column, value) in [
        ("fg_attempts", line.fg_attempts),
        ("fg_makes", line.fg_makes),
        ("three_pt_attempts", line.three_pt_attempts),
        ("three_pt_makes", line.three_pt_makes),
        ("ft_attempts", line.ft_attempts),
        ("ft_makes", line.ft_makes),
        ("offensive_rebounds", line.offensive_rebounds),
        ("defensive_rebounds", line.defensive_rebounds),
        ("personal_fouls", line.personal_fouls),
    ] {
        if value.is_none() {
            quality.note(Issue::MissingOptional(column));
        }
    }
    let makes = (line.fg_makes, line.three_pt_makes, line.ft_makes);
    if let (Some(fg), Some(three), Some(ft)) = makes
        && !points_add_up(line.points, fg, three, ft)
    {
        quality.note(Issue::PointsDoNotAddUp);
    }
    match zones {
        None => quality.note(Issue::ShotZonesUnavailable),
        Some(zones) if zones.unknown > 0 => quality.note(Issue::ShotZoneUnknown(zones.unknown)),
        Some(_) => {}
    }
    if raw_usage.is_some_and(|rate| !(0.0..=100.0).contains(&rate)) {
        quality.note(Issue::UsageRateClamped);
    }
    quality
}

#[expect(clippy::cast_possible_truncation, reason = "minutes of a game are few")]
fn row(
    line: &PlayerLog,
    zones: Option<ZoneCounts>,
    raw_usage: Option<f64>,
    offered: Option<&Line>,
    gaps: &[(DatasetName, Date)],
) -> PlayerGame {
    let quality = quality(line, zones, raw_usage, gaps);
    let margin = offered.map(|offered| rounded(real(line.points) - offered.points, 2));
    PlayerGame {
        player_id: line.player_id,
        player_lookup: Arc::clone(&line.player_lookup),
        universal_player_id: None,
        player_full_name: Arc::clone(&line.player_name),
        game_id: Arc::clone(&line.game_id),
        nba_game_id: Arc::clone(&line.nba_game_id),
        game_date: line.game_date,
        season: Arc::clone(&line.season),
        season_year: line.season_year,
        season_type: Arc::clone(&line.season_type),
        team_abbr: Arc::clone(&line.team_abbr),
        opponent_team_abbr: Arc::clone(&line.opponent_team_abbr),
        home_game: line.home_game,
        points: line.points,
        minutes_played: line.minutes.round() as i64,
        rebounds: line.rebounds,
        assists: line.assists,
        offensive_rebounds: line.offensive_rebounds,
        defensive_rebounds: line.defensive_rebounds,
        steals: line.steals,
        blocks: line.blocks,
        turnovers: line.turnovers,
        fg_attempts: line.fg_attempts,
        fg_makes: line.fg_makes,
        three_pt_attempts: line.three_pt_attempts,
        three_pt_makes: line.three_pt_makes,
        ft_attempts: line.ft_attempts,
        ft_makes: line.ft_makes,
        plus_minus: line.plus_minus,
        personal_fouls: line.personal_fouls,
        paint_attempts: zones.map(|zones| zones.paint.attempts),
        paint_makes: zones.map(|zones| zones.paint.makes),
        mid_range_attempts: zones.map(|zones| zones.mid_range.attempts),
        mid_range_makes: zones.map(|zones| zones.mid_range.makes),
        three_zone_attempts: zones.map(|zones| zones.three.attempts),
        three_zone_makes: zones.map(|zones| zones.three.makes),
        backcourt_attempts: zones.map(|zones| zones.backcourt.attempts),
        backcourt_makes: zones.map(|zones| zones.backcourt.makes),
        paint_blocks: None,
        mid_range_blocks: None,
        three_pt_blocks: None,
        and1_count: None,
        assisted_fg_makes: None,
        unassisted_fg_makes: None,
        usage_rate: raw_usage.map(|rate| rounded(rate.clamp(0.0, 100.0), 1)),
        usage_rate_raw: raw_usage,
        ts_pct: true_shooting_of(line),
        efg_pct: effective_fg_of(line),
        starter_flag: None,
        win_flag: line.win_flag,
        points_line: offered.map(|offered| offered.points),
        over_under_result: margin.map(|margin| over_under(margin).into()),
        margin,
        opening_line: None,
        line_movement: None,
        points_line_source: offered.map(|offered| Arc::clone(&offered.source)),
        opening_line_source: None,
        is_active: true,
        player_status: "active".into(),
        shot_zones_available: zones.is_some(),
        shot_zones_source: zones.map(|_| SHOT_SOURCE.into()),
        quality_tier: quality.tier(),
        quality_score: quality.score(),
        quality_issues: quality.issues(),
        data_sources: quality.sources(),
        is_production_ready: quality.is_production_ready(),
    }
}

/// What became of a line that the points exceed by `margin`.
fn over_under(margin: f64) -> &'static str {
    if margin > 0.0 {
        "OVER"
    } else if margin < 0.0 {
        "UNDER"
    } else {
        "PUSH"
    }
}

/// Null without a field goal attempt, so that free throws alone make no shooting.
fn true_shooting_of(line: &PlayerLog) -> Option<f64> {
    let attempts = line.fg_attempts.filter(|attempts| *attempts > 0)?;
    true_shooting(line.points, attempts, line.ft_attempts?)
}

fn effective_fg_of(line: &PlayerLog) -> Option<f64> {
    effective_fg(line.fg_makes?, line.three_pt_makes?, line.fg_attempts?)
}
