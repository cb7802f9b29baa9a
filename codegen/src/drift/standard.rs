//! The standard names of `spec/taxonomy.yaml`, each with its kind and the schema of its values.

use serde_json::{Value, json};

use super::{
    known::DataType,
    located::{At, Lines},
};
use crate::taxonomy::{Format, Taxonomy, Type};

/// What a name is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Event,
    EventProperty,
    ItemProperty,
    UserProperty,
    Column,
    /// The column of an item property.
    ItemColumn,
}

impl Kind {
    /// The kind in words, and its list in the taxonomy.
    #[must_use]
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Event => ("event", "events"),
            Self::EventProperty => ("event property", "event_properties"),
            Self::ItemProperty => ("item property", "item_properties"),
            Self::UserProperty => ("user property", "user_properties"),
            Self::Column => ("column", "system_columns"),
            Self::ItemColumn => ("column of an item property", "item_properties"),
        }
    }
}

/// A standard name.
#[derive(Clone, Debug)]
pub struct Standard {
    pub kind: Kind,
    pub name: String,
    /// What its values are instances of; anything, for an event.
    pub schema: Value,
    pub at: At,
}

/// All standard names. The schemas of their types are those of the `data_types`.
#[must_use]
pub fn all(taxonomy: &Taxonomy, data_types: &[DataType], lines: &Lines) -> Vec<Standard> {
    let row = |kind: Kind, list: &str, index: usize, name: &str, schema: Value| Standard {
        kind,
        name: name.to_owned(),
        schema,
        at: lines.at("taxonomy", &[list, &index.to_string()]),
    };
    let of = |kind: Type| schema(kind, data_types);
    let mut all = Vec::new();
    for (index, event) in taxonomy.events.iter().enumerate() {
        all.push(row(Kind::Event, "events", index, &event.name, json!(true)));
    }
    for (index, event) in taxonomy.system_events.iter().enumerate() {
        all.push(row(Kind::Event, "system_events", index, &event.name, json!(true)));
    }
    for (index, property) in taxonomy.event_properties.iter().enumerate() {
        let schema = of(property.kind);
        all.push(row(
            Kind::EventProperty,
            "event_properties",
            index,
            &property.name,
            schema,
        ));
    }
    for (index, property) in taxonomy.item_properties.iter().enumerate() {
        let (name, schema) = (&property.name, of(property.kind));
        let column = format!("{}{name}", taxonomy.item_column_prefix.name);
        all.push(row(Kind::ItemColumn, "item_properties", index, &column, schema.clone()));
        all.push(row(Kind::ItemProperty, "item_properties", index, name, schema));
    }
    for (index, property) in taxonomy.user_properties.iter().enumerate() {
        let schema = match (&property.values[..], property.format) {
            ([], Some(Format::Date)) => of(Type::Date),
            ([], None) => of(property.kind),
            (values, _) => json!({"enum": values}),
        };
        all.push(row(
            Kind::UserProperty,
            "user_properties",
            index,
            &property.name,
            schema,
        ));
    }
    for (index, property) in taxonomy.consent_properties.iter().enumerate() {
        let schema = of(Type::Boolean);
        all.push(row(
            Kind::UserProperty,
            "consent_properties",
            index,
            &property.name,
            schema,
        ));
    }
    for (index, column) in taxonomy.system_columns.iter().enumerate() {
        all.push(row(
            Kind::Column,
            "system_columns",
            index,
            &column.name,
            of(column.kind),
        ));
    }
    all
}

fn schema(kind: Type, data_types: &[DataType]) -> Value {
    let name = match kind {
        Type::String => "String",
        Type::Long => "Long",
        Type::Double => "Double",
        Type::Boolean => "Boolean",
        Type::Datetime => "Datetime",
        Type::Date => "Date",
        Type::StringArray => "Array of String",
        Type::LongArray => "Array of Long",
        Type::DoubleArray => "Array of Double",
        Type::Items => return json!({"type": "array"}),
    };
    let row = data_types.iter().find(|data_type| data_type.name == name);
    row.map_or(json!(true), |data_type| data_type.schema.clone())
}
