//! Turns the findings about a table into a mapping.

mod orders;
mod whole;

use std::fmt::Write as _;

use super::{
    evidence::Evidence,
    guess::{Guess, NEEDS_ZONE, read_as, read_property, scalar, suggested_type, time, yes_or_no},
    moments::Moment,
    proposal::{Proposal, ProposalOptions},
    receipts::Receipts,
    sheet::{Sheet, Total},
    tally::Tally,
    text::{Entry, Records, Section, Text},
    words::{self, Found, Meaning},
};
use crate::mapping::json_string;
use dfinery::tables::{PropertyType, StandardProperty};
use dfinery_records::{Accepts, RecordKind, thousands};

/// Placeholder for a property whose name only people know.
const NAMELESS: &str = "name_of_property";
const UNREGISTERED: &str = "no standard property: give the name of one that is registered in DFINERY";

/// How many sheets of a workbook to name.
const MOST_SHEETS: usize = 10;

/// How much a point matters to somebody who completes the mapping.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// Nothing can be loaded without it.
    Open,
    /// A line that is not applied.
    Doubt,
    /// Rows that will be bad.
    Misfit,
    /// Worth a look.
    Remark,
}

/// An unfinished mapping.
pub(super) struct Draft<'a> {
    sheet: &'a Sheet,
    known: &'a ProposalOptions,
    kind: RecordKind,
    /// What becomes of a row.
    records: Records,
    text: Text,
    unsure: Vec<(Rank, String)>,
    /// Columns without a meaning.
    nameless: Vec<String>,
    /// The rows of an order, if several make one event.
    receipts: Option<&'a Receipts>,
    /// The columns that tell orders of the same number apart.
    scope: Vec<&'a str>,
    complete: bool,
    needs_zone: bool,
    /// Words in columns with another form of cells, for what is missing.
    missing: Vec<String>,
    /// Which rows are none of the table: the column, and what its cell is.
    skips: Vec<(&'a str, Total)>,
}

impl<'a> Draft<'a> {
    pub(super) fn new(sheet: &'a Sheet, known: &'a ProposalOptions, accepts: Accepts) -> Self {
        let kind = kind(sheet, known, accepts);
        let are_members = kind == RecordKind::Profile && accepts == Accepts::Mixed;
        let mut draft = Self {
            sheet,
            known,
            kind,
            records: if are_members {
                Records::IdentityAndProfile
            } else {
                Records::One
            },
            text: Text::default(),
            unsure: Vec::new(),
            nameless: Vec::new(),
            receipts: None,
            scope: Vec::new(),
            complete: true,
            needs_zone: false,
            missing: Vec::new(),
            skips: Vec::new(),
        };
        if let Some((line, problem)) = &sheet.first_broken {
            let rows = thousands(sheet.broken);
            let said = format!("{rows} rows cannot be read, the first in line {line}: {problem}.");
            draft.unsure.push((Rank::Misfit, said));
        }
        if let Some(sheets) = &sheet.one_of {
            let names: Vec<_> = sheets.iter().take(MOST_SHEETS).map(|name| json_string(name)).collect();
            let more = if sheets.len() > MOST_SHEETS { ", …" } else { "" };
            let said = format!(
                "the workbook has {} sheets, and this is of the first: {}{more}.",
                sheets.len(),
                names.join(", ")
            );
            draft.unsure.push((Rank::Remark, said));
        }
        draft.orders();
        let named = |name: &str| sheet.columns.iter().filter(|(other, _)| other == name).count();
        for (place, (column, evidence)) in sheet.columns.iter().enumerate() {
            match named(column) {
                // A column without a name is usually the number of the row.
                _ if column.is_empty() => {}
                1 => draft.column(place, column, evidence),
                count => {
                    let problem = format!("{count} columns have the name {column}: rename those that you need.");
                    draft.say(Rank::Doubt, problem);
                }
            }
        }
        draft.items();
        draft.whole();
        draft
    }

