//! How questions are asked: each within a time, and the progress of all of them on a terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::console::Console;
use crate::doctor::Answer;

/// How long one question may take, its own retries included.
const ANSWER: Duration = Duration::from_secs(30);

/// The answer, or silence when it takes too long.
pub(super) async fn within<T>(question: impl Future<Output = Answer<T>>) -> Answer<T> {
    let answer = tokio::time::timeout(ANSWER, question).await;
    answer.unwrap_or_else(|_| Answer::Silent(format!("nothing within {} s", ANSWER.as_secs())))
}

/// The same for what answers with an error of its own.
pub(super) async fn told<T, E: std::fmt::Display>(question: impl Future<Output = Result<T, E>>) -> Answer<T> {
    within(async {
        match question.await {
            Ok(told) => Answer::Told(told),
            Err(error) => Answer::Silent(format!("{error:#}")),
        }
    })
    .await
}

/// How many parts have been looked at.
pub(super) struct Progress(Option<ProgressBar>);

impl Progress {
    /// Of so many parts; seen on a terminal only.
    pub(super) fn start(console: &Console, parts: u64) -> Self {
        let style = ProgressStyle::with_template("{spinner} {pos} of {len} parts looked at  {wide_msg}");
        Self(console.is_terminal().then(|| {
            let bar = console.bars().add(ProgressBar::new(parts));
            if let Ok(style) = style {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(125));
            bar
        }))
    }

    /// Does one part, and says so.
    pub(super) async fn part<T>(&self, name: &'static str, work: impl Future<Output = T>) -> T {
        let done = work.await;
        if let Some(bar) = &self.0 {
            bar.inc(1);
            bar.set_message(name);
        }
        done
    }

    /// Takes the bar away.
    pub(super) fn end(self) {
        if let Some(bar) = self.0 {
            bar.finish_and_clear();
        }
    }
}
