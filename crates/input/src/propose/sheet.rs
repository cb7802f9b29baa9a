//! The findings about a table, from reading it once.

use super::{
    evidence::Evidence,
    receipts::{ReceiptColumns, Receipts},
    tally::Tally,
    words::{self, Found, Meaning},
};
use crate::{
    error::InputError,
    frame::Body,
    mapping::is_like_a_value,
    table::{Cells, Layout, Table},
    window::Window,
};

/// The most columns and words of totals to tell apart.
const MOST_TOTALS: usize = 8;
/// The longest cell to take for a total, in bytes.
const LONGEST_TOTAL: usize = 32;
/// The most columns to look at.
pub(super) const MOST_COLUMNS: usize = 2_000;

/// The findings about a table.
pub(super) struct Sheet {
    pub(super) name: String,
    /// The separator of cells, if it is not the usual one.
    pub(super) delimiter: Option<char>,
    /// The sheets of its workbook, if it is the first of several.
    pub(super) one_of: Option<Vec<String>>,
    pub(super) columns: Vec<(String, Evidence)>,
    /// A column that holds lists of objects, and the members of these.
    pub(super) list: Option<(String, Vec<(String, Evidence)>)>,
    /// How many columns behind these are not looked at.
    pub(super) more_columns: usize,
    pub(super) rows: u64,
    /// Rows of totals: the place of the column, how the cell begins or what it is, and how many there are.
    pub(super) totals: Vec<(usize, Total, Tally)>,
    /// The rows with the same order number, if a column has one.
    pub(super) receipts: Option<Receipts>,
    /// How many rows cannot be read, with the line of the first and its problem.
    pub(super) broken: u64,
    pub(super) first_broken: Option<(u64, String)>,
}

/// What the cell of a total is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Total {
    Word(String),
    /// A word that a number follows.
    Prefix(String),
}

impl Sheet {
    pub(super) fn read(name: &str, window: &mut Window, delimiter: u8) -> Result<Self, InputError> {
        let mut table = Table::new(Layout::default(), delimiter);
        let header = table.header(window).map_err(|stop| stop.into_error(name))?;
        refuse_values(name, &header)?;
        let mut sheet = Self::of(name, header);
        let mut cells = Cells::default();
        while let Some(frame) = table.next(window).map_err(|stop| stop.into_error(name))? {
            let read = match frame.body {
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
            sheet.add_row(read.map(|()| &cells), frame.line);
        }
        Ok(sheet)
    }

    /// A table without rows.
    pub(super) fn of(name: &str, header: Vec<String>) -> Self {
        let looked_at = header.len().min(MOST_COLUMNS);
        let receipts = receipt_columns(&header).map(Receipts::new);
        let more_columns = header.len() - looked_at;
        let columns = header.into_iter().take(looked_at);
        let columns = columns.map(|column| {
            let evidence = Evidence::new(looked_at, words::meaning(&column).is_some_and(Found::is_user));
            (column, evidence)
        });
        Self {
            name: name.to_owned(),
            delimiter: None,
            one_of: None,
            more_columns,
            columns: columns.collect(),
            list: None,
            rows: 0,
            totals: Vec::new(),
            receipts,
            broken: 0,
            first_broken: None,
        }
    }

    /// Adds a row, or what is wrong with it.
    pub(super) fn add_row(&mut self, row: Result<&Cells, String>, line: u64) {
        self.rows += 1;
        match row {
            Ok(cells) => self.add(cells, line),
            Err(problem) => {
                self.broken += 1;
                self.first_broken.get_or_insert((line, problem));
            }
        }
    }

    fn add(&mut self, cells: &Cells, line: u64) {
        if let Some((place, word)) = total(cells) {
            let at = self
                .totals
                .iter()
                .position(|(other, same, _)| (*other, same) == (place, &word));
            let at = at.unwrap_or(self.totals.len());
            if at == self.totals.len() && at < MOST_TOTALS {
                self.totals.push((place, word, Tally::default()));
            }
            if let Some((_, _, tally)) = self.totals.get_mut(at) {
                return tally.add(line);
            }
        }
        let row = (0..self.columns.len()).map_while(|index| cells.get(index));
        if let Some(receipts) = &mut self.receipts {
            receipts.add(row.clone(), line);
        }
        for (index, (_, evidence)) in self.columns.iter_mut().enumerate() {
            evidence.add_cell(cells, index, line);
        }
    }
}

/// Refuses a header that holds values.
pub(super) fn refuse_values(name: &str, header: &[String]) -> Result<(), InputError> {
    if !header.iter().any(|column| is_like_a_value(column)) {
        return Ok(());
    }
    Err(InputError::new(
        name,
        "the first row does not look like a header: add a row that names the columns",
    ))
}

/// The columns that say which rows are one order, if one has the number of the order.
pub(super) fn receipt_columns(header: &[String]) -> Option<ReceiptColumns> {
    let header = header.get(..MOST_COLUMNS).unwrap_or(header);
    let meant = |is_meant: fn(Meaning) -> bool| {
        let is_meant = |column: &String| words::meaning(column).is_some_and(|found| is_meant(found.meaning));
        header.iter().position(is_meant)
    };
    let named = |name: &str| header.iter().position(|column| words::usual_name(column) == Some(name));
    let number =
        meant(|meaning| matches!(meaning, Meaning::EventProperty(property) if property.name == "df_order_id"))?;
    let time = meant(|meaning| meaning == Meaning::EventTime);
    Some(ReceiptColumns {
        number,
        scope: [
            named("store_code").or_else(|| named("store_name")),
            named("pos_no"),
            named("business_day").or(time),
        ],
        user: header
            .iter()
            .position(|column| words::meaning(column).is_some_and(Found::is_user)),
        time,
    })
}

/// The word of a row of totals, most of whose other cells are empty.
fn total(cells: &Cells) -> Option<(usize, Total)> {
    let mut found = None;
    let (mut all, mut empty) = (0_usize, 0_usize);
    for (place, cell) in cells.iter().enumerate() {
        let text = cell.trim();
        all += 1;
        empty += usize::from(text.is_empty());
        if found.is_none() && text.len() <= LONGEST_TOTAL {
            found = dfinery_records::total_word(text).map(|word| {
                let is_whole = word.len() == text.len();
                let form = if is_whole { Total::Word } else { Total::Prefix };
                (place, form(word.to_owned()))
            });
        }
    }
    found.filter(|_| all > 2 && empty * 2 > all - 1)
}
