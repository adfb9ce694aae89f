//! Reports that the tests draw themselves, in the layout of the real ones and in those that its parts may have.

use proptest::prelude::*;

use super::pdf::PDF_BYTES_MAX;
use super::report::{Entry, Report};
use super::status::InjuryStatus;
use super::*;
use crate::domain::nba::fixture;
use crate::domain::nba::identity::player_lookup;
use crate::domain::nba::payload_fault::PayloadFault;
use crate::domain::nba::rows_raw::PlayerLog;
use crate::domain::nba::rows_rosters::Rostered;
use crate::domain::nba::rows_schedule::ScheduledGame;
use crate::flow::sheet::{Packing, Sheet, pdf, pdf_in, stream};
use crate::flow::{Date, Payload};

const LEFT: [f64; 7] = [22.0, 121.0, 201.0, 266.0, 426.0, 587.0, 668.0];
const HEADERS: [&str; 7] =
    ["Game Date", "Game Time", "Matchup", "Team", "Player Name", "Current Status", "Reason"];
const TITLE: &str = "Injury Report: 01/13/26 01:30 PM";

fn date() -> Date {
    Date::parse("2026-01-13").expect("date")
}

fn payload(bytes: Vec<u8>) -> Payload {
    Payload { name: "injury_report/2025-26/2026-01-13.pdf".into(), bytes: bytes.into() }
}

/// Cells at their places; a line break in a reason makes lines above and below the row.
fn row(sheet: &mut Sheet, down: f64, cells: [&str; 7]) {
    for (left, cell) in LEFT.into_iter().zip(cells) {
        let lines: Vec<&str> = cell.split('\n').collect();
        for (at, line) in lines.iter().enumerate().filter(|(_, line)| !line.is_empty()) {
            sheet.text(left, down + 9.0 * (at as f64 - (lines.len() - 1) as f64 / 2.0), line);
        }
    }
}

fn header(sheet: &mut Sheet) {
    sheet.text(22.0, 30.0, TITLE);
    row(sheet, 52.0, HEADERS);
}

/// Two pages: two games of the date and one of the next; a team that has not submitted; a long reason.
fn two_pages() -> Vec<Sheet> {
    let mut first = Sheet::default();
    header(&mut first);
    let rows = [
        [
            "01/13/2026",
            "07:30 (ET)",
            "PHX@MIA",
            "Phoenix Suns",
            "Bouyea, Jamaree",
            "Out",
            "Concussion Protocol",
        ],
        ["", "", "", "", "Goodwin, Jordan", "Probable", "Injury/Illness - Jaw; Sprain"],
        [
            "",
            "",
            "",
            "Miami Heat",
            "Hardaway Jr., Tim",
            "Questionable",
            "Injury/Illness - Low Back; Spasms and\nReturn to Competition\nReconditioning",
        ],
        ["", "", "", "", "Payton II, Gary", "Doubtful", "Injury/Illness - Left Ankle; Injury\nRecovery"],
        ["", "10:00 (ET)", "NOP@LAC", "New Orleans Pelicans", "", "", "NOT YET SUBMITTED"],
    ];
    let mut down = 80.0;
    for cells in rows {
        row(&mut first, down, cells);
        first.rule(425.0, 824.0, down + 18.0);
        down += 36.0;
    }
    first.text(400.0, 580.0, "Page 1 of 2");
    let mut second = Sheet::default();
    row(&mut second, 40.0, ["", "", "", "LA Clippers", "Doncic, Luka", "Available", "Rest"]);
    row(
        &mut second,
        56.0,
        [
            "01/14/2026",
            "08:00 (ET)",
            "TOR@IND",
            "Toronto Raptors",
            "Poeltl, Jakob",
            "Out",
            "Injury/Illness - Back; Strain",
        ],
    );
    second.text(400.0, 580.0, "Page 2 of 2");
    vec![first, second]
}

fn read(bytes: Vec<u8>) -> Result<Report, PayloadFault> {
    Report::read(&payload(bytes))
}

