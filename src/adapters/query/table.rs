//! A dataset as a virtual table of SQLite: says which comparisons it can answer by itself, opens only the
//! files of the dates that are asked for, and decodes only the columns that are used.
//! The only file with `unsafe`, because SQLite's table interface asks for two promises on memory layout.

use std::borrow::Cow;
use std::cell::{OnceCell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::ffi::{CStr, CString, c_int};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::types::Value;
use rusqlite::vtab::{
    Context, CreateVTab, Filters, IndexInfo, Module, VTab, VTabConnection, VTabCursor, VTabKind,
    sqlite3_vtab, sqlite3_vtab_cursor,
};
use rusqlite::{Error, Result};

use crate::flow::{ColumnType, DatasetName, Field, Schema};

use super::plan::{Comparison, Order, Plan};
use super::units::{self, Cell, FileError, Key, UnitFile, UnitRows};

/// The module that makes the tables.
pub(super) const MODULE: Module<'_, LakeTable> = Module::read_only_module();

/// Where a table leaves the error that ended a query: SQLite itself carries texts only.
pub(super) type Failure = Arc<Mutex<Option<FileError>>>;

/// Files that stay decoded for other rows of a join that ask for them again, in cells: 64 MB or so.
const CELLS_KEPT: usize = 4_000_000;

/// All datasets, by the names under which SQLite asks for them.
pub(super) struct Catalog {
    lake: PathBuf,
    datasets: Vec<(DatasetName, Schema)>,
    failure: Failure,
}

impl Catalog {
    pub(super) fn new(lake: &Path, datasets: &[(DatasetName, Schema)], failure: &Failure) -> Self {
        Self { lake: lake.to_owned(), datasets: datasets.to_vec(), failure: Arc::clone(failure) }
    }
}

/// SQLite's handle of a table.
#[repr(C)]
pub(super) struct LakeTable {
    base: sqlite3_vtab,
    dataset: Rc<DatasetFiles>,
}

/// A dataset with its files as far as they have been looked at.
struct DatasetFiles {
    fields: &'static [Field],
    table: &'static str,
    directory: PathBuf,
    /// The column that holds the unit's date (`Schema::date_column`).
    date_column: Option<usize>,
    files: OnceCell<Vec<UnitFile>>,
    kept: RefCell<Kept>,
    failure: Failure,
}

/// Decoded files, by index and mask of columns; those that were read first go first.
#[derive(Default)]
struct Kept {
    units: HashMap<(usize, u64), Rc<UnitRows>>,
    order: VecDeque<(usize, u64)>,
    cells: usize,
}

impl Kept {
    fn keep(&mut self, key: (usize, u64), rows: &Rc<UnitRows>) {
        self.units.insert(key, Rc::clone(rows));
        self.order.push_back(key);
        self.cells += rows.cells();
        while self.cells > CELLS_KEPT {
            let Some(first) = self.order.pop_front() else {
                return;
            };
            self.cells -= self.units.remove(&first).map_or(0, |rows| rows.cells());
        }
    }
}

impl DatasetFiles {
    fn files(&self) -> Result<&[UnitFile]> {
        if self.files.get().is_none() {
            let files = units::list(&self.directory, self.table).map_err(|error| self.fail(error))?;
            return Ok(self.files.get_or_init(|| files));
        }
        Ok(self.files.get().map_or(&[], Vec::as_slice))
    }

    /// The used columns of a file, from memory if they were read before and still are there.
    fn unit(&self, file: usize, plan: &Plan) -> Result<Rc<UnitRows>> {
        let mut kept = self.kept.borrow_mut();
        if let Some(rows) = kept.units.get(&(file, plan.used)) {
            return Ok(Rc::clone(rows));
        }
        let path = &self.files()?[file].path;
        let rows = UnitRows::read(path, self.fields, |column| plan.uses(column))
            .map_err(|error| self.fail(error))?;
        let rows = Rc::new(rows);
        kept.keep((file, plan.used), &rows);
        Ok(rows)
    }

    fn fail(&self, error: FileError) -> Error {
        let message = error.to_string();
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
        Error::ModuleError(message)
    }

    /// The hidden column `date`, after all others: the date of the unit's directory.
    fn hidden_date(&self) -> usize {
        self.fields.len()
    }

    fn holds_unit_date(&self, column: usize) -> bool {
        Some(column) == self.date_column || column == self.hidden_date()
    }

    /// The comparisons that this table answers by itself.
    fn answers(&self, column: usize, comparison: Comparison) -> bool {
        self.holds_unit_date(column)
            || (comparison == Comparison::Equal
                && self.fields.get(column).is_some_and(|field| match field.column_type {
                    ColumnType::Int | ColumnType::Text | ColumnType::Bool => true,
                    ColumnType::Float | ColumnType::Date | ColumnType::FloatList | ColumnType::TextList => {
                        false
                    }
                }))
    }

    fn declaration(&self) -> String {
        let columns: Vec<String> = self
            .fields
            .iter()
            .map(|field| {
                let kind = match field.column_type {
                    ColumnType::Int | ColumnType::Bool => "INTEGER",
                    ColumnType::Float => "REAL",
                    ColumnType::Text | ColumnType::Date | ColumnType::FloatList | ColumnType::TextList => {
                        "TEXT"
                    }
                };
                let null = if field.nullable { "" } else { " NOT NULL" };
                format!(r#""{}" {kind}{null}"#, field.name)
            })
            .collect();
        format!("CREATE TABLE x({}, \"date\" TEXT HIDDEN)", columns.join(", "))
    }
}

#[expect(unsafe_code, reason = "the promise that `base` is the first field of a repr(C) struct, which it is")]
unsafe impl VTab<'_> for LakeTable {
    type Aux = Catalog;
    type Cursor = LakeCursor;

    fn connect(
        _db: &mut VTabConnection,
        aux: Option<&Catalog>,
        _module_name: &[u8],
        database_name: &[u8],
        table_name: &[u8],
        _args: &[&[u8]],
    ) -> Result<(Cow<'static, CStr>, Self)> {
        let named = |name: &DatasetName| {
            name.pipeline().as_bytes() == database_name && name.table().as_bytes() == table_name
        };
        let (catalog, (name, schema)) = aux
            .and_then(|catalog| {
                let dataset = catalog.datasets.iter().find(|(name, _)| named(name))?;
                Some((catalog, *dataset))
            })
            .ok_or_else(|| Error::ModuleError("no dataset of this name".to_owned()))?;
        let date_column = schema.date_column();
        let dataset = DatasetFiles {
            fields: schema.fields,
            table: name.table(),
            directory: catalog.lake.join(name.pipeline()).join(name.table()),
            date_column,
            files: OnceCell::new(),
            kept: RefCell::default(),
            failure: Arc::clone(&catalog.failure),
        };
        let declaration = CString::new(dataset.declaration())?;
        let table = Self { base: sqlite3_vtab::default(), dataset: Rc::new(dataset) };
        Ok((Cow::Owned(declaration), table))
    }

    fn best_index(&self, info: &mut IndexInfo) -> Result<bool> {
        let mut plan = Plan { used: info.col_used(), ..Plan::default() };
        let mut answered = Vec::new();
        for (at, constraint) in info.constraints().enumerate() {
            let column = usize::try_from(constraint.column()).ok();
            let comparison = Comparison::of(&constraint.operator());
            let (Some(column), Some(comparison), true) = (column, comparison, constraint.is_usable()) else {
                continue;
            };
            if self.dataset.answers(column, comparison) && info.collation(at)? == "BINARY" {
                plan.pushed.push((column, comparison));
                answered.push(at);
            }
        }
        for (value, at) in (1..).zip(answered) {
            info.constraint_usage(at).set_argv_index(value);
        }
        let order = match info.order_bys().next() {
            Some(by) if info.num_of_order_by() == 1 => usize::try_from(by.column())
                .ok()
                .filter(|column| self.dataset.holds_unit_date(*column))
                .map(|_| if by.is_order_by_desc() { Order::Descending } else { Order::Ascending }),
            Some(_) | None => None,
        };
        if let Some(order) = order {
            plan.order = order;
            info.set_order_by_consumed(true);
        }
        let rows = self.estimated_rows(&plan);
        info.set_estimated_rows(rows as i64);
        info.set_estimated_cost(rows.max(self.estimated_rows(&plan.files_only(&self.dataset))));
        info.set_idx_str(&plan.to_string());
        Ok(true)
    }

    fn open(&mut self) -> Result<LakeCursor> {
        Ok(LakeCursor {
            base: sqlite3_vtab_cursor::default(),
            dataset: Rc::clone(&self.dataset),
            plan: Plan::default(),
            equal: Vec::new(),
            ahead: 0..0,
            current: None,
        })
    }
}

impl CreateVTab<'_> for LakeTable {
    const KIND: VTabKind = VTabKind::Default;
}

