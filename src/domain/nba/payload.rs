//! The upstream's payload as a table: headers and rows, read by header name and never by position,
//! because order and number of columns differ between seasons and sources. Knows no particular column.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::payload_fault::PayloadFault;
use crate::flow::Payload;

/// One cell, as JSON has it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Cow<'a, str>),
    /// A list or an object, which no column has.
    Nested,
}

/// What a result set is called: the service gives the same rows under several names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Form {
    /// The resource that was asked for.
    pub(super) resource: &'static str,
    /// The result set within it.
    pub(super) set: &'static str,
}

/// The league game log: players or teams with all columns, in the regular season and the playoffs alike.
pub(super) const LEAGUE_GAME_LOG: Form = Form { resource: "leaguegamelog", set: "LeagueGameLog" };

/// One result set of a payload.
#[derive(Debug)]
pub(super) struct Table<'a> {
    payload: &'a Arc<str>,
    form: Form,
    headers: Vec<String>,
    cells: Vec<Value<'a>>,
}

/// A header and where it stands, if it does.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    header: &'static str,
    at: Option<usize>,
}

/// One row of a table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record<'t> {
    payload: &'t Arc<str>,
    row: usize,
    cells: &'t [Value<'t>],
}

/// Equal texts as one allocation: a payload repeats its names hundreds of times.
#[derive(Debug, Default)]
pub(super) struct Texts<'t>(HashMap<&'t str, Arc<str>>);

impl<'t> Texts<'t> {
    /// The shared form of a text.
    pub(super) fn share(&mut self, text: &'t str) -> Arc<str> {
        Arc::clone(self.0.entry(text).or_insert_with(|| text.into()))
    }
}

impl<'a> Table<'a> {
    /// The result set of a payload that has one of these forms.
    pub(super) fn parse(payload: &'a Payload, forms: &[Form]) -> Result<Self, PayloadFault> {
        let envelope: Envelope<'a> =
            serde_json::from_slice(&payload.bytes).map_err(|error| PayloadFault::Malformed {
                payload: Arc::clone(&payload.name),
                reason: error.to_string(),
                length: payload.bytes.len(),
            })?;
        let sets: Vec<&str> = envelope.result_sets.iter().map(|s| &*s.name).collect();
        let found = format!("resource `{}` with {sets:?}", envelope.resource);
        let form = forms.iter().find(|form| form.resource == envelope.resource);
        let result = envelope.result_sets.into_iter().find(|s| form.is_some_and(|form| s.name == form.set));
        match (form, result) {
            (Some(form), Some(result)) => result.into_table(&payload.name, *form),
            (Some(_) | None, _) => Err(wrong_resource(&payload.name, forms, found)),
        }
    }

    /// Which of the forms it has.
    pub(super) fn form(&self) -> Form {
        self.form
    }

    /// The fault of a table that holds something else than its name promises.
    pub(super) fn misnamed(&self, found: &str) -> PayloadFault {
        wrong_resource(self.payload, &[self.form], found.to_owned())
    }

    /// Whether there is such a column.
    pub(super) fn has(&self, header: &'static str) -> bool {
        self.optional(header).at.is_some()
    }

    /// A column that must be there.
    pub(super) fn required(&self, header: &'static str) -> Result<Column, PayloadFault> {
        let column = self.optional(header);
        match column.at {
            Some(_) => Ok(column),
            None => Err(PayloadFault::ColumnMissing { payload: Arc::clone(self.payload), column: header }),
        }
    }

    /// A column that some payloads do not have; its cells are null then.
    pub(super) fn optional(&self, header: &'static str) -> Column {
        let at = self.headers.iter().position(|known| known == header);
        Column { header, at }
    }

    /// The same, required or not by `must`.
    pub(super) fn required_if(&self, must: bool, header: &'static str) -> Result<Column, PayloadFault> {
        if must { self.required(header) } else { Ok(self.optional(header)) }
    }

