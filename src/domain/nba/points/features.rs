//! The rows of `nba.points_features`: the one feature builder, for training and prediction alike.
//! Pure; what is handed in holds nothing of the date's outcome, so neither do the rows.

use std::sync::Arc;

use super::form::{self, GAMES_MIN};
use super::league::League;
use super::matchup::{self, TeamForm};
use super::rotation::Rotation;
use super::rows_features::PointsFeatures;
use super::schema::{FEATURE_VERSION, PointsVector, feature_schema};
use crate::domain::nba::gaps::gaps_of;
use crate::domain::nba::history::{DefenseHistory, Keyed, OffenseHistory, Units, since};
use crate::domain::nba::statistics::{count, rounded};
use crate::domain::nba::{InjuryListing, PlayerContext, PlayerGame, TeamContext, TeamDefense, TeamOffense};
use crate::flow::Date;

/// How the upcoming context calls players who were known before the date.
const LATEST_TEAM: &str = "latest_team";

/// All that a date's rows are made from.
pub struct PointsFeaturesInput<'a> {
    /// The date.
    pub date: Date,
    /// The first date of its season.
    pub opening: Date,
    /// A4 of the date: the population.
    pub contexts: &'a [PlayerContext],
    /// What teams say of their players before the date's games; often nothing.
    pub injuries: &'a [InjuryListing],
    /// A5 of the date.
    pub teams: &'a [TeamContext],
    /// A3 of this season and the one before, before the date.
    pub players: &'a Units<'a, PlayerGame>,
    /// A1 of the same.
    pub offense: &'a Units<'a, TeamOffense>,
    /// A2 of the same.
    pub defense: &'a Units<'a, TeamDefense>,
    /// Accepted gaps, as issues.
    pub gaps: Arc<[Arc<str>]>,
}

/// One row for each context whose player has at least `GAMES_MIN` games, this season and the one before;
/// in their order.
#[must_use]
pub fn points_features(input: &PointsFeaturesInput<'_>) -> Vec<PointsFeatures> {
    let Some(season_year) = input.contexts.first().map(|context| context.season_year) else {
        return Vec::new();
    };
    let league = League::of(input.players, since(input.players, input.opening), season_year);
    let forms = TeamForm::of_teams(
        input.teams,
        &OffenseHistory::of(input.offense, |row| &*row.team_abbr),
        &DefenseHistory::of(input.defense, |row| &*row.defending_team_abbr),
    );
    let mut rosters: Keyed<&str, Vec<i64>> = Keyed::default();
    // Who is in the date only by its own box score is no team-mate that was known before it.
    for context in input.contexts.iter().filter(|context| *context.population_source == *LATEST_TEAM) {
        rosters.entry(&context.team_abbr).or_default().push(context.player_id);
    }
    // Who is left out of a morning, because he is out, is a team-mate like any other: what is said of the others is
    // what it is in all that the model has learnt from.
    for player_id in input.injuries.iter().filter_map(|row| row.player_id) {
        let Some(latest) = league.games(player_id).all.last() else { continue };
        let mates = rosters.entry(&latest.team_abbr).or_default();
        if let Err(place) = mates.binary_search(&player_id) {
            mates.insert(place, player_id);
        }
    }
    let rotations: Keyed<&str, Rotation<'_>> =
        rosters.into_iter().map(|(team, players)| (team, Rotation::of(&league, team, players))).collect();
    let texts = (Arc::from(FEATURE_VERSION), feature_schema());
    input
        .contexts
        .iter()
        .filter(|context| league.games(context.player_id).all.len() >= GAMES_MIN)
        .map(|context| {
            let form = |team: &str| forms.get(team).copied().unwrap_or_default();
            let mut vector = PointsVector::default();
            form::fill(&mut vector, &league.games(context.player_id));
            matchup::fill(
                &mut vector,
                context,
                input.date.days_since(input.opening) + 1,
                form(&context.team_abbr),
                form(&context.opponent_team_abbr),
            );
            if let Some(worth) = league.worth(context.player_id) {
                vector.opponent_allowed_to_role = league.allowed_to(&context.opponent_team_abbr, worth.role);
                if let Some(rotation) = rotations.get(&*context.team_abbr) {
                    rotation.fill(&mut vector, context.player_id, worth);
                }
            }
            row(input, context, &league, &vector, &texts)
        })
        .collect()
}

fn row(
    input: &PointsFeaturesInput<'_>,
    context: &PlayerContext,
    league: &League<'_>,
    vector: &PointsVector,
    (version, schema): &(Arc<str>, Arc<str>),
) -> PointsFeatures {
    let stored = |value: Option<f64>| value.map(|value| rounded(value, 4));
    PointsFeatures {
        player_id: context.player_id,
        player_lookup: Arc::clone(&context.player_lookup),
        game_date: context.game_date,
        game_id: Arc::clone(&context.game_id),
        nba_game_id: Arc::clone(&context.nba_game_id),
        season_year: context.season_year,
        season_type: Arc::clone(&context.season_type),
        team_abbr: Arc::clone(&context.team_abbr),
        opponent_team_abbr: Arc::clone(&context.opponent_team_abbr),
        population_source: Arc::clone(&context.population_source),
        games_season: count(league.games(context.player_id).season.len()),
        minutes_avg_season: stored(vector.minutes_avg_season),
        points_avg_last_5: stored(vector.points_avg_last_5),
        points_avg_last_10: stored(vector.points_avg_last_10),
        points_avg_season: stored(vector.points_avg_season),
        features: vector.encode(),
        feature_version: Arc::clone(version),
        feature_schema: Arc::clone(schema),
        data_quality_issues: gaps_of(&input.gaps, &[&context.quality_issues]),
    }
}
