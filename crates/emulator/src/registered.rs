//! What is registered: the standard names of the taxonomy tables, and custom ones.

use std::collections::{BTreeMap, BTreeSet};

use dfinery::{
    Event, Properties, PropertyValue, Timestamp,
    tables::{PropertyType, Required, StandardProperty},
    taxonomy,
};

/// The events and properties that a service has registered in its console.
///
/// Any registered event property may be on any registered event, as the console allows it.
///
/// ```
/// use dfinery_emulator::Registered;
/// use dfinery::tables::PropertyType;
/// let taxonomy = Registered::standard()
///     .event("store_visit")
///     .event_property("store_code", PropertyType::String)
///     .required("store_visit", "store_code");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// Each event, with the properties it needs.
    events: BTreeMap<String, BTreeSet<String>>,
    event_properties: BTreeMap<String, Rule>,
    item_properties: BTreeMap<String, Rule>,
    user_properties: BTreeMap<String, Rule>,
}

/// The requirements on a property's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rule {
    property_type: PropertyType,
    /// The only allowed values; empty if any value is allowed.
    values: &'static [&'static str],
    /// Whether every item needs it.
    required: bool,
}

impl Registered {
    /// Nothing registered.
    #[must_use]
    pub const fn empty() -> Self {
        Self {
            events: BTreeMap::new(),
            event_properties: BTreeMap::new(),
            item_properties: BTreeMap::new(),
            user_properties: BTreeMap::new(),
        }
    }

    /// The standard events and properties, and the properties of consent. A property whose requirement is unsettled is
    /// optional; events that only an SDK sends are not registered.
    #[must_use]
    pub fn standard() -> Self {
        let events = taxonomy::EVENTS.iter().map(|event| {
            let required = event
                .properties
                .iter()
                .filter(|property| property.required == Required::Yes);
            (
                event.name.to_owned(),
                required.map(|property| property.name.to_owned()).collect(),
            )
        });
        let user_properties = taxonomy::USER_PROPERTIES.iter().chain(taxonomy::CONSENT_PROPERTIES);
        Self {
            events: events.collect(),
            event_properties: rules(taxonomy::EVENT_PROPERTIES),
            item_properties: rules(taxonomy::ITEM_PROPERTIES),
            user_properties: rules(user_properties),
        }
    }

    /// Registers an event; if it was registered, forgets what it needs.
    #[must_use]
    pub fn event(mut self, name: impl Into<String>) -> Self {
        self.events.insert(name.into(), BTreeSet::new());
        self
    }

    /// Makes an event need a property, and registers the event if necessary.
    #[must_use]
    pub fn required(mut self, event: impl Into<String>, property: impl Into<String>) -> Self {
        self.events.entry(event.into()).or_default().insert(property.into());
        self
    }

    /// Registers a property of events.
    #[must_use]
    pub fn event_property(mut self, name: impl Into<String>, property_type: PropertyType) -> Self {
        self.event_properties.insert(name.into(), Rule::of(property_type));
        self
    }

    /// Registers a property of items.
    #[must_use]
    pub fn item_property(mut self, name: impl Into<String>, property_type: PropertyType) -> Self {
        self.item_properties.insert(name.into(), Rule::of(property_type));
        self
    }

    /// Registers a property of users.
    #[must_use]
    pub fn user_property(mut self, name: impl Into<String>, property_type: PropertyType) -> Self {
        self.user_properties.insert(name.into(), Rule::of(property_type));
        self
    }

    /// The registered properties of events that are columns of an export: all but the items themselves.
    pub(crate) fn event_columns(&self) -> impl Iterator<Item = (&str, PropertyType)> {
        columns(&self.event_properties).filter(|(_, property_type)| *property_type != PropertyType::Items)
    }

    /// The registered properties of items.
    pub(crate) fn item_columns(&self) -> impl Iterator<Item = (&str, PropertyType)> {
        columns(&self.item_properties)
    }

    /// The registered properties of users.
    pub(crate) fn user_columns(&self) -> impl Iterator<Item = (&str, PropertyType)> {
        columns(&self.user_properties)
    }

    /// Says what is wrong with an event, without any of its values.
    pub(crate) fn check_event(&self, event: &Event, enforce_required: bool) -> Result<(), String> {
        let name = &event.event_name;
        let required = self
            .events
            .get(name)
            .ok_or_else(|| format!("event {name:?} is not registered"))?;
        let none = Properties::new();
        let properties = event.event_properties.as_ref().unwrap_or(&none);
        check(&self.event_properties, properties)?;
        for item in &event.event_items {
            check(&self.item_properties, item).map_err(|problem| format!("item {problem}"))?;
        }
        if !enforce_required {
            return Ok(());
        }
        if let Some(missing) = required.iter().find(|name| !self.has(event, properties, name)) {
            return Err(format!("event {name:?} needs property {missing:?}"));
        }
        let needs = self.item_properties.iter().filter(|(_, rule)| rule.required);
        for (name, _) in needs {
            if event.event_items.iter().any(|item| is_missing(item, name)) {
                return Err(format!("an item needs property {name:?}"));
            }
        }
        Ok(())
    }

    /// Says what is wrong with a property of a user. `null` is always allowed: the SDKs take it too.
    pub(crate) fn check_user_property(&self, name: &str, value: &PropertyValue) -> Result<(), String> {
        check_value(&self.user_properties, name, value)
    }

    /// Whether an event has a property; its items count as the property that holds items.
    fn has(&self, event: &Event, properties: &Properties, name: &str) -> bool {
        let holds_items = self
            .event_properties
            .get(name)
            .is_some_and(|rule| rule.property_type == PropertyType::Items);
        if holds_items {
            !event.event_items.is_empty()
        } else {
            !is_missing(properties, name)
        }
    }
}

