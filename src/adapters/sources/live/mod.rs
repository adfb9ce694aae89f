//! The league's public service, asked over HTTP: schedule, logs, shot charts, rosters, injury reports. Every answer
//! is kept in the landing zone as it came; one that the pipeline can read, with all that the schedule says
//! must be in it, becomes the current payload there. Interprets no payload: the pipeline's `Intake` does.

mod answer;
mod client;
mod error;
mod history;
mod hosts;
mod injury_report;
mod requests;
mod today;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use tracing::{debug, warn};

use super::{INJURY_REPORT, LandingZone};
use crate::fleet::{Clock, Fetched, Millis, Source, Upstream};
use crate::flow::{Date, Due, Failure, Intake, Over, PartAnswer, Payload, Season, Unfit};

use answer::Answer;
pub use client::Key;
use client::{Asked, Client, Validators};
use error::FetchError;
use history::{Checked, History, Receipt};
use requests::{
    Feed, Form, PLAYER_INDEX, PLAYER_PROPS, Place, Request, SCHEDULE, schedule_place, schedule_requests,
};

const HOUR: Millis = 60 * 60 * 1_000;

/// A game that begins on a date is over by then, after the beginning of the date in UTC: five in the morning
/// in the east, the last games on the west coast ended hours ago.
const DATE_OVER: Millis = (24 + 10) * HOUR;

/// The league corrects box scores in the days after a game. A payload that was found current this long after
/// its date was over, on the third morning, is final, and is not asked for again.
const CORRECTIONS: Millis = 40 * HOUR;

/// A schedule that is older says nothing about which games are over by now.
const SCHEDULE_FRESH: Millis = 2 * 60 * 1_000;

/// Settings of the upstream.
#[derive(Clone)]
pub struct LiveSettings {
    /// The landing zone's directory; it is made where it is not there.
    pub landing: PathBuf,
    /// How the pipeline reads answers.
    pub intake: &'static Intake,
    /// One place instead of all hosts, each below its name (`<base>/stats.nba.com/stats/...`).
    pub base_url: Option<String>,
    /// Whether to ask also for what is final.
    pub force: bool,
    /// The key to bookmakers' offers, for whoever has one.
    pub odds_key: Option<Key>,
    /// Whether to keep the hosts' spacing between requests; a place of one's own needs none.
    pub spaced: bool,
}

/// The service. One for each landing zone and process: it spaces the requests.
pub struct LiveUpstream {
    settings: LiveSettings,
    zone: LandingZone,
    history: History,
    client: Client,
    clock: Arc<dyn Clock>,
}

/// An answer that is JSON, and when it was asked for; `None` where the host says that nothing has changed.
struct Received {
    answer: Option<Answer>,
    at: Millis,
}

impl LiveUpstream {
    /// The names of all sources that are fetched by date: those of what happened on it, then those of what is
    /// known before it, of which the injury report alone can be had after the date.
    pub const SOURCES: [&'static str; 6] = [
        Feed::PlayerLogs.name(),
        Feed::TeamLogs.name(),
        Feed::ShotChart.name(),
        INJURY_REPORT,
        PLAYER_INDEX,
        PLAYER_PROPS,
    ];

    /// The upstream that fills this landing zone.
    pub fn open(settings: LiveSettings, clock: Arc<dyn Clock>) -> Result<Self, Failure> {
        std::fs::create_dir_all(&settings.landing).map_err(|error| FetchError::Storage {
            operation: "create",
            path: settings.landing.display().to_string(),
            reason: error.to_string(),
        })?;
        let zone = LandingZone::open(&settings.landing).map_err(FetchError::from)?;
        let client = Client::new(
            Arc::clone(&clock),
            settings.base_url.clone(),
            settings.spaced,
            settings.odds_key.clone(),
        )?;
        Ok(Self { history: History::below(&settings.landing), settings, zone, client, clock })
    }

