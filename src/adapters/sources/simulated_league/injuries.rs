//! The league's injury report of a date: what teams tell of their players before the games, as a PDF in the layout of
//! the real one. Whom a team names follows from who does not turn up; how it puts it, and whom else it names, from a
//! chance of its own, so that no game comes out otherwise for it.

use std::collections::BTreeMap;

use bytes::Bytes;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::flow::Date;
use crate::flow::sheet::{Packing, Sheet, pdf};

use super::chance;
use super::season::{Game, PlayedSeason};
use super::teams::TEAMS;
use super::underway::tip_off_told;

/// One date in so many has no report, and one team in so many has not submitted.
const NO_REPORT_IN: i64 = 23;
const NOT_SUBMITTED: f64 = 0.03;
/// How often somebody who plays is named, and somebody who does not turn up.
const PLAYS_NAMED: f64 = 0.05;
const ABSENT_NAMED: f64 = 0.85;
/// Of those who have not played yet, so many are the affiliate's.
const AT_AFFILIATE: f64 = 0.4;

/// Where the columns begin, in points, and the table ends.
const COLUMNS: [f64; 7] = [22.0, 121.0, 201.0, 266.0, 426.0, 587.0, 668.0];
const TABLE_RIGHT: f64 = 824.0;
/// Points from line to line within a cell, and beside it above and below.
const LINE: f64 = 9.0;
const PADDING: f64 = 3.0;
/// Where rows begin on the first page and on others, and end on all.
const ROWS_TOP: (f64, f64) = (64.0, 44.0);
const ROWS_BOTTOM: f64 = 556.0;
/// Letters of a reason in one line.
const REASON_LETTERS: usize = 34;

const INJURIES: [&str; 8] = [
    "Injury/Illness - Left Ankle; Sprain",
    "Injury/Illness - Right Hamstring; Strain",
    "Injury/Illness - Low Back; Spasms",
    "Injury/Illness - N/A; Illness",
    "Injury/Illness - Left Knee; Injury Recovery",
    "Injury/Illness - Right Shoulder; Soreness and Return to Competition Reconditioning",
    "Rest",
    "Personal Reasons",
];

/// A row of the report.
struct Named {
    player: String,
    status: &'static str,
    reason: &'static str,
}

/// Whether the date has a report.
pub(super) fn exists(date: Date) -> bool {
    i64::from(date.days()).rem_euclid(NO_REPORT_IN) != 7
}

/// The report of a date, on whose games it is known before them: one may be put off and played on another date.
pub(super) fn report(season: &PlayedSeason, games: &[&Game], date: Date) -> Bytes {
    let members = members(season, date);
    let mut rows: Vec<[String; 7]> = Vec::new();
    let text = date.to_string();
    let (year, month, day) = (&text[..4], &text[5..7], &text[8..]);
    for (place, game) in games.iter().enumerate() {
        let mut sides =
            [1, 0].map(|side: usize| (game.teams[side], of_team(season, (game, side), date, &members)));
        if sides.iter().all(|(_, named)| named.as_ref().is_some_and(Vec::is_empty)) {
            sides[1].1 = None;
        }
        let matchup = [1, 0].map(|side: usize| TEAMS[game.teams[side]].abbreviation).join("@");
        let mut of_game = [format!("{month}/{day}/{year}"), tip_off_told(place), matchup];
        if place > 0 {
            of_game[0].clear();
        }
        for (team, named) in sides {
            let mut name = TEAMS[team].name.to_owned();
            let mut row = |cells: [&str; 3]| {
                let [date, time, matchup] = std::mem::take(&mut of_game);
                let [player, status, reason] = cells.map(str::to_owned);
                rows.push([date, time, matchup, std::mem::take(&mut name), player, status, reason]);
            };
            match named {
                None => row(["", "", "NOT YET SUBMITTED"]),
                Some(named) => named.iter().for_each(|one| row([&one.player, one.status, one.reason])),
            }
        }
    }
    let title = format!("Injury Report: {month}/{day}/{} 11:30 AM", &year[2..]);
    Bytes::from(pdf(&pages(&title, &rows), Packing::Flate))
}

