//! The datasets of the NBA pipeline with their row types: the only thing that one processor borrows
//! from another. Names and types only.

use crate::domain::checks::{CheckRow, ColumnProfile, GateRow};
use crate::domain::nba::points::{PointsFeatures, PointsModel, PointsTraining};
use crate::domain::nba::{
    CompositeFactors, FeatureRow, GameLine, InjuryListing, PlayerCache, PlayerContext, PlayerGame, PlayerLog,
    PlayerPrediction, PlayerProp, PlayerShotZones, PredictionGrade, Rostered, ScheduledGame, Shot,
    SystemStanding, TeamContext, TeamDefense, TeamDefenseZones, TeamLog, TeamOffense,
};
use crate::flow::{Dataset, DatasetName};

/// The payloads of the season schedules, cut to the date.
pub const LANDED_SCHEDULE: DatasetName = DatasetName::of("nba.landed_schedule");
/// The payloads of bookmakers' offers; most landing zones have none.
pub const LANDED_PLAYER_PROPS: DatasetName = DatasetName::of("nba.landed_player_props");
/// The payloads of the player logs.
pub const LANDED_PLAYER_LOGS: DatasetName = DatasetName::of("nba.landed_player_logs");
/// The payloads of the team logs.
pub const LANDED_TEAM_LOGS: DatasetName = DatasetName::of("nba.landed_team_logs");
/// The payloads of the player index; only dates on which it was fetched have one.
pub const LANDED_PLAYER_INDEX: DatasetName = DatasetName::of("nba.landed_player_index");
/// The payloads of the injury reports; only dates of which one was fetched have one.
pub const LANDED_INJURY_REPORT: DatasetName = DatasetName::of("nba.landed_injury_report");
/// The payloads of the shot charts; not every date has one.
pub const LANDED_SHOTS: DatasetName = DatasetName::of("nba.landed_shots");
/// Which games a date has.
pub const SCHEDULE: Dataset<ScheduledGame> = Dataset::of("nba.schedule");
/// A1: what a team did in a game.
pub const TEAM_OFFENSE_GAME_SUMMARY: Dataset<TeamOffense> = Dataset::of("nba.team_offense_game_summary");
/// A2: what a team allowed in a game.
pub const TEAM_DEFENSE_GAME_SUMMARY: Dataset<TeamDefense> = Dataset::of("nba.team_defense_game_summary");
/// A3: what a player did in a game.
pub const PLAYER_GAME_SUMMARY: Dataset<PlayerGame> = Dataset::of("nba.player_game_summary");
/// The league's player logs as rows.
pub const PLAYER_GAME_LOGS: Dataset<PlayerLog> = Dataset::of("nba.player_game_logs");
/// The league's team logs as rows.
pub const TEAM_GAME_LOGS: Dataset<TeamLog> = Dataset::of("nba.team_game_logs");
/// The shot chart as rows.
pub const SHOTS: Dataset<Shot> = Dataset::of("nba.shots");
/// What teams say of their players before a date's games.
pub const INJURY_REPORT: Dataset<InjuryListing> = Dataset::of("nba.injury_report");
/// Bookmakers' lines on players' points.
pub const PLAYER_PROPS: Dataset<PlayerProp> = Dataset::of("nba.player_props");
/// Bookmakers' spreads and totals.
pub const GAME_LINES: Dataset<GameLine> = Dataset::of("nba.game_lines");
/// Who belongs to which team on a date.
pub const ROSTERS: Dataset<Rostered> = Dataset::of("nba.rosters");
/// A4: what is known of a player before a game.
pub const UPCOMING_PLAYER_GAME_CONTEXT: Dataset<PlayerContext> =
    Dataset::of("nba.upcoming_player_game_context");
/// A5: what is known of a team before a game.
pub const UPCOMING_TEAM_GAME_CONTEXT: Dataset<TeamContext> = Dataset::of("nba.upcoming_team_game_context");
/// P1: how a team defended by zone in its last games.
pub const TEAM_DEFENSE_ZONE_ANALYSIS: Dataset<TeamDefenseZones> =
    Dataset::of("nba.team_defense_zone_analysis");
