//! Turns the findings about a table into a mapping.

use std::fmt::Write as _;

use super::{
    evidence::{Evidence, Form, is_date, is_time},
    guess::{MISSING, NEEDS_ZONE, ROUNDED, cell, constant, read_as, scalar, suggested_type},
    proposal::{Proposal, ProposalOptions},
    sheet::Sheet,
    text::{Entry, Section, Text},
    words::{self, Meaning},
};
use crate::mapping::json_string;
use dfinery::{
    tables::{EventPropertyUse, PropertyType, StandardEvent, StandardProperty},
    taxonomy::{EVENTS, ITEM_PROPERTIES},
};
use dfinery_records::{Accepts, RecordKind};

/// Placeholder for a property whose name only people know.
const NAMELESS: &str = "name_of_property";
/// An unfinished mapping.
pub(super) struct Draft<'a> {
    sheet: &'a Sheet,
    known: &'a ProposalOptions,
    kind: RecordKind,
    text: Text,
    unsure: Vec<String>,
    complete: bool,
    needs_zone: bool,
}

impl<'a> Draft<'a> {
    pub(super) fn new(sheet: &'a Sheet, known: &'a ProposalOptions, accepts: Accepts) -> Self {
        let mut draft = Self {
            sheet,
            known,
            kind: kind(sheet, known, accepts),
            text: Text::default(),
            unsure: Vec::new(),
            complete: true,
            needs_zone: false,
        };
        if let Some((line, problem)) = &sheet.first_broken {
            draft.unsure.push(format!(
                "{} rows cannot be read, the first in line {line}: {problem}.",
                sheet.broken
            ));
        }
        let named = |name: &str| sheet.columns.iter().filter(|(other, _)| other == name).count();
        for (column, evidence) in &sheet.columns {
            match named(column) {
                // A column without a name is usually the number of the row.
                _ if column.is_empty() => {}
                1 => draft.column(column, evidence),
                count => {
                    let problem = format!("{count} columns have the name {column}: rename those that you need.");
                    if !draft.unsure.contains(&problem) {
                        draft.unsure.push(problem);
                    }
                }
            }
        }
        draft.whole();
        draft
    }

    fn column(&mut self, column: &str, evidence: &Evidence) {
        let Some(found) = words::meaning(column) else {
            return self.unknown(column, evidence);
        };
        let is_event = self.kind == RecordKind::Event;
        match found.meaning {
            _ if evidence.filled == 0 => self.unknown(column, evidence),
            Meaning::Identifier(name) => self.identifier(name, column, evidence),
            Meaning::EventTime if is_event => self.time(column, evidence),
            Meaning::EventProperty(property) if is_event => {
                self.property(Section::EventProperties, property, found.is_sure, column, evidence);
            }
            Meaning::ItemProperty(property) if is_event => {
                self.property(Section::EventItems, property, found.is_sure, column, evidence);
            }
            Meaning::UserProperty(property) if self.kind == RecordKind::Profile => {
                self.property(Section::UserProperties, property, found.is_sure, column, evidence);
            }
            Meaning::UserProperty(property) if is_event => {
                self.unsure.push(format!(
                    "{column:?} is probably {}, a property of the user: that takes a second mapping, with user_properties.",
                    property.name
                ));
            }
            _ => self.unknown(column, evidence),
        }
    }

    fn identifier(&mut self, name: &str, column: &str, evidence: &Evidence) {
        let is_deletion = self.kind == RecordKind::Deletion && name != "external_id";
        let doubt = if self.text.has(Section::Identity, name) {
            Some(format!("another column is {name} already"))
        } else if is_deletion {
            Some("a deletion names its user by external_id only".to_owned())
        } else if evidence.is_rounded {
            Some(ROUNDED.to_owned())
        } else if name == "phone_no" && evidence.fits(|form| *form == Form::Phone).is_none() {
            Some("not every cell is a phone number with its leading zero or country code".to_owned())
        } else if name == "email" && !evidence.is_email() {
            Some("not every cell is an e-mail address".to_owned())
        } else {
            None
        };
        let value = if name == "phone_no" {
            cell(column, "type: phone")
        } else {
            scalar(column)
        };
        self.push(Section::Identity, name, value, column, evidence, doubt.as_deref());
    }

    fn time(&mut self, column: &str, evidence: &Evidence) {
        const KEY: &str = "event_datetime";
        let with = |format: &str| {
            if format.is_empty() {
                scalar(column)
            } else {
                cell(column, &format!("format: {}", json_string(format)))
            }
        };
        let with_offset = evidence.fits(|form| matches!(form, Form::Time(_)));
        let form = with_offset.or(evidence.fits(is_time)).or(evidence.fits(is_date));
        let (value, mut doubt) = match form {
            Some(Form::Time(format)) => (with(format), None),
            Some(Form::LocalTime(format)) => (with(format), self.known.timezone.is_none().then_some(NEEDS_ZONE)),
            Some(Form::Date(format)) => (
                with(format),
                Some("these are dates, which would be taken for midnight, and need a timezone"),
            ),
            _ => (
                cell(column, "format: \"%Y-%m-%d %H:%M:%S\""),
                Some("the form of the times is not known: give format"),
            ),
        };
        self.needs_zone |= !matches!(form, Some(Form::Time(_)));
        if self.text.has(Section::Time, KEY) {
            self.text.withdraw(Section::Time, KEY);
            doubt = Some("several columns look like the time of the event");
        }
        self.push(Section::Time, KEY, value, column, evidence, doubt);
    }

