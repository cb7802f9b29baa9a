//! Rows whose cells have types, which are no text in their file. As text they are rows of CSV.

use std::io;

#[cfg(feature = "spreadsheet")]
use crate::workbook::SheetRows;
use crate::{
    format::Format,
    frame::Stop,
    look,
    mapping::Mapping,
    table::{Cells, RowForm, TableForm},
    window::KEPT_OF_LONG,
};
#[cfg(feature = "parquet")]
use crate::{mapping::different, parquet::ParquetFile};

/// Rows of a file.
pub(crate) struct TypedRows {
    file: TypedFile,
    header: Vec<String>,
    form: RowForm,
    /// The row read last as text.
    text: Vec<u8>,
    is_cut: bool,
    most: usize,
}

/// What the rows are read from.
enum TypedFile {
    #[cfg(feature = "parquet")]
    Parquet(Box<ParquetFile>),
    #[cfg(feature = "spreadsheet")]
    Sheet(SheetRows),
}

impl TypedRows {
    /// Rows with the columns of a mapping, which the file has.
    #[cfg(feature = "parquet")]
    pub(crate) fn of_parquet(mut file: ParquetFile, mapping: &Mapping, most: usize) -> Result<Self, String> {
        let header = different(mapping.columns());
        file.choose(&header)?;
        Ok(Self::new(TypedFile::Parquet(Box::new(file)), header, mapping, most))
    }

    /// Rows with all columns of a sheet.
    #[cfg(feature = "spreadsheet")]
    pub(crate) fn of_sheet(mut rows: SheetRows, mapping: &Mapping, most: usize) -> Self {
        rows.use_columns(mapping);
        let header = rows.header().to_vec();
        Self::new(TypedFile::Sheet(rows), header, mapping, most)
    }

    fn new(file: TypedFile, header: Vec<String>, mapping: &Mapping, most: usize) -> Self {
        let layout = mapping.layout();
        Self {
            file,
            header,
            form: RowForm::new(layout.delimiter, layout.escape),
            text: Vec::new(),
            is_cut: false,
            most,
        }
    }

    /// The names of the columns, in the order of the cells.
    #[cfg(feature = "parquet")]
    pub(crate) fn header(&self) -> &[String] {
        &self.header
    }

    /// The format, for messages.
    pub(crate) const fn format(&self) -> Format {
        match self.file {
            #[cfg(feature = "parquet")]
            TypedFile::Parquet(_) => Format::Parquet,
            #[cfg(feature = "spreadsheet")]
            TypedFile::Sheet(_) => Format::Workbook,
        }
    }

    /// Moves to the next row, and returns its number; `None` at the end.
    pub(crate) fn advance(&mut self) -> Result<Option<u64>, Stop> {
        Ok(match &mut self.file {
            #[cfg(feature = "parquet")]
            TypedFile::Parquet(file) => file.advance()?.then(|| file.number()),
            #[cfg(feature = "spreadsheet")]
            TypedFile::Sheet(rows) => rows.advance()?.then(|| rows.number()),
        })
    }

    /// Reads the cells of the row, or says why they cannot be read.
    pub(crate) fn read(&mut self, cells: &mut Cells) -> Option<String> {
        let read = match &self.file {
            #[cfg(feature = "parquet")]
            TypedFile::Parquet(file) => file.read(cells, &self.header),
            #[cfg(feature = "spreadsheet")]
            TypedFile::Sheet(rows) => rows.read(cells),
        };
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

    /// Whether the cells of the row read last are the names of the columns, as in sheets that were joined by hand.
    pub(crate) fn is_header(&self, cells: &Cells) -> bool {
        let mut names = self.header.iter().zip(cells.iter());
        self.format() == Format::Workbook && names.all(|(name, cell)| look::name(name) == look::name(cell))
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
