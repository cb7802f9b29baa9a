//! An opened input, and its records one after another.

use std::{borrow::Cow, io, path::Path, sync::Arc};

use dfinery::Violation;
use dfinery_records::{Accepts, Taxonomy};

use crate::{
    dead_letter::replay_line,
    encoding,
    error::InputError,
    fingerprint::Passed,
    foreign_shape::{foreign_shape, over_lines},
    format::{Encoding, Format},
    frame::{Body, Frame},
    framer::{Framer, Next},
    json_rows::JsonRows,
    line_count::{LineCount, PassedOver},
    look,
    mapping::{self, Mapping},
    options::InputOptions,
    row_source::RowSource,
    rows::Rows,
    source::{self, Origin},
    table::{Table, TableForm},
    text_framer::TextFramer,
    unfit, utf16,
    window::{Bounds, Window},
};

/// A line of a dead-letter file holds a record up to twice, one of them with escapes.
const DEAD_LETTER_LENGTHS: usize = 4;

/// An opened input: a file or a pipe, whose records are read one after another. Reading blocks.
///
/// ```
/// use dfinery_input::{Input, InputOptions};
/// use dfinery_records::Accepts;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let lines = br#"{"identity":{"external_id":"M-1001"}}"#;
/// let mut input = Input::from_reader("users", Box::new(&lines[..]), &InputOptions::default(), None, Accepts::Mixed)?;
/// while let Some(line) = input.next()? {
///     println!("{}: {:?}", line.number, line.json);
/// }
/// input.finish()?;
/// # Ok(())
/// # }
/// ```
pub struct Input {
    name: String,
    origin: Origin,
    window: Window,
    format: Format,
    framer: Framer,
    /// The record, if it is not in the window in the form that is returned.
    json: String,
    original: Vec<u8>,
    /// The record of a dead letter, which holds it with escapes.
    letter: String,
}

/// One record of an input. A row of a table may become several records, with the same line and bytes.
pub struct Line<'a> {
    /// The line on which it begins, from 1; of a Parquet file or a sheet the number of the row.
    pub number: u64,
    /// Where it begins in the decompressed bytes of the input; of a Parquet file or a sheet the number of rows before it.
    pub offset: u64,
    /// Its bytes as they are in the input, without the line break and the columns about a bad row; only the first ones if
    /// the record is too long. Those of all its rows, if it has several.
    pub original: &'a [u8],
    /// Whether these are not all of its bytes.
    pub is_cut: bool,
    /// In a table of bad rows, the lines in front of its rows, on which their records were in the first input. Empty in any
    /// other input.
    pub origins: &'a [u64],
    /// The record as JSON, or why there is none.
    pub json: Result<&'a str, Violation>,
}

impl Input {
    /// Opens a file, or with the feature `cloud` the object of a URL such as `s3://BUCKET/KEY`, finds out how it is compressed, encoded and framed, and reads the header of a table.
    ///
    /// A column without a type in the mapping takes the type that `taxonomy`, by default the [standard
    /// one](Taxonomy::standard), gives its property.
    ///
    /// # Errors
    /// If the file cannot be opened or read, is empty, is a table without a mapping, or does not fit its mapping.
    pub fn open(
        path: &Path,
        options: &InputOptions,
        taxonomy: Option<&Taxonomy>,
        accepts: Accepts,
    ) -> Result<Self, InputError> {
        #[cfg(feature = "parquet")]
        if let Some(input) = Self::open_parquet(path, options, taxonomy, accepts)? {
            return Ok(input);
        }
        #[cfg(feature = "spreadsheet")]
        if let Some(input) = Self::open_workbook(path, options, taxonomy, accepts)? {
            return Ok(input);
        }
        let (origin, reader) = Origin::open(path)?;
        let options = InputOptions {
            format: options.format.or_else(|| Format::of_name(path)),
            ..options.clone()
        };
        let name = path.display().to_string();
        Self::new(name, origin, reader, &options, taxonomy, accepts, Bounds::default())
    }

