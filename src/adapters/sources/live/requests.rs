//! Which request brings which payload: path and parameters, and where the answer lands. Sends nothing.

use super::hosts::Host;
use crate::adapters::sources::ending;
use crate::flow::{Date, Season};

/// A source of what happened on a date, as the pipelines name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Feed {
    /// All players' lines of the date's games.
    PlayerLogs,
    /// Both teams' lines of the date's games.
    TeamLogs,
    /// Every attempt of the date's games.
    ShotChart,
}

/// The folder of the season schedules.
pub(super) const SCHEDULE: &str = "schedule";

/// All players with their present teams.
pub(super) const PLAYER_INDEX: &str = "player_index";

/// Bookmakers' offers on games that have not begun: on players' points, spreads and totals.
pub(super) const PLAYER_PROPS: &str = "player_props";

/// Where the league is among the sports that are bet on.
const ODDS: &str = "/v4/sports/basketball_nba";

/// What an answer must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Json,
    Pdf,
}

/// One request. Nothing in it is secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) host: Host,
    pub(super) form: Form,
    pub(super) path: String,
    pub(super) query: Vec<(&'static str, String)>,
}

/// Where an answer lands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) source: &'static str,
    /// A season, or one with a suffix for its part.
    pub(super) label: String,
    /// The date; `None` for what is of the whole season.
    pub(super) date: Option<Date>,
}

impl Feed {
    /// All sources by date.
    pub(super) const ALL: [Self; 3] = [Self::PlayerLogs, Self::TeamLogs, Self::ShotChart];

    /// The source's name.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::PlayerLogs => "player_game_logs",
            Self::TeamLogs => "team_game_logs",
            Self::ShotChart => "shot_chart_detail",
        }
    }

    /// The source of a name, the inverse of `name`.
    pub(super) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|feed| feed.name() == name)
    }

    /// The request for a part of a date: one brings all its games.
    pub(super) fn request(self, season: Season, part: &str, date: Date) -> Request {
        let common = [
            ("LeagueID", "00".to_owned()),
            ("Season", season.to_string()),
            ("SeasonType", part.to_owned()),
            ("DateFrom", us_date(date)),
            ("DateTo", us_date(date)),
        ];
        let of = |text: &str| text.to_owned();
        let (path, own): (_, Vec<(&'static str, String)>) = match self {
            Self::PlayerLogs | Self::TeamLogs => {
                let whose = if self == Self::PlayerLogs { "P" } else { "T" };
                let own = [
                    ("PlayerOrTeam", of(whose)),
                    ("Counter", of("1000")),
                    ("Direction", of("DESC")),
                    ("Sorter", of("DATE")),
                ];
                ("/stats/leaguegamelog", own.into())
            }
            // Without FGA the service counts points, and gives the made shots only. All parameters must be
            // there, those that narrow nothing as well.
            Self::ShotChart => {
                let zeros = ["LastNGames", "Month", "OpponentTeamID", "Period", "PlayerID", "TeamID"];
                let empty = [
                    "GameID",
                    "GameSegment",
                    "Location",
                    "Outcome",
                    "PlayerPosition",
                    "RookieYear",
                    "SeasonSegment",
                    "VsConference",
                    "VsDivision",
                ];
                let measure = [("ContextMeasure", of("FGA"))];
                let zeros = zeros.map(|name| (name, of("0")));
                let own = measure.into_iter().chain(zeros).chain(empty.map(|name| (name, String::new())));
                ("/stats/shotchartdetail", own.collect())
            }
        };
        Request {
            host: Host::Stats,
            form: Form::Json,
            path: of(path),
            query: common.into_iter().chain(own).collect(),
        }
    }

    /// Where the answer for a part of a date lands.
    pub(super) fn place(self, season: Season, part: &str, date: Date) -> Place {
        let label = match part {
            "Regular Season" => season.to_string(),
            other => {
                let suffix: String = other.chars().filter(|letter| letter.is_alphanumeric()).collect();
                format!("{season}-{}", suffix.to_lowercase())
            }
        };
        Place { source: self.name(), label, date: Some(date) }
    }
}

/// Where what the service has of the present lands: under the date on which it was asked for.
pub(super) fn present_place(source: &'static str, season: Season, date: Date) -> Place {
    Place { source, label: season.to_string(), date: Some(date) }
}

