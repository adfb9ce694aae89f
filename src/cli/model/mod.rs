//! `tidegate model`: what a trained model says of itself, and its artefact as files. Reads only; works
//! while another process has the home open. The files are made in
//! `domain::nba::points`.

mod text;

use std::fs;
use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, Subcommand};
use serde_json::json;

use super::assemble::{self, View};
use super::ending::{Ending, wrong_usage};
use super::settings::Settings;
use super::source::SourceOptions;
use crate::domain::nba::points::{BAND_POPULATION, ModelReport, PointsModel, model_files};
use crate::fleet::Engine;
use crate::flow::{Dataset, Date, Outcome, Row, UnitRecord};
use crate::pipelines::nba::POINTS_MODEL;

/// The dataset that holds the models.
pub(super) const MODEL: Dataset<PointsModel> = POINTS_MODEL;

const EXAMPLES: &str = "\
Examples:
  tidegate model show nba
  tidegate model show nba --date 2024-02-01 --json
  tidegate model export nba --to model-2024-06
  tidegate query \"SELECT cutoff_date, rows, test_mae, test_mae_last_10 FROM nba.points_model\"";

/// Options of `tidegate model`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Options {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show a model's figures: by population and part, beside the baselines on the same rows
    Show {
        #[command(flatten)]
        which: Which,
    },
    /// Write a model as files: trees, metadata, and the report as Markdown and as one HTML page
    Export {
        #[command(flatten)]
        which: Which,
        /// The directory to write to; made where it is missing
        #[arg(long, value_name = "DIR")]
        to: PathBuf,
    },
}

#[derive(Debug, Args)]
struct Which {
    /// The pipeline
    pipeline: String,
    /// The latest model whose cutoff is not after this date, YYYY-MM-DD [default: the latest one]
    #[arg(long, value_name = "DATE")]
    date: Option<Date>,
    #[command(flatten)]
    source: SourceOptions,
}

/// A model as it was found.
struct Found {
    model: PointsModel,
    report: ModelReport,
    revision: String,
}

/// Does it.
pub(super) async fn run(options: Options, settings: &Settings) -> anyhow::Result<Ending> {
    match options.action {
        Action::Show { which } => {
            let found = Found::of(&which, settings).await?;
            settings.print(&text::render(&found.model, &found.report), || found.json());
        }
        Action::Export { which, to } => {
            let found = Found::of(&which, settings).await?;
            let files = model_files(&found.model)?;
            fs::create_dir_all(&to).with_context(|| format!("cannot make {}", to.display()))?;
            for (name, content) in &files {
                let path = to.join(name);
                fs::write(&path, content).with_context(|| format!("cannot write {}", path.display()))?;
            }
            let names: Vec<String> =
                files.iter().map(|(name, _)| to.join(name).display().to_string()).collect();
            settings.print(&format!("{}\n", names.join("\n")), || json!({ "files": names }));
        }
    }
    Ok(Ending::AllDone)
}

impl Found {
    async fn of(which: &Which, settings: &Settings) -> anyhow::Result<Self> {
        let View { engine, .. } = assemble::view(settings, Some(&which.pipeline), &which.source).await?;
        let record = latest(&engine, which.date)?;
        let stored = record.stored.as_ref().context("a model that is done has a file")?;
        let frame = engine.ports().lake.read(record.unit, PointsModel::SCHEMA, stored).await?;
        let row = PointsModel::from_frame(&frame)?.into_iter().next();
        let model = row.with_context(|| format!("{} holds no model", record.unit))?;
        let report = ModelReport::of(&model)?;
        Ok(Self { model, report, revision: stored.revision.to_string() })
    }

    fn json(&self) -> serde_json::Value {
        let model = &self.model;
        json!({
            "model": &*model.name,
            "cutoff_date": model.cutoff_date.to_string(),
            "revision": self.revision,
            "rows": model.rows,
            "first_date": model.first_date.to_string(),
            "last_date": model.last_date.to_string(),
            "trees": model.trees,
            "deployed": self.report.deployed,
            "settings": self.report.settings,
            "populations": self.report.scores,
            "band": { "test": &*model.test_band, "defined_on": BAND_POPULATION },
            "importance": self.report.importance,
            "spot_checks": self.report.spot_checks,
        })
    }
}

/// The record of the latest model up to a date.
fn latest(engine: &Engine, date: Option<Date>) -> anyhow::Result<UnitRecord> {
    let catalog = engine.catalog();
    let found = catalog
        .complete(MODEL.name())
        .filter(|(_, record)| record.outcome == Outcome::Done)
        .filter(|(_, record)| date.is_none_or(|date| record.unit.date <= date))
        .last();
    found.map(|(_, record)| UnitRecord::clone(record)).ok_or_else(|| {
        wrong_usage(match date {
            Some(date) => format!("there is no model with a cutoff up to {date}; `tidegate train` makes one"),
            None => "there is no model yet: `tidegate run` makes one a month, `tidegate train` one of a date"
                .to_owned(),
        })
    })
}
