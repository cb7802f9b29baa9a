//! The forms of times and dates in a column.

use std::sync::LazyLock;

use super::tally::Tally;
use crate::mapping::{
    CellReader, Column, Type,
    known_times::{DATES, LONGEST, TIMES, shape_of_cell, shape_of_format, swapped},
};

/// Counts of something, which only the name of the column tells from other numbers. Each has the range of the numbers
/// that are a time from 2000 to 2040, or a day from 1990 to 2070.
const COUNTS: [(&str, std::ops::RangeInclusive<u64>); 3] = [
    ("%s", 946_684_800..=2_208_988_800),
    ("unix-milliseconds", 946_684_800_000..=2_208_988_800_000),
    ("serial-days", 32_874..=62_094),
];
/// The years that eight digits may begin with to be a date.
const YEARS: std::ops::Range<u16> = 1900..2100;

/// What a form says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    /// A time with an offset.
    Time,
    LocalTime,
    Date,
    /// A number that counts since some day.
    Count,
}

/// Forms that together read a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reading {
    pub(super) moment: Moment,
    /// The formats of a mapping; none if it needs none.
    pub(super) formats: Vec<String>,
    pub(super) misfits: Tally,
    /// Whether day and month may be the other way round.
    pub(super) is_ambiguous: bool,
}

struct Form {
    moment: Moment,
    format: String,
    shape: String,
    reader: CellReader,
    /// The same with the day before the month.
    swapped: Option<(String, CellReader)>,
}

/// All forms that are known, in the order in which they are tried.
static FORMS: LazyLock<Vec<Form>> = LazyLock::new(|| {
    let times = TIMES
        .iter()
        .map(|format| Form::new(Moment::LocalTime, format, Type::Datetime));
    let dates = DATES.iter().map(|format| Form::new(Moment::Date, format, Type::Date));
    let counts = COUNTS
        .iter()
        .map(|(format, _)| Form::new(Moment::Count, format, Type::Datetime));
    let with_offset = [Form::new(Moment::Time, "", Type::Datetime)];
    with_offset
        .into_iter()
        .chain(times)
        .chain(dates)
        .chain(counts)
        .flatten()
        .collect()
});

/// The cells of a column that a form reads.
#[derive(Clone, Default)]
struct Counts {
    tally: Tally,
    /// Cells that only the swapped form reads, and cells that both read.
    only_swapped: Tally,
    either: Tally,
}

impl Counts {
    const fn all(&self) -> u64 {
        self.tally.count + self.only_swapped.count + self.either.count
    }
}

/// Which of the two orders of day and month reads a cell.
enum Read {
    Plain,
    Swapped,
    Either,
}

/// Counts the cells of a column by their form.
#[derive(Default)]
pub(super) struct Moments {
    /// For each form; none before a cell has one.
    counts: Vec<Counts>,
    others: Tally,
    shape: String,
    scratch: String,
}

impl Moments {
    pub(super) fn add(&mut self, cell: &str, line: u64) {
        if !cell.starts_with(|c: char| c.is_ascii_digit()) || cell.len() > LONGEST {
            return self.others.add(line);
        }
        shape_of_cell(cell, &mut self.shape);
        // A number of another length is no time.
        if self.shape == "9" && !matches!(cell.len(), 5 | 8 | 10 | 12..=14) {
            return self.others.add(line);
        }
        for (place, form) in FORMS
            .iter()
            .enumerate()
            .filter(|(_, form)| form.may_be(cell, &self.shape))
        {
            let Some(read) = form.read(cell, &mut self.scratch) else {
                continue;
            };
            self.counts.resize_with(FORMS.len(), Counts::default);
            if let Some(counts) = self.counts.get_mut(place) {
                return match read {
                    Read::Plain => counts.tally.add(line),
                    Read::Swapped => counts.only_swapped.add(line),
                    Read::Either => counts.either.add(line),
                };
            }
        }
        self.others.add(line);
    }

