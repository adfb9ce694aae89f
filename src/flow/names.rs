//! The names of pipelines and datasets. A malformed constant name does not compile.
//! Topic and subscription names are derived from these in `topology.rs`, nowhere else.

use std::fmt;

/// The name of a pipeline: `nba`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PipelineName(&'static str);

/// The name of a dataset and of the one processor that writes it: `nba.player_game_summary`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DatasetName(&'static str);

impl PipelineName {
    /// A pipeline's name: lower-case letters, digits and underscores, a letter first.
    #[must_use]
    pub const fn of(name: &'static str) -> Self {
        assert!(is_word(name.as_bytes(), 0, name.len()), "a pipeline's name is one lower-case word");
        Self(name)
    }

    /// The name as text.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

impl DatasetName {
    /// A dataset's name: `<pipeline>.<table>`, both lower-case words.
    #[must_use]
    pub const fn of(name: &'static str) -> Self {
        let bytes = name.as_bytes();
        let dot = dot(bytes);
        assert!(
            is_word(bytes, 0, dot) && is_word(bytes, dot + 1, bytes.len()),
            "a dataset's name is `<pipeline>.<table>`, lower-case letters, digits and underscores"
        );
        Self(name)
    }

    /// The whole name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }

    /// The pipeline's part.
    #[must_use]
    pub fn pipeline(self) -> &'static str {
        &self.0[..dot(self.0.as_bytes())]
    }

    /// The table's part.
    #[must_use]
    pub fn table(self) -> &'static str {
        &self.0[dot(self.0.as_bytes()) + 1..]
    }
}

const fn dot(bytes: &[u8]) -> usize {
    let mut at = 0;
    while at < bytes.len() && bytes[at] != b'.' {
        at += 1;
    }
    at
}

const fn is_word(bytes: &[u8], from: usize, to: usize) -> bool {
    if from >= to || to > bytes.len() || !bytes[from].is_ascii_lowercase() {
        return false;
    }
    let mut at = from;
    while at < to {
        let byte = bytes[at];
        if !(byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_') {
            return false;
        }
        at += 1;
    }
    true
}

impl fmt::Display for PipelineName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl fmt::Display for DatasetName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl fmt::Debug for DatasetName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_two_parts() {
        const NAME: DatasetName = DatasetName::of("nba.player_game_summary");
        assert_eq!((NAME.pipeline(), NAME.table()), ("nba", "player_game_summary"));
    }

    #[test]
    fn malformed_names_are_refused() {
        for name in ["nba", "nba.", ".x", "Nba.x", "nba.x.y", "nba.x-y", "1a.b"] {
            assert!(std::panic::catch_unwind(|| DatasetName::of(name)).is_err(), "{name}");
        }
    }
}
