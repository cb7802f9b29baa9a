//! Properties of events, items and users.

mod value;

use std::mem;

#[cfg(test)]
pub(crate) use self::value::NEVER_NEGATIVE;
use self::value::Property;
use super::{
    json::Broken,
    reading::{Reading, TWICE},
    suggest::{did_you_mean, shown},
    taxonomy::{PropertyRule, Section, Taxonomy},
};
use dfinery::{tables::PropertyType, taxonomy, validate::Path};

/// Up to this many names of an object, compare them one by one.
const FEW_NAMES: usize = 16;

const TO_ITEMS: &str = "items belong into event_items";

impl<'c> Reading<'_, 'c> {
    /// Takes a properties object. Returns its number in the memory; 0 if it is not an object.
    pub(crate) fn properties(&mut self, section: Section, at: &Path<'_>) -> Result<u64, Broken> {
        if !self.is_object(at)? {
            return Ok(0);
        }
        let (object, mut before) = self.memory.begin(section);
        let mut more = self.json.enter(b'}')?;
        if let Some(taxonomy) = self.taxonomy {
            while more {
                self.registered(taxonomy, section, &mut before, at)?;
                more = self.json.goes_on(b'}')?;
            }
        } else {
            self.names.clear();
            while more {
                self.unregistered(section, at)?;
                more = self.json.goes_on(b'}')?;
            }
            self.repeated_names(at);
        }
        if section == Section::Item {
            self.needs_of_item(at, object);
        }
        Ok(object)
    }

    /// Takes a property that must be registered.
    #[inline]
    fn registered(
        &mut self,
        taxonomy: &'c Taxonomy,
        section: Section,
        before: &mut usize,
        at: &Path<'_>,
    ) -> Result<(), Broken> {
        let names = taxonomy.section(section);
        let expected = self.memory.next(section, *before);
        let found = match names.at(expected) {
            Some(rule) if self.json.key(&rule.key) => Some((expected, rule)),
            _ => self.unexpected(taxonomy, section, *before, at)?,
        };
        let Some((place, rule)) = found else {
            return self.json.pass();
        };
        *before = place;
        if !self.is_new(section, place, rule, at) {
            return self.json.pass();
        }
        let property = Property {
            parent: at,
            name: &rule.name,
            rule: Some(rule),
        };
        if !self.value(&property)? {
            self.memory.set_null(section, place);
        }
        Ok(())
    }

    /// Takes the key of a property that was not here last time.
    #[inline(never)]
    fn unexpected(
        &mut self,
        taxonomy: &'c Taxonomy,
        section: Section,
        before: usize,
        at: &Path<'_>,
    ) -> Result<Option<(usize, &'c PropertyRule)>, Broken> {
        let name = self.json.text()?.read();
        let found = taxonomy.section(section).get(&name);
        if let Some((place, _)) = found {
            self.memory.set_next(section, before, place);
        } else {
            let problem = no_such_property(taxonomy, section, &name);
            self.violation(&at.field(&shown(&name)), problem);
        }
        self.json.colon()?;
        Ok(found)
    }

    /// Whether a registered property is allowed here and appears for the first time.
    #[inline]
    fn is_new(&mut self, section: Section, place: usize, rule: &PropertyRule, at: &Path<'_>) -> bool {
        let problem = if rule.property_type == PropertyType::Items {
            TO_ITEMS
        } else if self.memory.add(section, place) {
            return true;
        } else {
            TWICE
        };
        self.violation(&at.field(&rule.name), problem);
        false
    }

    /// Takes a property without a taxonomy.
    fn unregistered(&mut self, section: Section, at: &Path<'_>) -> Result<(), Broken> {
        let name = self.json.text()?.read();
        let problem = if name.is_empty() {
            "a property needs a name"
        } else if section == Section::Event && holds_items(&name) {
            TO_ITEMS
        } else if self.names.len() < FEW_NAMES && self.names.contains(&name) {
            TWICE
        } else {
            self.json.colon()?;
            let property = Property {
                parent: at,
                name: &name,
                rule: None,
            };
            self.value(&property)?;
            self.names.push(name);
            return Ok(());
        };
        self.violation(&at.field(&shown(&name)), problem);
        self.json.colon()?;
        self.json.pass()
    }

    /// Finds the repeated names of an object with many names.
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
    }

    /// Looks for properties that an item needs but lacks. `null` counts as missing.
    fn needs_of_item(&mut self, at: &Path<'_>, object: u64) {
        let Some(taxonomy) = self.taxonomy else { return };
        for &place in taxonomy.required_items() {
            if self.memory.has_value(object, Section::Item, place) {
                continue;
            }
            if let Some(rule) = taxonomy.section(Section::Item).at(place) {
                self.violation(&at.field(&rule.name), "is missing: every item needs it");
            }
        }
    }
}

/// Whether this is the spec's name for the items of an event.
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
