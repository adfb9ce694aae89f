//! SQL over the lake: each dataset is a read-only table of SQLite, `nba.player_game_summary`, whose rows are
//! read from the Parquet files while the query runs. May read the lake's files; never writes one, and does
//! not know how or by whom they were written beyond the layout and the dataset's schema.

mod plan;
mod table;
mod units;

use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Statement};

use crate::flow::{DatasetName, Schema};

pub use units::FileError;

use table::{Catalog, Failure, MODULE};

/// One cell of a result.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum SqlValue<'a> {
    /// No value.
    Null,
    /// An integer; true and false are 1 and 0.
    Int(i64),
    /// A float.
    Float(f64),
    /// A text; dates are `YYYY-MM-DD`, lists are JSON.
    Text(&'a str),
    /// Bytes: from SQL expressions only, no dataset has such a column.
    Bytes(&'a [u8]),
}

/// Takes a result as it comes, row by row.
pub trait RowSink {
    /// The names of the result's columns; called once, before the rows.
    fn columns(&mut self, names: &[String]) -> io::Result<()>;
    /// One row, as many cells as there are columns.
    fn row(&mut self, cells: &[SqlValue<'_>]) -> io::Result<()>;
}

/// Why a query has no result, or not a whole one.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// The SQL is wrong, or failed while it ran.
    #[error("{0}")]
    Sql(String),
    /// A table that is no dataset.
    #[error("{message}; the datasets are {}", datasets.join(", "))]
    UnknownTable {
        /// SQLite's message, with the name.
        message: String,
        /// All tables there are.
        datasets: Vec<String>,
    },
    /// A statement that is not a question.
    #[error("`{0}` is not allowed: queries read only (SELECT, WITH, VALUES, EXPLAIN)")]
    NotReadOnly(String),
    /// More than one statement.
    #[error("one statement at a time, please: there is more text after the first `;`")]
    SeveralStatements,
    /// A file of the lake cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// The result could not be handed on.
    #[error("the result could not be written: {0}")]
    Output(#[source] io::Error),
}

/// The datasets of a lake as SQL tables. What it lists of the lake's files it lists once, so make one for
/// each query.
pub struct LakeSql {
    connection: Connection,
    failure: Failure,
    tables: Vec<String>,
}

impl LakeSql {
    /// The tables of these datasets, with their files below `lake`:
    /// `<pipeline>/<dataset>/date=YYYY-MM-DD/<dataset>.parquet`. A dataset without files is an empty table.
    pub fn open(lake: &Path, datasets: &[(DatasetName, Schema)]) -> Result<Self, QueryError> {
        let connection = Connection::open_in_memory().map_err(plain)?;
        let failure: Failure = Arc::new(Mutex::new(None));
        let catalog = Catalog::new(lake, datasets, &failure);
        connection.create_module(c"lake", &MODULE, Some(catalog)).map_err(plain)?;
        let pipelines: BTreeSet<&str> = datasets.iter().map(|(name, _)| name.pipeline()).collect();
        for pipeline in pipelines {
            let sql = format!(r#"ATTACH ':memory:' AS "{pipeline}""#);
            connection.execute_batch(&sql).map_err(plain)?;
        }
        for (name, _) in datasets {
            let (pipeline, table) = (name.pipeline(), name.table());
            let sql = format!(r#"CREATE VIRTUAL TABLE "{pipeline}"."{table}" USING lake"#);
            connection.execute_batch(&sql).map_err(plain)?;
        }
        connection.execute_batch("PRAGMA query_only = ON").map_err(plain)?;
        let tables = datasets.iter().map(|(name, _)| name.to_string()).collect();
        Ok(Self { connection, failure, tables })
    }

    /// Runs one reading statement and hands the result on as it comes; answers how many rows there were.
    pub fn run(&self, sql: &str, sink: &mut dyn RowSink) -> Result<u64, QueryError> {
        let keyword = first_keyword(sql);
        if !["SELECT", "WITH", "VALUES", "EXPLAIN"].contains(&keyword.as_str()) {
            return Err(QueryError::NotReadOnly(keyword));
        }
        let mut statement = self.connection.prepare(sql).map_err(|error| self.explained(error))?;
        if !statement.readonly() {
            return Err(QueryError::NotReadOnly(keyword));
        }
        self.hand_on(&mut statement, sink)
    }

    fn hand_on(&self, statement: &mut Statement<'_>, sink: &mut dyn RowSink) -> Result<u64, QueryError> {
        let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
        sink.columns(&names).map_err(QueryError::Output)?;
        let mut rows = statement.query([]).map_err(|error| self.explained(error))?;
        let mut count = 0;
        while let Some(row) = rows.next().map_err(|error| self.explained(error))? {
            let mut cells = Vec::with_capacity(names.len());
            for column in 0..names.len() {
                let value = row.get_ref(column).map_err(plain)?;
                cells.push(cell_of(value)?);
            }
            sink.row(&cells).map_err(QueryError::Output)?;
            count += 1;
        }
        Ok(count)
    }

    /// A failure of SQLite, or the one of a file that caused it.
    fn explained(&self, error: rusqlite::Error) -> QueryError {
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = failure.take() {
            return QueryError::File(file);
        }
        if matches!(error, rusqlite::Error::MultipleStatement) {
            return QueryError::SeveralStatements;
        }
        let message = match error {
            rusqlite::Error::SqlInputError { msg, .. } => msg,
            rusqlite::Error::SqliteFailure(_, Some(message)) => message,
            other => other.to_string(),
        };
        if message.starts_with("no such table") {
            return QueryError::UnknownTable { message, datasets: self.tables.clone() };
        }
        QueryError::Sql(message)
    }
}

fn plain(error: rusqlite::Error) -> QueryError {
    QueryError::Sql(error.to_string())
}

fn cell_of(value: ValueRef<'_>) -> Result<SqlValue<'_>, QueryError> {
    Ok(match value {
        ValueRef::Null => SqlValue::Null,
        ValueRef::Integer(number) => SqlValue::Int(number),
        ValueRef::Real(number) => SqlValue::Float(number),
        ValueRef::Text(text) => {
            SqlValue::Text(std::str::from_utf8(text).map_err(|error| {
                QueryError::Sql(format!("the result has a text that is not UTF-8: {error}"))
            })?)
        }
        ValueRef::Blob(bytes) => SqlValue::Bytes(bytes),
    })
}

/// The first word of a statement in capitals, after blanks and comments.
fn first_keyword(sql: &str) -> String {
    let mut rest = sql.trim_start();
    loop {
        let after = if let Some(comment) = rest.strip_prefix("--") {
            comment.split_once('\n').map_or("", |(_, after)| after)
        } else if let Some(comment) = rest.strip_prefix("/*") {
            comment.split_once("*/").map_or("", |(_, after)| after)
        } else {
            break;
        };
        rest = after.trim_start();
    }
    let word = rest.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or("");
    word.to_ascii_uppercase()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use arrow_array::builder::{Float64Builder, ListBuilder, StringBuilder};
    use arrow_array::{
        ArrayRef, BooleanArray, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray,
    };
    use parquet::arrow::ArrowWriter;

    use super::*;
    use crate::flow::{Date, Row};

    crate::rows! {
        /// One of each kind of column.
        struct Kinds key(player) {
            /// The unit's date.
            game_date: Date,
            /// Text.
            player: Arc<str>,
            /// Int.
            points: Option<i64>,
            /// Float.
            share: Option<f64>,
            /// Bool.
            home: Option<bool>,
            /// Another date.
            last_game: Option<Date>,
            /// Floats.
            features: Option<Arc<[f64]>>,
            /// Texts.
            issues: Arc<[Arc<str>]>,
        }
    }

    const GAMES: DatasetName = DatasetName::of("nba.games");
    const OTHER: DatasetName = DatasetName::of("nba.other");
    const DATES: [&str; 3] = ["2024-01-01", "2024-01-02", "2024-01-05"];

    fn path_of(lake: &Path, dataset: DatasetName, date: &str) -> PathBuf {
        let directory = lake.join(dataset.pipeline()).join(dataset.table()).join(format!("date={date}"));
        fs::create_dir_all(&directory).expect("directory");
        directory.join(format!("{}.parquet", dataset.table()))
    }

    /// Two rows: `a` with values, `b` with nulls.
    fn unit(date: &str, points: i64) -> RecordBatch {
        let day = Date::parse(date).expect("date").days();
        let mut features = ListBuilder::new(Float64Builder::new());
        features.values().append_slice(&[1.5, -2.0]);
        features.append(true);
        features.append(false);
        let mut issues = ListBuilder::new(StringBuilder::new());
        issues.values().append_value("say \"hi\"");
        issues.append(true);
        issues.append(true);
        RecordBatch::try_from_iter_with_nullable([
            ("game_date", Arc::new(Date32Array::from(vec![day, day])) as ArrayRef, false),
            ("player", Arc::new(StringArray::from(vec!["a", "b"])) as ArrayRef, false),
            ("points", Arc::new(Int64Array::from(vec![Some(points), None])) as ArrayRef, true),
            ("share", Arc::new(Float64Array::from(vec![Some(0.25), None])) as ArrayRef, true),
            ("home", Arc::new(BooleanArray::from(vec![Some(true), None])) as ArrayRef, true),
            ("last_game", Arc::new(Date32Array::from(vec![Some(day - 2), None])) as ArrayRef, true),
            ("features", Arc::new(features.finish()) as ArrayRef, true),
            ("issues", Arc::new(issues.finish()) as ArrayRef, false),
        ])
        .expect("batch")
    }

    fn write(path: &Path, batch: &RecordBatch) {
        let file = fs::File::create(path).expect("file");
        let mut writer = ArrowWriter::try_new(file, batch.schema(), None).expect("writer");
        writer.write(batch).expect("written");
        writer.close().expect("closed");
    }

    fn lake() -> tempfile::TempDir {
        let lake = tempfile::tempdir().expect("directory");
        for (points, date) in [10, 20, 30].into_iter().zip(DATES) {
            write(&path_of(lake.path(), GAMES, date), &unit(date, points));
        }
        lake
    }

    fn damage(lake: &Path, dates: &[&str]) {
        for date in dates {
            fs::write(path_of(lake, GAMES, date), b"PAR1 nothing").expect("written");
        }
    }

    struct Lines(Vec<String>);

    impl RowSink for Lines {
        fn columns(&mut self, names: &[String]) -> io::Result<()> {
            self.0.push(names.join("|"));
            Ok(())
        }

        fn row(&mut self, cells: &[SqlValue<'_>]) -> io::Result<()> {
            let cells: Vec<String> = cells
                .iter()
                .map(|cell| match cell {
                    SqlValue::Null => "null".to_owned(),
                    SqlValue::Int(number) => number.to_string(),
                    SqlValue::Float(number) => format!("{number:?}"),
                    SqlValue::Text(text) => (*text).to_owned(),
                    SqlValue::Bytes(bytes) => format!("{bytes:?}"),
                })
                .collect();
            self.0.push(cells.join("|"));
            Ok(())
        }
    }

    /// The result without the line of column names.
    fn ask(lake: &Path, sql: &str) -> Result<Vec<String>, QueryError> {
        let datasets = [(GAMES, Kinds::SCHEMA), (OTHER, Kinds::SCHEMA)];
        let mut lines = Lines(Vec::new());
        let count = LakeSql::open(lake, &datasets)?.run(sql, &mut lines)?;
        assert_eq!(count as usize, lines.0.len() - 1);
        Ok(lines.0.split_off(1))
    }

    #[test]
    fn questions_have_answers() {
        let lake = lake();
        let whole = r#"2024-01-02|a|20|0.25|1|2023-12-31|[1.5,-2.0]|["say \"hi\""]"#;
        for (sql, expected) in [
            (
                "SELECT * FROM nba.games WHERE game_date = '2024-01-02'",
                vec![whole, "2024-01-02|b|null|null|null|null|null|[]"],
            ),
            ("SELECT count(*) FROM nba.games", vec!["6"]),
            ("SELECT count(*), sum(points) FROM games", vec!["6|60"]),
            ("SELECT count(*) FROM nba.other", vec!["0"]),
            (
                "SELECT points FROM nba.games WHERE points IS NOT NULL ORDER BY game_date DESC",
                vec!["30", "20", "10"],
            ),
            (
                "SELECT points FROM nba.games WHERE game_date > '2024-01-01' AND player = 'a'",
                vec!["20", "30"],
            ),
            (
                "SELECT points FROM nba.games WHERE game_date BETWEEN '2024-01-01' AND '2024-01-02' AND points > 0",
                vec!["10", "20"],
            ),
            (
                "SELECT points FROM nba.games WHERE game_date IN ('2024-01-05', '2024-01-01') AND points",
                vec!["10", "30"],
            ),
            ("SELECT points FROM nba.games WHERE '2024-01-02' <= game_date AND home = 1", vec!["20", "30"]),
            ("SELECT points FROM nba.games WHERE game_date < 'x' AND points = '20'", vec!["20"]),
            ("SELECT points FROM nba.games WHERE game_date = NULL", vec![]),
            ("SELECT points FROM nba.games WHERE points = 20.0", vec!["20"]),
            ("SELECT player FROM nba.games WHERE points IS NULL AND game_date = '2024-01-05'", vec!["b"]),
        ] {
            assert_eq!(ask(lake.path(), sql).expect(sql), expected, "{sql}");
        }
    }

    #[test]
    fn questions_over_several_dates_and_tables_have_answers() {
        let lake = lake();
        for (sql, expected) in [
            // Often enough that rows are found by an index, by values of the column's own kind and of others.
            (
                "SELECT count(*) FROM nba.games a JOIN nba.games b ON b.points = CAST(a.points AS TEXT)",
                vec!["3"],
            ),
            ("SELECT count(*) FROM nba.games a JOIN nba.games b ON b.points = a.points * 1.0", vec!["3"]),
            ("SELECT count(*) FROM nba.games a JOIN nba.games b ON b.home = a.home", vec!["9"]),
            ("SELECT count(*) FROM nba.games a JOIN nba.games b ON b.player = a.player", vec!["18"]),
            ("SELECT DISTINCT date FROM nba.games ORDER BY date", DATES.to_vec()),
            (
                "SELECT game_date, max(points) FROM nba.games GROUP BY game_date HAVING max(points) > 10 ORDER BY 1",
                vec!["2024-01-02|20", "2024-01-05|30"],
            ),
            (
                "SELECT a.points, b.points FROM nba.games a JOIN nba.games b \
              ON a.player = b.player AND b.game_date < a.game_date WHERE a.points ORDER BY 1, 2",
                vec!["20|10", "30|10", "30|20"],
            ),
            (
                "/* why */ -- because\n with t as (select points p from nba.games) select avg(p) from t;",
                vec!["20.0"],
            ),
            ("VALUES (1, x'00')", vec!["1|[0]"]),
            ("SELECT name FROM pragma_table_info('games') WHERE name LIKE 'p%'", vec!["player", "points"]),
        ] {
            assert_eq!(ask(lake.path(), sql).expect(sql), expected, "{sql}");
        }
    }

    #[test]
    fn only_the_files_of_the_asked_dates_are_opened() {
        for (damaged, sql, expected) in [
            (
                ["2024-01-01", "2024-01-05"],
                "SELECT sum(points) FROM nba.games WHERE game_date = '2024-01-02'",
                "20",
            ),
            (
                ["2024-01-01", "2024-01-02"],
                "SELECT points FROM nba.games ORDER BY game_date DESC LIMIT 1",
                "30",
            ),
            (
                ["2024-01-02", "2024-01-05"],
                "SELECT points FROM nba.games WHERE game_date < '2024-01-02' AND points > 0",
                "10",
            ),
            (
                ["2024-01-02", "2024-01-05"],
                "SELECT min(game_date) FROM nba.games WHERE date < '2024-01-02'",
                "2024-01-01",
            ),
        ] {
            let lake = lake();
            damage(lake.path(), &damaged);
            assert_eq!(ask(lake.path(), sql).expect(sql), [expected], "{sql}");
        }
    }

    #[test]
    fn a_file_that_cannot_be_read_is_named() {
        let lake = lake();
        damage(lake.path(), &["2024-01-02"]);
        let error = ask(lake.path(), "SELECT sum(points) FROM nba.games").expect_err("broken");
        assert!(matches!(error, QueryError::File(FileError::Parquet { .. })), "{error:?}");
        assert!(error.to_string().contains("date=2024-01-02/games.parquet"), "{error}");

        let without_points = unit("2024-01-02", 1).project(&[0, 1]).expect("batch");
        write(&path_of(lake.path(), GAMES, "2024-01-02"), &without_points);
        let error = ask(lake.path(), "SELECT sum(points) FROM nba.games").expect_err("no column");
        assert!(matches!(error, QueryError::File(FileError::Column { column: "points", .. })), "{error}");
        assert_eq!(ask(lake.path(), "SELECT count(player) FROM nba.games").expect("others"), ["6"]);
    }

    #[test]
    fn what_does_not_only_read_is_refused() {
        let lake = lake();
        for sql in [
            "DELETE FROM nba.games",
            "INSERT INTO nba.games (player) VALUES ('x')",
            "DROP TABLE nba.games",
            "CREATE TABLE t (x)",
            "ATTACH 'x.db' AS x",
            "VACUUM INTO 'x.db'",
            "PRAGMA query_only = OFF",
            "WITH t AS (SELECT 1) DELETE FROM nba.games",
            "/* SELECT */ UPDATE nba.games SET points = 1",
            "",
        ] {
            let error = ask(lake.path(), sql).expect_err(sql);
            let refused = matches!(error, QueryError::NotReadOnly(_));
            assert!(refused || error.to_string().contains("may not be modified"), "{sql}: {error}");
        }
        let several = ask(lake.path(), "SELECT 1; SELECT 2").expect_err("two");
        assert!(matches!(several, QueryError::SeveralStatements), "{several}");
    }

    #[test]
    fn a_wrong_question_is_explained() {
        let lake = lake();
        let error = ask(lake.path(), "SELECT * FROM nba.gmaes").expect_err("unknown");
        assert_eq!(error.to_string(), "no such table: nba.gmaes; the datasets are nba.games, nba.other");
        let error = ask(lake.path(), "SELECT assists FROM nba.games").expect_err("unknown");
        assert_eq!(error.to_string(), "no such column: assists");
        assert!(ask(lake.path(), "SELEC 1").is_err());
    }
}
