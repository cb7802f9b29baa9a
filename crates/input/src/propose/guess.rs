//! Guesses how to read the cells of a column.

use super::{
    evidence::Evidence,
    moments::{Moment, Reading},
    tally::Tally,
};
use crate::mapping::json_string;
use dfinery::tables::{PropertyType, StandardProperty};

/// Names a column that no table has, so that nothing can be loaded before the mapping is completed.
pub(super) const MISSING: &str = "{column: \"(to be completed)\"}";
pub(super) const NEEDS_ZONE: &str = "the times have no offset: they need a timezone";

/// How the cells of a column become a value.
#[derive(Default)]
pub(super) struct Guess {
    /// What stands in the mapping beside the column, such as `type: long`.
    pub(super) keys: Vec<String>,
    /// Why it may be wrong.
    pub(super) doubt: Option<String>,
    /// The cells that cannot be read so.
    pub(super) misfits: Tally,
    /// What is worth a look although it applies.
    pub(super) remark: Option<&'static str>,
    /// Whether only cells of one form can be read so, which words for what is missing have not.
    pub(super) has_form: bool,
}

impl Guess {
    fn new(keys: &[&str]) -> Self {
        Self {
            keys: keys.iter().map(|key| (*key).to_owned()).collect(),
            ..Self::default()
        }
    }

    fn unsure(keys: &[&str], doubt: &str) -> Self {
        Self {
            doubt: Some(doubt.to_owned()),
            ..Self::new(keys)
        }
    }

    fn with(mut self, misfits: Tally) -> Self {
        self.misfits = misfits;
        self
    }

    fn of_form(mut self) -> Self {
        self.has_form = true;
        self
    }

    /// The source in a mapping.
    pub(super) fn source(&self, column: &str) -> String {
        if self.keys.is_empty() {
            scalar(column)
        } else {
            cell(column, &self.keys.join(", "))
        }
    }
}

/// How to read a property of this type.
pub(super) fn read_as(evidence: &Evidence, property_type: PropertyType) -> Guess {
    if evidence.filled == 0 {
        return Guess::unsure(&[], "all cells are empty");
    }
    match property_type {
        PropertyType::String => Guess {
            doubt: evidence.lost_digits.map(str::to_owned),
            ..Guess::default()
        },
        PropertyType::Long | PropertyType::Double => number(evidence, property_type),
        PropertyType::Boolean => yes_or_no(evidence),
        PropertyType::Date => match evidence.moments.reading(evidence.filled, &[Moment::Date]) {
            Some(reading) => date(reading).of_form(),
            None => Guess::unsure(
                &["type: date"],
                "fewer than 99.5% of the cells are dates in known forms",
            ),
        },
        PropertyType::Datetime => {
            let times = [Moment::Time, Moment::LocalTime, Moment::Count];
            match evidence.moments.reading(evidence.filled, &times) {
                Some(reading) => {
                    let needs_zone = reading.moment != Moment::Time;
                    let mut guess = time(&reading);
                    guess.keys.insert(0, "type: datetime".to_owned());
                    guess.doubt = guess.doubt.or_else(|| needs_zone.then(|| NEEDS_ZONE.to_owned()));
                    guess.of_form()
                }
                None => Guess::unsure(
                    &["type: datetime"],
                    "fewer than 99.5% of the cells are times in known forms",
                ),
            }
        }
        PropertyType::StringArray | PropertyType::LongArray | PropertyType::DoubleArray
            if evidence.list_type().is_some() =>
        {
            Guess::new(&[&format!("type: {property_type}")])
        }
        PropertyType::StringArray | PropertyType::LongArray | PropertyType::DoubleArray | PropertyType::Items => {
            Guess::unsure(&[], "say what separates the elements of the list")
        }
    }
}

/// How to read a standard property, whose values may be limited.
pub(super) fn read_property(evidence: &Evidence, property: &StandardProperty) -> Guess {
    if property.values.is_empty() {
        return read_as(evidence, property.property_type);
    }
    let only = format!("DFINERY takes only {}", property.values.join(", "));
    let Some(chosen) = evidence
        .choices
        .genders(evidence.filled)
        .filter(|_| property.name == "df_gender")
    else {
        return Guess::unsure(&[], &only);
    };
    let misfits = chosen.misfits;
    if chosen.how.iter().all(|(text, value)| text == value) {
        return Guess::default().with(misfits).of_form();
    }
    let pair = |(text, value): &(String, &str)| format!("{}: {value}", scalar(text));
    let pairs: Vec<_> = chosen.how.iter().map(pair).collect();
    let mut guess = Guess::new(&[&format!("values: {{{}}}", pairs.join(", "))])
        .with(misfits)
        .of_form();
    if chosen.how.iter().any(|(text, _)| text == "1" || text == "2") {
        guess.remark = Some("1 is taken for Male and 2 for Female");
    }
    guess
}

