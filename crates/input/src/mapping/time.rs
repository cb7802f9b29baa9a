//! Times and dates in the forms that a mapping names. The form is never guessed.

use jiff::{
    Zoned,
    civil::{Date, DateTime},
    fmt::strtime::BrokenDownTime,
    tz::TimeZone,
};

use dfinery::Timestamp;

/// Reads points in time.
#[derive(Clone, Debug)]
pub(super) struct Times {
    /// Formats; the first that fits is used. RFC 3339 if empty.
    formats: Vec<String>,
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
        for format in formats {
            let parsed = try_format(format)?;
            let has_offset = parsed.to_timestamp().is_ok();
            if !has_offset {
                let read = parsed.to_datetime().map_err(|_| needs_day(format))?;
                if read.date() != sample().date() {
                    return Err(needs_day(format));
                }
                if read.hour() == 3 {
                    return Err(format!(
                        "format: %I in {format:?} needs %p, which tells morning from afternoon"
                    ));
                }
                if zone.is_none() {
                    return Err(NEEDS_ZONE.to_owned());
                }
            }
        }
        Ok(Self {
            formats: formats.to_vec(),
            zone: zone.cloned(),
        })
    }

    /// The point in time that a cell names.
    pub(super) fn read(&self, cell: &str) -> Result<Timestamp, String> {
        let time = if self.formats.is_empty() {
            self.read_rfc_3339(cell)?
        } else {
            self.read_formats(cell)?
        };
        // A timestamp cannot be after the year 9999.
        if time.as_second() >= YEAR_0 {
            Ok(time.into())
        } else {
            Err("the year must have four digits".to_owned())
        }
    }

    fn read_rfc_3339(&self, cell: &str) -> Result<jiff::Timestamp, String> {
        if let Ok(time) = cell.parse() {
            return Ok(time);
        }
        let has_time = matches!(cell.as_bytes().get(10), Some(b'T' | b't' | b' '));
        match cell.parse::<DateTime>() {
            Ok(time) if has_time => self.in_zone(time),
            _ => Err(
                "must be a time in the form 2024-06-24T15:42:25+09:00; for another form give format in the mapping"
                    .to_owned(),
            ),
        }
    }

    fn read_formats(&self, cell: &str) -> Result<jiff::Timestamp, String> {
        for format in &self.formats {
            let Ok(parsed) = parse(format, cell) else { continue };
            // Asking for an absent field creates an error, which costs more than the rest.
            if parsed.offset().is_some() || parsed.timestamp().is_some() {
                if let Ok(time) = parsed.to_timestamp() {
                    return Ok(time);
                }
            } else if let Ok(time) = parsed.to_datetime() {
                return self.in_zone(time);
            }
        }
        Err(format!("must be a time in the form {}", self.formats.join(" or ")))
    }

    fn in_zone(&self, time: DateTime) -> Result<jiff::Timestamp, String> {
        let zone = self.zone.as_ref().ok_or_else(|| NEEDS_ZONE.to_owned())?;
        zone.to_ambiguous_timestamp(time).unambiguous().map_err(|_| {
            "this local time does not exist or occurs twice in the time zone: give it with an offset".to_owned()
        })
    }
}

/// Reads dates.
#[derive(Clone, Debug)]
pub(super) struct Dates {
    formats: Vec<String>,
}

const DATE: &str = "%Y-%m-%d";

impl Dates {
    pub(super) fn new(formats: &[String]) -> Result<Self, String> {
        for format in formats {
            let read = try_format(format)?.to_date();
            if read.ok() != Some(sample().date()) {
                return Err(needs_day(format));
            }
        }
        let formats = if formats.is_empty() {
            vec![DATE.to_owned()]
        } else {
            formats.to_vec()
        };
        Ok(Self { formats })
    }

    /// The date that a cell names.
    pub(super) fn read(&self, cell: &str) -> Result<Date, String> {
        self.formats
            .iter()
            .find_map(|format| parse(format, cell).ok()?.to_date().ok())
            .filter(|date| (0..=9999).contains(&date.year()))
            .ok_or_else(|| format!("must be a date in the form {}", self.formats.join(" or ")))
    }
}

fn needs_day(format: &str) -> String {
    format!("format: {format:?} must have the year, the month and the day")
}

/// Writes a time in a format and reads it again: a format may be wrong in itself.
fn try_format(format: &str) -> Result<BrokenDownTime, String> {
    let wrong = || format!("format: {format:?} cannot be read; %Y-%m-%d %H:%M:%S is an example");
    let written = BrokenDownTime::from(&sample()).to_string(format).map_err(|_| wrong())?;
    BrokenDownTime::parse(format, &written).map_err(|_| wrong())
}