    fn property(
        &mut self,
        section: Section,
        property: &'static StandardProperty,
        is_sure: bool,
        column: &str,
        evidence: &Evidence,
    ) {
        let (value, mut doubt) = read_as(column, evidence, property.property_type);
        if !property.values.is_empty() {
            doubt = Some(format!("DFINERY takes only {}", property.values.join(", ")));
        }
        if !is_sure {
            doubt = doubt.or_else(|| {
                Some(format!(
                    "it may be something else than {}",
                    property.label.en.to_lowercase()
                ))
            });
        }
        if self.text.has(section, property.name) {
            doubt = Some(format!("another column is {} already", property.name));
        }
        self.push(section, property.name, value, column, evidence, doubt.as_deref());
    }

    /// A column with an unknown name: a comment, with the type that its cells suggest.
    fn unknown(&mut self, column: &str, evidence: &Evidence) {
        let by_cells = "its cells look like it, its name does not";
        if evidence.is_email() {
            return self.push(
                Section::Identity,
                "email",
                scalar(column),
                column,
                evidence,
                Some(by_cells),
            );
        }
        if evidence.is_phone() {
            let value = cell(column, "type: phone");
            return self.push(Section::Identity, "phone_no", value, column, evidence, Some(by_cells));
        }
        if self.kind == RecordKind::Event && evidence.is_uuid() && evidence.is_unique() {
            let doubt = "each cell is another UUID, which may be the id of the event";
            let value = scalar(column);
            return self.push(Section::EventId, "event_log_id", value, column, evidence, Some(doubt));
        }
        let section = match self.kind {
            RecordKind::Event => Section::EventProperties,
            RecordKind::Profile => Section::UserProperties,
            RecordKind::Identity | RecordKind::Deletion => return self.unsure.push(format!("{column:?} is not used.")),
        };
        let suggested = suggested_type(evidence);
        let (value, doubt) = read_as(column, evidence, suggested);
        let value = if suggested == PropertyType::String || value.contains("type:") {
            value
        } else {
            cell(column, &format!("type: {suggested}"))
        };
        let doubt = doubt.unwrap_or_else(|| "give the name of a property that is registered in DFINERY".to_owned());
        self.push(section, NAMELESS, value, column, evidence, Some(&doubt));
    }

    fn push(
        &mut self,
        section: Section,
        key: &str,
        value: String,
        column: &str,
        evidence: &Evidence,
        doubt: Option<&str>,
    ) {
        let mut note = evidence.describe();
        if let Some(doubt) = doubt {
            let _ = write!(note, "; unsure: {doubt}");
            self.unsure.push(format!("{column:?}: {doubt}."));
        }
        self.text.push(Entry {
            section,
            key: key.to_owned(),
            value,
            note,
            applied: doubt.is_none(),
        });
    }

    /// The parts that do not come from a single column.
    fn whole(&mut self) {
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
        let required = ITEM_PROPERTIES.iter().filter(|property| property.required);
        for property in required
            .filter(|_| self.text.applies(Section::EventItems))
            .collect::<Vec<_>>()
        {
            if !self.text.has(Section::EventItems, property.name) {
                self.fixed(
                    Section::EventItems,
                    property.name,
                    constant(property.property_type),
                    false,
                );
                let name = property.name;
                self.unsure
                    .push(format!("Every item needs {name}: name its column or give a constant."));
            }
        }
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

    fn fixed(&mut self, section: Section, key: &str, value: &str, applied: bool) {
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
        self.unsure.push(format!("{problem}."));
        self.text.push(Entry {
            section,
            key: key.to_owned(),
            value: MISSING.to_owned(),
            note: problem.to_owned(),
            applied: true,
        });
    }

    pub(super) fn into_proposal(self) -> Proposal {
        Proposal {
            yaml: self.text.write(self.sheet, &self.unsure),
            unsure: self.unsure,
            complete: self.complete,
            rows: self.sheet.rows,
        }
    }
}

/// What kind of records the rows of a table are.
fn kind(sheet: &Sheet, known: &ProposalOptions, accepts: Accepts) -> RecordKind {
    let has = |meant: fn(&Meaning) -> bool| {
        sheet
            .columns
            .iter()
            .any(|(column, _)| words::meaning(column).is_some_and(|found| meant(&found.meaning)))
    };
    match accepts {
        Accepts::Only(kind) => kind,
        Accepts::Mixed if known.event.is_some() || has(|meaning| *meaning == Meaning::EventTime) => RecordKind::Event,
        Accepts::Mixed => RecordKind::Profile,
    }
}
