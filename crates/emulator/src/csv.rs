//! A CSV written on demand: rows are written when their chunk is requested, so that an export of any size needs little
//! memory.

use std::{borrow::Cow, sync::Arc};

use ::csv::{Terminator, Writer, WriterBuilder};
use bytes::Bytes;
use uuid::Uuid;

use super::{
    ledger::{EventRecord, ProfileRecord},
    settings::{LineEnding, Settings},
};
use dfinery::{Properties, PropertyValue};

/// A chunk is sent once it has this many bytes.
const CHUNK: usize = 64 * 1024;

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// A column of an export.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) cell: Cell,
    /// The values of made-up rows.
    pub(crate) sample: &'static str,
}

/// Where a column gets its values.
#[derive(Clone, Debug)]
pub(crate) enum Cell {
    /// A property of the event or of the user.
    Property,
    /// A property of the event's items.
    Item(String),
    UnifiedId,
    ExternalId,
    ApiVersion,
    EventName,
    ServerTime,
    EventTime,
    /// A column whose name is all that the tables know.
    Empty,
}

/// The rows of an export.
#[derive(Clone, Debug)]
pub(crate) enum Rows {
    Events(Arc<[EventRow]>),
    Profiles(Arc<[Arc<ProfileRecord>]>),
    Synthetic(Synthetic),
}

/// An event, or one item of it.
#[derive(Clone, Debug)]
pub(crate) struct EventRow {
    pub(crate) unified_id: Uuid,
    pub(crate) record: Arc<EventRecord>,
    /// The item, if each item has its own row.
    pub(crate) item: Option<usize>,
}

/// The same row repeated, each time with another unified id.
#[derive(Clone, Debug)]
pub(crate) struct Synthetic {
    row: Arc<[u8]>,
    unified_id_at: usize,
    count: usize,
}

/// The chunks of a CSV. A clone gives the same chunks again.
#[derive(Clone, Debug)]
pub(crate) struct Csv {
    columns: Arc<[Column]>,
    rows: Rows,
    /// The next row; none if the header comes next.
    next: Option<usize>,
    bom: bool,
    terminator: Terminator,
}

impl Csv {
    pub(crate) fn new(columns: Vec<Column>, rows: Rows, settings: &Settings) -> Self {
        let terminator = match settings.line_ending {
            LineEnding::Lf => Terminator::Any(b'\n'),
            LineEnding::CrLf => Terminator::CRLF,
        };
        Self {
            columns: columns.into(),
            rows,
            next: None,
            bom: settings.bom,
            terminator,
        }
    }

    /// A CSV of made-up rows, of at least this many bytes.
    pub(crate) fn synthetic(columns: Vec<Column>, bytes: u64, settings: &Settings) -> Self {
        let rows = Rows::Events(Arc::from([]));
        let mut csv = Self::new(columns, rows, settings);
        let unified_id = Uuid::nil().to_string();
        let row = csv.record(csv.columns.iter().map(|column| match column.cell {
            Cell::UnifiedId => unified_id.as_str(),
            _ => column.sample,
        }));
        let missing = bytes.saturating_sub(csv.length());
        let width = u64::try_from(row.len()).unwrap_or(u64::MAX).max(1);
        csv.rows = Rows::Synthetic(Synthetic {
            unified_id_at: row
                .windows(unified_id.len())
                .position(|window| window == unified_id.as_bytes())
                .unwrap_or_default(),
            count: usize::try_from(missing.div_ceil(width)).unwrap_or(usize::MAX),
            row: row.into(),
        });
        csv
    }

    /// How many bytes are still to come. To count them it writes them once more, except made-up rows.
    pub(crate) fn length(&self) -> u64 {
        let mut rest = self.clone();
        let made_up = match (&self.rows, self.next) {
            (Rows::Synthetic(synthetic), None) => {
                let bytes = synthetic.row.len().saturating_mul(synthetic.count);
                rest.rows = Rows::Events(Arc::from([]));
                bytes
            }
            _ => 0,
        };
        rest.map(|chunk| chunk.len())
            .chain([made_up])
            .map(|bytes| bytes as u64)
            .sum()
    }

    fn header(&self) -> Vec<u8> {
        let mut header = if self.bom { BYTE_ORDER_MARK.to_vec() } else { Vec::new() };
        header.extend(self.record(self.columns.iter().map(|column| column.name.as_str())));
        header
    }

