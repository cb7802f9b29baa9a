//! The rows of a sheet, one after another.
//!
//! A thread reads them, because the reader of the library borrows the workbook. It waits once a few batches are ready, and
//! ends when nobody takes them any more.

use std::{
    collections::VecDeque,
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread,
};

use calamine::Reader as _;

use super::{
    book::{Book, guarded, of_xls, of_xlsx},
    cell::Cell,
    package::damaged,
};
use crate::{
    frame::Stop,
    look,
    mapping::Mapping,
    table::{Cells, Kind},
    window::MAX_RECORD,
};

/// How many batches wait, and how many rows and bytes make one.
const WAITING: usize = 2;
const MOST_ROWS: usize = 256;
const MOST_BYTES: usize = 256 * 1024;
/// The most columns of a sheet.
const MOST_COLUMNS: u32 = 16_384;
/// How many rows below the top may hold the header that a mapping is for.
const LOOKED_AT: usize = 20;

const TOO_LONG: &str = "makes its row longer than 8 MiB";

/// Rows of a sheet, below its header.
pub(crate) struct SheetRows {
    sheet: String,
    source: Receiver<Result<Vec<Row>, String>>,
    /// The names of the columns that have one, and their places in the sheet.
    header: Vec<String>,
    columns: Vec<u32>,
    /// Whether a mapping uses them.
    are_used: Vec<bool>,
    header_number: u64,
    /// Rows that were read ahead.
    ahead: VecDeque<Row>,
    skip_bottom: usize,
    is_read: bool,
    row: Row,
}

/// A row with a cell that is not empty.
#[derive(Default)]
struct Row {
    /// Its number in the sheet, from 1.
    number: u64,
    /// In the order of the columns.
    cells: Vec<Cell>,
    bytes: usize,
}

impl Row {
    fn cell(&self, column: u32) -> Option<&Cell> {
        let at = self.cells.binary_search_by_key(&column, |cell| cell.column);
        at.ok().and_then(|at| self.cells.get(at))
    }
}

impl SheetRows {
    /// Begins to read a sheet.
    pub(super) fn new(book: Book, sheet: String, skip_top: usize, skip_bottom: usize) -> Result<Self, String> {
        let (sender, source) = sync_channel(WAITING);
        let name = sheet.clone();
        let send = move || {
            if let Err(problem) = guarded(|| read(book, &name, &sender)) {
                // If nobody takes it any more, nobody needs it.
                let _ = sender.send(Err(problem));
            }
        };
        thread::Builder::new()
            .name("sheet".to_owned())
            .spawn(send)
            .map_err(|error| format!("no thread can be started to read it: {error}"))?;
        let mut rows = Self {
            sheet,
            source,
            header: Vec::new(),
            columns: Vec::new(),
            are_used: Vec::new(),
            header_number: 0,
            ahead: VecDeque::new(),
            skip_bottom,
            is_read: false,
            row: Row::default(),
        };
        let empty = |sheet: &str| format!("its sheet {} is empty: there is nothing to load", look::shown(sheet));
        let header = loop {
            rows.fill(0)?;
            let row = rows.ahead.pop_front().ok_or_else(|| empty(&rows.sheet))?;
            if row.number > skip_top as u64 {
                break row;
            }
        };
        rows.header_number = header.number;
        for cell in header.cells.iter().filter(|cell| cell.problem.is_none()) {
            rows.header.push(cell.text.trim().to_owned());
            rows.columns.push(cell.column);
        }
        rows.are_used = vec![false; rows.columns.len()];
        Ok(rows)
    }

    /// The names of the columns, in the order of the cells.
    pub(crate) fn header(&self) -> &[String] {
        &self.header
    }

    /// Makes a row bad only if a cell that a mapping uses cannot be read.
    pub(crate) fn use_columns(&mut self, mapping: &Mapping) {
        let used: Vec<_> = mapping.columns().map(look::name).collect();
        self.are_used = self
            .header
            .iter()
            .map(|name| used.contains(&look::name(name)))
            .collect();
    }

    /// How many rows to skip to the row that has all names of a mapping, if one of the next rows does.
    pub(crate) fn rows_above(&mut self, mapping: &Mapping) -> Option<u64> {
        self.fill(LOOKED_AT).ok()?;
        let has_all = |row: &&Row| {
            let names: Vec<_> = row.cells.iter().map(|cell| look::name(&cell.text)).collect();
            mapping.columns().all(|column| names.contains(&look::name(column)))
        };
        let row = self.ahead.iter().take(LOOKED_AT).find(has_all)?;
        Some(row.number - 1)
    }

    /// Reads ahead until there are more rows than this, or no others.
    fn fill(&mut self, rows: usize) -> Result<(), String> {
        while self.ahead.len() <= rows && !self.is_read {
            match self.source.recv() {
                Ok(Ok(batch)) => self.ahead.extend(batch),
                Ok(Err(problem)) => return Err(problem),
                Err(_) => self.is_read = true,
            }
        }
        Ok(())
    }

