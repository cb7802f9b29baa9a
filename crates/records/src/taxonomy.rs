//! What a customer has registered.

mod file;
mod template;

use std::{collections::HashMap, fmt};

use foldhash::fast::FixedState;
use serde_json::Value;

use dfinery::tables::{Deprecation, PropertyType, Required, StandardEvent, StandardProperty};
use dfinery::taxonomy as tables;

/// The events and properties that a service has registered in its console.
///
/// Two are equal if they have the same rules and the same name.
///
/// No call of the API returns what is registered, so it comes from a file: [`template`](Self::template) is one to start
/// from, and [`from_yaml`](Self::from_yaml) reads it. Any registered event property may be on any registered event, as
/// the console allows it. The properties of consent are always registered: they exist in every service.
///
/// ```
/// use dfinery::tables::PropertyType;
/// use dfinery_records::{Section, Taxonomy};
/// # fn main() -> Result<(), dfinery_records::TaxonomyError> {
/// let taxonomy = Taxonomy::from_yaml(
///     "
/// events:
///   - name: store_visit
///     properties:
///       - {name: store_code, required: true}
/// event_properties:
///   - {name: store_code, type: string}
/// ",
/// )?;
/// assert_eq!(taxonomy.property_type(Section::Event, "store_code"), Some(PropertyType::String));
/// assert_eq!(taxonomy.property_type(Section::Item, "df_quantity"), Some(PropertyType::Long));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq)]
pub struct Taxonomy {
    name: Option<String>,
    events: Names<EventRule>,
    properties: [Names<PropertyRule>; 3],
    required_items: Vec<usize>,
}

/// Where a property is: a name may mean one thing on an event and another on its items.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Section {
    /// In `event_properties`.
    Event,
    /// In the objects of `event_items`.
    Item,
    /// In `user_properties`.
    User,
}

/// Why a taxonomy file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaxonomyError {
    line: u64,
    column: u64,
    problem: String,
}

/// What an event needs.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct EventRule {
    pub(crate) name: Box<str>,
    /// Positions of event properties; only those that are or may be required.
    pub(crate) needs: Vec<(usize, Required)>,
}

/// What a value of a property must be.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PropertyRule {
    pub(crate) name: Box<str>,
    /// The name as an object key, in its usual spelling and with the colon.
    pub(crate) key: Box<str>,
    pub(crate) property_type: PropertyType,
    /// Whether every item needs it.
    pub(crate) required: bool,
    /// The only allowed values; empty if any value is allowed.
    pub(crate) values: Vec<Box<str>>,
    /// Whether it may be `null`. On events and items `null` counts as missing.
    pub(crate) nullable: bool,
    /// Whether it is a user's consent.
    pub(crate) consent: bool,
    pub(crate) deprecated: Option<Deprecation>,
}

/// Rows by name, each with its position.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Names<T> {
    places: HashMap<Box<str>, usize, FixedState>,
    rows: Vec<T>,
}

impl Taxonomy {
    /// The standard events and properties.
    ///
    /// Events that only an SDK sends are not registered.
    #[must_use]
    pub fn standard() -> Self {
        let mut taxonomy = Self::consent_only();
        for (section, rows) in [
            (Section::Event, tables::EVENT_PROPERTIES),
            (Section::Item, tables::ITEM_PROPERTIES),
            (Section::User, tables::USER_PROPERTIES),
        ] {
            for row in rows {
                taxonomy.register(section, PropertyRule::standard(row));
            }
        }
        for event in tables::EVENTS {
            let rule = EventRule::standard(event, taxonomy.section(Section::Event));
            taxonomy.events.insert(rule.name.clone(), rule);
        }
        taxonomy
    }

    /// Sets its name in reports, such as the path of its file.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Its name in reports.
    #[must_use]
    pub fn name(&self) -> &str {
        self.name.as_deref().unwrap_or("the taxonomy that was given")
    }

    /// What every service has without registering it.
    fn consent_only() -> Self {
        let mut taxonomy = Self {
            name: None,
            events: Names::default(),
            properties: [Names::default(), Names::default(), Names::default()],
            required_items: Vec::new(),
        };
        for row in tables::CONSENT_PROPERTIES {
            let rule = PropertyRule {
                consent: true,
                ..PropertyRule::standard(row)
            };
            taxonomy.register(Section::User, rule);
        }
        taxonomy
    }

    /// The type of a registered property.
    #[must_use]
    pub fn property_type(&self, section: Section, name: &str) -> Option<PropertyType> {
        self.section(section).get(name).map(|(_, rule)| rule.property_type)
    }

