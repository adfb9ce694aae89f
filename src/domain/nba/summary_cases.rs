//! The three summaries on one small game made by hand: sums, provenance, overtime, gaps, zones, usage.
//! Compiled for tests alone.

use std::sync::Arc;

use super::fixture::{self, game};
use super::rows_player_props::PlayerProp;
use super::{
    GamesOfDate, PlayerGame, PlayerLog, PlayersOfDate, ScheduledGame, Shot, ShotChart, TeamLog, TeamOffense,
    player_games, team_defense, team_offense,
};
use crate::flow::{DatasetName, Date};

fn date() -> Date {
    Date::of(2023, 12, 25).expect("date")
}

fn scheduled() -> ScheduledGame {
    game(date(), "BOS", "LAL")
}

/// One of five players of a team, 48 minutes each: 10 attempts, 4 made (1 three), 3 of 5 free throws,
/// 12 points, 2 turnovers, 1 offensive rebound.
fn line(team: &str, player_id: i64, minutes: f64) -> PlayerLog {
    let game = scheduled();
    PlayerLog {
        game_id: game.game_id,
        nba_game_id: game.nba_game_id,
        game_date: date(),
        season: game.season,
        season_year: 2023,
        season_type: game.season_type,
        player_id,
        player_name: "Player".into(),
        player_lookup: "player".into(),
        team_id: Some(if team == "BOS" { 1 } else { 2 }),
        team_abbr: team.into(),
        team_name: None,
        opponent_team_abbr: if team == "BOS" { "LAL" } else { "BOS" }.into(),
        home_game: team == "LAL",
        win_flag: team == "LAL",
        minutes,
        points: 12,
        fg_makes: Some(4),
        fg_attempts: Some(10),
        fg_pct: Some(0.4),
        three_pt_makes: Some(1),
        three_pt_attempts: Some(4),
        three_pt_pct: Some(0.25),
        ft_makes: Some(3),
        ft_attempts: Some(5),
        ft_pct: Some(0.6),
        offensive_rebounds: Some(1),
        defensive_rebounds: Some(4),
        rebounds: 5,
        assists: 3,
        steals: 1,
        blocks: 0,
        turnovers: 2,
        personal_fouls: Some(2),
        plus_minus: Some(0),
        fantasy_points: None,
        video_available: None,
    }
}

fn lines(minutes: f64) -> Vec<PlayerLog> {
    let team = |team: &'static str, first: i64| (first..first + 5).map(move |id| line(team, id, minutes));
    team("BOS", 10).chain(team("LAL", 20)).collect()
}

/// The team's line of a regular season: no attempts, and one turnover more than its players have.
fn team_line(team: &str, points: i64) -> TeamLog {
    let line = line(team, 0, 48.0);
    TeamLog {
        game_id: line.game_id,
        nba_game_id: line.nba_game_id,
        game_date: date(),
        season: line.season,
        season_year: 2023,
        season_type: line.season_type,
        team_id: line.team_id.expect("team"),
        team_abbr: team.into(),
        team_name: None,
        opponent_team_abbr: line.opponent_team_abbr,
        home_game: line.home_game,
        win_flag: line.win_flag,
        game_minutes: None,
        points,
        fg_makes: None,
        fg_attempts: None,
        fg_pct: None,
        three_pt_makes: None,
        three_pt_attempts: None,
        three_pt_pct: None,
        ft_makes: None,
        ft_attempts: None,
        ft_pct: None,
        offensive_rebounds: None,
        defensive_rebounds: None,
        rebounds: 25,
        assists: 15,
        steals: 5,
        blocks: 0,
        blocked_attempts: None,
        turnovers: 11,
        personal_fouls: None,
        fouls_drawn: None,
        plus_minus: None,
    }
}

fn shot(team_id: i64, player_id: i64, zone: Option<&str>, made: bool) -> Shot {
    let game = scheduled();
    Shot {
        shot_number: 1,
        game_id: game.game_id,
        nba_game_id: game.nba_game_id,
        game_date: date(),
        game_event_id: None,
        player_id,
        player_name: None,
        team_id,
        team_name: None,
        period: 1,
        minutes_remaining: 12,
        seconds_remaining: 0,
        event_type: None,
        action_type: None,
        shot_type: None,
        zone_basic: zone.map(Arc::from),
        zone_area: None,
        zone_range: None,
        shot_distance: None,
        loc_x: None,
        loc_y: None,
        attempted: true,
        made,
    }
}

/// The inputs of a date; empty lists are gaps.
struct Day {
    teams: Vec<TeamLog>,
    players: Vec<PlayerLog>,
    shots: Vec<Shot>,
    props: Vec<PlayerProp>,
    gaps: Vec<(DatasetName, Date)>,
}

