//! Objects in JSON as rows: each member is a cell.

use std::{collections::BTreeSet, ops::Range};

use dfinery_records::nearest;
use serde_json::{Value, value::RawValue};

use crate::{
    fields::{Fields, Values},
    foreign_shape::shown_fields,
    format::{Encoding, Format},
    frame::{Frame, Stop},
    look,
    mapping::{Mapping, different, is_like_a_value},
    table::Cells,
    text_framer::TextFramer,
    unfit,
    window::Window,
};

/// Finds objects and reads the cells that a mapping names.
pub(crate) struct JsonRows {
    format: Format,
    framer: TextFramer,
    fields: Fields,
    values: Values,
    scratch: String,
}

impl JsonRows {
    /// Rows with these columns.
    pub(crate) fn with_columns(format: Format, columns: Vec<String>) -> Self {
        Self {
            format,
            framer: TextFramer::of(format),
            fields: Fields::new(columns),
            values: Values::default(),
            scratch: String::new(),
        }
    }

    /// Fits a mapping to the first objects in the window. `None` if these are records already, and have none of the columns.
    /// An error says what does not fit.
    pub(crate) fn new(format: Format, mapping: &Mapping, window: &Window) -> Result<Option<Self>, String> {
        let mut rows = Self::with_columns(format, different(mapping.columns()));
        let beginning = beginning(window.unread());
        let mut cells = Cells::default();
        for object in &beginning {
            // What cannot be read is a bad row.
            let _ = rows.fields.read(object, &mut rows.values, &mut cells);
        }
        let is_record = beginning.first().is_some_and(|first| is_record(first));
        let missing = || rows.fields.seen(&rows.values).filter(|(_, seen)| !seen);
        if beginning.is_empty() || missing().next().is_none() {
            return Ok(Some(rows));
        }
        if rows.fields.seen(&rows.values).all(|(_, seen)| !seen) {
            if is_record {
                return Ok(None);
            }
            let fields = beginning.first().map(|first| shown_fields(first)).unwrap_or_default();
            return Err(format!(
                "none of the columns of the mapping is in its first records: check that the mapping is for this file{fields}"
            ));
        }
        let mut names = BTreeSet::new();
        for value in beginning.iter().filter_map(|object| serde_json::from_str(object).ok()) {
            add_names("", value, &mut names);
        }
        let used: Vec<_> = rows
            .fields
            .seen(&rows.values)
            .map(|(name, _)| look::name(name))
            .collect();
        let free = || {
            let names = names.iter().map(String::as_str);
            names.filter(|name| !is_like_a_value(name) && !used.contains(&look::name(name)))
        };
        let slip = missing().find_map(|(name, _)| Some((name, nearest(name, free())?)));
        if let Some((name, meant)) = slip {
            let place = mapping.place_of(name).map(|place| format!(" ({place})"));
            return Err(format!(
                "the mapping names a column that its first records do not have: {}{}; did you mean {}?",
                look::shown(name),
                place.unwrap_or_default(),
                look::shown(meant)
            ));
        }
        Ok(Some(rows))
    }

    /// The names of the columns, in the order of the cells.
    pub(crate) fn header(&self) -> &[String] {
        self.fields.names()
    }

    pub(crate) fn next(&mut self, window: &mut Window) -> Result<Option<Frame>, Stop> {
        self.framer.next(window)
    }

    pub(crate) const fn format(&self) -> Format {
        self.format
    }

    /// Takes the previous row for none that becomes a record.
    pub(crate) const fn pass_over(&mut self) {
        self.framer.pass_over();
    }

    /// Reads the cells of a row in the window, or says why they cannot be read.
    pub(crate) fn read(
        &mut self,
        range: &Range<usize>,
        window: &mut Window,
        cells: &mut Cells,
    ) -> Result<Option<String>, Stop> {
        let encoding = window.encoding_of(range, true)?;
        let bytes = window.unread().get(range.clone()).unwrap_or_default();
        let text = unfit::text(bytes, encoding, self.format, &mut self.scratch);
        let read = text.and_then(|text| self.fields.read(text, &mut self.values, cells));
        Ok(read.err())
    }

    /// Reads the cells of a row that was found before.
    pub(crate) fn read_again(&mut self, row: &[u8], encoding: Encoding, cells: &mut Cells) -> Result<(), String> {
        let text = unfit::text(row, encoding, self.format, &mut self.scratch)?;
        self.fields.read(text, &mut self.values, cells)
    }
}

/// The objects at the beginning of an input that are in memory as a whole.
fn beginning(bytes: &[u8]) -> Vec<&str> {
    let mut objects = Vec::new();
    let mut rest = bytes;
    while let Some(from) = rest.iter().position(|byte| *byte == b'{') {
        let Some((between, object)) = rest.split_at_checked(from) else {
            break;
        };
        let mut stream = serde_json::Deserializer::from_slice(object).into_iter::<&RawValue>();
        let Some(Ok(value)) = stream.next() else { break };
        if !between.iter().all(|byte| b" \t\r\n,[\x1E".contains(byte)) {
            break;
        }
        objects.push(value.get());
        rest = object.get(stream.byte_offset()..).unwrap_or_default();
    }
    objects
}

/// Whether an object has the shape of a record, which names its user.
pub(crate) fn is_record(object: &str) -> bool {
    let value: Option<Value> = serde_json::from_str(object).ok();
    value.is_some_and(|value| value.get("identity").is_some_and(Value::is_object))
}

/// Adds the names of the members of an object, and with dots those in its objects.
fn add_names(before: &str, value: Value, names: &mut BTreeSet<String>) {
    const MOST: usize = 1_000;
    let Value::Object(members) = value else { return };
    for (name, value) in members {
        if names.len() >= MOST {
            return;
        }
        let name = format!("{before}{name}");
        add_names(&format!("{name}."), value, names);
        names.insert(name);
    }
}
