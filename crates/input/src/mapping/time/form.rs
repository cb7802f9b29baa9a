//! The forms in which a time can be written.

use jiff::{
    SignedDuration, Timestamp,
    civil::{Date, Time, date},
};

pub(super) const FOUR_DIGITS: &str = "the year must have four digits";
pub(super) const TOO_LATE: &str =
    "the time is after 9999-12-30T22:00:00Z, the latest that can be read: leave the cell empty if it means no end";

/// A form of times, as a mapping names it.
#[derive(Clone, Debug)]
pub(super) enum Form {
    /// Numbers and names in the places that a format says.
    Pattern { format: String, runs: Runs },
    /// A count of units since 1970.
    Unix(Unix),
    /// The number of a day, and the part of it that has passed, as spreadsheets count.
    SerialDays,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unix {
    Milliseconds,
    Microseconds,
}

const SERIAL_DAYS: &str = "serial-days";

impl Form {
    pub(super) fn new(name: &str) -> Self {
        match name {
            SERIAL_DAYS => Self::SerialDays,
            name if name == Unix::Milliseconds.name() => Self::Unix(Unix::Milliseconds),
            name if name == Unix::Microseconds.name() => Self::Unix(Unix::Microseconds),
            format => Self::Pattern {
                format: format.to_owned(),
                runs: Runs::of(format),
            },
        }
    }

    pub(super) fn name(&self) -> &str {
        match self {
            Self::Pattern { format, .. } => format,
            Self::Unix(unit) => unit.name(),
            Self::SerialDays => SERIAL_DAYS,
        }
    }
}

/// The names of forms, for a message.
pub(super) fn names(forms: &[Form]) -> String {
    let names: Vec<_> = forms.iter().map(Form::name).collect();
    names.join(" or ")
}

impl Unix {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Milliseconds => "unix-milliseconds",
            Self::Microseconds => "unix-microseconds",
        }
    }

    /// How many digits a time of today has.
    const fn digits(self) -> usize {
        match self {
            Self::Milliseconds => 13,
            Self::Microseconds => 16,
        }
    }

    /// The time of a cell; `None` if it is not a whole number of this unit.
    pub(super) fn read(self, cell: &str) -> Result<Option<Timestamp>, String> {
        let Some(count) = whole(cell) else { return Ok(None) };
        // A count of today in another unit: it would be a time of 1970, or none that exists.
        if matches!(cell.len(), 10 | 13 | 16) && cell.len() != self.digits() {
            return Ok(None);
        }
        let time = match self {
            Self::Milliseconds => Timestamp::from_millisecond(count),
            Self::Microseconds => Timestamp::from_microsecond(count),
        };
        time.map(Some)
            .map_err(|_| if count > 0 { TOO_LATE } else { FOUR_DIGITS }.to_owned())
    }
}

fn whole(cell: &str) -> Option<i64> {
    let digits = cell.strip_prefix('-').unwrap_or(cell);
    digits
        .bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| cell.parse().ok())?
}

/// The days of a spreadsheet that are read: from 1900-03-01, since spreadsheets count a 1900-02-29, to the year 9999.
const SERIALS: std::ops::RangeInclusive<i64> = 61..=2_958_465;
const BEFORE_FIRST: Date = date(1899, 12, 30);
const DAY_IN_MILLISECONDS: f64 = 86_400_000.0;

/// The local time of a spreadsheet's number of a day, to the millisecond.
pub(crate) fn serial_days(cell: &str) -> Option<(Date, Time)> {
    let (days, part) = cell.split_once('.').unwrap_or((cell, "0"));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(days) || !is_number(part) {
        return None;
    }
    let days: i64 = days.parse().ok().filter(|days| SERIALS.contains(days))?;
    let part: f64 = format!("0.{part}").parse().ok()?;
    #[allow(clippy::cast_possible_truncation, reason = "it is at most a day")]
    let passed = (part * DAY_IN_MILLISECONDS).round() as i64;
    let since = SignedDuration::from_hours(24 * days) + SignedDuration::from_millis(passed);
    let time = BEFORE_FIRST.to_datetime(Time::midnight()).checked_add(since).ok()?;
    Some((time.date(), time.time()))
}