fn number(evidence: &Evidence, property_type: PropertyType) -> Guess {
    let is_double = property_type == PropertyType::Double;
    let Some(found) = evidence.numbers.best(evidence.filled, is_double) else {
        let noun = if is_double { "numbers" } else { "whole numbers" };
        return Guess::unsure(&[], &format!("fewer than 99.5% of the cells are {noun}"));
    };
    let kind = format!("type: {property_type}");
    let keys: &[&str] = if found.has_thousands {
        &[&kind, "thousands: \",\""]
    } else {
        &[]
    };
    Guess::new(keys).with(found.misfits).of_form()
}

pub(super) fn yes_or_no(evidence: &Evidence) -> Guess {
    let Some(chosen) = evidence.yes_or_no() else {
        return Guess::unsure(
            &["type: boolean"],
            "fewer than 99.5% of the cells are one of true, 1, Y, false, 0, N",
        );
    };
    let (yes, no) = chosen.how;
    let mut guess = Guess::default().with(chosen.misfits);
    for (key, texts) in [("true", yes), ("false", no)] {
        if !texts.is_empty() {
            let texts: Vec<_> = texts.iter().map(|text| json_string(text)).collect();
            guess.keys.push(format!("\"{key}\": [{}]", texts.join(", ")));
        }
    }
    if !guess.keys.is_empty() {
        guess.keys.insert(0, "type: boolean".to_owned());
    }
    guess
}

fn date(reading: Reading) -> Guess {
    let mut guess = Guess::default();
    if reading.formats != ["%Y-%m-%d"] {
        guess.keys = vec!["type: date".to_owned(), format_key(&reading.formats)];
    }
    look_at(&reading, &mut guess);
    guess.with(reading.misfits)
}

/// How to read a point in time.
pub(super) fn time(reading: &Reading) -> Guess {
    let mut guess = Guess::default();
    if !reading.formats.is_empty() {
        guess.keys.push(format_key(&reading.formats));
    }
    look_at(reading, &mut guess);
    guess.with(reading.misfits.clone())
}

fn look_at(reading: &Reading, guess: &mut Guess) {
    if reading.is_ambiguous {
        guess.doubt = Some("the day may be the month".to_owned());
    }
    if reading.formats.iter().any(|format| format.starts_with("%y")) {
        guess.remark = Some("the first two digits are taken for the year, from 1969 to 2068");
    }
}

/// `format: …`, with quotes where YAML needs them.
fn format_key(formats: &[String]) -> String {
    let quoted = |format: &String| {
        if format.starts_with('%') {
            json_string(format)
        } else {
            format.clone()
        }
    };
    match formats {
        [one] => format!("format: {}", quoted(one)),
        many => format!("format: [{}]", many.iter().map(quoted).collect::<Vec<_>>().join(", ")),
    }
}

/// The type that the cells of a column suggest.
pub(super) fn suggested_type(evidence: &Evidence) -> PropertyType {
    let is_number = |as_double| evidence.numbers.best(evidence.filled, as_double).is_some();
    if let Some(list) = evidence.list_type() {
        list
    } else if evidence.has_dates() {
        PropertyType::Date
    } else if evidence.has_times() {
        PropertyType::Datetime
    } else if evidence.is_id() {
        PropertyType::String
    } else if evidence.yes_or_no().is_some() {
        PropertyType::Boolean
    } else if is_number(false) {
        PropertyType::Long
    } else if is_number(true) {
        PropertyType::Double
    } else {
        PropertyType::String
    }
}

/// An example of a constant.
pub(super) const fn constant(property_type: PropertyType) -> &'static str {
    match property_type {
        PropertyType::Long => "{constant: 1}",
        PropertyType::Double => "{constant: 0.0}",
        _ => MISSING,
    }
}

pub(super) fn cell(column: &str, keys: &str) -> String {
    format!("{{column: {}, {keys}}}", scalar(column))
}

/// A text in YAML, quoted unless it is a plain word.
pub(super) fn scalar(text: &str) -> String {
    let is_plain = text.starts_with(char::is_alphabetic) && text.chars().all(|c| c.is_alphanumeric() || c == '_');
    let means_more = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    if is_plain && !means_more.contains(&text.to_lowercase().as_str()) {
        text.to_owned()
    } else {
        json_string(text)
    }
}
