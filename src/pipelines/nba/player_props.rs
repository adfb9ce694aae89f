//! Bookmakers' offers as rows. In: the landed payloads of the date. Out: one row a game, player and
//! bookmaker. Glue only: the payload's shape and the rules are in `domain::nba`.

use super::datasets::{LANDED_PLAYER_PROPS, PLAYER_PROPS};
use crate::domain::nba;
use crate::flow::{Computed, Input, Inputs, Output, Permanent, Processor};

/// `nba.player_props`.
pub(super) const PROCESSOR: Processor = Processor::compute(
    PLAYER_PROPS,
    "One bookmaker's line on one player's points, before the game.",
    3,
    &[Input::same_date(LANDED_PLAYER_PROPS)],
    compute,
);

fn compute(inputs: &Inputs<'_>) -> Result<Computed, Permanent> {
    let offers = nba::DateOffers::read(inputs.payloads(LANDED_PLAYER_PROPS)?)?;
    let rows = nba::player_props(&offers, inputs.date())?;
    // Bookmakers offer what they like: none is too few.
    Ok(Computed::Rows(Output::of(rows, 0)))
}