    /// The registered properties with their types, in no particular order.
    pub fn property_types(&self) -> impl Iterator<Item = (Section, &str, PropertyType)> {
        [Section::Event, Section::Item, Section::User]
            .into_iter()
            .flat_map(|section| self.section(section).iter().map(move |rule| (section, rule)))
            .map(|(section, rule)| (section, &*rule.name, rule.property_type))
    }

    /// The names of the registered events, in no particular order.
    pub fn event_names(&self) -> impl Iterator<Item = &str> {
        self.events.iter().map(|rule| &*rule.name)
    }

    /// Adds a property, replacing one of the same name.
    fn register(&mut self, section: Section, rule: PropertyRule) {
        let [event, item, user] = &mut self.properties;
        let names = match section {
            Section::Event => event,
            Section::Item => item,
            Section::User => user,
        };
        names.insert(rule.name.clone(), rule);
        if section == Section::Item {
            let needed = names.rows.iter().enumerate().filter(|(_, rule)| rule.required);
            self.required_items = needed.map(|(place, _)| place).collect();
        }
    }

    pub(crate) fn section(&self, section: Section) -> &Names<PropertyRule> {
        let [event, item, user] = &self.properties;
        match section {
            Section::Event => event,
            Section::Item => item,
            Section::User => user,
        }
    }

    pub(crate) fn events(&self) -> &Names<EventRule> {
        &self.events
    }

    /// The positions of the properties that every item needs.
    pub(crate) fn required_items(&self) -> &[usize] {
        &self.required_items
    }
}

impl Default for Taxonomy {
    fn default() -> Self {
        Self::standard()
    }
}

impl fmt::Debug for Taxonomy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |section| self.section(section).rows.len();
        f.debug_struct("Taxonomy")
            .field("events", &self.events.rows.len())
            .field("event_properties", &count(Section::Event))
            .field("item_properties", &count(Section::Item))
            .field("user_properties", &count(Section::User))
            .finish_non_exhaustive()
    }
}

impl TaxonomyError {
    /// The line of the file, from 1; 0 if the problem has no place.
    #[must_use]
    pub const fn line(&self) -> u64 {
        self.line
    }

    /// The column in the line, from 1; 0 if the problem has no place.
    #[must_use]
    pub const fn column(&self) -> u64 {
        self.column
    }
}

impl fmt::Display for TaxonomyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(f, "line {}, column {}: ", self.line, self.column)?;
        }
        f.write_str(&self.problem)
    }
}

impl std::error::Error for TaxonomyError {}

impl EventRule {
    fn standard(event: &StandardEvent, properties: &Names<PropertyRule>) -> Self {
        let needs = event
            .properties
            .iter()
            .filter(|property| property.required != Required::No);
        Self {
            name: event.name.into(),
            needs: needs
                .filter_map(|property| Some((properties.get(property.name)?.0, property.required)))
                .collect(),
        }
    }
}

impl PropertyRule {
    fn standard(row: &StandardProperty) -> Self {
        Self {
            name: row.name.into(),
            key: key(row.name),
            property_type: row.property_type,
            required: row.required,
            values: row.values.iter().map(|&value| value.into()).collect(),
            // The SDKs accept null for every property; the table only marks where it has its own meaning.
            nullable: true,
            consent: false,
            deprecated: row.deprecated,
        }
    }
}

/// A name as an object key.
fn key(name: &str) -> Box<str> {
    format!("{}:", Value::from(name)).into()
}

impl Section {
    /// The key that holds its properties.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Event => "event_properties",
            Self::Item => "event_items",
            Self::User => "user_properties",
        }
    }
}

impl<T> Default for Names<T> {
    fn default() -> Self {
        Self {
            places: HashMap::default(),
            rows: Vec::new(),
        }
    }
}

impl<T> Names<T> {
    #[inline]
    pub(crate) fn get(&self, name: &str) -> Option<(usize, &T)> {
        let place = *self.places.get(name)?;
        Some((place, self.rows.get(place)?))
    }

    pub(crate) fn at(&self, place: usize) -> Option<&T> {
        self.rows.get(place)
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.rows.iter()
    }

    fn insert(&mut self, name: Box<str>, row: T) {
        if let Some(old) = self.places.get(&name).and_then(|&place| self.rows.get_mut(place)) {
            *old = row;
        } else {
            self.places.insert(name, self.rows.len());
            self.rows.push(row);
        }
    }
}

#[cfg(test)]
mod tests;
