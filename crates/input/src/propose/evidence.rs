//! What all cells of a column have in common.

use std::collections::HashSet;

use foldhash::fast::FixedState;
use std::hash::BuildHasher as _;
use uuid::{Uuid, fmt::Hyphenated};

use crate::mapping::{CellReader, Column, Type, number};

/// The most different values to count.
const MOST_DISTINCT: usize = 10_000;
/// A number with this many digits is an id, and a program that takes it for a number may change its last digits.
const DIGITS_OF_IDS: usize = 16;

/// Forms of times and dates that tables have.
const TIMES: [&str; 10] = [
    "",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%Y.%m.%d %H:%M:%S",
    "%Y.%m.%d %H:%M",
    "%Y%m%d%H%M%S",
    "%Y-%m-%d %p %I:%M:%S",
    "%Y-%m-%d %p %I:%M",
];
const DATES: [&str; 6] = ["%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%m/%d/%Y", "%d/%m/%Y"];
/// Pairs of texts for yes and no, beyond those that a mapping knows anyway.
const YES_AND_NO: [(&str, &str); 6] = [
    ("예", "아니오"),
    ("동의", "거부"),
    ("동의", "미동의"),
    ("수신", "거부"),
    ("수신", "미수신"),
    ("O", "X"),
];

/// One way to read the cells of a column, and whether it could read all cells so far.
struct Candidate {
    form: Form,
    reader: CellReader,
}

