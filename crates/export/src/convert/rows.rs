//! The cells of raw exports, by `csv_core`, with which the client counts their rows: a row is the same to both.

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
    /// The bytes of all cells, without anything between them.
    bytes: Vec<u8>,
    /// Where each cell begins in them, which is where the one before ends.
    bounds: Vec<usize>,
}

/// Rows that have the same number of cells.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    cells: Cells<'a>,
    /// One more than there are cells.
    bounds: &'a [usize],
    columns: usize,
}

/// One of them.
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    cells: Cells<'a>,
    bounds: &'a [usize],
}

#[derive(Clone, Copy)]
struct Cells<'a> {
    bytes: &'a [u8],
    /// The bytes, if all are UTF-8. Then a cell is so too, unless it begins or ends within a character, half of which is
    /// in the cell beside it.
    text: Option<&'a str>,
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
        self.bounds.len().saturating_sub(1) / self.columns
    }

    pub(super) fn iter(self) -> impl Iterator<Item = Row<'a>> {
        let rows = self.bounds.windows(self.columns + 1).step_by(self.columns);
        rows.map(move |bounds| Row {
            cells: self.cells,
            bounds,
        })
    }

    /// The cells of a column.
    pub(super) fn column(self, column: usize) -> impl Iterator<Item = Cell<'a>> {
        let cells = self.bounds.windows(2).skip(column).step_by(self.columns);
        cells.map(move |bounds| self.cells.within(bounds))
    }
}

impl<'a> Row<'a> {
    pub(super) fn cell(self, column: usize) -> Cell<'a> {
        self.cells
            .within(self.bounds.get(column..column + 2).unwrap_or_default())
    }
}

impl<'a> Cells<'a> {
    fn within(self, bounds: &[usize]) -> Cell<'a> {
        let &[start, end] = bounds else {
            return Ok("");
        };
        if start == end {
            return Ok("");
        }
        if let Some(text) = self.text.and_then(|text| text.get(start..end)) {
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
        let (mut bytes, mut cells) = (0, 0);
        while cells == 0 || bytes + cells < size {
            let (start, first) = (bytes, cells);
            if !self.next(batch, &mut bytes, &mut cells) {
                break;
            }
            self.read += 1;
            let (row, cells) = (self.read, cells - first);
            if cells != self.columns {
                return Err(Ragged { row, cells });
            }
            // They are counted from the beginning of the row.
            let ends = batch.bounds.get_mut(first + 1..).unwrap_or_default();
            ends.iter_mut().take(cells).for_each(|end| *end += start);
        }
        Ok((cells > 0).then(|| batch.rows(bytes, cells, self.columns)))
    }

    /// Appends the next row after `bytes` and `cells`. Returns whether there was one.
    fn next(&mut self, batch: &mut Batch, bytes: &mut usize, cells: &mut usize) -> bool {
        let first = *cells;
        loop {
            let output = batch.bytes.get_mut(*bytes..).unwrap_or_default();
            // A row of nothing but commas takes eight times its own room: its cells are only counted.
            let ends = if *cells - first > self.columns {
                &mut self.excess[..]
            } else {
                batch.bounds.get_mut(*cells + 1..).unwrap_or_default()
            };
            let (result, read, written, ended) = self.csv.read_record(self.bytes, output, ends);
            self.bytes = self.bytes.get(read..).unwrap_or_default();
            (*bytes, *cells) = (*bytes + written, *cells + ended);
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => batch.bytes.resize(batch.bytes.len() * 2, 0),
                ReadRecordResult::OutputEndsFull if *cells - first > self.columns => {}
                ReadRecordResult::OutputEndsFull => batch.bounds.resize(batch.bounds.len() * 2, 0),
                ReadRecordResult::Record => return true,
                ReadRecordResult::End => return false,
            }
        }
    }
}

impl Batch {
    pub(super) fn new() -> Self {
        Self {
            bytes: vec![0; 1024],
            bounds: vec![0; 1024],
        }
    }

    fn rows(&self, bytes: usize, cells: usize, columns: usize) -> Rows<'_> {
        let bytes = self.bytes.get(..bytes).unwrap_or_default();
        let text = simdutf8::basic::from_utf8(bytes).ok();
        Rows {
            cells: Cells { bytes, text },
            bounds: self.bounds.get(..=cells).unwrap_or_default(),
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
    let (mut batch, mut length, mut cells) = (Batch::new(), 0, 0);
    if !Reader::new(&bytes, MOST_COLUMNS).next(&mut batch, &mut length, &mut cells) {
        return Err(unfit("it has no header line"));
    }
    if cells > MOST_COLUMNS {
        return Err(unfit(&format!(
            "the header line has {cells} columns, and {MOST_COLUMNS} are the most"
        )));
    }
    let mut known: HashSet<&str> = HashSet::with_capacity(cells);
    let mut names = Vec::with_capacity(cells);
    for cell in batch.rows(length, cells, 1).column(0) {
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
