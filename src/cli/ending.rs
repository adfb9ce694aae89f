//! How the program ends: the exit codes, and how an error is shown. Knows nothing of what was done.

use std::fmt;
use std::process::ExitCode;

use super::arguments::LogFormat;
use super::log_line;

/// How a command that did what it was asked ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// Everything that was asked for is done.
    AllDone,
    /// Everything that could be done is done; dead letters or held dates remain.
    Remains,
    /// Some date has not passed a gate.
    NoGo,
    /// Nothing is wrong as far as is known, but something could not be asked.
    Unasked,
    /// It was stopped by a signal; the same command goes on.
    Interrupted,
}

impl Ending {
    /// The exit code of the process.
    pub(super) fn exit_code(self) -> ExitCode {
        match self {
            Self::AllDone => ExitCode::SUCCESS,
            Self::Interrupted | Self::NoGo | Self::Unasked => ExitCode::from(1),
            Self::Remains => ExitCode::from(3),
        }
    }
}

/// What was typed cannot be done: exit code 2.
#[derive(Debug)]
pub(super) struct WrongUsage(String);

impl fmt::Display for WrongUsage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for WrongUsage {}

/// An error that says what was wrong with what was typed, and what would be right.
pub(super) fn wrong_usage(message: impl Into<String>) -> anyhow::Error {
    anyhow::Error::new(WrongUsage(message.into()))
}

/// Shows an error with its causes and answers with its exit code.
pub(super) fn report(error: &anyhow::Error, format: LogFormat) -> ExitCode {
    let is_usage = error.chain().any(|cause| cause.is::<WrongUsage>());
    match format {
        LogFormat::Text => eprintln!("error: {error:#}"),
        LogFormat::Json => eprintln!("{}", log_line::of("ERROR", &format!("{error:#}"))),
    }
    ExitCode::from(if is_usage { 2 } else { 1 })
}
