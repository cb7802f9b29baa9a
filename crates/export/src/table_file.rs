//! Files of a folder's tables.

use std::path::{Path, PathBuf};

use dfinery::engine::ToBeSynced;
use dfinery_records::Taxonomy;
use jiff::tz::TimeZone;
use tokio::sync::{Mutex, MutexGuard};

use crate::{
    blocking::blocking,
    column::Table,
    convert::{Conversion, ConvertError, Converted, FRONT, Lead, MOST_COLUMNS, header},
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
        let offset = || zone.to_fixed_offset().ok().map(|offset| offset.to_string());
        zone.iana_name().map(str::to_owned).or_else(offset)
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
            taxonomy,
            time_zone,
            format,
            compression,
            turn: _,
        } = self.writer;
        let (claim, taxonomy, time_zone, to) = (claim.clone(), taxonomy.clone(), time_zone.clone(), to.to_owned());
        let (format, compression) = (*format, *compression);
        let convert = move || {
            let before = claim.folder().schema()?;
            let mut schema = before.clone().unwrap_or_else(|| Schema::new(format, compression));
            for part in &parts {
                let names = header(part, &FRONT)?;
                schema.extend(table, names.iter().map(String::as_str), &taxonomy);
                let columns = schema.columns(table).len();
                if columns > MOST_COLUMNS {
                    let problem =
                        format!("with it the folder would have {columns} columns, and {MOST_COLUMNS} are the most");
                    return Err(ConvertError::unfit(part, problem).into());
                }
            }
            let conversion = Conversion {
                parts: &parts,
                columns: schema.columns(table),
                lead: Some(lead),
                time_zone,
                format,
                compression,
            };
            let converted = conversion.write(ToBeSynced::new(new_file(&to)?))?;
            // A column stays in a folder for good, so that of an answer that cannot be written must not come into it.
            if before.as_ref() != Some(&schema) {
                claim.write_schema(&schema)?;
            }
            let names = schema.columns(table).iter().map(|column| column.name.clone());
            Ok((converted, names.collect()))
        };
        blocking(move || Ok(convert())).await?
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// Writes an answer to a file of a folder.
    async fn write(claim: &Claim, answer: &[u8], file: &str) -> Result<(Converted, Vec<String>), NotConverted> {
        let folder = claim.folder().name();
        let raw = folder.join("0.raw");
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
        turn.write(claim, Table::Events, vec![raw], lead, &folder.join(file))
            .await
    }

    /// Writes an answer to a file of a new folder. Returns its rows, and the columns that the folder then has.
    async fn written(answer: &[u8], file: &str) -> (Result<u64, NotConverted>, Vec<String>) {
        let folder = tempfile::tempdir().unwrap();
        let claim = Folder::at(folder.path()).unwrap().claim(folder.path()).unwrap();
        let written = write(&claim, answer, file).await;
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
        let (failed, _) = written(b"a\n1\n", "no-folder/part").await;
        assert!(
            matches!(&failed, Err(NotConverted::Ours(error)) if error.is_file()),
            "{failed:?}"
        );
        let (rows, columns) = written(b"b,a\n1,2\n", "part").await;
        assert_eq!((rows.unwrap(), columns), (1, vec!["b".to_owned(), "a".to_owned()]));
    }

    #[tokio::test]
    async fn a_folder_has_no_more_columns_than_anyone_needs() {
        let folder = tempfile::tempdir().unwrap();
        let claim = Folder::at(folder.path()).unwrap().claim(folder.path()).unwrap();
        let names = |from: usize, count: usize| (from..from + count).map(|name| format!("c{name}")).collect::<Vec<_>>();
        let answer = |from, count| names(from, count).join(",");
        for (answer, expected) in [
            (answer(0, MOST_COLUMNS), Ok(MOST_COLUMNS)),
            (answer(5, MOST_COLUMNS - 5), Ok(MOST_COLUMNS)),
            (
                answer(5, MOST_COLUMNS),
                Err("the answer: with it the folder would have 10005 columns, and 10000 are the most"),
            ),
            (
                answer(0, 200_000),
                Err("the answer: the header line has 200000 columns, and 10000 are the most"),
            ),
        ] {
            let columns = write(&claim, answer.as_bytes(), "part")
                .await
                .map(|(_, columns)| columns.len());
            let columns = columns.map_err(|error| match error {
                NotConverted::Answer(error) => error.to_string(),
                NotConverted::Ours(error) => panic!("{error}"),
            });
            assert_eq!(columns, expected.map_err(str::to_owned));
            assert_eq!(
                claim.folder().existing_schema().unwrap().columns(Table::Events).len(),
                MOST_COLUMNS
            );
        }
    }
}