    /// The same for a reader; `name` is its name in messages, `-` for standard input.
    ///
    /// # Errors
    /// As for [`open`](Self::open).
    pub fn from_reader(
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
        let reading = |error| InputError::reading(&name, error);
        let bounds = match options.format {
            Some(Format::DeadLetter) => Bounds {
                record: bounds.record.saturating_mul(DEAD_LETTER_LENGTHS),
                ..bounds
            },
            _ => bounds,
        };
        let mut window = Window::open(reader, options.encoding, bounds).map_err(reading)?;
        // A table may begin with a tab, if its first column has no name.
        let is_table = options.format.is_some_and(Format::is_table);
        if !is_table && !window.skip_blank().map_err(reading)? {
            return Err(source::empty(&name));
        }
        if let Some(problem) = source::refused_text(window.unread().trim_ascii_start()) {
            return Err(InputError::new(&name, problem));
        }
        let json = || Format::of_json(window.unread().first());
        let format = options.format.or_else(json).unwrap_or(Format::Csv);
        let framer = match format {
            Format::Ndjson | Format::JsonArray => {
                match json_rows(&name, format, options, &window, taxonomy, accepts)? {
                    Some(rows) => Framer::Rows(rows),
                    None => Framer::Text(TextFramer::of(format)),
                }
            }
            Format::DeadLetter => Framer::Text(TextFramer::of(format)),
            Format::Parquet => {
                let problem = "it is no Parquet file: it does not begin like one, so name it after its format";
                return Err(InputError::new(&name, problem));
            }
            Format::Workbook => {
                return Err(InputError::new(
                    &name,
                    "it is no Excel workbook: it does not begin like one",
                ));
            }
            Format::Csv | Format::Tsv => {
                let mapping = options
                    .mapping
                    .as_ref()
                    .ok_or_else(|| InputError::needs_a_mapping(&name))?;
                let usual = if format == Format::Tsv { b'\t' } else { b',' };
                let mut table = Table::new(mapping.layout(), usual);
                let header = table.header(&mut window).map_err(|stop| stop.into_error(&name))?;
                window.look_ahead().map_err(|stop| stop.into_error(&name))?;
                let mapper = mapping::fit(mapping, &header, taxonomy, accepts).map_err(|problem| {
                    let advice = lines_above(mapping, &window).map(|lines| {
                        format!(
                            "; line {} has these names: give skip_top: {lines} in the mapping",
                            lines + 1
                        )
                    });
                    InputError::new(&name, problem + &advice.unwrap_or_default())
                })?;
                Framer::Rows(Box::new(Rows::of(RowSource::Table(Box::new(table)), mapper)))
            }
        };
        Ok(Self {
            name,
            origin,
            window,
            format,
            framer,
            json: String::new(),
            original: Vec::new(),
            letter: String::new(),
        })
    }

    /// An input of rows that are no text.
    #[cfg(feature = "_typed")]
    fn typed(name: String, origin: Origin, format: Format, framer: Framer) -> Result<Self, InputError> {
        let window = Window::open(Box::new(io::empty()), Some(Encoding::Utf8), Bounds::default());
        Ok(Self {
            window: window.map_err(|error| InputError::reading(&name, error))?,
            name,
            origin,
            format,
            framer,
            json: String::new(),
            original: Vec::new(),
            letter: String::new(),
        })
    }

    /// Reads the whole table and sorts its rows in a folder if its [mapping says so](Mapping::sorts_by_group); otherwise does
    /// nothing. `goes_on` is asked now and then; returns false if it said no, after which the input is of no more use.
    ///
    /// Without it, the first call of [`next`](Self::next) does so in the folder of the system for temporary files.
    ///
    /// # Errors
    /// As for [`next`](Self::next), or if the disk fails, or if there is a row whose group is not known.
    pub fn sort_rows(&mut self, folder: &Path, goes_on: impl FnMut() -> bool) -> Result<bool, InputError> {
        match &mut self.framer {
            Framer::Rows(rows) if rows.are_to_sort() => rows
                .sort(&mut self.window, folder, goes_on)
                .map_err(|stop| stop.into_error(&self.name)),
            _ => Ok(true),
        }
    }

    fn has_rows_to_sort(&self) -> bool {
        self.framer.rows().is_some_and(Rows::are_to_sort)
    }

    /// Refuses an input of JSON whose first records are all in the shape of another program, since none of the others would
    /// be good. Call it before the first record.
    ///
    /// # Errors
    /// Says the expected shape.
    pub fn refuse_foreign_shape(self, accepts: Accepts) -> Result<Self, InputError> {
        if self.is_mapped() || !matches!(self.format, Format::Ndjson | Format::JsonArray) {
            return Ok(self);
        }
        let beginning = self.window.unread();
        let over_lines = (self.format == Format::Ndjson).then(|| over_lines(beginning)).flatten();
        match over_lines.or_else(|| foreign_shape(beginning, self.window.is_all(), accepts)) {
            Some(problem) => Err(InputError::other_shape(&self.name, self.window.line(), problem)),
            None => Ok(self),
        }
    }

