//! Bookmakers' spreads and totals as rows. In: the landed payloads of the date. Out: one row a game and bookmaker.
//! Glue only: the payload's shape and the rules are in `domain::nba`.

use super::datasets::{GAME_LINES, LANDED_PLAYER_PROPS};
use crate::domain::nba;
use crate::flow::{Computed, Input, Inputs, Output, Permanent, Processor};

/// `nba.game_lines`.
pub(super) const PROCESSOR: Processor = Processor::compute(
    GAME_LINES,
    "One bookmaker's lines on one game, before it.",
    2,
    &[Input::same_date(LANDED_PLAYER_PROPS)],
    compute,
);

fn compute(inputs: &Inputs<'_>) -> Result<Computed, Permanent> {
    let offers = nba::DateOffers::read(inputs.payloads(LANDED_PLAYER_PROPS)?)?;
    let rows = nba::game_lines(&offers, inputs.date())?;
    // Bookmakers offer what they like: none is too few.
    Ok(Computed::Rows(Output::of(rows, 0)))
}