impl LakeTable {
    /// For SQLite's choice among joins only: a date holds some 250 rows, a history some 800 dates.
    fn estimated_rows(&self, plan: &Plan) -> f64 {
        let mut rows = 200_000.0_f64;
        for (column, comparison) in &plan.pushed {
            rows *= match (self.dataset.holds_unit_date(*column), comparison) {
                (true, Comparison::Equal) => 0.00125,
                (true, _) => 0.4,
                (false, _) => 0.02,
            };
        }
        rows.max(1.0)
    }
}

impl Plan {
    /// The part that chooses files; what only chooses rows saves no reading.
    fn files_only(&self, dataset: &DatasetFiles) -> Self {
        let mut files = self.clone();
        files.pushed.retain(|(column, _)| dataset.holds_unit_date(*column));
        files
    }
}

/// SQLite's place in a table.
#[repr(C)]
pub(super) struct LakeCursor {
    base: sqlite3_vtab_cursor,
    dataset: Rc<DatasetFiles>,
    plan: Plan,
    /// Columns that must be equal to a value, beside the date.
    equal: Vec<(usize, Value)>,
    /// Indexes of the files that are still to be read.
    ahead: Range<usize>,
    current: Option<Current>,
}

/// The file in which a cursor stands.
struct Current {
    file: usize,
    rows: Rc<UnitRows>,
    /// The rows to look at, where an index knows them; else all.
    chosen: Option<Rc<[usize]>>,
    /// How many of these were looked at.
    seen: usize,
    row: usize,
}

