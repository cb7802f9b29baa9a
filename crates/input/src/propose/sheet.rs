//! The findings about a table, from reading it once.

use super::{
    evidence::Evidence,
    receipts::Receipts,
    tally::Tally,
    words::{self, Meaning},
};
use crate::{
    error::InputError,
    frame::Body,
    mapping::is_like_a_value,
    table::{Cells, Layout, Table},
    window::Window,
};

/// What a row of totals has in one of its cells.
const TOTALS: [&str; 8] = [
    "합계",
    "소계",
    "총계",
    "총합계",
    "합 계",
    "Total",
    "TOTAL",
    "Grand Total",
];
/// The most columns and words of totals to tell apart.
const MOST_TOTALS: usize = 8;

/// The findings about a table.
pub(super) struct Sheet {
    pub(super) name: String,
    /// The separator of cells, if it is not the usual one.
    pub(super) delimiter: Option<char>,
    pub(super) columns: Vec<(String, Evidence)>,
    pub(super) rows: u64,
    /// Rows of totals: the place of the column, the word in it, and how many there are.
    pub(super) totals: Vec<(usize, &'static str, Tally)>,
    /// The rows with the same order number, if a column has one.
    pub(super) receipts: Option<Receipts>,
    /// How many rows cannot be read, with the line of the first and its problem.
    pub(super) broken: u64,
    pub(super) first_broken: Option<(u64, String)>,
}

impl Sheet {
    pub(super) fn read(name: &str, window: &mut Window, delimiter: u8) -> Result<Self, InputError> {
        let mut table = Table::new(Layout::default(), delimiter);
        let header = table.header(window).map_err(|stop| stop.into_error(name))?;
        if header.iter().any(|column| is_like_a_value(column)) {
            return Err(InputError::new(
                name,
                "the first row does not look like a header: add a row that names the columns",
            ));
        }
        let mut sheet = Self {
            name: name.to_owned(),
            delimiter: None,
            columns: header.into_iter().map(|column| (column, Evidence::new())).collect(),
            rows: 0,
            totals: Vec::new(),
            receipts: None,
            broken: 0,
            first_broken: None,
        };
        let is_order = |(column, _): &(String, _)| {
            words::meaning(column).is_some_and(
                |found| matches!(found.meaning, Meaning::EventProperty(property) if property.name == "df_order_id"),
            )
        };
        sheet.receipts = sheet.columns.iter().position(is_order).map(Receipts::new);
        let mut cells = Cells::default();
        while let Some(frame) = table.next(window).map_err(|stop| stop.into_error(name))? {
            sheet.rows += 1;
            let problem = match frame.body {
                Body::Whole(range) => {
                    let encoding = window
                        .encoding_of(&range, false)
                        .map_err(|stop| stop.into_error(name))?;
                    let row = window.unread().get(range).unwrap_or_default();
                    table.cells(row, encoding, &mut cells).map_err(|bad| bad.problem("row"))
                }
                Body::Broken(_, problem) => Err(problem),
                Body::TooLong(length) => Err(format!("the row has {length} bytes, which is too long")),
            };
            match problem {
                Ok(()) => sheet.add(&cells, frame.line),
                Err(problem) => {
                    sheet.broken += 1;
                    sheet.first_broken.get_or_insert((frame.line, problem));
                }
            }
        }
        Ok(sheet)
    }

    fn add(&mut self, cells: &Cells, line: u64) {
        if let Some((place, word)) = total(cells) {
            let at = self
                .totals
                .iter()
                .position(|(other, same, _)| (*other, *same) == (place, word));
            let at = at.unwrap_or(self.totals.len());
            if at == self.totals.len() && at < MOST_TOTALS {
                self.totals.push((place, word, Tally::default()));
            }
            if let Some((_, _, tally)) = self.totals.get_mut(at) {
                return tally.add(line);
            }
        }
        let row = (0..).map_while(|index| cells.get(index));
        if let Some(receipts) = &mut self.receipts {
            receipts.add(row.clone(), line);
        }
        for ((_, evidence), cell) in self.columns.iter_mut().zip(row) {
            evidence.add(cell, line);
        }
    }
}

/// The word of a row of totals, most of whose other cells are empty.
fn total(cells: &Cells) -> Option<(usize, &'static str)> {
    let mut found = None;
    let (mut all, mut empty) = (0_usize, 0_usize);
    for (place, cell) in cells.iter().enumerate() {
        let text = cell.trim();
        all += 1;
        empty += usize::from(text.is_empty());
        if found.is_none() && text.len() <= 12 {
            found = TOTALS.iter().find(|word| **word == text).map(|word| (place, *word));
        }
    }
    found.filter(|_| all > 2 && empty * 2 > all - 1)
}