/// A way to read all cells of a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Phone,
    Long,
    Double,
    LongWithThousands,
    DoubleWithThousands,
    Boolean,
    YesNo(&'static str, &'static str),
    /// RFC 3339 without a format.
    Time(&'static str),
    /// A time without an offset.
    LocalTime(&'static str),
    Date(&'static str),
}

/// Looks at the cells of one column.
pub(super) struct Evidence {
    pub(super) filled: u64,
    pub(super) empty: u64,
    candidates: Vec<Candidate>,
    distinct: HashSet<u64>,
    leading_zero: bool,
    most_digits: usize,
    emails: u64,
    phones: u64,
    uuids: u64,
    /// Whether a spreadsheet has written long numbers in a short form.
    pub(super) is_rounded: bool,
}

impl Evidence {
    pub(super) fn new() -> Self {
        Self {
            filled: 0,
            empty: 0,
            candidates: candidates(),
            distinct: HashSet::new(),
            leading_zero: false,
            most_digits: 0,
            emails: 0,
            phones: 0,
            uuids: 0,
            is_rounded: false,
        }
    }

    pub(super) fn add(&mut self, cell: &str) {
        let text = cell.trim();
        if text.is_empty() {
            self.empty += 1;
            return;
        }
        self.filled += 1;
        if self.distinct.len() <= MOST_DISTINCT {
            self.distinct.insert(FixedState::default().hash_one(cell));
        }
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        let is_number = text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'.' | b','));
        if is_number {
            self.most_digits = self.most_digits.max(digits);
            let unsigned = text.trim_start_matches('-').as_bytes();
            self.leading_zero |= matches!(unsigned, [b'0', b'0'..=b'9', ..]);
        }
        self.emails += u64::from(is_email(text));
        self.phones += u64::from(is_mobile(text));
        self.uuids += u64::from(is_uuid(text));
        self.is_rounded |= is_rounded(text);
        let mut scratch = String::new();
        self.candidates.retain(|candidate| {
            scratch.clear();
            candidate.reader.write(text, &mut scratch).is_ok()
        });
    }

    /// Whether every filled cell can be read in this form.
    pub(super) fn fits(&self, is_form: impl Fn(&Form) -> bool) -> Option<&Form> {
        if self.filled == 0 {
            return None;
        }
        self.candidates
            .iter()
            .map(|candidate| &candidate.form)
            .find(|form| is_form(form))
    }

    /// The only form of this kind; `None` also if there are several, such as day and month in either order.
    pub(super) fn only(&self, is_form: impl Fn(&Form) -> bool) -> Option<&Form> {
        let mut fitting = self
            .candidates
            .iter()
            .map(|candidate| &candidate.form)
            .filter(|form| is_form(form));
        let first = fitting.next().filter(|_| self.filled > 0)?;
        fitting.next().is_none().then_some(first)
    }

    /// Whether the cells look like numbers but must stay texts.
    pub(super) fn is_id(&self) -> bool {
        self.leading_zero || self.most_digits >= DIGITS_OF_IDS
    }

    pub(super) fn is_email(&self) -> bool {
        self.filled > 0 && self.emails == self.filled
    }

    pub(super) fn is_phone(&self) -> bool {
        self.filled > 0 && self.phones == self.filled && self.fits(|form| *form == Form::Phone).is_some()
    }

    pub(super) fn is_uuid(&self) -> bool {
        self.filled > 0 && self.uuids == self.filled
    }

    /// Whether all filled cells differ, as far as different values are counted.
    pub(super) fn is_unique(&self) -> bool {
        self.distinct.len() > MOST_DISTINCT || self.distinct.len() as u64 == self.filled
    }

    /// A description of the cells that shows none of them.
    pub(super) fn describe(&self) -> String {
        if self.filled == 0 {
            return "all cells are empty".to_owned();
        }
        let all = self.filled + self.empty;
        let distinct = match self.distinct.len() {
            1 => "1 value".to_owned(),
            many if many > MOST_DISTINCT => format!("more than {MOST_DISTINCT} different values"),
            many => format!("{many} different values"),
        };
        // Any empty cell counts, so that no share is rounded down to none.
        let share = (self.empty * 100).div_ceil(all);
        format!("{}; {distinct}, {share}% empty", self.kind())
    }

    fn kind(&self) -> String {
        let is = |form: &Form| self.fits(|other| other == form).is_some();
        if self.is_email() {
            "e-mail addresses".to_owned()
        } else if self.is_phone() {
            "phone numbers".to_owned()
        } else if self.is_uuid() {
            "UUIDs".to_owned()
        } else if self.fits(is_date).is_some() {
            "dates".to_owned()
        } else if self.fits(is_time).is_some() {
            "times".to_owned()
        } else if self.leading_zero {
            "numbers with leading zeros, which only a text keeps".to_owned()
        } else if self.most_digits >= DIGITS_OF_IDS && is(&Form::Double) {
            format!("numbers of up to {} digits, which only a text keeps", self.most_digits)
        } else if self.fits(is_boolean).is_some() {
            "yes or no".to_owned()
        } else if is(&Form::Long) {
            "whole numbers".to_owned()
        } else if is(&Form::Double) {
            "numbers".to_owned()
        } else if is(&Form::DoubleWithThousands) {
            "numbers with separators of thousands".to_owned()
        } else {
            "texts".to_owned()
        }
    }
}

pub(super) fn is_time(form: &Form) -> bool {
    matches!(form, Form::Time(_) | Form::LocalTime(_))
}

pub(super) fn is_date(form: &Form) -> bool {
    matches!(form, Form::Date(_))
}

pub(super) fn is_boolean(form: &Form) -> bool {
    matches!(form, Form::Boolean | Form::YesNo(..))
}

