//! Hashes that say "the same again": of a unit's content (revision), of a range of input units
//! (range sum) and of everything that a unit was made from (fingerprint).

use std::fmt;

use super::date::Date;
use super::names::DatasetName;

/// The hash of a unit's content; equal content, equal revision. 32 bytes of BLAKE3, shown as hex.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision([u8; 32]);

/// The hash of all that a unit's content was made from: the processor, its code revision, its settings
/// and the revisions of its inputs. Equal fingerprint, nothing to compute.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; 32]);

macro_rules! hash_value {
    ($name:ident) => {
        impl $name {
            /// The value with these bytes.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// Its bytes.
            #[must_use]
            pub const fn bytes(&self) -> &[u8; 32] {
                &self.0
            }

            /// Reads 64 hex digits, the inverse of `Display`.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                blake3::Hash::from_hex(text).ok().map(|hash| Self(*hash.as_bytes()))
            }

            /// The first 12 hex digits, for people.
            #[must_use]
            pub fn short(&self) -> String {
                self.to_string()[..12].to_owned()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(blake3::Hash::from_bytes(self.0).to_hex().as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.short())
            }
        }
    };
}

hash_value!(Revision);
hash_value!(Fingerprint);

impl Revision {
    /// The revision of raw bytes, such as a payload's.
    #[must_use]
    pub fn of_bytes(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }

    /// The revision of several contents in their order; no two lists run together.
    #[must_use]
    pub fn of_parts<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        Self(hash_of_parts(parts))
    }
}

/// Every part is length-prefixed.
fn hash_of_parts<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    *hasher.finalize().as_bytes()
}

impl Fingerprint {
    /// The fingerprint of labelled parts; every part is length-prefixed, so no two lists run together.
    #[must_use]
    pub fn of_parts<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        Self(hash_of_parts(parts))
    }
}

/// An order-free hash of a set of units with their revisions: the sum, modulo 2^256, of one BLAKE3 hash
/// for each. Because sums can be subtracted, the hash of any range of a dataset is the difference of two
/// prefixes, so that a season-to-date window costs the same as a single date.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct RangeSum([u64; 4]);

impl RangeSum {
    /// The sum of one unit. `state` is what the ledger holds for it: a revision, or how it was left out.
    #[must_use]
    pub fn of_unit(dataset: DatasetName, date: Date, state: &[u8]) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(dataset.as_str().as_bytes());
        hasher.update(&[0]);
        hasher.update(&date.days().to_le_bytes());
        hasher.update(state);
        let hash = *hasher.finalize().as_bytes();
        let mut words = [0; 4];
        for (word, bytes) in words.iter_mut().zip(hash.chunks_exact(8)) {
            *word = bytes.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte));
        }
        Self(words)
    }

    /// This sum and another one together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        let mut carry = false;
        let mut words = [0; 4];
        for (at, word) in words.iter_mut().enumerate() {
            let (sum, first) = self.0[at].overflowing_add(other.0[at]);
            let (sum, second) = sum.overflowing_add(u64::from(carry));
            (*word, carry) = (sum, first | second);
        }
        Self(words)
    }

    /// This sum without the units of `other`, which it must contain.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        let negated = Self(other.0.map(|word| !word)).plus(Self([1, 0, 0, 0]));
        self.plus(negated)
    }

    /// The sum's bytes, for a fingerprint.
    #[must_use]
    pub fn bytes(self) -> [u8; 32] {
        let mut bytes = [0; 32];
        for (chunk, word) in bytes.chunks_exact_mut(8).zip(self.0) {
            chunk.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: DatasetName = DatasetName::of("a.b");

    #[test]
    fn the_sum_of_a_range_is_the_difference_of_two_prefixes() {
        let units: Vec<RangeSum> =
            (0..50).map(|day| RangeSum::of_unit(NAME, Date::from_days(day), &day.to_le_bytes())).collect();
        let sum = |range: &[RangeSum]| range.iter().fold(RangeSum::default(), |a, b| a.plus(*b));
        assert_eq!(sum(&units[..40]).minus(sum(&units[..15])), sum(&units[15..40]));
        assert_ne!(sum(&units[15..40]), sum(&units[15..41]));
        assert_eq!(sum(&units).minus(sum(&units)), RangeSum::default());
    }

    #[test]
    fn parts_do_not_run_together() {
        let print = |parts: &[&[u8]]| Fingerprint::of_parts(parts.iter().copied());
        assert_ne!(print(&[b"ab", b"c"]), print(&[b"a", b"bc"]));
        let value = print(&[b"a"]);
        assert_eq!(Fingerprint::parse(&value.to_string()), Some(value));
    }
}