/// What a team tells before a game; nothing where it has not submitted yet.
fn of_team(
    season: &PlayedSeason,
    (game, side): (&Game, usize),
    date: Date,
    members: &BTreeMap<usize, (usize, bool)>,
) -> Option<Vec<Named>> {
    let team = game.teams[side];
    let numbers = [i64::from(date.days()), TEAMS[team].id];
    let mut rng = chance::generator(0, "injury report", &numbers);
    if chance::happens(&mut rng, NOT_SUBMITTED) {
        return None;
    }
    let mut named = Vec::new();
    for (player, (_, has_played)) in members.iter().filter(|(_, (of, _))| *of == team) {
        let plays = game.played.lines[side].iter().any(|line| line.player == *player);
        let player = &season.players[*player];
        let told = if *has_played { told(&mut rng, plays) } else { at_affiliate(player.id, plays) };
        if let Some((status, reason)) = told {
            named.push(Named { player: player.reported_name(), status, reason });
        }
    }
    named.sort_by(|a, b| a.player.cmp(&b.player));
    Some(named)
}

/// Status and reason of somebody of the team; nothing where it does not name him. Who is out does not play.
fn told(rng: &mut ChaCha8Rng, plays: bool) -> Option<(&'static str, &'static str)> {
    let (is_named, draw) =
        (chance::happens(rng, if plays { PLAYS_NAMED } else { ABSENT_NAMED }), rng.random_range(0..100));
    let reason = INJURIES[rng.random_range(0..INJURIES.len())];
    let status = match (plays, draw) {
        (true, 0..30) => "Probable",
        (true, 30..75) => "Questionable",
        (true, 75..80) => "Doubtful",
        (true, _) => "Available",
        (false, 0..70) => "Out",
        (false, 70..82) => "Doubtful",
        (false, _) => "Questionable",
    };
    is_named.then_some((status, reason))
}

/// Somebody who has not played this season: some are the affiliate's until they do.
fn at_affiliate(player: i64, plays: bool) -> Option<(&'static str, &'static str)> {
    let mut rng = chance::generator(0, "affiliate", &[player]);
    (chance::happens(&mut rng, AT_AFFILIATE) && !plays).then_some(("Out", "G League - Two-Way"))
}

/// Everybody of the season: the team of his last game before the date, or of his first one, and whether he has
/// played before the date. Whoever plays for another team on the date itself is nobody's whom either would name.
fn members(season: &PlayedSeason, date: Date) -> BTreeMap<usize, (usize, bool)> {
    let mut members: BTreeMap<usize, (usize, bool)> = BTreeMap::new();
    for game in &season.games {
        let is_before = game.date < date;
        for (team, lines) in game.teams.into_iter().zip(&game.played.lines) {
            for line in lines {
                let now = members.entry(line.player).or_insert((team, is_before));
                if is_before {
                    *now = (team, true);
                }
            }
        }
    }
    for game in season.on(date) {
        for (team, lines) in game.teams.into_iter().zip(&game.played.lines) {
            for line in lines {
                if members.get(&line.player).is_some_and(|(known, _)| *known != team) {
                    members.remove(&line.player);
                }
            }
        }
    }
    members
}

/// The table on pages: its header on the first one, a number at the foot of each.
fn pages(title: &str, rows: &[[String; 7]]) -> Vec<Sheet> {
    let mut pages = vec![Sheet::default()];
    pages[0].text(COLUMNS[0], 30.0, title);
    let headers = ["Game Date", "Game Time", "Matchup", "Team", "Player Name", "Current Status", "Reason"];
    for (left, header) in COLUMNS.into_iter().zip(headers) {
        pages[0].text(left, 52.0, header);
    }
    let mut top = ROWS_TOP.0;
    for row in rows {
        let reason = wrapped(&row[6]);
        let height = 2.0 * PADDING + LINE * reason.len() as f64;
        if top + height > ROWS_BOTTOM {
            pages.push(Sheet::default());
            top = ROWS_TOP.1;
        }
        let page = pages.last_mut().expect("a page");
        // Cells are centred: a reason of two lines stands above and below the others.
        let middle = top + height / 2.0 + 2.5;
        for (left, cell) in COLUMNS.into_iter().zip(&row[..6]).filter(|(_, cell)| !cell.is_empty()) {
            page.text(left, middle, cell);
        }
        for (at, line) in reason.iter().enumerate() {
            let off = LINE * (at as f64 - (reason.len() - 1) as f64 / 2.0);
            page.text(COLUMNS[6], middle + off, line);
        }
        top += height;
        page.rule(COLUMNS[4] - 1.0, TABLE_RIGHT, top);
    }
    let count = pages.len();
    for (at, page) in pages.iter_mut().enumerate() {
        page.text(400.0, 580.0, &format!("Page {} of {count}", at + 1));
    }
    pages
}

/// A reason by lines.
fn wrapped(reason: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in reason.split(' ') {
        let line = lines.last_mut().expect("a line");
        if line.is_empty() {
            line.push_str(word);
        } else if line.len() + 1 + word.len() <= REASON_LETTERS {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}
