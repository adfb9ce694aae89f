//! Writes the service's envelope: resource, parameters, and one result set of rows. A writer of its own
//! because a season has six million cells, which need not become values first.

use bytes::Bytes;

use crate::flow::{Date, Season};

use super::season::Stage;

/// One cell.
pub(super) enum Json<'a> {
    Null,
    Int(i64),
    /// A number in tenths.
    Tenths(i64),
    /// Made of attempts, to three decimals; null when there was no attempt.
    Share(i64, i64),
    Text(&'a str),
    Made(String),
}

/// A payload that is being written.
pub(super) struct Envelope {
    out: String,
    rows: usize,
}

impl Envelope {
    /// Player or team logs of a date.
    pub(super) fn logs(resource: &str, result_set: &str, season: Season, stage: Stage, date: Date) -> Self {
        let (day, stage) = (american(date), stage.name());
        let parameters = format!(
            concat!(
                r#""MeasureType":"Base","PerMode":"Totals","LeagueID":"00","SeasonYear":"{}","#,
                r#""SeasonType":"{}","PORound":null,"TeamID":null,"PlayerID":null,"Outcome":null,"#,
                r#""Location":null,"Month":null,"SeasonSegment":null,"DateFrom":"{}","DateTo":"{}","#,
                r#""OppTeamID":null,"VsConference":null,"VsDivision":null,"GameSegment":null,"#,
                r#""Period":null,"ShotClockRange":null,"LastNGames":null"#
            ),
            season, stage, day, day
        );
        Self::open(resource, result_set, &parameters)
    }

    /// The shot chart of a date.
    pub(super) fn shots(season: Season, stage: Stage, date: Date) -> Self {
        let (day, stage) = (american(date), stage.name());
        let parameters = format!(
            concat!(
                r#""LeagueID":"00","Season":"{}","SeasonType":"{}","TeamID":0,"PlayerID":0,"#,
                r#""GameID":null,"Outcome":null,"Location":null,"Month":0,"SeasonSegment":null,"#,
                r#""DateFrom":"{}","DateTo":"{}","OpponentTeamID":0,"VsConference":null,"#,
                r#""VsDivision":null,"Position":null,"RookieYear":null,"GameSegment":null,"Period":0,"#,
                r#""LastNGames":0,"ClutchTime":null,"AheadBehind":null,"PointDiff":null,"RangeType":0,"#,
                r#""StartPeriod":1,"EndPeriod":10,"StartRange":0,"EndRange":28800,"#,
                r#""ContextFilter":"","ContextMeasure":"FGA""#
            ),
            season, stage, day, day
        );
        Self::open("shotchartdetail", "Shot_Chart_Detail", &parameters)
    }

    /// The player index of a season.
    pub(super) fn player_index(season: Season) -> Self {
        let parameters =
            format!(r#""LeagueID":"00","Season":"{season}","SeasonType":"Regular Season","TeamID":0"#);
        Self::open("playerindex", "PlayerIndex", &parameters)
    }

    fn open(resource: &str, result_set: &str, parameters: &str) -> Self {
        let out = format!(
            r#"{{"resource":"{resource}","parameters":{{{parameters}}},"resultSets":[{{"name":"{result_set}""#
        );
        Self { out, rows: 0 }
    }

    pub(super) fn headers(&mut self, columns: &[&str]) {
        self.out.push_str(r#","headers":["#);
        self.out.push_str(&format!("\"{}\"", columns.join("\",\"")));
        self.out.push_str(r#"],"rowSet":["#);
    }

    pub(super) fn row<'a>(&mut self, cells: impl Iterator<Item = Json<'a>>) {
        if self.rows > 0 {
            self.out.push(',');
        }
        self.rows += 1;
        self.out.push('[');
        for (at, cell) in cells.enumerate() {
            if at > 0 {
                self.out.push(',');
            }
            cell.write(&mut self.out);
        }
        self.out.push(']');
    }

    pub(super) fn finish(mut self) -> Bytes {
        self.out.push_str("]}]}");
        Bytes::from(self.out)
    }
}

impl Json<'_> {
    fn write(&self, out: &mut String) {
        match self {
            Self::Null | Self::Share(_, 0) => out.push_str("null"),
            Self::Int(number) => push_int(out, *number),
            Self::Tenths(tenths) => out.push_str(&format!("{:?}", *tenths as f64 / 10.0)),
            Self::Share(made, attempts) => out.push_str(&format!("{:?}", thousandths(*made, *attempts))),
            Self::Text(text) => push_quoted(out, text),
            Self::Made(text) => push_quoted(out, text),
        }
    }
}

/// The digits of a number, without the detour through the formatter: nearly all cells are short integers.
fn push_int(out: &mut String, number: i64) {
    match u8::try_from(number) {
        Ok(digit @ 0..10) => out.push(char::from(b'0' + digit)),
        Ok(digits @ 10..100) => {
            out.push(char::from(b'0' + digits / 10));
            out.push(char::from(b'0' + digits % 10));
        }
        Ok(_) | Err(_) => out.push_str(&number.to_string()),
    }
}

fn thousandths(made: i64, attempts: i64) -> f64 {
    (made as f64 * 1_000.0 / attempts as f64).round() / 1_000.0
}

/// A text of ours in quotes: names have neither quotes, backslashes nor control characters.
fn push_quoted(out: &mut String, text: &str) {
    out.push('"');
    out.push_str(text);
    out.push('"');
}

/// `01/26/2024`, as the service takes dates in requests.
fn american(date: Date) -> String {
    let text = date.to_string();
    format!("{}/{}/{}", &text[5..7], &text[8..10], &text[..4])
}
