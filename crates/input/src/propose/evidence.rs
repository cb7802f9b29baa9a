//! What all cells of a column have in common.

use std::{collections::HashSet, hash::BuildHasher as _};

use foldhash::fast::FixedState;
use uuid::{Uuid, fmt::Hyphenated};

use super::{
    choices::{Choices, Chosen, YesNo},
    moments::{Moment, Moments},
    noted::Noted,
    numbers::Numbers,
    tally::Tally,
};
use crate::{
    mapping::number,
    table::{Cells, Kind},
};
use dfinery::tables::PropertyType;
use dfinery_records::{is_missing, is_nobody, thousands};

/// The most different values to count in a column, and in all columns together.
pub(super) const MOST_DISTINCT: usize = 10_000;
const MOST_DISTINCT_OF_ALL: usize = 400_000;
/// A number with this many digits is an id, and a program that takes it for a number may change its last digits.
const DIGITS_OF_IDS: usize = 16;
const DATES: &[Moment] = &[Moment::Date];
const TIMES: &[Moment] = &[Moment::Time, Moment::LocalTime];

/// Looks at the cells of one column.
pub(super) struct Evidence {
    /// Cells that say something.
    pub(super) filled: u64,
    /// Cells that are lists in JSON, and how many of them are lists of numbers.
    lists: u64,
    lists_of_numbers: u64,
    empty: u64,
    /// Cells that say that something is missing.
    pub(super) missing: Noted,
    pub(super) moments: Moments,
    pub(super) numbers: Numbers,
    pub(super) choices: Choices,
    identifies_users: bool,
    /// Words for a user without an identifier, beside what is missing.
    pub(super) nobody: Noted,
    distinct: HashSet<u64>,
    most_distinct: usize,
    leading_zero: bool,
    most_digits: usize,
    not_emails: Tally,
    not_phones: Tally,
    mobiles: u64,
    uuids: u64,
    /// Why cells may have lost digits, which a text must not.
    pub(super) lost_digits: Option<&'static str>,
}

const ROUNDED: &str = "a spreadsheet has shortened numbers in it, such as 2.02611E+15, whose last digits are lost: make the column text there and save \
     it again";
const SHEET_NUMBERS: &str = "it has numbers, from which a spreadsheet drops zeros in front and digits behind the 15th: make the column text \
     there, enter them again with all their digits, and save it";

impl Evidence {
    /// For a column of a table with this many, which may identify users.
    pub(super) fn new(columns: usize, identifies_users: bool) -> Self {
        Self {
            filled: 0,
            lists: 0,
            lists_of_numbers: 0,
            empty: 0,
            missing: Noted::default(),
            moments: Moments::default(),
            numbers: Numbers::default(),
            choices: Choices::default(),
            identifies_users,
            nobody: Noted::default(),
            distinct: HashSet::new(),
            most_distinct: most_distinct(columns),
            leading_zero: false,
            most_digits: 0,
            not_emails: Tally::default(),
            not_phones: Tally::default(),
            mobiles: 0,
            uuids: 0,
            lost_digits: None,
        }
    }

    /// Looks at one of the cells of a row.
    pub(super) fn add_cell(&mut self, cells: &Cells, index: usize, line: u64) {
        if cells.kind(index) == Kind::SheetNumber {
            self.lost_digits.get_or_insert(SHEET_NUMBERS);
        }
        match cells.get(index) {
            Some(list) if cells.kind(index) == Kind::List => {
                self.filled += 1;
                self.lists += 1;
                self.lists_of_numbers += u64::from(serde_json::from_str::<Vec<f64>>(list).is_ok());
            }
            Some(cell) => self.add(cell, line),
            None => {}
        }
    }

    /// The type of lists, if all cells are lists.
    pub(super) fn list_type(&self) -> Option<PropertyType> {
        let kind = if self.lists_of_numbers == self.lists {
            PropertyType::DoubleArray
        } else {
            PropertyType::StringArray
        };
        (self.lists > 0 && self.lists == self.filled).then_some(kind)
    }

