//! The records that a mapping makes of a row.

use dfinery::Violation;

use super::{condition::Filter, gather::Gathered, group_by::Key, missing::Missing, record::RecordMapper};
use crate::table::Cells;

/// A mapping fitted to the header of a table.
pub(crate) struct RowMapper {
    pub(super) missing: Option<Missing>,
    pub(super) filter: Filter,
    /// The columns whose cells are the same in all rows of a record, if it is made of several.
    pub(super) key: Option<Key>,
    pub(super) records: Vec<(Filter, RecordMapper)>,
}

/// One of the records of a row.
pub(crate) struct RecordOf<'m> {
    /// Its position in the mapping.
    pub(crate) position: usize,
    pub(crate) mapper: &'m RecordMapper,
}

impl RowMapper {
    /// Empties the cells that only say that something is missing, before anything else looks at them.
    pub(crate) fn empty_missing(&self, cells: &mut Cells) {
        if let Some(missing) = &self.missing {
            missing.empty(cells);
        }
    }

    /// Whether a row becomes a record.
    pub(crate) fn takes(&self, cells: &Cells) -> bool {
        self.filter.takes(cells) && self.record_for(cells, 0).is_some()
    }

    /// The first record that is made of a row, beginning at a position in the mapping.
    pub(crate) fn record_for(&self, cells: &Cells, from: usize) -> Option<RecordOf<'_>> {
        let mut records = self.records.iter().enumerate().skip(from);
        records.find_map(|(position, (filter, mapper))| filter.takes(cells).then_some(RecordOf { position, mapper }))
    }

    /// Takes the columns that say which rows become one record, if several do.
    pub(crate) const fn take_key(&mut self) -> Option<Key> {
        self.key.take()
    }

    /// Writes the record in a position of the mapping that was gathered from several rows.
    pub(crate) fn write_group(&self, position: usize, gathered: &Gathered, out: &mut String) -> Result<(), Violation> {
        self.records
            .get(position)
            .map_or(Ok(()), |(_, record)| gathered.write(record, out))
    }

    /// The column that feeds a field; `None` if none does, or several records or items take it from different ones.
    pub(crate) fn column_of(&self, path: &str) -> Option<&str> {
        let mut columns = self.records.iter().filter_map(|(_, record)| record.column_of(path));
        let first = columns.next()?;
        columns.all(|other| other == first).then_some(first)
    }
}
