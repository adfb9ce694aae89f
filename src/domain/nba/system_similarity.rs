//! Similarity: what a player scored in his own past games that were most like this one, drawn towards his
//! form. Pure; the past of a game is only what lies before it, and the opponent's tier is the one that it
//! had on that day.
//!
//! Likeness, at most 100: the opponent's tier 40 (the next one 20), his rest 30 (the next step 15), venue 15,
//! form 15 (another one 5). Games of the 90 days before count from 70 on, the 20 likest at most. A few games
//! say little: their mean alone misses by 4.90 points on the real seasons, drawn towards the form as if that
//! were 20 more games by 4.74, form alone by 4.73 on the same rows.

use super::history::{Keyed, Units};
use super::prediction::{Form, Prediction, Refusal};
use super::rows_feature_store::FeatureRow;
use super::rows_player_game::PlayerGame;
use super::rows_team_defense_zones::TeamDefenseZones;
use super::statistics::{mean, real, real_len};
use super::system_moving_average::pace;
use crate::flow::Date;

/// Days that are looked back.
pub(super) const DAYS_BACK: i32 = 90;
/// Likeness from which on a game counts.
const LIKENESS_MIN: u32 = 70;
/// Games that are needed, and that count at most.
const GAMES_MIN: usize = 5;
const GAMES_MAX: usize = 20;
/// How many similar games the form weighs as much as.
const FORM_GAMES: f64 = 20.0;
/// Defensive rating from the league's mean at which a team is of another tier.
const TIER_STEP: f64 = 2.5;
/// Points a game from the season's at which a form is hot or cold.
const FORM_STEP: f64 = 3.0;

/// How well a team defends against the league of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tier {
    Elite,
    Average,
    Weak,
}

/// The tiers of all teams on all dates of a window, of teams whose rating is known.
pub(super) struct Tiers<'a>(Keyed<(i64, &'a str), Tier>);

impl<'a> Tiers<'a> {
    /// From the teams' defences before each date.
    pub(super) fn of(defenses: &Units<'a, TeamDefenseZones>) -> Self {
        let mut tiers = Keyed::default();
        for (date, teams) in defenses {
            let Some(league) = league_rating(teams) else { continue };
            for team in *teams {
                if let Some(rating) = team.defensive_rating_last_15 {
                    tiers.insert((i64::from(date.days()), &*team.team_abbr), tier(rating - league));
                }
            }
        }
        Self(tiers)
    }

    fn get(&self, date: Date, team: &'a str) -> Option<Tier> {
        self.0.get(&(i64::from(date.days()), team)).copied()
    }
}

/// The league's mean defensive rating, of the teams that have one.
pub(super) fn league_rating(teams: &[TeamDefenseZones]) -> Option<f64> {
    mean(teams.iter().filter_map(|team| team.defensive_rating_last_15))
}

/// A rating above the league's is a weak defence.
fn tier(above_league: f64) -> Tier {
    if above_league < -TIER_STEP {
        Tier::Elite
    } else if above_league < TIER_STEP {
        Tier::Average
    } else {
        Tier::Weak
    }
}

/// The circumstances of a game, known before it.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Circumstances {
    tier: Option<Tier>,
    /// Days without a game before it, 3 for more; nothing for a first game.
    rest: Option<i64>,
    home: bool,
    /// -1 cold, 0, 1 hot; nothing for a first game.
    form: Option<i64>,
}

impl Circumstances {
    fn likeness(&self, other: &Self) -> u32 {
        let tier = match self.tier.zip(other.tier).map(|(own, other)| (own as i64 - other as i64).abs()) {
            Some(0) => 40,
            Some(1) => 20,
            Some(_) | None => 0,
        };
        let rest = match self.rest.zip(other.rest).map(|(own, other)| (own - other).abs()) {
            Some(0) => 30,
            Some(1) => 15,
            Some(_) | None => 0,
        };
        let form = if self.form.is_some() && self.form == other.form { 15 } else { 5 };
        tier + rest + if self.home == other.home { 15 } else { 0 } + form
    }
}

