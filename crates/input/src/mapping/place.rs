//! Where the text of a value is in a row.

use std::borrow::Cow;

use crate::table::Cells;

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