    fn say(&mut self, rank: Rank, problem: String) {
        if !self.unsure.iter().any(|(_, other)| *other == problem) {
            self.unsure.push((rank, problem));
        }
    }

    fn column(&mut self, place: usize, column: &'a str, evidence: &Evidence) {
        let Some(found) = words::meaning(column).filter(|_| evidence.filled > 0) else {
            return self.unknown(place, column, evidence);
        };
        let is_event = self.kind == RecordKind::Event;
        match found.meaning {
            Meaning::Identifier(name) => self.identifier(name, place, column, evidence),
            Meaning::EventTime if is_event => self.time(place, column, evidence),
            Meaning::EventProperty(property) if is_event => {
                self.property(Section::EventProperties, property, found, place, column, evidence);
                if self.sheet.list.is_none()
                    && let Some(of_item) = self.same_of_item(property, place)
                {
                    self.property(Section::EventItems, of_item, found, place, column, evidence);
                }
            }
            Meaning::ItemProperty(property) if is_event && self.sheet.list.is_none() => {
                self.property(Section::EventItems, property, found, place, column, evidence);
            }
            Meaning::UserProperty(property) if self.kind == RecordKind::Profile => {
                self.property(Section::UserProperties, property, found, place, column, evidence);
            }
            Meaning::UserProperty(property) if is_event => self.say(
                Rank::Remark,
                format!(
                    "{column:?} is probably {}, a property of the user: that takes a second mapping, with user_properties.",
                    property.name
                ),
            ),
            Meaning::NoConsent(reason) if self.kind == RecordKind::Profile || is_event => {
                let mut guess = yes_or_no(evidence);
                if !guess.keys.iter().any(|key| key == "type: boolean") {
                    guess.keys.insert(0, "type: boolean".to_owned());
                }
                guess.doubt = Some(reason.to_owned());
                let section = if is_event {
                    Section::EventProperties
                } else {
                    Section::UserProperties
                };
                self.push(section, NAMELESS, &guess, place, column, evidence);
            }
            _ => self.unknown(place, column, evidence),
        }
    }

    /// The objects in a list, which become items.
    fn items(&mut self) {
        let Some((list, members)) = &self.sheet.list else {
            return;
        };
        if self.kind != RecordKind::Event {
            return self.say(
                Rank::Remark,
                format!("{list:?} is a list of objects, which only an event can have as items."),
            );
        }
        for (member, evidence) in members {
            self.item(member, evidence);
        }
        let applied = self.text.applies(Section::EventItems);
        self.text.push_first(Entry {
            section: Section::EventItems,
            key: "each".to_owned(),
            value: scalar(list),
            note: String::new(),
            applied,
        });
    }

    /// A member of such an object.
    fn item(&mut self, column: &str, evidence: &Evidence) {
        let found = words::meaning(column).filter(|_| evidence.filled > 0);
        if let Some(found) = found
            && let Meaning::ItemProperty(property) = found.meaning
        {
            return self.property(Section::EventItems, property, found, usize::MAX, column, evidence);
        }
        self.unnamed(Section::EventItems, usize::MAX, column, evidence);
    }

    fn identifier(&mut self, name: &str, place: usize, column: &'a str, evidence: &Evidence) {
        let is_deletion = self.kind == RecordKind::Deletion && name != "external_id";
        let mut guess = Guess::default();
        let misfits = match name {
            "phone_no" => evidence.phones(),
            "email" => evidence.emails(),
            _ => None,
        };
        guess.misfits = misfits.cloned().unwrap_or_default();
        guess.has_form = misfits.is_some();
        if name == "phone_no" {
            guess.keys.push("type: phone".to_owned());
        }
        guess.doubt = if self.text.has(Section::Identity, name) {
            Some(format!("another column is {name} already"))
        } else if is_deletion {
            Some("a deletion names its user by external_id only".to_owned())
        } else if let Some(problem) = evidence.lost_digits {
            Some(problem.to_owned())
        } else if name == "phone_no" && misfits.is_none() {
            Some("fewer than 99.5% of the cells are phone numbers with their leading zero or country code".to_owned())
        } else if name == "email" && misfits.is_none() {
            Some("fewer than 99.5% of the cells are e-mail addresses".to_owned())
        } else {
            None
        };
        if name == "external_id" && guess.doubt.is_none() {
            for (word, tally) in evidence.missing.iter().chain(evidence.nobody.iter()) {
                self.skips.push((column, Total::Word(word.to_owned())));
                let rows = match tally.count {
                    1 => "1 row has".to_owned(),
                    many => format!("{} rows have", thousands(many)),
                };
                let said = format!(
                    "{rows} {word} as {column:?}, {}, which would make one user of many people: skipped.",
                    tally.place()
                );
                self.say(Rank::Remark, said);
            }
        }
        self.push(Section::Identity, name, &guess, place, column, evidence);
    }

