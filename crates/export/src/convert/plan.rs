//! Where the cells of each column come from.

use std::{collections::HashMap, path::PathBuf};

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::{
    chunks::{Chunk, Chunks},
    error::ConvertError,
    pipeline,
    rows::{Batch, Ragged, Reader, Rows, header},
    tally::Tally,
    time,
};
use crate::column::Column;

/// The day that the rows of a file are of.
pub(crate) const DAY: &str = "_dfinery_day";
/// When they were exported.
pub(crate) const EXPORTED_AT: &str = "_dfinery_exported_at";
/// The export that they came with.
pub(crate) const EXPORT: &str = "_dfinery_export";
/// The text of a row's cells that did not fit their types, by the name of the column.
pub(crate) const UNPARSED: &str = "_dfinery_unparsed";

/// The columns in front of those of the exports.
pub(crate) const FRONT: [&str; 4] = [DAY, EXPORTED_AT, EXPORT, UNPARSED];
/// Those of a file without a [`Lead`].
pub(crate) const FRONT_ALONE: [&str; 1] = [UNPARSED];

/// The column whose values are counted.
const EVENT: &str = "event_name";

/// How much is read at once, in bytes and cells. With less, the work for each batch counts; with more, the processor's
/// cache is too small.
const BATCH: usize = 2 << 20;

/// What the first columns of a file hold, the same in each row.
#[derive(Clone, Debug)]
pub(crate) struct Lead {
    /// The day that the rows are of.
    pub(crate) day: Date,
    /// When they were exported.
    pub(crate) exported_at: Timestamp,
    /// The export that they came with.
    pub(crate) export: String,
}

/// How the rows of each export become rows of the file.
pub(super) struct Plan<'a> {
    pub(super) columns: &'a [Column],
    pub(super) lead: Option<&'a Lead>,
    pub(super) zone: Option<&'a TimeZone>,
    parts: &'a [PathBuf],
    layouts: Vec<Layout>,
}

/// The columns of an export.
pub(super) struct Layout {
    width: usize,
    /// For each column of the file, which one of the export it is.
    pub(super) sources: Vec<Option<usize>>,
    event: Option<usize>,
}

impl<'a> Plan<'a> {
    pub(super) fn new(
        parts: &'a [PathBuf],
        columns: &'a [Column],
        lead: Option<&'a Lead>,
        zone: Option<&'a TimeZone>,
    ) -> Result<Self, ConvertError> {
        let front = front(lead);
        let mut places = HashMap::with_capacity(columns.len());
        for (place, Column { name, .. }) in columns.iter().enumerate() {
            if front.contains(&name.as_str()) {
                return Err(ConvertError::unfit_table(format!(
                    "the column {name:?} has the name of one that is added to each file"
                )));
            }
            if places.insert(name.as_str(), place).is_some() {
                return Err(ConvertError::unfit_table(format!(
                    "the table has the column {name:?} twice"
                )));
            }
        }
        let layouts = parts.iter().map(|part| {
            let names = header(part, front)?;
            let mut sources = vec![None; columns.len()];
            for (at, name) in names.iter().enumerate() {
                let place = places.get(name.as_str()).and_then(|place| sources.get_mut(*place));
                *place.ok_or_else(|| ConvertError::unknown_column(part, name))? = Some(at);
            }
            Ok(Layout {
                width: names.len(),
                sources,
                event: names.iter().position(|name| name == EVENT),
            })
        });
        Ok(Self {
            columns,
            lead,
            zone,
            parts,
            layouts: layouts.collect::<Result<_, _>>()?,
        })
    }

    /// Cuts the exports into pieces of `size` bytes, has workers `encode` them, and gives what comes of them to `take` in
    /// order. `waiting` pieces may be ready for each worker beside the one that it is at.
    pub(super) fn convert<R: Send>(
        &self,
        size: usize,
        waiting: usize,
        encode: impl Fn(&Chunk) -> Result<(R, Tally), ConvertError> + Sync,
        mut take: impl FnMut(R) -> Result<(), ConvertError>,
    ) -> Result<Tally, ConvertError> {
        let mut total = Tally::default();
        // The part of the last piece, and how many of its rows came so far.
        let (mut part, mut rows) = (0, 0);
        let encode = |chunk: Result<Chunk, ConvertError>| {
            let chunk = chunk?;
            Ok((chunk.part, encode(&chunk)?))
        };
        pipeline::run(
            Chunks::new(self.parts, size),
            waiting,
            encode,
            |result: Result<_, ConvertError>| {
                let (of, (encoded, tally)) = result.map_err(|error| {
                    let is_same = error.part() == self.parts.get(part).map(PathBuf::as_path);
                    if is_same { error.after(rows) } else { error }
                })?;
                let before = if of == part { rows } else { 0 };
                (part, rows) = (of, before + tally.rows);
                total.add(tally);
                take(encoded)
            },
        )?;
        Ok(total)
    }

    /// Reads the rows of a piece, gives them to `take` with where they come from, and counts them.
    pub(super) fn read(
        &self,
        chunk: &Chunk,
        mut take: impl FnMut(Rows<'_>, &Layout, &mut Tally) -> Result<(), ConvertError>,
    ) -> Result<Tally, ConvertError> {
        let mut tally = Tally::default();
        let (Some(layout), Some(part)) = (self.layouts.get(chunk.part), self.parts.get(chunk.part)) else {
            return Ok(tally);
        };
        let ragged = |Ragged { row, cells }| {
            let problem = format!("the row has {cells} cells, the header line has {}", layout.width);
            let row = row - u64::from(chunk.has_header);
            ConvertError::unfit(part, problem).at_row(row)
        };
        let mut reader = Reader::new(&chunk.bytes, layout.width);
        let mut batch = Batch::new();
        if chunk.has_header {
            reader.fill(&mut batch, 0).map_err(ragged)?;
        }
        while let Some(rows) = reader.fill(&mut batch, BATCH).map_err(ragged)? {
            tally.rows += rows.count() as u64;
            if let Some(event) = layout.event {
                rows.column(event)
                    .for_each(|name| tally.event(name.map_or_else(|bytes| bytes, str::as_bytes)));
            }
            take(rows, layout, &mut tally)?;
        }
        Ok(tally)
    }

    /// The names of the columns in front of those of the exports.
    pub(super) fn front(&self) -> impl Iterator<Item = &str> {
        front(self.lead).iter().copied()
    }

    /// What the columns of [`Lead`] hold, as text.
    pub(super) fn lead_texts(&self) -> Option<[String; 3]> {
        let lead = self.lead?;
        let mut exported_at = Vec::new();
        time::print(lead.exported_at, &mut exported_at);
        let exported_at = String::from_utf8_lossy(&exported_at).into_owned();
        Some([lead.day.to_string(), exported_at, lead.export.clone()])
    }
}

const fn front(lead: Option<&Lead>) -> &'static [&'static str] {
    match lead {
        Some(_) => &FRONT,
        None => &FRONT_ALONE,
    }
}
