//! NDJSON: an object a line, with the same keys in each.

use super::{
    cell::{self, Value},
    chunks::Chunk,
    error::ConvertError,
    plan::{Plan, UNPARSED},
    rows::Row,
    tally::Tally,
    unparsed,
};

const NULL: &[u8] = b"null";

/// Turns rows into lines.
pub(super) struct Ndjson<'a> {
    plan: &'a Plan<'a>,
    /// A line up to the value of the first column that differs between rows.
    beginning: Vec<u8>,
    /// What comes before the value of each column.
    keys: Vec<Vec<u8>>,
}

impl<'a> Ndjson<'a> {
    pub(super) fn new(plan: &'a Plan<'a>) -> Self {
        let mut beginning = b"{".to_vec();
        for (name, text) in plan.front().zip(plan.lead_texts().into_iter().flatten()) {
            write_string(&mut beginning, name);
            beginning.push(b':');
            write_string(&mut beginning, &text);
            beginning.push(b',');
        }
        write_string(&mut beginning, UNPARSED);
        beginning.push(b':');
        let keys = plan.columns.iter().map(|column| {
            let mut key = b",".to_vec();
            write_string(&mut key, &column.name);
            key.push(b':');
            key
        });
        let keys = keys.collect();
        Self { plan, beginning, keys }
    }

    pub(super) fn lines(&self, chunk: &Chunk) -> Result<(Vec<u8>, Tally), ConvertError> {
        let mut out = Vec::with_capacity(chunk.bytes.len() * 4);
        let tally = self.plan.read(chunk, |rows, layout, tally| {
            rows.iter()
                .for_each(|row| self.line(row, &layout.sources, tally, &mut out));
            Ok::<_, ConvertError>(())
        })?;
        Ok((out, tally))
    }

    fn line(&self, row: Row<'_>, sources: &[Option<usize>], tally: &mut Tally, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.beginning);
        let at = out.len();
        out.extend_from_slice(NULL);
        let mut unfit = Vec::new();
        let columns = self.plan.columns.iter().zip(&self.keys).zip(sources).enumerate();
        for (place, ((column, key), source)) in columns {
            out.extend_from_slice(key);
            match source.map_or(Ok(""), |source| row.cell(source)) {
                Ok("") => out.extend_from_slice(NULL),
                cell => {
                    if let Some(value) = cell::value(cell, column.column_type, self.plan.zone) {
                        write_value(out, value, cell.unwrap_or_default());
                    } else {
                        out.extend_from_slice(NULL);
                        tally.unparsed(place);
                        unfit.push((column.name.as_str(), cell));
                    }
                }
            }
        }
        out.extend_from_slice(b"}\n");
        if !unfit.is_empty() {
            out.splice(at..at + NULL.len(), unparsed::object(&unfit));
        }
    }
}

fn write_value(out: &mut Vec<u8>, value: Value<'_>, cell: &str) {
    match value {
        Value::String(text) => write_string(out, text),
        Value::Long(_) | Value::Double(_) | Value::Boolean(_) => value.write(out, cell),
        Value::Datetime(_) | Value::Date(_) => {
            out.push(b'"');
            value.write(out, cell);
            out.push(b'"');
        }
    }
}

fn write_string(out: &mut Vec<u8>, text: &str) {
    // Text always becomes JSON, and a Vec takes everything.
    let _ = serde_json::to_writer(out, text);
}
