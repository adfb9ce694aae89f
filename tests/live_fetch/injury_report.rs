//! Injury reports from a server that prints them as the real one does: under names that say when, in the form of
//! their time, and forbids whatever is not there.

use std::fs;
use std::sync::Arc;

use tidegate::adapters::sources::{LandingZone, League};
use tidegate::domain::nba;
use tidegate::fleet::{Fetched, Source, Upstream};
use tidegate::flow::{Date, Season};

use crate::clock::HandClock;
use crate::server::{Fault, Server};
use crate::{World, code, open};

const REPORT: &str = "injury_report";

/// The names that were asked for since the last time, without what all have in common.
fn asked(server: &Server) -> Vec<String> {
    let name = |path: &str| path.trim_start_matches("referee/injury/Injury-Report_").replace(".pdf", "");
    server
        .seen()
        .iter()
        .filter(|seen| seen.host == "ak-static.cms.nba.com")
        .map(|seen| name(&seen.path))
        .collect()
}

/// A season of quarter hours: long enough to reach the new form of names.
async fn of_2025(moment: &str) -> (World, Date) {
    let clock = Arc::new(HandClock::at(moment));
    let league = League { seed: 1, seasons: vec![2025], teams: 4, games_per_team: 60 };
    let server = Server::of(league, &clock, "2025-12-31", false).await;
    let directory = tempfile::tempdir().expect("a directory");
    let upstream = open(&clock, &server.url, directory.path());
    let world = World { clock, server, directory, upstream };
    world.upstream.fetch_schedule(Season::starting(2025)).await.expect("a schedule");
    let from = Date::parse("2026-01-05").expect("a date");
    let date = *world.server.dates().await.range(from..).next().expect("a date").0;
    world.server.seen();
    (world, date)
}

/// The games begin at half past eight in the east's summer; the report of an hour is of half past it.
#[tokio::test]
async fn the_last_report_before_the_first_game_is_had_years_later() {
    let world = World::after_the_season().await;
    let date = world.date().await;
    for hour in ["08PM", "04PM", "03PM"] {
        world.server.prints(&format!("Injury-Report_{date}_{hour}"), date).await;
    }
    assert_eq!(world.upstream.fetch(REPORT, date).await, Ok(Fetched::New));
    assert_eq!(asked(&world.server), ["07PM", "06PM", "05PM", "04PM"].map(|hour| format!("{date}_{hour}")));
    let zone = LandingZone::open(world.directory.path()).expect("a zone");
    let payloads = zone.payloads(REPORT, date).await.expect("readable").there().expect("landed");
    let place = format!("{REPORT}/2023-24/{date}");
    assert_eq!(payloads[0].name, format!("{place}.pdf").into());
    assert!(payloads[0].bytes.starts_with(b"%PDF-"));
    assert_eq!(
        world.verdicts(&place),
        ["upstream_not_there", "upstream_not_there", "upstream_not_there", "accepted"]
    );
    assert!(world.answers(&place).contains(&payloads[0].bytes.to_vec()), "the answer as it came");
    let calendar = zone.payloads("schedule", date).await.expect("readable").there().expect("a schedule");
    let games = nba::scheduled_games(&calendar, date).expect("games");
    let input = nba::InjuryInput { date, payloads: &payloads, games: &games, rosters: &[], logs: &[] };
    assert!(!nba::injury_listings(&input).expect("rows").is_empty());
    // What was found after the games had begun is final.
    assert_eq!(world.upstream.fetch(REPORT, date).await, Ok(Fetched::Unchanged));
    assert_eq!(asked(&world.server), [""; 0]);
    // A host that has one every half second.
    assert!(world.clock.pauses().iter().all(|pause| *pause <= 1_000));
}

