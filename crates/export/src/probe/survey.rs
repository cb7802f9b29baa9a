//! One answer, read once from its file and never held in memory.

use std::path::Path;

use dfinery_records::Taxonomy;
use jiff::civil::Date;

use super::{items::Items, late::Late, moment::Moment, slots::Slots, spelling::ColumnSeen};
use crate::{
    column::{Column, Table},
    convert::{ConvertError, Record, Records},
};

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
    pub(super) fn read(path: &Path, day: Date, taxonomy: &Taxonomy) -> Result<Self, ConvertError> {
        let mut records = Records::open(path)?;
        let header = records.next()?;
        let header = header.iter().flat_map(|header| header.iter());
        let header: Vec<_> = header.map(|name| String::from_utf8_lossy(name).into_owned()).collect();
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
        while let Some(row) = records.next()? {
            survey.rows += 1;
            // The cells of a row that is too short or too long may be those of other columns.
            if row.len() == header.len() {
                survey.add(row, moment(row, event), moment(row, server));
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

    fn add(&mut self, cells: Record<'_>, event: Option<Moment>, server: Option<Moment>) {
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
            .add(row, cells.iter(), event.is_some_and(|event| event.has_fraction()));
        for (column, cell) in self.columns.iter_mut().zip(cells.iter()) {
            column.add(cell);
        }
    }
}

fn moment(row: Record<'_>, place: Option<usize>) -> Option<Moment> {
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

    #[test]
    fn an_answer_that_takes_too_much_memory_is_not_read_to_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("0.raw");
        let survey = |text: String| {
            std::fs::write(&path, text).unwrap();
            let read = Survey::read(&path, "2026-11-25".parse().unwrap(), &Taxonomy::standard());
            read.map(|survey| survey.rows).map_err(|error| error.to_string())
        };
        let wide = ",".repeat(20_000);
        let problem = |place| Err(format!("{place}: it has more than 10000 cells"));
        assert_eq!(survey(format!("a\n1\n{wide}\n")), problem("the answer, row 2"));
        assert_eq!(survey(wide), problem("the answer"));
        let open = "x".repeat(65 << 20);
        let problem = "the answer, row 1: it is longer than 64 MiB".to_owned();
        assert_eq!(survey(format!("a\n\"{open}\n1\n")), Err(problem));
    }
}
