//! The predictions of a date: every system's answer for every player of the population. Pure; the rows and
//! games that are handed in hold nothing of the date's outcome, so neither do these. The systems do not see
//! each other: one that refuses, or panics, leaves its reason, and only the ensemble does without it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::gaps::gaps_of;
use super::history::{Keyed, PlayerHistory, Units};
use super::points::{PointsFeatures, PointsModel};
use super::prediction::{Form, Prediction, Refusal, System};
use super::recommendation::{ESTIMATED, Line, Lines, Side, edge, recommend};
use super::rows_feature_store::FeatureRow;
use super::rows_player_context::PlayerContext;
use super::rows_player_game::PlayerGame;
use super::rows_player_props::PlayerProp;
use super::rows_player_shot_zones::PlayerShotZones;
use super::rows_predictions::PlayerPrediction;
use super::rows_team_defense_zones::TeamDefenseZones;
use super::system_ensemble::ensemble;
use super::system_gradient_boosting::gradient_boosting;
use super::system_moving_average::moving_average;
use super::system_similarity::{Tiers, league_rating, similarity};
use super::system_zone_matchup::{Allowed, zone_matchup};
use crate::flow::panic_message;

/// Minutes a game in the last 7 days from which a player's predictions are published.
const MINUTES_MIN: f64 = 15.0;

/// All that a date's rows are made from.
pub struct PredictionInput<'a> {
    /// A4 of the date: the population.
    pub contexts: &'a [PlayerContext],
    /// P5 of the date.
    pub features: &'a [FeatureRow],
    /// P2 of the date.
    pub shot_zones: &'a [PlayerShotZones],
    /// P1 of the date and of the 90 days before it.
    pub defenses: &'a Units<'a, TeamDefenseZones>,
    /// A3 of the season before the date.
    pub players: &'a Units<'a, PlayerGame>,
    /// The latest model that has seen only dates before the date; none until there is enough to learn from.
    pub model: Option<&'a PointsModel>,
    /// The wide features of the date, of players with a few games.
    pub points_features: &'a [PointsFeatures],
    /// Bookmakers' offers for the date; often none.
    pub props: &'a [PlayerProp],
    /// Accepted gaps, as issues.
    pub gaps: Arc<[Arc<str>]>,
}

/// One row for each feature row and system, in their orders.
#[must_use]
pub fn predictions(input: &PredictionInput<'_>) -> Vec<PlayerPrediction> {
    let day = Day::of(input);
    let contexts: Keyed<i64, &PlayerContext> =
        input.contexts.iter().map(|row| (row.player_id, row)).collect();
    let texts = Texts::new(input.model);
    let mut rows = Vec::with_capacity(input.features.len() * System::ALL.len());
    for features in input.features {
        let context = contexts.get(&features.player_id).copied();
        let form = Form::of(features);
        let answers = day.answers(features, form.as_ref());
        let line = day.line(features, form.as_ref().ok(), context, &texts);
        let shared = Shared {
            features,
            is_eligible: context.is_some_and(is_eligible),
            line: line.as_ref(),
            members: members(&answers),
            issues: gaps_of(&input.gaps, &[&features.data_quality_issues]),
        };
        let by_system = System::ALL.into_iter().zip(&answers);
        rows.extend(by_system.map(|(system, answer)| row(&shared, system, answer, &texts)));
    }
    rows
}

/// Whether a player's predictions are published: he is known before the date, plays enough, and nothing
/// that his context is made from is missing.
fn is_eligible(context: &PlayerContext) -> bool {
    *context.population_source == *"latest_team"
        && context.avg_minutes_per_game_last_7.is_some_and(|minutes| minutes >= MINUTES_MIN)
        && context.is_production_ready
}

type Answer = Result<Prediction, Refusal>;

/// A system's answer; a refusal where it panics, so that the other systems, and the date, go on without it.
fn isolated(system: impl FnOnce() -> Answer) -> Answer {
    // What a system is handed is only read: a panic leaves nothing half-changed.
    catch_unwind(AssertUnwindSafe(system))
        .unwrap_or_else(|panic| Err(Refusal::Panicked(panic_message(&*panic).to_owned())))
}

/// Those of the systems before the ensemble that have a prediction.
fn members(answers: &[Answer]) -> Vec<(System, Prediction)> {
    System::ALL
        .into_iter()
        .zip(answers)
        .filter(|(system, _)| *system != System::Ensemble)
        .filter_map(|(system, answer)| Some((system, answer.as_ref().ok().copied()?)))
        .collect()
}

