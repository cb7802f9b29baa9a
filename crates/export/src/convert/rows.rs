//! The cells of raw exports: rows as `csv_core` reads them, with which the client counts them too. Those without quotes,
//! most of them, are cut at their commas, which takes half the time.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

use csv_core::ReadRecordResult;

use super::{chunks::Chunks, error::ConvertError, limits::MOST_COLUMNS};

/// More than most header lines.
const HEADER: usize = 64 << 10;

/// A cell, or its bytes if they are not UTF-8.
pub(super) type Cell<'a> = Result<&'a str, &'a [u8]>;

/// Room for the rows that are read together.
pub(super) struct Batch {
    /// The bytes of all rows.
    bytes: Vec<u8>,
    /// How many of them are used.
    used: usize,
    /// Where each cell begins and ends in them.
    cells: Vec<Bounds>,
    /// Where the cells of one row end, counted from its beginning.
    ends: Vec<usize>,
}

type Bounds = (usize, usize);

/// Rows that have the same number of cells.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    text: Text<'a>,
    cells: &'a [Bounds],
    columns: usize,
}

/// One of them.
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    text: Text<'a>,
    cells: &'a [Bounds],
}

#[derive(Clone, Copy)]
struct Text<'a> {
    bytes: &'a [u8],
    /// The bytes, if all are UTF-8. Then a cell is so too, unless it begins or ends within a character, half of which is
    /// in the cell beside it.
    utf8: Option<&'a str>,
}

/// Reads rows.
pub(super) struct Reader<'a> {
    csv: csv_core::Reader,
    bytes: &'a [u8],
    columns: usize,
    read: u64,
    /// Where the ends of cells go for which there are no columns.
    excess: [usize; 64],
}

/// A row that does not have a cell for each column.
#[derive(Debug)]
pub(super) struct Ragged {
    /// From 1.
    pub(super) row: u64,
    pub(super) cells: usize,
}

impl<'a> Rows<'a> {
    pub(super) fn count(self) -> usize {
        self.cells.len() / self.columns
    }

    pub(super) fn iter(self) -> impl Iterator<Item = Row<'a>> {
        let rows = self.cells.chunks_exact(self.columns);
        rows.map(move |cells| Row { text: self.text, cells })
    }

    /// The cells of a column.
    pub(super) fn column(self, column: usize) -> impl Iterator<Item = Cell<'a>> {
        let cells = self.cells.iter().skip(column).step_by(self.columns);
        cells.map(move |bounds| self.text.within(*bounds))
    }
}

impl<'a> Row<'a> {
    pub(super) fn cell(self, column: usize) -> Cell<'a> {
        let bounds = self.cells.get(column).copied();
        self.text.within(bounds.unwrap_or_default())
    }
}