/// Reads a cell, whose words for morning and afternoon may be Korean.
fn parse(format: &str, cell: &str) -> Result<BrokenDownTime, jiff::Error> {
    if !cell.is_ascii() && (format.contains("%p") || format.contains("%P")) {
        let cell = cell.replace("오전", "AM").replace("오후", "PM");
        return BrokenDownTime::parse(format, cell);
    }
    BrokenDownTime::parse(format, cell)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(formats: &[&str], zone: Option<&str>) -> Result<Times, String> {
        let formats: Vec<_> = formats.iter().map(|format| (*format).to_owned()).collect();
        Times::new(&formats, zone.map(|zone| TimeZone::get(zone).unwrap()).as_ref())
    }

    #[test]
    fn times_are_read_in_the_forms_given() {
        let seoul = Some("Asia/Seoul");
        for (formats, zone, cell, time) in [
            (
                &[][..],
                None,
                "2024-06-24T15:42:25.3945+09:00",
                "2024-06-24T06:42:25.394Z",
            ),
            (&[], None, "2024-06-24T06:42:25Z", "2024-06-24T06:42:25.000Z"),
            (&[], seoul, "2024-06-24 15:42:25", "2024-06-24T06:42:25.000Z"),
            (&[], seoul, "2024-06-24T06:42:25Z", "2024-06-24T06:42:25.000Z"),
            (&["%Y%m%d%H%M%S"], seoul, "20240624154225", "2024-06-24T06:42:25.000Z"),
            (
                &["%Y.%m.%d", "%Y-%m-%d %H:%M"],
                seoul,
                "2024-06-24 15:42",
                "2024-06-24T06:42:00.000Z",
            ),
            (&["%Y-%m-%d"], seoul, "2024-06-24", "2024-06-23T15:00:00.000Z"),
            (
                &["%Y-%m-%d %p %I:%M:%S"],
                seoul,
                "2024-06-24 오후 3:42:25",
                "2024-06-24T06:42:25.000Z",
            ),
            (
                &["%Y-%m-%d %H:%M:%S %z"],
                None,
                "2024-06-24 15:42:25 +0900",
                "2024-06-24T06:42:25.000Z",
            ),
            (&["%s"], None, "1719211345", "2024-06-24T06:42:25.000Z"),
        ] {
            let read = times(formats, zone).unwrap().read(cell);
            assert_eq!(
                read.map(|time| time.to_string()),
                Ok(time.to_owned()),
                "{formats:?} {cell}"
            );
        }
    }

    #[test]
    fn no_other_form_is_guessed() {
        let seoul = Some("Asia/Seoul");
        for (formats, zone, cell) in [
            (&[][..], None, "2024-05-24 15:42:25"),
            (&[], seoul, "2024-05-24"),
            (&[], seoul, "20240524154225"),
            (&[], seoul, "2024/05/24 15:42:25"),
            (&["%Y-%m-%d"], seoul, "2024-05-24 15:42"),
            (&["%Y-%m-%d"], seoul, "2024-02-30"),
            (&["%Y-%m-%d %H:%M"], Some("America/New_York"), "2024-03-10 02:30"),
            (&["%Y-%m-%d %H:%M"], Some("America/New_York"), "2024-11-03 01:30"),
        ] {
            let problem = times(formats, zone).unwrap().read(cell).unwrap_err();
            assert!(!problem.contains(cell), "{problem}");
        }
    }

    #[test]
    fn a_year_that_rfc_3339_cannot_write_is_refused() {
        let times = times(&[], None).unwrap();
        assert_eq!(
            times.read("0000-01-01T00:00:00Z").unwrap().to_string(),
            "0000-01-01T00:00:00.000Z"
        );
        assert!(times.read("-000001-12-31T23:59:59Z").is_err());
        assert!(times.read("9999-12-30T00:00:00Z").is_ok());
    }

    #[test]
    fn formats_are_tried_before_the_first_cell() {
        for (format, zone) in [
            ("%Y-%m-%d", None),
            ("%H:%M", Some("Asia/Seoul")),
            ("%Y-%m-%d %I:%M", Some("Asia/Seoul")),
            ("%Y-%m-%d %é", Some("Asia/Seoul")),
            ("yyyy-MM-dd", Some("Asia/Seoul")),
        ] {
            assert!(times(&[format], zone).is_err(), "{format}");
        }
        assert!(Dates::new(&["%Y-%m".to_owned()]).is_err());
        assert!(Dates::new(&["%Y%m%d".to_owned()]).is_ok());
    }
}
