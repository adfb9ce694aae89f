//! The league's service as the simulated league would give it, on a loopback port: the answers have the
//! shapes of the real one, and the faults are real ones. Says what it was asked.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use futures::stream;
use serde_json::{Value, json};
use tidegate::adapters::sources::{League, SimulatedLeague};
use tidegate::fleet::Source;
use tidegate::flow::Date;
use tokio::task::JoinSet;

use super::clock::{HandClock, TIME_LIMIT};

/// The key without which nobody is told any odds.
pub(crate) const KEY: &str = "5ecret-0f-0urs";

/// What goes wrong with one answer.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fault {
    /// This status, with these headers and this body.
    Status(u16, &'static [(&'static str, &'static str)], &'static str),
    /// A page for people, with the status of success.
    Page,
    /// Only the first part of the answer, as a whole answer.
    Cut,
    /// The connection breaks in the middle of an answer whose length was promised.
    Broken,
    /// The same in an answer without a length.
    BrokenChunks,
    /// No answer within the time limit.
    Slow,
    /// No rows.
    Empty,
    /// Half of the rows.
    FewRows,
    /// The rows of the first game alone.
    FirstGame,
    /// The columns in another order, with one more.
    OtherOrder,
    /// A column under another name.
    Renamed(&'static str),
    /// A season's schedule without its first played game.
    Forgetful,
}

/// One request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) host: String,
    pub(crate) path: String,
    pub(crate) query: BTreeMap<String, String>,
    pub(crate) headers: HeaderMap,
}

/// The service's state.
pub(crate) struct Service {
    league: SimulatedLeague,
    clock: Arc<HandClock>,
    /// Games up to this date are over.
    over: Mutex<Date>,
    faults: Mutex<VecDeque<Fault>>,
    /// The injury reports that have been printed, by their names.
    printed: Mutex<BTreeMap<String, Vec<u8>>>,
    seen: Mutex<Vec<Seen>>,
    /// Whether answers carry an ETag, and unchanged ones are answered with 304.
    tags: bool,
    asking: AtomicUsize,
    asking_most: AtomicUsize,
    /// Points that were corrected: added to the first player's of every log.
    corrected: AtomicUsize,
}

/// A server that runs as long as it is held.
pub(crate) struct Server {
    pub(crate) state: Arc<Service>,
    pub(crate) url: String,
    _tasks: JoinSet<()>,
}

impl Server {
    /// Serves the season that starts in 2023 of a small league; games up to `over` are over.
    pub(crate) async fn start(clock: &Arc<HandClock>, over: &str, tags: bool) -> Self {
        Self::of(League { seed: 1, seasons: vec![2023], teams: 4, games_per_team: 12 }, clock, over, tags)
            .await
    }

    /// Serves this league.
    pub(crate) async fn of(league: League, clock: &Arc<HandClock>, over: &str, tags: bool) -> Self {
        let state = Arc::new(Service {
            league: SimulatedLeague::new(league).expect("a league"),
            clock: Arc::clone(clock),
            over: Mutex::new(Date::parse(over).expect("a date")),
            faults: Mutex::default(),
            printed: Mutex::default(),
            seen: Mutex::default(),
            tags,
            asking: AtomicUsize::new(0),
            asking_most: AtomicUsize::new(0),
            corrected: AtomicUsize::new(0),
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let router = Router::new().fallback(answer).with_state(Arc::clone(&state));
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { axum::serve(listener, router).await.expect("it serves") });
        Self { state, url, _tasks: tasks }
    }

    /// The next answers go wrong like this, one after the other.
    pub(crate) fn fails(&self, faults: impl IntoIterator<Item = Fault>) {
        self.state.faults.lock().expect("faults").extend(faults);
    }

    /// From now on there is an injury report of this name, which is the league's of a date.
    pub(crate) async fn prints(&self, name: &str, date: Date) {
        let payloads = self.state.league.payloads("injury_report", date).await.expect("payloads");
        let report = payloads.there().expect("a report")[0].bytes.to_vec();
        self.state.printed.lock().expect("reports").insert(format!("referee/injury/{name}.pdf"), report);
    }

    /// What was asked since the last time that this was asked.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        std::mem::take(&mut self.state.seen.lock().expect("seen"))
    }

