//! The names of `spec/taxonomy.yaml`, by where they are used, with the schemas of their values.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{
    problem::{Place, Problems},
    shape::Shape,
    taxonomy::{Format, Taxonomy, Type, UserProperty},
};

/// What every standard name begins with. Other names are those of a service.
const PREFIX: &str = "df_";

/// Where names are used.
#[derive(Clone, Copy)]
pub enum List {
    Events,
    EventProperties,
    ItemProperties,
    UserProperties,
    EventColumns,
    UserColumns,
}

/// Names, each with the schema of its values. The name of an event has none.
type Names = BTreeMap<String, Option<Value>>;

/// The names of a taxonomy.
pub struct StandardNames {
    events: Names,
    event_properties: Names,
    item_properties: Names,
    user_properties: Names,
    event_columns: Names,
    user_columns: Names,
}

impl StandardNames {
    #[must_use]
    pub fn new(taxonomy: &Taxonomy) -> Self {
        let events = taxonomy.events.iter().map(|event| &event.name);
        let events = events.chain(taxonomy.system_events.iter().map(|event| &event.name));
        // Items are sent beside the properties of an event, not among them.
        let of_events = taxonomy
            .event_properties
            .iter()
            .filter(|property| property.kind != Type::Items);
        let event_properties = names(of_events.map(|property| (&property.name, property.kind.schema())));
        let items = taxonomy.item_properties.iter();
        let item_properties = names(items.map(|property| (&property.name, property.kind.schema())));
        let consent = taxonomy.consent_properties.iter();
        let consent = consent.map(|property| (&property.name, json!({"type": ["boolean", "null"]})));
        let users = taxonomy
            .user_properties
            .iter()
            .map(|property| (&property.name, schema(property)));
        let user_properties = names(users.chain(consent));

        let columns = taxonomy.system_columns.iter();
        let columns = names(columns.map(|column| (&column.name, column.kind.schema())));
        let prefix = &taxonomy.item_column_prefix.name;
        let item_columns = item_properties
            .iter()
            .map(|(name, schema)| (format!("{prefix}{name}"), schema.clone()));
        let mut event_columns = columns.clone();
        event_columns.extend(event_properties.clone());
        event_columns.extend(item_columns);
        let mut user_columns = columns;
        user_columns.extend(user_properties.clone());
        Self {
            events: events.map(|name| (name.clone(), None)).collect(),
            event_properties,
            item_properties,
            user_properties,
            event_columns,
            user_columns,
        }
    }

    /// Notes every standard name that is none, in a name, in a list of names or in the keys of a map, whose values must
    /// have the types of their names.
    pub fn check(&self, list: List, value: &Value, at: &Place, problems: &mut Problems) {
        match value {
            Value::String(name) => self.check_name(list, name, at, problems),
            Value::Array(values) => {
                for (index, value) in values.iter().enumerate() {
                    self.check(list, value, &at.index(index), problems);
                }
            }
            Value::Object(entries) => {
                for (name, value) in entries {
                    let at = at.key(name);
                    self.check_name(list, name, &at, problems);
                    if let Some(Some(schema)) = self.names(list).get(name) {
                        Shape::open_api(schema.clone()).check(value, &at, problems);
                    }
                }
            }
            _ => {}
        }
    }

    /// The same for a single name.
    pub fn check_name(&self, list: List, name: &str, at: &Place, problems: &mut Problems) {
        if name.starts_with(PREFIX) && !self.names(list).contains_key(name) {
            problems.push(at.problem(format!(
                "`{name}` is none of the {} in spec/taxonomy.yaml",
                match list {
                    List::Events => "events",
                    List::EventProperties => "event_properties",
                    List::ItemProperties => "item_properties",
                    List::UserProperties => "user_properties and consent_properties",
                    List::EventColumns => "columns of events",
                    List::UserColumns => "columns of user profiles",
                }
            )));
        }
    }

    /// Whether the cell of a column can hold a text. How a CSV writes anything but numbers and words is undocumented.
    #[must_use]
    pub fn fits_cell(&self, list: List, column: &str, cell: &str) -> bool {
        let Some(Some(schema)) = self.names(list).get(column) else {
            return true;
        };
        let value = match schema["type"].as_str() {
            Some("integer" | "number") => serde_json::from_str(cell).unwrap_or(Value::Null),
            Some("string") if schema.get("format").is_none() => Value::from(cell),
            _ => return true,
        };
        Shape::open_api(schema.clone()).fits(&value)
    }

    fn names(&self, list: List) -> &Names {
        match list {
            List::Events => &self.events,
            List::EventProperties => &self.event_properties,
            List::ItemProperties => &self.item_properties,
            List::UserProperties => &self.user_properties,
            List::EventColumns => &self.event_columns,
            List::UserColumns => &self.user_columns,
        }
    }
}

fn names<'a>(rows: impl Iterator<Item = (&'a String, Value)>) -> Names {
    rows.map(|(name, schema)| (name.clone(), Some(schema))).collect()
}

/// The type of a user property, and the values it may have.
fn schema(property: &UserProperty) -> Value {
    let kind = match property.format {
        Some(Format::Date) => Type::Date,
        None => property.kind,
    };
    let mut schema = kind.schema();
    if !property.values.is_empty() {
        schema["enum"] = property.values.clone().into();
    }
    schema
}
