//! Settings that do not belong to one subcommand: one raw struct (options and environment), lowered here
//! into what the program needs. The only file that reads the environment.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::ValueEnum;
use serde_json::Value;

use super::arguments::{Global, LogFormat};
use super::ending::wrong_usage;
use super::home::Home;

/// Settings of every subcommand.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    /// Where all state is.
    pub(super) home: Home,
    /// Whether the answer is JSON.
    pub(super) json: bool,
    /// The log filter.
    pub(super) log: String,
    /// How log lines look.
    pub(super) log_format: LogFormat,
}

impl Settings {
    /// Lowers the options, and the environment where an option is not given.
    pub(super) fn of(global: Global) -> anyhow::Result<Self> {
        let log_format = match (global.log_format, environment("TIDEGATE_LOG_FORMAT")) {
            (Some(format), _) => format,
            (None, Some(text)) => LogFormat::from_str(&text, true).map_err(|_| {
                wrong_usage(format!("TIDEGATE_LOG_FORMAT is `{text}`; it may be text or json"))
            })?,
            (None, None) => LogFormat::Text,
        };
        let home = global.home.or_else(|| environment("TIDEGATE_HOME").map(PathBuf::from));
        Ok(Self {
            home: Home::at(home.unwrap_or_else(|| PathBuf::from(".tidegate"))),
            json: global.json,
            log: global.log.or_else(|| environment("TIDEGATE_LOG")).unwrap_or_else(|| "warn".to_owned()),
            log_format,
        })
    }

    /// Prints the answer on standard output: text for people, or one JSON document for machines.
    pub(super) fn print(&self, text: &str, json: impl FnOnce() -> Value) {
        let text = if self.json { format!("{:#}\n", json()) } else { text.to_owned() };
        // A reader that has closed the pipe (`| head`) has read what it wanted.
        let _ = io::stdout().write_all(text.as_bytes()).and_then(|()| io::stdout().flush());
    }
}

/// What a variable of the environment that somebody has named holds: for keys, which are no options, because
/// options are seen by everybody on the machine.
pub(super) fn named_variable(name: &str) -> anyhow::Result<String> {
    environment(name).ok_or_else(|| wrong_usage(format!("the variable {name} is not set, or empty")))
}

/// All variables that begin so, in order.
pub(super) fn variables(prefix: &str) -> Vec<(String, String)> {
    let all = std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
    let text = |(name, value): (String, std::ffi::OsString)| (name, value.to_string_lossy().into_owned());
    let mut found: Vec<_> = all.filter(|(name, _)| name.starts_with(prefix)).map(text).collect();
    found.sort();
    found
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|text| !text.is_empty())
}