/// P2: where a player took his shots in his last games.
pub const PLAYER_SHOT_ZONE_ANALYSIS: Dataset<PlayerShotZones> = Dataset::of("nba.player_shot_zone_analysis");
/// P3: a player's form, load, team and shot profile.
pub const PLAYER_DAILY_CACHE: Dataset<PlayerCache> = Dataset::of("nba.player_daily_cache");
/// P4: what a game's circumstances should do to a player.
pub const PLAYER_COMPOSITE_FACTORS: Dataset<CompositeFactors> = Dataset::of("nba.player_composite_factors");
/// P5: the features of a player before a game.
pub const ML_FEATURE_STORE: Dataset<FeatureRow> = Dataset::of("nba.ml_feature_store");
/// The wide features of a player before a game, for the points model.
pub const POINTS_FEATURES: Dataset<PointsFeatures> = Dataset::of("nba.points_features");
/// The same joined with the points that he scored.
pub const POINTS_TRAINING: Dataset<PointsTraining> = Dataset::of("nba.points_training");
/// A model trained on all dates before its own, one a month and more on demand.
pub const POINTS_MODEL: Dataset<PointsModel> = Dataset::of("nba.points_model");
/// What each system says of a player's points before a game.
pub const PLAYER_PROP_PREDICTIONS: Dataset<PlayerPrediction> = Dataset::of("nba.player_prop_predictions");
/// Each prediction beside what happened.
pub const PREDICTION_ACCURACY: Dataset<PredictionGrade> = Dataset::of("nba.prediction_accuracy");
/// How well each system did in a month, up to a date.
pub const PREDICTION_LEADERBOARD: Dataset<SystemStanding> = Dataset::of("nba.prediction_leaderboard");
/// A month's model, published with its report.
pub const SITE_MODEL: DatasetName = DatasetName::of("nba.site_model");
/// The months of each system, published.
pub const SITE_PERFORMANCE: DatasetName = DatasetName::of("nba.site_performance");
/// Players' profiles, published.
pub const SITE_PLAYERS: DatasetName = DatasetName::of("nba.site_players");
/// A date's predictions, published.
pub const SITE_PREDICTIONS: DatasetName = DatasetName::of("nba.site_predictions");
/// A date's results, published.
pub const SITE_RESULTS: DatasetName = DatasetName::of("nba.site_results");
/// What teams did in a date's games, as figures of each column.
pub const TEAM_OFFENSE_PROFILE: Dataset<ColumnProfile> = Dataset::of("nba.team_offense_profile");
/// The results of the checks of that.
pub const TEAM_OFFENSE_CHECKS: Dataset<CheckRow> = Dataset::of("nba.team_offense_checks");
/// Gate A, which stands behind these checks.
pub const GATE_A: Dataset<GateRow> = Dataset::of("nba.gate_a");
/// What players did in a date's games, as figures of each column.
pub const PLAYER_GAME_PROFILE: Dataset<ColumnProfile> = Dataset::of("nba.player_game_profile");
/// The results of the checks of that.
pub const PLAYER_GAME_CHECKS: Dataset<CheckRow> = Dataset::of("nba.player_game_checks");
/// Gate B, which stands behind these checks.
pub const GATE_B: Dataset<GateRow> = Dataset::of("nba.gate_b");
/// The results of the checks of what is known before a date's games.
pub const CONTEXT_CHECKS: Dataset<CheckRow> = Dataset::of("nba.context_checks");
/// Gate C, which stands behind these checks.
pub const GATE_C: Dataset<GateRow> = Dataset::of("nba.gate_c");
/// What was computed before a date's games, as figures of each column.
pub const PRECOMPUTE_PROFILE: Dataset<ColumnProfile> = Dataset::of("nba.precompute_profile");
/// The results of the checks of that.
pub const PRECOMPUTE_CHECKS: Dataset<CheckRow> = Dataset::of("nba.precompute_checks");
/// Gate D, which stands behind these checks.
pub const GATE_D: Dataset<GateRow> = Dataset::of("nba.gate_d");
/// A date's predictions, of all systems and of each, as figures of each column.
pub const PREDICTION_PROFILE: Dataset<ColumnProfile> = Dataset::of("nba.prediction_profile");
/// The results of the checks of that. No gate stands behind them.
pub const PREDICTION_CHECKS: Dataset<CheckRow> = Dataset::of("nba.prediction_checks");
/// The results of the checks of all that a model learns from; one unit a month.
pub const TRAINING_CHECKS: Dataset<CheckRow> = Dataset::of("nba.training_checks");
/// Gate E, which stands before training.
pub const GATE_E: Dataset<GateRow> = Dataset::of("nba.gate_e");
/// The results of the checks of a trained model; one unit a month.
pub const MODEL_CHECKS: Dataset<CheckRow> = Dataset::of("nba.model_checks");
/// Gate F, which stands between a model and its use.
pub const GATE_F: Dataset<GateRow> = Dataset::of("nba.gate_f");