fn rest(days: i64) -> i64 {
    (days - 1).clamp(0, 3)
}

fn heat(last_5: f64, season: f64) -> i64 {
    let above = last_5 - season;
    i64::from(above >= FORM_STEP) - i64::from(above <= -FORM_STEP)
}

/// The prediction for a player whose games of the season before the date are `games`, in order of date.
pub(super) fn similarity<'a>(
    form: &Form,
    row: &'a FeatureRow,
    games: &[&'a PlayerGame],
    tiers: &Tiers<'a>,
) -> Result<Prediction, Refusal> {
    let tier = tiers.get(row.game_date, &row.opponent_team_abbr);
    let now = Circumstances {
        tier: Some(tier.ok_or(Refusal::MissingInput("defensive_rating_last_15"))?),
        rest: row.days_rest.map(rest),
        home: row.is_home,
        form: Some(heat(form.last_5, form.season)),
    };
    let from = row.game_date.plus_days(-DAYS_BACK);
    let mut alike: Vec<(u32, &PlayerGame)> = past(games, tiers)
        .filter(|(game, _)| game.game_date >= from)
        .map(|(game, then)| (now.likeness(&then), game))
        .filter(|(likeness, _)| *likeness >= LIKENESS_MIN)
        .collect();
    if alike.len() < GAMES_MIN {
        return Err(Refusal::TooFewSimilarGames { found: alike.len(), least: GAMES_MIN });
    }
    alike.sort_by_key(|(likeness, game)| std::cmp::Reverse((*likeness, game.game_date)));
    alike.truncate(GAMES_MAX);
    let weight: f64 = alike.iter().map(|(likeness, _)| f64::from(*likeness)).sum();
    let points: f64 = alike.iter().map(|(likeness, game)| f64::from(*likeness) * real(game.points)).sum();
    let count = real_len(alike.len());
    let drawn = (count * (points / weight) + FORM_GAMES * form.points) / (count + FORM_GAMES);
    Prediction::of(drawn * (1.0 + pace(row)), form.deviation)
}

