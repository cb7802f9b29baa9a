//! `spec/taxonomy.yaml`: the standard events and properties, as tables.

use std::collections::BTreeSet;

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    problem::{Place, Problems},
    shape::Shape,
    sources::Sources,
    table::{Source, Text},
};

const FILE: &str = "spec/taxonomy.yaml";

/// The names to which DFINERY gives a meaning.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Taxonomy {
    /// The standard events.
    pub events: Vec<Event>,
    /// The events that the SDKs send on their own.
    pub system_events: Vec<SystemName>,
    /// Properties of events.
    pub event_properties: Vec<EventProperty>,
    /// Properties of the items of an event.
    pub item_properties: Vec<ItemProperty>,
    /// Properties of users.
    pub user_properties: Vec<UserProperty>,
    /// Consent of users: true, false or null.
    pub consent_properties: Vec<ConsentProperty>,
    /// The columns that an export has beside those of the service.
    pub system_columns: Vec<SystemColumn>,
    /// What the column of an item property has before the property's name.
    pub item_column_prefix: SystemName,
}

/// A standard event.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// Its name on the wire.
    pub name: String,
    /// Its name for people.
    pub label: Text,
    /// The properties listed for it, by their names in `event_properties`.
    pub properties: Vec<PropertyUse>,
    /// Where it comes from.
    pub source: Source,
}

/// A property that an event lists.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PropertyUse {
    /// A name of `event_properties`.
    pub name: String,
    /// Whether the event needs it.
    pub required: Required,
}

/// Whether an event needs a property.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected true, false or unsettled")]
pub enum Required {
    /// The sources agree.
    Settled(bool),
    /// The sources disagree.
    Unsettled(Unsettled),
}

/// The word for it.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Unsettled {
    /// The sources disagree.
    Unsettled,
}

/// A name that the platform itself fills in.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SystemName {
    /// Its name on the wire.
    pub name: String,
    /// What it holds or means.
    pub description: Text,
    /// Where it comes from.
    pub source: Source,
}

/// A column of an export that the platform itself fills in.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SystemColumn {
    /// Its name on the wire.
    pub name: String,
    /// The type of its cells.
    #[serde(rename = "type")]
    pub kind: Type,
    /// What it holds or means.
    pub description: Text,
    /// Where it comes from.
    pub source: Source,
}

/// A property of events.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EventProperty {
    /// Its name on the wire.
    pub name: String,
    /// The type of its value.
    #[serde(rename = "type")]
    pub kind: Type,
    /// Its name for people.
    pub label: Text,
    /// Values it may have.
    #[serde(default)]
    pub examples: Vec<Value>,
    /// Where it comes from.
    pub source: Source,
}

/// A property of items.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ItemProperty {
    /// Its name on the wire.
    pub name: String,
    /// The type of its value.
    #[serde(rename = "type")]
    pub kind: Type,
    /// Whether every item needs it.
    pub required: bool,
    /// Its name for people.
    pub label: Text,
    /// Where it comes from.
    pub source: Source,
}

/// A property of users.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UserProperty {
    /// Its name on the wire.
    pub name: String,
    /// The type of its value.
    #[serde(rename = "type")]
    pub kind: Type,
    /// The only values allowed; any, if there are none.
    #[serde(default)]
    pub values: Vec<String>,
    /// What the text looks like.
    pub format: Option<Format>,
    /// Its name for people.
    pub label: Text,
    /// Where it comes from.
    pub source: Source,
}

/// What a text looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// `yyyy-MM-dd`.
    Date,
}

/// The consent of a user.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsentProperty {
    /// Its name on the wire.
    pub name: String,
    /// Its name for people.
    pub label: Text,
    /// Set if it should no longer be used.
    pub deprecated: Option<Deprecated>,
    /// Where it comes from.
    pub source: Source,
}

/// Since when and in favour of what something should no longer be used.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Deprecated {
    /// A version or a date.
    pub since: String,
    /// Another name of the same list.
    #[serde(rename = "use")]
    pub replacement: String,
}

