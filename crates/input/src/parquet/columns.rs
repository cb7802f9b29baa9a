//! Where the columns of a mapping are in a Parquet file.

use std::path::Path;

use arrow_array::{Array as _, ArrayRef, StructArray, cast::AsArray as _};
use parquet::{arrow::ProjectionMask, basic::Type, schema::types::SchemaDescriptor};

use super::value;
use crate::{
    look,
    mapping::different,
    table::{Cells, Kind},
};

/// What Hive calls a partition without a value.
const NO_VALUE: &str = "__HIVE_DEFAULT_PARTITION__";

/// A column of a mapping.
pub(super) enum Column {
    /// The field of a row, and the fields within it.
    Field(Vec<String>),
    /// The value in the name of a folder, such as `dt=2026-11-20`.
    Folder(String),
}

/// The values of a column in a batch, inside those of the objects around them.
pub(super) struct Values {
    around: Vec<ArrayRef>,
    values: Option<ArrayRef>,
}

/// The keys and values that the names of folders give.
pub(super) fn folders(path: &Path) -> Vec<(String, String)> {
    let names = path.parent().into_iter().flat_map(Path::components);
    let names = names.filter_map(|name| name.as_os_str().to_str()?.split_once('='));
    names
        .filter(|(key, _)| !key.is_empty())
        .map(|(key, value)| {
            let value = if value == NO_VALUE {
                String::new()
            } else {
                decoded(value)
            };
            (key.to_owned(), value)
        })
        .collect()
}

/// A text with its percent escapes, which Hive and Spark write for what a file name may not have.
fn decoded(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = after
            .get(..2)
            .and_then(|code| u8::from_str_radix(str::from_utf8(code).ok()?, 16).ok());
        if let Some(byte) = code.filter(|_| *first == b'%') {
            out.push(byte);
            rest = after.get(2..).unwrap_or_default();
        } else {
            out.push(*first);
            rest = after;
        }
    }
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}

/// Finds a column by its name; a dot leads into an object, if there is no column of the whole name.
pub(super) fn find(name: &str, schema: &SchemaDescriptor, folders: &[(String, String)]) -> Option<Column> {
    let is_named = |found: &str, name: &str| look::name(found) == look::name(name);
    let roots = schema.root_schema().get_fields();
    if let Some(root) = roots.iter().find(|root| is_named(root.name(), name)) {
        return Some(Column::Field(vec![root.name().to_owned()]));
    }
    if let Some((_, value)) = folders.iter().rev().find(|(key, _)| is_named(key, name)) {
        return Some(Column::Folder(value.clone()));
    }
    let mut path = Vec::new();
    let mut fields = roots;
    let mut parts = name.split('.').peekable();
    while let Some(part) = parts.next() {
        let field = fields.iter().find(|field| is_named(field.name(), part))?;
        path.push(field.name().to_owned());
        let is_struct =
            field.is_group() && field.get_basic_info().converted_type() == parquet::basic::ConvertedType::NONE;
        match parts.peek() {
            Some(_) if is_struct => fields = field.get_fields(),
            Some(_) => return None,
            None => return Some(Column::Field(path)),
        }
    }
    None
}

/// What is between a list or a map and what it holds.
fn is_wrapper(part: &str) -> bool {
    matches!(part, "list" | "key_value" | "bag" | "array")
}

/// The first list of objects, and the names of what these hold.
pub(super) fn list_of_objects(schema: &SchemaDescriptor) -> Option<(String, Vec<String>)> {
    let members = schema.columns().iter().filter_map(|leaf| {
        let parts = leaf.path().parts();
        // The column itself may have the name of a wrapper.
        let at = parts.iter().skip(1).position(|part| part == "list")? + 1;
        let within = parts.get(at + 2..)?;
        let is_plain = !within.is_empty() && !within.iter().any(|part| is_wrapper(part));
        is_plain.then(|| (parts.get(..at).unwrap_or_default().join("."), within.join(".")))
    });
    let members: Vec<_> = members.collect();
    let (list, _) = members.first()?.clone();
    let names = members
        .into_iter()
        .filter(|(of, _)| *of == list)
        .map(|(_, name)| name)
        .collect();
    Some((list, names))
}

/// The names of all columns, also of those in objects.
pub(super) fn names(schema: &SchemaDescriptor, folders: &[(String, String)]) -> Vec<String> {
    let leaves = schema.columns().iter().map(|leaf| {
        let parts = leaf.path().parts();
        let in_list = parts.iter().skip(1).position(|part| is_wrapper(part));
        parts
            .get(..in_list.map_or(parts.len(), |at| at + 1))
            .unwrap_or_default()
            .join(".")
    });
    let names: Vec<_> = leaves.chain(folders.iter().map(|(key, _)| key.clone())).collect();
    let mut names = different(names.iter().map(String::as_str));
    // A list that is written in another way than the usual ones has no such name.
    names.retain(|name| find(name, schema, folders).is_some());
    names
}

/// The leaves that columns need. An error names a column that cannot be read.
pub(super) fn projection(
    columns: &[Column],
    schema: &SchemaDescriptor,
    is_spark: bool,
) -> Result<ProjectionMask, String> {
    let mut leaves = Vec::new();
    for (index, leaf) in schema.columns().iter().enumerate() {
        let parts = leaf.path().parts();
        let is_used = columns.iter().any(|column| match column {
            Column::Field(path) => parts.starts_with(path),
            Column::Folder(_) => false,
        });
        if !is_used {
            continue;
        }
        if leaf.physical_type() == Type::INT96 && !(is_spark && parts.len() == 1) {
            return Err(format!(
                "{} is a time in the old form INT96, which does not say its time zone: write it as a timestamp",
                look::shown(&parts.join("."))
            ));
        }
        leaves.push(index);
    }
    Ok(ProjectionMask::leaves(schema, leaves))
}

impl Values {
    /// The values of a column in a batch.
    pub(super) fn of(column: &Column, batch: &StructArray) -> Self {
        let mut found = Self {
            around: Vec::new(),
            values: None,
        };
        let Column::Field(path) = column else { return found };
        for part in path {
            let inner = match found.values.take() {
                None => batch.column_by_name(part).cloned(),
                Some(outer) => {
                    let inner = outer
                        .as_struct_opt()
                        .and_then(|object| object.column_by_name(part))
                        .cloned();
                    found.around.push(outer);
                    inner
                }
            };
            let Some(inner) = inner else { return found };
            found.values = Some(inner);
        }
        found
    }

    /// Adds the cell of a row.
    pub(super) fn push(&self, column: &Column, row: usize, cells: &mut Cells) -> Result<(), &'static str> {
        if let Column::Folder(value) = column {
            cells.push(value, Kind::Text);
            return Ok(());
        }
        match &self.values {
            Some(values) if !value::is_null(values, row) && self.around.iter().all(|outer| !outer.is_null(row)) => {
                cells.push_with(|out| value::text(values, row, out))
            }
            _ => {
                cells.push("", Kind::Text);
                Ok(())
            }
        }
    }
}