impl Default for Registered {
    fn default() -> Self {
        Self::standard()
    }
}

impl Rule {
    const fn of(property_type: PropertyType) -> Self {
        Self {
            property_type,
            values: &[],
            required: false,
        }
    }

    /// Whether a value fits. A whole number also counts as a fraction, an empty array has any type, and `null` is not a
    /// value.
    fn allows(&self, value: &PropertyValue) -> bool {
        use PropertyValue as Value;
        match (self.property_type, value) {
            (PropertyType::Items, _) => false,
            (_, Value::Null)
            | (PropertyType::Boolean, Value::Boolean(_))
            | (PropertyType::Long | PropertyType::Double, Value::Long(_))
            | (PropertyType::Double, Value::Double(_))
            | (PropertyType::String | PropertyType::Datetime, Value::Datetime(_))
            | (PropertyType::StringArray, Value::Strings(_))
            | (PropertyType::LongArray | PropertyType::DoubleArray, Value::Longs(_))
            | (PropertyType::DoubleArray, Value::Doubles(_)) => true,
            (PropertyType::LongArray | PropertyType::DoubleArray, Value::Strings(texts)) => texts.is_empty(),
            (PropertyType::String, Value::String(text)) => {
                self.values.is_empty() || self.values.contains(&text.as_str())
            }
            (PropertyType::Datetime, Value::String(text)) => text.parse::<Timestamp>().is_ok(),
            (PropertyType::Date, Value::String(text)) => text.parse::<jiff::civil::Date>().is_ok(),
            _ => false,
        }
    }
}

fn rules<'a>(properties: impl IntoIterator<Item = &'a StandardProperty>) -> BTreeMap<String, Rule> {
    let rule = |property: &StandardProperty| Rule {
        property_type: property.property_type,
        values: property.values,
        required: property.required,
    };
    properties
        .into_iter()
        .map(|property| (property.name.to_owned(), rule(property)))
        .collect()
}

fn columns(rules: &BTreeMap<String, Rule>) -> impl Iterator<Item = (&str, PropertyType)> {
    rules.iter().map(|(name, rule)| (name.as_str(), rule.property_type))
}

fn check(rules: &BTreeMap<String, Rule>, properties: &Properties) -> Result<(), String> {
    properties
        .iter()
        .try_for_each(|(name, value)| check_value(rules, name, value))
}

fn check_value(rules: &BTreeMap<String, Rule>, name: &str, value: &PropertyValue) -> Result<(), String> {
    let rule = rules
        .get(name)
        .ok_or_else(|| format!("property {name:?} is not registered"))?;
    if rule.allows(value) {
        Ok(())
    } else if rule.values.is_empty() {
        Err(format!("property {name:?} must be of type {}", rule.property_type))
    } else {
        Err(format!("property {name:?} must be one of {}", rule.values.join(", ")))
    }
}

fn is_missing(properties: &Properties, name: &str) -> bool {
    matches!(properties.get(name), None | Some(PropertyValue::Null))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(event: &Event) -> String {
        Registered::standard()
            .check_event(event, true)
            .err()
            .unwrap_or_default()
    }

    fn item() -> Properties {
        let mut item = Properties::from([("df_item_id", "P-7"), ("df_item_name", "Tea")]);
        item.extend([("df_price", 3.5), ("df_discount", 0.0)]);
        item.extend([("df_quantity", 2)]);
        item
    }

    #[test]
    fn names_types_and_needs_are_checked() {
        assert_eq!(problem(&Event::new("df_login")), "");
        assert_eq!(problem(&Event::new("df_view_cart").item(item())), "");
        assert_eq!(problem(&Event::new("login")), "event \"login\" is not registered");
        assert_eq!(
            problem(&Event::new("df_login").property("pw", 1)),
            "property \"pw\" is not registered"
        );
        assert_eq!(
            problem(&Event::new("df_sign_up").property("df_sign_channel", 1)),
            "property \"df_sign_channel\" must be of type string"
        );
        assert_eq!(
            problem(&Event::new("df_sign_up")),
            "event \"df_sign_up\" needs property \"df_sign_channel\""
        );
        assert_eq!(
            problem(&Event::new("df_view_cart")),
            "event \"df_view_cart\" needs property \"df_items\""
        );
        assert_eq!(
            problem(&Event::new("df_view_cart").item([("df_item_id", "P-7")])),
            "an item needs property \"df_discount\""
        );
    }

    #[test]
    fn a_whole_number_is_a_double_but_a_fraction_is_no_long() {
        let price = |price: PropertyValue, quantity: PropertyValue| {
            let mut item = item();
            item.extend([("df_price", price), ("df_quantity", quantity)]);
            problem(&Event::new("df_view_cart").item(item))
        };
        assert_eq!(price(3.into(), 2.into()), "");
        assert_eq!(
            price(3.into(), 2.5.into()),
            "item property \"df_quantity\" must be of type long"
        );
    }

    #[test]
    fn dates_and_listed_values_are_checked() {
        let custom = Registered::standard()
            .user_property("since", PropertyType::Datetime)
            .user_property("day", PropertyType::Date);
        for (name, good, bad) in [
            ("df_gender", "Female", "female"),
            ("since", "2024-06-24T06:42:25Z", "2024-06-24"),
            ("day", "2024-06-24", "24.6.2024"),
        ] {
            assert!(custom.check_user_property(name, &good.into()).is_ok(), "{name}");
            assert!(custom.check_user_property(name, &bad.into()).is_err(), "{name}");
            assert!(custom.check_user_property(name, &PropertyValue::Null).is_ok(), "{name}");
        }
    }
}