    /// How many requests there were at most at one time.
    pub(crate) fn asking_most(&self) -> usize {
        self.state.asking_most.load(Ordering::Relaxed)
    }

    /// Games up to this date are over.
    pub(crate) fn over(&self, date: &str) {
        *self.state.over.lock().expect("over") = Date::parse(date).expect("a date");
    }

    /// From now on every log has a correction.
    pub(crate) fn correct(&self) {
        self.state.corrected.fetch_add(1, Ordering::Relaxed);
    }

    /// The dates of the season, in order, each with its number of games.
    pub(crate) async fn dates(&self) -> BTreeMap<Date, usize> {
        let mut dates = BTreeMap::new();
        for game in self.state.games().await {
            let date = Date::parse(game["game_date"].as_str().expect("a date")).expect("a date");
            *dates.entry(date).or_default() += 1;
        }
        dates
    }
}

async fn answer(State(service): State<Arc<Service>>, request: Request) -> Response {
    let asking = service.asking.fetch_add(1, Ordering::SeqCst) + 1;
    service.asking_most.fetch_max(asking, Ordering::SeqCst);
    let response = service.answer(request).await;
    service.asking.fetch_sub(1, Ordering::SeqCst);
    response
}

impl Service {
    async fn answer(&self, request: Request) -> Response {
        let query: Query<BTreeMap<String, String>> = Query::try_from_uri(request.uri()).expect("a query");
        let (host, path) = request.uri().path()[1..].split_once('/').expect("a host and a path");
        let seen = Seen {
            host: host.to_owned(),
            path: path.to_owned(),
            query: query.0,
            headers: request.headers().clone(),
        };
        self.seen.lock().expect("seen").push(seen.clone());
        let fault = self.faults.lock().expect("faults").pop_front();
        if let Some(Fault::Slow) = fault {
            self.clock.advance(TIME_LIMIT);
            std::future::pending::<()>().await;
        }
        if seen.host == "ak-static.cms.nba.com" {
            return self.print(&seen.path, fault);
        }
        let Some(mut value) = self.value(&seen).await else {
            return plain(404, "no such thing");
        };
        if let Some(fault) = &fault {
            spoil(&mut value, fault);
        }
        let text = value.to_string();
        match fault {
            Some(Fault::Status(status, headers, body)) => with_headers(plain(status, body), headers),
            Some(Fault::Page) => plain(200, "\n<!DOCTYPE html><html><body>Access Denied</body></html>"),
            Some(Fault::Cut) => plain(200, &text[..text.len() / 2]),
            Some(Fault::Broken) => broken(&text, true),
            Some(Fault::BrokenChunks) => broken(&text, false),
            Some(_) | None => self.whole(&seen, text),
        }
    }

    /// An injury report; what is not printed is forbidden, as the real host says it.
    fn print(&self, path: &str, fault: Option<Fault>) -> Response {
        let report = self.printed.lock().expect("reports").get(path).cloned();
        let file = |bytes: &[u8]| {
            let mut response = Response::new(Body::from(bytes.to_vec()));
            response.headers_mut().insert("content-type", "application/pdf".parse().expect("a header"));
            response
        };
        match (fault, report) {
            (Some(Fault::Status(status, headers, body)), _) => with_headers(plain(status, body), headers),
            (Some(Fault::Page), _) => plain(200, "<!DOCTYPE html><html><body>Access Denied</body></html>"),
            (_, None) => plain(403, "<Error><Code>AccessDenied</Code></Error>"),
            (Some(Fault::Cut), Some(report)) => file(&report[..report.len() / 2]),
            (Some(_) | None, Some(report)) => file(&report),
        }
    }

