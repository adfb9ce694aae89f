//! Publishes the profiles of a date's players, for a website. In: the season's games up to the date, itself
//! included, and the rosters of the date, if its index has landed. Out: one document a player who played on the date, which every date that he plays on writes.
//! Glue only.

use super::datasets::{PLAYER_GAME_SUMMARY, ROSTERS, SITE_PLAYERS};
use crate::domain::nba::site::{PLAYER_PROFILE, PlayerProfile, player_profiles};
use crate::flow::{Document, Documents, Inputs, Keep, Permanent, Processor, Window};

/// The processor.
pub(super) const PROCESSOR: Processor = Processor::publish(
    SITE_PLAYERS,
    "each player's season as JSON: players/PLAYER_ID.json",
    PLAYER_PROFILE.version,
    &[PLAYER_GAME_SUMMARY.read(Window::SeasonToDate), ROSTERS.same_date().optional()],
    publish,
);

fn publish(inputs: &Inputs<'_>) -> Result<Documents, Permanent> {
    if let Some(reason) = inputs.skipped(PLAYER_GAME_SUMMARY.name())? {
        return Ok(Documents::Skipped(reason));
    }
    let games = inputs.window(PLAYER_GAME_SUMMARY)?;
    let document = |profile: &PlayerProfile<'_>| {
        let path = format!("players/{}.json", profile.player_id);
        Document::json(&path, Keep::Latest, PLAYER_PROFILE, inputs.date(), profile)
    };
    let profiles = player_profiles(inputs.date(), &games, inputs.same_date(ROSTERS)?);
    let documents: Result<_, _> = profiles.iter().map(document).collect();
    Ok(Documents::Made(documents?))
}
