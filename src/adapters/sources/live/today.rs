//! What the service knows of the present only, and what therefore can be had on its own date alone: who plays
//! for whom, and bookmakers' offers on games that have not begun. Offers are asked for game by game; their
//! payload puts the answers together, snapshot by snapshot, and keeps those that were there before.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::error::FetchError;
use super::history::Checked;
use super::requests::{
    PLAYER_INDEX, PLAYER_PROPS, Place, Request, SCHEDULE, events_request, offers_request,
    player_index_request, present_place,
};
use super::{DATE_OVER, HOUR, LiveUpstream, digest, end_of, moment, unfit_answer};
use crate::fleet::{Fetched, Millis, Source};
use crate::flow::{Date, Failure, PartAnswer, Payload, Season, Unfit};

/// Moments as the odds service writes them.
const MOMENT: &str = "%Y-%m-%dT%H:%M:%SZ";

/// A game on which there may be offers.
#[derive(Debug, Deserialize)]
struct Event {
    id: String,
    commence_time: String,
}

impl LiveUpstream {
    /// Fetches what is of the present, if the date is.
    pub(super) async fn fetch_today(&self, source: &str, date: Date) -> Result<Fetched, Failure> {
        let due = self.due(date).await?;
        let Some(first) = due.first() else { return Err(FetchError::NoGames { date }.into()) };
        let source_name = if source == PLAYER_INDEX { PLAYER_INDEX } else { PLAYER_PROPS };
        let now = self.clock.now();
        if !(end_of(date) - 24 * HOUR..end_of(date)).contains(&now) {
            return Err(FetchError::NotToday { source_name, date }.into());
        }
        if source_name == PLAYER_INDEX {
            self.fetch_player_index(first.season, date).await
        } else {
            self.fetch_offers(first.season, date).await
        }
    }

    async fn fetch_player_index(&self, season: Season, date: Date) -> Result<Fetched, Failure> {
        let place = present_place(PLAYER_INDEX, season, date);
        let calendar = self.zone.payloads(SCHEDULE, date).await?.there().unwrap_or_default();
        let fits = |payload: &Payload| self.present_fits(PLAYER_INDEX, date, payload, &calendar);
        let checked = self.checked(&place).await?;
        Ok(self.bring(&player_index_request(season), &place, checked.as_ref(), &fits).await?)
    }

    async fn fetch_offers(&self, season: Season, date: Date) -> Result<Fetched, Failure> {
        if self.settings.odds_key.is_none() {
            return Err(FetchError::NoKey { source_name: PLAYER_PROPS }.into());
        }
        let place = present_place(PLAYER_PROPS, season, date);
        let calendar = self.zone.payloads(SCHEDULE, date).await?.there().unwrap_or_default();
        let begins = end_of(date) - DATE_OVER + 10 * HOUR;
        let request = events_request(moment(begins, MOMENT), moment(begins + 24 * HOUR - 1_000, MOMENT));
        let events: Vec<Event> = self.ask_for(&request, &place).await?.1;
        if events.is_empty() {
            let reason = format!("no games on {date}, although the schedule has some");
            return Err(unfit_answer(&request, Unfit::Incomplete(reason)).into());
        }
        let mut snapshots = self.snapshots_before(&place).await?;
        for event in events {
            // The lines of a game that is under way are no offers on its result any more.
            if event.commence_time <= moment(self.clock.now(), MOMENT) {
                continue;
            }
            let (at, data): (Millis, Map<String, Value>) =
                self.ask_for(&offers_request(&event.id), &place).await?;
            let said_before = snapshots.iter().rev().find(|known| known["data"]["id"] == json!(event.id));
            if said_before.is_none_or(|known| known["data"] != Value::Object(data.clone())) {
                snapshots.push(json!({ "timestamp": moment(at, MOMENT), "data": data }));
            }
        }
        let bytes = Bytes::from(json!({ "snapshots": snapshots }).to_string());
        let payload = Payload { name: place.name().into(), bytes: bytes.clone() };
        self.present_fits(PLAYER_PROPS, date, &payload, &calendar)
            .map_err(|unfit| unfit_answer(&request, unfit))?;
        let checked = Checked {
            at: self.clock.now(),
            blake3: digest(&bytes),
            etag: None,
            last_modified: None,
            path: None,
        };
        let landing = place.clone();
        let fetched = self.with_history(move |history| history.put(&landing, &bytes)).await?;
        self.note(&place, checked).await?;
        Ok(fetched)
    }

    fn present_fits(
        &self,
        source: &'static str,
        date: Date,
        payload: &Payload,
        calendar: &[Payload],
    ) -> Result<(), Unfit> {
        (self.settings.intake.answer_fits)(PartAnswer { source, date, part: "", payload, calendar })
    }

    /// Asks for something of this shape, keeps the answer beside the place's others, and says when it was
    /// asked for.
    async fn ask_for<T: for<'de> Deserialize<'de>>(
        &self,
        request: &Request,
        place: &Place,
    ) -> Result<(Millis, T), FetchError> {
        let received = self.receive(request, place, &Default::default()).await?;
        let (host, path) = (request.host.limits().name, request.path.clone());
        let Some(answer) = received.answer else {
            return Err(FetchError::Refused { host, path, status: 304 });
        };
        let read: Result<T, FetchError> = serde_json::from_slice(&answer.body).map_err(|error| {
            let (bytes, reason) = (answer.body.len(), error.to_string());
            FetchError::Damaged { host, path, bytes, reason }
        });
        let verdict = read.as_ref().map(drop).map_err(Clone::clone);
        self.keep(request, place, received.at, &answer, &verdict).await?;
        Ok((received.at, read?))
    }

    /// The snapshots of the place's payload; none where there is none that can be read.
    async fn snapshots_before(&self, place: &Place) -> Result<Vec<Value>, FetchError> {
        let place = place.clone();
        let present = self.with_history(move |history| history.present(&place)).await?;
        let before = present.and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
        let snapshots = before.as_ref().and_then(|payload| payload["snapshots"].as_array());
        Ok(snapshots.cloned().unwrap_or_default())
    }
}
