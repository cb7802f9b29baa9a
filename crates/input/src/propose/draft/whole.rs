//! The parts of a mapping that do not come from a single column.

use super::{Draft, NAMELESS, Rank, UNREGISTERED};
use crate::mapping::json_string;
use crate::propose::{
    guess::{MISSING, constant, scalar},
    sheet::Total,
    text::{Entry, Section},
};
use dfinery::{
    tables::{EventPropertyUse, PropertyType, Required, StandardEvent},
    taxonomy::{EVENT_PROPERTIES, EVENTS, ITEM_PROPERTIES},
};
use dfinery_records::{RecordKind, thousands};

impl Draft<'_> {
    pub(super) fn whole(&mut self) {
        self.rows();
        if !self.nameless.is_empty() {
            let names: Vec<_> = self.nameless.iter().map(|name| format!("{name:?}")).collect();
            self.say(Rank::Remark, format!("{}: {UNREGISTERED}.", names.join(", ")));
        }
        if !self.text.applies(Section::Identity) {
            self.placeholder(
                Section::Identity,
                "external_id",
                "No column is known that names the user",
            );
        }
        if self.kind == RecordKind::Event {
            self.event();
        }
        if let Some(zone) = &self.known.timezone {
            self.fixed(Section::Timezone, "timezone", &scalar(zone), true);
        } else if self.needs_zone {
            self.fixed(Section::Timezone, "timezone", "Asia/Seoul", false);
        }
        if self.kind == RecordKind::Profile && !self.text.applies(Section::UserProperties) {
            let problem = "No column is known to be a property of the user";
            self.placeholder(Section::UserProperties, NAMELESS, problem);
        }
    }

    /// Which cells and rows are none, and which rows belong together.
    fn rows(&mut self) {
        let sheet = self.sheet;
        if !self.missing.is_empty() {
            let words: Vec<_> = self.missing.iter().map(|word| json_string(word)).collect();
            self.fixed(Section::Rows, "missing", &format!("[{}]", words.join(", ")), true);
        }
        for (place, total, tally) in &sheet.totals {
            let Some((column, _)) = sheet.columns.get(*place).filter(|(column, _)| !column.is_empty()) else {
                continue;
            };
            self.skips.push((column, total.clone()));
            let rows = if tally.count == 1 {
                "row is a total"
            } else {
                "rows are totals"
            };
            let said = match total {
                Total::Word(word) => format!("is {word}"),
                Total::Prefix(word) => format!("begins with {word}"),
            };
            let said = format!(
                "{} {rows} ({column:?} {said}), {}: skipped.",
                thousands(tally.count),
                tally.place()
            );
            self.say(Rank::Remark, said);
        }
        let mut skips: Vec<_> = self
            .skips
            .iter()
            .map(|(column, cell)| self.condition(column, cell))
            .collect();
        skips.dedup();
        match skips.as_slice() {
            [] => {}
            [one] => self.fixed(Section::Rows, "skip_if", one, true),
            many => self.fixed(Section::Rows, "skip_if", &format!("[{}]", many.join(", ")), true),
        }
        self.groups();
    }

    /// The condition that a cell is this.
    fn condition(&self, column: &str, cell: &Total) -> String {
        let test = match cell {
            Total::Word(word) if self.missing.contains(word) => "empty: true".to_owned(),
            Total::Word(word) => format!("equals: {}", scalar(word)),
            Total::Prefix(word) => format!("prefix: {}", scalar(word)),
        };
        format!("{{column: {}, {test}}}", scalar(column))
    }

    fn event(&mut self) {
        if let Some(name) = &self.known.event {
            self.fixed(Section::Event, "event", &scalar(name), true);
        } else {
            if let Some(name) = self.likeliest_event() {
                self.fixed(Section::Event, "event", name, false);
            }
            let problem = "The name of the event is not known: write it as a text";
            self.placeholder(Section::Event, "event", problem);
        }
        if !self.text.applies(Section::Time) {
            let problem = "No column is sure to be the time of the event";
            self.placeholder(Section::Time, "event_datetime", problem);
        }
        let event = self.known.event.as_deref();
        let event = EVENTS.iter().find(|standard| Some(standard.name) == event);
        for property in event.map_or(&[][..], |event| event.properties) {
            match property.required {
                Required::Yes => self.needed(Section::EventProperties, property.name, "Every event"),
                Required::Unsettled => {
                    let whose = "By some pages of the vendor, every event";
                    self.needed(Section::EventProperties, property.name, whose);
                }
                Required::No => {}
            }
        }
        if self.text.applies(Section::EventItems) {
            for property in ITEM_PROPERTIES.iter().filter(|property| property.required) {
                self.needed(Section::EventItems, property.name, "Every item");
            }
        }
    }

    /// A required property for which there may be no column.
    fn needed(&mut self, section: Section, name: &str, whose: &str) {
        if self.text.has(section, name) {
            return;
        }
        let properties = if section == Section::EventItems {
            ITEM_PROPERTIES
        } else {
            EVENT_PROPERTIES
        };
        let property = properties.iter().find(|property| property.name == name);
        let Some(property) = property.filter(|property| property.property_type != PropertyType::Items) else {
            return;
        };
        self.fixed(section, name, constant(property.property_type), false);
        let said = format!("{whose} needs {name}: name its column or give a constant.");
        self.say(Rank::Doubt, said);
    }

    /// The standard event with the most of its properties present.
    fn likeliest_event(&self) -> Option<&'static str> {
        let found = |event: &StandardEvent| {
            let is_there = |property: &&EventPropertyUse| self.text.has(Section::EventProperties, property.name);
            event.properties.iter().filter(is_there).count()
        };
        let likeliest = EVENTS.iter().max_by_key(|event| found(event))?;
        (found(likeliest) > 0).then_some(likeliest.name)
    }

    pub(super) fn fixed(&mut self, section: Section, key: &str, value: &str, applied: bool) {
        self.text.push(Entry {
            section,
            key: key.to_owned(),
            value: value.to_owned(),
            note: String::new(),
            applied,
        });
    }

    /// A required part that is not known.
    fn placeholder(&mut self, section: Section, key: &str, problem: &str) {
        self.complete = false;
        self.say(Rank::Open, format!("{problem}."));
        self.text.push(Entry {
            section,
            key: key.to_owned(),
            value: MISSING.to_owned(),
            note: problem.to_owned(),
            applied: true,
        });
    }
}
