//! Guesses how to read the cells of a column.

use super::evidence::{Evidence, Form, is_boolean, is_date, is_time};
use crate::mapping::json_string;
use dfinery::tables::PropertyType;

/// Names a column that no table has, so that nothing can be loaded before the mapping is completed.
pub(super) const MISSING: &str = "{column: \"(to be completed)\"}";
pub(super) const NEEDS_ZONE: &str = "the times have no offset: they need a timezone";

pub(super) const ROUNDED: &str = "a spreadsheet has shortened numbers in it, such as 2.02611E+15, whose last digits are lost: make the column text there and save \
     it again";

/// The source of a property of this type, and what speaks against it.
pub(super) fn read_as(column: &str, evidence: &Evidence, property_type: PropertyType) -> (String, Option<String>) {
    let short = || scalar(column);
    let fits = |form: Form| evidence.fits(|other| *other == form).is_some();
    let doubt = |what: &str| Some(format!("not every cell is {what}"));
    if evidence.filled == 0 {
        return (short(), Some("all cells are empty".to_owned()));
    }
    match property_type {
        PropertyType::String => (short(), evidence.is_rounded.then(|| ROUNDED.to_owned())),
        PropertyType::Long if fits(Form::Long) => (short(), None),
        PropertyType::Long if fits(Form::LongWithThousands) => (cell(column, "type: long, thousands: \",\""), None),
        PropertyType::Long => (short(), doubt("a whole number")),
        PropertyType::Double if fits(Form::Double) => (short(), None),
        PropertyType::Double if fits(Form::DoubleWithThousands) => {
            (cell(column, "type: double, thousands: \",\""), None)
        }
        PropertyType::Double => (short(), doubt("a number")),
        PropertyType::Boolean => match evidence.fits(is_boolean) {
            Some(Form::YesNo(yes, no)) => (
                cell(
                    column,
                    &format!("type: boolean, \"true\": [\"{yes}\"], \"false\": [\"{no}\"]"),
                ),
                None,
            ),
            Some(_) => (short(), None),
            None => (cell(column, "type: boolean"), doubt("one of true, 1, Y, false, 0, N")),
        },
        PropertyType::Date => match (evidence.only(is_date), evidence.fits(is_date)) {
            (Some(Form::Date("%Y-%m-%d")), _) => (short(), None),
            (Some(Form::Date(format)), _) => (cell(column, &format!("type: date, format: \"{format}\"")), None),
            (_, Some(Form::Date(format))) => (
                cell(column, &format!("type: date, format: \"{format}\"")),
                Some("the day may be the month".to_owned()),
            ),
            _ => (cell(column, "type: date"), doubt("a date in a known form")),
        },
        PropertyType::Datetime => match evidence.fits(is_time) {
            Some(Form::LocalTime(format)) if !format.is_empty() => (
                cell(column, &format!("type: datetime, format: \"{format}\"")),
                Some(NEEDS_ZONE.to_owned()),
            ),
            Some(_) => (cell(column, "type: datetime"), None),
            None => (cell(column, "type: datetime"), doubt("a time in a known form")),
        },
        PropertyType::StringArray | PropertyType::LongArray | PropertyType::DoubleArray | PropertyType::Items => {
            (short(), Some("say what separates the elements of the list".to_owned()))
        }
    }
}

/// The type that the cells of a column suggest.
pub(super) fn suggested_type(evidence: &Evidence) -> PropertyType {
    let fits = |form: Form| evidence.fits(|other| *other == form).is_some();
    if evidence.fits(is_date).is_some() {
        PropertyType::Date
    } else if evidence.fits(is_time).is_some() {
        PropertyType::Datetime
    } else if evidence.is_id() {
        PropertyType::String
    } else if evidence.fits(is_boolean).is_some() {
        PropertyType::Boolean
    } else if fits(Form::Long) || fits(Form::LongWithThousands) {
        PropertyType::Long
    } else if fits(Form::Double) || fits(Form::DoubleWithThousands) {
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