/// What all players of a date share.
struct Day<'a> {
    players: PlayerHistory<'a>,
    shots: Keyed<i64, &'a PlayerShotZones>,
    defenses: Keyed<&'a str, &'a TeamDefenseZones>,
    league_rating: Option<f64>,
    league_allowed: Allowed,
    tiers: Tiers<'a>,
    model: Option<&'a PointsModel>,
    points_features: Keyed<i64, &'a PointsFeatures>,
    lines: Lines<'a>,
}

impl<'a> Day<'a> {
    fn of(input: &PredictionInput<'a>) -> Self {
        let date = input.features.first().map(|row| row.game_date);
        let today: &[TeamDefenseZones] =
            input.defenses.last().filter(|(day, _)| Some(*day) == date).map_or(&[], |(_, rows)| rows);
        Self {
            players: PlayerHistory::of(input.players, |row| row.player_id),
            shots: input.shot_zones.iter().map(|row| (row.player_id, row)).collect(),
            defenses: today.iter().map(|row| (&*row.team_abbr, row)).collect(),
            league_rating: league_rating(today),
            league_allowed: Allowed::league(today),
            tiers: Tiers::of(input.defenses),
            model: input.model,
            points_features: input.points_features.iter().map(|row| (row.player_id, row)).collect(),
            lines: Lines::of(input.props),
        }
    }

    /// The answers of all systems, in their order.
    fn answers(&self, row: &'a FeatureRow, form: Result<&Form, &Refusal>) -> [Answer; 5] {
        let mut members = Vec::new();
        System::ALL.map(|system| {
            let answer = isolated(|| self.answer(system, row, form, &members));
            members.extend(answer.iter().map(|prediction| (system, *prediction)));
            answer
        })
    }

    /// The answer of one system; `members` are the predictions of those before it.
    fn answer(
        &self,
        system: System,
        row: &'a FeatureRow,
        form: Result<&Form, &Refusal>,
        members: &[(System, Prediction)],
    ) -> Answer {
        let id = &row.player_id;
        let form = form.map_err(Refusal::clone);
        match system {
            System::MovingAverage => moving_average(form?, row, self.league_rating),
            System::ZoneMatchup => {
                let opponent = self.defenses.get(&*row.opponent_team_abbr).copied();
                zone_matchup(form?, row, self.shots.get(id).copied(), opponent, &self.league_allowed)
            }
            System::Similarity => similarity(form?, row, self.players.get(id), &self.tiers),
            System::GradientBoosting => {
                let wide = self.points_features.get(id).copied();
                gradient_boosting(self.model, wide, row.points_std_last_10)
            }
            System::Ensemble => ensemble(members, row.points_std_last_10),
        }
    }

    /// The bookmaker's line, or else the estimate.
    fn line(
        &self,
        row: &FeatureRow,
        form: Option<&Form>,
        context: Option<&PlayerContext>,
        texts: &Texts,
    ) -> Option<Line> {
        let estimated = || Line::estimated(form?, context?.games_played_season, &texts.estimated);
        self.lines.get(&row.player_lookup, &row.team_abbr).cloned().or_else(estimated)
    }
}

/// Texts that all rows of a date share.
struct Texts {
    systems: [Arc<str>; 5],
    sides: [Arc<str>; 3],
    estimated: Arc<str>,
    model: Option<Arc<str>>,
}

impl Texts {
    fn new(model: Option<&PointsModel>) -> Self {
        Self {
            systems: System::ALL.map(|system| system.id().into()),
            sides: [Side::Over, Side::Under, Side::Pass].map(|side| side.code().into()),
            estimated: ESTIMATED.into(),
            model: model.map(|model| format!("{}@{}", model.name, model.cutoff_date).into()),
        }
    }
}

/// What the rows of a player share.
struct Shared<'a> {
    features: &'a FeatureRow,
    is_eligible: bool,
    line: Option<&'a Line>,
    members: Vec<(System, Prediction)>,
    issues: Arc<[Arc<str>]>,
}

