//! What a team allowed in a game: its opponent's row, seen from the other side. Pure: rows in, rows out.

use std::sync::Arc;

use super::quality::{Issue, Quality, tier};
use super::rows_team_defense::TeamDefense;
use super::rows_team_offense::TeamOffense;
use super::summary_fault::SummaryFault;
use crate::flow::{DatasetName, Date};

/// One row for each row of what teams did, in the same order. `gaps` are accepted gaps of the date that the
/// teams' own rows cannot know of.
pub fn team_defense(
    teams: &[TeamOffense],
    gaps: &[(DatasetName, Date)],
) -> Result<Vec<TeamDefense>, SummaryFault> {
    let mut noted = Quality::of([]);
    gaps.iter().for_each(|(dataset, date)| noted.note(Issue::Gap(*dataset, *date)));
    let opponent = |own: &TeamOffense| {
        (teams.iter()).find(|other| other.game_id == own.game_id && other.team_abbr == own.opponent_team_abbr)
    };
    (teams.iter())
        .map(|own| match opponent(own) {
            Some(other) => Ok(turned(own, other, &noted)),
            None => Err(SummaryFault::NoOpponent {
                game_id: Arc::clone(&own.game_id),
                team: Arc::clone(&own.team_abbr),
            }),
        })
        .collect()
}

fn turned(own: &TeamOffense, other: &TeamOffense, noted: &Quality) -> TeamDefense {
    let score = (own.quality_score.min(other.quality_score) - (100 - noted.score())).max(0);
    TeamDefense {
        game_id: Arc::clone(&own.game_id),
        nba_game_id: Arc::clone(&own.nba_game_id),
        game_date: own.game_date,
        season: Arc::clone(&own.season),
        season_year: own.season_year,
        season_type: Arc::clone(&own.season_type),
        defending_team_abbr: Arc::clone(&own.team_abbr),
        defending_team_id: own.team_id,
        opponent_team_abbr: Arc::clone(&own.opponent_team_abbr),
        points_allowed: other.points_scored,
        opp_fg_attempts: other.fg_attempts,
        opp_fg_makes: other.fg_makes,
        opp_three_pt_attempts: other.three_pt_attempts,
        opp_three_pt_makes: other.three_pt_makes,
        opp_ft_attempts: other.ft_attempts,
        opp_ft_makes: other.ft_makes,
        opp_rebounds: other.rebounds,
        opp_offensive_rebounds: other.offensive_rebounds,
        opp_assists: other.assists,
        turnovers_forced: other.turnovers,
        fouls_committed: own.personal_fouls,
        opp_paint_attempts: other.team_paint_attempts,
        opp_paint_makes: other.team_paint_makes,
        opp_mid_range_attempts: other.team_mid_range_attempts,
        opp_mid_range_makes: other.team_mid_range_makes,
        opp_three_zone_attempts: other.team_three_zone_attempts,
        opp_three_zone_makes: other.team_three_zone_makes,
        opp_backcourt_attempts: other.team_backcourt_attempts,
        opp_backcourt_makes: other.team_backcourt_makes,
        points_in_paint_allowed: other.points_in_paint_scored,
        mid_range_points_allowed: other.team_mid_range_makes.map(|makes| 2 * makes),
        three_pt_points_allowed: other.three_pt_makes.map(|makes| 3 * makes),
        second_chance_points_allowed: None,
        fast_break_points_allowed: None,
        blocks_paint: None,
        blocks_mid_range: None,
        blocks_three_pt: None,
        blocks: own.blocks,
        steals: own.steals,
        defensive_rebounds: own.defensive_rebounds,
        defensive_rating: other.offensive_rating,
        opponent_pace: other.pace,
        opponent_ts_pct: other.ts_pct,
        home_game: own.home_game,
        win_flag: own.win_flag,
        margin_of_victory: own.margin_of_victory,
        overtime_periods: own.overtime_periods,
        players_inactive: None,
        starters_inactive: None,
        referee_crew_id: None,
        shot_zones_available: other.shot_zones_available,
        quality_tier: tier(score).into(),
        quality_score: score,
        quality_issues: union(&union(&other.quality_issues, &own.quality_issues), &noted.issues()),
        data_sources: union(&other.data_sources, &own.data_sources),
        is_production_ready: own.is_production_ready && other.is_production_ready,
    }
}

/// All of the first list, then what only the second has.
fn union(first: &[Arc<str>], second: &[Arc<str>]) -> Arc<[Arc<str>]> {
    let more = second.iter().filter(|text| !first.contains(text));
    first.iter().chain(more).map(Arc::clone).collect()
}
