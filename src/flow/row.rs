//! Typed rows: a dataset's columns as a plain struct, declared once with `rows!`, and its conversion to
//! and from a `Frame`. What a cell may be is said by the field's Rust type.

use std::sync::Arc;

use super::date::Date;
use super::frame::{Column, ColumnType, Frame, FrameError, Schema};

/// A Rust type that can be a cell.
pub trait Cell: Sized {
    /// The column's type.
    const COLUMN_TYPE: ColumnType;
    /// Whether a null is a value of this type.
    const NULLABLE: bool;
    /// Appends this cell to a column of `COLUMN_TYPE`.
    fn push(&self, column: &mut Column);
    /// The cell of a column of `COLUMN_TYPE`; `None` for a null that this type cannot be.
    fn get(column: &Column, row: usize) -> Option<Self>;
}

/// A struct whose fields are the columns of a dataset. Implemented by `rows!`.
pub trait Row: Sized + Send + Sync + 'static {
    /// The columns.
    const SCHEMA: Schema;
    /// These rows as columns.
    fn to_frame(rows: &[Self]) -> Frame;
    /// The rows of these columns.
    fn from_frame(frame: &Frame) -> Result<Vec<Self>, FrameError>;
}

macro_rules! cell {
    ($type:ty, $variant:ident) => {
        impl Cell for $type {
            const COLUMN_TYPE: ColumnType = ColumnType::$variant;
            const NULLABLE: bool = false;
            fn push(&self, column: &mut Column) {
                if let Column::$variant(cells) = column {
                    cells.push(Some(self.clone()));
                }
            }
            fn get(column: &Column, row: usize) -> Option<Self> {
                let Column::$variant(cells) = column else {
                    return None;
                };
                cells[row].clone()
            }
        }
        impl Cell for Option<$type> {
            const COLUMN_TYPE: ColumnType = ColumnType::$variant;
            const NULLABLE: bool = true;
            fn push(&self, column: &mut Column) {
                if let Column::$variant(cells) = column {
                    cells.push(self.clone());
                }
            }
            fn get(column: &Column, row: usize) -> Option<Self> {
                let Column::$variant(cells) = column else {
                    return None;
                };
                Some(cells[row].clone())
            }
        }
    };
}

cell!(i64, Int);
cell!(f64, Float);
cell!(Arc<str>, Text);
cell!(bool, Bool);
cell!(Date, Date);
cell!(Arc<[f64]>, FloatList);
cell!(Arc<[Arc<str>]>, TextList);

/// Declares the rows of a dataset: a struct with one documented field a column.
///
/// ```
/// use std::sync::Arc;
/// tidegate::rows! {
///     /// Points of a team in a game.
///     pub struct TeamPoints key(team) {
///         /// The team's abbreviation.
///         pub team: Arc<str>,
///         /// Points; null where the source has none.
///         pub points: Option<i64>,
///     }
/// }
/// ```
#[macro_export]
macro_rules! rows {
    ($(#[$meta:meta])* $vis:vis struct $name:ident key($($key:ident),* $(,)?) {
        $(#[doc = $doc:literal] $(#[doc = $more:literal])* $fvis:vis $field:ident: $type:ty,)*
    }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq)]
        $vis struct $name {
            $(#[doc = $doc] $(#[doc = $more])* $fvis $field: $type,)*
        }

        impl $crate::flow::Row for $name {
            const SCHEMA: $crate::flow::Schema = $crate::flow::Schema {
                fields: &[$($crate::flow::Field {
                    name: stringify!($field),
                    column_type: <$type as $crate::flow::Cell>::COLUMN_TYPE,
                    nullable: <$type as $crate::flow::Cell>::NULLABLE,
                    doc: concat!($doc $(, "\n", $more)*),
                },)*],
                key: &[$(stringify!($key)),*],
            };

            fn to_frame(rows: &[Self]) -> $crate::flow::Frame {
                let columns = vec![$({
                    let kind = <$type as $crate::flow::Cell>::COLUMN_TYPE;
                    let mut column = $crate::flow::Column::with_capacity(kind, rows.len());
                    for row in rows {
                        $crate::flow::Cell::push(&row.$field, &mut column);
                    }
                    column
                }),*];
                $crate::flow::Frame::of(Self::SCHEMA, columns).expect("rows fit their own schema")
            }

            fn from_frame(frame: &$crate::flow::Frame) -> Result<Vec<Self>, $crate::flow::FrameError> {
                let mut columns = frame.columns().iter();
                $(let $field = columns.next().ok_or_else(
                    || $crate::flow::FrameError::Missing(stringify!($field).to_owned()))?;)*
                // No row more than there are: they stay in memory for all who read the unit.
                let mut rows = Vec::with_capacity(frame.rows());
                for row in 0..frame.rows() {
                    rows.push(Self {
                        $($field: $crate::flow::Cell::get($field, row).ok_or_else(
                            || $crate::flow::FrameError::Null { name: stringify!($field).to_owned(), row })?,)*
                    });
                }
                Ok(rows)
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    rows! {
        /// One of each kind of cell.
        struct Kinds key(name) {
            /// Text.
            name: Arc<str>,
            /// Nullable integer.
            count: Option<i64>,
            /// Float.
            share: f64,
            /// Nullable bool.
            flag: Option<bool>,
            /// Date.
            date: Date,
            /// Floats.
            features: Arc<[f64]>,
            /// Texts.
            names: Option<Arc<[Arc<str>]>>,
        }
    }

    fn row(name: &str, count: Option<i64>) -> Kinds {
        Kinds {
            name: name.into(),
            count,
            share: 0.25,
            flag: None,
            date: Date::from_days(3),
            features: vec![1.0, 2.5].into(),
            names: Some(vec![Arc::from("x")].into()),
        }
    }

    #[test]
    fn rows_come_back_from_their_frame() {
        let rows = vec![row("a", None), row("b", Some(-4))];
        assert_eq!(Kinds::from_frame(&Kinds::to_frame(&rows)).expect("rows"), rows);
        assert_eq!(Kinds::SCHEMA.key, ["name"]);
    }

    #[test]
    fn equal_content_has_an_equal_revision() {
        let revision = |rows: &[Kinds]| Kinds::to_frame(rows).revision();
        assert_eq!(revision(&[row("a", None)]), revision(&[row("a", None)]));
        assert_ne!(revision(&[row("a", None)]), revision(&[row("a", Some(0))]));
        assert_ne!(revision(&[row("a", None), row("b", None)]), revision(&[row("b", None), row("a", None)]));
    }
}