    /// How many rows there are.
    pub(super) fn len(&self) -> usize {
        self.cells.len().checked_div(self.headers.len()).unwrap_or(0)
    }

    /// The rows, in the source's order.
    pub(super) fn records(&self) -> impl Iterator<Item = Record<'_>> {
        self.cells.chunks_exact(self.headers.len().max(1)).enumerate().map(|(row, cells)| Record {
            payload: self.payload,
            row: row + 1,
            cells,
        })
    }
}

impl<'t> Record<'t> {
    /// A text that must be there.
    pub(super) fn text(&self, column: Column) -> Result<&'t str, PayloadFault> {
        self.text_or_null(column)?.ok_or_else(|| self.wrong_type(column, "a text"))
    }

    /// A text or null.
    pub(super) fn text_or_null(&self, column: Column) -> Result<Option<&'t str>, PayloadFault> {
        match self.cell(column) {
            Value::Null => Ok(None),
            Value::Text(text) => Ok(Some(text)),
            Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Nested => {
                Err(self.wrong_type(column, "a text"))
            }
        }
    }

    /// A whole number that must be there.
    pub(super) fn int(&self, column: Column) -> Result<i64, PayloadFault> {
        self.int_or_null(column)?.ok_or_else(|| self.wrong_type(column, "a whole number"))
    }

    /// A whole number or null. `24.0` is the whole number 24: a column with gaps often comes so.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the float is checked to be whole and far below the limit"
    )]
    pub(super) fn int_or_null(&self, column: Column) -> Result<Option<i64>, PayloadFault> {
        match self.cell(column) {
            Value::Null => Ok(None),
            Value::Int(value) => Ok(Some(*value)),
            Value::Float(value) if value.fract() == 0.0 && value.abs() < 1e15 => Ok(Some(*value as i64)),
            Value::Bool(_) | Value::Float(_) | Value::Text(_) | Value::Nested => {
                Err(self.wrong_type(column, "a whole number"))
            }
        }
    }

    /// A whole number of at least 0 that must be there.
    pub(super) fn count(&self, column: Column) -> Result<i64, PayloadFault> {
        self.count_or_null(column)?.ok_or_else(|| self.wrong_type(column, "a whole number"))
    }

    /// A whole number of at least 0, or null.
    pub(super) fn count_or_null(&self, column: Column) -> Result<Option<i64>, PayloadFault> {
        let value = self.int_or_null(column)?;
        match value {
            Some(count) if count < 0 => Err(self.value(column, "is below 0")),
            Some(_) | None => Ok(value),
        }
    }

    /// A number or null.
    #[expect(clippy::cast_precision_loss, reason = "counts of a game are small")]
    pub(super) fn float_or_null(&self, column: Column) -> Result<Option<f64>, PayloadFault> {
        match self.cell(column) {
            Value::Null => Ok(None),
            Value::Int(value) => Ok(Some(*value as f64)),
            Value::Float(value) => Ok(Some(*value)),
            Value::Bool(_) | Value::Text(_) | Value::Nested => Err(self.wrong_type(column, "a number")),
        }
    }

    /// A share of 0 to 1, or null.
    pub(super) fn share_or_null(&self, column: Column) -> Result<Option<f64>, PayloadFault> {
        let value = self.float_or_null(column)?;
        match value {
            Some(share) if !(0.0..=1.0).contains(&share) => Err(self.value(column, "is not between 0 and 1")),
            Some(_) | None => Ok(value),
        }
    }

    /// The fault of a value in this row that cannot be right.
    pub(super) fn value(&self, column: Column, why: impl Into<String>) -> PayloadFault {
        PayloadFault::Value {
            payload: Arc::clone(self.payload),
            row: self.row,
            column: column.header,
            found: self.cell(column).to_string(),
            why: why.into(),
        }
    }

    /// The fault of this row contradicting an earlier one.
    pub(super) fn contradiction(&self, key: String) -> PayloadFault {
        PayloadFault::Contradiction { payload: Arc::clone(self.payload), row: self.row, key }
    }

    /// Name of the payload, number of the row, header and value: what a fault of this cell names.
    pub(super) fn place(&self, column: Column) -> (Arc<str>, usize, &'static str, String) {
        let found = self.cell(column).to_string();
        (Arc::clone(self.payload), self.row, column.header, found)
    }

    fn wrong_type(&self, column: Column, expected: &'static str) -> PayloadFault {
        let (payload, row, column, found) = self.place(column);
        PayloadFault::WrongType { payload, row, column, expected, found }
    }

    fn cell(&self, column: Column) -> &'t Value<'t> {
        const NULL: Value<'static> = Value::Null;
        column.at.map_or(&NULL, |at| &self.cells[at])
    }
}

