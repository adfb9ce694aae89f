//! What a team did in a game: its own log where that has the figures, else the sum over its players, and
//! zones from the shot chart. Every row says which. Pure: rows in, rows out.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::box_score::{
    Used, game_minutes, overtimes_of_players, pace, points_add_up, possessions, rating, rounded,
    true_shooting,
};
use super::day::Side;
use super::quality::{Issue, Quality};
use super::rows_raw::{PlayerLog, TeamLog};
use super::rows_schedule::ScheduledGame;
use super::rows_team_offense::TeamOffense;
use super::summary_fault::SummaryFault;
use super::zones::ShotChart;
use crate::flow::{DatasetName, Date};

/// The source of zones, as rows name it.
pub(super) const SHOT_SOURCE: &str = "shot_chart_detail";
/// The source of players' lines, as rows name it.
pub(super) const PLAYER_SOURCE: &str = "player_game_logs";
const TEAM_SOURCE: &str = "team_game_logs";

/// What the rows of a date are made from. A log that was accepted as a gap is empty and named in `gaps`.
pub struct GamesOfDate<'a> {
    /// The scheduled games.
    pub games: &'a [ScheduledGame],
    /// The team logs.
    pub team_logs: &'a [TeamLog],
    /// The player logs.
    pub player_logs: &'a [PlayerLog],
    /// The shots.
    pub shots: &'a ShotChart,
    /// Input units that were accepted as gaps.
    pub gaps: &'a [(DatasetName, Date)],
}

/// Two rows for each game, away first, in the schedule's order.
pub fn team_offense(date: &GamesOfDate<'_>) -> Result<Vec<TeamOffense>, SummaryFault> {
    let mut rows = Vec::with_capacity(2 * date.games.len());
    for game in date.games {
        let sides =
            [&game.away_team, &game.home_team].map(|team| Side::of(game, team).expect("a game's own team"));
        let [away, home] = sides.map(|side| TeamGame::of(date, side));
        check_shooters(date, game, &[&away, &home])?;
        let overtimes = overtimes(&[&away, &home]);
        let points = [away.points()?, home.points()?];
        rows.push(away.row(date, overtimes, points[0], points[1]));
        rows.push(home.row(date, overtimes, points[1], points[0]));
    }
    Ok(rows)
}

/// One team in one game: its log, if there is one, and the sums over its players, if there are any.
struct TeamGame<'a> {
    side: Side<'a>,
    log: Option<&'a TeamLog>,
    players: Option<PlayerSums>,
    team_id: Option<i64>,
}

/// Sums over the players of a team in a game; `None` where a player lacks the figure.
struct PlayerSums {
    minutes: f64,
    points: i64,
    rebounds: i64,
    assists: i64,
    steals: i64,
    blocks: i64,
    fg_attempts: Option<i64>,
    fg_makes: Option<i64>,
    three_pt_attempts: Option<i64>,
    three_pt_makes: Option<i64>,
    ft_attempts: Option<i64>,
    ft_makes: Option<i64>,
    offensive_rebounds: Option<i64>,
    defensive_rebounds: Option<i64>,
    personal_fouls: Option<i64>,
}

impl PlayerSums {
    fn of(lines: &[&PlayerLog]) -> Option<Self> {
        let sum = |field: fn(&PlayerLog) -> i64| lines.iter().map(|line| field(line)).sum();
        let known = |field: fn(&PlayerLog) -> Option<i64>| lines.iter().map(|line| field(line)).sum();
        (!lines.is_empty()).then(|| Self {
            minutes: lines.iter().map(|line| line.minutes).sum(),
            points: sum(|line| line.points),
            rebounds: sum(|line| line.rebounds),
            assists: sum(|line| line.assists),
            steals: sum(|line| line.steals),
            blocks: sum(|line| line.blocks),
            fg_attempts: known(|line| line.fg_attempts),
            fg_makes: known(|line| line.fg_makes),
            three_pt_attempts: known(|line| line.three_pt_attempts),
            three_pt_makes: known(|line| line.three_pt_makes),
            ft_attempts: known(|line| line.ft_attempts),
            ft_makes: known(|line| line.ft_makes),
            offensive_rebounds: known(|line| line.offensive_rebounds),
            defensive_rebounds: known(|line| line.defensive_rebounds),
            personal_fouls: known(|line| line.personal_fouls),
        })
    }
}

/// The figures of a team in a game, from its log or else from its players.
struct Figures {
    fg_attempts: Option<i64>,
    fg_makes: Option<i64>,
    three_pt_attempts: Option<i64>,
    three_pt_makes: Option<i64>,
    ft_attempts: Option<i64>,
    ft_makes: Option<i64>,
    rebounds: Option<i64>,
    offensive_rebounds: Option<i64>,
    defensive_rebounds: Option<i64>,
    assists: Option<i64>,
    steals: Option<i64>,
    blocks: Option<i64>,
    /// Of the team's log only: turnovers charged to no player are in no sum.
    turnovers: Option<i64>,
    personal_fouls: Option<i64>,
}