    /// Whether a mapping makes its records.
    #[must_use]
    pub const fn is_mapped(&self) -> bool {
        self.framer.rows().is_some()
    }

    /// The next record; `None` at the end.
    ///
    /// # Errors
    /// If the input cannot be read further: reading failed, or it does not fit its format. A record that cannot be used
    /// is not an error; its [`json`](Line::json) says what is wrong with it.
    #[allow(clippy::should_implement_trait, reason = "an iterator could not lend its items")]
    pub fn next(&mut self) -> Result<Option<Line<'_>>, InputError> {
        // Looking up the folder costs a tenth of the time that a record takes.
        if self.has_rows_to_sort() {
            self.sort_rows(&std::env::temp_dir(), || true)?;
        }
        let next = self.framer.next(&mut self.window, &mut self.json);
        let Some(next) = next.map_err(|stop| stop.into_error(&self.name))? else {
            return Ok(None);
        };
        let (line, offset, bytes, is_cut, origins, json) = match (next, &self.framer) {
            (Next::Record(found), Framer::Rows(rows)) => {
                let (bytes, is_cut) = (rows.bytes(&found, &self.window), rows.is_cut(&found));
                let origins = rows.origins(&found);
                let json = found.problem.map_or_else(|| Ok(rows.json()), Err);
                (found.line, found.offset, bytes, is_cut, origins, json)
            }
            (Next::Record(_), _) => return Ok(None),
            #[cfg(feature = "parquet")]
            (Next::Object { number, problem }, _) => {
                let json = problem.map_or_else(|| Ok(self.json.as_str()), |problem| Err(Violation::new("", problem)));
                (number, number - 1, self.json.as_bytes(), false, &[][..], json)
            }
            (Next::Text(Frame { line, offset, body }), _) => {
                let encoding = match &body {
                    Body::Whole(range) => self
                        .window
                        .encoding_of(range, true)
                        .map_err(|stop| stop.into_error(&self.name))?,
                    Body::Broken(..) | Body::TooLong(_) => Encoding::Utf8,
                };
                let unread = self.window.unread();
                let is_cut = matches!(body, Body::TooLong(_));
                let (bytes, json) = match body {
                    Body::Whole(range) => {
                        let bytes = unread.get(range).unwrap_or_default();
                        (bytes, unfit::text(bytes, encoding, self.format, &mut self.json))
                    }
                    Body::Broken(range, problem) => (unread.get(range).unwrap_or_default(), Err(problem)),
                    Body::TooLong(length) => {
                        let problem = unfit::too_long(length, self.window.bounds.record, self.format);
                        (self.window.head.as_slice(), Err(problem))
                    }
                };
                let json = json.map_err(|problem| Violation::new("", problem));
                (line, offset, bytes, is_cut, &[][..], json)
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
            is_cut,
            origins,
            json,
        }))
    }

    /// How its table is written; `None` if it is not a table.
    #[must_use]
    pub fn table_form(&self) -> Option<TableForm> {
        self.framer.rows()?.form(self.format, &self.window)
    }

    /// The column of a table that feeds a field of its records, such as `identity.external_id`, `event.event_datetime`,
    /// `event.event_properties.df_order_id`, `event.event_items[].df_price` or `user_properties.df_gender`; `None` if there
    /// is no such column, or several items take the property from different ones.
    ///
    /// ```
    /// use dfinery_input::{Format, Input, InputOptions, Mapping};
    /// use dfinery_records::Accepts;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let table = "회원번호,이름\nM-1001,Kim\n".as_bytes();
    /// let mut options = InputOptions::default();
    /// options.format = Some(Format::Csv);
    /// options.mapping = Some(Mapping::from_yaml("identity: {external_id: 회원번호}")?);
    /// let input = Input::from_reader("users", Box::new(table), &options, None, Accepts::Mixed)?;
    /// assert_eq!(input.column_of("identity.external_id"), Some("회원번호"));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn column_of(&self, path: &str) -> Option<&str> {
        self.framer.rows()?.column_of(path)
    }

    /// The rows read so far that a condition of the mapping passes over.
    #[must_use]
    pub fn passed_over(&self) -> PassedOver {
        let rows = self.framer.rows();
        rows.map_or_else(PassedOver::default, |rows| rows.passed_over().clone())
    }

    /// The [origins](Line::origins) of the rows read so far that a condition of the mapping passes over, at most a million.
    #[must_use]
    pub fn passed_over_origins(&self) -> &[u64] {
        self.framer.rows().map_or(&[], Rows::passed_over_origins)
    }

    /// What has been read of it so far, before decompression.
    #[must_use]
    pub fn passed(&self) -> Arc<Passed> {
        self.origin.passed()
    }

    /// How many of the rows that [were sorted](Self::sort_rows) have become records since, and how many rows there are; `None`
    /// if there was nothing to sort.
    #[must_use]
    pub fn sorted_rows(&self) -> Option<(u64, u64)> {
        self.framer.rows()?.sorted()
    }

    /// How many bytes the file had when it was opened, before decompression; `None` for a pipe.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        self.origin.length()
    }

    /// The version that an object had when it was opened, its `ETag`: another one means other contents. `None` for a file and a
    /// pipe, and if the store has none.
    #[must_use]
    pub fn etag(&self) -> Option<&str> {
        self.origin.etag()
    }

    /// The lines read so far, by what they are part of; `None` for a JSON array, a Parquet file and a sheet, whose records are
    /// not lines.
    #[must_use]
    pub fn lines(&self) -> Option<LineCount> {
        (!matches!(self.format, Format::JsonArray | Format::Parquet | Format::Workbook)).then(|| self.window.lines())
    }

    /// Checks that the file did not change while it was read, that no line was lost before it became a record, and that no
    /// group of rows can have been cut without notice. Call it after the last record.
    ///
    /// # Errors
    /// If it changed, lines are missing, or there were too many groups to tell.
    pub fn finish(self) -> Result<(), InputError> {
        self.origin.finish(&self.name)?;
        if let Some(line) = self.framer.rows().and_then(Rows::unknown_from) {
            let problem = "from here on there are too many groups to tell whether the rows of each stand together: give sort_by_group: true in the mapping";
            return Err(InputError::at_line(&self.name, line, problem));
        }
        match self.lines() {
            Some(lines) if !lines.adds_up() => Err(InputError::new(
                &self.name,
                format_args!("its lines do not add up, please report it: {lines:?}"),
            )),
            _ => Ok(()),
        }
    }
}

