//! A row as a record.

use super::{
    column::Take,
    each::Items,
    json_text::json_string,
    place::{Place, check_identifier},
    value::CellReader,
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
    pub(super) items: Vec<Items<Member>>,
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
    pub(super) is_identifier: bool,
    /// The name of its column, for messages.
    pub(super) column: String,
    pub(super) reader: CellReader,
    /// Which of the rows of a group have the value.
    pub(super) take: Take,
    /// Whether it is a whole number.
    pub(super) is_long: bool,
    /// The separator of thousands in it.
    pub(super) thousands: Option<char>,
}

impl Member {
    /// Writes its value as JSON, and returns whether there is one.
    pub(super) fn write(&self, cells: &Cells, out: &mut String) -> Result<bool, Violation> {
        match &self.value {
            Value::Constant(json) => {
                out.push_str(json);
                Ok(true)
            }
            Value::Cell(cell) => Ok(cell.write(cells, out)?.is_there),
        }
    }
}

impl Cell {
    /// Writes its value as JSON.
    pub(super) fn write(&self, cells: &Cells, out: &mut String) -> Result<Written, Violation> {
        let violation = |problem| Violation::new(&self.column, problem);
        let text = self.place.text(cells).map_err(violation)?;
        let kind = self.place.kind(cells);
        if self.is_identifier {
            check_identifier(&text, kind).map_err(violation)?;
        }
        Ok(Written {
            is_filled: !text.trim().is_empty(),
            is_there: self.reader.write_typed(&text, kind, out).map_err(violation)?,
        })
    }
}

/// What a cell has given.
pub(super) struct Written {
    /// Whether the cell is not empty.
    pub(super) is_filled: bool,
    /// Whether there is a value.
    pub(super) is_there: bool,
}

impl RecordMapper {
    /// Writes a row as a record, or names the column whose cell does not fit.
    pub(crate) fn write(&self, cells: &Cells, out: &mut String) -> Result<(), Violation> {
        self.write_with(
            out,
            |member, out| member.write(cells, out),
            |out| write_items(self.items(), cells, out),
        )
    }

    /// Writes a record whose values and items others write. The function for values is called once for each of the
    /// [members](Self::members), in their order, and returns whether there is a value.
    pub(super) fn write_with(
        &self,
        out: &mut String,
        mut value: impl FnMut(&Member, &mut String) -> Result<bool, Violation>,
        items: impl FnOnce(&mut String) -> Result<(), Violation>,
    ) -> Result<(), Violation> {
        out.clear();
        out.push_str("{\"identity\":{");
        write_members(&self.identity, &mut value, out, &mut true)?;
        out.push('}');
        if let Some(event) = &self.event {
            out.push_str(",\"event\":{");
            let mut is_first = true;
            write_members(&event.fields, &mut value, out, &mut is_first)?;
            if let Some(properties) = &event.properties {
                separate(out, &mut is_first);
                out.push_str("\"event_properties\":{");
                write_members(properties, &mut value, out, &mut true)?;
                out.push('}');
            }
            if !event.items.is_empty() {
                separate(out, &mut is_first);
                out.push_str("\"event_items\":[");
                items(out)?;
                out.push(']');
            }
            out.push('}');
        }
        if let Some(properties) = &self.user_properties {
            out.push_str(",\"user_properties\":{");
            write_members(properties, &mut value, out, &mut true)?;
            out.push('}');
        }
        write_members(self.request_datetime.as_slice(), &mut value, out, &mut false)?;
        out.push('}');
        Ok(())
    }

    /// The members of the record beside its items.
    pub(super) fn members(&self) -> impl Iterator<Item = &Member> {
        let event = self.event.iter();
        let event = event.flat_map(|event| event.fields.iter().chain(event.properties.iter().flatten()));
        let properties = self.user_properties.iter().flatten();
        self.identity
            .iter()
            .chain(event)
            .chain(properties)
            .chain(&self.request_datetime)
    }

    /// The items that each row has.
    pub(super) fn items(&self) -> &[Items<Member>] {
        self.event.as_ref().map_or(&[], |event| &event.items)
    }
}

/// Writes items with commas between them and before them if others are there, and leaves out those whose cells are all
/// empty, since not every row fills all of them.
pub(super) fn write_items(items: &[Items<Member>], cells: &Cells, out: &mut String) -> Result<(), Violation> {
    items.iter().try_for_each(|items| match items {
        Items::Row(item) => write_item(item, cells, out),
        Items::Each(each) => each.write(cells, |item, cells| write_item(item, cells, out)),
    })
}

fn write_item(item: &[Member], cells: &Cells, out: &mut String) -> Result<(), Violation> {
    let before = out.len();
    if !matches!(out.as_bytes().last(), None | Some(b'[')) {
        out.push(',');
    }
    let mut has_cell = item.iter().all(|member| matches!(member.value, Value::Constant(_)));
    let value = |member: &Member, out: &mut String| match &member.value {
        Value::Constant(_) => member.write(cells, out),
        Value::Cell(cell) => {
            let written = cell.write(cells, out)?;
            has_cell |= written.is_filled;
            Ok(written.is_there)
        }
    };
    out.push('{');
    write_members(item, value, out, &mut true)?;
    out.push('}');
    if !has_cell {
        out.truncate(before);
    }
    Ok(())
}

/// Writes the members of an object that have a value.
fn write_members(
    members: &[Member],
    mut value: impl FnMut(&Member, &mut String) -> Result<bool, Violation>,
    out: &mut String,
    is_first: &mut bool,
) -> Result<(), Violation> {
    for member in members {
        let before = (out.len(), *is_first);
        separate(out, is_first);
        out.push_str(&member.key);
        if !value(member, out)? {
            out.truncate(before.0);
            *is_first = before.1;
        }
    }
    Ok(())
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
            let mut columns = items.filter_map(|items| column_in(items.members(), name));
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
