//! A line of a dead-letter file, read again.

use std::borrow::Cow;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use dfinery::Violation;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{record::Fate, remedy};

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
    /// The record as it was to be sent, if there was one.
    record: Option<&'a RawValue>,
    /// Why it was invalid.
    pub(crate) reasons: Vec<Violation>,
    fate: Fate,
    code: Option<Cow<'a, str>>,
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
            record: fields.record,
            reasons: reasons
                .map(|Reason { field, problem }| Violation::new(field, problem))
                .collect(),
            fate: fields.fate,
            code: fields.code,
            message,
        })
    }

    /// Appends the record as a line of JSON: as it was in the input, or as it was to be sent if that was in another encoding.
    /// False if it is neither.
    pub(crate) fn json_line(&self, out: &mut Vec<u8>) -> bool {
        let original = str::from_utf8(&self.original).ok();
        let original = original.filter(|text| !self.is_cut && !text.contains('\0'));
        let Some(text) = original.or(self.record.map(RawValue::get)) else {
            return false;
        };
        // JSON has line breaks only between tokens, where a space is the same.
        out.extend(
            text.bytes()
                .map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { byte }),
        );
        out.push(b'\n');
        true
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
        let reasons = self.reasons.iter().map(|reason| match reason.path() {
            "" => reason.problem().to_owned(),
            path => format!("{path}: {}", reason.problem()),
        });
        let reasons: Vec<_> = reasons.chain(self.message.as_deref().map(str::to_owned)).collect();
        reasons.join("; ")
    }
}
