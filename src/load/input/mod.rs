//! Files and pipes of any usual format and encoding, as records.
//!
//! ```text
//! file, pipe ─► source (count, hash, decompress) ─► window (detect, hold) ─► lines, array or table (frame) ─► decode ─► mapping (tables) ─► Line
//! ```

mod array;
mod encoding;
mod error;
mod fingerprint;
mod frame;
mod lines;
mod mapping;
mod options;
mod propose;
mod source;
mod table;
#[cfg(test)]
mod tests;
mod utf16;
mod window;

use std::{borrow::Cow, io, path::Path, sync::Arc};

pub(crate) use self::fingerprint::{Beginning, Passed};
use self::{
    array::Array,
    error::STDIN,
    frame::{Body, Frame, Framer},
    lines::Lines,
    mapping::{RowMapper, is_like_a_value},
    source::Origin,
    table::{Cells, Table},
    window::{Bounds, Window},
};
pub use self::{
    error::InputError,
    mapping::Mapping,
    options::{Encoding, Format, InputOptions},
    propose::{Proposal, ProposalOptions, propose},
};

use super::{Accepts, Taxonomy, dead_letter::replay_line};
use crate::Violation;

/// The most bytes of one record; a longer one is passed over and is no record of JSON.
pub(crate) const MAX_RECORD: usize = 8 * 1024 * 1024;
/// A line of a dead-letter file holds a record up to twice, once with escapes.
const DEAD_LETTER_LENGTHS: usize = 4;

/// An opened input.
pub(crate) struct Input {
    name: String,
    origin: Origin,
    window: Window,
    format: Format,
    framer: Framer,
    mapper: Option<RowMapper>,
    cells: Cells,
    /// The record where it does not stand in the window as it is given.
    json: String,
    original: Vec<u8>,
    /// The record of a dead letter that holds it with escapes.
    letter: String,
}

/// One record of an input.
pub(crate) struct Line<'a> {
    /// The line on which it begins, from 1.
    pub(crate) number: u64,
    /// Where it begins in the decompressed bytes of the input.
    pub(crate) offset: u64,
    /// Its bytes as they stand in the input, without the line break; of a record that is too long, the first ones.
    pub(crate) original: &'a [u8],
    /// The record as JSON, or why there is none.
    pub(crate) json: Result<&'a str, Violation>,
}

impl Input {
    pub(crate) fn open(
        path: &Path,
        options: &InputOptions,
        taxonomy: Option<&Taxonomy>,
        accepts: Accepts,
    ) -> Result<Self, InputError> {
        let (origin, reader) = Origin::open(path)?;
        let options = InputOptions {
            format: options.format.or_else(|| Format::of_name(path)),
            ..options.clone()
        };
        let name = path.display().to_string();
        Self::new(name, origin, reader, &options, taxonomy, accepts, Bounds::default())
    }

    pub(crate) fn from_reader(
        name: &str,
        reader: Box<dyn io::Read + Send>,
        options: &InputOptions,
        taxonomy: Option<&Taxonomy>,
        accepts: Accepts,
    ) -> Result<Self, InputError> {
        let (origin, reader) = Origin::read(name, reader)?;
        Self::new(
            name.to_owned(),
            origin,
            reader,
            options,
            taxonomy,
            accepts,
            Bounds::default(),
        )
    }

    fn new(
        name: String,
        origin: Origin,
        reader: Box<dyn io::Read + Send>,
        options: &InputOptions,
        taxonomy: Option<&Taxonomy>,
        accepts: Accepts,
        bounds: Bounds,
    ) -> Result<Self, InputError> {
        let reading = |error| InputError::reading(&name, &error);
        let bounds = match options.format {
            Some(Format::DeadLetter) => Bounds {
                record: bounds.record.saturating_mul(DEAD_LETTER_LENGTHS),
                ..bounds
            },
            _ => bounds,
        };
        let mut window = Window::open(reader, options.encoding, bounds).map_err(reading)?;
        // A table may begin with a tab, which stands for a column without a name.
        let is_table = options.format.is_some_and(Format::is_table);
        if !is_table && !window.skip_blank().map_err(reading)? {
            return Err(source::empty(&name));
        }
        let first = window.unread().first().copied();
        let format = match options.format {
            Some(format) => format,
            None if first == Some(b'[') => Format::JsonArray,
            None if first == Some(b'{') => Format::Ndjson,
            None => Format::Csv,
        };
        let mut mapper = None;
        let framer = match format {
            Format::Ndjson | Format::DeadLetter => Framer::Lines(Lines::default()),
            Format::JsonArray => Framer::Array(Array::default()),
            Format::Csv | Format::Tsv => {
                let mapping = options.mapping.as_ref().ok_or_else(|| needs_mapping(&name))?;
                let usual = if format == Format::Tsv { b'\t' } else { b',' };
                let mut table = Table::new(mapping.delimiter().unwrap_or(usual));
                let header = table.header(&mut window).map_err(|stop| stop.into_error(&name))?;
                window.look_ahead().map_err(|stop| stop.into_error(&name))?;
                let types = taxonomy.map_or_else(|| Cow::Owned(Taxonomy::standard()), Cow::Borrowed);
                mapper = Some(
                    RowMapper::new(mapping, &header, &types, accepts)
                        .map_err(|problem| InputError::new(&name, problem))?,
                );
                Framer::Table(Box::new(table))
            }
        };
        Ok(Self {
            name,
            origin,
            window,
            format,
            framer,
            mapper,
            cells: Cells::default(),
            json: String::new(),
            original: Vec::new(),
            letter: String::new(),
        })
    }