/// A listing on one line: date, time, match-up, team, name, status, reason.
fn lines(report: &Report) -> Vec<String> {
    let line = |row: &super::report::Listing| {
        let entry = match &row.entry {
            Entry::NotSubmitted => "not submitted".to_owned(),
            Entry::Player { name, status, reason } => format!("{name} | {} | {reason}", status.code()),
        };
        format!("{} {} {}@{} {} | {entry}", row.date, row.game_time, row.away_team, row.home_team, row.team)
    };
    report.listings.iter().map(line).collect()
}

fn expected() -> Vec<&'static str> {
    vec![
        "2026-01-13 07:30 PHX@MIA PHX | Jamaree Bouyea | out | Concussion Protocol",
        "2026-01-13 07:30 PHX@MIA PHX | Jordan Goodwin | probable | Injury/Illness - Jaw; Sprain",
        "2026-01-13 07:30 PHX@MIA MIA | Tim Hardaway Jr. | questionable | Injury/Illness - Low Back; Spasms and Return to Competition Reconditioning",
        "2026-01-13 07:30 PHX@MIA MIA | Gary Payton II | doubtful | Injury/Illness - Left Ankle; Injury Recovery",
        "2026-01-13 10:00 NOP@LAC NOP | not submitted",
        "2026-01-13 10:00 NOP@LAC LAC | Luka Doncic | available | Rest",
        "2026-01-14 08:00 TOR@IND TOR | Jakob Poeltl | out | Injury/Illness - Back; Strain",
    ]
}

#[test]
fn a_report_is_read_packed_and_plain() {
    for packing in [Packing::Flate, Packing::Plain] {
        let report = read(pdf(&two_pages(), packing)).expect("a report");
        assert_eq!(lines(&report), expected());
        assert_eq!(report.moment.to_rfc3339(), "2026-01-13T18:30:00+00:00");
    }
}

/// Words placed one by one without any space between them, in a scaled and moved space, with a kerning move.
#[test]
fn words_are_told_apart_by_their_places() {
    let mut sheet = Sheet::default();
    header(&mut sheet);
    row(
        &mut sheet,
        80.0,
        ["01/13/2026", "07:30(ET)", "PHX@MIA", "PhoenixSuns", "HardawayJr.,Tim", "Out", ""],
    );
    sheet.operators("q 0.5 0 0 0.5 668 515 cm BT /F1 16 Tf 0 0 Td (Injury/Illness) Tj 104 0 Td (-) Tj 12 0 Td [(L) 200 (ow) -900 (Ba) 0 (ck;)] TJ T* ET Q");
    let report = read(pdf(&[sheet], Packing::Flate)).expect("a report");
    assert_eq!(
        lines(&report),
        ["2026-01-13 07:30 PHX@MIA PHX | Tim HardawayJr. | out | Injury/Illness - L ow Back;"]
    );
}

#[test]
fn later_pages_may_repeat_the_header() {
    let mut pages = two_pages();
    let mut second = Sheet::default();
    header(&mut second);
    row(&mut second, 80.0, ["", "", "", "LA Clippers", "Doncic, Luka", "Available", "Rest"]);
    pages[1] = second;
    let report = read(pdf(&pages, Packing::Flate)).expect("a report");
    assert_eq!(lines(&report), expected()[..6]);
}

