//! A season's list of games (`schedule/2023-24.json.gz`), cut by date: the payload of a date is the list
//! with only that date's games. Looks at `games` and `game_date` alone and leaves every other value as it is.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use bytes::Bytes;
use flate2::read::GzDecoder;
use serde_json::{Map, Value};

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
    let list: Value = serde_json::from_slice(whole).map_err(|error| error.to_string())?;
    let Value::Object(mut rest) = list else {
        return Err("it is no JSON object".to_owned());
    };
    let Some(Value::Array(games)) = rest.remove("games") else {
        return Err("it has no list `games`".to_owned());
    };
    let mut by_date: BTreeMap<Date, Vec<Value>> = BTreeMap::new();
    for (at, game) in games.into_iter().enumerate() {
        let date = game.get("game_date").and_then(Value::as_str).and_then(date_of);
        let date = date.ok_or_else(|| format!("game {} has no readable `game_date`", at + 1))?;
        by_date.entry(date).or_default().push(game);
    }
    Ok(by_date.into_iter().map(|(date, games)| (date, extract(&rest, games))).collect())
}

/// Values keep their form, keys come in alphabetical order: equal games give equal bytes.
fn extract(rest: &Map<String, Value>, games: Vec<Value>) -> Bytes {
    let mut list = rest.clone();
    list.insert("games".to_owned(), Value::Array(games));
    Value::Object(list).to_string().into()
}

/// `2023-12-25`, with or without a time after it, or `20231225`.
fn date_of(text: &str) -> Option<Date> {
    match text.len() {
        8 => Date::parse(&format!("{}-{}-{}", text.get(..4)?, text.get(4..6)?, text.get(6..)?)).ok(),
        _ => Date::parse(text.get(..10)?).ok(),
    }
}