    /// The answer with its ETag, or the word that it has not changed.
    fn whole(&self, seen: &Seen, text: String) -> Response {
        let tag = format!("\"{}\"", crc32fast::hash(text.as_bytes()));
        if !self.tags {
            return plain(200, &text);
        }
        let known = seen.headers.get("if-none-match").and_then(|value| value.to_str().ok());
        let mut response = if known == Some(&tag) { plain(304, "") } else { plain(200, &text) };
        response.headers_mut().insert("etag", tag.parse().expect("a header"));
        response
    }

    async fn value(&self, seen: &Seen) -> Option<Value> {
        let of = |name: &str| seen.query.get(name).map(String::as_str);
        match (seen.path.as_str(), of("PlayerOrTeam")) {
            ("stats/scheduleleaguev2int", _) => Some(self.schedule(of("Season")?).await),
            ("static/json/staticData/scheduleLeagueV2_1.json", _) => Some(self.schedule("2023-24").await),
            ("stats/leaguegamelog", Some("P")) => self.logs("player_game_logs", seen).await,
            ("stats/leaguegamelog", Some("T")) => self.logs("team_game_logs", seen).await,
            ("stats/shotchartdetail", _) if of("ContextMeasure") == Some("FGA") => {
                self.payload("shot_chart_detail", seen).await
            }
            ("stats/playerindex", _) => self.today("player_index").await,
            ("v4/sports/basketball_nba/events", _) => {
                assert_eq!(of("apiKey"), Some(KEY));
                let events = self.events().await;
                let plain =
                    |event: &Value| json!({ "id": event["id"], "commence_time": event["commence_time"] });
                Some(events.iter().map(plain).collect())
            }
            (path, _) => {
                let event = path.strip_prefix("v4/sports/basketball_nba/events/")?.strip_suffix("/odds")?;
                assert_eq!((of("apiKey"), of("markets")), (Some(KEY), Some("player_points,spreads,totals")));
                self.events().await.into_iter().find(|known| known["id"] == json!(event))
            }
        }
    }

    /// What the league has of the date on which the clock stands, in the east.
    async fn today(&self, source: &str) -> Option<Value> {
        let hours = tidegate::fleet::Clock::now(&*self.clock) / 3_600_000;
        let date = Date::from_days(i32::try_from((hours - 10) / 24).expect("a date"));
        let payloads = self.league.payloads(source, date).await.expect("payloads").there()?;
        Some(serde_json::from_slice(&payloads[0].bytes).expect("JSON"))
    }

    /// The games with offers, each with its last ones; the points move with the corrections.
    async fn events(&self) -> Vec<Value> {
        let payload = self.today("player_props").await.expect("offers");
        let mut events = std::collections::BTreeMap::new();
        for snapshot in payload["snapshots"].as_array().expect("snapshots") {
            let mut event = snapshot["data"].clone();
            event["title"] = json!(self.corrected.load(Ordering::Relaxed));
            events.insert(event["id"].to_string(), event);
        }
        events.into_values().collect()
    }

    async fn games(&self) -> Vec<Value> {
        let lists = self.league.calendar("schedule").await.expect("a schedule");
        let list: Value = serde_json::from_slice(&lists[0].bytes).expect("JSON");
        list["games"].as_array().expect("games").clone()
    }

    /// The season as the service's tree, with what is no part of the calendar among it.
    async fn schedule(&self, season: &str) -> Value {
        let over = *self.over.lock().expect("over");
        let mut games: Vec<Value> = self.games().await.iter().map(|game| tree_game(game, over)).collect();
        let first = games[0].clone();
        for (id, status, text) in [
            ("0012300001", 3, "Final"),
            ("0032300001", 3, "Final"),
            ("0062300001", 3, "Final"),
            ("0022309999", 1, "PPD"),
        ] {
            let mut other = first.clone();
            other["gameId"] = json!(id);
            other["gameStatus"] = json!(status);
            other["gameStatusText"] = json!(text);
            games.push(other);
        }
        let mut undecided = first;
        undecided["gameId"] = json!("0042300407");
        undecided["homeTeam"] = json!({ "teamId": 0, "teamTricode": null, "score": 0 });
        games.push(undecided);
        let mut days: Vec<Value> = Vec::new();
        for game in games {
            days.push(json!({ "gameDate": game["gameDateEst"], "games": [game] }));
        }
        let now = tidegate::fleet::Clock::now(&*self.clock);
        json!({
            "meta": { "version": 1, "time": now },
            "leagueSchedule": { "seasonYear": season, "leagueId": "00", "gameDates": days, "weeks": [] },
        })
    }

