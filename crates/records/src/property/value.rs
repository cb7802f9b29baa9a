//! The value of one property.

use serde::de::SeqAccess;

use super::super::{
    Section,
    any::{Accept, Any, Found, Text},
    near::shown,
    pass::Pass,
    taxonomy::PropertyRule,
    text::is_date,
};
use dfinery::{tables::PropertyType, validate::Path};

const TOO_LONG: &str = "a whole number beyond 64 bits with sign cannot be sent exactly: send it as a text";
const MIXED: &str = "an array holds only texts or only numbers";

pub(super) struct Value<'p, 'a, 'c> {
    pub(super) pass: &'p mut Pass<'a, 'c>,
    /// The object that has the property.
    pub(super) parent: Path<'p>,
    pub(super) name: &'p str,
    pub(super) section: Section,
    pub(super) place: usize,
    /// What is registered; `None` without a taxonomy.
    pub(super) rule: Option<&'c PropertyRule>,
}

impl<'a> Accept<'a> for Value<'_, 'a, '_> {
    fn other(self, found: Found) {
        if found == Found::Object {
            self.violation("must not be an object: give a text, a number, a truth value or an array");
        } else {
            self.mismatch(found);
        }
    }

    fn null(mut self) {
        self.pass.mark_as_null(self.section, self.place);
        match self.rule {
            Some(rule) if !rule.nullable => self.violation("must not be null"),
            Some(rule) if rule.consent => {
                self.warning("null means that messages may be sent: give true or false");
                self.deprecation();
            }
            _ => self.deprecation(),
        }
    }

    fn boolean(mut self, _: bool) {
        match self.registered_type() {
            None | Some(PropertyType::Boolean) => self.deprecation(),
            _ => self.mismatch(Found::Boolean),
        }
    }

    fn long(mut self, _: i64) {
        match self.registered_type() {
            None | Some(PropertyType::Long | PropertyType::Double) => self.deprecation(),
            _ => self.mismatch(Found::Number),
        }
    }

    fn longer(self) {
        self.violation(TOO_LONG);
    }

    fn double(mut self, _: f64) {
        match self.registered_type() {
            None | Some(PropertyType::Double) => self.deprecation(),
            Some(PropertyType::Long) => self.violation("must be a whole number: write 1, not 1.0"),
            _ => self.mismatch(Found::Number),
        }
    }

    fn text(mut self, text: Text<'_, 'a>) {
        let Some(rule) = self.rule else { return };
        match rule.property_type {
            PropertyType::String => {
                let allowed = rule.values.is_empty() || rule.values.iter().any(|value| **value == *text.as_str());
                if !allowed {
                    return self.violation(format!("must be one of {}", rule.values.join(", ")));
                }
            }
            PropertyType::Datetime => {
                let at = self.parent.field(self.name);
                self.pass.datetime(text, &at);
            }
            PropertyType::Date if is_date(text.as_str()) => {}
            PropertyType::Date => return self.violation("must be a day, as 2024-06-24"),
            _ => return self.mismatch(Found::Text),
        }
        self.deprecation();
    }

    fn array<A: SeqAccess<'a>>(mut self, mut array: A) -> Result<(), A::Error> {
        let mut elements = Elements::default();
        while array.next_element_seed(Any(Element(&mut elements)))?.is_some() {}
        if elements.longer {
            self.violation(TOO_LONG);
        } else if elements.other || (elements.texts && elements.numbers) {
            self.violation(MIXED);
        } else {
            match self.registered_type() {
                None => {}
                Some(PropertyType::StringArray) if !elements.numbers => self.deprecation(),
                Some(PropertyType::DoubleArray) if !elements.texts => self.deprecation(),
                Some(PropertyType::LongArray) if !elements.texts && !elements.fractions => self.deprecation(),
                Some(PropertyType::LongArray) if elements.fractions => {
                    self.violation("must hold whole numbers: write 1, not 1.0");
                }
                _ => self.mismatch(Found::Array),
            }
        }
        Ok(())
    }
}

impl Value<'_, '_, '_> {
    fn registered_type(&self) -> Option<PropertyType> {
        self.rule.map(|rule| rule.property_type)
    }

    /// The value is good; its property may be out of use.
    #[inline]
    fn deprecation(&mut self) {
        if let Some(deprecated) = self.rule.and_then(|rule| rule.deprecated) {
            let (since, instead) = (deprecated.since, deprecated.replacement);
            self.warning(format!("is deprecated since {since}: use {instead}"));
        }
    }

    #[cold]
    fn mismatch(self, found: Found) {
        let Some(rule) = self.rule else { return };
        let wanted = wanted(rule.property_type);
        let hint = match (rule.property_type, found) {
            (PropertyType::Boolean, Found::Text) => ": write true or false, without quotes",
            (PropertyType::Long | PropertyType::Double, Found::Text) => ": write the number without quotes",
            (PropertyType::String, Found::Number | Found::Boolean) => ": write it in quotes",
            _ => "",
        };
        self.violation(format!("must be {wanted}, not {found}{hint}"));
    }

    #[cold]
    fn violation(self, problem: impl Into<String>) {
        self.pass.violation(&self.parent.field(&shown(self.name)), problem);
    }

    #[cold]
    fn warning(&mut self, problem: impl Into<String>) {
        self.pass.warning(&self.parent.field(&shown(self.name)), problem);
    }
}

const fn wanted(property_type: PropertyType) -> &'static str {
    match property_type {
        PropertyType::String => "a text",
        PropertyType::Long => "a whole number",
        PropertyType::Double => "a number",
        PropertyType::Boolean => "a truth value",
        PropertyType::Datetime => "a time as text",
        PropertyType::Date => "a day as text",
        PropertyType::StringArray => "an array of texts",
        PropertyType::LongArray => "an array of whole numbers",
        PropertyType::DoubleArray => "an array of numbers",
        PropertyType::Items => "left out",
    }
}

/// What an array holds.
#[derive(Default)]
#[allow(clippy::struct_excessive_bools, reason = "each is a kind of element that was seen")]
struct Elements {
    texts: bool,
    numbers: bool,
    fractions: bool,
    longer: bool,
    other: bool,
}

struct Element<'p>(&'p mut Elements);

impl<'a> Accept<'a> for Element<'_> {
    fn other(self, _: Found) {
        self.0.other = true;
    }

    fn long(self, _: i64) {
        self.0.numbers = true;
    }

    fn longer(self) {
        self.0.longer = true;
    }

    fn double(self, _: f64) {
        self.0.numbers = true;
        self.0.fractions = true;
    }

    fn text(self, _: Text<'_, 'a>) {
        self.0.texts = true;
    }
}