impl<'a> TeamGame<'a> {
    fn of(date: &GamesOfDate<'a>, side: Side<'a>) -> Self {
        let log = (date.team_logs.iter())
            .find(|log| log.game_id == side.game.game_id && log.team_abbr == *side.team);
        let lines: Vec<&PlayerLog> = (date.player_logs.iter())
            .filter(|line| line.game_id == side.game.game_id && line.team_abbr == *side.team)
            .collect();
        let team_id = log.map(|log| log.team_id).or_else(|| lines.iter().find_map(|line| line.team_id));
        Self { side, log, players: PlayerSums::of(&lines), team_id }
    }

    fn points(&self) -> Result<i64, SummaryFault> {
        let known = self.log.map(|log| log.points);
        known.or_else(|| self.players.as_ref().map(|sums| sums.points)).ok_or_else(|| {
            SummaryFault::NoBoxScore {
                game_id: Arc::clone(&self.side.game.game_id),
                team: Arc::clone(self.side.team),
            }
        })
    }

    fn figures(&self) -> Figures {
        let (log, sums) = (self.log, self.players.as_ref());
        let either = |own: fn(&TeamLog) -> Option<i64>, sum: fn(&PlayerSums) -> Option<i64>| {
            log.and_then(own).or_else(|| sums.and_then(sum))
        };
        Figures {
            fg_attempts: either(|log| log.fg_attempts, |sums| sums.fg_attempts),
            fg_makes: either(|log| log.fg_makes, |sums| sums.fg_makes),
            three_pt_attempts: either(|log| log.three_pt_attempts, |sums| sums.three_pt_attempts),
            three_pt_makes: either(|log| log.three_pt_makes, |sums| sums.three_pt_makes),
            ft_attempts: either(|log| log.ft_attempts, |sums| sums.ft_attempts),
            ft_makes: either(|log| log.ft_makes, |sums| sums.ft_makes),
            rebounds: either(|log| Some(log.rebounds), |sums| Some(sums.rebounds)),
            offensive_rebounds: either(|log| log.offensive_rebounds, |sums| sums.offensive_rebounds),
            defensive_rebounds: either(|log| log.defensive_rebounds, |sums| sums.defensive_rebounds),
            assists: either(|log| Some(log.assists), |sums| Some(sums.assists)),
            steals: either(|log| Some(log.steals), |sums| Some(sums.steals)),
            blocks: either(|log| Some(log.blocks), |sums| Some(sums.blocks)),
            turnovers: log.map(|log| log.turnovers),
            personal_fouls: either(|log| log.personal_fouls, |sums| sums.personal_fouls),
        }
    }

    fn quality(&self, date: &GamesOfDate<'_>, figures: &Figures, points: i64) -> Quality {
        let has_shots = self.zones(date).is_some();
        let reconstructed = self.log.is_none_or(|log| log.fg_attempts.is_none());
        let sources = [
            (TEAM_SOURCE, self.log.is_some()),
            (PLAYER_SOURCE, self.players.is_some() && (reconstructed || self.log.is_none())),
            (SHOT_SOURCE, has_shots),
        ];
        let mut quality = Quality::of(sources.iter().filter(|(_, used)| *used).map(|(source, _)| *source));
        for (dataset, day) in date.gaps {
            quality.note(Issue::Gap(*dataset, *day));
        }
        if reconstructed && figures.fg_attempts.is_some() {
            quality.note(Issue::Reconstructed);
        }
        for (column, value) in [
            ("fg_attempts", figures.fg_attempts),
            ("ft_attempts", figures.ft_attempts),
            ("offensive_rebounds", figures.offensive_rebounds),
            ("turnovers", figures.turnovers),
        ] {
            if value.is_none() {
                quality.note(Issue::MissingOptional(column));
            }
        }
        if let (Some(log), Some(sums)) = (self.log, &self.players) {
            for (column, own, sum) in [
                ("points_scored", log.points, sums.points),
                ("rebounds", log.rebounds, sums.rebounds),
                ("assists", log.assists, sums.assists),
                ("steals", log.steals, sums.steals),
                ("blocks", log.blocks, sums.blocks),
            ] {
                if own != sum {
                    quality.note(Issue::SourcesDisagree(column));
                }
            }
        }
        let makes = (figures.fg_makes, figures.three_pt_makes, figures.ft_makes);
        if let (Some(fg), Some(three), Some(ft)) = makes
            && !points_add_up(points, fg, three, ft)
        {
            quality.note(Issue::PointsDoNotAddUp);
        }
        match self.zones(date) {
            None => quality.note(Issue::ShotZonesUnavailable),
            Some(zones) if zones.unknown > 0 => quality.note(Issue::ShotZoneUnknown(zones.unknown)),
            Some(_) => {}
        }
        quality
    }

    fn zones(&self, date: &GamesOfDate<'_>) -> Option<super::zones::ZoneCounts> {
        date.shots.of_team(&self.side.game.game_id, self.team_id?)
    }