fn candidates() -> Vec<Candidate> {
    let utc = jiff::tz::TimeZone::UTC;
    let thousands = || Column {
        thousands: Some(','),
        ..Column::default()
    };
    let format = |format: &str| Column {
        formats: if format.is_empty() {
            Vec::new()
        } else {
            vec![format.to_owned()]
        },
        ..Column::default()
    };
    let yes_no = |yes: &str, no: &str| Column {
        yes: Some(vec![yes.to_owned()]),
        no: Some(vec![no.to_owned()]),
        ..Column::default()
    };
    let plain = Column::default;
    let mut all = vec![
        (Form::Phone, plain(), Type::Phone, None),
        (Form::Boolean, plain(), Type::Boolean, None),
        (Form::Long, plain(), Type::Long, None),
        (Form::Double, plain(), Type::Double, None),
        (Form::LongWithThousands, thousands(), Type::Long, None),
        (Form::DoubleWithThousands, thousands(), Type::Double, None),
        (Form::Time(""), plain(), Type::Datetime, None),
    ];
    all.extend(YES_AND_NO.map(|(yes, no)| (Form::YesNo(yes, no), yes_no(yes, no), Type::Boolean, None)));
    all.extend(TIMES.map(|form| (Form::LocalTime(form), format(form), Type::Datetime, Some(&utc))));
    all.extend(DATES.map(|form| (Form::Date(form), format(form), Type::Date, None)));
    all.into_iter()
        .filter_map(|(form, column, kind, zone)| {
            let reader = CellReader::new(&column, kind, zone).ok()?;
            Some(Candidate { form, reader })
        })
        .collect()
}

fn is_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(name, domain)| {
        !name.is_empty() && !domain.contains('@') && domain.contains('.') && !text.contains(char::is_whitespace)
    })
}

fn is_uuid(text: &str) -> bool {
    text.len() == Hyphenated::LENGTH && Uuid::try_parse(text).is_ok()
}

/// A number as a spreadsheet shows it when it is too long for a cell: `2.02611E+15`.
fn is_rounded(text: &str) -> bool {
    text.split_once("E+").is_some_and(|(digits, power)| {
        let is_digit = |byte: u8| byte.is_ascii_digit();
        digits.contains('.') && digits.bytes().all(|byte| is_digit(byte) || byte == b'.') && power.bytes().all(is_digit)
    })
}

/// A Korean mobile number, with or without the country code.
fn is_mobile(text: &str) -> bool {
    number::phone(text, "82").is_ok_and(|number| number.starts_with("821") && (11..=12).contains(&number.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(cells: &[&str]) -> Evidence {
        let mut evidence = Evidence::new();
        for cell in cells {
            evidence.add(cell);
        }
        evidence
    }

    #[test]
    fn the_whole_column_decides() {
        for (cells, words) in [
            (&["1", "2", "30"][..], "whole numbers; 3 different values, 0% empty"),
            (&["1", "2", ""], "whole numbers; 2 different values, 34% empty"),
            (&["1", "2.5"], "numbers; 2"),
            (&["1,000", "2"], "numbers with separators of thousands"),
            (&["1", "007"], "numbers with leading zeros, which only a text keeps"),
            (
                &["1234567890123456", "1"],
                "numbers of up to 16 digits, which only a text keeps",
            ),
            (&["1", "x"], "texts"),
            (&["010-1234-5678", "01098765432"], "phone numbers"),
            (&["a@example.com", "b@example.com"], "e-mail addresses"),
            (&["01234567-8901-4345-8789-012345678901"], "UUIDs; 1 value"),
            (&["Y", "n"], "yes or no"),
            (&["동의", "거부"], "yes or no"),
            (&["2024-06-24", "1999-12-31"], "dates"),
            (&["2024-06-24 15:42:25"], "times; 1 value"),
            (&["", " "], "all cells are empty"),
        ] {
            let description = of(cells).describe();
            assert!(description.starts_with(words), "{cells:?}: {description}");
        }
    }

    #[test]
    fn numbers_that_a_spreadsheet_has_shortened_are_noticed() {
        assert!(of(&["2.02611E+15", "7"]).is_rounded);
        for cell in ["1e5", "2.5", "E+", "TYPE+1", "A.1E+2", "1234567890123456"] {
            assert!(!of(&[cell]).is_rounded, "{cell}");
        }
    }

    #[test]
    fn a_day_that_may_be_a_month_is_not_decided() {
        assert_eq!(of(&["01/02/2024"]).only(is_date), None);
        assert_eq!(
            of(&["01/02/2024", "31/01/2024"]).only(is_date),
            Some(&Form::Date("%d/%m/%Y"))
        );
    }
}