    /// The sources that can be had: all, or those that need no key where there is none.
    #[must_use]
    pub fn sources(&self) -> Vec<&'static str> {
        let with_key = self.settings.odds_key.is_some();
        Self::SOURCES.into_iter().filter(|source| with_key || *source != PLAYER_PROPS).collect()
    }

    /// Where it lands what it fetches.
    #[must_use]
    pub fn landing(&self) -> &Path {
        &self.settings.landing
    }

    async fn fetch_date(&self, source: &str, date: Date) -> Result<Fetched, Failure> {
        if source == PLAYER_INDEX || source == PLAYER_PROPS {
            return self.fetch_today(source, date).await;
        }
        if source == INJURY_REPORT {
            return self.fetch_injury_report(date).await;
        }
        let feed = Feed::parse(source).ok_or_else(|| FetchError::UnknownSource {
            source_name: source.to_owned(),
            known: Self::SOURCES.join(", "),
        })?;
        let mut due = self.due(date).await?;
        if let Some(waiting) = due.iter().find(|due| !self.is_over(due, date)) {
            self.refresh_schedule(waiting.season).await?;
            due = self.due(date).await?;
        }
        if due.iter().any(|due| !self.is_over(due, date)) {
            return Err(FetchError::NotFinal { source_name: source.to_owned(), date }.into());
        }
        if due.is_empty() {
            return Err(FetchError::NoGames { date }.into());
        }
        let mut fetched = Fetched::Unchanged;
        for part in &due {
            if self.fetch_part(feed, date, part).await? == Fetched::New {
                fetched = Fetched::New;
            }
        }
        Ok(fetched)
    }

    /// What the landed schedule has on a date.
    async fn due(&self, date: Date) -> Result<Vec<Due>, Failure> {
        let calendar = self.zone.payloads(SCHEDULE, date).await?.there().unwrap_or_default();
        let due = (self.settings.intake.due)(&calendar, date).map_err(FetchError::Schedule)?;
        Ok(due)
    }

    fn is_over(&self, due: &Due, date: Date) -> bool {
        match due.over {
            Over::Yes => true,
            Over::No => false,
            Over::Unstated => self.clock.now() >= end_of(date),
        }
    }

    async fn refresh_schedule(&self, season: Season) -> Result<(), Failure> {
        let place = schedule_place(season);
        let checked = self.checked(&place).await?;
        if checked.is_some_and(|checked| checked.at + SCHEDULE_FRESH > self.clock.now()) {
            return Ok(());
        }
        self.fetch_season(season).await.map(|_| ())
    }

    async fn fetch_part(&self, feed: Feed, date: Date, due: &Due) -> Result<Fetched, Failure> {
        let place = feed.place(due.season, &due.part, date);
        let final_at = end_of(date) + CORRECTIONS;
        let checked = self.checked(&place).await?;
        if !self.settings.force && self.clock.now() >= final_at {
            let found_final = checked.as_ref().is_some_and(|checked| checked.at >= final_at);
            let landed_otherwise =
                checked.is_none() && self.zone.stamp(feed.name(), date).await?.there().is_some();
            if found_final || landed_otherwise {
                return Ok(Fetched::Unchanged);
            }
        }
        let calendar = self.zone.payloads(SCHEDULE, date).await?.there().unwrap_or_default();
        let request = feed.request(due.season, &due.part, date);
        let fits = |payload: &Payload| {
            let answer =
                PartAnswer { source: feed.name(), date, part: &due.part, payload, calendar: &calendar };
            (self.settings.intake.answer_fits)(answer)
        };
        Ok(self.bring(&request, &place, checked.as_ref(), &fits).await?)
    }

    async fn fetch_season(&self, season: Season) -> Result<Fetched, Failure> {
        let place = schedule_place(season);
        let checked = self.checked(&place).await?;
        // What the packed or the plain file of the season says now. Where it cannot be read, a new one mends it.
        let lists = self.zone.calendar(SCHEDULE).await.unwrap_or_default();
        let label = format!("{SCHEDULE}/{season}.json");
        let before = lists.into_iter().find(|list| list.name.starts_with(&label));
        let fits = |payload: &Payload| (self.settings.intake.calendar_fits)(payload, season, before.as_ref());
        let [first, second] = schedule_requests(season);
        let trouble = match self.bring(&first, &place, checked.as_ref(), &fits).await {
            Ok(fetched) => return Ok(fetched),
            Err(error @ (FetchError::Storage { .. } | FetchError::Interrupted { .. })) => {
                return Err(error.into());
            }
            Err(error) => error,
        };
        warn!(%season, error = %trouble, "the first source of the schedule failed; trying the second");
        match self.bring(&second, &place, None, &fits).await {
            Ok(fetched) => Ok(fetched),
            Err(error) => {
                warn!(%season, %error, "the second source of the schedule failed too");
                Err(trouble.into())
            }
        }
    }

    /// Asks until there is an answer that may be data, keeps it, and makes it the place's payload if it fits.
    async fn bring(
        &self,
        request: &Request,
        place: &Place,
        checked: Option<&Checked>,
        fits: &(dyn Fn(&Payload) -> Result<(), Unfit> + Send + Sync),
    ) -> Result<Fetched, FetchError> {
        let known = self.validators(place, checked).await?;
        let Received { answer, at } = self.receive(request, place, &known).await?;
        let Some(answer) = answer else {
            let checked = checked.map(|checked| Checked { at, ..checked.clone() });
            return match checked {
                Some(checked) => self.note(place, checked).await.map(|()| Fetched::Unchanged),
                None => Err(FetchError::Refused {
                    host: request.host.limits().name,
                    path: request.path.clone(),
                    status: 304,
                }),
            };
        };
        let payload = Payload { name: place.name().into(), bytes: answer.body.clone() };
        let verdict = fits(&payload).map_err(|unfit| unfit_answer(request, unfit));
        self.keep(request, place, at, &answer, &verdict).await?;
        verdict?;
        let (fetched, blake3) = self.put(place, &answer).await?;
        let checked = Checked {
            at,
            blake3,
            etag: answer.header("etag").map(str::to_owned),
            last_modified: answer.header("last-modified").map(str::to_owned),
            path: (request.form == Form::Pdf).then(|| request.path.clone()),
        };
        self.note(place, checked).await?;
        debug!(place = %place.name(), bytes = answer.body.len(), ?fetched, "fetched");
        Ok(fetched)
    }

    /// Asks, and asks again after failures that pass. Answers that cannot be data are kept as well.
    async fn receive(
        &self,
        request: &Request,
        place: &Place,
        known: &Validators,
    ) -> Result<Received, FetchError> {
        let attempts = request.host.limits().attempts;
        let mut attempt = 1;
        loop {
            let Asked { answer, verdict, at } = self.client.ask(request, known, attempt).await;
            let error = match (verdict, answer) {
                (Ok(()), answer) => {
                    let answer = answer.filter(|answer| answer.status != 304);
                    return Ok(Received { answer, at });
                }
                (Err(error), None) => error,
                (Err(error), Some(answer)) => {
                    let verdict = Err(error);
                    self.keep(request, place, at, &answer, &verdict).await?;
                    let Err(error) = verdict else { continue };
                    error
                }
            };
            if !error.is_passing() || attempt >= attempts {
                return Err(error);
            }
            warn!(place = %place.name(), attempt, %error, "a request failed; it is sent again");
            attempt += 1;
        }
    }

    /// What the host may compare with: only if the payload that it was said of is still there.
    async fn validators(&self, place: &Place, checked: Option<&Checked>) -> Result<Validators, FetchError> {
        let Some(checked) =
            checked.filter(|checked| checked.etag.is_some() || checked.last_modified.is_some())
        else {
            return Ok(Validators::default());
        };
        let place = place.clone();
        let present = self.with_history(move |history| history.present(&place)).await?;
        Ok(match present {
            Some(bytes) if digest(&bytes) == checked.blake3 => {
                Validators { etag: checked.etag.clone(), last_modified: checked.last_modified.clone() }
            }
            Some(_) | None => Validators::default(),
        })
    }

    async fn keep(
        &self,
        request: &Request,
        place: &Place,
        at: Millis,
        answer: &Answer,
        verdict: &Result<(), FetchError>,
    ) -> Result<(), FetchError> {
        let (place, answer) = (place.clone(), answer.clone());
        let query: Vec<String> =
            request.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let url = format!("{}?{}", self.client.url(request), query.join("&"));
        let (code, reason) = match verdict {
            Ok(()) => ("accepted", None),
            Err(error) => (error.code(), Some(error.to_string())),
        };
        self.with_history(move |history| {
            let receipt = Receipt {
                source: place.source,
                label: &place.label,
                date: place.date.map(|date| date.to_string()),
                asked_at: moment(at, "%Y-%m-%dT%H:%M:%S%.3fZ"),
                url,
                status: answer.status,
                headers: &answer.headers,
                bytes: answer.body.len(),
                blake3: digest(&answer.body),
                verdict: code,
                reason,
            };
            let name = moment(at, "%Y%m%dT%H%M%SZ");
            history.keep(&place, &name, &essence(&place, &answer), &answer.body, &receipt)
        })
        .await
    }

    /// Makes the answer the current payload, unless it says what the present one says. Also says which hash
    /// the payload has then.
    async fn put(&self, place: &Place, answer: &Answer) -> Result<(Fetched, String), FetchError> {
        let (place, answer) = (place.clone(), answer.clone());
        self.with_history(move |history| {
            if place.date.is_none()
                && let Some(present) = history.present(&place)?
                && without_meta(&present) == without_meta(&answer.body)
            {
                return Ok((Fetched::Unchanged, digest(&present)));
            }
            Ok((history.put(&place, &answer.body)?, digest(&answer.body)))
        })
        .await
    }

    async fn checked(&self, place: &Place) -> Result<Option<Checked>, FetchError> {
        let place = place.clone();
        self.with_history(move |history| {
            let checked = history.checked(&place);
            // A note about a payload that somebody has taken away, or changed, is about nothing.
            Ok(match (checked, history.present(&place)?) {
                (Some(checked), Some(_)) => Some(checked),
                (Some(_) | None, _) => None,
            })
        })
        .await
    }

    async fn note(&self, place: &Place, checked: Checked) -> Result<(), FetchError> {
        let place = place.clone();
        self.with_history(move |history| history.note(&place, &checked)).await
    }

    async fn with_history<T: Send + 'static>(
        &self,
        work: impl FnOnce(&History) -> Result<T, FetchError> + Send + 'static,
    ) -> Result<T, FetchError> {
        let history = self.history.clone();
        let done = tokio::task::spawn_blocking(move || work(&history)).await;
        done.map_err(|error| FetchError::Interrupted { reason: error.to_string() })?
    }
}

