//! Times and dates in the forms that a mapping names. The form is never guessed.

mod foreign;
mod form;
pub(crate) mod known;
mod zone_words;

use std::{borrow::Cow, sync::LazyLock};

use jiff::{
    Zoned,
    civil::{Date, DateTime, Time},
    fmt::{strtime::BrokenDownTime, temporal::Pieces},
    tz::TimeZone,
};

#[cfg(feature = "spreadsheet")]
pub(crate) use self::form::serial_days;
use self::form::{FOUR_DIGITS, Form, Runs, TOO_LATE};
use dfinery::Timestamp;

/// Reads points in time.
#[derive(Clone, Debug)]
pub(super) struct Times {
    /// Forms; the first that fits is used. RFC 3339 if empty.
    forms: Vec<Form>,
    /// The zone of times without an offset.
    zone: Option<TimeZone>,
}

/// The seconds from 1970 to the beginning of the year 0, the earliest in RFC 3339.
const YEAR_0: i64 = -62_167_219_200;
const NEEDS_ZONE: &str = "a time without an offset needs a time zone: give timezone in the mapping, such as Asia/Seoul";

/// An afternoon, so that a 12-hour clock shows.
fn sample() -> Zoned {
    DateTime::constant(2023, 11, 22, 15, 42, 38, 394_000_000)
        .to_zoned(TimeZone::UTC)
        .unwrap_or_default()
}

impl Times {
    pub(super) fn new(formats: &[String], zone: Option<&TimeZone>) -> Result<Self, String> {
        let forms: Vec<_> = formats.iter().map(|format| Form::new(format)).collect();
        for form in &forms {
            match form {
                Form::SerialDays if zone.is_none() => return Err(NEEDS_ZONE.to_owned()),
                Form::SerialDays | Form::Unix(_) => {}
                Form::Pattern { format, .. } => check_time(format, zone)?,
            }
        }
        Ok(Self {
            forms,
            zone: zone.cloned(),
        })
    }

    /// The point in time that a cell names.
    pub(super) fn read(&self, cell: &str) -> Result<Timestamp, String> {
        in_range(if self.forms.is_empty() {
            self.read_rfc_3339(cell)?
        } else {
            self.read_forms(cell)?
        })
    }

    /// The point in time of a cell that is a time or a date, whatever the form of others: the beginning of a date.
    pub(super) fn read_typed(&self, cell: &str) -> Result<Timestamp, String> {
        in_range(match cell.parse::<Date>() {
            Ok(date) if !cell.contains('T') => self.in_zone(date.into())?,
            _ => self.read_rfc_3339(cell)?,
        })
    }

    fn read_rfc_3339(&self, cell: &str) -> Result<jiff::Timestamp, String> {
        let annotated = cell.contains('[');
        if !annotated && let Ok(time) = cell.parse() {
            return Ok(time);
        }
        let wrong = || {
            let hint = self::hint(cell, &self.forms);
            Err(format!(
                "must be a time in the form 2024-06-24T15:42:25+09:00; for another form give format in the mapping{hint}"
            ))
        };
        let has_time = matches!(cell.as_bytes().get(10), Some(b'T' | b't' | b' '));
        let Ok(pieces) = Pieces::parse(cell) else {
            return wrong();
        };
        let Some(time) = pieces.time().filter(|_| has_time) else {
            return wrong();
        };
        let time = pieces.date().to_datetime(time);
        if annotated {
            let zoned = cell.parse::<Zoned>();
            return zoned
                .map(|zoned| zoned.timestamp())
                .map_err(|_| "the time zone in brackets does not exist, or its offset is another one".to_owned());
        }
        match pieces.to_numeric_offset() {
            Some(offset) => offset.to_timestamp(time).map_err(|_| out_of_range(time)),
            None => self.in_zone(time),
        }
    }

    fn read_forms(&self, cell: &str) -> Result<jiff::Timestamp, String> {
        let mut problem = None;
        for form in &self.forms {
            match self.read_form(form, cell) {
                Ok(Some(time)) => return Ok(time),
                Ok(None) => {}
                Err(said) => problem = problem.or(Some(said)),
            }
        }
        Err(problem.unwrap_or_else(|| {
            let hint = self::hint(cell, &self.forms);
            format!("must be a time in the form {}{hint}", form::names(&self.forms))
        }))
    }

