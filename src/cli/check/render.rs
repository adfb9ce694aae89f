//! A survey of the gates as text for people and as JSON for machines.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal};

use serde_json::{Value, json};

use super::survey::{Checks, Gate, Kind, Says, Survey};
use crate::cli::table::{Align, Table, count};
use crate::flow::{Date, Season};

/// NO-GOs that are told one by one.
const TOLD: usize = 10;

/// The survey for people: the gates, a picture by month, what is NO-GO, and the checks that were not passed.
pub(super) fn text(survey: &Survey) -> String {
    let (from, to) = survey.range;
    let mut text = format!("{from} to {to}\n\n{}", gates(survey));
    text.push_str(&format!("\n{}", months(survey)));
    for gate in &survey.gates {
        for letter in gate.letters.iter().take(TOLD) {
            let (id, held) = (letter.id, count(letter.held));
            let unit = letter.unit;
            text.push_str(&format!("\nNO-GO {unit} (dead letter {id}, holds {held}): {}\n", letter.message));
        }
        if gate.letters.len() > TOLD {
            let more = gate.letters.len() - TOLD;
            text.push_str(&format!("\nand {more} more of {}: tidegate dead-letters list\n", gate.dataset));
        }
    }
    text.push_str(&format!("\n{}", not_passed(survey)));
    text.push_str(if survey.all_go() { "\nGO\n" } else { "\nNO-GO: not every date has passed every gate\n" });
    if io::stdout().is_terminal() { painted(&text) } else { text }
}

fn gates(survey: &Survey) -> String {
    let mut table = Table::of(&[
        ("gate", Align::Left),
        ("says", Align::Left),
        ("GO", Align::Right),
        ("NO-GO", Align::Right),
        ("failed", Align::Right),
        ("held", Align::Right),
        ("never computed", Align::Right),
        ("accepted", Align::Right),
        ("skipped", Align::Left),
        ("checks", Align::Right),
        ("passed", Align::Right),
        ("not judged", Align::Right),
        ("warned", Align::Right),
        ("failed", Align::Right),
    ]);
    for gate in &survey.gates {
        let of =
            |wanted: Says| count(gate.dates.iter().filter(|(_, _, says)| *says == wanted).count() as u64);
        let passed = gate.dates.iter().all(|(_, _, says)| says.is_passed());
        let skipped: Vec<String> =
            skipped(gate).iter().map(|(reason, number)| format!("{} {reason}", count(*number))).collect();
        let results = |part: fn(&Kind) -> usize| {
            let kinds = gate.checks.iter().flat_map(|checks| checks.kinds.values());
            count(kinds.map(part).sum::<usize>() as u64)
        };
        table.row([
            gate.dataset.to_string(),
            if passed { "GO" } else { "NO-GO" }.to_owned(),
            of(Says::Go),
            of(Says::NoGo),
            of(Says::Failed),
            of(Says::Held),
            of(Says::NotComputed),
            of(Says::Accepted),
            skipped.join(", "),
            count(gate.checks.iter().map(|checks| checks.kinds.len()).sum::<usize>() as u64),
            results(|kind| kind.standing.pass),
            results(|kind| kind.standing.not_judged),
            results(|kind| kind.standing.warn),
            results(|kind| kind.standing.fail),
        ]);
    }
    table.render()
}

fn skipped(gate: &Gate) -> BTreeMap<&'static str, u64> {
    let mut by_reason = BTreeMap::new();
    for (_, _, says) in &gate.dates {
        if let Says::Skipped(reason) = says {
            *by_reason.entry(reason.code()).or_default() += 1;
        }
    }
    by_reason
}

/// One mark for each month of a season: what is worst in it.
fn months(survey: &Survey) -> String {
    let mut columns = vec![("season".to_owned(), Align::Left)];
    columns.extend(survey.gates.iter().map(|gate| (gate.dataset.table().to_owned(), Align::Left)));
    let names: Vec<(&str, Align)> = columns.iter().map(|(name, align)| (name.as_str(), *align)).collect();
    let mut table = Table::of(&names);
    let mut seasons: Vec<Season> =
        survey.gates.iter().flat_map(|gate| gate.dates.iter().map(|(_, season, _)| *season)).collect();
    seasons.sort_unstable();
    seasons.dedup();
    for season in seasons {
        let strips = survey.gates.iter().map(|gate| strip(gate, season));
        table.row([season.to_string()].into_iter().chain(strips));
    }
    let legend =
        "a mark a month: █ all GO, ▒ nothing to judge, a accepted, h held, · never computed, ✗ NO-GO";
    format!("{}{legend}\n", table.render())
}

fn strip(gate: &Gate, season: Season) -> String {
    let mut worst: BTreeMap<(i32, u32), (bool, Says)> = BTreeMap::new();
    for (date, _, says) in gate.dates.iter().filter(|(_, of, _)| *of == season) {
        let month = worst.entry((date.year(), date.month())).or_insert((false, *says));
        month.0 |= *says == Says::Go;
        month.1 = month.1.max(*says);
    }
    worst.values().map(|(has_go, worst)| mark(*has_go, *worst)).collect()
}

fn mark(has_go: bool, worst: Says) -> char {
    match worst {
        Says::Skipped(_) if !has_go => '▒',
        Says::Go | Says::Skipped(_) => '█',
        Says::Accepted => 'a',
        Says::Held => 'h',
        Says::NotComputed => '·',
        Says::Failed | Says::NoGo => '✗',
    }
}

