//! One reading of one record: what has been found, and where in the text it stands.

use std::{borrow::Cow, mem, ops::Range};

use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess};
use serde_json::{Deserializer, error::Category, value::RawValue};
use uuid::Uuid;

use super::{
    Accepts, Checked, Ids, Section, Taxonomy,
    any::{Accept, Any, Text},
    near::{did_you_mean, shown},
    record::Record,
    taxonomy::PropertyRule,
    text::{Time, time},
};
use crate::RecordKind;
use dfinery::{Timestamp, Violations, validate::Path};

/// What JSON has between its parts.
const BLANKS: [char; 4] = [' ', '\t', '\n', '\r'];

/// A key of the record; borrowed ones have a place in it.
pub(super) type Name<'a> = Cow<'a, str>;

/// How a record is read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// Straight through; the place of a value follows from the text of its key, or from its own, if that holds no escapes.
    Direct,
    /// Every value is found as text first and read then, which is slower and knows every place.
    Located,
}

/// Space that is used for one record after the other.
pub(super) struct Scratch {
    /// For each registered property the last object that had it, and whether with a value; by the number of the section, of which there
    /// are three.
    marks: [Vec<Mark>; 3],
    /// For each registered property the one that came after it last time, and at the end the one that came first: most objects of an
    /// input have the same properties in the same order, and to compare a name is quicker than to look it up.
    next: [Vec<usize>; 3],
    /// Counts the objects of properties.
    object: u64,
    names: Vec<Cow<'static, str>>,
}

#[derive(Clone, Copy, Default)]
struct Mark {
    object: u64,
    has_value: bool,
}

pub(super) struct Pass<'a, 'c> {
    json: &'a str,
    pub(super) taxonomy: Option<&'c Taxonomy>,
    pub(super) accepts: Accepts,
    scratch: &'c mut Scratch,
    reading: Reading,
    /// Whether a place was needed that this reading cannot know.
    lost: bool,
    place: Place,
    violations: Violations,
    warnings: Violations,
    edits: Vec<(Range<usize>, String)>,
    payload: Payload,
    /// The place of the property before; beyond all places in front of the first one.
    before: usize,
    /// The names of the properties of one object, where no taxonomy gives them marks.
    pub(super) names: Vec<Cow<'a, str>>,
    pub(super) kind: RecordKind,
    pub(super) ids: Ids<'a>,
    pub(super) event_log_id: Option<Uuid>,
    pub(super) items: usize,
    pub(super) request_datetime: Option<Timestamp>,
}

/// Where the value that is read next stands.
enum Place {
    Unknown,
    AfterKey(usize),
    Whole(Range<usize>),
}

enum Payload {
    None,
    From(usize),
    Whole(Range<usize>),
}

impl Scratch {
    pub(super) fn new(taxonomy: Option<&Taxonomy>) -> Self {
        let sections = [Section::Event, Section::Item, Section::User];
        let sizes = sections.map(|section| taxonomy.map_or(0, |taxonomy| taxonomy.section(section).len()));
        Self {
            marks: sizes.map(|size| vec![Mark::default(); size]),
            next: sizes.map(|size| vec![0; size + 1]),
            object: 0,
            names: Vec::new(),
        }
    }
}

impl<'a, 'c> Pass<'a, 'c> {
    pub(super) fn new(
        json: &'a str,
        taxonomy: Option<&'c Taxonomy>,
        accepts: Accepts,
        scratch: &'c mut Scratch,
        reading: Reading,
    ) -> Self {
        let names = mem::take(&mut scratch.names);
        Self {
            json,
            taxonomy,
            accepts,
            scratch,
            reading,
            lost: false,
            place: Place::Unknown,
            violations: Violations::new(),
            warnings: Violations::new(),
            edits: Vec::new(),
            payload: Payload::None,
            before: 0,
            names,
            kind: RecordKind::Identity,
            ids: Ids::default(),
            event_log_id: None,
            items: 0,
            request_datetime: None,
        }
    }

