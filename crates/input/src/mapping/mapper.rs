//! The records that a mapping makes of a row.

use super::{condition::Filter, record::RecordMapper};
use crate::table::Cells;

/// A mapping fitted to the header of a table.
pub(crate) struct RowMapper {
    pub(super) filter: Filter,
    pub(super) records: Vec<(Filter, RecordMapper)>,
}

/// One of the records of a row.
pub(crate) struct RecordOf<'m> {
    /// Its position in the mapping.
    pub(crate) position: usize,
    pub(crate) mapper: &'m RecordMapper,
}

impl RowMapper {
    /// Whether a row becomes a record.
    pub(crate) fn takes(&self, cells: &Cells) -> bool {
        self.filter.takes(cells) && self.record_for(cells, 0).is_some()
    }

    /// The first record that is made of a row, beginning at a position in the mapping.
    pub(crate) fn record_for(&self, cells: &Cells, from: usize) -> Option<RecordOf<'_>> {
        let mut records = self.records.iter().enumerate().skip(from);
        records.find_map(|(position, (filter, mapper))| filter.takes(cells).then_some(RecordOf { position, mapper }))
    }

    /// The column that feeds a field; `None` if none does, or several records or items take it from different ones.
    pub(crate) fn column_of(&self, path: &str) -> Option<&str> {
        let mut columns = self.records.iter().filter_map(|(_, record)| record.column_of(path));
        let first = columns.next()?;
        columns.all(|other| other == first).then_some(first)
    }
}
