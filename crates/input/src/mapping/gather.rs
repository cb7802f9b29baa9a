//! The rows of a group as one record.

use dfinery::Violation;

use super::{
    column::Take,
    decimal::Decimal,
    number,
    record::{Cell, Member, RecordMapper, Value, write_items},
};
use crate::{
    misfit::{Misfit, RowOfGroup},
    table::Cells,
};

/// What the rows of a group have given for one record.
#[derive(Default)]
pub(crate) struct Gathered {
    /// For each member of the record, what its cells have given.
    slots: Vec<Slot>,
    /// The items of all rows as JSON.
    items: String,
    first: Option<RowOfGroup>,
    scratch: String,
}

#[derive(Clone, Default)]
struct Slot {
    json: String,
    /// Whether there is a value to write.
    is_there: bool,
    /// Whether a row has given it.
    is_set: bool,
    sum: Decimal,
}

impl Gathered {
    /// Forgets the rows.
    pub(crate) fn clear(&mut self) {
        for slot in &mut self.slots {
            (slot.is_there, slot.is_set, slot.sum) = (false, false, Decimal::default());
        }
        self.items.clear();
        self.first = None;
    }

    /// Whether there is a row.
    pub(crate) const fn has_rows(&self) -> bool {
        self.first.is_some()
    }

    /// How many bytes the items have.
    pub(crate) const fn length(&self) -> usize {
        self.items.len()
    }

    /// Adds a row, or says what is wrong with it.
    pub(crate) fn add(&mut self, record: &RecordMapper, cells: &Cells, row: RowOfGroup) -> Result<(), Misfit> {
        let first = *self.first.get_or_insert(row);
        let is_first = first == row;
        let misfit = |violation| Misfit::of(violation, [row]);
        if self.slots.is_empty() {
            self.slots.resize_with(record.members().count(), Slot::default);
        }
        for (member, slot) in record.members().zip(&mut self.slots) {
            let Value::Cell(cell) = &member.value else { continue };
            self.scratch.clear();
            let written = cell.write(cells, &mut self.scratch).map_err(misfit)?;
            let is_new = match cell.take {
                Take::Same if is_first => true,
                Take::Same if slot.is_there == written.is_there && slot.json == self.scratch => false,
                Take::Same => {
                    let violation = Violation::new(&cell.column, differs(cell));
                    return Err(Misfit::of(violation, [first, row]));
                }
                Take::First => written.is_filled && !slot.is_set,
                Take::Last => written.is_filled,
                Take::Sum => {
                    if written.is_filled {
                        let sum = added(slot.sum, cell, cells);
                        let violation = |problem| Violation::new(&cell.column, problem);
                        slot.sum = sum.map_err(|problem| misfit(violation(problem)))?;
                        slot.is_set = true;
                    }
                    false
                }
            };
            if is_new {
                std::mem::swap(&mut slot.json, &mut self.scratch);
                (slot.is_there, slot.is_set) = (written.is_there, true);
            }
        }
        write_items(record.items(), cells, &mut self.items).map_err(misfit)
    }

    /// Writes the record of all rows, or says why there is none.
    pub(crate) fn write(&self, record: &RecordMapper, out: &mut String) -> Result<(), Violation> {
        let mut slots = self.slots.iter();
        let value = |member: &Member, out: &mut String| {
            let Some((slot, Value::Cell(cell))) = slots.next().map(|slot| (slot, &member.value)) else {
                return member.write(&Cells::default(), out);
            };
            match cell.take {
                Take::Sum if slot.is_set => {
                    let too_large = || Violation::new(&cell.column, "the sum is not a whole number of 64 bits");
                    if cell.is_long && slot.sum.to_long().is_none() {
                        return Err(too_large());
                    }
                    out.push_str(&slot.sum.to_string());
                    Ok(true)
                }
                Take::Sum => Ok(false),
                _ if slot.is_set => {
                    out.push_str(&slot.json);
                    Ok(slot.is_there)
                }
                // Its cells are all empty.
                _ => {
                    let violation = |problem| Violation::new(&cell.column, problem);
                    cell.reader.write("", out).map_err(violation)
                }
            }
        };
        record.write_with(out, value, |out| {
            out.push_str(&self.items);
            Ok(())
        })
    }
}

/// The sum with the cell of a row; the cell is a number.
fn added(sum: Decimal, cell: &Cell, cells: &Cells) -> Result<Decimal, String> {
    let text = cell.place.text(cells)?;
    let text = text.trim();
    let plain = cell
        .thousands
        .and_then(|separator| number::without_thousands(text, separator));
    Decimal::read(plain.as_deref().unwrap_or(text))
        .and_then(|number| sum.plus(number))
        .ok_or_else(|| "the sum has more digits than can be added exactly, which is 38".to_owned())
}

fn differs(cell: &Cell) -> String {
    let column = &cell.column;
    format!(
        "is not the same in all rows of the record: write first: {column} to take that of the first row, or last: {column}"
    )
}
