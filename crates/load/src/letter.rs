//! A line of a dead-letter file, read again.

use std::{borrow::Cow, path::Path};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use dfinery::Violation;
use dfinery_input::{Format, Input, InputError, InputOptions, Line};
use dfinery_records::Accepts;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{made_good::MadeGood, record::Fate, remedy};

/// A record that was not accepted, as a dead letter tells of it.
#[derive(Clone, Debug)]
pub(crate) struct Letter<'a> {
    pub(crate) file: Cow<'a, str>,
    pub(crate) line: u64,
    pub(crate) offset: u64,
    /// Its bytes as they were in the input.
    pub(crate) original: Cow<'a, [u8]>,
    /// Whether these are not all of them.
    pub(crate) is_cut: bool,
    /// Whether they are JSON that a mapping makes the record of.
    pub(crate) is_mapped: bool,
    /// The record as it was to be sent, if there was one.
    record: Option<&'a RawValue>,
    /// Why it was invalid.
    pub(crate) reasons: Vec<Violation>,
    pub(crate) fate: Fate,
    pub(crate) code: Option<Cow<'a, str>>,
    message: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Fields<'a> {
    fate: Fate,
    #[serde(borrow)]
    code: Option<Cow<'a, str>>,
    #[serde(borrow)]
    message: Option<Cow<'a, str>>,
    /// Letters of earlier versions have one, and the message ends with it.
    #[serde(borrow)]
    remedy: Option<Cow<'a, str>>,
    #[serde(default)]
    reasons: Vec<Reason>,
    #[serde(borrow)]
    file: Cow<'a, str>,
    line: u64,
    offset: u64,
    #[serde(borrow)]
    original: Option<Cow<'a, str>>,
    #[serde(borrow)]
    original_base64: Option<Cow<'a, str>>,
    #[serde(default)]
    original_is_cut: bool,
    #[serde(default)]
    mapped: bool,
    #[serde(borrow)]
    record: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Reason {
    field: String,
    problem: String,
}

impl<'a> Letter<'a> {
    /// `None` if this is no line of a dead-letter file.
    pub(crate) fn read(line: &'a [u8]) -> Option<Self> {
        let fields: Fields<'a> = serde_json::from_slice(line).ok()?;
        let original = match (fields.original, fields.original_base64) {
            (Some(Cow::Borrowed(text)), _) => Cow::Borrowed(text.as_bytes()),
            (Some(Cow::Owned(text)), _) => Cow::Owned(text.into_bytes()),
            (None, Some(base64)) => Cow::Owned(BASE64_STANDARD.decode(base64.as_bytes()).ok()?),
            (None, None) => return None,
        };
        let message = fields.message.map(|message| match &fields.remedy {
            Some(remedy) => Cow::Owned(remedy::cut(&message, remedy).to_owned()),
            None => message,
        });
        let reasons = fields.reasons.into_iter();
        Some(Self {
            file: fields.file,
            line: fields.line,
            offset: fields.offset,
            original,
            is_cut: fields.original_is_cut,
            is_mapped: fields.mapped,
            record: fields.record,
            reasons: reasons
                .map(|Reason { field, problem }| Violation::new(field, problem))
                .collect(),
            fate: fields.fate,
            code: fields.code,
            message,
        })
    }

    /// Whether its rows were corrected and loaded since.
    pub(crate) fn is_made_good(&self, made_good: &MadeGood) -> bool {
        made_good.of(&self.file, self.line).is_some()
    }

    /// Appends the record as a line of JSON; false if it is none.
    pub(crate) fn json_line(&self, out: &mut Vec<u8>) -> bool {
        let record = self.record.filter(|_| !self.is_mapped).map(RawValue::get);
        json_line(&self.original, self.is_cut, record, out)
    }

    /// The code of a refusal, or the fate in a word.
    pub(crate) fn cause(&self) -> &str {
        match (self.fate, &self.code) {
            (Fate::Rejected, Some(code)) => code,
            (fate, _) => fate.name(),
        }
    }

    /// Why it was not accepted, in words.
    pub(crate) fn reason(&self) -> String {
        match &self.message {
            Some(message) => message.to_string(),
            None => in_words(&self.reasons),
        }
    }
}

/// The lines of a dead-letter file, one after another.
pub(crate) struct Letters(Input);

impl Letters {
    pub(crate) fn open(path: &Path) -> Result<Self, InputError> {
        let mut options = InputOptions::default();
        options.format = Some(Format::DeadLetter);
        Input::open(path, &options, None, Accepts::Mixed).map(Self)
    }

    pub(crate) fn next(&mut self) -> Result<Option<Line<'_>>, InputError> {
        self.0.next()
    }

    /// The bytes of the file that were read so far.
    pub(crate) fn bytes(&self) -> u64 {
        self.0.passed().bytes()
    }
}

/// What is wrong with a record, in words.
pub(crate) fn in_words(reasons: &[Violation]) -> String {
    reasons.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// Appends a line of JSON: a record as it was in the input, or as it was to be sent if that was in another encoding. False if
/// it is neither. A record made of several objects has a line for each.
pub(crate) fn json_line(original: &[u8], is_cut: bool, record: Option<&str>, out: &mut Vec<u8>) -> bool {
    let original = str::from_utf8(original).ok();
    let original = original.filter(|text| !is_cut && !text.contains('\0'));
    let Some(text) = original.or(record) else {
        return false;
    };
    let objects: Result<Vec<&RawValue>, _> = serde_json::Deserializer::from_str(text).into_iter().collect();
    match objects {
        Ok(objects) if objects.len() > 1 => objects.iter().for_each(|object| push_line(object.get(), out)),
        _ => push_line(text, out),
    }
    true
}

fn push_line(text: &str, out: &mut Vec<u8>) {
    // JSON has line breaks only between tokens, where a space is the same.
    let is_break = |byte| matches!(byte, b'\n' | b'\r');
    out.extend(text.bytes().map(|byte| if is_break(byte) { b' ' } else { byte }));
    out.push(b'\n');
}
