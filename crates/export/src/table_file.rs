//! Files of a folder's tables.

use std::path::{Path, PathBuf};

use dfinery_records::Taxonomy;
use jiff::tz::TimeZone;
use tokio::sync::{Mutex, MutexGuard};

use crate::{
    blocking::blocking,
    column::Table,
    convert::{Conversion, Converted, Lead, header},
    files::new_file,
    folder::{Claim, Folder, Schema},
    format::{Compression, Format},
    not_converted::NotConverted,
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

    /// The name of the time zone of datetimes that name none.
    pub(crate) fn time_zone_name(&self) -> Option<String> {
        let zone = self.time_zone.as_ref()?;
        Some(zone.iana_name().map_or_else(|| format!("{zone:?}"), str::to_owned))
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
    ) -> Result<(Converted, Vec<String>), NotConverted> {
        let TableWriter {
            format, compression, ..
        } = *self.writer;
        let before = claim.folder().schema()?;
        let mut schema = before.clone().unwrap_or_else(|| Schema::new(format, compression));
        for part in &parts {
            let names = header(part)?;
            schema.extend(table, names.iter().map(String::as_str), &self.writer.taxonomy);
        }
        if before.as_ref() != Some(&schema) {
            claim.write_schema(&schema)?;
        }
        let time_zone = self.writer.time_zone.clone();
        let file = new_file(to)?;
        let convert = move || {
            let columns = schema.columns(table);
            let conversion = Conversion {
                parts: &parts,
                columns,
                lead: Some(lead),
                time_zone,
                format,
                compression,
            };
            let converted = conversion.write(file)?;
            Ok((converted, columns.iter().map(|column| column.name.clone()).collect()))
        };
        blocking(move || Ok(convert())).await?
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// Writes an answer to a file of a new folder. Returns also the columns that the folder then has.
    async fn written(answer: &[u8], file: &str) -> (Result<u64, NotConverted>, Vec<String>) {
        let folder = tempfile::tempdir().unwrap();
        let claim = Folder::new(folder.path()).claim().unwrap();
        let raw = folder.path().join("0.raw");
        fs::write(&raw, answer).unwrap();
        let writer = TableWriter {
            taxonomy: Taxonomy::standard(),
            time_zone: None,
            format: Format::Ndjson,
            compression: Compression::None,
            turn: Mutex::default(),
        };
        let lead = Lead {
            day: "2026-11-20".parse().unwrap(),
            exported_at: "2026-11-21T00:00:00Z".parse().unwrap(),
            export: "test".to_owned(),
        };
        let turn = writer.turn().await;
        let written = turn
            .write(&claim, Table::Events, vec![raw], lead, &folder.path().join(file))
            .await;
        let schema = claim.folder().schema().unwrap();
        let columns = schema.map_or_else(Vec::new, |schema| schema.events);
        let columns = columns.into_iter().map(|column| column.name).collect();
        (written.map(|(converted, _)| converted.rows), columns)
    }

    #[tokio::test]
    async fn what_is_wrong_with_an_answer_is_not_taken_for_the_disk() {
        for (answer, problem) in [
            (&b""[..], "the answer: it has no header line"),
            (b"a,b,a\n", "the answer: the header line has the column \"a\" twice"),
            (b"a,\xff\n", "the answer: the header line is not UTF-8"),
            (b"a\n\"1\n", "the answer: it ends within a quoted cell"),
            (
                b"a,b\n1,2\n3\n",
                "the answer, row 2: the row has 1 cells, the header line has 2",
            ),
        ] {
            let (written, _) = written(answer, "part").await;
            let Err(NotConverted::Answer(error)) = written else {
                panic!("{problem}: {written:?}");
            };
            assert_eq!(error.to_string(), problem);
        }
        let (written, _) = written(b"a\n1\n", "no-folder/part").await;
        assert!(
            matches!(&written, Err(NotConverted::Ours(error)) if error.is_file()),
            "{written:?}"
        );
    }
}