/// A composite font: two bytes a glyph, which only its map tells the meaning of, with widths of its own.
#[test]
fn composite_fonts_are_read_by_their_map() {
    let mut sheet = Sheet::default();
    let hex =
        |text: &str| text.bytes().map(|byte| format!("{:04x}", u32::from(byte) + 0x100)).collect::<String>();
    let mut put = |left: f64, down: f64, text: &str| {
        sheet.operators(&format!("BT /F1 8 Tf 1 0 0 1 {left} {} Tm <{}> Tj ET", 595.0 - down, hex(text)));
    };
    put(22.0, 30.0, TITLE);
    for (left, header) in LEFT.into_iter().zip(HEADERS) {
        put(left, 52.0, header);
    }
    let cells = ["01/13/2026", "07:30 (ET)", "PHX@MIA", "Phoenix Suns", "Don~i~, Luka", "Out", "Rest"];
    for (left, cell) in LEFT.into_iter().zip(cells) {
        put(left, 80.0, cell);
    }
    let map = "/CIDInit /ProcSet findresource begin 12 dict begin begincmap 1 begincodespacerange <0000> <ffff> \
               endcodespacerange 1 beginbfrange <0120> <017d> <0020> endbfrange 1 beginbfchar <017e> <010d> \
               endbfchar endcmap end end";
    let descendant =
        b"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /X /DW 500 /W [288 [250] 289 380 480] >>".to_vec();
    let font = "<< /Type /Font /Subtype /Type0 /BaseFont /X /Encoding /Identity-H /DescendantFonts [4 0 R] /ToUnicode 5 0 R >>";
    let file = pdf_in(font, &[descendant, stream(map.as_bytes(), Packing::Flate)], &[sheet], Packing::Flate);
    let report = read(file).expect("a report");
    assert_eq!(lines(&report), ["2026-01-13 07:30 PHX@MIA PHX | Luka Dončič | out | Rest"]);
}

#[test]
fn faults_name_page_row_and_value() {
    let one = |cells: [&'static str; 7]| {
        let mut sheet = Sheet::default();
        header(&mut sheet);
        row(&mut sheet, 80.0, ["01/13/2026", "07:30 (ET)", "PHX@MIA", "Phoenix Suns", "A, B", "Out", "Rest"]);
        row(&mut sheet, 96.0, cells);
        pdf(&[sheet], Packing::Plain)
    };
    let headed = |headers: [&'static str; 7], title: &str| {
        let mut sheet = Sheet::default();
        sheet.text(22.0, 30.0, title);
        row(&mut sheet, 52.0, headers);
        pdf(&[sheet], Packing::Plain)
    };
    let mut no_reason = HEADERS;
    no_reason[6] = "";
    let mut stray = two_pages();
    stray[1].text(668.0, 400.0, "a note of somebody");
    let whole = pdf(&two_pages(), Packing::Flate);
    let cases = [
        (
            one(["", "", "", "", "C, D", "Ready", "Rest"]),
            "payload_value",
            "page 1: row 2, Current Status: `Ready`",
        ),
        (one(["", "", "", "", "", "Out", "Rest"]), "payload_value", "Player Name: ``"),
        (one(["", "", "", "Utah Jazz", "C, D", "Out", ""]), "payload_value", "Team: `Utah Jazz`"),
        (one(["", "", "BOS@LAL", "", "C, D", "Out", ""]), "payload_value", "first row of a game"),
        (one(["", "", "BOS-LAL", "", "C, D", "Out", ""]), "payload_value", "Matchup: `BOS-LAL`"),
        (one(["13/13/2026", "", "", "", "C, D", "Out", ""]), "payload_value", "Game Date: `13/13/2026`"),
        (one(["", "soon", "", "", "C, D", "Out", ""]), "payload_value", "Game Time: `soon`"),
        (headed(no_reason, TITLE), "payload_column_missing", "page 1: column Reason"),
        (headed([""; 7], TITLE), "payload_column_missing", "column Game Date"),
        (headed(HEADERS, "Injury Report: today"), "payload_malformed", "has no date and time"),
        (headed(HEADERS, ""), "payload_malformed", "Injury Report:"),
        (headed(HEADERS, "A report"), "payload_malformed", "`A report` belongs to no row"),
        (pdf(&stray, Packing::Flate), "payload_malformed", "page 2: `a note of somebody`"),
        (pdf(&two_pages()[..1], Packing::Flate), "payload_malformed", "it has 1 of its 2 pages"),
        (whole[..whole.len() / 2].to_vec(), "payload_malformed", "damaged"),
        (b"<html>403</html>".to_vec(), "payload_malformed", "no readable PDF"),
        (Vec::new(), "payload_malformed", "no readable PDF"),
        (vec![b' '; PDF_BYTES_MAX + 1], "payload_malformed", "are not read"),
    ];
    for (bytes, code, text) in cases {
        let fault = read(bytes).expect_err(text);
        assert_eq!(fault.code(), code, "{fault}");
        let said = fault.to_string();
        assert!(said.contains(text) && said.contains("injury_report/2025-26/2026-01-13.pdf"), "{said}");
    }
}