    fn time(&mut self, place: usize, column: &str, evidence: &Evidence) {
        const KEY: &str = "event_datetime";
        let reading = |moments: &[Moment]| evidence.moments.reading(evidence.filled, moments);
        let found = reading(&[Moment::Time, Moment::LocalTime, Moment::Count]).or_else(|| reading(&[Moment::Date]));
        let mut guess = found.as_ref().map(time).unwrap_or_default();
        let counts_from_1970 = |format: &String| format == "%s" || format == "unix-milliseconds";
        let needs_zone = found.as_ref().is_none_or(|reading| {
            reading.moment != Moment::Time && !reading.formats.iter().all(counts_from_1970)
                || reading.moment == Moment::LocalTime
        });
        if guess.doubt.is_none() {
            guess.doubt = match &found {
                None => {
                    guess.keys.push("format: \"%Y-%m-%d %H:%M:%S\"".to_owned());
                    Some("fewer than 99.5% of the cells are times in known forms: give format".to_owned())
                }
                Some(reading) if reading.moment == Moment::Date => {
                    Some("these are dates, which would be taken for midnight, and need a timezone".to_owned())
                }
                _ if needs_zone && self.known.timezone.is_none() => Some(NEEDS_ZONE.to_owned()),
                _ => None,
            };
        }
        // An event needs its time.
        guess.misfits = Tally::sum([&guess.misfits, &evidence.missing.tally()].into_iter());
        self.needs_zone |= needs_zone;
        if self.text.has(Section::Time, KEY) {
            self.text.withdraw(Section::Time, KEY);
            guess.doubt = Some("several columns look like the time of the event".to_owned());
        }
        self.push(Section::Time, KEY, &guess, place, column, evidence);
    }

    fn property(
        &mut self,
        section: Section,
        property: &'static StandardProperty,
        found: Found,
        place: usize,
        column: &str,
        evidence: &Evidence,
    ) {
        let mut guess = read_property(evidence, property);
        let is_sure = found.is_sure || self.is_amount_of_order(property, place);
        if !is_sure {
            guess.doubt = guess.doubt.or_else(|| {
                Some(found.doubt.map_or_else(
                    || format!("it may be something else than {}", property.label.en.to_lowercase()),
                    str::to_owned,
                ))
            });
        }
        if self.text.has(section, property.name) {
            guess.doubt = Some(format!("another column is {} already", property.name));
        }
        self.push(section, property.name, &guess, place, column, evidence);
    }