    /// Reads the record; `None` if it is good, but a place is needed that only the other reading knows.
    pub(super) fn run(mut self) -> Result<Option<Checked<'a>>, Violations> {
        let mut deserializer = Deserializer::from_str(self.json);
        let read = Any(Record(&mut self))
            .deserialize(&mut deserializer)
            .and_then(|()| deserializer.end());
        if let Err(error) = read {
            self.violation(&Path::root(), syntax(&error));
        }
        // Collecting in place keeps the allocation, now without anything of this record.
        self.names.clear();
        self.scratch.names = mem::take(&mut self.names)
            .into_iter()
            .map(|_| Cow::Borrowed(""))
            .collect();
        self.violations.into_result()?;
        if self.lost {
            return Ok(None);
        }
        let payload = match self.payload {
            Payload::None => 0..0,
            Payload::From(start) => start..end_of_last_value(self.json),
            Payload::Whole(range) => range,
        };
        for (range, _) in &mut self.edits {
            *range = range.start - payload.start..range.end - payload.start;
        }
        Ok(Some(Checked {
            kind: self.kind,
            identity: self.ids,
            payload: self.json.get(payload).unwrap_or_default(),
            edits: self.edits,
            event_log_id: self.event_log_id,
            items: self.items,
            request_datetime: self.request_datetime,
            warnings: self.warnings.to_vec(),
        }))
    }

    #[cold]
    pub(super) fn violation(&mut self, at: &Path<'_>, problem: impl Into<String>) {
        self.violations.push(at, problem);
    }

    #[cold]
    pub(super) fn warning(&mut self, at: &Path<'_>, problem: impl Into<String>) {
        self.warnings.push(at, problem);
    }

    /// To be called before the value of a key is read, with [`read`]; gives its text in the reading that has it.
    #[inline]
    pub(super) fn enter<A: MapAccess<'a>>(&mut self, map: &mut A, key: &Name<'a>) -> Result<Option<&'a str>, A::Error> {
        if self.reading == Reading::Located {
            let text = map.next_value::<&'a RawValue>()?.get();
            let start = self.offset(text);
            self.place = Place::Whole(start..start + text.len());
            return Ok(Some(text));
        }
        self.place = match key {
            Cow::Borrowed(key) => Place::AfterKey(self.offset(key) + key.len() + 1),
            Cow::Owned(_) => Place::Unknown,
        };
        Ok(None)
    }

    /// Which of an object's own keys this is; the value of any other key, or of a repeated one, is skipped.
    #[inline]
    pub(super) fn known<A: MapAccess<'a>>(
        &mut self,
        map: &mut A,
        keys: &[&'static str],
        seen: &mut u8,
        at: &Path<'_>,
        key: &str,
    ) -> Result<Option<&'static str>, A::Error> {
        let found = keys.iter().position(|known| *known == key);
        let Some(index) = found else {
            let problem = did_you_mean("unknown field", key, keys.iter().copied());
            self.violation(&at.field(&shown(key)), problem);
            map.next_value::<IgnoredAny>()?;
            return Ok(None);
        };
        if *seen & (1 << index) != 0 {
            self.violation(&at.field(key), "stands twice: give it once");
            map.next_value::<IgnoredAny>()?;
            return Ok(None);
        }
        *seen |= 1 << index;
        Ok(keys.get(index).copied())
    }

    /// The value about to be read is the payload.
    pub(super) fn open_payload(&mut self) {
        self.payload = match self.place {
            Place::Whole(ref range) => Payload::Whole(range.clone()),
            Place::AfterKey(end) => Payload::From(start_of_value(self.json, end)),
            Place::Unknown => {
                self.lost = true;
                Payload::None
            }
        };
    }

    /// Another key of the record comes, so the payload ends before it.
    pub(super) fn close_payload(&mut self, next: &Name<'a>) {
        let Payload::From(start) = self.payload else { return };
        let Cow::Borrowed(next) = next else {
            self.lost = true;
            return;
        };
        // In front of the key are its quote and a comma.
        let before = self.json.get(..self.offset(next) - 1).unwrap_or_default();
        let before = before.trim_end_matches(BLANKS);
        let value = before.strip_suffix(',').unwrap_or(before).trim_end_matches(BLANKS);
        self.payload = Payload::Whole(start..value.len());
    }

    /// Holds a text against the form of a point in time, and has it written in the form that is sent.
    pub(super) fn datetime(&mut self, text: Text<'_, 'a>, at: &Path<'_>) {
        match time(text.as_str()) {
            Time::Canonical => {}
            Time::Other(time) => {
                let place = match (&self.place, text) {
                    (Place::Whole(range), _) => Some(range.clone()),
                    (_, Text::Plain(text)) => Some(self.offset(text) - 1..self.offset(text) + text.len() + 1),
                    _ => None,
                };
                self.edit(place, format!("\"{time}\""));
            }
            Time::Not => self.violation(at, "must be a time with an offset, such as 2024-06-24T15:42:25+09:00"),
        }
    }

    /// Has an empty object written for the `null` that was just read: the typed client never sends `null` for an object.
    pub(super) fn null_to_empty_object(&mut self) {
        let place = match self.place {
            Place::Whole(ref range) => Some(range.clone()),
            Place::AfterKey(end) => {
                let start = start_of_value(self.json, end);
                Some(start..start + "null".len())
            }
            Place::Unknown => None,
        };
        self.edit(place, "{}".to_owned());
    }

    fn edit(&mut self, place: Option<Range<usize>>, text: String) {
        match place {
            Some(range) => self.edits.push((range, text)),
            None => self.lost = true,
        }
    }

    /// The number of the object of properties that begins next.
    pub(super) fn next_object(&self) -> u64 {
        self.scratch.object + 1
    }

    /// Begins an object of properties.
    pub(super) fn begin_object(&mut self, section: Section) -> u64 {
        self.names.clear();
        self.before = self.scratch.marks[section as usize].len();
        self.scratch.object += 1;
        self.scratch.object
    }

    /// Finds a registered property by its name.
    #[inline]
    pub(super) fn registered(&mut self, section: Section, name: &str) -> Option<(usize, &'c PropertyRule)> {
        let names = self.taxonomy?.section(section);
        let next = self.scratch.next[section as usize].get_mut(self.before)?;
        let found = match names.at(*next) {
            Some(rule) if *rule.name == *name => (*next, rule),
            _ => names.get(name)?,
        };
        (*next, self.before) = (found.0, found.0);
        Some(found)
    }

    /// Marks a registered property as seen in the current object; false if it was there before.
    #[inline]
    pub(super) fn mark(&mut self, section: Section, place: usize) -> bool {
        let object = self.scratch.object;
        let Some(mark) = self.scratch.marks[section as usize].get_mut(place) else {
            return true;
        };
        let first = mark.object != object;
        if first {
            *mark = Mark {
                object,
                has_value: true,
            };
        }
        first
    }

    /// The property just marked has no value.
    pub(super) fn mark_as_null(&mut self, section: Section, place: usize) {
        if let Some(mark) = self.scratch.marks[section as usize].get_mut(place) {
            mark.has_value = false;
        }
    }

    /// Whether an object had a property with a value.
    pub(super) fn has_value(&self, object: u64, section: Section, place: usize) -> bool {
        let mark = self.scratch.marks[section as usize].get(place);
        mark.is_some_and(|mark| mark.object == object && mark.has_value)
    }

    /// Where a part of the record begins in it.
    #[inline]
    fn offset(&self, part: &str) -> usize {
        part.as_ptr().addr().wrapping_sub(self.json.as_ptr().addr())
    }
}

