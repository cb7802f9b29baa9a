//! The event of a record, and its items.

use serde::de::{MapAccess, SeqAccess};

use super::{
    Section,
    any::{Accept, Any, Found, Key, Text},
    near::did_you_mean,
    pass::{Pass, read},
    property::Properties,
    taxonomy::EventRule,
    text::uuid,
};
use dfinery::{
    tables::{PropertyType, Required},
    taxonomy,
    types::import,
    validate::Path,
};

const LOG_ID: &str = "event_log_id";
const NAME: &str = "event_name";
const DATETIME: &str = "event_datetime";
const ITEMS: &str = "event_items";
const PROPERTIES: &str = "event_properties";
const KEYS: [&str; 5] = [LOG_ID, NAME, DATETIME, ITEMS, PROPERTIES];

pub(super) struct Event<'p, 'a, 'c> {
    pub(super) pass: &'p mut Pass<'a, 'c>,
    pub(super) at: Path<'p>,
}

impl<'a> Accept<'a> for Event<'_, 'a, '_> {
    fn other(self, found: Found) {
        self.pass.violation(&self.at, format!("must be an object, not {found}"));
    }

    fn object<A: MapAccess<'a>>(self, mut object: A) -> Result<(), A::Error> {
        let Self { pass, at } = self;
        let mut seen = 0;
        let mut rule = None;
        let mut properties = 0;
        while let Some(key) = object.next_key_seed(Key)? {
            let Some(known) = pass.known(&mut object, &KEYS, &mut seen, &at, &key)? else {
                continue;
            };
            let text = pass.enter(&mut object, &key)?;
            let at = at.field(known);
            match known {
                NAME => read(
                    &mut object,
                    text,
                    Name {
                        pass,
                        at,
                        rule: &mut rule,
                    },
                )?,
                PROPERTIES => {
                    let section = Section::Event;
                    properties = pass.next_object();
                    read(&mut object, text, Optional(Properties { pass, at, section }))?;
                }
                ITEMS => read(&mut object, text, Items { pass, at })?,
                _ => read(&mut object, text, Part { pass, at, name: known })?,
            }
        }
        for (index, key) in KEYS.into_iter().enumerate() {
            if seen & (1 << index) == 0 && matches!(key, NAME | DATETIME) {
                pass.violation(&at.field(key), "is missing");
            }
        }
        if let Some(rule) = rule {
            needs(pass, &at, rule, properties);
        }
        Ok(())
    }
}

/// Looks for what an event needs and does not have. `null` counts as missing.
fn needs(pass: &mut Pass<'_, '_>, at: &Path<'_>, event: &EventRule, properties: u64) {
    let Some(registered) = pass.taxonomy.map(|taxonomy| taxonomy.section(Section::Event)) else {
        return;
    };
    for &(place, required) in &event.needs {
        let Some(property) = registered.at(place) else { continue };
        let (key, field) = (at.field(PROPERTIES), at.field(ITEMS));
        let (has, at) = if property.property_type == PropertyType::Items {
            (pass.items > 0, field)
        } else {
            (
                pass.has_value(properties, Section::Event, place),
                key.field(&property.name),
            )
        };
        if has {
            continue;
        }
        let name = &event.name;
        if required == Required::Yes {
            pass.violation(&at, format!("is missing: {name} needs it"));
        } else {
            let problem = format!(
                "is missing: the sources disagree whether {name} needs it; say required: true or false in the taxonomy file"
            );
            pass.warning(&at, problem);
        }
    }
}

struct Name<'p, 'a, 'c> {
    pass: &'p mut Pass<'a, 'c>,
    at: Path<'p>,
    rule: &'p mut Option<&'c EventRule>,
}

impl<'a> Accept<'a> for Name<'_, 'a, '_> {
    fn other(self, found: Found) {
        self.pass.violation(&self.at, format!("must be a text, not {found}"));
    }

    fn text(self, text: Text<'_, 'a>) {
        let name = text.as_str();
        if name.is_empty() {
            self.pass.violation(&self.at, "must not be empty");
            return;
        }
        let Some(taxonomy) = self.pass.taxonomy else { return };
        *self.rule = taxonomy.events().get(name).map(|(_, rule)| rule);
        if self.rule.is_none() {
            let known = taxonomy.events().iter().map(|rule| &*rule.name);
            let problem = if taxonomy::SYSTEM_EVENTS.iter().any(|event| event.name == name) {
                "only the SDKs send this event".to_owned()
            } else {
                did_you_mean("the event is not registered", name, known)
            };
            self.pass.violation(&self.at, problem);
        }
    }
}

/// The ID or the time of an event.
struct Part<'p, 'a, 'c> {
    pass: &'p mut Pass<'a, 'c>,
    at: Path<'p>,
    name: &'static str,
}

impl<'a> Accept<'a> for Part<'_, 'a, '_> {
    fn other(self, found: Found) {
        self.pass.violation(&self.at, format!("must be a text, not {found}"));
    }

    fn text(self, text: Text<'_, 'a>) {
        if self.name == DATETIME {
            return self.pass.datetime(text, &self.at);
        }
        self.pass.event_log_id = uuid(text.as_str());
        if self.pass.event_log_id.is_none() {
            let problem = "must be a UUID with hyphens; without the field one is made";
            self.pass.violation(&self.at, problem);
        }
    }
}

/// As in the typed client, the properties of an event may be `null`.
struct Optional<'p, 'a, 'c>(Properties<'p, 'a, 'c>);

impl<'a> Accept<'a> for Optional<'_, 'a, '_> {
    fn other(self, found: Found) {
        self.0.other(found);
    }

    fn null(self) {
        self.0.pass.null_to_empty_object();
    }

    fn object<A: MapAccess<'a>>(self, object: A) -> Result<(), A::Error> {
        self.0.object(object)
    }
}

struct Items<'p, 'a, 'c> {
    pass: &'p mut Pass<'a, 'c>,
    at: Path<'p>,
}

impl<'a> Accept<'a> for Items<'_, 'a, '_> {
    fn other(self, found: Found) {
        self.pass
            .violation(&self.at, format!("must be an array of objects, not {found}"));
    }

    fn array<A: SeqAccess<'a>>(self, mut array: A) -> Result<(), A::Error> {
        const MOST: usize = import::Event::MAX_EVENT_ITEMS;
        let Self { pass, at } = self;
        let mut count = 0;
        loop {
            let item = Properties {
                pass: &mut *pass,
                at: at.index(count),
                section: Section::Item,
            };
            if array.next_element_seed(Any(item))?.is_none() {
                break;
            }
            count += 1;
        }
        pass.items = count;
        if count > MOST {
            pass.violation(&at, format!("more than {MOST} items: split the event"));
        }
        Ok(())
    }
}