/// One line a gate of a survey of one date, and the checks that have not passed.
pub(super) fn verdicts(survey: &Survey) -> String {
    let mut text = String::new();
    for gate in &survey.gates {
        let says = match gate.dates.first().map(|(_, _, says)| *says) {
            Some(Says::Go) => "GO".to_owned(),
            Some(Says::NoGo) => "NO-GO".to_owned(),
            Some(Says::Accepted) => "accepted as a gap".to_owned(),
            Some(Says::Held) => "held by a dead letter before it".to_owned(),
            Some(Says::Failed) => "failed, and not by its checks".to_owned(),
            Some(Says::Skipped(reason)) => format!("skipped: {reason}"),
            Some(Says::NotComputed) | None => "not computed".to_owned(),
        };
        let kinds = || gate.checks.iter().flat_map(|checks| checks.kinds.values());
        let sum = |part: fn(&Kind) -> usize| kinds().map(part).sum::<usize>();
        let [passed, warned, failed] =
            [sum(|kind| kind.standing.pass), sum(|kind| kind.standing.warn), sum(|kind| kind.standing.fail)];
        let found = if kinds().next().is_none() {
            String::new()
        } else {
            format!(" ({passed} checks passed, {warned} warned, {failed} failed)")
        };
        text.push_str(&format!("{}: {says}{found}\n", gate.dataset));
    }
    let is_fine = |kind: &Kind| kind.worst.is_none();
    if survey.checks().flat_map(|of| of.kinds.values()).all(is_fine) {
        return text;
    }
    format!("{text}\n{}", not_passed(survey))
}

/// The same for machines, as `json` says it of each gate.
pub(super) fn verdicts_json(survey: &Survey) -> Value {
    survey.gates.iter().map(gate_json).collect()
}

fn not_passed(survey: &Survey) -> String {
    let mut table = Table::of(&[
        ("check", Align::Left),
        ("level", Align::Left),
        ("passed", Align::Right),
        ("not judged", Align::Right),
        ("warned", Align::Right),
        ("failed", Align::Right),
        ("worst", Align::Left),
        ("", Align::Left),
    ]);
    let mut number = 0;
    for ((check, level), kind) in survey.checks().flat_map(|of| &of.kinds) {
        let Some((date, row)) = &kind.worst else {
            continue;
        };
        number += 1;
        table.row([
            check.clone(),
            level.clone(),
            count(kind.standing.pass as u64),
            count(kind.standing.not_judged as u64),
            count(kind.standing.warn as u64),
            count(kind.standing.fail as u64),
            date.to_string(),
            row.message.as_deref().unwrap_or_default().to_owned(),
        ]);
    }
    if number == 0 { "every check that was made has passed\n".to_owned() } else { table.render() }
}

/// The words that matter, in colour.
fn painted(text: &str) -> String {
    let green = |word: &str| format!("\u{1b}[32m{word}\u{1b}[0m");
    let red = |word: &str| format!("\u{1b}[1;31m{word}\u{1b}[0m");
    // NO-GO holds GO, so it is hidden while the other one is painted.
    let text = text.replace("NO-GO", "\u{0}").replace("  GO  ", &format!("  {}  ", green("GO")));
    text.replace('\u{0}', &red("NO-GO")).replace('✗', &red("✗")).replace('█', &green("█"))
}

/// The survey for machines.
pub(super) fn json(survey: &Survey) -> Value {
    let gates: Vec<Value> = survey.gates.iter().map(gate_json).collect();
    json!({
        "from": survey.range.0.to_string(),
        "to": survey.range.1.to_string(),
        "go": survey.all_go(),
        "gates": gates,
        "watched": survey.watched.iter().map(checks_json).collect::<Vec<_>>(),
    })
}

fn gate_json(gate: &Gate) -> Value {
    let of = |wanted: Says| gate.dates.iter().filter(|(_, _, says)| *says == wanted).count();
    let not_passed = |wanted: &dyn Fn(Says) -> bool| -> Vec<String> {
        let dates = gate.dates.iter().filter(|(_, _, says)| wanted(*says));
        dates.map(|(date, _, _): &(Date, Season, Says)| date.to_string()).collect()
    };
    let letters: Vec<Value> = gate
        .letters
        .iter()
        .map(|letter| {
            json!({
                "date": letter.unit.date.to_string(),
                "dead_letter": letter.id,
                "code": letter.code,
                "held": letter.held,
                "reasons": letter.message,
            })
        })
        .collect();
    json!({
        "gate": gate.dataset.as_str(),
        "go": gate.dates.iter().all(|(_, _, says)| says.is_passed()),
        "dates": gate.dates.len(),
        "go_dates": of(Says::Go),
        "skipped": skipped(gate),
        "accepted": not_passed(&|says| says == Says::Accepted),
        "held": not_passed(&|says| says == Says::Held),
        "never_computed": not_passed(&|says| says == Says::NotComputed),
        "no_go": letters,
        "checks": gate.checks.iter().map(checks_json).collect::<Vec<_>>(),
    })
}

fn checks_json(checks: &Checks) -> Value {
    let kinds: Vec<Value> = checks
        .kinds
        .iter()
        .map(|((check, level), kind)| {
            let worst = kind.worst.as_ref().map(|(date, row)| {
                json!({
                    "date": date.to_string(),
                    "value": row.value,
                    "threshold": row.threshold,
                    "baseline": row.baseline,
                    "message": row.message.as_deref(),
                })
            });
            json!({
                "check": check,
                "level": level,
                "passed": kind.standing.pass,
                "not_judged": kind.standing.not_judged,
                "warned": kind.standing.warn,
                "failed": kind.standing.fail,
                "worst": worst,
            })
        })
        .collect();
    json!({ "dataset": checks.dataset.as_str(), "dates": checks.dates, "checks": kinds })
}