    fn row(
        &self,
        date: &GamesOfDate<'_>,
        overtimes: Option<i64>,
        points: i64,
        opponent_points: i64,
    ) -> TeamOffense {
        let (game, side, figures) = (self.side.game, self.side, self.figures());
        let quality = self.quality(date, &figures, points);
        let zones = self.zones(date);
        let minutes = overtimes.map(game_minutes);
        let possessions = Used::of(figures.fg_attempts, figures.ft_attempts, figures.turnovers)
            .zip(figures.offensive_rebounds)
            .map(|(used, offensive_rebounds)| possessions(used, offensive_rebounds));
        TeamOffense {
            game_id: Arc::clone(&game.game_id),
            nba_game_id: Arc::clone(&game.nba_game_id),
            game_date: game.game_date,
            season: Arc::clone(&game.season),
            season_year: game.season_year,
            season_type: Arc::clone(&game.season_type),
            team_abbr: Arc::clone(side.team),
            team_id: self.team_id,
            opponent_team_abbr: Arc::clone(side.opponent),
            points_scored: points,
            fg_attempts: figures.fg_attempts,
            fg_makes: figures.fg_makes,
            three_pt_attempts: figures.three_pt_attempts,
            three_pt_makes: figures.three_pt_makes,
            ft_attempts: figures.ft_attempts,
            ft_makes: figures.ft_makes,
            rebounds: figures.rebounds,
            offensive_rebounds: figures.offensive_rebounds,
            defensive_rebounds: figures.defensive_rebounds,
            assists: figures.assists,
            steals: figures.steals,
            blocks: figures.blocks,
            turnovers: figures.turnovers,
            personal_fouls: figures.personal_fouls,
            team_paint_attempts: zones.map(|zones| zones.paint.attempts),
            team_paint_makes: zones.map(|zones| zones.paint.makes),
            team_mid_range_attempts: zones.map(|zones| zones.mid_range.attempts),
            team_mid_range_makes: zones.map(|zones| zones.mid_range.makes),
            team_three_zone_attempts: zones.map(|zones| zones.three.attempts),
            team_three_zone_makes: zones.map(|zones| zones.three.makes),
            team_backcourt_attempts: zones.map(|zones| zones.backcourt.attempts),
            team_backcourt_makes: zones.map(|zones| zones.backcourt.makes),
            points_in_paint_scored: zones.map(|zones| 2 * zones.paint.makes),
            second_chance_points_scored: None,
            offensive_rating: possessions.and_then(|count| rating(points, count)),
            pace: possessions.zip(minutes).map(|(count, minutes)| pace(count, minutes)),
            possessions: possessions.map(|count| rounded(count, 1)),
            ts_pct: (figures.fg_attempts)
                .zip(figures.ft_attempts)
                .and_then(|(fg, ft)| true_shooting(points, fg, ft)),
            home_game: side.at_home,
            win_flag: points > opponent_points,
            margin_of_victory: points - opponent_points,
            overtime_periods: overtimes,
            game_minutes: minutes,
            players_inactive: None,
            starters_inactive: None,
            referee_crew_id: None,
            shot_zones_available: zones.is_some(),
            shot_zones_source: zones.map(|_| SHOT_SOURCE.into()),
            quality_tier: quality.tier(),
            quality_score: quality.score(),
            quality_issues: quality.issues(),
            data_sources: quality.sources(),
            is_production_ready: quality.is_production_ready(),
        }
    }
}

/// Overtimes of a game: from the minutes that a team's log states, else from those of all its players.
fn overtimes(teams: &[&TeamGame<'_>]) -> Option<i64> {
    let stated = teams.iter().find_map(|team| team.log?.game_minutes);
    if let Some(minutes) = stated {
        // A game of 48 minutes is five players' 240: the same rule then serves both sources.
        return Some(overtimes_of_players(5.0 * minutes, 1));
    }
    let sums: Vec<f64> = (teams.iter()).filter_map(|team| Some(team.players.as_ref()?.minutes)).collect();
    let count = i64::try_from(sums.len()).ok().filter(|count| *count > 0)?;
    Some(overtimes_of_players(sums.iter().sum(), count))
}

/// Every shot of a game must belong to one of its teams: otherwise attempts would be lost in silence.
fn check_shooters(
    date: &GamesOfDate<'_>,
    game: &ScheduledGame,
    teams: &[&TeamGame<'_>],
) -> Result<(), SummaryFault> {
    let ids: BTreeMap<i64, ()> = (teams.iter()).filter_map(|team| Some((team.team_id?, ()))).collect();
    let foreign = (date.shots.teams())
        .find(|(game_id, team_id)| **game_id == game.game_id && !ids.contains_key(team_id));
    match foreign {
        Some((game_id, team_id)) if ids.len() == teams.len() => {
            Err(SummaryFault::ForeignTeam { game_id: Arc::clone(game_id), team_id })
        }
        Some(_) | None => Ok(()),
    }
}