/// What stands above the first row of a second page, and that page's listings. Rows are 12 points apart, lines 9.
fn broken_over(last: &str, above: &[(f64, &str)], rule: Option<f64>, reason: &str) -> Vec<String> {
    let mut first = Sheet::default();
    header(&mut first);
    let [date, time, teams, team] = ["01/13/2026", "07:30 (ET)", "PHX@MIA", "Phoenix Suns"];
    let (player, status) = if last == "NOT YET SUBMITTED" { ("", "") } else { ("A, B", "Out") };
    row(&mut first, 540.0, [date, time, teams, team, player, status, last]);
    let mut second = Sheet::default();
    for (down, text) in above {
        second.text(668.0, *down, text);
    }
    if let Some(down) = rule {
        second.rule(425.0, 824.0, down);
    }
    if !reason.is_empty() {
        row(&mut second, 80.0, ["", "", "", "Miami Heat", "C, D", "Out", reason]);
        row(&mut second, 104.0, ["", "", "", "", "E, F", "Out", "Rest"]);
    }
    let report = read(pdf(&[first, second], Packing::Flate)).expect("a report");
    lines(&report).into_iter().map(|line| line[31..].to_owned()).collect()
}

/// The row and the first lines of its reason at the foot of a page, the others on top of the next.
#[test]
fn a_reason_may_break_over_a_page() {
    let last = "Low Back;\nSpasms and\n";
    let whole = "B A | out | Low Back; Spasms and Reconditioning";
    let rest = "F E | out | Rest";
    let one = "D C | out | Knee; Sprain";
    let above = [(71.0, "Reconditioning")];
    assert_eq!(broken_over(last, &above, Some(74.0), "Knee; Sprain"), [whole, one, rest], "parted by a line");
    assert_eq!(broken_over(last, &above, None, "Knee; Sprain"), [whole, one, rest], "more than are below");
    assert_eq!(
        broken_over(last, &[(34.0, "Reconditioning")], None, "Knee; Sprain"),
        [whole, one, rest],
        "far"
    );
    assert_eq!(broken_over(last, &above, None, ""), [whole], "a page of nothing else");
    let three = "Knee;\nSprain and\nReturn";
    let two = "Knee;\nSprain";
    let of_three = "D C | out | Knee; Sprain and Return";
    assert_eq!(broken_over(last, &[(62.0, "Reconditioning")], None, three), [whole, of_three, rest]);
    let both = [(53.0, "with"), (62.0, "Reconditioning")];
    let longer = "B A | out | Low Back; Spasms and with Reconditioning";
    assert_eq!(broken_over(last, &both, None, three), [longer, of_three, rest]);
    assert_eq!(broken_over(last, &both, Some(65.0), three), [longer, of_three, rest]);
    // What is the row's own stays: as many lines above it as below.
    let before = "B A | out | Low Back; Spasms and";
    assert_eq!(broken_over(last, &[], None, two), [before, one, rest]);
    assert_eq!(broken_over(last, &[], Some(65.0), three), [before, of_three, rest]);
    // A team that has not submitted has no reason that could go on.
    let none = broken_over("NOT YET SUBMITTED", &above, None, "Knee; Sprain");
    assert_eq!(none[1..], ["D C | out | Reconditioning Knee; Sprain", rest]);
}

