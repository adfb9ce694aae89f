//! The past, grouped: for each player or team its rows in order of date, as slices that borrow from the
//! input. Knows no formula; what is handed in is what is seen, so a strict window stays strict.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hash, Hasher};

use crate::flow::Date;

use super::{PlayerGame, ScheduledGame, TeamDefense, TeamOffense};

/// The rows of each date of a window, in order of date: what a processor is handed.
pub type Units<'a, R> = [(Date, &'a [R])];

/// A map by player id or team: tens of thousands of rows go through it for every date, so its hash is a
/// plain one. Keys come from the league; nobody chooses them to collide.
pub(super) type Keyed<K, V> = HashMap<K, V, BuildHasherDefault<PlainHash>>;
type Groups<K, R> = Keyed<K, Vec<R>>;

/// Eight bytes at a time: rotate, add, multiply by an odd number (2^64 over the golden ratio).
#[derive(Default)]
pub(super) struct PlainHash(u64);

impl PlainHash {
    fn fold(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

impl Hasher for PlainHash {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.fold(u64::from_le_bytes(word));
        }
    }

    fn write_u8(&mut self, byte: u8) {
        self.fold(u64::from(byte));
    }

    fn write_i64(&mut self, number: i64) {
        self.fold(number.cast_unsigned());
    }

    fn finish(&self) -> u64 {
        // The map takes its place from the low bits, the product has its entropy in the high ones.
        self.0.rotate_left(26)
    }
}

/// Rows by what they are about, each list in order of date.
pub(super) struct History<'a, K, R> {
    groups: Groups<K, &'a R>,
}

/// A player's games, by the league's id: names change their spelling, ids do not.
pub(super) type PlayerHistory<'a> = History<'a, i64, PlayerGame>;
/// A team's games, from its own side.
pub(super) type OffenseHistory<'a> = History<'a, &'a str, TeamOffense>;
/// A team's games, by what it allowed.
pub(super) type DefenseHistory<'a> = History<'a, &'a str, TeamDefense>;
/// A team's games as the schedule has them, at home and away.
pub(super) type TeamSchedule<'a> = History<'a, &'a str, ScheduledGame>;

impl<'a, K: Eq + Hash, R> History<'a, K, R> {
    /// The rows in one list for each key.
    #[must_use]
    pub(super) fn of(units: &Units<'a, R>, key: impl Fn(&'a R) -> K) -> Self {
        let mut groups: Groups<K, &'a R> = HashMap::default();
        for (_, rows) in units {
            for row in *rows {
                groups.entry(key(row)).or_default().push(row);
            }
        }
        Self { groups }
    }

    /// The rows of a key in order of date; none where it has none.
    #[must_use]
    pub(super) fn get(&self, key: &K) -> &[&'a R] {
        self.groups.get(key).map_or(&[], Vec::as_slice)
    }

    /// Every key with its rows, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&K, &[&'a R])> {
        self.groups.iter().map(|(key, rows)| (key, rows.as_slice()))
    }
}

impl<'a> TeamSchedule<'a> {
    /// Each game under both of its teams.
    #[must_use]
    pub(super) fn by_team(units: &Units<'a, ScheduledGame>) -> Self {
        let mut groups: Groups<&'a str, &'a ScheduledGame> = HashMap::default();
        for (_, games) in units {
            for game in *games {
                groups.entry(&game.home_team).or_default().push(game);
                groups.entry(&game.away_team).or_default().push(game);
            }
        }
        Self { groups }
    }
}

/// The last `count` of these, or all.
#[must_use]
pub(super) fn last<T>(rows: &[T], count: usize) -> &[T] {
    &rows[rows.len().saturating_sub(count)..]
}

/// The units from `first` on: a season's own part of a window that also carries the season before.
#[must_use]
pub fn since<'s, 'a, R>(units: &'s Units<'a, R>, first: Date) -> &'s Units<'a, R> {
    &units[units.partition_point(|(date, _)| *date < first)..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_grouped_in_order_of_date() {
        let (first, second) = ([(1, 'a'), (2, 'b')], [(1, 'c')]);
        let units = [(Date::from_days(3), first.as_slice()), (Date::from_days(5), second.as_slice())];
        let history = History::of(&units, |row: &(i32, char)| row.0);
        assert_eq!(history.get(&1), [&(1, 'a'), &(1, 'c')]);
        assert_eq!(history.get(&9), [&(0, ' '); 0]);
        assert_eq!(last(history.get(&1), 1), [&(1, 'c')]);
        assert_eq!(since(&units, Date::from_days(4)).len(), 1);
        assert_eq!(since(&units, Date::from_days(3)).len(), 2);
    }
}
