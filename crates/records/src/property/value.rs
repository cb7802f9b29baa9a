//! The value of one property.

use super::super::{
    forms::is_date,
    json::{Broken, Found, Number},
    reading::Reading,
    suggest::shown,
    taxonomy::PropertyRule,
    warning::WarningKind,
};
use dfinery::{tables::PropertyType, validate::Path};

const OBJECT: &str = "must not be an object: give a text, a number, true, false or an array";
const TOO_LONG: &str = "a whole number beyond 64 bits with sign cannot be sent exactly: send it as a text";
const NOT_WHOLE: &str = "must be a whole number: write 1, not 1.0";
const MIXED: &str = "an array holds only texts or only numbers";

/// The standard properties that count or cost something. A discount may be written with either sign.
pub(crate) const NEVER_NEGATIVE: [&str; 5] = [
    "df_quantity",
    "df_price",
    "df_delivery_charge",
    "df_total_purchase_amount",
    "df_total_refund_amount",
];

/// The property whose value is read.
pub(super) struct Property<'p> {
    /// The object that has the property.
    pub(super) parent: &'p Path<'p>,
    pub(super) name: &'p str,
    /// What is registered for it; `None` without a taxonomy.
    pub(super) rule: Option<&'p PropertyRule>,
}

/// What is wrong with a value.
#[derive(Clone, Copy)]
enum Problem {
    /// Its type is not that of the property.
    Type(Found),
    /// It is not one of the values that the property may have.
    NotAllowed,
    Other(&'static str),
}

impl Reading<'_, '_> {
    /// Takes the value of a property; returns whether there is one (`null` is none).
    #[allow(clippy::inline_always, reason = "it is called for every property")]
    #[inline(always)]
    pub(super) fn value(&mut self, property: &Property<'_>) -> Result<bool, Broken> {
        let found = self.json.found()?;
        let of_type = property.rule.map(|rule| rule.property_type);
        let problem = match (found, of_type) {
            (Found::Text, None) => self.json.any_text().map(|_| None)?,
            (Found::Text, Some(PropertyType::String)) => self.text_value(property)?,
            (Found::Text, Some(_)) => self.formed_value(property)?,
            (Found::Number, _) => {
                let start = self.json.at();
                let has_sign = self.json.begins(b'-');
                let problem = match (self.json.number()?, of_type) {
                    (Number::Longer, _) => Some(Problem::Other(TOO_LONG)),
                    (_, None | Some(PropertyType::Double)) | (Number::Long, Some(PropertyType::Long)) => None,
                    (_, Some(PropertyType::Long)) => Some(Problem::Other(NOT_WHOLE)),
                    _ => Some(Problem::Type(found)),
                };
                if has_sign && problem.is_none() {
                    self.number_with_sign(start, property);
                }
                problem
            }
            (Found::Boolean, _) => {
                self.json.word()?;
                (!matches!(of_type, None | Some(PropertyType::Boolean))).then_some(Problem::Type(found))
            }
            (Found::Null, _) => {
                self.json.word()?;
                self.null_value(property)
            }
            (Found::Array, _) => self.array_value(of_type)?,
            (Found::Object, _) => {
                self.json.pass()?;
                Some(Problem::Other(OBJECT))
            }
        };
        if let Some(problem) = problem {
            self.bad_value(property, problem);
        } else if let Some(deprecated) = property.rule.and_then(|rule| rule.deprecated) {
            let (since, instead) = (deprecated.since, deprecated.replacement);
            let problem = format!("is deprecated since {since}: use {instead}");
            self.property_warning(WarningKind::DeprecatedProperty, property, problem);
        }
        Ok(found != Found::Null)
    }

    #[inline]
    fn text_value(&mut self, property: &Property<'_>) -> Result<Option<Problem>, Broken> {
        let values = property.rule.map_or(&[][..], |rule| &rule.values);
        if values.is_empty() {
            return self.json.any_text().map(|_| None);
        }
        let text = self.json.text()?.read();
        let allowed = values.iter().any(|value| **value == *text);
        Ok((!allowed).then_some(Problem::NotAllowed))
    }

