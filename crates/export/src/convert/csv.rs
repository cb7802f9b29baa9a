//! CSV with a header line and quotes only where they are needed. Cells that fit their types stay as they came.

use ::csv::{Writer, WriterBuilder};

use super::{cell, chunks::Chunk, error::ConvertError, plan::Plan, rows::Row, tally::Tally, unparsed};

/// Turns rows into lines.
pub(super) struct Csv<'a> {
    plan: &'a Plan<'a>,
    lead: Option<[String; 3]>,
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
        let mut out = writer(chunk.bytes.len() * 2);
        let tally = self.plan.read(chunk, |rows, layout, tally| {
            let mut rows = rows.iter();
            rows.try_for_each(|row| self.line(row, &layout.sources, tally, &mut out))
                .map_err(ConvertError::writing)
        })?;
        Ok((finish(out)?, tally))
    }

    fn line(
        &self,
        row: Row<'_>,
        sources: &[Option<usize>],
        tally: &mut Tally,
        out: &mut Writer<Vec<u8>>,
    ) -> ::csv::Result<()> {
        let cells = || {
            sources
                .iter()
                .map(|source| source.map_or(Ok(""), |source| row.cell(source)))
        };
        let (mut unfit, mut places) = (Vec::new(), Vec::new());
        for (place, (column, cell)) in self.plan.columns.iter().zip(cells()).enumerate() {
            if cell != Ok("") && cell::value(cell, column.column_type, self.plan.zone).is_none() {
                tally.unparsed(place);
                unfit.push((column.name.as_str(), cell));
                places.push(place);
            }
        }
        for text in self.lead.iter().flatten() {
            out.write_field(text)?;
        }
        out.write_field(if unfit.is_empty() {
            Vec::new()
        } else {
            unparsed::object(&unfit)
        })?;
        for (place, cell) in cells().enumerate() {
            let fits = !places.contains(&place);
            out.write_field(cell.ok().filter(|_| fits).unwrap_or_default())?;
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
