//! The features of the two teams and the date: form of both, rest, place, season.
//! Pure; the games that are handed in all lie before the date.

use crate::domain::nba::history::{DefenseHistory, Keyed, OffenseHistory};
use crate::domain::nba::season::is_playoffs;
use crate::domain::nba::statistics::real;
use crate::domain::nba::{PlayerContext, TeamContext};

use super::recency::fading_mean;
use super::schema::PointsVector;

/// Longer rests are all the same: a break of the season.
const PLAYER_REST_MAX: i64 = 30;
const TEAM_REST_MAX: i64 = 10;
/// Points that the home side is better for being at home, about the mean of the four seasons.
const HOME_MARGIN: f64 = 2.0;

/// Means of a team's games, fading.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct TeamForm {
    off_rating: Option<f64>,
    pace: Option<f64>,
    margin: Option<f64>,
    def_rating_short: Option<f64>,
    def_rating: Option<f64>,
    days_since_game: Option<i64>,
}

impl TeamForm {
    /// The form of each team that plays on the date.
    pub(super) fn of_teams<'a>(
        contexts: &'a [TeamContext],
        offense: &OffenseHistory<'_>,
        defense: &DefenseHistory<'_>,
    ) -> Keyed<&'a str, Self> {
        let form = |context: &'a TeamContext| {
            let team = &*context.team_abbr;
            let own = || offense.get(&team).iter().rev();
            let allowed = |half_life| {
                fading_mean(defense.get(&team).iter().rev().filter_map(|g| g.defensive_rating), half_life)
            };
            let form = Self {
                off_rating: fading_mean(own().filter_map(|game| game.offensive_rating), 15.0),
                pace: fading_mean(own().filter_map(|game| game.pace), 15.0),
                margin: fading_mean(own().map(|game| real(game.margin_of_victory)), 15.0),
                def_rating_short: allowed(5.0),
                def_rating: allowed(15.0),
                days_since_game: context.days_since_last_game,
            };
            (team, form)
        };
        contexts.iter().map(form).collect()
    }
}

/// Fills in the features of the date and of both teams.
pub(super) fn fill(
    vector: &mut PointsVector,
    context: &PlayerContext,
    season_day: i32,
    team: TeamForm,
    opponent: TeamForm,
) {
    let flag = |on: bool| Some(if on { 1.0 } else { 0.0 });
    let held = |days: Option<i64>, most: i64| days.map(|days| real(days.min(most)));
    vector.days_rest = held(context.days_rest, PLAYER_REST_MAX);
    vector.games_last_7_days = Some(real(context.games_in_last_7_days));
    vector.minutes_last_7_days = Some(real(context.minutes_in_last_7_days));
    vector.season_day = Some(f64::from(season_day));
    vector.is_home = flag(context.home_game);
    vector.is_playoffs = flag(is_playoffs(&context.season_type));
    vector.team_off_rating_ewm_15 = team.off_rating;
    vector.team_pace_ewm_15 = team.pace;
    vector.team_margin_ewm_15 = team.margin;
    vector.team_days_since_game = held(team.days_since_game, TEAM_REST_MAX);
    vector.opponent_def_rating_ewm_5 = opponent.def_rating_short;
    vector.opponent_def_rating_ewm_15 = opponent.def_rating;
    vector.opponent_pace_ewm_15 = opponent.pace;
    vector.opponent_margin_ewm_15 = opponent.margin;
    vector.opponent_days_since_game = held(opponent.days_since_game, TEAM_REST_MAX);
    let home = if context.home_game { HOME_MARGIN } else { -HOME_MARGIN };
    vector.expected_margin = team.margin.zip(opponent.margin).map(|(own, other)| own - other + home);
    vector.expected_pace = team.pace.zip(opponent.pace).map(|(own, other)| f64::midpoint(own, other));
}
