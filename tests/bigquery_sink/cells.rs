//! Units of the lake as BigQuery shows them: each row by column, the date among them.

use tidegate::flow::{Column, Date, Frame, Schema};

use crate::bigquery_load::{Cell, Row};

/// A frame's rows as a table shows them.
pub(crate) fn cells(date: Date, frame: &Frame) -> Vec<Row> {
    let schema: Schema = frame.schema();
    let row = |at: usize| {
        let cells = schema.fields.iter().zip(frame.columns());
        let mut row: Row = cells.map(|(field, column)| (field.name.to_owned(), cell(column, at))).collect();
        row.insert("date".to_owned(), Cell::Date(date.days()));
        row
    };
    (0..frame.rows()).map(row).collect()
}

fn cell(column: &Column, at: usize) -> Cell {
    match column {
        Column::Int(cells) => cells[at].map_or(Cell::Null, Cell::Int),
        Column::Float(cells) => cells[at].map_or(Cell::Null, Cell::Float),
        Column::Text(cells) => cells[at].as_ref().map_or(Cell::Null, |text| Cell::Text(text.to_string())),
        Column::Bool(cells) => cells[at].map_or(Cell::Null, Cell::Bool),
        Column::Date(cells) => cells[at].map_or(Cell::Null, |date| Cell::Date(date.days())),
        Column::FloatList(cells) => Cell::Floats(cells[at].as_deref().unwrap_or_default().to_vec()),
        Column::TextList(cells) => {
            let texts = cells[at].as_deref().unwrap_or_default();
            Cell::Texts(texts.iter().map(|text| text.to_string()).collect())
        }
    }
}