fn wrong_resource(payload: &Arc<str>, forms: &[Form], found: String) -> PayloadFault {
    let expected: Vec<String> =
        forms.iter().map(|form| format!("resource `{}` with {}", form.resource, form.set)).collect();
    PayloadFault::WrongResource { payload: Arc::clone(payload), expected: expected.join(" or "), found }
}

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Int(value) => write!(f, "{value}"),
            Self::Float(value) => write!(f, "{value}"),
            Self::Text(value) => write!(f, "`{value}`"),
            Self::Nested => f.write_str("a list or an object"),
        }
    }
}

#[derive(Deserialize)]
struct Envelope<'a> {
    resource: String,
    #[serde(rename = "resultSets", borrow)]
    result_sets: Vec<ResultSet<'a>>,
}

#[derive(Deserialize)]
struct ResultSet<'a> {
    name: String,
    headers: Vec<String>,
    #[serde(rename = "rowSet", borrow)]
    rows: Rows<'a>,
}

impl<'a> ResultSet<'a> {
    fn into_table(self, payload: &'a Arc<str>, form: Form) -> Result<Table<'a>, PayloadFault> {
        for (at, header) in self.headers.iter().enumerate() {
            if self.headers[..at].contains(header) {
                return Err(PayloadFault::ColumnTwice {
                    payload: Arc::clone(payload),
                    column: header.clone(),
                });
            }
        }
        let expected = self.headers.len();
        let odd = self.rows.lengths.iter().position(|cells| *cells != expected);
        if let Some(row) = odd {
            return Err(PayloadFault::RowLength {
                payload: Arc::clone(payload),
                row: row + 1,
                expected,
                found: self.rows.lengths[row],
            });
        }
        Ok(Table { payload, form, headers: self.headers, cells: self.rows.cells })
    }
}

/// All cells of all rows in one list, with each row's length: a list for each row would cost more than
/// the reading itself.
struct Rows<'a> {
    cells: Vec<Value<'a>>,
    lengths: Vec<usize>,
}

impl<'de: 'a, 'a> Deserialize<'de> for Rows<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct RowsVisitor;
        impl<'de> Visitor<'de> for RowsVisitor {
            type Value = Rows<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of rows")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<Rows<'de>, A::Error> {
                let (mut cells, mut lengths) = (Vec::new(), Vec::new());
                while let Some(length) = rows.next_element_seed(Row(&mut cells))? {
                    lengths.push(length);
                }
                Ok(Rows { cells, lengths })
            }
        }
        deserializer.deserialize_seq(RowsVisitor)
    }
}

/// Reads one row's cells to the end of the list; the value is how many there were.
struct Row<'r, 'a>(&'r mut Vec<Value<'a>>);

impl<'de> DeserializeSeed<'de> for Row<'_, 'de> {
    type Value = usize;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<usize, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Row<'_, 'de> {
    type Value = usize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of cells")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut cells: A) -> Result<usize, A::Error> {
        let before = self.0.len();
        while let Some(cell) = cells.next_element()? {
            self.0.push(cell);
        }
        Ok(self.0.len() - before)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Value<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a cell")
    }