    /// The payload of the date that was asked for, if it has the kind of game that was asked for and the
    /// games are over.
    async fn payload(&self, source: &str, seen: &Seen) -> Option<Value> {
        let us = &seen.query["DateFrom"];
        assert_eq!(us, &seen.query["DateTo"]);
        let date = Date::parse(&format!("{}-{}-{}", &us[6..], &us[..2], &us[3..5])).expect("a date");
        let payloads = self.league.payloads(source, date).await.expect("payloads");
        let games = self.games().await;
        let kind = games.iter().find(|game| game["game_date"] == json!(date.to_string()))?;
        if kind["season_type"] != json!(seen.query["SeasonType"]) || date > *self.over.lock().expect("over") {
            return Some(no_rows());
        }
        payloads.there().map(|payloads| serde_json::from_slice(&payloads[0].bytes).expect("JSON"))
    }

    async fn logs(&self, source: &str, seen: &Seen) -> Option<Value> {
        let mut value = self.payload(source, seen).await?;
        for _ in 0..self.corrected.load(Ordering::Relaxed) {
            let at = column(&value, "STL");
            let cell = &mut value["resultSets"][0]["rowSet"][0][at];
            *cell = json!(cell.as_i64().expect("a number") + 1);
        }
        // The league game log has every column for players and teams, in every part of a season. The league
        // invents only some of them for teams in the regular season, which are the sums of their players,
        // and for players in the playoffs, who come as it has them.
        if source == "team_game_logs" {
            let players = self.payload("player_game_logs", seen).await?;
            add_sums(&mut value["resultSets"][0], &players["resultSets"][0]);
        }
        if has(&value["resultSets"][0], "FGM") {
            value["resource"] = json!("leaguegamelog");
            value["resultSets"][0]["name"] = json!("LeagueGameLog");
        }
        Some(value)
    }
}

fn has(set: &Value, header: &str) -> bool {
    set["headers"].as_array().expect("headers").iter().any(|known| known == header)
}

/// Adds the columns that a log of teams lacks and the log of their players has: sums, the minutes too.
fn add_sums(teams: &mut Value, players: &Value) {
    let at = |set: &Value, header: &str| {
        let headers = set["headers"].as_array().expect("headers");
        headers.iter().position(|known| known == header)
    };
    let [game, team] = ["GAME_ID", "TEAM_ABBREVIATION"].map(|header| {
        (at(teams, header).expect("in a team's log"), at(players, header).expect("in a player's log"))
    });
    for header in ["MIN", "FGM", "FGA", "FG3M", "FG3A", "FTM", "FTA", "OREB", "DREB", "PF"] {
        let (None, Some(column)) = (at(teams, header), at(players, header)) else { continue };
        teams["headers"].as_array_mut().expect("headers").push(json!(header));
        for row in teams["rowSet"].as_array_mut().expect("rows") {
            let own = players["rowSet"]
                .as_array()
                .expect("rows")
                .iter()
                .filter(|player| player[game.1] == row[game.0] && player[team.1] == row[team.0]);
            let sum: i64 = own.map(|player| player[column].as_i64().expect("a whole number")).sum();
            row.as_array_mut().expect("a row").push(json!(sum));
        }
    }
}

fn no_rows() -> Value {
    json!({ "resource": "leaguegamelog", "parameters": {},
            "resultSets": [{ "name": "LeagueGameLog", "headers": ["GAME_ID"], "rowSet": [] }] })
}

