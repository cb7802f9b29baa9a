//! A row as a record.

use super::{
    place::Place,
    value::{CellReader, json_string},
};
use crate::table::Cells;
use dfinery::Violation;

/// One record of a mapping, fitted to the header of a table.
pub(crate) struct RecordMapper {
    pub(super) identity: Vec<Member>,
    /// `user_properties`, which are there even if all their cells are empty.
    pub(super) user_properties: Option<Vec<Member>>,
    pub(super) event: Option<EventMembers>,
    pub(super) request_datetime: Option<Member>,
}

pub(super) struct EventMembers {
    pub(super) fields: Vec<Member>,
    pub(super) properties: Option<Vec<Member>>,
    pub(super) items: Vec<Vec<Member>>,
}

/// One member of an object.
pub(super) struct Member {
    /// The name as JSON, with the colon.
    pub(super) key: String,
    pub(super) value: Value,
}

pub(super) enum Value {
    Constant(String),
    Cell(Cell),
}

/// What is read from the cells of a row.
pub(super) struct Cell {
    pub(super) place: Place,
    /// The name of its column, for messages.
    pub(super) column: String,
    pub(super) reader: CellReader,
}

impl Cell {
    /// Writes its value as JSON.
    fn write(&self, cells: &Cells, out: &mut String) -> Result<Written, Violation> {
        let violation = |problem| Violation::new(&self.column, problem);
        let text = self.place.text(cells).map_err(violation)?;
        Ok(Written {
            is_filled: !text.trim().is_empty(),
            is_there: self.reader.write(&text, out).map_err(violation)?,
        })
    }
}

/// What a cell has given.
struct Written {
    /// Whether the cell is not empty.
    is_filled: bool,
    /// Whether there is a value.
    is_there: bool,
}

impl RecordMapper {
    /// Writes a row as a record, or names the column whose cell does not fit.
    pub(crate) fn write(&self, cells: &Cells, out: &mut String) -> Result<(), Violation> {
        out.clear();
        out.push_str("{\"identity\":");
        write_object(&self.identity, cells, out)?;
        if let Some(event) = &self.event {
            out.push_str(",\"event\":{");
            let mut is_first = true;
            write_members(&event.fields, cells, out, &mut is_first)?;
            if let Some(properties) = &event.properties {
                separate(out, &mut is_first);
                out.push_str("\"event_properties\":");
                write_object(properties, cells, out)?;
            }
            if !event.items.is_empty() {
                separate(out, &mut is_first);
                out.push_str("\"event_items\":");
                write_items(&event.items, cells, out)?;
            }
            out.push('}');
        }
        if let Some(properties) = &self.user_properties {
            out.push_str(",\"user_properties\":");
            write_object(properties, cells, out)?;
        }
        let mut is_first = false;
        write_members(self.request_datetime.as_slice(), cells, out, &mut is_first)?;
        out.push('}');
        Ok(())
    }
}

fn write_object(slots: &[Member], cells: &Cells, out: &mut String) -> Result<bool, Violation> {
    out.push('{');
    let has_cell = write_members(slots, cells, out, &mut true)?;
    out.push('}');
    Ok(has_cell)
}

/// Writes items, and leaves out those whose cells are all empty, since not every row fills all of them.
fn write_items(items: &[Vec<Member>], cells: &Cells, out: &mut String) -> Result<(), Violation> {
    out.push('[');
    let mut is_first = true;
    for item in items {
        let before = (out.len(), is_first);
        separate(out, &mut is_first);
        let is_constant = item.iter().all(|slot| matches!(slot.value, Value::Constant(_)));
        if !write_object(item, cells, out)? && !is_constant {
            out.truncate(before.0);
            is_first = before.1;
        }
    }
    out.push(']');
    Ok(())
}

/// Writes the members of an object, and returns whether any came from a non-empty cell.
fn write_members(slots: &[Member], cells: &Cells, out: &mut String, is_first: &mut bool) -> Result<bool, Violation> {
    let mut has_cell = false;
    for slot in slots {
        let before = (out.len(), *is_first);
        separate(out, is_first);
        out.push_str(&slot.key);
        match &slot.value {
            Value::Constant(json) => out.push_str(json),
            Value::Cell(cell) => {
                let written = cell.write(cells, out)?;
                has_cell |= written.is_filled;
                if !written.is_there {
                    out.truncate(before.0);
                    *is_first = before.1;
                }
            }
        }
    }
    Ok(has_cell)
}

fn separate(out: &mut String, is_first: &mut bool) {
    if !std::mem::take(is_first) {
        out.push(',');
    }
}

impl RecordMapper {
    /// The column that feeds a field; `None` if none does, or items take it from different ones.
    pub(super) fn column_of(&self, path: &str) -> Option<&str> {
        if let Some(name) = path.strip_prefix("event.event_items[].") {
            let items = self.event.as_ref()?.items.iter();
            let mut columns = items.filter_map(|item| column_in(item, name));
            let first = columns.next()?;
            return columns.all(|other| other == first).then_some(first);
        }
        let event = self.event.as_ref();
        let (members, name) = if let Some(name) = path.strip_prefix("identity.") {
            (self.identity.as_slice(), name)
        } else if let Some(name) = path.strip_prefix("user_properties.") {
            (self.user_properties.as_deref()?, name)
        } else if let Some(name) = path.strip_prefix("event.event_properties.") {
            (event?.properties.as_deref()?, name)
        } else if let Some(name) = path.strip_prefix("event.") {
            (event?.fields.as_slice(), name)
        } else {
            (self.request_datetime.as_slice(), path)
        };
        column_in(members, name)
    }
}

/// The column of a member.
fn column_in<'m>(members: &'m [Member], name: &str) -> Option<&'m str> {
    let key = format!("{}:", json_string(name));
    let member = members.iter().find(|member| member.key == key)?;
    match &member.value {
        Value::Cell(cell) => Some(&cell.column),
        Value::Constant(_) => None,
    }
}
