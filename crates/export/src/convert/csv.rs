//! CSV with a header line and quotes only where they are needed. Cells have the text that they have in NDJSON, so that a
//! time without an offset is not read in the time zone of the reader.

use ::csv::{Writer, WriterBuilder};

use super::{cell, chunks::Chunk, error::ConvertError, plan::Plan, rows::Row, tally::Tally, unparsed};

/// Turns rows into lines.
pub(super) struct Csv<'a> {
    plan: &'a Plan<'a>,
    lead: Option<[String; 3]>,
}

/// The texts of the cells of a row, one after the other.
#[derive(Default)]
struct Cells {
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl<'a> Csv<'a> {
    pub(super) fn new(plan: &'a Plan<'a>) -> Self {
        let lead = plan.lead_texts();
        Self { plan, lead }
    }

    pub(super) fn header(&self) -> Result<Vec<u8>, ConvertError> {
        let mut out = writer(0);
        let names = self.plan.columns.iter().map(|column| column.name.as_str());
        out.write_record(self.plan.front().chain(names))
            .map_err(ConvertError::writing)?;
        finish(out)
    }

    pub(super) fn lines(&self, chunk: &Chunk) -> Result<(Vec<u8>, Tally), ConvertError> {
        let (mut out, mut cells) = (writer(chunk.bytes.len() * 2), Cells::default());
        let tally = self.plan.read(chunk, |rows, layout, tally| {
            let mut rows = rows.iter();
            rows.try_for_each(|row| self.line(row, &layout.sources, &mut cells, tally, &mut out))
                .map_err(ConvertError::writing)
        })?;
        Ok((finish(out)?, tally))
    }

    fn line(
        &self,
        row: Row<'_>,
        sources: &[Option<usize>],
        cells: &mut Cells,
        tally: &mut Tally,
        out: &mut Writer<Vec<u8>>,
    ) -> ::csv::Result<()> {
        let mut unfit = Vec::new();
        cells.text.clear();
        cells.ends.clear();
        for (place, (column, source)) in self.plan.columns.iter().zip(sources).enumerate() {
            let cell = source.map_or(Ok(""), |source| row.cell(source));
            if cell != Ok("") {
                if let Some(value) = cell::value(cell, column.column_type, self.plan.zone) {
                    value.write(&mut cells.text, cell.unwrap_or_default());
                } else {
                    tally.unparsed(place);
                    unfit.push((column.name.as_str(), cell));
                }
            }
            cells.ends.push(cells.text.len());
        }
        for text in self.lead.iter().flatten() {
            out.write_field(text)?;
        }
        out.write_field(if unfit.is_empty() {
            Vec::new()
        } else {
            unparsed::object(&unfit)
        })?;
        let mut start = 0;
        for end in &cells.ends {
            out.write_field(cells.text.get(start..*end).unwrap_or_default())?;
            start = *end;
        }
        out.write_record(None::<&[u8]>)
    }
}

fn writer(capacity: usize) -> Writer<Vec<u8>> {
    WriterBuilder::new().from_writer(Vec::with_capacity(capacity))
}

fn finish(out: Writer<Vec<u8>>) -> Result<Vec<u8>, ConvertError> {
    out.into_inner()
        .map_err(|error| ConvertError::writing(error.into_error()))
}
