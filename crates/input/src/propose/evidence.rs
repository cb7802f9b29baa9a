//! What all cells of a column have in common.

use std::{collections::HashSet, hash::BuildHasher as _};

use foldhash::fast::FixedState;
use uuid::{Uuid, fmt::Hyphenated};

use super::{
    choices::Choices,
    moments::{Moment, Moments},
    numbers::Numbers,
    tally::Tally,
};
use crate::mapping::number;
use dfinery_records::thousands;

/// The most different values to count.
const MOST_DISTINCT: usize = 10_000;
/// A number with this many digits is an id, and a program that takes it for a number may change its last digits.
const DIGITS_OF_IDS: usize = 16;
/// Words in a column of identifiers for somebody who has none.
const NOBODY: [&str; 8] = ["비회원", "비회원구매", "없음", "guest", "null", "none", "N/A", "-"];
const DATES: &[Moment] = &[Moment::Date];
const TIMES: &[Moment] = &[Moment::Time, Moment::LocalTime];

/// Looks at the cells of one column.
pub(super) struct Evidence {
    pub(super) filled: u64,
    pub(super) empty: u64,
    pub(super) moments: Moments,
    pub(super) numbers: Numbers,
    pub(super) choices: Choices,
    /// Words for nobody, as they are written.
    pub(super) nobody: Vec<(String, Tally)>,
    distinct: HashSet<u64>,
    leading_zero: bool,
    most_digits: usize,
    not_emails: Tally,
    not_phones: Tally,
    mobiles: u64,
    uuids: u64,
    /// Whether a spreadsheet has written long numbers in a short form.
    pub(super) is_rounded: bool,
}

impl Evidence {
    pub(super) fn new() -> Self {
        Self {
            filled: 0,
            empty: 0,
            moments: Moments::new(),
            numbers: Numbers::default(),
            choices: Choices::default(),
            nobody: Vec::new(),
            distinct: HashSet::new(),
            leading_zero: false,
            most_digits: 0,
            not_emails: Tally::default(),
            not_phones: Tally::default(),
            mobiles: 0,
            uuids: 0,
            is_rounded: false,
        }
    }

    pub(super) fn add(&mut self, cell: &str, line: u64) {
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
        if !is_email(text) {
            self.not_emails.add(line);
        }
        match (7..=16).contains(&digits).then(|| number::phone(text, "82")) {
            Some(Ok(number)) => self.mobiles += u64::from(is_mobile(&number)),
            _ => self.not_phones.add(line),
        }
        self.uuids += u64::from(is_uuid(text));
        self.is_rounded |= is_rounded(text);
        if digits == 0 && text.len() <= 15 && NOBODY.iter().any(|word| word.eq_ignore_ascii_case(text)) {
            self.add_nobody(text, line);
        }
        self.choices.add(text, line);
        self.numbers.add(text, line);
        self.moments.add(text, line);
    }

    fn add_nobody(&mut self, text: &str, line: u64) {
        if !self.nobody.iter().any(|(word, _)| word == text) {
            if self.nobody.len() >= NOBODY.len() {
                return;
            }
            self.nobody.push((text.to_owned(), Tally::default()));
        }
        for (_, tally) in self.nobody.iter_mut().filter(|(word, _)| word == text) {
            tally.add(line);
        }
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
        self.distinct.len() > MOST_DISTINCT || self.distinct.len() as u64 == self.filled
    }

    /// A description of the cells that shows none of them.
    pub(super) fn describe(&self) -> String {
        if self.filled == 0 {
            return "all cells are empty".to_owned();
        }
        let distinct = match self.distinct.len() {
            1 => "1 value".to_owned(),
            many if many > MOST_DISTINCT => format!("more than {} different values", thousands(MOST_DISTINCT as u64)),
            many => format!("{} different values", thousands(many as u64)),
        };
        format!("{}; {distinct}, {}", self.kind(), self.emptiness())
    }

    /// How many cells are empty; a percentage only where it is not rounded to none or all.
    fn emptiness(&self) -> String {
        let all = self.filled + self.empty;
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
        } else if self.choices.yes_or_no(self.filled).is_some() {
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
        let mut evidence = Evidence::new();
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
        assert!(of(&["2.02611E+15", "7"]).is_rounded);
        for cell in ["1e5", "2.5", "E+", "TYPE+1", "A.1E+2", "1234567890123456"] {
            assert!(!of(&[cell]).is_rounded, "{cell}");
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
        cells.push("-");
        let evidence = of(&cells);
        assert!(evidence.is_phone());
        assert_eq!(evidence.phones().map(Tally::place).as_deref(), Some("in line 302"));
        assert_eq!(evidence.nobody[0].1.count, 1);
        let mut cells = vec!["a@example.com"; 300];
        cells.extend(["-"; 2]);
        assert_eq!(of(&cells).emails(), None);
    }
}