    /// The form, or the two forms, that nearly all cells have.
    pub(super) fn reading(&self, filled: u64, moments: &[Moment]) -> Option<Reading> {
        let mut found: Vec<_> = FORMS
            .iter()
            .zip(&self.counts)
            .filter(|(form, counts)| moments.contains(&form.moment) && counts.all() > 0)
            .collect();
        found.sort_by_key(|(_, counts)| std::cmp::Reverse(counts.all()));
        let [first, rest @ ..] = found.as_slice() else {
            return None;
        };
        let alone = self.read_by(&[*first]);
        let partner = rest
            .iter()
            .find(|(form, _)| form.moment == first.0.moment && first.0.swapped.is_none() && form.swapped.is_none())
            // Less would be strays of the first form.
            .filter(|(_, counts)| counts.all().saturating_mul(100) >= filled);
        let together = partner.map(|second| self.read_by(&[*first, *second]));
        let fits = |reading: &Reading| reading.misfits.are_strays_of(filled);
        together.filter(fits).or_else(|| Some(alone).filter(fits))
    }

    fn read_by(&self, forms: &[(&Form, &Counts)]) -> Reading {
        let is_read = |counts: &Counts| forms.iter().any(|(_, other)| std::ptr::eq(counts, *other));
        let mut misfits = vec![&self.others];
        for counts in self.counts.iter().filter(|counts| !is_read(counts)) {
            misfits.extend([&counts.tally, &counts.only_swapped, &counts.either]);
        }
        let mut formats = Vec::new();
        let mut is_ambiguous = false;
        for (form, counts) in forms {
            match &form.swapped {
                Some((swapped, _)) if counts.only_swapped.count > counts.tally.count => {
                    formats.push(swapped.clone());
                    misfits.push(&counts.tally);
                    is_ambiguous |= counts.tally.count > 0;
                }
                Some(_) => {
                    formats.push(form.format.clone());
                    misfits.push(&counts.only_swapped);
                    is_ambiguous |= counts.tally.count == 0 || counts.only_swapped.count > 0;
                }
                None => formats.push(form.format.clone()),
            }
        }
        if formats.len() > 1 {
            // In a list each form needs its format.
            for format in formats.iter_mut().filter(|format| format.is_empty()) {
                TIMES[1].clone_into(format);
            }
            formats.dedup();
        }
        formats.retain(|format| !format.is_empty());
        Reading {
            moment: forms.first().map_or(Moment::Date, |(form, _)| form.moment),
            formats,
            misfits: Tally::sum(misfits.into_iter()),
            is_ambiguous,
        }
    }
}

impl Form {
    fn new(moment: Moment, format: &str, kind: Type) -> Option<Self> {
        let zone = (moment != Moment::Time).then_some(jiff::tz::TimeZone::UTC);
        let reader = |format: &str| {
            let formats = if format.is_empty() {
                Vec::new()
            } else {
                vec![format.to_owned()]
            };
            let column = Column {
                formats,
                ..Column::default()
            };
            CellReader::new(&column, kind, zone.as_ref()).ok()
        };
        let swapped = match swapped(format) {
            Some(swapped) => Some((swapped.clone(), reader(&swapped)?)),
            None => None,
        };
        Some(Self {
            moment,
            format: format.to_owned(),
            shape: shape_of_format(format),
            reader: reader(format)?,
            swapped,
        })
    }

    /// A quick look, since reading a cell in every form would take long.
    fn may_be(&self, cell: &str, shape: &str) -> bool {
        match self.moment {
            Moment::Count => {
                let range = COUNTS.iter().find(|(name, _)| *name == self.format);
                let whole = match shape {
                    "9" => cell,
                    "9.9" if self.format == "serial-days" => cell.split_once('.').map_or(cell, |(days, _)| days),
                    _ => return false,
                };
                range.is_some_and(|(_, range)| whole.parse().is_ok_and(|count| range.contains(&count)))
            }
            Moment::Time => {
                shape.starts_with("9-9-9") && (shape.contains(['+', 'Z', 'z', '[']) || shape.matches('-').count() > 2)
            }
            Moment::LocalTime if self.format.is_empty() => shape.starts_with("9-9-9") && shape.contains("9:9:9"),
            _ if shape == "9" && self.shape == "9" => {
                let digits = match self.format.as_str() {
                    "%Y%m%d" => 8,
                    "%Y%m%d%H%M" => 12,
                    _ => 14,
                };
                let year = cell.get(..4).and_then(|year| year.parse().ok());
                cell.len() == digits && year.is_some_and(|year| YEARS.contains(&year))
            }
            _ if self.format.starts_with("%y") => self.shape == shape && cell.get(2..3) == Some("/"),
            _ => self.shape == shape,
        }
    }