fn column(value: &Value, header: &str) -> usize {
    let headers = value["resultSets"][0]["headers"].as_array().expect("headers");
    headers.iter().position(|known| known == header).unwrap_or_else(|| panic!("no column {header}"))
}

fn tree_game(game: &Value, over: Date) -> Value {
    let date = game["game_date"].as_str().expect("a date");
    let is_over = Date::parse(date).expect("a date") <= over;
    let team = |code: &Value| json!({ "teamId": 1, "teamTricode": code, "wins": 0, "losses": 0, "score": 0 });
    json!({
        "gameId": game["game_id"],
        "gameStatus": if is_over { 3 } else { 1 },
        "gameStatusText": if is_over { "Final" } else { "7:30 pm ET" },
        "gameDateEst": format!("{date}T00:00:00Z"),
        "gameDateTimeUTC": format!("{}T00:30:00Z", Date::parse(date).expect("a date").plus_days(1)),
        "isNeutral": false,
        "homeTeam": team(&game["home_team"]),
        "awayTeam": team(&game["away_team"]),
    })
}

fn spoil(value: &mut Value, fault: &Fault) {
    if let Fault::Forgetful = fault {
        value["leagueSchedule"]["gameDates"].as_array_mut().expect("days").remove(0);
    }
    let Some(set) = value.pointer_mut("/resultSets/0") else { return };
    match fault {
        Fault::Empty => set["rowSet"] = json!([]),
        Fault::FewRows => {
            let rows = set["rowSet"].as_array_mut().expect("rows");
            rows.truncate(rows.len() / 2);
        }
        Fault::FirstGame => {
            let at = set["headers"].as_array().expect("headers").iter().position(|h| h == "GAME_ID");
            let at = at.expect("a column GAME_ID");
            let rows = set["rowSet"].as_array_mut().expect("rows");
            let first = rows[0][at].clone();
            rows.retain(|row| row[at] == first);
        }
        Fault::OtherOrder => {
            set["headers"].as_array_mut().expect("headers").reverse();
            set["headers"].as_array_mut().expect("headers").insert(0, json!("NEW_COLUMN"));
            for row in set["rowSet"].as_array_mut().expect("rows") {
                row.as_array_mut().expect("a row").reverse();
                row.as_array_mut().expect("a row").insert(0, json!({ "nested": [1] }));
            }
        }
        Fault::Renamed(header) => {
            let headers = set["headers"].as_array_mut().expect("headers");
            let at = headers.iter().position(|known| known == header).expect("the column");
            headers[at] = json!("RENAMED");
        }
        Fault::Forgetful
        | Fault::Status(..)
        | Fault::Page
        | Fault::Cut
        | Fault::Broken
        | Fault::BrokenChunks
        | Fault::Slow => {}
    }
}

fn plain(status: u16, body: &str) -> Response {
    let mut response = Response::new(Body::from(body.to_owned()));
    *response.status_mut() = StatusCode::from_u16(status).expect("a status");
    response.headers_mut().insert("content-type", "application/json".parse().expect("a header"));
    response
}

fn with_headers(mut response: Response, headers: &[(&'static str, &'static str)]) -> Response {
    for (name, value) in headers {
        response.headers_mut().insert(*name, value.parse().expect("a header"));
    }
    response
}

/// Half of the answer, and then the end of the connection.
fn broken(text: &str, with_length: bool) -> Response {
    let half = Bytes::copy_from_slice(&text.as_bytes()[..text.len() / 2]);
    let parts = stream::unfold(0, move |sent| {
        let half = half.clone();
        async move {
            // So that the half is on its way before the connection goes.
            for _ in 0..100 * sent {
                tokio::task::yield_now().await;
            }
            let part =
                if sent == 0 { Ok(half) } else { Err(std::io::Error::other("the connection is gone")) };
            Some((part, sent + 1))
        }
    });
    let mut response = Response::new(Body::from_stream(parts));
    if with_length {
        response.headers_mut().insert("content-length", text.len().into());
    }
    response
}
