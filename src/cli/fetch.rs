//! `tidegate fetch`: brings payloads of the league's public service into a landing zone. Asks for what is
//! missing or may still change, says of each source and date how it went, and computes nothing.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::console::Console;
use super::embedded::read_calendar;
use super::ending::{Ending, wrong_usage};
use super::settings::Settings;
use super::signals::Signals;
use super::table::{Align, Table};
use super::upstream::UpstreamOptions;
use crate::adapters::sources::{LandingZone, LiveUpstream};
use crate::fleet::{Clock, Fetched, SystemClock, Upstream};
use crate::flow::{Calendar, Date, Failure, Season};
use crate::pipelines::nba::{NBA, NBA_RHYTHM};

const EXAMPLES: &str = "\
Examples:
  tidegate fetch nba --landing data/nba                          the last four days
  tidegate fetch nba --landing data/nba --from 2023-10-24 --to 2024-06-17
  tidegate fetch nba --landing data/nba --source player_game_logs --from 2024-01-26 --to 2024-01-26

An answer becomes a payload only if it has everything that the schedule says must be in it; every answer is
kept in DIR/.fetched with its request and time. A date that is final is not asked for again. Requests go
through the proxy that HTTPS_PROXY names, if it names one. Exit code 3: something could not be fetched.";

/// Days that are fetched where nothing else is said: today, and the days in which the league still corrects.
const DAYS_BACK: i32 = 3;

/// Options of `tidegate fetch`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Options {
    /// The pipeline
    pipeline: String,
    /// Directory of the landing zone; it is made where it is not there
    #[arg(long, value_name = "DIR")]
    landing: PathBuf,
    /// First date [default: three days before --to]
    #[arg(long, value_name = "DATE")]
    from: Option<Date>,
    /// Last date [default: today]
    #[arg(long, value_name = "DATE")]
    to: Option<Date>,
    /// Only this source; may be given several times [default: all; player_props only with a key]
    #[arg(long, value_name = "NAME")]
    source: Vec<String>,
    /// Ask also for what is final
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    upstream: UpstreamOptions,
}

/// How one fetch went.
struct Line {
    source: String,
    what: String,
    outcome: Result<Fetched, Failure>,
}

/// Does it.
pub(super) async fn run(options: Options, settings: &Settings, console: &Console) -> anyhow::Result<Ending> {
    if options.pipeline != NBA.name.as_str() {
        return Err(wrong_usage(format!("`{}` is not fetched; nba is", options.pipeline)));
    }
    let sources = sources(&options.source)?;
    let to = options.to.unwrap_or_else(|| NBA_RHYTHM.today(SystemClock.now()));
    let from = options.from.unwrap_or(to.plus_days(-DAYS_BACK));
    if from > to {
        return Err(wrong_usage(format!("--from {from} lies after --to {to}")));
    }
    let upstream = options.upstream.open(&options.landing, options.force)?;
    let sources = sources.unwrap_or_else(|| upstream.sources());
    let mut signals = Signals::listen()?;
    let mut lines = Vec::new();
    let interrupted = tokio::select! {
        done = fetch_all(&upstream, &sources, from, to, &mut lines, console) => { done?; false }
        () = signals.next() => true,
    };
    report(&lines, settings);
    Ok(match (interrupted, lines.iter().any(Line::failed)) {
        (true, _) => Ending::Interrupted,
        (false, true) => Ending::Remains,
        (false, false) => Ending::AllDone,
    })
}

async fn fetch_all(
    upstream: &LiveUpstream,
    sources: &[&'static str],
    from: Date,
    to: Date,
    lines: &mut Vec<Line>,
    console: &Console,
) -> anyhow::Result<()> {
    let mut tell = |source: &str, what: String, outcome: Result<Fetched, Failure>| {
        let line = Line { source: source.to_owned(), what, outcome };
        if line.failed() {
            console.line(&format!("{} {}: {}", line.source, line.what, line.says()));
        }
        lines.push(line);
    };
    for year in (NBA_RHYTHM.season)(from).start_year()..=(NBA_RHYTHM.season)(to).start_year() {
        let season = Season::starting(year);
        tell("schedule", season.to_string(), upstream.fetch_schedule(season).await);
    }
    for date in dates(upstream, from, to).await? {
        for source in sources {
            tell(source, date.to_string(), upstream.fetch(source, date).await);
        }
    }
    Ok(())
}

/// The dates that have games by the schedules that have landed.
async fn dates(upstream: &LiveUpstream, from: Date, to: Date) -> anyhow::Result<Vec<Date>> {
    let zone = LandingZone::open(upstream.landing())?;
    let calendar: Calendar = read_calendar(&NBA, &zone).await?;
    Ok(calendar.between(from, to).map(|at| calendar.date(at)).collect())
}

impl Line {
    /// Whether something went wrong; games that are not over are nothing wrong, and what can be had on its
    /// own day only cannot be had on another.
    fn failed(&self) -> bool {
        self.word() == "failed"
    }

    fn word(&self) -> &'static str {
        match &self.outcome {
            Ok(Fetched::New) => "new",
            Ok(Fetched::Unchanged) => "unchanged",
            Ok(Fetched::Nothing) => "none there",
            Err(Failure::Transient(transient)) if transient.code == "not_final" => "not over",
            Err(Failure::Permanent(permanent)) if permanent.code == "not_today" => "only on its day",
            Err(Failure::Transient(_) | Failure::Permanent(_)) => "failed",
        }
    }

    fn says(&self) -> String {
        match &self.outcome {
            Err(failure) if self.failed() => failure.to_string(),
            Ok(_) | Err(_) => String::new(),
        }
    }
}

fn report(lines: &[Line], settings: &Settings) {
    let mut table = Table::of(&[("source", Align::Left), ("for", Align::Left), ("outcome", Align::Left)]);
    for line in lines {
        table.row([line.source.clone(), line.what.clone(), line.word().to_owned()]);
    }
    settings.print(&table.render(), || {
        let lines = lines.iter().map(|line| {
            let error = line.failed().then(|| line.says());
            json!({ "source": line.source, "for": line.what, "outcome": line.word(), "error": error })
        });
        json!({ "fetched": lines.collect::<Vec<_>>() })
    });
}

/// The sources that were named, if any were.
fn sources(named: &[String]) -> anyhow::Result<Option<Vec<&'static str>>> {
    let known = LiveUpstream::SOURCES;
    let unknown = named.iter().find(|name| !known.contains(&name.as_str()));
    if let Some(unknown) = unknown {
        let known = known.join(", ");
        return Err(wrong_usage(format!("no source `{unknown}` is fetched by date; there are {known}")));
    }
    let chosen = known.into_iter().filter(|known| named.iter().any(|name| name == known)).collect();
    Ok((!named.is_empty()).then_some(chosen))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_known_by_name() {
        assert_eq!(sources(&[]).expect("all"), None);
        assert_eq!(sources(&["team_game_logs".to_owned()]).expect("one"), Some(vec!["team_game_logs"]));
        let error = sources(&["tea_leaves".to_owned()]).expect_err("unknown").to_string();
        assert!(error.contains("tea_leaves") && error.contains("player_game_logs"), "{error}");
    }
}
