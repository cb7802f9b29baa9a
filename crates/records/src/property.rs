//! Properties of events, items and users.

mod value;

use std::mem;

use serde::de::{IgnoredAny, MapAccess};

use super::{
    Section, Taxonomy,
    any::{Accept, Found, Key},
    near::{did_you_mean, shown},
    pass::{Name, Pass, read},
    taxonomy::PropertyRule,
};
use dfinery::{tables::PropertyType, taxonomy, validate::Path};

/// Up to so many names of an object are compared one by one.
const FEW_NAMES: usize = 16;

const TWICE: &str = "stands twice: give it once";
const TO_ITEMS: &str = "items belong into event_items";

pub(super) struct Properties<'p, 'a, 'c> {
    pub(super) pass: &'p mut Pass<'a, 'c>,
    pub(super) at: Path<'p>,
    pub(super) section: Section,
}

impl<'a> Accept<'a> for Properties<'_, 'a, '_> {
    fn other(self, found: Found) {
        self.pass.violation(&self.at, format!("must be an object, not {found}"));
    }

    fn object<A: MapAccess<'a>>(self, mut object: A) -> Result<(), A::Error> {
        let Self { pass, at, section } = self;
        let number = pass.begin_object(section);
        while let Some(key) = object.next_key_seed(Key)? {
            let Some((place, rule)) = pass.property(section, &at, &key) else {
                object.next_value::<IgnoredAny>()?;
                continue;
            };
            let text = pass.enter(&mut object, &key)?;
            let value = value::Value {
                pass: &mut *pass,
                parent: at,
                name: &key,
                section,
                place,
                rule,
            };
            read(&mut object, text, value)?;
        }
        pass.repeated_names(&at);
        if section == Section::Item {
            pass.needs_of_item(&at, number);
        }
        Ok(())
    }
}

impl<'a, 'c> Pass<'a, 'c> {
    /// Holds the name of a property against the names before it and those registered.
    #[inline]
    fn property(
        &mut self,
        section: Section,
        at: &Path<'_>,
        name: &Name<'a>,
    ) -> Option<(usize, Option<&'c PropertyRule>)> {
        let Some(taxonomy) = self.taxonomy else {
            return self.unregistered(section, at, name).then_some((0, None));
        };
        match self.registered(section, name) {
            Some((_, rule)) if rule.property_type == PropertyType::Items => {
                self.violation(&at.field(name), TO_ITEMS);
                None
            }
            Some((place, rule)) if self.mark(section, place) => Some((place, Some(rule))),
            Some(_) => {
                self.violation(&at.field(name), TWICE);
                None
            }
            None => {
                let problem = no_such_property(taxonomy, section, name);
                self.violation(&at.field(&shown(name)), problem);
                None
            }
        }
    }

    /// What can be said of a name without a taxonomy.
    fn unregistered(&mut self, section: Section, at: &Path<'_>, name: &Name<'a>) -> bool {
        let problem = if name.is_empty() {
            "a property needs a name"
        } else if section == Section::Event && holds_items(name) {
            TO_ITEMS
        } else if self.names.len() < FEW_NAMES && self.names.contains(name) {
            TWICE
        } else {
            self.names.push(name.clone());
            return true;
        };
        self.violation(&at.field(&shown(name)), problem);
        false
    }
}

impl Pass<'_, '_> {
    /// Finds the names that stand twice in an object with many names.
    fn repeated_names(&mut self, at: &Path<'_>) {
        if self.names.len() <= FEW_NAMES {
            return;
        }
        let mut names = mem::take(&mut self.names);
        names.sort_unstable();
        for pair in names.windows(2) {
            if let [first, second] = pair
                && first == second
            {
                self.violation(&at.field(&shown(first)), TWICE);
            }
        }
        self.names = names;
    }

    /// Looks for what an item needs and does not have. `null` counts as missing.
    fn needs_of_item(&mut self, at: &Path<'_>, object: u64) {
        let Some(taxonomy) = self.taxonomy else { return };
        for &place in taxonomy.required_items() {
            if self.has_value(object, Section::Item, place) {
                continue;
            }
            if let Some(rule) = taxonomy.section(Section::Item).at(place) {
                self.violation(&at.field(&rule.name), "is missing: every item needs it");
            }
        }
    }
}

/// Whether the spec has this name for the items of an event.
fn holds_items(name: &str) -> bool {
    taxonomy::EVENT_PROPERTIES
        .iter()
        .any(|property| property.property_type == PropertyType::Items && property.name == name)
}

#[cold]
fn no_such_property(taxonomy: &Taxonomy, section: Section, name: &str) -> String {
    const PROBLEM: &str = "the property is not registered";
    if name.is_empty() {
        return "a property needs a name".to_owned();
    }
    if section == Section::Event && holds_items(name) {
        return TO_ITEMS.to_owned();
    }
    let elsewhere = [Section::Event, Section::Item, Section::User]
        .into_iter()
        .find(|other| taxonomy.section(*other).get(name).is_some());
    match elsewhere {
        Some(other) => format!("{PROBLEM} here; it belongs into {}", other.key()),
        None => did_you_mean(PROBLEM, name, taxonomy.section(section).iter().map(|rule| &*rule.name)),
    }
}
