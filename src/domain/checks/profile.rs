//! From rows to figures: how many, how many null, how many different, mean, spread, least and greatest,
//! for each column of a frame, and how many different keys. Knows no rule.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use super::rows_check::ColumnProfile;
use crate::flow::{Column, DatasetName, Frame, Schema};

/// The column's name under which a dataset's key is profiled: `rows - distinct` are the duplicates.
pub const KEY_COLUMN: &str = "(key)";

/// The profile of all columns of a frame, the key first.
#[must_use]
pub fn profile(dataset: DatasetName, segment: &Arc<str>, frame: &Frame) -> Vec<ColumnProfile> {
    let schema = frame.schema();
    let places: Vec<Places> = frame.columns().iter().map(Places::of).collect();
    let mut profiles = vec![key_profile(dataset, segment, schema, &places, frame.rows())];
    for ((field, column), places) in schema.fields.iter().zip(frame.columns()).zip(&places) {
        let blank = ColumnProfile {
            rows: count(frame.rows()),
            nulls: count(places.nulls),
            distinct: count(places.distinct),
            ..empty(dataset, segment, field.name.into())
        };
        if let Column::FloatList(lists) = column {
            profiles.extend(list_profiles(&blank, lists));
        } else {
            profiles.push(with_figures(blank, column));
        }
    }
    profiles
}

/// That a dataset has so many rows on the date, each with its own key, and nothing else of it.
#[must_use]
pub fn counted(dataset: DatasetName, segment: &Arc<str>, rows: usize) -> ColumnProfile {
    ColumnProfile { rows: count(rows), distinct: count(rows), ..empty(dataset, segment, KEY_COLUMN.into()) }
}

fn empty(dataset: DatasetName, segment: &Arc<str>, column: Arc<str>) -> ColumnProfile {
    ColumnProfile {
        dataset: dataset.as_str().into(),
        column,
        segment: Arc::clone(segment),
        rows: 0,
        nulls: 0,
        distinct: 0,
        zeros: 0,
        mean: None,
        std: None,
        min: None,
        max: None,
    }
}

fn key_profile(
    dataset: DatasetName,
    segment: &Arc<str>,
    schema: Schema,
    places: &[Places],
    rows: usize,
) -> ColumnProfile {
    let of_key = |name: &&str| schema.fields.iter().position(|field| field.name == *name);
    let columns: Vec<&Places> = schema.key.iter().filter_map(of_key).map(|at| &places[at]).collect();
    let mut keys: Vec<Vec<Option<u32>>> = (0..rows)
        .map(|row| columns.iter().map(|column| column.of_rows.get(row).copied().flatten()).collect())
        .collect();
    keys.sort_unstable();
    keys.dedup();
    ColumnProfile {
        rows: count(rows),
        distinct: count(keys.len()),
        ..empty(dataset, segment, KEY_COLUMN.into())
    }
}

/// Each value of a column as the number of its first appearance: equal numbers, equal values.
struct Places {
    of_rows: Vec<Option<u32>>,
    distinct: usize,
    nulls: usize,
}

impl Places {
    fn of(column: &Column) -> Self {
        match column {
            Column::Int(cells) => Self::number(cells, |value| *value),
            Column::Float(cells) => Self::number(cells, |value| value.to_bits()),
            Column::Text(cells) => Self::number(cells, Arc::clone),
            Column::Bool(cells) => Self::number(cells, |value| *value),
            Column::Date(cells) => Self::number(cells, |value| value.days()),
            // Lists are no keys, and their places are profiled one by one.
            Column::FloatList(cells) => Self::only_nulls(cells),
            Column::TextList(cells) => Self::only_nulls(cells),
        }
    }

    fn only_nulls<T>(cells: &[Option<T>]) -> Self {
        let nulls = cells.iter().filter(|cell| cell.is_none()).count();
        Self { of_rows: Vec::new(), distinct: 0, nulls }
    }

    fn number<T, K: Hash + Eq>(cells: &[Option<T>], key: impl Fn(&T) -> K) -> Self {
        let mut known = HashMap::with_capacity(cells.len());
        let mut number = |value: &T| {
            let next = u32::try_from(known.len()).unwrap_or(u32::MAX);
            *known.entry(key(value)).or_insert(next)
        };
        let of_rows: Vec<Option<u32>> = cells.iter().map(|cell| cell.as_ref().map(&mut number)).collect();
        let nulls = of_rows.iter().filter(|place| place.is_none()).count();
        Self { of_rows, distinct: known.len(), nulls }
    }
}

