//! Which kinds of dates a rule can be meant for. Says nothing about how a date comes to be of a kind: that is
//! for the pipeline to tell, and it stands in each profile as `segment`.

use serde::Deserialize;

/// A kind of date: dates are compared with dates of the same kind alone, and a rule may be meant for some.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum DateKind {
    /// A date of the regular season.
    #[serde(rename = "Regular Season")]
    RegularSeason,
    /// A date of the play-in between regular season and playoffs.
    PlayIn,
    /// A date of the playoffs.
    Playoffs,
    /// One of the first days of a season, of which little is known.
    Bootstrap,
    /// A date of which a person has accepted that something is missing.
    Gap,
}

impl DateKind {
    /// The stable code, as in `segment` and in rules.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::RegularSeason => "Regular Season",
            Self::PlayIn => "PlayIn",
            Self::Playoffs => "Playoffs",
            Self::Bootstrap => "Bootstrap",
            Self::Gap => "Gap",
        }
    }
}
