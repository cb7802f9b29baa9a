//! One answer, read once from its file and never held in memory.

use std::{io, path::Path};

use csv::{ByteRecord, Reader, ReaderBuilder};
use dfinery_records::Taxonomy;
use jiff::civil::Date;

use super::{items::Items, late::Late, moment::Moment, slots::Slots, spelling::ColumnSeen};
use crate::column::{Column, Table};

/// What the rows of an answer show.
#[derive(Debug)]
pub(super) struct Survey {
    pub(super) rows: u64,
    pub(super) event: Slots,
    pub(super) server: Slots,
    pub(super) late: Late,
    pub(super) items: Items,
    pub(super) columns: Vec<ColumnSeen>,
}

impl Survey {
    /// Reads an answer. Times are counted from a day.
    pub(super) fn read(path: &Path, day: Date, taxonomy: &Taxonomy) -> io::Result<Self> {
        let mut reader: Reader<_> = ReaderBuilder::new().flexible(true).from_path(path)?;
        let header: Vec<_> = reader
            .byte_headers()?
            .iter()
            .map(|name| String::from_utf8_lossy(name).into_owned())
            .collect();
        let place = |name: &str| header.iter().position(|column| column == name);
        let (event, server) = (place("df_correction_datetime"), place("df_server_datetime"));
        let mut survey = Self {
            rows: 0,
            event: Slots::new(day),
            server: Slots::new(day),
            late: Late::default(),
            items: Items::new(&header, taxonomy),
            columns: header
                .iter()
                .map(|name| ColumnSeen::new(name, Column::named(name, Table::Events, taxonomy).column_type))
                .collect(),
        };
        let mut row = ByteRecord::new();
        while reader.read_byte_record(&mut row)? {
            survey.rows += 1;
            // The cells of a row that is too short or too long may be those of other columns.
            if row.len() == header.len() {
                survey.add(&row, moment(&row, event), moment(&row, server));
            }
        }
        Ok(survey)
    }

    #[cfg(test)]
    pub(super) fn of(text: &str, day: Date) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("0.raw");
        std::fs::write(&path, text).unwrap();
        Self::read(&path, day, &Taxonomy::standard()).unwrap()
    }

    fn add(&mut self, cells: &ByteRecord, event: Option<Moment>, server: Option<Moment>) {
        let row = self.rows;
        if let Some(event) = event {
            self.event.add(event, row);
        }
        if let Some(server) = server {
            self.server.add(server, row);
        }
        if let (Some(event), Some(server)) = (event, server) {
            self.late.add(event, server);
        }
        self.items
            .add(row, cells, event.is_some_and(|event| event.has_fraction()));
        for (column, cell) in self.columns.iter_mut().zip(cells) {
            column.add(cell);
        }
    }
}

fn moment(row: &ByteRecord, place: Option<usize>) -> Option<Moment> {
    let cell = row.get(place?)?;
    Moment::read(std::str::from_utf8(cell).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Survey {
        Survey::of(text, "2026-11-25".parse().unwrap())
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_first_name() {
        let survey =
            read("\u{feff}df_server_datetime,df_correction_datetime\r\n2026-11-25T00:00:01Z,2026-11-25T00:00:00Z\r\n");
        assert_eq!(
            (survey.rows, survey.server.readable(), survey.event.readable()),
            (1, 1, 1)
        );
        assert_eq!(survey.columns[0].name, "df_server_datetime");
    }

    #[test]
    fn rows_of_another_width_are_counted_and_not_looked_at() {
        let survey = read("a,df_server_datetime\n2026-11-25T00:00:01Z\n1,2026-11-25T00:00:01Z,2\n\n");
        assert_eq!((survey.rows, survey.server.readable()), (2, 0));
        assert_eq!(survey.event.readable(), 0);
        assert_eq!(read("").rows, 0);
    }
}