#[async_trait]
impl Upstream for LiveUpstream {
    async fn fetch(&self, source: &str, date: Date) -> Result<Fetched, Failure> {
        self.fetch_date(source, date).await
    }

    async fn fetch_schedule(&self, season: Season) -> Result<Fetched, Failure> {
        self.fetch_season(season).await
    }
}

fn unfit_answer(request: &Request, unfit: Unfit) -> FetchError {
    let (host, path) = (request.host.limits().name, request.path.clone());
    match unfit {
        Unfit::Incomplete(reason) => FetchError::Incomplete { host, path, reason },
        Unfit::Faulty(reason) => FetchError::Faulty { host, path, reason },
    }
}

/// When a date is over everywhere that the league plays.
fn end_of(date: Date) -> Millis {
    Millis::from(date.days()) * 24 * HOUR + DATE_OVER
}

fn moment(at: Millis, format: &str) -> String {
    chrono::DateTime::from_timestamp_millis(at)
        .map_or_else(|| at.to_string(), |moment| moment.format(format).to_string())
}

fn digest(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

/// The hash of what an answer says: a schedule says when it was made too, which is no news.
fn essence(place: &Place, answer: &Answer) -> String {
    match place.date {
        Some(_) => digest(&answer.body),
        None => {
            without_meta(&answer.body).map_or_else(|| digest(&answer.body), |text| digest(text.as_bytes()))
        }
    }
}

/// A schedule without the note of when it was made; `None` for what is no JSON object.
fn without_meta(schedule: &[u8]) -> Option<String> {
    let mut schedule: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(schedule).ok()?;
    schedule.remove("meta");
    serde_json::to_string(&schedule).ok()
}
