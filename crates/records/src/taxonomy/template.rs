//! The taxonomy file that a customer starts from.

use super::{Section, Taxonomy};
use dfinery::tables::{Required, StandardProperty, Text};
use dfinery::taxonomy as tables;

const HEAD: &str = "\
# The events and properties that your service has registered in the DFINERY console.
#
# Delete what is not registered there and add what is: DFINERY does not record an event that has an unregistered name,
# a value of another type, or a required property missing.
#
# standard   true: all standard names are registered, and this file only adds to them or changes them.
#            false: only what stands here is registered.
# type       string | long (whole number) | double | boolean | datetime | date (a text such as 2024-06-24)
#            | string-array | long-array | double-array | items (the items of an event)
# required   true | false | unsettled (gives a warning when it is missing)
# values     the only texts that are allowed
# nullable   false: null is refused. On events and items null counts as missing.
#
# The properties of consent exist in every service and need not be here.

standard: false
";

const EVENTS: &str = "
# `properties` names what an event needs. Any registered event property may be on any registered event.
events:
";

const EVENT_PROPERTIES: &str = "
event_properties:
";

const ITEM_PROPERTIES: &str = "
# Properties of the items of an event, in `event_items`. `required` means that every item needs it.
item_properties:
";

const USER_PROPERTIES: &str = "
user_properties:
";

impl Taxonomy {
    /// A commented taxonomy file that registers everything standard: the starting point for a customer.
    ///
    /// ```
    /// use dfinery_records::Taxonomy;
    /// # fn main() -> Result<(), dfinery_records::TaxonomyError> {
    /// assert!(Taxonomy::from_yaml(&Taxonomy::template())? == Taxonomy::standard());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn template() -> String {
        let mut out = format!("{HEAD}{EVENTS}");
        for event in tables::EVENTS {
            entry(&mut out, &format!("- name: {}", event.name), event.label);
            if !event.properties.is_empty() {
                out.push_str("    properties:\n");
            }
            for property in event.properties {
                let required = match property.required {
                    Required::Yes => "true",
                    Required::No => "false",
                    Required::Unsettled => "unsettled",
                };
                line(
                    &mut out,
                    &format!("      - {{name: {}, required: {required}}}", property.name),
                );
            }
        }
        for (head, section, rows) in [
            (EVENT_PROPERTIES, Section::Event, tables::EVENT_PROPERTIES),
            (ITEM_PROPERTIES, Section::Item, tables::ITEM_PROPERTIES),
            (USER_PROPERTIES, Section::User, tables::USER_PROPERTIES),
        ] {
            out.push_str(head);
            for row in rows {
                property(&mut out, section, row);
            }
        }
        out
    }
}

fn property(out: &mut String, section: Section, row: &StandardProperty) {
    let required = match section {
        Section::Item => format!(", required: {}", row.required),
        Section::Event | Section::User => String::new(),
    };
    let values = match row.values {
        [] => String::new(),
        values => format!(", values: [{}]", values.join(", ")),
    };
    let (name, property_type) = (row.name, row.property_type);
    entry(
        out,
        &format!("- {{name: {name}, type: {property_type}{required}{values}}}"),
        row.label,
    );
}

/// An entry of a list, with its name in the console.
fn entry(out: &mut String, entry: &str, label: Text) {
    line(out, &format!("  # {} / {}", label.en, label.ko));
    line(out, &format!("  {entry}"));
}

fn line(out: &mut String, text: &str) {
    out.push_str(text);
    out.push('\n');
}