    /// Moves to the next row that has a cell below a name; false at the end.
    pub(crate) fn advance(&mut self) -> Result<bool, Stop> {
        loop {
            let filled = self.fill(self.skip_bottom);
            filled.map_err(|problem| {
                let read = self.row.number.max(self.header_number);
                Stop::Format(None, format!("{problem}; it could be read to row {read}"))
            })?;
            if self.ahead.len() <= self.skip_bottom {
                return Ok(false);
            }
            let Some(row) = self.ahead.pop_front() else {
                return Ok(false);
            };
            self.row = row;
            if self.columns.iter().any(|column| self.row.cell(*column).is_some()) {
                return Ok(true);
            }
        }
    }

    /// The number of the row in the sheet, from 1.
    pub(crate) const fn number(&self) -> u64 {
        self.row.number
    }

    /// Reads the cells of the row, or says why the first of those that a mapping uses cannot be read.
    pub(crate) fn read(&self, cells: &mut Cells) -> Result<(), String> {
        cells.begin();
        let mut read = Ok(());
        for ((column, name), is_used) in self.columns.iter().zip(&self.header).zip(&self.are_used) {
            let Some(cell) = self.row.cell(*column) else {
                cells.push("", Kind::Text);
                continue;
            };
            cells.push(&cell.text, cell.kind);
            if let Some(problem) = cell.problem.filter(|_| *is_used && read.is_ok()) {
                let place = place(*column, self.row.number);
                read = Err(match cell.text.as_str() {
                    "" => format!("{name} (cell {place}) {problem}"),
                    shown => format!("{name} (cell {place}, {shown}) {problem}"),
                });
            }
        }
        read
    }
}

/// A cell as a spreadsheet names it, such as B17.
fn place(column: u32, row: u64) -> String {
    let mut letters = Vec::new();
    let mut rest = column + 1;
    while rest > 0 {
        rest -= 1;
        letters.push(char::from_u32(u32::from('A') + rest % 26).unwrap_or('?'));
        rest /= 26;
    }
    let letters: String = letters.into_iter().rev().collect();
    format!("{letters}{row}")
}

/// Sends rows in batches; false once nobody takes them.
struct Batches<'a> {
    sender: &'a SyncSender<Result<Vec<Row>, String>>,
    rows: Vec<Row>,
    bytes: usize,
    row: Row,
}

impl Batches<'_> {
    /// Adds a cell of the row or of one below it.
    fn add(&mut self, row: u32, column: u32, cell: Cell) -> Result<bool, String> {
        let number = u64::from(row) + 1;
        if number < self.row.number || column >= MOST_COLUMNS {
            return Err(damaged("its cells are in no order"));
        }
        let goes_on = number == self.row.number || self.end_row()?;
        self.row.number = number;
        self.row.bytes = self.row.bytes.saturating_add(cell.text.len());
        let is_too_long = self.row.bytes > MAX_RECORD && !cell.text.is_empty();
        self.row.cells.push(if is_too_long {
            Cell {
                text: String::new(),
                kind: Kind::Text,
                problem: Some(TOO_LONG),
                ..cell
            }
        } else {
            cell
        });
        Ok(goes_on)
    }

    fn end_row(&mut self) -> Result<bool, String> {
        let mut row = std::mem::take(&mut self.row);
        if row.cells.is_empty() {
            return Ok(true);
        }
        row.cells.sort_by_key(|cell| cell.column);
        if row
            .cells
            .windows(2)
            .any(|pair| matches!(pair, [a, b] if a.column == b.column))
        {
            return Err(damaged("it has a cell twice"));
        }
        self.bytes = self.bytes.saturating_add(row.bytes);
        self.rows.push(row);
        Ok((self.rows.len() < MOST_ROWS && self.bytes < MOST_BYTES) || self.send())
    }

    fn send(&mut self) -> bool {
        self.bytes = 0;
        self.sender.send(Ok(std::mem::take(&mut self.rows))).is_ok()
    }
}

/// Reads a sheet to its end, or until nobody takes its rows.
fn read(book: Book, sheet: &str, sender: &SyncSender<Result<Vec<Row>, String>>) -> Result<(), String> {
    let mut batches = Batches {
        sender,
        rows: Vec::new(),
        bytes: 0,
        row: Row::default(),
    };
    match book {
        Book::Xlsx(mut book) => {
            let mut cells = book.worksheet_cells_reader(sheet).map_err(of_xlsx)?;
            while let Some(found) = cells.next_cell().map_err(of_xlsx)? {
                let (row, column) = found.get_position();
                let value = found.get_value().clone();
                if let Some(cell) = Cell::of(column, value)
                    && !batches.add(row, column, cell)?
                {
                    return Ok(());
                }
            }
        }
        Book::Xls(mut book) => {
            let range = book.worksheet_range(sheet).map_err(|error| of_xls(&error))?;
            drop(book);
            let (top, left) = range.start().unwrap_or_default();
            for (row, column, value) in range.used_cells() {
                let place = (u32::try_from(row), u32::try_from(column));
                let (Ok(row), Ok(column)) = place else { break };
                if let Some(cell) = Cell::of_data(left + column, value)
                    && !batches.add(top + row, left + column, cell)?
                {
                    return Ok(());
                }
            }
        }
    }
    batches.end_row()?;
    batches.send();
    Ok(())
}