    /// The time of a cell in a form; `None` if it is in another form.
    fn read_form(&self, form: &Form, cell: &str) -> Result<Option<jiff::Timestamp>, String> {
        let (format, runs) = match form {
            Form::Unix(unit) => return unit.read(cell),
            Form::SerialDays => {
                let Some((date, time)) = form::serial_days(cell) else {
                    return Ok(None);
                };
                return self.in_zone(date.to_datetime(time)).map(Some);
            }
            Form::Pattern { format, runs } => (format, runs),
        };
        let Some(parsed) = parse(format, runs, cell)? else {
            return Ok(None);
        };
        if let Some(name) = parsed.iana_time_zone() {
            let zone = TimeZone::get(name).map_err(|_| "the cell names a time zone that does not exist".to_owned())?;
            if parsed.offset().is_some() {
                let zoned = parsed.to_zoned();
                return zoned
                    .map(|zoned| Some(zoned.timestamp()))
                    .map_err(|_| "the time zone and the offset of the cell contradict each other".to_owned());
            }
            let Ok(time) = parsed.to_datetime() else {
                return Ok(None);
            };
            return in_zone(&zone, time).map(Some);
        }
        // Asking for an absent field creates an error, which costs more than the rest.
        if parsed.offset().is_some() || parsed.timestamp().is_some() {
            return match (parsed.to_timestamp(), parsed.to_datetime()) {
                (Ok(time), _) => Ok(Some(time)),
                (Err(_), Ok(time)) => Err(out_of_range(time)),
                (Err(_), Err(_)) => Ok(None),
            };
        }
        let Ok(time) = parsed.to_datetime() else {
            return Ok(None);
        };
        self.in_zone(time).map(Some)
    }

    fn in_zone(&self, time: DateTime) -> Result<jiff::Timestamp, String> {
        in_zone(self.zone.as_ref().ok_or_else(|| NEEDS_ZONE.to_owned())?, time)
    }
}

fn in_range(time: jiff::Timestamp) -> Result<Timestamp, String> {
    // A timestamp cannot be after the year 9999.
    if time.as_second() >= YEAR_0 {
        Ok(time.into())
    } else {
        Err(FOUR_DIGITS.to_owned())
    }
}

/// The date of a cell that is a date, or a time without a zone at its beginning: many programs have no other dates.
pub(super) fn date_of(cell: &str) -> Result<&str, String> {
    let date = cell.strip_suffix("T00:00:00").unwrap_or(cell);
    if date.contains('T') {
        return Err("is a time, and must be a date: give type: datetime".to_owned());
    }
    if date.starts_with('-') {
        return Err(FOUR_DIGITS.to_owned());
    }
    Ok(date)
}

fn in_zone(zone: &TimeZone, time: DateTime) -> Result<jiff::Timestamp, String> {
    let found = zone.to_ambiguous_timestamp(time);
    if found.is_ambiguous() {
        return Err(
            "this local time does not exist or occurs twice in the time zone: give it with an offset".to_owned(),
        );
    }
    found.unambiguous().map_err(|_| out_of_range(time))
}

fn out_of_range(time: DateTime) -> String {
    if time.year() > 0 { TOO_LATE } else { FOUR_DIGITS }.to_owned()
}

/// Whether a format reads the whole of a point in time.
fn check_time(format: &str, zone: Option<&TimeZone>) -> Result<(), String> {
    let parsed = try_format(format)?;
    zone_words::check(format, zone)?;
    if parsed.to_timestamp().is_ok() {
        return Ok(());
    }
    let read = parsed.to_datetime().map_err(|_| needs_day(format))?;
    if read.date() != sample().date() {
        return Err(needs_day(format));
    }
    if read.hour() == 3 {
        return Err(format!(
            "format: %I in {format:?} needs %p, which tells morning from afternoon"
        ));
    }
    if zone.is_none() && parsed.iana_time_zone().is_none() {
        return Err(NEEDS_ZONE.to_owned());
    }
    Ok(())
}

/// Reads dates.
#[derive(Clone, Debug)]
pub(super) struct Dates {
    forms: Vec<Form>,
}

const DATE: &str = "%Y-%m-%d";

impl Dates {
    pub(super) fn new(formats: &[String]) -> Result<Self, String> {
        let mut forms: Vec<_> = formats.iter().map(|format| Form::new(format)).collect();
        for form in &forms {
            match form {
                Form::SerialDays => {}
                Form::Unix(unit) => return Err(format!("format: {} is a time, and not a date", unit.name())),
                Form::Pattern { format, .. } => {
                    let read = try_format(format)?;
                    if read.offset().is_some() || read.iana_time_zone().is_some() || read.timestamp().is_some() {
                        return Err(format!(
                            "format: {format:?} has a time zone, which a date does not have: use the type datetime"
                        ));
                    }
                    if read.to_date().ok() != Some(sample().date()) {
                        return Err(needs_day(format));
                    }
                }
            }
        }
        if forms.is_empty() {
            forms.push(Form::new(DATE));
        }
        Ok(Self { forms })
    }

