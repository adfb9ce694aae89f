//! `tidegate topology`: the topics and subscriptions that follow from the declarations, as JSON for other
//! tools, or the cascade as a drawing. Needs no home.

use clap::{Args, ValueEnum};
use serde_json::json;

use super::assemble;
use super::ending::Ending;
use super::settings::Settings;
use crate::flow::{Cascade, Step, Topology, Window};

const EXAMPLES: &str = "\
Examples:
  tidegate topology --format json      topics and subscriptions, for whoever creates them elsewhere
  tidegate topology --sink             the same for a home with a sink
  tidegate topology --format mermaid   the cascade, to paste where Mermaid is drawn";

/// Options of `tidegate topology`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Options {
    /// The pipeline [default: the one of the home]
    pipeline: Option<String>,
    /// As what
    #[arg(long, value_enum, default_value_t = Format::Json)]
    format: Format,
    /// With the subscriptions of the sink that loads BigQuery
    #[arg(long)]
    sink: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Topics and subscriptions.
    Json,
    /// A drawing of who reads whom.
    Mermaid,
}

/// Does it.
pub(super) fn run(options: &Options, settings: &Settings) -> anyhow::Result<Ending> {
    let pipeline = assemble::pipeline(options.pipeline.as_deref(), &settings.home)?;
    let cascade = assemble::cascade(pipeline)?;
    let topology = Topology::of(&cascade);
    let topology = if options.sink { topology.with_sink(&cascade) } else { topology };
    let json = serde_json::to_value(topology)?;
    let text = match options.format {
        Format::Json => format!("{json:#}\n"),
        Format::Mermaid => mermaid(&cascade),
    };
    settings.print(&text, || match options.format {
        Format::Json => json,
        Format::Mermaid => json!({ "mermaid": text.clone() }),
    });
    Ok(Ending::AllDone)
}

/// The cascade as a Mermaid flowchart: solid arrows for the same date, dotted ones for windows.
fn mermaid(cascade: &Cascade) -> String {
    let mut text = String::from("flowchart LR\n");
    for processor in cascade.processors() {
        let table = processor.writes.table();
        let node = match processor.step {
            Step::Land { .. } => format!("    {table}[/{table}/]\n"),
            Step::Publish { .. } => format!("    {table}>{table}]\n"),
            Step::Compute { .. } => format!("    {table}[{table}]\n"),
        };
        text.push_str(&node);
    }
    for processor in cascade.processors() {
        for input in processor.reads {
            let (from, to) = (input.dataset.table(), processor.writes.table());
            let arrow = match window(input.window) {
                None => format!("    {from} --> {to}\n"),
                Some(label) => format!("    {from} -. {label} .-> {to}\n"),
            };
            text.push_str(&arrow);
        }
    }
    text
}

/// A window in a few words; `None` for the date itself.
fn window(window: Window) -> Option<String> {
    match window {
        Window::SameDate => None,
        Window::PreviousDates(dates) => Some(format!("{dates} dates before")),
        Window::SeasonToDate => Some("season to date".to_owned()),
        Window::SeasonBefore => Some("season before".to_owned()),
        Window::SeasonBeforeCarrying { .. } => Some("season before, and the end of the last".to_owned()),
        Window::AllBefore => Some("all before".to_owned()),
        Window::MonthToDate => Some("month to date".to_owned()),
        Window::Days { back, ahead } => Some(format!("{back} days back, {ahead} ahead")),
    }
}