impl Day {
    fn whole() -> Self {
        let teams = vec![team_line("BOS", 60), team_line("LAL", 60)];
        Self { teams, players: lines(48.0), shots: Vec::new(), props: Vec::new(), gaps: Vec::new() }
    }

    fn offense(&self) -> Result<Vec<TeamOffense>, super::SummaryFault> {
        team_offense(&GamesOfDate {
            games: &[scheduled()],
            team_logs: &self.teams,
            player_logs: &self.players,
            shots: &ShotChart::of(&self.shots),
            gaps: &self.gaps,
        })
    }

    fn players(&self) -> Result<Vec<PlayerGame>, super::SummaryFault> {
        player_games(&PlayersOfDate {
            player_logs: &self.players,
            teams: &self.offense().expect("teams"),
            shots: &ShotChart::of(&self.shots),
            props: &self.props,
            gaps: &self.gaps,
        })
    }
}

fn issues(list: &[Arc<str>]) -> Vec<&str> {
    list.iter().map(|issue| &**issue).collect()
}

#[test]
fn a_regular_season_team_is_summed_from_its_players_but_for_turnovers() {
    let rows = Day::whole().offense().expect("rows");
    let boston = &rows[0];
    assert_eq!((&*boston.team_abbr, boston.home_game, boston.points_scored), ("BOS", false, 60));
    assert_eq!((boston.fg_attempts, boston.ft_attempts, boston.turnovers), (Some(50), Some(25), Some(11)));
    // 50 + 0.44 * 25 + 11 - 5
    assert_eq!((boston.possessions, boston.pace), (Some(67.0), Some(67.0)));
    assert_eq!(boston.offensive_rating, Some(89.55));
    assert_eq!((boston.overtime_periods, boston.game_minutes), (Some(0), Some(48)));
    assert_eq!((boston.team_paint_attempts, boston.shot_zones_available), (None, false));
    assert_eq!(issues(&boston.quality_issues), ["reconstructed", "shot_zones_unavailable"]);
    assert_eq!((boston.quality_score, &*boston.quality_tier), (70, "bronze"));
}

#[test]
fn overtime_follows_from_the_players_minutes() {
    let mut day = Day::whole();
    day.players = lines(53.0);
    let rows = day.offense().expect("rows");
    assert_eq!((rows[1].overtime_periods, rows[1].game_minutes), (Some(1), Some(53)));
    assert_eq!((rows[1].possessions, rows[1].pace), (Some(67.0), Some(60.7)));
    day.teams[0].game_minutes = Some(58.0);
    assert_eq!(day.offense().expect("rows")[1].game_minutes, Some(58), "a stated length counts more");
}

#[test]
fn one_log_is_enough_and_the_gap_is_told() {
    let gap = |name| (DatasetName::of(name), date());
    let mut day = Day::whole();
    day.teams.clear();
    day.gaps.push(gap("nba.team_game_logs"));
    let rows = day.offense().expect("rows");
    assert_eq!((rows[0].points_scored, rows[0].rebounds), (60, Some(25)));
    assert_eq!((rows[0].turnovers, rows[0].possessions), (None, None), "players' turnovers are too few");
    assert!(issues(&rows[0].quality_issues).contains(&"gap:nba.team_game_logs:2023-12-25"));
    assert_eq!(day.players().expect("rows")[0].usage_rate, None);

    let mut day = Day::whole();
    day.players.clear();
    day.gaps.push(gap("nba.player_game_logs"));
    let rows = day.offense().expect("rows");
    assert_eq!((rows[0].points_scored, rows[0].turnovers), (60, Some(11)));
    assert_eq!((rows[0].fg_attempts, rows[0].game_minutes, rows[0].pace), (None, None, None));

    day.teams.clear();
    assert_eq!(day.offense().expect_err("nothing").code(), "box_score_missing");
}

#[test]
fn sources_that_disagree_are_told_of() {
    let mut day = Day::whole();
    day.teams[0].points = 61;
    let rows = day.offense().expect("rows");
    assert_eq!((rows[0].points_scored, rows[0].win_flag, rows[1].win_flag), (61, true, false));
    assert_eq!((rows[0].margin_of_victory, rows[1].margin_of_victory), (1, -1));
    let told = issues(&rows[0].quality_issues);
    assert!(told.contains(&"sources_disagree:points_scored"), "{told:?}");
    assert!(told.contains(&"points_do_not_add_up"), "{told:?}");
}