/// The type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Type {
    /// A text.
    String,
    /// A whole number.
    Long,
    /// A number with a fraction.
    Double,
    /// True or false.
    Boolean,
    /// A point in time.
    Datetime,
    /// A day.
    Date,
    /// Texts.
    StringArray,
    /// Whole numbers.
    LongArray,
    /// Numbers with a fraction.
    DoubleArray,
    /// The items of an event.
    Items,
}

impl Type {
    /// The JSON Schema of its values.
    #[must_use]
    pub fn schema(self) -> Value {
        let list = |kind: Self| json!({"type": "array", "items": kind.schema()});
        match self {
            Self::String => json!({"type": "string"}),
            Self::Long => json!({"type": "integer", "minimum": i64::MIN, "maximum": i64::MAX}),
            Self::Double => json!({"type": "number"}),
            Self::Boolean => json!({"type": "boolean"}),
            Self::Datetime => json!({"type": "string", "format": "date-time"}),
            Self::Date => json!({"type": "string", "format": "date"}),
            Self::StringArray => list(Self::String),
            Self::LongArray => list(Self::Long),
            Self::DoubleArray => list(Self::Double),
            Self::Items => json!({"type": "array"}),
        }
    }
}

impl ToTokens for Type {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.extend(match self {
            Self::String => quote!(PropertyType::String),
            Self::Long => quote!(PropertyType::Long),
            Self::Double => quote!(PropertyType::Double),
            Self::Boolean => quote!(PropertyType::Boolean),
            Self::Datetime => quote!(PropertyType::Datetime),
            Self::Date => quote!(PropertyType::Date),
            Self::StringArray => quote!(PropertyType::StringArray),
            Self::LongArray => quote!(PropertyType::LongArray),
            Self::DoubleArray => quote!(PropertyType::DoubleArray),
            Self::Items => quote!(PropertyType::Items),
        });
    }
}

impl ToTokens for Required {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.extend(match self {
            Self::Settled(true) => quote!(Required::Yes),
            Self::Settled(false) => quote!(Required::No),
            Self::Unsettled(_) => quote!(Required::Unsettled),
        });
    }
}

/// What every row has, for the rules that hold for all lists.
struct Named<'a> {
    name: &'a str,
    text: (&'static str, &'a Text),
    source: &'a Source,
}

macro_rules! named {
    ($rows:expr, $text:ident) => {
        $rows
            .iter()
            .map(|row| Named {
                name: &row.name,
                text: (stringify!($text), &row.$text),
                source: &row.source,
            })
            .collect()
    };
}

