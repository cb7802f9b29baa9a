//! Which texts mean that a cell is empty.

use crate::table::Cells;
use serde::{Deserialize, Deserializer, Serialize, de};

/// The texts that mean an empty cell, such as `-` and `N/A`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(super) struct Missing(Vec<String>);

impl Missing {
    /// Whether a cell means that it is empty. Spaces around it do not count.
    pub(super) fn means(&self, cell: &str) -> bool {
        let cell = cell.trim();
        self.0.iter().any(|text| text == cell)
    }

    /// Empties the cells that mean it.
    pub(super) fn empty(&self, cells: &mut Cells) {
        cells.empty(|cell| self.means(cell));
    }
}

impl<'de> Deserialize<'de> for Missing {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let texts = Vec::<String>::deserialize(deserializer)?;
        let texts: Vec<_> = texts.iter().map(|text| text.trim().to_owned()).collect();
        if texts.is_empty() {
            return Err(de::Error::custom("missing: must not be empty"));
        }
        if texts.iter().any(String::is_empty) {
            return Err(de::Error::custom(
                "missing: an empty cell is empty without being listed",
            ));
        }
        Ok(Self(texts))
    }
}