#[test]
fn zones_are_counts_where_there_is_a_chart() {
    let mut day = Day::whole();
    day.shots = vec![
        shot(1, 10, Some("Restricted Area"), true),
        shot(1, 10, Some("In The Paint (Non-RA)"), false),
        shot(1, 10, Some("Mid-Range"), true),
        shot(1, 11, Some("Left Corner 3"), true),
        shot(1, 11, Some("Above the Break 3"), true),
        shot(1, 11, Some("Backcourt"), false),
        shot(1, 11, None, true),
    ];
    let rows = day.offense().expect("rows");
    let (boston, lakers) = (&rows[0], &rows[1]);
    assert_eq!((boston.team_paint_attempts, boston.team_paint_makes), (Some(2), Some(1)));
    assert_eq!((boston.team_three_zone_attempts, boston.team_backcourt_attempts), (Some(2), Some(1)));
    assert_eq!(boston.points_in_paint_scored, Some(2));
    assert!(issues(&boston.quality_issues).contains(&"shot_zone_unknown:1"));
    assert_eq!(lakers.team_paint_attempts, Some(0), "a chart without its shots is no missing chart");
    let defense = team_defense(&rows, &[]).expect("rows");
    let own = &defense[1];
    assert_eq!((&*own.defending_team_abbr, own.opp_paint_attempts), ("LAL", Some(2)));
    assert_eq!((own.mid_range_points_allowed, own.three_pt_points_allowed), (Some(2), Some(15)));
    assert_eq!((own.defensive_rating, own.points_allowed), (boston.offensive_rating, 60));
    let players = day.players().expect("rows");
    assert_eq!((players[0].paint_attempts, players[0].mid_range_makes), (Some(2), Some(1)));
    assert_eq!((players[2].paint_attempts, players[2].three_zone_attempts), (Some(0), Some(0)));

    day.shots.push(shot(1, 99, Some("Mid-Range"), true));
    assert_eq!(day.players().expect_err("nobody").code(), "shots_of_foreign_player");
    day.shots.push(shot(3, 10, Some("Mid-Range"), true));
    assert_eq!(day.offense().expect_err("no team").code(), "shots_of_foreign_team");
}

#[test]
fn usage_takes_the_length_of_the_game_and_keeps_its_zero() {
    let mut day = Day::whole();
    // 100 * (10 + 0.44 * 5 + 2) * 48 / (48 * (50 + 0.44 * 25 + 11))
    assert_eq!(day.players().expect("rows")[0].usage_rate, Some(19.7));
    day.players = lines(53.0);
    assert_eq!(day.players().expect("rows")[0].usage_rate, Some(19.7), "the same share in overtime");
    let idle = &mut day.players[0];
    (idle.fg_attempts, idle.fg_makes, idle.three_pt_makes) = (Some(0), Some(0), Some(0));
    (idle.ft_attempts, idle.ft_makes, idle.turnovers, idle.points) = (Some(0), Some(0), 0, 0);
    let rows = day.players().expect("rows");
    assert_eq!((rows[0].usage_rate, rows[0].usage_rate_raw), (Some(0.0), Some(0.0)));
    assert_eq!((rows[0].ts_pct, rows[0].efg_pct), (None, None));
}

#[test]
fn usage_of_a_short_spell_is_held_to_a_hundred_and_told() {
    let mut day = Day::whole();
    day.players[0].minutes = 1.0;
    day.players[1].minutes = 0.0;
    let rows = day.players().expect("rows");
    assert_eq!(rows[0].usage_rate, Some(100.0));
    assert!(rows[0].usage_rate_raw.is_some_and(|raw| raw > 900.0));
    assert!(issues(&rows[0].quality_issues).contains(&"usage_rate_clamped"));
    assert_eq!((rows[1].minutes_played, rows[1].usage_rate), (0, None));
}

#[test]
fn a_line_says_on_which_side_of_it_a_player_came_out() {
    let mut day = Day::whole();
    day.players[0].player_lookup = "hewhohasaline".into();
    let plain = day.players().expect("rows");
    let points = plain[0].points;
    let none = (None, None, None, None);
    let of = |row: &PlayerGame| {
        let result = row.over_under_result.as_deref().map(str::to_owned);
        (row.points_line, result, row.margin, row.points_line_source.as_deref().map(str::to_owned))
    };
    assert!(plain.iter().all(|row| of(row) == none));
    let cases = [(-0.5, "OVER", 0.5), (0.0, "PUSH", 0.0), (1.5, "UNDER", -1.5)];
    for (above, result, margin) in cases {
        let line = points as f64 + above;
        let PlayerGame { game_date, player_lookup, team_abbr, .. } = &plain[0];
        let prop = fixture::player_prop(*game_date, player_lookup, team_abbr);
        day.props = vec![PlayerProp { points_line: line, ..prop }];
        let rows = day.players().expect("rows");
        let found = (Some(line), Some(result.to_owned()), Some(margin), Some("draftkings".to_owned()));
        assert_eq!(of(&rows[0]), found);
        assert_eq!(rows[1..], plain[1..], "nobody else has a line");
    }
    day.props[0].home_team = "ZZZ".into();
    assert_eq!(day.players().expect("rows"), plain, "it is a namesake's");
}
