//! Files of a folder's tables.

use std::path::{Path, PathBuf};

use dfinery_records::Taxonomy;
use jiff::tz::TimeZone;
use tokio::sync::{Mutex, MutexGuard};

use crate::{
    blocking::blocking,
    column::Table,
    convert::{Conversion, Converted, Lead, header},
    error::ExportError,
    files::new_file,
    folder::{Claim, Folder, Schema},
    format::{Compression, Format},
};

/// Writes answers as files of a folder's tables.
#[derive(Debug)]
pub(crate) struct TableWriter {
    pub(crate) taxonomy: Taxonomy,
    /// Of datetimes that name none.
    pub(crate) time_zone: Option<TimeZone>,
    pub(crate) format: Format,
    pub(crate) compression: Compression,
    /// Held while a file is written, which takes all processors, and while the schema changes.
    pub(crate) turn: Mutex<()>,
}

/// The right to write a file.
pub(crate) struct Turn<'a> {
    writer: &'a TableWriter,
    _turn: MutexGuard<'a, ()>,
}

impl TableWriter {
    pub(crate) async fn turn(&self) -> Turn<'_> {
        Turn {
            writer: self,
            _turn: self.turn.lock().await,
        }
    }

    /// The path of a partition's file, relative to the folder and with slashes.
    pub(crate) fn data_path(&self, table: Table, name: &str) -> String {
        Folder::data_path(table, name, self.format, self.compression)
    }
}

impl Turn<'_> {
    /// Writes the parts of an answer as one file, with all columns that the folder has had so far. Returns their names.
    pub(crate) async fn write(
        &self,
        claim: &Claim,
        table: Table,
        parts: Vec<PathBuf>,
        lead: Lead,
        to: &Path,
    ) -> Result<(Converted, Vec<String>), ExportError> {
        let TableWriter {
            format, compression, ..
        } = *self.writer;
        let before = claim.folder().schema()?;
        let mut schema = before.clone().unwrap_or_else(|| Schema::new(format, compression));
        for part in &parts {
            let names = header(part).map_err(|error| ExportError::unreadable(part, error))?;
            schema.extend(table, names.iter().map(String::as_str), &self.writer.taxonomy);
        }
        if before.as_ref() != Some(&schema) {
            claim.write_schema(&schema)?;
        }
        let time_zone = self.writer.time_zone.clone();
        let file = new_file(to)?;
        blocking(move || {
            let columns = schema.columns(table);
            let conversion = Conversion {
                parts: &parts,
                columns,
                lead: Some(lead),
                time_zone,
                format,
                compression,
            };
            let converted = conversion.write(file).map_err(ExportError::conversion)?;
            Ok((converted, columns.iter().map(|column| column.name.clone()).collect()))
        })
        .await
    }
}
