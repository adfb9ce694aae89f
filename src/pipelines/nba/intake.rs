//! How the NBA pipeline reads the answers of the league's service before they land: by the very functions
//! that read them afterwards. Glue only.

use crate::domain::nba::{self, DateOffers, GameState, PayloadFault};
use crate::flow::{Date, Due, Intake, Over, PartAnswer, Payload, Permanent, Season, Unfit};

/// What is due on a date, and whether an answer has it.
pub const INTAKE: Intake = Intake { due, starts: nba::starts, calendar_fits, answer_fits };

/// One part for each kind of game on the date; it is over when the last of its games is.
fn due(calendar: &[Payload], date: Date) -> Result<Vec<Due>, Permanent> {
    let mut parts: Vec<Due> = Vec::new();
    for (game, state) in nba::game_states(calendar, date)? {
        let over = match state {
            GameState::Scheduled | GameState::Live => Over::No,
            GameState::Final => Over::Yes,
            GameState::Unstated => Over::Unstated,
        };
        match parts.iter_mut().find(|due| due.part == game.season_type) {
            Some(known) if over == Over::No => known.over = over,
            Some(_) => {}
            None => {
                let year = i32::try_from(game.season_year).unwrap_or(0);
                parts.push(Due { season: Season::starting(year), part: game.season_type, over });
            }
        }
    }
    Ok(parts)
}

fn calendar_fits(payload: &Payload, season: Season, before: Option<&Payload>) -> Result<(), Unfit> {
    nba::check_schedule(payload, season, before).map_err(unfit)
}

fn answer_fits(answer: PartAnswer<'_>) -> Result<(), Unfit> {
    let PartAnswer { source, date, part, payload, calendar } = answer;
    let payloads = std::slice::from_ref(payload);
    let mut games = nba::scheduled_games(calendar, date).map_err(unfit)?;
    if !part.is_empty() {
        games.retain(|game| &*game.season_type == part);
    }
    match source {
        "player_game_logs" => nba::player_logs(payloads, date, &games).map(drop),
        "team_game_logs" => nba::team_logs(payloads, date, &games).map(drop),
        "shot_chart_detail" => {
            nba::shots(payloads, date, &games).and_then(|shots| nba::check_shots(&shots, payloads, &games))
        }
        "player_index" => {
            nba::rosters(payloads, date).and_then(|rosters| nba::check_rosters(&rosters, payloads, &games))
        }
        "injury_report" => {
            let starts = nba::starts(calendar).map_err(Unfit::Faulty)?;
            let first = starts.get(&date).map(|(first, _)| *first);
            nba::check_injury_report(payloads, date, &games, first)
        }
        // Bookmakers offer what they like: none is too few.
        "player_props" => {
            let offers =
                |offers| nba::player_props(&offers, date).and_then(|_| nba::game_lines(&offers, date));
            DateOffers::read(payloads).and_then(offers).map(drop)
        }
        _ => {
            let message = format!("the pipeline nba reads no source `{source}` by date");
            return Err(Unfit::Faulty(Permanent::new("source_unknown", message)));
        }
    }
    .map_err(unfit)
}

fn unfit(fault: PayloadFault) -> Unfit {
    match fault {
        PayloadFault::Incomplete { .. } => Unfit::Incomplete(fault.to_string()),
        PayloadFault::Malformed { .. }
        | PayloadFault::Unreadable { .. }
        | PayloadFault::WrongResource { .. }
        | PayloadFault::ColumnMissing { .. }
        | PayloadFault::ColumnTwice { .. }
        | PayloadFault::RowLength { .. }
        | PayloadFault::WrongType { .. }
        | PayloadFault::Value { .. }
        | PayloadFault::ForeignDate { .. }
        | PayloadFault::UnknownGame { .. }
        | PayloadFault::Contradiction { .. } => Unfit::Faulty(fault.into()),
    }
}