impl Current {
    /// Goes on to the next row that SQLite may want.
    fn next_row(&mut self, equal: &[(usize, Value)]) -> bool {
        loop {
            let row = match &self.chosen {
                Some(chosen) => chosen.get(self.seen).copied(),
                None => Some(self.seen).filter(|row| *row < self.rows.rows()),
            };
            let Some(row) = row else {
                return false;
            };
            self.seen += 1;
            if equal.iter().all(|(column, value)| may_equal(&self.rows.cell(*column, row), value)) {
                self.row = row;
                return true;
            }
        }
    }
}

impl LakeCursor {
    /// Goes on to the next row that SQLite may want, in this file or one of those ahead.
    fn advance(&mut self) -> Result<()> {
        loop {
            if let Some(current) = &mut self.current
                && current.next_row(&self.equal)
            {
                return Ok(());
            }
            self.current = None;
            let file = match self.plan.order {
                Order::Ascending => self.ahead.next(),
                Order::Descending => self.ahead.next_back(),
            };
            let Some(file) = file else {
                return Ok(());
            };
            let rows = self.dataset.unit(file, &self.plan)?;
            let chosen = self.equal.first().and_then(|(column, value)| match value {
                Value::Integer(number) => rows.equal_to(*column, &Key::Int(*number)),
                Value::Text(text) => rows.equal_to(*column, &Key::Text(text.as_str().into())),
                Value::Null | Value::Real(_) | Value::Blob(_) => None,
            });
            self.current = Some(Current { file, rows, chosen, seen: 0, row: 0 });
        }
    }

