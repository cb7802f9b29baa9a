//! The findings about objects in JSON, from reading them twice: for the names of their members, and for what these hold.

use std::collections::HashSet;

use serde_json::{Map, Value, value::RawValue};

use super::{
    evidence::Evidence,
    sheet::{MOST_COLUMNS, Sheet},
};
use crate::{
    error::InputError,
    fields::{Fields, Values},
    format::Format,
    frame::{Body, Frame},
    json_rows::{JsonRows, is_record},
    table::Cells,
    text_framer::TextFramer,
    unfit,
    window::Window,
};

/// The names of columns, in the order in which they are found.
#[derive(Default)]
struct Names {
    in_order: Vec<String>,
    known: HashSet<String>,
    more: HashSet<String>,
}

impl Names {
    fn add(&mut self, name: &str) {
        if self.known.contains(name) || self.more.len() >= MOST_COLUMNS {
            return;
        }
        if self.in_order.len() >= MOST_COLUMNS {
            self.more.insert(name.to_owned());
            return;
        }
        self.in_order.push(name.to_owned());
        self.known.insert(name.to_owned());
    }

    /// Adds the names of values, and passes on the lists of objects.
    fn add_all(&mut self, before: &str, object: &Map<String, Value>, list: &mut impl FnMut(&str, &[Value])) {
        for (name, value) in object {
            let name = format!("{before}{name}");
            match value {
                Value::Object(inner) => self.add_all(&format!("{name}."), inner, list),
                Value::Array(elements) if elements.iter().any(Value::is_object) => list(&name, elements),
                _ => self.add(&name),
            }
        }
    }
}

/// The columns of objects, and a list of objects that may be items.
#[derive(Default)]
struct Shape {
    columns: Names,
    list: Option<(String, Names)>,
}

impl Shape {
    fn add(&mut self, object: &Map<String, Value>) {
        let items = &mut self.list;
        self.columns.add_all("", object, &mut |name, elements| {
            let (of, names) = items.get_or_insert_with(|| (name.to_owned(), Names::default()));
            // The first list is the likeliest.
            if of != name {
                return;
            }
            for element in elements.iter().filter_map(Value::as_object) {
                // Lists within items are for nobody.
                names.add_all("", element, &mut |_, _| {});
            }
        });
    }
}

pub(super) const HOLDS_RECORDS: &str = "it holds records as they are loaded, which need no mapping: load it as it is";

/// Reads objects. `open` begins at their beginning.
pub(super) fn read(
    name: &str,
    format: Format,
    mut open: impl FnMut() -> Result<Window, InputError>,
) -> Result<Sheet, InputError> {
    let mut shape = Shape::default();
    let mut texts = TextFramer::of(format);
    let mut window = open()?;
    let mut scratch = String::new();
    let mut is_first = true;
    while let Some(frame) = texts.next(&mut window).map_err(|stop| stop.into_error(name))? {
        let Frame {
            body: Body::Whole(range),
            ..
        } = frame
        else {
            continue;
        };
        let encoding = window.encoding_of(&range, true).map_err(|stop| stop.into_error(name))?;
        let bytes = window.unread().get(range).unwrap_or_default();
        let Ok(text) = unfit::text(bytes, encoding, format, &mut scratch) else {
            continue;
        };
        if std::mem::take(&mut is_first) && is_record(text) {
            return Err(InputError::new(name, HOLDS_RECORDS));
        }
        if let Ok(object) = serde_json::from_str::<Map<String, Value>>(text) {
            shape.add(&object);
        }
    }
    let Shape { mut columns, list } = shape;
    // An empty list is none of objects.
    columns
        .in_order
        .retain(|name| list.as_ref().is_none_or(|(list, _)| list != name));
    if columns.in_order.is_empty() {
        return Err(InputError::new(name, "it has no JSON objects with values in them"));
    }
    let mut sheet = Sheet::of(name, columns.in_order.clone());
    sheet.more_columns = columns.more.len();
    sheet.list = list.map(|(list, names)| (list, without_evidence(names.in_order)));
    add_rows(&mut sheet, columns.in_order, format, open()?)?;
    Ok(sheet)
}

fn add_rows(sheet: &mut Sheet, mut columns: Vec<String>, format: Format, mut window: Window) -> Result<(), InputError> {
    let name = sheet.name.clone();
    let values = columns.len();
    columns.extend(sheet.list.as_ref().map(|(list, _)| list.clone()));
    let mut rows = JsonRows::with_columns(format, columns);
    let mut items = Items::new(sheet);
    let mut cells = Cells::default();
    while let Some(Frame { line, body, .. }) = rows.next(&mut window).map_err(|stop| stop.into_error(&name))? {
        let problem = match body {
            Body::Whole(range) => rows
                .read(&range, &mut window, &mut cells)
                .map_err(|stop| stop.into_error(&name))?,
            Body::Broken(_, problem) => Some(problem),
            Body::TooLong(length) => Some(format!("the {} has {length} bytes, which is too long", format.unit())),
        };
        sheet.add_row(problem.map_or(Ok(&cells), Err), line);
        if let Some((_, evidence)) = &mut sheet.list {
            items.add(cells.get(values).unwrap_or_default(), evidence, line);
        }
    }
    Ok(())
}

/// The members of the objects in a list.
pub(super) fn without_evidence(names: Vec<String>) -> Vec<(String, Evidence)> {
    let names = names.into_iter();
    names.map(|name| (name, Evidence::new(MOST_COLUMNS, false))).collect()
}

/// Reads the objects of lists.
pub(super) struct Items {
    fields: Fields,
    values: Values,
    cells: Cells,
}

impl Items {
    pub(super) fn new(sheet: &Sheet) -> Self {
        let names = sheet
            .list
            .iter()
            .flat_map(|(_, items)| items)
            .map(|(name, _)| name.clone());
        Self {
            fields: Fields::new(names.collect()),
            values: Values::default(),
            cells: Cells::default(),
        }
    }

    pub(super) fn add(&mut self, list: &str, evidence: &mut [(String, Evidence)], line: u64) {
        let elements: Vec<&RawValue> = serde_json::from_str(list).unwrap_or_default();
        for element in elements {
            if self
                .fields
                .read(element.get(), &mut self.values, &mut self.cells)
                .is_ok()
            {
                for (index, (_, evidence)) in evidence.iter_mut().enumerate() {
                    evidence.add_cell(&self.cells, index, line);
                }
            }
        }
    }
}