    fn add(&mut self, cell: &str, line: u64) {
        let text = cell.trim();
        if text.is_empty() {
            self.empty += 1;
            return;
        }
        // A consent that is missing may be meant as a refusal, so that the choices see it as well.
        self.choices.add(text, line);
        if self.missing.add(text, line, is_missing) {
            return;
        }
        if self.identifies_users {
            self.nobody.add(text, line, is_nobody);
        }
        self.filled += 1;
        if self.distinct.len() <= self.most_distinct {
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
        if !is_email(text) {
            self.not_emails.add(line);
        }
        match (7..=16).contains(&digits).then(|| number::phone(text, "82")) {
            Some(Ok(number)) => self.mobiles += u64::from(is_mobile(&number)),
            _ => self.not_phones.add(line),
        }
        self.uuids += u64::from(is_uuid(text));
        if is_rounded(text) {
            self.lost_digits = Some(ROUNDED);
        }
        self.numbers.add(text, line);
        self.moments.add(text, line);
    }

    /// Whether the cells look like numbers but must stay texts.
    pub(super) fn is_id(&self) -> bool {
        self.leading_zero || self.most_digits >= DIGITS_OF_IDS
    }

    /// The cells that are no e-mail addresses, if nearly all are.
    pub(super) fn emails(&self) -> Option<&Tally> {
        Some(&self.not_emails).filter(|others| others.are_strays_of(self.filled))
    }

    /// The cells that are no phone numbers, if nearly all are.
    pub(super) fn phones(&self) -> Option<&Tally> {
        Some(&self.not_phones).filter(|others| others.are_strays_of(self.filled))
    }

    /// Whether the cells themselves, without the name of the column, are those of mobile phones.
    pub(super) fn is_phone(&self) -> bool {
        self.phones().is_some() && self.mobiles.saturating_mul(100) >= self.filled.saturating_mul(99)
    }

    /// How many cells are not empty, with those that say that something is missing.
    pub(super) fn not_blank(&self) -> u64 {
        self.filled + self.missing.tally().count
    }

    /// The texts for yes and no, if nearly all cells are.
    pub(super) fn yes_or_no(&self) -> Option<Chosen<YesNo>> {
        self.choices.yes_or_no(self.not_blank())
    }

    pub(super) const fn is_uuid(&self) -> bool {
        self.filled > 0 && self.uuids == self.filled
    }

    /// Whether nearly all cells are dates or times by themselves.
    pub(super) fn has_dates(&self) -> bool {
        self.moments.reading(self.filled, DATES).is_some()
    }

    pub(super) fn has_times(&self) -> bool {
        self.moments.reading(self.filled, TIMES).is_some()
    }

    /// Whether all filled cells differ, as far as different values are counted.
    pub(super) fn is_unique(&self) -> bool {
        self.distinct.len() > self.most_distinct || self.distinct.len() as u64 == self.filled
    }

    /// Whether all filled cells are the same.
    pub(super) fn is_constant(&self) -> bool {
        self.distinct.len() <= 1
    }

    /// A description of the cells that shows none of them, except words for what is missing.
    pub(super) fn describe(&self) -> String {
        let missing = self.missing.tally().count;
        if self.filled == 0 && missing == 0 {
            return "all cells are empty".to_owned();
        } else if self.filled == 0 {
            return format!("all cells are empty or {}", self.missing.listed());
        }
        if self.list_type().is_some() {
            return format!("lists, {}", self.emptiness());
        }
        let distinct = match self.distinct.len() {
            1 => "1 value".to_owned(),
            many if many > self.most_distinct => {
                format!("more than {} different values", thousands(self.most_distinct as u64))
            }
            many => format!("{} different values", thousands(many as u64)),
        };
        let described = format!("{}; {distinct}, {}", self.kind(), self.emptiness());
        match missing {
            0 => described,
            1 => format!("{described}, 1 is {}", self.missing.listed()),
            many => format!("{described}, {} are {}", thousands(many), self.missing.listed()),
        }
    }

    /// How many cells are empty; a percentage only where it is not rounded to none or all.
    fn emptiness(&self) -> String {
        let all = self.not_blank() + self.empty;
        let share = self.empty.saturating_mul(100) / all.max(1);
        match self.empty {
            0 => "none empty".to_owned(),
            _ if share == 0 || share == 99 => format!("{} of {} empty", thousands(self.empty), thousands(all)),
            _ => format!("{share}% empty"),
        }
    }

    fn kind(&self) -> String {
        if self.emails().is_some() {
            "e-mail addresses".to_owned()
        } else if self.is_phone() {
            "phone numbers".to_owned()
        } else if self.is_uuid() {
            "UUIDs".to_owned()
        } else if self.has_dates() {
            "dates".to_owned()
        } else if self.has_times() {
            "times".to_owned()
        } else if self.leading_zero {
            "numbers with leading zeros, which only a text keeps".to_owned()
        } else if self.most_digits >= DIGITS_OF_IDS && self.numbers.best(self.filled, true).is_some() {
            format!("numbers of up to {} digits, which only a text keeps", self.most_digits)
        } else if self.yes_or_no().is_some() {
            "yes or no".to_owned()
        } else {
            let found = self
                .numbers
                .best(self.filled, false)
                .or_else(|| self.numbers.best(self.filled, true));
            match found {
                Some(found) if found.is_long && !found.has_thousands => "whole numbers",
                Some(found) if !found.has_thousands => "numbers",
                Some(_) => "numbers with separators of thousands",
                None => "texts",
            }
            .to_owned()
        }
    }
}

/// How many different values to count in each of this many columns.
pub(super) fn most_distinct(columns: usize) -> usize {
    MOST_DISTINCT.min(MOST_DISTINCT_OF_ALL / columns.max(1))
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

/// Whether a number with its country code is that of a Korean mobile phone.
fn is_mobile(number: &str) -> bool {
    number.starts_with("821") && (11..=12).contains(&number.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(cells: &[&str]) -> Evidence {
        let mut evidence = Evidence::new(1, true);
        for (line, cell) in cells.iter().enumerate() {
            evidence.add(cell, line as u64 + 2);
        }
        evidence
    }

    #[test]
    fn the_whole_column_decides() {
        for (cells, words) in [
            (&["1", "2", "30"][..], "whole numbers; 3 different values, none empty"),
            (&["1", "2", ""], "whole numbers; 2 different values, 33% empty"),
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
        assert_eq!(of(&["2.02611E+15", "7"]).lost_digits, Some(ROUNDED));
        for cell in ["1e5", "2.5", "E+", "TYPE+1", "A.1E+2", "1234567890123456"] {
            assert_eq!(of(&[cell]).lost_digits, None, "{cell}");
        }
    }

    #[test]
    fn a_share_is_not_rounded_to_none() {
        let mut cells = vec!["x"; 1000];
        cells.push("");
        assert_eq!(of(&cells).describe(), "texts; 1 value, 1 of 1,001 empty");
        let mut cells = vec![""; 1000];
        cells.push("x");
        assert_eq!(of(&cells).describe(), "texts; 1 value, 1,000 of 1,001 empty");
    }

    #[test]
    fn a_majority_decides() {
        let mut cells = vec!["010-1234-5678"; 300];
        cells.push("010");
        let evidence = of(&cells);
        assert!(evidence.is_phone());
        assert_eq!(evidence.phones().map(Tally::place).as_deref(), Some("in line 302"));
        let mut cells = vec!["a@example.com"; 300];
        cells.extend(["a"; 2]);
        assert_eq!(of(&cells).emails(), None);
    }

    #[test]
    fn what_is_missing_decides_nothing() {
        let cells = ["12", "-", "7", "", "N/A", "-"];
        let evidence = of(&cells);
        assert_eq!(
            evidence.describe(),
            "whole numbers; 2 different values, 16% empty, 3 are - or N/A"
        );
        assert_eq!(evidence.missing.tally().place(), "in lines 3, 6, 7");
        assert!(of(&["-", "2024-06-24"]).has_dates());
        assert!(of(&["없음", "a@example.com"]).emails().is_some());
        assert_eq!(of(&["Y", "-"]).yes_or_no(), None, "it may mean no");
        assert_eq!(of(&["-", ""]).describe(), "all cells are empty or -");
        let nobody = of(&["M-1", "비회원", "0000", "guest"]).nobody;
        assert_eq!(nobody.listed(), "비회원 or guest");
    }

    #[test]
    fn many_columns_share_what_is_counted() {
        assert_eq!(most_distinct(12), MOST_DISTINCT);
        assert_eq!(most_distinct(400), 1_000);
        let mut evidence = Evidence::new(40_000, false);
        for line in 0..20_u64 {
            evidence.add(&format!("x{line}"), line);
        }
        assert_eq!(evidence.describe(), "texts; more than 10 different values, none empty");
    }
}