    /// The next record; `None` at the end.
    #[allow(clippy::should_implement_trait, reason = "an iterator could not lend its items")]
    pub(crate) fn next(&mut self) -> Result<Option<Line<'_>>, InputError> {
        let Some(frame) = self
            .framer
            .next(&mut self.window)
            .map_err(|stop| stop.into_error(&self.name))?
        else {
            return Ok(None);
        };
        let Frame { line, offset, body } = frame;
        let encoding = match &body {
            Body::Whole(range) => self
                .window
                .encoding_of(range, !self.format.is_table())
                .map_err(|stop| stop.into_error(&self.name))?,
            Body::Broken(..) | Body::TooLong(_) => Encoding::Utf8,
        };
        let unread = self.window.unread();
        let (bytes, json) = match body {
            Body::Whole(range) => {
                let bytes = unread.get(range).unwrap_or_default();
                let json = match (&self.mapper, &self.framer) {
                    (Some(mapper), Framer::Table(table)) => match table.cells(bytes, encoding, &mut self.cells) {
                        Ok(()) => mapper.write(&self.cells, &mut self.json).map(|()| self.json.as_str()),
                        Err(bad) => Err(Violation::new("", bad.problem(self.format.unit()))),
                    },
                    _ => encoding::decode(bytes, encoding, &mut self.json)
                        .map_err(|bad| Violation::new("", bad.problem(self.format.unit()))),
                };
                (bytes, json)
            }
            Body::Broken(range, problem) => (unread.get(range).unwrap_or_default(), Err(Violation::new("", problem))),
            Body::TooLong(length) => {
                let problem = too_long(length, self.window.bounds.record, self.format);
                (self.window.head.as_slice(), Err(Violation::new("", problem)))
            }
        };
        let json = match json {
            Ok(text) if self.format == Format::DeadLetter => replay_line(text).map(|record| match record {
                Cow::Borrowed(record) => record,
                Cow::Owned(record) => {
                    self.letter = record;
                    self.letter.as_str()
                }
            }),
            json => json,
        };
        let original = match self.window.order() {
            // A letter about a letter would grow with every replay.
            _ if self.format == Format::DeadLetter => json.as_ref().map_or(bytes, |record| record.as_bytes()),
            Some(order) => {
                utf16::restore(bytes, order, &mut self.original);
                &self.original
            }
            None => bytes,
        };
        Ok(Some(Line {
            number: line,
            offset,
            original,
            json,
        }))
    }

    /// What of it was read so far, before decompression.
    pub(crate) fn passed(&self) -> Arc<Passed> {
        self.origin.passed()
    }

    /// How many bytes the file had when it was opened, before decompression; `None` for a pipe.
    pub(crate) fn length(&self) -> Option<u64> {
        self.origin.length()
    }

    /// To be called after the last record: says whether the file changed while it was read.
    pub(crate) fn finish(self) -> Result<(), InputError> {
        self.origin.finish(&self.name)
    }
}

fn needs_mapping(name: &str) -> InputError {
    let (file, before) = if name == STDIN {
        ("FILE".to_owned(), "write it to a FILE, ")
    } else {
        (quoted(name), "")
    };
    InputError::new(
        name,
        format_args!(
            "it is read as a table, which needs a mapping of its columns: {before}run `dfinery mapping init {file}`, complete what it \
             writes, and give it with --mapping"
        ),
    )
}

/// A name as a shell reads it.
fn quoted(name: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | '+' | ':' | '\\');
    if name.chars().all(is_plain) {
        name.to_owned()
    } else {
        format!("'{}'", name.replace('\'', r"'\''"))
    }
}

fn too_long(length: u64, most: usize, format: Format) -> String {
    let unit = format.unit();
    let reason = if format.is_table() {
        "; a quote that is never closed is the usual reason"
    } else {
        ""
    };
    format!("the {unit} has {length} bytes, at most {most} are read{reason}")
}