impl<'a> Text<'a> {
    fn within(self, (start, end): Bounds) -> Cell<'a> {
        if start == end {
            return Ok("");
        }
        if let Some(text) = self.utf8.and_then(|text| text.get(start..end)) {
            return Ok(text);
        }
        let bytes = self.bytes.get(start..end).unwrap_or_default();
        std::str::from_utf8(bytes).map_err(|_| bytes)
    }
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8], columns: usize) -> Self {
        let mut csv = csv_core::Reader::new();
        // It would skip a byte order mark at its beginning, which is text here. A blank line is no row.
        csv.read_record(b"\n", &mut [0], &mut [0]);
        Self {
            csv,
            bytes,
            columns,
            read: 0,
            excess: [0; 64],
        }
    }

    /// The next row, and more until they have `size` bytes and cells; nothing at the end.
    pub(super) fn fill<'b>(&mut self, batch: &'b mut Batch, size: usize) -> Result<Option<Rows<'b>>, Ragged> {
        batch.clear();
        while batch.cells.is_empty() || batch.used + batch.cells.len() < size {
            let Some(cells) = self.next(batch) else { break };
            self.read += 1;
            if cells != self.columns {
                let row = self.read;
                return Err(Ragged { row, cells });
            }
        }
        Ok((!batch.cells.is_empty()).then(|| batch.rows(self.columns)))
    }

    /// Appends the next row. Returns how many cells it has, of which no more than one has no column in the batch.
    fn next(&mut self, batch: &mut Batch) -> Option<usize> {
        let blank = self.bytes.iter().take_while(|byte| matches!(byte, b'\n' | b'\r'));
        self.bytes = self.bytes.get(blank.count()..).unwrap_or_default();
        let end = memchr::memchr3(b'"', b'\n', b'\r', self.bytes).unwrap_or(self.bytes.len());
        let (row, rest) = self.bytes.split_at_checked(end)?;
        match rest.first() {
            Some(b'"') => self.next_quoted(batch),
            None if row.is_empty() => None,
            _ => {
                self.bytes = rest.get(1..).unwrap_or_default();
                Some(self.next_plain(batch, row))
            }
        }
    }

    /// A row without quotes is copied as it is and cut at its commas.
    fn next_plain(&self, batch: &mut Batch, row: &[u8]) -> usize {
        let first = batch.used;
        batch.append(row);
        let ends = memchr::memchr_iter(b',', row).chain([row.len()]);
        let (mut start, mut cells) = (0, 0);
        for end in ends {
            if cells <= self.columns {
                batch.cells.push((first + start, first + end));
            }
            (start, cells) = (end + 1, cells + 1);
        }
        cells
    }

    fn next_quoted(&mut self, batch: &mut Batch) -> Option<usize> {
        let (first, mut cells) = (batch.used, 0);
        loop {
            let output = batch.bytes.get_mut(batch.used..).unwrap_or_default();
            // A row of nothing but commas takes many times its own room: its cells are only counted.
            let ends = if cells > self.columns {
                &mut self.excess[..]
            } else {
                batch.ends.get_mut(cells..).unwrap_or_default()
            };
            let (result, read, written, ended) = self.csv.read_record(self.bytes, output, ends);
            self.bytes = self.bytes.get(read..).unwrap_or_default();
            (batch.used, cells) = (batch.used + written, cells + ended);
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => batch.bytes.resize(batch.bytes.len() * 2, 0),
                ReadRecordResult::OutputEndsFull if cells > self.columns => {}
                ReadRecordResult::OutputEndsFull => batch.ends.resize(batch.ends.len() * 2, 0),
                ReadRecordResult::Record => break,
                ReadRecordResult::End => return None,
            }
        }
        let mut start = first;
        for end in batch.ends.iter().take(cells.min(self.columns + 1)) {
            batch.cells.push((start, first + end));
            start = first + end;
        }
        Some(cells)
    }
}

impl Batch {
    pub(super) fn new() -> Self {
        Self {
            bytes: vec![0; 1024],
            used: 0,
            cells: Vec::new(),
            ends: vec![0; 1024],
        }
    }

    fn clear(&mut self) {
        self.used = 0;
        self.cells.clear();
    }

    fn append(&mut self, row: &[u8]) {
        let end = self.used + row.len();
        if self.bytes.len() < end {
            self.bytes.resize(end.next_power_of_two(), 0);
        }
        if let Some(room) = self.bytes.get_mut(self.used..end) {
            room.copy_from_slice(row);
        }
        self.used = end;
    }

    fn rows(&self, columns: usize) -> Rows<'_> {
        let bytes = self.bytes.get(..self.used).unwrap_or_default();
        let utf8 = simdutf8::basic::from_utf8(bytes).ok();
        Rows {
            text: Text { bytes, utf8 },
            cells: &self.cells,
            columns,
        }
    }
}

/// The names of the columns of a raw export. `ours` are those of columns that the file has besides.
///
/// # Errors
/// It cannot be read, has no header line, more than [`MOST_COLUMNS`], or one that is not UTF-8, has a name twice or one of
/// `ours`.
pub(crate) fn header(part: &Path, ours: &[&str]) -> Result<Vec<String>, ConvertError> {
    let parts = [PathBuf::from(part)];
    let unfit = |problem: &str| ConvertError::unfit(part, problem);
    let chunk = Chunks::new(&parts, HEADER).next().transpose()?;
    let bytes = chunk.map(|chunk| chunk.bytes).unwrap_or_default();
    let mut batch = Batch::new();
    let Some(cells) = Reader::new(&bytes, MOST_COLUMNS).next(&mut batch) else {
        return Err(unfit("it has no header line"));
    };
    if cells > MOST_COLUMNS {
        return Err(unfit(&format!(
            "the header line has {cells} columns, and {MOST_COLUMNS} are the most"
        )));
    }
    let mut known: HashSet<&str> = HashSet::with_capacity(cells);
    let mut names = Vec::with_capacity(cells);
    for cell in batch.rows(1).column(0) {
        let name = cell.map_err(|_| unfit("the header line is not UTF-8"))?;
        if ours.contains(&name) {
            return Err(unfit(&format!(
                "the column {name:?} has the name of one that is added to each file"
            )));
        }
        if !known.insert(name) {
            return Err(unfit(&format!("the header line has the column {name:?} twice")));
        }
        names.push(name.to_owned());
    }
    Ok(names)
}
