//! JSON Schemas of the tables, from the structs that read them, for completion and warnings in an editor.

use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::Value;

/// The schema of a table.
#[must_use]
pub fn value<T: JsonSchema>() -> Value {
    SchemaSettings::draft07()
        .into_generator()
        .into_root_schema_for::<T>()
        .to_value()
}

/// Its text.
#[must_use]
pub fn of<T: JsonSchema>() -> String {
    format!("{:#}\n", value::<T>())
}