/// The request for all players of a season with their present teams.
pub(super) fn player_index_request(season: Season) -> Request {
    let parameters =
        [("Historical", "0"), ("LeagueID", "00"), ("SeasonType", "Regular Season"), ("TeamID", "0")];
    let query = parameters.map(|(name, value)| (name, value.to_owned()));
    let query = query.into_iter().chain([("Season", season.to_string())]).collect();
    Request { host: Host::Stats, form: Form::Json, path: "/stats/playerindex".to_owned(), query }
}

/// The request for the games on which bookmakers may have offers, from one moment (RFC 3339) to another.
pub(super) fn events_request(from: String, to: String) -> Request {
    let query = vec![("commenceTimeFrom", from), ("commenceTimeTo", to), ("dateFormat", "iso".to_owned())];
    Request { host: Host::Odds, form: Form::Json, path: format!("{ODDS}/events"), query }
}

/// The request for the offers on one of these games.
pub(super) fn offers_request(event_id: &str) -> Request {
    let parameters = [
        ("regions", "us"),
        ("bookmakers", "draftkings,fanduel"),
        ("markets", "player_points,spreads,totals"),
        ("oddsFormat", "american"),
        ("dateFormat", "iso"),
    ];
    let query = parameters.map(|(name, value)| (name, value.to_owned())).into();
    Request { host: Host::Odds, form: Form::Json, path: format!("{ODDS}/events/{event_id}/odds"), query }
}

/// The requests for a season's schedule, the best first. The static file is the present season's, whichever
/// is asked for.
pub(super) fn schedule_requests(season: Season) -> [Request; 2] {
    let query = vec![("LeagueID", "00".to_owned()), ("Season", season.to_string())];
    [
        Request { host: Host::Stats, form: Form::Json, path: "/stats/scheduleleaguev2int".to_owned(), query },
        Request {
            host: Host::Cdn,
            form: Form::Json,
            path: "/static/json/staticData/scheduleLeagueV2_1.json".to_owned(),
            query: Vec::new(),
        },
    ]
}

/// Where a season's schedule lands.
pub(super) fn schedule_place(season: Season) -> Place {
    Place { source: SCHEDULE, label: season.to_string(), date: None }
}

impl Place {
    /// The payload's name within the landing zone.
    pub(super) fn name(&self) -> String {
        match self.date {
            Some(date) => format!("{}/{}/{date}.{}", self.source, self.label, ending(self.source)),
            None => format!("{}/{}.{}", self.source, self.label, ending(self.source)),
        }
    }

    /// The folder, within the landing zone, of everything that was ever answered for it.
    pub(super) fn history(&self) -> String {
        match self.date {
            Some(date) => format!(".fetched/{}/{}/{date}", self.source, self.label),
            None => format!(".fetched/{}/{}", self.source, self.label),
        }
    }
}

/// `01/26/2024`.
fn us_date(date: Date) -> String {
    let text = date.to_string();
    format!("{}/{}/{}", &text[5..7], &text[8..], &text[..4])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_date_has_its_request_and_its_place() {
        let date = Date::parse("2024-04-20").expect("date");
        let season = Season::starting(2023);
        let cases = [
            ("Regular Season", "player_game_logs/2023-24/2024-04-20.json"),
            ("Playoffs", "player_game_logs/2023-24-playoffs/2024-04-20.json"),
            ("PlayIn", "player_game_logs/2023-24-playin/2024-04-20.json"),
        ];
        for (part, name) in cases {
            assert_eq!(Feed::PlayerLogs.place(season, part, date).name(), name);
            for feed in Feed::ALL {
                let request = feed.request(season, part, date);
                let value = |name: &str| {
                    request.query.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
                };
                assert_eq!((value("DateFrom"), value("DateTo")), (Some("04/20/2024"), Some("04/20/2024")));
                assert_eq!((value("Season"), value("SeasonType")), (Some("2023-24"), Some(part)));
                assert_eq!(Feed::parse(feed.name()), Some(feed));
            }
        }
        assert_eq!(schedule_place(season).name(), "schedule/2023-24.json");
        assert_eq!(schedule_place(season).history(), ".fetched/schedule/2023-24");
    }
}
