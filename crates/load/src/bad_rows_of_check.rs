//! The bad rows of an input that is checked, as a file.

use std::{
    io::{self, Write as _},
    path::Path,
};

use dfinery::Violation;
use dfinery_input::{Input, Line, TableForm};

use crate::{
    bad_record::BadRecord,
    letter::{in_words, json_line},
    record::Fate,
    table_file::TableFile,
};

/// The bad rows of an input that is checked.
pub(crate) struct BadRowsFile<'a> {
    path: &'a Path,
    form: Option<TableForm>,
    is_mapped: bool,
    /// The place of the JSON written last.
    offset: Option<u64>,
    /// Once there is a bad row.
    file: Option<TableFile>,
    /// Those read last, which are not written yet.
    rows: BadRecord,
    bytes: Vec<u8>,
}

impl<'a> BadRowsFile<'a> {
    pub(crate) fn new(path: &'a Path, input: &Input) -> Self {
        Self {
            path,
            form: input.table_form(),
            is_mapped: input.is_mapped(),
            offset: None,
            file: None,
            rows: BadRecord::default(),
            bytes: Vec::new(),
        }
    }

    /// Writes a row that may not be sent.
    pub(crate) fn add(&mut self, line: &Line<'_>, reasons: &[Violation]) -> io::Result<()> {
        self.bytes.clear();
        if let Some(form) = &self.form {
            if self.file.is_none() {
                self.bytes = form.head();
            }
            if !self.rows.is_on(0, line.number) {
                self.rows.append(form, &mut self.bytes);
                self.rows = BadRecord::on_line(line.number, line.original);
            }
            if !line.is_cut {
                self.rows.because([Fate::Invalid.name(), &in_words(reasons)]);
            }
        } else if !(self.is_mapped && self.offset.replace(line.offset) == Some(line.offset)) {
            let record = line.json.as_ref().ok().copied().filter(|_| !self.is_mapped);
            json_line(line.original, line.is_cut, record, &mut self.bytes);
        }
        self.write()
    }

    fn write(&mut self) -> io::Result<()> {
        let file = match self.file.take() {
            Some(file) => file,
            None => TableFile::create(self.path)?,
        };
        self.file.insert(file).write_all(&self.bytes)
    }

    pub(crate) fn finish(mut self) -> io::Result<()> {
        if self.file.is_none() {
            return Ok(());
        }
        if let Some(form) = &self.form {
            self.bytes.clear();
            self.rows.append(form, &mut self.bytes);
            self.write()?;
        }
        self.file.map_or(Ok(()), TableFile::finish)
    }
}
