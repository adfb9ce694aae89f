//! A season's games (`schedule/2023-24.json.gz`), cut by date: the payload of a date is the schedule with only
//! that date's games. There are two forms: a list (`games`, dates in `game_date`) and the service's tree
//! (`leagueSchedule.gameDates[].games`, dates in `gameDateEst`), of which the season is kept beside the games:
//! the time of the answer and the list of weeks say nothing of a date. Every other value stays as it is.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use bytes::Bytes;
use flate2::read::GzDecoder;
use serde_json::{Value, json};

use super::archive::PAYLOAD_BYTES_MAX;
use crate::flow::Date;

/// One season's list, whole and by date.
pub(super) struct SeasonList {
    pub(super) whole: Bytes,
    /// The extracts by date, or why the list cannot be cut.
    pub(super) dates: Result<BTreeMap<Date, Bytes>, String>,
}

impl SeasonList {
    /// Reads a list, packed or not.
    pub(super) fn open(path: &Path) -> Result<Self, String> {
        let packed = std::fs::read(path).map_err(|error| error.to_string())?;
        let mut whole = Vec::new();
        if path.extension().is_some_and(|extension| extension == "gz") {
            GzDecoder::new(packed.as_slice())
                .take(PAYLOAD_BYTES_MAX)
                .read_to_end(&mut whole)
                .map_err(|error| format!("it does not unpack: {error}"))?;
        } else {
            whole = packed;
        }
        let dates = cut(&whole);
        Ok(Self { whole: whole.into(), dates })
    }
}

fn cut(whole: &[u8]) -> Result<BTreeMap<Date, Bytes>, String> {
    let schedule: Value = serde_json::from_slice(whole).map_err(|error| error.to_string())?;
    let Value::Object(mut rest) = schedule else {
        return Err("it is no JSON object".to_owned());
    };
    if let Some(tree) = rest.remove("leagueSchedule") {
        return cut_tree(tree);
    }
    let Some(Value::Array(games)) = rest.remove("games") else {
        return Err("it has no list `games` and no `leagueSchedule`".to_owned());
    };
    let by_date = by_date(games, "game_date")?;
    let extract = |games| {
        let mut list = rest.clone();
        list.insert("games".to_owned(), Value::Array(games));
        Value::Object(list)
    };
    Ok(by_date.into_iter().map(|(date, games)| (date, bytes(&extract(games)))).collect())
}

fn cut_tree(mut tree: Value) -> Result<BTreeMap<Date, Bytes>, String> {
    let season = tree["seasonYear"].take();
    let Value::Array(days) = tree["gameDates"].take() else {
        return Err("its `leagueSchedule` has no list `gameDates`".to_owned());
    };
    let mut games = Vec::new();
    for (at, mut day) in days.into_iter().enumerate() {
        match day.get_mut("games").map(Value::take) {
            Some(Value::Array(of_day)) => games.extend(of_day),
            Some(_) | None => return Err(format!("day {} of `gameDates` has no list `games`", at + 1)),
        }
    }
    let extract = |games: Vec<Value>| json!({ "leagueSchedule": { "seasonYear": season, "gameDates": [{ "games": games }] } });
    let by_date = by_date(games, "gameDateEst")?;
    Ok(by_date.into_iter().map(|(date, games)| (date, bytes(&extract(games)))).collect())
}

fn by_date(games: Vec<Value>, field: &str) -> Result<BTreeMap<Date, Vec<Value>>, String> {
    let mut by_date: BTreeMap<Date, Vec<Value>> = BTreeMap::new();
    for (at, game) in games.into_iter().enumerate() {
        let date = game.get(field).and_then(Value::as_str).and_then(date_of);
        let date = date.ok_or_else(|| format!("game {} has no readable `{field}`", at + 1))?;
        by_date.entry(date).or_default().push(game);
    }
    Ok(by_date)
}

/// Values keep their form, keys come in alphabetical order: equal games give equal bytes.
fn bytes(schedule: &Value) -> Bytes {
    schedule.to_string().into()
}

/// `2023-12-25`, with or without a time after it, or `20231225`.
fn date_of(text: &str) -> Option<Date> {
    match text.len() {
        8 => Date::parse(&format!("{}-{}-{}", text.get(..4)?, text.get(4..6)?, text.get(6..)?)).ok(),
        _ => Date::parse(text.get(..10)?).ok(),
    }
}
