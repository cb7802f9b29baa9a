//! JSON Schemas of the tables, from the structs that read them, for completion and warnings in an editor.

use schemars::{JsonSchema, generate::SchemaSettings};

/// The schema of a table.
#[must_use]
pub fn of<T: JsonSchema>() -> String {
    let schema = SchemaSettings::draft07().into_generator().into_root_schema_for::<T>();
    format!("{:#}\n", schema.as_value())
}