/// Above the first page's first row there is no other row's reason.
#[test]
fn on_the_first_page_a_line_above_is_the_first_rows() {
    let mut sheet = Sheet::default();
    header(&mut sheet);
    sheet.text(668.0, 71.0, "Low Back;");
    row(&mut sheet, 80.0, ["01/13/2026", "07:30 (ET)", "PHX@MIA", "Phoenix Suns", "A, B", "Out", "Spasms"]);
    let report = read(pdf(&[sheet], Packing::Flate)).expect("a report");
    assert_eq!(lines(&report), ["2026-01-13 07:30 PHX@MIA PHX | B A | out | Low Back; Spasms"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever becomes of a file on its way, reading it comes to an end, and never panics.
    #[test]
    fn damaged_files_are_faults_or_reports(
        packed in any::<bool>(),
        damages in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = pdf(&two_pages(), if packed { Packing::Flate } else { Packing::Plain });
        for (at, byte) in damages {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if cut.index(3) == 0 {
            bytes.truncate(cut.index(bytes.len()));
        }
        let _ = read(bytes).map(|report| report.listings.len());
    }
}

fn game(away: &str, home: &str) -> ScheduledGame {
    fixture::game(date(), away, home)
}

fn log(day: &str, id: i64, name: &str, team: &str) -> PlayerLog {
    let game = fixture::player_game(Date::parse(day).expect("day"), id, team, 10);
    PlayerLog {
        player_name: name.into(),
        player_lookup: player_lookup(name).into(),
        ..fixture::player_log(&game)
    }
}

fn rostered(id: i64, name: &str, team: &str) -> Rostered {
    Rostered {
        player_id: id,
        player_name: name.into(),
        player_lookup: player_lookup(name).into(),
        roster_date: date(),
        team_id: 1,
        team_abbr: team.into(),
        position: None,
        jersey_number: None,
        height: None,
    }
}

#[test]
fn players_are_known_by_name_from_before_the_date() {
    let games = [game("PHX", "MIA"), game("NOP", "LAC")];
    let logs = [
        log("2026-01-10", 1, "Jamaree Bouyea", "PHX"),
        log("2026-01-10", 2, "Tim Hardaway", "MIA"),
        log("2026-01-10", 3, "Gary Payton II", "GSW"),
        log("2026-01-10", 4, "Gary Payton II", "MIA"),
        log("2026-01-10", 5, "Jordan Goodwin", "LAL"),
        log("2026-01-10", 6, "Jordan Goodwin", "BOS"),
    ];
    // What is of the date itself or later is not looked at.
    let late = [log("2026-01-13", 8, "Luka Doncic", "LAC")];
    let rosters = [rostered(7, "Luka Dončić", "LAC")];
    let units: [(Date, &[PlayerLog]); 2] = [(logs[0].game_date, &logs), (date(), &late)];
    let input = InjuryInput {
        date: date(),
        payloads: &[payload(pdf(&two_pages(), Packing::Flate))],
        games: &games,
        rosters: &rosters,
        logs: &units,
    };
    let rows = injury_listings(&input).expect("rows");
    let found: Vec<_> =
        rows.iter().map(|row| (&*row.team_abbr, &*row.player_lookup, row.player_id, &*row.status)).collect();
    assert_eq!(
        found,
        [
            ("PHX", "jamareebouyea", Some(1), "out"),
            ("PHX", "jordangoodwin", None, "probable"),
            ("MIA", "timhardawayjr", Some(2), "questionable"),
            ("MIA", "garypaytonii", Some(4), "doubtful"),
            ("NOP", "", None, "not_submitted"),
            ("LAC", "lukadoncic", Some(7), "available"),
        ]
    );
    let long = &rows[2];
    assert_eq!(
        (long.reason_category.as_deref(), &*long.report_time),
        (Some("injury_illness"), "2026-01-13T18:30:00Z")
    );
    assert_eq!((rows[4].player_name.clone(), rows[4].reason.clone()), (None, None));
    let known = DateInjuries::of(&rows);
    assert_eq!(
        ["PHX", "MIA", "NOP", "LAC", "TOR"].map(|team| known.covers(team)),
        [true, true, false, true, false]
    );
    assert_eq!(known.status(1, "PHX", "jamareebouyea"), Some(InjuryStatus::Out));
    assert_eq!(
        known.status(6, "PHX", "jordangoodwin"),
        Some(InjuryStatus::Probable),
        "by his name in the team"
    );
    assert_eq!(known.status(9, "PHX", "somebodyelse"), Some(InjuryStatus::Available));
    assert_eq!(known.status(9, "NOP", "somebodyelse"), None);
}

#[test]
fn a_report_must_be_of_the_date_and_from_before_its_games() {
    let first_tip_off = Some(
        chrono::DateTime::parse_from_rfc3339("2026-01-14T00:30:00Z").expect("a moment").timestamp_millis(),
    );
    let payloads = [payload(pdf(&two_pages(), Packing::Flate))];
    let games = [game("PHX", "MIA")];
    let check = |date: &str, games: &[ScheduledGame], first| {
        check_injury_report(&payloads, Date::parse(date).expect("date"), games, first)
            .map_err(|fault| fault.to_string())
    };
    assert_eq!(check("2026-01-13", &games, first_tip_off), Ok(()));
    let late = check("2026-01-13", &games, Some(1_768_300_000_000)).expect_err("made after the tip-off");
    assert!(late.contains("2026-01-13T18:30:00Z"), "{late}");
    let other = check("2026-01-15", &games, None).expect_err("another date");
    assert!(other.contains("no game of 2026-01-15"), "{other}");
    let unknown = check("2026-01-13", &[game("BOS", "LAL")], None).expect_err("another game");
    assert!(unknown.contains("no game"), "{unknown}");
    // A report of the day before is of the next date too.
    let next = [fixture::game(date().plus_days(1), "TOR", "IND")];
    assert_eq!(check("2026-01-14", &next, None), Ok(()));
}

/// A report of three rows of one game, made at half past one.
fn three_rows(time: &str) -> Payload {
    let mut sheet = Sheet::default();
    header(&mut sheet);
    row(
        &mut sheet,
        80.0,
        ["01/13/2026", time, "PHX@MIA", "Phoenix Suns", "Goodwin, Jordan", "Probable", "Rest"],
    );
    row(&mut sheet, 104.0, ["", "", "", "", "Nene", "Questionable", "Rest"]);
    row(&mut sheet, 128.0, ["", "", "", "", "Goodwin, Jordan", "Out", "Personal Reasons"]);
    payload(pdf(&[sheet], Packing::Plain))
}

#[test]
fn of_what_stands_twice_the_worse_holds_and_some_have_one_name() {
    let games = [game("PHX", "MIA")];
    let payloads = [three_rows("07:30 (ET)")];
    let input = InjuryInput { date: date(), payloads: &payloads, games: &games, rosters: &[], logs: &[] };
    let rows = injury_listings(&input).expect("rows");
    let found: Vec<_> =
        rows.iter().map(|row| (row.player_name.as_deref().unwrap_or_default(), &*row.status)).collect();
    assert_eq!(found, [("Jordan Goodwin", "out"), ("Nene", "questionable")]);
}

#[test]
fn a_report_from_after_one_of_its_games_had_begun_is_refused() {
    let games = [game("PHX", "MIA")];
    for (time, is_late) in [("12:00 (ET)", true), ("01:30 (ET)", true), ("01:31 (ET)", false)] {
        let payloads = [three_rows(time)];
        let input = InjuryInput { date: date(), payloads: &payloads, games: &games, rosters: &[], logs: &[] };
        let found = injury_listings(&input);
        assert_eq!(found.is_err(), is_late, "{time}: {found:?}");
        // What would be a dead letter does not land.
        assert_eq!(
            check_injury_report(&payloads, date(), &games, None),
            found.as_ref().map(|_| ()).map_err(Clone::clone)
        );
        if let Err(fault) = found {
            let said = fault.to_string();
            assert!(
                said.contains("page 1: row 1, Game Time") && said.contains("2026-01-13T18:30:00Z"),
                "{said}"
            );
        }
    }
}
