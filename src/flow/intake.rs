//! What a pipeline says of the answers of an upstream service before they land: what a date should have, and
//! whether an answer has it. Functions over payloads, as everything that a pipeline declares.

use std::sync::Arc;

use super::date::{Date, Season};
use super::inputs::Payload;
use super::outcome::Permanent;
use super::rhythm::Starts;

/// A part of a date that the upstream answers for by itself: `Regular Season`, `Playoffs`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// The season.
    pub season: Season,
    /// The part, as the upstream calls it.
    pub part: Arc<str>,
    /// Whether everything in it has happened.
    pub over: Over,
}

/// Whether what a date is waiting for has happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// All of it.
    Yes,
    /// Not all of it.
    No,
    /// The calendar does not say: the date itself must.
    Unstated,
}

/// Why an answer is not taken for data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unfit {
    /// Something that must be there is not; it may come later.
    Incomplete(String),
    /// It is not what the pipeline reads, and asking again gives no other.
    Faulty(Permanent),
}

/// The answer for a part of a date.
#[derive(Debug, Clone, Copy)]
pub struct PartAnswer<'a> {
    /// The source, as the pipeline names it.
    pub source: &'a str,
    /// The date that was asked for.
    pub date: Date,
    /// The part that was asked for; empty where all of the date was.
    pub part: &'a str,
    /// What was answered.
    pub payload: &'a Payload,
    /// The calendar's payloads of the date.
    pub calendar: &'a [Payload],
}

/// A pipeline's reading of what an upstream answers.
#[derive(Clone, Copy)]
pub struct Intake {
    /// What a date has by the calendar's payloads; empty where it has nothing.
    pub due: fn(&[Payload], Date) -> Result<Vec<Due>, Permanent>,
    /// When the events of each date begin, as far as the calendar's payloads say it.
    pub starts: fn(&[Payload]) -> Result<Starts, Permanent>,
    /// Whether this is a calendar of the season, against the one that it would replace.
    pub calendar_fits: fn(&Payload, Season, Option<&Payload>) -> Result<(), Unfit>,
    /// Whether an answer has everything that its part of the date should have.
    pub answer_fits: fn(PartAnswer<'_>) -> Result<(), Unfit>,
}
