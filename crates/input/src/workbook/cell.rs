//! The cells of a sheet as texts with a kind.

use std::fmt::Write as _;

use calamine::{Data, DataRef, ExcelDateTime, ExcelDateTimeType};
use jiff::{Timestamp, civil};

use crate::{mapping::serial_days, table::Kind};

/// What is in a cell that is not empty.
pub(super) struct Cell {
    /// Its column, from 0.
    pub(super) column: u32,
    pub(super) kind: Kind,
    pub(super) text: String,
    /// Why it cannot be read; the text is what the cell shows, if that is known.
    pub(super) problem: Option<&'static str>,
}

/// Whole numbers up to this one are exact in a spreadsheet.
const EXACT: f64 = 9_007_199_254_740_992.0;
/// From the first number that is a date in both a spreadsheet and the calendar, to the end of the year 9999.
const DATES: std::ops::Range<f64> = 61.0..2_958_466.0;
/// The days between the beginnings of the two calendars of spreadsheets.
const FROM_1900_TO_1904: f64 = 1_462.0;

const ERROR: &str = "is an error of the spreadsheet: mend the formula, or the cells that it reads";
const DURATION: &str = "is a duration, which is not read: format the cells as times, or as numbers";
const OUT_OF_RANGE: &str =
    "is a date out of range: the calendar of a spreadsheet is right from 1900-03-01 to 9999-12-31";

impl Cell {
    /// `None` if the cell is empty.
    pub(super) fn of(column: u32, value: DataRef<'_>) -> Option<Self> {
        let read = |(kind, text)| Self {
            column,
            kind,
            text,
            problem: None,
        };
        let broken = |text: &str, problem| Self {
            column,
            kind: Kind::Text,
            text: text.to_owned(),
            problem: Some(problem),
        };
        let cell = match value {
            DataRef::Empty => return None,
            DataRef::String(text) => read((Kind::Text, text)),
            DataRef::SharedString(text) => read((Kind::Text, text.to_owned())),
            DataRef::Bool(value) => read((Kind::Boolean, value.to_string())),
            DataRef::Int(number) => read((Kind::SheetNumber, number.to_string())),
            DataRef::Float(number) => read((Kind::SheetNumber, digits(number))),
            DataRef::DateTime(time) if time.is_duration() => broken("", DURATION),
            DataRef::DateTime(time) => moment(time).map_or_else(|| broken("", OUT_OF_RANGE), read),
            DataRef::DateTimeIso(text) => read((kind_of(&text), text)),
            DataRef::DurationIso(_) => broken("", DURATION),
            DataRef::Error(error) => broken(&error.to_string(), ERROR),
        };
        let is_empty = cell.text.trim().is_empty() && cell.problem.is_none();
        (!is_empty).then_some(cell)
    }

    /// The same for a value that is kept.
    pub(super) fn of_data(column: u32, value: &Data) -> Option<Self> {
        let value = match value {
            Data::Empty => return None,
            Data::Int(number) => DataRef::Int(*number),
            Data::Float(number) => DataRef::Float(*number),
            Data::String(text) => DataRef::SharedString(text),
            Data::Bool(value) => DataRef::Bool(*value),
            Data::DateTime(time) => DataRef::DateTime(*time),
            Data::DateTimeIso(text) => DataRef::DateTimeIso(text.clone()),
            Data::DurationIso(text) => DataRef::DurationIso(text.clone()),
            Data::Error(error) => DataRef::Error(error.clone()),
        };
        Self::of(column, value)
    }
}

/// The digits of a number, without a point if it is whole and exact.
fn digits(number: f64) -> String {
    if number.fract() == 0.0 && number.abs() <= EXACT {
        #[allow(clippy::cast_possible_truncation, reason = "it is whole and has at most 54 bits")]
        return (number as i64).to_string();
    }
    format!("{number:?}")
}

/// A date, a time of a day, or both.
fn moment(time: ExcelDateTime) -> Option<(Kind, String)> {
    let days = time.as_f64();
    if (0.0..1.0).contains(&days) {
        // Any day, of which only the time is seen.
        let (_, time) = serial_days(&format!("{}", DATES.start + days))?;
        return Some((Kind::Text, time.to_string()));
    }
    let days = if is_from_1904(time) {
        days + FROM_1900_TO_1904
    } else {
        days
    };
    if !DATES.contains(&days) {
        return None;
    }
    let (date, time) = serial_days(&format!("{days}"))?;
    let mut text = date.to_string();
    if time == civil::Time::midnight() {
        return Some((Kind::Date, text));
    }
    let _ = write!(text, "T{time}");
    Some((Kind::LocalTime, text))
}

/// Whether the days of a workbook are counted from 1904, which only the result shows.
fn is_from_1904(time: ExcelDateTime) -> bool {
    let same = ExcelDateTime::new(time.as_f64(), ExcelDateTimeType::DateTime, true);
    time == same
}

/// What a text of a date or a time is.
fn kind_of(text: &str) -> Kind {
    if text.parse::<Timestamp>().is_ok() {
        Kind::Time
    } else if !text.contains('T') {
        match text.parse::<civil::Date>() {
            Ok(_) => Kind::Date,
            Err(_) => Kind::Text,
        }
    } else if text.parse::<civil::DateTime>().is_ok() {
        Kind::LocalTime
    } else {
        Kind::Text
    }
}
