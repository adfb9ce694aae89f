//! The terminal: log lines and progress bars share standard error without tearing each other.
//! Nothing here decides what is shown.

use std::io::{self, IsTerminal, Write};

use indicatif::{MultiProgress, ProgressDrawTarget};
use tracing_subscriber::filter::{FilterExt, LevelFilter, filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use super::arguments::LogFormat;
use super::ending::wrong_usage;
use super::log_line::{self, JsonLine};
use super::settings::Settings;
use super::traces::Traces;
use crate::fleet::TRACES;

/// Redraws a second: smooth enough for the eye, free of cost for the work.
const REDRAWS_PER_SECOND: u8 = 8;

/// Standard error, shared.
#[derive(Debug, Clone)]
pub(super) struct Console {
    bars: MultiProgress,
    format: LogFormat,
}

impl Console {
    /// Installs the log and prepares the bars, which stay hidden where standard error is no terminal.
    pub(super) fn start(settings: &Settings, traces: &Traces) -> anyhow::Result<Self> {
        let target = ProgressDrawTarget::stderr_with_hz(REDRAWS_PER_SECOND);
        let console = Self { bars: MultiProgress::with_draw_target(target), format: settings.log_format };
        let filter = EnvFilter::try_new(&settings.log)
            .map_err(|error| wrong_usage(format!("`{}` is no log filter: {error}", settings.log)))?;
        let log = tracing_subscriber::fmt::layer().with_writer(console.clone());
        let log = match settings.log_format {
            LogFormat::Text => log.with_ansi(io::stderr().is_terminal()).with_target(false).boxed(),
            LogFormat::Json => log.event_format(JsonLine { project: traces.project.clone() }).boxed(),
        };
        // Spans are for traces; a line of the log has no need of them.
        let lines = filter_fn(|metadata| metadata.target() != TRACES).with_max_level_hint(LevelFilter::TRACE);
        let log = log.with_filter(filter.and(lines));
        tracing_subscriber::registry().with(traces.layer()).with(log).init();
        Ok(console)
    }

    /// The place of progress bars.
    pub(super) fn bars(&self) -> &MultiProgress {
        &self.bars
    }

    /// Whether bars are seen.
    pub(super) fn is_terminal(&self) -> bool {
        io::stderr().is_terminal()
    }

    /// A line on standard error, above the bars; where the log is for machines, for them too.
    pub(super) fn line(&self, text: &str) {
        let text = match self.format {
            LogFormat::Text => text,
            LogFormat::Json => &log_line::of("INFO", text),
        };
        self.bars.suspend(|| {
            // Nobody can be told when standard error itself is gone.
            let _ = writeln!(io::stderr(), "{text}");
        });
    }
}

/// One log event, written as a whole above the bars.
pub(super) struct LogLine<'a>(&'a Console);

impl<'a> MakeWriter<'a> for Console {
    type Writer = LogLine<'a>;

    fn make_writer(&'a self) -> Self::Writer {
        LogLine(self)
    }
}

impl Write for LogLine<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.bars.suspend(|| io::stderr().write_all(bytes))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