    /// The files whose dates compare with the values as asked: a range, since files are in order of date.
    fn choose_files(&mut self, dates: &[(Comparison, String)]) -> Result<()> {
        let files = self.dataset.files()?;
        self.ahead = 0..files.len();
        for (comparison, value) in dates {
            let below = files.partition_point(|file| file.date < *value);
            let beyond = files.partition_point(|file| file.date <= *value);
            let (from, to) = match comparison {
                Comparison::Equal => (below, beyond),
                Comparison::Greater => (beyond, files.len()),
                Comparison::GreaterOrEqual => (below, files.len()),
                Comparison::Less => (0, below),
                Comparison::LessOrEqual => (0, beyond),
            };
            self.ahead = self.ahead.start.max(from)..self.ahead.end.min(to);
        }
        Ok(())
    }
}

/// Whether SQLite may find a cell equal to a value. Other kinds than the cell's own are left to SQLite,
/// which may convert them.
fn may_equal(cell: &Cell<'_>, value: &Value) -> bool {
    match (cell, value) {
        (Cell::Int(cell), Value::Integer(value)) => cell == value,
        (Cell::Text(cell), Value::Text(value)) => cell.as_ref() == value.as_str(),
        (Cell::Null, _) => false,
        (Cell::Int(_) | Cell::Text(_) | Cell::Float(_), _) => true,
    }
}

#[expect(unsafe_code, reason = "the promise that `base` is the first field of a repr(C) struct, which it is")]
unsafe impl VTabCursor for LakeCursor {
    fn filter(&mut self, _index: c_int, plan: Option<&str>, args: &Filters<'_>) -> Result<()> {
        self.plan = plan
            .unwrap_or_default()
            .parse()
            .map_err(|error: super::plan::PlanError| Error::ModuleError(error.to_string()))?;
        self.equal.clear();
        self.current = None;
        self.ahead = 0..0;
        let mut dates = Vec::new();
        for (at, (column, comparison)) in self.plan.pushed.iter().enumerate() {
            match args.get::<Value>(at)? {
                // Nothing compares with null.
                Value::Null => return Ok(()),
                Value::Text(text) if self.dataset.holds_unit_date(*column) => {
                    dates.push((*comparison, text));
                }
                value if !self.dataset.holds_unit_date(*column) => self.equal.push((*column, value)),
                Value::Integer(_) | Value::Real(_) | Value::Text(_) | Value::Blob(_) => {}
            }
        }
        self.choose_files(&dates)?;
        self.advance()
    }

    fn next(&mut self) -> Result<()> {
        self.advance()
    }

    fn eof(&self) -> bool {
        self.current.is_none()
    }

    fn column(&self, context: &mut Context, column: c_int) -> Result<()> {
        let (Some(current), Ok(column)) = (&self.current, usize::try_from(column)) else {
            return context.set_result(rusqlite::types::Null);
        };
        if column == self.dataset.hidden_date() {
            return context.set_result(self.dataset.files()?[current.file].date.as_str());
        }
        match current.rows.cell(column, current.row) {
            Cell::Null => context.set_result(rusqlite::types::Null),
            Cell::Int(number) => context.set_result(number),
            Cell::Float(number) => context.set_result(number),
            Cell::Text(text) => context.set_result(text.as_ref()),
        }
    }

    fn rowid(&self) -> Result<i64> {
        let (file, row) = self.current.as_ref().map_or((0, 0), |current| (current.file, current.row));
        Ok((file as i64) << 32 | row as i64)
    }
}