    fn record<'a>(&self, fields: impl Iterator<Item = &'a str>) -> Vec<u8> {
        let mut writer = self.writer(Vec::new());
        write(&mut writer, fields);
        finish(writer)
    }

    fn writer(&self, buffer: Vec<u8>) -> Writer<Vec<u8>> {
        WriterBuilder::new().terminator(self.terminator).from_writer(buffer)
    }

    /// Adds rows to a chunk until it is full, and says how many.
    fn fill<R>(&self, chunk: &mut Vec<u8>, rows: &[R], cell: impl for<'a> Fn(&'a R, &Column) -> Cow<'a, str>) -> usize {
        let mut writer = self.writer(std::mem::take(chunk));
        let mut written = 0;
        for row in rows {
            write(&mut writer, self.columns.iter().map(|column| cell(row, column)));
            written += 1;
            if writer.get_ref().len() >= CHUNK {
                break;
            }
        }
        *chunk = finish(writer);
        written
    }
}

impl Iterator for Csv {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        let (mut chunk, row) = match self.next {
            None => (self.header(), 0),
            Some(row) => (Vec::with_capacity(CHUNK + CHUNK / 4), row),
        };
        let written = match &self.rows {
            Rows::Events(events) => self.fill(&mut chunk, events.get(row..).unwrap_or_default(), EventRow::cell),
            Rows::Profiles(profiles) => self.fill(&mut chunk, profiles.get(row..).unwrap_or_default(), profile_cell),
            Rows::Synthetic(synthetic) => synthetic.fill(&mut chunk, row),
        };
        self.next = Some(row + written);
        (!chunk.is_empty()).then(|| chunk.into())
    }
}

impl EventRow {
    fn cell(&self, column: &Column) -> Cow<'_, str> {
        let event = &self.record.event;
        match &column.cell {
            Cell::Property => property(event.event_properties.as_ref(), &column.name),
            Cell::Item(key) => match self.item {
                Some(index) => property(event.event_items.get(index), key),
                None => joined(&event.event_items, key),
            },
            Cell::UnifiedId => self.unified_id.to_string().into(),
            Cell::ExternalId => self.record.identity.external_id.as_deref().unwrap_or_default().into(),
            Cell::ApiVersion => API_VERSION.into(),
            Cell::EventName => event.event_name.as_str().into(),
            Cell::ServerTime => self.record.received.to_string().into(),
            Cell::EventTime => event.event_datetime.to_string().into(),
            Cell::Empty => "".into(),
        }
    }
}

/// The version in the paths of all operations; what the column really holds is not documented.
const API_VERSION: &str = "v1";

fn profile_cell<'a>(profile: &'a Arc<ProfileRecord>, column: &Column) -> Cow<'a, str> {
    match &column.cell {
        Cell::Property => property(Some(&profile.properties), &column.name),
        Cell::UnifiedId => profile.unified_id.to_string().into(),
        Cell::ExternalId => profile.identity.external_id.as_deref().unwrap_or_default().into(),
        Cell::Item(_) | Cell::ApiVersion | Cell::EventName | Cell::ServerTime | Cell::EventTime | Cell::Empty => {
            "".into()
        }
    }
}

impl Synthetic {
    /// Adds rows to a chunk until it is full, and says how many.
    fn fill(&self, chunk: &mut Vec<u8>, first: usize) -> usize {
        let mut row = first;
        while row < self.count && chunk.len() < CHUNK {
            self.write(row, chunk);
            row += 1;
        }
        row - first
    }

    fn write(&self, row: usize, chunk: &mut Vec<u8>) {
        let start = chunk.len() + self.unified_id_at;
        chunk.extend_from_slice(&self.row);
        let unified_id = Uuid::from_u128(row as u128);
        let mut text = Uuid::encode_buffer();
        let text = unified_id.hyphenated().encode_lower(&mut text);
        if let Some(place) = chunk.get_mut(start..start + text.len()) {
            place.copy_from_slice(text.as_bytes());
        }
    }
}

fn property<'a>(properties: Option<&'a Properties>, name: &str) -> Cow<'a, str> {
    match properties.and_then(|properties| properties.get(name)) {
        None | Some(PropertyValue::Null) => "".into(),
        Some(PropertyValue::String(text)) => text.into(),
        Some(PropertyValue::Datetime(time)) => time.to_string().into(),
        Some(other) => json(other).into(),
    }
}

/// The values of all items as a JSON array; empty if no item has one.
fn joined(items: &[Properties], key: &str) -> Cow<'static, str> {
    let values: Vec<_> = items.iter().map(|item| item.get(key)).collect();
    if values.iter().all(Option::is_none) {
        "".into()
    } else {
        json(&values).into()
    }
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// Writes a record. This cannot fail: a vector takes every byte, and every record has a field for each column.
fn write<F: AsRef<str>>(writer: &mut Writer<Vec<u8>>, mut fields: impl Iterator<Item = F>) {
    let written = fields
        .try_for_each(|field| writer.write_field(field.as_ref()))
        .and_then(|()| writer.write_record(None::<&[u8]>));
    debug_assert!(written.is_ok(), "{written:?}");
}

fn finish(writer: Writer<Vec<u8>>) -> Vec<u8> {
    writer.into_inner().unwrap_or_default()
}