#[tokio::test]
async fn a_later_report_of_the_day_takes_the_place_of_an_earlier_one() {
    let (world, date) = of_2025("2025-11-01T00:00:00Z").await;
    world.clock.set(&format!("{date}T16:05:00Z"));
    assert_eq!(world.upstream.fetch(REPORT, date).await, Ok(Fetched::Nothing));
    let names = asked(&world.server);
    assert_eq!(
        (names.len(), &*names[0], &*names[11]),
        (12, &*format!("{date}_11_00AM"), &*format!("{date}_08_15AM"))
    );
    world.server.prints(&format!("Injury-Report_{date}_10_45AM"), date).await;
    assert_eq!(world.upstream.fetch(REPORT, date).await, Ok(Fetched::New));
    assert_eq!(asked(&world.server), ["11_00AM", "10_45AM"].map(|name| format!("{date}_{name}")));
    // An hour later: what has landed is the last one, and is not asked for twice.
    world.clock.set(&format!("{date}T17:00:00Z"));
    assert_eq!(world.upstream.fetch(REPORT, date).await, Ok(Fetched::Unchanged));
    assert_eq!(asked(&world.server).len(), 5);
    // One that says the same bytes is no news, and from now on it is the last one.
    world.server.prints(&format!("Injury-Report_{date}_12_00PM"), date).await;
    assert_eq!(world.upstream.fetch(REPORT, date).await, Ok(Fetched::Unchanged));
    assert_eq!(asked(&world.server), [format!("{date}_12_00PM")]);
    assert_eq!(world.upstream.fetch(REPORT, date).await, Ok(Fetched::Unchanged));
    assert_eq!(asked(&world.server), [""; 0]);
    // After the first tip-off (half past seven) the last one of half an hour before it is asked for, and none after it.
    world.clock.set(&format!("{}T09:00:00Z", date.plus_days(1)));
    world.server.prints(&format!("Injury-Report_{date}_07_15PM"), date).await;
    world.server.prints(&format!("Injury-Report_{date}_07_00PM"), date).await;
    assert_eq!(world.upstream.fetch(REPORT, date).await, Ok(Fetched::Unchanged));
    assert_eq!(asked(&world.server), [format!("{date}_07_00PM")]);
}

#[tokio::test]
async fn what_is_no_report_on_the_date_does_not_land() {
    let world = World::after_the_season().await;
    let date = world.date().await;
    assert_eq!(world.upstream.fetch(REPORT, date).await, Ok(Fetched::Nothing), "none at all");
    assert_eq!(asked(&world.server).len(), 12);
    let name = format!("Injury-Report_{date}_07PM");
    world.server.prints(&name, date).await;
    let cases = [
        ("a page", vec![Fault::Page; 4], "upstream_not_pdf", 4),
        // Those before it are asked for too.
        ("half a file", vec![Fault::Cut; 4], "upstream_damaged", 4 + 11),
        ("trouble", vec![Fault::Status(503, &[], ""); 4], "upstream_failing", 4),
    ];
    for (case, faults, expected, requests) in cases {
        world.server.fails(faults);
        let failure = world.upstream.fetch(REPORT, date).await.expect_err(case);
        assert_eq!(code(&failure), ("transient", expected), "{case}: {failure}");
        assert_eq!(asked(&world.server).len(), requests, "{case}");
    }
    // The report of another date under this name.
    let other = *world.server.dates().await.keys().next_back().expect("a date");
    world.server.prints(&name, other).await;
    let failure = world.upstream.fetch(REPORT, date).await.expect_err("another date");
    assert_eq!(code(&failure), ("transient", "upstream_incomplete"), "{failure}");
    assert!(failure.to_string().contains(&format!("lists no game of {date}")), "{failure}");
    assert!(!world.path(REPORT).exists(), "nothing has landed");
    // A page first, and then the report.
    world.server.prints(&name, date).await;
    world.server.fails([Fault::Page]);
    assert_eq!(world.upstream.fetch(REPORT, date).await, Ok(Fetched::New));
    // A date without games has none.
    let failure =
        world.upstream.fetch(REPORT, Date::parse("2024-08-01").expect("a date")).await.expect_err("no games");
    assert_eq!(code(&failure), ("permanent", "no_games"), "{failure}");
    assert!(fs::read_dir(world.path(REPORT)).expect("a folder").count() == 1);
}

#[tokio::test]
async fn the_one_before_is_had_where_the_last_one_cannot_be_read() {
    let world = World::after_the_season().await;
    let date = world.date().await;
    let other = *world.server.dates().await.keys().next_back().expect("a date");
    world.server.prints(&format!("Injury-Report_{date}_07PM"), other).await;
    world.server.prints(&format!("Injury-Report_{date}_06PM"), date).await;
    assert_eq!(world.upstream.fetch(REPORT, date).await, Ok(Fetched::New));
    assert_eq!(asked(&world.server), ["07PM", "06PM"].map(|hour| format!("{date}_{hour}")));
    let place = format!("{REPORT}/2023-24/{date}");
    assert_eq!(world.verdicts(&place), ["upstream_incomplete", "accepted"]);
}