    fn read(&self, cell: &str, scratch: &mut String) -> Option<Read> {
        let mut reads = |reader: &CellReader| {
            scratch.clear();
            reader.write(cell, scratch).is_ok()
        };
        let swapped = self.swapped.as_ref().is_some_and(|(_, reader)| reads(reader));
        match (reads(&self.reader), swapped) {
            (true, true) => Some(Read::Either),
            (true, false) => Some(Read::Plain),
            (false, true) => Some(Read::Swapped),
            (false, false) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIME: &[Moment] = &[Moment::Time, Moment::LocalTime, Moment::Count];

    fn reading(cells: &[&str], moments: &[Moment]) -> Option<Reading> {
        let mut all = Moments::default();
        for (line, cell) in cells.iter().enumerate() {
            all.add(cell, line as u64 + 2);
        }
        all.reading(cells.len() as u64, moments)
    }

    #[test]
    fn the_forms_that_people_have_are_known() {
        for (cell, format) in [
            ("2025-11-20T15:15:00", ""),
            ("2025-11-20 15:15:00", ""),
            ("2025-11-20 15:15", "%Y-%m-%d %H:%M"),
            ("2025. 11. 20. 오후 3:15:00", "%Y. %m. %d. %p %I:%M:%S"),
            ("2025-11-20 오전 3:15", "%Y-%m-%d %p %I:%M"),
            ("2025.11.20 15:15", "%Y.%m.%d %H:%M"),
            ("20251120151500", "%Y%m%d%H%M%S"),
            ("11/20/2025 3:15 PM", "%m/%d/%Y %I:%M %p"),
            ("20/11/2025 15:15", "%d/%m/%Y %H:%M"),
            ("1763601300", "%s"),
            ("1763601300123", "unix-milliseconds"),
            ("45981.635", "serial-days"),
        ] {
            let found = reading(&[cell], TIME).unwrap_or_else(|| panic!("{cell}"));
            assert_eq!(found.formats.concat(), format, "{cell}");
            assert!(!found.is_ambiguous);
        }
        for (cell, format) in [
            ("25/11/20", "%y/%m/%d"),
            ("20251120", "%Y%m%d"),
            ("2025년 11월 20일", "%Y년 %m월 %d일"),
            ("2025. 11. 20.", "%Y. %m. %d."),
            ("2025-11-20", "%Y-%m-%d"),
        ] {
            let found = reading(&[cell], &[Moment::Date]).unwrap_or_else(|| panic!("{cell}"));
            assert_eq!(found.formats, [format], "{cell}");
        }
        for cell in ["20251320", "10010101", "12000", "x", "99/99/99"] {
            assert_eq!(reading(&[cell], &[Moment::Date]), None, "{cell}");
        }
    }

    #[test]
    fn two_forms_go_together_and_strays_are_counted() {
        let mut cells = vec!["1999-12-31"; 900];
        cells.extend(["20010101"; 100]);
        let found = reading(&cells, &[Moment::Date]).unwrap();
        assert_eq!(found.formats, ["%Y-%m-%d", "%Y%m%d"]);
        assert_eq!(found.misfits, Tally::default());
        cells.truncate(904);
        cells.push("-");
        let found = reading(&cells, &[Moment::Date]);
        assert_eq!(found, None, "4 are strays and one is no date: 5 of 905");
        cells.truncate(902);
        let found = reading(&cells, &[Moment::Date]).unwrap();
        assert_eq!(found.formats, ["%Y-%m-%d"]);
        assert_eq!(
            found.misfits.misfits(902),
            "2 of 902 cells do not fit, in lines 902, 903: these rows will be bad"
        );
    }

    #[test]
    fn a_day_that_may_be_a_month_is_not_decided() {
        assert!(reading(&["01/02/2024"], &[Moment::Date]).unwrap().is_ambiguous);
        let found = reading(&["01/02/2024", "31/01/2024"], &[Moment::Date]).unwrap();
        assert_eq!(
            (found.formats.concat().as_str(), found.is_ambiguous),
            ("%d/%m/%Y", false)
        );
        let both = ["31/01/2024", "01/31/2024"];
        assert_eq!(reading(&both, &[Moment::Date]), None);
    }
}