/// Reads the value of a key, from its text if it was taken before.
#[inline]
pub(super) fn read<'a, A: MapAccess<'a>, H: Accept<'a>>(
    map: &mut A,
    text: Option<&'a str>,
    handler: H,
) -> Result<(), A::Error> {
    match text {
        None => map.next_value_seed(Any(handler)),
        Some(text) => Any(handler)
            .deserialize(&mut Deserializer::from_str(text))
            .map_err(A::Error::custom),
    }
}

/// Where a value starts whose key ends here.
fn start_of_value(json: &str, end_of_key: usize) -> usize {
    let rest = json.get(end_of_key..).unwrap_or_default().trim_start_matches(BLANKS);
    let value = rest.strip_prefix(':').unwrap_or(rest).trim_start_matches(BLANKS);
    json.len() - value.len()
}

/// Where the last value of an object ends that is all of the text.
fn end_of_last_value(json: &str) -> usize {
    let open = json.trim_end_matches(BLANKS);
    open.strip_suffix('}').unwrap_or(open).trim_end_matches(BLANKS).len()
}

/// Says why a text is no JSON, and where, in words that hold nothing of it.
fn syntax(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let (line, column) = (error.line(), error.column());
    let reason = match error.classify() {
        Category::Data => "",
        _ => text
            .strip_suffix(&format!(" at line {line} column {column}"))
            .unwrap_or_default(),
    };
    let colon = if reason.is_empty() { "" } else { ": " };
    // A cut record, or one that was written over several lines for people.
    let advice = if error.is_eof() {
        "; all of a record must stand on one line"
    } else {
        ""
    };
    let line = if line > 1 {
        format!("line {line} of the record, ")
    } else {
        String::new()
    };
    format!("is not valid JSON{colon}{reason}{advice} ({line}column {column})")
}