fn with_figures(blank: ColumnProfile, column: &Column) -> ColumnProfile {
    match column {
        Column::Int(cells) => figures(blank, cells.iter().flatten().map(|value| *value as f64)),
        Column::Float(cells) => figures(blank, cells.iter().flatten().copied()),
        Column::Bool(cells) => {
            figures(blank, cells.iter().flatten().map(|value| f64::from(u8::from(*value))))
        }
        Column::Date(cells) => figures(blank, cells.iter().flatten().map(|value| f64::from(value.days()))),
        Column::Text(cells) => {
            let zeros = cells.iter().flatten().filter(|text| text.is_empty()).count();
            ColumnProfile { zeros: count(zeros), ..blank }
        }
        Column::FloatList(_) | Column::TextList(_) => blank,
    }
}

fn figures(blank: ColumnProfile, values: impl Iterator<Item = f64> + Clone) -> ColumnProfile {
    let (mut number, mut zeros, mut sum) = (0_usize, 0_usize, 0.0);
    let (mut min, mut max) = (f64::INFINITY, f64::NEG_INFINITY);
    for value in values.clone() {
        number += 1;
        zeros += usize::from(value == 0.0);
        sum += value;
        min = min.min(value);
        max = max.max(value);
    }
    if number == 0 {
        return blank;
    }
    let mean = sum / number as f64;
    // Around the mean, not by the squares: the squares of large and nearly equal values cancel out.
    let variance = values.map(|value| (value - mean).powi(2)).sum::<f64>() / number as f64;
    ColumnProfile {
        zeros: count(zeros),
        mean: Some(mean),
        std: Some(variance.sqrt()),
        min: Some(min),
        max: Some(max),
        ..blank
    }
}

/// One profile for each place of a column of lists; a row whose list is shorter has a null there.
fn list_profiles(blank: &ColumnProfile, lists: &[Option<Arc<[f64]>>]) -> Vec<ColumnProfile> {
    let length = lists.iter().flatten().map(|list| list.len()).max().unwrap_or(0);
    let of_place = |place: usize| {
        let cells =
            lists.iter().map(|list| list.as_ref().and_then(|list| list.get(place).copied())).collect();
        let column = Column::Float(cells);
        let places = Places::of(&column);
        let blank = ColumnProfile {
            column: format!("{}[{place}]", blank.column).into(),
            nulls: count(places.nulls),
            distinct: count(places.distinct),
            ..blank.clone()
        };
        with_figures(blank, &column)
    };
    (0..length).map(of_place).collect()
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::Row;

    crate::rows! {
        /// A row for the tests.
        struct Line key(game, player) {
            /// Half of the key.
            game: Arc<str>,
            /// The other half.
            player: i64,
            /// May be null.
            minutes: Option<f64>,
            /// True or false.
            flag: bool,
            /// A list.
            slots: Arc<[f64]>,
        }
    }

    fn line(player: i64, minutes: Option<f64>) -> Line {
        let slots = if player == 1 { vec![1.0, 0.0] } else { vec![3.0] };
        Line { game: "g".into(), player, minutes, flag: player == 1, slots: slots.into() }
    }

    #[test]
    fn a_column_as_figures() {
        const DATASET: DatasetName = DatasetName::of("t.lines");
        let rows = [line(1, Some(0.0)), line(2, Some(4.0)), line(2, None), line(3, Some(8.0))];
        let segment: Arc<str> = "usual".into();
        let all = profile(DATASET, &segment, &Line::to_frame(&rows));
        let names: Vec<&str> = all.iter().map(|profile| &*profile.column).collect();
        assert_eq!(names, ["(key)", "game", "player", "minutes", "flag", "slots[0]", "slots[1]"]);
        let cases = [
            ("(key)", 0, 3, 0, None, None, None),
            ("game", 0, 1, 0, None, None, None),
            ("minutes", 1, 3, 1, Some(4.0), Some(0.0), Some(8.0)),
            ("flag", 0, 2, 3, Some(0.25), Some(0.0), Some(1.0)),
            ("slots[0]", 0, 2, 0, Some(2.5), Some(1.0), Some(3.0)),
            ("slots[1]", 3, 1, 1, Some(0.0), Some(0.0), Some(0.0)),
        ];
        for (name, nulls, distinct, zeros, mean, min, max) in cases {
            let found = all.iter().find(|profile| &*profile.column == name).expect("a profile");
            assert_eq!(
                (found.rows, found.nulls, found.distinct, found.zeros),
                (4, nulls, distinct, zeros),
                "{name}"
            );
            assert_eq!((found.mean, found.min, found.max), (mean, min, max), "{name}");
        }
        let spread = all[3].std.expect("a spread");
        assert!((spread - (32.0_f64 / 3.0).sqrt()).abs() < 1e-12, "{spread}");
        assert_eq!(profile(DATASET, &segment, &Line::to_frame(&[]))[0], counted(DATASET, &segment, 0));
    }
}
