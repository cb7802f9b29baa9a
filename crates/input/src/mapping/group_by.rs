//! Which rows become one record.

use serde::{Deserialize, Deserializer, Serialize};

use super::text_or_list::text_or_list;
use crate::table::Cells;

/// The columns whose cells are the same in all rows of a record.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub(super) struct GroupBy(pub(super) Vec<String>);

impl<'de> Deserialize<'de> for GroupBy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expecting = "the name of a column (in quotes if it is a number), or a list of names";
        text_or_list(deserializer, expecting, |names| {
            let names: Vec<_> = names.iter().map(|name| name.trim().to_owned()).collect();
            if names.is_empty() || names.iter().any(String::is_empty) {
                return Err("group_by: must be the name of a column, or a list of names");
            }
            Ok(Self(names))
        })
    }
}

impl GroupBy {
    /// Their names in a message.
    pub(super) fn label(&self) -> String {
        self.0.join(" + ")
    }
}

/// The columns of a key, fitted to a header.
pub(crate) struct Key {
    /// Their places in a row, and their names.
    pub(super) columns: Vec<(usize, String)>,
    /// Their names in a message.
    pub(crate) label: String,
    /// Whether the rows have to be sorted by it first.
    pub(crate) is_to_sort: bool,
}

impl Key {
    /// Writes the key of a row, or says which of its cells is empty.
    pub(crate) fn read(&self, cells: &Cells, key: &mut Vec<u8>) -> Result<(), String> {
        key.clear();
        for (index, name) in &self.columns {
            let cell = cells.get(*index).unwrap_or_default().trim();
            if cell.is_empty() {
                return Err(format!(
                    "{name} is empty, so it is not known to which record the row belongs: fill it in, or pass over such rows \
                     by skip_if"
                ));
            }
            key.extend((cell.len() as u64).to_le_bytes());
            key.extend(cell.as_bytes());
        }
        Ok(())
    }
}
