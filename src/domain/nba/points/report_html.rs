//! A model's report as one HTML page that needs nothing else: tables from the Markdown's data, plots as
//! inline SVG. Formats; computes nothing but the places of marks.

use std::fmt::Write;

use super::report::{Bin, ModelReport};
use super::report_table::{SCORE_COLUMNS, score_cells};
use super::rows_model::PointsModel;

const WIDTH: f64 = 520.0;
const HEIGHT: f64 = 340.0;
const MARGIN: f64 = 48.0;
/// Features in the picture of importance; the table below it has all.
const FEATURES_DRAWN: usize = 25;

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:1120px;margin:2rem auto;padding:0 1rem;\
color:#1c2733;background:#fff}h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2rem}\
table{border-collapse:collapse;font-size:13px}th,td{padding:.2rem .6rem;border-bottom:1px solid #dfe5ea;\
text-align:right}th:first-child,td:first-child,th:nth-child(2),td:nth-child(2){text-align:left}\
svg{max-width:100%;height:auto}figure{display:inline-block;margin:0 1rem 1rem 0;vertical-align:top}\
figcaption{font-size:13px;color:#52606d}text{font:11px system-ui,sans-serif;fill:#52606d}\
@media(prefers-color-scheme:dark){body{background:#14191f;color:#d8dee4}th,td{border-color:#2c3640}\
text,figcaption{fill:#9aa7b2;color:#9aa7b2}}";

/// The whole page.
pub(super) fn render(model: &PointsModel, report: &ModelReport) -> String {
    let title = escape(&format!("Model {}, cutoff {}", model.name, model.cutoff_date));
    let figures = [
        (
            against(report),
            "Predicted against actual points, test part: darker cells hold more rows; the line is equality",
        ),
        (
            calibration(&report.calibration),
            "Calibration, test part: mean of what was scored by what was predicted",
        ),
        (minutes(&report.error_by_minutes), "Mean absolute error by the season's minutes a game, test part"),
        (
            curve(report),
            "Learning curve: error of the transformed points after each tree; train below, validation above",
        ),
        (
            importance(report),
            "Importance: share in the gain of all splits, the greatest; the table below has all",
        ),
    ];
    let figures: String = figures
        .iter()
        .map(|(svg, caption)| format!("<figure>{svg}<figcaption>{}</figcaption></figure>", escape(caption)))
        .collect();
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>{title}</title><style>{STYLE}</style><h1>{title}</h1>\
         <p>{} rows of {} to {}; {} trees; {} features ({}). {}.</p>{}<h2>Plots</h2>{figures}{}</html>\n",
        model.rows,
        model.first_date,
        model.last_date,
        model.trees,
        model.feature_count,
        escape(&model.feature_version),
        escape(&report.deployed),
        scores(report),
        importance_table(report) + &spot_checks(report),
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn row(tag: &str, cells: impl IntoIterator<Item = String>) -> String {
    let cells: String = cells.into_iter().map(|cell| format!("<{tag}>{}</{tag}>", escape(&cell))).collect();
    format!("<tr>{cells}</tr>")
}

fn scores(report: &ModelReport) -> String {
    let mut table = row("th", SCORE_COLUMNS.map(str::to_owned));
    for of in &report.scores {
        table += &row("td", score_cells(of));
    }
    let meanings: String = report
        .scores
        .iter()
        .filter(|of| of.part == "test")
        .map(|of| format!("<li><b>{}</b>: {}</li>", escape(&of.population), escape(&of.meaning)))
        .collect();
    let band = escape(&report.band.sentence());
    format!("<h2>Figures</h2><table>{table}</table><ul>{meanings}</ul><p>{band}</p>")
}

fn importance_table(report: &ModelReport) -> String {
    let mut table = row("th", ["place", "feature", "gain"].map(str::to_owned));
    for (at, of) in report.importance.iter().enumerate() {
        table += &row("td", [(at + 1).to_string(), of.feature.clone(), format!("{:.2} %", 100.0 * of.gain)]);
    }
    format!("<h2>Importance of all features</h2><table>{table}</table>")
}

fn spot_checks(report: &ModelReport) -> String {
    let mut table = row("th", ["date", "player", "actual", "predicted", "last 10"].map(str::to_owned));
    for check in &report.spot_checks {
        table += &row(
            "td",
            [
                check.date.clone(),
                check.player.clone(),
                check.actual.to_string(),
                format!("{:.1}", check.predicted),
                check.last_10.map_or_else(String::new, |value| format!("{value:.1}")),
            ],
        );
    }
    format!("<h2>Highest scorers of the test part</h2><table>{table}</table>")
}

/// A plot's frame: from numbers to places, with its axes.
struct Plot {
    x: (f64, f64),
    y: (f64, f64),
    marks: String,
}

impl Plot {
    fn of(x: (f64, f64), y: (f64, f64)) -> Self {
        Self { x, y, marks: String::new() }
    }

    fn place(&self, x: f64, y: f64) -> (f64, f64) {
        let across = (x - self.x.0) / (self.x.1 - self.x.0).max(f64::EPSILON);
        let up = (y - self.y.0) / (self.y.1 - self.y.0).max(f64::EPSILON);
        (MARGIN + across * (WIDTH - MARGIN - 10.0), HEIGHT - MARGIN - up * (HEIGHT - MARGIN - 10.0))
    }

    fn mark(&mut self, mark: std::fmt::Arguments<'_>) {
        self.marks.write_fmt(mark).expect("a string takes all that is written to it");
    }

    fn line(&mut self, points: impl IntoIterator<Item = (f64, f64)>, colour: &str) {
        let places: Vec<String> = points
            .into_iter()
            .map(|(x, y)| self.place(x, y))
            .map(|(x, y)| format!("{x:.1},{y:.1}"))
            .collect();
        let places = places.join(" ");
        self.mark(format_args!(
            "<polyline points=\"{places}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.6\"/>"
        ));
    }

    fn draw(mut self, x_label: &str, y_label: &str) -> String {
        for step in 0..=4 {
            let share = f64::from(step) / 4.0;
            let (x, y) = (self.x.0 + share * (self.x.1 - self.x.0), self.y.0 + share * (self.y.1 - self.y.0));
            let (left, bottom) = (self.place(self.x.0, y), self.place(x, self.y.0));
            self.mark(format_args!(
                "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>\
                 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
                left.0 - 6.0,
                left.1 + 4.0,
                short(y),
                bottom.0,
                bottom.1 + 16.0,
                short(x),
            ));
        }
        let (origin, end) = (self.place(self.x.0, self.y.0), self.place(self.x.1, self.y.1));
        self.mark(format_args!(
            "<path d=\"M{0:.1} {2:.1}V{1:.1}H{3:.1}\" fill=\"none\" stroke=\"#9aa7b2\"/>\
             <text x=\"{4:.1}\" y=\"{5:.1}\" text-anchor=\"middle\">{6}</text>\
             <text transform=\"translate(12 {7:.1}) rotate(-90)\" text-anchor=\"middle\">{8}</text>",
            origin.0,
            origin.1,
            end.1,
            end.0,
            f64::midpoint(origin.0, end.0),
            HEIGHT - 8.0,
            escape(x_label),
            f64::midpoint(origin.1, end.1),
            escape(y_label),
        ));
        format!(
            "<svg width=\"{WIDTH}\" height=\"{HEIGHT}\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\">{}</svg>",
            self.marks
        )
    }
}

/// A number for an axis: two decimals where it is small.
fn short(value: f64) -> String {
    if value.abs() < 10.0 && value.fract() != 0.0 { format!("{value:.2}") } else { format!("{value:.0}") }
}

fn against(report: &ModelReport) -> String {
    let mut plot = Plot::of((0.0, 40.0), (0.0, 60.0));
    let most = report.predicted_against_actual.iter().map(|cell| cell.rows).max().unwrap_or(1) as f64;
    for cell in report.predicted_against_actual.iter().filter(|cell| cell.predicted < 40.0) {
        let ((x, y), (right, top)) =
            (plot.place(cell.predicted, cell.actual), plot.place(cell.predicted + 2.0, cell.actual + 2.0));
        // A root, so that rare cells are seen beside the common ones.
        let opacity = 0.08 + 0.92 * (cell.rows as f64 / most).sqrt();
        plot.mark(format_args!(
            "<rect x=\"{x:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"#1f6feb\" \
             fill-opacity=\"{opacity:.3}\"><title>{} rows</title></rect>",
            right - x,
            y - top,
            cell.rows,
        ));
    }
    plot.line([(0.0, 0.0), (40.0, 40.0)], "#d1495b");
    plot.draw("predicted points", "actual points")
}

fn calibration(bins: &[Bin]) -> String {
    let end = bins.iter().map(|bin| bin.predicted.max(bin.actual)).fold(10.0, f64::max);
    let mut plot = Plot::of((0.0, end), (0.0, end));
    plot.line([(0.0, 0.0), (end, end)], "#9aa7b2");
    plot.line(bins.iter().map(|bin| (bin.predicted, bin.actual)), "#1f6feb");
    for bin in bins {
        let (x, y) = plot.place(bin.predicted, bin.actual);
        plot.mark(format_args!(
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"#1f6feb\"><title>{} rows</title></circle>",
            bin.rows
        ));
    }
    plot.draw("mean predicted points", "mean actual points")
}

fn minutes(bins: &[Bin]) -> String {
    let end = bins.last().map_or(48.0, |bin| bin.to);
    let most = bins.iter().map(|bin| bin.mae).fold(1.0, f64::max);
    let mut plot = Plot::of((0.0, end), (0.0, most));
    for bin in bins {
        let ((x, y), (right, bottom)) = (plot.place(bin.from, bin.mae), plot.place(bin.to, 0.0));
        plot.mark(format_args!(
            "<rect x=\"{:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"#1f6feb\"><title>{} rows, \
             {:.2} points</title></rect>",
            x + 1.0,
            right - x - 2.0,
            bottom - y,
            bin.rows,
            bin.mae,
        ));
    }
    plot.draw("minutes a game this season", "mean absolute error")
}

fn curve(report: &ModelReport) -> String {
    let points = &report.learning_curve;
    let all = || points.iter().flat_map(|point| [point.train, point.validation]);
    let (low, high) = (all().fold(f64::INFINITY, f64::min), all().fold(0.0, f64::max));
    let mut plot = Plot::of((0.0, points.len().max(1) as f64), (low, high));
    plot.line(points.iter().map(|point| (point.trees as f64, point.train)), "#9aa7b2");
    plot.line(points.iter().map(|point| (point.trees as f64, point.validation)), "#1f6feb");
    let best = report.trees as f64;
    plot.line([(best, low), (best, high)], "#d1495b");
    plot.draw("trees", "root mean squared error")
}

fn importance(report: &ModelReport) -> String {
    let drawn = &report.importance[..report.importance.len().min(FEATURES_DRAWN)];
    let height = 18.0 * drawn.len() as f64 + 10.0;
    let most = drawn.first().map_or(1.0, |of| of.gain).max(f64::EPSILON);
    let bars: String = drawn
        .iter()
        .enumerate()
        .map(|(at, of)| {
            let y = 18.0 * at as f64 + 4.0;
            format!(
                "<text x=\"210\" y=\"{:.1}\" text-anchor=\"end\">{}</text><rect x=\"216\" y=\"{y:.1}\" \
                 width=\"{:.1}\" height=\"13\" fill=\"#1f6feb\"/><text x=\"{:.1}\" y=\"{:.1}\">{:.1} %</text>",
                y + 11.0,
                escape(&of.feature),
                240.0 * of.gain / most,
                222.0 + 240.0 * of.gain / most,
                y + 11.0,
                100.0 * of.gain,
            )
        })
        .collect();
    format!(
        "<svg width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\">{bars}</svg>"
    )
}