/// The rows of an input of JSON, if there is a mapping for them.
fn json_rows(
    name: &str,
    format: Format,
    options: &InputOptions,
    window: &Window,
    taxonomy: Option<&Taxonomy>,
    accepts: Accepts,
) -> Result<Option<Box<Rows>>, InputError> {
    let Some(mapping) = &options.mapping else {
        return Ok(None);
    };
    let unfit = |problem| InputError::new(name, problem);
    let Some(rows) = JsonRows::new(format, mapping, window).map_err(unfit)? else {
        return Ok(None);
    };
    let mapper = mapping::fit(mapping, rows.header(), taxonomy, accepts).map_err(unfit)?;
    Ok(Some(Box::new(Rows::of(RowSource::Json(rows), mapper))))
}

/// How many lines stand above the line that has all names of a mapping, if one of the next lines does.
fn lines_above(mapping: &Mapping, window: &Window) -> Option<u64> {
    const MOST_LINES: usize = 20;
    let mut scratch = String::new();
    let mut lines = window.unread().split(|byte| *byte == b'\n').take(MOST_LINES);
    let place = lines.position(|line| {
        [Encoding::Utf8, Encoding::Cp949].into_iter().any(|encoding| {
            encoding::decode(line, encoding, &mut scratch).is_ok_and(|line| {
                let names: Vec<_> = line
                    .split([',', '\t', ';', '|'])
                    .map(|name| look::name(name.trim().trim_matches('"')))
                    .collect();
                mapping.columns().all(|column| names.contains(&look::name(column)))
            })
        })
    })?;
    Some(window.line() - 1 + place as u64)
}

#[cfg(feature = "parquet")]
mod parquet;
#[cfg(test)]
mod tests;
#[cfg(feature = "spreadsheet")]
mod workbook;
