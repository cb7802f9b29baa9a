//! Raw exports as one file of a table.
//!
//! ```text
//! raw CSV files ─► chunks (cut at row ends) ─► workers: rows ─► cells ─► csv, ndjson or parquet ─► output (compress, hash)
//! ```

mod cell;
mod chunks;
mod csv;
mod error;
mod limits;
mod ndjson;
mod output;
#[cfg(feature = "parquet")]
mod parquet;
mod pipeline;
mod plan;
mod records;
mod rows;
mod tally;
#[cfg(test)]
mod tests;
mod time;
mod unparsed;

use std::{collections::BTreeMap, io::Write, path::PathBuf};

use jiff::tz::TimeZone;

use self::{chunks::Chunk, csv::Csv, ndjson::Ndjson, output::Written, plan::Plan, tally::Tally};
use crate::{
    column::Column,
    format::{Compression, Format},
};

pub(crate) use self::{
    error::ConvertError,
    limits::MOST_COLUMNS,
    output::Output,
    plan::{DAY, EXPORT, EXPORTED_AT, FRONT, FRONT_ALONE, Lead, UNPARSED},
    records::{Record, Records},
    rows::header,
};

/// Text of an export that becomes text of the file at once, in bytes.
const PIECE: usize = 1 << 20;

/// Raw exports that become one file of a table.
///
/// The file has the columns of [`Lead`], [`UNPARSED`], and then `columns`, with nulls where an export lacks one.
#[derive(Clone, Debug)]
pub(crate) struct Conversion<'a> {
    /// CSV files as the service sent them, whole and with a header line each, whose names say which columns are where.
    pub(crate) parts: &'a [PathBuf],
    /// The columns of the exports, in the order of the file. An export may lack some and have them in another order.
    pub(crate) columns: &'a [Column],
    /// What the first columns hold; without it there are none of them.
    pub(crate) lead: Option<Lead>,
    /// The time zone of times that name none; without it they do not fit their type.
    pub(crate) time_zone: Option<TimeZone>,
    /// The format of the file.
    pub(crate) format: Format,
    /// How text is compressed. Parquet is always compressed inside, with Zstandard.
    pub(crate) compression: Compression,
}

/// What a file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Converted {
    /// Its rows.
    pub(crate) rows: u64,
    /// Its bytes.
    pub(crate) bytes: u64,
    /// Its SHA-256, in hexadecimal digits.
    pub(crate) sha256: String,
    /// By column, cells that did not fit its type.
    pub(crate) unparsed: BTreeMap<String, u64>,
    /// Rows by event, for exports that have a column of that. Only the first 10,000 events are counted.
    pub(crate) events: BTreeMap<String, u64>,
}

/// Whether this build can write a format.
///
/// # Errors
/// If it cannot.
pub(crate) fn supported(format: Format) -> Result<(), ConvertError> {
    if format == Format::Parquet && !cfg!(feature = "parquet") {
        return Err(ConvertError::no_parquet());
    }
    Ok(())
}

impl Conversion<'_> {
    /// Writes the file and flushes it, but does not synchronize it with the disk.
    ///
    /// # Errors
    /// A part cannot be read, is not a table, or has a column that the table lacks; the file cannot be written. What is
    /// written until then is of no use.
    pub(crate) fn write(&self, file: impl Write + Send) -> Result<Converted, ConvertError> {
        let plan = Plan::new(self.parts, self.columns, self.lead.as_ref(), self.time_zone.as_ref())?;
        let output = |file| Output::new(file, self.compression).map_err(ConvertError::writing);
        let (written, tally) = match self.format {
            Format::Csv => {
                let csv = Csv::new(&plan);
                let mut output = output(file)?;
                output.write_all(&csv.header()?).map_err(ConvertError::writing)?;
                write_text(&plan, output, |chunk| csv.lines(chunk))
            }
            Format::Ndjson => {
                let ndjson = Ndjson::new(&plan);
                write_text(&plan, output(file)?, |chunk| ndjson.lines(chunk))
            }
            #[cfg(feature = "parquet")]
            Format::Parquet => parquet::write(&plan, file),
            #[cfg(not(feature = "parquet"))]
            Format::Parquet => Err(ConvertError::no_parquet()),
        }?;
        let name = |(place, count)| Some((self.columns.get::<usize>(place)?.name.clone(), count));
        let unparsed = tally.unparsed_by_column().filter_map(name).collect();
        let rows = tally.rows;
        Ok(Converted {
            rows,
            bytes: written.bytes,
            sha256: written.sha256,
            unparsed,
            events: tally.into_events(),
        })
    }
}

fn write_text(
    plan: &Plan<'_>,
    mut output: Output<impl Write>,
    lines: impl Fn(&Chunk) -> Result<(Vec<u8>, Tally), ConvertError> + Sync,
) -> Result<(Written, Tally), ConvertError> {
    let tally = plan.convert(PIECE, 1, lines, |text| {
        output.write_all(&text).map_err(ConvertError::writing)
    })?;
    Ok((output.finish().map_err(ConvertError::writing)?, tally))
}
