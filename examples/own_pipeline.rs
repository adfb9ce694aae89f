//! A whole pipeline of one's own: temperatures as they land, and a forecast from the two days before.
//! `docs/YOUR_OWN_PIPELINE.md` walks through it; `cargo run --example own_pipeline` runs it.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use tidegate::{cli::Embedded, fleet::Found, fleet::Source, flow::*};

tidegate::rows! {
    /// A day's temperature, measured or expected.
    struct Temperature key(day) {
        /// The day.
        day: Date,
        /// Degrees Celsius.
        celsius: f64,
    }
}

const LANDED: DatasetName = DatasetName::of("weather.landed");
const READINGS: Dataset<Temperature> = Dataset::of("weather.readings");
const FORECASTS: Dataset<Temperature> = Dataset::of("weather.forecasts");

/// The pipeline: a forecast waits for the readings of two days, a reading for what was sent.
pub const WEATHER: Pipeline = Pipeline {
    name: PipelineName::of("weather"),
    processors: &[
        Processor::compute(FORECASTS, "the mean", 1, &[READINGS.read(Window::PreviousDates(2))], forecast),
        Processor::land(LANDED, "what the thermometer sent", "thermometer", Presence::Required),
        Processor::compute(READINGS, "what was measured", 1, &[Input::same_date(LANDED)], reading),
    ],
    calendar_source: "thermometer",
    calendar: Pipeline::dates_by_name,
};

fn reading(inputs: &Inputs<'_>) -> Result<Computed, Permanent> {
    let row = |sent: &Payload| Ok(Temperature { day: inputs.date(), celsius: sent.json()? });
    let rows: Vec<_> = inputs.payloads(LANDED)?.iter().map(row).collect::<Result<_, Permanent>>()?;
    Ok(Computed::Rows(Output::of(rows, 1)))
}

fn forecast(inputs: &Inputs<'_>) -> Result<Computed, Permanent> {
    let past: Vec<f64> = inputs.window(READINGS)?.iter().map(|(_, rows)| rows[0].celsius).collect();
    if past.is_empty() {
        return Ok(Computed::Skipped(SkipReason::Bootstrap));
    }
    let mean = past.iter().sum::<f64>() / past.len() as f64;
    Ok(Computed::Rows(Output::of(vec![Temperature { day: inputs.date(), celsius: mean }], 1)))
}

/// What was measured, by day.
pub struct Thermometer(pub BTreeMap<&'static str, &'static str>);

#[async_trait::async_trait]
impl Source for Thermometer {
    async fn calendar(&self, _source: &str) -> Result<Vec<Payload>, Failure> {
        Ok(self.0.keys().map(|day| Payload::of(*day, "")).collect())
    }
    async fn payloads(&self, _source: &str, day: Date) -> Result<Found<Vec<Payload>>, Failure> {
        Ok(self.0.get(&*day.to_string()).map(|sent| vec![Payload::of(day.to_string(), *sent)]).into())
    }
}

/// Three days of it.
pub const DAYS: [(&str, &str); 3] = [("2026-03-01", "-2"), ("2026-03-02", "1"), ("2026-03-03", "3.5")];

/// Brings `directory` up to date and answers with the forecasts.
pub async fn run(directory: &Path) -> anyhow::Result<Vec<Vec<String>>> {
    let mut fleet = Embedded::start(directory, &WEATHER, Arc::new(Thermometer(DAYS.into()))).await?;
    fleet.run_to_end("backfill").await?;
    let rows = fleet.query("SELECT day, celsius FROM weather.forecasts ORDER BY day").await?;
    fleet.stop().await?;
    Ok(rows)
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    run(Path::new("target/own_pipeline")).await.map(|rows| println!("{rows:?}"))
}
