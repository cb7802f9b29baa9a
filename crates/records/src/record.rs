//! The outermost object of a record.

use std::borrow::Cow;

use super::{
    accepts::Accepts,
    fields::{Seen, place_of},
    forms::timestamp,
    json::Broken,
    reading::{NO_TIME, Reading},
    taxonomy::Section,
};
use crate::RecordKind;
use dfinery::{Violations, validate::Path};

const FIELDS: [&str; 4] = ["identity", "event", "user_properties", "request_datetime"];
const IDENTITY: usize = place_of("identity", &FIELDS);
const EVENT: usize = place_of("event", &FIELDS);
const USER_PROPERTIES: usize = place_of("user_properties", &FIELDS);
const REQUEST_DATETIME: usize = place_of("request_datetime", &FIELDS);

/// Reads a record from start to end.
///
/// # Errors
/// Everything wrong with it. If the text is not JSON, everything wrong up to that point.
pub(crate) fn check(mut reading: Reading<'_, '_>) -> Result<(), Violations> {
    if reading.record().is_err() {
        let complaint = reading.json.complaint();
        reading.violation(&Path::root(), complaint);
    }
    reading.violations.into_result()?;
    reading.checked.warnings = reading.warnings;
    Ok(())
}

impl Reading<'_, '_> {
    fn record(&mut self) -> Result<(), Broken> {
        let root = Path::root();
        if !self.json.begins(b'{') {
            let found = self.json.other()?;
            self.violation(&root, format!("a record must be an object, not {found}"));
            return self.json.end();
        }
        let mut seen = Seen::default();
        let mut more = self.json.enter(b'}')?;
        while more {
            if let Some(place) = self.field(&FIELDS, &mut seen, &root)? {
                let at = root.field(FIELDS[place]);
                match place {
                    IDENTITY => self.identity(&at)?,
                    REQUEST_DATETIME => self.request_datetime(&at)?,
                    _ => self.payload(place, &at)?,
                }
            }
            more = self.json.goes_on(b'}')?;
        }
        self.settle(seen);
        self.json.end()
    }

    /// Takes the event or the properties of a user.
    fn payload(&mut self, place: usize, at: &Path<'_>) -> Result<(), Broken> {
        self.payload = self.json.at();
        if place == EVENT {
            self.event(at)?;
        } else {
            self.properties(Section::User, at)?;
        }
        self.checked.payload = self.json.part(self.payload..self.json.at());
        Ok(())
    }

    /// Decides what the record is, and whether the input may hold it.
    fn settle(&mut self, seen: Seen) {
        let root = Path::root();
        if !seen.has(IDENTITY) {
            self.violation(&root.field(FIELDS[IDENTITY]), "is missing");
        }
        let kind = match self.accepts {
            Accepts::Only(kind) => kind,
            Accepts::Mixed if seen.has(EVENT) => RecordKind::Event,
            Accepts::Mixed if seen.has(USER_PROPERTIES) => RecordKind::Profile,
            Accepts::Mixed => RecordKind::Identity,
        };
        for (place, of) in [(EVENT, RecordKind::Event), (USER_PROPERTIES, RecordKind::Profile)] {
            let at = root.field(FIELDS[place]);
            match (seen.has(place), kind == of) {
                (false, true) => self.violation(&at, "is missing"),
                (true, false) => self.violation(&at, not_in(kind, self.accepts)),
                _ => {}
            }
        }
        if kind == RecordKind::Event && seen.has(REQUEST_DATETIME) {
            let problem = "an event has none: its time is event_datetime";
            self.violation(&root.field(FIELDS[REQUEST_DATETIME]), problem);
        }
        self.checked.kind = kind;
    }

    fn request_datetime(&mut self, at: &Path<'_>) -> Result<(), Broken> {
        if !self.json.begins(b'"') {
            return self.wrong_type("a time as text", at);
        }
        self.checked.request_datetime = timestamp(&self.json.text()?.read());
        if self.checked.request_datetime.is_none() {
            self.violation(at, NO_TIME);
        }
        Ok(())
    }
}

fn not_in(kind: RecordKind, accepts: Accepts) -> Cow<'static, str> {
    match accepts {
        Accepts::Mixed => "a record has either event or user_properties: write two records".into(),
        Accepts::Only(_) => format!("this load takes records of the kind {kind} only").into(),
    }
}