/// The form that the digits of a cell suggest, as the end of a message.
pub(super) fn hint(cell: &str, forms: &[Form]) -> String {
    let is_digits = cell.bytes().all(|byte| byte.is_ascii_digit());
    let name = match cell.len() {
        13 if is_digits => Unix::Milliseconds.name(),
        16 if is_digits => Unix::Microseconds.name(),
        10 if is_digits => "\"%s\"",
        5.. if serial_days(cell).is_some_and(|(day, _)| (1954..=2119).contains(&day.year())) => SERIAL_DAYS,
        _ => return String::new(),
    };
    let is_compact = |form: &Form| matches!(form, Form::Pattern { runs, .. } if runs.is_compact);
    let is_known = forms.iter().any(|form| form.name() == name.trim_matches('"'));
    if is_known || (name == SERIAL_DAYS && forms.iter().any(is_compact)) {
        return String::new();
    }
    let what = match name {
        SERIAL_DAYS => "a spreadsheet's number of a day",
        _ => "a count since 1970",
    };
    format!("; the cell looks like {what}, which is read with format: {name}")
}

/// The runs of digits that a format makes, to tell whether a cell has all digits where nothing separates two numbers.
#[derive(Clone, Debug, Default)]
pub(super) struct Runs {
    /// The length of each run, if it holds more than one number.
    lengths: Vec<Option<usize>>,
    /// Which run is a fraction of a second that may be missing.
    fraction: Option<usize>,
    /// Whether the current run has a year.
    is_full: bool,
    /// Whether nothing separates two numbers somewhere.
    is_compact: bool,
}

impl Runs {
    fn of(format: &str) -> Self {
        let mut runs = Self::default();
        // The numbers of the current run and its length, if that is fixed.
        let mut run: Option<(usize, Option<usize>)> = None;
        let mut chars = format.chars();
        while let Some(c) = chars.next() {
            let mut numbers = |lengths: &[Option<usize>]| {
                for length in lengths {
                    let (count, sum) = run.get_or_insert((0, Some(0)));
                    *count += 1;
                    *sum = sum.zip(*length).map(|(sum, length)| sum + length);
                }
            };
            if c.is_ascii_digit() {
                numbers(&[Some(1)]);
                continue;
            }
            if c != '%' {
                runs.end(&mut run);
                continue;
            }
            let mut directive = chars.next();
            let is_flagged = matches!(directive, Some('-' | '_' | '0' | '^' | '#'));
            while matches!(directive, Some('-' | '_' | '0' | '^' | '#' | ':' | '1'..='9')) {
                directive = chars.next();
            }
            let two = if is_flagged { None } else { Some(2) };
            match directive {
                // Two digits would be a year of the first century.
                Some('Y' | 'G') => {
                    numbers(&[Some(4)]);
                    runs.is_full = true;
                }
                Some('m' | 'd' | 'H' | 'I' | 'M' | 'S' | 'y' | 'C' | 'U' | 'W' | 'V' | 'g') => numbers(&[two]),
                Some('j') => numbers(&[Some(3)]),
                Some('e' | 'k' | 'l' | 's' | 'u' | 'w' | 'f' | 'N' | 'L') => numbers(&[None]),
                Some('.') => {
                    // A point and the digits of a fraction, all of which may be missing.
                    let _ = chars.find(|c| matches!(c, 'f' | 'N' | 'L'));
                    runs.end(&mut run);
                    runs.fraction = Some(runs.lengths.len());
                    runs.lengths.push(None);
                }
                Some('F') => {
                    runs.is_full = true;
                    runs.apart(&mut run, &[4, 2, 2]);
                }
                Some('T' | 'D') => runs.apart(&mut run, &[2, 2, 2]),
                Some('R') => runs.apart(&mut run, &[2, 2]),
                Some('z') => {
                    runs.end(&mut run);
                    run = Some((1, None));
                }
                _ => runs.end(&mut run),
            }
        }
        runs.end(&mut run);
        if runs.lengths.iter().all(Option::is_none) {
            runs.lengths.clear();
        }
        runs
    }

