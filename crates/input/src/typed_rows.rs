//! Rows whose cells have types, which are no text in their file. As text they are rows of CSV with the columns of the mapping.

use std::io;

use crate::{
    frame::Stop,
    mapping::{Mapping, different},
    parquet::ParquetFile,
    table::{Cells, RowForm, TableForm},
    window::KEPT_OF_LONG,
};

/// Rows of a file.
pub(crate) struct TypedRows {
    file: ParquetFile,
    header: Vec<String>,
    form: RowForm,
    /// The row read last as text.
    text: Vec<u8>,
    is_cut: bool,
    most: usize,
}

impl TypedRows {
    /// Rows with the columns of a mapping, which the file has.
    pub(crate) fn new(mut file: ParquetFile, mapping: &Mapping, most: usize) -> Result<Self, String> {
        let header = different(mapping.columns());
        file.choose(&header)?;
        let layout = mapping.layout();
        Ok(Self {
            file,
            header,
            form: RowForm::new(layout.delimiter, layout.escape),
            text: Vec::new(),
            is_cut: false,
            most,
        })
    }

    /// The names of the columns, in the order of the cells.
    pub(crate) fn header(&self) -> &[String] {
        &self.header
    }

    /// Moves to the next row, and returns its number; `None` at the end.
    pub(crate) fn advance(&mut self) -> Result<Option<u64>, Stop> {
        Ok(self.file.advance()?.then(|| self.file.number()))
    }

    /// Reads the cells of the row, or says why they cannot be read.
    pub(crate) fn read(&mut self, cells: &mut Cells) -> Option<String> {
        let read = self.file.read(cells, &self.header);
        self.text.clear();
        self.form.write(cells.iter(), &mut self.text);
        let length = self.text.len();
        self.is_cut = length > self.most;
        if self.is_cut {
            self.text.truncate(KEPT_OF_LONG);
            let most = self.most;
            return Some(format!("the row has {length} bytes as text, at most {most} are read"));
        }
        read.err()
    }

    /// The row read last as text.
    pub(crate) fn text(&self) -> &[u8] {
        &self.text
    }

    /// Whether this is not all of it.
    pub(crate) const fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// Writes the row read last so that it can be read again with its types.
    pub(crate) fn store(&self, cells: &Cells, out: &mut Vec<u8>) {
        out.clear();
        out.extend_from_slice(&(self.text.len() as u64).to_le_bytes());
        out.extend_from_slice(&self.text);
        cells.store(out);
    }

    /// Reads what [`store`](Self::store) wrote: the text of the row and its cells.
    pub(crate) fn restore(stored: &[u8], text: &mut Vec<u8>, cells: &mut Cells) -> io::Result<()> {
        let broken = || io::Error::from(io::ErrorKind::InvalidData);
        let (length, rest) = stored.split_first_chunk().ok_or_else(broken)?;
        let length = usize::try_from(u64::from_le_bytes(*length)).map_err(|_| broken())?;
        let (row, rest) = rest.split_at_checked(length).ok_or_else(broken)?;
        text.clear();
        text.extend_from_slice(row);
        cells.restore(rest).ok_or_else(broken)
    }

    /// How a table of these rows is written.
    pub(crate) fn form(&self) -> TableForm {
        TableForm::of_rows(&self.form, &self.header)
    }
}
