//! Where a unit lies: `<root>/<pipeline>/<dataset>/date=YYYY-MM-DD/<dataset>.parquet`, the hive layout that
//! DuckDB, pandas and Polars read as it is, on a disk and in a bucket alike. Files that are being written lie
//! in `<root>/.writing`, outside of everything that those readers look at. Must not touch a file.

use std::path::{Path, PathBuf};

use crate::flow::{DatasetName, Date, Unit};

const DATE_PREFIX: &str = "date=";

/// Where files are written before they are moved to their places.
pub(super) fn writing_directory(root: &Path) -> PathBuf {
    root.join(".writing")
}

/// The name of a dataset's directory below the root, with `/` between.
pub(super) fn dataset_name(dataset: DatasetName) -> String {
    format!("{}/{}", dataset.pipeline(), dataset.table())
}

/// The name of a unit's file below the root, with `/` between.
pub(super) fn unit_name(unit: Unit) -> String {
    let Unit { dataset, date } = unit;
    format!("{}/{DATE_PREFIX}{date}/{}", dataset_name(dataset), file_name(dataset))
}

/// The directory of a dataset.
pub(super) fn dataset_directory(root: &Path, dataset: DatasetName) -> PathBuf {
    root.join(dataset.pipeline()).join(dataset.table())
}

/// The name of a dataset's files, the same on every date.
pub(super) fn file_name(dataset: DatasetName) -> String {
    format!("{}.parquet", dataset.table())
}

/// The directory of a unit.
pub(super) fn unit_directory(root: &Path, unit: Unit) -> PathBuf {
    dataset_directory(root, unit.dataset).join(format!("{DATE_PREFIX}{}", unit.date))
}

/// The file of a unit.
pub(super) fn unit_file(root: &Path, unit: Unit) -> PathBuf {
    unit_directory(root, unit).join(file_name(unit.dataset))
}

/// The date of a directory's name, the inverse of what `unit_directory` gives it.
pub(super) fn date_of(directory_name: &str) -> Option<Date> {
    Date::parse(directory_name.strip_prefix(DATE_PREFIX)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_has_a_place_and_the_place_its_date() {
        let unit = Unit {
            dataset: DatasetName::of("nba.player_game_summary"),
            date: Date::parse("2024-01-26").expect("date"),
        };
        let place = unit_file(Path::new("/lake"), unit);
        let expected = "/lake/nba/player_game_summary/date=2024-01-26/player_game_summary.parquet";
        assert_eq!(place, Path::new(expected));
        assert_eq!(Path::new("/lake").join(unit_name(unit)), place);
        assert_eq!(
            Path::new("/lake").join(dataset_name(unit.dataset)),
            dataset_directory(Path::new("/lake"), unit.dataset)
        );
        assert_eq!(date_of("date=2024-01-26"), Some(unit.date));
        for other in ["2024-01-26", "date=2024-1-26", "date=", ".writing"] {
            assert_eq!(date_of(other), None, "{other}");
        }
    }
}