    /// Ends a run; one that holds one number may have any length, if that is not a year.
    fn end(&mut self, run: &mut Option<(usize, Option<usize>)>) {
        let is_full = std::mem::take(&mut self.is_full);
        if let Some((count, length)) = run.take() {
            self.is_compact |= count > 1;
            self.lengths.push(length.filter(|_| count > 1 || is_full));
        }
    }

    /// Adds numbers with something between them, the first of which goes on with the run and the last of which begins
    /// the next one.
    fn apart(&mut self, run: &mut Option<(usize, Option<usize>)>, lengths: &[usize]) {
        for (index, length) in lengths.iter().enumerate() {
            if index > 0 {
                self.end(run);
            }
            let (count, sum) = run.get_or_insert((0, Some(0)));
            *count += 1;
            *sum = sum.map(|sum| sum + length);
        }
    }

    /// Whether a cell has all digits where it must.
    pub(super) fn fit(&self, cell: &str) -> bool {
        if self.lengths.is_empty() {
            return true;
        }
        let found: Vec<_> = cell
            .split(|c: char| !c.is_ascii_digit())
            .map(str::len)
            .filter(|length| *length > 0)
            .collect();
        let missing = self.fraction.filter(|_| found.len() < self.lengths.len());
        let lengths = self.lengths.iter().enumerate();
        let mut found = found.into_iter();
        lengths.filter(|(index, _)| Some(*index) != missing).all(|(_, length)| {
            found
                .next()
                .is_some_and(|found| length.is_none_or(|length| length == found))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_without_a_separator_need_all_their_digits() {
        for (format, good, bad) in [
            (
                "%Y%m%d %H%M%S",
                &["20251120 011500"][..],
                &["20251120 11500", "2025112 011500"][..],
            ),
            ("%y%m%d", &["251120"], &["25112", "51120"]),
            (
                "%Y-%m-%d %H%M",
                &["2025-11-20 0115", "2025-1-2 0115"],
                &["2025-11-20 115"],
            ),
            (
                "%Y%m%d%H%M%S%.f",
                &["20251120011500", "20251120011500.5"],
                &["2025112001150", "2025112001150.5"],
            ),
            ("%H%M%S%z", &["011500+0900"], &["11500+0900"]),
            ("%Y-%m-%d %H:%M:%S", &["2025-1-2 3:4:5"], &[]),
            ("%F%H", &["2025-01-0203"], &["2025-01-023"]),
        ] {
            for cell in good {
                assert!(Runs::of(format).fit(cell), "{format} {cell}");
            }
            for cell in bad {
                assert!(!Runs::of(format).fit(cell), "{format} {cell}");
            }
        }
    }

    #[test]
    fn the_days_of_a_spreadsheet_are_its_dates() {
        for (cell, local) in [
            ("45000", Some("2023-03-15T00:00:00")),
            ("45000.75", Some("2023-03-15T18:00:00")),
            ("45000.4271990741", Some("2023-03-15T10:15:10")),
            ("45000.999999999", Some("2023-03-16T00:00:00")),
            ("61", Some("1900-03-01T00:00:00")),
            ("60", None),
            ("2958466", None),
            ("45000.", None),
            ("-45000", None),
            ("4.5E+4", None),
        ] {
            let found = serial_days(cell).map(|(day, time)| day.to_datetime(time).to_string());
            assert_eq!(found.as_deref(), local, "{cell}");
        }
    }

    #[test]
    fn a_hint_names_the_form_that_the_digits_suggest() {
        for (cell, name) in [
            ("1763601300123", "unix-milliseconds"),
            ("1763601300123456", "unix-microseconds"),
            ("1763601300", "\"%s\""),
            ("45000.75", "serial-days"),
        ] {
            assert!(hint(cell, &[]).ends_with(name), "{cell}");
            assert_eq!(hint(cell, &[Form::new(name.trim_matches('"'))]), "");
        }
        assert_eq!(hint("20251120", &[]), "");
    }
}