    /// Takes a text where no text is allowed, or only one of a certain form.
    fn formed_value(&mut self, property: &Property<'_>) -> Result<Option<Problem>, Broken> {
        match property.rule.map(|rule| rule.property_type) {
            Some(PropertyType::Datetime) => {
                self.datetime(&property.parent.field(property.name))?;
                Ok(None)
            }
            Some(PropertyType::Date) => {
                let is_date = is_date(&self.json.text()?.read());
                Ok((!is_date).then_some(Problem::Other("must be a day, as 2024-06-24")))
            }
            _ => {
                self.json.any_text()?;
                Ok(Some(Problem::Type(Found::Text)))
            }
        }
    }

    #[cold]
    fn number_with_sign(&mut self, start: usize, property: &Property<'_>) {
        let number = self.json.part(start..self.json.at());
        if NEVER_NEGATIVE.contains(&property.name) && number.parse().is_ok_and(|number: f64| number < 0.0) {
            self.property_warning(WarningKind::NegativeQuantity, property, "is below zero");
        }
    }

    #[cold]
    fn null_value(&mut self, property: &Property<'_>) -> Option<Problem> {
        let rule = property.rule?;
        if rule.nullable && rule.consent {
            let problem = "null means that messages may be sent: give true or false";
            self.property_warning(WarningKind::NullConsent, property, problem);
        }
        (!rule.nullable).then_some(Problem::Other("must not be null"))
    }

    fn array_value(&mut self, of_type: Option<PropertyType>) -> Result<Option<Problem>, Broken> {
        let elements = self.elements()?;
        Ok(if elements.longer {
            Some(Problem::Other(TOO_LONG))
        } else if elements.other || (elements.texts && elements.numbers) {
            Some(Problem::Other(MIXED))
        } else {
            match of_type {
                None => None,
                Some(PropertyType::StringArray) if !elements.numbers => None,
                Some(PropertyType::DoubleArray) if !elements.texts => None,
                Some(PropertyType::LongArray) if !elements.texts && !elements.fractions => None,
                Some(PropertyType::LongArray) if elements.fractions => {
                    Some(Problem::Other("must hold whole numbers: write 1, not 1.0"))
                }
                _ => Some(Problem::Type(Found::Array)),
            }
        })
    }

    fn elements(&mut self) -> Result<Elements, Broken> {
        let mut elements = Elements::default();
        let mut more = self.json.enter(b']')?;
        while more {
            match self.json.found()? {
                Found::Text => {
                    self.json.any_text()?;
                    elements.texts = true;
                }
                Found::Number => match self.json.number()? {
                    Number::Long => elements.numbers = true,
                    Number::Longer => elements.longer = true,
                    Number::Double => (elements.numbers, elements.fractions) = (true, true),
                },
                _ => {
                    self.json.other()?;
                    elements.other = true;
                }
            }
            more = self.json.goes_on(b']')?;
        }
        Ok(elements)
    }

    #[cold]
    fn bad_value(&mut self, property: &Property<'_>, problem: Problem) {
        let words = match (problem, property.rule) {
            (Problem::Other(words), _) => words.into(),
            (Problem::Type(found), Some(rule)) => wrong_type(rule.property_type, found),
            (Problem::NotAllowed, Some(rule)) => format!("must be one of {}", rule.values.join(", ")),
            // Without a rule, any type is right.
            (_, None) => return,
        };
        self.violation(&property.parent.field(&shown(property.name)), words);
    }

    #[cold]
    fn property_warning(&mut self, kind: WarningKind, property: &Property<'_>, problem: impl Into<String>) {
        self.warning(kind, &property.parent.field(&shown(property.name)), problem);
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

fn wrong_type(of_type: PropertyType, found: Found) -> String {
    let wanted = wanted(of_type);
    let hint = match (of_type, found) {
        (PropertyType::Boolean, Found::Text) => ": write true or false, without quotes",
        (PropertyType::Long | PropertyType::Double, Found::Text) => ": write the number without quotes",
        (PropertyType::String, Found::Number | Found::Boolean) => ": write it in quotes",
        _ => "",
    };
    format!("must be {wanted}, not {found}{hint}")
}

const fn wanted(property_type: PropertyType) -> &'static str {
    match property_type {
        PropertyType::String => "a text",
        PropertyType::Long => "a whole number",
        PropertyType::Double => "a number",
        PropertyType::Boolean => "true or false",
        PropertyType::Datetime => "a time as text",
        PropertyType::Date => "a day as text",
        PropertyType::StringArray => "an array of texts",
        PropertyType::LongArray => "an array of whole numbers",
        PropertyType::DoubleArray => "an array of numbers",
        PropertyType::Items => "left out",
    }
}