/// Each game with its circumstances, as they were known before it.
fn past<'s, 'a>(
    games: &'s [&'a PlayerGame],
    tiers: &'s Tiers<'a>,
) -> impl Iterator<Item = (&'a PlayerGame, Circumstances)> + 's {
    let mut sum = 0.0;
    games.iter().enumerate().map(move |(at, game)| {
        let before = &games[..at];
        let last_5 = mean(before[at.saturating_sub(5)..].iter().map(|game| real(game.points)));
        let season = (at > 0).then(|| sum / real_len(at));
        sum += real(game.points);
        let circumstances = Circumstances {
            tier: tiers.get(game.game_date, &game.opponent_team_abbr),
            rest: before.last().map(|last| rest(i64::from(game.game_date.days() - last.game_date.days()))),
            home: game.home_game,
            form: last_5.zip(season).map(|(last_5, season)| heat(last_5, season)),
        };
        (*game, circumstances)
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;

    fn circumstances(tier: Tier, rest: i64, home: bool, form: i64) -> Circumstances {
        Circumstances { tier: Some(tier), rest: Some(rest), home, form: Some(form) }
    }

    #[test]
    fn likeness_counts_tier_rest_venue_and_form() {
        let now = circumstances(Tier::Weak, 1, true, 0);
        let cases = [
            ("the same", now, 100),
            ("the next tier", circumstances(Tier::Average, 1, true, 0), 80),
            ("the other tier", circumstances(Tier::Elite, 1, true, 0), 60),
            ("the next rest", circumstances(Tier::Weak, 2, true, 0), 85),
            ("far rest", circumstances(Tier::Weak, 3, true, 0), 70),
            ("away", circumstances(Tier::Weak, 1, false, 0), 85),
            ("another form", circumstances(Tier::Weak, 1, true, 1), 90),
            ("no tier known", Circumstances { tier: None, ..now }, 60),
            ("a first game", Circumstances { rest: None, form: None, ..now }, 60),
        ];
        for (name, then, expected) in cases {
            assert_eq!(now.likeness(&then), expected, "{name}");
            assert_eq!(then.likeness(&now), expected, "{name}, turned");
        }
    }

    #[test]
    fn a_high_rating_is_a_weak_defence() {
        let cases = [(-2.6, Tier::Elite), (-2.5, Tier::Average), (2.4, Tier::Average), (2.5, Tier::Weak)];
        for (above, expected) in cases {
            assert_eq!(tier(above), expected, "{above}");
        }
        assert_eq!([rest(1), rest(2), rest(4), rest(30)], [0, 1, 3, 3]);
        assert_eq!([heat(13.0, 10.0), heat(7.0, 10.0), heat(12.0, 10.0)], [1, -1, 0]);
    }

    /// Days on which BBB is elite, and from `weak_from` on weak.
    fn defenses(days: std::ops::Range<i32>, weak_from: i32) -> Vec<(Date, Vec<TeamDefenseZones>)> {
        days.map(|day| {
            let date = Date::from_days(day);
            let team = |name, rating| TeamDefenseZones {
                defensive_rating_last_15: Some(rating),
                ..fixture::team_defense_zones(date, name)
            };
            let rating = if day < weak_from { 100.0 } else { 120.0 };
            (date, vec![team("AAA", 110.0), team("BBB", rating), team("CCC", 220.0 - rating)])
        })
        .collect()
    }

    fn units<R>(dates: &[(Date, Vec<R>)]) -> Vec<(Date, &[R])> {
        dates.iter().map(|(date, rows)| (*date, rows.as_slice())).collect()
    }

    #[test]
    fn an_opponent_has_the_tier_that_it_had_on_the_day() {
        // Against BBB he scored 30 while it was elite, and 10 since it is weak; every second day a game.
        let days: Vec<i32> = (0..40).step_by(2).collect();
        let games: Vec<PlayerGame> = days
            .iter()
            .map(|day| PlayerGame {
                opponent_team_abbr: "BBB".into(),
                ..fixture::player_game(Date::from_days(*day), 1, "AAA", if *day < 20 { 30 } else { 10 })
            })
            .collect();
        let games: Vec<&PlayerGame> = games.iter().collect();
        let row = FeatureRow {
            opponent_team_abbr: "BBB".into(),
            days_rest: Some(2),
            ..fixture::feature_row(Date::from_days(40), 1)
        };
        let form = Form { last_5: 20.0, season: 20.0, deviation: None, points: 20.0 };
        let predict = |weak_from| {
            let defenses = defenses(0..41, weak_from);
            let units = units(&defenses);
            similarity(&form, &row, &games, &Tiers::of(&units)).expect("a prediction").points
        };
        // Ten games at 10 and the form of twenty.
        assert_eq!(predict(20), 16.67);
        // Had BBB been weak all along, all twenty games would count.
        assert!((predict(0) - 20.0).abs() < 0.2, "{}", predict(0));
    }

    #[test]
    fn few_similar_games_are_refused() {
        let games: Vec<PlayerGame> = (0..4)
            .map(|game| PlayerGame {
                opponent_team_abbr: "BBB".into(),
                ..fixture::player_game(Date::from_days(2 * game), 1, "AAA", 10)
            })
            .collect();
        let games: Vec<&PlayerGame> = games.iter().collect();
        let row = FeatureRow { days_rest: Some(2), ..fixture::feature_row(Date::from_days(8), 1) };
        let form = Form::of(&row).expect("form");
        let defenses = defenses(0..9, 0);
        let all = units(&defenses);
        let found = |tiers: &Tiers<'_>| similarity(&form, &row, &games, tiers).map_err(|r| r.code());
        assert_eq!(found(&Tiers::of(&all)), Err("too_few_similar_games"));
        assert_eq!(found(&Tiers::of(&all[..8])), Err("missing_input"));
    }
}
