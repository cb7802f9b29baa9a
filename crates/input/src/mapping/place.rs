//! Where the text of a value is in a row.

use std::borrow::Cow;

use super::typed::{NOT_WHOLE, SHEET_NUMBER, is_whole};
use crate::table::{Cells, Kind};

/// The cell of a column, or the cells of several as one text.
pub(super) enum Place {
    One(usize),
    Joined {
        indexes: Vec<usize>,
        with: String,
        /// The names of the columns, if the cells must be all filled or all empty: half an identifier is another one.
        whole: Option<Vec<String>>,
    },
}

impl Place {
    /// What the cell holds; several make a text.
    pub(super) fn kind(&self, cells: &Cells) -> Kind {
        match self {
            Self::One(index) => cells.kind(*index),
            Self::Joined { .. } => Kind::Text,
        }
    }

    /// The text in this row. A cell that is missing is empty.
    pub(super) fn text<'c>(&self, cells: &'c Cells) -> Result<Cow<'c, str>, String> {
        let (indexes, with, whole) = match self {
            Self::One(index) => return Ok(Cow::Borrowed(cells.get(*index).unwrap_or_default())),
            Self::Joined { indexes, with, whole } => (indexes, with, whole),
        };
        let mut joined = String::new();
        let mut empty = None;
        for (position, index) in indexes.iter().enumerate() {
            let cell = cells.get(*index).unwrap_or_default().trim();
            if cell.is_empty() {
                empty = empty.or(Some(position));
                continue;
            }
            match cells.kind(*index) {
                Kind::List | Kind::Object => {
                    return Err("a list or an object cannot be joined with other cells".to_owned());
                }
                Kind::SheetNumber => return Err(SHEET_NUMBER.to_owned()),
                _ => {}
            }
            if whole.is_some() {
                check_identifier(cell, cells.kind(*index))?;
            }
            if !joined.is_empty() {
                joined.push_str(with);
            }
            joined.push_str(cell);
        }
        match whole.as_ref().zip(empty) {
            Some((names, position)) if !joined.is_empty() => Err(format!(
                "{} is empty: all cells of a joined identifier must be filled, or none of them",
                names.get(position).map_or("a cell", String::as_str)
            )),
            _ => Ok(Cow::Owned(joined)),
        }
    }
}

/// Whether a cell may be an identifier of a user, or a part of one.
pub(super) fn check_identifier(cell: &str, kind: Kind) -> Result<(), String> {
    match kind {
        Kind::Number if !is_whole(cell) => Err(NOT_WHOLE.to_owned()),
        Kind::Boolean => Err("is true or false, and must be a text or a whole number".to_owned()),
        _ => Ok(()),
    }
}
