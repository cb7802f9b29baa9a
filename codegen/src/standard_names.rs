//! The standard names of `spec/taxonomy.yaml`: what each is for, and what its values are instances of.

use serde_json::{Value, json};

use crate::{
    problem::{Place, Problems},
    shape::Shape,
    taxonomy::{Format, Taxonomy, Type, UserProperty},
};

/// What every standard name begins with. Other names are those of a service.
const PREFIX: &str = "df_";

/// What a name is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Event,
    EventProperty,
    /// The property that holds items; they are sent beside the properties of an event, not among them.
    Items,
    ItemProperty,
    UserProperty,
    Column,
    /// The column of an item property.
    ItemColumn,
}

/// A standard name.
#[derive(Clone, Debug)]
pub struct StandardName {
    pub kind: Kind,
    pub name: String,
    /// What its values are instances of; anything, for an event.
    pub schema: Value,
    /// Its list in the taxonomy, and its index there.
    pub list: &'static str,
    pub index: usize,
}

/// All standard names.
#[must_use]
pub fn all(taxonomy: &Taxonomy) -> Vec<StandardName> {
    let mut all = Vec::new();
    let mut add = |kind: Kind, list: &'static str, index: usize, name: &str, schema: Value| {
        all.push(StandardName {
            kind,
            name: name.to_owned(),
            schema,
            list,
            index,
        });
    };
    for (index, event) in taxonomy.events.iter().enumerate() {
        add(Kind::Event, "events", index, &event.name, json!({}));
    }
    for (index, event) in taxonomy.system_events.iter().enumerate() {
        add(Kind::Event, "system_events", index, &event.name, json!({}));
    }
    for (index, property) in taxonomy.event_properties.iter().enumerate() {
        let kind = if property.kind == Type::Items {
            Kind::Items
        } else {
            Kind::EventProperty
        };
        add(kind, "event_properties", index, &property.name, property.kind.schema());
    }
    for (index, property) in taxonomy.item_properties.iter().enumerate() {
        let (name, schema) = (&property.name, property.kind.schema());
        let column = format!("{}{name}", taxonomy.item_column_prefix.name);
        add(Kind::ItemColumn, "item_properties", index, &column, schema.clone());
        add(Kind::ItemProperty, "item_properties", index, name, schema);
    }
    for (index, property) in taxonomy.user_properties.iter().enumerate() {
        add(
            Kind::UserProperty,
            "user_properties",
            index,
            &property.name,
            schema(property),
        );
    }
    for (index, property) in taxonomy.consent_properties.iter().enumerate() {
        let schema = json!({"type": ["boolean", "null"]});
        add(Kind::UserProperty, "consent_properties", index, &property.name, schema);
    }
    for (index, column) in taxonomy.system_columns.iter().enumerate() {
        add(
            Kind::Column,
            "system_columns",
            index,
            &column.name,
            column.kind.schema(),
        );
    }
    all
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

/// Where names are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum List {
    Events,
    EventProperties,
    ItemProperties,
    UserProperties,
    SystemColumns,
    EventColumns,
    UserColumns,
}

impl List {
    /// The names that a key of a request holds: as a text, in a list, or as the keys of a map.
    #[must_use]
    pub fn under(key: &str, value: &Value, exports_events: bool) -> Option<Self> {
        let is_list_of_texts = || {
            value
                .as_array()
                .is_some_and(|values| values.iter().all(Value::is_string))
        };
        Some(match key {
            "event_name" if value.is_string() => Self::Events,
            "event_properties" if value.is_object() => Self::EventProperties,
            "user_properties" if value.is_object() => Self::UserProperties,
            "event_items" if value.is_array() => Self::ItemProperties,
            "events" if is_list_of_texts() => Self::Events,
            "properties" if is_list_of_texts() => Self::columns(exports_events),
            "identities" if is_list_of_texts() => Self::SystemColumns,
            _ => return None,
        })
    }

    /// The columns of an export.
    #[must_use]
    pub fn columns(exports_events: bool) -> Self {
        if exports_events {
            Self::EventColumns
        } else {
            Self::UserColumns
        }
    }

    /// The kinds of its names, the most usual one first.
    #[must_use]
    pub fn kinds(self) -> &'static [Kind] {
        match self {
            Self::Events => &[Kind::Event],
            Self::EventProperties => &[Kind::EventProperty],
            Self::ItemProperties => &[Kind::ItemProperty],
            Self::UserProperties => &[Kind::UserProperty],
            Self::SystemColumns => &[Kind::Column],
            Self::EventColumns => &[Kind::EventProperty, Kind::ItemColumn, Kind::Column],
            Self::UserColumns => &[Kind::UserProperty, Kind::Column],
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::EventProperties => "event_properties",
            Self::ItemProperties => "item_properties",
            Self::UserProperties => "user_properties and consent_properties",
            Self::SystemColumns => "system_columns",
            Self::EventColumns => "columns of events",
            Self::UserColumns => "columns of user profiles",
        }
    }
}

/// The names of a taxonomy, to check examples against.
pub struct StandardNames(Vec<(StandardName, Shape)>);

impl StandardNames {
    #[must_use]
    pub fn new(taxonomy: &Taxonomy) -> Self {
        let names = all(taxonomy).into_iter().map(|name| {
            let shape = Shape::open_api(name.schema.clone());
            (name, shape)
        });
        Self(names.collect())
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
                    if let Some((_, shape)) = self.find(list, name) {
                        shape.check(value, &at, problems);
                    }
                }
            }
            _ => {}
        }
    }

    /// The same for a single name.
    pub fn check_name(&self, list: List, name: &str, at: &Place, problems: &mut Problems) {
        if name.starts_with(PREFIX) && self.find(list, name).is_none() {
            let words = list.words();
            problems.push(at.problem(format!("`{name}` is none of the {words} in spec/taxonomy.yaml")));
        }
    }

    /// Whether the cell of a column can hold a text. How a CSV writes anything but numbers and words is undocumented.
    #[must_use]
    pub fn fits_cell(&self, list: List, column: &str, cell: &str) -> bool {
        let Some((StandardName { schema, .. }, shape)) = self.find(list, column) else {
            return true;
        };
        let value = match schema["type"].as_str() {
            Some("integer" | "number") => serde_json::from_str(cell).unwrap_or(Value::Null),
            Some("string") if schema.get("format").is_none() => Value::from(cell),
            _ => return true,
        };
        shape.fits(&value)
    }

    fn find(&self, list: List, name: &str) -> Option<&(StandardName, Shape)> {
        let mut names = self.0.iter();
        names.find(|(row, _)| row.name == name && list.kinds().contains(&row.kind))
    }
}
