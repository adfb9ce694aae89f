//! A line of the log as one JSON object, with the names that Google's Cloud Logging understands, so that it stands
//! beside the spans of its trace there. Decides nothing about which lines there are.

use std::fmt;

use opentelemetry::trace::TraceContextExt;
use serde_json::{Map, Value, json};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// One JSON object a line.
#[derive(Debug, Default)]
pub(super) struct JsonLine {
    /// The project whose traces are meant; without it a trace is named by its number alone.
    pub(super) project: Option<String>,
}

impl JsonLine {
    /// The line of an event that happens within `trace` (its number, the span's, and whether it is sampled).
    fn line(&self, event: &Event<'_>, trace: Option<(String, String, bool)>) -> Value {
        let mut line = Map::new();
        let mut put = |key: &str, value: Value| line.insert(key.to_owned(), value);
        put("time", now().into());
        put("severity", severity(event.metadata().level()).into());
        put("target", event.metadata().target().into());
        if let Some((trace, span, sampled)) = trace {
            let name = self.project.as_ref().map(|project| format!("projects/{project}/traces/{trace}"));
            put("logging.googleapis.com/trace", name.unwrap_or_else(|| trace.clone()).into());
            put("logging.googleapis.com/spanId", span.clone().into());
            put("logging.googleapis.com/trace_sampled", sampled.into());
            put("trace_id", trace.into());
            put("span_id", span.into());
        }
        event.record(&mut Fields(&mut line));
        Value::Object(line)
    }
}

/// A line that is no event.
pub(super) fn of(severity: &str, message: &str) -> String {
    json!({"time": now(), "severity": severity, "message": message}).to_string()
}

fn now() -> String {
    let mut time = String::new();
    // Writing to a String cannot fail.
    let _ = SystemTime.format_time(&mut Writer::new(&mut time));
    time
}

fn severity(level: &Level) -> &'static str {
    match *level {
        Level::ERROR => "ERROR",
        Level::WARN => "WARNING",
        Level::INFO => "INFO",
        Level::DEBUG | Level::TRACE => "DEBUG",
    }
}

/// The fields of an event. One that has the name of something else of the line is put beside it.
struct Fields<'a>(&'a mut Map<String, Value>);

impl Fields<'_> {
    fn put(&mut self, field: &Field, value: Value) {
        let name = field.name();
        let name = if self.0.contains_key(name) { format!("field.{name}") } else { name.to_owned() };
        self.0.insert(name, value);
    }
}

impl Visit for Fields<'_> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}").into());
    }
}

impl<S, N> FormatEvent<S, N> for JsonLine
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    N: for<'writer> FormatFields<'writer> + 'static,
{
    fn format_event(
        &self,
        _context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let context = opentelemetry::Context::current();
        let span = context.span().span_context().clone();
        let trace = span
            .is_valid()
            .then(|| (span.trace_id().to_string(), span.span_id().to_string(), span.is_sampled()));
        writeln!(writer, "{}", self.line(event, trace))
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("nobody panics").write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_has_the_names_that_cloud_logging_understands() {
        let written = Written::default();
        let to = written.clone();
        let lines = tracing_subscriber::fmt::layer()
            .with_writer(move || to.clone())
            .event_format(JsonLine { project: Some("acme".to_owned()) });
        tracing::subscriber::with_default(tracing_subscriber::registry().with(lines), || {
            tracing::warn!(attempt = 3, severity = "mine", unit = %"nba.a 2024-01-26", "it \"failed\"\nagain");
        });
        let text = String::from_utf8(written.0.lock().expect("nobody panics").clone()).expect("UTF-8");
        assert_eq!(text.lines().count(), 1, "{text}");
        let mut line: Map<String, Value> = serde_json::from_str(&text).expect("an object");
        assert!(line.remove("time").is_some());
        let expected = json!({
            "severity": "WARNING", "target": "tidegate::cli::log_line::tests", "message": "it \"failed\"\nagain",
            "attempt": 3, "field.severity": "mine", "unit": "nba.a 2024-01-26",
        });
        assert_eq!(Value::Object(line), expected, "outside of a trace, none is named");
    }
}