    fn visit_unit<E>(self) -> Result<Value<'de>, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value<'de>, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value<'de>, E> {
        Ok(Value::Int(value))
    }

    #[expect(clippy::cast_precision_loss, reason = "beyond i64 only the float is left")]
    fn visit_u64<E>(self, value: u64) -> Result<Value<'de>, E> {
        Ok(i64::try_from(value).map_or(Value::Float(value as f64), Value::Int))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value<'de>, E> {
        Ok(Value::Float(value))
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Value<'de>, E> {
        Ok(Value::Text(Cow::Borrowed(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value<'de>, E> {
        Ok(Value::Text(Cow::Owned(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value<'de>, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Value::Nested)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value<'de>, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Value::Nested)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payload(text: &str) -> Payload {
        Payload {
            name: "logs/2023-24.zip#2024-01-26.json".into(),
            bytes: bytes::Bytes::copy_from_slice(text.as_bytes()),
        }
    }

    const LOGS: Form = Form { resource: "logs", set: "Logs" };

    fn fault(text: &str) -> PayloadFault {
        Table::parse(&payload(text), &[LOGS]).expect_err(text)
    }

    fn logs(headers: &str, rows: &str) -> String {
        format!(
            r#"{{"resource":"logs","parameters":{{"A":null}},"resultSets":[{{"name":"Logs","headers":{headers},"rowSet":{rows}}}]}}"#
        )
    }

    #[test]
    fn a_payload_that_breaks_off_says_where() {
        let whole = logs(r#"["A"]"#, "[[1],[2]]");
        for length in [0, 10, whole.len() / 2, whole.len() - 1] {
            let fault = fault(&whole[..length]);
            let text = fault.to_string();
            assert_eq!(fault.code(), "payload_malformed", "{text}");
            assert!(text.contains("#2024-01-26.json") && text.contains("column"), "{text}");
        }
    }

    #[test]
    fn misshapen_payloads_are_refused() {
        let cases = [
            (logs(r#"["A","A"]"#, "[]"), "payload_misshapen"),
            (logs(r#"["A","B"]"#, "[[1,2],[1]]"), "payload_misshapen"),
            (logs(r#"["A"]"#, "[[1]]").replace("\"logs\"", "\"other\""), "payload_wrong_resource"),
            (logs(r#"["A"]"#, "[[1]]").replace("Logs", "Others"), "payload_wrong_resource"),
            (logs(r#"["A"]"#, "{}"), "payload_malformed"),
        ];
        for (text, code) in cases {
            assert_eq!(fault(&text).code(), code, "{text}");
        }
    }

    #[test]
    fn cells_are_read_by_header_and_kind() {
        let payload = payload(&logs(
            r#"["B","A","S"]"#,
            r#"[[24.0,null,"Don\u010di\u0107"],[0.5,-1,"x"],["7",[1],{"a":1}]]"#,
        ));
        let table = Table::parse(&payload, &[LOGS]).expect("table");
        let (a, b) = (table.required("A").expect("A"), table.required("B").expect("B"));
        let (s, absent) = (table.optional("S"), table.optional("GONE"));
        assert_eq!(table.required("GONE").expect_err("gone").code(), "payload_column_missing");
        let rows: Vec<Record<'_>> = table.records().collect();
        assert_eq!((rows[0].int(b), rows[0].int_or_null(a)), (Ok(24), Ok(None)));
        assert_eq!(rows[0].text(s), Ok("Dončić"));
        assert_eq!(rows[0].int_or_null(absent), Ok(None));
        let wrong = [
            rows[1].int(b).expect_err("half"),
            rows[2].int(b).expect_err("text"),
            rows[2].float_or_null(b).expect_err("text"),
            rows[2].int(a).expect_err("list"),
            rows[2].text(s).expect_err("object"),
            rows[0].int(a).expect_err("null"),
        ];
        for fault in wrong {
            assert_eq!(fault.code(), "payload_wrong_type", "{fault}");
        }
        let below = rows[1].count(a).expect_err("below 0").to_string();
        assert!(below.ends_with("row 2, A: -1 is below 0"), "{below}");
    }
}