    /// A column with an unknown name: a comment, with the type that its cells suggest.
    fn unknown(&mut self, place: usize, column: &str, evidence: &Evidence) {
        let by_cells = |keys: &[&str], doubt: &str| Guess {
            keys: keys.iter().map(|key| (*key).to_owned()).collect(),
            doubt: Some(doubt.to_owned()),
            ..Guess::default()
        };
        let look = "its cells look like it, its name does not";
        let is_list = evidence.list_type().is_some();
        if !is_list && evidence.emails().is_some() {
            let guess = by_cells(&[], look);
            return self.push(Section::Identity, "email", &guess, place, column, evidence);
        }
        if !is_list && evidence.is_phone() {
            let guess = by_cells(&["type: phone"], look);
            return self.push(Section::Identity, "phone_no", &guess, place, column, evidence);
        }
        if self.kind == RecordKind::Event && evidence.is_uuid() && evidence.is_unique() {
            let guess = by_cells(&[], "each cell is another UUID, which may be the id of the event");
            return self.push(Section::EventId, "event_log_id", &guess, place, column, evidence);
        }
        let section = match self.kind {
            RecordKind::Event => Section::EventProperties,
            RecordKind::Profile => Section::UserProperties,
            RecordKind::Identity | RecordKind::Deletion => {
                return self.say(Rank::Remark, format!("{column:?} is not used."));
            }
        };
        self.unnamed(section, place, column, evidence);
    }

    /// A property that no standard knows.
    fn unnamed(&mut self, section: Section, place: usize, column: &str, evidence: &Evidence) {
        let suggested = suggested_type(evidence);
        let mut guess = read_as(evidence, suggested);
        if suggested != PropertyType::String && !guess.keys.iter().any(|key| key.starts_with("type:")) {
            guess.keys.insert(0, format!("type: {suggested}"));
        }
        if guess.doubt.is_none() {
            guess.doubt = Some(UNREGISTERED.to_owned());
        }
        let name = words::usual_name(column).unwrap_or(NAMELESS);
        self.push(section, name, &guess, place, column, evidence);
    }

    /// Adds the line of a column, and says what is doubtful about it.
    fn push(&mut self, section: Section, key: &str, guess: &Guess, place: usize, column: &str, evidence: &Evidence) {
        let mut note = evidence.describe();
        let value = self.in_order(section, key, guess, place, column, &mut note);
        let is_to_be_named = guess.doubt.as_deref() == Some(UNREGISTERED);
        if guess.has_form && (guess.doubt.is_none() || is_to_be_named) {
            self.missing_in(column, evidence);
        }
        if guess.misfits.count > 0 {
            let misfits = guess.misfits.misfits(evidence.not_blank());
            let _ = write!(note, "; {misfits}");
            if guess.doubt.is_none() {
                self.say(Rank::Misfit, format!("{column:?}: {misfits}."));
            }
        }
        if let Some(remark) = guess.remark {
            let _ = write!(note, "; {remark}");
            self.say(Rank::Remark, format!("{column:?}: {remark}."));
        }
        if let Some(doubt) = &guess.doubt {
            let _ = write!(note, "; unsure: {doubt}");
            if is_to_be_named {
                self.nameless.push(column.to_owned());
            } else {
                self.say(Rank::Doubt, format!("{column:?}: {doubt}."));
            }
        }
        self.text.push(Entry {
            section,
            key: key.to_owned(),
            value,
            note,
            applied: guess.doubt.is_none(),
        });
    }

    /// Lets the words of a column that are not of its form be empty cells.
    fn missing_in(&mut self, column: &str, evidence: &Evidence) {
        let tally = evidence.missing.tally();
        if tally.count == 0 {
            return;
        }
        for (word, _) in evidence.missing.iter() {
            if !self.missing.iter().any(|other| other == word) {
                self.missing.push(word.to_owned());
            }
        }
        let cells = if tally.count == 1 { "cell is" } else { "cells are" };
        let said = format!(
            "{column:?}: {} {cells} {}, {}: read as empty.",
            thousands(tally.count),
            evidence.missing.listed(),
            tally.place()
        );
        self.say(Rank::Remark, said);
    }

    pub(super) fn into_proposal(mut self) -> Proposal {
        self.unsure.sort_by_key(|(rank, _)| *rank);
        let unsure: Vec<_> = self.unsure.into_iter().map(|(_, said)| said).collect();
        Proposal {
            yaml: self.text.write(self.sheet, self.records, &unsure),
            unsure,
            complete: self.complete,
            accepts: match self.records {
                Records::IdentityAndProfile => Accepts::Mixed,
                Records::One => Accepts::Only(self.kind),
            },
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
