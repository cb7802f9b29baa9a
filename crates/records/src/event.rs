//! The event of a record, and its items.

use super::{
    fields::{Seen, place_of},
    forms::{UUID, uuid},
    json::Broken,
    reading::Reading,
    suggest::did_you_mean,
    taxonomy::{EventRule, Section, Taxonomy},
    warning::WarningKind,
};
use dfinery::{
    tables::{PropertyType, Required},
    taxonomy,
    types::import,
    validate::Path,
};

const FIELDS: [&str; import::Event::FIELDS.len()] = import::Event::FIELDS;
/// A new field needs a rule below.
const _: () = assert!(FIELDS.len() == 5);
const LOG_ID: usize = place_of("event_log_id", &FIELDS);
const NAME: usize = place_of("event_name", &FIELDS);
const DATETIME: usize = place_of("event_datetime", &FIELDS);
const ITEMS: usize = place_of("event_items", &FIELDS);
const PROPERTIES: usize = place_of("event_properties", &FIELDS);

impl<'c> Reading<'_, 'c> {
    /// Takes the event of a record.
    pub(crate) fn event(&mut self, at: &Path<'_>) -> Result<(), Broken> {
        if !self.is_object(at)? {
            return Ok(());
        }
        let mut rule = None;
        let mut properties = 0;
        let mut seen = Seen::default();
        let mut more = self.json.enter(b'}')?;
        while more {
            if let Some(place) = self.field(&FIELDS, &mut seen, at)? {
                let at = at.field(FIELDS[place]);
                match place {
                    LOG_ID => self.log_id(&at)?,
                    NAME => rule = self.event_name(&at)?,
                    DATETIME => self.datetime(&at)?,
                    ITEMS => self.items(&at)?,
                    PROPERTIES => properties = self.event_properties(&at)?,
                    _ => self.json.pass()?,
                }
            }
            more = self.json.goes_on(b'}')?;
        }
        for place in [NAME, DATETIME] {
            if !seen.has(place) {
                self.violation(&at.field(FIELDS[place]), "is missing");
            }
        }
        if let Some(rule) = rule {
            self.needs_of_event(at, rule, properties);
        }
        Ok(())
    }

    /// As in the typed client, the properties of an event may be `null`. It never sends `null` for an object.
    fn event_properties(&mut self, at: &Path<'_>) -> Result<u64, Broken> {
        if !self.json.begins(b'n') {
            return self.properties(Section::Event, at);
        }
        let start = self.json.at();
        self.json.word()?;
        self.edit(start, "{}".to_owned());
        Ok(0)
    }

    fn log_id(&mut self, at: &Path<'_>) -> Result<(), Broken> {
        self.checked.event_log_id = self.json.text_if(UUID, uuid);
        if self.checked.event_log_id.is_some() || !self.is_text(at)? {
            return Ok(());
        }
        self.checked.event_log_id = uuid(&self.json.text()?.read());
        if self.checked.event_log_id.is_none() {
            self.violation(at, "must be a UUID with hyphens; without the field one is made");
        }
        Ok(())
    }

    /// Takes the name of an event, and returns what is registered under it.
    fn event_name(&mut self, at: &Path<'_>) -> Result<Option<&'c EventRule>, Broken> {
        if !self.is_text(at)? {
            return Ok(None);
        }
        let name = &*self.json.text()?.read();
        if name.is_empty() {
            self.violation(at, "must not be empty");
            return Ok(None);
        }
        let Some(events) = self.taxonomy.map(Taxonomy::events) else {
            return Ok(None);
        };
        if let Some(same) = events.at(self.memory.event).filter(|rule| *rule.name == *name) {
            return Ok(Some(same));
        }
        if let Some((place, rule)) = events.get(name) {
            self.memory.event = place;
            return Ok(Some(rule));
        }
        let problem = if taxonomy::SYSTEM_EVENTS.iter().any(|event| event.name == name) {
            "only the SDKs send this event".to_owned()
        } else {
            let known = events.iter().map(|rule| &*rule.name);
            did_you_mean("the event is not registered", name, known)
        };
        self.violation(at, problem);
        Ok(None)
    }

    /// Looks for properties that an event needs but lacks. `null` counts as missing.
    fn needs_of_event(&mut self, at: &Path<'_>, event: &EventRule, properties: u64) {
        let Some(registered) = self.taxonomy.map(|taxonomy| taxonomy.section(Section::Event)) else {
            return;
        };
        for &(place, required) in &event.needs {
            let Some(property) = registered.at(place) else { continue };
            let is_items = property.property_type == PropertyType::Items;
            let has = if is_items {
                self.checked.items > 0
            } else {
                self.memory.has_value(properties, Section::Event, place)
            };
            if has {
                continue;
            }
            let properties = at.field(FIELDS[PROPERTIES]);
            let at = if is_items {
                at.field(FIELDS[ITEMS])
            } else {
                properties.field(&property.name)
            };
            let name = &event.name;
            if required == Required::Yes {
                self.violation(&at, format!("is missing: {name} needs it"));
            } else {
                let problem = format!(
                    "is missing: the sources disagree whether {name} needs it; say required: true or false in the taxonomy file"
                );
                self.warning(WarningKind::DisputedRequirement, &at, problem);
            }
        }
    }

    fn items(&mut self, at: &Path<'_>) -> Result<(), Broken> {
        const MOST: usize = import::Event::MAX_EVENT_ITEMS;
        if !self.json.begins(b'[') {
            return self.wrong_type("an array of objects", at);
        }
        let mut count = 0;
        let mut more = self.json.enter(b']')?;
        while more {
            self.properties(Section::Item, &at.index(count))?;
            count += 1;
            more = self.json.goes_on(b']')?;
        }
        if count > MOST {
            self.violation(at, format!("more than {MOST} items: split the event"));
        }
        self.checked.items = count;
        Ok(())
    }
}
