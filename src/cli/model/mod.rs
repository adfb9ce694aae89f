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
use crate::domain::nba::points::{ModelReport, PointsModel, model_files};
use crate::fleet::Engine;
use crate::flow::{Dataset, Date, Outcome, Row, Unit, UnitRecord};
use crate::pipelines::nba::POINTS_MODEL;

/// The dataset that holds the models.
pub(super) const MODEL: Dataset<PointsModel> = POINTS_MODEL;

const EXAMPLES: &str = "\
Examples:
  tidegate model show nba
  tidegate model show nba --date 2024-02-01 --json
  tidegate model show nba --date 2024-02-01 --revision 5f3c8e2a
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
    /// Exactly the model of this revision, or of one that begins so; refused where the lake holds another one
    #[arg(long, value_name = "REVISION")]
    revision: Option<String>,
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
            settings.print(&text::render(&found.model, &found.revision, &found.report), || found.json());
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
        let revision = stored.revision.to_string();
        check_revision(which.revision.as_deref(), &revision, record.unit)?;
        let frame = engine.ports().lake.read(record.unit, PointsModel::SCHEMA, stored).await?;
        let row = PointsModel::from_frame(&frame)?.into_iter().next();
        let model = row.with_context(|| format!("{} holds no model", record.unit))?;
        let report = ModelReport::of(&model)?;
        Ok(Self { model, report, revision })
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
            "band": self.report.band,
            "importance": self.report.importance,
            "spot_checks": self.report.spot_checks,
        })
    }
}

/// A lake keeps one revision of a unit: an earlier one cannot be had, and the present one is no answer to who
/// asks for it.
fn check_revision(asked: Option<&str>, found: &str, unit: Unit) -> anyhow::Result<()> {
    match asked {
        Some(asked) if asked.is_empty() || !found.starts_with(asked) => Err(wrong_usage(format!(
            "the lake holds revision {found} of {unit}, and not {asked}: a model that was trained anew replaces the \
             one before; `tidegate query \"SELECT cutoff_date, name FROM nba.points_model\"` lists the models there are"
        ))),
        Some(_) | None => Ok(()),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_revision_is_refused_by_name() {
        let unit = Unit { dataset: MODEL.name(), date: Date::of(2024, 2, 1).expect("a date") };
        for (asked, is_fine) in [
            (None, true),
            (Some("5f3c8e"), true),
            (Some("5f3c8e2a"), true),
            (Some("5f3d"), false),
            (Some(""), false),
        ] {
            let found = check_revision(asked, "5f3c8e2a", unit).map_err(|error| error.to_string());
            assert_eq!(found.is_ok(), is_fine, "{asked:?}");
            assert!(
                found.is_ok()
                    || found.is_err_and(|text| text.contains("holds revision 5f3c8e2a of nba.points"))
            );
        }
    }
}