    /// The date that a cell names.
    pub(super) fn read(&self, cell: &str) -> Result<Date, String> {
        let mut problem = None;
        for form in &self.forms {
            let date = match form {
                Form::Unix(_) => None,
                Form::SerialDays => form::serial_days(cell)
                    .filter(|(_, time)| *time == Time::midnight())
                    .map(|(date, _)| date),
                Form::Pattern { format, runs } => match parse(format, runs, cell) {
                    Ok(parsed) => parsed.and_then(|parsed| parsed.to_date().ok()),
                    Err(said) => {
                        problem = problem.or(Some(said));
                        None
                    }
                },
            };
            if let Some(date) = date.filter(|date| (0..=9999).contains(&date.year())) {
                return Ok(date);
            }
        }
        Err(problem.unwrap_or_else(|| {
            let hint = self::hint(cell, &self.forms);
            format!("must be a date in the form {}{hint}", form::names(&self.forms))
        }))
    }
}

fn needs_day(format: &str) -> String {
    format!("format: {format:?} must have the year, the month and the day")
}

/// Writes a time in a format and reads it again: a format may be wrong in itself.
fn try_format(format: &str) -> Result<BrokenDownTime, String> {
    if !format.contains('%')
        && let Some(instead) = foreign::instead(format)
    {
        return Err(format!("format: {format:?}: {instead}"));
    }
    let wrong = || format!("format: {format:?} cannot be read; %Y-%m-%d %H:%M:%S is an example");
    let written = BrokenDownTime::from(&sample()).to_string(format).map_err(|_| wrong())?;
    BrokenDownTime::parse(format, &written).map_err(|_| wrong())
}

/// Reads a cell in a format; `None` if it does not fit, and an error if digits are missing.
fn parse(format: &str, runs: &Runs, cell: &str) -> Result<Option<BrokenDownTime>, String> {
    let cell = plain(format, cell);
    let Ok(parsed) = BrokenDownTime::parse(format, cell.as_bytes()) else {
        return Ok(None);
    };
    if runs.fit(&cell) {
        return Ok(Some(parsed));
    }
    Err(format!(
        "must be in the form {format} with all digits of each number: a zero, or the century, may be lost"
    ))
}

/// The forms in which people write times and dates, with their shapes.
static KNOWN: LazyLock<Vec<(String, Form)>> = LazyLock::new(|| {
    let formats = known::TIMES
        .iter()
        .chain(&known::DATES)
        .filter(|format| !format.is_empty());
    formats
        .map(|format| (known::shape_of_format(format), Form::new(format)))
        .collect()
});

/// Which form a cell has that is not read, as the end of a message.
fn hint(cell: &str, forms: &[Form]) -> String {
    let count = form::hint(cell, forms);
    if !count.is_empty() || cell.len() > known::LONGEST {
        return count;
    }
    let mut shape = String::new();
    known::shape_of_cell(cell, &mut shape);
    let reads = |form: &Form| match form {
        Form::Pattern { format, runs } => {
            matches!(parse(format, runs, cell), Ok(Some(parsed)) if parsed.to_datetime().is_ok() || parsed.to_date().is_ok())
        }
        _ => false,
    };
    let alike = KNOWN.iter().filter(|(known, _)| *known == shape).map(|(_, form)| form);
    for form in alike {
        let swapped = known::swapped(form.name()).map(|format| Form::new(&format));
        return match (reads(form), swapped.filter(reads)) {
            (true, Some(swapped)) => format!("; the cell has the form {} or {}", form.name(), swapped.name()),
            (true, None) => format!("; the cell has the form {}", form.name()),
            (false, Some(swapped)) => format!("; the cell has the form {}", swapped.name()),
            (false, None) => continue,
        };
    }
    String::new()
}

/// A cell with its words for morning and afternoon in English, and its offset in digits.
fn plain<'a>(format: &str, cell: &'a str) -> Cow<'a, str> {
    if !cell.is_ascii() && (format.contains("%p") || format.contains("%P")) {
        return Cow::Owned(cell.replace("오전", "AM").replace("오후", "PM"));
    }
    match cell.strip_suffix('Z').filter(|_| format.ends_with('z')) {
        Some(time) if format.ends_with(":z") => Cow::Owned(format!("{time}+00:00")),
        Some(time) => Cow::Owned(format!("{time}+0000")),
        None => Cow::Borrowed(cell),
    }
}

#[cfg(test)]
mod tests;
