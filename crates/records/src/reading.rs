//! The reading of one record: what the rules share.
//!
//! Each rule reads its part of the record to the end, whatever is wrong with it, so that all problems of a record are
//! found. Reading stops only where the text is not JSON.

use std::borrow::Cow;

use super::{
    accepts::Accepts,
    checked::Checked,
    fields::Seen,
    forms::{CANONICAL, Time, is_canonical, time},
    json::{Broken, JsonReader},
    memory::Memory,
    suggest::{did_you_mean, shown},
    taxonomy::Taxonomy,
    warning::{Warning, WarningKind},
    warning_policy::{Treatment, WarningPolicy},
};
use dfinery::{Violation, Violations, validate::Path};

pub(crate) const TWICE: &str = "is given twice: give it once";
/// The most warnings to keep for a record.
const MOST_WARNINGS: usize = 20;
pub(crate) const NO_TIME: &str = "must be a time with an offset, such as 2024-06-24T15:42:25+09:00";

pub(crate) struct Reading<'a, 'c> {
    pub(crate) json: JsonReader<'a>,
    pub(crate) taxonomy: Option<&'c Taxonomy>,
    pub(crate) accepts: Accepts,
    pub(crate) memory: &'c mut Memory,
    pub(crate) violations: Violations,
    pub(crate) policy: WarningPolicy,
    pub(crate) warnings: Vec<Warning>,
    /// The names of an object's properties, when no taxonomy has positions for them.
    pub(crate) names: Vec<Cow<'a, str>>,
    /// Where the payload begins in the record.
    pub(crate) payload: usize,
    /// What is known about the record; useful only if the record is good.
    pub(crate) checked: &'c mut Checked<'a>,
}

impl Reading<'_, '_> {
    #[cold]
    #[inline(never)]
    pub(crate) fn violation(&mut self, at: &Path<'_>, problem: impl Into<String>) {
        self.violations.push(at, problem);
    }

    #[cold]
    #[inline(never)]
    pub(crate) fn warning(&mut self, kind: WarningKind, at: &Path<'_>, problem: impl Into<String>) {
        match self.policy.treatment(kind) {
            Treatment::Deny => self.violations.push(at, format!("{} [{kind}]", problem.into())),
            Treatment::Warn if self.warnings.len() < MOST_WARNINGS => {
                let about = Violation::new(at.to_string(), problem);
                self.warnings.push(Warning::new(kind, about));
            }
            Treatment::Warn | Treatment::Allow => {}
        }
    }

    /// Takes a key of an object with fields. Returns the position of the field, whose value comes next; skips the value
    /// of an unknown or repeated field.
    #[allow(
        clippy::inline_always,
        reason = "the names are constants, which makes comparing them cheap"
    )]
    #[inline(always)]
    pub(crate) fn field(
        &mut self,
        fields: &[&'static str],
        seen: &mut Seen,
        at: &Path<'_>,
    ) -> Result<Option<usize>, Broken> {
        let plain = fields.iter().position(|field| self.json.name(field));
        if let Some(place) = plain
            && seen.add(place)
        {
            self.json.colon()?;
            return Ok(plain);
        }
        self.rare_field(plain, fields, seen, at)
    }

    /// Takes a key that is unknown, repeated or written with escapes. A repeated key may have been taken already.
    #[cold]
    fn rare_field(
        &mut self,
        repeated: Option<usize>,
        fields: &[&'static str],
        seen: &mut Seen,
        at: &Path<'_>,
    ) -> Result<Option<usize>, Broken> {
        let mut place = None;
        if let Some(name) = repeated.and_then(|place| fields.get(place)) {
            self.violation(&at.field(name), TWICE);
        } else {
            let key = self.json.text()?.read();
            match fields.iter().position(|field| **field == *key) {
                Some(known) if seen.add(known) => place = Some(known),
                Some(_) => self.violation(&at.field(&key), TWICE),
                None => {
                    let problem = did_you_mean("unknown field", &key, fields.iter().copied());
                    self.violation(&at.field(&shown(&key)), problem);
                }
            }
        }
        self.json.colon()?;
        if place.is_none() {
            self.json.pass()?;
        }
        Ok(place)
    }

    /// Whether the next value is an object. Skips any other value and notes it as wrong.
    #[inline]
    pub(crate) fn is_object(&mut self, at: &Path<'_>) -> Result<bool, Broken> {
        let is_object = self.json.begins(b'{');
        if !is_object {
            self.wrong_type("an object", at)?;
        }
        Ok(is_object)
    }

    /// Whether the next value is a text. Skips any other value and notes it as wrong.
    #[inline]
    pub(crate) fn is_text(&mut self, at: &Path<'_>) -> Result<bool, Broken> {
        let is_text = self.json.begins(b'"');
        if !is_text {
            self.wrong_type("a text", at)?;
        }
        Ok(is_text)
    }

    /// Skips a value of the wrong type.
    #[cold]
    #[inline(never)]
    pub(crate) fn wrong_type(&mut self, wanted: &str, at: &Path<'_>) -> Result<(), Broken> {
        let found = self.json.other()?;
        self.violation(at, format!("must be {wanted}, not {found}"));
        Ok(())
    }

    /// Takes a point in time, and puts it in the form that is sent.
    pub(crate) fn datetime(&mut self, at: &Path<'_>) -> Result<(), Broken> {
        let start = self.json.at();
        let canonical = |text: &str| is_canonical(text).then_some(());
        if self.json.text_if(CANONICAL, canonical).is_some() || !self.is_text(at)? {
            return Ok(());
        }
        match time(&self.json.text()?.read()) {
            Time::Canonical => {}
            Time::Other(time) => self.edit(start, format!("\"{time}\"")),
            Time::Not => self.violation(at, NO_TIME),
        }
        Ok(())
    }

    /// Replaces the value just taken, which began here.
    pub(crate) fn edit(&mut self, start: usize, text: String) {
        let range = start - self.payload..self.json.at() - self.payload;
        self.checked.edits.push((range, text));
    }
}