fn row(shared: &Shared<'_>, system: System, answer: &Answer, texts: &Texts) -> PlayerPrediction {
    let features = shared.features;
    let (prediction, refusal) = (answer.as_ref().ok(), answer.as_ref().err());
    let against = prediction.zip(shared.line);
    let side = against.map(|(prediction, line)| recommend(system, prediction, line, &shared.members));
    PlayerPrediction {
        player_id: features.player_id,
        system_id: Arc::clone(&texts.systems[system as usize]),
        player_lookup: Arc::clone(&features.player_lookup),
        game_date: features.game_date,
        game_id: Arc::clone(&features.game_id),
        nba_game_id: Arc::clone(&features.nba_game_id),
        season_year: features.season_year,
        season_type: Arc::clone(&features.season_type),
        team_abbr: Arc::clone(&features.team_abbr),
        opponent_team_abbr: Arc::clone(&features.opponent_team_abbr),
        is_home: features.is_home,
        population_source: Arc::clone(&features.population_source),
        is_eligible: shared.is_eligible,
        model_id: texts.model.clone().filter(|_| system == System::GradientBoosting),
        predicted_points: prediction.map(|prediction| prediction.points),
        confidence: prediction.map(|prediction| prediction.confidence),
        refusal: refusal.map(|refusal| refusal.code().into()),
        refusal_detail: refusal.map(|refusal| refusal.to_string().into()),
        baseline_points: features.points_avg_last_10,
        has_prop_line: shared.line.is_some_and(|line| line.is_real),
        points_line: shared.line.map(|line| line.points),
        line_source: shared.line.map(|line| Arc::clone(&line.source)),
        edge: against.map(|(prediction, line)| edge(prediction, line)),
        recommendation: side.map(|side| Arc::clone(&texts.sides[side as usize])),
        feature_quality_score: features.feature_quality_score,
        is_production_ready: features.is_production_ready,
        data_quality_issues: Arc::clone(&shared.issues),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::super::points::panicking_model;
    use super::super::system_gradient_boosting::tests::{features, model};
    use super::*;
    use crate::flow::Date;

    fn predicted(model: &PointsModel, props: &[PlayerProp]) -> Vec<PlayerPrediction> {
        let date = Date::from_days(100);
        let context = PlayerContext { games_played_season: 9, ..fixture::player_context(date, 1) };
        let row = FeatureRow { player_lookup: "aplayer".into(), ..fixture::feature_row(date, 1) };
        let team = fixture::team_defense_zones(date, &row.opponent_team_abbr);
        predictions(&PredictionInput {
            contexts: &[context],
            features: &[row],
            shot_zones: &[],
            defenses: &[(date, &[team])],
            players: &[],
            model: Some(model),
            points_features: &[features(date)],
            props,
            gaps: [].into(),
        })
    }

    #[test]
    fn a_system_that_panics_takes_no_other_down() {
        let broken = PointsModel { model: panicking_model(), ..model() };
        let (rows, other) = (predicted(&broken, &[]), predicted(&model(), &[]));
        assert_eq!(rows.len(), System::ALL.len());
        let boosted = rows.iter().find(|row| &*row.system_id == "gradient_boosting").expect("a row");
        assert_eq!((boosted.predicted_points, boosted.refusal.as_deref()), (None, Some("panicked")));
        let detail = boosted.refusal_detail.as_deref().expect("a detail");
        assert!(detail.starts_with("the system panicked: ") && detail.contains("out of bounds"), "{detail}");
        assert!(rows.iter().any(|row| row.predicted_points.is_some()), "{rows:?}");
        for (row, other) in
            rows.iter().zip(&other).filter(|(row, _)| row.refusal_detail != boosted.refusal_detail)
        {
            assert_eq!(row, other, "what the others say depends on it");
        }
    }

    #[test]
    fn what_a_panic_said_is_the_reason() {
        let of = |system: fn() -> Answer| isolated(system);
        assert_eq!(of(|| panic!("no {}", 1)), Err(Refusal::Panicked("no 1".to_owned())));
        assert_eq!(of(|| std::panic::panic_any(7)), Err(Refusal::Panicked("no message".to_owned())));
        assert_eq!(of(|| Err(Refusal::NoModel)), Err(Refusal::NoModel));
    }

    #[test]
    fn a_bookmakers_line_is_taken_and_the_estimate_stands_in_for_it() {
        let of_team = |team: &str| {
            let prop = fixture::player_prop(Date::from_days(100), "aplayer", team);
            PlayerProp { points_line: 30.5, ..prop }
        };
        let team = &*fixture::feature_row(Date::from_days(100), 1).team_abbr;
        let line = |props: &[PlayerProp]| {
            let row = &predicted(&model(), props)[0];
            (row.has_prop_line, row.points_line, row.line_source.as_deref().map(str::to_owned))
        };
        let estimated = (false, Some(12.0), Some("ESTIMATED_AVG".to_owned()));
        assert_eq!(line(&[of_team(team)]), (true, Some(30.5), Some("draftkings".to_owned())));
        assert_eq!(line(&[]), estimated);
        assert_eq!(line(&[of_team("ZZZ")]), estimated, "it is a namesake's");
    }
}