impl Taxonomy {
    pub fn lint(&self, pages: Option<&Sources>, problems: &mut Problems) {
        let lists: [(&str, Vec<Named<'_>>); 7] = [
            ("events", named!(self.events, label)),
            ("system_events", named!(self.system_events, description)),
            ("event_properties", named!(self.event_properties, label)),
            ("item_properties", named!(self.item_properties, label)),
            ("user_properties", named!(self.user_properties, label)),
            ("consent_properties", named!(self.consent_properties, label)),
            ("system_columns", named!(self.system_columns, description)),
        ];
        let root = Place::file(FILE);
        for (list, rows) in lists {
            lint_names(&rows, &root.key(list), pages, problems);
        }
        let prefix = &self.item_column_prefix;
        let at = root.key("item_column_prefix");
        prefix.description.lint(&at.key("description"), problems);
        prefix.source.lint(&at.key("source"), pages, problems);
        self.lint_events(&root.key("events"), problems);
        self.lint_examples(&root.key("event_properties"), problems);
        self.lint_users(&root.key("user_properties"), problems);
        self.lint_consent(&root.key("consent_properties"), problems);
    }

    fn lint_events(&self, at: &Place, problems: &mut Problems) {
        for (index, event) in self.events.iter().enumerate() {
            let mut names = BTreeSet::new();
            for (row, property) in event.properties.iter().enumerate() {
                let name = &property.name;
                let at = at.index(index).key("properties").index(row).key("name");
                if !self.event_properties.iter().any(|known| known.name == *name) {
                    problems.push(at.problem(format!("`{name}` is none of the event_properties")));
                }
                if !names.insert(name) {
                    problems.push(at.problem(format!("`{name}` stands twice")));
                }
            }
        }
    }

    fn lint_examples(&self, at: &Place, problems: &mut Problems) {
        for (index, property) in self.event_properties.iter().enumerate() {
            let shape = Shape::open_api(property.kind.schema());
            for (example, value) in property.examples.iter().enumerate() {
                if !shape.fits(value) {
                    let at = at.index(index).key("examples").index(example);
                    problems.push(at.problem(format!("{value} is not of the type of the property")));
                }
            }
        }
    }

    fn lint_users(&self, at: &Place, problems: &mut Problems) {
        for (index, property) in self.user_properties.iter().enumerate() {
            let at = at.index(index);
            if property.kind != Type::String && (property.format.is_some() || !property.values.is_empty()) {
                problems.push(at.problem("has a format or values, which only a string can have"));
            }
            for (value, text) in property.values.iter().enumerate() {
                if text.is_empty() || property.values[..value].contains(text) {
                    problems.push(
                        at.key("values")
                            .index(value)
                            .problem(format!("`{text}` is empty or stands twice")),
                    );
                }
            }
        }
    }

    fn lint_consent(&self, at: &Place, problems: &mut Problems) {
        for (index, property) in self.consent_properties.iter().enumerate() {
            let Some(deprecated) = &property.deprecated else {
                continue;
            };
            let at = at.index(index).key("deprecated");
            let name = &deprecated.replacement;
            if *name == property.name || !self.consent_properties.iter().any(|known| known.name == *name) {
                problems.push(
                    at.key("use")
                        .problem(format!("`{name}` is no other of the consent_properties")),
                );
            }
            if deprecated.since.trim().is_empty() {
                problems.push(at.key("since").problem("is empty"));
            }
        }
    }

    /// `generated/taxonomy.rs`.
    ///
    /// # Errors
    /// If a source cannot be written.
    pub fn file(&self) -> Result<TokenStream, String> {
        let events = self.events.iter().map(Event::tokens).collect::<Result<Vec<_>, _>>()?;
        let system_events = self
            .system_events
            .iter()
            .map(SystemName::tokens)
            .collect::<Result<Vec<_>, _>>()?;
        let system_columns = self
            .system_columns
            .iter()
            .map(SystemColumn::tokens)
            .collect::<Result<Vec<_>, _>>()?;
        let item_column_prefix = &self.item_column_prefix.name;
        let event_properties = list(&self.event_properties)?;
        let item_properties = list(&self.item_properties)?;
        let user_properties = list(&self.user_properties)?;
        let consent_properties = list(&self.consent_properties)?;
        Ok(quote! {
            //! The names to which DFINERY gives a meaning: standard events, properties, system columns.

            use super::sources;
            use crate::rows::{
                Confidence, Deprecation, EventPropertyUse, PropertyType, Required, Source, StandardEvent,
                StandardProperty, SystemColumn, SystemEvent, Text,
            };

            /// The standard events.
            pub const EVENTS: &[StandardEvent] = &[#(#events),*];

            /// The events that the SDKs send on their own.
            pub const SYSTEM_EVENTS: &[SystemEvent] = &[#(#system_events),*];

            /// The standard properties of events.
            pub const EVENT_PROPERTIES: &[StandardProperty] = &[#(#event_properties),*];

            /// The standard properties of the items of an event.
            pub const ITEM_PROPERTIES: &[StandardProperty] = &[#(#item_properties),*];

            /// The standard properties of users.
            pub const USER_PROPERTIES: &[StandardProperty] = &[#(#user_properties),*];

            /// The consent of users: true, false or null.
            pub const CONSENT_PROPERTIES: &[StandardProperty] = &[#(#consent_properties),*];

            /// The columns that an export has beside those of the service.
            pub const SYSTEM_COLUMNS: &[SystemColumn] = &[#(#system_columns),*];

            /// What the column of an item property has before the property's name.
            pub const ITEM_COLUMN_PREFIX: &str = #item_column_prefix;
        })
    }
}

fn lint_names(rows: &[Named<'_>], at: &Place, pages: Option<&Sources>, problems: &mut Problems) {
    if rows.is_empty() {
        problems.push(at.problem("is empty"));
    }
    let mut names = BTreeSet::new();
    for (index, row) in rows.iter().enumerate() {
        let at = at.index(index);
        if !crate::names::is_lower(row.name, '_') {
            problems.push(at.key("name").problem(format!("`{}` is not snake_case", row.name)));
        }
        if !names.insert(row.name) {
            problems.push(at.key("name").problem(format!("`{}` stands twice", row.name)));
        }
        let (key, text) = row.text;
        text.lint(&at.key(key), problems);
        row.source.lint(&at.key("source"), pages, problems);
    }
}

impl Event {
    fn tokens(&self) -> Result<TokenStream, String> {
        let Self { name, label, .. } = self;
        let source = self.source.tokens()?;
        let properties = self
            .properties
            .iter()
            .map(|PropertyUse { name, required }| quote!(EventPropertyUse { name: #name, required: #required }));
        Ok(quote! {
            StandardEvent { name: #name, label: #label, properties: &[#(#properties),*], source: #source }
        })
    }
}

impl SystemName {
    fn tokens(&self) -> Result<TokenStream, String> {
        let Self { name, description, .. } = self;
        let source = self.source.tokens()?;
        Ok(quote!(SystemEvent { name: #name, description: #description, source: #source }))
    }
}

impl SystemColumn {
    fn tokens(&self) -> Result<TokenStream, String> {
        let Self {
            name,
            kind,
            description,
            ..
        } = self;
        let source = self.source.tokens()?;
        Ok(quote! {
            SystemColumn { name: #name, property_type: #kind, description: #description, source: #source }
        })
    }
}

/// A row of a list of properties as a `StandardProperty`.
struct Property<'a> {
    name: &'a str,
    label: &'a Text,
    kind: Type,
    required: bool,
    values: &'a [String],
    nullable: bool,
    deprecated: Option<&'a Deprecated>,
    source: &'a Source,
}

impl<'a> Property<'a> {
    fn new(name: &'a str, label: &'a Text, kind: Type, source: &'a Source) -> Self {
        Self {
            name,
            label,
            kind,
            required: false,
            values: &[],
            nullable: false,
            deprecated: None,
            source,
        }
    }

    fn tokens(&self) -> Result<TokenStream, String> {
        let Self {
            name,
            label,
            kind,
            required,
            values,
            nullable,
            ..
        } = self;
        let deprecated = self.deprecated.map_or(
            quote!(None),
            |Deprecated { since, replacement }| quote!(Some(Deprecation { since: #since, replacement: #replacement })),
        );
        let source = self.source.tokens()?;
        Ok(quote! {
            StandardProperty {
                name: #name,
                label: #label,
                property_type: #kind,
                required: #required,
                values: &[#(#values),*],
                nullable: #nullable,
                deprecated: #deprecated,
                source: #source,
            }
        })
    }
}

impl<'a> From<&'a EventProperty> for Property<'a> {
    fn from(row: &'a EventProperty) -> Self {
        Self::new(&row.name, &row.label, row.kind, &row.source)
    }
}

impl<'a> From<&'a ItemProperty> for Property<'a> {
    fn from(row: &'a ItemProperty) -> Self {
        Self {
            required: row.required,
            ..Self::new(&row.name, &row.label, row.kind, &row.source)
        }
    }
}

impl<'a> From<&'a UserProperty> for Property<'a> {
    fn from(row: &'a UserProperty) -> Self {
        let kind = if row.format == Some(Format::Date) {
            Type::Date
        } else {
            row.kind
        };
        Self {
            values: &row.values,
            ..Self::new(&row.name, &row.label, kind, &row.source)
        }
    }
}

impl<'a> From<&'a ConsentProperty> for Property<'a> {
    fn from(row: &'a ConsentProperty) -> Self {
        let deprecated = row.deprecated.as_ref();
        Self {
            nullable: true,
            deprecated,
            ..Self::new(&row.name, &row.label, Type::Boolean, &row.source)
        }
    }
}

fn list<'a, T>(rows: &'a [T]) -> Result<Vec<TokenStream>, String>
where
    Property<'a>: From<&'a T>,
{
    rows.iter().map(|row| Property::from(row).tokens()).collect()
}
